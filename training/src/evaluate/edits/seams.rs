//! Whether one hears where a bar was set in: how much happens at its two bar lines, beside what happens at bar lines anyhow.
//!
//! Two tests. *Flux*: how far the spectrum moves around a bar line ([`Flux`]), beside the same piece's bar lines in the context. A piece
//! has too few of those for a spread of its own, so its lines give the mean and all pieces together the spread; a seam passes that lies less
//! than two deviations above. Too little is no fault: nobody hears a bar line at which nothing happens. *Clicks*: the sharpest bend of the
//! waveform within the fade, 2 ms around it included, over the bend that one sample in a thousand of the dry context exceeds. Music bends
//! sharply where something is struck, so the very bar lines of the recording before the edit are put to both tests too: an edit whose seams
//! cannot be told passes as often as they.

use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::ops::Range;

use serde::{Deserialize, Serialize};
use turnaround_core::audio::Audio;
use turnaround_core::time::{SampleRate, Seconds};
use turnaround_engine::regenerate::FADE;

use super::super::excerpt::{CONTEXT, Excerpt};
use super::super::metrics::flux::Flux;
use super::scene::{Takes, Under};
use crate::chance::Interval;

/// How far around a bar line flux counts.
const AROUND: Seconds = Seconds::new(0.040);

/// How far around the fade a click counts.
const BEYOND_FADE: Seconds = Seconds::new(0.002);

/// Share of the context's samples that bend less than what a seam is compared with.
const USUAL: f64 = 0.999;

/// Deviations above the mean flux that a seam stays below.
const MOST_DEVIATIONS: f64 = 2.0;

/// How much sharper than [`USUAL`] a seam may bend.
const SHARPEST: f64 = 1.5;

/// One bar line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    /// Highest flux near it, in decades.
    pub flux: f64,
    /// Sharpest bend in the fade before it, over the usual one.
    pub bend: f64,
}

/// The bar lines of one excerpt.
#[derive(Clone, Debug, PartialEq)]
pub struct Lines {
    /// Flux at those of the context.
    pub usual: Vec<f64>,
    /// The target's two in the recording.
    pub natural: [Line; 2],
    /// The same in the takes.
    pub edited: BTreeMap<Under, [Line; 2]>,
}

/// How bar lines passed the tests. Shares are over the two lines of each bar.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SeamRow {
    /// Mean flux in deviations from that of the piece's bar lines.
    pub flux: Interval,
    /// Share with a flux that is not too high.
    pub calm: Interval,
    /// Share without a click.
    pub clean: Interval,
    /// Share that passes both.
    pub both: Interval,
}

/// Seams of edited bars beside the bar lines that they took the place of.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SeamMeasures {
    /// Bar lines in each row.
    pub lines: usize,
    /// In the recording.
    pub natural: SeamRow,
    /// In the edited bars.
    pub edited: BTreeMap<Under, SeamRow>,
}

/// Takes the measures of bar lines. Plans a transform; keep it.
pub struct SeamEar {
    flux: Flux,
    rate: SampleRate,
}

impl SeamEar {
    /// At the models' rate.
    pub fn new(rate: SampleRate) -> Self {
        Self { flux: Flux::new(rate), rate }
    }

    /// The lines of an excerpt, and those of its takes; nothing where the recording is silent.
    pub fn lines(&self, excerpt: &Excerpt, takes: &Takes) -> Option<Lines> {
        let lines = excerpt.lines();
        let (context, target) = lines.split_at(CONTEXT);
        let dry = excerpt.audio().channel(0);
        let usual_bend = usual(&bends(&dry[context[0]..target[0]]));
        let flux = self.flux.of(dry);
        let both = |audio: &Audio| -> Option<[Line; 2]> {
            let (sound, flux) = (audio.channel(0), self.flux.of(audio.channel(0)));
            let line =
                |line: usize| Some(Line { flux: self.flux_at(&flux, line)?, bend: self.bend_at(sound, line) / usual_bend });
            Some([line(target[0])?, line(target[1])?])
        };
        Some(Lines {
            usual: context.iter().filter_map(|&line| self.flux_at(&flux, line)).collect(),
            natural: both(excerpt.audio())?,
            edited: takes.iter().map(|(under, take)| Some((*under, both(take)?))).collect::<Option<_>>()?,
        })
    }

    /// The highest flux around a line; nothing where the sound does not reach so far.
    fn flux_at(&self, flux: &[(Seconds, f64)], line: usize) -> Option<f64> {
        let line = line as f64 / f64::from(self.rate.hz());
        let near = flux.iter().filter(|(moment, _)| (moment.get() - line).abs() <= AROUND.get());
        near.map(|(_, flux)| *flux).max_by(f64::total_cmp)
    }

