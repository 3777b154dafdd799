//! Whether a long continuation stays music: bars made after a recording, each few of them from the few before, beside real ones.

use std::fmt::{self, Write};

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};
use turnaround_core::bars::BarNumber;
use turnaround_core::descriptors::Descriptor;
use turnaround_engine::Engine;
use turnaround_engine::regenerate::Settings;

use super::super::excerpt::{CONTEXT, Excerpt};
use super::super::measure::progress;
use crate::chance::Interval;
use crate::corpus::Corpus;
use crate::descriptors::{Gauge, Marks, RealBars};

/// Bars of each continuation.
const BARS: usize = 16;

/// Bars that a row of the table is about; as many as are made at once.
const AT_ONCE: usize = 4;

/// How continuations drift, under one noise level of the past.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DriftMeasures {
    /// See [`Settings::past_noise`].
    pub past_noise: f32,
    /// How many recordings were continued.
    pub continuations: usize,
    /// The recordings' own bars.
    pub real: DriftRow,
    /// New bars, a few a row, in order.
    pub rows: Vec<DriftRow>,
}

/// What some bars are like on the mean.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DriftRow {
    /// Root mean square distance from the mean real bar over all descriptors, in deviations of real bars.
    pub strangeness: Interval,
    /// The same from the bar before.
    pub change: Interval,
    /// Decibels louder than the recording that is continued.
    pub louder_db: Interval,
}

/// What was measured of one bar, or of some on the mean.
#[derive(Clone, Copy)]
struct Heard {
    oddness: f64,
    /// Squared distance from the bar before.
    change: f64,
    louder_db: f64,
}

/// Continues some recordings, each of a unit and the bars before it, without actions.
///
/// # Errors
/// When there are fewer than two, or a network fails.
pub fn measure(engine: &Engine, corpus: &Corpus, units: &[usize], settings: Settings) -> Result<DriftMeasures> {
    ensure!(units.len() > 1, "{} recordings to continue are too few: build a longer corpus", units.len());
    let excerpts: Vec<Excerpt> = units.iter().map(|&unit| Excerpt::new(corpus, unit)).collect::<Result<_>>()?;
    let gauge = Gauge::new(excerpts[0].audio().rate());
    let recorded: Vec<Vec<Marks>> = excerpts.iter().map(|excerpt| recorded(excerpt, &gauge)).collect();
    let real = RealBars::of(&recorded.concat());
    let mut rows: Vec<Vec<Heard>> = vec![Vec::new(); BARS / AT_ONCE];
    for number in progress((0..excerpts.len()).collect(), "continuations") {
        let settings = Settings { seed: settings.seed + number as u64, ..settings };
        let mut bars = recorded[number][CONTEXT..].to_vec();
        bars.extend(continued(engine, &excerpts[number], &gauge, settings)?);
        let heard = heard(&real, level(&recorded[number]), &bars);
        heard.chunks(AT_ONCE).zip(&mut rows).for_each(|(bars, row)| row.push(mean(bars)));
    }
    let of_recorded: Vec<Heard> = recorded.iter().map(|bars| mean(&heard(&real, level(bars), bars))).collect();
    let row = |recordings: &Vec<Heard>| DriftRow::of(recordings, settings.seed);
    Ok(DriftMeasures {
        past_noise: settings.past_noise,
        continuations: excerpts.len(),
        real: row(&of_recorded),
        rows: rows.iter().map(row).collect(),
    })
}

/// The bars of an excerpt as they are: its context and its target.
fn recorded(excerpt: &Excerpt, gauge: &Gauge) -> Vec<Marks> {
    let lines = excerpt.lines();
    lines.windows(2).map(|line| excerpt.marks_of(gauge, excerpt.audio(), line[0]..line[1])).collect()
}

/// The bars made after it.
fn continued(engine: &Engine, excerpt: &Excerpt, gauge: &Gauge, settings: Settings) -> Result<Vec<Marks>> {
    let (audio, map) = excerpt.continued(engine, BARS, settings)?;
    let first = excerpt.target().get() + 1;
    let marks = |number: i64| {
        let range = map.bar(BarNumber::new(number)).samples(audio.rate()).as_range();
        excerpt.marks_of(gauge, &audio, range.start..range.end.min(audio.len()))
    };
    Ok((first..first + BARS as i64).map(marks).collect())
}

