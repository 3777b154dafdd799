//! Latent actions as style tokens: what a bar is like, as weights over a small table of learned embeddings.
//!
//! After Global Style Tokens (Wang et al., arXiv 1803.09017), with one head and unprojected values, so that weights set by a musician
//! act exactly as weights inferred in training. The encoder hears one bar and no history; a decoder that must rebuild the bar from the
//! bar before, noise and the action makes the table useful, and is thrown away after training.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Distribution, Tensor};
use serde::{Deserialize, Serialize};
use turnaround_core::contract::TIMING_FEATURES;

use super::attention::TransformerBlock;
use super::dynamics::ConditionedTransformerBlock;
use super::layers::{LevelEmbedding, layer_norm, linear, rms_norm, zero_linear};

/// Sizes of the action model.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActionConfig {
    /// Width of encoder, decoder and embeddings.
    pub width: usize,
    /// Attention heads.
    pub heads: usize,
    /// Encoder blocks.
    pub encoder_blocks: usize,
    /// Decoder blocks.
    pub decoder_blocks: usize,
    /// Embeddings in the table.
    pub actions: usize,
    /// Embeddings active in one bar.
    pub active: usize,
    /// Slots of a bar.
    pub slots: usize,
    /// Slots read as one token.
    pub slots_per_patch: usize,
    /// Numbers in a slot.
    pub channels: usize,
}

/// Slots of a bar to one score per action.
#[derive(Module, Debug)]
pub struct ActionEncoder {
    input: Linear,
    timing: Linear,
    place: Param<Tensor<2>>,
    blocks: Vec<TransformerBlock>,
    query: Linear,
    key: Linear,
}

impl ActionEncoder {
    fn new(config: &ActionConfig, device: &Device) -> Self {
        let width = config.width;
        let patches = config.slots / config.slots_per_patch;
        Self {
            input: linear(config.channels * config.slots_per_patch, width, device),
            timing: linear(TIMING_FEATURES, width, device),
            place: Param::from_tensor(Tensor::random([patches, width], Distribution::Normal(0.0, 0.1), device)),
            blocks: (0..config.encoder_blocks).map(|_| TransformerBlock::new(width, config.heads, device)).collect(),
            query: linear(width, width, device),
            key: linear(width, width, device),
        }
    }

    /// `slots` `[batch, slot, channel]` standardised, `timing` `[batch, 2]`, embeddings `[action, width]`, to scores `[batch, action]`.
    ///
    /// Scores are averaged over a bar's tokens before any softmax, so an inferred action has exactly as many active weights as asked.
    pub fn forward(&self, slots: Tensor<3>, timing: Tensor<2>, table: &ActionTable) -> Tensor<2> {
        let [batch, slot, channel] = slots.dims();
        let width = self.place.dims()[1];
        let patches = self.place.dims()[0];
        let h = self.input.forward(slots.reshape([batch, patches, slot / patches * channel])); // [batch, patch, width]
        let h = h + self.timing.forward(timing).unsqueeze_dim::<3>(1) + self.place.val().unsqueeze::<3>();
        let h = self.blocks.iter().fold(h, |h, block| block.forward(h));
        let query = self.query.forward(rms_norm(h)).mean_dim(1).squeeze_dim::<2>(1); // [batch, width]
        let key = self.key.forward(table.normalised()); // [action, width]
        query.matmul(key.transpose()).mul_scalar((width as f64).powf(-0.5))
    }
}

/// The embeddings themselves.
#[derive(Module, Debug)]
pub struct ActionTable {
    embeddings: Param<Tensor<2>>,
}

impl ActionTable {
    fn new(config: &ActionConfig, device: &Device) -> Self {
        let spread = (config.width as f64).powf(-0.5);
        let embeddings = Tensor::random([config.actions, config.width], Distribution::Normal(0.0, spread), device);
        Self { embeddings: Param::from_tensor(embeddings) }
    }

    /// `[action, width]`, each row of unit mean square.
    fn normalised(&self) -> Tensor<2> {
        rms_norm(self.embeddings.val())
    }

    /// Weights `[batch, action]` to an action vector `[batch, width]`.
    pub fn embed(&self, weights: Tensor<2>) -> Tensor<2> {
        rms_norm(weights.matmul(self.normalised()))
    }
}

/// Scores to weights: a blend of all actions (`density` 1) and the best `active` alone (`density` 0). `[batch, action]` both.
///
/// Training goes from dense to sparse, so that every embedding gets a gradient before most are switched off per bar.
pub fn weights_from_scores(scores: Tensor<2>, active: usize, density: f64) -> Tensor<2> {
    let kept = scores.clone().topk(active, 1);
    let threshold = kept.narrow(1, active - 1, 1); // [batch, 1]
    let hidden = scores.clone().detach().lower(threshold.detach());
    let sparse = softmax(scores.clone().mask_fill(hidden, -1e9), 1);
    if density <= 0.0 {
        return sparse;
    }
    softmax(scores, 1).mul_scalar(density) + sparse.mul_scalar(1.0 - density)
}

