//! Stretches of the corpus as batches of STFT frames, the tokenizer's food.

use std::sync::Arc;

use burn::tensor::{Device, Tensor, TensorData};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use turnaround_core::contract::Sizes;
use turnaround_core::spectrum::{Companding, Stft};

use super::random;
use super::spectra::Spectra;
use crate::corpus::{Corpus, Split};

/// Exponent applied to magnitudes, as in music2latent (Pasini et al., arXiv 2408.06500).
pub const COMPAND_EXPONENT: f32 = 0.65;

/// Quietest root mean square of a stretch worth learning from.
const SILENCE: f32 = 1e-3;

/// Stretches that the scale of the bins is measured on.
const MEASURED: usize = 400;

/// Draws stretches and turns them into frames.
pub struct FrameSource {
    corpus: Arc<Corpus>,
    companding: Companding,
    spectra: Spectra,
    train_units: Vec<usize>,
    validation_units: Vec<usize>,
    frames: usize,
    hop: usize,
}

impl FrameSource {
    /// A source of stretches of `frames` frames on `device`. The scale of the bins is the one given, or else measured on the training
    /// split, which must not be empty.
    pub fn new(
        corpus: Arc<Corpus>,
        sizes: &Sizes,
        frames: usize,
        bin_scale: Option<Vec<f32>>,
        seed: u64,
        device: &Device,
    ) -> Self {
        let (train_units, validation_units) = (corpus.of(Split::Train), corpus.of(Split::Validation));
        let stft = Stft::new(sizes.hop);
        let mut companding = Companding::unscaled(COMPAND_EXPONENT, sizes.bins);
        let spectra = Spectra::new(&stft, &companding, device);
        let mut source =
            Self { corpus, companding: companding.clone(), spectra, train_units, validation_units, frames, hop: sizes.hop };
        companding.bin_scale = bin_scale.unwrap_or_else(|| source.measure_bin_scale(&stft, seed));
        source.spectra = Spectra::new(&stft, &companding, device);
        source.companding = companding;
        source
    }

    /// The companding this source applies.
    pub fn companding(&self) -> &Companding {
        &self.companding
    }

    /// Standard deviation of every bin over [`MEASURED`] stretches; bins that hardly ever sound are floored at 0.002 of the loudest,
    /// lest their rounding noise be blown up.
    fn measure_bin_scale(&self, stft: &Stft, seed: u64) -> Vec<f32> {
        let mut random = random::of_step(seed, "bin scale", 0);
        let bins = self.companding.bin_scale.len();
        let (mut squares, mut count) = (vec![0f64; bins], 0usize);
        for _ in 0..MEASURED {
            for row in stft.analyse(&self.stretch(&self.train_units, &mut random), &self.companding).chunks_exact(2 * bins) {
                for (square, (re, im)) in squares.iter_mut().zip(row[..bins].iter().zip(&row[bins..])) {
                    *square += f64::from(re * re + im * im) / 2.0;
                }
                count += 1;
            }
        }
        let deviation: Vec<f32> = squares.iter().map(|square| (square / count.max(1) as f64).sqrt() as f32).collect();
        let floor = 2e-3 * deviation.iter().copied().fold(0.0, f32::max).max(1e-6);
        deviation.into_iter().map(|x| x.max(floor)).collect()
    }

    /// `[batch, frame, 2·bin]` scaled companded frames of random stretches, at random loudness and turned by a random phase each, which
    /// no ear hears and no network may rely on.
    pub fn batch(&self, random: &mut impl Rng, batch: usize) -> Tensor<3> {
        let seeds: Vec<u64> = (0..batch).map(|_| random.random()).collect();
        let stretch = |seed| self.stretch(&self.train_units, &mut ChaCha8Rng::seed_from_u64(seed));
        let audio: Vec<f32> = seeds.par_iter().flat_map_iter(|&seed| stretch(seed)).collect();
        self.turned_frames(audio, batch, random)
    }

    /// The same of whole `units` of at most `frames` frames each: `[unit, frame, 2·bin]`.
    pub fn bars(&self, random: &mut impl Rng, units: &[usize], frames: usize) -> Tensor<3> {
        let length = (frames + 1) * self.hop;
        let mut audio = Vec::with_capacity(units.len() * length);
        for &unit in units {
            let gain = random_gain(random);
            // Half a hop before the unit puts each frame's centre in the middle of its hop.
            let start = self.corpus.units[unit].start as i64 - (self.hop / 2) as i64;
            audio.extend(self.corpus.window(start, length).iter().map(|x| x * gain));
        }
        self.turned_frames(audio, units.len(), random)
    }

    /// `[1, frame, 2·bin]` of one row of sound.
    pub fn frames_of(&self, audio: Vec<f32>) -> Tensor<3> {
        self.spectra.analyse(audio, 1)
    }

    fn turned_frames(&self, audio: Vec<f32>, batch: usize, random: &mut impl Rng) -> Tensor<3> {
        let angle: Vec<f32> = (0..batch).map(|_| random.random_range(0.0..std::f32::consts::TAU)).collect();
        turned(self.spectra.analyse(audio, batch), angle)
    }

    /// `[1, frame, 2·bin]` of one stretch that no network was trained on.
    pub fn held_out(&self, random: &mut impl Rng) -> Tensor<3> {
        self.spectra.analyse(self.stretch(&self.validation_units, random), 1)
    }

    /// Sound for one row of frames, around one of `units`.
    fn stretch(&self, units: &[usize], random: &mut impl Rng) -> Vec<f32> {
        let length = self.hop * (self.frames + 1);
        loop {
            let unit = &self.corpus.units[units[random.random_range(0..units.len())]];
            let gain = random_gain(random);
            let jitter = random.random_range(-(length as i64) / 2..length as i64 / 2);
            let audio: Vec<f32> = self.corpus.window(unit.start as i64 + jitter, length).iter().map(|x| x * gain).collect();
            let energy = audio.iter().map(|x| x * x).sum::<f32>() / length as f32;
            if energy.sqrt() > SILENCE {
                return audio;
            }
        }
    }
}

/// A factor from −9 to 3 dB.
fn random_gain(random: &mut impl Rng) -> f32 {
    10f32.powf(random.random_range(-9.0..3.0) / 20.0)
}

/// Every complex number of a stretch turned by its angle in radians. `[batch, frame, 2·bin]` both.
fn turned(frames: Tensor<3>, angle: Vec<f32>) -> Tensor<3> {
    let (batch, bins) = (angle.len(), frames.dims()[2] / 2);
    let angle = Tensor::<3>::from_data(TensorData::new(angle, [batch, 1, 1]), &frames.device());
    let (cosine, sine) = (angle.clone().cos(), angle.sin());
    let (re, im) = (frames.clone().narrow(2, 0, bins), frames.narrow(2, bins, bins));
    let turned_re = re.clone() * cosine.clone() - im.clone() * sine.clone();
    Tensor::cat(vec![turned_re, re * sine + im * cosine], 2)
}
