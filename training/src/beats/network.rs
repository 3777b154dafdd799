//! Mel frames to beat activations: a stack of dilated depthwise convolutions over time, wide enough to hear several bars on either side.
//!
//! Source: the temporal convolutional networks of Davies and Böck (EUSIPCO 2019), whose dilations double from layer to layer and who hear
//! both ways, since recordings are tracked whole. We depart from them in the block, ConvNeXt's, which the other networks here are made of.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::activation::{gelu, sigmoid};
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Distribution, Tensor};
use serde::{Deserialize, Serialize};
use turnaround_core::beats::OUTPUTS;
use turnaround_core::beats::front_end::BANDS;

use crate::networks::layers::{layer_norm, linear};

/// Mel frames that the first layer sees at once.
const SEEN: usize = 5;

/// Taps of a block's convolution.
const TAPS: usize = 5;

/// Sizes of a tracker.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrackerConfig {
    /// Numbers a frame is described by inside.
    pub width: usize,
    /// How much wider a block's pointwise layer is.
    pub expansion: usize,
    /// Frames from tap to tap, block by block. Blocks hear twice the sum of them on either side.
    pub dilations: Vec<usize>,
}

/// The network.
#[derive(Module, Debug)]
pub struct Tracker {
    first: Linear,
    blocks: Vec<DilatedBlock>,
    last: Linear,
}

impl Tracker {
    /// A fresh network, which hears beats nowhere.
    pub fn new(config: &TrackerConfig, device: &Device) -> Self {
        let block = |&dilation: &usize| DilatedBlock::new(config.width, config.expansion, dilation, device);
        let mut last = linear(config.width, OUTPUTS, device);
        // One frame in ten or so is a beat: begin there, not at one in two.
        last.bias = Some(Param::from_tensor(Tensor::full([OUTPUTS], -2.5, device)));
        Self { first: linear(SEEN * BANDS, config.width, device), blocks: config.dilations.iter().map(block).collect(), last }
    }

    /// Log odds, `[batch, mel_frame, OUTPUTS]`, of frames `[batch, mel_frame, BANDS]`.
    pub fn log_odds(&self, frames: Tensor<3>) -> Tensor<3> {
        let seen = Tensor::cat(shifted(frames, SEEN, 1), 2); // [batch, mel_frame, SEEN * BANDS]
        let hidden = gelu(self.first.forward(seen)); // [batch, mel_frame, width]
        let hidden = self.blocks.iter().fold(hidden, |hidden, block| block.forward(hidden));
        self.last.forward(layer_norm(hidden, 1e-5)) // [batch, mel_frame, OUTPUTS]
    }

    /// Probabilities of the same shape.
    pub fn forward(&self, frames: Tensor<3>) -> Tensor<3> {
        sigmoid(self.log_odds(frames))
    }
}

/// A depthwise convolution with gaps over time, norm, and a wide pointwise layer, added to its input.
#[derive(Module, Debug)]
struct DilatedBlock {
    /// `[width, 1, 1, tap]`.
    taps: Param<Tensor<4>>,
    bias: Param<Tensor<1>>,
    wide: Linear,
    narrow: Linear,
    /// Starts small, so that a fresh block changes little.
    layer_scale: Param<Tensor<1>>,
    dilation: usize,
}

impl DilatedBlock {
    fn new(width: usize, expansion: usize, dilation: usize, device: &Device) -> Self {
        let bound = (TAPS as f64).powf(-0.5);
        let taps = Tensor::random([width, 1, 1, TAPS], Distribution::Uniform(-bound, bound), device);
        Self {
            taps: Param::from_tensor(taps),
            bias: Param::from_tensor(Tensor::zeros([width], device)),
            wide: linear(width, expansion * width, device),
            narrow: linear(expansion * width, width, device),
            layer_scale: Param::from_tensor(Tensor::full([width], 0.1, device)),
            dilation,
        }
    }

    /// `[batch, time, width]` to the same shape.
    fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let mixed = if x.device().is_autodiff() { self.shifted_sum(x.clone()) } else { self.convolution(x.clone()) };
        let changed = self.narrow.forward(gelu(self.wide.forward(layer_norm(mixed, 1e-5))));
        x + changed * self.layer_scale.val().unsqueeze::<3>()
    }

    /// The convolution as runtimes know it, over `[1, time]`.
    fn convolution(&self, x: Tensor<3>) -> Tensor<3> {
        let x = x.swap_dims(1, 2).unsqueeze_dim::<4>(2); // [batch, width, 1, time]
        let options = ConvOptions::new([1, 1], [0, TAPS / 2 * self.dilation], [1, self.dilation], self.bias.dims()[0]);
        conv2d(x, self.taps.val(), Some(self.bias.val()), options).squeeze_dim::<3>(2).swap_dims(1, 2)
    }

    /// The same sum as shifted products, for training: see the reason in [`crate::networks::convnext`].
    fn shifted_sum(&self, x: Tensor<3>) -> Tensor<3> {
        let width = x.dims()[2];
        let taps = self.taps.val().reshape([width, TAPS]).transpose(); // [tap, width]
        let product = |(tap, x): (usize, Tensor<3>)| x * taps.clone().narrow(0, tap, 1).unsqueeze::<3>();
        let products = shifted(x, TAPS, self.dilation).into_iter().enumerate().map(product);
        products.reduce(|sum, product| sum + product).expect("there are taps") + self.bias.val().unsqueeze::<3>()
    }
}

/// `count` copies of `[batch, time, width]`, earliest first and the middle one in place, each `dilation` frames later than the one before;
/// silence where there is no frame.
fn shifted(x: Tensor<3>, count: usize, dilation: usize) -> Vec<Tensor<3>> {
    let time = x.dims()[1];
    let reach = count / 2 * dilation;
    let padded = x.pad([(0, 0), (reach, reach), (0, 0)], 0.0f32);
    (0..count).map(|k| padded.clone().narrow(1, k * dilation, time)).collect()
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use super::*;

    #[test]
    fn shifted_products_are_the_convolution_at_every_dilation_also_beyond_the_ends() {
        let device = Device::flex();
        for dilation in [1, 4, 16] {
            let block = DilatedBlock::new(8, 2, dilation, &device);
            let x = Tensor::<3>::random([2, 13, 8], Distribution::Normal(0.0, 1.0), &device);
            let worst: f32 = (block.convolution(x.clone()) - block.shifted_sum(x)).abs().max().into_scalar();
            assert!(worst < 1e-5, "dilation {dilation}: they differ by {worst}");
        }
    }
}
