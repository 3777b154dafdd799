//! Cuts whole bars out of the captured stream, with what sounded just before and after them.
//!
//! **Thread.** Worker.

use crate::handoff::{Frame, StreamPosition};
use crate::spec::{BarKey, BarStamp};

/// Sound kept before and after a bar, in seconds: the models look this far over a bar's edges.
const ROLL: f64 = 0.25;

/// Bars longer than this are no bars, in seconds.
const LONGEST: f64 = 60.0;

/// A whole bar.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordedBar {
    /// Which.
    pub bar: BarStamp,
    /// What sounded before it, unbroken; at most [`ROLL`].
    pub lead: Vec<Frame>,
    /// The bar.
    pub body: Vec<Frame>,
}

/// What comes of an event or of more frames.
#[derive(Clone, Debug, PartialEq)]
pub enum Recorded {
    /// A bar is whole.
    Bar(RecordedBar),
    /// What sounded after a bar that was told before, unbroken; at most [`ROLL`].
    Tail(BarKey, Vec<Frame>),
}

struct Open {
    bar: BarStamp,
    start: u64,
}

/// The stream of one link.
pub struct Recorder {
    roll: usize,
    longest: usize,
    /// Frames from `from` on.
    history: Vec<Frame>,
    from: u64,
    /// Since here nothing broke.
    unbroken: u64,
    open: Option<Open>,
    /// A bar that ended here and still lacks its tail.
    tail: Option<(BarKey, u64)>,
}

impl Recorder {
    /// For a stream of this rate in hertz.
    pub fn new(rate: u32) -> Self {
        let samples = |seconds: f64| (seconds * f64::from(rate)) as usize;
        Self { roll: samples(ROLL), longest: samples(LONGEST), history: Vec::new(), from: 0, unbroken: 0, open: None, tail: None }
    }

    /// Lets go of everything; the stream goes on where it is.
    pub fn restart(&mut self) {
        self.from += self.history.len() as u64;
        self.unbroken = self.from;
        self.history.clear();
        self.open = None;
        self.tail = None;
    }

    /// The bar that is being recorded.
    pub fn open_bar(&self) -> Option<BarKey> {
        self.open.as_ref().map(|open| open.bar.key)
    }

    /// Takes in frames that follow the ones before.
    pub fn push(&mut self, frames: impl Iterator<Item = Frame>) {
        self.history.extend(frames);
    }

    /// Nothing goes on over this place.
    pub fn cut(&mut self, at: StreamPosition) -> Option<Recorded> {
        let tail = self.take_tail(at.0, true);
        self.open = None;
        self.unbroken = at.0;
        tail
    }

    /// The bar under way ends and another one begins.
    pub fn line(&mut self, at: StreamPosition, bar: BarStamp) -> Vec<Recorded> {
        let mut recorded = self.end(at);
        self.open = Some(Open { bar, start: at.0 });
        recorded.extend(self.take_tail(at.0, false));
        recorded
    }

    /// The bar under way ends.
    pub fn end(&mut self, at: StreamPosition) -> Vec<Recorded> {
        let Some(open) = self.open.take() else { return Vec::new() };
        let mut recorded: Vec<Recorded> = self.take_tail(at.0, true).into_iter().collect();
        let lead_start = open.start.saturating_sub(self.roll as u64).max(self.unbroken).max(self.from);
        let whole = self.slice(open.start, at.0).filter(|body| !body.is_empty() && body.len() <= self.longest);
        if let (Some(lead), Some(body)) = (self.slice(lead_start, open.start), whole) {
            recorded.push(Recorded::Bar(RecordedBar { bar: open.bar, lead: lead.to_vec(), body: body.to_vec() }));
            self.tail = Some((open.bar.key, at.0));
        }
        recorded
    }

    /// After frames were pushed: gives a tail that is complete by now, and lets go of what nobody needs any more.
    pub fn settle(&mut self) -> Option<Recorded> {
        let end = self.from + self.history.len() as u64;
        let tail = self.take_tail(end, false);
        let needed = self.open.as_ref().map_or(end, |open| open.start).min(self.tail.as_ref().map_or(end, |tail| tail.1));
        let keep_from = needed.saturating_sub(self.roll as u64);
        // A bar that never ends is let go of with its sound.
        if end - needed > 2 * self.longest as u64 {
            self.open = None;
        }
        // Moving the rest costs as much as it is long, so it is done seldom.
        let spare = keep_from.saturating_sub(self.from) as usize;
        if spare > 4 * self.roll {
            self.history.drain(..spare.min(self.history.len()));
            self.from = keep_from;
        }
        tail
    }

    /// The tail of the last bar, if there is enough of it up to here or no more will come.
    fn take_tail(&mut self, until: u64, is_last: bool) -> Option<Recorded> {
        let (key, start) = self.tail?;
        let available = until.saturating_sub(start) as usize;
        if available < self.roll && !is_last {
            return None;
        }
        self.tail = None;
        let tail = self.slice(start, start + available.min(self.roll) as u64)?;
        (!tail.is_empty()).then(|| Recorded::Tail(key, tail.to_vec()))
    }

