//! Descriptors of what has a pitch: how high, how many pitch classes, and how much they change.

use turnaround_core::chroma::Chroma;
use turnaround_core::descriptors::Descriptor;
use turnaround_core::time::SampleRate;

use super::Marks;
use crate::evaluate::metrics::spectrogram::{Frames, Spectrogram};

/// Samples of a long frame at the models' rate, a quarter of a second, and from one to the next.
const WINDOW: usize = 4096;
const HOP: usize = 1024;

/// Where pitches are looked for, in hertz: from the lowest string of a bass to the highest C of a trumpet and an octave more.
const PITCHES_HZ: std::ops::Range<f64> = 40.0..2093.0;

/// Bins on each side whose median a peak is compared with, and how many times as high it has to be. What noise leaves is then below a
/// tenth of a drum roll's energy.
const AROUND: usize = 25;
const ABOVE: f32 = 6.0;

#[derive(Clone, Debug)]
pub struct Harmony {
    chroma: Chroma,
    frames: Spectrogram,
    bin_hz: f64,
}

impl Harmony {
    pub fn new(rate: SampleRate) -> Self {
        Self {
            chroma: Chroma::new(rate),
            frames: Spectrogram::new(WINDOW, HOP, Frames::Centred),
            bin_hz: f64::from(rate.hz()) / WINDOW as f64,
        }
    }

    pub fn measure(&self, bar: &[f32], beats: f64, marks: &mut Marks) {
        if let Some(register) = self.register(bar) {
            marks.insert(Descriptor::Register, register);
        }
        let classes = self.chroma.analyse(bar);
        let Some(whole) = shares(&classes) else { return };
        marks.insert(Descriptor::Richness, perplexity(&whole));
        if let Some(movement) = movement(&classes, beats) {
            marks.insert(Descriptor::Movement, movement);
        }
    }

    /// Mean pitch of spectral peaks, weighted by magnitude, as MIDI counts: 69 is A at 440 Hz. Nothing where nothing has a pitch.
    fn register(&self, bar: &[f32]) -> Option<f64> {
        let bins = (PITCHES_HZ.start / self.bin_hz) as usize..(PITCHES_HZ.end / self.bin_hz) as usize;
        let magnitudes = self.frames.magnitudes(bar);
        let loudest = magnitudes.iter().copied().fold(0.0, f32::max);
        let (mut weighted, mut sum) = (0.0, 0.0);
        for frame in magnitudes.chunks_exact(self.frames.bins()) {
            for bin in bins.clone() {
                let here = frame[bin];
                let tops = here > frame[bin - 1] && here >= frame[bin + 1] && here > 1e-3 * loudest;
                if tops && here > ABOVE * median(&frame[bin.saturating_sub(AROUND)..bin + AROUND]) {
                    let pitch = 69.0 + 12.0 * (bin as f64 * self.bin_hz / 440.0).log2();
                    weighted += f64::from(here) * pitch;
                    sum += f64::from(here);
                }
            }
        }
        (sum > 0.0).then(|| weighted / sum)
    }
}

fn median(values: &[f32]) -> f32 {
    let mut values = values.to_vec();
    let middle = values.len() / 2;
    *values.select_nth_unstable_by(middle, f32::total_cmp).1
}

/// Each pitch class's share of all over some frames; nothing in silence.
fn shares(frames: &[[f64; 12]]) -> Option<[f64; 12]> {
    let mut sum = [0.0; 12];
    frames.iter().for_each(|frame| sum.iter_mut().zip(frame).for_each(|(sum, x)| *sum += x));
    let whole: f64 = sum.iter().sum();
    (whole > 0.0).then(|| sum.map(|x| x / whole))
}

/// How many classes would be as evenly in use.
fn perplexity(shares: &[f64; 12]) -> f64 {
    (-shares.iter().filter(|share| **share > 0.0).map(|share| share * share.ln()).sum::<f64>()).exp()
}

/// One minus the cosine of the pitch classes of each beat and the next, on the mean. Nothing in a bar of one beat.
fn movement(frames: &[[f64; 12]], beats: f64) -> Option<f64> {
    let count = (beats.round() as usize).min(frames.len());
    let beat = |index: usize| shares(&frames[index * frames.len() / count..(index + 1) * frames.len() / count]);
    let beats: Vec<[f64; 12]> = (0..count).filter_map(beat).collect();
    let changes: Vec<f64> = beats.windows(2).map(|pair| 1.0 - cosine(&pair[0], &pair[1])).collect();
    (!changes.is_empty()).then(|| changes.iter().sum::<f64>() / changes.len() as f64)
}

fn cosine(a: &[f64; 12], b: &[f64; 12]) -> f64 {
    let dot = |a: &[f64; 12], b: &[f64; 12]| -> f64 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}
