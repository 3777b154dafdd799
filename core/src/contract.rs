//! What a model set promises: its sizes, its graphs with their named inputs and outputs, its action table and its hashes.
//!
//! A set is a folder with one `manifest.json` and nine ONNX graphs. Training writes it, the engine reads it, and both sides take
//! every name and shape from here, so neither can drift. A set loads whole or not at all: latents of one tokenizer mean nothing to
//! the dynamics trained on another.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::descriptors::{Descriptor, Effect};
use crate::instruments::Instrument;

/// The manifest format this code reads and writes. Raised when an older reader would misunderstand a set.
pub const FORMAT: u32 = 2;

/// The file in a model-set folder that holds the [`Manifest`].
pub const MANIFEST_FILE: &str = "manifest.json";

/// The networks of a set, in the order of the road.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Graph {
    /// STFT frames to latents.
    Encoder,
    /// Latents to everything the decoder reads at each call: features of every frame and the scale expected of each bin.
    ///
    /// The decoder works on frames divided by that scale (one value for a bin's real and imaginary part), where data and noise both
    /// have about unit variance; its caller multiplies the finished frames by it.
    DecoderCondition,
    /// One denoising call of the tokenizer's decoder, on frames divided by the scale.
    DecoderStep,
    /// A bar of any length to a fixed number of slots.
    AdapterEncoder,
    /// Slots back to a bar of a given length.
    AdapterDecoder,
    /// A bar's slots to one score per action; in a set with instruments also to the probability that each of them plays.
    ActionEncoder,
    /// Weights over actions (or the null action), in a set with instruments also who plays, to the vector the dynamics reads.
    ActionEmbedding,
    /// Context bars to cached attention keys and values, once per edit.
    DynamicsContext,
    /// One denoising call for the target bars.
    DynamicsStep,
}

impl Graph {
    /// Every graph of a set.
    pub const ALL: [Graph; 9] = [
        Graph::Encoder,
        Graph::DecoderCondition,
        Graph::DecoderStep,
        Graph::AdapterEncoder,
        Graph::AdapterDecoder,
        Graph::ActionEncoder,
        Graph::ActionEmbedding,
        Graph::DynamicsContext,
        Graph::DynamicsStep,
    ];

