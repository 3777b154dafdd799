//! Descriptors of level and colour: how loud, where in the spectrum, how much like noise, and how the level moves through the bar.

use turnaround_core::descriptors::Descriptor;

use super::{HOP, Marks, Spectra, decibels};
use crate::evaluate::metrics::level::power;

/// The bands whose energy is told beside all energy, in hertz. Nothing above 7.2 kHz is a model's own.
const BASS_HZ: std::ops::Range<f64> = 0.0..250.0;
const MIDDLE_HZ: std::ops::Range<f64> = 250.0..2000.0;
const TOP_HZ: std::ops::Range<f64> = 4000.0..7200.0;
const WHOLE_HZ: std::ops::Range<f64> = 0.0..7200.0;

/// Power at which a bin counts as silent in flatness: below, the logarithm would tell of rounding.
const FAINT: f64 = 1e-10;

/// The share of frames that are louder than a bar's peak level; a single click is none.
const PEAK: f64 = 0.05;

pub fn measure(bar: &[f32], spectra: &Spectra, marks: &mut Marks) {
    marks.insert(Descriptor::Loudness, 10.0 * power(bar).log10());
    let half = bar.len() / 2;
    marks.insert(Descriptor::Swell, 10.0 * (power(&bar[half..]) / power(&bar[..half])).log10());
    if let Some(sustain) = sustain(bar) {
        marks.insert(Descriptor::Sustain, sustain);
    }

    let energy = mean_energy(spectra);
    let within = |range: &std::ops::Range<f64>| -> f64 {
        energy.iter().enumerate().filter(|(bin, _)| range.contains(&(*bin as f64 * spectra.bin_hz))).map(|(_, e)| e).sum()
    };
    let whole = within(&WHOLE_HZ);
    if whole <= 0.0 {
        return;
    }
    marks.insert(Descriptor::Bass, decibels(within(&BASS_HZ), whole));
    marks.insert(Descriptor::Middle, decibels(within(&MIDDLE_HZ), whole));
    marks.insert(Descriptor::Top, decibels(within(&TOP_HZ), whole));
    marks.insert(Descriptor::Brightness, centroid(&energy, spectra.bin_hz));
    marks.insert(Descriptor::Noisiness, flatness(spectra));
}

/// Mean energy of each bin over the bar.
fn mean_energy(spectra: &Spectra) -> Vec<f64> {
    let mut sum = vec![0.0; spectra.bins];
    let mut frames = 0.0;
    for frame in spectra.frames() {
        sum.iter_mut().zip(frame).for_each(|(sum, x)| *sum += f64::from(*x).powi(2));
        frames += 1.0;
    }
    sum.iter_mut().for_each(|sum| *sum /= f64::max(frames, 1.0));
    sum
}

/// The spectral centroid in octaves over 1 Hz. Magnitudes weigh, not energies: a bass would else hide all that is above it.
fn centroid(energy: &[f64], bin_hz: f64) -> f64 {
    let (mut weighted, mut sum) = (0.0, 0.0);
    for (bin, energy) in energy.iter().enumerate().skip(1) {
        weighted += bin as f64 * bin_hz * energy.sqrt();
        sum += energy.sqrt();
    }
    (weighted / sum).max(1.0).log2()
}

/// Geometric over arithmetic mean of the power spectrum, in decibels, a loud frame counting by its energy. 0 is white noise.
///
/// Source: spectral flatness, as in MPEG-7's AudioSpectrumFlatness, over one band to 7.2 kHz.
fn flatness(spectra: &Spectra) -> f64 {
    let bins = ((WHOLE_HZ.end / spectra.bin_hz) as usize).min(spectra.bins);
    let (mut weighted, mut sum) = (0.0, 0.0);
    for frame in spectra.frames() {
        let powers = frame[1..bins].iter().map(|x| f64::from(*x).powi(2) + FAINT);
        let (mut logarithms, mut total) = (0.0, 0.0);
        for power in powers {
            logarithms += power.ln();
            total += power;
        }
        let count = (bins - 1) as f64;
        weighted += total * ((logarithms / count).exp() / (total / count));
        sum += total;
    }
    10.0 * (weighted / sum).log10()
}

/// Mean level of short frames under the peak level, in decibels.
fn sustain(bar: &[f32]) -> Option<f64> {
    let mut levels: Vec<f64> = bar.chunks_exact(HOP).map(power).collect();
    levels.sort_by(f64::total_cmp);
    let peak = *levels.get(((1.0 - PEAK) * levels.len() as f64) as usize)?;
    let below = levels.iter().map(|level| decibels(*level, peak).min(0.0));
    Some(below.sum::<f64>() / levels.len() as f64)
}
