//! What the tokenizer computes, from its sizes alone: floating-point operations of one frame, a multiplication and an addition being two.
//!
//! Norms, activations and, in the tokenizer, the attention's products of tokens are left out; together they are a few per cent.

use turnaround_core::contract::POSITION_FEATURES;

use super::actions::ActionConfig;
use super::adapter::AdapterConfig;
use super::bands::{EXPANSION, READ};
use super::codes::CodeConfig;
use super::convnext;
use super::dynamics::{Conditioning, DynamicsConfig};
use super::instruments::{self, InstrumentHead, told_width};
use super::layers::LEVEL_FEATURES;
use super::perceiver::PerceiverConfig;
use super::tokenizer::{Rate, TokenizerConfig};

/// Operations of each part, for one frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// The encoder.
    pub encoder: f64,
    /// The condition network, which runs once for all calls.
    pub condition: f64,
    /// One call of the denoiser.
    pub call: f64,
}

impl Cost {
    /// Of a tokenizer of these sizes.
    pub fn of(config: &TokenizerConfig) -> Self {
        Self { encoder: encoder(config), condition: condition(config), call: call(config) }
    }

    /// Of a variable-length tokenizer on bars of so many frames, around the denoiser of a tokenizer of these sizes.
    pub fn of_perceiver(config: &PerceiverConfig, tokenizer: &TokenizerConfig, frames: f64) -> Self {
        let PerceiverConfig { width, slots, slot_blocks, frame_blocks, .. } = *config;
        let slots = slots as f64;
        let place = dense(POSITION_FEATURES, width);
        let reading = |readers: f64, read: f64| {
            readers * 2.0 * dense(width, width) + read * dense(width, 2 * width) + pairs(width, readers * read)
        };
        let encoder = frames * (dense(tokenizer.bins, width) + place)
            + slots * (place + dense(width, tokenizer.channels))
            + reading(slots, frames)
            + slot_blocks as f64 * transformer_block(width, slots);
        let condition = slots * (dense(tokenizer.channels, width) + place)
            + frames * (place + dense(width, tokenizer.bins) + dense(width, tokenizer.features()))
            + reading(frames, slots)
            + frame_blocks as f64 * transformer_block(width, frames);
        Self { encoder: encoder / frames, condition: condition / frames, call: call(tokenizer) }
    }

    /// One frame of a training step, three times the way forward; without the denoiser where only the likelihood is trained.
    pub fn of_training(&self, with_denoiser: bool) -> f64 {
        3.0 * (self.encoder + self.condition + if with_denoiser { self.call } else { 0.0 })
    }
}

/// A linear layer on one row.
fn dense(input: usize, output: usize) -> f64 {
    2.0 * (input * output) as f64
}

fn plain_block(width: usize) -> f64 {
    2.0 * (convnext::TAPS * width) as f64 + 2.0 * dense(width, convnext::EXPANSION * width)
}

fn attention(width: usize) -> f64 {
    dense(width, 3 * width) + dense(width, width)
}

/// The products of queries with keys and of their weights with values.
fn pairs(width: usize, pairs: f64) -> f64 {
    2.0 * 2.0 * width as f64 * pairs
}

/// Over a whole sequence.
fn transformer_block(width: usize, tokens: f64) -> f64 {
    let hidden = (width * 8 / 3).next_multiple_of(16);
    tokens * (attention(width) + dense(width, 2 * hidden) + dense(hidden, width)) + pairs(width, tokens * tokens)
}

/// Both ways of an adapter, for one bar of so many tokens.
pub fn adapter(config: &AdapterConfig, tokens: f64) -> f64 {
    let AdapterConfig { width, channels, slots, input_blocks, output_blocks, .. } = *config;
    let one_way = |from: f64, to: f64| {
        from * (dense(channels, width) + dense(width, 2 * width))
            + to * (2.0 * dense(width, width) + dense(width, channels))
            + (from + to) * dense(POSITION_FEATURES, width)
            + 2.0 * (channels + width) as f64 * from * to
            + pairs(width, from * to)
            + input_blocks as f64 * transformer_block(width, from)
            + output_blocks as f64 * transformer_block(width, to)
    };
    one_way(tokens, slots as f64) + one_way(slots as f64, tokens)
}

