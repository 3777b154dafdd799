//! Beats as they are told, and what a listener may correct.

use serde::{Deserialize, Serialize};

use super::decoder::{FASTEST, Path, SLOWEST, decode};
use super::metres::{MOST_BEATS, TRIED, felt_beats, metre_of, quarters_per_felt_beat};
use super::{Activation, FRAMES_PER_SECOND};
use crate::time::{Beats, Metre, Seconds, Tempo};

/// One beat, as a foot taps it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Beat {
    /// When it falls.
    pub time: Seconds,
    /// Its number in the bar, from 1.
    pub number: usize,
}

/// Another octave of the tempo than the one heard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Octave {
    /// As heard.
    #[default]
    Heard,
    /// Twice as many beats: one between every two. A bar keeps its number of beats and lasts half as long.
    Double,
    /// Every second beat, from the first one of a bar on. A bar keeps its number of beats and lasts twice as long.
    Halve,
}

/// What a listener knows better. The parts are applied in this order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    /// The metre, if it need not be guessed.
    pub metre: Option<Metre>,
    /// The octave of the tempo.
    pub octave: Octave,
    /// How many beats later than heard bars begin; earlier if negative.
    pub downbeat_shift: i32,
}

/// How sure the tracker is, each from 0 to 1. Neither is a chance of being right: a tempo an octave off can be heard clearly.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Confidence {
    /// The mean probability of a beat where beats were placed.
    pub beat: f32,
    /// How much likelier first beats were where they were placed than at the other beats.
    pub downbeat: f32,
}

/// The beats of a recording.
#[derive(Clone, Debug, PartialEq)]
pub struct BeatTrack {
    /// In order. The first need not be the first of a bar.
    pub beats: Vec<Beat>,
    /// The metre; one for the whole recording.
    pub metre: Metre,
    /// How sure the tracker is.
    pub confidence: Confidence,
}

/// Why there are no beats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrackError {
    /// Silence, noise, free rhythm.
    #[error("no steady beat was heard between {SLOWEST} and {FASTEST} beats per minute; give the tempo and the metre yourself")]
    NoBeats,
    /// A metre no listener counts out.
    #[error("the tracker follows bars of 1 to {MOST_BEATS} beats, but {metre} has {found}")]
    LongBar {
        /// The metre asked for.
        metre: Metre,
        /// Its felt beats.
        found: usize,
    },
    /// Nothing is left of a bar after an octave or a shift.
    #[error("too few beats were heard for a bar of {metre}; give the tempo and the metre yourself")]
    NoBar {
        /// The metre.
        metre: Metre,
    },
}

/// Finds the beats in what was heard, [`FRAMES_PER_SECOND`].
///
/// Without a metre in `wishes`, bars of 2 to 5 felt beats are tried and the best explanation is taken; what the network heard of the
/// beats' division tells 6/8 from 2/4 and 12/8 from 4/4.
///
/// # Errors
/// [`TrackError`]; its message tells what to do.
pub fn track(activations: &[Activation], wishes: &Wishes) -> Result<BeatTrack, TrackError> {
    let (path, metre) = match wishes.metre {
        Some(metre) => {
            let found = felt_beats(metre);
            if found > MOST_BEATS {
                return Err(TrackError::LongBar { metre, found });
            }
            (decode(activations, found).ok_or(TrackError::NoBeats)?, metre)
        }
        None => guessed(activations).ok_or(TrackError::NoBeats)?,
    };
    let confidence = confidence(activations, &path);
    let mut beats: Vec<Beat> =
        path.beats.iter().map(|&(frame, number)| Beat { time: time_of(frame), number: number + 1 }).collect();
    match wishes.octave {
        Octave::Heard => {}
        Octave::Double => beats = doubled(&beats, path.felt_beats),
        Octave::Halve => beats = halved(&beats, path.felt_beats),
    }
    shift(&mut beats, wishes.downbeat_shift, path.felt_beats);
    let track = BeatTrack { beats, metre, confidence };
    if track.downbeats().count() == 0 || track.beats.len() < 2 { Err(TrackError::NoBar { metre }) } else { Ok(track) }
}

/// The best path over the metres that are tried unasked.
fn guessed(activations: &[Activation]) -> Option<(Path, Metre)> {
    let paths = TRIED.iter().filter_map(|&(felt, cost)| decode(activations, felt).map(|path| (path.score - cost, path)));
    let (_, path) = paths.max_by(|a, b| a.0.total_cmp(&b.0))?;
    let compound = mean(path.beats.iter().map(|&(frame, _)| activations[nearest(frame, activations)].compound));
    let metre = metre_of(path.felt_beats, compound > 0.5);
    Some((path, metre))
}

