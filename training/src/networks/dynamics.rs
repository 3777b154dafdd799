//! The dynamics: a transformer over the slots of several bars that denoises some bars given the others and an action for each.
//!
//! Diffusion forcing (Chen et al., arXiv 2407.01392): every bar has a noise level of its own, given with its action through AdaLN-zero
//! (Peebles and Xie, arXiv 2212.09748). Bars attend only to bars at equal or lower noise, so clean context never sees a target, and
//! its keys and values are computed once per edit.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::activation::silu;
use burn::tensor::{Device, Distribution, Tensor, TensorData};
use serde::{Deserialize, Serialize};
use turnaround_core::contract::TIMING_FEATURES;

use super::attention::{CrossAttention, Rotation, attend, frequencies, join_heads, split_heads};
use super::instruments::told_width;
use super::layers::{FeedForward, LevelEmbedding, layer_norm, linear, modulate, zero_linear};

/// How the dynamics is told the noise level, the action and the tempo of a bar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Conditioning {
    /// Norms and gates of every layer follow them (AdaLN-zero).
    #[default]
    AdaptiveNorm,
    /// The bar's tokens read them, as three tokens more, in every layer.
    CrossAttention,
    /// They are laid beside each token's numbers, once, before the first layer.
    Concatenation,
}

/// Sizes of the dynamics.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DynamicsConfig {
    /// Width of the transformer.
    pub width: usize,
    /// Layers.
    pub layers: usize,
    /// Attention heads; their width must divide by four for rotary positions in bar and slot.
    pub heads: usize,
    /// How noise level, action and tempo are told.
    #[serde(default)]
    pub conditioning: Conditioning,
    /// Bars in a training window.
    pub window_bars: usize,
    /// Width of an action vector, players included.
    pub action_width: usize,
    /// Instruments whose playing is told at the end of an action vector.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub instruments: usize,
    /// Slots of a bar.
    pub slots: usize,
    /// Slots read as one token.
    pub slots_per_patch: usize,
    /// Numbers in a slot.
    pub channels: usize,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// A transformer block whose norms and gates come from one condition per row or bar.
#[derive(Module, Debug)]
pub struct ConditionedTransformerBlock {
    modulation: Linear,
    query_key_value: Linear,
    out: Linear,
    feed_forward: FeedForward,
    heads: usize,
}

impl ConditionedTransformerBlock {
    /// A fresh block; it starts as the identity because its gates start at zero.
    pub fn new(width: usize, heads: usize, device: &Device) -> Self {
        Self {
            modulation: zero_linear(width, 6 * width, device),
            query_key_value: linear(width, 3 * width, device),
            out: linear(width, width, device),
            feed_forward: FeedForward::new(width, false, device),
            heads,
        }
    }

    /// `x` `[batch, token, width]`, `condition` `[batch, 1, width]`, to the shape of `x`.
    pub fn forward(&self, x: Tensor<3>, condition: &Tensor<3>) -> Tensor<3> {
        let width = x.dims()[2];
        let modulation = self.modulation.forward(silu(condition.clone()));
        let part = |i: usize| modulation.clone().narrow(2, i * width, width);
        let all = self.query_key_value.forward(modulate(x.clone(), part(0), part(1)));
        let head = |i: usize| split_heads(all.clone().narrow(2, i * width, width), self.heads);
        let x = x + self.out.forward(join_heads(attend(head(0), head(1), head(2), None))) * part(2);
        x.clone() + self.feed_forward.forward(modulate(x, part(3), part(4))) * part(5)
    }
}

/// One layer of the dynamics. All layers share one modulation network and differ in a table row added to its answer.
#[derive(Module, Debug)]
struct Layer {
    table: Param<Tensor<1>>,
    reading: Option<CrossAttention>,
    query_key_value: Linear,
    out: Linear,
    feed_forward: FeedForward,
}

/// Keys and values of one layer, `[batch, head, token, head_width]`.
type KeysValues = (Tensor<4>, Tensor<4>);

