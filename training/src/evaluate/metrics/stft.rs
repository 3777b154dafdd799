//! How far apart two sounds are in their short-time spectra, on a linear and on a logarithmic scale.
//!
//! Source: the multi-scale STFT loss of the Descript Audio Codec (Kumar et al. 2023): windows of 2048 and 512, hops of a quarter, the
//! mean absolute difference of magnitudes, and of log10 of their squares with magnitudes of at least 1e-5, each summed over the windows.
//! Their "STFT distance" is the sum of both. Ours puts silence around a sound where theirs mirrors it.

use super::spectrogram::{Frames, Spectrogram};

/// Window lengths.
const WINDOWS: [usize; 2] = [2048, 512];

/// Below this a magnitude counts as silence, before the logarithm.
const SILENCE: f32 = 1e-5;

/// What two sounds differ by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StftDistance {
    /// Of magnitudes: grows with the level of both.
    pub linear: f64,
    /// Of log10 of squared magnitudes: 2 for a tenfold magnitude everywhere in one window.
    pub log: f64,
}

/// The measure. Plans two transforms; keep it.
#[derive(Clone, Debug)]
pub struct MultiScaleStft {
    scales: Vec<Spectrogram>,
}

impl Default for MultiScaleStft {
    fn default() -> Self {
        Self { scales: WINDOWS.map(|window| Spectrogram::new(window, window / 4, Frames::Centred)).into() }
    }
}

impl MultiScaleStft {
    /// The distance of two equally long sounds, not empty.
    pub fn distance(&self, a: &[f32], b: &[f32]) -> StftDistance {
        let mut distance = StftDistance { linear: 0.0, log: 0.0 };
        for scale in &self.scales {
            let (a, b) = (scale.magnitudes(a), scale.magnitudes(b));
            let count = a.len() as f64;
            let log = |x: f32| 2.0 * f64::from(x.max(SILENCE)).log10();
            distance.linear += a.iter().zip(&b).map(|(a, b)| f64::from((a - b).abs())).sum::<f64>() / count;
            distance.log += a.iter().zip(&b).map(|(a, b)| (log(*a) - log(*b)).abs()).sum::<f64>() / count;
        }
        distance
    }
}

#[cfg(test)]
mod tests {
    use super::super::hand_made::{noise, scaled};
    use super::*;

    #[test]
    fn equal_sounds_are_at_no_distance() {
        let sound = noise(1, 8000);
        assert_eq!(MultiScaleStft::default().distance(&sound, &sound), StftDistance { linear: 0.0, log: 0.0 });
    }

    #[test]
    fn a_gain_shows_as_itself() {
        let sound = noise(1, 16_000);
        let stft = MultiScaleStft::default();
        // Ten times the magnitude is 2 in log10 of power, in each of two windows.
        let loud = stft.distance(&sound, &scaled(&sound, 10.0));
        assert!((loud.log - 4.0).abs() < 1e-3, "{}", loud.log);
        let half = stft.distance(&sound, &scaled(&sound, 0.5));
        let silent = stft.distance(&sound, &vec![0.0; 16_000]);
        assert!((half.linear / silent.linear - 0.5).abs() < 1e-6);
    }
}
