//! A finished training as a model set: nine graphs, a manifest, and the proof that each graph is the network it came from.

pub mod card;
pub mod graphs;
pub mod parity;
mod renew;
pub mod start;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use turnaround_core::contract::{
    Action, FORMAT, Graph, GraphFile, MANIFEST_FILE, Manifest, Sizes, SparseWeights, Statistics, TrainingSummary, sha256_hex,
};

use crate::corpus::{Corpus, Split};
use crate::pipeline::{MAP_REPORT, Models, Networks, StageName};
use crate::preset::Preset;
use crate::train::dynamics::CONTEXT_LEVEL;
use crate::train::frames::COMPAND_EXPONENT;
use parity::Parity;

pub use renew::renew;

/// How many training bars' actions a set carries for guidance.
const REFERENCE_ACTIONS: usize = 256;

/// The set's own version: raised when a set of the same name is trained anew.
const VERSION: &str = "0.1.0";

/// Writes a set to `folder`, which is replaced whole. Returns the parity of every graph, all of which passed.
///
/// # Errors
/// When a graph cannot be traced, differs from its network, or a file cannot be written; an old set then stays as it was.
pub fn write(models: &Models, preset: &Preset, corpus: &Corpus, folder: &Path) -> Result<Vec<Parity>> {
    let fresh = folder_beside(folder)?;
    let (files, parities) = write_graphs(&models.networks, &preset.sizes(), &fresh)?;

    let name = folder.file_name().map_or_else(|| preset.name.clone(), |name| name.to_string_lossy().into_owned());
    let manifest = manifest(models, preset, corpus, name, files);
    manifest.check().context("the set would break its own contract")?;
    fs::write(fresh.join(MANIFEST_FILE), manifest.to_json())?;
    fs::write(fresh.join(parity::FILE), serde_json::to_string_pretty(&parities)? + "\n")?;
    fs::write(fresh.join("preset.toml"), toml::to_string_pretty(preset)?)?;
    for stage in models.states.keys() {
        let curve = models.folder.join(stage).join("loss.svg");
        if curve.exists() {
            fs::copy(curve, fresh.join(format!("loss_{stage}.svg")))?;
        }
    }
    let map_report = models.folder.join(StageName::Map.name()).join(MAP_REPORT);
    if map_report.exists() {
        fs::copy(map_report, fresh.join(card::MAP_FILE))?;
    }
    card::write(&fresh)?;
    put_in_place(&fresh, folder)?;
    Ok(parities)
}

/// An empty folder to put a set together in, so that the one that is there stays whole until its successor is.
fn folder_beside(folder: &Path) -> Result<PathBuf> {
    let fresh = folder.with_extension("new");
    if fresh.exists() {
        fs::remove_dir_all(&fresh).with_context(|| format!("removing {}", fresh.display()))?;
    }
    fs::create_dir_all(&fresh).with_context(|| format!("creating {}", fresh.display()))?;
    Ok(fresh)
}

fn put_in_place(fresh: &Path, folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("removing {}", folder.display()))?;
    }
    fs::rename(fresh, folder).with_context(|| format!("writing {}", folder.display()))
}

/// Writes all graphs, each of which must be the network it came from; what the manifest says of them, and how near they are.
fn write_graphs(networks: &Networks, sizes: &Sizes, folder: &Path) -> Result<(BTreeMap<Graph, GraphFile>, Vec<Parity>)> {
    let mut files = BTreeMap::new();
    let mut parities = Vec::new();
    for exported in graphs::export_all(networks, sizes)? {
        let file = format!("{}.onnx", exported.graph);
        fs::write(folder.join(&file), &exported.content).with_context(|| format!("writing {file}"))?;
        let entry = GraphFile {
            file,
            bytes: exported.content.len() as u64,
            sha256: sha256_hex(&exported.content),
            inputs: exported.graph.inputs(sizes),
            outputs: exported.graph.outputs(sizes),
        };
        files.insert(exported.graph, entry);
        parities.extend(exported.parities);
    }
    for parity in &parities {
        ensure!(parity.passes(), "{parity}: the graph is not the network it came from");
    }
    Ok((files, parities))
}

fn manifest(models: &Models, preset: &Preset, corpus: &Corpus, name: String, graphs: BTreeMap<Graph, GraphFile>) -> Manifest {
    let sizes = preset.sizes();
    let train = corpus.of(Split::Train);
    let weights = |unit: &usize| models.inferred.weights[*unit].clone();
    let stride = train.len().div_ceil(REFERENCE_ACTIONS).max(1);
    let statistics = Statistics {
        compand_exponent: COMPAND_EXPONENT,
        bin_scale: models.companding.bin_scale.clone(),
        decoded_gain: models.decoded_gain.clone(),
        slot_mean: models.slots.mean.clone(),
        slot_deviation: models.slots.deviation.clone(),
        latent_epsilon: crate::networks::tokenizer::LATENT_EPSILON as f32,
        context_noise_level: CONTEXT_LEVEL,
        reference_actions: train.iter().step_by(stride).map(weights).collect(),
    };
    let all: Vec<SparseWeights> = train.iter().map(weights).collect();
    Manifest {
        format: FORMAT,
        name,
        version: VERSION.to_owned(),
        sizes,
        statistics,
        actions: action_table(&all, sizes.actions),
        instruments: preset.actions.network.instruments.clone(),
        graphs,
        training: summary(models, preset, corpus, train.len()),
    }
}

/// Labels are plain numbers until actions have been listened to and measured.
fn action_table(weights: &[SparseWeights], actions: usize) -> Vec<Action> {
    let mut active = vec![0usize; actions];
    for &(index, weight) in weights.iter().flatten() {
        if weight > 0.0 {
            active[usize::from(index)] += 1;
        }
    }
    let usage = |count: usize| count as f32 / weights.len().max(1) as f32;
    active
        .into_iter()
        .enumerate()
        .map(|(index, count)| Action { label: format!("action {index}"), usage: usage(count), measured: None })
        .collect()
}

fn summary(models: &Models, preset: &Preset, corpus: &Corpus, bars: usize) -> TrainingSummary {
    let by_stage = |value: &dyn Fn(&crate::train::run::State) -> f64| -> BTreeMap<String, f64> {
        models.states.iter().map(|(stage, state)| (stage.clone(), value(state))).collect()
    };
    let manifest = &corpus.manifest;
    TrainingSummary {
        preset: preset.name.clone(),
        seed: preset.seed,
        data: manifest.described(),
        corpus_hours: manifest.hours,
        training_bars: bars as u64,
        steps: models.states.iter().map(|(stage, state)| (stage.clone(), state.step)).collect(),
        losses: by_stage(&|state| state.smoothed.get("loss").copied().unwrap_or(f64::NAN)),
        parameters: models.parameters.clone(),
    }
}
