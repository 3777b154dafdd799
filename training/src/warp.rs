//! The time-warped bar, which is the adapter's rival: a bar is stretched in time, pitch kept, until it has as many tokens as a bar has
//! slots, and what was made of it is stretched back.

use anyhow::{Result, anyhow};
use timestretch::{Backend, DurationRatio, Parameters, SessionConfig, render};
use turnaround_core::contract::Sizes;
use turnaround_core::resample::resample;
use turnaround_core::time::SampleRate;

/// The rate that the stretch works at in hertz; it takes none as low as a model's.
const STRETCH_HZ: u32 = 48_000;

/// The stretch rounds its ratio down to a 512th; half a step more makes that the nearest one.
const HALF_STEP: f64 = 1.0 / 1024.0;

/// `audio` stretched to `length` samples, pitch kept. The ratio is that of the lengths to a thousandth; what is too long or too short for
/// that is cut off or added as silence, half of it at each end, so that nothing in two seconds is moved by much more than a
/// millisecond.
///
/// # Errors
/// When the stretch refuses: beyond four times as fast or 32 times as slow.
pub fn warp(audio: &[f32], rate: SampleRate, length: usize) -> Result<Vec<f32>> {
    let inside = SampleRate::new(STRETCH_HZ)?;
    let ratio = length as f64 / audio.len() as f64 + HALF_STEP;
    let refused = |error| anyhow!("stretching {} samples to {length}: {error}", audio.len());
    let parameters = Parameters::keylock(DurationRatio::new(ratio).map_err(refused)?.tempo());
    let config = SessionConfig {
        source_sample_rate: STRETCH_HZ,
        output_sample_rate: STRETCH_HZ,
        channels: 1,
        backend: Backend::Portable,
        parameters,
        ..SessionConfig::default()
    };
    let stretched = render(&resample(audio, rate, inside)?, config).map_err(refused)?.samples;
    let warped = resample(&stretched, inside, rate)?;
    let start = (warped.len() as i64 - length as i64) / 2;
    let sample = |i: i64| usize::try_from(i).ok().and_then(|i| warped.get(i)).copied().unwrap_or(0.0);
    Ok((start..start + length as i64).map(sample).collect())
}

/// Where a unit lies in a window that is warped with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WarpedWindow {
    /// Samples before the unit, and as many after it.
    pub margin: usize,
    /// Samples of the whole.
    pub length: usize,
    /// Samples of the whole when the unit has as many tokens as a bar has slots.
    pub warped_length: usize,
}

impl WarpedWindow {
    /// Around a unit of `unit` samples. Margins are true surroundings that are warped along, no shorter than those of a bar that is not
    /// warped, and whole tokens afterwards.
    pub fn around(unit: usize, sizes: &Sizes) -> Self {
        let (token, half_hop) = (sizes.samples_per_token(), sizes.hop / 2);
        let ratio = (sizes.slots * token) as f64 / unit as f64;
        let wanted = (sizes.margin_tokens * token + half_hop) as f64 * ratio;
        let tokens = (wanted / token as f64).ceil() as usize;
        let margin = ((tokens * token + half_hop) as f64 / ratio).round() as usize;
        let warped_length = (sizes.slots + 2 * tokens) * token + sizes.hop;
        Self { margin, length: unit + 2 * margin, warped_length }
    }
}

#[cfg(all(test, feature = "export"))]
mod tests {
    use std::f64::consts::TAU;

    use super::*;
    use crate::evaluate::metrics::hand_made::{plucks, tone};
    use crate::evaluate::metrics::onsets::Onsets;
    use crate::preset::Preset;

    const HZ: f64 = 440.0;

    fn rate() -> SampleRate {
        SampleRate::new(16_000).unwrap()
    }

    /// Frequency in hertz and amplitude of a tone near `HZ`, heard in its middle half: how far the phase moves between two windows.
    fn heard(sound: &[f32]) -> (f64, f64) {
        let (start, length) = (sound.len() / 4, sound.len() / 4);
        let of_window = |start: usize| {
            let weight = |i: usize| 0.5 - 0.5 * (TAU * i as f64 / length as f64).cos();
            let angle = |i: usize| TAU * HZ * (start + i) as f64 / 16_000.0;
            let sum = |wave: fn(f64) -> f64| (0..length).map(|i| weight(i) * f64::from(sound[start + i]) * wave(angle(i))).sum();
            let (re, im): (f64, f64) = (sum(f64::cos), sum(f64::sin));
            ((-im).atan2(re), 4.0 * re.hypot(im) / length as f64)
        };
        let ((first, amplitude), (second, _)) = (of_window(start), of_window(start + length));
        let turned = (second - first + TAU / 2.0).rem_euclid(TAU) - TAU / 2.0;
        (HZ + turned / TAU * 16_000.0 / length as f64, amplitude)
    }

    #[test]
    fn a_tone_that_is_warped_and_warped_back_is_as_long_as_high_and_as_loud() {
        for length in [22_000, 29_333, 32_768, 44_801] {
            let original = tone(HZ, length);
            let warped = warp(&original, rate(), 32_768).unwrap();
            let back = warp(&warped, rate(), length).unwrap();
            assert_eq!((warped.len(), back.len()), (32_768, length));
            for sound in [warped, back] {
                let ((hz, amplitude), (_, expected)) = (heard(&sound), heard(&original));
                let (cents, decibels) = (1200.0 * (hz / HZ).log2(), 20.0 * (amplitude / expected).log10());
                assert!(cents.abs() < 0.1, "{length} samples: {cents} cents off");
                assert!(decibels.abs() < 0.1, "{length} samples: {decibels} dB off");
            }
        }
    }

    #[test]
    fn a_stretch_to_less_than_a_quarter_is_refused() {
        assert!(warp(&tone(HZ, 16_000), rate(), 4_100).is_ok());
        let error = warp(&tone(HZ, 16_000), rate(), 3_900).unwrap_err().to_string();
        assert!(error.contains("16000 samples to 3900"), "{error}");
    }

    #[test]
    fn attacks_come_back_where_they_were() {
        let at = [0.31, 0.72, 1.05, 1.49, 1.83, 2.2];
        let sound = plucks(&at, 40_000);
        let back = warp(&warp(&sound, rate(), 32_768).unwrap(), rate(), sound.len()).unwrap();
        let heard = Onsets::new(rate()).of(&back);
        for second in at {
            let near = heard.iter().any(|onset| (onset.get() - second).abs() < 0.03);
            assert!(near, "nothing begins at {second} s, but at {heard:?}");
        }
    }

    #[test]
    fn a_warped_window_holds_its_unit_in_as_many_tokens_as_slots_and_no_less_around_it_than_otherwise() {
        let sizes = Preset::load("small").expect("small is built in").sizes();
        let token = sizes.samples_per_token();
        for unit in [22_400, 32_768, 32_769, 44_800] {
            let window = WarpedWindow::around(unit, &sizes);
            assert!(window.margin >= sizes.margin_tokens * token + sizes.hop / 2);
            assert_eq!((window.warped_length - sizes.hop) % token, 0);
            let unit_warped = window.warped_length as f64 * unit as f64 / window.length as f64;
            assert!((unit_warped - (sizes.slots * token) as f64).abs() < 2.0, "{unit} becomes {unit_warped}");
        }
    }
}