impl Layer {
    fn new(config: &DynamicsConfig, device: &Device) -> Self {
        let width = config.width;
        Self {
            table: Param::from_tensor(Tensor::zeros([6 * width], device)),
            reading: (config.conditioning == Conditioning::CrossAttention)
                .then(|| CrossAttention::new(width, config.heads, device)),
            query_key_value: linear(width, 3 * width, device),
            out: linear(width, width, device),
            feed_forward: FeedForward::new(width, false, device),
        }
    }

    /// Tokens `[batch, bar, patch, width]`; `before` are keys and values of context. Returns the tokens and this layer's own keys and values.
    fn forward(
        &self,
        x: Tensor<4>,
        told: &Told,
        before: Option<KeysValues>,
        bias: Option<&Tensor<4>>,
        heads: usize,
    ) -> (Tensor<4>, KeysValues) {
        let [batch, bar, patch, width] = x.dims();
        let own = self.table.val().unsqueeze::<4>();
        let modulation = told.modulation.as_ref().map_or_else(|| own.clone(), |shared| shared.clone() + own.clone());
        let x = match (&self.reading, &told.read) {
            (Some(reading), Some(read)) => {
                reading.forward(x.reshape([batch * bar, patch, width]), read.clone()).reshape([batch, bar, patch, width])
            }
            _ => x,
        };
        let rotation = &told.rotation;
        let part = |i: usize| modulation.clone().narrow(3, i * width, width);

        let all = self.query_key_value.forward(modulate(x.clone(), part(0), part(1)).reshape([batch, bar * patch, width]));
        let head = |i: usize| split_heads(all.clone().narrow(2, i * width, width), heads);
        let (query, key, value) = (rotation.apply(head(0)), rotation.apply(head(1)), head(2));
        let own = (key.clone(), value.clone());
        let (key, value) = match before {
            Some((keys, values)) => (Tensor::cat(vec![keys, key], 2), Tensor::cat(vec![values, value], 2)),
            None => (key, value),
        };
        let mixed = self.out.forward(join_heads(attend(query, key, value, bias))).reshape([batch, bar, patch, width]);
        let x = x + mixed * part(2);
        let wide = modulate(x.clone(), part(3), part(4)).reshape([batch, bar * patch, width]);
        let x = x + self.feed_forward.forward(wide).reshape([batch, bar, patch, width]) * part(5);
        (x, own)
    }
}

/// What the dynamics is told of a stretch of bars.
#[derive(Clone, Debug)]
pub struct Bars {
    /// `[batch, bar, slot, channel]`, standardised.
    pub slots: Tensor<4>,
    /// `[batch, bar]`.
    pub level: Tensor<2>,
    /// `[batch, bar, action_width]`.
    pub action: Tensor<3>,
    /// `[batch, 2]`.
    pub timing: Tensor<2>,
    /// `[bar]`, whole numbers counted from the window's first bar.
    pub position: Tensor<1>,
}

/// What every layer is told.
struct Told {
    /// `[batch, bar, 1, 6·width]`, where norms and gates follow it.
    modulation: Option<Tensor<4>>,
    /// Noise level, action and tempo, `[batch·bar, 3, width]`, where layers read them.
    read: Option<Tensor<3>>,
    rotation: Rotation,
}

/// The dynamics network.
#[derive(Module, Debug)]
pub struct Dynamics {
    input: Linear,
    timing: Linear,
    level: LevelEmbedding,
    action: Linear,
    condition: Linear,
    shared_modulation: Option<Linear>,
    beside: Option<Linear>,
    layers: Vec<Layer>,
    output: Linear,
    /// Stands for "no action", and says nothing of players: `[action_width]` without what tells of them.
    pub null_action: Param<Tensor<1>>,
    heads: usize,
    slots_per_patch: usize,
}

