//! The true peak of a sound, and a limiter that sees it coming.
//!
//! Between two samples a wave may rise higher than both. Source: ITU-R BS.1770, annex 2: the peak of the sound at four times its rate. We
//! interpolate with 16 taps where the recommendation's example has 12.

use crate::time::SampleRate;

/// How much finer than the samples the wave is looked at.
const OVERSAMPLING: usize = 4;

/// Samples on either side that one point between two samples is computed from.
const REACH: usize = 8;

/// How long before a peak the gain begins to fall, and how long after it has risen again, in seconds.
const AHEAD_S: f64 = 0.005;
const RELEASE_S: f64 = 0.060;

/// Samples that are looked at together: few enough to stay at hand between taps.
const BLOCK: usize = 1024;

/// The highest point the wave reaches around each sample: the sample itself and three points to the next.
pub fn true_peaks(samples: &[f32]) -> Vec<f32> {
    true_peaks_above(samples, 0.0)
}

/// The same wherever the wave may rise above a level. Where it cannot, the samples' own magnitudes, which are below it: enough for whoever
/// asks only what is above, and most of a quiet sound costs nothing.
pub fn true_peaks_above(samples: &[f32], level: f32) -> Vec<f32> {
    let between: Vec<Vec<f32>> = (1..OVERSAMPLING).map(interpolator).collect();
    let steepest = between.iter().map(|taps| taps.iter().map(|tap| tap.abs()).sum::<f32>()).fold(0.0, f32::max);
    let mut padded = vec![0.0; samples.len() + 2 * REACH];
    padded[REACH..REACH + samples.len()].copy_from_slice(samples);
    let mut peaks: Vec<f32> = samples.iter().map(|sample| sample.abs()).collect();
    for (block, peaks) in peaks.chunks_mut(BLOCK).enumerate() {
        let heard = &padded[block * BLOCK..block * BLOCK + peaks.len() + 2 * REACH];
        let loudest = heard.iter().fold(0.0f32, |loudest, sample| loudest.max(sample.abs()));
        if loudest * steepest > level {
            raise_to_true_peaks(peaks, heard, &between);
        }
    }
    peaks
}

/// Raises peaks to those between their samples, which lie in `heard` with as many before and after them as taps reach.
fn raise_to_true_peaks(peaks: &mut [f32], heard: &[f32], between: &[Vec<f32>]) {
    let mut point = [0.0; BLOCK];
    let point = &mut point[..peaks.len()];
    for taps in between {
        point.fill(0.0);
        for (tap, weight) in taps.iter().enumerate() {
            // The taps lie from REACH − 1 samples before to REACH after.
            for (sum, sample) in point.iter_mut().zip(&heard[tap + 1..]) {
                *sum += weight * sample;
            }
        }
        peaks.iter_mut().zip(&*point).for_each(|(peak, value)| *peak = peak.max(value.abs()));
    }
}

/// The highest of [`true_peaks`]; 0 for nothing.
pub fn true_peak(samples: &[f32]) -> f32 {
    true_peaks(samples).into_iter().fold(0.0, f32::max)
}

/// Taps for the point `phase` quarters of a sample after the middle: a sinc under a Hann window, with unit gain at 0 Hz.
fn interpolator(phase: usize) -> Vec<f32> {
    let offset = phase as f64 / OVERSAMPLING as f64;
    let tap = |n: usize| {
        let x = std::f64::consts::PI * (n as f64 - (REACH - 1) as f64 - offset);
        x.sin() / x * (x / (2.0 * REACH as f64)).cos().powi(2)
    };
    let taps: Vec<f64> = (0..2 * REACH).map(tap).collect();
    let sum: f64 = taps.iter().sum();
    taps.iter().map(|tap| (tap / sum) as f32).collect()
}

/// The gain that keeps peaks, `[sample]`, at or below a ceiling: 1 where none is near, never below what a peak needs, falling over the 5 ms
/// before and rising over 60 ms after.
///
/// The least gain needed within 5 ms on either side, rising again by an exponential, then averaged over the same 5 ms: an average of gains
/// none of which is too high. Nothing if no peak is too high.
pub fn limiting_gain(peaks: &[f32], ceiling: f32, rate: SampleRate) -> Option<Vec<f32>> {
    if peaks.iter().all(|&peak| peak <= ceiling) {
        return None;
    }
    let ahead = ((AHEAD_S * f64::from(rate.hz())) as usize).max(1);
    let needed: Vec<f32> = peaks.iter().map(|&peak| (ceiling / peak.max(f32::MIN_POSITIVE)).min(1.0)).collect();
    let mut gain = least_within(&needed, ahead);
    let release = (1.0 - (-1.0 / (RELEASE_S * f64::from(rate.hz()))).exp()) as f32;
    let mut last = 1.0f32;
    for value in &mut gain {
        last = (last + release * (1.0 - last)).min(*value);
        *value = last;
    }
    Some(averaged(&gain, ahead))
}

