//! The diffusion tokenizer: an encoder from companded STFT frames to 16-number tokens, and a decoder that denoises frames given them.
//!
//! After DiTo (Chen et al., arXiv 2501.18593): one diffusion loss, no adversary, no perceptual loss, LayerNorm instead of a KL term.
//! Departures, tried in short runs that `experiments/0002-magnitudes-first.md` records: the encoder reads loudness rather than complex
//! numbers; the decoder predicts the clean frame rather than a velocity, because its stream is narrower than a frame and could not carry
//! the noise; what the latents alone can tell, how loud each bin will be, is computed once and not at every call ([`super::condition`]);
//! and noisy frames are filtered over time rather than passed or muted ([`super::filter`]).

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::attention::SelfAttention;
use super::condition::ConditionNetwork;
use super::convnext::PlainBlock;
use super::denoiser::Denoiser;
use super::layers::{layer_norm, linear};
use super::rescale::Down;

/// Epsilon of the LayerNorm over a latent token; large enough that silence does not become amplified noise.
pub const LATENT_EPSILON: f64 = 1e-3;

/// Frames of one latent token, of which every network here halves the rate once.
pub const FRAMES_PER_TOKEN: usize = 2;

/// Added to the energy of a bin before its logarithm: about 40 dB below what the bin usually has.
pub const ENERGY_FLOOR: f64 = 1e-4;

/// Roughly centres and scales the logarithm of a bin's energy over music.
const LOUDNESS_OFFSET: f64 = 2.0;
const LOUDNESS_SPREAD: f64 = 2.5;

/// Sizes of encoder and decoder.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenizerConfig {
    /// The encoder: width at 31.25 and at 15.6 Hz. The second must divide twice the first.
    pub encoder_widths: [usize; 2],
    /// Its blocks at each rate.
    pub encoder_blocks: [usize; 2],
    /// What is computed once from the latents: width at both rates.
    pub condition_width: usize,
    /// Its blocks at 15.6 and at 31.25 Hz.
    pub condition_blocks: [usize; 2],
    /// What is computed at every call: width at both rates.
    pub denoiser_width: usize,
    /// Its blocks at 31.25 Hz, on the way in and again on the way out, and at 15.6 Hz.
    pub denoiser_blocks: [usize; 2],
    /// Frames that the decoder's filter reads, an odd number.
    pub filter_taps: usize,
    /// Heads of the attention layers, one in the encoder and one in the denoiser.
    pub heads: usize,
    /// Width of what the denoiser is told of the condition at every call.
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
    down: Down,
    coarse: Vec<PlainBlock>,
    attention: SelfAttention,
    output: Linear,
}

impl Encoder {
    /// A fresh encoder.
    pub fn new(config: &TokenizerConfig, device: &Device) -> Self {
        let [fine, coarse] = config.encoder_widths;
        let [fine_blocks, coarse_blocks] = config.encoder_blocks;
        Self {
            input: linear(config.bins, fine, device),
            fine: PlainBlock::stack(fine, fine_blocks, device),
            down: Down::new(fine, coarse, device),
            coarse: PlainBlock::stack(coarse, coarse_blocks, device),
            attention: SelfAttention::new(coarse, config.heads, device),
            output: linear(coarse, config.channels, device),
        }
    }

    /// `[batch, 2·token, 2·bin]` scaled companded frames to `[batch, token, channel]` latents, each token of mean 0 and variance 1.
    pub fn forward(&self, frames: Tensor<3>) -> Tensor<3> {
        let h = PlainBlock::run(&self.fine, self.input.forward(loudness(frames))); // [batch, 2·token, fine]
        let h = PlainBlock::run(&self.coarse, self.down.forward(h)); // [batch, token, coarse]
        let rotation = self.attention.rotation(&h);
        let h = self.attention.forward(h, Some(&rotation));
        layer_norm(self.output.forward(h), LATENT_EPSILON) // [batch, token, channel]
    }
}

/// Sum of the squares of real and imaginary part. `[batch, frame, 2·bin]` to `[batch, frame, bin]`.
pub fn energy(frames: Tensor<3>) -> Tensor<3> {
    let bins = frames.dims()[2] / 2;
    let (re, im) = (frames.clone().narrow(2, 0, bins), frames.narrow(2, bins, bins));
    re.clone() * re + im.clone() * im
}

/// What the encoder reads: phases, which no token has room for, are left out, and loudness is on the scale that ears and the
/// condition's likelihood have. From complex numbers it took 2,742 steps to come where 300 lead from here.
fn loudness(frames: Tensor<3>) -> Tensor<3> {
    (energy(frames) + ENERGY_FLOOR).log().add_scalar(LOUDNESS_OFFSET).div_scalar(LOUDNESS_SPREAD)
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
