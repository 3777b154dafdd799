//! The model card, written from what the run and its evaluation left in the set's folder and from nothing else.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use turnaround_core::contract::{Graph, MANIFEST_FILE, Manifest};
use turnaround_core::instruments::listed;

use super::parity::{self, Parity};
use crate::curate::{self, Curation};
use crate::evaluate::{self, Evaluation};
use crate::pipeline::StageName;
use crate::preset::Preset;
use crate::train::map_report::MapReport;

/// The card's file name.
pub const FILE: &str = "CARD.md";

/// The file in a set's folder that keeps what the map to richer actions came to, where there is one.
pub const MAP_FILE: &str = "map.json";

/// Writes the card of the set in `folder`.
///
/// # Errors
/// When the manifest or the parity table cannot be read, or the card cannot be written.
pub fn write(folder: &Path) -> Result<()> {
    let read = |name: &str| fs::read_to_string(folder.join(name)).with_context(|| format!("reading {name}"));
    let manifest = Manifest::parse(&read(MANIFEST_FILE)?)?;
    let preset: Preset = toml::from_str(&read("preset.toml")?)?;
    let parities: Vec<Parity> = serde_json::from_str(&read(parity::FILE)?)?;
    let evaluation: Option<Evaluation> = match folder.join(evaluate::FILE).exists() {
        true => Some(serde_json::from_str(&read(evaluate::FILE)?)?),
        false => None,
    };
    let curation: Option<Curation> = match folder.join(curate::FILE).exists() {
        true => Some(serde_json::from_str(&read(curate::FILE)?)?),
        false => None,
    };
    let map: Option<MapReport> = match folder.join(MAP_FILE).exists() {
        true => Some(serde_json::from_str(&read(MAP_FILE)?)?),
        false => None,
    };
    let left = Left {
        preset: &preset,
        parities: &parities,
        evaluation: evaluation.as_ref(),
        curation: curation.as_ref(),
        map: map.as_ref(),
    };
    let text = card(&manifest, &left)?;
    fs::write(folder.join(FILE), text).with_context(|| format!("writing {FILE}"))
}

/// What a run and its measures left in the set's folder beside the manifest.
struct Left<'a> {
    preset: &'a Preset,
    parities: &'a [Parity],
    evaluation: Option<&'a Evaluation>,
    curation: Option<&'a Curation>,
    map: Option<&'a MapReport>,
}

fn card(manifest: &Manifest, left: &Left<'_>) -> Result<String> {
    let Left { parities, evaluation, curation, .. } = *left;
    let mut text = String::new();
    writeln!(text, "# Model set `{}` {}\n", manifest.name, manifest.version)?;
    purpose(&mut text, manifest, left)?;
    training(&mut text, manifest, left)?;
    if let Some(curation) = curation {
        curate::describe(&mut text, manifest, curation)?;
    }
    match evaluation {
        Some(evaluation) => evaluation.describe(&mut text)?,
        None => writeln!(text, "## Measures\n\nThis set has not been evaluated.\n")?,
    }
    graphs(&mut text, manifest)?;
    parity_table(&mut text, parities)?;
    making(&mut text, manifest)?;
    Ok(text)
}

fn purpose(text: &mut String, manifest: &Manifest, left: &Left<'_>) -> Result<()> {
    let sizes = &manifest.sizes;
    let names = if left.curation.is_some() { "" } else { "Actions have no names yet. " };
    let claim = match left.evaluation.is_some_and(Evaluation::has_recordings) {
        true => "what they make of some is measured below, apart from all else",
        false => "no claim about real recordings follows from the figures below",
    };
    writeln!(
        text,
        "Regenerates single bars of music under latent actions. Hears and writes mono at {} Hz, below about 7.2 kHz; a bar is \
         {} slots of {} numbers; {} actions, {} active in an inferred one.\n",
        sizes.sample_rate, sizes.slots, sizes.channels, sizes.actions, sizes.active_actions
    )?;
    if !manifest.instruments.is_empty() {
        writeln!(
            text,
            "It hears who plays, and is told it beside the action: {}. How well it hears them is not measured here.\n",
            listed(&manifest.instruments)
        )?;
    }
    writeln!(
        text,
        "**Limits.** All training audio is synthesised from scores with a SoundFont. These weights have heard no real recording; \
         {claim}. {names}{}\n",
        left.preset.limits
    )?;
    Ok(())
}

