//! Which units are made together, and which ones around them they hear.

/// One window of the dynamics: units made together and the units they hear, all by index, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub targets: Vec<usize>,
    pub context: Vec<usize>,
}

/// Splits the target units, in order, into windows of at most `window` units.
///
/// At most half a window is made at once, so that the other half can be heard. A window lies around its targets as evenly as the piece
/// allows. Targets still to be made are no context, except where nothing else is in reach: then their dry form is. An empty context
/// means there is nothing but the targets themselves.
pub(crate) fn plan(targets: &[usize], units: usize, window: usize) -> Vec<Plan> {
    let most = (window / 2).max(1);
    let mut plans = Vec::new();
    let mut made = 0;
    for run in runs(targets) {
        // Pieces of nearly equal length: five are made as three and two, not four and one.
        let pieces = run.len().div_ceil(most);
        for piece in run.chunks(run.len().div_ceil(pieces)) {
            plans.push(Plan { targets: piece.to_vec(), context: hear(piece, &targets[made..], units, window) });
            made += piece.len();
        }
    }
    plans
}

/// Consecutive targets.
fn runs(targets: &[usize]) -> impl Iterator<Item = &[usize]> {
    targets.chunk_by(|a, b| a + 1 == *b)
}

fn hear(piece: &[usize], still_to_make: &[usize], units: usize, window: usize) -> Vec<usize> {
    let (first, last) = (piece[0], piece[piece.len() - 1]);
    let room = window.saturating_sub(piece.len());
    let (before, after) = (first, units - 1 - last);
    let taken_before = before.min((room / 2).max(room.saturating_sub(after)));
    let taken_after = after.min(room - taken_before);
    let span = || (first - taken_before..first).chain(last + 1..=last + taken_after);
    let heard: Vec<usize> = span().filter(|unit| !still_to_make.contains(unit)).collect();
    if heard.is_empty() { span().collect() } else { heard }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
