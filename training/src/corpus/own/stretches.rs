//! The stretches of a recording whose bars are certain: whole bars one after another, with a beat that hardly sways.

use turnaround_core::bars::{Bar, BarNumber};
use turnaround_core::beats::metres::felt_beats;
use turnaround_core::time::{Beats, Metre, Seconds, Tempo};

use super::{Heard, HeardBeat};

/// The shortest stretch that is kept, in seconds.
pub const LEAST_SECONDS: f64 = 30.0;
/// The largest deviation of intervals between beats over their mean within a stretch.
const LARGEST_SWAY: f64 = 0.06;

/// Bars that follow each other.
#[derive(Clone, Debug, PartialEq)]
pub struct Stretch {
    /// Numbered from 1 in each stretch.
    pub bars: Vec<Bar>,
    /// Their felt beats, without the line that ends the last.
    pub beats: Vec<HeardBeat>,
}

/// A bar as heard: its beats, and the line that ends it.
struct HeardBar<'a> {
    beats: &'a [HeardBeat],
    end: Seconds,
}

impl HeardBar<'_> {
    fn intervals(&self) -> impl Iterator<Item = f64> + '_ {
        let ends = self.beats[1..].iter().map(|beat| beat.time).chain([self.end]);
        self.beats.iter().zip(ends).map(|(beat, end)| (end - beat.time).get())
    }
}

/// Every stretch of at least [`LEAST_SECONDS`] whose intervals vary by less than 6 %.
pub fn confident(heard: &Heard) -> Vec<Stretch> {
    let bars = whole_bars(heard);
    let mut stretches = Vec::new();
    let mut first = 0;
    while first < bars.len() {
        let mut end = first + 1;
        while end < bars.len() && bars[end].beats[0].time == bars[end - 1].end && sway(&bars[first..=end]) < LARGEST_SWAY {
            end += 1;
        }
        let is_steady = sway(&bars[first..end]) < LARGEST_SWAY;
        let is_long = (bars[end - 1].end - bars[first].beats[0].time).get() >= LEAST_SECONDS;
        if is_steady && is_long {
            stretches.push(stretch(&bars[first..end], heard.metre));
            first = end;
        } else {
            first += 1;
        }
    }
    stretches
}

/// Bars with all their beats in order, each ended by a first beat.
fn whole_bars(heard: &Heard) -> Vec<HeardBar<'_>> {
    let felt = felt_beats(heard.metre);
    let is_whole = |beats: &[HeardBeat]| {
        beats.iter().enumerate().all(|(place, beat)| beat.number == (place % felt + 1) as u32)
            && beats.windows(2).all(|pair| pair[0].time < pair[1].time)
    };
    let windows = heard.beats.windows(felt + 1).filter(|beats| is_whole(beats));
    windows.map(|beats| HeardBar { beats: &beats[..felt], end: beats[felt].time }).collect()
}

/// Deviation of all intervals over their mean.
fn sway(bars: &[HeardBar<'_>]) -> f64 {
    let intervals: Vec<f64> = bars.iter().flat_map(HeardBar::intervals).collect();
    let mean = intervals.iter().sum::<f64>() / intervals.len() as f64;
    let variance = intervals.iter().map(|interval| (interval - mean).powi(2)).sum::<f64>() / intervals.len() as f64;
    variance.sqrt() / mean
}

fn stretch(heard: &[HeardBar<'_>], metre: Metre) -> Stretch {
    let length = metre.beats_per_bar();
    let bar = |(index, heard): (usize, &HeardBar<'_>)| {
        let start = heard.beats[0].time;
        Bar {
            number: BarNumber::new(index as i64 + 1),
            start_beat: length * index as f64,
            length,
            start,
            end: heard.end,
            tempo: tempo(length, heard.end - start),
            metre,
        }
    };
    Stretch {
        bars: heard.iter().enumerate().map(bar).collect(),
        beats: heard.iter().flat_map(|bar| bar.beats.iter().copied()).collect(),
    }
}

/// A tempo as nearly even as it was given: rounding in the last places would make every bar's another.
fn tempo(length: Beats, duration: Seconds) -> Tempo {
    let exact = Tempo::mean(length, duration).bpm();
    let rounded = (exact * 1e6).round() / 1e6;
    Tempo::new(rounded).unwrap_or_else(|_| Tempo::mean(length, duration))
}
