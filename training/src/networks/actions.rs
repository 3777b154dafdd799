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
use turnaround_core::instruments::Instrument;

use super::action_map::{ActionMap, through};
use super::attention::{TransformerBlock, split_heads};
use super::dynamics::ConditionedTransformerBlock;
use super::instruments::{Instruments, told};
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
    /// Heads that choose, each for its share of the embeddings' numbers. With more than one a bar is described better and no weight means
    /// anything alone, so such a model is for comparison and cannot be exported.
    #[serde(default = "one")]
    pub choosing_heads: usize,
    /// Where a bar's tokens become one.
    #[serde(default)]
    pub pooling: Pooling,
    /// Bars the encoder hears: 1 is the bar alone, 2 also the one before. Only the first can be exported.
    #[serde(default = "one")]
    pub heard_bars: usize,
    /// Noise level, 0 to 1, up to which bars are noised in training before the encoder hears them; the decoder rebuilds them clean. What
    /// noise covers can't be told of a bar, so an action is rather what would be heard of it in a blurred one too.
    #[serde(default)]
    pub heard_noise: f64,
    /// Instruments that are heard in a bar and told to whatever rebuilds it, in this order; none in a model that knows no players. They
    /// cost a small network beside the encoder, and a corpus that says who plays. Start here with all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub instruments: Vec<Instrument>,
    /// Slots of a bar.
    pub slots: usize,
    /// Slots read as one token.
    pub slots_per_patch: usize,
    /// Numbers in a slot.
    pub channels: usize,
}

fn one() -> usize {
    1
}

/// Where a bar's tokens become one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pooling {
    /// Scores are averaged before anything is chosen: as many actions as asked for are active in a bar.
    #[default]
    Scores,
    /// Every token chooses, and what is chosen is averaged: up to as many times more actions are active. Not exported.
    Weights,
}

impl ActionConfig {
    /// Sizes that learn in a second, for bars of `[slots, channels]`.
    #[cfg(test)]
    pub fn for_tests(slots: usize, channels: usize, active: usize) -> Self {
        Self {
            width: 16,
            heads: 2,
            encoder_blocks: 1,
            decoder_blocks: 1,
            actions: 8,
            active,
            choosing_heads: 1,
            pooling: Pooling::Scores,
            heard_bars: 1,
            heard_noise: 0.0,
            instruments: Vec::new(),
            slots,
            slots_per_patch: 2,
            channels,
        }
    }

    /// Whether this model's weights are what a set promises: one choice a bar, made from that bar alone.
    pub fn can_be_exported(&self) -> bool {
        self.choosing_heads == 1 && self.pooling == Pooling::Scores && self.heard_bars == 1
    }
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
    heads: usize,
    #[module(skip)]
    pooling: Pooling,
}

impl ActionEncoder {
    fn new(config: &ActionConfig, device: &Device) -> Self {
        let width = config.width;
        let patches = config.slots / config.slots_per_patch;
        Self {
            input: linear(config.heard_bars * config.channels * config.slots_per_patch, width, device),
            timing: linear(TIMING_FEATURES, width, device),
            place: Param::from_tensor(Tensor::random([patches, width], Distribution::Normal(0.0, 0.1), device)),
            blocks: (0..config.encoder_blocks).map(|_| TransformerBlock::new(width, config.heads, device)).collect(),
            query: linear(width, width, device),
            key: linear(width, width, device),
            heads: config.choosing_heads,
            pooling: config.pooling,
        }
    }

    /// `slots` `[batch, slot, channel]` standardised, `timing` `[batch, 2]`, embeddings `[action, width]`, to scores `[batch, action]`: the
    /// way of a model that can be exported.
    ///
    /// Scores are averaged over a bar's tokens before any softmax, so an inferred action has exactly as many active weights as asked.
    pub fn forward(&self, slots: Tensor<3>, timing: Tensor<2>, table: &ActionTable) -> Tensor<2> {
        let query = self.queries(slots, timing).mean_dim(1).squeeze_dim::<2>(1); // [batch, width]
        let width = self.place.dims()[1];
        query.matmul(self.key.forward(table.normalised()).transpose()).mul_scalar((width as f64).powf(-0.5))
    }

    /// Scores of every choice, `[batch, choice, head, action]`: a choice is made for the bar or for each of its tokens.
    fn scores(&self, slots: Tensor<3>, timing: Tensor<2>, table: &ActionTable) -> Tensor<4> {
        let query = self.queries(slots, timing);
        let query = match self.pooling {
            Pooling::Scores => query.mean_dim(1),
            Pooling::Weights => query,
        };
        let [batch, choices, width] = query.dims();
        let head_width = width / self.heads;
        let query = split_heads(query, self.heads); // [batch, head, choice, head_width]
        let key = self.key.forward(table.normalised()); // [action, width]
        let key = split_heads(key.unsqueeze::<3>(), self.heads); // [1, head, action, head_width]
        let scores = query.matmul(key.swap_dims(2, 3)).mul_scalar((head_width as f64).powf(-0.5));
        debug_assert_eq!(scores.dims()[..3], [batch, self.heads, choices]);
        scores.swap_dims(1, 2)
    }

