//! One call of the tokenizer's decoder: noisy frames and condition to clean frames.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::activation::silu;
use burn::tensor::{Device, Tensor};

use super::attention::SelfAttention;
use super::condition::Condition;
use super::convnext::{ConditionedBlock, Modulation};
use super::filter::filtered;
use super::layers::{LevelEmbedding, layer_norm, linear, zero_linear};
use super::rescale::{Down, Up};
use super::tokenizer::TokenizerConfig;

/// Makes shift, scale and gate for every block of one rate.
#[derive(Module, Debug)]
struct ModulationHead {
    all: Linear,
    blocks: usize,
}

impl ModulationHead {
    fn new(condition: usize, width: usize, blocks: usize, device: &Device) -> Self {
        Self { all: zero_linear(condition, 3 * width * blocks, device), blocks }
    }

    /// `[batch, time, condition]` and `[batch, 1, condition]` to one modulation per block.
    fn forward(&self, condition: Tensor<3>, level: Tensor<3>) -> Vec<Modulation> {
        let all = self.all.forward(silu(condition + level));
        let width = all.dims()[2] / (3 * self.blocks);
        let part = |i: usize| all.clone().narrow(2, i * width, width);
        (0..self.blocks).map(|k| Modulation { shift: part(3 * k), scale: part(3 * k + 1), gate: part(3 * k + 2) }).collect()
    }
}

/// A U-Net over two rates, whose output filters the noisy frames and adds to them.
#[derive(Module, Debug)]
pub struct Denoiser {
    level: LevelEmbedding,
    input: Linear,
    input_condition: Linear,
    input_scale: Linear,
    modulation_fine: ModulationHead,
    modulation_coarse: ModulationHead,
    fine_in: Vec<ConditionedBlock>,
    down: Down,
    coarse: Vec<ConditionedBlock>,
    attention: SelfAttention,
    up: Up,
    fine_out: Vec<ConditionedBlock>,
    filter: Linear,
    output: Linear,
    taps: usize,
}

impl Denoiser {
    /// A fresh denoiser: an ideal linear filter for unit-variance data and noise, until it has learned better.
    pub fn new(config: &TokenizerConfig, device: &Device) -> Self {
        assert!(config.filter_taps % 2 == 1, "a filter with a middle has an odd number of taps");
        let width = config.denoiser_width;
        let [fine, coarse] = config.denoiser_blocks;
        let head = |count| ModulationHead::new(config.condition, width, count, device);
        Self {
            level: LevelEmbedding::new(config.condition, device),
            input: linear(2 * config.bins, width, device),
            input_condition: linear(config.condition, width, device),
            input_scale: linear(config.bins, width, device),
            modulation_fine: head(2 * fine),
            modulation_coarse: head(coarse),
            fine_in: ConditionedBlock::stack(width, fine, device),
            down: Down::new(width, width, device),
            coarse: ConditionedBlock::stack(width, coarse, device),
            attention: SelfAttention::new(width, config.heads, device),
            up: Up::new(width, width, device),
            fine_out: ConditionedBlock::stack(width, fine, device),
            filter: zero_linear(width, 2 * config.bins * config.filter_taps, device),
            output: zero_linear(width, 2 * config.bins, device),
            taps: config.filter_taps,
        }
    }

    /// `noisy` `[batch, 2·token, 2·bin]` in units of the scale, `level` `[batch]`, to the clean frames in the same units.
    pub fn forward(&self, noisy: Tensor<3>, level: Tensor<1>, condition: &Condition) -> Tensor<3> {
        let embedded = self.level.forward(level.clone()).unsqueeze_dim::<3>(1); // [batch, 1, condition]
        let mut fine = self.modulation_fine.forward(condition.fine.clone(), embedded.clone()).into_iter();
        let mut coarse = self.modulation_coarse.forward(condition.coarse.clone(), embedded).into_iter();

        let h = self.input.forward(noisy.clone())
            + self.input_condition.forward(condition.fine.clone())
            + self.input_scale.forward(condition.scale.clone().log()); // [batch, 2·token, width]
        let skip = ConditionedBlock::run(&self.fine_in, h, &mut fine);
        let h = ConditionedBlock::run(&self.coarse, self.down.forward(skip.clone()), &mut coarse); // [batch, token, width]
        let rotation = self.attention.rotation(&h);
        let h = self.up.forward(self.attention.forward(h, Some(&rotation))) + skip; // [batch, 2·token, width]
        let h = layer_norm(ConditionedBlock::run(&self.fine_out, h, &mut fine), 1e-5);
        self.combine(h, noisy, level)
    }

    /// `(1−t)/q · (x_t + filter(x_t)) + t/√q · F`, with `q = (1−t)² + t²`: the gain `(1−t)/q` is what an ideal linear filter would
    /// apply to unit-variance data and noise; the filter finds what holds from frame to frame, and `F` adds what only the latents tell.
    fn combine(&self, h: Tensor<3>, noisy: Tensor<3>, level: Tensor<1>) -> Tensor<3> {
        let t = level.unsqueeze_dim::<2>(1).unsqueeze_dim::<3>(2); // [batch, 1, 1]
        let clean_share = t.clone().neg() + 1.0;
        let q = clean_share.clone() * clean_share.clone() + t.clone() * t.clone();
        let found = filtered(&noisy, &self.filter.forward(h.clone()), self.taps);
        (noisy + found) * (clean_share / q.clone()) + self.output.forward(h) * (t / q.sqrt())
    }
}
