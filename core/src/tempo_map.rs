//! The tempo map: where every beat and every bar line falls, through changes of tempo and metre.

mod replace;

use crate::bars::{Bar, BarNumber};
use crate::time::{Beats, Metre, SampleRate, Samples, Seconds, Tempo};

pub use replace::NewBars;

/// How near to a bar line a position counts as on it, in beats. Beats that went through seconds and back carry rounding errors far
/// below this, and no music is as fine.
const ON_THE_LINE: f64 = 1e-6;

/// How far a bar may reach over the end of its recording, in seconds: rounding only.
const OVER_THE_END: f64 = 1e-9;

/// A tempo and a metre that hold from a beat on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change {
    /// Where it begins, counted from bar 1.
    pub at: Beats,
    /// The tempo from here on. It jumps; a gradual change is many small ones.
    pub tempo: Tempo,
    /// The metre from here on.
    pub metre: Metre,
}

/// Why a tempo map was refused.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum TempoMapError {
    /// No change at all.
    #[error("a tempo map needs at least one tempo and metre")]
    Empty,
    /// A position or the offset that is not a finite number.
    #[error("a tempo map's positions must be finite numbers")]
    NotFinite,
    /// Nothing says how the music begins.
    #[error("the first change must be at beat 0, where bar 1 starts, but is at beat {}", at.get())]
    FirstNotAtZero {
        /// Where the first change is.
        at: Beats,
    },
    /// Changes out of order, or two at one place.
    #[error("changes must be in order: one at beat {} follows one at beat {}", at.get(), previous.get())]
    OutOfOrder {
        /// Where the offending change is.
        at: Beats,
        /// Where the one before it is.
        previous: Beats,
    },
    /// A bar would change its metre in the middle.
    #[error("the metre changes to {metre} at beat {}, inside a bar; the nearest bar line is at beat {}", at.get(), nearest.get())]
    InsideBar {
        /// Where the change is.
        at: Beats,
        /// The new metre.
        metre: Metre,
        /// The bar line nearest to it.
        nearest: Beats,
    },
}

/// Where every beat and every bar line of a piece falls.
///
/// Beat 0 is the first beat of bar 1. Before it the first tempo and metre go on backwards, so that positions in a pick-up still have
/// a beat and a bar, numbered 0, −1 and so on. Positions are computed from the last change by one multiplication, never added up bar
/// by bar, so nothing drifts.
#[derive(Clone, Debug, PartialEq)]
pub struct TempoMap {
    tempi: Vec<TempoSpan>,
    metres: Vec<MetreSpan>,
}

/// A stretch of even tempo.
#[derive(Clone, Copy, Debug, PartialEq)]
struct TempoSpan {
    at: Beats,
    start: Seconds,
    tempo: Tempo,
}

impl TempoSpan {
    fn seconds_at(&self, position: Beats) -> Seconds {
        self.start + self.tempo.seconds_from(position - self.at)
    }

    fn beats_at(&self, time: Seconds) -> Beats {
        self.at + self.tempo.beats_from(time - self.start)
    }
}

/// A stretch of one metre.
#[derive(Clone, Copy, Debug, PartialEq)]
struct MetreSpan {
    at: Beats,
    /// The number of its first bar.
    first: i64,
    metre: Metre,
}

impl MetreSpan {
    /// Where a bar begins. Exact: bar lengths are multiples of a sixteenth of a beat.
    fn line(&self, number: i64) -> Beats {
        self.at + self.metre.beats_per_bar() * (number - self.first) as f64
    }

    /// The bar at a position, as a number with a fraction.
    fn number_at(&self, position: Beats) -> f64 {
        self.first as f64 + (position - self.at).get() / self.metre.beats_per_bar().get()
    }
}

impl TempoMap {
    /// One tempo and metre throughout; bar 1 starts at `offset`, which may be negative.
    ///
    /// # Panics
    /// If `offset` is not finite.
    pub fn constant(tempo: Tempo, metre: Metre, offset: Seconds) -> Self {
        assert!(offset.get().is_finite(), "bar 1 must start at a finite time");
        Self {
            tempi: vec![TempoSpan { at: Beats::ZERO, start: offset, tempo }],
            metres: vec![MetreSpan { at: Beats::ZERO, first: 1, metre }],
        }
    }

