//! From what the latents expect to sound: the sampling loop around the tokenizer's decoder.
//!
//! Training, evaluation and use all sample here, each with its own way of calling the network.

use crate::noise::{GaussianNoise, blend, kappa_euler_step, levels_down_to};
use crate::phase::synthesise_agreeing;
use crate::spectrum::{Companding, Stft};

/// Rounds in which overlapping frames bring their phases together after the last call; more were measured to gain nothing.
const PHASE_ROUNDS: usize = 8;

/// Frames whose sound is known and must come out as it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    /// The companded frames of the whole stretch, `[frame, 2 · bin]`; those that are not known are not read.
    pub frames: Vec<f32>,
    /// For each frame, whether it is known.
    pub is_known: Vec<bool>,
}

/// How far sampled magnitudes are moved towards those the latents expect, on a logarithmic scale: 0 leaves them, 1 replaces them.
///
/// A sample scatters around what the latents tell as music does, but not as *this* music did, so its own scatter adds to the difference;
/// the phases it found are what it is worth. On 32 bars of validation compositions mel was 0.248, 0.238, 0.231, 0.229 and 0.237 at 0, ¼, ½, ¾
/// and 1, and 0.244 without any call.
pub const TOWARDS_EXPECTED: f32 = 0.75;

/// Calls of the decoder's network for a stretch. More find no more; see [`levels`].
pub const CALLS: usize = 1;

/// The noise level at which the last call hears what it is given.
///
/// What that level is decides how a stretch sounds, and how many calls came before it hardly at all: at 0.8 one, two, three, four and eight
/// calls are equal in mel, chroma and musicnn's Fréchet distance (`training/experiments/0018-one-call.md`). A call that takes most of what
/// it hears for noise leans on the latents, and what it finds agrees better with them.
const LAST: f32 = 0.8;

/// Noise levels to 0 at which a number of calls are made, one between each two.
pub fn levels(calls: usize) -> Vec<f32> {
    levels_down_to(LAST, calls)
}

/// What surrounds the decoder's network.
#[derive(Clone, Copy, Debug)]
pub struct Sampler<'a> {
    /// Frames to sound.
    pub stft: &'a Stft,
    /// Frames to true magnitudes.
    pub companding: &'a Companding,
    /// What decoded companded frames are multiplied by, `[bin]`, so that on average they are as loud as music.
    pub gain: &'a [f32],
    /// As [`TOWARDS_EXPECTED`], from 0 to 1.
    pub towards_expected: f32,
}

impl Sampler<'_> {
    /// Samples a stretch: `[sample]` of `hop · (F + 1)`, of which the first and the last hop lie under one frame only and are faded.
    ///
    /// `levels` are noise levels down to 0 as [`levels`] makes them, and one call is made between each two. `scale` `[frame, bin]` is the
    /// expected deviation of each bin; from it on, frames are in its units, where music and noise are equally loud: what the kappa
    /// correction asks for. The start is noise whose phases are free but whose magnitudes are all as expected, which measured better than
    /// Gaussian ones at any number of calls. `denoise` is one network call, from noisy frames `[frame, 2 · bin]` and their noise level to
    /// clean frames. No call at all plays what the latents expect.
    ///
    /// # Errors
    /// Those of `denoise`.
    ///
    /// # Panics
    /// If `scale` is not whole frames, or `known` has other frames than it.
    pub fn sample<E>(
        &self,
        scale: &[f32],
        known: Option<&Known>,
        levels: &[f32],
        seed: u64,
        mut denoise: impl FnMut(&[f32], f32) -> Result<Vec<f32>, E>,
    ) -> Result<Vec<f32>, E> {
        let row = 2 * self.stft.hop();
        let scale: Vec<f32> = scale.chunks_exact(self.stft.hop()).flat_map(|frame| frame.repeat(2)).collect();
        let noise = random_phases(seed, scale.len(), self.stft.hop());
        let held = known.map(|known| Held { frames: divided(&known.frames, &scale), is_known: &known.is_known, row });
        let hold = |noisy: &mut [f32], level: f32| held.iter().for_each(|held| held.apply(noisy, &noise, level));

        let mut noisy = noise.clone();
        let start = levels.first().map_or(1.0, |&level| loudness_at(level));
        noisy.iter_mut().for_each(|value| *value *= start);
        for pair in levels.windows(2) {
            let (from, to) = (pair[0], pair[1]);
            hold(&mut noisy, from);
            let clean = denoise(&noisy, from)?;
            kappa_euler_step(&mut noisy, &clean, from, to);
        }

        move_towards_expected(&mut noisy, self.stft.hop(), self.towards_expected);
        let is_known = |frame: usize| known.is_some_and(|known| known.is_known[frame]);
        for (frame, values) in noisy.chunks_exact_mut(row).enumerate() {
            if let Some(known) = known.filter(|_| is_known(frame)) {
                values.copy_from_slice(&known.frames[frame * row..(frame + 1) * row]);
                continue;
            }
            let factors = scale[frame * row..].iter().zip(self.gain.iter().cycle());
            values.iter_mut().zip(factors).for_each(|(value, (scale, gain))| *value *= scale * gain);
        }
        Ok(synthesise_agreeing(self.stft, self.companding, &noisy, is_known, PHASE_ROUNDS))
    }
}

