//! Coding at a low rate, as MP3 does it: a lapped transform, thresholds of hearing by band, and as few steps as the rate allows.
//!
//! Own writing after the idea of ISO/IEC 11172-3 layer III: its 576 lines and its quantiser's power of 0.75, critical bands after Zwicker
//! for its scale factor bands, an estimate of the length of its codes for its tables. Blocks are always long, so attacks are smeared ahead of
//! themselves, which is what is heard as a codec's fault. No stream is written: only what is lost matters here.

use std::f64::consts::PI;
use std::sync::Arc;

use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};

use super::power::{decibels, rms, severity};
use super::{Degradation, HZ, Kind};

/// Lines of the transform, and samples from one block to the next.
const LINES: usize = 576;
/// Upper edges of the critical bands in hertz (E. Zwicker, 1961).
const BAND_EDGES_HZ: [f64; 22] = [
    100.0, 200.0, 300.0, 400.0, 510.0, 630.0, 770.0, 920.0, 1080.0, 1270.0, 1480.0, 1720.0, 2000.0, 2320.0, 2700.0, 3150.0,
    3700.0, 4400.0, 5300.0, 6400.0, 7700.0, 8000.0,
];
/// How far below a band's energy noise inside it goes unheard, and how much less its neighbours above and below hide, in decibels.
const MASKED_DB: f64 = 16.0;
const FALL_UPWARDS_DB: f64 = 10.0;
const FALL_DOWNWARDS_DB: f64 = 25.0;
/// Noise that is never heard, as energy of a line at full scale.
const QUIET: f64 = 1e-9;
/// Largest rise of the noise above the thresholds, in decibels, and the halvings that find it.
const LARGEST_RISE_DB: f64 = 96.0;
const HALVINGS: usize = 10;

/// Codes and decodes at `kbit_per_s`, 8 to 96 for this one channel. The label has the SNR that came of it and the band that was kept.
pub fn codec(audio: &mut [f32], kbit_per_s: f64) -> Degradation {
    let clean = audio.to_vec();
    let transform = Lapped::new();
    let bandwidth = bandwidth(kbit_per_s);
    let bits_per_block = kbit_per_s * 1000.0 / HZ * LINES as f64;
    let bands = bands(bandwidth);
    transform.change(audio, |lines| quantise(lines, &bands, bits_per_block));
    let lost: Vec<f32> = clean.iter().zip(audio.iter()).map(|(clean, coded)| clean - coded).collect();
    Degradation::new(Kind::Codec, severity(kbit_per_s.ln(), 96.0_f64.ln(), 8.0_f64.ln()))
        .with_snr(decibels(rms(&clean) / rms(&lost)))
        .with_bandwidth(bandwidth)
}

/// What encoders keep at a rate, roughly: 3.4 kHz at 8 kbit/s, 6.8 at 32.
fn bandwidth(kbit_per_s: f64) -> f64 {
    (1200.0 * kbit_per_s.sqrt()).min(HZ / 2.0)
}

/// First lines of the bands up to a frequency, and the line after the last.
fn bands(bandwidth: f64) -> Vec<usize> {
    let line = |hz: f64| (hz.min(bandwidth) / (HZ / 2.0) * LINES as f64).round() as usize;
    let mut edges = vec![0];
    edges.extend(BAND_EDGES_HZ.iter().map(|hz| line(*hz)));
    edges.dedup();
    edges
}

/// Rounds the lines of a block to what its bits can tell.
fn quantise(lines: &mut [f64], bands: &[usize], bits: f64) {
    let thresholds = thresholds(lines, bands);
    let cost = |rise_db: f64| -> f64 {
        let per_band = bands.windows(2).zip(&thresholds).map(|(edges, threshold)| {
            let step = step(*threshold, rise_db);
            lines[edges[0]..edges[1]].iter().map(|line| code_length(index(*line, step))).sum::<f64>()
        });
        per_band.sum()
    };
    let (mut low, mut high) = (0.0, LARGEST_RISE_DB);
    if cost(low) > bits {
        for _ in 0..HALVINGS {
            let middle = 0.5 * (low + high);
            if cost(middle) > bits { low = middle } else { high = middle }
        }
    } else {
        high = low;
    }
    for (edges, threshold) in bands.windows(2).zip(&thresholds) {
        let step = step(*threshold, high);
        lines[edges[0]..edges[1]].iter_mut().for_each(|line| *line = value(index(*line, step), line.signum(), step));
    }
    lines[bands[bands.len() - 1]..].fill(0.0);
}

/// Energy of noise a line that each band hides, itself or by its neighbours.
fn thresholds(lines: &[f64], bands: &[usize]) -> Vec<f64> {
    let energy = |edges: &[usize]| {
        let band = &lines[edges[0]..edges[1]];
        band.iter().map(|line| line * line).sum::<f64>() / band.len() as f64
    };
    let energies: Vec<f64> = bands.windows(2).map(energy).collect();
    let hidden_by = |band: usize, other: usize| {
        let distance = band.abs_diff(other) as f64;
        let fall = if other < band { FALL_UPWARDS_DB } else { FALL_DOWNWARDS_DB };
        energies[other] * 10.0_f64.powf(-(MASKED_DB + fall * distance) / 10.0)
    };
    (0..energies.len()).map(|band| (0..energies.len()).map(|other| hidden_by(band, other)).sum::<f64>().max(QUIET)).collect()
}

