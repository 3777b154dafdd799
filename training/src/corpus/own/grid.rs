//! A grid that the musician gives instead of a tracker.

use turnaround_core::bars::BarNumber;
use turnaround_core::beats::metres::felt_beats;
use turnaround_core::tempo_map::TempoMap;
use turnaround_core::time::{Metre, SampleRate, Samples, Seconds, Tempo};

use super::{Heard, HeardBeat};

/// One tempo and one metre from bar 1 on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grid {
    /// Quarter notes per minute.
    pub tempo: Tempo,
    /// Where bar 1 starts.
    pub offset: Seconds,
    /// The metre.
    pub metre: Metre,
}

impl Grid {
    /// The beats of every whole bar within a recording of some seconds, and the line that ends the last; nobody doubts them.
    pub fn beats_within(&self, length: Seconds) -> Heard {
        let map = TempoMap::constant(self.tempo, self.metre, self.offset);
        let samples = Samples::from_len((length.get() * f64::from(SampleRate::MODEL.hz())).round() as usize);
        let bars = map.whole_bars_within(samples, SampleRate::MODEL);
        let felt = felt_beats(self.metre) as u32;
        let mut beats = Vec::new();
        for bar in bars.iter().filter(|bar| bar.number >= BarNumber::FIRST) {
            let beat = |number: u32| {
                let part = bar.duration() * (f64::from(number - 1) / f64::from(felt));
                HeardBeat { time: bar.start + part, number }
            };
            beats.extend((1..=felt).map(beat));
        }
        if let Some(last) = bars.last() {
            beats.push(HeardBeat { time: last.end, number: 1 });
        }
        Heard { metre: self.metre, beats, confidence: 1.0 }
    }
}
