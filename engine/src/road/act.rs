//! Slots to actions, and actions to the vectors the dynamics reads.

use turnaround_core::actions::{dense_weights, sparse_weights};
use turnaround_core::contract::{Graph, SparseWeights, TIMING_FEATURES};

use super::Road;
use crate::runtime::{RuntimeError, TensorView};

/// An embedded action, `[action_width]`.
pub(crate) type ActionVector = Vec<f32>;

impl Road<'_> {
    /// The action that the networks hear in a unit.
    pub(crate) fn infer_action(&self, slots: &[f32], timing: [f32; TIMING_FEATURES]) -> Result<SparseWeights, RuntimeError> {
        let sizes = self.sizes();
        let inputs = [TensorView::new(&[1, sizes.slots, sizes.channels], slots), TensorView::new(&[1, TIMING_FEATURES], &timing)];
        let scores = self.set.run(Graph::ActionEncoder, &inputs)?.remove(0);
        Ok(sparse_weights(scores.values(), sizes.active_actions))
    }

    /// The vector of an action; without weights, that of the null action.
    pub(crate) fn embed_action(&self, weights: &SparseWeights) -> Result<ActionVector, RuntimeError> {
        let actions = self.sizes().actions;
        let dense = dense_weights(weights, actions);
        let is_null = [if weights.is_empty() { 1.0 } else { 0.0 }];
        let inputs = [TensorView::new(&[1, actions], &dense), TensorView::new(&[1, 1], &is_null)];
        Ok(self.set.run(Graph::ActionEmbedding, &inputs)?.remove(0).into_values())
    }
}