    fn bend_at(&self, sound: &[f32], line: usize) -> f64 {
        bends(&sound[self.seam(line, sound.len())]).into_iter().fold(0.0, f64::max)
    }

    /// Samples in which the edit fades, and a little more.
    fn seam(&self, line: usize, length: usize) -> Range<usize> {
        let samples = |time: Seconds| self.rate.samples_from(time).as_index();
        line.saturating_sub(samples(FADE + BEYOND_FADE))..(line + samples(BEYOND_FADE)).min(length)
    }
}

/// Absolute second differences.
fn bends(sound: &[f32]) -> Vec<f64> {
    sound.windows(3).map(|three| f64::from(three[0] - 2.0 * three[1] + three[2]).abs()).collect()
}

/// The bend that one in a thousand exceeds, never quite nothing.
fn usual(bends: &[f64]) -> f64 {
    let mut sorted = bends.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(((sorted.len() as f64 - 1.0) * USUAL) as usize).copied().unwrap_or(0.0).max(f64::from(f32::EPSILON))
}

impl SeamMeasures {
    /// Of the lines of some excerpts; nothing where none has lines to compare with.
    pub fn of(bars: &[Lines], seed: u64) -> Option<Self> {
        // A mean of one line has no spread around it.
        let bars: Vec<&Lines> = bars.iter().filter(|bar| bar.usual.len() > 1).collect();
        let deviation = deviation(&bars)?;
        let row = |lines: &dyn Fn(&Lines) -> [Line; 2]| {
            let judged = bars.iter().map(|bar| lines(bar).map(|line| Verdict::of(line, &bar.usual, deviation)));
            SeamRow::of(&judged.collect::<Vec<_>>(), seed)
        };
        Some(Self {
            lines: 2 * bars.len(),
            natural: row(&|bar| bar.natural),
            edited: Under::ALL.into_iter().map(|under| (under, row(&|bar| bar.edited[&under]))).collect(),
        })
    }

    pub(super) fn describe(&self, text: &mut String) -> fmt::Result {
        writeln!(
            text,
            "| {} bar lines | flux over that of the piece's bar lines, in deviations | calm: below {MOST_DEVIATIONS} ↑ | clean: no click ↑ | both ↑ |\n\
             |---|---|---|---|---|",
            self.lines
        )?;
        let edited = self.edited.iter().map(|(under, row)| (format!("seams, {}", under.name()), row));
        for (name, row) in std::iter::once(("before the edit".to_owned(), &self.natural)).chain(edited) {
            let shares = [row.calm, row.clean, row.both].map(|share| share.rounded(2));
            writeln!(text, "| {name} | {} | {} |", row.flux.rounded(2), shares.join(" | "))?;
        }
        writeln!(text)
    }
}

