//! Whether two lists of moments tell of the same events: the F-measure with a tolerance, as in mir_eval.

use turnaround_core::time::Seconds;

/// How far apart two onsets may be and still be one.
pub const ONSET_TOLERANCE: Seconds = Seconds::new(0.050);

/// The same for beats.
pub const BEAT_TOLERANCE: Seconds = Seconds::new(0.070);

/// Twice the matched pairs over all events of both lists: 1 when each has its partner within `tolerance`, 0 when none has. Nothing when
/// both are empty. Both lists ascend; an event has at most one partner.
pub fn f_measure(expected: &[Seconds], found: &[Seconds], tolerance: Seconds) -> Option<f64> {
    let total = expected.len() + found.len();
    (total > 0).then(|| 2.0 * matches(expected, found, tolerance) as f64 / total as f64)
}

/// The largest number of pairs. On a line the earliest free partner is always a best one.
fn matches(expected: &[Seconds], found: &[Seconds], tolerance: Seconds) -> usize {
    let (mut next, mut count) = (0, 0);
    for &moment in expected {
        while next < found.len() && moment - found[next] > tolerance {
            next += 1;
        }
        if next < found.len() && found[next] - moment <= tolerance {
            count += 1;
            next += 1;
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    fn f(expected: &[f64], found: &[f64]) -> Option<f64> {
        let seconds = |moments: &[f64]| moments.iter().map(|s| Seconds::new(*s)).collect::<Vec<_>>();
        f_measure(&seconds(expected), &seconds(found), ONSET_TOLERANCE)
    }

    #[test]
    fn events_within_the_tolerance_are_one() {
        assert_eq!(f(&[0.5, 1.0], &[0.5, 1.0]), Some(1.0));
        assert_eq!(f(&[0.5, 1.0], &[0.54, 0.96]), Some(1.0));
        assert_eq!(f(&[0.5, 1.0], &[0.56, 1.06]), Some(0.0));
        assert_eq!(f(&[], &[0.5]), Some(0.0));
        assert_eq!(f(&[], &[]), None);
    }

    #[test]
    fn missed_and_invented_events_both_cost() {
        assert_eq!(f(&[1.0, 2.0], &[1.0]), Some(2.0 / 3.0));
        assert_eq!(f(&[1.0], &[1.0, 2.0]), Some(2.0 / 3.0));
    }

    #[test]
    fn an_event_has_one_partner() {
        assert_eq!(f(&[1.0], &[0.99, 1.01]), Some(2.0 / 3.0));
        // The first takes the early partner, and leaves the other to the second.
        assert_eq!(f(&[1.0, 1.04], &[0.98, 1.03]), Some(1.0));
        assert_eq!(f(&[1.0, 1.04], &[1.02, 1.08]), Some(1.0));
    }
}
