//! Whether what can be heard of a donor comes along with its action: a bar made under the action of a louder, brighter, busier or higher bar
//! should be louder, brighter, busier or higher.
//!
//! Over pairs of donor and target, the rank correlation of the made bar with its donor, with what the same context gives under no action held
//! fixed. Why not the simpler figures: correlating *changes*, made less none with donor less none, is fooled, as the same number is taken
//! from both sides and correlates with itself, even where the action is not heard at all; and the plain correlation of made with donor takes
//! the pairs' luck, donors that happen to be louder where the context is louder, for transfer. The partial correlation is 1 where the made
//! bar follows its donor whatever the context says, and 0 on the mean where it follows its context whatever the donor says; donors are of
//! other pieces, so nothing else joins the two. Ranks, as descriptors have long tails and a loudness twice as far off is no better.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use serde::{Deserialize, Serialize};
use turnaround_core::descriptors::Descriptor;

use super::super::measure::Estimate;
use crate::chance::Interval;
use crate::descriptors::Marks;

/// What is followed from donor to made bar: one descriptor each of level, timbre, rhythm and pitch.
const FOLLOWED: [Descriptor; 4] = [Descriptor::Loudness, Descriptor::Brightness, Descriptor::Density, Descriptor::Register];

/// Fewest pairs whose ranks tell anything.
const FEWEST: usize = 4;

/// A donor, and what one context gives without an action and under the donor's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Transfer<T> {
    /// The real bar that the action was heard in.
    pub donor: T,
    /// The bar made under no action.
    pub null: T,
    /// The bar made under the donor's.
    pub made: T,
}

/// Rank correlations of made bars with their donors, by descriptor.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AttributeMeasures {
    /// Descriptors that too few pairs have are not there.
    pub by_descriptor: BTreeMap<Descriptor, Estimate>,
}

impl AttributeMeasures {
    /// Of some pairs.
    pub fn of(pairs: &[Transfer<Marks>], seed: u64) -> Self {
        let estimate = |descriptor: Descriptor| {
            let of = |marks: &Marks| marks.get(&descriptor).copied();
            let numbers =
                |pair: &Transfer<Marks>| Some(Transfer { donor: of(&pair.donor)?, null: of(&pair.null)?, made: of(&pair.made)? });
            let transfers: Vec<Transfer<f64>> = pairs.iter().filter_map(numbers).collect();
            (transfers.len() >= FEWEST).then(|| {
                let interval = Interval::of_figure(&transfers, seed, |resampled| followed(&resampled.collect::<Vec<_>>()));
                (descriptor, Estimate { interval, bars: transfers.len() })
            })
        };
        Self { by_descriptor: FOLLOWED.into_iter().filter_map(estimate).collect() }
    }

    pub(super) fn describe(&self, text: &mut String) -> fmt::Result {
        if self.by_descriptor.is_empty() {
            return Ok(());
        }
        writeln!(text, "| of a donor, heard in the bar made under its action | rank correlation ↑ | pairs |\n|---|---|---|")?;
        for (descriptor, Estimate { interval, bars }) in &self.by_descriptor {
            writeln!(text, "| {descriptor} | {} | {bars} |", interval.rounded(2))?;
        }
        writeln!(text)
    }
}

/// The partial rank correlation of made bars with donors, given what contexts give; 0 where donors tell nothing beyond those.
///
/// Source: Spearman's correlation with the partial correlation of first order, as in Kendall, *Partial rank correlation* (1942).
fn followed(transfers: &[Transfer<f64>]) -> f64 {
    let column = |part: fn(&Transfer<f64>) -> f64| ranks(&transfers.iter().map(part).collect::<Vec<_>>());
    let (donor, null, made) = (column(|t| t.donor), column(|t| t.null), column(|t| t.made));
    let (with_donor, with_null, by_luck) = (correlation(&made, &donor), correlation(&made, &null), correlation(&donor, &null));
    let left = ((1.0 - with_null * with_null) * (1.0 - by_luck * by_luck)).max(0.0).sqrt();
    // Nothing is left to follow where one of the two says all.
    if left < 1e-6 { 0.0 } else { (with_donor - with_null * by_luck) / left }
}

