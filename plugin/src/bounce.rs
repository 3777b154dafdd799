//! May `process` wait? In a bounce it must, or exports lose bars; in real time it must not, or playback stands still.
//!
//! CLAP hosts say which it is, and are believed. What a VST3 host says arrives late or never, so there it is told by pace: a host that plays
//! in real time comes back about a block after a block, a host that renders comes back at once. The musician's switch is above both.
//!
//! **Thread.** Audio thread: a fixed array and a clock reading a block.

use std::time::{Duration, Instant};

/// Share of the stream's duration below which the time between calls means a render. Measured gaps: 0.9 and more in real time on a busy
/// machine, 0.14 and less in renders.
const PACE_OF_A_RENDER: f64 = 0.25;

/// Stream time that is judged.
const WINDOW: Duration = Duration::from_millis(500);

/// What it takes to judge at all.
const LEAST_BLOCKS: usize = 8;
const LEAST_TIME: Duration = Duration::from_millis(50);

/// Calls of the host's largest block that a judgement must cover at least: a host may cut one cycle into many small calls, which look fast.
const LEAST_LARGEST_BLOCKS: u32 = 4;

/// Blocks remembered: half a second of them at 64 samples and 192 kHz would be 1500, but fewer will do.
const CAPACITY: usize = 512;

/// Tells a render from real time by the time that the host lets pass between blocks.
#[derive(Clone, Debug)]
pub struct Pace {
    /// Time between two calls and duration of the block before, oldest first from `start`.
    history: [(Duration, Duration); CAPACITY],
    start: usize,
    len: usize,
    largest_block: Duration,
    last: Option<Last>,
}

#[derive(Clone, Copy, Debug)]
struct Last {
    returned: Instant,
    duration: Duration,
    has_waited: bool,
}

impl Pace {
    /// For a host whose largest block lasts this long.
    pub fn new(largest_block: Duration) -> Self {
        Self { history: [(Duration::ZERO, Duration::ZERO); CAPACITY], start: 0, len: 0, largest_block, last: None }
    }

    /// Forgets everything: playback started, stopped or jumped.
    pub fn clear(&mut self) {
        self.len = 0;
        self.last = None;
    }

    /// The host calls.
    pub fn enter(&mut self, now: Instant) {
        // After a block that waited a host in real time is late, and comes back at once as well.
        let Some(last) = self.last.filter(|last| !last.has_waited) else { return };
        // No gap counts for more than two blocks, so that a pause does not hide a render; the largest blocks, for a host may cut one cycle
        // into many small calls and let all of its time pass between two of them.
        let gap = now.saturating_duration_since(last.returned).min(2 * last.duration.max(self.largest_block));
        if self.len == CAPACITY {
            self.start = (self.start + 1) % CAPACITY;
            self.len -= 1;
        }
        self.history[(self.start + self.len) % CAPACITY] = (gap, last.duration);
        self.len += 1;
    }

    /// The call ends; the block lasted `duration` of the stream.
    pub fn leave(&mut self, now: Instant, duration: Duration, has_waited: bool) {
        self.last = Some(Last { returned: now, duration, has_waited });
    }

    /// Whether the calls of late look like a render.
    pub fn is_render(&self) -> bool {
        let least_time = LEAST_TIME.max(self.largest_block * LEAST_LARGEST_BLOCKS);
        let (mut gaps, mut durations, mut blocks) = (Duration::ZERO, Duration::ZERO, 0);
        for back in 0..self.len {
            let (gap, duration) = self.history[(self.start + self.len - 1 - back) % CAPACITY];
            gaps += gap;
            durations += duration;
            blocks += 1;
            if blocks >= LEAST_BLOCKS && durations >= WINDOW.max(least_time) {
                break;
            }
        }
        blocks >= LEAST_BLOCKS && durations >= least_time && gaps.as_secs_f64() < PACE_OF_A_RENDER * durations.as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Calls of 10 ms each with a gap between them that is a share of that.
    fn played(blocks: usize, share: f64) -> Pace {
        let block = Duration::from_millis(10);
        let mut pace = Pace::new(block);
        let mut now = Instant::now();
        for _ in 0..blocks {
            pace.enter(now);
            now += Duration::from_micros(700);
            pace.leave(now, block, false);
            now += block.mul_f64(share);
        }
        pace.enter(now);
        pace
    }

    #[test]
    fn real_time_is_no_render_and_a_render_is_one() {
        for share in [0.9, 1.0, 1.2] {
            assert!(!played(100, share).is_render(), "{share}");
        }
        for share in [0.0, 0.05, 0.14] {
            assert!(played(100, share).is_render(), "{share}");
        }
    }

    #[test]
    fn nothing_is_said_of_the_first_blocks() {
        assert!(!played(7, 0.0).is_render());
        assert!(played(8, 0.0).is_render());
    }

    #[test]
    fn a_block_that_waited_says_nothing_about_the_host() {
        let block = Duration::from_millis(10);
        let mut pace = Pace::new(block);
        let mut now = Instant::now();
        for _ in 0..100 {
            pace.enter(now);
            now += Duration::from_millis(30);
            pace.leave(now, block, true);
        }
        assert!(!pace.is_render());
    }

    #[test]
    fn many_small_calls_in_one_cycle_are_no_render() {
        let (small, cycle) = (Duration::from_micros(1_450), 16);
        let mut pace = Pace::new(small * cycle);
        let mut now = Instant::now();
        for call in 0..40 * cycle {
            pace.enter(now);
            assert!(!pace.is_render(), "call {call}");
            pace.leave(now, small, false);
            if call % cycle == cycle - 1 {
                now += small * cycle;
            }
        }
    }

    #[test]
    fn a_render_in_the_largest_blocks_is_one_too() {
        let block = Duration::from_millis(186);
        let mut pace = Pace::new(block);
        let mut now = Instant::now();
        for _ in 0..9 {
            pace.enter(now);
            now += Duration::from_micros(50);
            pace.leave(now, block, false);
        }
        assert!(pace.is_render());
    }

    #[test]
    fn a_host_that_turns_to_rendering_is_noticed_within_half_a_second() {
        let mut pace = played(200, 1.0);
        let block = Duration::from_millis(10);
        let mut now = Instant::now();
        pace.clear();
        for _ in 0..10 {
            pace.enter(now);
            now += Duration::from_micros(10);
            pace.leave(now, block, false);
        }
        assert!(pace.is_render());
    }
}