impl Dynamics {
    /// A fresh network; its output is zero.
    pub fn new(config: &DynamicsConfig, device: &Device) -> Self {
        let width = config.width;
        assert_eq!(width / config.heads % 4, 0, "half of each head's rotations turn with the bar, half with the slot");
        let patch = config.channels * config.slots_per_patch;
        let null = Tensor::random([config.action_width - told_width(config.instruments)], Distribution::Normal(0.0, 1.0), device);
        Self {
            input: linear(patch, width, device),
            timing: linear(TIMING_FEATURES, width, device),
            level: LevelEmbedding::new(width, device),
            action: linear(config.action_width, width, device),
            condition: linear(width, width, device),
            shared_modulation: (config.conditioning == Conditioning::AdaptiveNorm).then(|| zero_linear(width, 6 * width, device)),
            beside: (config.conditioning == Conditioning::Concatenation).then(|| linear(2 * width, width, device)),
            layers: (0..config.layers).map(|_| Layer::new(config, device)).collect(),
            output: zero_linear(width, patch, device),
            null_action: Param::from_tensor(null),
            heads: config.heads,
            slots_per_patch: config.slots_per_patch,
        }
    }

    /// The velocity `noise − clean` for every bar of a window, all seen at once. `bias` `[batch, 1, token, token]` hides bars.
    ///
    /// Returns `[batch, bar, slot, channel]`.
    pub fn velocity(&self, bars: &Bars, bias: Option<&Tensor<4>>) -> Tensor<4> {
        let (tokens, told) = self.prepare(bars);
        let tokens = self.layers.iter().fold(tokens, |tokens, layer| layer.forward(tokens, &told, None, bias, self.heads).0);
        self.finish(tokens, bars.slots.dims())
    }

    /// Keys and values of clean context, each `[layer, batch, head, token, head_width]`.
    pub fn context(&self, bars: &Bars) -> (Tensor<5>, Tensor<5>) {
        let (mut tokens, told) = self.prepare(bars);
        let (mut keys, mut values) = (Vec::new(), Vec::new());
        for layer in &self.layers {
            let (next, (key, value)) = layer.forward(tokens, &told, None, None, self.heads);
            tokens = next;
            keys.push(key.unsqueeze_dim::<5>(0));
            values.push(value.unsqueeze_dim::<5>(0));
        }
        (Tensor::cat(keys, 0), Tensor::cat(values, 0))
    }

    /// The clean target bars as one call sees them, `[batch, bar, slot, channel]`, given the context's keys and values.
    pub fn step(&self, bars: &Bars, keys: &Tensor<5>, values: &Tensor<5>) -> Tensor<4> {
        let (mut tokens, told) = self.prepare(bars);
        for (index, layer) in self.layers.iter().enumerate() {
            let of_layer = |cache: &Tensor<5>| cache.clone().narrow(0, index, 1).squeeze_dim::<4>(0);
            let before = Some((of_layer(keys), of_layer(values)));
            tokens = layer.forward(tokens, &told, before, None, self.heads).0;
        }
        let velocity = self.finish(tokens, bars.slots.dims());
        let level = bars.level.clone().unsqueeze_dim::<3>(2).unsqueeze_dim::<4>(3); // [batch, bar, 1, 1]
        bars.slots.clone() - velocity * level
    }

