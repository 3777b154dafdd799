//! What the arranger knows about each bar. It scores what a model found out by itself; it never trains one.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use turnaround_core::bars::Bar;
use turnaround_core::time::SampleRate;

use super::dataset::{FACTORS_FILE, Source};
use super::degrade::Degradation;
use super::score::Piece;
use super::score::harmony::Chord;
use super::score::note::Role;

/// The ground truth of one bar: a line of `factors.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BarFactors {
    /// Piece of the corpus, from 0.
    pub piece: usize,
    /// Bar of the piece, from 1.
    pub bar: i64,
    /// Arranged or reconstructed.
    pub source: Source,
    /// `built in`, or the archive its changes are from.
    pub origin: String,
    /// Style.
    pub style: String,
    /// As `4/4`.
    pub metre: String,
    /// From a pianist alone to a quintet.
    pub ensemble: String,
    /// Quarter notes per minute; the bar's mean where the tempo moves.
    pub tempo: f64,
    /// Where the second eighth falls in its beat.
    pub swing: f64,
    /// The tonic as a pitch class; `null` where nobody says.
    pub key: Option<i32>,
    /// Intro, head, solo, fours or ending.
    pub stage: String,
    /// The form's section.
    pub letter: char,
    /// Choruses begun before, from 0.
    pub chorus: usize,
    /// Bar of the form, from 0.
    pub form_bar: usize,
    /// Chord names in order.
    pub chords: Vec<String>,
    /// The first chord's root as a pitch class.
    pub chord_root: u8,
    /// The first chord's quality, such as `m7b5`.
    pub chord_quality: String,
    /// The first chord's place in the key, such as `ii` or `V`; small for minor chords, `null` where the key is unknown.
    pub chord_function: Option<String>,
    /// Who has the foreground.
    pub lead: String,
    /// The drummer fills.
    pub fill: bool,
    /// The bar opens with a crash.
    pub crash: bool,
    /// The rhythm section breaks.
    pub is_break: bool,
    /// What the bass does.
    pub bass_feel: String,
    /// `arranged`, or `estimated` from a recording and repaired.
    pub bass_line: String,
    /// What the chord player plays, `none` where silent.
    pub comping_pattern: String,
    /// What the drummer plays; `groove` where a recorded one does.
    pub drum_pattern: String,
    /// The recorded drummer of the piece and the genre; `null` where ours plays.
    pub drummer: Option<String>,
    /// The arranger's own dial, 0..=1.
    pub intensity: f64,
    /// Roles with an onset in the bar.
    pub plays: Vec<String>,
    /// General MIDI programmes of comping, bass, lead, second horn and drums.
    pub programmes: [u8; 5],
    /// Which of them are recorded notes rather than the SoundFont's.
    pub recorded: [bool; 5],
    /// Onsets in the bar of comping, bass, lead, second horn and drums.
    pub onsets: [usize; 5],
    /// Onsets of all players per second.
    pub density: f64,
    /// Mean pitch of the horns' onsets, `null` where there is none.
    pub lead_register: Option<f64>,
    /// Mean pitch of the bass, `null` where it rests.
    pub bass_register: Option<f64>,
    /// What was done to the finished audio, in order; empty for a clean piece.
    pub degradations: Vec<Degradation>,
    /// Root mean square of the bar's audio, decibels below full scale.
    pub loudness_db: f64,
}

/// The factors of every bar of a piece, with loudness taken from its audio at the model's rate. `degradations` were applied to
/// all of it.
pub fn of(number: usize, piece: &Piece, bars: &[Bar], audio: &[f32], degradations: &[Degradation]) -> Vec<BarFactors> {
    let factors =
        |(index, bar)| BarFactors { degradations: degradations.to_vec(), ..bar_factors(number, piece, index, bar, audio) };
    bars.iter().enumerate().map(factors).collect()
}

