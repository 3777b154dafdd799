//! Edits to look at and listen to: a bar as it was and as it is made anew, between the bars before it and what follows.

use anyhow::Result;
use turnaround_core::audio::Audio;
use turnaround_core::time::{Beats, Metre, SampleRate, Seconds, Tempo};
use turnaround_engine::Engine;
use turnaround_engine::regenerate::ActionChoice;

use super::super::bed::Bed;
use super::super::excerpt::{self, CONTEXT, Excerpt};
use super::super::spread;
use super::knobs::shortlisted;
use crate::corpus::{Corpus, Split};

/// Knobs that a bar is made under, each alone.
const KNOBS: usize = 6;

/// An edited bar and its surroundings.
pub struct Shown {
    /// Samples at which the bar begins and ends.
    pub seams: [usize; 2],
    /// Each way it was made, with the whole sound at the models' rate; first of all as it is.
    pub takes: Vec<(String, Vec<f32>)>,
}

/// `count` bars of the test split of a corpus.
///
/// # Errors
/// When the corpus tells of a grid that cannot be, or a network fails.
pub fn of_corpus(engine: &Engine, corpus: &Corpus, count: usize, seed: u64) -> Result<Vec<Shown>> {
    let units = excerpt::candidates(corpus, Split::Test, count);
    units.into_iter().map(|unit| shown(engine, &Excerpt::new(corpus, unit)?, seed)).collect()
}

/// `count` units of recordings, each as if it were a bar of four beats: it may begin anywhere.
///
/// # Errors
/// As [`of_corpus`].
pub fn of_recordings(engine: &Engine, bed: &Bed, rate: SampleRate, count: usize, seed: u64) -> Result<Vec<Shown>> {
    let [passages, _] = bed.passages(count);
    let excerpts = passages.iter().map(|passage| {
        let units = &bed.pieces[passage.piece].units[passage.units.clone()];
        let (first, target) = (units[0].start, units[CONTEXT].clone());
        let audio = Audio::mono(rate, bed.pieces[passage.piece].audio[bed.span(passage)].to_vec())?;
        let tempo = Tempo::mean(Beats::new(4.0), Seconds::new(target.len() as f64 / f64::from(rate.hz())));
        Ok(Excerpt::of(audio, tempo, Metre::FOUR_FOUR, 0, target.start - first..target.end - first))
    });
    excerpts.map(|excerpt: Result<Excerpt>| shown(engine, &excerpt?, seed)).collect()
}

fn shown(engine: &Engine, excerpt: &Excerpt, seed: u64) -> Result<Shown> {
    let as_it_is = (String::from("as it is"), excerpt.audio().channel(0).to_vec());
    let takes =
        ways(engine).into_iter().map(|(name, action)| Ok((name, excerpt.played(engine, action, seed)?.channel(0).to_vec())));
    let takes: Vec<_> = std::iter::once(Ok(as_it_is)).chain(takes).collect::<Result<_>>()?;
    Ok(Shown { seams: [excerpt.range().start, excerpt.range().end], takes })
}

/// The bar's own action, none, and some knobs, as evenly spread over the shortlist as can be.
fn ways(engine: &Engine) -> Vec<(String, ActionChoice)> {
    let knobs = spread(&shortlisted(&engine.set().manifest().actions), KNOBS);
    let knobs = knobs
        .into_iter()
        .map(|(index, action, _)| (format!("knob {index}: {}", action.label), ActionChoice::Weights(vec![(index, 1.0)])));
    let plain = [("its own action", ActionChoice::Own), ("no action", ActionChoice::Null)];
    plain.into_iter().map(|(name, action)| (name.to_owned(), action)).chain(knobs).collect()
}
