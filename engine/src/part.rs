//! The part of a recording that an edit has to do with, so that one bar of a long song costs what one of a short song does.

use std::collections::BTreeMap;
use std::ops::{Range, RangeInclusive};

use turnaround_core::audio::Audio;
use turnaround_core::bars::{Bar, BarNumber, Unit};
use turnaround_core::resample::whole_block;
use turnaround_core::time::{SampleRate, Samples, Seconds};

use crate::engine::EngineError;
use crate::regenerate::{ActionChoice, Made, not_finite};
use crate::report::Region;

/// Bars around the chosen ones, on both sides together: as many as highs are looked for in.
pub(crate) const BARS_AROUND: usize = 16;

/// What is heard beyond the outer bars: more than networks, filters and resampler reach.
const BEYOND: Seconds = Seconds::new(1.5);

/// Bars of a recording, and the samples that hold them.
pub(crate) struct Part<'a> {
    whole: &'a Audio,
    samples: Range<usize>,
    /// Its bars and units, in seconds from its own first sample.
    pub bars: Vec<Bar>,
    pub units: Vec<Unit>,
    /// The number of its first unit among all.
    pub first_unit: usize,
}

impl<'a> Part<'a> {
    /// The part around the chosen bars of a recording with these bars and units: all that a window of so many units around them can reach,
    /// and bars to take highs from. Of a short recording it is all.
    pub(crate) fn around(
        chosen: &BTreeMap<BarNumber, ActionChoice>,
        whole: &'a Audio,
        (bars, units): (&[Bar], &[Unit]),
        window: usize,
        model_rate: SampleRate,
    ) -> Self {
        let is_chosen = |unit: &Unit| chosen.keys().any(|bar| unit.bars.contains(bar));
        let first = units.iter().position(is_chosen).unwrap_or(0);
        let last = units.iter().rposition(is_chosen).unwrap_or(units.len() - 1);
        let bars = with_enough(bars, reached(units, first, last, window), chosen);
        let (from, to) = (bars[0].number, bars[bars.len() - 1].number);
        // A unit that joins bars stays whole, so that the same bars are joined as in the whole recording.
        let inside = |unit: &&Unit| *unit.bars.start() >= from && *unit.bars.end() <= to;
        let first_unit = units.iter().position(|unit| inside(&unit)).unwrap_or(0);
        let samples = samples_around(bars, whole, model_rate);
        let by = whole.rate().seconds_from(Samples::from_len(samples.start));
        let bars = bars.iter().map(|bar| Bar { start: bar.start - by, end: bar.end - by, ..*bar }).collect();
        let units = units.iter().filter(inside);
        let units = units.map(|unit| Unit { start: unit.start - by, end: unit.end - by, ..unit.clone() }).collect();
        Part { whole, samples, bars, units, first_unit }
    }

    /// Its sound.
    pub(crate) fn audio(&self) -> Result<Audio, EngineError> {
        let channels = self.whole.channels().iter().map(|channel| channel[self.samples.clone()].to_vec());
        Audio::new(self.whole.rate(), channels.collect()).map_err(|_| not_finite())
    }

    /// What was made of the part, in its place in the whole recording. Only what changed is copied.
    pub(crate) fn put_back(&self, made: Made) -> Result<Made, EngineError> {
        let (start, by) = (self.samples.start, self.whole.rate().seconds_from(Samples::from_len(self.samples.start)).get());
        let mut channels = self.whole.channels().to_vec();
        for (whole, part) in channels.iter_mut().zip(made.audio.channels()) {
            for region in &made.changed {
                whole[start + region.start..start + region.end].copy_from_slice(&part[region.start..region.end]);
            }
        }
        let audio = Audio::new(self.whole.rate(), channels).map_err(|_| not_finite())?;
        let moved = |region: &Region| Region { start: region.start + start, end: region.end + start };
        let changed = made.changed.iter().map(moved).collect();
        let mut bars = made.bars;
        for bar in &mut bars {
            (bar.start_s, bar.end_s) = (bar.start_s + by, bar.end_s + by);
        }
        Ok(Made { audio, changed, bars, ..made })
    }
}

/// The bars that windows of so many units may reach, which hold a unit from `first` to `last`.
fn reached(units: &[Unit], first: usize, last: usize, window: usize) -> RangeInclusive<BarNumber> {
    let (low, high) = (first.saturating_sub(window), (last + window).min(units.len() - 1));
    *units[low].bars.start()..=*units[high].bars.end()
}

/// The bars of a range, and as many more as there must be around the chosen ones: as many before as after, as far as there are any.
fn with_enough<'b>(bars: &'b [Bar], range: RangeInclusive<BarNumber>, chosen: &BTreeMap<BarNumber, ActionChoice>) -> &'b [Bar] {
    let place = |number: Option<&BarNumber>| number.map_or(0, |number| bars.partition_point(|bar| bar.number < *number));
    let (first, last) = (place(chosen.keys().next()), place(chosen.keys().next_back()).min(bars.len() - 1));
    let (before, after) = (first, bars.len() - 1 - last);
    let half = BARS_AROUND / 2;
    let taken_before = before.min(half.max(BARS_AROUND - after.min(BARS_AROUND)));
    let taken_after = after.min(half.max(BARS_AROUND - before.min(BARS_AROUND)));
    let low = (first - taken_before).min(place(Some(range.start())));
    let high = (last + taken_after).max(place(Some(range.end()))).min(bars.len() - 1);
    &bars[low..=high]
}

/// The samples of some bars and what lies beyond them, from a place that is a whole sample at the models' rate too.
fn samples_around(bars: &[Bar], whole: &Audio, model_rate: SampleRate) -> Range<usize> {
    let rate = whole.rate();
    let sample = |seconds: Seconds| rate.samples_from(Seconds::new(seconds.get().max(0.0))).as_index().min(whole.len());
    let [block, _] = whole_block(rate, model_rate);
    let start = sample(bars[0].start - BEYOND) / block * block;
    start..sample(bars[bars.len() - 1].end + BEYOND)
}
