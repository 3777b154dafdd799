//! Speed that sways: a warped record, an eccentric hole, a worn capstan. Zero on average, so that nothing drifts.

use std::f64::consts::{PI, TAU};

use super::power::severity;
use super::{Degradation, HZ, Kind};
use crate::corpus::dice::Dice;

/// No moment of the music moves by more than this, in seconds.
pub const LARGEST_DRIFT_S: f64 = 0.002;
/// Share of the drift that wow may take; flutter has the rest.
const WOW_SHARE: f64 = 0.9;
/// The reach of the interpolation to either side, in samples.
const REACH: usize = 16;
/// Steps between two samples at which the interpolation's weights are kept.
const PHASES: usize = 512;

/// Sways the speed; `depth` from 0 to 1 is the share of [`LARGEST_DRIFT_S`] that is used. At 78 rpm a depth of 1 is 1.5 % of speed.
///
/// The sound at time t is that of t + d(t), where d is a sum of sines with magnitudes that add up to the drift: bar tables made for
/// the clean recording hold to within it.
pub fn wow(audio: &mut [f32], depth: f64, seed: u64) -> Degradation {
    let drift = Drift::new(depth, seed);
    let weights = weights();
    let source = audio.to_vec();
    for (n, sample) in audio.iter_mut().enumerate() {
        *sample = interpolate(&source, n as f64 + drift.samples_at(n), &weights);
    }
    Degradation::new(Kind::Wow, severity(depth, 0.0, 1.0))
}

/// Where the sound at each moment comes from, relative to that moment: sines as (radians a sample, samples, phase).
pub(super) struct Drift(Vec<(f64, f64, f64)>);

impl Drift {
    pub(super) fn new(depth: f64, seed: u64) -> Self {
        let mut dice = Dice::new(seed, "wow");
        let largest = depth.clamp(0.0, 1.0) * LARGEST_DRIFT_S * HZ;
        // Turns of records at 33, 45 and 78 rpm with their second harmonic, and the capstans and rollers of tape.
        let turn = *dice.pick(&[0.556, 0.75, 1.3]);
        let second = dice.between(0.0, 0.4);
        let flutter = dice.between(6.0, 18.0);
        let mut sine = |hz: f64, size: f64| (TAU * hz / HZ, size, dice.between(0.0, TAU));
        Self(vec![
            sine(turn, largest * WOW_SHARE * (1.0 - second)),
            sine(2.0 * turn, largest * WOW_SHARE * second),
            sine(flutter, largest * (1.0 - WOW_SHARE)),
        ])
    }

    pub(super) fn samples_at(&self, n: usize) -> f64 {
        self.0.iter().map(|(step, size, phase)| size * (step * n as f64 + phase).sin()).sum()
    }
}

/// Weights of the samples around a place between two, for each step: a sinc under a Hann window, `[phase, tap]`.
fn weights() -> Vec<[f32; 2 * REACH]> {
    let row = |phase: usize| {
        let fraction = phase as f64 / PHASES as f64;
        std::array::from_fn(|tap| {
            let x = tap as f64 - (REACH - 1) as f64 - fraction;
            let sinc = if x == 0.0 { 1.0 } else { (PI * x).sin() / (PI * x) };
            (sinc * (PI * x / (2 * REACH) as f64).cos().powi(2)) as f32
        })
    };
    (0..PHASES).map(row).collect()
}

/// The value at a place between samples; beyond the ends lies silence.
fn interpolate(audio: &[f32], at: f64, weights: &[[f32; 2 * REACH]]) -> f32 {
    let step = (at * PHASES as f64).round() as i64;
    let (whole, phase) = (step.div_euclid(PHASES as i64), step.rem_euclid(PHASES as i64) as usize);
    let first = whole - (REACH as i64 - 1);
    let row = &weights[phase];
    if first >= 0 && first as usize + row.len() <= audio.len() {
        return audio[first as usize..].iter().zip(row).map(|(sample, weight)| sample * weight).sum();
    }
    let value = |tap: usize| usize::try_from(first + tap as i64).ok().and_then(|place| audio.get(place));
    row.iter().enumerate().map(|(tap, weight)| value(tap).map_or(0.0, |sample| sample * weight)).sum()
}