fn confidence(activations: &[Activation], path: &Path) -> Confidence {
    let near = |frame: f64, of: fn(&Activation) -> f32| {
        let index = nearest(frame, activations);
        let frames = &activations[index.saturating_sub(1)..(index + 2).min(activations.len())];
        frames.iter().map(of).fold(0.0, f32::max)
    };
    let downbeats = |is_first: bool| {
        let chosen = path.beats.iter().filter(move |(_, number)| (*number == 0) == is_first);
        mean(chosen.map(|&(frame, _)| near(frame, |frame| frame.downbeat)))
    };
    Confidence {
        beat: mean(path.beats.iter().map(|&(frame, _)| near(frame, |frame| frame.beat))),
        downbeat: (downbeats(true) - downbeats(false)).max(0.0),
    }
}

/// The mean, 0 of nothing.
fn mean(values: impl Iterator<Item = f32>) -> f32 {
    let (count, sum) = values.fold((0, 0.0), |(count, sum), value| (count + 1, sum + value));
    if count == 0 { 0.0 } else { sum / count as f32 }
}

fn nearest(frame: f64, activations: &[Activation]) -> usize {
    (frame.round().max(0.0) as usize).min(activations.len() - 1)
}

fn time_of(frame: f64) -> Seconds {
    Seconds::new(frame / FRAMES_PER_SECOND as f64)
}

/// A beat between every two. Bars are counted from the first downbeat.
fn doubled(beats: &[Beat], felt_beats: usize) -> Vec<Beat> {
    let first = first_downbeat(beats) as i64;
    let number = |index: i64| (index - 2 * first).rem_euclid(felt_beats as i64) as usize + 1;
    let mut all = Vec::with_capacity(2 * beats.len());
    for (index, pair) in beats.windows(2).enumerate() {
        let middle = pair[0].time + (pair[1].time - pair[0].time) * 0.5;
        all.push(Beat { time: pair[0].time, number: number(2 * index as i64) });
        all.push(Beat { time: middle, number: number(2 * index as i64 + 1) });
    }
    let last = beats.len() - 1;
    all.push(Beat { time: beats[last].time, number: number(2 * last as i64) });
    all
}

/// Every second beat, the first downbeat among them. Bars are counted from it.
fn halved(beats: &[Beat], felt_beats: usize) -> Vec<Beat> {
    let first = first_downbeat(beats);
    let kept = beats.iter().enumerate().filter(|(index, _)| index % 2 == first % 2);
    let number = |index: usize| ((index as i64 - first as i64) / 2).rem_euclid(felt_beats as i64) as usize + 1;
    kept.map(|(index, beat)| Beat { time: beat.time, number: number(index) }).collect()
}

fn first_downbeat(beats: &[Beat]) -> usize {
    beats.iter().position(|beat| beat.number == 1).unwrap_or(0)
}

fn shift(beats: &mut [Beat], by: i32, felt_beats: usize) {
    for beat in beats {
        beat.number = (beat.number as i64 - 1 - i64::from(by)).rem_euclid(felt_beats as i64) as usize + 1;
    }
}

impl BeatTrack {
    /// Indices of the beats that begin bars.
    pub fn downbeats(&self) -> impl Iterator<Item = usize> {
        self.beats.iter().enumerate().filter(|(_, beat)| beat.number == 1).map(|(index, _)| index)
    }

    /// Felt beats a minute: 60 over the median time between beats.
    pub fn felt_bpm(&self) -> f64 {
        let mut intervals: Vec<f64> = self.beats.windows(2).map(|pair| (pair[1].time - pair[0].time).get()).collect();
        intervals.sort_by(f64::total_cmp);
        60.0 / intervals[intervals.len() / 2]
    }

    /// Quarter notes a minute, which in 6/8 and 12/8 are half as many again as felt beats.
    pub fn tempo(&self) -> Tempo {
        let interval = Seconds::new(60.0 / self.felt_bpm());
        Tempo::mean(quarters_per_felt_beat(self.metre), interval)
    }

    /// Quarter notes between beats.
    pub fn quarters_per_felt_beat(&self) -> Beats {
        quarters_per_felt_beat(self.metre)
    }
}
