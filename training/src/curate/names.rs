//! Plain names: an action is called by what it changes most, and most steadily.

use std::collections::BTreeSet;

use turnaround_core::descriptors::Descriptor;

use super::{Choices, Trial};

/// Words in a name, and in one that would else be given twice.
const WORDS: usize = 2;
const MOST_WORDS: usize = 3;

/// What changes less than this, in standard deviations, or less steadily, is not worth a word.
const LEAST_CHANGE: f32 = 0.2;
const LEAST_STEADINESS: f32 = 0.5;

/// A label for every action, no two alike. The shortlisted ones choose first; an action without a steady change is called by its number.
pub fn labels(trials: &[Trial], shortlisted: &[usize], choices: &Choices) -> Vec<String> {
    let mut labels: Vec<String> = (0..trials.len()).map(|index| format!("action {index}")).collect();
    let mut taken: BTreeSet<String> = choices.names.values().cloned().collect();
    let rest = (0..trials.len()).filter(|index| !shortlisted.contains(index));
    for index in shortlisted.iter().copied().chain(rest) {
        if let Some(name) = choices.names.get(&index) {
            labels[index].clone_from(name);
            continue;
        }
        if let Some(name) = name(&trials[index], index, &taken) {
            taken.insert(name.clone());
            labels[index] = name;
        }
    }
    labels
}

/// The shortest name not yet taken; where all are, the number tells actions apart.
fn name(trial: &Trial, index: usize, taken: &BTreeSet<String>) -> Option<String> {
    let words = words(trial);
    if words.is_empty() {
        return None;
    }
    let joined = |count: usize| words[..count.min(words.len())].join(", ");
    let free = (WORDS..=MOST_WORDS).map(joined).find(|name| !taken.contains(name));
    Some(free.unwrap_or_else(|| format!("{} ({index})", joined(WORDS))))
}

/// The words of what changes, the most telling first.
fn words(trial: &Trial) -> Vec<&'static str> {
    descriptors(trial).into_iter().map(|descriptor| descriptor.word(trial.effect[&descriptor])).collect()
}

/// What changes, the most telling first: strength times steadiness.
pub fn descriptors(trial: &Trial) -> Vec<Descriptor> {
    let told = |descriptor: &Descriptor| trial.effect[descriptor].abs() * trial.steadiness[descriptor];
    let is_worth_a_word = |descriptor: &Descriptor| {
        trial.effect[descriptor].abs() >= LEAST_CHANGE && trial.steadiness[descriptor] >= LEAST_STEADINESS
    };
    let mut telling: Vec<Descriptor> = Descriptor::ALL.into_iter().filter(is_worth_a_word).collect();
    telling.sort_by(|a, b| told(b).total_cmp(&told(a)));
    telling
}
