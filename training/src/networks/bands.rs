//! Frames as bands of neighbouring bins, and the block that works on them.
//!
//! One set of weights serves all bands: what cleans a partial of noise is the same at 200 Hz and at 2 kHz, and is learned from both.
//! Blocks that read whole frames at once left 92 to 94 % of an ideal linear filter's squared error after 500 steps, with 2.6 million
//! weights; blocks over bands left 69 to 75 % with 150 thousand (`experiments/0003-bands.md`).

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::activation::{gelu, silu};
use burn::tensor::{Device, Int, Tensor, TensorData};

use super::layers::{apply, apply_columns, beside, bias_row, layer_norm, linear, silence, zero_linear};

/// How much wider the block is inside.
pub(super) const EXPANSION: usize = 2;

/// The position itself, its neighbours in time and its neighbours in frequency.
pub(super) const READ: usize = 5;

/// `[batch, frame, 2·bin]`, real parts before imaginary ones, to `[batch, frame, band, 2·bin of the band]`, each band likewise.
pub fn split(frames: Tensor<3>, bands: usize) -> Tensor<4> {
    let [batch, time, width] = frames.dims();
    let parts = frames.reshape([batch, time, 2, bands, width / 2 / bands]);
    parts.swap_dims(2, 3).reshape([batch, time, bands, width / bands])
}

/// The inverse of [`split`].
pub fn join(bands: Tensor<4>) -> Tensor<3> {
    let [batch, time, count, width] = bands.dims();
    bands.reshape([batch, time, count, 2, width / 2]).swap_dims(2, 3).reshape([batch, time, count * width])
}

/// Every position beside its neighbours: itself, those `reach` frames before and after it, and the bands below and above it; silence where
/// there is none. `[batch, frame, band, width]` to `[batch, frame, band, READ·width]`.
///
/// There are two ways to one result. Gradients pass cheaply through slices; without gradients one list of places is read in a single pass,
/// and a graph takes half as long for it (`decisions/0025`).
fn neighbourhood(h: Tensor<4>, reach: usize) -> Tensor<4> {
    if h.is_autodiff() { sliced(h, reach) } else { listed(h, reach) }
}

fn sliced(h: Tensor<4>, reach: usize) -> Tensor<4> {
    let [before, after] = beside(&h, 1, reach);
    let [below, above] = beside(&h, 2, 1);
    Tensor::cat(vec![h, before, after, below, above], 3)
}

fn listed(h: Tensor<4>, reach: usize) -> Tensor<4> {
    let [batch, time, bands, width] = h.dims();
    let padded = padded(padded(h, 1, reach), 2, 1);
    // Of the first frame; those of every later one lie one frame further on.
    let frame = bands + 2;
    let places = |band: usize| {
        let (here, before, after) = (reach * frame + band + 1, band + 1, 2 * reach * frame + band + 1);
        [here, before, after, here - 1, here + 1]
    };
    let first: Vec<i64> = (0..bands).flat_map(places).map(|place| place as i64).collect();
    let first = Tensor::<1, Int>::from_data(TensorData::new(first, [READ * bands]), &padded.device());
    let frames = Tensor::<1, Int>::arange(0..time as i64, &padded.device());
    let list = first.unsqueeze_dim::<2>(0) + frames.unsqueeze_dim::<2>(1) * frame as i64; // [frame, READ·band]
    let rows = padded.reshape([batch, (time + 2 * reach) * frame, width]);
    rows.select(1, list.reshape([time * READ * bands])).reshape([batch, time, bands, READ * width])
}

/// With silence at both ends of an axis.
fn padded(x: Tensor<4>, axis: usize, steps: usize) -> Tensor<4> {
    let nothing = silence(&x, axis, steps);
    Tensor::cat(vec![nothing.clone(), x, nothing], axis)
}

/// How a block is told of the condition.
#[derive(Clone, Copy, Debug)]
pub struct BandBlockConfig {
    /// Channels of a band.
    pub width: usize,
    /// Channels of the condition of a band.
    pub features: usize,
    /// Channels of the noise level.
    pub level: usize,
    /// Frames to the neighbours in time that it reads.
    pub reach: usize,
    /// Shift, scale and gate (AdaLN-zero); else the condition is only added.
    pub adaptive_norm: bool,
}

/// Mixes every band with its neighbours in time and frequency, then its channels, under a condition; added to its input.
#[derive(Module, Debug)]
pub struct BandBlock {
    wide: Linear,
    narrow: Linear,
    from_features: Linear,
    from_level: Linear,
    reach: usize,
    adaptive_norm: bool,
}

