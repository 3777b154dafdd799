//! What recordings suffer, done to clean music on purpose and written down: the labels of the quality filter, and variety for corpora.
//!
//! Everything works on mono audio at 16 kHz, -1..1, and follows from a seed alone. What [`random`] does keeps the length and leaves
//! every beat where its table says, to 2 ms; what [`break_music`] does breaks the music itself and is for labels only, never for audio
//! that models of music learn from.

use serde::{Deserialize, Serialize};

mod band;
mod biquad;
mod chain;
mod clip;
mod codec;
mod convolve;
mod crackle;
mod noise;
mod power;
mod reverb;
mod structure;
mod wow;

pub use band::{low_cut, low_pass};
pub use chain::{ALONE, Chain, alone, random, random_in};
pub use clip::clip;
pub use codec::codec;
pub use crackle::crackle;
pub use noise::{hiss, hum};
pub use reverb::reverb;
pub use structure::{STRUCTURAL, break_music, break_with};
pub use wow::{LARGEST_DRIFT_S, wow};

/// Samples per second of everything here.
pub(crate) const HZ: f64 = 16_000.0;

/// What was done to a recording. Which of the measures are there depends on the kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Degradation {
    /// What was done.
    pub kind: Kind,
    /// How bad it is, from 0, not to be heard, to 1, the worst that this kind does here. Kinds are not comparable with each other.
    pub severity: f32,
    /// Energy of the music over that of what was added to it, in decibels; of reverberation, direct over reverberant sound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snr_db: Option<f32>,
    /// The highest frequency that is left, in hertz; of [`Kind::LowCut`] the lowest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bandwidth_hz: Option<f32>,
    /// The time whose recordings sound so; `None` for what no machine did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub era: Option<Era>,
}

impl Degradation {
    /// A degradation of which only kind and severity are known; severity is brought to 0..1.
    fn new(kind: Kind, severity: f64) -> Self {
        Self { kind, severity: severity.clamp(0.0, 1.0) as f32, snr_db: None, bandwidth_hz: None, era: None }
    }

    fn with_snr(self, snr_db: f64) -> Self {
        Self { snr_db: snr_db.is_finite().then_some(snr_db as f32), ..self }
    }

    fn with_bandwidth(self, hz: f64) -> Self {
        Self { bandwidth_hz: Some(hz as f32), ..self }
    }

    fn of_era(self, era: Era) -> Self {
        Self { era: Some(era), ..self }
    }
}

/// What can be done to a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Nothing above a frequency.
    LowPass,
    /// Little below a frequency.
    LowCut,
    /// Broadband noise of tape and amplifiers.
    Hiss,
    /// The surface of a shellac record.
    Crackle,
    /// Speed that sways, slowly (wow) and quickly (flutter). Zero on average: no moment moves by more than 2 ms, so bar tables hold.
    Wow,
    /// Peaks cut off.
    Clipping,
    /// Mains hum with its harmonics.
    Hum,
    /// More room than music.
    Reverb,
    /// Coded at a low rate, as by MP3.
    Codec,
    /// Grains of 250 ms out of order.
    GrainShuffle,
    /// Beats left out.
    BeatCut,
    /// Beats heard twice.
    BeatRepeat,
    /// Every beat stretched by another factor, as by a wrong tempo map.
    TempoMap,
}

impl Kind {
    /// Whether the music itself is broken, and not only how it is heard.
    pub fn is_structural(self) -> bool {
        matches!(self, Kind::GrainShuffle | Kind::BeatCut | Kind::BeatRepeat | Kind::TempoMap)
    }
}

/// Times whose recordings have a sound of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Era {
    /// Shellac records, about 1920 to 1949.
    Shellac,
    /// Early tape and long-playing records, about 1950 to 1965.
    EarlyTape,
    /// Later, digital faults included.
    Modern,
}

#[cfg(test)]
mod tests;
