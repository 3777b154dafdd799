//! ConvNeXt block in one dimension: depthwise convolution over time, norm, and a wide pointwise layer, added to its input.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::activation::gelu;
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Distribution, Tensor};

use super::layers::{Precision, apply, full, layer_norm, linear};

/// Taps of the depthwise convolution.
pub(super) const TAPS: usize = 7;

/// How much wider the pointwise layer is inside.
pub(super) const EXPANSION: usize = 3;

/// The block's learned layers.
#[derive(Module, Debug)]
struct Body {
    /// `[width, 1, 1, tap]`.
    taps: Param<Tensor<4>>,
    bias: Param<Tensor<1>>,
    wide: Linear,
    narrow: Linear,
}

impl Body {
    fn new(width: usize, device: &Device) -> Self {
        let bound = (TAPS as f64).powf(-0.5);
        let taps = Tensor::random([width, 1, 1, TAPS], Distribution::Uniform(-bound, bound), device);
        Self {
            taps: Param::from_tensor(taps),
            bias: Param::from_tensor(Tensor::zeros([width], device)),
            wide: linear(width, EXPANSION * width, device),
            narrow: linear(EXPANSION * width, width, device),
        }
    }

    /// Depthwise convolution and norm. `[batch, time, width]` to the same shape.
    fn mix_time(&self, x: Tensor<3>) -> Tensor<3> {
        let mixed = if x.device().is_autodiff() { self.shifted_sum(x) } else { self.convolution(x) };
        layer_norm(mixed, 1e-5)
    }

    /// As a two-dimensional convolution over `[1, time]`: with channels last in memory that is the layout the CPU libraries have
    /// fast depthwise kernels for.
    fn convolution(&self, x: Tensor<3>) -> Tensor<3> {
        let x = x.swap_dims(1, 2).unsqueeze_dim::<4>(2); // [batch, width, 1, time]
        let options = ConvOptions::new([1, 1], [0, TAPS / 2], [1, 1], self.bias.dims()[0]);
        conv2d(x, self.taps.val(), Some(self.bias.val()), options).squeeze_dim::<3>(2).swap_dims(1, 2)
    }

    /// The same sum written as shifted products. Burn's gradient of a grouped convolution runs one convolution per channel, which
    /// made a training step three times as long as all its matrix products.
    fn shifted_sum(&self, x: Tensor<3>) -> Tensor<3> {
        let [batch, time, width] = x.dims();
        let nothing = Tensor::<3>::zeros([batch, TAPS / 2, width], &x.device());
        let padded = Tensor::cat(vec![nothing.clone(), x, nothing], 1);
        let taps = self.taps.val().reshape([width, TAPS]).transpose(); // [tap, width]
        let product = |k: usize| padded.clone().narrow(1, k, time) * taps.clone().narrow(0, k, 1).unsqueeze::<3>();
        (1..TAPS).fold(product(0), |sum, k| sum + product(k)) + self.bias.val().unsqueeze::<3>()
    }

    fn mix_channels(&self, x: Tensor<3>, precision: Precision) -> Tensor<3> {
        full(apply(&self.narrow, gelu(apply(&self.wide, precision.of(x)))))
    }
}

/// A block with learned scale and shift, and a layer scale that starts small.
#[derive(Module, Debug)]
pub struct PlainBlock {
    body: Body,
    scale: Param<Tensor<1>>,
    shift: Param<Tensor<1>>,
    layer_scale: Param<Tensor<1>>,
}

impl PlainBlock {
    /// A fresh block.
    pub fn new(width: usize, device: &Device) -> Self {
        let filled = |value: f64| Param::from_tensor(Tensor::<1>::full([width], value, device));
        Self { body: Body::new(width, device), scale: filled(1.0), shift: filled(0.0), layer_scale: filled(0.1) }
    }

    /// Several fresh blocks.
    pub fn stack(width: usize, count: usize, device: &Device) -> Vec<Self> {
        (0..count).map(|_| Self::new(width, device)).collect()
    }

    /// One block after the other.
    pub fn run(blocks: &[Self], x: Tensor<3>, precision: Precision) -> Tensor<3> {
        blocks.iter().fold(x, |x, block| block.forward(x, precision))
    }

    /// `[batch, time, width]` to the same shape.
    pub fn forward(&self, x: Tensor<3>, precision: Precision) -> Tensor<3> {
        let row = |p: &Param<Tensor<1>>| p.val().unsqueeze::<3>();
        let h = self.body.mix_time(x.clone()) * row(&self.scale) + row(&self.shift);
        x + self.body.mix_channels(h, precision) * row(&self.layer_scale)
    }
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use super::*;

    #[test]
    fn shifted_products_are_the_convolution() {
        let device = Device::flex();
        let body = Body::new(8, &device);
        let x = Tensor::<3>::random([2, 13, 8], Distribution::Normal(0.0, 1.0), &device);
        let worst: f32 = (body.convolution(x.clone()) - body.shifted_sum(x)).abs().max().into_scalar();
        assert!(worst < 1e-5, "they differ by {worst}");
    }
}
