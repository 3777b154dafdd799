//! From one action to another over some bars.

use turnaround_core::actions::between;
use turnaround_core::contract::SparseWeights;

use crate::engine::EngineError;
use crate::regenerate::ActionChoice;

/// The actions of `count` bars on the straight way from one action to another, both ends included. One bar alone gets the middle.
///
/// Weights that sum to less than one are that much of an action, and the amount moves as the weights do; a larger sum divides them.
///
/// # Errors
/// [`EngineError::Weights`] if an action has no weight above 0, or one that is negative or no number.
pub fn transition(from: &SparseWeights, to: &SparseWeights, count: usize) -> Result<Vec<ActionChoice>, EngineError> {
    let is_action = |weights: &SparseWeights| {
        weights.iter().all(|(_, weight)| *weight >= 0.0 && weight.is_finite()) && weights.iter().any(|(_, weight)| *weight > 0.0)
    };
    if !is_action(from) || !is_action(to) {
        return Err(EngineError::Weights);
    }
    let share = |bar: usize| if count == 1 { 0.5 } else { bar as f32 / (count - 1) as f32 };
    Ok((0..count).map(|bar| ActionChoice::Weights(between(from, to, share(bar)))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weights(from: &SparseWeights, to: &SparseWeights, count: usize) -> Vec<SparseWeights> {
        let weights = |choice| match choice {
            ActionChoice::Weights(weights) => weights,
            other => panic!("{other:?} has no weights"),
        };
        transition(from, to, count).unwrap().into_iter().map(weights).collect()
    }

    #[test]
    fn a_transition_has_both_ends_and_even_steps_between() {
        let (from, to) = (vec![(1, 3.0)], vec![(2, 1.0)]);
        assert_eq!(
            weights(&from, &to, 5),
            [vec![(1, 1.0)], vec![(1, 0.75), (2, 0.25)], vec![(1, 0.5), (2, 0.5)], vec![(1, 0.25), (2, 0.75)], vec![(2, 1.0)]]
        );
        assert_eq!(weights(&from, &to, 2), [vec![(1, 1.0)], vec![(2, 1.0)]]);
        // Half of an action is where it goes to.
        assert_eq!(weights(&from, &vec![(1, 0.5)], 3), [vec![(1, 1.0)], vec![(1, 0.75)], vec![(1, 0.5)]]);
    }

    #[test]
    fn one_bar_alone_gets_the_middle_and_none_nothing() {
        assert_eq!(weights(&vec![(1, 1.0)], &vec![(2, 1.0)], 1), [vec![(1, 0.5), (2, 0.5)]]);
        assert!(weights(&vec![(1, 1.0)], &vec![(2, 1.0)], 0).is_empty());
    }

    #[test]
    fn there_is_no_way_from_or_to_what_is_no_action() {
        let good = vec![(1, 1.0)];
        for bad in [vec![], vec![(1, 0.0)], vec![(1, -1.0), (2, 3.0)], vec![(1, f32::NAN)], vec![(1, f32::INFINITY)]] {
            assert!(matches!(transition(&good, &bad, 3), Err(EngineError::Weights)));
            assert!(matches!(transition(&bad, &good, 3), Err(EngineError::Weights)));
        }
    }
}
