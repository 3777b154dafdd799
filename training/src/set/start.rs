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
use crate::pipeline::{BIN_SCALE, DECODED_GAIN, MAP_REPORT, Networks, SLOT_STANDARD, StageName};
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
    let manifest = read_manifest(set)?;
    let networks = networks_of(set, &manifest, preset)?;
    let is_told_otherwise = preset.map.is_some() && networks.map.is_none() && kept.contains(&StageName::Dynamics);
    ensure!(
        !is_told_otherwise,
        "the dynamics of {} was never told actions through a map, and preset {} has one: keep no more than the actions",
        manifest.name,
        preset.name
    );
    // A map is of the actions that it maps. When they are learned anew, so are the richer table and the map to it; where the set has none, they
    // are learned beside actions that are kept.
    let is_map_kept = kept.contains(&StageName::Actions) && networks.map.is_some();
    let kept: Vec<StageName> = kept.iter().copied().chain(is_map_kept.then_some(StageName::Map)).collect();
    let place = Place { run, manifest: &manifest, kept: &kept };

    place.put(StageName::Tokenizer, networks.tokenizer)?;
    place.tell(StageName::Tokenizer, BIN_SCALE, &manifest.statistics.bin_scale)?;
    if kept.contains(&StageName::Tokenizer) {
        place.tell(StageName::Tokenizer, DECODED_GAIN, &manifest.statistics.decoded_gain)?;
    }
    place.put(StageName::Adapter, networks.adapter)?;
    if kept.contains(&StageName::Adapter) {
        let (mean, deviation) = (manifest.statistics.slot_mean.clone(), manifest.statistics.slot_deviation.clone());
        place.tell(StageName::Adapter, SLOT_STANDARD, &Standard { mean, deviation })?;
    }
    place.put(StageName::Actions, networks.actions)?;
    if let (Some(map), true) = (networks.map, kept.contains(&StageName::Map)) {
        place.put(StageName::Map, map)?;
        place.bring(set, StageName::Map, card::MAP_FILE, MAP_REPORT)?;
    }
    place.put(StageName::Dynamics, networks.dynamics)
}

/// What a set promises.
///
/// # Errors
/// When the folder holds no set.
pub(super) fn read_manifest(set: &Path) -> Result<Manifest> {
    let text = fs::read_to_string(set.join(MANIFEST_FILE)).with_context(|| format!("{} is no model set", set.display()))?;
    Manifest::parse(&text).with_context(|| format!("reading {}", set.display()))
}

/// The networks of a set, with the weights that its graphs hold. What only training has is fresh.
///
/// # Errors
/// When the set's networks have other sizes than the preset's, it has a map and the preset has none, or a graph cannot be read.
pub(super) fn networks_of(set: &Path, manifest: &Manifest, preset: &Preset) -> Result<Networks> {
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
    let graphs = Graphs { set, manifest };
    let device = Device::flex();

    let mut tokenizer = Tokenizer::new(&preset.tokenizer.network, &device);
    tokenizer.encoder = graphs.read(Graph::Encoder)?.load_into(tokenizer.encoder)?;
    tokenizer.decoder.condition = graphs.read(Graph::DecoderCondition)?.load_into(tokenizer.decoder.condition)?;
    tokenizer.decoder.denoiser = graphs.read(Graph::DecoderStep)?.load_into(tokenizer.decoder.denoiser)?;

    let both = graphs.read(Graph::AdapterEncoder)?.merged(graphs.read(Graph::AdapterDecoder)?)?;
    let adapter = both.load_into(Adapter::new(&preset.adapter.network, &device))?;

    let embedding = || graphs.read(Graph::ActionEmbedding);
    let actions = ActionModel::new(&preset.actions.network, &device);
    let actions = graphs.read(Graph::ActionEncoder)?.load_known_into(actions)?;
    let map = embedding()?.of_part(MAP);
    let map = match &preset.map {
        _ if map.is_empty() => None,
        Some(stage) => Some(map.load_into(ActionMap::new(&stage.network, preset.actions.network.width, &device))?),
        None => bail!(
            "the dynamics of {} is told actions through a map, and preset {} has none: add [map] to it, or start from another set",
            manifest.name,
            preset.name
        ),
    };

    let null = embedding()?.only(NULL_ACTION);
    let dynamics = graphs.read(Graph::DynamicsContext)?.merged(graphs.read(Graph::DynamicsStep)?)?.merged(null)?;
    let dynamics = dynamics.load_into(Dynamics::new(&preset.dynamics.network, &device))?;
    Ok(Networks { tokenizer, adapter, actions, map, dynamics })
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
