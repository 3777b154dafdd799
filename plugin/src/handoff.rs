//! The only memory that the audio thread shares with the worker: two queues towards the worker, one back, and two counters.
//!
//! | queue | writer | reader | when it is full |
//! |---|---|---|---|
//! | frames | audio thread | worker | the stretch is lost, and the bar under way with it; in a bounce the audio thread waits |
//! | events | audio thread | worker | the same |
//! | updates | worker | audio thread | the worker keeps what did not fit and tries again |
//!
//! The counters tell whether the worker has dealt with everything that was sent, so that a bounce knows what it owes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rtrb::{Consumer, Producer, RingBuffer};
use turnaround_core::time::SampleRate;

use crate::spec::{BarKey, BarSpec, BarStamp};
use crate::take::Take;

/// Seconds of audio that may wait for the worker, which looks every few milliseconds.
const FRAMES_SECONDS: usize = 4;

/// Events that may wait: a block holds at most 64 lines and as many middles.
const EVENTS: usize = 2048;

/// Updates that may wait.
const UPDATES: usize = 512;

/// A place in the stream of captured frames, counted from the link's first one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct StreamPosition(pub u64);

/// Left and right.
pub type Frame = [f32; 2];

/// What happened in the stream. Events come in order of their places.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event {
    /// What follows does not go on from what came before: playback started, jumped, changed its grid, or frames were lost.
    Cut(StreamPosition),
    /// A bar begins; the one under way, if any, ends.
    Line(StreamPosition, BarStamp),
    /// The bar under way ends with the frame before this place. Said as soon as it is known, for the host may stop there.
    End(StreamPosition),
    /// The middle of a bar passed, with the parameters at this value.
    Latched(BarKey, BarSpec),
    /// A bar had to play dry because its take was not ready.
    Late(BarKey),
}

/// What the worker tells about a bar.
#[derive(Clone, Debug)]
pub enum Update {
    /// The bar's standing changed.
    Bar(BarKey, Standing),
    /// Forget every bar: another state was loaded.
    Clear,
}

/// A bar as the audio thread needs to know it.
#[derive(Clone, Debug, Default)]
pub enum Standing {
    /// Plays dry, and nothing is missing.
    #[default]
    Dry,
    /// Its take is being made; a bounce waits for it.
    Owed,
    /// Its take.
    Ready(Arc<Take>, crate::spec::Playing),
}

/// Messages sent to the worker and dealt with by it.
#[derive(Debug, Default)]
pub struct Tally {
    sent: AtomicU64,
    done: AtomicU64,
}

impl Tally {
    /// Before something is sent.
    pub fn send(&self) {
        self.sent.fetch_add(1, Ordering::AcqRel);
    }

    /// After the effects of some messages can be seen by the reader of updates.
    pub fn finish(&self, count: u64) {
        self.done.fetch_add(count, Ordering::AcqRel);
    }

    /// Whether everything sent so far was dealt with.
    pub fn is_settled(&self) -> bool {
        self.done.load(Ordering::Acquire) >= self.sent.load(Ordering::Acquire)
    }
}

/// The audio thread's end.
pub struct AudioEnd {
    /// Captured sound.
    pub frames: Producer<Frame>,
    /// What happened in it.
    pub events: Producer<Event>,
    /// What the worker tells.
    pub updates: Consumer<Update>,
    /// Counts what is sent.
    pub tally: Arc<Tally>,
}

/// The worker's end.
pub struct WorkerEnd {
    /// The rate of the sound.
    pub rate: SampleRate,
    /// Captured sound.
    pub frames: Consumer<Frame>,
    /// What happened in it.
    pub events: Consumer<Event>,
    /// What is told to the audio thread.
    pub updates: Producer<Update>,
    /// Counts what was dealt with.
    pub tally: Arc<Tally>,
}

/// A fresh link. Allocates: made where the plugin is activated.
pub fn link(rate: SampleRate) -> (AudioEnd, WorkerEnd) {
    let (frames_in, frames_out) = RingBuffer::new(FRAMES_SECONDS * rate.hz() as usize);
    let (events_in, events_out) = RingBuffer::new(EVENTS);
    let (updates_in, updates_out) = RingBuffer::new(UPDATES);
    let tally = Arc::new(Tally::default());
    let audio = AudioEnd { frames: frames_in, events: events_in, updates: updates_out, tally: tally.clone() };
    (audio, WorkerEnd { rate, frames: frames_out, events: events_out, updates: updates_in, tally })
}
