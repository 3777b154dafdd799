//! Whether actions can be told from each other by what they change.
//!
//! Source: linear discriminant analysis (Fisher 1936, as in Hastie, Tibshirani and Friedman, section 4.3): one Gaussian for each action, all
//! of one covariance, learned on four fifths of the contexts and asked on the rest, each fifth in turn.

use smartcore::linalg::basic::arrays::Array;
use smartcore::linalg::basic::matrix::DenseMatrix;
use smartcore::linalg::traits::cholesky::CholeskyDecomposable;
use turnaround_core::descriptors::{Descriptor, Effect};

/// Parts that the contexts fall into; there are at least as many contexts.
pub const FOLDS: usize = 5;

/// Added to the diagonal of the covariance: a descriptor that never changes would make it singular.
const RIDGE: f64 = 1e-3;

const WIDTH: usize = Descriptor::ALL.len();

type Point = [f64; WIDTH];

/// The share of contexts in which each action is told rightly. `changes` is `[action][context]`, as many contexts for every action.
pub fn of(changes: &[Vec<&Effect>]) -> Vec<f32> {
    let points: Vec<Vec<Point>> = changes.iter().map(|row| row.iter().map(|effect| point(effect)).collect()).collect();
    let mut right = vec![0; points.len()];
    for fold in 0..FOLDS {
        let discriminant = Discriminant::learned(&points, |context| context % FOLDS != fold);
        for (action, row) in points.iter().enumerate() {
            let asked = row.iter().skip(fold).step_by(FOLDS);
            right[action] += asked.filter(|point| discriminant.told(point) == action).count();
        }
    }
    right.iter().zip(&points).map(|(right, row)| *right as f32 / row.len().max(1) as f32).collect()
}

fn point(effect: &Effect) -> Point {
    Descriptor::ALL.map(|descriptor| effect.get(&descriptor).copied().map_or(0.0, f64::from))
}

struct Discriminant {
    /// Of each action: the weights of its linear function, and its constant.
    functions: Vec<(Point, f64)>,
}

impl Discriminant {
    fn learned(points: &[Vec<Point>], is_learned: impl Fn(usize) -> bool) -> Self {
        let learned = |row: &[Point]| -> Vec<Point> {
            row.iter().enumerate().filter(|(context, _)| is_learned(*context)).map(|(_, point)| *point).collect()
        };
        let (mut means, mut covariance, mut count) = (Vec::new(), vec![vec![0.0; WIDTH]; WIDTH], 0.0);
        for row in points {
            let row = learned(row);
            let mean = mean(&row);
            for point in &row {
                let apart: Point = std::array::from_fn(|axis| point[axis] - mean[axis]);
                covariance
                    .iter_mut()
                    .zip(apart)
                    .for_each(|(sums, a)| sums.iter_mut().zip(apart).for_each(|(sum, b)| *sum += a * b));
                count += 1.0;
            }
            means.push(mean);
        }
        covariance.iter_mut().flatten().for_each(|sum| *sum /= f64::max(count - means.len() as f64, 1.0));
        (0..WIDTH).for_each(|axis| covariance[axis][axis] += RIDGE);

        let columns: Vec<Vec<f64>> = (0..WIDTH).map(|axis| means.iter().map(|mean| mean[axis]).collect()).collect();
        let matrix = |rows: &Vec<Vec<f64>>| DenseMatrix::from_2d_vec(rows).expect("rows of one length");
        let solved =
            matrix(&covariance).cholesky_solve_mut(matrix(&columns)).expect("a covariance with a ridge is positive definite");
        let function = |(action, mean): (usize, &Point)| {
            let weights: Point = std::array::from_fn(|axis| *solved.get((axis, action)));
            (weights, -0.5 * dot(&weights, mean))
        };
        Self { functions: means.iter().enumerate().map(function).collect() }
    }

    /// The action that a change is most likely of.
    fn told(&self, point: &Point) -> usize {
        let scores = self.functions.iter().map(|(weights, constant)| dot(weights, point) + constant);
        scores.enumerate().max_by(|a, b| a.1.total_cmp(&b.1)).expect("a set has actions").0
    }
}

fn mean(points: &[Point]) -> Point {
    std::array::from_fn(|axis| points.iter().map(|point| point[axis]).sum::<f64>() / points.len().max(1) as f64)
}

fn dot(a: &Point, b: &Point) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use turnaround_core::noise::GaussianNoise;

    /// Twenty contexts of an action that makes louder by so much, with noise in everything.
    fn louder(by: f32, seed: u64) -> Vec<Effect> {
        let mut noise = vec![0.0; 20 * WIDTH];
        GaussianNoise::new(seed).fill(&mut noise);
        let effect = |row: &[f32]| Descriptor::ALL.into_iter().zip(row.iter().copied()).collect::<Effect>();
        let mut effects: Vec<Effect> = noise.chunks_exact(WIDTH).map(effect).collect();
        effects.iter_mut().for_each(|effect| *effect.get_mut(&Descriptor::Loudness).expect("every descriptor") += by);
        effects
    }

    fn separability(actions: &[Vec<Effect>]) -> Vec<f32> {
        of(&actions.iter().map(|row| row.iter().collect()).collect::<Vec<_>>())
    }

    #[test]
    fn actions_that_lie_far_apart_are_always_told() {
        assert_eq!(separability(&[louder(-12.0, 1), louder(0.0, 2), louder(12.0, 3)]), [1.0; 3]);
    }

    #[test]
    fn actions_that_do_the_same_are_told_by_chance_alone() {
        let actions: Vec<Vec<Effect>> = (0..8).map(|seed| louder(1.0, seed)).collect();
        let told = separability(&actions);
        let mean = told.iter().sum::<f32>() / 8.0;
        assert!((0.02..0.3).contains(&mean), "one in eight by chance: {told:?}");
    }
}
