//! The beats of a user's recordings, for a corpus of them: an exported tracker, run by the engine.

use std::path::Path;

use anyhow::Result;
use turnaround_core::audio::Audio;
use turnaround_core::beats::track::{BeatTrack, Wishes};
use turnaround_core::time::{SampleRate, Seconds};
use turnaround_engine::beats::Tracker;
use turnaround_engine::runtime::Options;

use crate::corpus::own::{Grid, Heard, HeardBeat};
use crate::evaluate::measure::BeatTracker;

/// A tracker for [`crate::corpus::build_from`]: the one in `folder`, or the first that the engine finds.
///
/// # Errors
/// When there is none, or it is damaged.
pub fn tracker(folder: Option<&Path>) -> Result<impl Fn(&[f32]) -> Result<Heard> + Sync> {
    let tracker = Tracker::open(folder, &Options::default())?;
    Ok(move |audio: &[f32]| {
        let audio = Audio::mono(SampleRate::MODEL, audio.to_vec())?;
        Ok(heard(&tracker.track(&audio, &Wishes::default())?))
    })
}

/// The same tracker for an evaluation: where beats are in a few bars.
///
/// # Errors
/// When there is none, or it is damaged.
pub fn beats(folder: Option<&Path>) -> Result<Beats> {
    Ok(Beats(Tracker::open(folder, &Options::default())?))
}

/// Hears beats.
pub struct Beats(Tracker);

impl BeatTracker for Beats {
    fn beats(&self, audio: &Audio) -> Result<Vec<Seconds>> {
        Ok(self.0.track(audio, &Wishes::default())?.beats.iter().map(|beat| beat.time).collect())
    }
}

/// Where the recording keeps one tempo its even grid, which is finer than single beats; else each beat as it was heard.
fn heard(track: &BeatTrack) -> Heard {
    let confidence = track.confidence.beat;
    let last = track.beats[track.beats.len() - 1].time;
    if let Some(steady) = track.steady() {
        let grid = Grid { tempo: steady.tempo, offset: steady.offset, metre: track.metre };
        return Heard { confidence, ..grid.beats_within(last) };
    }
    let beats = track.beats.iter().map(|beat| HeardBeat { time: beat.time, number: beat.number as u32 });
    Heard { metre: track.metre, beats: beats.collect(), confidence }
}

#[cfg(test)]
mod tests {
    use super::*;
    use turnaround_core::beats::track::{Beat, Confidence};
    use turnaround_core::time::Metre;

    fn track(time: impl Fn(usize) -> f64) -> BeatTrack {
        let beats = (0..41).map(|n| Beat { time: Seconds::new(time(n)), number: n % 4 + 1 }).collect();
        BeatTrack { beats, metre: Metre::FOUR_FOUR, confidence: Confidence { beat: 0.8, downbeat: 0.5 } }
    }

    #[test]
    fn a_steady_track_becomes_its_grid_and_another_keeps_its_beats() {
        let steady = heard(&track(|n| 1.0 + 0.5 * n as f64 + if n % 2 == 0 { 0.002 } else { -0.002 }));
        assert_eq!((steady.confidence, steady.beats.len()), (0.8, 41));
        for (n, beat) in steady.beats.iter().enumerate() {
            assert!((beat.time.get() - 1.0 - 0.5 * n as f64).abs() < 2e-3);
            assert_eq!(beat.number as usize, n % 4 + 1);
        }
        let intervals: Vec<f64> = steady.beats.windows(2).map(|pair| (pair[1].time - pair[0].time).get()).collect();
        assert!(intervals.iter().all(|interval| (interval - intervals[0]).abs() < 1e-9), "{intervals:?}");
        let swaying = |n: usize| 1.0 + 0.5 * n as f64 + 0.05 * (n as f64 * 0.3).sin();
        let free = heard(&track(swaying));
        assert_eq!(free.beats.len(), 41);
        assert!(free.beats.iter().enumerate().all(|(n, beat)| beat.time.get() == swaying(n)));
    }
}
