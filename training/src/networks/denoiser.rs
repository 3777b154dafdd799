//! One call of the tokenizer's decoder: noisy frames and condition to clean frames.
//!
//! A U-Net over bands: frequency is halved from level to level and time is not, because where in time a partial stands is its phase. Each
//! level hands its last features before the halving to the same level on the way out (single-scale skips).

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::{Device, Distribution, Tensor};
use serde::{Deserialize, Serialize};

use super::bands::{BandBlock, BandBlockConfig, join, split};
use super::condition::Condition;
use super::filter::filtered;
use super::layers::{LEVEL_FEATURES, LevelEmbedding, Precision, apply, full, layer_norm, linear, zero_linear};
use super::rescale::{Change, Down, Up};
use super::tokenizer::TokenizerConfig;

/// Frames to the neighbours in time that one block after the other reads: together they hear half a second.
const REACHES: [usize; 3] = [1, 2, 4];

/// Sizes of the denoiser.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DenoiserConfig {
    /// Bands of a frame at the first level; each further level has half as many.
    pub bands: usize,
    /// Channels of a band at each level.
    pub widths: Vec<usize>,
    /// Blocks of each level on the way in and as many on the way out; of the last level, all.
    pub blocks: Vec<usize>,
    /// Numbers that the condition network tells of each band and frame.
    pub features: usize,
    /// Frames that the output's filter reads, an odd number.
    pub taps: usize,
    /// Norms and gates from condition and noise level (AdaLN-zero); else both are only added.
    pub adaptive_norm: bool,
    /// Skips from the way in to the way out.
    pub skips: bool,
}

/// A level before or after the deepest one.
#[derive(Module, Debug)]
struct Level {
    inward: Vec<BandBlock>,
    down: Down,
    up: Up,
    outward: Vec<BandBlock>,
}

/// A U-Net over bands, whose output filters the noisy frames and adds to them.
#[derive(Module, Debug)]
pub struct Denoiser {
    level: LevelEmbedding,
    input: Linear,
    /// `[band, width]`.
    place: Param<Tensor<2>>,
    levels: Vec<Level>,
    middle: Vec<BandBlock>,
    filter: Linear,
    output: Linear,
    bands: usize,
    taps: usize,
    skips: bool,
}

impl Denoiser {
    /// A fresh denoiser: an ideal linear filter for unit-variance data and noise, until it has learned better.
    pub fn new(config: &TokenizerConfig, device: &Device) -> Self {
        let DenoiserConfig { bands, widths, blocks, features, taps, adaptive_norm, skips } = &config.denoiser;
        let mut count = 0;
        let mut stack = |level: usize| -> Vec<BandBlock> {
            (0..blocks[level])
                .map(|_| {
                    let reach = REACHES[count % REACHES.len()];
                    count += 1;
                    let (width, features) = (widths[level], features << level);
                    let block = BandBlockConfig { width, features, level: LEVEL_FEATURES, reach, adaptive_norm: *adaptive_norm };
                    BandBlock::new(block, device)
                })
                .collect()
        };
        let deepest = widths.len() - 1;
        let inward: Vec<_> = (0..deepest).map(&mut stack).collect();
        let middle = stack(deepest);
        let outward: Vec<_> = (0..deepest).rev().map(&mut stack).collect();
        let levels = inward.into_iter().zip(outward.into_iter().rev()).enumerate().map(|(level, (inward, outward))| {
            let there = Change { input: widths[level], output: widths[level + 1], factor: 2, shortcut: config.shortcuts };
            let back = Change { input: there.output, output: there.input, ..there };
            Level { inward, down: Down::new(there, device), up: Up::new(back, device), outward }
        });
        let levels = levels.collect();
        let width = widths[0];
        let numbers = 2 * config.bins / bands;
        Self {
            level: LevelEmbedding::new(LEVEL_FEATURES, device),
            input: linear(numbers + numbers / 2 + features, width, device),
            place: Param::from_tensor(Tensor::random([*bands, width], Distribution::Normal(0.0, 0.1), device)),
            levels,
            middle,
            filter: zero_linear(width, numbers * taps, device),
            output: zero_linear(width, numbers, device),
            bands: *bands,
            taps: *taps,
            skips: *skips,
        }
    }