    /// The name used in the manifest and, with `.onnx`, as file name.
    pub fn name(self) -> &'static str {
        match self {
            Graph::Encoder => "encoder",
            Graph::DecoderCondition => "decoder_condition",
            Graph::DecoderStep => "decoder_step",
            Graph::AdapterEncoder => "adapter_encoder",
            Graph::AdapterDecoder => "adapter_decoder",
            Graph::ActionEncoder => "action_encoder",
            Graph::ActionEmbedding => "action_embedding",
            Graph::DynamicsContext => "dynamics_context",
            Graph::DynamicsStep => "dynamics_step",
        }
    }

    /// The graph's inputs, in order, for a set of these sizes.
    pub fn inputs(self, sizes: &Sizes) -> Vec<Port> {
        let Sizes { bins, channels, slots, actions, action_width, features, layers, heads, head_width, .. } = *sizes;
        let frames = || Axis::Tokens(sizes.frames_per_token);
        let one = || Axis::Fixed(1);
        match self {
            Graph::Encoder => vec![port("frames", [one(), frames(), Axis::Fixed(2 * bins)])],
            Graph::DecoderCondition => vec![port("latents", [one(), Axis::Tokens(1), Axis::Fixed(channels)])],
            Graph::DecoderStep => vec![
                port("noisy", [one(), frames(), Axis::Fixed(2 * bins)]),
                port("noise_level", [one()]),
                port("features", [one(), frames(), Axis::Fixed(features)]),
                port("scale", [one(), frames(), Axis::Fixed(bins)]),
            ],
            Graph::AdapterEncoder => vec![
                port("latents", [one(), Axis::Tokens(1), Axis::Fixed(channels)]),
                port("interpolation", [Axis::Fixed(slots), Axis::Tokens(1)]),
                port("position", [Axis::Tokens(1), Axis::Fixed(POSITION_FEATURES)]),
            ],
            Graph::AdapterDecoder => vec![
                port("slots", [one(), Axis::Fixed(slots), Axis::Fixed(channels)]),
                port("interpolation", [Axis::Tokens(1), Axis::Fixed(slots)]),
                port("position", [Axis::Tokens(1), Axis::Fixed(POSITION_FEATURES)]),
            ],
            Graph::ActionEncoder => vec![
                port("slots", [Axis::Batch, Axis::Fixed(slots), Axis::Fixed(channels)]),
                port("timing", [Axis::Batch, Axis::Fixed(TIMING_FEATURES)]),
            ],
            Graph::ActionEmbedding => {
                let action = [port("weights", [Axis::Batch, Axis::Fixed(actions)]), port("is_null", [Axis::Batch, one()])];
                action.into_iter().chain(players(sizes)).collect()
            }
            Graph::DynamicsContext => vec![
                port("slots", [Axis::Batch, Axis::Context, Axis::Fixed(slots), Axis::Fixed(channels)]),
                port("action", [Axis::Batch, Axis::Context, Axis::Fixed(action_width)]),
                port("timing", [Axis::Batch, Axis::Fixed(TIMING_FEATURES)]),
                port("bar_position", [Axis::Context]),
            ],
            Graph::DynamicsStep => vec![
                port("noisy", [Axis::Batch, Axis::Horizon, Axis::Fixed(slots), Axis::Fixed(channels)]),
                port("noise_level", [Axis::Batch, Axis::Horizon]),
                port("action", [Axis::Batch, Axis::Horizon, Axis::Fixed(action_width)]),
                port("timing", [Axis::Batch, Axis::Fixed(TIMING_FEATURES)]),
                port("bar_position", [Axis::Horizon]),
                port("keys", cache(layers, heads, sizes, head_width)),
                port("values", cache(layers, heads, sizes, head_width)),
            ],
        }
    }

    /// The graph's outputs, in order, for a set of these sizes.
    pub fn outputs(self, sizes: &Sizes) -> Vec<Port> {
        let Sizes { bins, channels, slots, actions, action_width, features, layers, heads, head_width, .. } = *sizes;
        let frames = || Axis::Tokens(sizes.frames_per_token);
        let one = || Axis::Fixed(1);
        match self {
            Graph::Encoder => vec![port("latents", [one(), Axis::Tokens(1), Axis::Fixed(channels)])],
            Graph::DecoderCondition => vec![
                port("features", [one(), frames(), Axis::Fixed(features)]),
                port("scale", [one(), frames(), Axis::Fixed(bins)]),
            ],
            Graph::DecoderStep => vec![port("clean", [one(), frames(), Axis::Fixed(2 * bins)])],
            Graph::AdapterEncoder => vec![port("slots", [one(), Axis::Fixed(slots), Axis::Fixed(channels)])],
            Graph::AdapterDecoder => vec![port("latents", [one(), Axis::Tokens(1), Axis::Fixed(channels)])],
            Graph::ActionEncoder => {
                [port("scores", [Axis::Batch, Axis::Fixed(actions)])].into_iter().chain(players(sizes)).collect()
            }
            Graph::ActionEmbedding => vec![port("action", [Axis::Batch, Axis::Fixed(action_width)])],
            Graph::DynamicsContext => vec![
                port("keys", cache(layers, heads, sizes, head_width)),
                port("values", cache(layers, heads, sizes, head_width)),
            ],
            Graph::DynamicsStep => {
                vec![port("clean", [Axis::Batch, Axis::Horizon, Axis::Fixed(slots), Axis::Fixed(channels)])]
            }
        }
    }
}

impl fmt::Display for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

fn port<const N: usize>(name: &str, shape: [Axis; N]) -> Port {
    Port { name: name.to_owned(), shape: shape.to_vec() }
}

/// Who plays, 0 to 1 an instrument, in sets that know instruments.
fn players(sizes: &Sizes) -> Option<Port> {
    (sizes.instruments > 0).then(|| port("instruments", [Axis::Batch, Axis::Fixed(sizes.instruments)]))
}

/// `[layer, batch, head, context token, channel of a head]`.
fn cache(layers: usize, heads: usize, sizes: &Sizes, head_width: usize) -> [Axis; 5] {
    [
        Axis::Fixed(layers),
        Axis::Batch,
        Axis::Fixed(heads),
        Axis::ContextTokens(sizes.slots / sizes.slots_per_patch),
        Axis::Fixed(head_width),
    ]
}

/// How many numbers describe a bar's timing to a network; see [`crate::bars::timing_features`].
pub const TIMING_FEATURES: usize = 2;

/// How many numbers describe a token's place in its bar; see [`crate::latents::position_features`].
pub const POSITION_FEATURES: usize = 16;

/// One named input or output of a graph.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Port {
    /// The tensor's name in the graph.
    pub name: String,
    /// Its axes, outermost first. All values are 32-bit floats.
    pub shape: Vec<Axis>,
}

/// One axis of a tensor: a fixed length, or a length chosen at each run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "AxisText", try_from = "AxisText")]
pub enum Axis {
    /// Always this long.
    Fixed(usize),
    /// Independent rows, for instance the two branches of guidance.
    Batch,
    /// This many times the number of latent tokens of the stretch at hand.
    Tokens(usize),
    /// Context bars.
    Context,
    /// Target bars.
    Horizon,
    /// This many times the number of context bars.
    ContextTokens(usize),
}

/// An axis as it stands in JSON: a number, or a text such as `"batch"` or `"4*tokens"`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(untagged)]
enum AxisText {
    Number(usize),
    Text(String),
}

