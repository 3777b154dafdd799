//! The actions that bars are made with, as the command line names them.

use turnaround_core::actions::dense_weights;
use turnaround_core::contract::{Manifest, SparseWeights};
use turnaround_engine::prompt::{Wish, choose};
use turnaround_engine::regenerate::ActionChoice;
use turnaround_engine::report::{PromptReport, TOLD_CHANGES, in_words};
use turnaround_engine::{Engine, EngineError, transition};

use crate::args::{Like, Manner, Weight};
use crate::output::{Failure, read, say, with_progress};
use crate::recording::Recording;

/// The actions of some bars, and what was asked for in words.
pub struct Chosen {
    /// The action of each bar, in order.
    pub actions: Vec<ActionChoice>,
    /// What was made of --prompt and --to-prompt, in this order.
    pub prompts: Vec<PromptReport>,
}

/// One end of a transition, or all of it.
struct End<'a> {
    named: &'a [Weight],
    like: Option<&'a Like>,
    prompt: Option<&'a Wish>,
}

/// The action of each of so many bars, in order.
pub fn chosen(manner: &Manner, count: usize, recording: &Recording<'_>, engine: &Engine) -> Result<Chosen, Failure> {
    let Manner { action, like, prompt, to_action, to_like, to_prompt, instruments: _ } = manner;
    let mut prompts = Vec::new();
    let from = End { named: action, like: like.as_ref(), prompt: prompt.as_ref() }.weights(recording, engine, &mut prompts)?;
    let to = End { named: to_action, like: to_like.as_ref(), prompt: to_prompt.as_ref() };
    let actions = match (from, to.weights(recording, engine, &mut prompts)?) {
        (None, None) => vec![ActionChoice::Null; count],
        (Some(weights), None) => vec![ActionChoice::Weights(weights); count],
        (Some(from), Some(to)) => transition(&from, &to, count)?,
        (None, Some(_)) => {
            return Err(Failure::mendable(
                "--to-like, --to-action and --to-prompt say where a transition ends; say with --like, --action or --prompt where it begins",
            ));
        }
    };
    Ok(Chosen { actions, prompts })
}

/// Tells what was made of words.
pub fn print_prompts(prompts: &[PromptReport]) {
    for prompt in prompts {
        let unknown: Vec<String> = prompt.not_understood.iter().map(|word| format!("'{word}'")).collect();
        let unknown = if unknown.is_empty() { String::new() } else { format!("; not understood: {}", unknown.join(", ")) };
        say!("understood {}{unknown}", prompt.understood.join(", "));
        say!("expected   {}", changes(&in_words(&prompt.expected, TOLD_CHANGES)));
    }
}

/// Changes with how far they go.
pub fn changes(changes: &[(&str, f32)]) -> String {
    changes.iter().map(|(word, size)| format!("{word} {size:.2}")).collect::<Vec<_>>().join(", ")
}

impl End<'_> {
    /// Nothing if no action is named.
    fn weights(
        &self,
        recording: &Recording<'_>,
        engine: &Engine,
        prompts: &mut Vec<PromptReport>,
    ) -> Result<Option<SparseWeights>, Failure> {
        if self.named.is_empty() && self.like.is_none() && self.prompt.is_none() {
            return Ok(None);
        }
        let manifest = engine.set().manifest();
        let mut weights = SparseWeights::new();
        for weight in self.named {
            weights.push((index(weight, manifest)?, weight.weight));
        }
        if let Some(wish) = self.prompt {
            let choice = choose(&wish.wanted, &manifest.actions, manifest.sizes.active_actions)?;
            prompts.push(PromptReport::new(wish, &choice, manifest));
            weights.extend(choice.weights);
        }
        if let Some(like) = self.like {
            weights.extend(heard(like, recording, engine)?);
        }
        Ok(Some(summed(&weights, manifest)))
    }
}

/// An action given twice, or also heard, counts with the sum of its weights.
fn summed(weights: &SparseWeights, manifest: &Manifest) -> SparseWeights {
    let dense = dense_weights(weights, manifest.actions.len());
    dense.iter().enumerate().filter(|(_, weight)| **weight > 0.0).map(|(index, &weight)| (index as u16, weight)).collect()
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
