//! What a host plays and what it says about it: tempo map, where playback begins, loops, jumps, stops, and the host's manner of telling.

use std::ops::Range;

use turnaround_core::bars::BarNumber;
use turnaround_core::tempo_map::{Change, TempoMap};
use turnaround_core::time::{Beats, Metre, SampleRate, Samples, Seconds, Tempo};

use crate::host::Told;

/// A tempo and a metre from a beat on.
pub fn change(at: f64, bpm: f64, signature: &str) -> Change {
    let metre: Metre = signature.parse().expect("a metre");
    Change { at: Beats::new(at), tempo: Tempo::new(bpm).expect("a tempo"), metre }
}

/// A gradual change of tempo between two beats, in steps of an eighth of a beat; then the last tempo goes on.
pub fn ramp(from_beat: f64, to_beat: f64, from_bpm: f64, to_bpm: f64, signature: &str) -> Vec<Change> {
    let steps = ((to_beat - from_beat) * 8.0).round();
    let step = |n: i32| {
        let share = f64::from(n) / steps;
        change(from_beat + (to_beat - from_beat) * share, from_bpm + (to_bpm - from_bpm) * share, signature)
    };
    (0..=steps as i32).map(step).collect()
}

/// Something that happens to playback.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cue {
    Play,
    Stop,
    /// Moves the playhead to a beat; it keeps playing or standing.
    Locate(f64),
}

/// A piece of music on a host's timeline and one way through it.
#[derive(Clone, Debug)]
pub struct Timeline {
    changes: Vec<Change>,
    map: TempoMap,
    rate: SampleRate,
    start: Beats,
    length: usize,
    looped: Option<Range<Beats>>,
    cues: Vec<(usize, Cue)>,
    begins_stopped: bool,
    splits_blocks: bool,
    telling: Telling,
}

impl Timeline {
    /// From beat 0 on, for no time yet.
    pub fn new(changes: &[Change], rate: u32) -> Self {
        Self {
            changes: changes.to_vec(),
            map: TempoMap::new(Seconds::ZERO, changes.to_vec()).expect("a tempo map"),
            rate: SampleRate::new(rate).expect("a sample rate"),
            start: Beats::ZERO,
            length: 0,
            looped: None,
            cues: Vec::new(),
            begins_stopped: false,
            splits_blocks: true,
            telling: Telling::HONEST,
        }
    }

    /// One tempo and metre, from bar 1 to the end of bar `bars`.
    pub fn even(bpm: f64, signature: &str, rate: u32, bars: i64) -> Self {
        Self::new(&[change(0.0, bpm, signature)], rate).through_bar(bars)
    }

    /// Plays on to the end of a bar, as long as it takes without loops and jumps.
    pub fn through_bar(self, bar: i64) -> Self {
        let length = self.bar(bar).end - self.sample_at(self.start);
        self.lasting(usize::try_from(length).expect("the bar ends after the start"))
    }

    /// Plays for this many samples.
    pub fn lasting(self, samples: usize) -> Self {
        Self { length: samples, ..self }
    }

    /// Begins at a beat, which may be negative. Ends where it would have ended.
    pub fn starting_at(self, beat: f64) -> Self {
        let (before, start) = (self.sample_at(self.start), Beats::new(beat));
        let length = self.length as i64 + before - self.sample_at(start);
        Self { start, length: length.max(0) as usize, ..self }
    }

    /// Loops between two beats.
    pub fn looping(self, from: f64, to: f64) -> Self {
        Self { looped: Some(Beats::new(from)..Beats::new(to)), ..self }
    }

    /// Something happens after this many samples of the stream. Cues are given in order.
    pub fn cue(mut self, after: usize, cue: Cue) -> Self {
        self.cues.push((after, cue));
        self
    }

    /// Begins at rest.
    pub fn stopped(self) -> Self {
        Self { begins_stopped: true, ..self }
    }

    /// Lets loops, jumps and changes of tempo and metre happen inside blocks, where only the next block tells of them. Otherwise blocks
    /// are split there.
    pub fn without_splitting(self) -> Self {
        Self { splits_blocks: false, ..self }
    }