/// The ground truth of a corpus, bar by bar. For evaluation alone: nothing that trains may call this.
pub fn read(folder: &Path) -> Result<Vec<BarFactors>> {
    let path = folder.join(FACTORS_FILE);
    let text = fs::read_to_string(&path).with_context(|| format!("the corpus has no {}", path.display()))?;
    let line = |(number, line): (usize, &str)| {
        serde_json::from_str(line).with_context(|| format!("line {} of {} is damaged", number + 1, path.display()))
    };
    text.lines().enumerate().map(line).collect()
}

fn bar_factors(number: usize, piece: &Piece, index: usize, bar: &Bar, audio: &[f32]) -> BarFactors {
    let plan = &piece.bars[index];
    let (start, end) = (plan.start, plan.start + plan.beats);
    let written = |role: Role| piece.part(role).notes.iter().filter(move |note| (start..end).contains(&note.written.get()));
    let onsets = Role::ALL.map(|role| written(role).count());
    let register = |roles: &[Role]| {
        let pitches: Vec<f64> = roles.iter().flat_map(|role| written(*role)).map(|note| f64::from(note.pitch)).collect();
        (!pitches.is_empty()).then(|| pitches.iter().sum::<f64>() / pitches.len() as f64)
    };
    let chord = plan.chords[0].chord;
    let span = bar.samples(SampleRate::MODEL);
    let samples = &audio[span.start.as_index().min(audio.len())..span.end.as_index().min(audio.len())];
    BarFactors {
        piece: number,
        bar: bar.number.get(),
        source: piece.source,
        origin: piece.origin.to_owned(),
        style: piece.style.name().to_owned(),
        metre: piece.metre.to_string(),
        ensemble: piece.ensemble.name().to_owned(),
        tempo: bar.tempo.bpm(),
        swing: piece.timing.swing,
        key: piece.key,
        stage: plan.stage.name().to_owned(),
        letter: plan.letter,
        chorus: plan.chorus,
        form_bar: plan.form_bar,
        chords: plan.chords.iter().map(|placed| placed.chord.to_string()).collect(),
        chord_root: chord.root,
        chord_quality: chord.quality.name().to_owned(),
        chord_function: piece.key.map(|key| function(chord, key)),
        lead: plan.lead.name().to_owned(),
        fill: plan.fill,
        crash: plan.crash,
        is_break: plan.is_break,
        bass_feel: format!("{:?}", plan.bass).to_lowercase(),
        bass_line: piece.bass_line.to_owned(),
        comping_pattern: piece.comping_patterns[index].to_owned(),
        drum_pattern: piece.drum_patterns[index].to_owned(),
        drummer: piece.drummer.clone(),
        intensity: plan.intensity,
        plays: Role::ALL.iter().zip(onsets).filter(|(_, count)| *count > 0).map(|(role, _)| role.name().to_owned()).collect(),
        programmes: Role::ALL.map(|role| piece.part(role).instrument.programme),
        recorded: Role::ALL.map(|role| piece.part(role).recording.is_some()),
        density: onsets.iter().sum::<usize>() as f64 / bar.duration().get(),
        onsets,
        lead_register: register(&[Role::Lead, Role::Second]),
        bass_register: register(&[Role::Bass]),
        degradations: Vec::new(),
        loudness_db: loudness_db(samples),
    }
}

/// A chord's place in its key as a degree: capital for major and dominant, small for minor.
fn function(chord: Chord, key: i32) -> String {
    const DEGREES: [&str; 12] = ["I", "bII", "II", "bIII", "III", "IV", "#IV", "V", "bVI", "VI", "bVII", "VII"];
    let degree = DEGREES[(i32::from(chord.root) - key).rem_euclid(12) as usize];
    if !chord.quality.is_minor() { degree.to_owned() } else { degree.replace('I', "i").replace('V', "v") }
}

/// Root mean square in decibels, -120 at the least.
fn loudness_db(samples: &[f32]) -> f64 {
    let energy: f64 = samples.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    (10.0 * (energy / samples.len().max(1) as f64).log10()).max(-120.0)
}
