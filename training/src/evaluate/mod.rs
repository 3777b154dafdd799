//! Measures of a model set on held-out music, through the graphs that ship and the engine that plays them.
//!
//! Three test beds, each measured apart: compositions of the test split, of which training saw no take in any key; the same of another
//! corpus, played by a SoundFont that training never heard; and real recordings.

pub mod anchors;
pub mod beatnet;
pub mod beats;
pub mod bed;
mod edits;
pub(crate) mod excerpt;
#[cfg(test)]
pub(crate) mod hand_made;
pub mod hits;
pub mod levels;
pub mod measure;
pub mod metrics;
mod noise;
mod parts;
mod passages;
mod probe;
mod report;
mod rows;
mod tables;
pub mod yardsticks;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use turnaround_core::time::SampleRate;
use turnaround_engine::Engine;
use turnaround_engine::runtime::Options;

use crate::corpus::{Corpus, Split};

pub use crate::chance::Interval;
use bed::Bed;
use edits::shown::{self, Shown};
pub use edits::{EditMeasures, Ground, continued, guided};
pub(crate) use measure::Tools;
use measure::{BeatTracker, BedMeasures, Heard};
use parts::{Conditions, Parts};
pub(crate) use probe::Probe;
use yardsticks::musicnn::{self, Musicnn};

/// The file in a set's folder that keeps the result.
pub const FILE: &str = "evaluation.json";

/// The bed of another SoundFont.
const SOUNDFONT: &str = "soundfont";

/// Passages of each bed, and as many edits, that a report lets one listen to.
const HEARD: usize = 3;

/// What to measure, on what.
pub struct Request<'a> {
    /// Folder of the set; the result and a fresh card are left in it.
    pub set: &'a Path,
    /// Its test split is the first bed, and the ground of actions and dynamics.
    pub corpus: &'a Corpus,
    /// A corpus played by another SoundFont, whose test split is the second bed.
    pub unseen: Option<&'a Corpus>,
    /// A folder of recordings, the third bed.
    pub recordings: Option<&'a Path>,
    /// Folder of outside networks; without one, that of [`default_yardsticks`] is taken if it is there.
    pub yardsticks: Option<PathBuf>,
    /// Hears beats, where there is somebody to.
    pub tracker: Option<&'a dyn BeatTracker>,
    /// Folder for pictures and sound; nothing of it belongs to the set.
    pub report: Option<&'a Path>,
    /// Bars in each table.
    pub bars: usize,
    /// Seed of noise and resampling.
    pub seed: u64,
}

/// What was measured, on what.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Evaluation {
    /// What ran the graphs.
    pub runtime: String,
    /// Seed of all noise and choices.
    pub seed: u64,
    /// Which outside network judged, or why none did; a sentence.
    pub yardsticks: String,
    /// Whether beats were measured; a sentence.
    pub tracker: String,
    /// Encoder, decoder and adapter, by bed.
    pub beds: Vec<BedMeasures>,
    /// Actions and what is made under them, on the first bed.
    #[serde(alias = "dynamics")]
    pub edits: EditMeasures,
}

impl Evaluation {
    /// Whether real recordings were among the beds.
    pub fn has_recordings(&self) -> bool {
        self.beds.iter().any(|bed| bed.key == bed::RECORDINGS)
    }
}

