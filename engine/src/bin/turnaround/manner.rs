//! The actions that bars are made with, as the command line names them.

use turnaround_core::actions::dense_weights;
use turnaround_core::contract::{Manifest, SparseWeights};
use turnaround_engine::regenerate::ActionChoice;
use turnaround_engine::{Engine, EngineError, transition};

use crate::args::{Like, Manner, Weight};
use crate::output::{Failure, read, with_progress};
use crate::recording::Recording;

/// The action of each of so many bars, in order.
pub fn actions(manner: &Manner, count: usize, recording: &Recording<'_>, engine: &Engine) -> Result<Vec<ActionChoice>, Failure> {
    let from = end(&manner.action, manner.like.as_ref(), recording, engine)?;
    let to = end(&manner.to_action, manner.to_like.as_ref(), recording, engine)?;
    match (from, to) {
        (None, None) => Ok(vec![ActionChoice::Null; count]),
        (Some(weights), None) => Ok(vec![ActionChoice::Weights(weights); count]),
        (Some(from), Some(to)) => Ok(transition(&from, &to, count)?),
        (None, Some(_)) => Err(Failure::mendable(
            "--to-like and --to-action say where a transition ends; say with --like or --action where it begins",
        )),
    }
}

/// One end of a transition, or all of it. Nothing if none is named.
fn end(
    named: &[Weight],
    like: Option<&Like>,
    recording: &Recording<'_>,
    engine: &Engine,
) -> Result<Option<SparseWeights>, Failure> {
    if named.is_empty() && like.is_none() {
        return Ok(None);
    }
    let manifest = engine.set().manifest();
    let mut weights = SparseWeights::new();
    for weight in named {
        weights.push((index(weight, manifest)?, weight.weight));
    }
    if let Some(like) = like {
        weights.extend(heard(like, recording, engine)?);
    }
    // An action given twice, or also heard, counts with the sum of its weights.
    let dense = dense_weights(&weights, manifest.actions.len());
    let weights = dense.iter().enumerate().filter(|(_, weight)| **weight > 0.0).map(|(index, &weight)| (index as u16, weight));
    Ok(Some(weights.collect()))
}

fn index(weight: &Weight, manifest: &Manifest) -> Result<u16, Failure> {
    let last = manifest.actions.len() - 1;
    if let Ok(index) = weight.action.parse::<u16>() {
        return if usize::from(index) <= last { Ok(index) } else { Err(EngineError::UnknownAction { index, last }.into()) };
    }
    let place = manifest.actions.iter().position(|action| action.label.eq_ignore_ascii_case(&weight.action));
    place.and_then(|place| u16::try_from(place).ok()).ok_or_else(|| {
        Failure::mendable(format!(
            "action {:?} does not exist: this model set has actions 0 to {last}; see turnaround info",
            weight.action
        ))
    })
}

fn heard(like: &Like, recording: &Recording<'_>, engine: &Engine) -> Result<SparseWeights, Failure> {
    let bar = Some(&[like.bar][..]);
    let heard = match &like.file {
        None => {
            let (audio, map) = (recording.file.audio(), &recording.map);
            with_progress("listening", |control| engine.infer_actions(audio, map, bar, control))?
        }
        Some(path) => {
            let other = read(path)?;
            let map = recording.grid_of(&other)?;
            with_progress("listening", |control| engine.infer_actions(other.audio(), &map, bar, control))?
        }
    };
    Ok(heard.into_iter().flat_map(|bar| bar.weights).collect())
}