/// How loud music in noise of a level is where both by themselves have unit deviation. A first call that hears noise alone, and takes some
/// of it for music, is given it as loud as that.
fn loudness_at(level: f32) -> f32 {
    (1.0 - level).hypot(level)
}

/// Known frames in units of the scale.
struct Held<'a> {
    frames: Vec<f32>,
    is_known: &'a [bool],
    row: usize,
}

impl Held<'_> {
    /// Overwrites known frames with their sound at a noise level, so that the network continues it.
    fn apply(&self, noisy: &mut [f32], noise: &[f32], level: f32) {
        for (frame, _) in self.is_known.iter().enumerate().filter(|(_, is_known)| **is_known) {
            let range = frame * self.row..(frame + 1) * self.row;
            noisy[range.clone()].copy_from_slice(&blend(&self.frames[range.clone()], &noise[range], level));
        }
    }
}

/// Moves complex numbers in units of the scale a share of the way to the magnitude that is expected there, √2. Phases stay.
fn move_towards_expected(rows: &mut [f32], bins: usize, share: f32) {
    for row in rows.chunks_exact_mut(2 * bins) {
        let (real, imaginary) = row.split_at_mut(bins);
        for (re, im) in real.iter_mut().zip(imaginary) {
            let magnitude = re.hypot(*im).max(f32::MIN_POSITIVE);
            let factor = (std::f32::consts::SQRT_2 / magnitude).powf(share);
            (*re, *im) = (*re * factor, *im * factor);
        }
    }
}

/// A scale of nothing would make numbers that are none; networks keep theirs above a floor, but a file may hold anything.
fn divided(frames: &[f32], scale: &[f32]) -> Vec<f32> {
    frames.iter().zip(scale).map(|(x, scale)| x / scale.max(f32::MIN_POSITIVE)).collect()
}

