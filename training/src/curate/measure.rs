//! Every action alone, on every context, beside no action at all.

use anyhow::Result;
use indicatif::ProgressIterator;
use turnaround_core::descriptors::{Descriptor, Effect};
use turnaround_core::time::SampleRate;
use turnaround_engine::Engine;
use turnaround_engine::regenerate::ActionChoice;

use super::{Trial, separability};
use crate::corpus::{Corpus, Split};
use crate::descriptors::{Gauge, Marks, RealBars};
use crate::evaluate::excerpt::{Excerpt, candidates};

/// Real bars that say how far bars lie apart.
const REAL_BARS: usize = 300;

/// What became of one action in one context.
struct Tried {
    change: Effect,
    /// Squared distance from the mean real bar, per descriptor.
    oddness: f64,
    gain_db: f64,
}

pub fn measure(engine: &Engine, corpus: &Corpus, units: &[usize], seed: u64) -> Result<Vec<Trial>> {
    let bench = Bench::new(engine, corpus)?;
    let actions = engine.set().sizes().actions;
    let mut tried: Vec<Vec<Tried>> = (0..actions).map(|_| Vec::with_capacity(units.len())).collect();
    for (context, &unit) in units.iter().enumerate().progress() {
        let excerpt = Excerpt::new(corpus, unit)?;
        let noise = seed + context as u64;
        let without = bench.marks(&excerpt, ActionChoice::Null, noise)?;
        for (action, tried) in tried.iter_mut().enumerate() {
            let alone = ActionChoice::Weights(vec![(u16::try_from(action)?, 1.0)]);
            tried.push(bench.tried(&bench.marks(&excerpt, alone, noise)?, &without));
        }
    }
    let changes: Vec<Vec<&Effect>> = tried.iter().map(|tried| tried.iter().map(|one| &one.change).collect()).collect();
    let separability = separability::of(&changes);
    Ok(tried.iter().zip(separability).map(|(tried, separability)| trial(tried, separability)).collect())
}

fn trial(tried: &[Tried], separability: f32) -> Trial {
    let changes: Vec<Effect> = tried.iter().map(|one| one.change.clone()).collect();
    let oddness = tried.iter().map(|one| one.oddness).sum::<f64>() / tried.len() as f64;
    let most_gain_db = tried.iter().map(|one| one.gain_db).fold(f64::NEG_INFINITY, f64::max);
    Trial::new(&changes, separability, oddness.sqrt() as f32, most_gain_db as f32)
}

struct Bench<'a> {
    engine: &'a Engine,
    gauge: Gauge,
    real: RealBars,
}

impl<'a> Bench<'a> {
    fn new(engine: &'a Engine, corpus: &Corpus) -> Result<Self> {
        let gauge = Gauge::new(SampleRate::new(corpus.manifest.rate)?);
        let real = |&unit: &usize| {
            let excerpt = Excerpt::new(corpus, unit)?;
            Ok(excerpt.marks(&gauge, excerpt.audio()))
        };
        let real: Vec<Marks> = candidates(corpus, Split::Validation, REAL_BARS).iter().map(real).collect::<Result<_>>()?;
        Ok(Self { engine, real: RealBars::of(&real), gauge })
    }

    /// The marks of the target as a musician hears it made anew.
    fn marks(&self, excerpt: &Excerpt, action: ActionChoice, seed: u64) -> Result<Marks> {
        Ok(excerpt.marks(&self.gauge, &excerpt.played(self.engine, action, seed)?))
    }

    fn tried(&self, made: &Marks, without: &Marks) -> Tried {
        Tried {
            change: self.real.spread().effect(made, without),
            oddness: self.real.oddness(made),
            gain_db: made[&Descriptor::Loudness] - without[&Descriptor::Loudness],
        }
    }
}
