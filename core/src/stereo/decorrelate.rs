//! A copy of a sound that is as loud in every band, and unrelated to it.

use crate::time::SampleRate;

/// Delays of three all-passes in seconds, with no common beat, and what they feed back.
const DELAYS_S: [f64; 3] = [0.003_11, 0.004_39, 0.005_47];
const FEEDBACK: f32 = 0.55;

/// Time over which the level of a sound is followed to tell a stroke from what rings, and how much louder a stroke is.
const FAST_S: f64 = 0.002;
const SLOW_S: f64 = 0.060;
const STROKE: f32 = 3.0;

/// Three all-passes in a row, which ring for some 30 ms; strokes go by them, and are left out, so that none is heard twice.
pub fn decorrelated(sound: &[f32], rate: SampleRate) -> Vec<f32> {
    let mut copy: Vec<f32> = sound.iter().zip(ringing(sound, rate)).map(|(sample, share)| sample * share).collect();
    for seconds in DELAYS_S {
        all_pass(&mut copy, ((seconds * f64::from(rate.hz())).round() as usize).max(1));
    }
    copy
}

/// Schroeder's all-pass, in place.
fn all_pass(samples: &mut [f32], delay: usize) {
    let mut line = vec![0.0f32; delay];
    for (n, sample) in samples.iter_mut().enumerate() {
        let slot = &mut line[n % delay];
        let inner = *sample + FEEDBACK * *slot;
        *sample = *slot - FEEDBACK * inner;
        *slot = inner;
    }
}

/// The share of each sample that rings: 1 where the level is even, less in a stroke.
fn ringing(sound: &[f32], rate: SampleRate) -> Vec<f32> {
    let share = |seconds: f64| (1.0 - (-1.0 / (seconds * f64::from(rate.hz()))).exp()) as f32;
    let (fast_share, slow_share) = (share(FAST_S), share(SLOW_S));
    let (mut fast, mut slow) = (0.0f32, 0.0f32);
    sound
        .iter()
        .map(|sample| {
            let power = sample * sample;
            fast += fast_share * (power - fast);
            slow += slow_share * (power - slow);
            if fast > STROKE * slow { (STROKE * slow / fast).sqrt() } else { 1.0 }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::GaussianNoise;

    fn power(samples: &[f32]) -> f64 {
        samples.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>()
    }

    #[test]
    fn noise_comes_back_as_loud_and_unrelated() {
        for hz in [22_050, 48_000, 192_000] {
            let mut noise = vec![0.0; hz as usize];
            GaussianNoise::new(1).fill(&mut noise);
            let copy = decorrelated(&noise, SampleRate::new(hz).unwrap());
            let ratio = power(&copy) / power(&noise);
            assert!((ratio - 1.0).abs() < 0.1, "{hz}: {ratio}");
            let product: f64 = noise.iter().zip(&copy).map(|(a, b)| f64::from(a * b)).sum();
            // What goes straight through three all-passes is the feedback cubed.
            assert!((product / power(&noise)).abs() < 0.2, "{hz}: {}", product / power(&noise));
        }
    }

    #[test]
    fn every_tone_comes_back_as_loud() {
        for hz in [150.0, 440.0, 1_234.0, 7_000.0f32] {
            let tone: Vec<f32> = (0..48_000).map(|n| (std::f32::consts::TAU * hz * n as f32 / 48_000.0).sin()).collect();
            let copy = decorrelated(&tone, SampleRate::new(48_000).unwrap());
            let ratio = power(&copy[24_000..]) / power(&tone[24_000..]);
            assert!((ratio - 1.0).abs() < 0.02, "{hz} Hz: {ratio}");
        }
    }

    #[test]
    fn a_stroke_is_not_heard_twice() {
        let rate = SampleRate::new(48_000).unwrap();
        let mut sound = vec![0.0; 24_000];
        GaussianNoise::new(2).fill(&mut sound);
        for (n, sample) in sound.iter_mut().enumerate() {
            *sample *= if (12_000..12_240).contains(&n) { 0.5 } else { 0.01 };
        }
        assert!(power(&decorrelated(&sound, rate)) < 0.2 * power(&sound));
    }
}
