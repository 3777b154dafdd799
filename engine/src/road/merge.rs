//! Back to the caller's rate: only what changed below the crossover is resampled and added, so all else stays as it was.

use turnaround_core::audio::Audio;
use turnaround_core::filter::LinearPhase;
use turnaround_core::full_band::CROSSOVER_HZ;
use turnaround_core::resample::{ResampleError, resample, whole_block};
use turnaround_core::time::SampleRate;

use super::encode::cut;

/// Ramp at both ends of a changed stretch, in seconds, for what rings over the ends of the fades there.
const RAMP: f64 = 0.001;

/// Samples `[start, end)` at the caller's rate that may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Changed {
    pub start: usize,
    pub end: usize,
}

/// Adds a difference on the mid track, at the models' rate, to every channel of the caller's audio, within the changed stretches.
///
/// Outside them no sample is touched. Left and right get the same, so the side stays as it was.
pub(crate) fn add_difference(
    audio: &Audio,
    difference: &[f32],
    model_rate: SampleRate,
    changed: &[Changed],
) -> Result<Vec<Vec<f32>>, ResampleError> {
    let mut channels = audio.channels().to_vec();
    let filter = LinearPhase::low_pass(CROSSOVER_HZ, model_rate);
    for &stretch in changed {
        let (offset, added) = upsampled(difference, &filter, model_rate, audio.rate(), stretch)?;
        for position in stretch.start..stretch.end {
            // A stretch may reach a sample over what the rounded resampler gives.
            let Some(value) = added.get(position - offset) else { break };
            let value = value * ramp(position, stretch, audio.rate());
            channels.iter_mut().for_each(|channel| channel[position] += value);
        }
    }
    Ok(channels)
}

/// The filtered difference around a stretch at the caller's rate, and the sample at which it begins.
fn upsampled(
    difference: &[f32],
    filter: &LinearPhase,
    from: SampleRate,
    to: SampleRate,
    stretch: Changed,
) -> Result<(usize, Vec<f32>), ResampleError> {
    // Whole multiples of the shortest time that has whole samples at both rates lose nothing to rounding.
    let [block_in, block_out] = whole_block(from, to);
    let reach = 4 * filter.reach();
    let at_model_rate = |position: usize| position as f64 * f64::from(from.hz()) / f64::from(to.hz());
    let first = ((at_model_rate(stretch.start) as usize).saturating_sub(reach)) / block_in;
    let last = (at_model_rate(stretch.end).ceil() as usize + reach).div_ceil(block_in);
    let start = (first * block_in).min(difference.len());
    let end = (last * block_in).min(difference.len());
    let around = cut(difference, start as i64 - filter.reach() as i64, end - start + 2 * filter.reach());
    let filtered = &filter.apply(&around)[filter.reach()..][..end - start];
    Ok((first * block_out, resample(filtered, from, to)?))
}

/// The weight of what is added at a position of a stretch: 1 but for the ramps at its ends.
pub(crate) fn ramp(position: usize, stretch: Changed, rate: SampleRate) -> f32 {
    let length = (RAMP * f64::from(rate.hz())).max(1.0) as f32;
    let from_edge = (position - stretch.start).min(stretch.end - 1 - position) as f32 + 0.5;
    (from_edge / length).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hz: f64, rate: u32, length: usize) -> Vec<f32> {
        (0..length).map(|n| (std::f64::consts::TAU * hz * n as f64 / f64::from(rate)).sin() as f32 * 0.25).collect()
    }

    fn silence(rate: u32, length: usize) -> Audio {
        Audio::stereo(SampleRate::new(rate).unwrap(), vec![0.0; length], vec![0.0; length]).unwrap()
    }

    #[test]
    fn a_difference_arrives_in_its_place_at_every_rate() {
        for rate in [8_000, 16_000, 22_050, 44_100, 48_000, 96_000, 192_000] {
            let length = 2 * rate as usize;
            let stretch = Changed { start: rate as usize / 2, end: 3 * rate as usize / 2 };
            let difference = tone(440.0, 16_000, 32_000);
            let channels = add_difference(&silence(rate, length), &difference, SampleRate::MODEL, &[stretch]).unwrap();
            let expected = tone(440.0, rate, length);
            let inside = stretch.start + rate as usize / 50..stretch.end - rate as usize / 50;
            for position in inside {
                assert!((channels[0][position] - expected[position]).abs() < 1e-3, "{rate} Hz, sample {position}");
            }
            assert_eq!(channels[0], channels[1]);
        }
    }

    #[test]
    fn nothing_outside_the_changed_stretch_is_touched() {
        let difference = tone(440.0, 16_000, 32_000);
        let stretch = Changed { start: 30_001, end: 50_003 };
        let channels = add_difference(&silence(48_000, 96_000), &difference, SampleRate::MODEL, &[stretch]).unwrap();
        assert!(channels[0][..stretch.start].iter().chain(&channels[0][stretch.end..]).all(|&x| x.to_bits() == 0));
        assert!(channels[0][stretch.start..stretch.end].iter().any(|&x| x != 0.0));
    }

    #[test]
    fn nothing_is_added_above_the_crossover() {
        let difference = tone(7_700.0, 16_000, 32_000);
        let stretch = Changed { start: 0, end: 96_000 };
        let channels = add_difference(&silence(48_000, 96_000), &difference, SampleRate::MODEL, &[stretch]).unwrap();
        let loudest = channels[0][9_600..86_400].iter().fold(0.0f32, |peak, x| peak.max(x.abs()));
        // 0.25 lowered by 60 dB.
        assert!(loudest < 2.5e-4, "{loudest}");
    }
}
