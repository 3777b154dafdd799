//! Log-spectral distance: how far apart two sounds are, bin by bin, where large differences weigh most.
//!
//! Source: Gray and Markel 1976, in the form used for audio super-resolution (window 2048, hop 512): the mean over frames of the root of
//! the mean over bins of the squared difference of log10 of power. Powers are at least 1e-10.

use super::spectrogram::{Frames, Spectrogram};

const WINDOW: usize = 2048;
const HOP: usize = 512;
/// Below this a magnitude counts as silence.
const SILENCE: f32 = 1e-5;

/// The measure. Plans a transform; keep it.
#[derive(Clone, Debug)]
pub struct LogSpectralDistance(Spectrogram);

impl Default for LogSpectralDistance {
    fn default() -> Self {
        Self(Spectrogram::new(WINDOW, HOP, Frames::Centred))
    }
}

impl LogSpectralDistance {
    /// The distance of two equally long sounds, not empty: 2 for a tenfold magnitude everywhere.
    pub fn distance(&self, a: &[f32], b: &[f32]) -> f64 {
        let (a, b) = (self.0.magnitudes(a), self.0.magnitudes(b));
        let log = |x: f32| 2.0 * f64::from(x.max(SILENCE)).log10();
        let bins = self.0.bins();
        let frame = |(a, b): (&[f32], &[f32])| {
            let squares = a.iter().zip(b).map(|(a, b)| (log(*a) - log(*b)).powi(2));
            (squares.sum::<f64>() / bins as f64).sqrt()
        };
        let frames = a.len() / bins;
        a.chunks_exact(bins).zip(b.chunks_exact(bins)).map(frame).sum::<f64>() / frames as f64
    }
}

#[cfg(test)]
mod tests {
    use super::super::hand_made::{noise, scaled};
    use super::*;

    #[test]
    fn equal_sounds_are_at_no_distance_and_ten_times_the_magnitude_is_two() {
        let (sound, measure) = (noise(1, 16_000), LogSpectralDistance::default());
        assert_eq!(measure.distance(&sound, &sound), 0.0);
        let loud = measure.distance(&sound, &scaled(&sound, 10.0));
        assert!((loud - 2.0).abs() < 1e-3, "{loud}");
    }
}
