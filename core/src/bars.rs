//! Bars with exact boundaries, and the units that the models handle.

use std::fmt;
use std::ops::{Range, RangeInclusive};

use serde::{Deserialize, Serialize};

use crate::time::{Beats, Metre, SampleRate, Samples, Seconds, Tempo};

/// The number of a bar, as musicians count: the first is 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BarNumber(i64);

impl BarNumber {
    /// Bar 1.
    pub const FIRST: BarNumber = BarNumber(1);

    /// The bar of this number; below 1 before the first.
    pub const fn new(number: i64) -> Self {
        Self(number)
    }

    /// The number.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// The bar after this one.
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// Every bar from this one to `last`, both included; none if `last` comes earlier.
    pub fn through(self, last: Self) -> impl DoubleEndedIterator<Item = BarNumber> {
        (self.0..=last.0).map(BarNumber)
    }
}

impl fmt::Display for BarNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// A stretch of samples, the start included, the end not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    /// The first sample.
    pub start: Samples,
    /// The sample after the last.
    pub end: Samples,
}

impl Span {
    /// The stretch between two times.
    fn between(start: Seconds, end: Seconds, rate: SampleRate) -> Self {
        Self { start: rate.samples_from(start), end: rate.samples_from(end) }
    }

    /// Its length.
    pub fn len(self) -> usize {
        (self.end - self.start).as_index()
    }

    /// Whether it holds no sample.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// It as a range of indices into a buffer that begins at the origin.
    ///
    /// # Panics
    /// If it begins before the buffer.
    pub fn as_range(self) -> Range<usize> {
        self.start.as_index()..self.end.as_index()
    }
}

/// One bar: its place in beats and in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bar {
    /// Which bar it is.
    pub number: BarNumber,
    /// The beat it starts on, counted from bar 1.
    pub start_beat: Beats,
    /// Its length in beats.
    pub length: Beats,
    /// When it starts.
    pub start: Seconds,
    /// When it ends, which is when the next one starts.
    pub end: Seconds,
    /// Its tempo; the mean one if it changes inside.
    pub tempo: Tempo,
    /// Its metre.
    pub metre: Metre,
}

impl Bar {
    /// Its samples at a rate. The end of one bar is the start of the next at every rate: both come from the same time.
    pub fn samples(&self, rate: SampleRate) -> Span {
        Span::between(self.start, self.end, rate)
    }

    /// How long it lasts.
    pub fn duration(&self) -> Seconds {
        self.end - self.start
    }

    /// The time of a beat inside it, counted from its start. Where the tempo changes inside the bar this is as if it did not.
    fn seconds_at(&self, position: Beats) -> Seconds {
        if position == self.length { self.end } else { self.start + self.duration() * (position.get() / self.length.get()) }
    }
}

/// The stretch that the models handle at a time: a bar where it lasts 1.4 to 2.8 s, else a part of one or several.
#[derive(Clone, Debug, PartialEq)]
pub struct Unit {
    /// When it starts.
    pub start: Seconds,
    /// When it ends, which is when the next one starts.
    pub end: Seconds,
    /// The bars it touches.
    pub bars: RangeInclusive<BarNumber>,
    /// Its tempo; the mean one if it changes inside.
    pub tempo: Tempo,
}

impl Unit {
    /// The shortest a bar may last to be a unit by itself.
    pub const SHORTEST: Seconds = Seconds::new(1.4);

    /// The longest a bar may last to be a unit by itself.
    pub const LONGEST: Seconds = Seconds::new(2.8);

    /// Its samples at a rate; neighbours share boundaries as bars do.
    pub fn samples(&self, rate: SampleRate) -> Span {
        Span::between(self.start, self.end, rate)
    }

    /// How long it lasts.
    pub fn duration(&self) -> Seconds {
        self.end - self.start
    }
}

/// Cuts consecutive bars into units: the unit rule.
///
/// A bar of [`Unit::SHORTEST`] to [`Unit::LONGEST`] is a unit. A longer one is halved until its parts fit. The cut falls on the note of
/// the metre nearest the middle, the longer part first (7/8 becomes 4 + 3); only where a part would become too short for the models
/// does it fall between notes, exactly in the middle (3/4 at 60 bpm becomes 1½ + 1½ beats). A shorter bar joins the next, then both the
/// next two, and so on, as long as those are too short as well. So every unit fits, but for a short bar that has no short partner
/// left: it becomes a unit by itself.
///
/// Units are counted from the first bar given: give the same first bar to get the same units.
pub fn units(bars: &[Bar]) -> Vec<Unit> {
    let mut units = Vec::new();
    let mut rest = bars;
    while let Some(bar) = rest.first() {
        let taken = joined(rest);
        if taken == 1 {
            split(bar, Beats::ZERO, bar.length, &mut units);
        } else {
            units.push(join(&rest[..taken]));
        }
        rest = &rest[taken..];
    }
    units
}

