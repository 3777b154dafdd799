//! What a residual map comes to: how much of a richer description it finds on held-out bars, beside what needs no network, and how far apart it
//! leaves actions that stand alone.

use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};
use smartcore::linalg::basic::arrays::Array;
use smartcore::linalg::basic::matrix::DenseMatrix;
use smartcore::linalg::traits::cholesky::CholeskyDecomposable;

use super::action_map::Pairs;
use super::latents::numbers;
use crate::chance::Interval;
use crate::networks::action_map::{ActionMap, through};
use crate::networks::actions::ActionTable;

/// Seed of the intervals.
const SEED: u64 = 1;

/// What is added to the diagonal of the linear fit's normal equations, as a share of its mean: vectors made from a small table fill a part of
/// their space only.
const RIDGE: f64 = 1e-6;

/// Shares of the variance of richer vectors that are found on held-out bars: 1 is all, 0 as much as their mean tells, below 0 less than that.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MapReport {
    /// Held-out bars.
    pub bars: usize,
    /// By the vector itself, as a fresh map gives it back.
    pub identity: Interval,
    /// By the linear function nearest to the training bars.
    pub linear: Interval,
    /// By the map.
    pub map: Interval,
}

/// What a map finds on `held_out` units, beside a linear function fitted to those that were `learned`. Neither list is empty.
pub fn explained(map: &ActionMap, pairs: Pairs, learned: &[usize], held_out: &[usize], device: &Device) -> MapReport {
    let linear = Linear::nearest(pairs, learned);
    let mapped = pairs.from.mapped(map, device);
    let mean = mean(held_out.iter().map(|&unit| pairs.to.of(unit)));
    let share = |found: &dyn Fn(usize) -> Vec<f64>| {
        let errors: Vec<[f64; 2]> = held_out
            .iter()
            .map(|&unit| [distance(&found(unit), &wide(pairs.to.of(unit))), distance(&mean, &wide(pairs.to.of(unit)))])
            .collect();
        Interval::of_figure(&errors, SEED, |errors| {
            let [left, all] = errors.fold([0.0; 2], |[left, all], error| [left + error[0], all + error[1]]);
            1.0 - left / all
        })
    };
    MapReport {
        bars: held_out.len(),
        identity: share(&|unit| wide(pairs.from.of(unit))),
        linear: share(&|unit| linear.of(pairs.from.of(unit))),
        map: share(&|unit| wide(mapped.of(unit))),
    }
}

/// The vectors of single actions, each at its full weight, as the dynamics is told them: `[action][width]`.
pub fn singles(table: &ActionTable, map: Option<&ActionMap>, actions: usize, device: &Device) -> Vec<Vec<f32>> {
    let alone: Vec<f32> = (0..actions * actions).map(|place| f32::from(u8::from(place % (actions + 1) == 0))).collect();
    let vectors = table.embed(Tensor::from_data(TensorData::new(alone, [actions, actions]), device)); // [action, width]
    let vectors = through(map, vectors);
    let width = vectors.dims()[1];
    numbers(vectors).chunks_exact(width).map(<[f32]>::to_vec).collect()
}

/// How far the nearest other vector is, on the mean over all, in lengths of a vector; 1.41 where all are at right angles. At least two.
pub fn apart(vectors: &[Vec<f32>]) -> f64 {
    let vectors: Vec<Vec<f64>> = vectors.iter().map(|vector| wide(vector)).collect();
    let nearest = |index: usize| {
        let others = vectors.iter().enumerate().filter(|(other, _)| *other != index);
        others.map(|(_, other)| distance(&vectors[index], other)).fold(f64::INFINITY, f64::min).sqrt()
    };
    let length = vectors.iter().map(|vector| vector.iter().map(|x| x * x).sum::<f64>()).sum::<f64>() / vectors.len() as f64;
    (0..vectors.len()).map(nearest).sum::<f64>() / vectors.len() as f64 / length.sqrt()
}

/// A linear function with a constant.
struct Linear {
    /// `[width + 1, width]`, the constant last.
    weights: DenseMatrix<f64>,
}