    /// `noisy` `[batch, frame, 2·bin]` in units of the scale, `level` `[batch]`, to the clean frames in the same units.
    pub fn forward(&self, noisy: Tensor<3>, level: Tensor<1>, condition: &Condition, precision: Precision) -> Tensor<3> {
        let noisy = split(noisy, self.bands); // [batch, frame, band, 2·bin of the band]
        let [batch, time, bands, numbers] = noisy.dims();
        let features = condition.features.clone();
        let each = features.dims()[2] / bands;
        let features = features.reshape([batch, time, bands, each]);
        let scale = condition.scale.clone().log().reshape([batch, time, bands, numbers / 2]);
        let all = precision.of(Tensor::cat(vec![noisy.clone(), scale, features.clone()], 3));
        let embedded = precision.of(self.level.forward(level.clone())).unsqueeze_dim::<3>(1).unsqueeze_dim::<4>(2);
        let place = precision.of(self.place.val()).unsqueeze::<4>();
        let h = self.through(apply(&self.input, all) + place, precision.of(features), &embedded);
        self.combine(layer_norm(h, 1e-5), noisy, level)
    }

    /// In to the deepest level and out again. `[batch, frame, band, width]` both.
    fn through(&self, h: Tensor<4>, features: Tensor<4>, level: &Tensor<4>) -> Tensor<4> {
        let run = |blocks: &[BandBlock], h: Tensor<4>, features: &Tensor<4>| {
            blocks.iter().fold(h, |h, block| block.forward(h, features, level))
        };
        let (mut h, mut features) = (h, features);
        let mut left = Vec::new();
        for level in &self.levels {
            h = run(&level.inward, h, &features);
            left.push((h.clone(), features.clone()));
            h = halved(&level.down, h);
            let [batch, time, bands, each] = features.dims();
            features = features.reshape([batch, time, bands / 2, 2 * each]);
        }
        h = run(&self.middle, h, &features);
        for (level, (skip, features)) in self.levels.iter().zip(left).rev() {
            let wide = doubled(&level.up, h);
            h = run(&level.outward, if self.skips { wide + skip } else { wide }, &features);
        }
        h
    }

    /// `(1−t)/q · (x_t + filter(x_t)) + t/√q · F`, with `q = (1−t)² + t²`: the gain `(1−t)/q` is what an ideal linear filter would
    /// apply to unit-variance data and noise; the filter finds what holds from frame to frame, and `F` adds what only the latents tell.
    fn combine(&self, h: Tensor<4>, noisy: Tensor<4>, level: Tensor<1>) -> Tensor<3> {
        let t = level.unsqueeze_dim::<2>(1).unsqueeze_dim::<3>(2).unsqueeze_dim::<4>(3); // [batch, 1, 1, 1]
        let clean_share = t.clone().neg() + 1.0;
        let q = clean_share.clone() * clean_share.clone() + t.clone() * t.clone();
        let found = filtered(&noisy, &full(apply(&self.filter, h.clone())), self.taps);
        join((noisy + found) * (clean_share / q.clone()) + full(apply(&self.output, h)) * (t / q.sqrt()))
    }
}

/// Neighbouring bands joined.
fn halved(down: &Down, x: Tensor<4>) -> Tensor<4> {
    let [batch, time, bands, width] = x.dims();
    let y = down.forward(x.reshape([batch * time, bands, width]));
    let [_, bands, width] = y.dims();
    y.reshape([batch, time, bands, width])
}

/// Each band made two.
fn doubled(up: &Up, x: Tensor<4>) -> Tensor<4> {
    let [batch, time, bands, width] = x.dims();
    let y = up.forward(x.reshape([batch * time, bands, width]));
    let [_, bands, width] = y.dims();
    y.reshape([batch, time, bands, width])
}
