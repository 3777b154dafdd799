//! A run of target bars at the caller's rate, and how a new sound takes the place of the old one there.

use std::ops::Range;

use turnaround_core::bars::{Bar, BarNumber};
use turnaround_core::time::SampleRate;

use crate::report::Region;
use crate::road::merge::{self, Changed};
use crate::road::splice;

/// Consecutive target bars and the fade before them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Run {
    /// The first sample that may change.
    pub start: usize,
    /// The first bar line.
    pub line: usize,
    /// The sample after the last that may change.
    pub end: usize,
    /// The bars.
    pub bars: Vec<Bar>,
}

impl Run {
    /// The runs among some bars in order.
    pub(crate) fn all(targets: &[&Bar], rate: SampleRate, length: usize) -> Vec<Run> {
        let run = |bars: &[&Bar]| {
            let line = bars[0].samples(rate).start.as_index();
            let end = bars[bars.len() - 1].samples(rate).end.as_index().min(length);
            let start = line.saturating_sub(splice::fade_samples(rate));
            Run { start, line, end, bars: bars.iter().map(|&&bar| bar).collect() }
        };
        targets.chunk_by(|a, b| a.number.next() == b.number).map(run).collect()
    }

    pub(crate) fn changed(&self) -> Changed {
        Changed { start: self.start, end: self.end }
    }

    pub(crate) fn region(&self) -> Region {
        Region { start: self.start, end: self.end }
    }

    /// The stretch with some more on both sides, as far as there is a recording.
    pub(crate) fn widened(&self, by: usize, length: usize) -> Range<usize> {
        self.start.saturating_sub(by)..(self.end + by).min(length)
    }

    /// Each bar and its samples.
    pub(crate) fn bars(&self, rate: SampleRate) -> impl Iterator<Item = (BarNumber, Range<usize>)> {
        self.bars.iter().map(move |bar| {
            let range = bar.samples(rate).as_range();
            (bar.number, range.start.min(self.end)..range.end.min(self.end))
        })
    }

    /// From the old sound to the new one before the first bar line, and back before the end: the same fades as below the crossover. Both
    /// sounds, and the result, are those of the run from start to end.
    pub(crate) fn faded(&self, old: &[f32], new: &[f32], rate: SampleRate) -> Vec<f32> {
        let (fade, guard) = (splice::fade_samples(rate), splice::guard_samples(rate));
        let length = self.end - self.start;
        let line = (self.line - self.start).min(length);
        let mut result = new.to_vec();
        // A run at the very start of a recording has no room for a fade, or for little of it.
        let from = (line + guard).saturating_sub(fade).min(line);
        result[..from].copy_from_slice(&old[..from]);
        result[from..line].copy_from_slice(&splice::crossfade(&old[from..line], &new[from..line]));
        let to = length.saturating_sub(guard).max(line);
        let from = to.saturating_sub(fade - guard).max(line);
        result[from..to].copy_from_slice(&splice::crossfade(&new[from..to], &old[from..to]));
        result[to..].copy_from_slice(&old[to..]);
        result
    }

    /// The new sound in full but for a ramp of 1 ms at both ends.
    pub(crate) fn ramped(&self, old: &[f32], new: &[f32], rate: SampleRate) -> Vec<f32> {
        let weight = |at: usize| merge::ramp(self.start + at, self.changed(), rate);
        old.iter().zip(new).enumerate().map(|(at, (old, new))| old + weight(at) * (new - old)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: u32 = 48_000;

    fn run() -> Run {
        Run { start: 1_000, line: 1_960, end: 11_000, bars: Vec::new() }
    }

    fn rate() -> SampleRate {
        SampleRate::new(RATE).unwrap()
    }

    #[test]
    fn a_faded_run_is_old_outside_new_inside_and_full_on_the_bar_line() {
        let (old, new) = (vec![0.0; 10_000], vec![1.0; 10_000]);
        let faded = run().faded(&old, &new, rate());
        assert!(faded[..96].iter().all(|&x| x == 0.0), "the guard");
        assert!(faded[960..10_000 - 960].iter().all(|&x| x == 1.0));
        assert!(faded[10_000 - 96..].iter().all(|&x| x == 0.0));
        assert!(faded.windows(2).all(|pair| (pair[1] - pair[0]).abs() < 0.01));
    }

    #[test]
    fn an_open_run_is_new_but_for_a_millisecond_at_its_ends() {
        let (old, new) = (vec![0.0; 10_000], vec![1.0; 10_000]);
        let ramped = run().ramped(&old, &new, rate());
        assert!(ramped[48..10_000 - 48].iter().all(|&x| x == 1.0));
        assert!(ramped[0] < 0.02 && ramped[9_999] < 0.02);
    }

    #[test]
    fn a_run_at_the_start_of_a_recording_begins_in_full() {
        let run = Run { start: 0, line: 0, end: 5_000, bars: Vec::new() };
        let faded = run.faded(&[0.0; 5_000], &[1.0; 5_000], rate());
        assert!(faded[..4_000].iter().all(|&x| x == 1.0));
        let short = Run { start: 0, line: 50, end: 300, bars: Vec::new() };
        assert_eq!(short.faded(&[0.0; 300], &[1.0; 300], rate()).len(), 300);
    }
}
