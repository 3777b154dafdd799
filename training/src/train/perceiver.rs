//! Trains the variable-length tokenizer on whole bars, by the tokenizer's loss.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use burn::tensor::{Device, Tensor};
use rand::Rng;
use turnaround_core::contract::Sizes;
use turnaround_core::latents::token_count;

use super::frames::FrameSource;
use super::run::{self, RunOptions, Schedule, Trained};
use super::tokenizer::{Objective, loss};
use crate::corpus::Corpus;
use crate::networks::perceiver::{Perceiver, PerceiverConfig};
use crate::networks::tokenizer::TokenizerConfig;

/// Quietest root mean square of a bar worth learning from, or measuring.
const SILENCE: f32 = 1e-3;

/// Bars of a split that are not silent, by their number of frames, so that batches need no padding.
pub struct Bars {
    /// Units, in the corpus's order.
    pub units: Vec<usize>,
    frames: BTreeMap<usize, usize>,
    by_frames: BTreeMap<usize, Vec<usize>>,
}

impl Bars {
    /// Those of `units` that are not silent.
    ///
    /// # Errors
    /// When there are none.
    pub fn new(corpus: &Corpus, units: &[usize], sizes: &Sizes) -> Result<Self> {
        let length = |unit: usize| (corpus.units[unit].end - corpus.units[unit].start) as usize;
        let sounds = |unit: usize| {
            let audio = corpus.window(corpus.units[unit].start as i64, length(unit));
            (audio.iter().map(|x| x * x).sum::<f32>() / audio.len() as f32).sqrt() > SILENCE
        };
        let units: Vec<usize> = units.iter().copied().filter(|&unit| sounds(unit)).collect();
        ensure!(!units.is_empty(), "a split of this corpus holds no bar that is not silent: build a longer one");
        let frames: BTreeMap<usize, usize> = units
            .iter()
            .map(|&unit| (unit, token_count(length(unit), sizes.samples_per_token()) * sizes.frames_per_token))
            .collect();
        let mut by_frames: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for &unit in &units {
            by_frames.entry(frames[&unit]).or_default().push(unit);
        }
        Ok(Self { units, frames, by_frames })
    }

    /// Frames of a bar.
    pub fn frames(&self, unit: usize) -> usize {
        self.frames[&unit]
    }

    /// Frames of a bar on average.
    pub fn mean_frames(&self) -> f64 {
        self.frames.values().sum::<usize>() as f64 / self.frames.len() as f64
    }

    /// `[batch, frame, 2·bin]` of random bars of one length, which is drawn as often as it has bars.
    pub fn batch(&self, source: &FrameSource, random: &mut impl Rng, batch: usize) -> Tensor<3> {
        let frames = self.frames(self.units[random.random_range(0..self.units.len())]);
        let pool = &self.by_frames[&frames];
        let chosen: Vec<usize> = (0..batch).map(|_| pool[random.random_range(0..pool.len())]).collect();
        source.bars(random, &chosen, frames)
    }
}

/// Trains one around the denoiser of a tokenizer of these sizes.
///
/// # Errors
/// As [`run::run`].
pub fn train(
    config: &PerceiverConfig,
    tokenizer: &TokenizerConfig,
    objective: &Objective,
    schedule: &Schedule,
    bars: &Bars,
    source: &FrameSource,
    options: &RunOptions,
) -> Result<Trained<Perceiver>> {
    let fresh = |device: &Device| Perceiver::new(config, tokenizer, device);
    run::run(fresh, schedule, options, |model, step| {
        let frames = bars.batch(source, step.random, step.batch).autodiff();
        let count = frames.dims()[1];
        let slots = model.encoder.forward(frames.clone());
        Ok(loss(frames, slots, |slots| model.condition.forward(slots, count), &model.denoiser, objective, step))
    })
}
