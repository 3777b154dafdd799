//! The diffusion tokenizer: an encoder from companded STFT frames to 16-number tokens, and a decoder that denoises frames given them.
//!
//! After DiTo (Chen et al., arXiv 2501.18593): one diffusion loss, no adversary, no perceptual loss, LayerNorm instead of a KL term.
//! Departures, tried in short runs that `experiments/0002-magnitudes-first.md` records: the encoder reads loudness rather than complex
//! numbers; the decoder predicts the clean frame rather than a velocity, because its stream is narrower than a frame and could not carry
//! the noise; what the latents alone can tell, how loud each bin will be, is computed once and not at every call ([`super::condition`]);
//! noisy frames are filtered over time rather than passed or muted ([`super::filter`]); and what cleans them works on bands of bins, with
//! the same weights for all ([`super::bands`]).

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::attention::SelfAttention;
use super::condition::ConditionNetwork;
use super::convnext::PlainBlock;
use super::denoiser::{Denoiser, DenoiserConfig};
use super::layers::{Precision, apply, layer_norm, linear};
use super::rescale::{Change, Down};

/// Epsilon of the LayerNorm over a latent token; large enough that silence does not become amplified noise.
pub const LATENT_EPSILON: f64 = 1e-3;

/// Added to the energy of a bin before its logarithm: about 40 dB below what the bin usually has.
pub const ENERGY_FLOOR: f64 = 1e-4;

/// Roughly centres and scales the logarithm of a bin's energy over music.
const LOUDNESS_OFFSET: f64 = 2.0;
const LOUDNESS_SPREAD: f64 = 2.5;

/// One rate of a network over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// How many times slower (encoder) or faster (condition) than the rate before.
    pub stride: usize,
    /// Channels.
    pub width: usize,
    /// Blocks.
    pub blocks: usize,
}

/// Sizes of encoder and decoder.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenizerConfig {
    /// Complex bins of a frame, and samples from one frame to the next.
    pub bins: usize,
    /// Numbers in a latent token.
    pub channels: usize,
    /// Heads of the attention layers, one in the encoder and one in the condition network.
    pub heads: usize,
    /// Parameter-free shortcuts where a sequence is shortened or lengthened.
    pub shortcuts: bool,
    /// Whether the condition network tells how loud each bin will be, and the denoiser works in units of that; else all are as loud as
    /// over all music.
    pub expected_scale: bool,
    /// The encoder, from the frames' rate to the tokens'.
    pub encoder: Vec<Rate>,
    /// What is computed once from the latents, from the tokens' rate to the frames'.
    pub condition: Vec<Rate>,
    /// What is computed at every call.
    pub denoiser: DenoiserConfig,
}

impl TokenizerConfig {
    /// Frames of one latent token.
    pub fn frames_per_token(&self) -> usize {
        self.encoder.iter().map(|rate| rate.stride).product()
    }

    /// Numbers of the condition in a frame.
    pub fn features(&self) -> usize {
        self.denoiser.bands * self.denoiser.features
    }

    /// What in these sizes contradicts what else, as a sentence.
    pub fn contradiction(&self) -> Option<String> {
        let DenoiserConfig { bands, widths, blocks, taps, .. } = &self.denoiser;
        if self.encoder.is_empty() || self.condition.is_empty() || widths.is_empty() {
            return Some("encoder, condition and denoiser need at least one rate or level each".into());
        }
        let back: usize = self.condition.iter().map(|rate| rate.stride).product();
        if back != self.frames_per_token() {
            return Some(format!("the condition lengthens {back} times, the encoder shortens {} times", self.frames_per_token()));
        }
        if widths.len() != blocks.len() {
            return Some("the denoiser's widths and blocks must be as many".into());
        }
        if !self.bins.is_multiple_of(*bands) || !bands.is_multiple_of(1 << (widths.len() - 1)) {
            return Some(format!("{bands} bands do not divide {} bins and halve {} times", self.bins, widths.len() - 1));
        }
        if taps % 2 == 0 {
            return Some("the denoiser's taps must be odd, for a filter has a middle".into());
        }
        if self.shortcuts
            && !self.changes().all(|(shorter, change)| if shorter { change.can_shorten() } else { change.can_lengthen() })
        {
            return Some("widths must divide where a shortcut carries channels from one to the other".into());
        }
        None
    }

    /// Every change of length that has a shortcut, and whether it shortens.
    fn changes(&self) -> impl Iterator<Item = (bool, Change)> + '_ {
        let of = |input, output, factor| Change { input, output, factor, shortcut: self.shortcuts };
        let rates = |rates: &[Rate], shorter: bool| -> Vec<(bool, Change)> {
            let widths = std::iter::once(rates[0].width).chain(rates.iter().map(|rate| rate.width));
            widths.zip(rates).map(|(input, rate)| (shorter, of(input, rate.width, rate.stride))).collect()
        };
        let levels = self.denoiser.widths.windows(2);
        let levels = levels.flat_map(move |pair| [(true, of(pair[0], pair[1], 2)), (false, of(pair[1], pair[0], 2))]);
        rates(&self.encoder, true).into_iter().chain(rates(&self.condition, false)).chain(levels)
    }
}

/// A rate of the encoder.
#[derive(Module, Debug)]
struct EncoderRate {
    down: Option<Down>,
    blocks: Vec<PlainBlock>,
}

/// Frames to latents.
#[derive(Module, Debug)]
pub struct Encoder {
    input: Linear,
    rates: Vec<EncoderRate>,
    attention: SelfAttention,
    output: Linear,
}

impl Encoder {
    /// A fresh encoder.
    pub fn new(config: &TokenizerConfig, device: &Device) -> Self {
        let first = config.encoder[0].width;
        let mut input = first;
        let rates = config.encoder.iter().enumerate().map(|(index, rate)| {
            let change = Change { input, output: rate.width, factor: rate.stride, shortcut: config.shortcuts };
            input = rate.width;
            EncoderRate {
                down: (index > 0 || rate.stride > 1).then(|| Down::new(change, device)),
                blocks: PlainBlock::stack(rate.width, rate.blocks, device),
            }
        });
        let rates = rates.collect();
        Self {
            input: linear(config.bins, first, device),
            rates,
            attention: SelfAttention::new(input, config.heads, device),
            output: linear(input, config.channels, device),
        }
    }

    /// `[batch, frame, 2·bin]` scaled companded frames to `[batch, token, channel]` latents, each token of mean 0 and variance 1.
    pub fn forward(&self, frames: Tensor<3>, precision: Precision) -> Tensor<3> {
        let h = apply(&self.input, loudness(frames)); // [batch, frame, width]
        let h = self.rates.iter().fold(h, |h, rate| {
            let h = match &rate.down {
                Some(down) => down.forward(h),
                None => h,
            };
            PlainBlock::run(&rate.blocks, h, precision)
        });
        let rotation = self.attention.rotation(&h);
        let h = self.attention.forward(h, Some(&rotation));
        layer_norm(apply(&self.output, h), LATENT_EPSILON) // [batch, token, channel]
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
pub(super) fn loudness(frames: Tensor<3>) -> Tensor<3> {
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
