//! The surface of a shellac record: clicks, a band of hiss, and a swell once a turn.

use std::f64::consts::TAU;

use turnaround_core::filter::LinearPhase;
use turnaround_core::time::SampleRate;

use super::biquad::Biquad;
use super::noise::gaussian;
use super::power::{decibels, ratio, rms, severity};
use super::{Degradation, HZ, Kind};
use crate::corpus::dice::{Dice, derive};

/// Clicks a second, on average.
pub(super) const CLICKS_PER_SECOND: f64 = 60.0;
/// Where the pickup rings when it is hit, in hertz, and how long.
const RING_HZ: f64 = 2200.0;
const RING_QUALITY: f64 = 4.0;
/// The band of the surface's hiss, in hertz.
const HISS_HZ: (f64, f64) = (150.0, 4500.0);
/// Turns a second of a record at 78 rpm.
const TURNS_PER_SECOND: f64 = 1.3;
/// How far the noise swells with each turn, as a share of its level.
const SWELL: f64 = 0.35;
/// Energy of the clicks over that of the hiss.
const CLICKS_OVER_HISS_DB: f64 = 3.0;
/// Degrees of freedom of the clicks' amplitudes: few, so that single clicks stand out.
const FREEDOM: usize = 3;
/// The largest amplitude of a click in units of the usual one; Student's distribution itself has no end.
const LOUDEST_CLICK: f64 = 12.0;

/// Adds a record's surface at `level_db` of full scale, -38 to -28. The label's SNR is what that came to below this music.
pub fn crackle(audio: &mut [f32], level_db: f64, seed: u64) -> Degradation {
    let music = rms(audio);
    let noise = surface(audio.len(), seed);
    let gain = (ratio(level_db) / rms(&noise).max(f64::MIN_POSITIVE)) as f32;
    audio.iter_mut().zip(&noise).for_each(|(sample, noise)| *sample += gain * noise);
    Degradation::new(Kind::Crackle, severity(level_db, -42.0, -28.0)).with_snr(decibels(music) - level_db)
}

/// The surface's noise, at any level.
fn surface(length: usize, seed: u64) -> Vec<f32> {
    let mut dice = Dice::new(seed, "crackle");
    let mut noise = clicks(length, &mut dice);
    Biquad::resonator(RING_HZ, RING_QUALITY).process(&mut noise);
    let mut hiss = gaussian(length, derive(seed, "crackle hiss", 0));
    Biquad::high_pass(HISS_HZ.0).process(&mut hiss);
    let hiss = LinearPhase::low_pass(HISS_HZ.1, SampleRate::MODEL).apply(&hiss);
    let share = (rms(&noise) / rms(&hiss).max(f64::MIN_POSITIVE) / ratio(CLICKS_OVER_HISS_DB)) as f32;
    let phase = dice.between(0.0, TAU);
    for (n, (sample, hiss)) in noise.iter_mut().zip(&hiss).enumerate() {
        let swell = 1.0 + SWELL * (TAU * TURNS_PER_SECOND * n as f64 / HZ + phase).sin();
        *sample = (*sample + share * hiss) * swell as f32;
    }
    noise
}

/// Impulses at the times of a Poisson process, their amplitudes Student's.
pub(super) fn clicks(length: usize, dice: &mut Dice) -> Vec<f32> {
    let mut audio = vec![0.0; length];
    let mut at = 0.0;
    loop {
        // 1 - u lies above 0, so the logarithm exists.
        at -= (1.0 - dice.between(0.0, 1.0)).ln() / CLICKS_PER_SECOND * HZ;
        let Some(sample) = audio.get_mut(at as usize) else { return audio };
        *sample += student(dice) as f32;
    }
}

fn student(dice: &mut Dice) -> f64 {
    let spread: f64 = (0..FREEDOM).map(|_| dice.normal().powi(2)).sum::<f64>() / FREEDOM as f64;
    (dice.normal() / spread.max(1e-6).sqrt()).clamp(-LOUDEST_CLICK, LOUDEST_CLICK)
}