/// The least value within `reach` to either side.
fn least_within(values: &[f32], reach: usize) -> Vec<f32> {
    let mut candidates = std::collections::VecDeque::<usize>::new();
    let mut result = Vec::with_capacity(values.len());
    for position in 0..values.len() + reach {
        if let Some(&value) = values.get(position) {
            while candidates.back().is_some_and(|&back| values[back] >= value) {
                candidates.pop_back();
            }
            candidates.push_back(position);
        }
        if position >= reach {
            let middle = position - reach;
            while candidates.front().is_some_and(|&front| front + reach < middle) {
                candidates.pop_front();
            }
            result.push(candidates.front().map_or(1.0, |&front| values[front]));
        }
    }
    result
}

/// The mean within `reach` to either side, of a signal that goes on as it begins and ends.
fn averaged(values: &[f32], reach: usize) -> Vec<f32> {
    let at = |position: i64| f64::from(values[position.clamp(0, values.len() as i64 - 1) as usize]);
    let reach = reach as i64;
    let mut sum: f64 = (-reach..=reach).map(at).sum();
    (0..values.len() as i64)
        .map(|position| {
            let mean = sum / (2 * reach + 1) as f64;
            sum += at(position + reach + 1) - at(position - reach);
            mean as f32
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::GaussianNoise;

    #[test]
    fn blocks_change_nothing_and_what_stays_below_a_level_is_left_out() {
        let mut sound = vec![0.0; 3 * BLOCK + 100];
        GaussianNoise::new(4).fill(&mut sound);
        for (n, sample) in sound.iter_mut().enumerate() {
            *sample *= if n < 2 * BLOCK { 0.2 } else { 0.02 };
        }
        let all = true_peaks(&sound);
        let apart = [&sound[..BLOCK + REACH], &sound[BLOCK - REACH..]].map(true_peaks);
        assert_eq!(all[..BLOCK], apart[0][..BLOCK]);
        assert_eq!(all[BLOCK..2 * BLOCK], apart[1][REACH..BLOCK + REACH]);

        const LEVEL: f32 = 0.3;
        let above = true_peaks_above(&sound, LEVEL);
        let clipped = |peaks: &[f32]| peaks.iter().map(|peak| peak.max(LEVEL)).collect::<Vec<_>>();
        assert_eq!(clipped(&above), clipped(&all));
        let own: Vec<f32> = sound.iter().map(|sample| sample.abs()).collect();
        // Beside the loud part the quiet one may still rise with it; farther on it cannot.
        assert!(above[..BLOCK] == all[..BLOCK] && all[3 * BLOCK..] != own[3 * BLOCK..] && above[3 * BLOCK..] == own[3 * BLOCK..]);
    }

    #[test]
    fn a_wave_that_rises_between_its_samples_is_seen() {
        // A quarter of the rate, sampled an eighth of a turn off its tops: every sample is 0.707, the wave reaches 1.
        let wave: Vec<f32> = (0..400).map(|n| (std::f64::consts::FRAC_PI_2 * (f64::from(n) + 0.5)).sin() as f32).collect();
        let inner = &true_peaks(&wave)[50..350];
        let peak = inner.iter().fold(0.0f32, |peak, &x| peak.max(x));
        // The window of 16 taps costs a hundredth there.
        assert!((peak - 1.0).abs() < 0.02, "{peak}");
        assert_eq!(true_peak(&[]), 0.0);
    }

    #[test]
    fn slow_waves_peak_where_their_samples_do() {
        let wave: Vec<f32> = (0..4_800).map(|n| 0.5 * (n as f32 * 0.01).sin()).collect();
        assert!((true_peak(&wave[100..4_700]) - 0.5).abs() < 0.02);
    }

    #[test]
    fn what_is_limited_stays_below_the_ceiling() {
        for hz in [22_050, 48_000, 192_000] {
            let rate = SampleRate::new(hz).unwrap();
            let mut noise = vec![0.0; hz as usize];
            GaussianNoise::new(8).fill(&mut noise);
            // Hundredths of a second of loud noise, far apart.
            let burst = |n: usize| if n / (hz as usize / 100) % 20 == 7 { 0.5 } else { 0.05 };
            noise.iter_mut().enumerate().for_each(|(n, x)| *x *= burst(n));
            let ceiling = 0.966;
            let peaks = true_peaks(&noise);
            let gain = limiting_gain(&peaks, ceiling, rate).unwrap();
            assert!(peaks.iter().zip(&gain).all(|(peak, gain)| peak * gain <= ceiling * 1.000_01));
            let limited: Vec<f32> = noise.iter().zip(&gain).map(|(x, g)| x * g).collect();
            // The gain moves so slowly that the wave between samples moves with it.
            assert!(true_peak(&limited) < ceiling * 1.01, "{hz}: {}", true_peak(&limited));
            // Far from bursts nothing is changed.
            assert!(gain[..hz as usize / 20].iter().all(|&gain| gain == 1.0));
            let steepest = gain.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max);
            assert!(steepest < 1.5 / (0.005 * hz as f32), "{steepest}");
        }
    }

    #[test]
    fn what_is_below_the_ceiling_is_not_limited() {
        assert_eq!(limiting_gain(&[0.5, 0.9, 0.1], 0.9, SampleRate::MODEL), None);
    }
}