/// Complex numbers of magnitude √2 and any phase, rows of `bins` real parts and then as many imaginary ones: unit variance in each.
fn random_phases(seed: u64, length: usize, bins: usize) -> Vec<f32> {
    let mut values = vec![0.0; length];
    GaussianNoise::new(seed).fill(&mut values);
    for row in values.chunks_exact_mut(2 * bins) {
        let (real, imaginary) = row.split_at_mut(bins);
        for (re, im) in real.iter_mut().zip(imaginary) {
            let factor = std::f32::consts::SQRT_2 / re.hypot(*im).max(f32::MIN_POSITIVE);
            (*re, *im) = (*re * factor, *im * factor);
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::convert::Infallible;

    const HOP: usize = 64;
    const FRAMES: usize = 20;

    fn companding() -> Companding {
        Companding { exponent: 0.65, bin_scale: vec![0.7; HOP] }
    }

    fn tone() -> Vec<f32> {
        (0..HOP * (FRAMES + 1)).map(|i| 0.3 * (0.37 * i as f32).sin()).collect()
    }

    fn sample(scale: &[f32], gain: f32, levels: &[f32], clean: &[f32]) -> Vec<f32> {
        let (stft, companding, gain) = (Stft::new(HOP), companding(), vec![gain; HOP]);
        let sampler = Sampler { stft: &stft, companding: &companding, gain: &gain, towards_expected: 0.0 };
        sampler.sample(scale, None, levels, 7, |_, _| Ok::<_, Infallible>(clean.to_vec())).unwrap()
    }

    fn worst(a: &[f32], b: &[f32]) -> f32 {
        a.iter().zip(b).skip(12 * HOP).take(4 * HOP).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
    }

    #[test]
    fn a_network_that_knows_the_frames_gives_the_sound_back() {
        let frames = Stft::new(HOP).analyse(&tone(), &companding());
        let scale = vec![0.5; FRAMES * HOP];
        let clean: Vec<f32> = frames.iter().map(|x| x / 0.5).collect();
        // From pure noise a call goes straight to the prediction; closer to the music, the mean that it is is raised.
        let sound = sample(&scale, 1.0, &[1.0, 0.0], &clean);
        assert!(worst(&sound, &tone()) < 2e-3, "{}", worst(&sound, &tone()));
    }

    #[test]
    fn the_last_call_is_made_at_its_level_whatever_comes_before_it() {
        assert_eq!((levels(0), levels(1), levels(2)), (vec![], vec![LAST, 0.0], vec![1.0, LAST, 0.0]));
    }

    #[test]
    fn a_first_call_hears_noise_as_loud_as_music_in_noise_of_its_level() {
        for (level, expected) in [(1.0, 2.0), (0.5, 1.0), (0.8, 2.0 * 0.68)] {
            let mut power = 0.0;
            let (stft, companding, gain) = (Stft::new(HOP), companding(), vec![1.0; HOP]);
            let sampler = Sampler { stft: &stft, companding: &companding, gain: &gain, towards_expected: 0.0 };
            let heard = sampler.sample(&vec![0.5; FRAMES * HOP], None, &[level, 0.0], 7, |noisy, _| {
                power = noisy[0].powi(2) + noisy[HOP].powi(2);
                Ok::<_, Infallible>(noisy.to_vec())
            });
            assert!(heard.is_ok() && (power - expected).abs() < 1e-5, "{level}: {power}");
        }
    }

    #[test]
    fn the_gain_is_one_of_companded_magnitudes() {
        let frames = Stft::new(HOP).analyse(&tone(), &companding());
        let scale = vec![1.0; FRAMES * HOP];
        let louder = sample(&scale, 2f32.powf(0.65), &[1.0, 0.0], &frames);
        let twice: Vec<f32> = tone().iter().map(|x| 2.0 * x).collect();
        assert!(worst(&louder, &twice) < 4e-3, "{}", worst(&louder, &twice));
    }

    #[test]
    fn sampled_magnitudes_move_their_share_of_the_way_to_those_expected() {
        let mut rows = [3.0, 0.2, 4.0, 0.0];
        let before = [5.0_f32, 0.2];
        move_towards_expected(&mut rows, 2, 0.5);
        for (bin, before) in before.into_iter().enumerate() {
            let after = rows[bin].hypot(rows[2 + bin]);
            assert!((after - (before * std::f32::consts::SQRT_2).sqrt()).abs() < 1e-5, "{before} became {after}");
        }
        assert!((rows[2] / rows[0] - 4.0 / 3.0).abs() < 1e-5, "phases stay");
        let mut silent = [0.0; 4];
        move_towards_expected(&mut silent, 2, 0.75);
        assert_eq!(silent, [0.0; 4]);
    }

    #[test]
    fn without_a_call_every_bin_is_as_loud_as_expected() {
        let scale: Vec<f32> = (0..FRAMES * HOP).map(|i| if i % HOP == 20 { 1.0 } else { 1e-6 }).collect();
        let sound = sample(&scale, 1.0, &[], &[]);
        let frames = Stft::new(HOP).analyse(&sound, &companding());
        let loudness = |bin: usize| {
            let rows = frames.chunks_exact(2 * HOP).skip(4).take(FRAMES - 8);
            rows.map(|row| row[bin].hypot(row[HOP + bin])).sum::<f32>() / (FRAMES - 8) as f32
        };
        assert!((1.0..2.0).contains(&loudness(20)), "{}", loudness(20));
        assert!(loudness(40) < 0.05, "{}", loudness(40));
    }

    #[test]
    fn known_frames_come_out_as_they_are_and_are_heard_noisy_by_the_network() {
        let frames = Stft::new(HOP).analyse(&tone(), &companding());
        let is_known: Vec<bool> = (0..FRAMES).map(|frame| frame < FRAMES / 2).collect();
        let known = Known { frames: frames.clone(), is_known };
        let (stft, companding, gain) = (Stft::new(HOP), companding(), vec![3.0; HOP]);
        let sampler = Sampler { stft: &stft, companding: &companding, gain: &gain, towards_expected: 0.0 };
        let mut heard = Vec::new();
        let scale = vec![0.5; FRAMES * HOP];
        const SECOND: f32 = 0.7;
        let sound = sampler.sample(&scale, Some(&known), &[1.0, SECOND, 0.0], 7, |noisy, level| {
            heard.push((level, noisy[..2 * HOP].to_vec()));
            Ok::<_, Infallible>(vec![0.0; noisy.len()])
        });
        let before_any_unknown = HOP..HOP * (FRAMES / 2);
        for i in before_any_unknown {
            assert!((sound.as_ref().unwrap()[i] - tone()[i]).abs() < 1e-4, "sample {i}");
        }
        assert_eq!(heard.iter().map(|(level, _)| *level).collect::<Vec<_>>(), [1.0, SECOND]);
        let noise = random_phases(7, FRAMES * 2 * HOP, HOP);
        let mixed = |(x, e): (&f32, &f32)| (1.0 - SECOND) * x / 0.5 + SECOND * e;
        let mixed: Vec<f32> = frames.iter().zip(&noise).take(2 * HOP).map(mixed).collect();
        assert!(heard[1].1.iter().zip(&mixed).all(|(a, b)| (a - b).abs() < 1e-5));
    }

    #[test]
    fn random_phases_have_one_magnitude_and_no_direction() {
        let noise = random_phases(3, 100 * 2 * HOP, HOP);
        let mut sum = (0.0, 0.0);
        for row in noise.chunks_exact(2 * HOP) {
            for bin in 0..HOP {
                assert!((row[bin].hypot(row[HOP + bin]) - std::f32::consts::SQRT_2).abs() < 1e-5);
                sum = (sum.0 + f64::from(row[bin]), sum.1 + f64::from(row[HOP + bin]));
            }
        }
        // Five standard errors of 6 400 draws.
        assert!(sum.0.abs() / 6400.0 < 0.063 && sum.1.abs() / 6400.0 < 0.063, "{sum:?}");
    }

    #[test]
    fn what_the_network_cannot_do_is_handed_on() {
        let (stft, companding, gain) = (Stft::new(HOP), companding(), vec![1.0; HOP]);
        let sampler = Sampler { stft: &stft, companding: &companding, gain: &gain, towards_expected: 0.0 };
        assert_eq!(sampler.sample(&vec![1.0; FRAMES * HOP], None, &levels(4), 1, |_, _| Err("broken")), Err("broken"));
    }
}