    /// Tokens `[batch, bar, patch, width]`, and what every layer is told.
    fn prepare(&self, bars: &Bars) -> (Tensor<4>, Told) {
        let [batch, bar, slot, channel] = bars.slots.dims();
        let patches = slot / self.slots_per_patch;
        let timing = self.timing.forward(bars.timing.clone()).unsqueeze_dim::<3>(1); // [batch, 1, width]
        let patched = bars.slots.clone().reshape([batch, bar, patches, self.slots_per_patch * channel]);
        let tokens = self.input.forward(patched) + timing.clone().unsqueeze_dim::<4>(2);

        let level = self.level.forward(bars.level.clone().reshape([batch * bar])); // [batch·bar, width]
        let width = level.dims()[1];
        let level = level.reshape([batch, bar, width]);
        let action = self.action.forward(bars.action.clone());
        let condition = silu(self.condition.forward(silu(level.clone() + action.clone() + timing.clone())));
        let modulation = self.shared_modulation.as_ref().map(|shared| shared.forward(condition.clone()).unsqueeze_dim::<4>(2));
        // Adding zeros repeats along an axis without a shape that a traced graph would freeze.
        let read = self.layers.iter().any(|layer| layer.reading.is_some()).then(|| {
            let timing = level.clone().mul_scalar(0.0) + timing;
            let as_token = |told: Tensor<3>| told.reshape([batch * bar, 1, width]);
            Tensor::cat(vec![as_token(level), as_token(action), as_token(timing)], 1)
        });
        let tokens = match &self.beside {
            Some(beside) => {
                let repeated = tokens.clone().mul_scalar(0.0) + condition.unsqueeze_dim::<4>(2);
                beside.forward(Tensor::cat(vec![tokens, repeated], 3))
            }
            None => tokens,
        };
        let rotation = self.rotation(&bars.position, patches, width / self.heads);
        (tokens, Told { modulation, read, rotation })
    }

    /// Half of a head's rotations follow the bar, half the slot within it, so that a longer context is the same in kind.
    fn rotation(&self, position: &Tensor<1>, patches: usize, head_width: usize) -> Rotation {
        let device = position.device();
        let quarter = head_width / 4;
        let rates = |longest| Tensor::<3>::from_data(TensorData::new(frequencies(quarter, longest), [1, 1, quarter]), &device);
        let slot: Vec<f32> = (0..patches).map(|i| i as f32).collect();
        let slot = Tensor::<3>::from_data(TensorData::new(slot, [1, patches, 1]), &device);
        let bar = position.clone().unsqueeze_dim::<2>(1).unsqueeze_dim::<3>(2); // [bar, 1, 1]
        // Adding zeros along the other axis repeats without a shape that a traced graph would freeze.
        let by_bar = bar.clone() * rates(16.0) + slot.clone() * rates(16.0).mul_scalar(0.0); // [bar, patch, quarter]
        let by_slot = slot * rates(16.0) + bar * rates(16.0).mul_scalar(0.0);
        let bars = position.dims()[0];
        Rotation::from_angles(Tensor::cat(vec![by_bar, by_slot], 2).reshape([bars * patches, 2 * quarter]))
    }

    fn finish(&self, tokens: Tensor<4>, shape: [usize; 4]) -> Tensor<4> {
        self.output.forward(layer_norm(tokens, 1e-5)).reshape(shape)
    }
}

