//! Resampling with exact lengths and no delay.

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Resampler, WindowFunction};

use crate::time::SampleRate;

/// Length of the low-pass filter in samples at the lower of the two rates, at least. At 16 kHz it passes all to 7.8 kHz; longer filters
/// are sharper but ring longer.
const FILTER_LENGTH: usize = 1024;

/// Why audio could not be resampled.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ResampleError {
    /// No resampler exists for this pair of rates.
    #[error("cannot resample from {from} to {to}: {reason}")]
    Unsupported {
        /// The rate of the input.
        from: SampleRate,
        /// The rate asked for.
        to: SampleRate,
        /// What the resampler says.
        reason: String,
    },
    /// The resampler gave up on the input.
    #[error("resampling from {from} to {to} failed: {reason}")]
    Failed {
        /// The rate of the input.
        from: SampleRate,
        /// The rate asked for.
        to: SampleRate,
        /// What the resampler says.
        reason: String,
    },
}

/// Brings one channel from one rate to another: `[sample]` to `[sample]`, exactly [`resampled_length`] long, with no delay. The same
/// rate gives a copy.
///
/// The filter is a linear-phase windowed sinc (Blackman–Harris, squared), applied in the frequency domain at the exact ratio of the two
/// rates in 64-bit arithmetic. Before and after the input it hears silence, so the first and last few hundred samples of a recording cut in full sound
/// carry an edge; give it some surroundings where that matters. Samples must be finite.
///
/// # Errors
/// [`ResampleError`]; no pair of valid rates is known to cause one.
pub fn resample(input: &[f32], from: SampleRate, to: SampleRate) -> Result<Vec<f32>, ResampleError> {
    if from == to || input.is_empty() {
        return Ok(input.to_vec());
    }
    let unsupported = |reason: String| ResampleError::Unsupported { from, to, reason };
    let failed = |reason: String| ResampleError::Failed { from, to, reason };

    let (hz_from, hz_to) = (from.hz() as usize, to.hz() as usize);
    let window = WindowFunction::BlackmanHarris2;
    let mut resampler = Fft::<f64>::new_custom(hz_from, hz_to, block_length(hz_from, hz_to), 1, 1, window, FixedSync::Both)
        .map_err(|error| unsupported(error.to_string()))?;
    let input: Vec<f64> = input.iter().map(|&sample| f64::from(sample)).collect();
    let buffer = InterleavedSlice::new(&input, 1, input.len()).map_err(|error| failed(error.to_string()))?;
    let output = resampler.process_all(&buffer, input.len(), None).map_err(|error| failed(error.to_string()))?;
    let mut output: Vec<f32> = output.take_data().into_iter().map(|sample| sample as f32).collect();
    // The resampler rounds its length up.
    output.resize(resampled_length(input.len(), from, to), 0.0);
    Ok(output)
}

/// How long `len` samples become: `len · to / from`, rounded to the nearest, halves up.
pub fn resampled_length(len: usize, from: SampleRate, to: SampleRate) -> usize {
    let (from, to) = (u128::from(from.hz()), u128::from(to.hz()));
    let length = (2 * len as u128 * to + from) / (2 * from);
    usize::try_from(length).expect("a recording in memory stays addressable at the highest rate")
}

/// The fewest samples at one rate that last as long as whole samples at another, and how many those are.
pub fn whole_block(from: SampleRate, to: SampleRate) -> [usize; 2] {
    let divisor = greatest_common_divisor(from.hz() as usize, to.hz() as usize);
    [from.hz() as usize / divisor, to.hz() as usize / divisor]
}

/// The filter's length in samples at the rate it comes from. An even number of the shortest blocks that hold whole samples at both
/// rates: then half a block, which is the filter's delay, is whole at both rates too and can be removed without a remainder.
fn block_length(from: usize, to: usize) -> usize {
    let divisor = greatest_common_divisor(from, to);
    let shortest = from.min(to) / divisor;
    let blocks = FILTER_LENGTH.div_ceil(shortest).next_multiple_of(2);
    blocks * (from / divisor)
}

