//! Latents to audio: a few denoising calls, held to the audio that is already there.

use turnaround_core::contract::Graph;
use turnaround_core::sampler::{Known, Sampler, TOWARDS_EXPECTED, levels};

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
        known: Option<&Known>,
        how: Decoding,
        job: &mut Job,
    ) -> Result<Decoded, E>
    where
        E: From<RuntimeError> + From<Cancelled>,
    {
        let condition = job.step(Stage::Decode, || self.condition(latents, stretch).map_err(E::from))?;
        let gain = &self.set.statistics().decoded_gain;
        let sampler = Sampler { stft: &self.stft, companding: &self.companding, gain, towards_expected: TOWARDS_EXPECTED };
        let samples = sampler.sample(condition[1].values(), known, &levels(how.calls), how.seed, |noisy, level| {
            job.step(Stage::Decode, || self.decoder_step(noisy, level, &condition).map_err(E::from))
        })?;
        Ok(Decoded { start: self.first_sample(stretch), samples })
    }

    /// Features of every frame and the expected scale of each bin.
    fn condition(&self, latents: &Latents, stretch: Stretch) -> Result<Vec<Tensor>, RuntimeError> {
        let tokens = self.tokens_with_margins(stretch);
        let latents = TensorView::new(&[1, tokens, self.sizes().channels], latents.all());
        self.set.run(Graph::DecoderCondition, &[latents])
    }

    fn decoder_step(&self, noisy: &[f32], level: f32, condition: &[Tensor]) -> Result<Vec<f32>, RuntimeError> {
        let frames = noisy.len() / self.row();
        let level = [level];
        let shape = [1, frames, self.row()];
        let mut inputs = vec![TensorView::new(&shape, noisy), TensorView::new(&[1], &level)];
        inputs.extend(condition.iter().map(Tensor::view));
        Ok(self.set.run(Graph::DecoderStep, &inputs)?.remove(0).into_values())
    }
}
