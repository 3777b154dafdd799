//! Presets: every size and schedule of a training, in one TOML file that travels with the checkpoint and into the manifest.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};
use turnaround_core::contract::Sizes;

use crate::networks::action_map::ActionMapConfig;
use crate::networks::actions::ActionConfig;
use crate::networks::adapter::AdapterConfig;
use crate::networks::dynamics::DynamicsConfig;
use crate::networks::instruments::told_width;
use crate::networks::tokenizer::TokenizerConfig;
use crate::train::dynamics::Forcing;
use crate::train::run::Schedule;
use crate::train::tokenizer::Objective;

/// A network and how it is trained.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage<N> {
    /// Sizes.
    pub network: N,
    /// Optimiser and length.
    pub schedule: Schedule,
    /// Share of a run that is given minutes instead of steps.
    pub share: f64,
}

/// The way to a richer description of bars than the knobs' table has: a second table, and the map to its vectors.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MapStage {
    /// The map's sizes.
    pub network: ActionMapConfig,
    /// Its optimiser and length.
    pub schedule: Schedule,
    /// Its share of a run that is given minutes instead of steps.
    pub share: f64,
    /// The richer table, of the actions' width. It may have several choosing heads; it does not ship.
    pub richer: Stage<ActionConfig>,
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
    /// How the tokenizer's loss is made.
    #[serde(default)]
    pub objective: Objective,
    /// Tokens of surrounding sound on each side of a unit.
    pub margin_tokens: usize,
    /// The diffusion tokenizer.
    pub tokenizer: Stage<TokenizerConfig>,
    /// The bar adapter.
    pub adapter: Stage<AdapterConfig>,
    /// Continuous latent actions.
    pub actions: Stage<ActionConfig>,
    /// What the dynamics is told in place of the actions' own vectors, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub map: Option<MapStage>,
    /// The dynamics.
    pub dynamics: Stage<DynamicsConfig>,
    /// What happens to windows while the dynamics learns.
    #[serde(default)]
    pub forcing: Forcing,
}

/// The presets that come with the program.
const BUILT_IN: [(&str, &str); 16] = [
    ("tiny", include_str!("../configs/tiny.toml")),
    ("small", include_str!("../configs/small.toml")),
    ("cpu", include_str!("../configs/cpu.toml")),
    ("instruments", include_str!("../configs/instruments.toml")),
    ("tiny_instruments", include_str!("../configs/tiny_instruments.toml")),
    ("reduced", include_str!("../configs/reduced.toml")),
    ("tokens_32", include_str!("../configs/tokens_32.toml")),
    ("low_50x128", include_str!("../configs/low_50x128.toml")),
    ("high_8x256", include_str!("../configs/high_8x256.toml")),
    ("wide", include_str!("../configs/wide.toml")),
    ("deep", include_str!("../configs/deep.toml")),
    ("no_shortcuts", include_str!("../configs/no_shortcuts.toml")),
    ("no_skips", include_str!("../configs/no_skips.toml")),
    ("added_condition", include_str!("../configs/added_condition.toml")),
    ("no_noise_synchronisation", include_str!("../configs/no_noise_synchronisation.toml")),
    ("diffusion_alone", include_str!("../configs/diffusion_alone.toml")),
];

/// The key that names a preset to start from; what else the file says replaces or adds to it.
const BASE: &str = "base";

/// Bases of bases of bases: more are a circle.
const MOST_BASES: usize = 4;

impl Preset {
    /// A preset by name, or from a TOML file.
    ///
    /// # Errors
    /// When there is no such preset or file, a key is unknown, or sizes contradict each other.
    pub fn load(name_or_path: &str) -> Result<Self> {
        let table = with_all_bases(name_or_path, &BUILT_IN)?;
        let preset: Preset = table.try_into().with_context(|| format!("reading preset {name_or_path}"))?;
        preset.check()?;
        Ok(preset)
    }

