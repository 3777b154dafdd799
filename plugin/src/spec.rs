//! What a musician asks of one bar, and the name by which threads, states and hosts mean the same bar.
//!
//! **Thread.** Any: plain values, no allocation but where they are serialised.

use serde::{Deserialize, Serialize};
use turnaround_core::bars::BarNumber;
use turnaround_core::time::{Beats, Metre, Samples, Tempo};
use turnaround_engine::regenerate::{HighBand, Quality, Stereo};

use crate::bar_clock::GridRevision;

/// Action parameters, as many as hosts are told of. A model set may have fewer actions; then the last ones do nothing.
pub const SLOTS: usize = 64;

/// A bar by the place where it begins on the host's timeline: the same at every pass, whatever the host rounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BarKey(i64);

impl BarKey {
    /// Parts of a beat that a key tells apart: the finest grid that hosts are known to round to.
    const PER_BEAT: f64 = 1920.0;

    /// The bar that begins here.
    pub fn new(anchor: Beats) -> Self {
        Self((anchor.get() * Self::PER_BEAT).round() as i64)
    }

    /// The key as a number, for places that can hold nothing else; see [`Self::from_raw`].
    pub fn raw(self) -> i64 {
        self.0
    }

    /// The key of a number that [`Self::raw`] gave.
    pub fn from_raw(raw: i64) -> Self {
        Self(raw)
    }
}

/// A bar as the clock found it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BarStamp {
    /// Its name.
    pub key: BarKey,
    /// Where it begins, in quarter notes.
    pub anchor: Beats,
    /// Its number, for people.
    pub number: BarNumber,
    /// Its metre.
    pub metre: Metre,
    /// The tempo it begins with.
    pub tempo: Tempo,
    /// The grid it was found on.
    pub revision: GridRevision,
    /// Its first sample on the host's timeline, where the host counts samples.
    pub position: Option<Samples>,
}

impl BarStamp {
    /// The bar that follows as long as nothing changes.
    pub fn next_key(&self) -> BarKey {
        BarKey::new(self.anchor + self.metre.beats_per_bar())
    }
}

/// What is asked of one bar: the values that the parameters had at its middle, or that were set for it in the editor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BarSpec {
    /// Whether it is to be made anew at all.
    pub regenerate: bool,
    /// What decides how it sounds: another value asks for another take.
    pub making: Making,
    /// What is done to a take while it plays: another value counts from the next pass on, and asks for nothing new.
    pub playing: Playing,
}

/// The values that a take is made with.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Making {
    /// How far each action's knob is turned up, 0 to 1. All at 0: whatever the context suggests.
    #[serde(with = "sparse")]
    pub actions: [f32; SLOTS],
    /// See [`turnaround_engine::regenerate::Settings::strength`].
    pub strength: f32,
    /// See [`turnaround_engine::regenerate::Settings::guidance`].
    pub guidance: f32,
    /// Seed of all noise.
    pub seed: u32,
    /// Bars heard besides the one that is made, as far as they were captured. The model set's window is the other limit.
    pub context_bars: u16,
    /// How much work to spend.
    pub quality: Quality,
    /// What sounds above the models' band.
    pub high_band: HighBand,
    /// Where the new sound lies between left and right.
    pub stereo: Stereo,
}

/// The values that a take is played with.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Playing {
    /// 0 is the dry bar, 1 the take.
    pub mix: f32,
    /// Gain of the take, in decibels.
    pub trim_db: f32,
}

impl Default for Making {
    fn default() -> Self {
        Self {
            actions: [0.0; SLOTS],
            strength: 1.0,
            guidance: 2.0,
            seed: 0,
            context_bars: 8,
            quality: Quality::Default,
            high_band: HighBand::Follow,
            stereo: Stereo::Follow,
        }
    }
}

impl Default for Playing {
    fn default() -> Self {
        Self { mix: 1.0, trim_db: 0.0 }
    }
}

/// Knobs in text: only those that are turned up, as pairs of slot and value.
mod sparse {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::SLOTS;

    pub fn serialize<S: Serializer>(actions: &[f32; SLOTS], serializer: S) -> Result<S::Ok, S::Error> {
        let turned: Vec<(usize, f32)> = actions.iter().copied().enumerate().filter(|(_, value)| *value != 0.0).collect();
        turned.serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[f32; SLOTS], D::Error> {
        let mut actions = [0.0; SLOTS];
        for (slot, value) in Vec::<(usize, f32)>::deserialize(deserializer)? {
            let action =
                actions.get_mut(slot).ok_or_else(|| serde::de::Error::custom(format!("there is no action slot {slot}")))?;
            *action = value;
        }
        Ok(actions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_keeps_its_key_through_a_hosts_rounding() {
        for beats in [0.0, 4.0, 10.5, 1_000.0 + 7.0 * 0.5] {
            let key = BarKey::new(Beats::new(beats));
            assert_eq!(key, BarKey::new(Beats::new(beats + 2e-4)));
            assert_eq!(key, BarKey::new(Beats::new(beats - 2e-4)));
            assert_ne!(key, BarKey::new(Beats::new(beats + 0.25)));
            assert_eq!(BarKey::from_raw(key.raw()), key);
        }
    }

    #[test]
    fn a_spec_comes_back_from_text_as_it_was() {
        let mut spec = BarSpec { regenerate: true, ..BarSpec::default() };
        spec.making.actions[63] = 0.1;
        spec.making.actions[0] = 1.0;
        spec.playing.trim_db = -0.3;
        let text = serde_json::to_string(&spec).unwrap();
        assert!(text.contains("[[0,1.0],[63,0.1]]"), "{text}");
        assert_eq!(serde_json::from_str::<BarSpec>(&text).unwrap(), spec);
    }

    #[test]
    fn a_slot_that_does_not_exist_is_refused() {
        let text = serde_json::to_string(&BarSpec::default()).unwrap().replace("\"actions\":[]", "\"actions\":[[64,1.0]]");
        assert!(serde_json::from_str::<BarSpec>(&text).unwrap_err().to_string().contains("slot 64"));
    }
}