    /// Tells in another manner.
    pub fn telling(self, telling: Telling) -> Self {
        Self { telling, ..self }
    }

    pub fn rate(&self) -> u32 {
        self.rate.hz()
    }

    /// Samples of the stream.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Samples of a bar on the host's timeline.
    pub fn bar(&self, number: i64) -> Range<i64> {
        let samples = self.map.bar(BarNumber::new(number)).samples(self.rate);
        samples.start.get()..samples.end.get()
    }

    /// Where a bar begins, in beats.
    pub fn anchor(&self, number: i64) -> f64 {
        self.map.bar(BarNumber::new(number)).start_beat.get()
    }

    /// The bar that a sample lies in.
    pub fn bar_of(&self, sample: i64) -> i64 {
        let number = self.map.bar_at(self.beats_at(sample)).number.get();
        // Lines are rounded to samples.
        if self.bar(number + 1).start <= sample {
            number + 1
        } else if sample < self.bar(number).start {
            number - 1
        } else {
            number
        }
    }

    fn sample_at(&self, beat: Beats) -> i64 {
        self.rate.samples_from(self.map.seconds_at(beat)).get()
    }

    fn beats_at(&self, sample: i64) -> Beats {
        self.map.beats_at(self.rate.seconds_from(Samples::new(sample)))
    }

    /// What the host says with the playhead at `sample`.
    fn told(&self, sample: i64, is_playing: bool) -> Told {
        let beats = self.beats_at(sample);
        let now = self.changes.iter().rposition(|change| self.sample_at(change.at) <= sample).unwrap_or(0);
        let bar = self.map.bar_at(beats);
        let truth = Told {
            playing: is_playing,
            tempo: Some(self.changes[now].tempo.bpm()),
            tempo_rise: 0.0,
            signature: Some((bar.metre.numerator(), bar.metre.denominator())),
            samples: Some(sample),
            beats: Some(beats.get()),
            bar_start: Some(bar.start_beat.get()),
            bar_number: Some(bar.number.get() as i32 - 1),
            looping: self.looped.as_ref().map(|range| range.start.get()..range.end.get()),
        };
        self.telling.tell(truth)
    }
}

/// A host's manner of telling: what it gives, what it leaves out, what it gets wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Telling {
    pub name: &'static str,
    pub tempo: bool,
    pub signature: bool,
    pub samples: bool,
    pub beats: bool,
    pub bar_start: BarStarts,
    pub bar_number: bool,
    pub looping: bool,
    /// Parts of a beat to which beats are rounded.
    pub beats_rounded_to: Option<f64>,
}

/// How a host tells where a bar begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BarStarts {
    Right,
    Missing,
    /// As if all music were in 4/4.
    AsIfFourFour,
    /// Always 0.
    Zero,
}

impl Telling {
    /// Everything, and all of it right.
    pub const HONEST: Telling = Telling {
        name: "honest",
        tempo: true,
        signature: true,
        samples: true,
        beats: true,
        bar_start: BarStarts::Right,
        bar_number: true,
        looping: true,
        beats_rounded_to: None,
    };

    /// As Ardour 7.3: beats rounded to 1/1920, bar starts of another metre, no bar numbers.
    pub const LIKE_ARDOUR: Telling = Telling {
        name: "like Ardour",
        bar_start: BarStarts::AsIfFourFour,
        bar_number: false,
        beats_rounded_to: Some(1920.0),
        ..Telling::HONEST
    };

    /// As DawDreamer 0.9.0: no word of bars or loops.
    pub const LIKE_DAWDREAMER: Telling =
        Telling { name: "like DawDreamer", bar_start: BarStarts::Missing, bar_number: false, looping: false, ..Telling::HONEST };

    /// Tempo and beats alone.
    pub const BEATS_ALONE: Telling = Telling {
        name: "beats alone",
        signature: false,
        samples: false,
        bar_start: BarStarts::Zero,
        bar_number: false,
        looping: false,
        ..Telling::HONEST
    };