    fn check(&self) -> Result<()> {
        let (tokenizer, adapter, actions, dynamics) =
            (&self.tokenizer.network, &self.adapter.network, &self.actions.network, &self.dynamics.network);
        if let Some(sentence) = tokenizer.contradiction() {
            bail!(sentence);
        }
        ensure!(
            tokenizer.expected_scale == (self.objective.likelihood > 0.0),
            "a scale is expected where a likelihood trains it, and nowhere else: set expected_scale and objective.likelihood alike"
        );
        ensure!(
            self.stretch_frames.is_multiple_of(tokenizer.frames_per_token()),
            "stretch_frames must be a multiple of the {} frames of a token",
            tokenizer.frames_per_token()
        );
        ensure!(
            [adapter.channels, actions.channels, dynamics.channels].iter().all(|&c| c == tokenizer.channels),
            "tokenizer, adapter, actions and dynamics must agree on channels"
        );
        ensure!(
            actions.slots == adapter.slots && dynamics.slots == adapter.slots,
            "adapter, actions and dynamics must agree on slots"
        );
        ensure!(
            actions.can_be_exported(),
            "a set's actions are chosen by one head, from one bar, after pooling: compare-actions takes other kinds"
        );
        ensure!(actions.slots_per_patch == dynamics.slots_per_patch, "actions and dynamics must agree on slots_per_patch");
        let named = actions.instruments.len();
        ensure!(
            actions.instruments.iter().collect::<BTreeSet<_>>().len() == named,
            "actions.instruments must name each instrument once"
        );
        ensure!(dynamics.instruments == named, "dynamics.instruments must be the {named} that actions.instruments names");
        ensure!(
            dynamics.action_width == actions.width + told_width(named),
            "dynamics.action_width must be actions.width and, with instruments, their number and one more: {}",
            actions.width + told_width(named)
        );
        if let Some(map) = &self.map {
            check_richer(&map.richer.network, actions)?;
        }
        Ok(())
    }

    /// The sizes a set of this preset promises.
    pub fn sizes(&self) -> Sizes {
        let (tokenizer, dynamics) = (&self.tokenizer.network, &self.dynamics.network);
        Sizes {
            sample_rate: 16_000,
            hop: tokenizer.bins,
            bins: tokenizer.bins,
            frames_per_token: tokenizer.frames_per_token(),
            channels: tokenizer.channels,
            slots: dynamics.slots,
            slots_per_patch: dynamics.slots_per_patch,
            features: tokenizer.features(),
            actions: self.actions.network.actions,
            active_actions: self.actions.network.active,
            instruments: dynamics.instruments,
            action_width: dynamics.action_width,
            layers: dynamics.layers,
            heads: dynamics.heads,
            head_width: dynamics.width / dynamics.heads,
            window_bars: dynamics.window_bars,
            margin_tokens: self.margin_tokens,
        }
    }
}

/// Whether a richer table can describe the bars that the actions describe, in vectors a map can reach.
fn check_richer(richer: &ActionConfig, actions: &ActionConfig) -> Result<()> {
    ensure!(
        richer.width == actions.width && richer.slots == actions.slots && richer.channels == actions.channels,
        "map.richer must agree with the actions on width, slots and channels"
    );
    ensure!(richer.heard_bars == 1, "map.richer must hear one bar: the first of a piece has none before it");
    ensure!(
        richer.width.is_multiple_of(richer.choosing_heads),
        "the width of map.richer must be a multiple of its choosing_heads"
    );
    ensure!(richer.active <= richer.actions, "no more actions of map.richer can be active than there are");
    Ok(())
}

/// A preset's text as a table, on top of the table of its base: by name from those `built_in`, or from a file.
///
/// # Errors
/// When there is no such preset or file, or bases go round in a circle.
pub fn with_all_bases(name_or_path: &str, built_in: &[(&str, &str)]) -> Result<toml::Table> {
    with_bases(name_or_path, built_in, MOST_BASES)
}

