//! Spectral flux: how far the spectrum moves from moment to moment, whether something begins or is cut off.
//!
//! Onsets are picked from rises alone; a listener hears a sound break off just as well.

use turnaround_core::mel::MelFilterbank;
use turnaround_core::time::{SampleRate, Seconds};

use super::spectrogram::{Frames, Spectrogram};

/// Seconds from frame to frame, and of a frame.
const STEP_S: f64 = 0.010;
const WINDOW_S: f64 = 0.032;
const BANDS: usize = 40;

/// Frames over which a change counts.
const LAG: usize = 2;

/// Magnitudes are told apart down to this share of their mean.
const FAINT: f32 = 0.1;

/// The measure at a rate. Plans a transform; keep it.
#[derive(Clone, Debug)]
pub struct Flux {
    spectrogram: Spectrogram,
    filters: MelFilterbank,
    rate: SampleRate,
}

impl Flux {
    /// At a rate.
    pub fn new(rate: SampleRate) -> Self {
        let samples = |seconds: f64| rate.samples_from(Seconds::new(seconds)).as_index();
        let window = samples(WINDOW_S).next_multiple_of(2);
        Self {
            spectrogram: Spectrogram::new(window, samples(STEP_S), Frames::Inside),
            filters: MelFilterbank::new(rate, window, BANDS),
            rate,
        }
    }

    /// The mean over bands of how far a level has moved in 20 ms, up or down, in decades, and when; every 10 ms. Nothing of silence.
    pub fn of(&self, sound: &[f32]) -> Vec<(Seconds, f64)> {
        let levels = self.levels(sound);
        let change = |before: &[f32], after: &[f32]| {
            before.iter().zip(after).map(|(before, after)| f64::from((after - before).abs())).sum::<f64>() / BANDS as f64
        };
        let rows: Vec<&[f32]> = levels.chunks_exact(BANDS).collect();
        (LAG..rows.len()).map(|frame| (self.moment(frame), change(rows[frame - LAG], rows[frame]))).collect()
    }

    /// Levels `[frame, band]` in decades over a tenth of the sound's mean magnitude, so that its own level does not count.
    fn levels(&self, sound: &[f32]) -> Vec<f32> {
        let magnitudes = self.spectrogram.magnitudes(sound);
        let bands: Vec<f32> = magnitudes.chunks_exact(self.spectrogram.bins()).flat_map(|row| self.filters.apply(row)).collect();
        let mean = bands.iter().sum::<f32>() / bands.len().max(1) as f32;
        if mean == 0.0 {
            return Vec::new();
        }
        bands.iter().map(|magnitude| (1.0 + magnitude / (FAINT * mean)).log10()).collect()
    }

    /// A change between two frames lies half the lag before the later one's middle.
    fn moment(&self, frame: usize) -> Seconds {
        let middle = frame * self.spectrogram.hop() + self.spectrogram.bins() - 1;
        Seconds::new((middle as f64 - 0.5 * (LAG * self.spectrogram.hop()) as f64) / f64::from(self.rate.hz()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::hand_made::{scaled, tone};
    use super::*;

    #[test]
    fn flux_is_highest_where_a_sound_begins_and_where_it_is_cut_off() {
        let mut sound = tone(440.0, 32_000);
        sound[..10_000].fill(0.0);
        sound[22_000..].fill(0.0);
        let measure = Flux::new(SampleRate::MODEL);
        let flux = measure.of(&sound);
        let highest = |from: f64, to: f64| {
            let inside = flux.iter().filter(|(moment, _)| (from..to).contains(&moment.get()));
            inside.copied().max_by(|a, b| a.1.total_cmp(&b.1)).expect("frames lie everywhere")
        };
        let (begins, goes_on, ends) = (highest(0.4, 0.8), highest(0.8, 1.2), highest(1.2, 1.6));
        assert!((begins.0.get() - 0.625).abs() < 0.02 && (ends.0.get() - 1.375).abs() < 0.02, "{begins:?} {ends:?}");
        assert!(begins.1 > 20.0 * goes_on.1 && ends.1 > 20.0 * goes_on.1, "{begins:?} {goes_on:?} {ends:?}");
        for ((_, loud), (_, soft)) in flux.iter().zip(measure.of(&scaled(&sound, 0.01))) {
            assert!((loud - soft).abs() < 1e-3, "level does not count: {loud} and {soft}");
        }
    }

    #[test]
    fn silence_has_no_flux() {
        assert_eq!(Flux::new(SampleRate::MODEL).of(&[0.0; 4000]), []);
    }
}