    fn slice(&self, start: u64, end: u64) -> Option<&[Frame]> {
        let index = |at: u64| usize::try_from(at.checked_sub(self.from)?).ok();
        self.history.get(index(start)?..index(end)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use turnaround_core::bars::BarNumber;
    use turnaround_core::time::{Beats, Metre, Tempo};

    const RATE: u32 = 1_000;

    fn bar(number: i64) -> BarStamp {
        let anchor = Beats::new(4.0 * (number - 1) as f64);
        BarStamp {
            key: BarKey::new(anchor),
            anchor,
            number: BarNumber::new(number),
            metre: Metre::FOUR_FOUR,
            tempo: Tempo::new(120.0).unwrap(),
            revision: Default::default(),
            position: None,
        }
    }

    fn frames(from: u64, to: u64) -> impl Iterator<Item = Frame> {
        (from..to).map(|n| [n as f32, -(n as f32)])
    }

    fn at(position: u64) -> StreamPosition {
        StreamPosition(position)
    }

    fn only_bar(recorded: &[Recorded]) -> &RecordedBar {
        let mut bars = recorded.iter().filter_map(|recorded| match recorded {
            Recorded::Bar(bar) => Some(bar),
            Recorded::Tail(..) => None,
        });
        let bar = bars.next().expect("a bar");
        assert!(bars.next().is_none());
        bar
    }

    #[test]
    fn a_bar_is_what_lies_between_two_lines_with_what_sounded_around_it() {
        let mut recorder = Recorder::new(RATE);
        recorder.cut(at(0));
        recorder.push(frames(0, 5_000));
        assert_eq!(recorder.line(at(500), bar(1)), []);
        let recorded = recorder.line(at(2_500), bar(2));
        let first = only_bar(&recorded);
        assert_eq!((first.lead[0], first.lead.len()), ([250.0, -250.0], 250));
        assert_eq!((first.body[0], first.body.len()), ([500.0, -500.0], 2_000));
        let Some(Recorded::Tail(key, tail)) = recorder.settle() else { panic!("no tail") };
        assert_eq!((key, tail[0], tail.len()), (bar(1).key, [2_500.0, -2_500.0], 250));
        assert_eq!(recorder.settle(), None);
    }

    #[test]
    fn a_bar_that_was_cut_is_dropped_and_the_next_has_no_lead_from_before_the_cut() {
        let mut recorder = Recorder::new(RATE);
        recorder.push(frames(0, 9_000));
        recorder.line(at(100), bar(1));
        assert_eq!(recorder.cut(at(1_500)), None);
        assert_eq!(recorder.line(at(1_600), bar(7)), []);
        assert_eq!(only_bar(&recorder.line(at(3_600), bar(8))).lead.len(), 100);
    }

    #[test]
    fn after_a_restart_bars_lie_where_the_stream_says() {
        let mut recorder = Recorder::new(RATE);
        recorder.push(frames(0, 3_000));
        recorder.line(at(2_000), bar(1));
        recorder.restart();
        recorder.push(frames(3_000, 9_000));
        assert_eq!(recorder.line(at(4_000), bar(2)), []);
        let recorded = recorder.line(at(6_000), bar(3));
        assert_eq!((only_bar(&recorded).body[0], only_bar(&recorded).lead[0]), ([4_000.0, -4_000.0], [3_750.0, -3_750.0]));
    }

    #[test]
    fn a_bar_is_finished_on_its_last_sample_and_only_once() {
        let mut recorder = Recorder::new(RATE);
        recorder.push(frames(0, 2_000));
        recorder.line(at(0), bar(1));
        assert_eq!(only_bar(&recorder.end(at(2_000))).body.len(), 2_000);
        // The transport goes on, or loops: either way the bar is not told again.
        assert_eq!(recorder.line(at(2_000), bar(2)), []);
        assert_eq!(recorder.cut(at(2_000)), None);
    }

    #[test]
    fn a_tail_cut_short_is_as_long_as_it_was_heard() {
        let mut recorder = Recorder::new(RATE);
        recorder.push(frames(0, 2_100));
        recorder.line(at(0), bar(1));
        recorder.line(at(2_000), bar(2));
        let Some(Recorded::Tail(_, tail)) = recorder.cut(at(2_100)) else { panic!("no tail") };
        assert_eq!(tail.len(), 100);
    }

    #[test]
    fn memory_is_let_go_of_while_bars_go_by() {
        let mut recorder = Recorder::new(RATE);
        let mut bars = 0;
        for second in 0..2_000u64 {
            recorder.push(frames(second * 1_000, (second + 1) * 1_000));
            if second % 2 == 0 {
                bars += recorder.line(at(second * 1_000), bar(second as i64)).len().min(1);
            }
            recorder.settle();
            assert!(recorder.history.len() < 8_000);
        }
        assert_eq!(bars, 999);
    }
}