fn encoder(config: &TokenizerConfig) -> f64 {
    let first = config.encoder[0].width;
    let (mut total, mut frames, mut input) = (dense(config.bins, first), 1.0, first);
    for (index, &Rate { stride, width, blocks }) in config.encoder.iter().enumerate() {
        frames *= stride as f64;
        if index > 0 || stride > 1 {
            total += dense(stride * input, width) / frames;
        }
        total += blocks as f64 * plain_block(width) / frames;
        input = width;
    }
    total + (attention(input) + dense(input, config.channels)) / frames
}

fn condition(config: &TokenizerConfig) -> f64 {
    let first = config.condition[0].width;
    let (mut frames, mut input) = (config.frames_per_token() as f64, first);
    let mut total = (dense(3 * config.channels, first) + attention(first)) / frames;
    for (index, &Rate { stride, width, blocks }) in config.condition.iter().enumerate() {
        if index > 0 || stride > 1 {
            total += dense(input, stride * width) / frames;
        }
        frames /= stride as f64;
        total += blocks as f64 * plain_block(width) / frames;
        input = width;
    }
    total + dense(input, config.bins) + dense(input, config.features())
}

fn call(config: &TokenizerConfig) -> f64 {
    let sizes = &config.denoiser;
    let numbers = 2 * config.bins / sizes.bands;
    let (first, deepest) = (sizes.widths[0], sizes.widths.len() - 1);
    let mut total = dense(numbers + numbers / 2 + sizes.features, first);
    total += dense(first, numbers * sizes.taps) + dense(first, numbers);
    total *= sizes.bands as f64;
    for (level, (&width, &blocks)) in sizes.widths.iter().zip(&sizes.blocks).enumerate() {
        let bands = (sizes.bands >> level) as f64;
        let told = if sizes.adaptive_norm { 3 * width } else { width };
        let block = dense(READ * width, EXPANSION * width)
            + dense(EXPANSION * width, width)
            + dense(sizes.features << level, told)
            + dense(LEVEL_FEATURES, told) / bands;
        let ways = if level < deepest { 2.0 } else { 1.0 };
        total += ways * blocks as f64 * bands * block;
        if level < deepest {
            let deeper = sizes.widths[level + 1];
            total += bands / 2.0 * (dense(2 * width, deeper) + dense(deeper, 2 * width));
        }
    }
    total
}

/// A latent action model's encoder and decoder, for one bar; see [`super::actions`].
pub fn actions(config: &ActionConfig) -> f64 {
    let patches = (config.slots / config.slots_per_patch) as f64;
    let width = config.width;
    let encoder = patches * dense(config.heard_bars * config.channels * config.slots_per_patch, width)
        + config.encoder_blocks as f64 * transformer_block(width, patches)
        + patches * dense(width, width)
        + config.actions as f64 * dense(width, width) / BATCH_OF_ACTIONS;
    encoder + players(config) + action_decoder(width, config.decoder_blocks, patches, config.channels * config.slots_per_patch)
}

/// Hearing who plays in one bar, and telling it; nothing in a model that knows no instruments.
fn players(config: &ActionConfig) -> f64 {
    let count = config.instruments.len();
    if count == 0 {
        return 0.0;
    }
    let (patches, width) = ((config.slots / config.slots_per_patch) as f64, InstrumentHead::width(config));
    patches * dense(config.channels * config.slots_per_patch, width)
        + instruments::BLOCKS as f64 * transformer_block(width, patches)
        + dense(width, count)
        + dense(told_width(count), config.width)
}

/// The keys of a table of actions are computed once for a batch; about so many bars share them.
const BATCH_OF_ACTIONS: f64 = 64.0;

/// A code model's encoder, and its decoder on every bar but the first, for one window of bars; see [`super::codes`].
pub fn codes(config: &CodeConfig) -> f64 {
    let (bars, patches) = (config.bars as f64, (config.slots / config.slots_per_patch) as f64);
    let (width, patch) = (config.width, config.channels * config.slots_per_patch);
    let within = 2.0 * bars * transformer_block(width, patches);
    let across = patches * transformer_block(width, bars);
    let encoder = bars * patches * dense(patch, width) + config.rounds as f64 * (within + across);
    encoder + (bars - 1.0) * action_decoder(width, config.decoder_blocks, patches, patch)
}