impl BandBlock {
    /// A fresh block. With adaptive norm it starts as the identity.
    pub fn new(config: BandBlockConfig, device: &Device) -> Self {
        let BandBlockConfig { width, features, level, reach, adaptive_norm } = config;
        let told = if adaptive_norm { 3 * width } else { width };
        Self {
            wide: linear(READ * width, EXPANSION * width, device),
            narrow: linear(EXPANSION * width, width, device),
            from_features: zero_linear(features, told, device),
            from_level: zero_linear(level, told, device),
            reach,
            adaptive_norm,
        }
    }

    /// `x` `[batch, frame, band, width]`, `features` `[batch, frame, band, feature]` and `level` `[batch, 1, 1, level]`, to the shape
    /// of `x`.
    pub fn forward(&self, x: Tensor<4>, features: &Tensor<4>, level: &Tensor<4>) -> Tensor<4> {
        let (features, level) = (silu(features.clone()), silu(level.clone()));
        // Of the condition, what is the same everywhere is a single row.
        let row = apply(&self.from_level, level) + bias_row(&self.from_features, &features);
        let width = x.dims()[3];
        let told = |part: usize, plus: f32| {
            let columns = part * width..(part + 1) * width;
            let row = row.clone().narrow(3, columns.start, width) + plus;
            apply_columns(&self.from_features, features.clone(), columns, row)
        };
        if !self.adaptive_norm {
            return x.clone() + self.mix(layer_norm(x, 1e-5) + told(0, 0.0));
        }
        let (shift, scale, gate) = (told(0, 0.0), told(1, 1.0), told(2, 0.0));
        x.clone() + self.mix(layer_norm(x, 1e-5) * scale + shift) * gate
    }

    fn mix(&self, h: Tensor<4>) -> Tensor<4> {
        apply(&self.narrow, gelu(apply(&self.wide, neighbourhood(h, self.reach))))
    }
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use burn::tensor::Distribution;

    use super::*;

    #[test]
    fn bands_joined_again_are_the_frames() {
        let frames = Tensor::<3>::random([2, 3, 48], Distribution::Normal(0.0, 1.0), &Device::flex());
        assert_eq!(join(split(frames.clone(), 6)).into_data(), frames.into_data());
    }

    #[test]
    fn a_band_holds_the_real_and_the_imaginary_parts_of_its_own_bins() {
        let row: Vec<f32> = (0..12).map(|i| i as f32).collect();
        let frames = Tensor::<1>::from_floats(row.as_slice(), &Device::flex()).reshape([1, 1, 12]);
        let bands: Vec<f32> = split(frames, 3).into_data().try_into_vec().expect("floats");
        assert_eq!(bands, [0.0, 1.0, 6.0, 7.0, 2.0, 3.0, 8.0, 9.0, 4.0, 5.0, 10.0, 11.0]);
    }

    #[test]
    fn both_ways_to_a_neighbourhood_are_one() {
        let h = Tensor::<4>::random([2, 9, 6, 3], Distribution::Normal(0.0, 1.0), &Device::flex());
        for reach in [1, 2, 4] {
            assert_eq!(listed(h.clone(), reach).into_data(), sliced(h.clone(), reach).into_data());
        }
    }

    #[test]
    fn a_block_hears_its_neighbours_and_no_further() {
        let device = Device::flex();
        let config = BandBlockConfig { width: 4, features: 2, level: 2, reach: 2, adaptive_norm: false };
        let block = BandBlock::new(config, &device);
        let (features, level) = (Tensor::zeros([1, 9, 7, 2], &device), Tensor::zeros([1, 1, 1, 2], &device));
        let quiet = Tensor::<4>::random([1, 9, 7, 4], Distribution::Normal(0.0, 1.0), &device);
        let bump = Tensor::<4>::random([1, 1, 1, 4], Distribution::Normal(0.0, 1.0), &device);
        let loud = quiet.clone().slice_assign([0..1, 4..5, 3..4, 0..4], bump);
        let change = block.forward(loud, &features, &level) - block.forward(quiet, &features, &level);
        let change: Vec<f32> = change.abs().sum_dim(3).into_data().try_into_vec().expect("floats");
        let heard: Vec<(usize, usize)> = (0..63).filter(|i| change[*i] > 1e-6).map(|i| (i / 7, i % 7)).collect();
        assert_eq!(heard, [(2, 3), (4, 2), (4, 3), (4, 4), (6, 3)]);
    }
}
