//! The Fréchet distance of two clouds of points, each taken for a Gaussian: how far apart their means and covariances are.
//!
//! Source: Heusel et al. 2017: |μ₁ − μ₂|² + tr(Σ₁ + Σ₂ − 2 (Σ₁ Σ₂)^½). With Σ₁ = L Lᵀ the product has the eigenvalues of Lᵀ Σ₂ L, which is
//! symmetric, so the root's trace needs no eigenvectors.
//!
//! The linear algebra is our own 60 lines: the usual crate for it switches on another kernel of a library that training computes with.

/// Added to the diagonal of both covariances, so that few points do not make singular ones.
const RIDGE: f64 = 1e-6;

/// Sweeps of rotations after which even the largest matrices here are diagonal; each of the last ones squares the error.
const MOST_SWEEPS: usize = 30;

/// Mean and covariance of a cloud.
#[derive(Clone, Debug, PartialEq)]
pub struct Gaussian {
    /// `[axis]`.
    mean: Vec<f64>,
    /// `[axis, axis]`.
    covariance: Vec<f64>,
}

impl Gaussian {
    /// Of points `[axis]`, at least two; the covariance is over N − 1.
    ///
    /// # Panics
    /// If there are fewer.
    pub fn of(points: &[Vec<f32>]) -> Self {
        assert!(points.len() > 1, "one point has no covariance");
        let (count, width) = (points.len() as f64, points[0].len());
        let mean: Vec<f64> =
            (0..width).map(|axis| points.iter().map(|point| f64::from(point[axis])).sum::<f64>() / count).collect();
        let mut covariance = vec![0.0; width * width];
        for point in points {
            let from_mean: Vec<f64> = point.iter().zip(&mean).map(|(x, mean)| f64::from(*x) - mean).collect();
            for (row, a) in covariance.chunks_exact_mut(width).zip(&from_mean) {
                row.iter_mut().zip(&from_mean).for_each(|(sum, b)| *sum += a * b);
            }
        }
        covariance.iter_mut().for_each(|sum| *sum /= count - 1.0);
        (0..width).for_each(|axis| covariance[axis * (width + 1)] += RIDGE);
        Self { mean, covariance }
    }

    /// The squared Fréchet distance to another of as many axes.
    ///
    /// # Panics
    /// If the other has other axes.
    pub fn distance(&self, other: &Gaussian) -> f64 {
        let width = self.mean.len();
        assert_eq!(width, other.mean.len(), "points of one space");
        let means: f64 = self.mean.iter().zip(&other.mean).map(|(a, b)| (a - b).powi(2)).sum();
        let trace = |matrix: &[f64]| (0..width).map(|axis| matrix[axis * (width + 1)]).sum::<f64>();
        let root = lower_triangle(&self.covariance, width);
        let between = product(&transposed(&root, width), &product(&other.covariance, &root, width), width);
        let roots: f64 = eigenvalues(between, width).into_iter().map(|value| value.max(0.0).sqrt()).sum();
        means + trace(&self.covariance) + trace(&other.covariance) - 2.0 * roots
    }
}

/// L of a positive definite matrix L Lᵀ. Source: Cholesky, as in Golub and Van Loan, algorithm 4.2.1.
fn lower_triangle(matrix: &[f64], width: usize) -> Vec<f64> {
    let mut lower = vec![0.0; width * width];
    for column in 0..width {
        for row in column..width {
            let known: f64 = (0..column).map(|k| lower[row * width + k] * lower[column * width + k]).sum();
            let rest = matrix[row * width + column] - known;
            // Rounding may take what is left of a tiny pivot.
            lower[row * width + column] = match row == column {
                true => rest.max(RIDGE * 1e-6).sqrt(),
                false => rest / lower[column * width + column],
            };
        }
    }
    lower
}

fn product(a: &[f64], b: &[f64], width: usize) -> Vec<f64> {
    let mut result = vec![0.0; width * width];
    for (row, out) in a.chunks_exact(width).zip(result.chunks_exact_mut(width)) {
        for (factor, row) in row.iter().zip(b.chunks_exact(width)) {
            out.iter_mut().zip(row).for_each(|(sum, x)| *sum += factor * x);
        }
    }
    result
}

fn transposed(matrix: &[f64], width: usize) -> Vec<f64> {
    (0..width * width).map(|i| matrix[i % width * width + i / width]).collect()
}

/// Eigenvalues of a symmetric matrix, in no order. Source: the cyclic Jacobi method, Golub and Van Loan, section 8.5.
fn eigenvalues(mut matrix: Vec<f64>, width: usize) -> Vec<f64> {
    let scale: f64 = matrix.iter().map(|x| x * x).sum::<f64>().sqrt();
    for _ in 0..MOST_SWEEPS {
        let mut off = 0.0;
        for p in 0..width {
            for q in p + 1..width {
                off += matrix[p * width + q].powi(2);
                rotate(&mut matrix, width, p, q);
            }
        }
        if off.sqrt() <= 1e-13 * scale {
            break;
        }
    }
    (0..width).map(|axis| matrix[axis * (width + 1)]).collect()
}

