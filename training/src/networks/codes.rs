//! Latent actions as codes: what changed from one bar to the next, as one to three whole numbers.
//!
//! After Genie (Bruce et al., arXiv 2402.15391) and LAPA (Ye et al., arXiv 2410.11758): a transformer over several bars, whose temporal layers
//! look back only, gives each bar a vector; the difference of two consecutive ones is quantised. We differ in how often layers look
//! across bars (one in three), in the quantiser, and in a decoder that denoises latents.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Distribution, Tensor, TensorData};
use serde::{Deserialize, Serialize};
use turnaround_core::contract::TIMING_FEATURES;

use super::actions::ActionDecoder;
use super::attention::{TransformerBlock, join_heads, split_heads};
use super::layers::{FeedForward, layer_norm, linear, zero_linear};
use super::quantiser::{Quantised, Quantiser, QuantiserConfig};

/// Sizes of the code model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodeConfig {
    /// Width of encoder and decoder.
    pub width: usize,
    /// Attention heads.
    pub heads: usize,
    /// Rounds of the encoder: two blocks within bars, then one across them.
    pub rounds: usize,
    /// Decoder blocks.
    pub decoder_blocks: usize,
    /// Bars heard at once, at least two. The first has no code.
    pub bars: usize,
    /// Whether the difference of consecutive bars is quantised, rather than the bar itself.
    pub difference: bool,
    /// The quantiser.
    pub quantiser: QuantiserConfig,
    /// Slots of a bar.
    pub slots: usize,
    /// Slots read as one token.
    pub slots_per_patch: usize,
    /// Numbers in a slot.
    pub channels: usize,
}

impl CodeConfig {
    /// Sizes that learn in a second, for bars of `[slots, channels]`: two stages of sixteen codes.
    #[cfg(test)]
    pub fn for_tests(slots: usize, channels: usize) -> Self {
        Self {
            width: 16,
            heads: 2,
            rounds: 1,
            decoder_blocks: 1,
            bars: 3,
            difference: true,
            quantiser: QuantiserConfig { levels: vec![4, 4], stages: 2, apart: false },
            slots,
            slots_per_patch: 2,
            channels,
        }
    }
}

/// Two blocks within bars and one across them that looks back only.
#[derive(Module, Debug)]
struct Round {
    within: Vec<TransformerBlock>,
    query_key_value: Linear,
    out: Linear,
    feed_forward: FeedForward,
    heads: usize,
}

impl Round {
    fn new(config: &CodeConfig, device: &Device) -> Self {
        let width = config.width;
        Self {
            within: (0..2).map(|_| TransformerBlock::new(width, config.heads, device)).collect(),
            query_key_value: linear(width, 3 * width, device),
            out: zero_linear(width, width, device),
            feed_forward: FeedForward::new(width, true, device),
            heads: config.heads,
        }
    }

    /// `[batch, bar, patch, width]` to the same shape; `causal` `[1, 1, bar, bar]` hides later bars.
    fn forward(&self, x: Tensor<4>, causal: &Tensor<4>) -> Tensor<4> {
        let [batch, bar, patch, width] = x.dims();
        let within = self.within.iter().fold(x.reshape([batch * bar, patch, width]), |x, block| block.forward(x));
        // The same place of every bar, as a sequence of bars.
        let across = within.reshape([batch, bar, patch, width]).swap_dims(1, 2).reshape([batch * patch, bar, width]);
        let all = self.query_key_value.forward(layer_norm(across.clone(), 1e-5));
        let part = |i: usize| split_heads(all.clone().narrow(2, i * width, width), self.heads);
        let scores = part(0).matmul(part(1).swap_dims(2, 3)) * ((width / self.heads) as f64).powf(-0.5) + causal.clone();
        let across = across + self.out.forward(join_heads(softmax(scores, 3).matmul(part(2))));
        let across = across.clone() + self.feed_forward.forward(layer_norm(across, 1e-5));
        across.reshape([batch, patch, bar, width]).swap_dims(1, 2)
    }
}

/// Bars to codes, and what rebuilds a bar from the one before it and its codes.
#[derive(Module, Debug)]
pub struct CodeModel {
    input: Linear,
    timing: Linear,
    place: Param<Tensor<2>>,
    number: Param<Tensor<2>>,
    rounds: Vec<Round>,
    /// The quantiser, with the vectors that codes stand for.
    pub quantiser: Quantiser,
    /// The training-only decoder.
    pub decoder: ActionDecoder,
    difference: bool,
}

