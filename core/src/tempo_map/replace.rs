//! A tempo map with new bars in it: what comes after them moves, and keeps its own lengths.

use super::{MetreSpan, TempoMap, TempoSpan, last_where};
use crate::bars::BarNumber;
use crate::time::{Beats, SampleRate, Seconds, Tempo};

/// New bars on a map: where they stand, how many they are and how long they last together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NewBars {
    /// The bar before the first of them, whose metre they take.
    pub after: BarNumber,
    /// The bar that follows the last of them. Bars between `after` and this one are left out.
    pub until: BarNumber,
    /// How many; at least one.
    pub count: u16,
    /// How long they last together, above zero. They are equally long.
    pub duration: Seconds,
}

impl NewBars {
    /// Bars as long as the one before them, but for what makes the way that all later ones move a whole number of samples at a rate: less
    /// than one in all.
    pub fn like_the_bar_before(map: &TempoMap, after: BarNumber, until: BarNumber, count: u16, rate: SampleRate) -> Self {
        let (before, following) = (map.bar(after), map.bar(until));
        let replaced = following.start - before.end;
        let moved = rate.samples_from(before.duration() * f64::from(count) - replaced);
        NewBars { after, until, count, duration: replaced + rate.seconds_from(moved) }
    }
}

impl TempoMap {
    /// The map of a piece in which new bars stand between two bars, in place of those that stood there, if any.
    ///
    /// Up to the end of `after` nothing changes. The bars from `until` on have the lengths they had, all moved by one time.
    ///
    /// # Panics
    /// If there is no new bar, they last no time, or `until` does not come after `after`.
    pub fn with_new_bars(&self, new: NewBars) -> Self {
        assert!(new.count > 0 && new.duration > Seconds::ZERO, "new bars take time");
        assert!(new.after < new.until, "new bars stand between two bars");
        let (from, to) = (self.line(new.after.next()), self.line(new.until));
        let metre = self.bar(new.after).metre;
        let beats = metre.beats_per_bar() * f64::from(new.count);
        let start = self.seconds_at(from);
        let tempo = TempoSpan { at: from, start, tempo: Tempo::mean(beats, new.duration) };
        let metre = MetreSpan { at: from, first: new.after.get() + 1, metre };

        let later = Later {
            beats: from + beats - to,
            seconds: start + new.duration - self.seconds_at(to),
            bars: new.after.get() + 1 + i64::from(new.count) - new.until.get(),
        };
        let before = self.tempi.iter().copied().filter(|span| span.at < from);
        let resumed = std::iter::once(self.tempo_from(to));
        let after = self.tempi.iter().copied().filter(|span| span.at > to);
        let tempi = before.chain([tempo]).chain(resumed.chain(after).map(|span| later.tempo(span))).collect();

        let before = self.metres.iter().copied().filter(|span| span.at < from);
        let resumed = std::iter::once(self.metre_from(new.until));
        let after = self.metres.iter().copied().filter(|span| span.at > to);
        let metres = before.chain([metre]).chain(resumed.chain(after).map(|span| later.metre(span))).collect();
        Self { tempi, metres }
    }

    /// The tempo that holds from a beat on, as if it began there.
    fn tempo_from(&self, at: Beats) -> TempoSpan {
        TempoSpan { at, start: self.seconds_at(at), tempo: last_where(&self.tempi, |span| span.at <= at).tempo }
    }

    /// The metre that holds from a bar on, as if it began there.
    fn metre_from(&self, bar: BarNumber) -> MetreSpan {
        MetreSpan { at: self.line(bar), first: bar.get(), metre: self.bar(bar).metre }
    }
}

/// How far what follows new bars is moved.
#[derive(Clone, Copy)]
struct Later {
    beats: Beats,
    seconds: Seconds,
    bars: i64,
}

impl Later {
    fn tempo(self, span: TempoSpan) -> TempoSpan {
        TempoSpan { at: span.at + self.beats, start: span.start + self.seconds, ..span }
    }

