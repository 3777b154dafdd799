//! Phases that agree: frames that overlap must tell the same story about the sound between them.
//!
//! Frames a network wrote are loud where they should be, but two neighbours seldom agree on the phase of a partial; where they do not,
//! overlap-add cancels them, and a tone comes out as noise and up to 3 dB too soft.

use crate::spectrum::{Companding, Stft};

/// Synthesises companded frames after some rounds that bring the phases of overlapping frames together and leave every magnitude as it
/// was.
///
/// `frames` is `[frame, 2 · hop]` as [`Stft::analyse`] makes it; frames that `is_known` marks are left alone in phase too, and the others
/// fall in with them. No round at all is [`Stft::synthesise`]. One costs a synthesis and an analysis; most is won in the first eight.
///
/// Source: Griffin and Lim, Signal estimation from modified short-time Fourier transform (1984), section III, started from the phases
/// given instead of none.
///
/// # Panics
/// If `frames` is not whole frames, `companding` has another number of bins than the hop, or `is_known` is not one for each frame.
pub fn synthesise_agreeing(
    stft: &Stft,
    companding: &Companding,
    frames: &[f32],
    is_known: impl Fn(usize) -> bool,
    rounds: usize,
) -> Vec<f32> {
    let hop = stft.hop();
    let plain = Companding::unscaled(1.0, hop);
    let mut linear = companding.expanded(frames);
    let magnitudes: Vec<f32> =
        linear.chunks_exact(2 * hop).flat_map(|row| (0..hop).map(|bin| row[bin].hypot(row[hop + bin]))).collect();
    for _ in 0..rounds {
        let heard = stft.analyse(&stft.synthesise(&linear, &plain), &plain);
        let rows = linear.chunks_exact_mut(2 * hop).zip(heard.chunks_exact(2 * hop)).zip(magnitudes.chunks_exact(hop));
        for (_, ((row, heard), magnitudes)) in rows.enumerate().filter(|(frame, _)| !is_known(*frame)) {
            take_phases(row, heard, magnitudes);
        }
    }
    stft.synthesise(&linear, &plain)
}

/// The phases of `heard` at the magnitudes given. A bin that cancelled altogether keeps what it had.
fn take_phases(row: &mut [f32], heard: &[f32], magnitudes: &[f32]) {
    let bins = magnitudes.len();
    for (bin, &magnitude) in magnitudes.iter().enumerate() {
        let (re, im) = (heard[bin], heard[bins + bin]);
        let norm = re.hypot(im);
        if norm > f32::MIN_POSITIVE {
            row[bin] = re * (magnitude / norm);
            row[bins + bin] = im * (magnitude / norm);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::noise::GaussianNoise;

    const HOP: usize = 128;
    const FRAMES: usize = 40;

    fn companding() -> Companding {
        Companding { exponent: 0.65, bin_scale: vec![0.5; HOP] }
    }

    /// A chord, and its frames.
    fn chord(stft: &Stft) -> (Vec<f32>, Vec<f32>) {
        let tone = |i: usize, turn: f64| (turn * i as f64).sin() as f32;
        let samples: Vec<f32> = (0..HOP * (FRAMES + 1)).map(|i| tone(i, 0.1) + tone(i, 0.273) + tone(i, 0.9)).collect();
        let frames = stft.analyse(&samples, &companding());
        (samples, frames)
    }

    /// The same magnitudes, any phase.
    fn scrambled(frames: &[f32]) -> Vec<f32> {
        let mut noise = GaussianNoise::new(1);
        let mut scrambled = frames.to_vec();
        for row in scrambled.chunks_exact_mut(2 * HOP) {
            for bin in 0..HOP {
                let (magnitude, turn) = (row[bin].hypot(row[HOP + bin]), 10.0 * noise.next());
                (row[bin], row[HOP + bin]) = (magnitude * turn.cos(), magnitude * turn.sin());
            }
        }
        scrambled
    }

    fn energy(samples: &[f32]) -> f64 {
        samples[HOP..samples.len() - HOP].iter().map(|&x| f64::from(x * x)).sum()
    }

    /// How far the frames of a sound are from the frames it was made of, over those frames' length.
    fn disagreement(stft: &Stft, samples: &[f32], frames: &[f32]) -> f64 {
        let magnitude = |row: &[f32], bin: usize| f64::from(row[bin].hypot(row[HOP + bin]));
        let heard = stft.analyse(samples, &companding());
        let (mut difference, mut whole) = (0.0, 0.0);
        for (row, heard) in frames.chunks_exact(2 * HOP).zip(heard.chunks_exact(2 * HOP)).skip(1).take(FRAMES - 2) {
            for bin in 0..HOP {
                difference += (magnitude(row, bin) - magnitude(heard, bin)).powi(2);
                whole += magnitude(row, bin).powi(2);
            }
        }
        (difference / whole).sqrt()
    }

    #[test]
    fn frames_that_agree_already_stay_as_they_are() {
        let stft = Stft::new(HOP);
        let (samples, frames) = chord(&stft);
        let back = synthesise_agreeing(&stft, &companding(), &frames, |_| false, 8);
        let error: Vec<f32> = samples.iter().zip(&back).map(|(a, b)| a - b).collect();
        // The first and last hop lie under one frame only; what their phases drift by wanders in by a frame a round.
        let inner = 12 * HOP..samples.len() - 12 * HOP;
        let worst = error[inner].iter().fold(0.0f32, |worst, x| worst.max(x.abs()));
        assert!(worst < 1e-3, "{worst}");
    }

    #[test]
    fn without_a_round_it_is_plain_synthesis() {
        let stft = Stft::new(HOP);
        let frames = scrambled(&chord(&stft).1);
        let (plain, none) =
            (stft.synthesise(&frames, &companding()), synthesise_agreeing(&stft, &companding(), &frames, |_| false, 0));
        let worst = plain.iter().zip(&none).fold(0.0f32, |worst, (a, b)| worst.max((a - b).abs()));
        assert!(worst < 1e-5, "{worst}");
    }

    #[test]
    fn scrambled_phases_cancel_and_rounds_bring_sound_and_level_back() {
        let stft = Stft::new(HOP);
        let (samples, frames) = chord(&stft);
        let scrambled = scrambled(&frames);
        let level = |sound: &[f32]| 10.0 * (energy(sound) / energy(&samples)).log10();
        let at = |rounds| synthesise_agreeing(&stft, &companding(), &scrambled, |_| false, rounds);
        let (none, eight) = (at(0), at(8));
        // In a tight frame of redundancy two, frames with unrelated phases keep half their energy.
        assert!((level(&none) + 3.0).abs() < 0.8, "{} dB", level(&none));
        assert!(level(&eight).abs() < 0.8, "{} dB", level(&eight));
        let (before, after) = (disagreement(&stft, &none, &frames), disagreement(&stft, &eight, &frames));
        assert!(after < 0.6 * before, "{after} of {before}");
    }

    #[test]
    fn known_frames_keep_their_phases_and_the_others_fall_in() {
        let stft = Stft::new(HOP);
        let (samples, frames) = chord(&stft);
        let mut half = scrambled(&frames);
        let known = 2 * HOP * (FRAMES / 2);
        half[..known].copy_from_slice(&frames[..known]);
        let sound = synthesise_agreeing(&stft, &companding(), &half, |frame| frame < FRAMES / 2, 8);
        // Up to the last known frame that no unknown one overlaps.
        let inner = HOP..HOP * (FRAMES / 2);
        let worst = inner.map(|i| (samples[i] - sound[i]).abs()).fold(0.0f32, f32::max);
        assert!(worst < 1e-4, "{worst}");
    }
}
