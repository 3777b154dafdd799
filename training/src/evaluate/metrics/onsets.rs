//! Where sounds begin: a picker of peaks in spectral flux.
//!
//! Source: SuperFlux and its picker (Böck and Widmer 2013; Böck, Krebs and Schedl 2012): the rise of logarithmic bands over what they and
//! their neighbours were two frames before, and peaks of it above a moving mean. Ours counts 40 mel bands at 100 frames a second, looks
//! at magnitudes relative to their mean, so that level does not count, and was set by ear for clear attacks; it hears the same in two
//! copies of a sound rather than all that a listener hears.

use turnaround_core::mel::MelFilterbank;
use turnaround_core::time::{SampleRate, Seconds};

use super::spectrogram::{Frames, Spectrogram};

/// Seconds from frame to frame, and of a frame.
const STEP_S: f64 = 0.010;
const WINDOW_S: f64 = 0.032;
const BANDS: usize = 40;

/// Frames over which a rise counts.
const LAG: usize = 2;
/// Magnitudes are told apart down to this share of their mean.
const FAINT: f32 = 0.1;
/// Frames on each side that a peak tops; two onsets are farther apart.
const REACH: usize = 3;
/// Frames before and behind that make the moving mean.
const MEAN_OVER: (usize, usize) = (10, 7);
/// In a part of the band, the least mean that magnitudes are relative to, as a share of the whole band's: what is all but silent there is
/// not made to begin.
const QUIET_PART: f32 = 0.03;
/// How far a peak lies above that mean, in decades averaged over bands.
const ABOVE_MEAN: f32 = 0.04;

/// The picker. Plans a transform; keep it.
#[derive(Clone, Debug)]
pub struct Onsets {
    spectrogram: Spectrogram,
    bands: MelFilterbank,
    /// The bands that count.
    counted: std::ops::Range<usize>,
    rate: SampleRate,
}

impl Onsets {
    /// At a rate.
    pub fn new(rate: SampleRate) -> Self {
        let samples = |seconds: f64| rate.samples_from(Seconds::new(seconds)).as_index();
        let window = samples(WINDOW_S).next_multiple_of(2);
        Self {
            spectrogram: Spectrogram::new(window, samples(STEP_S), Frames::Inside),
            bands: MelFilterbank::new(rate, window, BANDS),
            counted: 0..BANDS,
            rate,
        }
    }

    /// At a rate, hearing nothing but what lies in some hertz; the nearest bands count.
    pub fn within(rate: SampleRate, hz: std::ops::Range<f64>) -> Self {
        let whole = Self::new(rate);
        let bin_hz = f64::from(rate.hz()) / 2.0 / (whole.spectrogram.bins() - 1) as f64;
        // The band that answers most to a tone at the edge.
        let nearest = |hz: f64| {
            let mut tone = vec![0.0; whole.spectrogram.bins()];
            tone[((hz / bin_hz).round() as usize).min(whole.spectrogram.bins() - 1)] = 1.0;
            let answer = whole.bands.apply(&tone);
            (0..BANDS).max_by(|a, b| answer[*a].total_cmp(&answer[*b]))
        };
        let is_lowest = hz.start <= 0.0;
        let is_highest = hz.end >= f64::from(rate.hz()) / 2.0;
        let from = if is_lowest { 0 } else { nearest(hz.start).unwrap_or(0) };
        let to = if is_highest { BANDS } else { nearest(hz.end).map_or(BANDS, |band| band + 1) };
        Self { counted: from..to, ..whole }
    }

    /// Moments at which something begins, ascending, from the start of the sound. What begins within its first 40 ms is not heard: there
    /// is nothing before it to rise from.
    pub fn of(&self, sound: &[f32]) -> Vec<Seconds> {
        peaks(&self.flux(sound)).into_iter().map(|frame| self.moment(frame)).collect()
    }

    /// How much rises when: the mean rise of the bands, in decades, every 10 ms.
    pub fn rises(&self, sound: &[f32]) -> Vec<(Seconds, f32)> {
        self.flux(sound).into_iter().enumerate().map(|(frame, rise)| (self.moment(frame), rise)).collect()
    }

    /// A rise between two frames lies half the lag before the later one's middle.
    fn moment(&self, frame: usize) -> Seconds {
        let middle = frame * self.spectrogram.hop() + self.spectrogram.bins() - 1;
        Seconds::new((middle as f64 - 0.5 * (LAG * self.spectrogram.hop()) as f64) / f64::from(self.rate.hz()))
    }

    /// Mean rise of the bands at each frame, in decades.
    fn flux(&self, sound: &[f32]) -> Vec<f32> {
        let magnitudes = self.spectrogram.magnitudes(sound);
        let mut levels: Vec<f32> =
            magnitudes.chunks_exact(self.spectrogram.bins()).flat_map(|row| self.bands.apply(row)).collect();
        let Some(mean) = self.mean(&levels) else { return Vec::new() };
        levels.iter_mut().for_each(|x| *x = (1.0 + *x / (FAINT * mean)).log10());
        let rows: Vec<&[f32]> = levels.chunks_exact(BANDS).collect();
        let rise = |frame: usize| {
            let Some(before) = frame.checked_sub(LAG) else { return 0.0 };
            let around =
                |band: usize| rows[before][band.saturating_sub(1)..BANDS.min(band + 2)].iter().copied().fold(0.0, f32::max);
            let rises = self.counted.clone().map(|band| (rows[frame][band] - around(band)).max(0.0));
            rises.sum::<f32>() / self.counted.len() as f32
        };
        (0..rows.len()).map(rise).collect()
    }

