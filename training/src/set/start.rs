//! A set as the checkpoint that training starts from: the weights of its graphs, put where a run looks for them.
//!
//! The training-only parts of a network (the decoder that actions are learned with) are not in any graph and start afresh.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use burn::module::Module;
use burn::tensor::Device;
use turnaround_core::contract::{Graph, MANIFEST_FILE, Manifest};

use crate::export::Weights;
use crate::networks::actions::ActionModel;
use crate::networks::adapter::Adapter;
use crate::networks::dynamics::Dynamics;
use crate::networks::tokenizer::Tokenizer;
use crate::pipeline::BIN_SCALE;
use crate::preset::Preset;
use crate::train::run::{START, holds_a_run};

/// The dynamics' null action, which lies in the graph that embeds actions.
const NULL_ACTION: &str = "null_action";

/// Makes every stage of the run in `run` that has not begun start from the weights of a set.
///
/// # Errors
/// When the set cannot be read, its networks have other sizes than the preset's, or a file cannot be written.
pub fn from_set(set: &Path, preset: &Preset, run: &Path) -> Result<()> {
    let manifest = fs::read_to_string(set.join(MANIFEST_FILE)).with_context(|| format!("{} is no model set", set.display()))?;
    let manifest = Manifest::parse(&manifest).with_context(|| format!("reading {}", set.display()))?;
    ensure!(
        manifest.sizes == preset.sizes(),
        "{} was made with other sizes than preset {}: start from a set of that preset",
        set.display(),
        preset.name
    );
    let graphs = Graphs { set, manifest: &manifest };
    let device = Device::flex();

    let mut tokenizer = Tokenizer::new(&preset.tokenizer.network, &device);
    tokenizer.encoder = graphs.read(Graph::Encoder)?.load_into(tokenizer.encoder)?;
    tokenizer.decoder.condition = graphs.read(Graph::DecoderCondition)?.load_into(tokenizer.decoder.condition)?;
    tokenizer.decoder.denoiser = graphs.read(Graph::DecoderStep)?.load_into(tokenizer.decoder.denoiser)?;
    put(&run.join("tokenizer"), tokenizer)?;
    let scale = serde_json::to_string(&manifest.statistics.bin_scale)?;
    fs::write(run.join("tokenizer").join(BIN_SCALE), scale).context("writing the scale of the bins")?;

    let both = graphs.read(Graph::AdapterEncoder)?.merged(graphs.read(Graph::AdapterDecoder)?)?;
    put(&run.join("adapter"), both.load_into(Adapter::new(&preset.adapter.network, &device))?)?;

    let actions = ActionModel::new(&preset.actions.network, &device);
    put(&run.join("actions"), graphs.read(Graph::ActionEncoder)?.load_known_into(actions)?)?;

    let null = graphs.read(Graph::ActionEmbedding)?.only(NULL_ACTION);
    let dynamics = graphs.read(Graph::DynamicsContext)?.merged(graphs.read(Graph::DynamicsStep)?)?.merged(null)?;
    put(&run.join("dynamics"), dynamics.load_into(Dynamics::new(&preset.dynamics.network, &device))?)
}

struct Graphs<'a> {
    set: &'a Path,
    manifest: &'a Manifest,
}

impl Graphs<'_> {
    /// The weights of one graph, its hash checked.
    fn read(&self, graph: Graph) -> Result<Weights> {
        let file = self.set.join(&self.manifest.graphs[&graph].file);
        let content = fs::read(&file).with_context(|| format!("reading {}", file.display()))?;
        self.manifest.verify(graph, &content)?;
        Weights::read(&content).with_context(|| format!("reading {}", file.display()))
    }
}

fn put<M: Module>(stage: &Path, model: M) -> Result<()> {
    if holds_a_run(stage) {
        return Ok(());
    }
    fs::create_dir_all(stage).with_context(|| format!("creating {}", stage.display()))?;
    let path = stage.join(START);
    model.save_file(&path).map_err(|error| anyhow::anyhow!("writing {}: {error:?}", path.display()))
}