fn training(text: &mut String, manifest: &Manifest, left: &Left<'_>) -> Result<()> {
    let training = &manifest.training;
    writeln!(text, "## Training\n")?;
    writeln!(
        text,
        "Preset `{}`, seed {}. Data: {}; {:.2} hours in all, {} units in the training split. Splits are by composition.\n",
        training.preset, training.seed, training.data, training.corpus_hours, training.training_bars
    )?;
    writeln!(text, "Rights: {}\n", rights(&training.data))?;
    writeln!(text, "| stage | parameters | steps | smoothed loss at the end |\n|---|---|---|---|")?;
    let is_here = |stage: &StageName| StageName::ALWAYS.contains(stage) || training.steps.contains_key(stage.name());
    for stage in StageName::ALL.iter().filter(|stage| is_here(stage)).map(|stage| stage.name()) {
        let (parameters, steps) = (training.parameters.get(stage), training.steps.get(stage));
        let loss = training.losses.get(stage).copied().unwrap_or(f64::NAN);
        writeln!(text, "| {stage} | {} | {} | {loss:.4} |", parameters.unwrap_or(&0), steps.unwrap_or(&0))?;
    }
    writeln!(text, "\nCurves: `loss_*.svg` beside this card.\n")?;
    if left.preset.map.is_some() {
        writeln!(
            text,
            "The dynamics is told actions through a residual map, which makes of the knobs' vector the one that a richer table would most likely \
             give; the richer table does not ship."
        )?;
    }
    if let Some(MapReport { bars, identity, linear, map }) = left.map {
        writeln!(
            text,
            "Of the variance of the richer vectors on {bars} held-out bars the map finds {}, the nearest linear function {}, the knobs' vector \
             itself {}.",
            map.rounded(2),
            linear.rounded(2),
            identity.rounded(2)
        )?;
    }
    if left.preset.map.is_some() {
        writeln!(text)?;
    }
    Ok(())
}

/// What the sources allow: see `corpus::sources::Kind`.
fn rights(data: &str) -> &'static str {
    if data.contains("copyleft sources") {
        "copyleft sources were read. The weights are a set of their own and are offered under their terms, not under the project's licence."
    } else {
        "arrangements are this project's own, and FluidR3 GM, the SoundFont of the default corpus, is under the MIT licence; archives, their \
         licences and credits are named above. The weights are offered under the project's licence, MIT OR Apache-2.0."
    }
}

fn graphs(text: &mut String, manifest: &Manifest) -> Result<()> {
    writeln!(text, "## Graphs\n\n| graph | bytes | inputs | outputs |\n|---|---|---|---|")?;
    let shape = |port: &turnaround_core::contract::Port| -> Result<String> {
        Ok(format!("{} {}", port.name, serde_json::to_string(&port.shape)?.replace('"', "")))
    };
    for graph in Graph::ALL {
        let file = manifest.graph(graph);
        let inputs: Vec<String> = file.inputs.iter().map(shape).collect::<Result<_>>()?;
        let outputs: Vec<String> = file.outputs.iter().map(shape).collect::<Result<_>>()?;
        writeln!(text, "| {graph} | {} | {} | {} |", file.bytes, inputs.join("; "), outputs.join("; "))?;
    }
    writeln!(text)?;
    Ok(())
}

fn parity_table(text: &mut String, parities: &[Parity]) -> Result<()> {
    writeln!(
        text,
        "## Export parity\n\nLargest error of each graph against the network it was traced from, with the same weights, relative to \
         the largest output (limit {:.0e}); and what rounding the weights to 16 bits changed.\n",
        parity::LIMIT
    )?;
    writeln!(text, "| graph | runtime | error | rounding |\n|---|---|---|---|")?;
    for parity in parities {
        writeln!(text, "| {} | {} | {:.1e} | {:.1e} |", parity.graph, parity.runtime, parity.error, parity.rounding)?;
    }
    writeln!(text)?;
    Ok(())
}

fn making(text: &mut String, manifest: &Manifest) -> Result<()> {
    let (preset, name) = (&manifest.training.preset, &manifest.name);
    writeln!(
        text,
        "## Making it again\n\n```sh\ncargo xtask train --preset {preset}\ncargo run --release -p turnaround-training --features export -- \
         evaluate --set models/{name} --corpus data/corpus\n```\n\nA run limited by minutes rather than steps stops where the machine's speed \
         lets it; the steps above say where this one did. `preset.toml` beside this card holds every size and schedule."
    )?;
    Ok(())
}
