//! Latents to audio: a few denoising calls, held to the audio that is already there.

use turnaround_core::contract::Graph;
use turnaround_core::noise::{GaussianNoise, blend, kappa_euler_step, linear_levels};

use super::{Latents, Road, Stretch};
use crate::job::{Cancelled, Job, Stage};
use crate::runtime::{RuntimeError, Tensor, TensorView};

/// How to decode.
#[derive(Clone, Copy)]
pub(crate) struct Decoding {
    /// Network calls.
    pub calls: usize,
    /// Seed of the noise.
    pub seed: u64,
}

/// Frames whose sound is known and must come out as it is.
pub(crate) struct Known {
    /// The companded frames of the stretch with its margins, `[frame, 2 * bin]`.
    pub frames: Vec<f32>,
    /// For each frame, whether it is known.
    pub is_known: Vec<bool>,
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
        known: Option<Known>,
        how: Decoding,
        job: &mut Job,
    ) -> Result<Decoded, E>
    where
        E: From<RuntimeError> + From<Cancelled>,
    {
        let condition = job.step(Stage::Decode, || self.condition(latents, stretch).map_err(E::from))?;
        let scale = self.row_scale(&condition[3]);
        // From here on frames are in units of their scale, where music and noise are equally loud: what the kappa correction asks for.
        let known = known.map(|known| Known { frames: divided(known.frames, &scale), ..known });
        let mut noise = vec![0.0; scale.len()];
        GaussianNoise::new(how.seed).fill(&mut noise);
        let mut noisy = noise.clone();
        for pair in linear_levels(how.calls).windows(2) {
            let (from, to) = (pair[0], pair[1]);
            self.hold(&mut noisy, known.as_ref(), &noise, from);
            let clean = job.step(Stage::Decode, || self.decoder_step(&noisy, from, &condition).map_err(E::from))?;
            kappa_euler_step(&mut noisy, clean.values(), from, to);
        }
        self.hold(&mut noisy, known.as_ref(), &noise, 0.0);
        let frames: Vec<f32> = noisy.iter().zip(&scale).map(|(x, scale)| x * scale).collect(); // [frame, 2 * bin]
        Ok(Decoded { start: self.first_sample(stretch), samples: self.stft.synthesise(&frames, &self.companding) })
    }

    /// The three conditions, fine to coarse, and the expected scale of each bin.
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

    /// The scale of each bin, once for its real and once for its imaginary part: `[frame, 2 * bin]` from `[frame, bin]`.
    fn row_scale(&self, scale: &Tensor) -> Vec<f32> {
        scale.values().chunks_exact(self.sizes().bins).flat_map(|frame| frame.repeat(2)).collect()
    }

    /// Overwrites known frames with their sound at a noise level, so that the network continues it.
    fn hold(&self, noisy: &mut [f32], known: Option<&Known>, noise: &[f32], level: f32) {
        let Some(known) = known else { return };
        let row = self.row();
        for (frame, _) in known.is_known.iter().enumerate().filter(|(_, is_known)| **is_known) {
            let range = frame * row..(frame + 1) * row;
            let held = blend(&known.frames[range.clone()], &noise[range.clone()], level);
            noisy[range].copy_from_slice(&held);
        }
    }
}

/// A scale of nothing would make numbers that are none; networks keep theirs above a floor, but a file may hold anything.
fn divided(frames: Vec<f32>, scale: &[f32]) -> Vec<f32> {
    frames.iter().zip(scale).map(|(x, scale)| x / scale.max(f32::MIN_POSITIVE)).collect()
}
