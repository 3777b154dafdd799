//! Which bar lies where in the stream of the latest samples: the grid, kept as long as the output lags behind the input.
//!
//! **Thread.** Audio thread: a fixed ring.

use turnaround_core::time::Beats;

use crate::bar_clock::{BarLine, Block};
use crate::spec::{BarKey, BarStamp};

/// A stretch of the stream that lies in one bar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    /// The stream's sample it begins with.
    pub start: u64,
    /// The sample after its last.
    pub end: u64,
    /// The bar.
    pub bar: BarStamp,
    /// Samples from the bar's line to `start`.
    pub since_line: i64,
    /// Samples from the bar's line to the next one, as far as the tempo holds.
    pub length: i64,
    /// Whether something broke here, so that nothing goes on from the span before.
    pub is_cut: bool,
}

impl Span {
    /// Whether `other` is the same bar a little later.
    fn goes_on_as(&self, other: &Span) -> bool {
        let is_next = self.end == other.start && !other.is_cut && self.bar.key == other.bar.key;
        is_next && self.length == other.length && self.since_line + (self.end - self.start) as i64 == other.since_line
    }
}

/// The spans of the last samples.
pub struct Spans {
    spans: Vec<Span>,
    start: usize,
    len: usize,
}

impl Spans {
    /// Spans kept; one bar makes one span, or a few where the tempo moves. What does not fit is forgotten, oldest first, and plays dry.
    const CAPACITY: usize = 4096;

    /// An empty ring. Allocates.
    pub fn new() -> Self {
        Self { spans: Vec::with_capacity(Self::CAPACITY), start: 0, len: 0 }
    }

    /// Takes note of a block of `samples` samples that begins at `start` of the stream.
    pub fn push_block(&mut self, block: &Block<'_>, start: u64, samples: usize) {
        let Some(to_next) = block.samples_to_next_line else { return };
        let last_end = (samples + to_next) as i64;
        let line_at = |index: usize| block.lines.get(index).map_or(last_end, |line| line.offset_in_block as i64);
        if let Some(place) = block.place.filter(|_| line_at(0) > 0 && samples > 0) {
            let since_line = place.samples_since_line as i64;
            let end = line_at(0).min(samples as i64) as u64;
            let bar = stamp(&place.line);
            self.push(Span { start, end: start + end, bar, since_line, length: since_line + line_at(0), is_cut: block.is_cut });
        }
        for (index, line) in block.lines.iter().enumerate() {
            let (from, to) = (line.offset_in_block as i64, line_at(index + 1));
            let is_cut = block.is_cut && from == 0;
            let end = start + to.min(samples as i64) as u64;
            self.push(Span { start: start + from as u64, end, bar: stamp(line), since_line: 0, length: to - from, is_cut });
        }
    }

    /// Takes note of one span that follows the ones before.
    pub fn push(&mut self, span: Span) {
        if span.start >= span.end {
            return;
        }
        if let Some(last) = self.last_mut().filter(|last| last.goes_on_as(&span)) {
            last.end = span.end;
            return;
        }
        let slot = (self.start + self.len) % Self::CAPACITY;
        if self.len == Self::CAPACITY {
            self.spans[slot] = span;
            self.start = (self.start + 1) % Self::CAPACITY;
        } else if slot == self.spans.len() {
            self.spans.push(span);
            self.len += 1;
        } else {
            self.spans[slot] = span;
            self.len += 1;
        }
    }

    fn last_mut(&mut self) -> Option<&mut Span> {
        let last = (self.start + self.len.checked_sub(1)?) % Self::CAPACITY;
        self.spans.get_mut(last)
    }

    /// Forgets what lies wholly before a sample.
    pub fn forget_before(&mut self, sample: u64) {
        while self.len > 0 && self.spans[self.start].end <= sample {
            self.start = (self.start + 1) % Self::CAPACITY;
            self.len -= 1;
        }
    }

    /// The span that holds a sample; else where the next one begins.
    pub fn at(&self, sample: u64) -> Result<Span, Option<u64>> {
        for back in 0..self.len {
            let span = self.spans[(self.start + back) % Self::CAPACITY];
            if sample < span.start {
                return Err(Some(span.start));
            }
            if sample < span.end {
                return Ok(span);
            }
        }
        Err(None)
    }
}

impl Default for Spans {
    fn default() -> Self {
        Self::new()
    }
}

/// A line as the rest of the plugin names it.
pub fn stamp(line: &BarLine) -> BarStamp {
    let BarLine { anchor, number, metre, tempo, revision, .. } = *line;
    // A line at minus nothing is the line at nothing.
    let anchor = anchor + Beats::ZERO;
    BarStamp { key: BarKey::new(anchor), anchor, number, metre, tempo, revision, position: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bar_clock::BarClock;
    use crate::transport::Transport;
    use turnaround_core::time::SampleRate;

    /// Plays 4/4 at 120 bpm from a beat on, in blocks, and collects the spans.
    fn played(from_beat: f64, blocks: &[usize]) -> Spans {
        let rate = SampleRate::new(48_000).unwrap();
        let (mut clock, mut spans) = (BarClock::new(rate), Spans::new());
        let mut stream = 0;
        for &samples in blocks {
            let transport = Transport {
                playing: true,
                tempo: Some(120.0),
                time_signature: Some((4, 4)),
                pos_beats: Some(from_beat + stream as f64 / 24_000.0),
                ..Transport::default()
            };
            spans.push_block(&clock.process(&transport, samples), stream, samples);
            stream += samples as u64;
        }
        spans
    }

    #[test]
    fn a_bar_is_one_span_whatever_the_blocks() {
        for block in [64, 1000, 8192, 96_000] {
            let blocks = vec![block; 300_000 / block];
            let spans = played(0.0, &blocks);
            let bar = spans.at(100_000).unwrap();
            assert_eq!((bar.start, bar.length, bar.since_line), (96_000, 96_000, 0), "block {block}");
            assert_eq!(bar.bar.key, BarKey::new(Beats::new(4.0)));
            assert_eq!(bar.bar.next_key(), BarKey::new(Beats::new(8.0)));
        }
    }

    #[test]
    fn a_start_in_the_middle_of_a_bar_knows_its_line() {
        let spans = played(6.0, &[512; 400]);
        let first = spans.at(0).unwrap();
        assert_eq!((first.since_line, first.length), (48_000, 96_000));
        assert!(first.is_cut);
        let second = spans.at(48_000).unwrap();
        assert_eq!((second.start, second.since_line, second.is_cut), (48_000, 0, false));
    }

    #[test]
    fn before_beat_zero_there_is_no_bar() {
        let spans = played(-1.0, &[512; 200]);
        assert_eq!(spans.at(0), Err(Some(24_000)));
        assert_eq!(spans.at(24_000).unwrap().bar.key, BarKey::new(Beats::ZERO));
    }

    #[test]
    fn what_was_played_is_forgotten_and_what_is_to_come_is_not_there() {
        let mut spans = played(0.0, &[512; 400]);
        spans.forget_before(100_000);
        assert_eq!(spans.at(5), Err(Some(96_000)));
        assert_eq!(spans.at(1 << 40), Err(None));
    }
}
