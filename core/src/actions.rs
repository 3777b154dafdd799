//! From scores over the action table to a few weights, and back to a full row.

use std::collections::BTreeMap;

use crate::contract::SparseWeights;

/// The softmax over the `active` highest scores, by falling weight; weights are above 0 and sum to 1. `scores` is `[action]`.
///
/// Of equal scores the lower index comes first. Scores that are not finite numbers are passed over; if none is finite the result is
/// empty, which a caller should treat as a failed network and never as an action. Weights too small to write are left out, so the result
/// may be shorter than `active`.
///
/// # Panics
/// If there are more than 65 536 scores or `active` is 0.
pub fn sparse_weights(scores: &[f32], active: usize) -> SparseWeights {
    assert!(active > 0, "an action has at least one weight");
    let index = |k: usize| u16::try_from(k).expect("an action table has at most 65 536 entries");
    let mut ranked: Vec<(u16, f32)> = scores.iter().enumerate().map(|(k, &score)| (index(k), score)).collect();
    ranked.retain(|(_, score)| score.is_finite());
    // Stable, so equal scores keep the order of their indices.
    ranked.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    ranked.truncate(active);
    let Some(&(_, highest)) = ranked.first() else { return SparseWeights::new() };
    ranked.iter_mut().for_each(|(_, score)| *score = libm::exp(f64::from(*score) - f64::from(highest)) as f32);
    let sum: f32 = ranked.iter().map(|(_, weight)| weight).sum();
    ranked.iter_mut().for_each(|(_, weight)| *weight /= sum);
    ranked.retain(|(_, weight)| *weight > 0.0);
    ranked
}

/// How much of an action is asked for, 0 to 1: the sum of its weights where that is less than 1, which is that share of the way from no
/// action to the whole one. Sums that miss 1 by rounding are 1.
pub fn amount(weights: &SparseWeights) -> f32 {
    const ROUNDING: f32 = 1e-3;
    let sum: f32 = weights.iter().map(|(_, weight)| weight).sum();
    if sum > 1.0 - ROUNDING { 1.0 } else { sum.max(0.0) }
}

/// Weights that sum to no more than 1: a larger sum divides them.
pub fn at_most_whole(weights: &SparseWeights) -> SparseWeights {
    let sum: f32 = weights.iter().map(|(_, weight)| weight).sum();
    let whole = if amount(weights) < 1.0 { 1.0 } else { sum };
    weights.iter().map(|&(action, weight)| (action, weight / whole)).collect()
}

/// The action that lies a share of the way from one to another, 0 to 1: weight by weight on a straight line between what both are at most,
/// [`at_most_whole`]. Indices rise; a weight of nothing is left out, so a share of 0 or 1 gives one of the two.
///
/// # Panics
/// If an action has no weight above 0: there is no way from nothing.
pub fn between(from: &SparseWeights, to: &SparseWeights, share: f32) -> SparseWeights {
    let mut sum = BTreeMap::new();
    for (weights, part) in [(from, 1.0 - share), (to, share)] {
        assert!(amount(weights) > 0.0, "an action has at least one weight above 0");
        at_most_whole(weights).into_iter().for_each(|(action, weight)| *sum.entry(action).or_insert(0.0) += part * weight);
    }
    sum.into_iter().filter(|(_, weight)| *weight > 0.0).collect()
}

