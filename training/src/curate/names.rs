//! Plain names: an action is called by what it changes most and most steadily, and by what tells it from the others.

use std::collections::BTreeSet;

use turnaround_core::descriptors::{Descriptor, Effect};

use super::{Choices, Trial};
use crate::effects;

/// Words in a name, and in one that would else be given twice.
const WORDS: usize = 2;
const MOST_WORDS: usize = 3;
const AND: &str = " and ";

/// What changes less than this, in standard deviations, or less steadily, is not worth a word.
const LEAST_CHANGE: f32 = 0.2;
const LEAST_STEADINESS: f32 = 0.5;

/// A label for every action, no two alike. The shortlisted ones choose first; an action without a steady change is called by its number.
///
/// What all actions have in common does not count: an action alone is less than the five that training knows, so most of them make bars
/// plainer, and named by that they would be called alike.
pub fn labels(trials: &[Trial], shortlisted: &[usize], choices: &Choices) -> Vec<String> {
    let mut labels: Vec<String> = (0..trials.len()).map(|index| format!("action {index}")).collect();
    let common = effects::mean(&trials.iter().map(|trial| trial.effect.clone()).collect::<Vec<_>>());
    let mut taken: BTreeSet<String> = choices.names.values().map(|name| key(&name.split(AND).collect::<Vec<_>>())).collect();
    let rest = (0..trials.len()).filter(|index| !shortlisted.contains(index));
    for index in shortlisted.iter().copied().chain(rest) {
        if let Some(name) = choices.names.get(&index) {
            labels[index].clone_from(name);
            continue;
        }
        let words: Vec<&str> =
            distinctive(&trials[index], &common).into_iter().map(|it| it.word(trials[index].effect[&it])).collect();
        if let Some(name) = name(&words, index, &mut taken) {
            labels[index] = name;
        }
    }
    labels
}

/// The shortest name whose words are not taken in any order, without commas since lists of weights have them; where all are, the number
/// tells actions apart. Takes its words.
fn name(words: &[&str], index: usize, taken: &mut BTreeSet<String>) -> Option<String> {
    if words.is_empty() {
        return None;
    }
    let first = |count: usize| &words[..count.min(words.len())];
    let free = (WORDS..=MOST_WORDS).map(first).find(|words| taken.insert(key(words)));
    Some(free.map_or_else(|| format!("{} ({index})", first(WORDS).join(AND)), |words| words.join(AND)))
}

/// The same for the same words in any order.
fn key(words: &[&str]) -> String {
    let mut words = words.to_vec();
    words.sort_unstable();
    words.join(AND)
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
