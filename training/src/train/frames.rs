//! Stretches of the corpus as batches of STFT frames, the tokenizer's food.

use std::sync::Arc;

use burn::tensor::{Device, Tensor, TensorData};
use rand::Rng;
use turnaround_core::contract::Sizes;
use turnaround_core::spectrum::{Companding, Stft};

use super::random;
use crate::corpus::{Corpus, Split};

/// Exponent applied to magnitudes, as in music2latent (Pasini et al., arXiv 2408.06500).
pub const COMPAND_EXPONENT: f32 = 0.65;

/// Quietest root mean square of a stretch worth learning from.
const SILENCE: f32 = 1e-3;

/// Draws stretches and turns them into frames.
pub struct FrameSource {
    corpus: Arc<Corpus>,
    stft: Stft,
    companding: Companding,
    train_units: Vec<usize>,
    frames: usize,
    hop: usize,
}

impl FrameSource {
    /// A source of stretches of `frames` frames, its bin scale measured on the training split, which must not be empty.
    pub fn new(corpus: Arc<Corpus>, sizes: &Sizes, frames: usize, seed: u64) -> Self {
        let train_units = corpus.of(Split::Train);
        let flat = Companding { exponent: COMPAND_EXPONENT, bin_scale: vec![1.0; sizes.bins] };
        let mut source = Self { corpus, stft: Stft::new(sizes.hop), companding: flat, train_units, frames, hop: sizes.hop };
        source.companding.bin_scale = source.measure_bin_scale(seed, sizes.bins);
        source
    }

    /// The companding this source applies.
    pub fn companding(&self) -> &Companding {
        &self.companding
    }

    /// Standard deviation of every bin over 400 stretches; bins that hardly ever sound are floored at 0.002 of the loudest, lest
    /// their rounding noise be blown up.
    fn measure_bin_scale(&self, seed: u64, bins: usize) -> Vec<f32> {
        let mut random = random::of_step(seed, "bin scale", 0);
        let (mut squares, mut count) = (vec![0f64; bins], 0usize);
        for _ in 0..400 {
            for row in self.stretch(&mut random).chunks_exact(2 * bins) {
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

    /// `[batch, frame, 2·bin]` scaled companded frames of random stretches, at random loudness.
    pub fn batch(&self, random: &mut impl Rng, batch: usize, device: &Device) -> Tensor<3> {
        let mut values = Vec::new();
        for _ in 0..batch {
            values.extend(self.stretch(random));
        }
        let width = values.len() / (batch * self.frames);
        Tensor::from_data(TensorData::new(values, [batch, self.frames, width]), device)
    }

    fn stretch(&self, random: &mut impl Rng) -> Vec<f32> {
        let length = self.hop * (self.frames + 1);
        loop {
            let unit = &self.corpus.units[self.train_units[random.random_range(0..self.train_units.len())]];
            let gain = 10f32.powf(random.random_range(-9.0..3.0) / 20.0);
            let jitter = random.random_range(-(length as i64) / 2..length as i64 / 2);
            let audio: Vec<f32> = self.corpus.window(unit.start as i64 + jitter, length).iter().map(|x| x * gain).collect();
            let energy = audio.iter().map(|x| x * x).sum::<f32>() / length as f32;
            if energy.sqrt() > SILENCE {
                return self.stft.analyse(&audio, &self.companding);
            }
        }
    }
}
