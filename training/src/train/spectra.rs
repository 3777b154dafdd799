//! Companded spectra of many stretches at once, on the device that trains: the transform is one matrix product there, so only sound has to
//! be sent.

use burn::tensor::{Device, Tensor, TensorData};
use turnaround_core::spectrum::{Companding, Stft};

/// Keeps the power of a silent bin from dividing by zero; in units of full scale squared, far below 16 bits.
const SILENCE: f64 = 1e-14;

/// The transform of [`Stft`] and the companding after it, as tensors.
pub struct Spectra {
    /// `[sample of a frame, 2·bin]`, window and unit included.
    transform: Tensor<2>,
    /// `[1, 1, bin]`.
    per_scale: Tensor<3>,
    exponent: f32,
    hop: usize,
}

impl Spectra {
    /// On a device.
    pub fn new(stft: &Stft, companding: &Companding, device: &Device) -> Self {
        let (hop, bins) = (stft.hop(), companding.bin_scale.len());
        let plain = Companding::unscaled(1.0, bins);
        // What the transform makes of each sample of a frame alone is its matrix, row by row.
        let rows: Vec<f32> = (0..2 * hop)
            .flat_map(|sample| {
                let mut impulse = vec![0.0; 2 * hop];
                impulse[sample] = 1.0;
                stft.analyse(&impulse, &plain)
            })
            .collect();
        let per_scale: Vec<f32> = companding.bin_scale.iter().map(|scale| 1.0 / scale).collect();
        Self {
            transform: Tensor::from_data(TensorData::new(rows, [2 * hop, 2 * bins]), device),
            per_scale: Tensor::from_data(TensorData::new(per_scale, [1, 1, bins]), device),
            exponent: companding.exponent,
            hop,
        }
    }

    /// `[sample]` of `batch` stretches of as many hops each, one after the other, to `[batch, hop − 1, 2·bin]`.
    pub fn analyse(&self, audio: Vec<f32>, batch: usize) -> Tensor<3> {
        let hops = audio.len() / batch / self.hop;
        let audio = Tensor::<3>::from_data(TensorData::new(audio, [batch, hops, self.hop]), &self.transform.device());
        let frames = hops - 1;
        let halves = vec![audio.clone().narrow(1, 0, frames), audio.narrow(1, 1, frames)];
        let rows = Tensor::cat(halves, 2).reshape([batch * frames, 2 * self.hop]);
        let spectra = rows.matmul(self.transform.clone());
        let width = spectra.dims()[1];
        let spectra = spectra.reshape([batch, frames, width]);
        let (re, im) = (spectra.clone().narrow(2, 0, width / 2), spectra.narrow(2, width / 2, width / 2));
        let power = re.clone() * re.clone() + im.clone() * im.clone() + SILENCE;
        let factor = power.powf_scalar(0.5 * (self.exponent - 1.0)) * self.per_scale.clone();
        Tensor::cat(vec![re * factor.clone(), im * factor], 2)
    }
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use super::*;

    #[test]
    fn a_device_hears_what_the_transform_hears() {
        const HOP: usize = 32;
        let stft = Stft::new(HOP);
        let companding = Companding { exponent: 0.65, bin_scale: (1..=HOP).map(|bin| 0.1 * bin as f32).collect() };
        let audio: Vec<f32> = (0..2 * 6 * HOP).map(|i| 0.4 * (0.3 * i as f32).sin() + 0.1 * (1.9 * i as f32).cos()).collect();
        let expected: Vec<f32> = audio.chunks_exact(6 * HOP).flat_map(|audio| stft.analyse(audio, &companding)).collect();
        let found = Spectra::new(&stft, &companding, &Device::flex()).analyse(audio, 2);
        assert_eq!(found.dims(), [2, 5, 2 * HOP]);
        let found: Vec<f32> = found.into_data().try_into_vec().expect("floats");
        let worst = found.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        // The largest numbers here are around 5; the floor under silence shows in the quietest bins.
        assert!(worst < 5e-3, "they differ by {worst}");
    }
}