    /// What magnitudes are relative to; nothing in silence.
    fn mean(&self, levels: &[f32]) -> Option<f32> {
        let whole = levels.iter().sum::<f32>() / levels.len().max(1) as f32;
        let counted = levels.chunks_exact(BANDS).flat_map(|row| &row[self.counted.clone()]).sum::<f32>();
        let part = counted / (levels.len() / BANDS * self.counted.len()).max(1) as f32;
        let mean = part.max(QUIET_PART * whole);
        (mean > 0.0).then_some(mean)
    }
}

fn peaks(flux: &[f32]) -> Vec<usize> {
    let mut found: Vec<usize> = Vec::new();
    for (frame, &value) in flux.iter().enumerate() {
        let around = |before: usize, behind: usize| &flux[frame.saturating_sub(before)..flux.len().min(frame + behind + 1)];
        let mean_over = around(MEAN_OVER.0, MEAN_OVER.1);
        let mean = mean_over.iter().sum::<f32>() / mean_over.len() as f32;
        let is_peak = around(REACH, REACH).iter().all(|other| *other <= value) && value >= mean + ABOVE_MEAN;
        if is_peak && found.last().is_none_or(|last| frame - last > REACH) {
            found.push(frame);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::events::{ONSET_TOLERANCE, f_measure};
    use super::super::hand_made::{noise, plucks, scaled};
    use super::*;

    const RATE: SampleRate = SampleRate::MODEL;

    fn seconds(moments: &[f64]) -> Vec<Seconds> {
        moments.iter().map(|s| Seconds::new(*s)).collect()
    }

    #[test]
    fn every_attack_is_found_within_15_ms_and_nothing_else() {
        let at = [0.25, 0.5, 0.62, 1.0, 1.5, 1.9];
        let mut sound = plucks(&at, 32_000);
        sound.iter_mut().zip(noise(1, 32_000)).for_each(|(x, hiss)| *x += 0.003 * hiss);
        let found = Onsets::new(RATE).of(&sound);
        assert_eq!(found.len(), at.len(), "{found:?}");
        for (found, expected) in found.iter().zip(at) {
            assert!((found.get() - expected).abs() < 0.015, "{found} for {expected}");
        }
    }

    #[test]
    fn level_does_not_count() {
        let sound = plucks(&[0.25, 0.5, 1.0, 1.5], 32_000);
        let onsets = Onsets::new(RATE);
        assert_eq!(onsets.of(&sound), onsets.of(&scaled(&sound, 0.01)));
    }

    #[test]
    fn two_of_three_clicks_found_are_an_f_of_four_fifths() {
        let onsets = Onsets::new(RATE);
        let three = onsets.of(&plucks(&[0.5, 1.0, 1.5], 32_000));
        let two = onsets.of(&plucks(&[0.5, 1.5], 32_000));
        assert_eq!(f_measure(&three, &two, ONSET_TOLERANCE), Some(0.8));
        let late = onsets.of(&plucks(&[0.58, 1.08, 1.58], 32_000));
        assert_eq!(f_measure(&three, &late, ONSET_TOLERANCE), Some(0.0));
        assert_eq!(f_measure(&three, &seconds(&[]), ONSET_TOLERANCE), Some(0.0));
    }

    #[test]
    fn a_part_of_the_band_hears_what_begins_there_and_nothing_else() {
        let tone = |hz: f64, from: usize| -> Vec<f32> {
            let sound = |i: usize| 0.2 * (std::f64::consts::TAU * hz * i as f64 / 16_000.0).sin() as f32;
            // Faded in over 5 ms: a tone cut short would begin in every band.
            (0..32_000).map(|i| sound(i) * (i.saturating_sub(from) as f32 / 80.0).min(1.0)).collect()
        };
        let both: Vec<f32> = tone(100.0, 8_000).iter().zip(tone(5_500.0, 20_000)).map(|(a, b)| a + b).collect();
        let begun = |hz: std::ops::Range<f64>| Onsets::within(RATE, hz).of(&both);
        let (low, high) = (begun(0.0..250.0), begun(4000.0..8000.0));
        assert_eq!((low.len(), high.len()), (1, 1), "{low:?} {high:?}");
        assert!((low[0].get() - 0.5).abs() < 0.02 && (high[0].get() - 1.25).abs() < 0.02, "{low:?} {high:?}");
        assert_eq!(Onsets::within(RATE, 0.0..8000.0).of(&both), Onsets::new(RATE).of(&both));
    }

    #[test]
    fn silence_and_a_steady_hiss_begin_nowhere() {
        let onsets = Onsets::new(RATE);
        assert_eq!(onsets.of(&[0.0; 16_000]), []);
        assert_eq!(onsets.of(&noise(1, 32_000)), []);
        assert_eq!(onsets.of(&[]), []);
    }
}