impl CodeModel {
    /// A fresh model.
    pub fn new(config: &CodeConfig, device: &Device) -> Self {
        assert!(config.bars >= 2, "a change takes two bars");
        let width = config.width;
        let patches = config.slots / config.slots_per_patch;
        let patch = config.channels * config.slots_per_patch;
        let random = |rows| Param::from_tensor(Tensor::random([rows, width], Distribution::Normal(0.0, 0.1), device));
        Self {
            input: linear(patch, width, device),
            timing: linear(TIMING_FEATURES, width, device),
            place: random(patches),
            number: random(config.bars),
            rounds: (0..config.rounds).map(|_| Round::new(config, device)).collect(),
            quantiser: Quantiser::new(&config.quantiser, patches * width, width, device),
            decoder: ActionDecoder::of_sizes(width, config.heads, config.decoder_blocks, [patches, patch], device),
            difference: config.difference,
        }
    }

    /// What is quantised of every bar but the first: `bars` `[batch, bar, slot, channel]` standardised and `timing` `[batch, 2]` to
    /// `[batch · (bar − 1), patch · width]`.
    pub fn changes(&self, bars: Tensor<4>, timing: Tensor<2>) -> Tensor<2> {
        let [batch, bar, slot, channel] = bars.dims();
        let [patches, width] = self.place.dims();
        let h = self.input.forward(bars.reshape([batch, bar, patches, slot / patches * channel]));
        let number = self.number.val().narrow(0, 0, bar).unsqueeze_dim::<3>(1).unsqueeze::<4>(); // [1, bar, 1, width]
        let timing = self.timing.forward(timing).unsqueeze_dim::<3>(1).unsqueeze_dim::<4>(1); // [batch, 1, 1, width]
        let h = h + self.place.val().unsqueeze::<4>() + number + timing;
        let causal = causal_bias(bar, &h.device());
        let h = self.rounds.iter().fold(h, |h, round| round.forward(h, &causal));
        let later = h.clone().narrow(1, 1, bar - 1);
        let told = if self.difference { later - h.narrow(1, 0, bar - 1) } else { later };
        told.reshape([batch * (bar - 1), patches * width])
    }

    /// Codes of every bar but the first, in order, in training: see [`Quantiser::quantise_batch`].
    pub fn codes_of_batch(&self, bars: Tensor<4>, timing: Tensor<2>) -> Quantised {
        self.quantiser.quantise_batch(self.changes(bars, timing))
    }

    /// Codes of every bar but the first, in order.
    pub fn codes(&self, bars: Tensor<4>, timing: Tensor<2>) -> Quantised {
        self.quantiser.quantise(self.changes(bars, timing))
    }
}

/// 0 where a bar may look, else a large negative number: `[1, 1, bar, bar]`.
fn causal_bias(bars: usize, device: &Device) -> Tensor<4> {
    let hidden = |query: usize| (0..bars).map(move |key| if key > query { -1e9f32 } else { 0.0 });
    Tensor::from_data(TensorData::new((0..bars).flat_map(hidden).collect::<Vec<f32>>(), [1, 1, bars, bars]), device)
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use super::*;
    use crate::train::latents::numbers;

    fn config(difference: bool) -> CodeConfig {
        CodeConfig { bars: 4, difference, ..CodeConfig::for_tests(8, 4) }
    }

    fn bars() -> Tensor<4> {
        Tensor::random([3, 4, 8, 4], Distribution::Normal(0.0, 1.0), &Device::flex())
    }

    #[test]
    fn a_bar_says_nothing_of_those_after_it() {
        let device = Device::flex();
        let model = CodeModel::new(&config(true), &device);
        let (bars, timing) = (bars(), Tensor::zeros([3, TIMING_FEATURES], &device));
        let changed = Tensor::cat(vec![bars.clone().narrow(1, 0, 3), bars.clone().narrow(1, 3, 1) + 1.0], 1);
        let of = |bars| numbers(model.changes(bars, timing.clone()).reshape([3, 3, 64]).narrow(1, 0, 2));
        assert_eq!(of(bars.clone()), of(changed.clone()));
        let last = |bars| numbers(model.changes(bars, timing.clone()).reshape([3, 3, 64]).narrow(1, 2, 1));
        assert_ne!(last(bars), last(changed));
    }

    #[test]
    fn a_bar_that_only_repeats_the_one_before_has_no_change_to_tell() {
        let device = Device::flex();
        let mut model = CodeModel::new(&config(true), &device);
        model.number = Param::from_tensor(model.number.val().zeros_like());
        let one = bars().narrow(1, 0, 1);
        let still = Tensor::cat(vec![one.clone(); 4], 1);
        let worst = |model: &CodeModel| {
            let changes = model.changes(still.clone(), Tensor::zeros([3, TIMING_FEATURES], &device));
            numbers(changes.abs().max())[0]
        };
        assert!(worst(&model) < 1e-5);
        model.difference = false;
        assert!(worst(&model) > 0.01);
    }
}
