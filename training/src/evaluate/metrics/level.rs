//! How much louder one sound is than another: as a whole, and in its upper half of the spectrum.

use super::spectrogram::{Frames, Spectrogram};

/// Power of a silent sound, −100 dB under full scale.
const SILENCE: f64 = 1e-10;

/// The highs that are compared: what a decoder in doubt leaves out first.
const HIGHS_HZ: std::ops::Range<f64> = 4000.0..8000.0;

/// Mean power of a sound, at least −100 dB.
pub fn power(samples: &[f32]) -> f64 {
    let sum: f64 = samples.iter().map(|x| f64::from(*x).powi(2)).sum();
    (sum / samples.len().max(1) as f64).max(SILENCE)
}

/// Level of `made` over that of `original`, in decibels.
pub fn level_db(original: &[f32], made: &[f32]) -> f64 {
    10.0 * (power(made) / power(original)).log10()
}

/// Compares energies from 4 to 8 kHz. Plans a transform; keep it.
#[derive(Clone, Debug)]
pub struct Highs {
    spectrogram: Spectrogram,
    bins: std::ops::Range<usize>,
}

impl Highs {
    /// At a rate, of which the part of the band below half of it counts.
    pub fn new(hz: u32) -> Self {
        let spectrogram = Spectrogram::new(1024, 512, Frames::Centred);
        let bin = |at: f64| ((at * 1024.0 / f64::from(hz)).ceil() as usize).min(spectrogram.bins());
        let bins = bin(HIGHS_HZ.start)..bin(HIGHS_HZ.end);
        Self { spectrogram, bins }
    }

    /// Energy of `made` over that of `original`, in decibels; nothing where the original has none up there.
    pub fn ratio_db(&self, original: &[f32], made: &[f32]) -> Option<f64> {
        let energy = |sound: &[f32]| -> f64 {
            let rows = self.spectrogram.magnitudes(sound);
            let squares = rows.chunks_exact(self.spectrogram.bins()).flat_map(|row| &row[self.bins.clone()]);
            let per_sample = 1.0 / (sound.len() as f64 * 1024.0);
            squares.map(|x| f64::from(*x).powi(2)).sum::<f64>() * per_sample
        };
        let original = energy(original);
        (original > SILENCE).then(|| 10.0 * (energy(made).max(SILENCE) / original).log10())
    }
}

#[cfg(test)]
mod tests {
    use super::super::hand_made::{noise, scaled, tone};
    use super::*;

    #[test]
    fn a_known_gain_is_the_level_error() {
        let sound = noise(1, 16_000);
        for db in [-12.0f32, 0.0, 3.0] {
            let made = scaled(&sound, 10f32.powf(db / 20.0));
            assert!((level_db(&sound, &made) - f64::from(db)).abs() < 1e-4);
            assert!((Highs::new(16_000).ratio_db(&sound, &made).unwrap() - f64::from(db)).abs() < 1e-4);
        }
        assert!((level_db(&sound, &[0.0; 16_000]) + 100.0 + 10.0 * power(&sound).log10()).abs() < 1e-9);
    }

    #[test]
    fn only_highs_count_as_highs() {
        let highs = Highs::new(16_000);
        let (low, high) = (tone(1000.0, 16_000), tone(6000.0, 16_000));
        let mixed = |share: f32| low.iter().zip(&high).map(|(a, b)| a + share * b).collect::<Vec<f32>>();
        let ratio = highs.ratio_db(&mixed(1.0), &mixed(0.5)).unwrap();
        assert!((ratio + 6.02).abs() < 0.05, "{ratio}");
        assert_eq!(highs.ratio_db(&[0.0; 16_000], &low), None);
    }
}
