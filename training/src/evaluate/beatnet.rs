//! BeatNet as an outside opinion: its three networks behind its own front end, their mean given to our decoder.
//!
//! Source: Heydari, Cwitkowitz and Duan, BeatNet (ISMIR 2021), weights under CC-BY 4.0, converted to ONNX and unchanged. The front end is
//! written anew from the description of its features: 50 frames a second at 22 050 Hz, magnitudes of 1411 samples under a symmetric Hann
//! window, filtered to 24 bands an octave, `log10(1 + x)`, and their increase from the frame before. A yardstick only: nothing learns
//! from it, and it does not ship.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use realfft::RealFftPlanner;
use turnaround_core::audio::Audio;
use turnaround_core::beats::{Activation, Activations};
use turnaround_core::resample::resample;
use turnaround_core::time::SampleRate;
use turnaround_engine::runtime::{Network, Runtime, TensorView};

const HZ: u32 = 22_050;
const HOP: usize = 441;
const WINDOW: usize = 1411;
const BINS: usize = WINDOW / 2;

/// Shape of the memory: layers, batch, width.
const MEMORY: [usize; 3] = [2, 1, 150];

/// The three networks.
pub struct BeatNet {
    networks: Vec<Box<dyn Network>>,
    front_end: FrontEnd,
}

impl BeatNet {
    /// Loads `beatnet1.onnx` to `beatnet3.onnx` from a folder.
    ///
    /// # Errors
    /// When one cannot be read or run, or takes other features.
    pub fn load(folder: &Path, runtime: &dyn Runtime) -> Result<Self> {
        let networks = (1..=3).map(|number| {
            let path = folder.join(format!("beatnet{number}.onnx"));
            let content = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
            runtime.load(&format!("beatnet{number}"), &content).with_context(|| format!("loading {}", path.display()))
        });
        Ok(Self { networks: networks.collect::<Result<_>>()?, front_end: FrontEnd::new() })
    }

    /// What the three hear on the mean. They know no division of beats.
    ///
    /// # Errors
    /// When a network cannot be run.
    pub fn listen(&self, audio: &Audio) -> Result<Activations> {
        let samples = resample(&audio.mid(), audio.rate(), SampleRate::new(HZ)?)?;
        let features = self.front_end.features(&samples);
        let width = self.front_end.width();
        let shape = [features.len() / width, width];
        let memory = vec![0.0; MEMORY.iter().product()];
        let mut mean = vec![Activation::default(); shape[0]];
        for network in &self.networks {
            let inputs = [
                ("feat", TensorView::new(&shape, &features)),
                ("h", TensorView::new(&MEMORY, &memory)),
                ("c", TensorView::new(&MEMORY, &memory)),
            ];
            let place = network.outputs().iter().position(|port| port.name == "prob").context("the graph has no output prob")?;
            let outputs = network.run(&inputs)?;
            let rows = outputs[place].values();
            ensure!(rows.len() == 3 * shape[0], "the graph gave {} numbers for {} frames", rows.len(), shape[0]);
            for (frame, row) in mean.iter_mut().zip(rows.chunks_exact(3)) {
                // A beat that is none of the first, a first beat, neither.
                frame.beat += (row[0] + row[1]) / self.networks.len() as f32;
                frame.downbeat += row[1] / self.networks.len() as f32;
            }
        }
        Ok(mean)
    }
}

/// Sound to features.
struct FrontEnd {
    window: Vec<f32>,
    /// First bin and weights of each band.
    bands: Vec<(usize, Vec<f32>)>,
}

impl FrontEnd {
    fn new() -> Self {
        let hann = |n: usize| 0.5 - 0.5 * (std::f64::consts::TAU * n as f64 / (WINDOW - 1) as f64).cos();
        Self { window: (0..WINDOW).map(|n| hann(n) as f32).collect(), bands: bands() }
    }

    /// Numbers of a frame.
    fn width(&self) -> usize {
        2 * self.bands.len()
    }

    /// `[frame, width]`: levels, then their increase.
    fn features(&self, samples: &[f32]) -> Vec<f32> {
        let transform = RealFftPlanner::<f32>::new().plan_fft_forward(WINDOW);
        let (mut frame, mut spectrum) = (transform.make_input_vec(), transform.make_output_vec());
        let mut features = Vec::new();
        let mut before: Option<Vec<f32>> = None;
        for centre in (0..samples.len()).step_by(HOP) {
            for (n, (out, weight)) in frame.iter_mut().zip(&self.window).enumerate() {
                let sample = (centre + n).checked_sub(WINDOW / 2).and_then(|place| samples.get(place));
                *out = sample.map_or(0.0, |sample| sample * weight);
            }
            transform.process(&mut frame, &mut spectrum).expect("buffers come from the plan");
            let magnitudes: Vec<f32> = spectrum[..BINS].iter().map(|bin| bin.norm()).collect();
            let level = |(first, weights): &(usize, Vec<f32>)| {
                let sum: f32 = magnitudes[*first..].iter().zip(weights).map(|(magnitude, weight)| magnitude * weight).sum();
                (1.0 + sum).log10()
            };
            let levels: Vec<f32> = self.bands.iter().map(level).collect();
            features.extend(&levels);
            match &before {
                Some(before) => features.extend(levels.iter().zip(before).map(|(now, before)| (now - before).max(0.0))),
                None => features.extend(levels.iter().map(|_| 0.0)),
            }
            before = Some(levels);
        }
        features
    }
}

/// Triangles of unit sum, 24 to the octave around 440 Hz from 30 Hz to 17 kHz, over bins; where they are narrower than bins, one bin.
fn bands() -> Vec<(usize, Vec<f32>)> {
    let bin_hz = f64::from(HZ) / (2 * BINS) as f64;
    let pitches = (-120..=160).map(|n| 440.0 * 2f64.powf(f64::from(n) / 24.0)).filter(|hz| (30.0..=17_000.0).contains(hz));
    let mut centres: Vec<usize> = pitches.map(|hz| ((hz / bin_hz).round() as usize).min(BINS - 1)).collect();
    centres.dedup();
    let band = |triple: &[usize]| {
        let [start, centre, stop] = [triple[0], triple[1], triple[2]];
        if stop - start < 2 {
            return (start, vec![1.0]);
        }
        let rise = (start..centre).map(|bin| (bin - start) as f32 / (centre - start) as f32);
        let fall = (centre..stop).map(|bin| 1.0 - (bin - centre) as f32 / (stop - centre) as f32);
        let weights: Vec<f32> = rise.chain(fall).collect();
        let sum: f32 = weights.iter().sum();
        (start, weights.iter().map(|weight| weight / sum).collect())
    };
    centres.windows(3).map(band).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_two_hundred_and_seventy_two_features_fifty_times_a_second() {
        let front_end = FrontEnd::new();
        assert_eq!(front_end.width(), 272);
        let tone: Vec<f32> = (0..HZ).map(|n| (0.12 * n as f32).sin()).collect();
        let features = front_end.features(&tone);
        assert_eq!(features.len(), 50 * 272);
        assert!(features[136..272].iter().all(|&increase| increase == 0.0), "the first frame has none before it");
        assert!(front_end.bands.iter().all(|(first, weights)| first + weights.len() <= BINS && !weights.is_empty()));
        assert!(front_end.bands.iter().all(|(_, weights)| (weights.iter().sum::<f32>() - 1.0).abs() < 1e-5));
    }
}
