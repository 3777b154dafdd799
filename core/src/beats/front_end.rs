//! What a beat tracker sees of a recording: logarithmic mel frames, the same whatever the level.

use super::FRAMES_PER_SECOND;
use crate::mel::MelSpectrum;
use crate::time::SampleRate;

/// Bands of a frame.
pub const BANDS: usize = 64;

/// Samples of a window at [`SampleRate::MODEL`]: 64 ms, long enough to tell bass notes apart, short enough for an onset.
const WINDOW: usize = 1024;

/// Samples from one frame to the next at [`SampleRate::MODEL`].
pub const HOP: usize = SampleRate::MODEL.hz() as usize / FRAMES_PER_SECOND;

/// How far the logarithm's bend lies below the mean magnitude.
const COMPRESSION: f32 = 10.0;

/// Sound to frames.
///
/// A frame is `ln(1 + 10 m / mean)`: mel magnitudes (Slaney's scale, 64 bands to 8 kHz, periodic Hann windows of 64 ms, 50 a second,
/// centred on their sample) over their mean in the whole recording.
#[derive(Clone, Debug)]
pub struct FrontEnd(MelSpectrum);

impl Default for FrontEnd {
    fn default() -> Self {
        Self(MelSpectrum::new(SampleRate::MODEL, WINDOW, HOP, BANDS))
    }
}

impl FrontEnd {
    /// The same with another number of samples between frames, which makes music faster (more samples) or slower without another pitch.
    /// Meant for training.
    ///
    /// # Panics
    /// If `hop` is 0.
    pub fn with_hop(&self, hop: usize) -> Self {
        Self(self.0.with_hop(hop))
    }

    /// Mono samples at [`SampleRate::MODEL`] to frames, `[frame, BANDS]`, one for every hop begun.
    pub fn frames(&self, samples: &[f32]) -> Vec<f32> {
        compressed(self.magnitudes(samples))
    }

    /// Mel magnitudes of the same frames, before [`compressed`].
    pub fn magnitudes(&self, samples: &[f32]) -> Vec<f32> {
        self.0.magnitudes(samples)
    }
}

/// Magnitudes of a recording, or of a stretch of one, to what the network sees. Silence stays 0.
pub fn compressed(mut magnitudes: Vec<f32>) -> Vec<f32> {
    let sum: f64 = magnitudes.iter().map(|&magnitude| f64::from(magnitude)).sum();
    let mean = (sum / magnitudes.len().max(1) as f64) as f32;
    let factor = if mean > 0.0 { COMPRESSION / mean } else { 0.0 };
    magnitudes.iter_mut().for_each(|magnitude| *magnitude = (factor * *magnitude).ln_1p());
    magnitudes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hz: f32, seconds: f32) -> Vec<f32> {
        (0..(16_000.0 * seconds) as usize).map(|n| 0.1 * (std::f32::consts::TAU * hz * n as f32 / 16_000.0).sin()).collect()
    }

    #[test]
    fn a_click_is_seen_in_the_frames_whose_windows_hold_it_as_computed_by_hand() {
        // One sample of 1 at the centre of frame 10: its spectrum is flat, as high as the window there. The window peaks at that sample,
        // is sin²(π (512 − 320) / 1024) in the frames beside it, and is nothing in frames 640 samples away.
        let mut samples = vec![0.0; 40 * HOP];
        samples[10 * HOP] = 1.0;
        let magnitudes = FrontEnd::default().magnitudes(&samples);
        let frame = |index: usize| &magnitudes[index * BANDS..(index + 1) * BANDS];
        let side = (std::f32::consts::PI * 192.0 / 1024.0).sin().powi(2);
        for (index, height) in [(8, 0.0), (9, side), (10, 1.0), (11, side), (12, 0.0)] {
            // The highest band: its triangle weighs 2 / (f_high − f_low) for each hertz, and bins stand 15.625 Hz apart, so that a flat
            // spectrum of height h gives h / 15.625 but for how the bins fall into the triangle.
            let found = frame(index)[BANDS - 1];
            assert!((found - height / 15.625).abs() < 1e-3, "frame {index}: {found}");
        }
        let sum: f32 = magnitudes.iter().sum();
        let mean = sum / magnitudes.len() as f32;
        let seen = FrontEnd::default().frames(&samples);
        let expected = (10.0 * frame(10)[5] / mean).ln_1p();
        assert!((seen[10 * BANDS + 5] - expected).abs() < 1e-4);
    }

    #[test]
    fn a_second_has_fifty_frames() {
        let frames = FrontEnd::default().frames(&tone(440.0, 3.0));
        assert_eq!(frames.len(), 150 * BANDS);
        assert_eq!(HOP, 320);
    }

    #[test]
    fn louder_is_the_same_and_silence_is_nothing() {
        let soft = tone(440.0, 1.0);
        let loud: Vec<f32> = soft.iter().map(|sample| 8.0 * sample).collect();
        let (soft, loud) = (FrontEnd::default().frames(&soft), FrontEnd::default().frames(&loud));
        assert!(soft.iter().zip(&loud).all(|(a, b)| (a - b).abs() < 1e-4));
        assert!(FrontEnd::default().frames(&[0.0; 5_000]).iter().all(|&x| x == 0.0));
        assert!(FrontEnd::default().frames(&[]).is_empty());
    }

    #[test]
    fn a_longer_hop_brings_what_comes_later_nearer() {
        let mut samples = vec![0.0; 16_000];
        samples[8_000] = 1.0;
        let loudest = |hop: usize| {
            let frames = FrontEnd::default().with_hop(hop).magnitudes(&samples);
            let frame = |index: usize| frames[index * BANDS..(index + 1) * BANDS].iter().sum::<f32>();
            (0..frames.len() / BANDS).max_by(|&a, &b| frame(a).total_cmp(&frame(b)))
        };
        assert_eq!((loudest(320), loudest(400)), (Some(25), Some(20)));
    }
}
