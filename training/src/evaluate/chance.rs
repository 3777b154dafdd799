//! Means with confidence intervals, by bootstrap over bars.

use std::fmt;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// Resamplings of the bootstrap.
const RESAMPLINGS: usize = 2000;

/// A mean with its 95 % confidence interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The mean.
    pub mean: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Interval {
    /// Of some values, at least one; resampled from `seed`.
    pub fn of(values: &[f64], seed: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let count = values.len();
        let average = |sum: f64| sum / count as f64;
        let mut means: Vec<f64> =
            (0..RESAMPLINGS).map(|_| average((0..count).map(|_| values[random.random_range(0..count)]).sum())).collect();
        means.sort_by(f64::total_cmp);
        let at = |share: f64| means[((RESAMPLINGS - 1) as f64 * share).round() as usize];
        Self { mean: average(values.iter().sum()), low: at(0.025), high: at(0.975) }
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3} ({:.3} to {:.3})", self.mean, self.low, self.high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_holds_its_mean_and_narrows_with_more_values() {
        let few: Vec<f64> = (0..10).map(f64::from).collect();
        let many: Vec<f64> = (0..1000).map(|n| f64::from(n % 10)).collect();
        let (few, many) = (Interval::of(&few, 1), Interval::of(&many, 1));
        assert!((few.mean - 4.5).abs() < 1e-12 && few.low < 4.5 && few.high > 4.5);
        assert!(many.high - many.low < 0.3 * (few.high - few.low));
    }
}
