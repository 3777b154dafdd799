//! Curation: what each action of a set does to a bar, which of them are worth a knob, and what a knob is called.
//!
//! Everything is measured on the validation split through the graphs that ship; the test split stays for the evaluation, which measures
//! the consistency of the chosen ones anew. The result is the action table of the set's manifest.

mod choices;
mod listen;
mod map;
mod measure;
mod names;
mod page;
mod separability;
mod shortlist;
mod tables;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use turnaround_core::contract::{MANIFEST_FILE, Manifest, MeasuredAction};
use turnaround_core::descriptors::Effect;
use turnaround_engine::Engine;
use turnaround_engine::regenerate::Settings;
use turnaround_engine::runtime::Options;

use crate::corpus::{Corpus, Split};
use crate::effects;
use crate::evaluate::excerpt::candidates;
pub use choices::Choices;
pub use tables::describe;

/// The file in a set's folder that keeps what was measured.
pub const FILE: &str = "curation.json";

/// What to curate.
pub struct Request<'a> {
    /// Folder of the set; its manifest and card are written anew.
    pub set: &'a Path,
    /// Its validation split is the ground.
    pub corpus: &'a Corpus,
    /// Bars that every action is tried on.
    pub contexts: usize,
    /// Actions on the shortlist at most.
    pub knobs: usize,
    /// Seed of all noise.
    pub seed: u64,
    /// What somebody who listened has decided.
    pub choices: Choices,
    /// Folder for a page to listen to; nothing of it belongs to the set.
    pub page: Option<PathBuf>,
}

/// What was measured of a set's actions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Curation {
    /// Of which graphs: their hashes, joined. Another set's measures are not taken for this one's.
    pub graphs: String,
    /// The corpus, in a sentence.
    pub source: String,
    /// Bars that every action was tried on.
    pub contexts: usize,
    /// Seed of all noise.
    pub seed: u64,
    /// How bars were made, [`how`]; earlier versions measured them as the networks write them, and did not say so.
    #[serde(default)]
    pub settings: String,
    /// The actions in the table's order.
    pub actions: Vec<Trial>,
}

/// What one action does, alone and at its full weight, beside no action at all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trial {
    /// The mean over contexts of what changes.
    pub effect: Effect,
    /// How alike each single descriptor's change is from context to context: |mean| over root mean square, 0 to 1.
    pub steadiness: Effect,
    /// How alike the whole change is, [`effects::consistency`].
    pub consistency: f32,
    /// The same over every second context and over the others. Of many actions some seem consistent by chance; few by the same chance twice.
    /// Nothing where an earlier version measured.
    #[serde(default)]
    pub halves: Option<[f32; 2]>,
    /// Share of contexts in which a linear discriminant learned on others tells this action by its change from all others.
    pub separability: f32,
    /// Share of the squared effect that its three strongest descriptors have: how much it is about something.
    pub specificity: f32,
    /// Root mean square distance of the made bars from the mean real bar, in standard deviations of real bars; 1 is as odd as a real one.
    pub strangeness: f32,
    /// Decibels by which it made a bar louder than no action did, at the most.
    pub most_gain_db: f32,
}

/// Measures where nothing is measured yet, chooses, names and writes.
///
/// # Errors
/// When the set cannot be loaded, too few bars of the corpus are held out for validation, or a file cannot be read or written.
pub fn run(request: &Request<'_>) -> Result<(Manifest, Curation)> {
    let engine = Engine::open(Some(request.set), &Options::default())?;
    let units = candidates(request.corpus, Split::Validation, request.contexts);
    ensure!(
        units.len() >= separability::FOLDS,
        "only {} bars of the validation split stand behind four like them: build a longer corpus",
        units.len()
    );
    let curation = measured(request, &engine, &units)?;
    let mut manifest = engine.set().manifest().clone();
    enter(&mut manifest, &curation, &request.choices, request.knobs);
    manifest.check().context("the curated set would break its own contract")?;
    let write = |name: &str, text: String| {
        let path = request.set.join(name);
        fs::write(&path, text).with_context(|| format!("writing {}", path.display()))
    };
    write(FILE, serde_json::to_string_pretty(&curation)? + "\n")?;
    write(MANIFEST_FILE, manifest.to_json())?;
    crate::set::card::write(request.set)?;
    if let Some(folder) = &request.page {
        let heard = listen::listen(&engine, request.corpus, &units, &manifest, request.seed)?;
        page::write(folder, &manifest, &curation, &heard)?;
    }
    Ok((manifest, curation))
}