impl From<Axis> for AxisText {
    fn from(axis: Axis) -> Self {
        let text = match axis {
            Axis::Fixed(n) => return AxisText::Number(n),
            Axis::Batch => "batch".to_owned(),
            Axis::Tokens(1) => "tokens".to_owned(),
            Axis::Tokens(n) => format!("{n}*tokens"),
            Axis::Context => "context".to_owned(),
            Axis::Horizon => "horizon".to_owned(),
            Axis::ContextTokens(n) => format!("{n}*context"),
        };
        AxisText::Text(text)
    }
}

impl TryFrom<AxisText> for Axis {
    type Error = String;

    fn try_from(text: AxisText) -> Result<Self, String> {
        let text = match text {
            AxisText::Number(n) => return Ok(Axis::Fixed(n)),
            AxisText::Text(text) => text,
        };
        let (factor, name) = match text.split_once('*') {
            Some((factor, name)) => (factor.parse().map_err(|_| format!("axis {text:?} has no number before *"))?, name),
            None => (1, text.as_str()),
        };
        match (factor, name) {
            (1, "batch") => Ok(Axis::Batch),
            (n, "tokens") => Ok(Axis::Tokens(n)),
            (1, "context") => Ok(Axis::Context),
            (1, "horizon") => Ok(Axis::Horizon),
            (n, "context") => Ok(Axis::ContextTokens(n)),
            _ => Err(format!("axis {text:?} is not one this version knows")),
        }
    }
}

/// Every size that two graphs, or a graph and our own code, must agree on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sizes {
    /// Hertz at which the models hear and write: 16 000.
    pub sample_rate: u32,
    /// Samples from one STFT frame to the next; a frame is twice as long.
    pub hop: usize,
    /// Complex bins of a frame; the Nyquist bin is left out.
    pub bins: usize,
    /// Frames that one latent token stands for.
    pub frames_per_token: usize,
    /// Numbers in a latent token.
    pub channels: usize,
    /// Slots a bar of any length is brought to.
    pub slots: usize,
    /// Slots the dynamics and the action encoder read as one token.
    pub slots_per_patch: usize,
    /// Numbers that the decoder's condition tells of each frame.
    pub features: usize,
    /// Actions in the table.
    pub actions: usize,
    /// Actions with a weight above zero in an inferred action.
    pub active_actions: usize,
    /// Instruments that the networks hear and are told of; 0 for a set that knows none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub instruments: usize,
    /// Numbers in an embedded action, those for instruments included.
    pub action_width: usize,
    /// Layers of the dynamics.
    pub layers: usize,
    /// Attention heads of the dynamics.
    pub heads: usize,
    /// Channels of one such head.
    pub head_width: usize,
    /// Most bars, context and target together, the dynamics was trained on.
    pub window_bars: usize,
    /// Tokens of surrounding audio on each side of a bar that the tokenizer reads and the decoder is held to.
    pub margin_tokens: usize,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl Sizes {
    /// Samples at the models' rate that one latent token stands for.
    pub fn samples_per_token(&self) -> usize {
        self.hop * self.frames_per_token
    }
}

/// One graph's file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GraphFile {
    /// File name inside the set's folder; never a path.
    pub file: String,
    /// Length of the file in bytes.
    pub bytes: u64,
    /// SHA-256 of the file, 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// Inputs in order; equal to [`Graph::inputs`].
    pub inputs: Vec<Port>,
    /// Outputs in order; equal to [`Graph::outputs`].
    pub outputs: Vec<Port>,
}

/// A knob: one entry of the set's action table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// What the musician reads. Unnamed actions are called by their number.
    pub label: String,
    /// Share of the training bars in which this action had a weight above zero.
    pub usage: f32,
    /// What it does, where that has been measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured: Option<MeasuredAction>,
}

/// What an action does to a bar, measured on real bars that no training saw: regenerated under this action alone, and under none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeasuredAction {
    /// The mean over contexts of what changes, every descriptor.
    pub effect: Effect,
    /// How alike the change is from context to context, 0 to 1: the length of the mean change over the root of its mean squared length.
    pub consistency: f32,
    /// Where it lies on a map on which actions of like effect lie close together, right and up, each −1 to 1.
    pub position: [f32; 2],
    /// Whether it is one of the few that a musician is shown first.
    pub is_shortlisted: bool,
}

impl MeasuredAction {
    fn check(&self) -> Result<(), ContractError> {
        let effect = &self.effect;
        expect("effect", effect.len() == Descriptor::ALL.len(), format!("{} numbers", Descriptor::ALL.len()), effect.len())?;
        expect("effect", effect.values().all(|x| x.is_finite()), "finite", "not")?;
        expect("consistency", (0.0..=1.0).contains(&self.consistency), "0 to 1", self.consistency)?;
        expect("position", self.position.iter().all(|x| (-1.0..=1.0).contains(x)), "−1 to 1", format!("{:?}", self.position))
    }
}

