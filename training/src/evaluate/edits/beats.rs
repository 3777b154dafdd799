//! Whether an edited bar keeps time: beats that a tracker hears in it, with its context around it, beside those of the grid.
//!
//! The tracker hears the whole excerpt, as a listener does, but only the edited bar counts, with its two bar lines. Where it takes eighths
//! for beats, or every other beat, it does so before the edit too; that row stands beside it.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use anyhow::Result;
use serde::{Deserialize, Serialize};
use turnaround_core::audio::Audio;
use turnaround_core::time::Seconds;

use super::super::excerpt::Excerpt;
use super::super::measure::{BeatTracker, Estimate};
use super::super::metrics::events::{BEAT_TOLERANCE, f_measure};
use super::scene::{Takes, Under};

/// F of one bar.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// As it was.
    pub dry: f64,
    /// In the takes.
    pub edited: BTreeMap<Under, f64>,
}

/// How well edited bars keep time.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EditBeats {
    /// F-measure at 70 ms before the edit.
    pub dry: Estimate,
    /// After it.
    pub edited: BTreeMap<Under, Estimate>,
}

/// Hears the beats of an excerpt and its takes.
///
/// # Errors
/// When the tracker fails.
pub fn kept(tracker: &dyn BeatTracker, excerpt: &Excerpt, takes: &Takes) -> Result<Kept> {
    let expected = excerpt.felt_beats();
    let f = |audio: &Audio| -> Result<f64> {
        let found = near(&tracker.beats(audio)?, &expected);
        Ok(f_measure(&expected, &found, BEAT_TOLERANCE).unwrap_or(0.0))
    };
    let edited = takes.iter().map(|(under, take)| Ok((*under, f(take)?))).collect::<Result<_>>()?;
    Ok(Kept { dry: f(excerpt.audio())?, edited })
}

/// The beats from the first of some others to the last.
fn near(beats: &[Seconds], others: &[Seconds]) -> Vec<Seconds> {
    let [Some(first), Some(last)] = [others.first(), others.last()] else { return Vec::new() };
    let inside = *first - BEAT_TOLERANCE..=*last + BEAT_TOLERANCE;
    beats.iter().copied().filter(|beat| inside.contains(beat)).collect()
}

impl EditBeats {
    /// Of some bars; nothing of none.
    pub fn of(bars: &[Kept], seed: u64) -> Option<Self> {
        let estimate = |f: &dyn Fn(&Kept) -> f64| Estimate::of(&bars.iter().map(f).collect::<Vec<_>>(), seed);
        (!bars.is_empty()).then(|| Self {
            dry: estimate(&|bar| bar.dry),
            edited: Under::ALL.into_iter().map(|under| (under, estimate(&|bar| bar.edited[&under]))).collect(),
        })
    }

    pub(super) fn describe(&self, text: &mut String) -> fmt::Result {
        writeln!(text, "| beats in the bar, beside the grid | F at 70 ms ↑ |\n|---|---|")?;
        writeln!(text, "| before the edit | {} |", self.dry.interval.rounded(3))?;
        for (under, f) in &self.edited {
            writeln!(text, "| {} | {} |", under.name(), f.interval.rounded(3))?;
        }
        writeln!(text)
    }
}

#[cfg(test)]
mod tests {
    use turnaround_core::time::{SampleRate, Tempo};

    use super::super::super::metrics::hand_made::plucks;
    use super::super::super::metrics::onsets::Onsets;
    use super::*;

    const SECOND: usize = 16_000;

    /// Takes every attack for a beat.
    struct Attacks;

    impl BeatTracker for Attacks {
        fn beats(&self, audio: &Audio) -> Result<Vec<Seconds>> {
            Ok(Onsets::new(audio.rate()).of(audio.channel(0)))
        }
    }

    fn sound(beats: impl Fn(u32) -> f64) -> Audio {
        let at: Vec<f64> = (1..24).map(beats).collect();
        Audio::mono(SampleRate::MODEL, plucks(&at, 12 * SECOND)).unwrap()
    }

    #[test]
    fn only_beats_of_the_edited_bar_count() {
        let steady = |beat: u32| 0.5 * f64::from(beat);
        let (tempo, metre) = (Tempo::new(120.0).unwrap(), "4/4".parse().unwrap());
        let excerpt = Excerpt::of(sound(steady), tempo, metre, SECOND, 9 * SECOND..11 * SECOND);
        // Bar 5 lasts from 9 to 11 s: beats 18 to 22. Beat 10 lies in the context, beat 19 in the bar.
        let late = |which: u32| sound(move |beat| steady(beat) + if beat == which { 0.2 } else { 0.0 });
        let takes = Takes::from([(Under::Own, sound(steady)), (Under::Nothing, late(10)), (Under::Another, late(19))]);
        let kept = kept(&Attacks, &excerpt, &takes).unwrap();
        assert_eq!((kept.dry, kept.edited[&Under::Own], kept.edited[&Under::Nothing]), (1.0, 1.0, 1.0));
        assert_eq!(kept.edited[&Under::Another], 0.8);
    }

    #[test]
    fn six_eighths_are_felt_in_two() {
        let audio = Audio::mono(SampleRate::MODEL, vec![0.0; 12 * SECOND]).unwrap();
        let excerpt = Excerpt::of(audio, Tempo::new(90.0).unwrap(), "6/8".parse().unwrap(), SECOND, 9 * SECOND..11 * SECOND);
        assert_eq!(excerpt.beats(), 3.0);
        let beats: Vec<f64> = excerpt.felt_beats().into_iter().map(Seconds::get).collect();
        assert_eq!(beats, [9.0, 10.0, 11.0]);
    }
}