fn greatest_common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATES: [u32; 12] = [8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 44_101, 48_000, 88_200, 96_000, 176_400, 192_000];

    fn rate(hz: u32) -> SampleRate {
        SampleRate::new(hz).unwrap()
    }

    /// Sines from 50 Hz up to `highest`, a third apart, with other phases, at a rate.
    fn chord(hz: u32, seconds: f64, highest: f64) -> Vec<f32> {
        let pitches: Vec<f64> = std::iter::successors(Some(50.0), |f| Some(f * 1.26)).take_while(|&f| f <= highest).collect();
        let sample = |i: usize| {
            let time = i as f64 / f64::from(hz);
            let sum: f64 = pitches.iter().enumerate().map(|(k, f)| (std::f64::consts::TAU * f * time + k as f64).sin()).sum();
            (sum / pitches.len() as f64) as f32
        };
        (0..(seconds * f64::from(hz)).round() as usize).map(sample).collect()
    }

    /// How far `heard` is below `expected`, in decibels, without `edge` samples at both ends.
    fn error_db(heard: &[f32], expected: &[f32], edge: usize) -> f64 {
        assert_eq!(heard.len(), expected.len());
        let energy = |x: f32| f64::from(x) * f64::from(x);
        let inner = edge..heard.len() - edge;
        let error: f64 = heard[inner.clone()].iter().zip(&expected[inner.clone()]).map(|(h, e)| energy(h - e)).sum();
        let signal: f64 = expected[inner].iter().map(|&e| energy(e)).sum();
        10.0 * (error / signal).log10()
    }

    #[test]
    fn lengths_are_exact_between_all_rates() {
        for from in RATES {
            for to in RATES {
                for len in [0, 1, 2, 1_023, 4_801, 12_345] {
                    let exact = (len as f64 * f64::from(to) / f64::from(from)).round() as usize;
                    assert_eq!(resampled_length(len, rate(from), rate(to)), exact, "{len} from {from} to {to}");
                    let output = resample(&vec![0.25; len], rate(from), rate(to)).unwrap();
                    assert_eq!(output.len(), exact, "{len} from {from} to {to}");
                }
            }
        }
    }

    #[test]
    fn the_same_rate_is_a_copy() {
        let input = chord(44_100, 0.1, 15_000.0);
        assert_eq!(resample(&input, rate(44_100), rate(44_100)).unwrap(), input);
    }

    #[test]
    fn a_chord_is_the_same_chord_at_another_rate_and_not_delayed() {
        for from in RATES {
            for to in [8_000, 16_000, 44_100, 48_000, 96_000] {
                let highest = 0.45 * f64::from(from.min(to));
                let output = resample(&chord(from, 1.0, highest), rate(from), rate(to)).unwrap();
                let error = error_db(&output, &chord(to, 1.0, highest), (to / 8) as usize);
                // The filter stops 120 dB and more; a delay of a thousandth of a sample would give −60.
                // 44 101 shares no factor with the others: its blocks, and with them its filter, last seconds and hear the cut edges.
                let limit = if from == 44_101 { -90.0 } else { -110.0 };
                assert!(error < limit, "from {from} to {to}: {error:.1} dB");
            }
        }
    }

    #[test]
    fn there_and_back_is_the_same_sound() {
        for other in [8_000, 22_050, 44_100, 48_000, 96_000] {
            let highest = 0.45 * f64::from(other.min(16_000));
            let input = chord(16_000, 1.0, highest);
            let there = resample(&input, rate(16_000), rate(other)).unwrap();
            let back = resample(&there, rate(other), rate(16_000)).unwrap();
            let (inner, whole) = (error_db(&back, &input, 1_600), error_db(&back, &input, 0));
            println!("16 kHz by way of {other} Hz: {inner:.1} dB inside, {whole:.1} dB with the edges");
            assert!(inner < -110.0, "by way of {other}: {inner:.1} dB");
            // The recording is cut in full sound; the filter smears the cut over about a hundred samples.
            assert!(whole < -25.0, "by way of {other}: {whole:.1} dB with the edges");
        }
    }

    #[test]
    fn what_the_lower_rate_cannot_hold_is_gone_and_not_folded_down() {
        let high: Vec<f32> =
            (0..48_000).map(|i| (std::f64::consts::TAU * 9_000.0 * f64::from(i) / 48_000.0).sin() as f32).collect();
        let output = resample(&high, rate(48_000), rate(16_000)).unwrap();
        let loudest = output[1_600..14_400].iter().fold(0.0_f32, |most, x| most.max(x.abs()));
        assert!(loudest < 1e-5, "9 kHz came through at {loudest}");
    }
}