/// The sparse weights of one bar's action: `(index, weight)`, weights above zero, summing to 1.
pub type SparseWeights = Vec<(u16, f32)>;

/// Numbers measured on the training data that our own code needs around the graphs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statistics {
    /// Exponent applied to magnitudes before the networks see them.
    pub compand_exponent: f32,
    /// Standard deviation of each companded bin; frames are divided by it. `bins` long.
    pub bin_scale: Vec<f32>,
    /// What decoded companded bins are multiplied by, so that over the training data they are as loud as what was encoded. `bins` long.
    pub decoded_gain: Vec<f32>,
    /// Mean of each latent channel over slots. `channels` long.
    pub slot_mean: Vec<f32>,
    /// Standard deviation of each latent channel over slots. `channels` long.
    pub slot_deviation: Vec<f32>,
    /// Epsilon of the affine-free LayerNorm over each latent token.
    pub latent_epsilon: f32,
    /// Noise level that clean context is labelled with.
    pub context_noise_level: f32,
    /// Actions of real training bars, drawn at random: what mixes of actions are like in music.
    pub reference_actions: Vec<SparseWeights>,
}

/// How the set was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingSummary {
    /// Preset the networks were built from.
    pub preset: String,
    /// Random seed of the run.
    pub seed: u64,
    /// Where the audio came from, with its rights.
    pub data: String,
    /// Hours of audio in the corpus.
    pub corpus_hours: f64,
    /// Bars in the training split.
    pub training_bars: u64,
    /// Optimiser steps of each stage.
    pub steps: BTreeMap<String, u64>,
    /// Smoothed loss at the end of each stage.
    pub losses: BTreeMap<String, f64>,
    /// Parameters of each stage's network.
    pub parameters: BTreeMap<String, u64>,
}

/// The whole promise of a model set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`FORMAT`] of the writer.
    pub format: u32,
    /// The set's name, which is its folder's name.
    pub name: String,
    /// The set's own version.
    pub version: String,
    /// Sizes everything agrees on.
    pub sizes: Sizes,
    /// Measured constants.
    pub statistics: Statistics,
    /// The knobs; `sizes.actions` long.
    pub actions: Vec<Action>,
    /// The instruments, in the order of the graphs' numbers; `sizes.instruments` long.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub instruments: Vec<Instrument>,
    /// Every graph of [`Graph::ALL`].
    pub graphs: BTreeMap<Graph, GraphFile>,
    /// How the set was made.
    pub training: TrainingSummary,
}

/// Why a manifest was refused.
#[derive(Debug, thiserror::Error)]
pub enum ContractError {
    /// Not JSON, or not of this shape.
    #[error("the manifest cannot be read: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// Written by another version.
    #[error("the model set has format {found}, this version reads format {FORMAT}")]
    Format {
        /// The manifest's format.
        found: u32,
    },
    /// A graph is not listed.
    #[error("the manifest lists no graph {0}")]
    MissingGraph(Graph),
    /// A graph's inputs or outputs are not those its sizes ask for.
    #[error("the manifest's {0} has other inputs or outputs than its sizes ask for")]
    Ports(Graph),
    /// A file name that could leave the set's folder.
    #[error("the manifest's {graph} names the file {file:?}, which is not a plain file name")]
    FileName {
        /// The graph.
        graph: Graph,
        /// The offending name.
        file: String,
    },
    /// A table has the wrong length or an impossible number in it.
    #[error("the manifest's {what} should be {expected}, but is {found}")]
    Table {
        /// Which table or size.
        what: &'static str,
        /// What the contract asks for.
        expected: String,
        /// What the manifest holds.
        found: String,
    },
    /// A file's content is not what the manifest promises.
    #[error("{graph} does not match its hash: the manifest says {expected}, the file has {found}; copy the set again")]
    Hash {
        /// The graph.
        graph: Graph,
        /// Hash in the manifest.
        expected: String,
        /// Hash of the file.
        found: String,
    },
}

impl Manifest {
    /// Reads and checks a manifest.
    ///
    /// # Errors
    /// Any [`ContractError`] but `Hash`: the text is not a manifest this version can keep the promises of.
    pub fn parse(text: &str) -> Result<Self, ContractError> {
        // The format is read first, so that a newer set is refused by its number and not by its first unknown key.
        #[derive(Deserialize)]
        struct Head {
            format: u32,
        }
        let head: Head = serde_json::from_str(text)?;
        if head.format != FORMAT {
            return Err(ContractError::Format { found: head.format });
        }
        let manifest: Manifest = serde_json::from_str(text)?;
        manifest.check()?;
        Ok(manifest)
    }

