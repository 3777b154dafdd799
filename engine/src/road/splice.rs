//! Seams on the track at the models' rate: equal-power fades whose power stays equal even where both sides agree.

use turnaround_core::time::{SampleRate, Seconds};

/// Length of the fade before each bar line at which something new meets something old.
pub const FADE: Seconds = Seconds::new(0.020);

/// Part of a fade at a listener's edge that is kept free for the ringing of crossover and resampler.
const GUARD: Seconds = Seconds::new(0.002);

/// Fade and guard in samples at the models' rate.
pub(crate) fn fade_samples(rate: SampleRate) -> usize {
    rate.samples_from(FADE).as_index()
}

/// See [`GUARD`].
pub(crate) fn guard_samples(rate: SampleRate) -> usize {
    rate.samples_from(GUARD).as_index()
}

/// Fades from one sound to another over their common length.
///
/// Weights are the cosine and sine of a quarter turn, which keep the power of unrelated sounds, divided by what the sounds' likeness
/// adds: a fade between equal sounds is that sound. Likeness is their correlation over the fade, at least 0.
pub(crate) fn crossfade(from: &[f32], to: &[f32]) -> Vec<f32> {
    debug_assert_eq!(from.len(), to.len());
    let likeness = correlation(from, to).max(0.0);
    let length = from.len() as f32;
    let mix = |(n, (a, b)): (usize, (&f32, &f32))| {
        let angle = std::f32::consts::FRAC_PI_2 * (n as f32 + 0.5) / length;
        let (rise, fall) = angle.sin_cos();
        (fall * a + rise * b) / (1.0 + 2.0 * likeness * rise * fall).sqrt()
    };
    from.iter().zip(to).enumerate().map(mix).collect()
}

fn correlation(a: &[f32], b: &[f32]) -> f32 {
    let product = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum::<f64>();
    let power = (product(a, a) * product(b, b)).sqrt();
    if power > 0.0 { (product(a, b) / power) as f32 } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fade_between_equal_sounds_is_that_sound() {
        let sound: Vec<f32> = (0..320).map(|n| (n as f32 * 0.3).sin()).collect();
        for (a, b) in crossfade(&sound, &sound).iter().zip(&sound) {
            assert!((a - b).abs() < 1e-5);
        }
    }

    #[test]
    fn a_fade_between_unrelated_sounds_keeps_their_power() {
        let count = 16_000;
        let mut noise = turnaround_core::noise::GaussianNoise::new(1);
        let a: Vec<f32> = (0..count).map(|_| noise.next()).collect();
        let b: Vec<f32> = (0..count).map(|_| noise.next()).collect();
        let power = crossfade(&a, &b).iter().map(|x| x * x).sum::<f32>() / count as f32;
        // The mean of 16 000 squares of unit noise strays by about 0.011.
        assert!((power - 1.0).abs() < 0.05, "{power}");
    }

    #[test]
    fn a_fade_from_silence_is_silent_first_and_full_last() {
        let faded = crossfade(&[0.0; 320], &[1.0; 320]);
        assert!(faded[0] < 0.01 && faded[319] > 0.999);
    }
}
