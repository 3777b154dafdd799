//! Halving and doubling time with the parameter-free shortcuts of DC-AE (Chen et al., arXiv 2410.10733, section 3.2), in one
//! dimension: the shortcut moves the information, the learned branch adds to it.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};

use super::layers::linear;

/// Halves time: space-to-channel, a linear layer, plus the mean over groups of the same channels.
#[derive(Module, Debug)]
pub struct Down {
    learned: Linear,
    output: usize,
}

impl Down {
    /// From `input` to `output` channels; `output` must divide `2 · input`.
    pub fn new(input: usize, output: usize, device: &Device) -> Self {
        assert_eq!(2 * input % output, 0, "DC-AE's shortcut averages whole groups of channels");
        Self { learned: linear(2 * input, output, device), output }
    }

    /// `[batch, 2·time, input]` to `[batch, time, output]`.
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let [batch, time, input] = x.dims();
        let folded = x.reshape([batch, time / 2, 2 * input]);
        let group = 2 * input / self.output;
        let shortcut = if group == 1 {
            folded.clone()
        } else {
            folded.clone().reshape([batch, time / 2, self.output, group]).mean_dim(3).squeeze_dim::<3>(3)
        };
        self.learned.forward(folded) + shortcut
    }
}

/// Doubles time: a linear layer, plus the same channels repeated, then channel-to-space.
#[derive(Module, Debug)]
pub struct Up {
    learned: Linear,
    output: usize,
}

impl Up {
    /// From `input` to `output` channels; `input` must divide `2 · output`.
    pub fn new(input: usize, output: usize, device: &Device) -> Self {
        assert_eq!(2 * output % input, 0, "DC-AE's shortcut repeats whole channels");
        Self { learned: linear(input, 2 * output, device), output }
    }

    /// `[batch, time, input]` to `[batch, 2·time, output]`.
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let [batch, time, input] = x.dims();
        let repeats = 2 * self.output / input;
        let shortcut = if repeats == 1 {
            x.clone()
        } else {
            // Each channel stands next to its own copies, so that a token's halves start out alike.
            Tensor::cat(vec![x.clone().unsqueeze_dim::<4>(3); repeats], 3).reshape([batch, time, 2 * self.output])
        };
        (self.learned.forward(x) + shortcut).reshape([batch, 2 * time, self.output])
    }
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use burn::tensor::Distribution;

    use super::*;

    #[test]
    fn shortcuts_alone_carry_a_constant_down_and_up_again() {
        let device = Device::flex();
        let (mut down, mut up) = (Down::new(4, 8, &device), Up::new(8, 4, &device));
        down.learned = super::super::layers::zero_linear(8, 8, &device);
        up.learned = super::super::layers::zero_linear(8, 8, &device);
        let x = Tensor::<3>::random([2, 6, 4], Distribution::Normal(0.0, 1.0), &device);
        let back = up.forward(down.forward(x.clone()));
        let worst: f32 = (back - x).abs().max().into_scalar();
        assert!(worst < 1e-6, "they differ by {worst}");
    }
}