/// Hides from every bar the bars noisier than itself: `[batch, 1, bar·patch, bar·patch]`, 0 or a large negative number.
///
/// `slack` lets bars of almost equal noise see each other.
pub fn noise_ordered_bias(level: &Tensor<2>, patches: usize, slack: f64) -> Tensor<4> {
    let [batch, bars] = level.dims();
    let query = level.clone().unsqueeze_dim::<3>(2); // [batch, bar, 1]
    let key = level.clone().unsqueeze_dim::<3>(1); // [batch, 1, bar]
    let hidden = (key - query).greater_scalar(slack).float().mul_scalar(-1e9); // [batch, bar, bar]
    let tokens = bars * patches;
    hidden
        .unsqueeze_dim::<4>(2)
        .unsqueeze_dim::<5>(4)
        .expand([batch, bars, patches, bars, patches])
        .reshape([batch, 1, tokens, tokens])
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use super::*;

    fn config(conditioning: Conditioning) -> DynamicsConfig {
        DynamicsConfig {
            conditioning,
            width: 32,
            layers: 2,
            heads: 2,
            window_bars: 4,
            action_width: 8,
            instruments: 0,
            slots: 8,
            slots_per_patch: 2,
            channels: 4,
        }
    }

    /// A network whose zero-initialised parts are random, so that every path carries something.
    fn awake(conditioning: Conditioning, device: &Device) -> Dynamics {
        struct Stir;
        impl burn::module::ModuleMapper for Stir {
            fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
                param.map(|x| x.clone() + Tensor::random(x.dims(), Distribution::Normal(0.0, 0.1), &x.device()))
            }
        }
        Dynamics::new(&config(conditioning), device).map(&mut Stir)
    }

    fn bars(levels: &[f32], first: usize, all: &Tensor<4>, actions: &Tensor<3>) -> Bars {
        let device = all.device();
        let count = levels.len();
        let position: Vec<f32> = (first..first + count).map(|bar| bar as f32).collect();
        Bars {
            slots: all.clone().narrow(1, first, count),
            level: Tensor::from_data(TensorData::new(levels.to_vec(), [1, count]), &device),
            action: actions.clone().narrow(1, first, count),
            timing: Tensor::zeros([1, TIMING_FEATURES], &device),
            position: Tensor::from_data(TensorData::new(position, [count]), &device),
        }
    }

    const WAYS: [Conditioning; 3] = [Conditioning::AdaptiveNorm, Conditioning::CrossAttention, Conditioning::Concatenation];

    #[test]
    fn however_it_is_told_a_bar_changes_with_its_level_its_action_and_its_tempo() {
        let device = Device::flex();
        for way in WAYS {
            let dynamics = awake(way, &device);
            let all = Tensor::<4>::random([1, 4, 8, 4], Distribution::Normal(0.0, 1.0), &device);
            let actions = Tensor::<3>::random([1, 4, 8], Distribution::Normal(0.0, 1.0), &device);
            let told = bars(&[0.02, 0.02, 0.02, 0.7], 0, &all, &actions);
            let other = [
                Bars { level: told.level.clone() + 0.1, ..told.clone() },
                Bars { action: told.action.clone() + 0.1, ..told.clone() },
                Bars { timing: told.timing.clone() + 0.1, ..told.clone() },
            ];
            let velocity = dynamics.velocity(&told, None);
            for other in other {
                let difference: f32 = (velocity.clone() - dynamics.velocity(&other, None)).abs().max().into_scalar();
                assert!(difference > 1e-4, "{way:?} does not listen");
            }
        }
    }

    #[test]
    fn cached_context_gives_what_the_whole_window_gives() {
        for way in WAYS {
            cached_context_is_the_whole_window(way);
        }
    }

    fn cached_context_is_the_whole_window(way: Conditioning) {
        let device = Device::flex();
        let dynamics = awake(way, &device);
        let all = Tensor::<4>::random([1, 4, 8, 4], Distribution::Normal(0.0, 1.0), &device);
        let actions = Tensor::<3>::random([1, 4, 8], Distribution::Normal(0.0, 1.0), &device);
        let whole = bars(&[0.02, 0.02, 0.02, 0.7], 0, &all, &actions);
        let bias = noise_ordered_bias(&whole.level, 4, 0.02);
        let velocity = dynamics.velocity(&whole, Some(&bias)).narrow(1, 3, 1);
        let expected = all.clone().narrow(1, 3, 1) - velocity.mul_scalar(0.7);

        let (keys, values) = dynamics.context(&bars(&[0.02; 3], 0, &all, &actions));
        let found = dynamics.step(&bars(&[0.7], 3, &all, &actions), &keys, &values);
        let worst: f32 = (expected - found).abs().max().into_scalar();
        assert!(worst < 1e-4, "they differ by {worst}");
    }

    #[test]
    fn a_clean_bar_never_sees_a_noisy_one() {
        let level = Tensor::<2>::from_data([[0.02f32, 0.5, 0.51]], &Device::flex());
        let bias = noise_ordered_bias(&level, 1, 0.02);
        let hidden: Vec<bool> = bias.into_data().try_into_vec::<f32>().expect("floats").iter().map(|x| *x < -1.0).collect();
        assert_eq!(hidden, [false, true, true, false, false, false, false, false, false]);
    }
}
