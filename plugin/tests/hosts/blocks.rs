//! Block sizes and their pace.

use std::thread;
use std::time::{Duration, Instant};

/// Sizes of the blocks that a host calls with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Blocks {
    /// All alike.
    Of(usize),
    /// From 1 to a most, as the seed throws them.
    Random { most: usize, seed: u64 },
}

impl Blocks {
    /// The largest of them.
    pub fn largest(&self) -> usize {
        match self {
            Blocks::Of(size) => *size,
            Blocks::Random { most, .. } => *most,
        }
    }

    /// One after another, for ever.
    pub fn sizes(&self) -> Box<dyn Iterator<Item = usize> + Send> {
        match self.clone() {
            Blocks::Of(size) => Box::new(std::iter::repeat(size)),
            Blocks::Random { most, seed } => {
                let mut dice = Dice::new(seed);
                Box::new(std::iter::from_fn(move || Some(1 + dice.below(most as u64) as usize)))
            }
        }
    }
}

/// How fast a host calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// As fast as it can, as a render does.
    Free,
    /// Sixteen times as fast as the sound lasts. No host does this; it saves time where a test wants what real time gives, which is that
    /// the worker, who looks every few milliseconds, keeps up with the sound, and nobody has to wait for it.
    Hurried,
    /// As fast as the sound lasts, a block at a time.
    RealTime,
    /// As fast as the sound lasts, in cycles of this many samples, each cut into several calls that follow at once.
    RealTimeIn(usize),
}

/// Keeps a pace.
pub struct Metronome {
    pace: Pace,
    rate: u32,
    start: Instant,
}

impl Metronome {
    pub fn new(pace: Pace, rate: u32) -> Self {
        Self { pace, rate, start: Instant::now() }
    }

    /// Waits until the block that begins after `done` samples is due. One that is late comes at once and the next ones catch up.
    pub fn wait(&self, done: usize) {
        let (due, times) = match self.pace {
            Pace::Free => return,
            Pace::Hurried => (done, 16.0),
            Pace::RealTime => (done, 1.0),
            Pace::RealTimeIn(cycle) => (done / cycle * cycle, 1.0),
        };
        let due = self.start + Duration::from_secs_f64(due as f64 / (times * f64::from(self.rate)));
        thread::sleep(due.saturating_duration_since(Instant::now()));
    }
}

/// Numbers that look random and are the same on every run.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    /// From -1 to 1.
    pub fn bipolar(&mut self) -> f32 {
        self.below(1 << 24) as f32 / (1 << 23) as f32 - 1.0
    }
}
