//! Trains the diffusion tokenizer: encoder and decoder together, by one diffusion loss and the magnitude head's own.

use anyhow::Result;
use burn::tensor::{Device, Tensor, TensorData};
use rand::Rng;

use super::frames::FrameSource;
use super::random;
use super::run::{self, Loss, RunOptions, Schedule, Step, Trained};
use crate::networks::tokenizer::{Tokenizer, TokenizerConfig};

/// Noise levels are drawn as `sigmoid(N(0.4, 1))`: a little more noise than signal, where the decoder needs its latents.
const LEVEL_MEAN: f32 = 0.4;

/// Share of items whose latents are noised along with the frames (noise synchronisation, DiTo section 3.3).
const NOISE_SYNC: f64 = 0.1;

/// The error is divided by the level, but by no less than this: below, it would own most of the loss.
const LEVEL_FLOOR: f64 = 0.3;

/// Trains a tokenizer on stretches from `source`.
///
/// # Errors
/// As [`run::run`].
pub fn train(
    config: &TokenizerConfig,
    schedule: &Schedule,
    source: &FrameSource,
    options: &RunOptions,
) -> Result<Trained<Tokenizer>> {
    let model = Tokenizer::new(config, &options.device);
    run::run(model, schedule, options, |model, step| {
        let frames = source.batch(step.random, step.batch, &step.device);
        Ok(loss(model, frames, step))
    })
}

/// Diffusion and magnitude loss on one batch of frames `[batch, frame, 2·bin]`.
fn loss(model: &Tokenizer, frames: Tensor<3>, step: Step) -> Loss {
    let [batch, _, width] = frames.dims();
    let draws: Vec<Draw> = (0..batch).map(|_| Draw::new(step.random)).collect();
    let rows = |value: fn(&Draw) -> f32| column(draws.iter().map(value).collect(), &step.device);

    let latents = model.encoder.forward(frames.clone());
    let latent_level = rows(|draw| draw.latent_level);
    let latent_noise = random::normal_tensor(step.random, latents.dims(), &step.device);
    let latents = latents * (latent_level.clone().neg() + 1.0) + latent_noise * latent_level;
    let (condition, magnitude) = model.decoder.condition.forward(latents);

    let weight = frame_weight(&frames);
    let bins = width / 2;
    let (re, im) = (frames.clone().narrow(2, 0, bins), frames.clone().narrow(2, bins, bins));
    let loudness = (re.clone() * re + im.clone() * im + 1e-12).sqrt();
    let magnitude = (square(magnitude - loudness).mean_dim(2) * weight.clone()).mean();

    let scale = Tensor::cat(vec![condition.scale.clone(), condition.scale.clone()], 2);
    let clean = frames / scale.clone();
    let level = rows(|draw| draw.level);
    let noise = random::normal_tensor(step.random, clean.dims(), &step.device);
    let noisy = clean.clone() * (level.clone().neg() + 1.0) + noise * level.clone();
    let flat_level = level.clone().reshape([batch as i32]);
    let predicted = model.decoder.denoiser.forward(noisy, flat_level, &condition);
    let error = (predicted - clean) * scale / level.clamp_min(LEVEL_FLOOR);
    let diffusion = (square(error).mean_dim(2) * weight).mean();

    Loss { total: diffusion.clone() + magnitude.clone(), parts: vec![("diffusion", diffusion), ("magnitude", magnitude)] }
}

/// The noise levels of one item.
struct Draw {
    level: f32,
    latent_level: f32,
}

impl Draw {
    fn new(random: &mut impl Rng) -> Self {
        let level = random::logistic_level(random, LEVEL_MEAN);
        if !random.random_bool(NOISE_SYNC) {
            return Self { level, latent_level: 0.0 };
        }
        // The frames are never cleaner than the latents, or the decoder would learn to distrust clean latents.
        let latent_level: f32 = random.random();
        Self { level: latent_level + (1.0 - latent_level) * random.random::<f32>(), latent_level }
    }
}

/// Quiet frames count more, `energy^−½` up to 4, so that the gaps between loud notes are learned too (after RFWave's time balance).
fn frame_weight(frames: &Tensor<3>) -> Tensor<3> {
    (square(frames.clone()).mean_dim(2) + 1e-2).powf_scalar(-0.5).clamp_max(4.0)
}

fn square<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    x.clone() * x
}

/// `[batch, 1, 1]` from one number per item.
fn column(values: Vec<f32>, device: &Device) -> Tensor<3> {
    let rows = values.len();
    Tensor::from_data(TensorData::new(values, [rows, 1, 1]), device)
}