    /// `[batch, token, width]`.
    fn queries(&self, slots: Tensor<3>, timing: Tensor<2>) -> Tensor<3> {
        let [batch, slot, channel] = slots.dims();
        let patches = self.place.dims()[0];
        let h = self.input.forward(slots.reshape([batch, patches, slot / patches * channel])); // [batch, patch, width]
        let h = h + self.timing.forward(timing).unsqueeze_dim::<3>(1) + self.place.val().unsqueeze::<3>();
        let h = self.blocks.iter().fold(h, |h, block| block.forward(h));
        self.query.forward(rms_norm(h))
    }
}

/// What was chosen for some bars.
pub struct Choice {
    /// Scores of all choices, `[row, action]`.
    pub scores: Tensor<2>,
    /// Weights by head, each row of which adds up to one, `[batch, head, action]`.
    pub weights: Tensor<3>,
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

    /// Weights by head, `[batch, head, action]`, each for its share of the embeddings, to an action vector `[batch, width]`.
    pub fn embed_by_head(&self, weights: Tensor<3>) -> Tensor<2> {
        let [batch, heads, _] = weights.dims();
        let values = split_heads(self.normalised().unsqueeze::<3>(), heads).squeeze_dim::<3>(0); // [head, action, head_width]
        let mixed = weights.swap_dims(0, 1).matmul(values).swap_dims(0, 1); // [batch, head, head_width]
        let width = mixed.dims()[2] * heads;
        rms_norm(mixed.reshape([batch, width]))
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
        let patch = config.channels * config.slots_per_patch;
        let patches = config.slots / config.slots_per_patch;
        Self::of_sizes(config.width, config.heads, config.decoder_blocks, [patches, patch], device)
    }

