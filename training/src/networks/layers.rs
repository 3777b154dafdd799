//! Small pieces every network shares: norms without parameters, noise-level features, gated feed-forward.

use std::ops::Range;

use burn::module::Module;
use burn::nn::{Initializer, Linear, LinearConfig};
use burn::tensor::activation::silu;
use burn::tensor::{Device, FloatDType, Tensor, TensorData, module};
use serde::{Deserialize, Serialize};

/// Width of the sinusoidal features of a noise level.
pub const LEVEL_FEATURES: usize = 64;

/// LayerNorm over the last axis without learned scale or shift.
///
/// There are two ways to one result. Gradients pass through each step by itself, so these are as few as will do; a graph has one node for
/// the whole.
pub fn layer_norm<const D: usize>(x: Tensor<D>, epsilon: f64) -> Tensor<D> {
    if x.is_autodiff() { norm_in_steps(x, epsilon) } else { norm_at_once(x, epsilon) }
}

fn norm_in_steps<const D: usize>(x: Tensor<D>, epsilon: f64) -> Tensor<D> {
    let centred = x.clone() - mean(x);
    let variance = mean(centred.clone() * centred.clone());
    centred * variance.add_scalar(epsilon).sqrt().recip()
}

/// Over the last axis, as a product with ones: the way back from it writes the gradient once, where that of a mean first writes ones and
/// then goes over them twice.
fn mean<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    let width = x.dims()[D - 1];
    product(x.clone(), ones(width, &x).unsqueeze_dim(1), None).div_scalar(width as f64)
}

/// `[width]`, in the numbers of `like`: a factor of 32 bits would widen all that follows.
fn ones<const D: usize>(width: usize, like: &Tensor<D>) -> Tensor<1> {
    let ones = Tensor::<1>::from_data(TensorData::new(vec![1f32; width], [width]), &like.device());
    in_numbers_of(ones, FloatDType::from(like.dtype()))
}

fn norm_at_once<const D: usize>(x: Tensor<D>, epsilon: f64) -> Tensor<D> {
    let gain = ones(x.dims()[D - 1], &x);
    module::layer_norm(x, gain, None, epsilon)
}

/// Root-mean-square norm over the last axis without learned scale.
pub fn rms_norm<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    let mean_square = (x.clone() * x.clone()).mean_dim(D - 1);
    x / (mean_square + 1e-6).sqrt()
}

/// As much of `x` as `steps` along an axis, silent, to fill up with. Made from `x` and not of zeros, which would fix the length of other
/// axes in a graph; no gradient passes, which would be as large as `x` and nothing.
pub fn silence<const D: usize>(x: &Tensor<D>, axis: usize, steps: usize) -> Tensor<D> {
    x.clone().detach().narrow(axis, 0, steps).mul_scalar(0.0)
}

/// `x` moved along `axis` by `steps` places, the places left empty silent: beside it as it was, what came before and what comes after.
pub fn beside<const D: usize>(x: &Tensor<D>, axis: usize, steps: usize) -> [Tensor<D>; 2] {
    let length = x.dims()[axis];
    let nothing = silence(x, axis, steps);
    let before = Tensor::cat(vec![nothing.clone(), x.clone().narrow(axis, 0, length - steps)], axis);
    let after = Tensor::cat(vec![x.clone().narrow(axis, steps, length - steps), nothing], axis);
    [before, after]
}

/// A linear layer whose weights and bias start at zero, so that what it adds is learned from nothing (AdaLN-zero, zero heads).
pub fn zero_linear(input: usize, output: usize, device: &Device) -> Linear {
    LinearConfig::new(input, output).with_initializer(Initializer::Zeros).init(device)
}

/// A linear layer with the usual start.
pub fn linear(input: usize, output: usize, device: &Device) -> Linear {
    LinearConfig::new(input, output).init(device)
}

