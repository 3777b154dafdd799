//! Measures the descriptors of a bar. They score and name what networks do; nothing that trains may read them.

mod harmony;
mod levels;
mod punch;
mod rhythm;

use std::collections::BTreeMap;

use turnaround_core::descriptors::{Descriptor, Effect};
use turnaround_core::time::SampleRate;

use crate::evaluate::metrics::spectrogram::{Frames, Spectrogram};
use harmony::Harmony;
use rhythm::Rhythm;

/// Samples of a short frame and from one to the next: those of the tokenizer, 32 and 16 ms.
const WINDOW: usize = 512;
const HOP: usize = 256;

/// What was measured of one bar, in each descriptor's own unit. What a bar does not have, as the register of a drum solo, is not there.
pub type Marks = BTreeMap<Descriptor, f64>;

/// A bar to measure.
#[derive(Clone, Copy, Debug)]
pub struct Measured<'a> {
    /// Mono at the gauge's rate: what precedes the bar, then the bar.
    pub sound: &'a [f32],
    /// Samples that precede the bar; what begins with the bar is then heard to begin. A tenth of a second is enough.
    pub lead: usize,
    /// Quarter notes in the bar, above 0.
    pub beats: f64,
}

impl<'a> Measured<'a> {
    fn bar(&self) -> &'a [f32] {
        &self.sound[self.lead..]
    }
}

/// Measures bars. Plans all transforms; keep it.
#[derive(Clone, Debug)]
pub struct Gauge {
    rate: SampleRate,
    frames: Spectrogram,
    rhythm: Rhythm,
    harmony: Harmony,
}

/// Short spectra of a bar: magnitudes `[frame, bin]`.
struct Spectra {
    magnitudes: Vec<f32>,
    bins: usize,
    bin_hz: f64,
}

impl Spectra {
    fn frames(&self) -> impl Iterator<Item = &[f32]> {
        self.magnitudes.chunks_exact(self.bins)
    }
}

impl Gauge {
    /// At a rate, of which the models' is meant.
    pub fn new(rate: SampleRate) -> Self {
        Self {
            rate,
            frames: Spectrogram::new(WINDOW, HOP, Frames::Inside),
            rhythm: Rhythm::new(rate),
            harmony: Harmony::new(rate),
        }
    }

    /// Every descriptor that the bar has.
    ///
    /// # Panics
    /// If nothing follows the lead, or the bar has no beats.
    pub fn measure(&self, measured: &Measured<'_>) -> Marks {
        assert!(measured.sound.len() > measured.lead && measured.beats > 0.0, "a bar lasts, and has beats");
        let bar = measured.bar();
        let spectra = Spectra {
            magnitudes: self.frames.magnitudes(bar),
            bins: self.frames.bins(),
            bin_hz: f64::from(self.rate.hz()) / WINDOW as f64,
        };
        let mut marks = Marks::new();
        levels::measure(bar, &spectra, &mut marks);
        punch::measure(&spectra, &mut marks);
        self.rhythm.measure(measured, &mut marks);
        self.harmony.measure(bar, measured.beats, &mut marks);
        marks
    }
}

/// How far real bars lie apart in each descriptor: what makes decibels and semitones comparable.
#[derive(Clone, Debug, PartialEq)]
pub struct Spread(BTreeMap<Descriptor, f64>);

impl Spread {
    /// The standard deviations of some bars. A descriptor that two bars at least do not have, or all have alike, does not count.
    pub fn of(bars: &[Marks]) -> Self {
        let deviation = |descriptor: &Descriptor| {
            let values: Vec<f64> = bars.iter().filter_map(|marks| marks.get(descriptor).copied()).collect();
            let count = values.len() as f64;
            let mean = values.iter().sum::<f64>() / count;
            let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0);
            (values.len() > 1 && variance > 0.0).then(|| (*descriptor, variance.sqrt()))
        };
        Self(Descriptor::ALL.iter().filter_map(deviation).collect())
    }

    /// How far `made` lies from `reference`, in standard deviations. Every descriptor is there; one that is not known of both bars, or
    /// does not count, has not changed.
    pub fn effect(&self, made: &Marks, reference: &Marks) -> Effect {
        let change = |descriptor: Descriptor| {
            let known = (made.get(&descriptor), reference.get(&descriptor), self.0.get(&descriptor));
            let change = match known {
                (Some(made), Some(reference), Some(deviation)) => (made - reference) / deviation,
                _ => 0.0,
            };
            (descriptor, change as f32)
        };
        Descriptor::ALL.into_iter().map(change).collect()
    }

    /// How far two bars lie apart: the mean over all descriptors of the squared effect.
    pub fn squared_distance(&self, a: &Marks, b: &Marks) -> f64 {
        let squares: Vec<f64> = self.effect(a, b).values().map(|x| f64::from(*x).powi(2)).collect();
        squares.iter().sum::<f64>() / squares.len() as f64
    }
}

/// What real bars are like: the mean one, and how far they lie apart.
#[derive(Clone, Debug)]
pub struct RealBars {
    spread: Spread,
    mean: Marks,
}

impl RealBars {
    /// Of some bars.
    pub fn of(bars: &[Marks]) -> Self {
        let mean = |descriptor: Descriptor| {
            let values: Vec<f64> = bars.iter().filter_map(|marks| marks.get(&descriptor).copied()).collect();
            (!values.is_empty()).then(|| (descriptor, values.iter().sum::<f64>() / values.len() as f64))
        };
        Self { spread: Spread::of(bars), mean: Descriptor::ALL.into_iter().filter_map(mean).collect() }
    }

    /// How far they lie apart.
    pub fn spread(&self) -> &Spread {
        &self.spread
    }

    /// The mean squared distance of a bar from the mean one, [`Spread::squared_distance`]; of real bars it is 1 on the mean.
    pub fn oddness(&self, marks: &Marks) -> f64 {
        self.spread.squared_distance(marks, &self.mean)
    }
}

/// Decibels of a ratio of energies, at least −60.
fn decibels(part: f64, whole: f64) -> f64 {
    const FLOOR: f64 = 1e-6;
    10.0 * (part / whole.max(f64::MIN_POSITIVE)).max(FLOOR).log10()
}

#[cfg(test)]
mod tests;