/// What is heard of every bar but the first.
fn heard(real: &RealBars, level: f64, bars: &[Marks]) -> Vec<Heard> {
    let of = |pair: &[Marks]| Heard {
        oddness: real.oddness(&pair[1]),
        change: real.spread().squared_distance(&pair[1], &pair[0]),
        louder_db: pair[1][&Descriptor::Loudness] - level,
    };
    bars.windows(2).map(of).collect()
}

fn level(bars: &[Marks]) -> f64 {
    bars.iter().map(|marks| marks[&Descriptor::Loudness]).sum::<f64>() / bars.len() as f64
}

fn mean(bars: &[Heard]) -> Heard {
    let of = |part: fn(&Heard) -> f64| bars.iter().map(part).sum::<f64>() / bars.len() as f64;
    Heard { oddness: of(|bar| bar.oddness), change: of(|bar| bar.change), louder_db: of(|bar| bar.louder_db) }
}

impl DriftRow {
    fn of(recordings: &[Heard], seed: u64) -> Self {
        let values = |part: fn(&Heard) -> f64| recordings.iter().map(part).collect::<Vec<_>>();
        let root = |values: Vec<f64>| {
            Interval::of_figure(&values, seed, |values| {
                let count = values.len() as f64;
                (values.sum::<f64>() / count).sqrt()
            })
        };
        Self {
            strangeness: root(values(|bar| bar.oddness)),
            change: root(values(|bar| bar.change)),
            louder_db: Interval::of(&values(|bar| bar.louder_db), seed),
        }
    }

    fn describe(&self, name: &str, text: &mut String) -> fmt::Result {
        let [strangeness, change] = [&self.strangeness, &self.change].map(|interval| interval.rounded(2));
        writeln!(text, "| {name} | {strangeness} | {change} | {} |", self.louder_db.rounded(1))
    }
}

impl DriftMeasures {
    /// As a table.
    ///
    /// # Errors
    /// As `text` has them.
    pub fn describe(&self, text: &mut String) -> fmt::Result {
        writeln!(
            text,
            "{} recordings continued by {BARS} bars without an action, {AT_ONCE} at once; made bars are heard by later ones at noise level {}.\n\n\
             | bars | strangeness → 1 | change from bar to bar, as real ones | louder than the recording, dB → 0 |\n|---|---|---|---|",
            self.continuations, self.past_noise
        )?;
        self.real.describe("the recording", text)?;
        for (part, row) in self.rows.iter().enumerate() {
            row.describe(&format!("new bars {} to {}", part * AT_ONCE + 1, (part + 1) * AT_ONCE), text)?;
        }
        writeln!(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(loudness: f64) -> Marks {
        Marks::from([(Descriptor::Loudness, loudness)])
    }

    #[test]
    fn bars_that_drift_are_stranger_row_by_row_and_bars_that_stand_still_do_not_change() {
        let recorded: Vec<Marks> = [-1.0, 1.0, -1.0, 1.0].map(marks).to_vec();
        let real = RealBars::of(&recorded);
        let level = level(&recorded);
        let drifting: Vec<Marks> = (0..9).map(|bar| marks(f64::from(bar))).collect();
        let heard_drifting = heard(&real, level, &drifting);
        assert_eq!(heard_drifting.len(), 8);
        assert!(heard_drifting.windows(2).all(|pair| pair[1].oddness > pair[0].oddness && pair[1].louder_db > pair[0].louder_db));
        let still = heard(&real, level, &vec![marks(0.5); 4]);
        assert!(still.iter().all(|bar| bar.change == 0.0 && bar.louder_db == 0.5));
        let row = DriftRow::of(&[mean(&still), mean(&still)], 1);
        assert_eq!((row.change.mean, row.louder_db.mean), (0.0, 0.5));
    }
}
