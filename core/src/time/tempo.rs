//! The tempo: how beats become seconds.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Beats, Seconds};

/// Quarter notes per minute, from 10 to 1000, whatever note the metre counts.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(into = "f64", try_from = "f64")]
pub struct Tempo(f64);

/// Why a tempo was refused.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum TempoError {
    /// Not a number, or no tempo anybody plays.
    #[error("a tempo must lie between {} and {} quarter notes per minute, but is {bpm}", Tempo::SLOWEST, Tempo::FASTEST)]
    OutOfRange {
        /// The tempo asked for.
        bpm: f64,
    },
}

impl Tempo {
    /// The slowest tempo accepted, in quarter notes per minute.
    pub const SLOWEST: f64 = 10.0;

    /// The fastest tempo accepted, in quarter notes per minute.
    pub const FASTEST: f64 = 1000.0;

    /// This many quarter notes per minute.
    ///
    /// # Errors
    /// [`TempoError::OutOfRange`] outside [`Self::SLOWEST`]`..=`[`Self::FASTEST`] or for a value that is not a number.
    pub fn new(bpm: f64) -> Result<Self, TempoError> {
        if (Self::SLOWEST..=Self::FASTEST).contains(&bpm) { Ok(Self(bpm)) } else { Err(TempoError::OutOfRange { bpm }) }
    }

    /// Quarter notes per minute.
    pub fn bpm(self) -> f64 {
        self.0
    }

    /// How long this many beats last.
    pub fn seconds_from(self, beats: Beats) -> Seconds {
        Seconds::new(beats.get() * 60.0 / self.0)
    }

    /// How many beats this time holds.
    pub fn beats_from(self, time: Seconds) -> Beats {
        Beats::new(time.get() * self.0 / 60.0)
    }

    /// The even tempo at which this many beats last this long, kept inside the accepted range.
    pub fn mean(beats: Beats, duration: Seconds) -> Self {
        Self((beats.get() * 60.0 / duration.get()).clamp(Self::SLOWEST, Self::FASTEST))
    }
}

impl fmt::Display for Tempo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bpm", self.0)
    }
}

impl From<Tempo> for f64 {
    fn from(tempo: Tempo) -> f64 {
        tempo.0
    }
}

impl TryFrom<f64> for Tempo {
    type Error = TempoError;

    fn try_from(bpm: f64) -> Result<Self, TempoError> {
        Self::new(bpm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beat_at_a_hundred_and_twenty_lasts_half_a_second() {
        let tempo = Tempo::new(120.0).unwrap();
        assert_eq!(tempo.seconds_from(Beats::new(1.0)), Seconds::new(0.5));
        assert_eq!(tempo.beats_from(Seconds::new(2.0)), Beats::new(4.0));
    }

    #[test]
    fn impossible_tempi_are_refused_also_from_json() {
        for bpm in [0.0, -120.0, 9.999, 1000.001, f64::NAN, f64::INFINITY] {
            assert!(Tempo::new(bpm).is_err(), "{bpm}");
        }
        let refused = Tempo::new(5.0).unwrap_err();
        assert_eq!(refused.to_string(), "a tempo must lie between 10 and 1000 quarter notes per minute, but is 5");
        assert!(serde_json::from_str::<Tempo>("0").is_err());
        assert_eq!(serde_json::from_str::<Tempo>("61.7").unwrap().bpm(), 61.7);
    }
}
