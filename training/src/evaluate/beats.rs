//! A beat tracker on held-out recordings, beside others that give their activations to the same decoder.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use indicatif::ProgressIterator;
use serde::{Deserialize, Serialize};
use turnaround_core::audio::Audio;
use turnaround_core::beats::Activations;
use turnaround_core::beats::track::{BeatTrack, Wishes, track};
use turnaround_core::time::SampleRate;
use turnaround_engine::audio_file::AudioFile;
use turnaround_engine::beats::Tracker;
use turnaround_engine::runtime::{self, Options};

use super::beatnet::BeatNet;
use super::hits::{TempoError, f_measure, trimmed};
use super::spread;
use crate::beats::labels::{Labelled, of_split};
use crate::corpus::{Corpus, Split};

/// The file in a tracker's folder that keeps the result.
pub const FILE: &str = "evaluation.json";

/// The name of the tracker that is measured, in tables.
const OURS: &str = "this tracker";
/// The name of the mean of BeatNet's three networks, in tables.
const RIVAL: &str = "BeatNet 1 to 3, mean";

/// What to measure.
pub struct Plan<'a> {
    /// The tracker's folder.
    pub tracker: &'a Path,
    /// Where the beats are known.
    pub corpus: &'a Corpus,
    /// Which compositions.
    pub split: Split,
    /// Folder of BeatNet's graphs.
    pub rivals: Option<&'a Path>,
    /// Most pieces, evenly spread.
    pub pieces: Option<usize>,
    /// Folder of recordings whose beats nobody knows.
    pub recordings: Option<&'a Path>,
}

/// What was measured.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BeatsEvaluation {
    /// Recipe, seed, length and split of the corpus.
    pub corpus: String,
    /// What ran the graphs.
    pub runtime: String,
    /// By tracker, then by kind of piece.
    pub trackers: BTreeMap<String, BTreeMap<String, Score>>,
    /// How two trackers agree on recordings whose beats nobody knows.
    pub agreement: Option<Agreement>,
}

/// Means over pieces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// How many pieces.
    pub pieces: usize,
    /// Mean F-measure of beats.
    pub beat: f64,
    /// Mean F-measure of first beats.
    pub downbeat: f64,
    /// Pieces tracked at twice their tempo.
    pub doubled: usize,
    /// Pieces tracked at half their tempo.
    pub halved: usize,
    /// Pieces tracked at another wrong tempo, or not at all.
    pub other: usize,
    /// Share of pieces whose metre was named.
    pub metre: f64,
}

/// Two trackers on the same recordings.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Agreement {
    /// How many recordings.
    pub recordings: usize,
    /// Mean F-measure of one's beats against the other's.
    pub beat: f64,
    /// The same of first beats.
    pub downbeat: f64,
    /// Recordings in which this tracker found a steady tempo.
    pub steady: usize,
}

/// One piece as one tracker hears it.
struct Judged {
    beat: f64,
    downbeat: f64,
    tempo: TempoError,
    is_metre: bool,
}

/// Measures.
///
/// # Errors
/// When tracker, rivals or recordings cannot be read, or the split is empty.
pub fn run(plan: &Plan) -> Result<BeatsEvaluation> {
    let tracker = Tracker::open(Some(plan.tracker), &Options::default())?;
    let runtime = runtime::open(&Options::default())?;
    let rival = plan.rivals.map(|folder| BeatNet::load(folder, runtime.as_ref())).transpose()?;
    let all = of_split(plan.corpus, plan.split);
    ensure!(!all.is_empty(), "the corpus has no piece in the {:?} split: build a longer one", plan.split);
    let pieces = spread(&all, plan.pieces.unwrap_or(all.len()));

    let mut judged: BTreeMap<String, Vec<(&Labelled, Judged)>> = BTreeMap::new();
    for piece in pieces.iter().progress() {
        let audio = Audio::mono(SampleRate::MODEL, piece.sound(plan.corpus))?;
        let mut judge = |name: &str, activations: Activations| {
            judged.entry(name.to_owned()).or_default().push((piece, Judged::of(piece, &activations)));
        };
        judge(OURS, tracker.listen(&audio)?);
        if let Some(rival) = &rival {
            judge(RIVAL, rival.listen(&audio)?);
        }
    }
    let (manifest, report) = (&plan.corpus.manifest, tracker.runtime());
    Ok(BeatsEvaluation {
        corpus: format!(
            "recipe {}, seed {}, {:.2} h; {} of {} pieces of the {:?} split",
            manifest.recipe,
            manifest.seed,
            manifest.hours,
            pieces.len(),
            all.len(),
            plan.split
        ),
        runtime: format!("{} {} on {}", report.runtime, report.version, report.provider),
        trackers: judged.into_iter().map(|(name, judged)| (name, by_kind(&judged))).collect(),
        agreement: match (plan.recordings, &rival) {
            (Some(folder), Some(rival)) => Some(agreement(folder, &tracker, rival)?),
            _ => None,
        },
    })
}

impl Judged {
    fn of(piece: &Labelled, activations: &Activations) -> Self {
        let seconds = |sample: u64| (sample - piece.start) as f64 / f64::from(SampleRate::MODEL.hz());
        let known: Vec<f64> = piece.beats.iter().map(|beat| seconds(beat.0)).collect();
        let known_first: Vec<f64> = piece.beats.iter().filter(|beat| beat.1 == 1).map(|beat| seconds(beat.0)).collect();
        let Ok(found) = track(activations, &Wishes::default()) else {
            return Self { beat: 0.0, downbeat: 0.0, tempo: TempoError::Other, is_metre: false };
        };
        Self {
            beat: f_measure(&times(&found), &known),
            downbeat: f_measure(&first_times(&found), &known_first),
            tempo: TempoError::of(Some(found.felt_bpm()), piece.felt_bpm()),
            is_metre: found.metre == piece.metre,
        }
    }
}

