//! What the latents alone can tell of the sound: features for every denoising call, and how loud each bin is expected to be.
//!
//! It runs once per stretch while the denoiser runs several times, so this is where depth is cheap.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};

use super::convnext::PlainBlock;
use super::layers::{layer_norm, linear};
use super::rescale::Up;
use super::tokenizer::TokenizerConfig;

/// Least variance of a bin, in units of what it has over all music: what counts as silence.
pub const VARIANCE_FLOOR: f64 = 1e-4;

/// Largest logarithm of a variance, against numbers that overflow before the network has learned anything.
const MOST_LOG_VARIANCE: f64 = 6.0;

/// What the denoiser reads at every call, computed once from the latents.
#[derive(Clone, Debug)]
pub struct Condition {
    /// `[batch, 2·token, condition]`.
    pub fine: Tensor<3>,
    /// `[batch, token, condition]`.
    pub coarse: Tensor<3>,
    /// `[batch, 2·token, bin]`: what to divide a bin by so that it has about unit variance.
    pub scale: Tensor<3>,
}

/// Latents to the decoder's condition.
#[derive(Module, Debug)]
pub struct ConditionNetwork {
    input: Linear,
    coarse: Vec<PlainBlock>,
    up: Up,
    fine: Vec<PlainBlock>,
    log_variance: Linear,
    coarse_output: Linear,
    fine_output: Linear,
}

impl ConditionNetwork {
    /// A fresh network.
    pub fn new(config: &TokenizerConfig, device: &Device) -> Self {
        let width = config.condition_width;
        let [coarse_blocks, fine_blocks] = config.condition_blocks;
        Self {
            input: linear(3 * config.channels, width, device),
            coarse: PlainBlock::stack(width, coarse_blocks, device),
            up: Up::new(width, width, device),
            fine: PlainBlock::stack(width, fine_blocks, device),
            log_variance: linear(width, config.bins, device),
            coarse_output: linear(width, config.condition, device),
            fine_output: linear(width, config.condition, device),
        }
    }

    /// `[batch, token, channel]` latents to the condition. The scale is the root of a variance, one for real and imaginary part of a
    /// bin each, learned by likelihood: data divided by it are as loud as unit noise, which few-call sampling rests on.
    pub fn forward(&self, latents: Tensor<3>) -> Condition {
        let coarse = PlainBlock::run(&self.coarse, self.input.forward(with_neighbours(latents))); // [batch, token, width]
        let fine = PlainBlock::run(&self.fine, self.up.forward(coarse.clone())); // [batch, 2·token, width]
        let fine = layer_norm(fine, 1e-5);
        let variance = self.log_variance.forward(fine.clone()).clamp_max(MOST_LOG_VARIANCE).exp(); // [batch, 2·token, bin]
        Condition {
            coarse: self.coarse_output.forward(layer_norm(coarse, 1e-5)),
            fine: self.fine_output.forward(fine),
            scale: (variance + VARIANCE_FLOOR).sqrt(),
        }
    }
}

/// Each token beside its two neighbours, zeros past the ends. `[batch, token, channel]` to `[batch, token, 3·channel]`.
fn with_neighbours(x: Tensor<3>) -> Tensor<3> {
    let tokens = x.dims()[1];
    let nothing = x.clone().narrow(1, 0, 1).mul_scalar(0.0);
    let before = Tensor::cat(vec![nothing.clone(), x.clone().narrow(1, 0, tokens - 1)], 1);
    let after = Tensor::cat(vec![x.clone().narrow(1, 1, tokens - 1), nothing], 1);
    Tensor::cat(vec![before, x, after], 2)
}