/// Ranks from 0; of equal values the mean of theirs.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut below = 0;
    for equal in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let rank = below as f64 + 0.5 * (equal.len() - 1) as f64;
        equal.iter().for_each(|&index| ranks[index] = rank);
        below += equal.len();
    }
    ranks
}

/// Pearson's correlation; 0 where one side never changes.
fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut between, mut of_a, mut of_b) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(b) {
        between += (a - mean_a) * (b - mean_b);
        of_a += (a - mean_a).powi(2);
        of_b += (b - mean_b).powi(2);
    }
    let whole = (of_a * of_b).sqrt();
    if whole > 0.0 { between / whole } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use turnaround_core::noise::GaussianNoise;

    use super::*;

    /// Pairs whose made bar takes so much of the donor, of the context, and of chance.
    fn pairs(count: usize, of_donor: f64, of_context: f64, of_chance: f64) -> Vec<Transfer<f64>> {
        let mut random = GaussianNoise::new(7);
        let mut next = || f64::from(random.next());
        let mut pair = |_| {
            let (donor, context) = (next(), next());
            let null = context + 0.3 * next();
            Transfer { donor, null, made: of_donor * donor + of_context * context + of_chance * next() }
        };
        (0..count).map(&mut pair).collect()
    }

    #[test]
    fn a_made_bar_that_follows_its_donor_or_its_donor_on_top_of_its_context_is_fully_followed() {
        assert!((followed(&pairs(200, 1.0, 0.0, 0.0)) - 1.0).abs() < 1e-9);
        assert!(followed(&pairs(200, 1.0, 1.0, 0.0)) > 0.9);
        assert!((followed(&pairs(200, -1.0, 0.0, 0.0)) + 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_made_bar_that_follows_its_context_alone_follows_no_donor_though_differences_would_say_so() {
        let pairs = pairs(2000, 0.0, 1.0, 0.3);
        assert!(followed(&pairs).abs() < 0.06, "{}", followed(&pairs));
        // The figure that is fooled: both changes hold what the context gave.
        let (made, donor): (Vec<f64>, Vec<f64>) =
            pairs.iter().map(|pair| (pair.made - pair.null, pair.donor - pair.null)).unzip();
        assert!(correlation(&ranks(&made), &ranks(&donor)) > 0.1);
    }

    #[test]
    fn an_action_that_changes_nothing_is_not_followed() {
        let ignored: Vec<Transfer<f64>> =
            pairs(50, 0.0, 1.0, 0.0).into_iter().map(|pair| Transfer { made: pair.null, ..pair }).collect();
        assert_eq!(followed(&ignored), 0.0);
    }

    #[test]
    fn equal_values_share_their_ranks() {
        assert_eq!(ranks(&[3.0, 1.0, 3.0, 2.0]), [2.5, 0.0, 2.5, 1.0]);
    }

    #[test]
    fn a_descriptor_that_some_bars_do_not_have_is_over_the_others_and_one_that_hardly_any_has_is_left_out() {
        let described = |value: f64, register: bool| {
            let mut all = Marks::from([(Descriptor::Loudness, value)]);
            all.extend(register.then_some((Descriptor::Register, value)));
            all
        };
        let pairs: Vec<Transfer<Marks>> = (0..6)
            .map(|n| {
                let with = |value: f64| described(value, n < 3);
                Transfer { donor: with(f64::from(n)), null: with(f64::from(n * n % 5)), made: with(f64::from(n)) }
            })
            .collect();
        let measures = AttributeMeasures::of(&pairs, 1);
        assert_eq!(measures.by_descriptor.keys().copied().collect::<Vec<_>>(), [Descriptor::Loudness]);
        assert_eq!(measures.by_descriptor[&Descriptor::Loudness].bars, 6);
    }
}