/// In what numbers the wide layers of the tokenizer compute while it trains. Weights, losses and graphs are 32 bits wide in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// 32 bits: export's reference, and what every processor has.
    #[default]
    Full,
    /// bfloat16: twice the speed and half the memory where a processor has units for it.
    Half,
}

impl Precision {
    /// `x` in this precision.
    pub fn of<const D: usize>(self, x: Tensor<D>) -> Tensor<D> {
        match self {
            Precision::Full => x,
            Precision::Half => x.cast(FloatDType::BF16),
        }
    }
}

/// Back to 32 bits, which is nothing to do where `x` has them.
pub fn full<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    in_numbers_of(x, FloatDType::F32)
}

fn in_numbers_of<const D: usize>(x: Tensor<D>, wanted: FloatDType) -> Tensor<D> {
    if FloatDType::from(x.dtype()) == wanted { x } else { x.cast(wanted) }
}

/// A linear layer in the precision of what it is given. Leading axes are folded into rows, so that back ends run one product however
/// many axes there are; left alone, a product of four axes copies the weights for every row of the first two.
pub fn apply<const D: usize>(layer: &Linear, x: Tensor<D>) -> Tensor<D> {
    let numbers = FloatDType::from(x.dtype());
    let bias = layer.bias.as_ref().map(|bias| in_numbers_of(bias.val(), numbers));
    product(x, in_numbers_of(layer.weight.val(), numbers), bias)
}

/// Some columns of what [`apply`] gives, with `row` `[1 or batch, 1, …, column]` in place of their bias.
pub fn apply_columns<const D: usize>(layer: &Linear, x: Tensor<D>, columns: Range<usize>, row: Tensor<D>) -> Tensor<D> {
    let weight = layer.weight.val().narrow(1, columns.start, columns.len());
    let numbers = FloatDType::from(x.dtype());
    product(x, in_numbers_of(weight, numbers), None) + row
}

fn product<const D: usize>(x: Tensor<D>, weight: Tensor<2>, bias: Option<Tensor<1>>) -> Tensor<D> {
    let mut shape = x.dims();
    let rows = shape[..D - 1].iter().product();
    let input = shape[D - 1];
    shape[D - 1] = weight.dims()[1];
    module::linear(x.reshape([rows, input]), weight, bias).reshape(shape)
}

/// A layer's bias as a row for any number of axes, in the numbers of a tensor it goes with.
pub fn bias_row<const D: usize>(layer: &Linear, like: &Tensor<D>) -> Tensor<D> {
    let bias = layer.bias.as_ref().expect("the layer was made with a bias").val();
    in_numbers_of(bias, FloatDType::from(like.dtype())).unsqueeze()
}

/// Adaptive norm: `norm(x) · (1 + scale) + shift`.
pub fn modulate<const D: usize>(x: Tensor<D>, shift: Tensor<D>, scale: Tensor<D>) -> Tensor<D> {
    layer_norm(x, 1e-5) * (scale + 1.0) + shift
}

/// Noise levels to a vector of width `condition`.
#[derive(Module, Debug)]
pub struct LevelEmbedding {
    inner: Linear,
    outer: Linear,
}

impl LevelEmbedding {
    /// A fresh embedding of this width.
    pub fn new(condition: usize, device: &Device) -> Self {
        Self { inner: linear(LEVEL_FEATURES, condition, device), outer: linear(condition, condition, device) }
    }

    /// `[rows]` levels in 0..1 to `[rows, condition]`. Levels are scaled by 1000 as DiTo feeds them.
    pub fn forward(&self, level: Tensor<1>) -> Tensor<2> {
        self.outer.forward(silu(self.inner.forward(level_features(level))))
    }
}

/// Cosines and sines of `1000 t` at geometric frequencies from 1 to 1e-4. `[rows]` to `[rows, LEVEL_FEATURES]`.
fn level_features(level: Tensor<1>) -> Tensor<2> {
    let half = LEVEL_FEATURES / 2;
    let frequencies: Vec<f32> = (0..half).map(|i| (-(1e4f32).ln() * i as f32 / half as f32).exp()).collect();
    let frequencies = Tensor::<2>::from_data(TensorData::new(frequencies, [1, half]), &level.device());
    let angle = level.unsqueeze_dim::<2>(1).mul_scalar(1000.0) * frequencies;
    Tensor::cat(vec![angle.clone().cos(), angle.sin()], 1)
}

