//! Plain names: an action is called by what it changes most and most steadily, and by what tells it from the others.

use std::collections::BTreeSet;

use turnaround_core::descriptors::{Descriptor, Effect};

use super::{Choices, Trial};
use crate::effects;

/// Words in a name, and in one that would else be given twice.
const WORDS: usize = 2;
const MOST_WORDS: usize = 3;

/// What changes less than this, in standard deviations, or less steadily, is not worth a word.
const LEAST_CHANGE: f32 = 0.2;
const LEAST_STEADINESS: f32 = 0.5;

/// A label for every action, no two alike. The shortlisted ones choose first; an action without a steady change is called by its number.
///
/// What all actions have in common does not count: an action alone is less than the five that training knows, so all of them make bars a
/// little plainer, and named by that they would all be called alike.
pub fn labels(trials: &[Trial], shortlisted: &[usize], choices: &Choices) -> Vec<String> {
    let mut labels: Vec<String> = (0..trials.len()).map(|index| format!("action {index}")).collect();
    let common = effects::mean(&trials.iter().map(|trial| trial.effect.clone()).collect::<Vec<_>>());
    let mut taken: BTreeSet<String> = choices.names.values().cloned().collect();
    let rest = (0..trials.len()).filter(|index| !shortlisted.contains(index));
    for index in shortlisted.iter().copied().chain(rest) {
        if let Some(name) = choices.names.get(&index) {
            labels[index].clone_from(name);
            continue;
        }
        if let Some(name) = name(&trials[index], &common, index, &taken) {
            taken.insert(name.clone());
            labels[index] = name;
        }
    }
    labels
}

/// The shortest name not yet taken; where all are, the number tells actions apart.
fn name(trial: &Trial, common: &Effect, index: usize, taken: &BTreeSet<String>) -> Option<String> {
    let words: Vec<&str> = distinctive(trial, common).into_iter().map(|it| it.word(trial.effect[&it])).collect();
    if words.is_empty() {
        return None;
    }
    let joined = |count: usize| words[..count.min(words.len())].join(", ");
    let free = (WORDS..=MOST_WORDS).map(joined).find(|name| !taken.contains(name));
    Some(free.unwrap_or_else(|| format!("{} ({index})", joined(WORDS))))
}

/// What changes, the most telling first: strength times steadiness, where strength is what goes beyond that of the usual action. What
/// changes less than usual is left out, so that a name is always true.
fn distinctive(trial: &Trial, common: &Effect) -> Vec<Descriptor> {
    let beyond = |descriptor: &Descriptor| {
        let (change, usual) = (trial.effect[descriptor], common[descriptor]);
        (change - usual) * change.signum() * trial.steadiness[descriptor]
    };
    ranked(trial, beyond).into_iter().filter(|descriptor| beyond(descriptor) > 0.0).collect()
}

/// What changes, the strongest and steadiest first.
pub fn strongest(trial: &Trial) -> Vec<Descriptor> {
    ranked(trial, |descriptor| trial.effect[descriptor].abs() * trial.steadiness[descriptor])
}

/// The descriptors that are worth a word, by falling worth.
fn ranked(trial: &Trial, worth: impl Fn(&Descriptor) -> f32) -> Vec<Descriptor> {
    let is_worth_a_word = |descriptor: &Descriptor| {
        trial.effect[descriptor].abs() >= LEAST_CHANGE && trial.steadiness[descriptor] >= LEAST_STEADINESS
    };
    let mut telling: Vec<Descriptor> = Descriptor::ALL.into_iter().filter(is_worth_a_word).collect();
    telling.sort_by(|a, b| worth(b).total_cmp(&worth(a)));
    telling
}
