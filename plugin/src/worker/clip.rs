//! The stretch of track that the engine is given for one bar: the bar with its captured neighbours, on a grid of its own.
//!
//! Every take hears dry neighbours, also where these have takes of their own. So a take does not depend on the order in which bars are made,
//! and a change to one bar never makes another one stale.
//!
//! **Thread.** Worker.

use std::collections::BTreeMap;

use turnaround_core::audio::Audio;
use turnaround_core::bars::{BarNumber, Unit, units};
use turnaround_core::tempo_map::{Change, TempoMap};
use turnaround_core::time::{Beats, Samples, Seconds, Tempo};

use super::bar::{Bar, Source};
use crate::spec::BarKey;

/// A bar and what is around it.
#[derive(Clone, Debug)]
pub struct Clip {
    /// Contiguous bars with a lead before the first and a tail behind the last.
    pub audio: Audio,
    /// Their grid: bar 1 of it is the first of them.
    pub map: TempoMap,
    /// The bar to make, counted on that grid.
    pub target: BarNumber,
    /// Its samples in `audio`, `[start, end)`.
    pub span: (usize, usize),
}

/// Bars in an unbroken row around `target`, at its rate, at most `context` besides it; their keys in order.
///
/// As many before as after, as far as there are any. Where bars are so short that the engine joins several into one unit, the row begins on
/// a bar that such a unit would begin on in the whole song too.
pub fn row(bars: &BTreeMap<BarKey, Bar>, target: BarKey, context: usize) -> Vec<BarKey> {
    let Some(rate) = source(bars, target).map(|source| source.sound.rate()) else { return Vec::new() };
    let is_usable = |key: BarKey| source(bars, key).is_some_and(|source| source.sound.rate() == rate);
    let before: Vec<BarKey> = std::iter::successors(previous(bars, target), |&key| previous(bars, key))
        .take_while(|&key| is_usable(key))
        .take(context)
        .collect();
    let after: Vec<BarKey> = std::iter::successors(next(bars, target), |&key| next(bars, key))
        .take_while(|&key| is_usable(key))
        .take(context)
        .collect();
    let taken_before = before.len().min((context / 2).max(context - after.len().min(context)));
    let taken_after = after.len().min(context - taken_before);
    let mut first = taken_before;
    if bars[&target].duration() < Unit::SHORTEST {
        let begins_unit = |index: &usize| *index == 0 || (bars[&before[index - 1]].stamp.number.get() - 1).rem_euclid(4) == 0;
        first = (1..=taken_before).rev().find(begins_unit).unwrap_or(taken_before);
    }
    let row = before[..first].iter().rev().chain([&target]).chain(&after[..taken_after]);
    row.copied().collect()
}

/// The clip of a row of bars.
///
/// # Errors
/// Words: damaged sound, or a bar that has no tempo.
pub fn clip(bars: &BTreeMap<BarKey, Bar>, row: &[BarKey], target: BarKey) -> Result<Clip, String> {
    let words = |error: &dyn std::fmt::Display| error.to_string();
    let mut channels = vec![Vec::new(), Vec::new()];
    let (mut rate, mut lead, mut place, mut span) = (None, 0, 0, (0, 0));
    for (index, key) in row.iter().enumerate() {
        let bar = bars.get(key).ok_or("a bar has gone")?;
        let source = bar.source.as_ref().ok_or("a bar was never heard")?;
        let audio = source.sound.unpack().map_err(|error| words(&error))?;
        let (is_first, is_last) = (index == 0, index + 1 == row.len());
        let from = if is_first { 0 } else { source.lead };
        let to = if is_last { audio.len() } else { source.lead + source.body };
        for (channel, more) in channels.iter_mut().zip(audio.channels()) {
            channel.extend_from_slice(&more[from..to]);
        }
        if is_first {
            (rate, lead) = (Some(audio.rate()), source.lead);
        }
        if *key == target {
            (place, span) = (index + 1, (channels[0].len() - (to - source.lead), 0));
            span.1 = span.0 + source.body;
        }
    }
    let rate = rate.ok_or("there is no bar")?;
    let map = grid(bars, row, rate.seconds_from(Samples::from_len(lead)))?;
    let audio = Audio::new(rate, channels).map_err(|error| words(&error))?;
    Ok(Clip { audio, map, target: BarNumber::new(place as i64), span })
}

/// The grid of a row whose first bar begins at `offset`.
fn grid(bars: &BTreeMap<BarKey, Bar>, row: &[BarKey], offset: Seconds) -> Result<TempoMap, String> {
    let mut at = Beats::ZERO;
    let mut changes = Vec::with_capacity(row.len());
    for key in row {
        let bar = bars.get(key).ok_or("a bar has gone")?;
        let source = bar.source.as_ref().ok_or("a bar was never heard")?;
        changes.push(Change { at, tempo: tempo(bar.stamp.metre.beats_per_bar(), source), metre: bar.stamp.metre });
        at = at + bar.stamp.metre.beats_per_bar();
    }
    TempoMap::new(offset, changes).map_err(|error| error.to_string())
}

/// Whether there is anything to continue: a row of at least two units, for short bars are made several at a time.
pub fn has_context(bars: &BTreeMap<BarKey, Bar>, row: &[BarKey]) -> bool {
    let Ok(map) = grid(bars, row, Seconds::ZERO) else { return false };
    let bars: Vec<_> = BarNumber::FIRST.through(BarNumber::new(row.len() as i64)).map(|number| map.bar(number)).collect();
    units(&bars).len() > 1
}

