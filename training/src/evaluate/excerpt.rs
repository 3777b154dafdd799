//! A held-out bar and the bars before it, cut out of a corpus: what an edit is measured on.

use std::ops::Range;

use anyhow::Result;
use turnaround_core::audio::Audio;
use turnaround_core::bars::BarNumber;
use turnaround_core::tempo_map::TempoMap;
use turnaround_core::time::{Metre, SampleRate, Seconds, Tempo};
use turnaround_engine::regenerate::{ActionChoice, Request, Settings, Target};
use turnaround_engine::{Control, Engine};

use super::spread;
use crate::corpus::{Corpus, Split};

/// Bars of context before the target.
pub const CONTEXT: usize = 4;

/// Seconds more on each side, so that the outer bars have real margins.
const AROUND_S: u64 = 1;

/// Share of its length by which a bar may differ from the bars of one steady grid.
const UNEVEN: f64 = 0.01;

/// `count` units of a split, evenly spread, that are one whole bar each, with [`CONTEXT`] such units before them in the same piece and of
/// the same length; or all, where there are fewer.
pub fn candidates(corpus: &Corpus, split: Split, count: usize) -> Vec<usize> {
    let fits = |&unit: &usize| {
        let Some(bar) = bar_length(corpus, unit) else { return false };
        let is_such_a_bar = |unit: usize| {
            let row = &corpus.units[unit];
            row.first_bar == row.last_bar && ((row.end - row.start) as f64 / bar - 1.0).abs() < UNEVEN
        };
        corpus.run_ending_at(unit, CONTEXT + 1).is_some_and(|mut run| run.all(is_such_a_bar))
    };
    spread(&corpus.of(split).into_iter().filter(fits).collect::<Vec<_>>(), count)
}

/// Samples of a bar in a unit's tempo and metre: units of long bars are halves of them.
fn bar_length(corpus: &Corpus, unit: usize) -> Option<f64> {
    let row = &corpus.units[unit];
    let (tempo, metre) = (Tempo::new(row.tempo).ok()?, row.metre.parse::<Metre>().ok()?);
    Some(tempo.seconds_from(metre.beats_per_bar()).get() * f64::from(corpus.manifest.rate))
}

/// A target bar and its context.
pub struct Excerpt {
    audio: Audio,
    map: TempoMap,
    metre: Metre,
    target: BarNumber,
    range: Range<usize>,
}

impl Excerpt {
    /// The unit `unit`, one of [`candidates`], and what is before it.
    ///
    /// # Errors
    /// When the corpus tells of a rate, tempo or metre that cannot be.
    pub fn new(corpus: &Corpus, unit: usize) -> Result<Self> {
        let row = &corpus.units[unit];
        let rate = SampleRate::new(corpus.manifest.rate)?;
        let around = AROUND_S * u64::from(rate.hz());
        let first = corpus.units[unit - CONTEXT].start;
        let lead = around.min(first);
        let start = first - lead;
        let audio = Audio::mono(rate, corpus.window(start as i64, (row.end - start + around) as usize))?;
        let metre: Metre = row.metre.parse()?;
        let offset = Seconds::new(lead as f64 / f64::from(rate.hz()));
        Ok(Self {
            audio,
            map: TempoMap::constant(Tempo::new(row.tempo)?, metre, offset),
            metre,
            target: BarNumber::new(CONTEXT as i64 + 1),
            range: (row.start - start) as usize..(row.end - start) as usize,
        })
    }

    /// All of it, mono, at the models' rate.
    pub fn audio(&self) -> &Audio {
        &self.audio
    }

    /// Its grid; the context begins with bar 1.
    pub fn map(&self) -> &TempoMap {
        &self.map
    }

    /// The target's number.
    pub fn target(&self) -> BarNumber {
        self.target
    }

    /// Samples of the target.
    pub fn range(&self) -> Range<usize> {
        self.range.clone()
    }

    /// Quarter notes in the target.
    pub fn beats(&self) -> f64 {
        self.metre.beats_per_bar().get()
    }

    /// The excerpt with its target made anew: what the networks write and nothing else.
    ///
    /// # Errors
    /// When there is nothing to hear before the target, the action is none of the set's, or a network fails.
    pub fn regenerated(&self, engine: &Engine, action: ActionChoice, guidance: f32, seed: u64) -> Result<Audio> {
        let targets = [Target { bar: self.target, action }];
        let settings = Settings { guidance, seed, ..Settings::networks_alone() };
        let request = Request { audio: &self.audio, map: &self.map, targets: &targets, settings };
        let mut control = Control { is_cancelled: &|| false, on_progress: &mut |_| {} };
        Ok(engine.regenerate(&request, &mut control)?.audio)
    }
}