/// What an earlier call has measured of the same graphs on the same bars with the same settings, or a fresh measure.
fn measured(request: &Request<'_>, engine: &Engine, units: &[usize]) -> Result<Curation> {
    let graphs: String = engine.set().manifest().graphs.values().map(|graph| graph.sha256.as_str()).collect::<Vec<_>>().join(" ");
    let source = request.corpus.manifest.described();
    let path = request.set.join(FILE);
    if let Ok(text) = fs::read_to_string(&path) {
        let kept: Curation = serde_json::from_str(&text).with_context(|| format!("{} is damaged", path.display()))?;
        let is_same = kept.graphs == graphs && kept.source == source && kept.seed == request.seed;
        let is_whole = kept.actions.iter().all(|trial| trial.halves.is_some());
        if is_same && is_whole && kept.contexts == units.len() && kept.settings == how() {
            return Ok(kept);
        }
    }
    let actions = measure::measure(engine, request.corpus, units, request.seed)?;
    Ok(Curation { graphs, source, contexts: units.len(), seed: request.seed, settings: how(), actions })
}

/// The settings that bars are made with, but for the seed, in words that change with them.
fn how() -> String {
    format!("{:?}, guided away from no action", Settings::default())
}

/// Writes what was measured and chosen into the action table.
fn enter(manifest: &mut Manifest, curation: &Curation, choices: &Choices, knobs: usize) {
    let usage: Vec<f32> = manifest.actions.iter().map(|action| action.usage).collect();
    let chosen = shortlist::choose(&curation.actions, &usage, manifest.sizes.active_actions, knobs, choices);
    let positions = map::positions(&curation.actions.iter().map(|trial| &trial.effect).collect::<Vec<_>>());
    let labels = names::labels(&curation.actions, &chosen, choices);
    for (index, action) in manifest.actions.iter_mut().enumerate() {
        let trial = &curation.actions[index];
        action.label.clone_from(&labels[index]);
        action.measured = Some(MeasuredAction {
            effect: trial.effect.clone(),
            consistency: trial.consistency,
            position: positions[index],
            is_shortlisted: chosen.contains(&index),
        });
    }
}

impl Trial {
    /// The least consistency that was measured: over all contexts or over half of them.
    fn least_consistency(&self) -> f32 {
        self.halves.into_iter().flatten().fold(self.consistency, f32::min)
    }

    /// From the effects in each context, and what else was seen there.
    fn new(changes: &[Effect], separability: f32, strangeness: f32, most_gain_db: f32) -> Self {
        let effect = effects::mean(changes);
        let steadiness = |(descriptor, mean): (&_, &f32)| {
            let squares = changes.iter().map(|change| change[descriptor].powi(2)).sum::<f32>() / changes.len() as f32;
            (*descriptor, if squares > 0.0 { (mean.abs() / squares.sqrt()).min(1.0) } else { 0.0 })
        };
        Self {
            steadiness: effect.iter().map(steadiness).collect(),
            consistency: effects::consistency(changes),
            halves: Some(
                [0, 1].map(|half| effects::consistency(&changes.iter().skip(half).step_by(2).cloned().collect::<Vec<_>>())),
            ),
            specificity: specificity(&effect),
            effect,
            separability,
            strangeness,
            most_gain_db,
        }
    }
}

fn specificity(effect: &Effect) -> f32 {
    let mut squares: Vec<f32> = effect.values().map(|change| change * change).collect();
    squares.sort_by(|a, b| b.total_cmp(a));
    let whole: f32 = squares.iter().sum();
    if whole > 0.0 { squares.iter().take(3).sum::<f32>() / whole } else { 0.0 }
}

#[cfg(test)]
mod tests;