    fn metre(self, span: MetreSpan) -> MetreSpan {
        MetreSpan { at: span.at + self.beats, first: span.first + self.bars, ..span }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bars::Bar;
    use crate::tempo_map::Change;
    use crate::time::Samples;

    fn change(at: f64, bpm: f64, signature: &str) -> Change {
        Change { at: Beats::new(at), tempo: Tempo::new(bpm).unwrap(), metre: signature.parse().unwrap() }
    }

    /// Two bars of 4/4, one of 7/8 with a change of tempo inside, then 3/4 and 5/4.
    fn winding() -> TempoMap {
        let changes = vec![
            change(0.0, 61.7, "4/4"),
            change(8.0, 97.3, "7/8"),
            change(9.0, 143.0, "7/8"),
            change(11.5, 180.0, "3/4"),
            change(20.5, 52.25, "5/4"),
        ];
        TempoMap::new(Seconds::new(0.321), changes).unwrap()
    }

    fn bar(map: &TempoMap, number: i64) -> Bar {
        map.bar(BarNumber::new(number))
    }

    /// The map with new bars like the one before, and how far they move what follows.
    fn inserted(map: &TempoMap, after: i64, until: i64, count: u16, rate: SampleRate) -> (TempoMap, Samples) {
        let new = NewBars::like_the_bar_before(map, BarNumber::new(after), BarNumber::new(until), count, rate);
        let line = |map: &TempoMap, number: i64| bar(map, number).samples(rate).start;
        let with = map.with_new_bars(new);
        let moved = line(&with, after + 1 + i64::from(count)) - line(map, until);
        (with, moved)
    }

    #[test]
    fn bars_before_stay_and_bars_after_keep_their_samples_moved_by_one_number() {
        let constant = TempoMap::constant(Tempo::new(133.7).unwrap(), "7/8".parse().unwrap(), Seconds::new(0.31));
        for map in [winding(), constant] {
            for hz in [16_000, 44_100, 48_000] {
                let rate = SampleRate::new(hz).unwrap();
                for (after, until, count) in [(1, 2, 1), (2, 3, 3), (3, 4, 2), (3, 6, 1), (5, 7, 4), (8, 9, 32)] {
                    let (new, moved) = inserted(&map, after, until, count, rate);
                    (1..=after).for_each(|number| assert_eq!(bar(&new, number), bar(&map, number)));
                    for number in until..until + 20 {
                        let (old, shifted) = (bar(&map, number), bar(&new, number - until + after + 1 + i64::from(count)));
                        assert_eq!((old.metre, old.length), (shifted.metre, shifted.length));
                        assert!((old.tempo.bpm() - shifted.tempo.bpm()).abs() < 1e-9);
                        for (old, shifted) in [
                            (old.samples(rate).start, shifted.samples(rate).start),
                            (old.samples(rate).end, shifted.samples(rate).end),
                        ] {
                            assert_eq!(old + moved, shifted, "bar {number} of {map:?}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn new_bars_have_the_metre_and_the_tempo_of_the_bar_before() {
        let rate = SampleRate::new(48_000).unwrap();
        let (new, moved) = inserted(&winding(), 3, 4, 5, rate);
        let before = bar(&new, 3);
        for number in 4..=8 {
            let made = bar(&new, number);
            assert_eq!((made.metre, made.length), (before.metre, before.length));
            // Five bars are rounded to whole samples together: a tenth of a sample each.
            assert!((made.duration() - before.duration()).get().abs() < 0.2 / 48_000.0);
            assert_eq!(made.start, bar(&new, number - 1).end);
        }
        assert_eq!(bar(&new, 8).end, bar(&new, 9).start);
        assert_eq!(bar(&new, 8).samples(rate).end, before.samples(rate).end + moved);
    }

    #[test]
    fn a_beat_is_found_again_on_a_map_with_new_bars() {
        let (new, _) = inserted(&winding(), 2, 3, 4, SampleRate::MODEL);
        for step in -10..200 {
            let position = Beats::new(f64::from(step) * 0.37);
            assert!((new.beats_at(new.seconds_at(position)) - position).get().abs() < 1e-9, "{position}");
        }
    }
}
