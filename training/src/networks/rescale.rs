//! Shortening and lengthening a sequence with the parameter-free shortcuts of DC-AE (Chen et al., arXiv 2410.10733, section 3.2), in one
//! dimension: the shortcut moves the information, the learned branch adds to it.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};

use super::layers::{apply, linear};

/// How one sequence becomes another: how many neighbours are joined into one or made of one, and from how many channels to how many.
#[derive(Clone, Copy, Debug)]
pub struct Change {
    /// Channels before.
    pub input: usize,
    /// Channels after.
    pub output: usize,
    /// How many times shorter or longer.
    pub factor: usize,
    /// Whether there is a shortcut.
    pub shortcut: bool,
}

impl Change {
    /// Whether [`Down`]'s shortcut can average whole groups of channels.
    pub fn can_shorten(&self) -> bool {
        (self.factor * self.input).is_multiple_of(self.output)
    }

    /// Whether [`Up`]'s shortcut can repeat whole channels.
    pub fn can_lengthen(&self) -> bool {
        (self.factor * self.output).is_multiple_of(self.input)
    }
}

/// Shortens: space-to-channel, a linear layer, plus the mean over groups of the same channels.
#[derive(Module, Debug)]
pub struct Down {
    learned: Linear,
    output: usize,
    factor: usize,
    shortcut: bool,
}

impl Down {
    /// A fresh layer.
    ///
    /// # Panics
    /// If the shortcut's groups do not come out even; a preset is checked for that when it is read.
    pub fn new(change: Change, device: &Device) -> Self {
        assert!(!change.shortcut || change.can_shorten(), "a shortcut averages whole groups of channels: {change:?}");
        let Change { input, output, factor, shortcut } = change;
        Self { learned: linear(factor * input, output, device), output, factor, shortcut }
    }

    /// `[batch, factor·length, input]` to `[batch, length, output]`.
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let [batch, length, input] = x.dims();
        let (length, width) = (length / self.factor, self.factor * input);
        let folded = x.reshape([batch, length, width]);
        let learned = apply(&self.learned, folded.clone());
        let group = width / self.output;
        match (self.shortcut, group) {
            (false, _) => learned,
            (true, 1) => learned + folded,
            (true, _) => learned + folded.reshape([batch, length, self.output, group]).mean_dim(3).squeeze_dim::<3>(3),
        }
    }
}

/// Lengthens: a linear layer, plus the same channels repeated, then channel-to-space.
#[derive(Module, Debug)]
pub struct Up {
    learned: Linear,
    output: usize,
    factor: usize,
    shortcut: bool,
}

impl Up {
    /// A fresh layer.
    ///
    /// # Panics
    /// If the shortcut's copies do not come out even; a preset is checked for that when it is read.
    pub fn new(change: Change, device: &Device) -> Self {
        assert!(!change.shortcut || change.can_lengthen(), "a shortcut repeats whole channels: {change:?}");
        let Change { input, output, factor, shortcut } = change;
        Self { learned: linear(input, factor * output, device), output, factor, shortcut }
    }

    /// `[batch, length, input]` to `[batch, factor·length, output]`.
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let [batch, length, input] = x.dims();
        let width = self.factor * self.output;
        let learned = apply(&self.learned, x.clone());
        let repeats = width / input;
        let wide = match (self.shortcut, repeats) {
            (false, _) => learned,
            (true, 1) => learned + x,
            // Each channel stands next to its own copies, so that the parts of one token start out alike.
            (true, _) => learned + Tensor::cat(vec![x.unsqueeze_dim::<4>(3); repeats], 3).reshape([batch, length, width]),
        };
        wide.reshape([batch, self.factor * length, self.output])
    }
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use burn::tensor::Distribution;

    use super::super::layers::zero_linear;
    use super::*;

    #[test]
    fn shortcuts_alone_carry_a_constant_down_and_up_again() {
        let device = Device::flex();
        for factor in [2, 4] {
            let there = Change { input: 4, output: 4 * factor, factor, shortcut: true };
            let back = Change { input: there.output, output: there.input, ..there };
            let (mut down, mut up) = (Down::new(there, &device), Up::new(back, &device));
            down.learned = zero_linear(4 * factor, 4 * factor, &device);
            up.learned = zero_linear(4 * factor, 4 * factor, &device);
            let x = Tensor::<3>::random([2, 3 * factor, 4], Distribution::Normal(0.0, 1.0), &device);
            let worst: f32 = (up.forward(down.forward(x.clone())) - x).abs().max().into_scalar();
            assert!(worst < 1e-6, "factor {factor}: they differ by {worst}");
        }
    }

    #[test]
    fn without_shortcut_and_layer_nothing_is_left() {
        let device = Device::flex();
        let change = Change { input: 4, output: 8, factor: 2, shortcut: false };
        let mut down = Down::new(change, &device);
        down.learned = zero_linear(8, 8, &device);
        let largest: f32 = down.forward(Tensor::ones([1, 6, 4], &device)).abs().max().into_scalar();
        assert_eq!(largest, 0.0);
    }
}