/// Turns the plane of two axes so that their element becomes 0.
fn rotate(matrix: &mut [f64], width: usize, p: usize, q: usize) {
    let element = matrix[p * width + q];
    let (at_p, at_q) = (matrix[p * width + p], matrix[q * width + q]);
    if element.abs() <= 1e-17 * (at_p.abs() + at_q.abs()) {
        return;
    }
    let ratio = (at_q - at_p) / (2.0 * element);
    let tangent = ratio.signum() / (ratio.abs() + (1.0 + ratio * ratio).sqrt());
    let cosine = 1.0 / (1.0 + tangent * tangent).sqrt();
    let sine = tangent * cosine;
    let (head, tail) = matrix.split_at_mut(q * width);
    for (a, b) in head[p * width..(p + 1) * width].iter_mut().zip(&mut tail[..width]) {
        (*a, *b) = (cosine * *a - sine * *b, sine * *a + cosine * *b);
    }
    for row in matrix.chunks_exact_mut(width) {
        (row[p], row[q]) = (cosine * row[p] - sine * row[q], sine * row[p] + cosine * row[q]);
    }
}

#[cfg(test)]
mod tests {
    use turnaround_core::noise::GaussianNoise;

    use super::*;

    fn gaussian(mean: &[f64], covariance: &[f64]) -> Gaussian {
        Gaussian { mean: mean.to_vec(), covariance: covariance.to_vec() }
    }

    #[test]
    fn gaussians_without_correlation_are_apart_as_the_closed_form_says() {
        // For diagonal covariances: the squared distance of the means plus that of the deviations.
        let a = gaussian(&[0.0, 1.0, 2.0], &[4.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 9.0]);
        let b = gaussian(&[1.0, 1.0, 0.0], &[1.0, 0.0, 0.0, 0.0, 4.0, 0.0, 0.0, 0.0, 9.0]);
        let expected = (1.0 + 0.0 + 4.0) + (1.0 + 1.0 + 0.0);
        assert!((a.distance(&b) - expected).abs() < 1e-9, "{}", a.distance(&b));
        assert!(a.distance(&a).abs() < 1e-9);
    }

    #[test]
    fn turning_both_gaussians_changes_nothing() {
        // The matrices of before in axes turned by 30 degrees in the first plane.
        let (c, s) = (0.75f64.sqrt(), 0.5);
        let turned = |x: f64, y: f64| vec![c * c * x + s * s * y, c * s * (x - y), c * s * (x - y), s * s * x + c * c * y];
        let (a, b) = (gaussian(&[0.0, 0.0], &turned(4.0, 1.0)), gaussian(&[0.0, 0.0], &turned(1.0, 4.0)));
        assert!((a.distance(&b) - 2.0).abs() < 1e-9 && (b.distance(&a) - 2.0).abs() < 1e-9);
        // Two by two, the root's trace is the root of tr(AB) + 2 √det(AB).
        let (a, b) = (gaussian(&[0.0, 0.0], &[2.0, 0.6, 0.6, 1.0]), gaussian(&[0.0, 0.0], &[1.0, -0.4, -0.4, 3.0]));
        let (trace, determinant) = (2.0 - 0.24 - 0.24 + 3.0, (2.0 - 0.36) * (3.0 - 0.16f64));
        let expected = 3.0 + 4.0 - 2.0 * (trace + 2.0 * determinant.sqrt()).sqrt();
        assert!((a.distance(&b) - expected).abs() < 1e-9, "{} for {expected}", a.distance(&b));
    }

    #[test]
    fn clouds_of_one_kind_are_near_and_more_points_bring_them_nearer() {
        let mut random = GaussianNoise::new(1);
        let mut cloud = |count: usize, shift: f32| -> Vec<Vec<f32>> {
            (0..count).map(|_| (0..8).map(|axis| shift + (1.0 + axis as f32) * random.next()).collect()).collect()
        };
        let (few, more) = (Gaussian::of(&cloud(50, 0.0)), Gaussian::of(&cloud(5000, 0.0)));
        let (few_too, more_too, far) =
            (Gaussian::of(&cloud(50, 0.0)), Gaussian::of(&cloud(5000, 0.0)), Gaussian::of(&cloud(5000, 5.0)));
        assert!(more.distance(&more_too) < 0.1 * few.distance(&few_too));
        // Eight axes, each 5 away.
        assert!((more.distance(&far) - 200.0).abs() < 10.0, "{}", more.distance(&far));
    }

    #[test]
    fn fewer_points_than_axes_still_have_a_distance() {
        let mut random = GaussianNoise::new(2);
        let mut cloud = || Gaussian::of(&(0..5).map(|_| (0..20).map(|_| random.next()).collect()).collect::<Vec<Vec<f32>>>());
        let (a, b) = (cloud(), cloud());
        assert!(a.distance(&b) > 0.0 && a.distance(&a).abs() < 1e-3, "{} {}", a.distance(&b), a.distance(&a));
    }

    #[test]
    fn eigenvalues_of_a_known_matrix() {
        let mut values = eigenvalues(vec![2.0, -1.0, 0.0, -1.0, 2.0, -1.0, 0.0, -1.0, 2.0], 3);
        values.sort_by(f64::total_cmp);
        for (found, expected) in values.iter().zip([2.0 - 2f64.sqrt(), 2.0, 2.0 + 2f64.sqrt()]) {
            assert!((found - expected).abs() < 1e-12);
        }
    }
}