/// Gated feed-forward (SwiGLU): `out(silu(gate(x)) · up(x))`, hidden width 8/3 of the outer one rounded up to a multiple of 16.
#[derive(Module, Debug)]
pub struct FeedForward {
    gate_up: Linear,
    out: Linear,
}

impl FeedForward {
    /// A fresh layer; with `zero_out` it adds nothing at the start.
    pub fn new(width: usize, zero_out: bool, device: &Device) -> Self {
        let hidden = (width * 8 / 3).next_multiple_of(16);
        let out = if zero_out { zero_linear(hidden, width, device) } else { linear(hidden, width, device) };
        Self { gate_up: linear(width, 2 * hidden, device), out }
    }

    /// `[…, width]` to the same shape.
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        let both = self.gate_up.forward(x);
        let hidden = both.dims()[D - 1] / 2;
        let gate = both.clone().narrow(D - 1, 0, hidden);
        let up = both.narrow(D - 1, hidden, hidden);
        self.out.forward(silu(gate) * up)
    }
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use burn::tensor::Distribution;

    use super::*;

    #[test]
    fn both_ways_to_a_norm_are_one() {
        let x = Tensor::<3>::random([2, 5, 48], Distribution::Normal(3.0, 0.5), &Device::flex());
        let quiet = x.clone().mul_scalar(1e-3);
        for x in [x, quiet] {
            let apart = norm_in_steps(x.clone(), 1e-5) - norm_at_once(x, 1e-5);
            assert!(apart.abs().max().into_scalar::<f32>() < 1e-5);
        }
    }

    #[test]
    fn a_norm_passes_nothing_back_along_what_it_takes_away() {
        let device = Device::flex().autodiff();
        let x = Tensor::<2>::random([3, 8], Distribution::Normal(1.0, 2.0), &device).require_grad();
        let weight = Tensor::<2>::random([3, 8], Distribution::Normal(0.0, 1.0), &device);
        let gradients = (layer_norm(x.clone(), 0.0) * weight).sum().backward();
        let gradient = x.grad(&gradients).expect("the loss depends on it");
        // Neither a shift of the row nor a louder row changes what is normed.
        let along = |direction: Tensor<2>| (gradient.clone() * direction).sum_dim(1).abs().max().into_scalar::<f32>();
        assert!(along(gradient.ones_like()) < 1e-5 && along(x.clone().inner()) < 1e-5);
        assert!(gradient.abs().max().into_scalar::<f32>() > 0.01);
    }

    #[test]
    fn what_came_before_and_what_comes_after_lie_beside_a_place() {
        let x = Tensor::<2>::from_floats([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], &Device::flex());
        let [before, after] = beside(&x, 1, 2).map(|x| x.into_data().try_into_vec::<f32>().expect("floats"));
        assert_eq!(before, [0.0, 0.0, 1.0, 0.0, 0.0, 4.0]);
        assert_eq!(after, [3.0, 0.0, 0.0, 6.0, 0.0, 0.0]);
    }

    #[test]
    fn silence_is_as_long_as_asked_and_passes_no_gradient() {
        let device = Device::flex().autodiff();
        let x = Tensor::<2>::ones([4, 3], &device).require_grad();
        let quiet = silence(&x, 0, 2);
        assert_eq!(quiet.dims(), [2, 3]);
        let gradients = (quiet.sum() + x.clone().narrow(0, 0, 1).sum()).backward();
        let gradient: Vec<f32> = x.grad(&gradients).expect("one row counts").into_data().try_into_vec().expect("floats");
        assert_eq!(gradient, [vec![1.0; 3], vec![0.0; 9]].concat());
    }
}