/// The dynamics, for one window of bars all seen at once; see [`super::dynamics`].
pub fn dynamics(config: &DynamicsConfig) -> f64 {
    let (bars, patches) = (config.window_bars as f64, (config.slots / config.slots_per_patch) as f64);
    let (width, patch, tokens) = (config.width, config.channels * config.slots_per_patch, bars * patches);
    let told = bars * (dense(LEVEL_FEATURES, width) + dense(config.action_width, width) + 2.0 * dense(width, width));
    let conditioning = match config.conditioning {
        Conditioning::AdaptiveNorm => bars * dense(width, 6 * width),
        Conditioning::Concatenation => tokens * dense(2 * width, width),
        Conditioning::CrossAttention => {
            let reading = tokens * 2.0 * dense(width, width) + 3.0 * bars * dense(width, 2 * width) + pairs(width, 3.0 * tokens);
            config.layers as f64 * reading
        }
    };
    tokens * 2.0 * dense(patch, width) + told + conditioning + config.layers as f64 * transformer_block(width, tokens)
}

/// What rebuilds one bar from noise, the bar before and an action.
fn action_decoder(width: usize, blocks: usize, patches: f64, patch: usize) -> f64 {
    let modulation = dense(width, 6 * width);
    patches * (dense(2 * patch, width) + dense(width, patch)) + blocks as f64 * (transformer_block(width, patches) + modulation)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preset::Preset;

    #[test]
    fn a_frame_of_the_small_tokenizer_costs_what_a_hand_counts() {
        let config = Preset::load("small").expect("small is built in").tokenizer.network;
        let cost = Cost::of(&config);
        // Two blocks each way of width 48 on 64 bands, three of width 96 on 32: wide, narrow, features and level.
        let block = |w: f64, f: f64, bands: f64| bands * 2.0 * (10.0 * w * w + 2.0 * w * w + f * 3.0 * w) + 2.0 * 64.0 * 3.0 * w;
        let ends = 64.0 * 2.0 * (40.0 * 48.0 + 48.0 * 80.0 + 48.0 * 16.0);
        let change = 32.0 * 2.0 * (96.0 * 96.0 + 96.0 * 96.0);
        let by_hand = 4.0 * block(48.0, 16.0, 64.0) + 3.0 * block(96.0, 32.0, 32.0) + ends + change;
        assert!((cost.call / by_hand - 1.0).abs() < 1e-9, "{} is not {by_hand}", cost.call);
        assert!(cost.of_training(true) > cost.of_training(false));
    }

    #[test]
    fn tokens_at_half_the_rate_cost_less() {
        let fine = Preset::load("small").expect("small is built in").tokenizer.network;
        let mut coarse = fine.clone();
        coarse.encoder = vec![Rate { stride: 2, ..fine.encoder[0] }];
        assert!(Cost::of(&coarse).encoder < Cost::of(&fine).encoder);
    }

    #[test]
    fn the_perceiver_costs_about_what_the_reduced_tokenizer_costs() {
        let preset = Preset::load("reduced").expect("reduced is built in");
        let config = PerceiverConfig::load(None).expect("its sizes are built in");
        assert_eq!(config.slots, preset.adapter.network.slots);
        let perceiver = Cost::of_perceiver(&config, &preset.tokenizer.network, 64.0).of_training(true);
        let ratio = perceiver / Cost::of(&preset.tokenizer.network).of_training(true);
        assert!((0.8..1.25).contains(&ratio), "{ratio} times as much");
    }

    #[test]
    fn more_slots_cost_an_adapter_more() {
        let few = Preset::load("reduced").expect("reduced is built in").adapter.network;
        let many = AdapterConfig { slots: 2 * few.slots, ..few.clone() };
        let ratio = adapter(&many, 64.0) / adapter(&few, 64.0);
        assert!((1.3..1.7).contains(&ratio), "twice the slots cost {ratio} times as much");
    }
}
