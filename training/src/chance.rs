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
    /// Of the mean of some values, at least one; resampled from `seed`.
    pub fn of(values: &[f64], seed: u64) -> Self {
        Self::of_figure(values, seed, |values| {
            let count = values.len() as f64;
            values.sum::<f64>() / count
        })
    }

    /// Of any figure that is made of some items, at least one; resampled from `seed`. `mean` is then the figure of the items themselves.
    pub fn of_figure<T: Copy>(items: &[T], seed: u64, figure: impl Fn(&mut dyn ExactSizeIterator<Item = T>) -> f64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let count = items.len();
        let mut figures: Vec<f64> =
            (0..RESAMPLINGS).map(|_| figure(&mut (0..count).map(|_| items[random.random_range(0..count)]))).collect();
        figures.sort_by(f64::total_cmp);
        let at = |share: f64| figures[((RESAMPLINGS - 1) as f64 * share).round() as usize];
        Self { mean: figure(&mut items.iter().copied()), low: at(0.025), high: at(0.975) }
    }
}

impl Interval {
    /// As `0.25 [0.24, 0.26]`, with so many figures behind the point.
    pub fn rounded(&self, decimals: usize) -> String {
        // A minus before nothing but zeros says nothing.
        let number = |value: f64| {
            let text = format!("{value:.decimals$}");
            if text.trim_start_matches('-').chars().all(|c| c == '0' || c == '.') {
                text.trim_start_matches('-').to_owned()
            } else {
                text
            }
        };
        match self.low == self.high {
            true => number(self.mean),
            false => format!("{} [{}, {}]", number(self.mean), number(self.low), number(self.high)),
        }
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

    #[test]
    fn one_seed_is_one_interval_and_another_seed_is_nearly_the_same() {
        let values: Vec<f64> = (0..60).map(|n| f64::from(n * n % 17)).collect();
        let one = Interval::of(&values, 1);
        assert_eq!(one, Interval::of(&values, 1));
        let other = Interval::of(&values, 2);
        assert!(one != other && one.mean == other.mean && (one.low - other.low).abs() < 0.2);
    }

    #[test]
    fn intervals_are_written_with_as_many_figures_as_asked_for() {
        let interval = Interval { mean: 0.2468, low: 0.2401, high: 0.2543 };
        assert_eq!(interval.rounded(2), "0.25 [0.24, 0.25]");
        assert_eq!(Interval { mean: -0.0001, low: -1.26, high: 0.01 }.rounded(1), "0.0 [-1.3, 0.0]");
        assert_eq!(Interval::of(&[0.5, 0.5], 1).rounded(3), "0.500");
    }
}
