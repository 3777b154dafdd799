//! Magnitudes of the short-time spectrum as other people's measures define it: a periodic Hann window, not normalised.

use std::fmt;
use std::sync::Arc;

use realfft::{RealFftPlanner, RealToComplex};

/// Where the frames of a sound lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frames {
    /// Centred on every hop, with silence around the sound, as long as at least half the window's centre lies on it: a frame for every
    /// hop begun.
    Centred,
    /// Whole windows inside the sound only, so that its edges cannot be taken for attacks.
    Inside,
}

/// A transform of one window length and hop. Plans once; keep it.
#[derive(Clone)]
pub struct Spectrogram {
    window: Vec<f32>,
    hop: usize,
    frames: Frames,
    transform: Arc<dyn RealToComplex<f32>>,
}

impl fmt::Debug for Spectrogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spectrogram").field("window", &self.window.len()).field("hop", &self.hop).finish_non_exhaustive()
    }
}

impl Spectrogram {
    /// Windows of `length` samples, `hop` apart.
    ///
    /// # Panics
    /// If `length` or `hop` is 0.
    pub fn new(length: usize, hop: usize, frames: Frames) -> Self {
        assert!(length > 0 && hop > 0, "a spectrum needs a window and a step");
        let hann = |i: usize| (std::f64::consts::PI * i as f64 / length as f64).sin().powi(2) as f32;
        Self { window: (0..length).map(hann).collect(), hop, frames, transform: RealFftPlanner::new().plan_fft_forward(length) }
    }

    /// Bins of a frame, from 0 Hz to half the rate.
    pub fn bins(&self) -> usize {
        self.window.len() / 2 + 1
    }

    /// Samples from one frame to the next.
    pub fn hop(&self) -> usize {
        self.hop
    }

    /// Magnitudes `[frame, bin]`.
    pub fn magnitudes(&self, samples: &[f32]) -> Vec<f32> {
        let mut frame = self.transform.make_input_vec();
        let mut spectrum = self.transform.make_output_vec();
        let mut scratch = self.transform.make_scratch_vec();
        let mut rows = Vec::new();
        for start in self.starts(samples.len()) {
            for (i, (out, weight)) in frame.iter_mut().zip(&self.window).enumerate() {
                let sample = usize::try_from(start + i as i64).ok().and_then(|position| samples.get(position));
                *out = sample.map_or(0.0, |sample| sample * weight);
            }
            self.transform.process_with_scratch(&mut frame, &mut spectrum, &mut scratch).expect("buffers come from the plan");
            rows.extend(spectrum.iter().map(|value| value.norm()));
        }
        rows
    }

    /// First samples of the frames.
    fn starts(&self, length: usize) -> Vec<i64> {
        let (half, end) = match self.frames {
            Frames::Centred => (self.window.len() / 2, length),
            Frames::Inside => (0, (length + 1).saturating_sub(self.window.len())),
        };
        (0..end).step_by(self.hop).map(|centre| centre as i64 - half as i64).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_stands_in_its_bin_with_a_quarter_of_the_window() {
        // A Hann window sums to half its length, and a cosine splits its amplitude between two bins.
        let tone: Vec<f32> = (0..4096).map(|i| (std::f32::consts::TAU * i as f32 * 8.0 / 256.0).cos()).collect();
        let spectrogram = Spectrogram::new(256, 64, Frames::Inside);
        let rows = spectrogram.magnitudes(&tone);
        assert_eq!(rows.len(), spectrogram.bins() * ((4096 - 256) / 64 + 1));
        for row in rows.chunks_exact(spectrogram.bins()) {
            assert!((row[8] - 64.0).abs() < 1e-2 && row[20] < 1e-2, "{} {}", row[8], row[20]);
        }
    }

    #[test]
    fn centred_frames_begin_with_every_hop() {
        assert_eq!(Spectrogram::new(8, 4, Frames::Centred).magnitudes(&[1.0; 9]).len(), 3 * 5);
        assert_eq!(Spectrogram::new(8, 4, Frames::Inside).magnitudes(&[1.0; 7]).len(), 0);
    }
}
