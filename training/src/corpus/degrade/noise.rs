//! Noise that is always there: hiss of tape and amplifiers, hum of the mains.

use std::f64::consts::TAU;

use turnaround_core::noise::GaussianNoise;

use super::power::{add_at_snr, severity};
use super::{Degradation, HZ, Kind};
use crate::corpus::dice::{Dice, derive};

/// SNR at which steady noise no longer disturbs, and at which it drowns the music.
const HARMLESS_DB: f64 = 40.0;
const WORST_DB: f64 = 10.0;

/// Adds hiss so that music lies `snr_db` above it; 10 to 40 dB. From recording to recording the hiss is white or falls to the highs.
pub fn hiss(audio: &mut [f32], snr_db: f64, seed: u64) -> Degradation {
    let mut dice = Dice::new(seed, "hiss");
    let colour = dice.between(0.0, 0.8) as f32;
    let mut noise = gaussian(audio.len(), derive(seed, "hiss noise", 0));
    let mut last = 0.0;
    for sample in &mut noise {
        last = colour * last + (1.0 - colour) * *sample;
        *sample = last;
    }
    add_at_snr(audio, &noise, snr_db);
    Degradation::new(Kind::Hiss, severity(snr_db, HARMLESS_DB, WORST_DB)).with_snr(snr_db)
}

/// Adds mains hum, 50 or 60 Hz with seven harmonics, so that music lies `snr_db` above it; 10 to 40 dB.
pub fn hum(audio: &mut [f32], snr_db: f64, seed: u64) -> Degradation {
    let mut dice = Dice::new(seed, "hum");
    let mains = *dice.pick(&[50.0, 60.0]);
    let fall = dice.between(0.5, 1.5);
    let partials: Vec<(f64, f64, f64)> = (1..=8)
        .map(|k| (TAU * mains * f64::from(k) / HZ, dice.between(0.3, 1.0) / f64::from(k).powf(fall), dice.between(0.0, TAU)))
        .collect();
    let at = |n: usize| partials.iter().map(|(step, amplitude, phase)| amplitude * (step * n as f64 + phase).sin()).sum::<f64>();
    let noise: Vec<f32> = (0..audio.len()).map(|n| at(n) as f32).collect();
    add_at_snr(audio, &noise, snr_db);
    Degradation::new(Kind::Hum, severity(snr_db, HARMLESS_DB, WORST_DB)).with_snr(snr_db)
}

/// White Gaussian noise of unit deviation.
pub fn gaussian(length: usize, seed: u64) -> Vec<f32> {
    let mut noise = vec![0.0; length];
    GaussianNoise::new(seed).fill(&mut noise);
    noise
}
