//! ConvNeXt block in one dimension: depthwise convolution over time, norm, and a wide pointwise layer, added to its input.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::activation::gelu;
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Distribution, Tensor, TensorData};

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
        let mixed = if x.device().is_autodiff() { self.product(x) } else { self.convolution(x) };
        layer_norm(mixed, 1e-5)
    }

    /// As a two-dimensional convolution over `[1, time]`: with channels last in memory that is the layout the CPU libraries have
    /// fast depthwise kernels for.
    fn convolution(&self, x: Tensor<3>) -> Tensor<3> {
        let x = x.swap_dims(1, 2).unsqueeze_dim::<4>(2); // [batch, width, 1, time]
        let options = ConvOptions::new([1, 1], [0, TAPS / 2], [1, 1], self.bias.dims()[0]);
        conv2d(x, self.taps.val(), Some(self.bias.val()), options).squeeze_dim::<3>(2).swap_dims(1, 2)
    }

    /// The same sum as one product: every channel's taps stand in a matrix of their own, row after row one frame further. Burn's gradient
    /// of a grouped convolution runs one convolution per channel, which made a training step three times as long as all its matrix
    /// products; a sum of shifted frames was seven times as many operations to start.
    fn product(&self, x: Tensor<3>) -> Tensor<3> {
        let [_, time, width] = x.dims();
        let places = Tensor::<2>::from_data(TensorData::new(diagonals(time), [TAPS, time * time]), &x.device());
        let matrices = self.taps.val().reshape([width, TAPS]).matmul(places).reshape([width, time, time]);
        let mixed = matrices.matmul(x.permute([2, 1, 0])); // [width, time, batch]
        mixed.permute([2, 1, 0]) + self.bias.val().unsqueeze::<3>()
    }

    fn mix_channels(&self, x: Tensor<3>, precision: Precision) -> Tensor<3> {
        full(apply(&self.narrow, gelu(apply(&self.wide, precision.of(x)))))
    }
}

/// For each tap, the square of frames by frames that is one where the tap reads: `[tap, to, from]`.
fn diagonals(time: usize) -> Vec<f32> {
    let reads = |tap: usize, to: usize, from: usize| to + tap == from + TAPS / 2;
    let square = |tap| (0..time * time).map(move |at| f32::from(u8::from(reads(tap, at / time, at % time))));
    (0..TAPS).flat_map(square).collect()
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
    fn one_product_is_the_convolution() {
        let device = Device::flex();
        let body = Body::new(8, &device);
        let x = Tensor::<3>::random([2, 13, 8], Distribution::Normal(0.0, 1.0), &device);
        let worst: f32 = (body.convolution(x.clone()) - body.product(x)).abs().max().into_scalar();
        assert!(worst < 1e-5, "they differ by {worst}");
    }
}
