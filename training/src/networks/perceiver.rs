//! A tokenizer for bars of any length, which learns warp and compression together: an experiment beside tokenizer and adapter.
//!
//! As in Perceiver IO (Jaegle et al., arXiv 2107.14795), a fixed number of slots reads all frames of a bar, and frames, as many as are asked
//! for, read the slots. Frames know their place in the bar and nothing of their number. The loss and the denoiser are the tokenizer's.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::{Device, Distribution, Tensor, TensorData};
use serde::{Deserialize, Serialize};
use turnaround_core::contract::POSITION_FEATURES;
use turnaround_core::latents::position_features;

use super::attention::{CrossAttention, TransformerBlock};
use super::condition::{Condition, expected_scale};
use super::denoiser::Denoiser;
use super::layers::{apply, layer_norm, linear};
use super::tokenizer::{LATENT_EPSILON, TokenizerConfig, loudness};

/// Sizes of what differs from the tokenizer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PerceiverConfig {
    /// Width of both transformers.
    pub width: usize,
    /// Attention heads.
    pub heads: usize,
    /// Blocks over the slots after they have read the frames.
    pub slot_blocks: usize,
    /// Blocks over the frames after they have read the slots.
    pub frame_blocks: usize,
    /// Slots of a bar.
    pub slots: usize,
}

impl PerceiverConfig {
    /// From a TOML file, or the sizes that go with the preset `reduced`.
    ///
    /// # Errors
    /// When the file cannot be read, or a key is unknown or missing.
    pub fn load(path: Option<&Path>) -> Result<Self> {
        let Some(path) = path else {
            return Ok(toml::from_str(include_str!("../../configs/perceiver.toml"))?);
        };
        let text = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        toml::from_str(&text).with_context(|| format!("reading {}", path.display()))
    }
}

/// A bar's frames to its slots.
#[derive(Module, Debug)]
pub struct BarEncoder {
    input: Linear,
    place: Linear,
    /// `[slot, width]`.
    slots: Param<Tensor<2>>,
    read: CrossAttention,
    blocks: Vec<TransformerBlock>,
    output: Linear,
}

impl BarEncoder {
    fn new(config: &PerceiverConfig, tokenizer: &TokenizerConfig, device: &Device) -> Self {
        let PerceiverConfig { width, heads, slot_blocks, slots, .. } = *config;
        Self {
            input: linear(tokenizer.bins, width, device),
            place: linear(POSITION_FEATURES, width, device),
            slots: Param::from_tensor(Tensor::random([slots, width], Distribution::Normal(0.0, 0.1), device)),
            read: CrossAttention::new(width, heads, device),
            blocks: (0..slot_blocks).map(|_| TransformerBlock::new(width, heads, device)).collect(),
            output: linear(width, tokenizer.channels, device),
        }
    }

    /// `[batch, frame, 2·bin]` scaled companded frames of whole bars to `[batch, slot, channel]`, each slot of mean 0 and variance 1.
    pub fn forward(&self, frames: Tensor<3>) -> Tensor<3> {
        let [batch, count, _] = frames.dims();
        let device = frames.device();
        let heard = apply(&self.input, loudness(frames)) + self.place.forward(places(count, &device)).unsqueeze::<3>();
        let slots = self.slots.val();
        let [slot_count, width] = slots.dims();
        let slots = slots + self.place.forward(places(slot_count, &device));
        let slots = slots.unsqueeze::<3>().expand([batch, slot_count, width]);
        let h = self.read.forward(slots, heard); // [batch, slot, width]
        let h = self.blocks.iter().fold(h, |h, block| block.forward(h));
        layer_norm(apply(&self.output, layer_norm(h, 1e-5)), LATENT_EPSILON) // [batch, slot, channel]
    }
}

/// A bar's slots to what the denoiser reads of each of its frames.
#[derive(Module, Debug)]
pub struct BarCondition {
    input: Linear,
    place: Linear,
    read: CrossAttention,
    blocks: Vec<TransformerBlock>,
    log_variance: Linear,
    features: Linear,
}

impl BarCondition {
    fn new(config: &PerceiverConfig, tokenizer: &TokenizerConfig, device: &Device) -> Self {
        let PerceiverConfig { width, heads, frame_blocks, .. } = *config;
        Self {
            input: linear(tokenizer.channels, width, device),
            place: linear(POSITION_FEATURES, width, device),
            read: CrossAttention::new(width, heads, device),
            blocks: (0..frame_blocks).map(|_| TransformerBlock::new(width, heads, device)).collect(),
            log_variance: linear(width, tokenizer.bins, device),
            features: linear(width, tokenizer.features(), device),
        }
    }

