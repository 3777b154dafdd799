//! Trains the diffusion tokenizer: encoder and decoder together, by one diffusion loss and the magnitude head's own.

use anyhow::Result;
use burn::tensor::{Device, Tensor, TensorData};
use rand::Rng;
use serde::{Deserialize, Serialize};

use super::frames::FrameSource;
use super::random;
use super::run::{self, Loss, RunOptions, Schedule, Step, Trained};
use crate::device::gains_by_half;
use crate::networks::condition::{Condition, VARIANCE_FLOOR};
use crate::networks::denoiser::Denoiser;
use crate::networks::layers::Precision;
use crate::networks::tokenizer::{Tokenizer, TokenizerConfig, energy};

/// The error is divided by the level, but by no less than this: below, it would own most of the loss.
const LEVEL_FLOOR: f64 = 0.3;

/// Bins weigh by this power of their expected variance in the likelihood: with 0 all alike, with ½ by their expected magnitude. A
/// quarter gave the best chroma of the three in short runs, at one per cent of mel.
const LOUDNESS_WEIGHT: f64 = 0.25;

/// How the loss is made of its parts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Objective {
    /// Share of the run, at its start, that trains encoder and condition by likelihood alone. A step without the denoiser costs a
    /// third of one with it or less, and a denoiser learns little before the scale it works in stands still.
    pub likelihood_alone: f64,
    /// Weight of the likelihood beside the diffusion; 0 leaves diffusion alone, which then trains everything from the first step, as it
    /// must where no scale is expected.
    pub likelihood: f64,
    /// Share of items whose latents are noised along with the frames (noise synchronisation, DiTo section 3.3).
    pub noise_synchronisation: f64,
    /// Noise levels are drawn as `sigmoid(N(mean, 1))`: a little more noise than signal, where the decoder needs its latents.
    pub level_mean: f32,
    /// What the wide layers compute in, where the device gains by it.
    pub precision: Precision,
}

impl Objective {
    fn precision_on(&self, device: &Device) -> Precision {
        if gains_by_half(device) { self.precision } else { Precision::Full }
    }
}

impl Default for Objective {
    fn default() -> Self {
        Self { likelihood_alone: 0.3, likelihood: 1.0, noise_synchronisation: 0.1, level_mean: 0.4, precision: Precision::Full }
    }
}

/// Trains a tokenizer on stretches from `source`.
///
/// # Errors
/// As [`run::run`].
pub fn train(
    config: &TokenizerConfig,
    objective: &Objective,
    schedule: &Schedule,
    source: &FrameSource,
    options: &RunOptions,
) -> Result<Trained<Tokenizer>> {
    let fresh = |device: &Device| Tokenizer::new(config, device);
    run::run(fresh, schedule, options, |model, step| {
        let frames = source.batch(step.random, step.batch).autodiff();
        Ok(loss_of(model, frames, objective, step))
    })
}

/// [`loss`] of a tokenizer.
pub(crate) fn loss_of(model: &Tokenizer, frames: Tensor<3>, objective: &Objective, step: Step) -> Loss {
    let precision = objective.precision_on(&step.device);
    let latents = model.encoder.forward(frames.clone(), precision);
    let condition = |latents| model.decoder.condition.forward(latents, precision);
    loss(frames, latents, condition, &model.decoder.denoiser, objective, step)
}

/// Diffusion and likelihood loss on one batch of frames `[batch, frame, 2·bin]`, from the latents `[batch, token, channel]` an encoder made
/// of them, by the condition that latents give and a denoiser.
pub fn loss(
    frames: Tensor<3>,
    latents: Tensor<3>,
    condition: impl FnOnce(Tensor<3>) -> Condition,
    denoiser: &Denoiser,
    objective: &Objective,
    step: Step,
) -> Loss {
    let batch = frames.dims()[0];
    let draws: Vec<Draw> = (0..batch).map(|_| Draw::new(step.random, objective)).collect();
    let rows = |value: fn(&Draw) -> f32| column(draws.iter().map(value).collect(), &step.device);

    let latent_level = rows(|draw| draw.latent_level);
    let latent_noise = random::normal_tensor(step.random, latents.dims(), &step.device);
    let latents = latents * (latent_level.clone().neg() + 1.0) + latent_noise * latent_level;
    let mut condition = condition(latents);
    let likelihood = negative_log_likelihood(&frames, condition.scale.clone());
    if step.progress < objective.likelihood_alone && objective.likelihood > 0.0 {
        return Loss { total: likelihood.clone(), parts: vec![("likelihood", likelihood)] };
    }

    // Detached: the diffusion loss must not move the scale it is measured in.
    condition.scale = condition.scale.detach();
    let scale = Tensor::cat(vec![condition.scale.clone(), condition.scale.clone()], 2);
    let weight = frame_weight(&frames);
    let clean = frames / scale.clone();
    let level = rows(|draw| draw.level);
    let noise = random::normal_tensor(step.random, clean.dims(), &step.device);
    let noisy = clean.clone() * (level.clone().neg() + 1.0) + noise * level.clone();
    let flat_level = level.clone().reshape([batch as i32]);
    let predicted = denoiser.forward(noisy.clone(), flat_level, &condition, objective.precision_on(&step.device));
    let weighted = |predicted: Tensor<3>| {
        let error = (predicted - clean.clone()) * scale.clone() / level.clone().clamp_min(LEVEL_FLOOR);
        (square(error).mean_dim(2) * weight.clone()).mean()
    };
    let diffusion = weighted(predicted);
    let of_linear = diffusion.clone().detach() / weighted(linearly_filtered(noisy, level.clone()));

    let total = diffusion.clone() + likelihood.clone().mul_scalar(objective.likelihood);
    Loss { total, parts: vec![("diffusion", diffusion), ("of linear", of_linear), ("likelihood", likelihood)] }
}

