//! Whether the actions that a musician is shown first do the same thing everywhere: their consistency, measured anew on bars that their names
//! were not found on.

use std::fmt::{self, Write};

use anyhow::Result;
use serde::{Deserialize, Serialize};
use turnaround_core::contract::{Action, MeasuredAction};
use turnaround_core::descriptors::Effect;
use turnaround_engine::Engine;
use turnaround_engine::regenerate::ActionChoice;

use super::super::excerpt::Excerpt;
use super::super::measure::progress;
use super::super::spread;
use crate::corpus::Corpus;
use crate::descriptors::{Gauge, Marks, Spread};
use crate::effects::{consistency, cosine, mean, share_of};

/// Bars that every action is tried in: a figure of as many unrelated effects would be about 0.29.
const CONTEXTS: usize = 12;

/// Consistency from which a knob can be trusted.
const TRUSTED: f32 = 0.6;

/// The part of an action that is tried beside the whole.
const PART: f32 = 0.5;

/// One action that a musician is shown first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Knob {
    /// Index in the set's table.
    pub index: u16,
    /// What the musician reads.
    pub label: String,
    /// How alike its effects are on test bars, 0 to 1.
    pub consistency: f32,
    /// The same as the manifest has it, from other bars.
    pub written: f32,
    /// Cosine of the mean effect on test bars and the one in the manifest.
    pub likeness: f32,
    /// How far half of it goes along its mean effect, of how far the whole goes: 0.5 where a knob is even. Nothing where an earlier version
    /// measured.
    #[serde(default)]
    pub half: Option<f32>,
}

/// The knobs of a set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct KnobMeasures {
    /// Bars that each was tried in.
    pub contexts: usize,
    /// In the order of the table; none where the set names none.
    pub knobs: Vec<Knob>,
}

/// The shortlisted actions of a table.
pub fn shortlisted(actions: &[Action]) -> Vec<(u16, &Action, &MeasuredAction)> {
    let numbered = (0..).zip(actions).filter_map(|(index, action)| Some((index, action, action.measured.as_ref()?)));
    numbered.filter(|(_, _, measured)| measured.is_shortlisted).collect()
}

/// Tries the set's shortlisted actions, each alone, in some of the units `chosen`, as a musician hears them.
///
/// # Errors
/// When a network fails.
pub fn measure(engine: &Engine, corpus: &Corpus, chosen: &[usize], seed: u64) -> Result<KnobMeasures> {
    let shown = shortlisted(&engine.set().manifest().actions);
    if shown.is_empty() {
        return Ok(KnobMeasures::default());
    }
    let excerpts: Vec<Excerpt> = chosen.iter().map(|&unit| Excerpt::new(corpus, unit)).collect::<Result<_>>()?;
    let gauge = Gauge::new(excerpts[0].audio().rate());
    let real: Vec<Marks> = excerpts.iter().map(|excerpt| excerpt.marks(&gauge, excerpt.audio())).collect();
    let deviations = Spread::of(&real);
    let contexts = spread(&(0..excerpts.len()).collect::<Vec<_>>(), CONTEXTS);
    // By action, for each context what the whole of it does and what a part of it does.
    let mut effects: Vec<[Vec<Effect>; 2]> = vec![[Vec::new(), Vec::new()]; shown.len()];
    for &context in progress(contexts.iter().collect(), "knobs, context by context") {
        let (excerpt, seed) = (&excerpts[context], seed + context as u64);
        let marks = |action: ActionChoice| -> Result<Marks> { Ok(excerpt.marks(&gauge, &excerpt.played(engine, action, seed)?)) };
        let null = marks(ActionChoice::Null)?;
        for ((index, _, _), effects) in shown.iter().zip(&mut effects) {
            for (amount, effects) in [1.0, PART].into_iter().zip(effects) {
                effects.push(deviations.effect(&marks(ActionChoice::Weights(vec![(*index, amount)]))?, &null));
            }
        }
    }
    let knobs = shown.iter().zip(&effects).map(|((index, action, measured), [whole, part])| Knob {
        index: *index,
        label: action.label.clone(),
        consistency: consistency(whole),
        written: measured.consistency,
        likeness: cosine(&mean(whole), &measured.effect),
        half: Some(share_of(&mean(part), &mean(whole))),
    });
    Ok(KnobMeasures { contexts: contexts.len(), knobs: knobs.collect() })
}

impl KnobMeasures {
    pub(super) fn describe(&self, text: &mut String) -> fmt::Result {
        if self.knobs.is_empty() {
            return writeln!(text, "No action of this set is shortlisted yet, so no knob is measured.\n");
        }
        let trusted = self.knobs.iter().filter(|knob| knob.consistency >= TRUSTED).count();
        writeln!(
            text,
            "Shortlisted actions, each alone, in {} test bars; {trusted} of {} reach a consistency of {TRUSTED}.\n\n| action | consistency ↑ | \
             as the manifest has it | effect like the manifest's, cosine ↑ | half of it, of its effect |\n|---|---|---|---|---|",
            self.contexts,
            self.knobs.len()
        )?;
        for Knob { index, label, consistency, written, likeness, half } in &self.knobs {
            let half = half.map_or_else(|| "–".to_owned(), |half| format!("{half:.2}"));
            writeln!(text, "| {index} {label} | {consistency:.2} | {written:.2} | {likeness:.2} | {half} |")?;
        }
        writeln!(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn action(label: &str, shortlisted: Option<bool>) -> Action {
        let measured =
            |is_shortlisted| MeasuredAction { effect: Effect::new(), consistency: 0.7, position: [0.0, 0.0], is_shortlisted };
        Action { label: label.into(), usage: 0.1, measured: shortlisted.map(measured) }
    }

    #[test]
    fn shortlisted_actions_are_those_that_were_measured_and_chosen() {
        let actions = [action("0", None), action("brighter", Some(true)), action("2", Some(false)), action("softer", Some(true))];
        let found: Vec<(u16, &str)> =
            shortlisted(&actions).into_iter().map(|(index, action, _)| (index, action.label.as_str())).collect();
        assert_eq!(found, [(1, "brighter"), (3, "softer")]);
    }

    #[test]
    fn a_card_counts_the_knobs_that_can_be_trusted_and_says_where_there_is_none() {
        let knob = |index, consistency| Knob {
            index,
            label: "brighter".into(),
            consistency,
            written: 0.9,
            likeness: 0.8,
            half: Some(0.4),
        };
        let mut text = String::new();
        KnobMeasures { contexts: 12, knobs: vec![knob(3, 0.6), knob(5, 0.59)] }.describe(&mut text).unwrap();
        assert!(text.contains("1 of 2 reach") && text.contains("| 5 brighter | 0.59 | 0.90 | 0.80 | 0.40 |"), "{text}");
        let mut text = String::new();
        KnobMeasures::default().describe(&mut text).unwrap();
        assert!(text.contains("no knob is measured"), "{text}");
    }
}