/// Evaluates a set, and leaves the result and a fresh card in its folder. What an earlier call that was stopped has measured of the same
/// set on the same music is taken over.
///
/// # Errors
/// When the set cannot be loaded, a corpus has no test split, a yardstick that was asked for is missing, or a graph fails.
pub fn run(request: &Request<'_>) -> Result<Evaluation> {
    let engine = Engine::open(Some(request.set), &Options::default())?;
    let probe = Probe::new(engine.set())?;
    let beds = beds(request, &probe)?;
    let (musicnn, yardsticks) = yardstick(request.yardsticks.as_deref())?;
    let tracker = match request.tracker {
        Some(_) => "Beat F counts beats within 70 ms of those heard in the original.".to_owned(),
        None => "Beat F is not measured: this program has no beat tracker.".to_owned(),
    };
    let runtime = engine.set().runtime();
    let runtime = format!("{} {} on {}", runtime.runtime, runtime.version, runtime.provider);
    let conditions = Conditions {
        graphs: Conditions::graphs_of(engine.set().manifest()),
        runtime: runtime.clone(),
        bars: request.bars,
        seed: request.seed,
        judges: vec![yardsticks.clone(), tracker.clone()],
    };
    let parts = Parts::new(request.set, conditions);
    let tools = Tools { probe: &probe, musicnn: musicnn.as_ref(), tracker: request.tracker, seed: request.seed };
    let measured = beds.iter().map(|bed| parts.once(bed.key, &bed.source, || measure::measure(bed, &tools, request.bars)));
    let measured: Vec<BedMeasures> = measured.collect::<Result<_>>()?;
    let ground = edits::Ground {
        engine: &engine,
        corpus: request.corpus,
        musicnn: musicnn.as_ref(),
        tracker: request.tracker,
        bars: request.bars,
        seed: request.seed,
    };
    let edits = edits::measure(&ground, &parts, &beds[0].source)?;
    let evaluation = Evaluation { runtime, seed: request.seed, yardsticks, tracker, beds: measured, edits };
    let path = request.set.join(FILE);
    fs::write(&path, serde_json::to_string_pretty(&evaluation)? + "\n").with_context(|| format!("writing {}", path.display()))?;
    crate::set::card::write(request.set)?;
    if let Some(folder) = request.report {
        let heard = beds.iter().map(|bed| measure::hear(bed, &tools, HEARD)).collect::<Result<Vec<Vec<Heard>>>>()?;
        let edited = beds.iter().map(|bed| edits_of(bed, request, &engine, probe.rate)).collect::<Result<Vec<Vec<Shown>>>>()?;
        report::write(folder, &evaluation, &heard, &edited, probe.rate)?;
    }
    parts.remove()?;
    Ok(evaluation)
}

fn beds(request: &Request<'_>, probe: &Probe<'_>) -> Result<Vec<Bed>> {
    let mut beds = vec![bed::held_out(request.corpus, Split::Test, "compositions", "Held-out compositions")?];
    if let Some(corpus) = request.unseen {
        beds.push(bed::held_out(corpus, Split::Test, SOUNDFONT, "Held-out compositions on an unseen SoundFont")?);
    }
    if let Some(folder) = request.recordings {
        beds.push(bed::recordings(folder, probe.rate)?);
    }
    Ok(beds)
}

/// Some edits of a bed, to be looked at and listened to.
fn edits_of(bed: &Bed, request: &Request<'_>, engine: &Engine, rate: SampleRate) -> Result<Vec<Shown>> {
    match bed.key {
        bed::RECORDINGS => shown::of_recordings(engine, bed, rate, HEARD, request.seed),
        SOUNDFONT => shown::of_corpus(engine, request.unseen.unwrap_or(request.corpus), HEARD, request.seed),
        _ => shown::of_corpus(engine, request.corpus, HEARD, request.seed),
    }
}

/// Where outside networks lie if nobody says otherwise.
pub fn default_yardsticks() -> PathBuf {
    ["..", "shared", "eval"].iter().collect()
}

/// The outside network, in the folder given or the usual one, and what the card says of it.
///
/// # Errors
/// When a folder that was given, or found, has no whole network.
pub(crate) fn yardstick(folder: Option<&Path>) -> Result<(Option<Musicnn>, String)> {
    let fallback = default_yardsticks();
    let found = folder.or(Some(fallback.as_path()).filter(|folder| folder.join(musicnn::FILE).exists()));
    match found {
        Some(folder) => {
            let sentence = "Fréchet distances are on musicnn, which judged sets only and never trained one.".to_owned();
            Ok((Some(Musicnn::open(folder)?), sentence))
        }
        None => Ok((None, "Fréchet distances are not measured: no folder of yardsticks was given.".to_owned())),
    }
}

/// `count` items evenly spread over a list, or all of a shorter one.
fn spread<T: Clone>(items: &[T], count: usize) -> Vec<T> {
    let count = count.min(items.len());
    (0..count).map(|index| items[index * items.len() / count].clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_measured_of_sets_that_ship_can_be_read_and_told() {
        let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models");
        let sets = fs::read_dir(models).expect("the repository has models").map(|entry| entry.expect("an entry").path());
        // A beat tracker has an evaluation of its own kind.
        let sets = sets.filter(|folder| folder.join("encoder.onnx").exists());
        let measured: Vec<PathBuf> = sets.map(|set| set.join(FILE)).filter(|file| file.exists()).collect();
        assert!(!measured.is_empty(), "a set that ships was measured");
        for file in measured {
            let evaluation: Evaluation = serde_json::from_str(&fs::read_to_string(&file).expect("it was found"))
                .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            let mut text = String::new();
            evaluation.describe(&mut text).expect("text takes whatever is written");
            assert!(text.contains(&format!("Actions and edits, {} bars", evaluation.edits.bars)), "{text}");
        }
    }
}
