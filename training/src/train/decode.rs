//! What latents tell to sound with networks that are in training: what the engine does with graphs.

use std::convert::Infallible;

use burn::tensor::{Tensor, TensorData};
use turnaround_core::sampler::{Sampler, TOWARDS_EXPECTED, levels};
use turnaround_core::spectrum::{Companding, Stft};

use super::latents::numbers;
use crate::networks::condition::Condition;
use crate::networks::denoiser::Denoiser;
use crate::networks::layers::Precision;

/// A denoiser and the transforms around it.
pub struct Decoding<'a> {
    /// The network.
    pub denoiser: &'a Denoiser,
    /// What frames were companded with.
    pub companding: &'a Companding,
    /// Frames to sound.
    pub stft: &'a Stft,
    /// As [`Sampler::gain`].
    pub gain: &'a [f32],
}

impl Decoding<'_> {
    /// Sound of one row of latents, of which this is the condition, in `calls` calls of the denoiser; none plays what they expect.
    pub fn sound(&self, condition: &Condition, calls: usize, seed: u64) -> Vec<f32> {
        let device = condition.scale.device();
        let [_, frames, bins] = condition.scale.dims();
        let (stft, companding, gain) = (self.stft, self.companding, self.gain);
        let sampler = Sampler { stft, companding, gain, towards_expected: TOWARDS_EXPECTED };
        let sampled = sampler.sample(&numbers(condition.scale.clone()), None, &levels(calls), seed, |noisy, level| {
            let noisy = Tensor::from_data(TensorData::new(noisy.to_vec(), [1, frames, 2 * bins]), &device);
            let level = Tensor::from_data(TensorData::new(vec![level], [1]), &device);
            Ok::<_, Infallible>(numbers(self.denoiser.forward(noisy, level, condition, Precision::Full)))
        });
        match sampled {
            Ok(samples) => samples,
            Err(never) => match never {},
        }
    }
}
