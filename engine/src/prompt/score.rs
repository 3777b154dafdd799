//! How well phrases are read and find their action: lists of paraphrases, scored.
//!
//! A list is a table of tab-separated lines, a phrase and what its writer meant by it: `less bass⇥bass:-`. One list was written along
//! with the lexicon. The other, the held-out one, was written by somebody else who did not know the lexicon, and was first opened when
//! lexicon and grammar were finished. Neither was changed after it was seen, nor may be for anything in it: what is misread there is the
//! measure of how much else is. Whoever wants to mend, adds to the first list and has a new second one written.
//!
//! On the day it was opened the held-out list scored: precision 0.672, recall 0.830, the same action first in 0.608 of 120 phrases, and
//! among the first three in 0.675. What is read beyond what was meant is often something named in passing ("give the vocal some space"), a
//! state that is complained of ("it's dull"), or a second descriptor that the writer left out.

use std::collections::BTreeSet;

use turnaround_core::contract::{Action, MeasuredAction};
use turnaround_core::descriptors::{Descriptor, Effect};
use turnaround_core::noise::GaussianNoise;

use super::choose::ranked;
use super::read::read;

const DEVELOPMENT: &str = include_str!("development.tsv");
const HELD_OUT: &str = include_str!("held_out.tsv");

/// A phrase and the change its writer meant, 1 or −1 a descriptor.
struct Paraphrase {
    phrase: String,
    meant: Effect,
}

/// What a list scored, each 0 to 1.
#[derive(Debug)]
struct Scores {
    phrases: usize,
    /// Of the descriptors with signs that were read, how many were meant.
    precision: f64,
    /// Of those that were meant, how many were read.
    recall: f64,
    /// Phrases that pick the action that what was meant picks.
    first: f64,
    /// Phrases that have it among their first three.
    among_three: f64,
    /// Phrases read otherwise than they were meant, and how.
    misread: Vec<String>,
}

fn paraphrases(list: &str) -> Vec<Paraphrase> {
    let lines = list.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    let paraphrase = |line: &str| {
        let (phrase, meant) = line.split_once('\t').unwrap_or_else(|| panic!("no tab in {line:?}"));
        let pair = |pair: &str| {
            let (name, sign) = pair.trim().split_once(':').unwrap_or_else(|| panic!("no sign in {line:?}"));
            let descriptor: Descriptor = serde_json::from_value(name.into()).unwrap_or_else(|_| panic!("{name} in {line:?}"));
            match sign {
                "+" => (descriptor, 1.0),
                "-" => (descriptor, -1.0),
                _ => panic!("the sign {sign:?} in {line:?}"),
            }
        };
        Paraphrase { phrase: phrase.to_owned(), meant: meant.split(',').map(pair).collect() }
    };
    lines.map(paraphrase).collect()
}

/// Thirty-two actions whose changes are drawn at random, each descriptor for itself, and which do the same everywhere. No music made them,
/// so that no reading of words can be in them.
fn made_up_actions() -> Vec<Action> {
    let mut noise = GaussianNoise::new(32);
    let mut action = |number: usize| {
        let effect = Descriptor::ALL.into_iter().map(|descriptor| (descriptor, noise.next())).collect();
        let measured = MeasuredAction { effect, consistency: 0.8, position: [0.0, 0.0], is_shortlisted: false };
        Action { label: format!("made up {number}"), usage: 0.1, measured: Some(measured) }
    };
    (0..32).map(&mut action).collect()
}

fn score(list: &str) -> Scores {
    let (paraphrases, actions) = (paraphrases(list), made_up_actions());
    let (mut read_and_meant, mut all_read, mut all_meant) = (0, 0, 0);
    let (mut first, mut among_three) = (0, 0);
    let mut misread = Vec::new();
    for Paraphrase { phrase, meant } in &paraphrases {
        let wanted = read(phrase).map(|wish| wish.wanted).unwrap_or_default();
        let (was_read, was_meant) = (signs(&wanted), signs(meant));
        read_and_meant += was_read.intersection(&was_meant).count();
        (all_read, all_meant) = (all_read + was_read.len(), all_meant + was_meant.len());
        if was_read != was_meant {
            misread.push(format!("{phrase:?}: meant {was_meant:?}, read {was_read:?}"));
        }
        if !wanted.is_empty() {
            let (target, found) = (ranked(meant, &actions)[0].0, ranked(&wanted, &actions));
            first += usize::from(found[0].0 == target);
            among_three += usize::from(found[..3].iter().any(|(index, _)| *index == target));
        }
    }
    let share = |part: usize, whole: usize| part as f64 / whole.max(1) as f64;
    Scores {
        phrases: paraphrases.len(),
        precision: share(read_and_meant, all_read),
        recall: share(read_and_meant, all_meant),
        first: share(first, paraphrases.len()),
        among_three: share(among_three, paraphrases.len()),
        misread,
    }
}

fn signs(effect: &Effect) -> BTreeSet<(Descriptor, char)> {
    let sign = |change: f32| if change < 0.0 { '-' } else { '+' };
    effect.iter().filter(|(_, change)| **change != 0.0).map(|(&descriptor, &change)| (descriptor, sign(change))).collect()
}

fn print(name: &str, scores: &Scores) {
    let Scores { phrases, precision, recall, first, among_three, misread } = scores;
    println!(
        "{name}: {phrases} phrases, precision {precision:.3}, recall {recall:.3}, first {first:.3} (by chance {:.3}), among three \
         {among_three:.3} (by chance {:.3})",
        1.0 / 32.0,
        3.0 / 32.0
    );
    misread.iter().for_each(|phrase| println!("  {phrase}"));
}

#[test]
fn the_list_written_along_with_the_lexicon_is_read_as_it_was_meant() {
    let scores = score(DEVELOPMENT);
    print("development", &scores);
    assert!(scores.phrases >= 60);
    assert!(scores.precision >= 0.98 && scores.recall >= 0.98 && scores.first >= 0.98, "{scores:?}");
}

#[test]
fn a_list_that_the_lexicon_was_never_shown_is_read_about_as_well_as_on_the_day_it_was_opened() {
    let scores = score(HELD_OUT);
    print("held out", &scores);
    assert_eq!(scores.phrases, 120);
    // A little below what is written above, so that a word may be mended for another reason and cost a phrase here.
    assert!(scores.precision >= 0.65 && scores.recall >= 0.81, "{scores:?}");
    assert!(scores.first >= 0.58 && scores.among_three >= 0.65, "{scores:?}");
}

#[test]
fn a_list_that_means_the_opposite_scores_nothing() {
    let turned = DEVELOPMENT.replace(":+", ":?").replace(":-", ":+").replace(":?", ":-");
    let scores = score(&turned);
    assert!(scores.recall < 0.02 && scores.first < 0.1, "{scores:?}");
}
