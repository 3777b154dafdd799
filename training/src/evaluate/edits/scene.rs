//! A bar to edit, and the bars of other music whose actions it is edited under.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use turnaround_core::audio::Audio;
use turnaround_core::contract::SparseWeights;
use turnaround_engine::Engine;
use turnaround_engine::regenerate::ActionChoice;

use super::super::excerpt::Excerpt;
use crate::corpus::Corpus;

/// The action that a bar is made under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Under {
    /// The one heard in the bar itself.
    Own,
    /// None.
    Nothing,
    /// The one heard in a bar of another piece, the donor.
    Another,
}

impl Under {
    /// All, in the order of tables.
    pub const ALL: [Under; 3] = [Under::Own, Under::Nothing, Under::Another];

    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Under::Own => "own action",
            Under::Nothing => "no action",
            Under::Another => "another bar's action",
        }
    }
}

/// A bar before anything is done to it.
pub struct Subject {
    /// Its unit of the corpus.
    pub unit: usize,
    /// The action heard in it.
    pub action: SparseWeights,
}

/// Hears the actions of some units.
///
/// # Errors
/// When a network fails.
pub fn subjects(engine: &Engine, corpus: &Corpus, units: &[usize]) -> Result<Vec<Subject>> {
    let subject = |&unit: &usize| {
        let excerpt = Excerpt::new(corpus, unit)?;
        let action = excerpt.action(engine, excerpt.audio())?;
        Ok(Subject { unit, action })
    };
    units.iter().map(subject).collect()
}

/// `count` items, or as many as there are, that lie evenly round the list from item `index` on and bear another title; of the same, where
/// there is no other. One alone lies half way round, so that as a rule each is chosen by one.
pub fn strangers<T: PartialEq>(titles: &[T], index: usize, count: usize) -> Vec<usize> {
    let all = titles.len();
    let others: Vec<usize> = (0..all).filter(|&other| titles[other] != titles[index]).collect();
    let pool = if others.is_empty() { (0..all).filter(|&other| other != index).collect() } else { others };
    let count = count.min(pool.len());
    let mut chosen = Vec::with_capacity(count);
    for number in 0..count {
        let from = index + (2 * number + 1) * all / (2 * count);
        let mut round = (from..from + all).map(|place| place % all);
        chosen.extend(round.find(|place| pool.contains(place) && !chosen.contains(place)));
    }
    chosen
}

/// A bar that is edited.
pub struct Scene {
    /// The bar in its context.
    pub excerpt: Excerpt,
    /// Seed of its noise: the same under every action.
    pub seed: u64,
    /// The action heard in it.
    pub own: SparseWeights,
    /// Actions of bars of other pieces.
    pub others: Vec<SparseWeights>,
    /// Which of the subjects is the donor, and its action.
    pub donor: (usize, SparseWeights),
}

/// Whole excerpts with their target made anew.
pub type Takes = BTreeMap<Under, Audio>;

impl Scene {
    /// Subject `index`, whose donor is half way round the list, with `others` more spread over it.
    ///
    /// # Errors
    /// When the corpus tells of a grid that cannot be, or there is no other subject.
    pub fn new(corpus: &Corpus, subjects: &[Subject], index: usize, others: usize, seed: u64) -> Result<Self> {
        let titles: Vec<&str> = subjects.iter().map(|subject| corpus.units[subject.unit].title.as_str()).collect();
        let donor = *strangers(&titles, index, 1).first().context("there is another bar")?;
        Ok(Self {
            excerpt: Excerpt::new(corpus, subjects[index].unit)?,
            seed: seed + index as u64,
            own: subjects[index].action.clone(),
            others: strangers(&titles, index, others).into_iter().map(|other| subjects[other].action.clone()).collect(),
            donor: (donor, subjects[donor].action.clone()),
        })
    }

    /// The bar under every action, with the same noise.
    ///
    /// # Errors
    /// When a network fails.
    pub fn takes(&self, engine: &Engine, guidance: f32) -> Result<Takes> {
        let take = |under: Under| {
            let action = match under {
                Under::Own => ActionChoice::Own,
                Under::Nothing => ActionChoice::Null,
                Under::Another => ActionChoice::Weights(self.donor.1.clone()),
            };
            Ok((under, self.excerpt.regenerated(engine, action, guidance, self.seed)?))
        };
        Under::ALL.into_iter().map(take).collect()
    }

    /// The target as it is.
    pub fn real(&self) -> &[f32] {
        self.target_of(self.excerpt.audio())
    }

    /// The target in a take.
    pub fn target_of<'a>(&self, audio: &'a Audio) -> &'a [f32] {
        &audio.channel(0)[self.excerpt.range()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_donor_is_of_another_piece_and_as_a_rule_serves_once() {
        let titles = ["a", "a", "b", "b", "c", "c", "d", "d"];
        let donors: Vec<usize> = (0..titles.len()).map(|index| strangers(&titles, index, 1)[0]).collect();
        assert!(donors.iter().enumerate().all(|(index, &donor)| titles[donor] != titles[index]), "{donors:?}");
        let mut sorted = donors.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), titles.len(), "{donors:?}");
    }

    #[test]
    fn strangers_are_different_bars_and_of_the_same_piece_only_where_there_is_no_other() {
        assert_eq!(strangers(&["a", "b", "c", "d", "e", "f", "g"], 0, 3), [1, 3, 5]);
        assert_eq!(strangers(&["a", "a", "a"], 1, 5), [2, 0]);
        assert_eq!(strangers(&["a", "b", "a"], 0, 5), [1]);
        assert!(strangers(&["a"], 0, 1).is_empty());
    }
}