/// Rebuilds a bar from noise, the bar before and its action; only used to train the table.
#[derive(Module, Debug)]
pub struct ActionDecoder {
    input: Linear,
    place: Param<Tensor<2>>,
    level: LevelEmbedding,
    timing: Linear,
    blocks: Vec<ConditionedTransformerBlock>,
    output: Linear,
}

impl ActionDecoder {
    fn new(config: &ActionConfig, device: &Device) -> Self {
        let width = config.width;
        let patch = config.channels * config.slots_per_patch;
        let patches = config.slots / config.slots_per_patch;
        Self {
            input: linear(2 * patch, width, device),
            place: Param::from_tensor(Tensor::random([patches, width], Distribution::Normal(0.0, 0.1), device)),
            level: LevelEmbedding::new(width, device),
            timing: linear(TIMING_FEATURES, width, device),
            blocks: (0..config.decoder_blocks).map(|_| ConditionedTransformerBlock::new(width, config.heads, device)).collect(),
            output: zero_linear(width, patch, device),
        }
    }

    /// `noisy` and `previous` `[batch, slot, channel]`, `level` `[batch]`, `action` `[batch, width]`, `timing` `[batch, 2]`, to the
    /// velocity `noise − clean` `[batch, slot, channel]`.
    pub fn forward(
        &self,
        noisy: Tensor<3>,
        previous: Tensor<3>,
        level: Tensor<1>,
        action: Tensor<2>,
        timing: Tensor<2>,
    ) -> Tensor<3> {
        let [batch, slot, channel] = noisy.dims();
        let patches = self.place.dims()[0];
        let patch = slot / patches * channel;
        let both = Tensor::cat(vec![noisy.reshape([batch, patches, patch]), previous.reshape([batch, patches, patch])], 2);
        let h = self.input.forward(both) + self.place.val().unsqueeze::<3>(); // [batch, patch, width]
        let condition = (self.level.forward(level) + action + self.timing.forward(timing)).unsqueeze_dim::<3>(1); // [batch, 1, width]
        let h = self.blocks.iter().fold(h, |h, block| block.forward(h, &condition));
        self.output.forward(layer_norm(h, 1e-5)).reshape([batch, slot, channel])
    }
}

/// Everything that is trained together for actions.
#[derive(Module, Debug)]
pub struct ActionModel {
    /// Bars to scores.
    pub encoder: ActionEncoder,
    /// Weights to vectors.
    pub table: ActionTable,
    /// The training-only decoder.
    pub decoder: ActionDecoder,
}

impl ActionModel {
    /// A fresh model.
    pub fn new(config: &ActionConfig, device: &Device) -> Self {
        let table = ActionTable::new(config, device);
        Self { encoder: ActionEncoder::new(config, device), table, decoder: ActionDecoder::new(config, device) }
    }

    /// Slots and timing to scores `[batch, action]`.
    pub fn scores(&self, slots: Tensor<3>, timing: Tensor<2>) -> Tensor<2> {
        self.encoder.forward(slots, timing, &self.table)
    }
}

/// The action table together with the dynamics' null action: what the dynamics is told, from weights alone.
#[derive(Module, Debug)]
pub struct ActionEmbedding {
    table: ActionTable,
    null_action: Param<Tensor<1>>,
}

impl ActionEmbedding {
    /// From a trained action model and the null action of the dynamics trained on it.
    pub fn new(table: ActionTable, null_action: Param<Tensor<1>>) -> Self {
        Self { table, null_action }
    }

    /// `weights` `[batch, action]` and `is_null` `[batch, 1]` (1 where there is no action, else 0) to `[batch, width]`.
    pub fn forward(&self, weights: Tensor<2>, is_null: Tensor<2>) -> Tensor<2> {
        let given = self.table.embed(weights) * (is_null.clone().neg() + 1.0);
        given + self.null_action.val().unsqueeze::<2>() * is_null
    }
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use super::*;

    #[test]
    fn sparse_weights_keep_the_best_and_sum_to_one() {
        let scores = Tensor::<2>::from_data([[0.1f32, 2.0, -1.0, 1.0]], &Device::flex());
        let weights = weights_from_scores(scores, 2, 0.0).into_data().try_into_vec::<f32>().expect("floats");
        assert_eq!(weights.iter().filter(|weight| **weight > 0.0).count(), 2);
        assert!(weights[1] > weights[3] && (weights.iter().sum::<f32>() - 1.0).abs() < 1e-6);
    }

    #[test]
    fn weights_chosen_in_training_are_those_chosen_in_use() {
        let scores = [0.3f32, -0.2, 1.4, 0.9, 0.0];
        let in_training = weights_from_scores(Tensor::<2>::from_data([scores], &Device::flex()), 3, 0.0);
        let in_training = in_training.into_data().try_into_vec::<f32>().expect("floats");
        let in_use = turnaround_core::actions::dense_weights(&turnaround_core::actions::sparse_weights(&scores, 3), 5);
        assert!(in_training.iter().zip(&in_use).all(|(a, b)| (a - b).abs() < 1e-6));
    }
}