/// The weights as one number per action, `[action]`, 0 where none is given. Weights of one index add up.
///
/// # Panics
/// If an index lies beyond the table: a checked manifest and a checked command hold none.
pub fn dense_weights(weights: &SparseWeights, actions: usize) -> Vec<f32> {
    let mut dense = vec![0.0; actions];
    for &(action, weight) in weights {
        assert!(usize::from(action) < actions, "action {action} is not one of {actions}");
        dense[usize::from(action)] += weight;
    }
    dense
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_the_softmax_of_the_highest_scores_and_sum_to_one() {
        let weights = sparse_weights(&[0.0, 3.0, -1.0, 2.0, 1.0], 3);
        let indices: Vec<u16> = weights.iter().map(|(k, _)| *k).collect();
        assert_eq!(indices, [1, 3, 4]);
        let e = std::f32::consts::E;
        let sum = e * e + e + 1.0;
        for ((_, weight), expected) in weights.iter().zip([e * e / sum, e / sum, 1.0 / sum]) {
            assert!((weight - expected).abs() < 1e-6);
        }
        assert!((weights.iter().map(|(_, weight)| weight).sum::<f32>() - 1.0).abs() < 1e-6);
    }

    #[test]
    fn more_active_than_scores_takes_them_all() {
        assert_eq!(sparse_weights(&[1.0, 1.0], 5), [(0, 0.5), (1, 0.5)]);
    }

    #[test]
    fn of_equal_scores_the_lower_index_wins() {
        assert_eq!(sparse_weights(&[0.0, 1.0, 1.0, 1.0], 2), [(1, 0.5), (2, 0.5)]);
        assert_eq!(sparse_weights(&[0.0, -0.0], 1), [(0, 1.0)], "zero has no sign here");
    }

    #[test]
    fn scores_that_are_no_numbers_are_passed_over() {
        assert_eq!(sparse_weights(&[f32::NAN, 1.0, f32::INFINITY, 1.0, f32::NEG_INFINITY], 4), [(1, 0.5), (3, 0.5)]);
        assert_eq!(sparse_weights(&[f32::NAN; 3], 2), []);
        assert_eq!(sparse_weights(&[], 2), []);
    }

    #[test]
    fn huge_scores_do_not_overflow_and_vanishing_weights_are_left_out() {
        assert_eq!(sparse_weights(&[1e38, -1e38, 1e38], 3), [(0, 0.5), (2, 0.5)]);
    }

    #[test]
    fn the_way_from_one_action_to_another_is_straight_in_weights_and_in_amount() {
        let (from, to) = (vec![(3, 2.0), (1, 2.0)], vec![(1, 1.5)]);
        assert_eq!(between(&from, &to, 0.0), [(1, 0.5), (3, 0.5)]);
        assert_eq!(between(&from, &to, 0.5), [(1, 0.75), (3, 0.25)]);
        assert_eq!(between(&from, &to, 1.0), [(1, 1.0)]);
        assert_eq!(between(&from, &vec![(1, 0.25)], 1.0), [(1, 0.25)]);
        assert_eq!(amount(&between(&from, &vec![(1, 0.25)], 0.5)), 0.625);
    }

    #[test]
    fn what_sums_to_less_than_one_is_that_much_of_an_action_and_no_more_than_a_whole_one_can_be_asked_for() {
        assert_eq!([amount(&vec![(1, 0.3)]), amount(&vec![(1, 0.5), (2, 0.5)]), amount(&vec![(4, 7.0)])], [0.3, 1.0, 1.0]);
        assert_eq!(amount(&vec![(0, 1.0 / 3.0), (1, 1.0 / 3.0), (2, 0.333)]), 1.0, "missed by rounding");
        assert_eq!(at_most_whole(&vec![(1, 0.3), (2, 0.2)]), [(1, 0.3), (2, 0.2)]);
        assert_eq!(at_most_whole(&vec![(1, 3.0), (2, 1.0)]), [(1, 0.75), (2, 0.25)]);
    }

    #[test]
    fn dense_weights_stand_at_their_indices() {
        assert_eq!(dense_weights(&vec![(3, 0.75), (0, 0.25)], 5), [0.25, 0.0, 0.0, 0.75, 0.0]);
        assert_eq!(dense_weights(&vec![], 2), [0.0, 0.0]);
    }

    #[test]
    #[should_panic(expected = "action 5 is not one of 5")]
    fn an_action_beyond_the_table_is_a_broken_promise() {
        dense_weights(&vec![(5, 1.0)], 5);
    }
}
