//! Loudness over time and pitch.

use turnaround_core::audio::Audio;
use turnaround_core::mel::{LogMel, MelFilterbank};
use turnaround_core::time::SampleRate;

/// Samples in a window: a twelfth of a second at 48 kHz, so that low notes come apart.
const WINDOW: usize = 4096;

/// Rows of the picture.
const BANDS: usize = 128;

/// A mel spectrogram in decibels, `[frame, band]`, low bands first.
pub struct Spectrogram {
    levels: Vec<f32>,
    rate: SampleRate,
}

impl Spectrogram {
    /// Of the middle of a recording.
    pub fn of(audio: &Audio) -> Self {
        let mut levels = LogMel::new(audio.rate(), WINDOW, BANDS).analyse(&audio.mid());
        levels.iter_mut().for_each(|level| *level *= 20.0);
        Self { levels, rate: audio.rate() }
    }

    /// Its frames, in order of time.
    pub fn frames(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        self.levels.chunks_exact(BANDS)
    }

    /// Bands of a frame.
    pub fn bands(&self) -> usize {
        BANDS
    }

    /// The highest level.
    pub fn loudest(&self) -> f32 {
        self.levels.iter().copied().fold(f32::NEG_INFINITY, f32::max)
    }

    /// The band that a tone falls into, found by sending one through the filterbank.
    pub fn band_of(&self, hz: f64) -> usize {
        let filterbank = MelFilterbank::new(self.rate, WINDOW, BANDS);
        let mut tone = vec![0.0; filterbank.bins()];
        let bin = (hz / f64::from(self.rate.hz()) * WINDOW as f64).round() as usize;
        tone[bin.min(filterbank.bins() - 1)] = 1.0;
        let bands = filterbank.apply(&tone);
        (0..BANDS).max_by(|&a, &b| bands[a].total_cmp(&bands[b])).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_is_loudest_in_its_band() {
        let rate = SampleRate::new(48_000).unwrap();
        let tone = (0..48_000).map(|n| (std::f64::consts::TAU * 1000.0 * f64::from(n) / 48_000.0).sin() as f32).collect();
        let spectrogram = Spectrogram::of(&Audio::mono(rate, tone).unwrap());
        let frame = spectrogram.frames().nth(20).unwrap();
        let loudest = (0..BANDS).max_by(|&a, &b| frame[a].total_cmp(&frame[b])).unwrap();
        assert!(loudest.abs_diff(spectrogram.band_of(1000.0)) <= 1);
        assert_eq!(spectrogram.frames().len(), 48_000_usize.div_ceil(WINDOW / 4));
    }
}
