//! A trained tracker as a folder: graph, manifest, card, and the proof that the graph is the network.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use turnaround_core::beats::FRAMES_PER_SECOND;
use turnaround_core::beats::contract::{
    FORMAT, GRAPH_FILE, INPUT, MANIFEST_FILE, OUTPUT, TrackerManifest, TrackerTraining, inputs, outputs,
};
use turnaround_core::beats::front_end::BANDS;
use turnaround_core::contract::{GraphFile, sha256_hex};
use turnaround_core::time::SampleRate;

use super::network::Tracker;
use super::preset::BeatsPreset;
use super::{card, train};
use crate::corpus::Corpus;
use crate::export::{Inputs, Outputs, Ports, Symbols, WeightPrecision, trace};
use crate::set::graphs::as_stored;
use crate::set::parity::{self, Parity};
use crate::train::run::Trained;

/// The tracker's own version: raised when it is trained anew.
const VERSION: &str = "0.1.0";

/// The preset's file in a tracker's folder.
pub const PRESET_FILE: &str = "preset.toml";

/// Writes a tracker to `folder`, which is replaced whole. Returns the parity of its graph in every runtime at hand.
///
/// # Errors
/// When the network cannot be traced, the graph differs from it, or a file cannot be written; an old tracker then stays as it was.
pub fn write(
    trained: &Trained<Tracker>,
    preset: &BeatsPreset,
    corpus: &Corpus,
    run: &Path,
    folder: &Path,
) -> Result<Vec<Parity>> {
    let (content, parities) = graph(&trained.model)?;
    for parity in &parities {
        ensure!(parity.passes(), "{parity}: the graph is not the network it came from");
    }
    let fresh = folder.with_extension("new");
    if fresh.exists() {
        fs::remove_dir_all(&fresh).with_context(|| format!("removing {}", fresh.display()))?;
    }
    fs::create_dir_all(&fresh).with_context(|| format!("creating {}", fresh.display()))?;
    fs::write(fresh.join(GRAPH_FILE), &content)?;
    let name = folder.file_name().map_or_else(|| preset.name.clone(), |name| name.to_string_lossy().into_owned());
    let manifest = manifest(trained, preset, corpus, name, &content);
    fs::write(fresh.join(MANIFEST_FILE), serde_json::to_string_pretty(&manifest)? + "\n")?;
    fs::write(fresh.join(parity::FILE), serde_json::to_string_pretty(&parities)? + "\n")?;
    fs::write(fresh.join(PRESET_FILE), toml::to_string_pretty(preset)?)?;
    if run.join("loss.svg").exists() {
        fs::copy(run.join("loss.svg"), fresh.join("loss.svg"))?;
    }
    card::write(&fresh)?;
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("removing {}", folder.display()))?;
    }
    fs::rename(&fresh, folder).with_context(|| format!("writing {}", folder.display()))?;
    Ok(parities)
}

/// The network's graph, weights in 16 bits, and how far it is from the network.
fn graph(tracker: &Tracker) -> Result<(Vec<u8>, Vec<Parity>)> {
    let ports = Ports { inputs: inputs(), outputs: outputs() };
    let forward = |tracker: &Tracker, inputs: &Inputs| Outputs::new().with(OUTPUT, tracker.forward(inputs.get::<3>(INPUT)));
    let stored = as_stored(tracker);
    let content =
        trace(&stored, &ports, &Symbols::PAIR, forward).context("exporting the tracker")?.to_bytes(WeightPrecision::F16);
    let parities = parity::measure("tracker", &ports, &content, &stored, tracker, forward).context("exporting the tracker")?;
    Ok((content, parities))
}

fn manifest(trained: &Trained<Tracker>, preset: &BeatsPreset, corpus: &Corpus, name: String, content: &[u8]) -> TrackerManifest {
    let corpus = &corpus.manifest;
    TrackerManifest {
        format: FORMAT,
        name,
        version: VERSION.to_owned(),
        sample_rate: SampleRate::MODEL.hz(),
        frames_per_second: FRAMES_PER_SECOND,
        bands: BANDS,
        graph: GraphFile {
            file: GRAPH_FILE.to_owned(),
            bytes: content.len() as u64,
            sha256: sha256_hex(content),
            inputs: inputs(),
            outputs: outputs(),
        },
        training: TrackerTraining {
            preset: preset.name.clone(),
            seed: preset.seed,
            data: format!(
                "synthesised: {} pieces of this project's corpus (recipe {}, seed {}), played with {} (SHA-256 {})",
                corpus.pieces, corpus.recipe, corpus.seed, corpus.soundfont, corpus.soundfont_sha256
            ),
            hours: corpus.hours,
            steps: trained.state.step,
            loss: trained.state.smoothed.get("loss").copied().unwrap_or(f64::NAN),
            parameters: train::parameters(&trained.model),
        },
    }
}
