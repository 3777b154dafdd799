//! Presets of ways to build the dynamics.

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use crate::networks::dynamics::DynamicsConfig;
use crate::preset::with_all_bases;
use crate::train::dynamics::Forcing;
use crate::train::run::Schedule;

/// A way to build the dynamics, and how it is trained.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DynamicsPreset {
    /// Name of the preset, and of its run's folder.
    pub name: String,
    /// Seed of everything random in training.
    pub seed: u64,
    /// Sizes.
    pub network: DynamicsConfig,
    /// What happens to windows.
    #[serde(default)]
    pub forcing: Forcing,
    /// Optimiser; steps follow from the operations that are allowed.
    pub schedule: Schedule,
}

/// The presets that come with the program.
pub const BUILT_IN: [(&str, &str); 5] = [
    ("adaptive", include_str!("../../configs/dynamics/adaptive.toml")),
    ("cross", include_str!("../../configs/dynamics/cross.toml")),
    ("concatenated", include_str!("../../configs/dynamics/concatenated.toml")),
    ("partial", include_str!("../../configs/dynamics/partial.toml")),
    ("unordered", include_str!("../../configs/dynamics/unordered.toml")),
];

impl DynamicsPreset {
    /// A preset by name, or from a TOML file.
    ///
    /// # Errors
    /// When there is no such preset or file, a key is unknown, or the windows are too short to have a bar between others.
    pub fn load(name_or_path: &str) -> Result<Self> {
        let table = with_all_bases(name_or_path, &BUILT_IN)?;
        let preset: Self = table.try_into().with_context(|| format!("reading preset {name_or_path}"))?;
        ensure!(preset.network.window_bars >= 3, "a window needs three bars at least");
        Ok(preset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_that_comes_along_is_whole_and_has_its_own_name() {
        for (name, _) in BUILT_IN {
            let preset = DynamicsPreset::load(name).unwrap_or_else(|error| panic!("{name}: {error:#}"));
            assert_eq!(preset.name, name);
        }
    }
}