    fn tell(&self, truth: Told) -> Told {
        let beats = match self.beats_rounded_to {
            Some(parts) => truth.beats.map(|beats| (beats * parts).round() / parts),
            None => truth.beats,
        };
        let bar_start = match self.bar_start {
            BarStarts::Right => truth.bar_start,
            BarStarts::Missing => None,
            BarStarts::AsIfFourFour => beats.map(|beats| (beats / 4.0).floor() * 4.0),
            BarStarts::Zero => Some(0.0),
        };
        Told {
            tempo: truth.tempo.filter(|_| self.tempo),
            signature: truth.signature.filter(|_| self.signature),
            samples: truth.samples.filter(|_| self.samples),
            beats: beats.filter(|_| self.beats),
            bar_start,
            bar_number: truth.bar_number.filter(|_| self.bar_number),
            looping: truth.looping.filter(|_| self.looping),
            ..truth
        }
    }
}

/// A stretch of the stream during which the playhead stood, or moved without a break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Its first sample in the stream.
    pub at: usize,
    /// Its first sample on the timeline; nothing while the playhead stands.
    pub position: Option<i64>,
    pub length: usize,
}

/// A host's playhead on its way.
pub struct Playhead<'a> {
    timeline: &'a Timeline,
    /// Samples of the stream so far.
    at: usize,
    position: i64,
    is_playing: bool,
    next_cue: usize,
}

impl<'a> Playhead<'a> {
    pub fn new(timeline: &'a Timeline) -> Self {
        let position = timeline.sample_at(timeline.start);
        Self { timeline, at: 0, position, is_playing: !timeline.begins_stopped, next_cue: 0 }
    }

    /// Samples of the stream that are left.
    pub fn left(&self) -> usize {
        self.timeline.length - self.at
    }

    /// Does what is due now.
    pub fn obey_cues(&mut self) {
        while let Some((_, cue)) = self.timeline.cues.get(self.next_cue).filter(|(after, _)| *after <= self.at) {
            match cue {
                Cue::Play => self.is_playing = true,
                Cue::Stop => self.is_playing = false,
                Cue::Locate(beat) => self.position = self.timeline.sample_at(Beats::new(*beat)),
            }
            self.next_cue += 1;
        }
    }

    /// What the host says now.
    pub fn told(&self) -> Told {
        self.timeline.told(self.position, self.is_playing)
    }

    /// The longest block from here on, of at most `wanted` samples.
    pub fn block(&self, wanted: usize) -> usize {
        let mut most = wanted.min(self.left());
        if self.timeline.splits_blocks {
            if let Some((after, _)) = self.timeline.cues.get(self.next_cue) {
                most = most.min(after - self.at);
            }
            if let Some(until) = self.until_loop_end() {
                most = most.min(until);
            }
            if let Some(until) = self.until_change().filter(|_| self.is_playing) {
                most = most.min(until);
            }
        }
        most
    }

    fn until_change(&self) -> Option<usize> {
        let samples = self.timeline.changes.iter().map(|change| self.timeline.sample_at(change.at) - self.position);
        samples.filter(|samples| *samples > 0).min().and_then(|samples| usize::try_from(samples).ok())
    }

    fn until_loop_end(&self) -> Option<usize> {
        let end = self.timeline.sample_at(self.timeline.looped.as_ref()?.end);
        usize::try_from(end - self.position).ok().filter(|left| *left > 0 && self.is_playing)
    }

    /// Goes on by a block, and says through which pieces.
    pub fn advance(&mut self, samples: usize) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let mut left = samples;
        while left > 0 {
            let until_end = self.until_loop_end();
            let length = until_end.unwrap_or(left).min(left);
            pieces.push(Piece { at: self.at, position: self.is_playing.then_some(self.position), length });
            self.at += length;
            left -= length;
            if self.is_playing {
                self.position += length as i64;
            }
            if let (true, Some(range)) = (until_end == Some(length), &self.timeline.looped) {
                self.position = self.timeline.sample_at(range.start);
            }
        }
        pieces
    }
}
