//! The audio thread's side, in the order of a block: hear what the worker made, find the bars, hand the sound over, play.
//!
//! **Thread.** [`AudioSide::new`] belongs to activation. [`AudioSide::process`] runs on the audio thread: it allocates, locks and logs
//! nothing, and waits only where a bounce may.

use std::sync::Arc;
use std::time::{Duration, Instant};

use turnaround_core::time::{Beats, SampleRate, Samples};

use crate::bar_clock::{BarClock, BarMiddle, Block};
use crate::bounce::Pace;
use crate::handoff::{AudioEnd, Event, Standing, StreamPosition, Update};
use crate::spec::{BarKey, BarSpec, BarStamp};
use crate::timeline::{Delay, Player, Shelf, Spans, Voice, stamp};
use crate::transport::Transport;
use crate::view::Live;

/// Longest wait for one bar. A bar takes a tenth of its own length where all is well; who waits longer than this has another problem.
const LONGEST_WAIT: Duration = Duration::from_secs(120);

/// Longest wait for room in the queues: the worker takes milliseconds, and one that takes longer is not there.
const LONGEST_WAIT_FOR_ROOM: Duration = Duration::from_secs(1);

/// How often a wait looks whether it is over.
const LOOK_AGAIN: Duration = Duration::from_millis(1);

/// What `process` is told besides the sound.
pub struct BlockContext<'a> {
    /// The host's word.
    pub transport: Transport,
    /// What the parameters ask now.
    pub spec: BarSpec,
    /// Whether this call may wait for takes.
    pub waiting: Waiting,
    /// Everything dry.
    pub is_bypassed: bool,
    /// Numbers for the editor.
    pub live: &'a Live,
}

/// Who decides whether to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// Known: it may, or it may not.
    Known(bool),
    /// The pace of the host's calls tells.
    ByPace,
}

/// Everything the audio thread owns.
pub struct AudioSide {
    rate: SampleRate,
    clock: BarClock,
    link: AudioEnd,
    shelf: Shelf,
    spans: Spans,
    delay: Delay,
    player: Player,
    pace: Pace,
    /// Samples since activation.
    stream: u64,
    /// Frames handed to the worker.
    handed: u64,
    is_running: bool,
    /// Frames were lost: the worker must be told before it gets any more.
    has_lost: bool,
}

impl AudioSide {
    /// For a rate, a largest block and a look-ahead in samples.
    pub fn new(rate: SampleRate, largest_block: usize, look_ahead: usize, link: AudioEnd) -> Self {
        let largest = Duration::from_secs_f64(largest_block as f64 / f64::from(rate.hz()));
        Self {
            rate,
            clock: BarClock::new(rate),
            link,
            shelf: Shelf::new(),
            spans: Spans::new(),
            delay: Delay::new(look_ahead),
            player: Player::new(rate),
            pace: Pace::new(largest),
            stream: 0,
            handed: 0,
            is_running: false,
            has_lost: false,
        }
    }

    /// Samples by which the output lags behind the input.
    pub fn look_ahead(&self) -> usize {
        self.delay.samples()
    }

    /// The rate.
    pub fn rate(&self) -> SampleRate {
        self.rate
    }

    /// One block, in place.
    pub fn process(&mut self, context: &BlockContext<'_>, left: &mut [f32], right: &mut [f32]) {
        self.pace.enter(Instant::now());
        hear(&mut self.link, &mut self.shelf);
        let samples = left.len();
        let block = self.clock.process(&context.transport, samples);
        let has_turned = block.is_running != self.is_running;
        if has_turned || block.has_jumped {
            self.pace.clear();
        }
        if has_turned && block.is_running {
            context.live.allow_waits();
        }
        let may_wait = match context.waiting {
            Waiting::Known(may_wait) => may_wait,
            Waiting::ByPace => self.pace.is_render(),
        } && !context.live.is_cancelled();
        context.live.set_may_wait(may_wait);
        if let Some(position) = block.position {
            context.live.set_playhead(position, true);
        } else {
            context.live.set_playhead(context.live.playhead(), false);
        }

        self.spans.push_block(&block, self.stream, samples);
        // A host that runs ahead of the worker may wait for room in the queues whatever it says it is: that takes milliseconds.
        let runs_ahead = self.pace.is_render() && !context.live.is_cancelled();
        let may_wait_for_room = (may_wait || runs_ahead) && !self.has_lost;
        let mut room =
            Waiter { may_wait: may_wait_for_room, has_waited: false, longest: LONGEST_WAIT_FOR_ROOM, live: context.live };
        let was_running = std::mem::replace(&mut self.is_running, block.is_running);
        let mut capture = Capture { link: &mut self.link, handed: &mut self.handed, has_lost: &mut self.has_lost };
        capture.take(&block, was_running, context, left, right, &mut room);
        let mut waiter = Waiter { may_wait, has_waited: room.has_waited, longest: LONGEST_WAIT, live: context.live };

        self.delay.process(left, right);
        // Where in the stream the output lies. Until the delay is filled it is before the stream's beginning, where there is nothing to play.
        let look_ahead = self.delay.samples() as u64;
        let empty = (look_ahead.saturating_sub(self.stream) as usize).min(samples);
        let start = (self.stream + empty as u64).saturating_sub(look_ahead);
        self.stream += samples as u64;
        if !context.is_bypassed {
            let (link, shelf, live) = (&mut self.link, &mut self.shelf, context.live);
            let mut decide = |key: BarKey| decide(key, link, shelf, &mut waiter, live);
            self.player.render(&self.spans, start, &mut left[empty..], &mut right[empty..], &mut decide);
        }
        self.spans.forget_before(self.stream.saturating_sub(look_ahead));
        context.live.set_sounding(self.player.sounding());
        let duration = Duration::from_secs_f64(samples as f64 / f64::from(self.rate.hz()));
        self.pace.leave(Instant::now(), duration, waiter.has_waited);
    }
}

