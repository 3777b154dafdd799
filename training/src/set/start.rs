//! A set as the checkpoint that training starts from: the weights of its graphs, put where a run looks for them.
//!
//! The training-only parts of a network (the decoder that actions are learned with) are not in any graph and start afresh. Stages may also
//! be kept as they are: then nothing of them is trained, and the later ones learn on top of what the set has.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use burn::module::Module;
use burn::tensor::Device;
use serde::Serialize;
use turnaround_core::contract::{Graph, MANIFEST_FILE, Manifest};

use super::card;
use crate::export::Weights;
use crate::networks::action_map::ActionMap;
use crate::networks::actions::ActionModel;
use crate::networks::adapter::Adapter;
use crate::networks::dynamics::Dynamics;
use crate::networks::tokenizer::Tokenizer;
use crate::pipeline::{BIN_SCALE, DECODED_GAIN, MAP_REPORT, SLOT_STANDARD, StageName};
use crate::preset::Preset;
use crate::train::latents::Standard;
use crate::train::run::{START, State, holds_a_run, save_finished};

const STAGES_IN_ORDER: &str = "tokenizer, adapter, actions, dynamics";

/// The dynamics' null action, which lies in the graph that embeds actions.
const NULL_ACTION: &str = "null_action";

/// The map to richer vectors, which lies there too, if there is one.
const MAP: &str = "map";

/// Makes every stage of the run in `run` that has not begun start from the weights of a set; those `kept` are finished as they are.
///
/// # Errors
/// When the set cannot be read, its networks have other sizes than the preset's, a stage is to be kept and one before it is not, the dynamics
/// of one of the two is told actions through a map and could not be of the other, or a file cannot be written.
pub fn from_set(set: &Path, preset: &Preset, run: &Path, kept: &[StageName]) -> Result<()> {
    let all = StageName::ALWAYS.iter().map(|stage| kept.contains(stage));
    ensure!(
        all.is_sorted_by(|earlier, later| earlier >= later),
        "a stage can only be kept together with all before it: {STAGES_IN_ORDER}"
    );
    let manifest = fs::read_to_string(set.join(MANIFEST_FILE)).with_context(|| format!("{} is no model set", set.display()))?;
    let manifest = Manifest::parse(&manifest).with_context(|| format!("reading {}", set.display()))?;
    ensure!(
        manifest.sizes == preset.sizes(),
        "{} was made with other sizes than preset {}: start from a set of that preset",
        set.display(),
        preset.name
    );
    ensure!(
        manifest.instruments == preset.actions.network.instruments,
        "{} lists other instruments than preset {}: start from a set of that preset",
        set.display(),
        preset.name
    );
    let graphs = Graphs { set, manifest: &manifest };
    let map = graphs.read(Graph::ActionEmbedding)?.of_part(MAP);
    check_map(&manifest.name, preset, !map.is_empty(), kept)?;
    // A map is of the actions that it maps. When they are learned anew, so are the richer table and the map to it; where the set has none, they
    // are learned beside actions that are kept.
    let is_map_kept = kept.contains(&StageName::Actions) && !map.is_empty();
    let kept: Vec<StageName> = kept.iter().copied().chain(is_map_kept.then_some(StageName::Map)).collect();
    let place = Place { run, manifest: &manifest, kept: &kept };
    let device = Device::flex();

    let mut tokenizer = Tokenizer::new(&preset.tokenizer.network, &device);
    tokenizer.encoder = graphs.read(Graph::Encoder)?.load_into(tokenizer.encoder)?;
    tokenizer.decoder.condition = graphs.read(Graph::DecoderCondition)?.load_into(tokenizer.decoder.condition)?;
    tokenizer.decoder.denoiser = graphs.read(Graph::DecoderStep)?.load_into(tokenizer.decoder.denoiser)?;
    place.put(StageName::Tokenizer, tokenizer)?;
    place.tell(StageName::Tokenizer, BIN_SCALE, &manifest.statistics.bin_scale)?;
    if kept.contains(&StageName::Tokenizer) {
        place.tell(StageName::Tokenizer, DECODED_GAIN, &manifest.statistics.decoded_gain)?;
    }

    let both = graphs.read(Graph::AdapterEncoder)?.merged(graphs.read(Graph::AdapterDecoder)?)?;
    place.put(StageName::Adapter, both.load_into(Adapter::new(&preset.adapter.network, &device))?)?;
    if kept.contains(&StageName::Adapter) {
        let (mean, deviation) = (manifest.statistics.slot_mean.clone(), manifest.statistics.slot_deviation.clone());
        place.tell(StageName::Adapter, SLOT_STANDARD, &Standard { mean, deviation })?;
    }

    let actions = ActionModel::new(&preset.actions.network, &device);
    place.put(StageName::Actions, graphs.read(Graph::ActionEncoder)?.load_known_into(actions)?)?;

    if let (Some(stage), true) = (&preset.map, kept.contains(&StageName::Map)) {
        place.put(StageName::Map, map.load_into(ActionMap::new(&stage.network, preset.actions.network.width, &device))?)?;
        place.bring(set, StageName::Map, card::MAP_FILE, MAP_REPORT)?;
    }

    let null = graphs.read(Graph::ActionEmbedding)?.only(NULL_ACTION);
    let dynamics = graphs.read(Graph::DynamicsContext)?.merged(graphs.read(Graph::DynamicsStep)?)?.merged(null)?;
    place.put(StageName::Dynamics, dynamics.load_into(Dynamics::new(&preset.dynamics.network, &device))?)
}