fn with_bases(name_or_path: &str, built_in: &[(&str, &str)], most: usize) -> Result<toml::Table> {
    let text = match built_in.iter().find(|(name, _)| *name == name_or_path) {
        Some((_, text)) => (*text).to_owned(),
        None => fs::read_to_string(Path::new(name_or_path)).with_context(|| {
            let names: Vec<&str> = built_in.iter().map(|(name, _)| *name).collect();
            format!("{name_or_path} is neither a preset ({}) nor a readable TOML file", names.join(", "))
        })?,
    };
    let mut table: toml::Table = text.parse().with_context(|| format!("reading preset {name_or_path}"))?;
    let Some(base) = table.remove(BASE) else { return Ok(table) };
    let base = base.as_str().with_context(|| format!("the base of {name_or_path} must be a name"))?;
    ensure!(most > 0, "{name_or_path} and its bases go round in a circle");
    let mut whole = with_bases(base, built_in, most - 1)?;
    lay_over(&mut whole, table);
    Ok(whole)
}

/// Tables are laid over key by key; anything else is replaced.
fn lay_over(whole: &mut toml::Table, over: toml::Table) {
    for (key, value) in over {
        match (whole.get_mut(&key), value) {
            (Some(toml::Value::Table(below)), toml::Value::Table(above)) => lay_over(below, above),
            (_, value) => drop(whole.insert(key, value)),
        }
    }
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use super::*;

    #[test]
    fn every_preset_that_comes_along_is_whole() {
        for (name, _) in BUILT_IN {
            let preset = Preset::load(name).unwrap_or_else(|error| panic!("{name}: {error:#}"));
            assert_eq!(preset.name, name);
            let Preset { tokenizer, adapter, actions, map, dynamics, .. } = preset;
            let mapped = map.map_or(0.0, |map| map.share + map.richer.share);
            let shares = tokenizer.share + adapter.share + actions.share + mapped + dynamics.share;
            assert!((shares - 1.0).abs() < 1e-9, "{name}: the shares of a timed run add up to {shares}");
        }
    }

    #[test]
    fn a_preset_differs_from_its_base_in_what_it_says() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("mine.toml");
        fs::write(&path, "base = \"tiny\"\nseed = 9\n[tokenizer.network.denoiser]\nskips = false\n").expect("written");
        let mine = Preset::load(path.to_str().expect("a path of letters")).expect("it is whole");
        let tiny = Preset::load("tiny").expect("tiny is built in");
        assert_eq!((mine.seed, mine.tokenizer.network.denoiser.skips), (9, false));
        assert_eq!(mine.tokenizer.network.denoiser.widths, tiny.tokenizer.network.denoiser.widths);
    }

    #[test]
    fn a_circle_of_bases_and_an_unknown_key_are_refused() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("mine.toml");
        let refusal = |text: &str| {
            fs::write(&path, text).expect("written");
            format!("{:#}", Preset::load(path.to_str().expect("a path of letters")).expect_err("it is refused"))
        };
        let itself = format!("base = {:?}", path.to_str().expect("a path of letters"));
        assert!(refusal(&itself).contains("circle"), "{}", refusal(&itself));
        assert!(refusal("base = \"tiny\"\nsurprise = 1").contains("surprise"));
        assert!(refusal("base = \"tiny\"\n[actions.network]\nchoosing_heads = 2").contains("one head"));
        assert!(refusal("base = \"tiny\"\n[tokenizer.network.denoiser]\ntaps = 4").contains("taps"));
        assert!(refusal("base = \"small\"\n[map.richer.network]\nwidth = 320").contains("agree with the actions"));
        assert!(refusal("base = \"small\"\n[map.richer.network]\nheard_bars = 2").contains("hear one bar"));
        let piano = "base = \"tiny\"\n[actions.network]\ninstruments = [\"piano\"]\n";
        assert!(refusal(piano).contains("dynamics.instruments must be the 1"));
        assert!(refusal(&format!("{piano}[dynamics.network]\ninstruments = 1")).contains("one more: 34"));
    }
}
