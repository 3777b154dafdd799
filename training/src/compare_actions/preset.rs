//! Presets of latent action models.

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use crate::networks::actions::ActionConfig;
use crate::networks::codes::CodeConfig;
use crate::preset::with_all_bases;
use crate::train::run::Schedule;

/// A latent action model and how it is trained.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActionsPreset {
    /// Name of the preset, and of its run's folder.
    pub name: String,
    /// Seed of everything random in training.
    pub seed: u64,
    /// Optimiser; steps follow from the operations that are allowed.
    pub schedule: Schedule,
    /// Sizes.
    pub network: Network,
}

/// The kinds of models.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Network {
    /// Weights over a table.
    Style(ActionConfig),
    /// Whole numbers.
    Codes(CodeConfig),
}

/// The presets that come with the program.
pub const BUILT_IN: [(&str, &str); 16] = [
    ("style_64", include_str!("../../configs/actions/style_64.toml")),
    ("style_64_blurred", include_str!("../../configs/actions/style_64_blurred.toml")),
    ("style_64_instruments", include_str!("../../configs/actions/style_64_instruments.toml")),
    ("style_256", include_str!("../../configs/actions/style_256.toml")),
    ("style_128_top_10", include_str!("../../configs/actions/style_128_top_10.toml")),
    ("style_1024_two_bars", include_str!("../../configs/actions/style_1024_two_bars.toml")),
    ("style_256_heads", include_str!("../../configs/actions/style_256_heads.toml")),
    ("style_256_pooled_late", include_str!("../../configs/actions/style_256_pooled_late.toml")),
    ("codes_8", include_str!("../../configs/actions/codes_8.toml")),
    ("codes_64", include_str!("../../configs/actions/codes_64.toml")),
    ("codes_3x64", include_str!("../../configs/actions/codes_3x64.toml")),
    ("codes_64_of_six", include_str!("../../configs/actions/codes_64_of_six.toml")),
    ("codes_3x64_of_six", include_str!("../../configs/actions/codes_3x64_of_six.toml")),
    ("codes_3x64_apart", include_str!("../../configs/actions/codes_3x64_apart.toml")),
    ("codes_3x64_no_difference", include_str!("../../configs/actions/codes_3x64_no_difference.toml")),
    ("codes_3x64_two_bars", include_str!("../../configs/actions/codes_3x64_two_bars.toml")),
];

impl ActionsPreset {
    /// A preset by name, or from a TOML file.
    ///
    /// # Errors
    /// When there is no such preset or file, a key is unknown, or sizes contradict each other.
    pub fn load(name_or_path: &str) -> Result<Self> {
        let table = with_all_bases(name_or_path, &BUILT_IN)?;
        let preset: Self = table.try_into().with_context(|| format!("reading preset {name_or_path}"))?;
        match &preset.network {
            Network::Style(config) => {
                ensure!((1..=2).contains(&config.heard_bars), "heard_bars must be 1 or 2");
                ensure!(config.active <= config.actions, "no more actions can be active than there are");
                ensure!((0.0..1.0).contains(&config.heard_noise), "heard_noise must be from 0 to less than 1");
                ensure!(config.width.is_multiple_of(config.choosing_heads), "width must be a multiple of choosing_heads");
            }
            Network::Codes(config) => {
                ensure!((2..=super::WINDOW).contains(&config.bars), "bars must be 2 to {}", super::WINDOW);
                let quantiser = &config.quantiser;
                ensure!(quantiser.stages >= 1 && !quantiser.levels.is_empty(), "a quantiser needs a stage and a number");
                ensure!(quantiser.levels.iter().all(|&levels| levels >= 2), "a number needs two levels at least");
            }
        }
        Ok(preset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_that_comes_along_is_whole_and_has_its_own_name() {
        for (name, _) in BUILT_IN {
            let preset = ActionsPreset::load(name).unwrap_or_else(|error| panic!("{name}: {error:#}"));
            assert_eq!(preset.name, name);
        }
    }
}
