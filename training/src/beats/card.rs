//! The tracker's card, written from what its run and its evaluation left in its folder and from nothing else.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use turnaround_core::beats::contract::{MANIFEST_FILE, TrackerManifest};
use turnaround_core::beats::decoder::{FASTEST, SLOWEST};

use crate::evaluate::beats::{BeatsEvaluation, FILE as EVALUATION_FILE};
use crate::set::parity::{self, Parity};

/// The card's file name.
pub const FILE: &str = "CARD.md";

/// Writes the card of the tracker in `folder`.
///
/// # Errors
/// When the manifest or the parity table cannot be read, or the card cannot be written.
pub fn write(folder: &Path) -> Result<()> {
    let read = |name: &str| fs::read_to_string(folder.join(name)).with_context(|| format!("reading {name}"));
    let manifest = TrackerManifest::parse(&read(MANIFEST_FILE)?)?;
    let parities: Vec<Parity> = serde_json::from_str(&read(parity::FILE)?)?;
    let evaluation: Option<BeatsEvaluation> = match folder.join(EVALUATION_FILE).exists() {
        true => Some(serde_json::from_str(&read(EVALUATION_FILE)?)?),
        false => None,
    };
    fs::write(folder.join(FILE), card(&manifest, &parities, evaluation.as_ref())?).with_context(|| format!("writing {FILE}"))
}

fn card(manifest: &TrackerManifest, parities: &[Parity], evaluation: Option<&BeatsEvaluation>) -> Result<String> {
    let mut text = String::new();
    let training = &manifest.training;
    writeln!(text, "# Beat tracker `{}` {}\n", manifest.name, manifest.version)?;
    writeln!(
        text,
        "Tells of every frame of a recording, {} a second, how likely a beat, a first beat of a bar, and a division by three are. Input \
         `[1, mel_frames, {}]`, logarithmic mel frames of mono sound at {} Hz; output `[1, mel_frames, 3]`, probabilities. The decoder in \
         `core/src/beats` makes beats of them.\n",
        manifest.frames_per_second, manifest.bands, manifest.sample_rate
    )?;
    writeln!(
        text,
        "**Limits.** All training audio is synthesised from scores with SoundFonts: these weights have heard no real recording, and no \
         claim about real recordings follows from the figures below, which also measure the arranger. Beats are followed from {SLOWEST} \
         to {FASTEST} a minute, in one metre a recording; without being told, metres of 2 to 5 beats are tried. Bars that are cut short \
         put the numbers after them out.\n"
    )?;
    writeln!(text, "## Training\n")?;
    writeln!(
        text,
        "Preset `{}`, seed {}, {} parameters, {} steps, smoothed loss {:.4} at the end (`loss.svg`). Data: {}; {:.2} hours in all, of which \
         the training split was heard. Splits are by composition.\n",
        training.preset, training.seed, training.parameters, training.steps, training.loss, training.data, training.hours
    )?;
    writeln!(
        text,
        "Rights: scores and arrangements are this project's own or come from the sources that the corpus's recipe names; FluidR3 GM, the \
         SoundFont of the default corpus, is under the MIT licence. The weights are offered under the project's licence, MIT OR \
         Apache-2.0.\n"
    )?;
    match evaluation {
        Some(evaluation) => evaluation.describe(&mut text)?,
        None => writeln!(text, "## Measures\n\nThis tracker has not been evaluated.\n")?,
    }
    writeln!(
        text,
        "## Export parity\n\n| runtime | error (limit {:.0e}) | rounding of weights to 16 bits |\n|---|---|---|",
        parity::LIMIT
    )?;
    for parity in parities {
        writeln!(text, "| {} | {:.1e} | {:.1e} |", parity.runtime, parity.error, parity.rounding)?;
    }
    writeln!(
        text,
        "\n## Making it again\n\n```sh\ncargo run --release -p turnaround-training --features export -- export-beats --corpus data/corpus \
         --run runs/beats --preset {} --out models/{}\ncargo run --release -p turnaround-training --features export -- evaluate-beats \
         --tracker models/{} --corpus data/corpus\n```",
        training.preset, manifest.name, manifest.name
    )?;
    Ok(text)
}
