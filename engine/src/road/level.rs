//! The level of a new bar, kept within reach of the bar it replaces.
//!
//! An action may well change dynamics; but on music unlike that it was learned from it can be a dozen decibels off, and then says nothing
//! about dynamics any more.

/// Mean square of a bar that is silent, and no measure for what replaces it.
const SILENCE: f64 = 1e-7;

/// The factor that brings a new bar within `reach_db` decibels, 0 to infinity, of the old one, both given as mean squares; 1 where it is
/// there already, where the old bar was silent or the new one is.
pub(crate) fn gain_into_reach(old: f64, new: f64, reach_db: f64) -> f32 {
    if old < SILENCE || new <= 0.0 {
        return 1.0;
    }
    let difference_db = 10.0 * (new / old).log10();
    10f64.powf((difference_db.clamp(-reach_db, reach_db) - difference_db) / 20.0) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_within_reach_is_left_alone() {
        for difference_db in [-2.9, 0.0, 2.9f64] {
            assert_eq!(gain_into_reach(0.01, 0.01 * 10f64.powf(difference_db / 10.0), 3.0), 1.0);
        }
    }

    #[test]
    fn a_bar_out_of_reach_is_brought_to_its_edge() {
        for (difference_db, gain_db) in [(15.0, -12.0), (-12.0, 9.0)] {
            let gain = gain_into_reach(0.01, 0.01 * 10f64.powf(difference_db / 10.0), 3.0);
            assert!((20.0 * f64::from(gain).log10() - gain_db).abs() < 1e-4, "{gain} for {difference_db} dB");
        }
    }

    #[test]
    fn an_endless_reach_leaves_everything_alone() {
        assert_eq!(gain_into_reach(0.01, 10.0, f64::INFINITY), 1.0);
    }

    #[test]
    fn silence_is_no_measure_and_stays_silent() {
        assert_eq!(gain_into_reach(0.0, 0.1, 3.0), 1.0);
        assert_eq!(gain_into_reach(0.1, 0.0, 3.0), 1.0);
    }
}
