//! How well beats that were found fit beats that are known.
//!
//! Source: the F-measure of `mir_eval.beat` (Raffel et al., ISMIR 2014): beats in the first 5 s are left out, found and known alike; a
//! found beat hits a known one within 70 ms, the ends included; each beat hits at most once, in the matching that hits most.

/// Beats before this time count neither way, in seconds.
pub const TRIMMED_S: f64 = 5.0;

/// How far a hit may lie beside a beat, in seconds.
pub const WINDOW_S: f64 = 0.07;

/// The F-measure of found times against known ones, both in order, in seconds: 1 if all are hit and nothing else is found.
///
/// Where neither holds a beat after [`TRIMMED_S`] it is 0, as in the reference.
pub fn f_measure(found: &[f64], known: &[f64]) -> f64 {
    let (found, known) = (trimmed(found), trimmed(known));
    if found.is_empty() || known.is_empty() {
        return 0.0;
    }
    let hits = hits(found, known) as f64;
    2.0 * hits / (found.len() + known.len()) as f64
}

/// Times from [`TRIMMED_S`] on.
pub fn trimmed(times: &[f64]) -> &[f64] {
    &times[times.partition_point(|&time| time < TRIMMED_S)..]
}

/// The size of the largest one-to-one matching within the window. On a line, taking the earliest beat that fits is best.
fn hits(found: &[f64], known: &[f64]) -> usize {
    let (mut next, mut hits) = (0, 0);
    for &time in known {
        while found.get(next).is_some_and(|&found| found < time - WINDOW_S - 1e-9) {
            next += 1;
        }
        if found.get(next).is_some_and(|&found| found <= time + WINDOW_S + 1e-9) {
            hits += 1;
            next += 1;
        }
    }
    hits
}

/// How the tempo that was found relates to the one that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TempoError {
    /// Within 4 %.
    None,
    /// Twice as fast, within 4 %.
    Doubled,
    /// Half as fast, within 4 %.
    Halved,
    /// Anything else.
    Other,
}

impl TempoError {
    /// The relation of two tempi, or of none found.
    pub fn of(found: Option<f64>, known: f64) -> Self {
        let is_near = |factor: f64| found.is_some_and(|found| (found / (factor * known) - 1.0).abs() <= 0.04);
        match () {
            () if is_near(1.0) => Self::None,
            () if is_near(2.0) => Self::Doubled,
            () if is_near(0.5) => Self::Halved,
            () => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_cases_are_as_counted_by_hand() {
        let known = [5.0, 6.0, 7.0, 8.0];
        for (found, expected) in [
            (vec![5.0, 6.0, 7.0, 8.0], 1.0),
            // The window's end counts, just beyond it does not.
            (vec![5.07, 6.07, 7.0, 8.0], 1.0),
            (vec![5.071, 6.0, 7.0, 8.0], 6.0 / 8.0),
            // Twice as many: all hit, half the found ones in vain.
            (vec![5.0, 5.5, 6.0, 6.5, 7.0, 7.5, 8.0, 8.5], 8.0 / 12.0),
            (vec![5.0, 7.0], 4.0 / 6.0),
            // Two near one beat: one of them hits.
            (vec![5.98, 6.02], 2.0 / 6.0),
            (vec![5.5, 6.5, 7.5], 0.0),
            (vec![], 0.0),
        ] {
            let f = f_measure(&found, &known);
            assert!((f - expected).abs() < 1e-12, "{found:?}: {f}, not {expected}");
        }
    }

    #[test]
    fn the_first_five_seconds_count_neither_way() {
        assert_eq!(f_measure(&[0.1, 0.2, 4.99, 5.0], &[1.0, 2.0, 5.0]), 1.0);
        assert_eq!(f_measure(&[1.0, 2.0], &[1.0, 2.0]), 0.0);
    }

    #[test]
    fn the_matching_is_the_largest() {
        // The nearest to 6.00 is 6.05, but then 6.10 would go without.
        assert_eq!(f_measure(&[5.95, 6.05], &[6.0, 6.1]), 1.0);
    }

    #[test]
    fn tempi_an_octave_off_are_told_apart_from_wrong_ones() {
        for (found, error) in [
            (Some(121.0), TempoError::None),
            (Some(240.0), TempoError::Doubled),
            (Some(61.0), TempoError::Halved),
            (Some(80.0), TempoError::Other),
            (None, TempoError::Other),
        ] {
            assert_eq!(TempoError::of(found, 120.0), error);
        }
    }
}
