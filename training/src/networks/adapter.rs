//! The bar adapter: latents of a bar of any length to a fixed number of slots, and back.
//!
//! Both directions start as plain linear interpolation and learn what it loses. Interpolation weights and place features come from
//! the caller, so one graph serves every length.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};
use turnaround_core::contract::POSITION_FEATURES;
use turnaround_core::latents::position_features;

use super::attention::{TransformerBlock, attend, join_heads, split_heads};
use super::layers::{layer_norm, linear, zero_linear};
use super::tokenizer::LATENT_EPSILON;

/// Sizes of the adapter; both directions are alike.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdapterConfig {
    /// Width of the transformer.
    pub width: usize,
    /// Attention heads.
    pub heads: usize,
    /// Blocks over what comes in.
    pub input_blocks: usize,
    /// Blocks over what goes out.
    pub output_blocks: usize,
    /// Slots of a bar.
    pub slots: usize,
    /// Numbers in a latent token and in a slot.
    pub channels: usize,
}

/// Brings one sequence of tokens to another length.
#[derive(Module, Debug)]
struct Resampler {
    input: Linear,
    input_position: Linear,
    input_blocks: Vec<TransformerBlock>,
    output_position: Linear,
    query: Linear,
    key_value: Linear,
    mixed: Linear,
    output_blocks: Vec<TransformerBlock>,
    output: Linear,
    heads: usize,
}

impl Resampler {
    fn new(config: &AdapterConfig, device: &Device) -> Self {
        let AdapterConfig { width, heads, channels, .. } = *config;
        let blocks = |count| (0..count).map(|_| TransformerBlock::new(width, heads, device)).collect();
        Self {
            input: linear(channels, width, device),
            input_position: linear(POSITION_FEATURES, width, device),
            input_blocks: blocks(config.input_blocks),
            output_position: linear(POSITION_FEATURES, width, device),
            query: linear(width, width, device),
            key_value: linear(width, 2 * width, device),
            mixed: linear(width, width, device),
            output_blocks: blocks(config.output_blocks),
            output: zero_linear(width, channels, device),
            heads,
        }
    }

    /// `x` `[batch, from, channel]`, `interpolation` `[to, from]`, place features `[from, _]` and `[to, _]`, to `[batch, to, channel]`.
    fn forward(&self, x: Tensor<3>, interpolation: Tensor<2>, from: Tensor<2>, to: Tensor<2>) -> Tensor<3> {
        let interpolation = interpolation.unsqueeze::<3>(); // [1, to, from]
        let plain = interpolation.clone().matmul(x.clone()); // [batch, to, channel]
        let h = self.input.forward(x) + self.input_position.forward(from).unsqueeze::<3>(); // [batch, from, width]
        let h = self.input_blocks.iter().fold(h, |h, block| block.forward(h));
        let seed = interpolation.matmul(h.clone()) + self.output_position.forward(to).unsqueeze::<3>(); // [batch, to, width]
        let width = seed.dims()[2];
        let key_value = self.key_value.forward(layer_norm(h, 1e-5));
        let key = split_heads(key_value.clone().narrow(2, 0, width), self.heads);
        let value = split_heads(key_value.narrow(2, width, width), self.heads);
        let query = split_heads(self.query.forward(layer_norm(seed.clone(), 1e-5)), self.heads);
        let h = seed + self.mixed.forward(join_heads(attend(query, key, value, None)));
        let h = self.output_blocks.iter().fold(h, |h, block| block.forward(h));
        layer_norm(plain + self.output.forward(layer_norm(h, 1e-5)), LATENT_EPSILON)
    }
}

/// The adapter's two directions.
#[derive(Module, Debug)]
pub struct Adapter {
    encoder: Resampler,
    decoder: Resampler,
    slots: usize,
}

impl Adapter {
    /// A fresh adapter, equal to linear interpolation.
    pub fn new(config: &AdapterConfig, device: &Device) -> Self {
        Self { encoder: Resampler::new(config, device), decoder: Resampler::new(config, device), slots: config.slots }
    }

    /// `latents` `[batch, token, channel]`, `interpolation` `[slot, token]`, `position` `[token, feature]`, to `[batch, slot, channel]`.
    pub fn encode(&self, latents: Tensor<3>, interpolation: Tensor<2>, position: Tensor<2>) -> Tensor<3> {
        let slots = self.slot_positions(&latents.device());
        self.encoder.forward(latents, interpolation, position, slots)
    }

    /// `slots` `[batch, slot, channel]`, `interpolation` `[token, slot]`, `position` `[token, feature]`, to `[batch, token, channel]`.
    pub fn decode(&self, slots: Tensor<3>, interpolation: Tensor<2>, position: Tensor<2>) -> Tensor<3> {
        let places = self.slot_positions(&slots.device());
        self.decoder.forward(slots, interpolation, places, position)
    }

    fn slot_positions(&self, device: &Device) -> Tensor<2> {
        Tensor::from_data(TensorData::new(position_features(self.slots), [self.slots, POSITION_FEATURES]), device)
    }
}
