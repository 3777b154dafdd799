//! What the filter sees of five seconds: eight statistics of each of 39 mel bands and of all together.

use realfft::RealFftPlanner;
use turnaround_core::mel::MelFilterbank;
use turnaround_core::time::SampleRate;

/// Seconds of one cut.
pub const CUT_S: f64 = 5.0;
/// Samples of one cut.
pub(super) const CUT: usize = (CUT_S * SampleRate::MODEL.hz() as f64) as usize;
/// Mel bands.
const BANDS: usize = 39;
/// Minimum, maximum, mean, median, variance, energy, skewness, kurtosis.
const STATISTICS: usize = 8;
/// Numbers that describe one cut.
pub const FEATURES: usize = STATISTICS * (BANDS + 1);
/// The recipe's windows of 2048 at 44.1 kHz, a quarter of it apart, at 16 kHz: as long in seconds.
const WINDOW: usize = 768;
const HOP: usize = WINDOW / 4;
/// Below this loudness (root mean square) a cut is silent and has no quality: -80 dB.
const SILENCE: f64 = 1e-4;
/// Added to powers before the logarithm; cuts are brought to unit loudness, so this is -120 dB.
const FLOOR: f64 = 1e-12;

/// Describes a cut of [`CUT_S`] seconds by [`FEATURES`] numbers, `[band, statistic]` with all bands together last; `None` where it is
/// silent. The level does not matter: the cut is brought to unit loudness first.
///
/// Statistics are of linear power, as in the recipe. Those that are powers are then told by their logarithm: trees split at random places
/// between least and most, which on a linear scale are nearly all among the loudest.
///
/// # Panics
/// If the cut has another length.
pub fn features(cut: &[f32]) -> Option<Vec<f32>> {
    assert_eq!(cut.len(), CUT, "a cut lasts {CUT_S} s");
    let loudness = (cut.iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>() / CUT as f64).sqrt();
    if loudness < SILENCE {
        return None;
    }
    let bands = powers(cut, (1.0 / loudness) as f32);
    let mut features = Vec::with_capacity(FEATURES);
    let mut all: Vec<f64> = Vec::with_capacity(bands.len() * bands[0].len());
    for mut band in bands {
        all.extend_from_slice(&band);
        features.extend(statistics(&mut band));
    }
    features.extend(statistics(&mut all));
    Some(features)
}

/// Power in mel bands under a Hann window: `[band, frame]`.
fn powers(cut: &[f32], gain: f32) -> Vec<Vec<f64>> {
    let filterbank = MelFilterbank::new(SampleRate::MODEL, WINDOW, BANDS);
    let window: Vec<f32> = (0..WINDOW).map(|n| (std::f32::consts::PI * n as f32 / WINDOW as f32).sin().powi(2)).collect();
    let transform = RealFftPlanner::<f32>::new().plan_fft_forward(WINDOW);
    let (mut frame, mut spectrum) = (transform.make_input_vec(), transform.make_output_vec());
    let mut scratch = transform.make_scratch_vec();
    let mut bands = vec![Vec::new(); BANDS];
    for samples in cut.windows(WINDOW).step_by(HOP) {
        for ((value, sample), weight) in frame.iter_mut().zip(samples).zip(&window) {
            *value = gain * sample * weight;
        }
        transform.process_with_scratch(&mut frame, &mut spectrum, &mut scratch).expect("buffers come from the plan");
        let power: Vec<f32> = spectrum.iter().map(|value| value.norm_sqr() / WINDOW as f32).collect();
        for (band, power) in bands.iter_mut().zip(filterbank.apply(&power)) {
            band.push(f64::from(power));
        }
    }
    bands
}

/// The eight statistics of some powers, which are put in order.
fn statistics(values: &mut [f64]) -> [f32; STATISTICS] {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let moment = |power: i32| values.iter().map(|value| (value - mean).powi(power)).sum::<f64>() / count;
    let (variance, third, fourth) = (moment(2), moment(3), moment(4));
    let energy = values.iter().map(|value| value * value).sum::<f64>();
    values.sort_unstable_by(f64::total_cmp);
    let (least, median, most) = (values[0], values[values.len() / 2], values[values.len() - 1]);
    let log = |power: f64| (power + FLOOR).log10() as f32;
    let deviation = variance.sqrt().max(FLOOR);
    let (skewness, kurtosis) = (third / deviation.powi(3), fourth / deviation.powi(4));
    [log(least), log(most), log(mean), log(median), log(variance), log(energy), skewness as f32, kurtosis as f32]
}

/// The cuts of a recording, one after another; what is left at the end is cut backwards from it, so that no part goes unheard. A
/// recording shorter than a cut is repeated until it fills one.
pub(super) fn cuts(audio: &[f32]) -> Vec<Vec<f32>> {
    if audio.is_empty() {
        return Vec::new();
    }
    if audio.len() < CUT {
        return vec![audio.iter().copied().cycle().take(CUT).collect()];
    }
    let mut cuts: Vec<Vec<f32>> = audio.chunks_exact(CUT).map(<[f32]>::to_vec).collect();
    if audio.len() % CUT > CUT / 2 {
        cuts.push(audio[audio.len() - CUT..].to_vec());
    }
    cuts
}