/// Refuses to bring together a dynamics that is told actions through a map and one that is not.
fn check_map(set: &str, preset: &Preset, is_carried: bool, kept: &[StageName]) -> Result<()> {
    match (&preset.map, is_carried) {
        (None, true) => bail!(
            "the dynamics of {set} is told actions through a map, and preset {} has none: add [map] to it, or start from another set",
            preset.name
        ),
        (Some(_), false) if kept.contains(&StageName::Dynamics) => bail!(
            "the dynamics of {set} was never told actions through a map, and preset {} has one: keep no more than the actions",
            preset.name
        ),
        _ => Ok(()),
    }
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

/// Where weights go, and as what.
struct Place<'a> {
    run: &'a Path,
    manifest: &'a Manifest,
    kept: &'a [StageName],
}

impl Place<'_> {
    fn put<M: Module>(&self, stage: StageName, model: M) -> Result<()> {
        let folder = self.run.join(stage.name());
        if holds_a_run(&folder) {
            return Ok(());
        }
        fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
        if self.kept.contains(&stage) {
            let training = &self.manifest.training;
            let step = training.steps.get(stage.name()).copied().unwrap_or(0);
            let smoothed = training.losses.get(stage.name()).map(|&loss| ("loss".to_owned(), loss)).into_iter().collect();
            return save_finished(model, &folder, &State { step, finished: true, smoothed, ..State::default() });
        }
        let path = folder.join(START);
        model.save_file(&path).map_err(|error| anyhow::anyhow!("writing {}: {error:?}", path.display()))
    }

    /// Brings a file of the set, where it has it, into a stage's folder.
    fn bring(&self, set: &Path, stage: StageName, from: &str, to: &str) -> Result<()> {
        let (from, to) = (set.join(from), self.run.join(stage.name()).join(to));
        if from.exists() {
            fs::copy(&from, &to).with_context(|| format!("copying {}", from.display()))?;
        }
        Ok(())
    }

    /// Leaves beside a stage's weights what they were trained with.
    fn tell<T: Serialize>(&self, stage: StageName, file: &str, value: &T) -> Result<()> {
        let path = self.run.join(stage.name()).join(file);
        fs::write(&path, serde_json::to_string(value)?).with_context(|| format!("writing {}", path.display()))
    }
}