fn times(track: &BeatTrack) -> Vec<f64> {
    track.beats.iter().map(|beat| beat.time.get()).collect()
}

fn first_times(track: &BeatTrack) -> Vec<f64> {
    track.downbeats().map(|index| track.beats[index].time.get()).collect()
}

/// Scores of all pieces, by style, by metre and by tempo band.
fn by_kind(judged: &[(&Labelled, Judged)]) -> BTreeMap<String, Score> {
    let mut kinds: BTreeMap<String, Vec<&Judged>> = BTreeMap::new();
    for (piece, judged) in judged {
        let names = [
            "all".to_owned(),
            format!("style {}", piece.style.replace('_', " ")),
            format!("metre {}", piece.metre),
            format!("tempo {}", piece.tempo_band()),
        ];
        for name in names {
            kinds.entry(name).or_default().push(judged);
        }
        if piece.style.contains("swing") && piece.felt_bpm() >= 240.0 {
            kinds.entry("swing at 240 and above".to_owned()).or_default().push(judged);
        }
    }
    kinds.into_iter().map(|(name, judged)| (name, Score::of(&judged))).collect()
}

impl Score {
    fn of(judged: &[&Judged]) -> Self {
        let count = judged.len() as f64;
        let mean = |of: fn(&Judged) -> f64| judged.iter().map(|judged| of(judged)).sum::<f64>() / count;
        let tempi = |error| judged.iter().filter(|judged| judged.tempo == error).count();
        Self {
            pieces: judged.len(),
            beat: mean(|judged| judged.beat),
            downbeat: mean(|judged| judged.downbeat),
            doubled: tempi(TempoError::Doubled),
            halved: tempi(TempoError::Halved),
            other: tempi(TempoError::Other),
            metre: mean(|judged| f64::from(u8::from(judged.is_metre))),
        }
    }
}

/// Recordings that the engine reads, in order of their names.
fn recordings(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    paths.retain(|path| {
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or("");
        ["wav", "flac", "ogg", "mp3"].iter().any(|sound| extension.eq_ignore_ascii_case(sound))
    });
    paths.sort();
    Ok(paths)
}

/// Agreement on every recording in which either hears something after the first seconds.
fn agreement(folder: &Path, tracker: &Tracker, rival: &BeatNet) -> Result<Agreement> {
    let (mut beats, mut downbeats, mut steady) = (Vec::new(), Vec::new(), 0);
    for path in recordings(folder)?.iter().progress() {
        let file = AudioFile::read(path)?;
        let ours = track(&tracker.listen(file.audio())?, &Wishes::default());
        let theirs = track(&rival.listen(file.audio())?, &Wishes::default());
        steady += usize::from(ours.as_ref().is_ok_and(|track| track.steady().is_some()));
        let of =
            |track: &Result<BeatTrack, _>, times: fn(&BeatTrack) -> Vec<f64>| track.as_ref().map_or_else(|_| Vec::new(), times);
        let (found, known) = (of(&ours, times), of(&theirs, times));
        if trimmed(&found).is_empty() && trimmed(&known).is_empty() {
            continue;
        }
        beats.push(f_measure(&found, &known));
        downbeats.push(f_measure(&of(&ours, first_times), &of(&theirs, first_times)));
    }
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
    Ok(Agreement { recordings: beats.len(), beat: mean(&beats), downbeat: mean(&downbeats), steady })
}

impl BeatsEvaluation {
    /// Leaves the result and a fresh card in the tracker's folder.
    ///
    /// # Errors
    /// When either cannot be written.
    pub fn keep(&self, folder: &Path) -> Result<()> {
        let path = folder.join(FILE);
        fs::write(&path, serde_json::to_string_pretty(self)? + "\n").with_context(|| format!("writing {}", path.display()))?;
        crate::beats::card::write(folder)
    }

    /// The card's section.
    ///
    /// # Errors
    /// Never in practice: writing to a string cannot fail.
    pub fn describe(&self, text: &mut String) -> Result<()> {
        writeln!(text, "## Measures\n")?;
        writeln!(
            text,
            "On held-out compositions ({}), run by {}. F-measures as `mir_eval` defines them: hits within 70 ms, one to one, the first \
             5 s left out; means over pieces. Tempi twice or half the known one count as doubled or halved, within 4 %. The corpus is \
             mono at 16 kHz. Other trackers' activations went through the same decoder, on the same audio, in the same run; they were \
             trained on other music, and neither know 5/4 nor were made for it.\n",
            self.corpus, self.runtime
        )?;
        for (name, kinds) in &self.trackers {
            writeln!(
                text,
                "**{name}**\n\n| pieces | number | beat F | downbeat F | doubled | halved | other tempo | metre named |\n\
                 |---|---|---|---|---|---|---|---|"
            )?;
            for (kind, score) in kinds {
                writeln!(
                    text,
                    "| {kind} | {} | {:.3} | {:.3} | {} | {} | {} | {:.0} % |",
                    score.pieces,
                    score.beat,
                    score.downbeat,
                    score.doubled,
                    score.halved,
                    score.other,
                    100.0 * score.metre
                )?;
            }
            writeln!(text)?;
        }
        if let Some(agreement) = &self.agreement {
            writeln!(
                text,
                "On {} real recordings (game music), where nobody knows the beats, this tracker and {RIVAL} agree with F {:.3} on beats and \
                 {:.3} on first beats; this tracker found {} of them steady. Agreement is no truth.\n",
                agreement.recordings, agreement.beat, agreement.downbeat, agreement.steady
            )?;
        }
        Ok(())
    }
}