/// The same cut so that the last bars are in a unit that fits, if they can be: short bars without a partner are left at the beginning.
///
/// For bars after which something is to begin, so that what is heard last is heard whole.
pub fn units_up_to_last(bars: &[Bar]) -> Vec<Unit> {
    let without_partner = |first: usize| [units(&bars[..first]), units(&bars[first..])].concat();
    let fits = |units: &Vec<Unit>| units.last().is_some_and(|unit| unit.duration() >= Unit::SHORTEST);
    (0..bars.len()).map(without_partner).find(fits).unwrap_or_else(|| units(bars))
}

/// How many bars from the first on make the next unit: a power of two.
fn joined(bars: &[Bar]) -> usize {
    let is_short = |bars: &[Bar]| bars[bars.len() - 1].end - bars[0].start < Unit::SHORTEST;
    let mut count = 1;
    while 2 * count <= bars.len() && is_short(&bars[..count]) && is_short(&bars[count..2 * count]) {
        count *= 2;
    }
    count
}

fn join(bars: &[Bar]) -> Unit {
    let (first, last) = (&bars[0], &bars[bars.len() - 1]);
    let beats = last.start_beat + last.length - first.start_beat;
    let is_even = bars.iter().all(|bar| bar.tempo == first.tempo);
    let tempo = if is_even { first.tempo } else { Tempo::mean(beats, last.end - first.start) };
    Unit { start: first.start, end: last.end, bars: first.number..=last.number, tempo }
}

/// Halves the part `from..to` of a bar, in beats from its start, until its pieces fit.
fn split(bar: &Bar, from: Beats, to: Beats, units: &mut Vec<Unit>) {
    let (start, end) = (bar.seconds_at(from), bar.seconds_at(to));
    if end - start <= Unit::LONGEST {
        units.push(Unit { start, end, bars: bar.number..=bar.number, tempo: bar.tempo });
        return;
    }
    let middle = (from + to) * 0.5;
    let note = bar.metre.beats_per_note();
    let on_note = note * (middle.get() / note.get()).round();
    let shorter_part = (bar.seconds_at(on_note).get() - start.get()).min(end.get() - bar.seconds_at(on_note).get());
    let cut = if shorter_part >= Unit::SHORTEST.get() { on_note } else { middle };
    split(bar, from, cut, units);
    split(bar, cut, to, units);
}

