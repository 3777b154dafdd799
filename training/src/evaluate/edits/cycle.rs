//! Whether an action means the same in other music: it is heard in one bar, another bar is made under it, and it is heard again in what
//! came out. Where two bars of other pieces are anyhow alike in what is heard in them, it says little; that floor stands beside it.

use std::fmt::{self, Write};

use serde::{Deserialize, Serialize};
use turnaround_core::actions::dense_weights;
use turnaround_core::contract::SparseWeights;

use crate::chance::Interval;
use crate::heard::{heaviest, in_common};

/// Heaviest actions that count as what is heard in a bar.
const TOP: usize = 5;

/// How alike two actions are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Likeness {
    /// Actions that are among the heaviest of both, over those that are among the heaviest of either.
    pub jaccard: f64,
    /// 1 where the heaviest is the same, else 0.
    pub same_first: f64,
    /// Cosine of all weights.
    pub cosine: f64,
}

/// Means of likenesses.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LikenessMeasures {
    /// See [`Likeness::jaccard`].
    pub jaccard: Interval,
    /// See [`Likeness::same_first`].
    pub same_first: Interval,
    /// See [`Likeness::cosine`].
    pub cosine: Interval,
}

/// What was measured of the way there and back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CycleMeasures {
    /// Heaviest actions that were compared.
    pub top: usize,
    /// The donor's action and what is heard in the slots that the dynamics writes, before anything is decoded. Nothing where an earlier
    /// version measured.
    #[serde(default)]
    pub imagined: Option<LikenessMeasures>,
    /// The donor's action and what is heard in the edited bar.
    pub edited: LikenessMeasures,
    /// The donor's action and what was heard in the bar before.
    pub floor: LikenessMeasures,
}

impl Likeness {
    /// Of two actions of a table of `actions`; both have a weight.
    pub fn of(a: &SparseWeights, b: &SparseWeights, actions: usize) -> Self {
        let (ours, theirs) = (heaviest(a, TOP), heaviest(b, TOP));
        let (dense_a, dense_b) = (dense_weights(a, actions), dense_weights(b, actions));
        let product = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum::<f64>();
        Self {
            jaccard: in_common(&ours, &theirs),
            same_first: f64::from(u8::from(ours.first() == theirs.first())),
            cosine: product(&dense_a, &dense_b) / (product(&dense_a, &dense_a) * product(&dense_b, &dense_b)).sqrt(),
        }
    }
}

impl LikenessMeasures {
    fn of(pairs: &[Likeness], seed: u64) -> Self {
        let mean = |part: fn(&Likeness) -> f64| Interval::of(&pairs.iter().map(part).collect::<Vec<_>>(), seed);
        Self { jaccard: mean(|pair| pair.jaccard), same_first: mean(|pair| pair.same_first), cosine: mean(|pair| pair.cosine) }
    }
}

/// How alike a donor's action is to what is heard at three places of an edit.
#[derive(Clone, Copy, Debug)]
pub struct Cycle {
    /// In what the dynamics wrote.
    pub imagined: Likeness,
    /// In the bar that came of it.
    pub edited: Likeness,
    /// In the bar before.
    pub floor: Likeness,
}

impl CycleMeasures {
    /// Of some edits, at least one.
    pub fn of(cycles: &[Cycle], seed: u64) -> Self {
        let of = |part: fn(&Cycle) -> Likeness| LikenessMeasures::of(&cycles.iter().map(part).collect::<Vec<_>>(), seed);
        Self {
            top: TOP,
            imagined: Some(of(|cycle| cycle.imagined)),
            edited: of(|cycle| cycle.edited),
            floor: of(|cycle| cycle.floor),
        }
    }

    pub(super) fn describe(&self, text: &mut String) -> fmt::Result {
        writeln!(
            text,
            "| another bar's action, and the one heard | {} heaviest in common ↑ | same heaviest ↑ | cosine ↑ |\n|---|---|---|---|",
            self.top
        )?;
        let imagined = self.imagined.as_ref().map(|imagined| ("in what the dynamics writes, not decoded yet", imagined));
        let heard = [("in the bar made under it", &self.edited), ("in the bar before the edit (floor)", &self.floor)];
        for (name, likeness) in imagined.into_iter().chain(heard) {
            let cells = [&likeness.jaccard, &likeness.same_first, &likeness.cosine].map(|interval| interval.rounded(2));
            writeln!(text, "| {name} | {} |", cells.join(" | "))?;
        }
        writeln!(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_is_wholly_like_itself_in_any_order_of_its_weights() {
        let action = vec![(3, 0.5), (7, 0.3), (1, 0.1), (0, 0.06), (9, 0.04)];
        let mut turned = action.clone();
        turned.reverse();
        let likeness = Likeness::of(&action, &turned, 10);
        assert_eq!((likeness.jaccard, likeness.same_first), (1.0, 1.0));
        assert!((likeness.cosine - 1.0).abs() < 1e-6);
    }

    #[test]
    fn actions_without_a_common_weight_are_nothing_alike() {
        let none = Likeness { jaccard: 0.0, same_first: 0.0, cosine: 0.0 };
        assert_eq!(Likeness::of(&vec![(0, 1.0)], &vec![(1, 0.5), (2, 0.5)], 3), none);
    }

    #[test]
    fn only_the_heaviest_count_among_many_and_the_first_counts_by_itself() {
        // Four of five are common to both: 4 of 6 in either. A sixth weight is too light to be among them.
        let a = vec![(0, 0.3), (1, 0.25), (2, 0.2), (3, 0.15), (4, 0.06), (5, 0.04)];
        let b = vec![(1, 0.4), (0, 0.2), (2, 0.2), (3, 0.1), (5, 0.1)];
        let likeness = Likeness::of(&a, &b, 6);
        assert_eq!((likeness.jaccard, likeness.same_first), (4.0 / 6.0, 0.0));
        assert!(likeness.cosine > 0.8 && likeness.cosine < 1.0);
    }
}