    /// A map with changes; bar 1 starts at `offset`.
    ///
    /// A tempo may change anywhere, a metre only on a bar line. Changes within a millionth of a beat of a bar line are moved onto it.
    ///
    /// # Errors
    /// [`TempoMapError`] when there is no change, the first is not at beat 0, they are not in order, or one would change the metre
    /// inside a bar.
    pub fn new(offset: Seconds, changes: Vec<Change>) -> Result<Self, TempoMapError> {
        if !offset.get().is_finite() || changes.iter().any(|change| !change.at.get().is_finite()) {
            return Err(TempoMapError::NotFinite);
        }
        let (first, rest) = changes.split_first().ok_or(TempoMapError::Empty)?;
        if first.at.get().abs() > ON_THE_LINE {
            return Err(TempoMapError::FirstNotAtZero { at: first.at });
        }
        let mut map = Self::constant(first.tempo, first.metre, offset);
        for change in rest {
            map.push(*change)?;
        }
        Ok(map)
    }

    fn push(&mut self, change: Change) -> Result<(), TempoMapError> {
        let (last_tempo, last_metre) = (self.tempi[self.tempi.len() - 1], self.metres[self.metres.len() - 1]);
        let number = last_metre.number_at(change.at).round() as i64;
        let nearest = last_metre.line(number);
        let is_on_line = (change.at - nearest).get().abs() <= ON_THE_LINE;
        let at = if is_on_line { nearest } else { change.at };
        if at <= last_tempo.at {
            return Err(TempoMapError::OutOfOrder { at: change.at, previous: last_tempo.at });
        }
        if change.metre != last_metre.metre {
            if !is_on_line {
                return Err(TempoMapError::InsideBar { at: change.at, metre: change.metre, nearest });
            }
            self.metres.push(MetreSpan { at, first: number, metre: change.metre });
        }
        self.tempi.push(TempoSpan { at, start: last_tempo.seconds_at(at), tempo: change.tempo });
        Ok(())
    }

    /// The time of a beat.
    pub fn seconds_at(&self, position: Beats) -> Seconds {
        last_where(&self.tempi, |span| span.at <= position).seconds_at(position)
    }

    /// The beat at a time; the inverse of [`Self::seconds_at`].
    pub fn beats_at(&self, time: Seconds) -> Beats {
        last_where(&self.tempi, |span| span.start <= time).beats_at(time)
    }

    /// A bar by its number. Numbers below 1 are bars before the first.
    pub fn bar(&self, number: BarNumber) -> Bar {
        let metre = last_where(&self.metres, |span| span.first <= number.get()).metre;
        let (start_beat, end_beat) = (self.line(number), self.line(number.next()));
        let (start, end) = (self.seconds_at(start_beat), self.seconds_at(end_beat));
        let length = end_beat - start_beat;
        let tempo = match self.even_tempo(start_beat, end_beat) {
            Some(tempo) => tempo,
            None => Tempo::mean(length, end - start),
        };
        Bar { number, start_beat, length, start, end, tempo, metre }
    }

    /// Where a bar begins. A bar's end is the next one's beginning, by this very function.
    fn line(&self, number: BarNumber) -> Beats {
        last_where(&self.metres, |span| span.first <= number.get()).line(number.get())
    }

    /// The tempo of a stretch, if it does not change inside.
    fn even_tempo(&self, start: Beats, end: Beats) -> Option<Tempo> {
        let changes = self.tempi.iter().any(|span| start < span.at && span.at < end);
        (!changes).then(|| last_where(&self.tempi, |span| span.at <= start).tempo)
    }

