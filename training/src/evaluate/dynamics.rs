//! Whether actions steer: a held-out bar is regenerated from the four bars before it under its own inferred action, under none, and
//! under that of an unrelated bar; the nearer the result to the real bar, the more the action told.

use std::collections::BTreeMap;
use std::fmt::Write;

use anyhow::Result;
use indicatif::ProgressIterator;
use serde::{Deserialize, Serialize};
use turnaround_core::audio::Audio;
use turnaround_core::bars::BarNumber;
use turnaround_core::mel::MultiScaleMel;
use turnaround_core::tempo_map::TempoMap;
use turnaround_core::time::{Metre, SampleRate, Seconds, Tempo};
use turnaround_engine::regenerate::{ActionChoice, Request, Settings, Target};
use turnaround_engine::{Control, Engine};

use super::spread;
use crate::chance::Interval;
use crate::corpus::{Corpus, Split};

/// Bars of context before the target.
const CONTEXT: usize = 4;

/// Guidance weights that are compared; 1 is none, 2 the default.
const GUIDANCE: [f32; 2] = [1.0, 2.0];

/// What was measured of actions and dynamics.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DynamicsMeasures {
    /// Bars measured.
    pub bars: usize,
    /// By guidance weight.
    pub by_guidance: BTreeMap<String, Steering>,
}

/// Mel distances of regenerated bars to the real ones.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Steering {
    /// Under the bar's own inferred action.
    pub own: Interval,
    /// Without an action.
    pub null: Interval,
    /// Under the action of an unrelated bar.
    pub unrelated: Interval,
    /// Null minus own, bar by bar: above zero when the action helps.
    pub null_over_own: Interval,
    /// Unrelated minus null, bar by bar: above zero when a wrong action harms.
    pub unrelated_over_null: Interval,
}

/// Share of its length by which a bar may differ from the bars of one steady grid.
const UNEVEN: f64 = 0.01;

/// Held-out units that are one whole bar each, with [`CONTEXT`] such units before them in the same piece and of the same length.
pub fn candidates(corpus: &Corpus, count: usize) -> Vec<usize> {
    let fits = |&unit: &usize| {
        let Some(bar) = bar_length(corpus, unit) else { return false };
        let is_such_a_bar = |unit: usize| {
            let row = &corpus.units[unit];
            row.first_bar == row.last_bar && ((row.end - row.start) as f64 / bar - 1.0).abs() < UNEVEN
        };
        corpus.run_ending_at(unit, CONTEXT + 1).is_some_and(|mut run| run.all(is_such_a_bar))
    };
    spread(&corpus.of(Split::Test).into_iter().filter(fits).collect::<Vec<_>>(), count)
}

/// Samples of a bar in a unit's tempo and metre: units of long bars are halves of them.
fn bar_length(corpus: &Corpus, unit: usize) -> Option<f64> {
    let row = &corpus.units[unit];
    let (tempo, metre) = (Tempo::new(row.tempo).ok()?, row.metre.parse::<Metre>().ok()?);
    Some(tempo.seconds_from(metre.beats_per_bar()).get() * f64::from(corpus.manifest.rate))
}

/// Regenerates the units `chosen`.
pub fn measure(engine: &Engine, corpus: &Corpus, chosen: &[usize], seed: u64) -> Result<DynamicsMeasures> {
    let mut by_guidance = BTreeMap::new();
    for guidance in GUIDANCE {
        let mut distances = Vec::new();
        for (index, &unit) in chosen.iter().enumerate().progress() {
            distances.push(Excerpt::new(corpus, unit)?.distances(engine, guidance, index, seed)?);
        }
        let column = |index: usize| -> Vec<f64> { distances.iter().map(|row: &[f64; 3]| row[index]).collect() };
        let minus = |a: usize, b: usize| -> Vec<f64> { distances.iter().map(|row| row[a] - row[b]).collect() };
        let steering = Steering {
            own: Interval::of(&column(0), seed),
            null: Interval::of(&column(1), seed),
            unrelated: Interval::of(&column(2), seed),
            null_over_own: Interval::of(&minus(1, 0), seed),
            unrelated_over_null: Interval::of(&minus(2, 1), seed),
        };
        by_guidance.insert(format!("{guidance}"), steering);
    }
    Ok(DynamicsMeasures { bars: chosen.len(), by_guidance })
}

/// A target bar and its context, cut out of the corpus.
struct Excerpt {
    audio: Audio,
    map: TempoMap,
    target: BarNumber,
    /// Samples of the target bar.
    range: std::ops::Range<usize>,
}

impl Excerpt {
    fn new(corpus: &Corpus, unit: usize) -> Result<Self> {
        let row = &corpus.units[unit];
        let rate = SampleRate::new(corpus.manifest.rate)?;
        let first = corpus.units[unit - CONTEXT].start;
        // A second more on each side, so that the outer bars have real margins.
        let lead = u64::from(rate.hz()).min(first);
        let start = first - lead;
        let length = (row.end - start) as usize + rate.hz() as usize;
        let audio = Audio::mono(rate, corpus.window(start as i64, length))?;
        let metre: Metre = row.metre.parse()?;
        let offset = Seconds::new(lead as f64 / f64::from(rate.hz()));
        let range = (row.start - start) as usize..(row.end - start) as usize;
        Ok(Self {
            audio,
            map: TempoMap::constant(Tempo::new(row.tempo)?, metre, offset),
            target: BarNumber::new(CONTEXT as i64 + 1),
            range,
        })
    }

    /// Mel distances under own, no and an unrelated action, with the same noise.
    fn distances(&self, engine: &Engine, guidance: f32, index: usize, seed: u64) -> Result<[f64; 3]> {
        let unrelated = &engine.set().statistics().reference_actions;
        let unrelated = unrelated[(index * 37 + 11) % unrelated.len()].clone();
        let choices = [ActionChoice::Own, ActionChoice::Null, ActionChoice::Weights(unrelated)];
        let mel = MultiScaleMel::new(self.audio.rate());
        let mut distances = [0.0; 3];
        for (distance, action) in distances.iter_mut().zip(choices) {
            let targets = [Target { bar: self.target, action }];
            let settings = Settings { guidance, seed: seed + index as u64, ..Settings::networks_alone() };
            let request = Request { audio: &self.audio, map: &self.map, targets: &targets, settings };
            let mut control = Control { is_cancelled: &|| false, on_progress: &mut |_| {} };
            let made = engine.regenerate(&request, &mut control)?.audio;
            *distance = f64::from(mel.distance(&self.audio.channel(0)[self.range.clone()], &made.channel(0)[self.range.clone()]));
        }
        Ok(distances)
    }
}

impl DynamicsMeasures {
    pub(super) fn describe(&self, text: &mut String) -> Result<()> {
        writeln!(
            text,
            "### Actions and dynamics, {} bars\n\nA bar regenerated from the {CONTEXT} bars before it; mel distance to the real bar, 95 % \
             interval, and paired differences.\n",
            self.bars
        )?;
        writeln!(
            text,
            "| guidance | own action | no action | unrelated action | none − own | unrelated − none |\n|---|---|---|---|---|---|"
        )?;
        for (guidance, Steering { own, null, unrelated, null_over_own, unrelated_over_null }) in &self.by_guidance {
            writeln!(text, "| {guidance} | {own} | {null} | {unrelated} | {null_over_own} | {unrelated_over_null} |")?;
        }
        writeln!(text)?;
        Ok(())
    }
}