    /// The manifest as it is written to [`MANIFEST_FILE`].
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("a manifest holds only plain values");
        text.push('\n');
        text
    }

    /// Checks that sizes, tables and ports agree with each other.
    ///
    /// # Errors
    /// The first disagreement found.
    pub fn check(&self) -> Result<(), ContractError> {
        self.check_sizes()?;
        self.check_tables()?;
        for graph in Graph::ALL {
            let file = self.graphs.get(&graph).ok_or(ContractError::MissingGraph(graph))?;
            if file.inputs != graph.inputs(&self.sizes) || file.outputs != graph.outputs(&self.sizes) {
                return Err(ContractError::Ports(graph));
            }
            if file.file.is_empty() || file.file.starts_with('.') || file.file.contains(['/', '\\', ':']) {
                return Err(ContractError::FileName { graph, file: file.file.clone() });
            }
        }
        Ok(())
    }

    fn check_sizes(&self) -> Result<(), ContractError> {
        let sizes = &self.sizes;
        let positive = [
            ("sample_rate", sizes.sample_rate as usize),
            ("hop", sizes.hop),
            ("frames_per_token", sizes.frames_per_token),
            ("channels", sizes.channels),
            ("slots_per_patch", sizes.slots_per_patch),
            ("actions", sizes.actions),
            ("active_actions", sizes.active_actions),
            ("heads", sizes.heads),
            ("window_bars", sizes.window_bars),
        ];
        for (what, found) in positive {
            expect(what, found > 0, "above zero", found)?;
        }
        expect("bins", sizes.bins == sizes.hop, "equal to hop", sizes.bins)?;
        expect("slots", sizes.slots.is_multiple_of(sizes.slots_per_patch), "a multiple of slots_per_patch", sizes.slots)?;
        expect("active_actions", sizes.active_actions <= sizes.actions, "at most actions", sizes.active_actions)
    }

    fn check_tables(&self) -> Result<(), ContractError> {
        let (sizes, statistics) = (&self.sizes, &self.statistics);
        for (what, table, length) in [
            ("bin_scale", &statistics.bin_scale, sizes.bins),
            ("decoded_gain", &statistics.decoded_gain, sizes.bins),
            ("slot_mean", &statistics.slot_mean, sizes.channels),
            ("slot_deviation", &statistics.slot_deviation, sizes.channels),
        ] {
            expect(what, table.len() == length, format!("{length} numbers"), table.len())?;
            expect(what, table.iter().all(|x| x.is_finite()), "finite", "not")?;
        }
        for (what, table) in [
            ("bin_scale", &statistics.bin_scale),
            ("decoded_gain", &statistics.decoded_gain),
            ("slot_deviation", &statistics.slot_deviation),
        ] {
            expect(what, table.iter().all(|&x| x > 0.0), "above zero", "not")?;
        }
        expect("actions", self.actions.len() == sizes.actions, sizes.actions, self.actions.len())?;
        for measured in self.actions.iter().filter_map(|action| action.measured.as_ref()) {
            measured.check()?;
        }
        expect("instruments", self.instruments.len() == sizes.instruments, sizes.instruments, self.instruments.len())?;
        let is_twice = |(place, one): (usize, &Instrument)| self.instruments[..place].contains(one);
        expect("instruments", !self.instruments.iter().enumerate().any(is_twice), "each listed once", "not")?;
        expect("reference_actions", !statistics.reference_actions.is_empty(), "not empty", 0)?;
        let known = |weights: &SparseWeights| {
            !weights.is_empty() && weights.iter().all(|&(k, w)| usize::from(k) < sizes.actions && w.is_finite() && w >= 0.0)
        };
        expect("reference_actions", statistics.reference_actions.iter().all(known), "weights of known actions", "not")
    }

    /// The file of one graph. Every checked manifest has all of them.
    pub fn graph(&self, graph: Graph) -> &GraphFile {
        &self.graphs[&graph]
    }

    /// Compares a graph file's content with the promised hash.
    ///
    /// # Errors
    /// [`ContractError::Hash`] when they differ.
    pub fn verify(&self, graph: Graph, content: &[u8]) -> Result<(), ContractError> {
        let expected = self.graph(graph).sha256.clone();
        let found = sha256_hex(content);
        if found == expected { Ok(()) } else { Err(ContractError::Hash { graph, expected, found }) }
    }
}

fn expect(what: &'static str, holds: bool, expected: impl fmt::Display, found: impl fmt::Display) -> Result<(), ContractError> {
    if holds {
        return Ok(());
    }
    Err(ContractError::Table { what, expected: expected.to_string(), found: found.to_string() })
}

/// SHA-256 as 64 lower-case hexadecimal digits.
pub fn sha256_hex(content: &[u8]) -> String {
    hex(Sha256::digest(content).as_slice())
}

