//! Presets: every size and schedule of a training, in one TOML file that travels with the checkpoint and into the manifest.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use turnaround_core::contract::Sizes;

use crate::networks::actions::ActionConfig;
use crate::networks::adapter::AdapterConfig;
use crate::networks::dynamics::DynamicsConfig;
use crate::networks::tokenizer::{FRAMES_PER_TOKEN, TokenizerConfig};
use crate::train::run::Schedule;

/// A network and how it is trained.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage<N> {
    /// Sizes.
    pub network: N,
    /// Optimiser and length.
    pub schedule: Schedule,
}

/// A whole training.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    /// Name of the preset and, unless told otherwise, of the set it makes.
    pub name: String,
    /// What a set of this preset cannot do, in words, for its card.
    pub limits: String,
    /// Seed of everything random in training.
    pub seed: u64,
    /// Frames in a stretch the tokenizer trains on.
    pub stretch_frames: usize,
    /// Tokens of surrounding sound on each side of a unit.
    pub margin_tokens: usize,
    /// The diffusion tokenizer.
    pub tokenizer: Stage<TokenizerConfig>,
    /// The bar adapter.
    pub adapter: Stage<AdapterConfig>,
    /// Continuous latent actions.
    pub actions: Stage<ActionConfig>,
    /// The dynamics.
    pub dynamics: Stage<DynamicsConfig>,
}

/// The presets that come with the program.
const BUILT_IN: [(&str, &str); 2] =
    [("tiny", include_str!("../configs/tiny.toml")), ("small", include_str!("../configs/small.toml"))];

impl Preset {
    /// A preset by name, or from a TOML file.
    ///
    /// # Errors
    /// When there is no such preset or file, a key is unknown, or sizes contradict each other.
    pub fn load(name_or_path: &str) -> Result<Self> {
        let text = match BUILT_IN.iter().find(|(name, _)| *name == name_or_path) {
            Some((_, text)) => (*text).to_owned(),
            None => fs::read_to_string(Path::new(name_or_path))
                .with_context(|| format!("{name_or_path} is neither a preset (tiny, small) nor a readable TOML file"))?,
        };
        let preset: Preset = toml::from_str(&text).with_context(|| format!("reading preset {name_or_path}"))?;
        preset.check()?;
        Ok(preset)
    }

    fn check(&self) -> Result<()> {
        let (tokenizer, adapter, actions, dynamics) =
            (&self.tokenizer.network, &self.adapter.network, &self.actions.network, &self.dynamics.network);
        ensure!(
            self.stretch_frames.is_multiple_of(FRAMES_PER_TOKEN),
            "stretch_frames must be a multiple of the {FRAMES_PER_TOKEN} frames of a token"
        );
        let [fine, coarse] = tokenizer.encoder_widths;
        ensure!((2 * fine).is_multiple_of(coarse), "the second of encoder_widths must divide twice the first");
        ensure!(tokenizer.filter_taps % 2 == 1, "filter_taps must be odd");
        ensure!(
            [adapter.channels, actions.channels, dynamics.channels].iter().all(|&c| c == tokenizer.channels),
            "tokenizer, adapter, actions and dynamics must agree on channels"
        );
        ensure!(
            actions.slots == adapter.slots && dynamics.slots == adapter.slots,
            "adapter, actions and dynamics must agree on slots"
        );
        ensure!(actions.slots_per_patch == dynamics.slots_per_patch, "actions and dynamics must agree on slots_per_patch");
        ensure!(dynamics.action_width == actions.width, "dynamics.action_width must be actions.width");
        Ok(())
    }

    /// The sizes a set of this preset promises.
    pub fn sizes(&self) -> Sizes {
        let (tokenizer, dynamics) = (&self.tokenizer.network, &self.dynamics.network);
        Sizes {
            sample_rate: 16_000,
            hop: tokenizer.bins,
            bins: tokenizer.bins,
            frames_per_token: FRAMES_PER_TOKEN,
            channels: tokenizer.channels,
            slots: dynamics.slots,
            slots_per_patch: dynamics.slots_per_patch,
            condition: tokenizer.condition,
            actions: self.actions.network.actions,
            active_actions: self.actions.network.active,
            action_width: dynamics.action_width,
            layers: dynamics.layers,
            heads: dynamics.heads,
            head_width: dynamics.width / dynamics.heads,
            window_bars: dynamics.window_bars,
            margin_tokens: self.margin_tokens,
        }
    }
}