/// The tempo at which a bar has exactly the length it was heard with.
fn tempo(beats: Beats, source: &Source) -> Tempo {
    Tempo::mean(beats, Seconds::new(source.body as f64 / f64::from(source.sound.rate())))
}

fn source(bars: &BTreeMap<BarKey, Bar>, key: BarKey) -> Option<&Source> {
    bars.get(&key)?.source.as_ref()
}

/// The known bar that ends where this one begins.
pub fn previous(bars: &BTreeMap<BarKey, Bar>, key: BarKey) -> Option<BarKey> {
    let (&before, bar) = bars.range(..key).next_back()?;
    (bar.stamp.next_key() == key).then_some(before)
}

/// The known bar that begins where this one ends.
pub fn next(bars: &BTreeMap<BarKey, Bar>, key: BarKey) -> Option<BarKey> {
    let after = bars.get(&key)?.stamp.next_key();
    bars.contains_key(&after).then_some(after)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::spec::BarStamp;
    use turnaround_core::time::{Metre, SampleRate};

    const RATE: u32 = 8_000;

    /// Bars of 4/4 by number; each sample of a bar is its number, its lead and tail are those of its neighbours.
    pub fn song(numbers: &[i64], body: usize) -> BTreeMap<BarKey, Bar> {
        let rate = SampleRate::new(RATE).unwrap();
        let bar = |&number: &i64| {
            let anchor = Beats::new(4.0 * (number - 1) as f64);
            let tempo = Tempo::mean(Beats::new(4.0), rate.seconds_from(Samples::from_len(body)));
            let key = BarKey::new(anchor);
            let number_ = BarNumber::new(number);
            let stamp = BarStamp {
                key,
                anchor,
                number: number_,
                metre: Metre::FOUR_FOUR,
                tempo,
                revision: Default::default(),
                position: None,
            };
            let value = |number: i64| number as f32 / 128.0;
            let mut samples = vec![value(number - 1); 100];
            samples.extend(vec![value(number); body]);
            samples.extend(vec![value(number + 1); 50]);
            let audio = Audio::stereo(rate, samples.clone(), samples).unwrap();
            let mut bar = Bar::new(stamp);
            bar.source = Some(Source::new(&audio, 100, body).unwrap());
            (key, bar)
        };
        numbers.iter().map(bar).collect()
    }

    fn key(number: i64) -> BarKey {
        BarKey::new(Beats::new(4.0 * (number - 1) as f64))
    }

    fn numbers(bars: &BTreeMap<BarKey, Bar>, row: &[BarKey]) -> Vec<i64> {
        row.iter().map(|key| bars[key].stamp.number.get()).collect()
    }

    #[test]
    fn a_row_lies_around_its_bar_and_stops_at_gaps() {
        let bars = song(&[1, 2, 3, 5, 6, 7, 8, 9, 10, 11], 16_000);
        assert_eq!(numbers(&bars, &row(&bars, key(8), 4)), [6, 7, 8, 9, 10]);
        assert_eq!(numbers(&bars, &row(&bars, key(5), 4)), [5, 6, 7, 8, 9]);
        assert_eq!(numbers(&bars, &row(&bars, key(11), 4)), [7, 8, 9, 10, 11]);
        assert_eq!(numbers(&bars, &row(&bars, key(2), 16)), [1, 2, 3]);
    }

    #[test]
    fn short_bars_begin_on_the_bar_that_a_unit_begins_on() {
        let numbers_all: Vec<i64> = (1..=20).collect();
        let bars = song(&numbers_all, 8_000);
        for target in 6..=12 {
            let row = numbers(&bars, &row(&bars, key(target), 8));
            assert_eq!((row[0] - 1) % 4, 0, "bar {target}: {row:?}");
            assert!(row.contains(&target));
        }
    }

    #[test]
    fn a_lone_unit_has_no_context() {
        let long = song(&[1, 2, 7], 16_000);
        assert!(has_context(&long, &row(&long, key(1), 8)));
        assert!(!has_context(&long, &row(&long, key(7), 8)));
        let short = song(&[1, 2, 5, 6, 7, 8], 8_000);
        assert!(!has_context(&short, &row(&short, key(2), 8)), "two short bars are one unit");
        assert!(has_context(&short, &row(&short, key(6), 8)));
    }

    #[test]
    fn a_clip_holds_its_bars_at_their_exact_places() {
        for body in [16_000, 15_999, 17_321] {
            let bars = song(&[4, 5, 6, 7], body);
            let row = row(&bars, key(6), 8);
            let clip = clip(&bars, &row, key(6)).unwrap();
            assert_eq!(clip.audio.len(), 100 + 4 * body + 50);
            assert_eq!(clip.target, BarNumber::new(3));
            let span = clip.map.bar(clip.target).samples(clip.audio.rate());
            assert_eq!((span.start.as_index(), span.end.as_index()), clip.span);
            let (start, end) = clip.span;
            let channel = clip.audio.channel(0);
            assert!(channel[start..end].iter().all(|&x| x == 6.0 / 128.0));
            assert_eq!((channel[start - 1], channel[end], channel[0]), (5.0 / 128.0, 7.0 / 128.0, 3.0 / 128.0));
        }
    }
}
