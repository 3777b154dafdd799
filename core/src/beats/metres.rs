//! Metres as a tracker knows them: how many beats are felt in a bar, and which metre a number of felt beats is called.
//!
//! Everywhere else a beat is a quarter note. Here, and in what is told of tracking, a beat is what a foot taps: the note that the metre
//! counts (3/4, 4/4 and 5/4 have 3, 4 and 5), but in compound metres three of those notes (6/8 and 12/8 have 2 and 4).

use crate::time::{Beats, Metre};

/// Most beats a bar may have for the tracker.
pub const MOST_BEATS: usize = 12;

/// Beats felt in a bar that are tried when no metre is asked for, each with what it must be better by than four, in nats. Two are rare and
/// easily taken for half a bar of four; five are rare.
pub(super) const TRIED: [(usize, f32); 4] = [(4, 0.0), (3, 2.0), (5, 6.0), (2, 6.0)];

/// Beats felt in a bar.
pub fn felt_beats(metre: Metre) -> usize {
    let notes = usize::from(metre.numerator());
    if is_compound(metre) { notes / 3 } else { notes }
}

/// Whether a metre's beats are divided by three: 6/8, 9/8, 12/8 and the like.
pub fn is_compound(metre: Metre) -> bool {
    metre.denominator() >= 8 && metre.numerator() > 3 && metre.numerator().is_multiple_of(3)
}

/// How long a felt beat lasts in quarter notes.
pub fn quarters_per_felt_beat(metre: Metre) -> Beats {
    metre.beats_per_bar() * (1.0 / felt_beats(metre) as f64)
}

/// The metre that a number of felt beats is called.
///
/// # Panics
/// If there are none or more than [`MOST_BEATS`].
pub fn metre_of(felt_beats: usize, is_compound: bool) -> Metre {
    assert!((1..=MOST_BEATS).contains(&felt_beats), "a tracked bar has 1 to {MOST_BEATS} beats");
    let notes = felt_beats as u16;
    let metre = if is_compound && felt_beats > 1 { Metre::new(3 * notes, 8) } else { Metre::new(notes, 4) };
    metre.expect("so few notes make a bar")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metres_have_the_beats_a_foot_taps_and_go_there_and_back() {
        for (text, felt, quarters) in [
            ("3/4", 3, 1.0),
            ("4/4", 4, 1.0),
            ("5/4", 5, 1.0),
            ("6/8", 2, 1.5),
            ("12/8", 4, 1.5),
            ("7/8", 7, 0.5),
            ("3/8", 3, 0.5),
        ] {
            let metre: Metre = text.parse().unwrap();
            assert_eq!((felt_beats(metre), quarters_per_felt_beat(metre).get()), (felt, quarters), "{text}");
            if metre.denominator() == 4 || is_compound(metre) {
                assert_eq!(metre_of(felt, is_compound(metre)), metre);
            }
        }
    }
}