    /// The bar that a position lies in. A position less than a millionth of a beat before a bar line counts as on it.
    pub fn bar_at(&self, position: Beats) -> Bar {
        let position = position + Beats::new(ON_THE_LINE);
        let number = last_where(&self.metres, |span| span.at <= position).number_at(position).floor();
        self.bar(BarNumber::new(number as i64))
    }

    /// The bars of a recording of this duration, from bar 1 or the first that begins in it, to the last that ends in it.
    ///
    /// A recording cut at a bar line may end half a sample before it; where samples are known, use [`Self::whole_bars_within`].
    ///
    /// # Panics
    /// If `duration` is not finite.
    pub fn whole_bars(&self, duration: Seconds) -> Vec<Bar> {
        assert!(duration.get().is_finite(), "a recording has a finite duration");
        let fits = |bar: &Bar| bar.end.get() <= duration.get() + OVER_THE_END;
        self.bars_from(|bar| bar.start.get() >= -OVER_THE_END).take_while(fits).collect()
    }

    /// The same counted in samples: the bars whose [`Bar::samples`] lie wholly in a buffer of `length` samples at `rate`.
    pub fn whole_bars_within(&self, length: Samples, rate: SampleRate) -> Vec<Bar> {
        let begins = |bar: &Bar| bar.samples(rate).start >= Samples::ZERO;
        self.bars_from(begins).take_while(|bar| bar.samples(rate).end <= length).collect()
    }

    /// All bars from the first, not before bar 1, that `begins` accepts.
    fn bars_from(&self, begins: impl Fn(&Bar) -> bool) -> impl Iterator<Item = Bar> {
        let origin = self.bar_at(self.beats_at(Seconds::ZERO)).number.max(BarNumber::FIRST);
        let first = if begins(&self.bar(origin)) { origin } else { origin.next() };
        std::iter::successors(Some(first), |number| Some(number.next())).map(|number| self.bar(number))
    }
}

