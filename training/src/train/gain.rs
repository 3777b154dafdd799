//! How much too soft decoded sound is, bin by bin, so that use can make up for it.
//!
//! The scale that the latents tell is right on average in companded magnitude. Sound adds up true energies, which grow with a higher
//! power, so an average that is right there is too low here, the more the less sure the network is.

use burn::tensor::Tensor;
use indicatif::ProgressIterator;
use rand_chacha::ChaCha8Rng;
use turnaround_core::contract::Sizes;
use turnaround_core::sampler::CALLS;
use turnaround_core::spectrum::{Companding, Stft};

use super::decode::Decoding;
use super::frames::FrameSource;
use super::latents::numbers;
use super::random;
use crate::networks::condition::Condition;
use crate::networks::denoiser::Denoiser;
use crate::networks::layers::Precision;
use crate::networks::tokenizer::Tokenizer;

/// Stretches that are decoded, each by as many calls as in use by default.
const STRETCHES: usize = 48;

/// Bins on each side that a gain is averaged with; single bins of so little sound are chance.
const NEIGHBOURS: usize = 8;

/// A gain further from 1 would be a sign of a decoder that decodes nothing, and loud noise.
const MOST_GAIN: f64 = 4.0;

/// The factor on companded decoded bins `[bin]` that gives training stretches the long-time energy they had.
pub fn measure(tokenizer: &Tokenizer, source: &FrameSource, sizes: &Sizes, seed: u64) -> Vec<f32> {
    let companding = source.companding();
    measure_drawn(&tokenizer.decoder.denoiser, companding, sizes, seed, |dice| {
        let frames = source.batch(dice, 1);
        let latents = tokenizer.encoder.forward(frames.clone(), Precision::Full);
        (frames, tokenizer.decoder.condition.forward(latents, Precision::Full))
    })
}

/// The same of anything that draws training frames `[1, frame, 2·bin]` and tells the condition that their latents give.
pub fn measure_drawn(
    denoiser: &Denoiser,
    companding: &Companding,
    sizes: &Sizes,
    seed: u64,
    mut draw: impl FnMut(&mut ChaCha8Rng) -> (Tensor<3>, Condition),
) -> Vec<f32> {
    let stft = Stft::new(sizes.hop);
    let plain = Companding::unscaled(1.0, sizes.bins);
    let (mut wanted, mut found) = (vec![0.0; sizes.bins], vec![0.0; sizes.bins]);
    let gain = vec![1.0; sizes.bins];
    let decoding = Decoding { denoiser, companding, stft: &stft, gain: &gain };
    let mut dice = random::of_step(seed, "decoded gain", 0);
    for index in (0..STRETCHES).progress() {
        let (frames, condition) = draw(&mut dice);
        let original = stft.synthesise(&numbers(frames), companding);
        let decoded = decoding.sound(&condition, CALLS, seed + index as u64);
        add_energy(&mut wanted, &stft.analyse(&original, &plain));
        add_energy(&mut found, &stft.analyse(&decoded, &plain));
    }
    let exponent = 0.5 * f64::from(companding.exponent);
    (0..sizes.bins)
        .map(|bin| {
            let near = bin.saturating_sub(NEIGHBOURS)..(bin + NEIGHBOURS + 1).min(sizes.bins);
            let ratio = wanted[near.clone()].iter().sum::<f64>() / found[near].iter().sum::<f64>().max(f64::MIN_POSITIVE);
            ratio.powf(exponent).clamp(1.0 / MOST_GAIN, MOST_GAIN) as f32
        })
        .collect()
}

/// Adds the energy of every bin of rows `[frame, 2 · bin]`.
fn add_energy(sums: &mut [f64], rows: &[f32]) {
    let bins = sums.len();
    for row in rows.chunks_exact(2 * bins) {
        for (sum, (re, im)) in sums.iter_mut().zip(row[..bins].iter().zip(&row[bins..])) {
            *sum += f64::from(re * re + im * im);
        }
    }
}
