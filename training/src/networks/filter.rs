//! A filter over time for every bin, its coefficients made anew for every frame: what cleans a steady tone of noise.
//!
//! A partial turns at a constant rate from frame to frame, so a sum of its neighbours, each turned back by a complex coefficient, adds
//! it up in phase and noise out of phase. A mask, which can only pass or mute a bin, leaves the noise around a partial in place.
//! Source: multi-frame "deep filtering" of complex spectra (Mack and Habets, arXiv 1904.08369); there it suppresses noise in speech,
//! here it is one denoising call of a diffusion.

use burn::tensor::Tensor;

use super::layers::silence;

/// Filters complex frames that are split into bands.
///
/// `frames` `[batch, frame, band, 2·bin]`, real parts before imaginary ones. `coefficients` `[batch, frame, band, taps·2·bin]`, for each
/// tap, earliest frame first, the real and then the imaginary parts; `taps` is odd and the middle one reads the frame itself. Frames past
/// the ends are silent. The result has the shape of `frames`.
///
/// There are two ways to one result. A gradient through a slice is as large as what the slice was cut from, and of the coefficients there
/// would be two for every tap; a graph has no gradients, and slices cost it less than the sum.
pub fn filtered(frames: &Tensor<4>, coefficients: &Tensor<4>, taps: usize) -> Tensor<4> {
    let time = frames.dims()[1];
    let nothing = silence(frames, 1, taps / 2);
    let padded = Tensor::cat(vec![nothing.clone(), frames.clone(), nothing], 1);
    let near: Vec<[Tensor<4>; 2]> = (0..taps).map(|k| halves(padded.clone().narrow(1, k, time))).collect();
    if coefficients.is_autodiff() { at_once(near, coefficients) } else { tap_by_tap(near, coefficients) }
}

/// Real and imaginary parts along the last axis.
fn halves(x: Tensor<4>) -> [Tensor<4>; 2] {
    let bins = x.dims()[3] / 2;
    [x.clone().narrow(3, 0, bins), x.narrow(3, bins, bins)]
}

fn tap_by_tap(near: Vec<[Tensor<4>; 2]>, coefficients: &Tensor<4>) -> Tensor<4> {
    let width = coefficients.dims()[3] / near.len();
    let tap = |(k, [re, im]): (usize, [Tensor<4>; 2])| {
        let [a, b] = halves(coefficients.clone().narrow(3, k * width, width));
        Tensor::cat(vec![a.clone() * re.clone() - b.clone() * im.clone(), a * im + b * re], 3)
    };
    near.into_iter().enumerate().map(tap).reduce(|sum, tap| sum + tap).expect("a filter has a tap")
}

fn at_once(near: Vec<[Tensor<4>; 2]>, coefficients: &Tensor<4>) -> Tensor<4> {
    let [batch, time, bands, all] = coefficients.dims();
    let parts = 2 * near.len();
    let sum = |factors: Vec<Tensor<4>>| {
        let products = coefficients.clone() * Tensor::cat(factors, 3);
        products.reshape([batch, time, bands, parts, all / parts]).sum_dim(3).squeeze_dim::<4>(3)
    };
    // What a coefficient's real and its imaginary part are multiplied with, for either half of the result.
    let real = near.iter().flat_map(|[re, im]| [re.clone(), im.clone().neg()]).collect();
    let imaginary = near.iter().flat_map(|[re, im]| [im.clone(), re.clone()]).collect();
    Tensor::cat(vec![sum(real), sum(imaginary)], 3)
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use burn::tensor::{Device, Distribution, TensorData};

    use super::*;

    const TIME: usize = 12;

    fn numbers(tensor: Tensor<4>) -> Vec<f32> {
        tensor.into_data().try_into_vec().expect("a float tensor holds floats")
    }

    fn tensor(values: Vec<f32>, width: usize) -> Tensor<4> {
        Tensor::from_data(TensorData::new(values, [1, TIME, 1, width]), &Device::flex())
    }

    #[test]
    fn one_in_the_middle_tap_and_nothing_else_leaves_frames_alone() {
        let frames = Tensor::<4>::random([1, TIME, 1, 6], Distribution::Normal(0.0, 1.0), &Device::flex());
        // Three bins: real and imaginary parts of the tap before, of the middle one, of the one after.
        let row = [vec![0.0; 6], vec![1.0, 1.0, 1.0, 0.0, 0.0, 0.0], vec![0.0; 6]].concat();
        let same = filtered(&frames, &tensor(row.repeat(TIME), 18), 3);
        assert_eq!(numbers(same), numbers(frames));
    }

    #[test]
    fn both_ways_to_a_filter_are_one() {
        let random = |width| Tensor::<4>::random([2, 3, 4, width], Distribution::Normal(0.0, 1.0), &Device::flex());
        let (near, coefficients) = ((0..5).map(|_| [random(3), random(3)]).collect::<Vec<_>>(), random(30));
        let apart = tap_by_tap(near.clone(), &coefficients) - at_once(near, &coefficients);
        assert!(apart.abs().max().into_scalar::<f32>() < 1e-5);
    }

    #[test]
    fn taps_that_turn_neighbours_back_add_a_partial_up_in_phase() {
        let turn = 0.7f32;
        let partial = |time: usize| [(turn * time as f32).cos(), (turn * time as f32).sin()];
        let frames = tensor((0..TIME).flat_map(partial).collect(), 2);
        // The frame before is one turn behind, the one after one ahead.
        let row = [turn.cos(), turn.sin(), 1.0, 0.0, turn.cos(), -turn.sin()];
        let sum = numbers(filtered(&frames, &tensor(row.repeat(TIME), 6), 3));
        for time in 1..TIME - 1 {
            let [re, im] = partial(time);
            assert!((sum[2 * time] - 3.0 * re).abs() < 1e-5 && (sum[2 * time + 1] - 3.0 * im).abs() < 1e-5, "frame {time}");
        }
        // At the ends one neighbour is missing.
        assert!((sum[0] - 2.0).abs() < 1e-5, "{}", sum[0]);
    }
}