/// The last of an ordered list that satisfies a condition, or the first of all where none does.
fn last_where<T>(spans: &[T], holds: impl Fn(&T) -> bool) -> &T {
    &spans[spans.partition_point(holds).saturating_sub(1)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tempo(bpm: f64) -> Tempo {
        Tempo::new(bpm).unwrap()
    }

    fn metre(text: &str) -> Metre {
        text.parse().unwrap()
    }

    fn change(at: f64, bpm: f64, signature: &str) -> Change {
        Change { at: Beats::new(at), tempo: tempo(bpm), metre: metre(signature) }
    }

    fn constant(bpm: f64, signature: &str, offset: f64) -> TempoMap {
        TempoMap::constant(tempo(bpm), metre(signature), Seconds::new(offset))
    }

    /// Two bars of 4/4, two of 7/8 a little faster, a tempo change inside the second of those, then 3/4, 5/4 and 12/8.
    fn winding() -> TempoMap {
        let changes = vec![
            change(0.0, 61.7, "4/4"),
            change(8.0, 97.3, "7/8"),
            change(13.0, 143.0, "7/8"),
            change(15.0, 180.0, "3/4"),
            change(24.0, 52.25, "5/4"),
            change(34.0, 52.25, "12/8"),
        ];
        TempoMap::new(Seconds::new(0.321), changes).unwrap()
    }

    fn table() -> Vec<TempoMap> {
        let mut maps = vec![winding()];
        for bpm in [30.0, 61.7, 97.3, 120.0, 133.333, 254.9, 400.0] {
            for signature in ["4/4", "3/4", "7/8", "5/4", "12/8", "6/8", "15/16"] {
                maps.extend([0.0, 0.7123, -3.3].map(|offset| constant(bpm, signature, offset)));
            }
        }
        maps
    }

    #[test]
    fn bars_share_their_boundaries_at_every_rate_tempo_and_metre() {
        for map in table() {
            for number in (-3..200).map(BarNumber::new) {
                let (bar, next) = (map.bar(number), map.bar(number.next()));
                assert_eq!(bar.end, next.start, "{bar:?}");
                assert_eq!(bar.start_beat + bar.length, next.start_beat, "{bar:?}");
                for hz in [8_000, 16_000, 22_050, 44_100, 48_000, 88_200, 96_000, 192_000] {
                    let rate = SampleRate::new(hz).unwrap();
                    assert_eq!(bar.samples(rate).end, next.samples(rate).start, "bar {number} at {rate}");
                    assert!(!bar.samples(rate).is_empty());
                }
            }
        }
    }

    /// The sample of a bar line by integers alone: bar · numerator · 240 · rate / (denominator · bpm), with bpm in tenths.
    fn exact_line(bar: i128, metre: Metre, tenths_of_bpm: i128, hz: i128) -> (i128, bool) {
        let (top, bottom) = (bar * i128::from(metre.numerator()) * 2400 * hz, i128::from(metre.denominator()) * tenths_of_bpm);
        ((2 * top + bottom) / (2 * bottom), (2 * top) % bottom == 0)
    }

    #[test]
    fn bars_do_not_drift_over_ten_thousand() {
        for tenths_of_bpm in [300, 617, 973, 1200, 1333, 4000] {
            for signature in ["4/4", "3/4", "7/8", "5/4", "12/8"] {
                let map = constant(f64::from(tenths_of_bpm) / 10.0, signature, 0.0);
                for number in [1, 2, 3, 1_000, 9_999, 10_000, 10_001] {
                    for hz in [44_100, 48_000, 96_000] {
                        let (exact, is_tie) = exact_line(number - 1, metre(signature), tenths_of_bpm.into(), hz.into());
                        let span = map.bar(BarNumber::new(number as i64)).samples(SampleRate::new(hz).unwrap());
                        // Where the exact line lies halfway between two samples, either is right.
                        let off = (i128::from(span.start.get()) - exact).abs();
                        assert!(
                            off == 0 || (is_tie && off == 1),
                            "bar {number} of {signature}, {tenths_of_bpm}/10 bpm, {hz} Hz: {off}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn beats_and_seconds_are_inverse() {
        for map in table() {
            for step in -40..400 {
                let position = Beats::new(f64::from(step) * 0.37);
                let there_and_back = map.beats_at(map.seconds_at(position));
                // A few roundings of numbers below 1000: far under 1e-9.
                assert!((there_and_back - position).get().abs() < 1e-9, "{position} became {there_and_back}");
                let time = Seconds::new(f64::from(step) * 0.41);
                let there_and_back = map.seconds_at(map.beats_at(time));
                assert!((there_and_back - time).get().abs() < 1e-9, "{time} became {there_and_back}");
            }
        }
    }

    #[test]
    fn time_rises_through_every_change() {
        let map = winding();
        let times: Vec<f64> = (-100..1000).map(|i| map.seconds_at(Beats::new(f64::from(i) * 0.05)).get()).collect();
        assert!(times.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn a_bar_is_found_at_every_position_in_it() {
        for map in table() {
            for number in (-3..40).map(BarNumber::new) {
                let bar = map.bar(number);
                assert_eq!(map.bar_at(bar.start_beat).number, number);
                assert_eq!(map.bar_at(map.beats_at(bar.start)).number, number, "by way of seconds");
                assert_eq!(map.bar_at(bar.start_beat + bar.length * 0.99).number, number);
            }
        }
    }

    #[test]
    fn a_bar_carries_its_metre_and_tempo() {
        let map = winding();
        let seen: Vec<String> = (0..=9)
            .map(|number| {
                let bar = map.bar(BarNumber::new(number));
                format!("{number}: {} from beat {} at {:.3} bpm", bar.metre, bar.start_beat.get(), bar.tempo.bpm())
            })
            .collect();
        let expected = [
            "0: 4/4 from beat -4 at 61.700 bpm",
            "1: 4/4 from beat 0 at 61.700 bpm",
            "2: 4/4 from beat 4 at 61.700 bpm",
            "3: 7/8 from beat 8 at 97.300 bpm",
            // 1.5 beats at 97.3 and 2 at 143: 3.5 · 60 / (90 / 97.3 + 120 / 143).
            "4: 7/8 from beat 11.5 at 119.038 bpm",
            "5: 3/4 from beat 15 at 180.000 bpm",
            "6: 3/4 from beat 18 at 180.000 bpm",
            "7: 3/4 from beat 21 at 180.000 bpm",
            "8: 5/4 from beat 24 at 52.250 bpm",
            "9: 5/4 from beat 29 at 52.250 bpm",
        ];
        assert_eq!(seen, expected);
    }

    #[test]
    fn a_recording_holds_the_bars_between_its_ends() {
        let numbers = |offset: f64, duration: f64| -> Vec<i64> {
            let bars = constant(120.0, "4/4", offset).whole_bars(Seconds::new(duration));
            bars.iter().map(|bar| bar.number.get()).collect()
        };
        assert_eq!(numbers(0.0, 8.0), [1, 2, 3, 4]);
        assert_eq!(numbers(0.0, 7.999), [1, 2, 3]);
        assert_eq!(numbers(0.5, 8.0), [1, 2, 3]);
        assert_eq!(numbers(-2.0, 4.0), [2, 3], "a recording that begins with bar 2");
        assert_eq!(numbers(-0.5, 4.0), [2], "bar 1 is cut off");
        assert_eq!(numbers(0.0, 1.9), [0; 0]);
        assert_eq!(numbers(100.0, 8.0), [0; 0]);
    }

    #[test]
    fn a_recording_cut_at_its_last_bar_line_holds_that_bar_at_every_rate() {
        for hz in [8_000, 22_050, 44_100, 48_000, 96_000] {
            let rate = SampleRate::new(hz).unwrap();
            for bpm in [61.7, 97.3, 120.0, 133.333] {
                let map = constant(bpm, "7/8", 0.0);
                let end = map.bar(BarNumber::new(16)).samples(rate).end;
                assert_eq!(map.whole_bars_within(end, rate).len(), 16);
                assert_eq!(map.whole_bars_within(end - Samples::new(1), rate).len(), 15);
            }
        }
    }

    #[test]
    fn impossible_maps_are_refused_with_the_reason() {
        let message = |changes: Vec<Change>| TempoMap::new(Seconds::ZERO, changes).unwrap_err().to_string();
        assert_eq!(message(vec![]), "a tempo map needs at least one tempo and metre");
        assert_eq!(
            message(vec![change(1.0, 120.0, "4/4")]),
            "the first change must be at beat 0, where bar 1 starts, but is at beat 1"
        );
        assert_eq!(
            message(vec![change(0.0, 120.0, "4/4"), change(8.0, 90.0, "4/4"), change(4.0, 80.0, "4/4")]),
            "changes must be in order: one at beat 4 follows one at beat 8"
        );
        assert_eq!(
            message(vec![change(0.0, 120.0, "4/4"), change(8.0, 90.0, "4/4"), change(8.0, 80.0, "4/4")]),
            "changes must be in order: one at beat 8 follows one at beat 8"
        );
        assert_eq!(
            message(vec![change(0.0, 120.0, "4/4"), change(7.0, 120.0, "3/4")]),
            "the metre changes to 3/4 at beat 7, inside a bar; the nearest bar line is at beat 8"
        );
        assert_eq!(message(vec![change(f64::NAN, 120.0, "4/4")]), "a tempo map's positions must be finite numbers");
        assert_eq!(TempoMap::new(Seconds::new(f64::INFINITY), vec![change(0.0, 120.0, "4/4")]), Err(TempoMapError::NotFinite));
    }

    #[test]
    fn a_change_a_hair_off_a_bar_line_is_moved_onto_it() {
        let map = TempoMap::new(Seconds::ZERO, vec![change(0.0, 120.0, "4/4"), change(7.999_999_9, 90.0, "3/4")]).unwrap();
        assert_eq!(map.bar(BarNumber::new(3)).start_beat, Beats::new(8.0));
        assert_eq!(map.bar(BarNumber::new(3)).metre, metre("3/4"));
        assert_eq!(map.bar(BarNumber::new(2)).tempo, tempo(120.0));
    }
}