/// The spread of flux at bar lines around the mean of their piece, all pieces together.
fn deviation(bars: &[&Lines]) -> Option<f64> {
    let squares = |bar: &Lines| {
        let mean = mean(&bar.usual);
        bar.usual.iter().map(|flux| (flux - mean).powi(2)).sum::<f64>()
    };
    let freedom: usize = bars.iter().map(|bar| bar.usual.len() - 1).sum();
    let variance = bars.iter().map(|bar| squares(bar)).sum::<f64>() / freedom as f64;
    (freedom > 0 && variance > 0.0).then(|| variance.sqrt())
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// One line after both tests.
#[derive(Clone, Copy)]
struct Verdict {
    flux: f64,
    is_calm: bool,
    is_clean: bool,
}

impl Verdict {
    fn of(line: Line, usual: &[f64], deviation: f64) -> Self {
        // The mean of a few lines is itself off by some; one more natural line is then this far from it.
        let flux = (line.flux - mean(usual)) / (deviation * (1.0 + 1.0 / usual.len() as f64).sqrt());
        Self { flux, is_calm: flux < MOST_DEVIATIONS, is_clean: line.bend <= SHARPEST }
    }
}

impl SeamRow {
    /// Bars are what is independent, so each counts as the mean of its two lines.
    fn of(bars: &[[Verdict; 2]], seed: u64) -> Self {
        let mean = |value: fn(Verdict) -> f64| {
            let of_bar = |lines: &[Verdict; 2]| lines.iter().map(|line| value(*line)).sum::<f64>() / 2.0;
            Interval::of(&bars.iter().map(of_bar).collect::<Vec<_>>(), seed)
        };
        Self {
            flux: mean(|line| line.flux),
            calm: mean(|line| f64::from(u8::from(line.is_calm))),
            clean: mean(|line| f64::from(u8::from(line.is_clean))),
            both: mean(|line| f64::from(u8::from(line.is_calm && line.is_clean))),
        }
    }
}

#[cfg(test)]
mod tests {
    use turnaround_core::time::Tempo;

    use super::super::super::metrics::hand_made::{noise, plucks, scaled};
    use super::*;

    const SECOND: usize = 16_000;

    /// Five bars of 2 s after a second of lead and before one more, a soft note on every beat, each bar by its own chance.
    fn excerpt(seed: u64) -> Excerpt {
        let at: Vec<f64> = (0..24).map(|beat| 0.5 * f64::from(beat)).collect();
        let mut sound = plucks(&at, 12 * SECOND);
        sound.iter_mut().zip(noise(seed, 12 * SECOND)).for_each(|(x, hiss)| *x += 0.03 * hiss);
        let audio = Audio::mono(SampleRate::MODEL, sound).unwrap();
        Excerpt::of(audio, Tempo::new(120.0).unwrap(), "4/4".parse().unwrap(), SECOND, 9 * SECOND..11 * SECOND)
    }

    /// Measures excerpts whose takes are all made by one change.
    fn measured(change: impl Fn(&mut Vec<f32>)) -> SeamMeasures {
        let ear = SeamEar::new(SampleRate::MODEL);
        let lines = |seed: u64| {
            let excerpt = excerpt(seed);
            let mut sound = excerpt.audio().channel(0).to_vec();
            change(&mut sound);
            let take = Audio::mono(SampleRate::MODEL, sound).unwrap();
            let takes: Takes = Under::ALL.into_iter().map(|under| (under, take.clone())).collect();
            ear.lines(&excerpt, &takes).expect("there is sound")
        };
        SeamMeasures::of(&(0..6).map(lines).collect::<Vec<_>>(), 1).expect("contexts have lines")
    }

    #[test]
    fn an_edit_that_gives_back_the_dry_bar_has_seams_like_natural_bar_lines() {
        let measures = measured(|_| {});
        assert_eq!(measures.lines, 12);
        for row in measures.edited.values() {
            assert_eq!((row.flux, row.both), (measures.natural.flux, measures.natural.both));
        }
        assert!(measures.natural.flux.mean.abs() < 1.0, "{}", measures.natural.flux);
    }

    #[test]
    fn a_click_in_a_fade_is_counted_and_one_elsewhere_in_the_bar_is_not() {
        let with_click = |at: usize| measured(move |sound| sound[at] += 0.5);
        // 10 ms before the bar line, in the middle of the first fade: one seam of two clicks.
        let (natural, seams) = (measured(|_| {}).natural.clean.mean, with_click(9 * SECOND - 160));
        assert!((seams.edited[&Under::Own].clean.mean - (natural - 0.5)).abs() < 1e-9 && natural == 1.0, "{natural}");
        assert_eq!(with_click(10 * SECOND).edited[&Under::Own].clean.mean, natural);
    }

    #[test]
    fn a_bar_of_another_sound_altogether_is_not_calm_and_silence_at_the_line_is_no_fault() {
        let hiss = noise(99, 2 * SECOND);
        let loud = measured(|sound| sound[9 * SECOND..11 * SECOND].copy_from_slice(&scaled(&hiss, 3.0)));
        assert!(loud.edited[&Under::Own].calm.mean < 0.1 && loud.natural.calm.mean > 0.9);
        // A bar line at which the sound before it just rings on.
        let still = measured(|sound| {
            let steady = scaled(&hiss, 0.03);
            sound[9 * SECOND - 1600..9 * SECOND + 1600].copy_from_slice(&steady[..3200]);
            sound[11 * SECOND - 1600..11 * SECOND + 1600].copy_from_slice(&steady[..3200]);
        });
        assert!(still.edited[&Under::Own].flux.mean < 0.0 && still.edited[&Under::Own].calm.mean == 1.0);
    }

    #[test]
    fn a_recording_of_nothing_has_no_seams() {
        let silent = Audio::mono(SampleRate::MODEL, vec![0.0; 12 * SECOND]).unwrap();
        let excerpt =
            Excerpt::of(silent.clone(), Tempo::new(120.0).unwrap(), "4/4".parse().unwrap(), SECOND, 9 * SECOND..11 * SECOND);
        let takes: Takes = Under::ALL.into_iter().map(|under| (under, silent.clone())).collect();
        assert_eq!(SeamEar::new(SampleRate::MODEL).lines(&excerpt, &takes), None);
        assert!(SeamMeasures::of(&[], 1).is_none());
    }
}
