//! Sounds for the audition page: each knob in a few contexts, beside the dry bar and no action.

use anyhow::Result;
use indicatif::ProgressIterator;
use turnaround_core::contract::Manifest;
use turnaround_core::time::SampleRate;
use turnaround_engine::Engine;
use turnaround_engine::regenerate::ActionChoice;

use super::tables::shortlist;
use crate::corpus::Corpus;
use crate::evaluate::excerpt::Excerpt;

/// Contexts in which knobs are heard.
const HEARD: usize = 3;

/// Bars that lead to the made one.
const LEADING: usize = 2;

/// One context: what was there, what comes without an action, and each shortlisted action's bar, by its number.
pub struct Heard {
    pub rate: SampleRate,
    pub dry: Vec<f32>,
    pub without: Vec<f32>,
    pub under: Vec<(usize, Vec<f32>)>,
}

pub fn listen(engine: &Engine, corpus: &Corpus, units: &[usize], manifest: &Manifest, seed: u64) -> Result<Vec<Heard>> {
    let shortlist = shortlist(manifest);
    let heard = HEARD.min(units.len());
    (0..heard)
        .progress()
        .map(|number| {
            let place = number * units.len() / heard;
            let excerpt = Excerpt::new(corpus, units[place])?;
            let seed = seed + place as u64;
            let made = |action: ActionChoice| -> Result<Vec<f32>> {
                let made = excerpt.played(engine, action, seed)?;
                Ok(passage(&excerpt, made.channel(0)))
            };
            let under = |&index: &usize| Ok((index, made(ActionChoice::Weights(vec![(u16::try_from(index)?, 1.0)]))?));
            Ok(Heard {
                rate: excerpt.audio().rate(),
                dry: passage(&excerpt, excerpt.audio().channel(0)),
                without: made(ActionChoice::Null)?,
                under: shortlist.iter().map(under).collect::<Result<_>>()?,
            })
        })
        .collect()
}

/// The target, what leads to it, and the beginning of what follows, out of a version of the excerpt.
fn passage(excerpt: &Excerpt, sound: &[f32]) -> Vec<f32> {
    let range = excerpt.range();
    sound[range.start.saturating_sub(LEADING * range.len())..].to_vec()
}
