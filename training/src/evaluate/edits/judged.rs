//! What an outside network makes of edited bars: the Fréchet distance of many edits from real bars, over that of real bars from others.
//!
//! The network hears 3 s at once, longer than most bars, so it hears each bar with as much of its surroundings on both sides. They are real,
//! which flatters every row alike; the row without an action tells what the action adds or spoils.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use anyhow::Result;
use serde::{Deserialize, Serialize};
use turnaround_core::audio::Audio;

use super::super::excerpt::Excerpt;
use super::super::spread;
use super::super::yardsticks::frechet::Gaussian;
use super::super::yardsticks::musicnn::{Musicnn, PATCH_SAMPLES};
use super::scene::{Takes, Under};
use crate::corpus::Corpus;

/// Distances of one row, as in [`super::super::measure::FrechetRow`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Distances {
    /// To the very bars before the edit.
    pub to_same: f64,
    /// To other real bars.
    pub to_others: f64,
}

/// Fréchet distances of edited bars.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EditFrechet {
    /// Bars in each of the groups.
    pub bars: usize,
    /// Between the bars before the edit and other real ones.
    pub floor: f64,
    /// By action.
    pub edited: BTreeMap<Under, Distances>,
}

/// What the network heard; the same bars in the same order everywhere.
#[derive(Clone, Debug, Default)]
pub struct Judged {
    dry: Vec<Vec<f32>>,
    edited: BTreeMap<Under, Vec<Vec<f32>>>,
}

impl Judged {
    /// Lets the network hear a bar and its takes.
    ///
    /// # Errors
    /// When it fails.
    pub fn hear(&mut self, musicnn: &Musicnn, excerpt: &Excerpt, takes: &Takes) -> Result<()> {
        self.dry.extend(embedded(musicnn, excerpt, excerpt.audio())?);
        for (under, take) in takes {
            self.edited.entry(*under).or_default().extend(embedded(musicnn, excerpt, take)?);
        }
        Ok(())
    }

    /// Distances, with `others` for other real bars; nothing where there are too few.
    pub fn measured(&self, others: &[Vec<f32>]) -> Option<EditFrechet> {
        let bars = self.dry.len().min(others.len());
        if bars < 2 {
            return None;
        }
        // Distances shrink as points grow more, so all groups are as large.
        let cloud = |points: &[Vec<f32>]| Gaussian::of(&spread(points, bars));
        let (dry, others) = (cloud(&self.dry), cloud(others));
        let row = |(under, points): (&Under, &Vec<Vec<f32>>)| {
            let made = cloud(points);
            (*under, Distances { to_same: made.distance(&dry), to_others: made.distance(&others) })
        };
        Some(EditFrechet { bars, floor: dry.distance(&others), edited: self.edited.iter().map(row).collect() })
    }
}

/// What the network hears in a take of an excerpt: one patch with the target in its middle.
///
/// # Errors
/// When it fails.
pub fn embedded(musicnn: &Musicnn, excerpt: &Excerpt, audio: &Audio) -> Result<Vec<Vec<f32>>> {
    musicnn.embeddings(patch(excerpt, audio.channel(0)), audio.rate())
}

/// What the network hears in some units as they are.
///
/// # Errors
/// When it fails, or the corpus tells of a grid that cannot be.
pub fn embedded_dry(musicnn: &Musicnn, corpus: &Corpus, units: &[usize]) -> Result<Vec<Vec<f32>>> {
    let mut all = Vec::new();
    for &unit in units {
        let excerpt = Excerpt::new(corpus, unit)?;
        all.extend(embedded(musicnn, &excerpt, excerpt.audio())?);
    }
    Ok(all)
}

fn patch<'a>(excerpt: &Excerpt, sound: &'a [f32]) -> &'a [f32] {
    let target = excerpt.range();
    let middle = (target.start + target.end) / 2;
    let start = middle.saturating_sub(PATCH_SAMPLES / 2).min(sound.len().saturating_sub(PATCH_SAMPLES));
    &sound[start..sound.len().min(start + PATCH_SAMPLES)]
}

impl EditFrechet {
    pub(super) fn describe(&self, text: &mut String) -> fmt::Result {
        writeln!(
            text,
            "Fréchet distance on musicnn, {} bars on each side, each in the middle of 3 s. Before the edit against other real bars, as many: \
             **{:.1}**.\n\n| edited bars | to the same bars | to other real ones | over the floor |\n|---|---|---|---|",
            self.bars, self.floor
        )?;
        for (under, Distances { to_same, to_others }) in &self.edited {
            writeln!(text, "| {} | {to_same:.1} | {to_others:.1} | {:.2} |", under.name(), to_others / self.floor)?;
        }
        writeln!(text)
    }
}

#[cfg(test)]
mod tests {
    use turnaround_core::noise::GaussianNoise;
    use turnaround_core::time::{SampleRate, Tempo};

    use super::*;

    fn points(seed: u64, count: usize, shift: f32) -> Vec<Vec<f32>> {
        let mut random = GaussianNoise::new(seed);
        (0..count).map(|_| (0..4).map(|_| shift + random.next()).collect()).collect()
    }

    #[test]
    fn edits_that_are_the_dry_bars_are_at_the_floor_and_others_above_it() {
        let dry = points(1, 40, 0.0);
        let edited = BTreeMap::from([(Under::Own, dry.clone()), (Under::Nothing, points(2, 40, 3.0))]);
        // More reference bars than edits: as many are taken.
        let measures = Judged { dry, edited }.measured(&points(3, 55, 0.0)).expect("enough bars");
        let own = measures.edited[&Under::Own];
        assert_eq!((measures.bars, own.to_others), (40, measures.floor));
        assert!(own.to_same.abs() < 1e-6, "{own:?}");
        // Four axes, each 3 away.
        let far = measures.edited[&Under::Nothing];
        assert!((far.to_same - 36.0).abs() < 8.0 && far.to_others > 10.0 * measures.floor, "{far:?}");
    }

    #[test]
    fn one_bar_has_no_distance() {
        assert!(Judged { dry: points(1, 5, 0.0), edited: BTreeMap::new() }.measured(&points(2, 1, 0.0)).is_none());
    }

    #[test]
    fn a_patch_has_the_edited_bar_in_its_middle_and_is_whole() {
        let sound: Vec<f32> = (0..12 * 16_000).map(|sample| sample as f32).collect();
        let audio = Audio::mono(SampleRate::MODEL, sound).unwrap();
        for (bpm, length) in [(120.0, 32_000), (171.0, 22_456)] {
            let start = 16_000 + 4 * length;
            let excerpt =
                Excerpt::of(audio.clone(), Tempo::new(bpm).unwrap(), "4/4".parse().unwrap(), 16_000, start..start + length);
            let patch = patch(&excerpt, audio.channel(0));
            assert_eq!(patch.len(), PATCH_SAMPLES);
            assert_eq!(patch[PATCH_SAMPLES / 2], (start + length / 2) as f32);
        }
    }
}
