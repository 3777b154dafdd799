//! The sample rate: how seconds become samples.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Samples, Seconds};

/// Samples per second and channel, from 8 000 to 768 000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "u32", try_from = "u32")]
pub struct SampleRate(u32);

/// Why a sample rate was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RateError {
    /// Slower than speech or faster than any converter.
    #[error("a sample rate must lie between {} and {} Hz, but is {hz} Hz", SampleRate::LOWEST, SampleRate::HIGHEST)]
    OutOfRange {
        /// The rate asked for.
        hz: u32,
    },
}

impl SampleRate {
    /// The rate at which the models hear and write: 16 kHz.
    pub const MODEL: SampleRate = SampleRate(16_000);

    /// The lowest rate accepted, in hertz.
    pub const LOWEST: u32 = 8_000;

    /// The highest rate accepted, in hertz.
    pub const HIGHEST: u32 = 768_000;

    /// This many samples per second.
    ///
    /// # Errors
    /// [`RateError::OutOfRange`] outside [`Self::LOWEST`]`..=`[`Self::HIGHEST`]; convert the recording first.
    pub fn new(hz: u32) -> Result<Self, RateError> {
        if (Self::LOWEST..=Self::HIGHEST).contains(&hz) { Ok(Self(hz)) } else { Err(RateError::OutOfRange { hz }) }
    }

    /// Samples per second.
    pub const fn hz(self) -> u32 {
        self.0
    }

    /// The sample nearest to a time. One time gives one sample, so stretches that share a time share the sample.
    pub fn samples_from(self, time: Seconds) -> Samples {
        Samples::new((time.get() * f64::from(self.0)).round() as i64)
    }

    /// The time of a sample.
    pub fn seconds_from(self, position: Samples) -> Seconds {
        Seconds::new(position.get() as f64 / f64::from(self.0))
    }
}

impl fmt::Display for SampleRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} Hz", self.0)
    }
}

impl From<SampleRate> for u32 {
    fn from(rate: SampleRate) -> u32 {
        rate.0
    }
}

impl TryFrom<u32> for SampleRate {
    type Error = RateError;

    fn try_from(hz: u32) -> Result<Self, RateError> {
        Self::new(hz)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_and_seconds_are_inverse_at_every_rate() {
        for hz in [8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 88_200, 96_000, 192_000, 768_000] {
            let rate = SampleRate::new(hz).unwrap();
            for position in [0, 1, 2, 3, 441, 47_999, 1_234_567, 3_000_000_000, -5] {
                let position = Samples::new(position);
                assert_eq!(rate.samples_from(rate.seconds_from(position)), position, "{position} at {rate}");
            }
        }
    }

    #[test]
    fn a_time_goes_to_the_nearest_sample() {
        let rate = SampleRate::new(8_000).unwrap();
        assert_eq!(rate.samples_from(Seconds::new(1.000_06)), Samples::new(8_000));
        assert_eq!(rate.samples_from(Seconds::new(1.000_07)), Samples::new(8_001));
    }

    #[test]
    fn impossible_rates_are_refused_also_from_json() {
        let refused = SampleRate::new(7_999).unwrap_err();
        assert_eq!(refused.to_string(), "a sample rate must lie between 8000 and 768000 Hz, but is 7999 Hz");
        assert!(SampleRate::new(768_001).is_err());
        assert!(serde_json::from_str::<SampleRate>("0").is_err());
        assert_eq!(serde_json::from_str::<SampleRate>("16000").unwrap(), SampleRate::MODEL);
    }
}