impl Linear {
    /// The one of least squares over some units, by the normal equations.
    fn nearest(pairs: Pairs, units: &[usize]) -> Self {
        let (inputs, outputs) = (pairs.from.width() + 1, pairs.to.width());
        let (mut squares, mut products) = (vec![vec![0.0; inputs]; inputs], vec![vec![0.0; outputs]; inputs]);
        for &unit in units {
            let (from, to) = (with_one(pairs.from.of(unit)), wide(pairs.to.of(unit)));
            for (input, x) in from.iter().enumerate() {
                squares[input].iter_mut().zip(&from).for_each(|(sum, other)| *sum += x * other);
                products[input].iter_mut().zip(&to).for_each(|(sum, y)| *sum += x * y);
            }
        }
        let ridge = RIDGE * (0..inputs).map(|input| squares[input][input]).sum::<f64>() / inputs as f64;
        (0..inputs).for_each(|input| squares[input][input] += ridge);
        let matrix = |rows: &Vec<Vec<f64>>| DenseMatrix::from_2d_vec(rows).expect("rows of one length");
        let weights = matrix(&squares).cholesky_solve_mut(matrix(&products)).expect("squares with a ridge are positive definite");
        Self { weights }
    }

    fn of(&self, vector: &[f32]) -> Vec<f64> {
        let (inputs, outputs) = self.weights.shape();
        let vector = with_one(vector);
        (0..outputs).map(|output| (0..inputs).map(|input| vector[input] * self.weights.get((input, output))).sum()).collect()
    }
}

fn wide(vector: &[f32]) -> Vec<f64> {
    vector.iter().map(|&x| f64::from(x)).collect()
}

fn with_one(vector: &[f32]) -> Vec<f64> {
    vector.iter().map(|&x| f64::from(x)).chain([1.0]).collect()
}

fn mean<'a>(vectors: impl ExactSizeIterator<Item = &'a [f32]>) -> Vec<f64> {
    let count = vectors.len() as f64;
    let sum = |sum: Option<Vec<f64>>, vector: &[f32]| match sum {
        None => Some(wide(vector)),
        Some(sum) => Some(sum.iter().zip(vector).map(|(sum, &x)| sum + f64::from(x)).collect()),
    };
    vectors.fold(None, sum).unwrap_or_default().iter().map(|sum| sum / count).collect()
}

/// Squared.
fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use super::*;
    use crate::networks::action_map::ActionMapConfig;
    use crate::networks::actions::{ActionConfig, ActionModel};
    use crate::train::told::ActionVectors;

    #[test]
    fn a_linear_relation_is_found_whole_and_by_the_identity_only_where_it_is_one() {
        let device = Device::flex();
        let from: Vec<Vec<f32>> = (0..40).map(|unit| (0..3).map(|x| ((unit * 7 + x * 5) % 11) as f32).collect()).collect();
        let turned = from.iter().map(|row| vec![2.0 - row[1], row[0] + row[2], row[2]]).collect();
        let (from, turned) = (ActionVectors::new(from, 3), ActionVectors::new(turned, 3));
        let (learned, held_out): (Vec<usize>, Vec<usize>) = (0..40).partition(|unit| unit % 4 > 0);
        let map = ActionMap::new(&ActionMapConfig { blocks: 1 }, 3, &device);
        let report = |to| explained(&map, Pairs { from: &from, to }, &learned, &held_out, &device);
        let (turned, same) = (report(&turned), report(&from));
        assert!(turned.linear.low > 0.9999 && turned.identity.high < 0.5, "{turned:?}");
        assert_eq!(turned.identity, turned.map);
        assert!(same.identity.low == 1.0 && same.bars == 10, "{same:?}");
    }

    #[test]
    fn single_actions_are_the_rows_of_the_table() {
        let device = Device::flex();
        let model = ActionModel::new(&ActionConfig::for_tests(4, 4, 2), &device);
        let rows = singles(&model.table, None, 8, &device);
        assert_eq!((rows.len(), rows[0].len()), (8, 16));
        let apart = apart(&rows);
        assert!((0.3..1.42).contains(&apart), "{apart}");
    }

    #[test]
    fn vectors_at_right_angles_are_apart_by_the_root_of_two_and_equal_ones_not_at_all() {
        assert!((apart(&[vec![2.0, 0.0], vec![0.0, 2.0]]) - 2f64.sqrt()).abs() < 1e-9);
        assert_eq!(apart(&[vec![2.0, 1.0], vec![2.0, 1.0]]), 0.0);
    }
}