/// What the networks are told about a unit's timing: `[log2(bpm / 120), log2(seconds / 2)]`.
///
/// Both are 0 for a bar of 4/4 at 120 bpm, and 1 for twice the tempo or twice the length.
///
/// # Panics
/// If `duration` is not above zero.
pub fn timing_features(tempo: Tempo, duration: Seconds) -> [f32; 2] {
    assert!(duration > Seconds::ZERO, "a unit lasts longer than nothing, not {duration}");
    [libm::log2(tempo.bpm() / 120.0) as f32, libm::log2(duration.get() / 2.0) as f32]
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::tempo_map::{Change, TempoMap};

    fn bars(bpm: f64, signature: &str, count: i64) -> Vec<Bar> {
        let map = TempoMap::constant(Tempo::new(bpm).unwrap(), signature.parse().unwrap(), Seconds::new(0.123));
        BarNumber::FIRST.through(BarNumber::new(count)).map(|number| map.bar(number)).collect()
    }

    /// The lengths of units in beats, for even tempi.
    fn beats(units: &[Unit]) -> Vec<f64> {
        units.iter().map(|unit| (unit.tempo.beats_from(unit.duration()).get() * 1e6).round() / 1e6).collect()
    }

    fn assert_covers(units: &[Unit], bars: &[Bar]) {
        assert_eq!(units[0].start, bars[0].start);
        assert_eq!(units[units.len() - 1].end, bars[bars.len() - 1].end);
        assert!(units.windows(2).all(|pair| pair[0].end == pair[1].start), "units follow each other without a gap");
        for unit in units {
            let touched = bars.iter().filter(|bar| bar.start < unit.end && bar.end > unit.start).map(|bar| bar.number);
            assert!(touched.eq(unit.bars.start().through(*unit.bars.end())), "{unit:?}");
        }
    }

    #[test]
    fn every_unit_of_an_even_piece_lasts_as_long_as_the_models_want() {
        for bpm in (30..=400).map(f64::from).chain([61.7, 133.333, 171.428_571]) {
            for signature in ["4/4", "3/4", "2/4", "5/4", "7/8", "6/8", "12/8", "9/8", "15/16", "1/4", "2/2"] {
                let bars = bars(bpm, signature, 64);
                let units = units(&bars);
                assert_covers(&units, &bars);
                for unit in &units {
                    let seconds = unit.duration().get();
                    assert!((1.4 - 1e-9..=2.8 + 1e-9).contains(&seconds), "{signature} at {bpm}: {seconds} s");
                    let samples = unit.samples(SampleRate::MODEL).len();
                    assert!((22..=44).contains(&crate::latents::token_count(samples, 1024)), "{signature} at {bpm}");
                }
            }
        }
    }

    #[test]
    fn a_bar_that_fits_is_a_unit() {
        let bars = bars(120.0, "4/4", 3);
        let units = units(&bars);
        assert_eq!(units.len(), 3);
        for (unit, bar) in units.iter().zip(&bars) {
            assert_eq!((unit.start, unit.end, unit.tempo), (bar.start, bar.end, bar.tempo));
            assert_eq!(unit.bars, bar.number..=bar.number);
        }
    }

    #[test]
    fn a_long_bar_is_cut_on_its_notes_the_longer_part_first() {
        assert_eq!(beats(&units(&bars(60.0, "4/4", 1))), [2.0, 2.0]);
        assert_eq!(beats(&units(&bars(60.0, "7/8", 1))), [2.0, 1.5]);
        assert_eq!(beats(&units(&bars(84.0, "5/4", 1))), [3.0, 2.0]);
        assert_eq!(beats(&units(&bars(30.0, "4/4", 1))), [1.0, 1.0, 1.0, 1.0]);
        assert_eq!(beats(&units(&bars(55.0, "6/8", 1))), [1.5, 1.5]);
    }

    #[test]
    fn a_long_bar_is_cut_between_notes_only_where_a_part_would_be_too_short() {
        assert_eq!(beats(&units(&bars(60.0, "3/4", 1))), [1.5, 1.5]);
        assert_eq!(beats(&units(&bars(105.0, "5/4", 1))), [2.5, 2.5]);
    }

    #[test]
    fn short_bars_join_by_powers_of_two() {
        assert_eq!(beats(&units(&bars(240.0, "4/4", 6))), [8.0, 8.0, 8.0]);
        assert_eq!(beats(&units(&bars(240.0, "2/4", 8))), [8.0, 8.0]);
        let joined = &units(&bars(240.0, "4/4", 4))[1];
        assert_eq!(joined.bars, BarNumber::new(3)..=BarNumber::new(4));
    }

    #[test]
    fn a_short_bar_without_a_partner_is_its_own_unit() {
        assert_eq!(beats(&units(&bars(240.0, "4/4", 3))), [8.0, 4.0]);
        assert_eq!(beats(&units(&bars(240.0, "2/4", 7))), [8.0, 4.0, 2.0]);
        assert_eq!(units(&[]), []);
    }

    #[test]
    fn short_bars_before_a_seam_are_joined_from_its_side() {
        assert_eq!(beats(&units_up_to_last(&bars(240.0, "4/4", 3))), [4.0, 8.0]);
        assert_eq!(beats(&units_up_to_last(&bars(240.0, "2/4", 7))), [4.0, 2.0, 8.0]);
        for (bpm, count) in [(120.0, 5), (60.0, 3), (240.0, 4), (240.0, 1)] {
            let bars = bars(bpm, "4/4", count);
            assert_eq!(units_up_to_last(&bars), units(&bars), "nothing to choose");
        }
        assert_eq!(units_up_to_last(&[]), []);
    }

    #[test]
    fn units_cover_a_piece_with_changes_and_none_is_too_long() {
        let changes = (0..12).map(|i| Change {
            at: Beats::new(f64::from(i) * 12.0),
            tempo: Tempo::new(40.0 + 33.0 * f64::from(i * i % 11)).unwrap(),
            metre: ["4/4", "3/4", "6/8", "2/4"][i as usize % 4].parse().unwrap(),
        });
        let map = TempoMap::new(Seconds::ZERO, changes.collect()).unwrap();
        let bars: Vec<Bar> = BarNumber::FIRST.through(BarNumber::new(60)).map(|number| map.bar(number)).collect();
        let units = units(&bars);
        assert_covers(&units, &bars);
        assert!(units.iter().all(|unit| unit.duration().get() <= 2.8 + 1e-9));
        for (index, unit) in units.iter().enumerate().filter(|(_, unit)| unit.duration() < Unit::SHORTEST) {
            let next = units.get(index + 1);
            assert!(next.is_none_or(|next| next.duration() >= unit.duration()), "{unit:?} had a partner in {next:?}");
        }
    }

    #[test]
    fn units_share_boundaries_at_every_rate() {
        for (bpm, signature) in [(61.7, "7/8"), (60.0, "3/4"), (333.0, "3/4"), (31.3, "12/8")] {
            let units = units(&bars(bpm, signature, 100));
            for hz in [16_000, 22_050, 44_100, 48_000, 96_000] {
                let rate = SampleRate::new(hz).unwrap();
                assert!(units.windows(2).all(|pair| pair[0].samples(rate).end == pair[1].samples(rate).start));
            }
        }
    }

    #[test]
    fn timing_is_zero_for_two_seconds_at_a_hundred_and_twenty_and_one_for_twice() {
        let tempo = |bpm| Tempo::new(bpm).unwrap();
        assert_eq!(timing_features(tempo(120.0), Seconds::new(2.0)), [0.0, 0.0]);
        assert_eq!(timing_features(tempo(240.0), Seconds::new(1.0)), [1.0, -1.0]);
    }

    #[test]
    fn a_span_is_a_range_of_indices() {
        let span = Span { start: Samples::new(3), end: Samples::new(7) };
        assert_eq!((span.len(), span.as_range(), span.is_empty()), (4, 3..7, false));
    }
}
