//! The tracker's preset: sizes, schedule and augmentation in one TOML file that travels with the tracker.

use std::fs;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use turnaround_core::beats::FRAMES_PER_SECOND;

use super::network::TrackerConfig;
use crate::train::run::Schedule;

/// A training of a tracker.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BeatsPreset {
    /// Name of the preset.
    pub name: String,
    /// Seed of everything random in training.
    pub seed: u64,
    /// Mel frames in an example.
    pub frames: usize,
    /// Sizes.
    pub network: TrackerConfig,
    /// Optimiser and length.
    pub schedule: Schedule,
    /// What is done to examples.
    pub augmentation: Augmentation,
}

/// How examples are changed so that few recordings stand for many.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Augmentation {
    /// Tempo is multiplied or divided by up to this; pitch stays.
    pub tempo: f64,
    /// Share of examples in 4/4 that are made into five by playing one beat of every bar twice.
    pub five_share: f64,
    /// Deviation of a smooth random curve over the bands, in decibels.
    pub equaliser_db: f32,
    /// Share of examples whose highs are cut somewhere above 1.5 kHz.
    pub low_pass_share: f64,
    /// Share of examples with hiss.
    pub hiss_share: f64,
    /// The loudest hiss, in decibels beside the mean magnitude of a band.
    pub loudest_hiss_db: f32,
}

/// The presets that come with the program.
const BUILT_IN: [(&str, &str); 2] =
    [("beats", include_str!("../../configs/beats.toml")), ("beats_tiny", include_str!("../../configs/beats_tiny.toml"))];

impl BeatsPreset {
    /// A preset by name, or from a TOML file.
    ///
    /// # Errors
    /// When there is no such preset or file, a key is unknown, or a size is impossible.
    pub fn load(name_or_path: &str) -> Result<Self> {
        let text = match BUILT_IN.iter().find(|(name, _)| *name == name_or_path) {
            Some((_, text)) => (*text).to_owned(),
            None => fs::read_to_string(name_or_path)
                .with_context(|| format!("{name_or_path} is neither a preset (beats, beats_tiny) nor a readable TOML file"))?,
        };
        let preset: Self = toml::from_str(&text).with_context(|| format!("reading preset {name_or_path}"))?;
        let network = &preset.network;
        ensure!(network.width > 0 && network.expansion > 0, "width and expansion must be above 0");
        ensure!(!network.dilations.is_empty() && !network.dilations.contains(&0), "dilations must be above 0, and at least one");
        ensure!(preset.frames >= 4 * FRAMES_PER_SECOND, "an example must last at least 4 s, so frames must be at least 200");
        ensure!((1.0..2.0).contains(&preset.augmentation.tempo), "augmentation.tempo must lie between 1 and 2");
        Ok(preset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_that_come_along_are_valid_and_unknown_keys_are_refused() {
        for (name, _) in BUILT_IN {
            assert_eq!(BeatsPreset::load(name).expect("it is built in").name, name);
        }
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("odd.toml");
        fs::write(&path, BUILT_IN[0].1.replace("[network]", "[network]\nheads = 3")).expect("it is written");
        let refused = BeatsPreset::load(&path.display().to_string()).expect_err("heads is no key");
        assert!(format!("{refused:#}").contains("heads"));
    }
}
