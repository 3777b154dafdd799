//! Latents to audio: a few denoising calls, held to the audio that is already there.

use turnaround_core::contract::Graph;
use turnaround_core::noise::{GaussianNoise, kappa_euler_step, linear_levels};

use super::{Latents, Road, Stretch};
use crate::job::{Cancelled, Job, Stage};
use crate::runtime::{RuntimeError, Tensor, TensorView};

/// Share of the expected magnitude in the noise's variance, and what is added to it: the noise each bin was trained with.
const NOISE_FROM_MAGNITUDE: f32 = 0.64;
const NOISE_FLOOR: f32 = 0.01;

/// How to decode.
#[derive(Clone, Copy)]
pub(crate) struct Decoding {
    /// Network calls.
    pub calls: usize,
    /// Seed of the noise.
    pub seed: u64,
}

/// Frames whose sound is known and must come out as it is.
pub(crate) struct Known<'a> {
    /// The frames of the stretch with its margins, `[frame, 2 * bin]`.
    pub frames: &'a [f32],
    /// For each frame, whether it is known.
    pub is_known: &'a [bool],
}

/// Audio decoded from a stretch and its margins.
pub(crate) struct Decoded {
    /// The sample on the track that the first one belongs to.
    pub start: i64,
    /// The samples. The first and the last hop lie under one frame only and are faded.
    pub samples: Vec<f32>,
}

impl Road<'_> {
    /// Decodes a stretch with its margins.
    pub(crate) fn decode<E>(
        &self,
        latents: &Latents,
        stretch: Stretch,
        known: Option<&Known<'_>>,
        how: Decoding,
        job: &mut Job,
    ) -> Result<Decoded, E>
    where
        E: From<RuntimeError> + From<Cancelled>,
    {
        let condition = job.step(Stage::Decode, || self.condition(latents, stretch).map_err(E::from))?;
        let noise = self.scaled_noise(condition[3].values(), how.seed);
        let mut noisy = noise.clone();
        for pair in linear_levels(how.calls).windows(2) {
            let (from, to) = (pair[0], pair[1]);
            if let Some(known) = known {
                self.hold(&mut noisy, known, &noise, from);
            }
            let clean = job.step(Stage::Decode, || self.decoder_step(&noisy, from, &condition).map_err(E::from))?;
            // The correction asks for data and noise of equal variance. Dividing both by the noise's scale makes them so, and since
            // the step is linear in frames and prediction together, dividing before and multiplying after changes nothing.
            kappa_euler_step(&mut noisy, clean.values(), from, to);
        }
        if let Some(known) = known {
            self.hold(&mut noisy, known, &noise, 0.0);
        }
        Ok(Decoded { start: self.first_sample(stretch), samples: self.stft.synthesise(&noisy, &self.companding) })
    }

    /// The three conditions, fine to coarse, and the expected magnitudes.
    fn condition(&self, latents: &Latents, stretch: Stretch) -> Result<Vec<Tensor>, RuntimeError> {
        let tokens = self.tokens_with_margins(stretch);
        let latents = TensorView::new(&[1, tokens, self.sizes().channels], latents.all());
        self.set.run(Graph::DecoderCondition, &[latents])
    }

    fn decoder_step(&self, noisy: &[f32], level: f32, condition: &[Tensor]) -> Result<Tensor, RuntimeError> {
        let frames = noisy.len() / self.row();
        let level = [level];
        let inputs = [
            TensorView::new(&[1, frames, self.row()], noisy),
            TensorView::new(&[1], &level),
            condition[0].view(),
            condition[1].view(),
            condition[2].view(),
            condition[3].view(),
        ];
        Ok(self.set.run(Graph::DecoderStep, &inputs)?.remove(0))
    }

    /// Noise as loud in each bin as the music is expected to be: `[frame, 2 * bin]` from magnitudes `[frame, bin]`.
    fn scaled_noise(&self, magnitudes: &[f32], seed: u64) -> Vec<f32> {
        let bins = self.sizes().bins;
        let mut noise = vec![0.0; 2 * magnitudes.len()];
        GaussianNoise::new(seed).fill(&mut noise);
        for (row, magnitudes) in noise.chunks_exact_mut(2 * bins).zip(magnitudes.chunks_exact(bins)) {
            let (real, imaginary) = row.split_at_mut(bins);
            for ((re, im), magnitude) in real.iter_mut().zip(imaginary).zip(magnitudes) {
                let scale = (NOISE_FROM_MAGNITUDE * magnitude * magnitude + NOISE_FLOOR).sqrt();
                *re *= scale;
                *im *= scale;
            }
        }
        noise
    }

    /// Overwrites known frames with their sound at a noise level, so that the network continues it.
    fn hold(&self, noisy: &mut [f32], known: &Known<'_>, noise: &[f32], level: f32) {
        let row = self.row();
        for (frame, _) in known.is_known.iter().enumerate().filter(|(_, is_known)| **is_known) {
            let range = frame * row..(frame + 1) * row;
            for ((x, clean), noise) in noisy[range.clone()].iter_mut().zip(&known.frames[range.clone()]).zip(&noise[range]) {
                *x = (1.0 - level) * clean + level * noise;
            }
        }
    }
}
