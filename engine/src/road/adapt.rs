//! Latents of any length to a fixed number of slots, and back.

use turnaround_core::contract::{Graph, POSITION_FEATURES};
use turnaround_core::latents::{interpolation_matrix, normalise_tokens, position_features, standardise, unstandardise};

use super::Road;
use crate::runtime::{RuntimeError, TensorView};

impl Road<'_> {
    /// Tokens `[token, channel]` to standardised slots `[slot, channel]`, the space the dynamics and the action encoder live in.
    pub(crate) fn slots_from_tokens(&self, tokens: &[f32]) -> Result<Vec<f32>, RuntimeError> {
        let (channels, slots) = (self.sizes().channels, self.sizes().slots);
        let count = tokens.len() / channels;
        let interpolation = interpolation_matrix(count, slots);
        let position = position_features(count);
        let inputs = [
            TensorView::new(&[1, count, channels], tokens),
            TensorView::new(&[slots, count], &interpolation),
            TensorView::new(&[count, POSITION_FEATURES], &position),
        ];
        let mut values = self.set.run(Graph::AdapterEncoder, &inputs)?.remove(0).into_values();
        standardise(&mut values, &self.set.statistics().slot_mean, &self.set.statistics().slot_deviation);
        Ok(values)
    }

    /// Standardised slots to `count` tokens `[token, channel]`.
    ///
    /// Slots made by the dynamics lie near, not on, the sphere that normalised tokens live on, so each is normalised first.
    pub(crate) fn tokens_from_slots(&self, standardised: &[f32], count: usize) -> Result<Vec<f32>, RuntimeError> {
        let (channels, slots) = (self.sizes().channels, self.sizes().slots);
        let statistics = self.set.statistics();
        let mut values = standardised.to_vec();
        unstandardise(&mut values, &statistics.slot_mean, &statistics.slot_deviation);
        normalise_tokens(&mut values, channels, statistics.latent_epsilon);
        let interpolation = interpolation_matrix(slots, count);
        let position = position_features(count);
        let inputs = [
            TensorView::new(&[1, slots, channels], &values),
            TensorView::new(&[count, slots], &interpolation),
            TensorView::new(&[count, POSITION_FEATURES], &position),
        ];
        Ok(self.set.run(Graph::AdapterDecoder, &inputs)?.remove(0).into_values())
    }
}
