//! Presets of ways to build the dynamics.

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use crate::networks::action_map::ActionMapConfig;
use crate::networks::dynamics::DynamicsConfig;
use crate::preset::with_all_bases;
use crate::train::dynamics::Forcing;
use crate::train::run::Schedule;

/// What the dynamics is told of a bar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// The vector of the knobs' table.
    #[default]
    Table,
    /// That vector through a map to a richer table.
    Mapped,
    /// The richer table's own vector: more than any knob can say.
    Richer,
    /// The vector of a few codes.
    Codes,
}

/// How the map to a richer table is fitted.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MapFit {
    /// Sizes.
    pub network: ActionMapConfig,
    /// Optimiser and length, apart from the operations that are allowed.
    pub schedule: Schedule,
}

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
    /// What the dynamics is told.
    #[serde(default)]
    pub told: Told,
    /// The map, where it is told mapped vectors and nowhere else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub map: Option<MapFit>,
    /// What happens to windows.
    #[serde(default)]
    pub forcing: Forcing,
    /// Optimiser; steps follow from the operations that are allowed.
    pub schedule: Schedule,
}

/// The presets that come with the program.
pub const BUILT_IN: [(&str, &str); 8] = [
    ("adaptive", include_str!("../../configs/dynamics/adaptive.toml")),
    ("cross", include_str!("../../configs/dynamics/cross.toml")),
    ("concatenated", include_str!("../../configs/dynamics/concatenated.toml")),
    ("partial", include_str!("../../configs/dynamics/partial.toml")),
    ("unordered", include_str!("../../configs/dynamics/unordered.toml")),
    ("mapped", include_str!("../../configs/dynamics/mapped.toml")),
    ("richer", include_str!("../../configs/dynamics/richer.toml")),
    ("codes", include_str!("../../configs/dynamics/codes.toml")),
];

impl DynamicsPreset {
    /// A preset by name, or from a TOML file.
    ///
    /// # Errors
    /// When there is no such preset or file, a key is unknown, the windows are too short to have a bar between others, or there is a map and
    /// nothing mapped, or the other way round.
    pub fn load(name_or_path: &str) -> Result<Self> {
        let table = with_all_bases(name_or_path, &BUILT_IN)?;
        let preset: Self = table.try_into().with_context(|| format!("reading preset {name_or_path}"))?;
        ensure!(preset.network.window_bars >= 3, "a window needs three bars at least");
        ensure!((preset.told == Told::Mapped) == preset.map.is_some(), "[map] belongs to told = \"mapped\", and to nothing else");
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
