//! Music broken in time: grains out of order, beats lost or heard twice, beats bent to a wrong tempo map. For quality labels only.

use std::ops::Range;

use super::{Degradation, Kind};
use crate::corpus::dice::Dice;

/// The kinds that [`break_with`] knows.
pub const STRUCTURAL: [Kind; 4] = [Kind::GrainShuffle, Kind::BeatCut, Kind::BeatRepeat, Kind::TempoMap];

/// Length of a shuffled grain, in samples: 250 ms.
const GRAIN: usize = 4000;
/// Fade where two places meet, in samples: 5 ms, so that no click gives the fault away.
const FADE: usize = 80;
/// The largest factor of a wrong tempo map.
const LARGEST_STRETCH: f64 = 1.4;
/// Hop of the stretching in samples: 10 ms, a quarter of its window.
const HOP: usize = 160;

/// Breaks the music in one way, more or less often. `beats` are the samples at which beats begin, in order; the result's length may be
/// another.
pub fn break_music(audio: &mut Vec<f32>, beats: &[usize], seed: u64) -> Degradation {
    let mut dice = Dice::new(seed, "break");
    let kind = *dice.pick(&STRUCTURAL);
    break_with(audio, beats, kind, dice.between(0.25, 1.0), seed)
}

/// Breaks the music in a chosen way: `share` of all grains or beats, 0..1, is touched; a wrong tempo map touches all, up to `share` of
/// its largest stretch. The label's severity is the share that was touched.
///
/// # Panics
/// If `kind` is not structural.
pub fn break_with(audio: &mut Vec<f32>, beats: &[usize], kind: Kind, share: f64, seed: u64) -> Degradation {
    let mut dice = Dice::new(seed, "break places");
    let severity = match kind {
        Kind::GrainShuffle => shuffle(audio, share, &mut dice),
        Kind::BeatCut => repeat(audio, beats, share, 0, &mut dice),
        Kind::BeatRepeat => repeat(audio, beats, share, 2, &mut dice),
        Kind::TempoMap => bend(audio, beats, share, &mut dice),
        _ => panic!("{kind:?} leaves the music whole"),
    };
    Degradation::new(kind, severity)
}

/// Puts grains in each other's places; returns the share that moved.
fn shuffle(audio: &mut Vec<f32>, share: f64, dice: &mut Dice) -> f64 {
    let grains: Vec<Range<usize>> = (0..audio.len() / GRAIN).map(|grain| grain * GRAIN..(grain + 1) * GRAIN).collect();
    let moved: Vec<usize> = (0..grains.len()).filter(|_| dice.chance(share)).collect();
    let mut order: Vec<usize> = (0..grains.len()).collect();
    // Sattolo's shuffle: one cycle, so that none stays where it was.
    for place in (1..moved.len()).rev() {
        let other = dice.integer(0, place - 1);
        order.swap(moved[place], moved[other]);
    }
    let rest = grains.len() * GRAIN..audio.len();
    let places: Vec<Range<usize>> = order.iter().map(|grain| grains[*grain].clone()).chain([rest]).collect();
    let touched = order.iter().enumerate().filter(|(place, grain)| place != *grain).count();
    *audio = splice(audio, &places);
    touched as f64 / grains.len().max(1) as f64
}

/// Plays a share of all beats `times` times; returns the share.
fn repeat(audio: &mut Vec<f32>, beats: &[usize], share: f64, times: usize, dice: &mut Dice) -> f64 {
    let stretches = stretches(beats, audio.len());
    let mut places = Vec::new();
    let mut touched = 0;
    // The first and last stretch lie outside the beats.
    for (number, stretch) in stretches.iter().enumerate() {
        let is_touched = number > 0 && number + 1 < stretches.len() && dice.chance(share);
        touched += usize::from(is_touched);
        places.extend(std::iter::repeat_n(stretch.clone(), if is_touched { times } else { 1 }));
    }
    *audio = splice(audio, &places);
    touched as f64 / stretches.len().saturating_sub(2).max(1) as f64
}

/// The stretch before the first beat, every beat, and from the last beat on.
fn stretches(beats: &[usize], length: usize) -> Vec<Range<usize>> {
    let mut edges = vec![0];
    edges.extend(beats.iter().filter(|beat| **beat <= length));
    edges.push(length);
    edges.windows(2).map(|pair| pair[0]..pair[1]).collect()
}

/// Stretches of a recording one after another, each faded into the next; where two follow each other in the recording nothing changes.
fn splice(audio: &[f32], places: &[Range<usize>]) -> Vec<f32> {
    let length: usize = places.iter().map(Range::len).sum();
    let mut output = vec![0.0; length + FADE];
    let mut at = 0;
    for (number, place) in places.iter().enumerate() {
        let end = audio.len().min(place.end + FADE);
        for (n, sample) in audio[place.start..end].iter().enumerate() {
            let rise = if number == 0 { 1.0 } else { ((n as f32 + 0.5) / FADE as f32).min(1.0) };
            let past_end = n as f32 + 0.5 - place.len() as f32;
            let fall = (1.0 - past_end / FADE as f32).clamp(0.0, 1.0);
            output[at + n] += sample * rise.min(fall);
        }
        at += place.len();
    }
    output.truncate(length);
    output
}

/// Stretches every beat by a factor of its own; returns how far, as a share of the largest.
fn bend(audio: &mut Vec<f32>, beats: &[usize], share: f64, dice: &mut Dice) -> f64 {
    let stretches = stretches(beats, audio.len());
    let factors: Vec<f64> = stretches.iter().map(|_| LARGEST_STRETCH.powf(share * dice.between(-1.0, 1.0))).collect();
    let length: f64 = stretches.iter().zip(&factors).map(|(stretch, factor)| stretch.len() as f64 * factor).sum();
    let window: Vec<f32> = (0..4 * HOP).map(|n| hann(n as f64 / (4 * HOP) as f64) as f32 * 0.5).collect();
    let mut output = vec![0.0; length as usize + 4 * HOP];
    let (mut stretch, mut begins) = (0, 0.0);
    for centre in (0..length as usize).step_by(HOP) {
        while stretch + 1 < stretches.len() && centre as f64 >= begins + stretches[stretch].len() as f64 * factors[stretch] {
            begins += stretches[stretch].len() as f64 * factors[stretch];
            stretch += 1;
        }
        let from = stretches[stretch].start + ((centre as f64 - begins) / factors[stretch]) as usize;
        for (n, weight) in window.iter().enumerate() {
            let sample = (from + n).checked_sub(2 * HOP).and_then(|place| audio.get(place)).copied().unwrap_or(0.0);
            if let Some(place) = (centre + n).checked_sub(2 * HOP) {
                output[place] += weight * sample;
            }
        }
    }
    output.truncate(length as usize);
    *audio = output;
    let mean = factors.iter().map(|factor| factor.ln().abs()).sum::<f64>() / factors.len() as f64;
    2.0 * mean / LARGEST_STRETCH.ln()
}

/// A Hann window over 0..1; four of them a quarter apart add up to 2.
fn hann(x: f64) -> f64 {
    (std::f64::consts::PI * x).sin().powi(2)
}
