//! The diffusion tokenizer: an encoder from companded STFT frames to 16-number tokens, and a decoder that denoises frames given them.
//!
//! After DiTo (Chen et al., arXiv 2501.18593): one diffusion loss, no adversary, no perceptual loss, LayerNorm instead of a KL term.
//! Departures, each measured to help at small scale: the decoder predicts the clean frame rather than a velocity, because its stream
//! is narrower than a frame and could not carry the noise; a mask head passes the noisy frame through with the gain an ideal filter
//! would use; and a magnitude head, fed by the latents alone, says how loud each bin will be, by which frames and noise are scaled.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::activation::{gelu, silu, softplus};
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::attention::SelfAttention;
use super::convnext::{ConditionedBlock, Modulation, PlainBlock};
use super::layers::{LevelEmbedding, gate, layer_norm, linear, zero_linear};
use super::rescale::{Down, Up};

/// Epsilon of the LayerNorm over a latent token; large enough that silence does not become amplified noise.
pub const LATENT_EPSILON: f64 = 1e-3;

/// Share of the expected energy, and floor, that make up the scale of a bin: `√(0.64 m² + 0.01)`.
const EXPECTED_SHARE: f64 = 0.64;
const SCALE_FLOOR: f64 = 0.01;

/// Sizes of encoder and decoder.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenizerConfig {
    /// Channels at 62.5, 31.25 and 15.6 Hz. The shapes d, d, 2d let the shortcuts divide.
    pub widths: [usize; 3],
    /// Blocks at each rate, in the encoder and each way in the decoder.
    pub blocks: [usize; 3],
    /// Further decoder blocks at the lowest rate.
    pub middle_blocks: usize,
    /// Heads of the two attention layers at the lowest rate.
    pub heads: usize,
    /// Width of the decoder's condition.
    pub condition: usize,
    /// Numbers in a latent token.
    pub channels: usize,
    /// Complex bins of a frame.
    pub bins: usize,
}

/// Frames to latents.
#[derive(Module, Debug)]
pub struct Encoder {
    input: Linear,
    fine: Vec<PlainBlock>,
    down_middle: Down,
    middle: Vec<PlainBlock>,
    down_coarse: Down,
    coarse: Vec<PlainBlock>,
    attention: SelfAttention,
    output: Linear,
}

impl Encoder {
    /// A fresh encoder.
    pub fn new(config: &TokenizerConfig, device: &Device) -> Self {
        let [a, b, c] = config.widths;
        let blocks = |width, count| (0..count).map(|_| PlainBlock::new(width, device)).collect();
        Self {
            input: linear(2 * config.bins, a, device),
            fine: blocks(a, config.blocks[0]),
            down_middle: Down::new(a, b, device),
            middle: blocks(b, config.blocks[1]),
            down_coarse: Down::new(b, c, device),
            coarse: blocks(c, config.blocks[2]),
            attention: SelfAttention::new(c, config.heads, device),
            output: linear(c, config.channels, device),
        }
    }

    /// `[batch, 4·token, 2·bin]` scaled companded frames to `[batch, token, channel]` latents, each token of mean 0 and variance 1.
    pub fn forward(&self, frames: Tensor<3>) -> Tensor<3> {
        let run = |blocks: &[PlainBlock], h| blocks.iter().fold(h, |h, block| block.forward(h));
        let h = run(&self.fine, self.input.forward(frames)); // [batch, 4·token, a]
        let h = run(&self.middle, self.down_middle.forward(h)); // [batch, 2·token, b]
        let h = run(&self.coarse, self.down_coarse.forward(h)); // [batch, token, c]
        let rotation = self.attention.rotation(&h);
        let h = self.attention.forward(h, Some(&rotation));
        layer_norm(self.output.forward(h), LATENT_EPSILON) // [batch, token, channel]
    }
}

/// What the decoder reads at every call, computed once from the latents.
#[derive(Clone, Debug)]
pub struct Condition {
    /// `[batch, 4·token, condition]`.
    pub fine: Tensor<3>,
    /// `[batch, 2·token, condition]`.
    pub middle: Tensor<3>,
    /// `[batch, token, condition]`.
    pub coarse: Tensor<3>,
    /// `[batch, 4·token, bin]`: what to divide a bin by so that it has about unit variance.
    pub scale: Tensor<3>,
}