/// What an ideal linear filter makes of unit-variance data in noise of a level: what a denoiser has to be better than. Its error beside
/// the network's is recorded, for the loss alone also falls and rises with the scale it is measured in.
fn linearly_filtered(noisy: Tensor<3>, level: Tensor<3>) -> Tensor<3> {
    let clean_share = level.clone().neg() + 1.0;
    noisy * (clean_share.clone() / (square(clean_share) + square(level)))
}

/// Of frames whose bins are complex Gaussians with this deviation `[batch, frame, bin]` of real and imaginary part each, per number and
/// but for a constant. It counts a bin's error in decibels, as ears do; that loud bins weigh more leaves its minimum where it is, because
/// the weight depends on what is expected and not on what came.
fn negative_log_likelihood(frames: &Tensor<3>, scale: Tensor<3>) -> Tensor<1> {
    let variance = square(scale);
    // The floor of the variance is allowed for, so that silence is no infinite surprise.
    let power = energy(frames.clone()).mul_scalar(0.5) + VARIANCE_FLOOR;
    let weight = variance.clone().detach().powf_scalar(LOUDNESS_WEIGHT);
    let weight = weight.clone() / weight.mean().unsqueeze::<3>();
    ((variance.clone().log() + power / variance) * weight).mean().mul_scalar(0.5)
}

/// The noise levels of one item.
struct Draw {
    level: f32,
    latent_level: f32,
}

impl Draw {
    fn new(random: &mut impl Rng, objective: &Objective) -> Self {
        let level = random::logistic_level(random, objective.level_mean);
        if !random.random_bool(objective.noise_synchronisation) {
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

#[cfg(all(test, feature = "flex"))]
mod tests {
    use burn::optim::{AdamWConfig, GradientsParams};
    use burn::tensor::Distribution;

    use super::*;
    use crate::preset::Preset;

    /// Both losses of one batch, always under the same noise.
    fn losses(model: &Tokenizer, frames: &Tensor<3>, progress: f64, device: &Device) -> Loss {
        let mut random = random::of_step(1, "test", 0);
        let batch = frames.dims()[0];
        loss_of(
            model,
            frames.clone(),
            &Objective::default(),
            Step { random: &mut random, index: 0, progress, batch, device: device.clone() },
        )
    }

    fn number(tensor: &Tensor<1>) -> f32 {
        tensor.clone().detach().into_scalar()
    }

    #[test]
    fn denoiser_and_likelihood_learn_a_batch_together() {
        let device = Device::flex().autodiff();
        let config = Preset::load("tiny").expect("tiny is built in").tokenizer.network;
        let mut model = Tokenizer::new(&config, &device);
        let frames = Tensor::random([4, 16, 2 * config.bins], Distribution::Normal(0.0, 1.0), &device);
        let mut optimiser = AdamWConfig::new().init();
        let before = losses(&model, &frames, 1.0, &device);
        for _ in 0..40 {
            let total = losses(&model, &frames, 1.0, &device).total;
            let gradients = GradientsParams::from_grads(total.backward(), &model);
            model = optimiser.step(3e-3, model, gradients);
        }
        let after = losses(&model, &frames, 1.0, &device);
        for ((name, before), (_, after)) in before.parts.iter().zip(&after.parts) {
            assert!(number(after) < number(before), "{name} went from {} to {}", number(before), number(after));
        }
    }

    /// A fresh tokenizer and two items to train it on.
    fn two_items() -> (Tokenizer, Tensor<3>, Device) {
        let device = Device::flex().autodiff();
        let config = Preset::load("tiny").expect("tiny is built in").tokenizer.network;
        let frames = Tensor::random([2, 16, 2 * config.bins], Distribution::Normal(0.0, 1.0), &device);
        (Tokenizer::new(&config, &device), frames, device)
    }

    #[test]
    fn half_is_not_asked_for_where_it_only_costs() {
        let (model, frames, device) = two_items();
        let total = |precision| {
            let objective = Objective { precision, ..Objective::default() };
            let mut random = random::of_step(1, "test", 0);
            let step = Step { random: &mut random, index: 0, progress: 1.0, batch: 2, device: device.clone() };
            number(&loss_of(&model, frames.clone(), &objective, step).total)
        };
        assert_eq!(total(Precision::Half), total(Precision::Full));
        // What half would have given is told apart.
        let latents = |precision| model.encoder.forward(frames.clone(), precision).detach().into_data();
        assert_ne!(latents(Precision::Half), latents(Precision::Full));
    }

    #[test]
    fn the_likelihood_trains_alone_at_first() {
        let (model, frames, device) = two_items();
        let names =
            |progress| -> Vec<&str> { losses(&model, &frames, progress, &device).parts.iter().map(|(name, _)| *name).collect() };
        assert_eq!(names(0.0), ["likelihood"]);
        assert_eq!(names(1.0), ["diffusion", "of linear", "likelihood"]);
    }

    #[test]
    fn the_likeliest_scale_is_the_deviation_that_frames_have() {
        let device = Device::flex();
        let frames = Tensor::<3>::random([1, 400, 2], Distribution::Normal(0.0, 0.5), &device);
        let at = |scale: f64| number(&negative_log_likelihood(&frames, Tensor::full([1, 400, 1], scale, &device)));
        assert!(at(0.5) < at(0.4) && at(0.5) < at(0.6), "{} {} {}", at(0.4), at(0.5), at(0.6));
    }
}