/// The hash of some pieces of sound, one after the other, each sample as four bytes, the lowest first.
pub fn sha256_of_samples<'a>(pieces: impl Iterator<Item = &'a [f32]>) -> String {
    const AT_ONCE: usize = 4096;
    let mut hash = Sha256::new();
    let mut bytes = [0; 4 * AT_ONCE];
    for samples in pieces.flat_map(|piece| piece.chunks(AT_ONCE)) {
        for (four, sample) in bytes.chunks_exact_mut(4).zip(samples) {
            four.copy_from_slice(&sample.to_le_bytes());
        }
        hash.update(&bytes[..4 * samples.len()]);
    }
    hex(hash.finalize().as_slice())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes() -> Sizes {
        Sizes {
            sample_rate: 16_000,
            hop: 4,
            bins: 4,
            frames_per_token: 4,
            channels: 2,
            slots: 8,
            slots_per_patch: 2,
            features: 6,
            actions: 3,
            active_actions: 2,
            instruments: 0,
            action_width: 5,
            layers: 2,
            heads: 1,
            head_width: 7,
            window_bars: 4,
            margin_tokens: 2,
        }
    }

    fn manifest() -> Manifest {
        let sizes = sizes();
        let file = |graph: Graph| GraphFile {
            file: format!("{graph}.onnx"),
            bytes: 3,
            sha256: sha256_hex(b"abc"),
            inputs: graph.inputs(&sizes),
            outputs: graph.outputs(&sizes),
        };
        Manifest {
            format: FORMAT,
            name: "tiny".to_owned(),
            version: "1.0.0".to_owned(),
            sizes,
            statistics: Statistics {
                compand_exponent: 0.65,
                bin_scale: vec![0.5; 4],
                decoded_gain: vec![1.25; 4],
                slot_mean: vec![0.0; 2],
                slot_deviation: vec![1.0; 2],
                latent_epsilon: 1e-3,
                context_noise_level: 0.02,
                reference_actions: vec![vec![(0, 0.75), (2, 0.25)]],
            },
            actions: ["one", "two", "three"].map(|label| Action { label: label.to_owned(), usage: 0.5, measured: None }).to_vec(),
            instruments: Vec::new(),
            graphs: Graph::ALL.into_iter().map(|graph| (graph, file(graph))).collect(),
            training: TrainingSummary {
                preset: "tiny".to_owned(),
                seed: 1,
                data: "rendered for the test".to_owned(),
                corpus_hours: 0.1,
                training_bars: 12,
                steps: BTreeMap::from([("tokenizer".to_owned(), 10)]),
                losses: BTreeMap::from([("tokenizer".to_owned(), 0.5)]),
                parameters: BTreeMap::from([("tokenizer".to_owned(), 1000)]),
            },
        }
    }

    fn measured() -> MeasuredAction {
        let effect = Descriptor::ALL.iter().map(|descriptor| (*descriptor, 0.25)).collect();
        MeasuredAction { effect, consistency: 0.7, position: [0.5, -1.0], is_shortlisted: true }
    }

    #[test]
    fn samples_have_the_hash_of_their_bytes() {
        let samples: Vec<f32> = (0..10_001).map(|n| n as f32 * 0.37 - 1.0).collect();
        let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        assert_eq!(sha256_of_samples([&samples[..5_000], &samples[5_000..]].into_iter()), sha256_hex(&bytes));
    }

    #[test]
    fn what_was_measured_of_an_action_comes_back_and_is_left_out_where_nothing_was() {
        let mut manifest = manifest();
        assert!(!manifest.to_json().contains("measured"));
        manifest.actions[0].measured = Some(measured());
        assert_eq!(Manifest::parse(&manifest.to_json()).unwrap(), manifest);
        assert!(manifest.to_json().contains("\"bass_density\": 0.25"));
    }

    /// A manifest that lists these instruments.
    fn with_instruments(instruments: &[Instrument]) -> Manifest {
        let mut manifest = manifest();
        manifest.sizes.instruments = instruments.len();
        manifest.instruments = instruments.to_vec();
        for (graph, file) in &mut manifest.graphs {
            (file.inputs, file.outputs) = (graph.inputs(&manifest.sizes), graph.outputs(&manifest.sizes));
        }
        manifest
    }

    #[test]
    fn instruments_are_two_ports_more_and_are_left_out_where_there_are_none() {
        assert!(!manifest().to_json().contains("instruments"));
        let manifest = with_instruments(&[Instrument::Drums, Instrument::ElectricPiano]);
        let text = manifest.to_json();
        assert_eq!(Manifest::parse(&text).unwrap(), manifest);
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["instruments"], serde_json::json!(["drums", "electric_piano"]));
        let port = serde_json::json!({"name": "instruments", "shape": ["batch", 2]});
        assert_eq!(value["graphs"]["action_encoder"]["outputs"][1], port);
        assert_eq!(value["graphs"]["action_embedding"]["inputs"][2], port);
        assert_eq!(value["graphs"]["dynamics_step"]["inputs"].as_array().unwrap().len(), 7);
    }

    #[test]
    fn instruments_that_are_listed_twice_or_miscounted_are_refused() {
        let twice = with_instruments(&[Instrument::Drums, Instrument::Drums]).to_json();
        let message = Manifest::parse(&twice).unwrap_err().to_string();
        assert_eq!(message, "the manifest's instruments should be each listed once, but is not");
        let message = refusal(|manifest| manifest.instruments.push(Instrument::Bass));
        assert_eq!(message, "the manifest's instruments should be 0, but is 1");
    }

    /// What a changed manifest is refused with.
    fn refusal(change: impl FnOnce(&mut Manifest)) -> String {
        let mut manifest = manifest();
        change(&mut manifest);
        Manifest::parse(&manifest.to_json()).unwrap_err().to_string()
    }

    #[test]
    fn a_manifest_survives_being_written_and_read() {
        let manifest = manifest();
        assert_eq!(Manifest::parse(&manifest.to_json()).unwrap(), manifest);
    }

    #[test]
    fn a_manifest_reads_like_this() {
        let text = manifest().to_json();
        assert!(
            text.starts_with("{\n  \"format\": 2,\n  \"name\": \"tiny\",\n  \"version\": \"1.0.0\",\n  \"sizes\": {\n"),
            "{text}"
        );
        assert!(text.ends_with("}\n"));
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let encoder = serde_json::json!({
            "file": "encoder.onnx",
            "bytes": 3,
            "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            "inputs": [{"name": "frames", "shape": [1, "4*tokens", 8]}],
            "outputs": [{"name": "latents", "shape": [1, "tokens", 2]}],
        });
        assert_eq!(value["graphs"]["encoder"], encoder);
        let context = serde_json::json!([
            {"name": "slots", "shape": ["batch", "context", 8, 2]},
            {"name": "action", "shape": ["batch", "context", 5]},
            {"name": "timing", "shape": ["batch", 2]},
            {"name": "bar_position", "shape": ["context"]},
        ]);
        assert_eq!(value["graphs"]["dynamics_context"]["inputs"], context);
        assert_eq!(
            value["graphs"]["dynamics_context"]["outputs"][0]["shape"],
            serde_json::json!([2, "batch", 1, "4*context", 7])
        );
        assert_eq!(value["graphs"]["dynamics_step"]["outputs"][0]["shape"], serde_json::json!(["batch", "horizon", 8, 2]));
        assert_eq!(value["statistics"]["reference_actions"], serde_json::json!([[[0, 0.75], [2, 0.25]]]));
    }

    #[test]
    fn every_axis_is_read_as_it_is_written() {
        let axes = [
            (Axis::Fixed(16), "16"),
            (Axis::Batch, "\"batch\""),
            (Axis::Tokens(1), "\"tokens\""),
            (Axis::Tokens(4), "\"4*tokens\""),
            (Axis::Context, "\"context\""),
            (Axis::Horizon, "\"horizon\""),
            (Axis::ContextTokens(16), "\"16*context\""),
        ];
        for (axis, text) in axes {
            assert_eq!(serde_json::to_string(&axis).unwrap(), text);
            assert_eq!(serde_json::from_str::<Axis>(text).unwrap(), axis);
        }
        for unknown in ["\"bars\"", "\"two*tokens\"", "\"3*batch\"", "-1", "1.5", "null"] {
            assert!(serde_json::from_str::<Axis>(unknown).is_err(), "{unknown}");
        }
    }

    #[test]
    fn what_one_graph_writes_another_reads_in_the_same_shape() {
        let sizes = sizes();
        let output = |graph: Graph, name: &str| graph.outputs(&sizes).into_iter().find(|port| port.name == name).unwrap();
        let input = |graph: Graph, name: &str| graph.inputs(&sizes).into_iter().find(|port| port.name == name).unwrap();
        for (writer, reader) in [(Graph::DecoderCondition, Graph::DecoderStep), (Graph::DynamicsContext, Graph::DynamicsStep)] {
            for port in writer.outputs(&sizes) {
                assert!(reader.inputs(&sizes).contains(&port), "{reader} does not read {port:?} of {writer}");
            }
        }
        assert_eq!(output(Graph::Encoder, "latents"), input(Graph::AdapterEncoder, "latents"));
        assert_eq!(output(Graph::AdapterEncoder, "slots"), input(Graph::AdapterDecoder, "slots"));
        assert_eq!(output(Graph::AdapterDecoder, "latents"), input(Graph::DecoderCondition, "latents"));
        assert_eq!(output(Graph::DecoderStep, "clean").shape, input(Graph::DecoderStep, "noisy").shape);
        assert_eq!(output(Graph::DynamicsStep, "clean").shape, input(Graph::DynamicsStep, "noisy").shape);
    }

    #[test]
    fn a_graph_is_called_the_same_in_code_and_in_json() {
        for graph in Graph::ALL {
            assert_eq!(serde_json::to_string(&graph).unwrap(), format!("\"{}\"", graph.name()));
        }
    }

    #[test]
    fn a_newer_format_is_refused_by_its_number_even_with_unknown_keys() {
        let refused = Manifest::parse(r#"{"format": 3, "shape_of_things_to_come": true}"#).unwrap_err();
        assert_eq!(refused.to_string(), "the model set has format 3, this version reads format 2");
    }

    #[test]
    fn text_that_is_no_manifest_is_refused() {
        for text in ["", "[]", "{}", "{\"format\": 2}", "{\"format\": -1}"] {
            assert!(matches!(Manifest::parse(text), Err(ContractError::Unreadable(_))), "{text}");
        }
        let with_unknown_key = manifest().to_json().replacen("\"name\"", "\"surprise\": 1, \"name\"", 1);
        let message = Manifest::parse(&with_unknown_key).unwrap_err().to_string();
        assert!(message.starts_with("the manifest cannot be read: unknown field `surprise`"), "{message}");
        let truncated = &manifest().to_json()[..400];
        assert!(matches!(Manifest::parse(truncated), Err(ContractError::Unreadable(_))));
    }

    #[test]
    fn a_missing_graph_is_named() {
        let message = refusal(|manifest| drop(manifest.graphs.remove(&Graph::ActionEncoder)));
        assert_eq!(message, "the manifest lists no graph action_encoder");
    }

    #[test]
    fn ports_must_be_those_the_sizes_ask_for() {
        let message = refusal(|manifest| manifest.graphs.get_mut(&Graph::Encoder).unwrap().inputs[0].shape[0] = Axis::Batch);
        assert_eq!(message, "the manifest's encoder has other inputs or outputs than its sizes ask for");
        let message = refusal(|manifest| drop(manifest.graphs.get_mut(&Graph::DynamicsStep).unwrap().outputs.pop()));
        assert_eq!(message, "the manifest's dynamics_step has other inputs or outputs than its sizes ask for");
    }

    #[test]
    fn a_file_name_cannot_leave_the_set() {
        for file in ["", ".hidden", "../encoder.onnx", "/etc/passwd", "a\\b", "c:encoder.onnx"] {
            let message = refusal(|manifest| manifest.graphs.get_mut(&Graph::Encoder).unwrap().file = file.to_owned());
            assert_eq!(message, format!("the manifest's encoder names the file {file:?}, which is not a plain file name"));
        }
    }

    #[test]
    fn tables_and_sizes_that_do_not_fit_are_named() {
        let refusals = [
            refusal(|manifest| manifest.statistics.bin_scale.truncate(3)),
            refusal(|manifest| manifest.statistics.bin_scale[1] = 0.0),
            refusal(|manifest| manifest.statistics.slot_deviation[0] = -1.0),
            refusal(|manifest| drop(manifest.actions.pop())),
            refusal(|manifest| manifest.statistics.reference_actions.clear()),
            refusal(|manifest| manifest.statistics.reference_actions[0][0].0 = 3),
            refusal(|manifest| manifest.sizes.hop = 0),
            refusal(|manifest| manifest.sizes.slots = 7),
            refusal(|manifest| manifest.sizes.active_actions = 4),
            refusal(|manifest| manifest.actions[1].measured = Some(MeasuredAction { consistency: 1.5, ..measured() })),
            refusal(|manifest| manifest.actions[1].measured = Some(MeasuredAction { position: [0.0, -2.0], ..measured() })),
            refusal(|manifest| manifest.actions[1].measured = Some(MeasuredAction { effect: Effect::new(), ..measured() })),
        ];
        let expected = [
            "the manifest's bin_scale should be 4 numbers, but is 3",
            "the manifest's bin_scale should be above zero, but is not",
            "the manifest's slot_deviation should be above zero, but is not",
            "the manifest's actions should be 3, but is 2",
            "the manifest's reference_actions should be not empty, but is 0",
            "the manifest's reference_actions should be weights of known actions, but is not",
            "the manifest's hop should be above zero, but is 0",
            "the manifest's slots should be a multiple of slots_per_patch, but is 7",
            "the manifest's active_actions should be at most actions, but is 4",
            "the manifest's consistency should be 0 to 1, but is 1.5",
            "the manifest's position should be −1 to 1, but is [0.0, -2.0]",
            "the manifest's effect should be 16 numbers, but is 0",
        ];
        assert_eq!(refusals, expected);
    }

    #[test]
    fn a_changed_file_is_known_by_its_hash() {
        let manifest = manifest();
        manifest.verify(Graph::Encoder, b"abc").unwrap();
        let refused = manifest.verify(Graph::Encoder, b"abd").unwrap_err().to_string();
        assert!(refused.starts_with("encoder does not match its hash: the manifest says ba7816bf"), "{refused}");
        assert!(refused.ends_with("copy the set again"), "{refused}");
    }
}