/// Takes in what the worker told since the last time.
fn hear(link: &mut AudioEnd, shelf: &mut Shelf) {
    while let Ok(update) = link.updates.pop() {
        match update {
            Update::Bar(key, standing) => shelf.set(key, standing),
            Update::Clear => shelf.clear(),
        }
    }
}

/// The take of a bar whose fade begins now. In a bounce this waits until the worker owes nothing.
fn decide(key: BarKey, link: &mut AudioEnd, shelf: &mut Shelf, waiter: &mut Waiter<'_>, live: &Live) -> Option<Voice> {
    waiter.wait_until(|| {
        let is_settled = link.tally.is_settled();
        hear(link, shelf);
        is_settled && !matches!(shelf.get(key), Standing::Owed)
    });
    match shelf.get(key) {
        Standing::Ready(take, playing) => Some((Arc::clone(take), *playing)),
        Standing::Dry => None,
        Standing::Owed => {
            live.count_late();
            send(link, Event::Late(key));
            None
        }
    }
}

/// Sends one event, if there is room.
fn send(link: &mut AudioEnd, event: Event) -> bool {
    link.tally.send();
    let is_sent = link.events.push(event).is_ok();
    if !is_sent {
        link.tally.finish(1);
    }
    is_sent
}

/// Waits where that is allowed.
struct Waiter<'a> {
    may_wait: bool,
    has_waited: bool,
    longest: Duration,
    live: &'a Live,
}

impl Waiter<'_> {
    /// Until something is done; not at all where waiting is not allowed, and never for ever.
    fn wait_until(&mut self, mut is_done: impl FnMut() -> bool) {
        if !self.may_wait || is_done() {
            return;
        }
        self.has_waited = true;
        self.live.set_waiting(true);
        let start = Instant::now();
        while !is_done() && !self.live.is_cancelled() {
            if start.elapsed() > self.longest {
                self.may_wait = false;
                break;
            }
            std::thread::sleep(LOOK_AGAIN);
        }
        self.live.set_waiting(false);
        self.may_wait &= !self.live.is_cancelled();
    }
}

/// Hands a block's sound and bars to the worker.
struct Capture<'a> {
    link: &'a mut AudioEnd,
    handed: &'a mut u64,
    has_lost: &'a mut bool,
}

impl Capture<'_> {
    fn take(
        &mut self,
        block: &Block<'_>,
        was_running: bool,
        context: &BlockContext<'_>,
        left: &[f32],
        right: &[f32],
        waiter: &mut Waiter<'_>,
    ) {
        if !block.is_running {
            if was_running {
                self.cut();
            }
            return;
        }
        let samples = left.len();
        let events = block.lines.len() + block.middles.len() + 2;
        waiter.wait_until(|| self.link.frames.slots() >= samples && self.link.events.slots() >= events);
        if self.link.frames.slots() < samples || self.link.events.slots() < events {
            *self.has_lost = true;
            return;
        }
        if block.is_cut || *self.has_lost {
            *self.has_lost = false;
            self.cut();
        }
        let base = *self.handed;
        for (left, right) in left.iter().zip(right) {
            // There is room: it was asked for above.
            let _ = self.link.frames.push([*left, *right]);
        }
        *self.handed += samples as u64;
        let host_start = context.transport.samples();
        for line in block.lines {
            let position = host_start.map(|start| start + Samples::from_len(line.offset_in_block));
            let bar = BarStamp { position, ..stamp(line) };
            send(self.link, Event::Line(StreamPosition(base + line.offset_in_block as u64), bar));
        }
        for middle in block.middles {
            send(self.link, Event::Latched(latched_key(middle), context.spec));
        }
        if block.samples_to_next_line == Some(0) {
            send(self.link, Event::End(StreamPosition(*self.handed)));
        }
    }

    fn cut(&mut self) {
        if !send(self.link, Event::Cut(StreamPosition(*self.handed))) {
            *self.has_lost = true;
        }
    }
}

fn latched_key(middle: &BarMiddle) -> BarKey {
    BarKey::new(middle.anchor + Beats::ZERO)
}

#[cfg(test)]
mod tests;