    /// `[batch, slot, channel]` to the condition of `frames` frames that share the bar evenly.
    pub fn forward(&self, slots: Tensor<3>, frames: usize) -> Condition {
        let [batch, slot_count, _] = slots.dims();
        let device = slots.device();
        let told = apply(&self.input, slots) + self.place.forward(places(slot_count, &device)).unsqueeze::<3>();
        let queries = self.place.forward(places(frames, &device)).unsqueeze::<3>();
        let width = queries.dims()[2];
        let h = self.read.forward(queries.expand([batch, frames, width]), told); // [batch, frame, width]
        let h = self.blocks.iter().fold(h, |h, block| block.forward(h));
        let h = layer_norm(h, 1e-5);
        let scale = expected_scale(&self.log_variance, h.clone()); // [batch, frame, bin]
        Condition { features: apply(&self.features, h), scale }
    }
}

/// Everything, trained together.
#[derive(Module, Debug)]
pub struct Perceiver {
    /// Frames to slots.
    pub encoder: BarEncoder,
    /// Slots to condition, once per bar.
    pub condition: BarCondition,
    /// One denoising call.
    pub denoiser: Denoiser,
}

impl Perceiver {
    /// A fresh one, around the denoiser of a tokenizer of these sizes.
    pub fn new(config: &PerceiverConfig, tokenizer: &TokenizerConfig, device: &Device) -> Self {
        Self {
            encoder: BarEncoder::new(config, tokenizer, device),
            condition: BarCondition::new(config, tokenizer, device),
            denoiser: Denoiser::new(tokenizer, device),
        }
    }
}

/// Place features of `count` equal parts of a bar, `[count, feature]`.
fn places(count: usize, device: &Device) -> Tensor<2> {
    Tensor::from_data(TensorData::new(position_features(count), [count, POSITION_FEATURES]), device)
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use super::*;
    use crate::preset::Preset;

    const CONFIG: PerceiverConfig = PerceiverConfig { width: 24, heads: 2, slot_blocks: 1, frame_blocks: 1, slots: 6 };

    fn fresh() -> (Perceiver, usize) {
        let tokenizer = Preset::load("tiny").expect("tiny is built in").tokenizer.network;
        (Perceiver::new(&CONFIG, &tokenizer, &Device::flex()), tokenizer.bins)
    }

    #[test]
    fn bars_of_any_length_have_as_many_slots_and_come_back_as_long() {
        let (model, bins) = fresh();
        for frames in [5, 9, 16] {
            let bars = Tensor::<3>::random([2, frames, 2 * bins], Distribution::Normal(0.0, 1.0), &Device::flex());
            let slots = model.encoder.forward(bars.clone());
            assert_eq!(slots.dims(), [2, CONFIG.slots, 16]);
            let condition = model.condition.forward(slots, frames);
            assert_eq!(condition.scale.dims(), [2, frames, bins]);
            let level = Tensor::from_floats([0.5, 0.5], &Device::flex());
            let clean = model.denoiser.forward(bars.clone(), level, &condition, super::super::layers::Precision::Full);
            assert_eq!(clean.dims(), bars.dims());
        }
    }

    #[test]
    fn slots_hear_where_in_the_bar_a_frame_lies() {
        let (model, bins) = fresh();
        let bar = Tensor::<3>::random([1, 9, 2 * bins], Distribution::Normal(0.0, 1.0), &Device::flex());
        let turned_round = bar.clone().flip([1]);
        let change: f32 = (model.encoder.forward(bar) - model.encoder.forward(turned_round)).abs().max().into_scalar();
        assert!(change > 1e-3, "a bar backwards differs by {change} only");
    }

    #[test]
    fn what_frames_are_told_depends_on_the_slots() {
        let (model, _) = fresh();
        let slots = |seed: f32| Tensor::<3>::full([1, CONFIG.slots, 16], seed, &Device::flex());
        let told = |seed| model.condition.forward(slots(seed), 7).features;
        let change: f32 = (told(0.0) - told(1.0)).abs().max().into_scalar();
        assert!(change > 1e-3, "other slots change what frames are told by {change} only");
    }
}
