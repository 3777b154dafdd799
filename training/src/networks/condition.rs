//! What the latents alone can tell of the sound: features for every denoising call, and how loud each bin is expected to be.
//!
//! It runs once per stretch while the denoiser runs several times, so this is where width and depth are cheap.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};

use super::attention::SelfAttention;
use super::convnext::PlainBlock;
use super::layers::{Precision, apply, beside, layer_norm, linear, silence};
use super::rescale::{Change, Up};
use super::tokenizer::TokenizerConfig;

/// Least variance of a bin, in units of what it has over all music: what counts as silence.
pub const VARIANCE_FLOOR: f64 = 1e-4;

/// Largest logarithm of a variance, against numbers that overflow before the network has learned anything.
const MOST_LOG_VARIANCE: f64 = 6.0;

/// What the denoiser reads at every call, computed once from the latents.
#[derive(Clone, Debug)]
pub struct Condition {
    /// `[batch, frame, band·feature]`.
    pub features: Tensor<3>,
    /// `[batch, frame, bin]`: what to divide a bin by so that it has about unit variance.
    pub scale: Tensor<3>,
}

/// One rate of the condition network.
#[derive(Module, Debug)]
struct Rate {
    up: Option<Up>,
    blocks: Vec<PlainBlock>,
}

/// Latents to the decoder's condition.
#[derive(Module, Debug)]
pub struct ConditionNetwork {
    input: Linear,
    attention: SelfAttention,
    rates: Vec<Rate>,
    log_variance: Option<Linear>,
    features: Linear,
    bins: usize,
}

impl ConditionNetwork {
    /// A fresh network.
    pub fn new(config: &TokenizerConfig, device: &Device) -> Self {
        let width = config.condition[0].width;
        let mut input = width;
        let rates = config.condition.iter().enumerate().map(|(index, rate)| {
            let change = Change { input, output: rate.width, factor: rate.stride, shortcut: config.shortcuts };
            input = rate.width;
            Rate {
                up: (index > 0 || rate.stride > 1).then(|| Up::new(change, device)),
                blocks: PlainBlock::stack(rate.width, rate.blocks, device),
            }
        });
        let rates = rates.collect();
        Self {
            input: linear(3 * config.channels, width, device),
            attention: SelfAttention::new(width, config.heads, device),
            rates,
            log_variance: config.expected_scale.then(|| linear(input, config.bins, device)),
            features: linear(input, config.features(), device),
            bins: config.bins,
        }
    }

    /// `[batch, token, channel]` latents to the condition. The scale is the root of a variance, one for real and imaginary part of a
    /// bin each, learned by likelihood: data divided by it are as loud as unit noise, which few-call sampling rests on.
    pub fn forward(&self, latents: Tensor<3>, precision: Precision) -> Condition {
        let h = apply(&self.input, with_neighbours(latents)); // [batch, token, width]
        let rotation = self.attention.rotation(&h);
        let h = self.attention.forward(h, Some(&rotation));
        let h = self.rates.iter().fold(h, |h, rate| {
            let h = match &rate.up {
                Some(up) => up.forward(h),
                None => h,
            };
            PlainBlock::run(&rate.blocks, h, precision)
        });
        let h = layer_norm(h, 1e-5); // [batch, frame, width]
        let scale = match &self.log_variance {
            Some(layer) => expected_scale(layer, h.clone()),
            None => Tensor::cat(vec![silence(&h, 2, 1) + 1.0; self.bins], 2),
        };
        Condition { features: apply(&self.features, h), scale } // [batch, frame, bin]
    }
}

/// Root of the variance whose logarithm a layer tells. `[batch, frame, width]` to `[batch, frame, bin]`.
pub(super) fn expected_scale(log_variance: &Linear, h: Tensor<3>) -> Tensor<3> {
    (apply(log_variance, h).clamp_max(MOST_LOG_VARIANCE).exp() + VARIANCE_FLOOR).sqrt()
}

/// Each token beside its two neighbours, zeros past the ends. `[batch, token, channel]` to `[batch, token, 3·channel]`.
fn with_neighbours(x: Tensor<3>) -> Tensor<3> {
    let [before, after] = beside(&x, 1, 1);
    Tensor::cat(vec![before, x, after], 2)
}