/// Latents to the decoder's condition.
#[derive(Module, Debug)]
pub struct ConditionNetwork {
    coarse: Linear,
    up_middle: Up,
    up_fine: Up,
    magnitude_hidden: Linear,
    magnitude: Linear,
}

impl ConditionNetwork {
    fn new(config: &TokenizerConfig, device: &Device) -> Self {
        let c = config.condition;
        Self {
            coarse: linear(3 * config.channels, c, device),
            up_middle: Up::new(c, c, device),
            up_fine: Up::new(c, c, device),
            magnitude_hidden: linear(c, 2 * c, device),
            magnitude: linear(2 * c, config.bins, device),
        }
    }

    /// `[batch, token, channel]` latents to the condition, and the expected magnitudes `[batch, 4·token, bin]` for the loss.
    pub fn forward(&self, latents: Tensor<3>) -> (Condition, Tensor<3>) {
        let coarse = self.coarse.forward(with_neighbours(latents)); // [batch, token, condition]
        let middle = self.up_middle.forward(silu(coarse.clone()));
        let fine = self.up_fine.forward(silu(middle.clone()));
        let hidden = gelu(self.magnitude_hidden.forward(silu(fine.clone())));
        let magnitude = softplus(self.magnitude.forward(hidden), 1.0); // [batch, 4·token, bin]
        // Detached: the diffusion loss must not move the scale it is measured in.
        let known = magnitude.clone().detach();
        let scale = ((known.clone() * known).mul_scalar(EXPECTED_SHARE) + SCALE_FLOOR).sqrt();
        (Condition { fine, middle, coarse, scale }, magnitude)
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

/// Noisy frames and condition to clean frames, in units of the condition's scale.
///
/// A U-Net over three rates whose skips carry the last features before each halving, gated nowhere but in the blocks.
#[derive(Module, Debug)]
pub struct Denoiser {
    level: LevelEmbedding,
    input: Linear,
    input_condition: Linear,
    input_scale: Linear,
    coarse_condition: Linear,
    modulation_fine: ModulationHead,
    modulation_middle: ModulationHead,
    modulation_coarse: ModulationHead,
    fine_in: Vec<ConditionedBlock>,
    down_middle: Down,
    middle_in: Vec<ConditionedBlock>,
    down_coarse: Down,
    coarse: Vec<ConditionedBlock>,
    attention: SelfAttention,
    up_middle: Up,
    skip_middle: Linear,
    middle_out: Vec<ConditionedBlock>,
    up_fine: Up,
    skip_fine: Linear,
    fine_out: Vec<ConditionedBlock>,
    output: Linear,
    mask: Linear,
}

impl Denoiser {
    fn new(config: &TokenizerConfig, device: &Device) -> Self {
        let [a, b, c] = config.widths;
        let [na, nb, nc] = config.blocks;
        let nc = nc + config.middle_blocks;
        let blocks = |width, count| (0..count).map(|_| ConditionedBlock::new(width, device)).collect();
        let head = |width, count| ModulationHead::new(config.condition, width, count, device);
        Self {
            level: LevelEmbedding::new(config.condition, device),
            input: linear(2 * config.bins, a, device),
            input_condition: linear(config.condition, a, device),
            input_scale: linear(config.bins, a, device),
            coarse_condition: linear(config.condition, c, device),
            modulation_fine: head(a, 2 * na),
            modulation_middle: head(b, 2 * nb),
            modulation_coarse: head(c, nc),
            fine_in: blocks(a, na),
            down_middle: Down::new(a, b, device),
            middle_in: blocks(b, nb),
            down_coarse: Down::new(b, c, device),
            coarse: blocks(c, nc),
            attention: SelfAttention::new(c, config.heads, device),
            up_middle: Up::new(c, b, device),
            skip_middle: linear(b, b, device),
            middle_out: blocks(b, nb),
            up_fine: Up::new(b, a, device),
            skip_fine: linear(a, a, device),
            fine_out: blocks(a, na),
            output: zero_linear(a, 2 * config.bins, device),
            mask: zero_linear(a, config.bins, device),
        }
    }

    /// `noisy` `[batch, 4·token, 2·bin]` in units of the scale, `level` `[batch]`, to the clean frames in the same units.
    pub fn forward(&self, noisy: Tensor<3>, level: Tensor<1>, condition: &Condition) -> Tensor<3> {
        let embedded = self.level.forward(level.clone()).unsqueeze_dim::<3>(1); // [batch, 1, condition]
        let mut fine = self.modulation_fine.forward(condition.fine.clone(), embedded.clone()).into_iter();
        let mut middle = self.modulation_middle.forward(condition.middle.clone(), embedded.clone()).into_iter();
        let mut coarse = self.modulation_coarse.forward(condition.coarse.clone(), embedded).into_iter();
        let run = |blocks: &[ConditionedBlock], h: Tensor<3>, modulations: &mut std::vec::IntoIter<Modulation>| {
            blocks.iter().zip(modulations).fold(h, |h, (block, modulation)| block.forward(h, modulation))
        };

        let h = self.input.forward(noisy.clone())
            + self.input_condition.forward(condition.fine.clone())
            + self.input_scale.forward(condition.scale.clone().log()); // [batch, 4·token, a]
        let skip_fine = run(&self.fine_in, h, &mut fine);
        let skip_middle = run(&self.middle_in, self.down_middle.forward(skip_fine.clone()), &mut middle); // [batch, 2·token, b]
        let h = self.down_coarse.forward(skip_middle.clone()) + self.coarse_condition.forward(condition.coarse.clone());
        let h = run(&self.coarse, h, &mut coarse); // [batch, token, c]
        let rotation = self.attention.rotation(&h);
        let h = self.attention.forward(h, Some(&rotation));
        let h = self.up_middle.forward(h) + self.skip_middle.forward(skip_middle); // [batch, 2·token, b]
        let h = run(&self.middle_out, h, &mut middle);
        let h = self.up_fine.forward(h) + self.skip_fine.forward(skip_fine); // [batch, 4·token, a]
        let h = layer_norm(run(&self.fine_out, h, &mut fine), 1e-5);
        self.combine(h, noisy, level)
    }

    /// `g·x_t + t/√q·F`: the gain `(1−t)/q` is what an ideal linear filter would apply to unit-variance data and noise,
    /// `q = (1−t)² + t²`; the mask bends it per bin, and `F` adds what only the latents can tell.
    fn combine(&self, h: Tensor<3>, noisy: Tensor<3>, level: Tensor<1>) -> Tensor<3> {
        let t = level.unsqueeze_dim::<2>(1).unsqueeze_dim::<3>(2); // [batch, 1, 1]
        let clean_share = t.clone().neg() + 1.0;
        let q = clean_share.clone() * clean_share.clone() + t.clone() * t.clone();
        let mask = gate(self.mask.forward(h.clone())) * (clean_share / q.clone());
        Tensor::cat(vec![mask.clone(), mask], 2) * noisy + self.output.forward(h) * (t / q.sqrt())
    }
}

/// Condition network and denoiser.
#[derive(Module, Debug)]
pub struct Decoder {
    /// Latents to condition, once per stretch.
    pub condition: ConditionNetwork,
    /// One denoising call.
    pub denoiser: Denoiser,
}

/// Encoder and decoder, trained together.
#[derive(Module, Debug)]
pub struct Tokenizer {
    /// Frames to latents.
    pub encoder: Encoder,
    /// Latents to frames.
    pub decoder: Decoder,
}

impl Tokenizer {
    /// A fresh tokenizer.
    pub fn new(config: &TokenizerConfig, device: &Device) -> Self {
        let condition = ConditionNetwork::new(config, device);
        let denoiser = Denoiser::new(config, device);
        Self { encoder: Encoder::new(config, device), decoder: Decoder { condition, denoiser } }
    }
}
