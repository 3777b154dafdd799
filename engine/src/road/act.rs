//! Slots to actions, and actions to the vectors the dynamics reads.

use turnaround_core::actions::{dense_weights, sparse_weights};
use turnaround_core::contract::{Graph, SparseWeights, TIMING_FEATURES};

use super::Road;
use crate::runtime::{RuntimeError, Tensor, TensorView};

/// An embedded action with its players, `[action_width]`.
pub(crate) type ActionVector = Vec<f32>;

/// Who plays, 0 to 1 each, in the order of the set's instruments: `[instrument]`. All zeros say nothing; a set that knows none has none.
pub(crate) type PlayersRow = Vec<f32>;

impl Road<'_> {
    /// The action that the networks hear in a unit, and who they hear play it.
    pub(crate) fn infer_action(
        &self,
        slots: &[f32],
        timing: [f32; TIMING_FEATURES],
    ) -> Result<(SparseWeights, PlayersRow), RuntimeError> {
        let sizes = self.sizes();
        let inputs = [TensorView::new(&[1, sizes.slots, sizes.channels], slots), TensorView::new(&[1, TIMING_FEATURES], &timing)];
        let mut heard = self.set.run(Graph::ActionEncoder, &inputs)?.into_iter();
        let scores = heard.next().expect("the contract has scores first");
        let players = heard.next().map_or_else(PlayersRow::new, Tensor::into_values);
        Ok((sparse_weights(scores.values(), sizes.active_actions), players))
    }

    /// Players as networks are told nothing of them.
    pub(crate) fn nobody(&self) -> PlayersRow {
        vec![0.0; self.sizes().instruments]
    }

    /// The vector of an action and its players; without weights, that of the null action.
    pub(crate) fn embed_action(&self, weights: &SparseWeights, players: &PlayersRow) -> Result<ActionVector, RuntimeError> {
        let actions = self.sizes().actions;
        let dense = dense_weights(weights, actions);
        let is_null = [if weights.is_empty() { 1.0 } else { 0.0 }];
        let mut inputs = vec![TensorView::new(&[1, actions], &dense), TensorView::new(&[1, 1], &is_null)];
        let shape = [1, players.len()];
        if self.sizes().instruments > 0 {
            inputs.push(TensorView::new(&shape, players));
        }
        Ok(self.set.run(Graph::ActionEmbedding, &inputs)?.remove(0).into_values())
    }
}
