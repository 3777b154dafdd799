//! A host made up for tests: a playhead on a tempo map, and a manner of telling about it.

use turnaround::{BarClock, BarLine, BarMiddle, Transport};
use turnaround_core::bars::BarNumber;
use turnaround_core::tempo_map::{Change, TempoMap};
use turnaround_core::time::{Beats, Metre, SampleRate, Samples, Seconds, Tempo};

pub const RATES: [u32; 6] = [22_050, 44_100, 48_000, 88_200, 96_000, 192_000];
pub const BLOCKS: [usize; 7] = [1, 7, 64, 333, 1024, 4096, 8192];
pub const METRES: [&str; 6] = ["4/4", "3/4", "5/4", "7/8", "12/8", "2/2"];
pub const TEMPI: [f64; 4] = [61.7, 120.0, 133.333, 240.0];

pub fn rate(hz: u32) -> SampleRate {
    SampleRate::new(hz).unwrap()
}

pub fn metre(text: &str) -> Metre {
    text.parse().unwrap()
}

pub fn change(at: f64, bpm: f64, signature: &str) -> Change {
    Change { at: Beats::new(at), tempo: Tempo::new(bpm).unwrap(), metre: metre(signature) }
}

/// How a host departs from the truth.
pub type Manner = fn(Transport) -> Transport;

pub fn honest(transport: Transport) -> Transport {
    transport
}

pub fn without_bar_starts(transport: Transport) -> Transport {
    Transport { bar_start_beats: None, bar_number: None, ..transport }
}

/// As Ardour 7.3 does: beats rounded to 1/1920, bar starts as if all were 4/4, no bar numbers.
pub fn like_ardour(transport: Transport) -> Transport {
    let beats = transport.pos_beats.map(|beats| (beats * 1920.0).round() / 1920.0);
    let bar_start_beats = beats.map(|beats| (beats / 4.0).floor() * 4.0);
    Transport { pos_beats: beats, bar_start_beats, bar_number: None, ..transport }
}

/// As Ardour, and rounding down.
pub fn rounding_down(transport: Transport) -> Transport {
    let beats = transport.pos_beats.map(|beats| (beats * 1920.0).floor() / 1920.0);
    Transport { pos_beats: beats, bar_start_beats: None, bar_number: None, ..transport }
}

pub fn with_beats_alone(transport: Transport) -> Transport {
    Transport { pos_samples: None, ..without_bar_starts(transport) }
}

pub fn with_samples_alone(transport: Transport) -> Transport {
    Transport { pos_beats: None, ..without_bar_starts(transport) }
}

/// As hosts whose sample position comes from rounded seconds.
pub fn with_rounded_samples(transport: Transport) -> Transport {
    Transport { pos_samples: transport.pos_samples.map(|samples| samples / 5 * 5), ..with_samples_alone(transport) }
}

/// A tempo map, a playhead on it, and a manner.
#[derive(Clone)]
pub struct Host {
    pub map: TempoMap,
    changes: Vec<Change>,
    pub rate: SampleRate,
    pub manner: Manner,
    /// The next sample to be played.
    pub at: i64,
}

impl Host {
    pub fn new(changes: &[Change], hz: u32, manner: Manner) -> Self {
        let map = TempoMap::new(Seconds::ZERO, changes.to_vec()).unwrap();
        Self { map, changes: changes.to_vec(), rate: rate(hz), manner, at: 0 }
    }

    pub fn even(bpm: f64, signature: &str, hz: u32, manner: Manner) -> Self {
        Self::new(&[change(0.0, bpm, signature)], hz, manner)
    }

    pub fn from(mut self, at: i64) -> Self {
        self.at = at;
        self
    }

    pub fn sample_of(&self, bar: i64) -> i64 {
        self.map.bar(BarNumber::new(bar)).samples(self.rate).start.get()
    }

    pub fn beats(&self) -> Beats {
        self.map.beats_at(self.rate.seconds_from(Samples::new(self.at)))
    }

    pub fn transport(&self) -> Transport {
        let beats = self.beats();
        let hair = Beats::new(1e-9);
        let now = self.changes.iter().rev().find(|change| change.at <= beats + hair).unwrap_or(&self.changes[0]);
        let bar = self.map.bar_at(beats);
        (self.manner)(Transport {
            playing: true,
            tempo: Some(now.tempo.bpm()),
            time_signature: Some((i32::from(now.metre.numerator()), i32::from(now.metre.denominator()))),
            pos_samples: Some(self.at),
            pos_beats: Some(beats.get()),
            bar_start_beats: Some(bar.start_beat.get()),
            bar_number: Some(bar.number.get() as i32 - 1),
        })
    }
}

/// A line or middle and the sample of the host's timeline it was reported at.
#[derive(Clone, Debug, PartialEq)]
pub struct Heard<T> {
    pub at: i64,
    pub mark: T,
}

/// Everything a clock said over some playback.
#[derive(Clone, Debug, Default)]
pub struct Account {
    pub lines: Vec<Heard<BarLine>>,
    pub middles: Vec<Heard<BarMiddle>>,
    /// Where something broke.
    pub cuts: Vec<i64>,
}

impl Account {
    pub fn numbers(&self) -> Vec<i64> {
        self.lines.iter().map(|line| line.mark.number.get()).collect()
    }

    pub fn anchors(&self) -> Vec<f64> {
        self.lines.iter().map(|line| line.mark.anchor.get()).collect()
    }
}

/// Plays up to the sample `until`, in blocks of the given sizes over and over.
pub fn play(host: &mut Host, clock: &mut BarClock, blocks: &[usize], until: i64) -> Account {
    let mut account = Account::default();
    let mut expected_line: Option<i64> = None;
    for &size in blocks.iter().cycle() {
        let size = size.min(usize::try_from(until - host.at).unwrap());
        if host.at == until {
            return account;
        }
        let block = clock.process(&host.transport(), size);
        assert!(block.is_running && block.left_out == 0);
        if block.is_cut {
            account.cuts.push(host.at);
            expected_line = None;
        }
        let mut last = 0;
        for line in block.lines {
            assert!((last..size).contains(&line.offset_in_block), "{line:?} in a block of {size}");
            last = line.offset_in_block;
            let at = host.at + last as i64;
            if let Some(expected) = expected_line.take() {
                assert_eq!(at, expected, "the block before said when this line would come");
            }
            account.lines.push(Heard { at, mark: *line });
        }
        for middle in block.middles {
            assert!(middle.offset_in_block < size);
            account.middles.push(Heard { at: host.at + middle.offset_in_block as i64, mark: *middle });
        }
        host.at += size as i64;
        expected_line = block.samples_to_next_line.map(|samples| host.at + samples as i64);
        if host.at + (block.samples_to_next_line.unwrap() as i64) < 0 {
            // Lines of the pre-roll are counted but not reported.
            expected_line = None;
        }
    }
    unreachable!("blocks repeat for ever")
}

/// A small generator of numbers that look random: the same on every run.
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}