/// The quantiser's step whose noise is a threshold raised by some decibels: a uniform step's noise is its square over 12.
fn step(threshold: f64, rise_db: f64) -> f64 {
    (12.0 * threshold * 10.0_f64.powf(rise_db / 10.0)).sqrt()
}

/// The number a line is told by: layer III's power law, which spends less on what is loud.
fn index(line: f64, step: f64) -> f64 {
    let x = line.abs() / step;
    ((x * x.sqrt()).sqrt() + 0.4054).floor()
}

fn value(index: f64, sign: f64, step: f64) -> f64 {
    sign * index.powf(4.0 / 3.0) * step
}

/// About how many bits a number takes, its sign included.
fn code_length(index: f64) -> f64 {
    if index == 0.0 { 0.25 } else { 2.0 + 1.5 * index.log2() }
}

/// A modified discrete cosine transform under a sine window: unchanged lines give the sound back exactly.
struct Lapped {
    window: Vec<f64>,
    forward: Arc<dyn Fft<f64>>,
    inverse: Arc<dyn Fft<f64>>,
}

impl Lapped {
    fn new() -> Self {
        let length = 2 * LINES;
        let mut planner = FftPlanner::new();
        Self {
            window: (0..length).map(|n| (PI * (n as f64 + 0.5) / length as f64).sin()).collect(),
            forward: planner.plan_fft_forward(length),
            inverse: planner.plan_fft_inverse(length),
        }
    }

    /// Takes the sound apart, lets `change` at the lines of each block, and puts it together again in place.
    fn change(&self, audio: &mut [f32], mut change: impl FnMut(&mut [f64])) {
        // Whole blocks: the last one reaches over the end of a sound that is no multiple of the hop.
        let mut output = vec![0.0_f64; (audio.len().div_ceil(LINES) + 2) * LINES];
        let mut lines = vec![0.0; LINES];
        let mut work = vec![Complex::new(0.0, 0.0); 2 * LINES];
        // Blocks begin one hop before the sound, so that every sample lies under two.
        for block in 0..=audio.len().div_ceil(LINES) {
            let start = block * LINES;
            let sample =
                |n: usize| (start + n).checked_sub(LINES).and_then(|place| audio.get(place)).map_or(0.0, |x| f64::from(*x));
            for (n, value) in work.iter_mut().enumerate() {
                *value = Complex::from_polar(sample(n) * self.window[n], -PI * n as f64 / (2 * LINES) as f64);
            }
            self.forward.process(&mut work);
            for (k, line) in lines.iter_mut().enumerate() {
                *line = (work[k] * Complex::from_polar(1.0, -PI * SHIFT * (k as f64 + 0.5) / LINES as f64)).re * SCALE;
            }
            change(&mut lines);
            work.fill(Complex::new(0.0, 0.0));
            for (k, line) in lines.iter().enumerate() {
                work[k] = Complex::from_polar(*line * SCALE, PI * SHIFT * k as f64 / LINES as f64);
            }
            self.inverse.process(&mut work);
            for (n, value) in work.iter().enumerate() {
                let turned = value * Complex::from_polar(1.0, PI * (n as f64 + SHIFT) / (2 * LINES) as f64);
                output[start + n] += turned.re * self.window[n];
            }
        }
        audio.iter_mut().zip(&output[LINES..]).for_each(|(sample, value)| *sample = *value as f32);
    }
}

/// Where the transform's cosines begin, in samples before the block.
const SHIFT: f64 = 0.5 + LINES as f64 / 2.0;
/// Makes the transform keep energy: the root of 2 / lines.
const SCALE: f64 = 0.058_925_565_098_878_96;

#[cfg(test)]
mod tests {
    use super::super::noise::gaussian;
    use super::*;

    #[test]
    fn the_transform_gives_the_sound_back_and_keeps_its_energy() {
        assert!((SCALE - (2.0 / LINES as f64).sqrt()).abs() < 1e-15);
        for length in [1, LINES - 1, LINES, LINES + 1, 2 * LINES + 7] {
            let clean = gaussian(length, 2);
            let mut audio = clean.clone();
            Lapped::new().change(&mut audio, |_| {});
            assert!(audio.iter().zip(&clean).all(|(heard, clean)| (heard - clean).abs() < 1e-5), "{length} samples");
        }
        let clean = gaussian(10_000, 1);
        let mut audio = clean.clone();
        let mut energy = 0.0;
        Lapped::new().change(&mut audio, |lines| energy += lines.iter().map(|line| line * line).sum::<f64>());
        for (heard, clean) in audio.iter().zip(&clean) {
            assert!((heard - clean).abs() < 1e-5, "{heard} for {clean}");
        }
        let expected: f64 = clean.iter().map(|x| f64::from(*x).powi(2)).sum();
        // A lapped transform keeps the energy of all blocks together, but for the two half blocks at the ends.
        assert!((energy / expected - 1.0).abs() < 0.1, "{energy} for {expected}");
    }
}
