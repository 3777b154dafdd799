//! What of a bar can be put into words: sixteen low-level audio descriptors, each with the word for more of it and the word for less.
//!
//! They are how an action is named, how words find an action, and how an edit is scored; no network is ever trained on them. The name is
//! the one that MPEG-7 and the music libraries use for numbers of this kind.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// One thing that can be heard and measured of a bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Descriptor {
    /// Level, in decibels.
    Loudness,
    /// Where the middle of the spectrum lies, in octaves.
    Brightness,
    /// How near the spectrum is to that of noise, in decibels of flatness.
    Noisiness,
    /// Energy below 250 Hz beside all energy, in decibels.
    Bass,
    /// Energy from 250 Hz to 2 kHz beside all energy, in decibels.
    Middle,
    /// Energy above 4 kHz beside all energy, in decibels.
    Top,
    /// Onsets a second.
    Density,
    /// Onsets a second below 250 Hz.
    BassDensity,
    /// Onsets a second above 4 kHz.
    TopDensity,
    /// Energy of what is short and wide in frequency beside what is long and narrow, in decibels.
    Punch,
    /// Mean height of what has a pitch, in semitones.
    Register,
    /// Pitch classes that share the energy evenly, 1 to 12.
    Richness,
    /// How much the pitch classes change within the bar, 0 to 1.
    Movement,
    /// Share of the attack that falls between the beats, 0 to 1.
    Syncopation,
    /// Level of the second half over that of the first, in decibels.
    Swell,
    /// How near the level stays to its peak, in decibels, at most 0.
    Sustain,
}

/// How far a bar lies from another, descriptor by descriptor, in standard deviations of real bars.
pub type Effect = BTreeMap<Descriptor, f32>;

impl Descriptor {
    /// All, in the order of tables.
    pub const ALL: [Descriptor; 16] = [
        Descriptor::Loudness,
        Descriptor::Brightness,
        Descriptor::Noisiness,
        Descriptor::Bass,
        Descriptor::Middle,
        Descriptor::Top,
        Descriptor::Density,
        Descriptor::BassDensity,
        Descriptor::TopDensity,
        Descriptor::Punch,
        Descriptor::Register,
        Descriptor::Richness,
        Descriptor::Movement,
        Descriptor::Syncopation,
        Descriptor::Swell,
        Descriptor::Sustain,
    ];

    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Descriptor::Loudness => "loudness",
            Descriptor::Brightness => "brightness",
            Descriptor::Noisiness => "noisiness",
            Descriptor::Bass => "bass",
            Descriptor::Middle => "middle",
            Descriptor::Top => "top",
            Descriptor::Density => "density",
            Descriptor::BassDensity => "bass density",
            Descriptor::TopDensity => "top density",
            Descriptor::Punch => "punch",
            Descriptor::Register => "register",
            Descriptor::Richness => "richness",
            Descriptor::Movement => "movement",
            Descriptor::Syncopation => "syncopation",
            Descriptor::Swell => "swell",
            Descriptor::Sustain => "sustain",
        }
    }

    /// What a musician calls a bar with more of it.
    pub fn more(self) -> &'static str {
        match self {
            Descriptor::Loudness => "louder",
            Descriptor::Brightness => "brighter",
            Descriptor::Noisiness => "noisier",
            Descriptor::Bass => "more bass",
            Descriptor::Middle => "fuller middle",
            Descriptor::Top => "more top",
            Descriptor::Density => "busier",
            Descriptor::BassDensity => "busier bass",
            Descriptor::TopDensity => "busier cymbals",
            Descriptor::Punch => "punchier",
            Descriptor::Register => "higher",
            Descriptor::Richness => "richer chords",
            Descriptor::Movement => "more movement",
            Descriptor::Syncopation => "off the beat",
            Descriptor::Swell => "swelling",
            Descriptor::Sustain => "more sustained",
        }
    }

    /// What a musician calls a bar with less of it.
    pub fn less(self) -> &'static str {
        match self {
            Descriptor::Loudness => "softer",
            Descriptor::Brightness => "darker",
            Descriptor::Noisiness => "clearer",
            Descriptor::Bass => "less bass",
            Descriptor::Middle => "thinner middle",
            Descriptor::Top => "less top",
            Descriptor::Density => "sparser",
            Descriptor::BassDensity => "calmer bass",
            Descriptor::TopDensity => "calmer cymbals",
            Descriptor::Punch => "smoother",
            Descriptor::Register => "lower",
            Descriptor::Richness => "plainer chords",
            Descriptor::Movement => "less movement",
            Descriptor::Syncopation => "on the beat",
            Descriptor::Swell => "fading",
            Descriptor::Sustain => "choppier",
        }
    }

    /// The word for more of it above 0, and that for less below.
    pub fn word(self, change: f32) -> &'static str {
        if change < 0.0 { self.less() } else { self.more() }
    }
}

impl fmt::Display for Descriptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_descriptors_share_a_word() {
        let words: BTreeSet<&str> = Descriptor::ALL.iter().flat_map(|d| [d.more(), d.less()]).collect();
        assert_eq!(words.len(), 2 * Descriptor::ALL.len());
        assert_eq!(Descriptor::Density.word(-0.1), "sparser");
        assert_eq!(Descriptor::Density.word(0.1), "busier");
    }

    #[test]
    fn a_descriptor_is_written_as_its_name() {
        for descriptor in Descriptor::ALL {
            let written = serde_json::to_string(&descriptor).expect("a name");
            assert_eq!(written, format!("\"{}\"", descriptor.name().replace(' ', "_")));
        }
    }
}
