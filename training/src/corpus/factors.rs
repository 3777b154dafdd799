//! What the arranger knows about each bar. It scores what a model found out by itself; it never trains one.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use turnaround_core::bars::Bar;
use turnaround_core::time::SampleRate;

use super::dataset::FACTORS_FILE;
use super::score::Piece;
use super::score::note::Role;

/// The ground truth of one bar: a line of `factors.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BarFactors {
    /// Piece of the corpus, from 0.
    pub piece: usize,
    /// Bar of the piece, from 1.
    pub bar: i64,
    /// Style.
    pub style: String,
    /// Beats per minute.
    pub tempo: f64,
    /// Where the second eighth falls in its beat.
    pub swing: f64,
    /// Semitones above C.
    pub key: i32,
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
    /// What the chord player plays, `none` where silent.
    pub comping_pattern: String,
    /// What the drummer plays.
    pub drum_pattern: String,
    /// The arranger's own dial, 0..=1.
    pub intensity: f64,
    /// Roles with an onset in the bar.
    pub plays: Vec<String>,
    /// General MIDI programmes of comping, bass, lead and drums.
    pub programmes: [u8; 4],
    /// Onsets in the bar of comping, bass, lead and drums.
    pub onsets: [usize; 4],
    /// Mean pitch of the lead's onsets, `null` where there is none.
    pub lead_register: Option<f64>,
    /// Root mean square of the bar's audio, decibels below full scale.
    pub loudness_db: f64,
}

/// The factors of every bar of a piece, with loudness taken from its audio at the model's rate.
pub fn of(number: usize, piece: &Piece, bars: &[Bar], audio: &[f32]) -> Vec<BarFactors> {
    bars.iter().enumerate().map(|(index, bar)| bar_factors(number, piece, index, bar, audio)).collect()
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
    let lead: Vec<f64> = written(Role::Lead).map(|note| f64::from(note.pitch)).collect();
    let span = bar.samples(SampleRate::MODEL);
    let samples = &audio[span.start.as_index().min(audio.len())..span.end.as_index().min(audio.len())];
    BarFactors {
        piece: number,
        bar: bar.number.get(),
        style: piece.style.name().to_owned(),
        tempo: piece.tempo.bpm(),
        swing: piece.timing.swing,
        key: piece.key,
        stage: plan.stage.name().to_owned(),
        letter: plan.letter,
        chorus: plan.chorus,
        form_bar: plan.form_bar,
        chords: plan.chords.iter().map(|placed| placed.chord.to_string()).collect(),
        lead: plan.lead.name().to_owned(),
        fill: plan.fill,
        crash: plan.crash,
        is_break: plan.is_break,
        bass_feel: format!("{:?}", plan.bass).to_lowercase(),
        comping_pattern: piece.comping_patterns[index].to_owned(),
        drum_pattern: piece.drum_patterns[index].to_owned(),
        intensity: plan.intensity,
        plays: Role::ALL.iter().zip(onsets).filter(|(_, count)| *count > 0).map(|(role, _)| role.name().to_owned()).collect(),
        programmes: Role::ALL.map(|role| piece.part(role).instrument.programme),
        onsets,
        lead_register: (!lead.is_empty()).then(|| lead.iter().sum::<f64>() / lead.len() as f64),
        loudness_db: loudness_db(samples),
    }
}

/// Root mean square in decibels, -120 at the least.
fn loudness_db(samples: &[f32]) -> f64 {
    let energy: f64 = samples.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    (10.0 * (energy / samples.len().max(1) as f64).log10()).max(-120.0)
}