    /// A fresh decoder of bars of `[patch, number]`.
    pub fn of_sizes(width: usize, heads: usize, blocks: usize, [patches, patch]: [usize; 2], device: &Device) -> Self {
        Self {
            input: linear(2 * patch, width, device),
            place: Param::from_tensor(Tensor::random([patches, width], Distribution::Normal(0.0, 0.1), device)),
            level: LevelEmbedding::new(width, device),
            timing: linear(TIMING_FEATURES, width, device),
            blocks: (0..blocks).map(|_| ConditionedTransformerBlock::new(width, heads, device)).collect(),
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
    /// What hears players and tells the decoder of them, in models that know instruments.
    pub instruments: Option<Instruments>,
    heard_bars: usize,
}

impl ActionModel {
    /// A fresh model.
    pub fn new(config: &ActionConfig, device: &Device) -> Self {
        Self {
            encoder: ActionEncoder::new(config, device),
            table: ActionTable::new(config, device),
            decoder: ActionDecoder::new(config, device),
            instruments: Instruments::new(config, device),
            heard_bars: config.heard_bars,
        }
    }

    /// Slots and timing to scores `[batch, action]`.
    pub fn scores(&self, slots: Tensor<3>, timing: Tensor<2>) -> Tensor<2> {
        self.encoder.forward(slots, timing, &self.table)
    }

    /// What a model of any sizes chooses for `bars` `[batch, slot, channel]` that follow `previous`, `active` actions at a choice:
    /// see [`weights_from_scores`].
    pub fn choose(&self, bars: Tensor<3>, previous: Tensor<3>, timing: Tensor<2>, active: usize, density: f64) -> Choice {
        let heard = match self.heard_bars {
            1 => bars,
            _ => beside(previous, bars, self.encoder.place.dims()[0]),
        };
        let scores = self.encoder.scores(heard, timing, &self.table);
        let [batch, choices, heads, actions] = scores.dims();
        let scores = scores.reshape([batch * choices * heads, actions]);
        let weights = weights_from_scores(scores.clone(), active, density).reshape([batch, choices, heads, actions]);
        Choice { scores, weights: weights.mean_dim(1).squeeze_dim::<3>(1) }
    }
}

/// Two bars `[batch, slot, channel]` as one of twice the channels, so that patches that share a place are read as one.
fn beside(previous: Tensor<3>, bars: Tensor<3>, patches: usize) -> Tensor<3> {
    let [batch, slot, channel] = bars.dims();
    let patched = |bars: Tensor<3>| bars.reshape([batch, patches, slot / patches * channel]);
    Tensor::cat(vec![patched(previous), patched(bars)], 2).reshape([batch, slot, 2 * channel])
}

/// An embedded action `[batch, width]` with the players `[batch, instrument]` beside it, as a dynamics reads them that is told of both.
pub fn beside_players(action: Tensor<2>, players: Option<Tensor<2>>) -> Tensor<2> {
    match players {
        Some(players) => Tensor::cat(vec![action, told(players)], 1),
        None => action,
    }
}

/// The action table together with the map to richer vectors, where there is one, and the dynamics' null action: what the dynamics is told, from
/// weights alone.
#[derive(Module, Debug)]
pub struct ActionEmbedding {
    table: ActionTable,
    map: Option<ActionMap>,
    null_action: Param<Tensor<1>>,
}

impl ActionEmbedding {
    /// From a trained action model, the map its vectors go through, and the null action of the dynamics trained on them.
    pub fn new(table: ActionTable, map: Option<ActionMap>, null_action: Param<Tensor<1>>) -> Self {
        Self { table, map, null_action }
    }

    /// `weights` `[batch, action]` and `is_null` `[batch, 1]` (1 where there is no action, else 0) to `[batch, width]`. Players
    /// `[batch, instrument]`, for a dynamics that is told of them, are laid beside it.
    pub fn forward(&self, weights: Tensor<2>, is_null: Tensor<2>, players: Option<Tensor<2>>) -> Tensor<2> {
        let action = through(self.map.as_ref(), self.table.embed(weights));
        let given = action * (is_null.clone().neg() + 1.0);
        beside_players(given + self.null_action.val().unsqueeze::<2>() * is_null, players)
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

    fn config() -> ActionConfig {
        ActionConfig::for_tests(8, 4, 3)
    }

    fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
        tensor.into_data().try_into_vec().expect("floats")
    }

    fn bars() -> Tensor<3> {
        Tensor::random([3, 8, 4], Distribution::Normal(0.0, 1.0), &Device::flex())
    }

    fn chosen(model: &ActionModel, bars: &Tensor<3>, previous: &Tensor<3>) -> Choice {
        let timing = Tensor::zeros([3, TIMING_FEATURES], &Device::flex());
        model.choose(bars.clone(), previous.clone(), timing, 3, 0.0)
    }

    #[test]
    fn one_head_and_pooled_scores_choose_what_the_exported_way_chooses() {
        let device = Device::flex();
        let model = ActionModel::new(&config(), &device);
        let (bars, previous) = (bars(), bars());
        let choice = chosen(&model, &bars, &previous);
        let scores = model.scores(bars, Tensor::zeros([3, TIMING_FEATURES], &device));
        assert!(numbers(choice.scores - scores.clone()).iter().all(|x| x.abs() < 1e-5));
        let weights = weights_from_scores(scores, 3, 0.0);
        let one_way = numbers(model.table.embed(weights));
        let other_way = numbers(model.table.embed_by_head(choice.weights));
        assert!(one_way.iter().zip(&other_way).all(|(a, b)| (a - b).abs() < 1e-5));
    }

    #[test]
    fn only_pooled_scores_bound_how_many_actions_are_active() {
        let active = |pooling: Pooling| {
            let model = ActionModel::new(&ActionConfig { pooling, ..config() }, &Device::flex());
            let weights = numbers(chosen(&model, &bars(), &bars()).weights);
            let rows: Vec<usize> =
                weights.chunks_exact(8).map(|row| row.iter().filter(|weight| **weight > 0.0).count()).collect();
            assert!(weights.chunks_exact(8).all(|row| (row.iter().sum::<f32>() - 1.0).abs() < 1e-5));
            rows
        };
        assert_eq!(active(Pooling::Scores), [3, 3, 3]);
        assert!(active(Pooling::Weights).iter().any(|active| *active > 3));
    }

    #[test]
    fn heads_choose_apart_and_the_bar_before_counts_where_it_is_heard() {
        let device = Device::flex();
        let model = ActionModel::new(&ActionConfig { choosing_heads: 4, ..config() }, &device);
        let weights = numbers(chosen(&model, &bars(), &bars()).weights.narrow(0, 0, 1));
        assert_ne!(weights[..8], weights[8..16]);
        for heard_bars in [1, 2] {
            let model = ActionModel::new(&ActionConfig { heard_bars, ..config() }, &device);
            let (here, before) = (bars(), bars());
            let scores = |previous: &Tensor<3>| numbers(chosen(&model, &here, previous).scores);
            assert_eq!(scores(&before) != scores(&bars()), heard_bars == 2);
        }
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
