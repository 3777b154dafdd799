//! A corpus from a musician's own recordings: through the quality filter and onto their beats, into the form that every corpus has.
//!
//! Nothing is copied from the user's folder but sound, as mono at 16 kHz, of stretches whose bars are certain; what is left out is named
//! with its reason. There is no ground truth: nobody knows what such music was made of.

mod grid;
mod sidecar;
mod stretches;
#[cfg(test)]
mod tests;
mod write;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use rayon::prelude::*;
use serde::Serialize;
use turnaround_core::time::{Metre, Seconds};

pub use grid::Grid;
pub use stretches::LEAST_SECONDS;

use self::stretches::Stretch;
use self::write::Writer;
use super::dataset::Manifest;
use crate::quality::{Filter, KEEP_ABOVE};
use crate::recording;

/// A beat as a foot taps it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeardBeat {
    /// When it falls.
    pub time: Seconds,
    /// Its number in the bar, from 1.
    pub number: u32,
}

/// The beats of a recording.
#[derive(Clone, Debug, PartialEq)]
pub struct Heard {
    /// One metre throughout.
    pub metre: Metre,
    /// In order. Felt beats, as in [`super::dataset::PieceRow::beats`].
    pub beats: Vec<HeardBeat>,
    /// How sure the tracker is, 0..1; below [`LEAST_CONFIDENCE`] the recording is left out.
    pub confidence: f32,
}

/// Finds the beats of a recording, mono at 16 kHz. An error says in a sentence why there are none.
pub type Tracker<'a> = &'a (dyn Fn(&[f32]) -> Result<Heard> + Sync);

/// A tracker must be at least this sure of its beats.
pub const LEAST_CONFIDENCE: f32 = 0.5;

/// What to build from.
pub struct OwnOptions<'a> {
    /// The user's recordings; folders inside it are looked into.
    pub from: PathBuf,
    /// The corpus folder; made when absent.
    pub out: PathBuf,
    /// The quality filter.
    pub filter: &'a Filter,
    /// The grid of every recording that has no file of its own beside it.
    pub grid: Option<Grid>,
    /// Finds beats where no grid is given.
    pub tracker: Option<Tracker<'a>>,
}

/// What became of a recording.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// Its path below the folder.
    pub file: String,
    /// Seconds taken.
    pub seconds: f64,
    /// Bars taken.
    pub bars: usize,
    /// Why nothing was taken, in a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What was built.
#[derive(Clone, Debug)]
pub struct OwnSummary {
    /// The corpus's manifest.
    pub manifest: Manifest,
    /// Every recording, in order of paths.
    pub outcomes: Vec<Outcome>,
}

/// A recording that may be learnt from.
struct Song {
    title: String,
    audio: Vec<f32>,
    stretches: Vec<Stretch>,
}

/// Builds a corpus from a folder of recordings.
///
/// # Errors
/// When the folder cannot be read or no recording is fit, or the corpus folder holds one already or cannot be written.
pub fn build_from(options: &OwnOptions<'_>) -> Result<OwnSummary> {
    let paths = recording::recordings(&options.from)?;
    let mut writer = Writer::create(&options.out)?;
    let mut outcomes = Vec::new();
    // A few at a time: a recording in memory is large.
    for some in paths.chunks(rayon::current_num_threads()) {
        let heard: Vec<Result<Song>> = some.par_iter().map(|path| hear(path, options)).collect();
        for (path, song) in some.iter().zip(heard) {
            let file = path.strip_prefix(&options.from).unwrap_or(path).display().to_string();
            outcomes.push(match song {
                Ok(song) => {
                    let (seconds, bars) = writer.add(&song)?;
                    Outcome { file, seconds, bars, reason: None }
                }
                Err(error) => Outcome { file, seconds: 0.0, bars: 0, reason: Some(format!("{error:#}")) },
            });
        }
    }
    let reasons = || outcomes.iter().filter_map(|one| Some(format!("\n  {}: {}", one.file, one.reason.as_ref()?)));
    ensure!(
        outcomes.iter().any(|one| one.bars > 0),
        "no recording of {} can be learnt from:{}",
        options.from.display(),
        reasons().collect::<String>()
    );
    Ok(OwnSummary { manifest: writer.finish()?, outcomes })
}

/// Reads and judges a recording, and finds its bars; the error is the reason why it is left out.
fn hear(path: &Path, options: &OwnOptions<'_>) -> Result<Song> {
    let audio = recording::read(path)?;
    let verdict = options.filter.judge(&audio);
    ensure!(
        verdict.is_kept,
        "it sounds broken, or degraded beyond use: its quality is {:.2}, and more than {KEEP_ABOVE} is needed",
        verdict.score
    );
    let title = path.file_stem().context("it has no name")?.to_string_lossy().into_owned();
    let seconds = Seconds::new(audio.len() as f64 / f64::from(turnaround_core::time::SampleRate::MODEL.hz()));
    let heard = match sidecar::beside(path)?.or(options.grid) {
        Some(grid) => grid.beats_within(seconds),
        None => {
            let tracker = options.tracker.context(
                "nothing says where its bars are: give --tempo, --offset and --metre, or put them into a file NAME.json beside it",
            )?;
            tracker(&audio)?
        }
    };
    ensure!(
        heard.confidence >= LEAST_CONFIDENCE,
        "its beats are uncertain (confidence {:.2}): give --tempo, or put the tempo into a file NAME.json beside it",
        heard.confidence
    );
    let stretches = stretches::confident(&heard);
    ensure!(!stretches.is_empty(), "no {LEAST_SECONDS} s of it keep a steady beat in whole bars");
    Ok(Song { title, audio, stretches })
}
