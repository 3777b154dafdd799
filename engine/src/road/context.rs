//! Which units are made together, and which ones around them they hear.

use std::cmp::Reverse;
use std::ops::Range;

/// One window of the dynamics: units made together and the units they hear, all by index, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub targets: Vec<usize>,
    pub context: Vec<usize>,
}

/// Splits the target units, in order, into windows of at most `window` units.
///
/// At most half a window is made at once, so that the other half can be heard. Of the windows that hold the most that can be heard, the one
/// that lies around its targets as evenly as the piece allows is taken. Targets still to be made are no context, except where nothing else
/// is in reach: then their dry form is. Those among `added`, consecutive targets, have no dry form and are never heard before they are
/// made. An empty context means there is nothing but the targets themselves.
pub(crate) fn plan(targets: &[usize], added: &Range<usize>, units: usize, window: usize) -> Vec<Plan> {
    let most = (window / 2).max(1);
    let mut plans = Vec::new();
    let mut made = 0;
    for run in runs(targets) {
        // Pieces of nearly equal length: five are made as three and two, not four and one.
        let pieces = run.len().div_ceil(most);
        for piece in run.chunks(run.len().div_ceil(pieces)) {
            let around = Around { piece, still_to_make: &targets[made..], added, units };
            plans.push(Plan { targets: piece.to_vec(), context: around.hear(window) });
            made += piece.len();
        }
    }
    plans
}

/// Consecutive targets.
fn runs(targets: &[usize]) -> impl Iterator<Item = &[usize]> {
    targets.chunk_by(|a, b| a + 1 == *b)
}

/// Units made together, and all that may stand around them.
struct Around<'a> {
    piece: &'a [usize],
    /// The piece and all targets after it.
    still_to_make: &'a [usize],
    added: &'a Range<usize>,
    units: usize,
}

impl Around<'_> {
    fn hear(&self, window: usize) -> Vec<usize> {
        let span = self.span(window);
        let heard: Vec<usize> = span.iter().copied().filter(|unit| !self.still_to_make.contains(unit)).collect();
        if heard.is_empty() { span } else { heard }
    }

    /// Units of a window that have a sound, be it one that will be replaced.
    fn span(&self, window: usize) -> Vec<usize> {
        let (first, last) = (self.piece[0], self.piece[self.piece.len() - 1]);
        let room = window.saturating_sub(self.piece.len());
        let with = |before: usize| -> Vec<usize> {
            let after = (self.units - 1 - last).min(room - before);
            (first - before..first).chain(last + 1..=last + after).filter(|&unit| self.has_sound(unit)).collect()
        };
        let spans = (0..=first.min(room)).map(|before| (before, with(before)));
        let best = spans.max_by_key(|(before, span)| (span.len(), Reverse(before.abs_diff(room / 2))));
        best.map(|(_, span)| span).unwrap_or_default()
    }

    fn has_sound(&self, unit: usize) -> bool {
        !(self.added.contains(&unit) && self.still_to_make.contains(&unit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Windows of targets that all replace something.
    fn plan(targets: &[usize], units: usize, window: usize) -> Vec<Plan> {
        super::plan(targets, &(0..0), units, window)
    }

    /// Windows of units that replace nothing.
    fn added(units_made: Range<usize>, units: usize, window: usize) -> Vec<Plan> {
        super::plan(&units_made.clone().collect::<Vec<_>>(), &units_made, units, window)
    }

    fn only(targets: &[usize], units: usize, window: usize) -> Plan {
        let mut plans = plan(targets, units, window);
        assert_eq!(plans.len(), 1);
        plans.remove(0)
    }

    #[test]
    fn one_bar_hears_its_neighbours_on_both_sides() {
        assert_eq!(only(&[10], 20, 8).context, [7, 8, 9, 11, 12, 13, 14]);
        assert_eq!(only(&[4], 5, 8).context, [0, 1, 2, 3]);
    }

    #[test]
    fn at_the_edges_the_window_shifts_and_stays_full() {
        assert_eq!(only(&[0], 20, 8).context, [1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(only(&[19], 20, 8).context, [12, 13, 14, 15, 16, 17, 18]);
        assert_eq!(only(&[1], 3, 8).context, [0, 2]);
    }

    #[test]
    fn a_window_never_holds_more_units_than_it_may() {
        for units in 1..24 {
            for first in 0..units {
                for last in first..units {
                    let targets: Vec<usize> = (first..=last).collect();
                    let plans = plan(&targets, units, 8);
                    let made: Vec<usize> = plans.iter().flat_map(|plan| plan.targets.clone()).collect();
                    assert_eq!(made, targets);
                    for plan in plans {
                        let lowest = plan.targets[0].min(plan.context.first().copied().unwrap_or(usize::MAX));
                        let highest = plan.targets[plan.targets.len() - 1].max(plan.context.last().copied().unwrap_or(0));
                        assert!(highest - lowest < 8);
                        assert!(plan.context.iter().all(|unit| !plan.targets.contains(unit)));
                        assert_eq!(plan.context.is_empty(), units == plan.targets.len());
                    }
                }
            }
        }
    }

    #[test]
    fn long_runs_are_made_window_by_window_and_hear_what_was_made_before() {
        let plans = plan(&[2, 3, 4, 5, 6], 12, 8);
        assert_eq!(plans[0], Plan { targets: vec![2, 3, 4], context: vec![0, 1, 7] });
        assert_eq!(plans[1].targets, [5, 6]);
        assert_eq!(plans[1].context, [2, 3, 4, 7, 8, 9]);
    }

    #[test]
    fn when_every_bar_is_to_be_made_the_first_ones_hear_the_others_dry() {
        let plans = plan(&[0, 1, 2, 3, 4, 5], 6, 4);
        assert_eq!(plans[0], Plan { targets: vec![0, 1], context: vec![2, 3] });
        assert_eq!(plans[1], Plan { targets: vec![2, 3], context: vec![1] });
    }

    #[test]
    fn separate_edits_are_made_in_separate_windows() {
        let plans = plan(&[2, 9], 12, 8);
        assert_eq!(plans[0].context, [0, 1, 3, 4, 5, 6, 7]);
        assert_eq!(plans[1].targets, [9]);
    }

    #[test]
    fn what_is_still_to_be_added_is_never_heard_and_its_place_goes_to_what_can_be() {
        let plans = added(10..26, 26, 8);
        assert_eq!(plans.len(), 4);
        for (plan, first) in plans.iter().zip([10, 14, 18, 22]) {
            assert_eq!(plan.targets, [first, first + 1, first + 2, first + 3]);
            assert_eq!(plan.context, [first - 4, first - 3, first - 2, first - 1]);
        }
    }

    #[test]
    fn bars_between_two_hear_both_sides_where_both_are_in_reach() {
        assert_eq!(added(10..12, 20, 8)[0].context, [7, 8, 9, 12, 13, 14]);
        let plans = added(10..16, 20, 8);
        assert_eq!(plans[0], Plan { targets: vec![10, 11, 12], context: vec![5, 6, 7, 8, 9] });
        assert_eq!(plans[1], Plan { targets: vec![13, 14, 15], context: vec![11, 12, 16, 17, 18] });
    }

    #[test]
    fn a_single_unit_can_be_continued_for_long() {
        for window in [2, 3, 8] {
            for plan in added(1..20, 20, window) {
                assert!(!plan.context.is_empty(), "window {window}");
                assert!(plan.context.iter().all(|&unit| unit < plan.targets[0]));
            }
        }
    }
}
