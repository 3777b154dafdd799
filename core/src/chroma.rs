//! Chroma, the energy of each pitch class whatever its octave, and how alike two sounds are in it: whether harmony and melody survive.

use std::fmt;
use std::sync::Arc;

use realfft::RealToComplex;

use crate::fft;
use crate::time::SampleRate;

/// Pitch classes, from C.
const CLASSES: usize = 12;

/// Shortest window in seconds. At the lowest pitch a semitone is then about two bins wide, as wide as half the window's main lobe.
const WINDOW_S: f64 = 0.25;

/// The pitches that count, from A2 to C7: below, semitones are closer than the window can tell; above lie few fundamentals.
const LOWEST_HZ: f64 = 110.0;
const HIGHEST_HZ: f64 = 2093.0;

/// Frames quieter than this share of the louder sound's loudest frame have no harmony worth comparing.
const FAINT: f64 = 1e-4;

/// Compares sounds by their chroma. Plans one transform; keep it to compare many.
///
/// Source: chroma vectors after Fujishima (1999), each bin given whole to the nearest pitch class at A = 440 Hz, magnitudes rather than
/// powers so that one loud note does not hide a chord.
#[derive(Clone)]
pub struct Chroma {
    window: Vec<f32>,
    transform: Arc<dyn RealToComplex<f32>>,
    /// The pitch class of each bin that counts.
    class: Vec<Option<usize>>,
}

impl fmt::Debug for Chroma {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chroma").field("window", &self.window.len()).finish_non_exhaustive()
    }
}

impl Chroma {
    /// The measure at a rate.
    pub fn new(rate: SampleRate) -> Self {
        let hz = f64::from(rate.hz());
        let length = ((hz * WINDOW_S) as usize).next_power_of_two();
        let hann = |i: usize| (std::f64::consts::PI * i as f64 / length as f64).sin().powi(2) as f32;
        let class = |bin: usize| class_of(bin as f64 * hz / length as f64);
        Self {
            window: (0..length).map(hann).collect(),
            transform: fft::forward(length),
            class: (0..=length / 2).map(class).collect(),
        }
    }

    /// Root of the energy of each pitch class, `[frame][class]` from C, a quarter of a window from frame to frame, silence around the
    /// sound.
    pub fn analyse(&self, samples: &[f32]) -> Vec<[f64; CLASSES]> {
        let length = self.window.len();
        let mut frame = self.transform.make_input_vec();
        let mut spectrum = self.transform.make_output_vec();
        let mut scratch = self.transform.make_scratch_vec();
        let mut rows = Vec::new();
        for centre in (0..samples.len()).step_by(length / 4) {
            for (i, (out, weight)) in frame.iter_mut().zip(&self.window).enumerate() {
                let sample = (centre + i).checked_sub(length / 2).and_then(|position| samples.get(position));
                *out = sample.map_or(0.0, |sample| sample * weight);
            }
            self.transform.process_with_scratch(&mut frame, &mut spectrum, &mut scratch).expect("buffers come from the plan");
            let mut energy = [0.0; CLASSES];
            for (value, class) in spectrum.iter().zip(&self.class) {
                if let Some(class) = class {
                    energy[*class] += f64::from(value.norm_sqr());
                }
            }
            rows.push(energy.map(f64::sqrt));
        }
        rows
    }

    /// Mean cosine of the chroma of two sounds over the frames that are not faint in both: 1 for equal harmony whatever the level; never
    /// near 0 for music, as unrelated bars too share some classes and are at about 0.57. Nothing when both are faint throughout.
    ///
    /// # Panics
    /// If the two are not equally long.
    pub fn similarity(&self, a: &[f32], b: &[f32]) -> Option<f64> {
        assert_eq!(a.len(), b.len(), "only sounds of one length can be compared frame by frame");
        let (a, b) = (self.analyse(a), self.analyse(b));
        let length = |row: &[f64; CLASSES]| row.iter().map(|x| x * x).sum::<f64>().sqrt();
        let loudest = a.iter().chain(&b).map(length).fold(0.0, f64::max);
        let is_heard = |row: &[f64; CLASSES]| length(row) > FAINT * loudest;
        let cosines: Vec<f64> = a
            .iter()
            .zip(&b)
            .filter(|(a, b)| is_heard(a) || is_heard(b))
            .map(|(a, b)| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>() / (length(a) * length(b)).max(f64::MIN_POSITIVE))
            .collect();
        (!cosines.is_empty()).then(|| cosines.iter().sum::<f64>() / cosines.len() as f64)
    }
}

fn class_of(hz: f64) -> Option<usize> {
    if !(LOWEST_HZ..=HIGHEST_HZ).contains(&hz) {
        return None;
    }
    // MIDI counts A = 440 Hz as 69, and every C is a multiple of twelve.
    let pitch = 69.0 + 12.0 * (hz / 440.0).log2();
    Some(pitch.round() as usize % CLASSES)
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::noise::GaussianNoise;

    fn tones(pitches: &[f64]) -> Vec<f32> {
        let hz = |pitch: &f64| 440.0 * ((pitch - 69.0) / 12.0).exp2();
        let sample =
            |i: usize| pitches.iter().map(|pitch| (std::f64::consts::TAU * hz(pitch) * i as f64 / 16_000.0).sin()).sum::<f64>();
        (0..32_000).map(|i| 0.1 * sample(i) as f32).collect()
    }

    #[test]
    fn a_note_sounds_in_its_own_class_in_every_octave() {
        for pitch in 46..96 {
            let rows = Chroma::new(SampleRate::MODEL).analyse(&tones(&[f64::from(pitch)]));
            let row = rows[rows.len() / 2];
            let loudest = (0..CLASSES).max_by(|&a, &b| row[a].total_cmp(&row[b])).unwrap();
            assert_eq!(loudest, pitch as usize % CLASSES, "{pitch}: {row:?}");
        }
    }

    #[test]
    fn harmony_counts_and_level_and_octave_do_not() {
        let chroma = Chroma::new(SampleRate::MODEL);
        let (chord, other) = (tones(&[60.0, 64.0, 67.0]), tones(&[61.0, 66.0, 70.0]));
        let soft: Vec<f32> = chord.iter().map(|x| 0.01 * x).collect();
        let similarity = |a: &[f32], b: &[f32]| chroma.similarity(a, b).unwrap();
        assert!((similarity(&chord, &soft) - 1.0).abs() < 1e-6);
        assert!(similarity(&chord, &tones(&[72.0, 76.0, 79.0])) > 0.98);
        assert!(similarity(&chord, &other) < 0.3, "{}", similarity(&chord, &other));
    }

    #[test]
    fn noise_is_like_no_chord() {
        let chroma = Chroma::new(SampleRate::MODEL);
        let mut noise = vec![0.0; 32_000];
        GaussianNoise::new(1).fill(&mut noise);
        let likeness = chroma.similarity(&tones(&[60.0, 64.0, 67.0]), &noise).unwrap();
        // Three classes of twelve, equally loud, against all twelve: √(3/12).
        assert!((likeness - 0.5).abs() < 0.1, "{likeness}");
    }

    #[test]
    fn silence_has_no_harmony_to_compare() {
        let chroma = Chroma::new(SampleRate::MODEL);
        assert_eq!(chroma.similarity(&[0.0; 8000], &[0.0; 8000]), None);
        assert_eq!(chroma.similarity(&tones(&[60.0]), &[0.0; 32_000]), Some(0.0));
    }
}
