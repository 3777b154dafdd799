//! Whether actions steer: a held-out bar is regenerated from the four bars before it under its own inferred action, under none, and
//! under that of an unrelated bar; the nearer the result to the real bar, the more the action told.

use std::collections::BTreeMap;
use std::fmt::Write;

use anyhow::Result;
use indicatif::ProgressIterator;
use serde::{Deserialize, Serialize};
use turnaround_core::mel::MultiScaleMel;
use turnaround_engine::Engine;
use turnaround_engine::regenerate::ActionChoice;

use super::excerpt::{CONTEXT, Excerpt};
use crate::chance::Interval;
use crate::corpus::Corpus;

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

/// Regenerates the units `chosen`.
pub fn measure(engine: &Engine, corpus: &Corpus, chosen: &[usize], seed: u64) -> Result<DynamicsMeasures> {
    let mut by_guidance = BTreeMap::new();
    for guidance in GUIDANCE {
        let mut distances = Vec::new();
        for (index, &unit) in chosen.iter().enumerate().progress() {
            distances.push(distances_of(&Excerpt::new(corpus, unit)?, engine, guidance, index, seed)?);
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

/// Mel distances under own, no and an unrelated action, with the same noise.
fn distances_of(excerpt: &Excerpt, engine: &Engine, guidance: f32, index: usize, seed: u64) -> Result<[f64; 3]> {
    let unrelated = &engine.set().statistics().reference_actions;
    let unrelated = unrelated[(index * 37 + 11) % unrelated.len()].clone();
    let choices = [ActionChoice::Own, ActionChoice::Null, ActionChoice::Weights(unrelated)];
    let mel = MultiScaleMel::new(excerpt.audio().rate());
    let real = &excerpt.audio().channel(0)[excerpt.range()];
    let mut distances = [0.0; 3];
    for (distance, action) in distances.iter_mut().zip(choices) {
        let made = excerpt.regenerated(engine, action, guidance, seed + index as u64)?;
        *distance = f64::from(mel.distance(real, &made.channel(0)[excerpt.range()]));
    }
    Ok(distances)
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
