//! The corpus on disk, and its loader.
//!
//! A folder holds `corpus.json` (where it comes from), `audio.i16` (all pieces one after another, mono 16 kHz, little endian),
//! `pieces.jsonl` (one piece a line, with every beat), `bars.jsonl` (one unit a line) and `factors.jsonl`, which this file never
//! opens: ground truth scores models and trains none, but for who plays where that is asked for ([`Corpus::players`]).

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use turnaround_core::instruments::Players;

use super::degrade::Degradation;
use super::players;
use super::sources::{Kind, SourceRow};
use super::split::Split;

/// The format this code writes and reads.
pub const FORMAT: u32 = 2;
/// Raised when the arranger or the renderer changes what a seed sounds like.
pub const RECIPE: u32 = 3;
/// The manifest's file name.
pub const MANIFEST_FILE: &str = "corpus.json";
/// The audio's file name.
pub const AUDIO_FILE: &str = "audio.i16";
/// The piece table's file name.
pub const PIECES_FILE: &str = "pieces.jsonl";
/// The unit table's file name.
pub const UNITS_FILE: &str = "bars.jsonl";
/// The ground truth's file name.
pub const FACTORS_FILE: &str = "factors.jsonl";

/// Where a corpus comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: u32,
    /// [`RECIPE`].
    pub recipe: u32,
    /// The seed every piece is derived from.
    pub seed: u64,
    /// Hours asked for.
    pub hours_asked: f64,
    /// Hours of audio.
    pub hours: f64,
    /// Samples per second.
    pub rate: u32,
    /// Pieces.
    pub pieces: usize,
    /// Compositions they are takes of.
    pub compositions: usize,
    /// Bars.
    pub bars: usize,
    /// Units.
    pub units: usize,
    /// How compositions are split.
    pub split_rule: String,
    /// What licences the corpus falls under.
    pub kind: Kind,
    /// The archives it was made from; empty for the arranger alone.
    pub sources: Vec<SourceRow>,
    /// The share of transcribed solos asked for.
    pub solo_share: f64,
    /// The share of degraded pieces asked for.
    pub degraded_share: f64,
    /// Hours from transcribed solos.
    pub solo_hours: f64,
    /// File name of the SoundFont; empty for recordings.
    pub soundfont: String,
    /// Its SHA-256; empty for recordings.
    pub soundfont_sha256: String,
    /// Samples in [`AUDIO_FILE`].
    pub samples: u64,
    /// SHA-256 of each file but this one.
    pub sha256: BTreeMap<String, String>,
}

impl Manifest {
    /// What the corpus was made from, whom to credit, and under what licences, in a sentence or two for model cards.
    pub fn described(&self) -> String {
        if self.kind == Kind::Own {
            return format!(
                "recordings of the user's own, {} stretches of {} titles, whose rights are theirs",
                self.pieces, self.compositions
            );
        }
        let mut text = format!(
            "synthesised, {} sources: {} pieces by Turnaround's own arranger (recipe {}, seed {}), played with {} (SHA-256 {})",
            self.kind.name(),
            self.pieces,
            self.recipe,
            self.seed,
            self.soundfont,
            self.soundfont_sha256
        );
        for row in &self.sources {
            text += &format!("; {} ({}, SHA-256 {}): {}", row.file, row.licence, row.sha256, row.credit);
        }
        text
    }
}

/// Where a piece comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Our own arranger, over changes of its own or read from an archive.
    Arranger,
    /// A transcribed solo with a rhythm section of ours.
    Weimar,
    /// A recording of the user's.
    Own,
}

/// One beat of a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BeatRow {
    /// Where it falls, counted from the start of the corpus.
    pub sample: u64,
    /// Its number in the bar, from 1. A beat of number 1 is a bar line.
    pub number: u32,
}

/// One piece: a line of `pieces.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PieceRow {
    /// Piece, from 0; its place in the table.
    pub piece: usize,
    /// Where it comes from.
    pub source: Source,
    /// What it is called: for music from an archive the archive and a number in it.
    pub title: String,
    /// The composition: 16 hexadecimal digits made from its normalised title. The split is drawn from it.
    pub composition: String,
    /// The composition's split.
    pub split: Split,
    /// First sample, counted from the start of the corpus. The first bar line comes later.
    pub start: u64,
    /// One past the last sample. The last bar has ended before.
    pub end: u64,
    /// How it is played.
    pub style: String,
    /// As `4/4`; one metre throughout.
    pub metre: String,
    /// Every beat of every bar, in order, wherever the tempo goes. Beats are **felt** beats, which a listener taps: quarter notes
    /// in 3/4, 4/4 and 5/4, dotted quarters in 6/8 (two to the bar) and 12/8 (four). Tempi elsewhere count quarter notes.
    pub beats: Vec<BeatRow>,
    /// What was done to the finished audio, in order; empty for a clean piece.
    pub degradations: Vec<Degradation>,
}

/// One unit: what the models handle, a bar where bars are neither short nor long. A line of `bars.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnitRow {
    /// Piece, from 0. The units of one piece follow each other in the table and in time.
    pub piece: usize,
    /// Unit of the piece, from 0.
    pub unit: usize,
    /// First bar the unit touches, from 1 in each piece.
    pub first_bar: i64,
    /// Last bar the unit touches.
    pub last_bar: i64,
    /// First sample, counted from the start of the corpus.
    pub start: u64,
    /// One past the last sample.
    pub end: u64,
    /// Quarter notes per minute; where the tempo moves, the unit's mean. [`PieceRow::beats`] says where each beat falls.
    pub tempo: f64,
    /// As `4/4`.
    pub metre: String,
    /// The composition's split.
    pub split: Split,
    /// The piece's title.
    pub title: String,
}

/// A corpus in memory.
#[derive(Clone, Debug)]
pub struct Corpus {
    /// Where it comes from.
    pub manifest: Manifest,
    /// Every piece, in order.
    pub pieces: Vec<PieceRow>,
    /// Every unit, in order.
    pub units: Vec<UnitRow>,
    folder: PathBuf,
    /// Mono, 16 kHz.
    audio: Vec<i16>,
}

impl Corpus {
    /// Opens a folder written by [`super::build`]. Fails when a file is missing, of another format, or disagrees with the
    /// manifest.
    pub fn open(folder: &Path) -> Result<Self> {
        let path = folder.join(MANIFEST_FILE);
        let text = fs::read_to_string(&path).with_context(|| format!("{} is no corpus: build one first", folder.display()))?;
        let manifest = read_manifest(&text, &path)?;
        let pieces: Vec<PieceRow> = read_table(&folder.join(PIECES_FILE))?;
        let found = pieces.len();
        ensure!(found == manifest.pieces, "the piece table has {found} rows, the manifest says {}", manifest.pieces);
        let units: Vec<UnitRow> = read_table(&folder.join(UNITS_FILE))?;
        ensure!(units.len() == manifest.units, "the unit table has {} rows, the manifest says {}", units.len(), manifest.units);
        let audio = read_audio(&folder.join(AUDIO_FILE))?;
        let samples = audio.len() as u64;
        ensure!(samples == manifest.samples, "the audio has {samples} samples, the manifest says {}", manifest.samples);
        ensure!(pieces.iter().all(|piece| piece.start < piece.end && piece.end <= samples), "a piece lies outside the audio");
        ensure!(units.iter().all(|unit| unit.start < unit.end && unit.end <= samples), "a unit lies outside the audio");
        ensure!(units.iter().all(|unit| unit.piece < pieces.len()), "a unit belongs to no piece");
        Ok(Self { manifest, pieces, units, folder: folder.to_path_buf(), audio })
    }

    /// Numbers of the units of a split, in order.
    pub fn of(&self, split: Split) -> Vec<usize> {
        (0..self.units.len()).filter(|index| self.units[*index].split == split).collect()
    }

    /// Who plays in each unit, where anybody knows: of the user's own recordings nobody does. Read anew at each call.
    ///
    /// # Errors
    /// When the ground truth cannot be read.
    pub fn players(&self) -> Result<Vec<Option<Players>>> {
        match self.manifest.kind {
            Kind::Own => Ok(vec![None; self.units.len()]),
            _ => players::of_units(&self.folder, &self.units),
        }
    }

    /// The unit before, in the same piece.
    pub fn previous(&self, unit: usize) -> Option<usize> {
        let before = unit.checked_sub(1)?;
        (self.units[before].piece == self.units[unit].piece).then_some(before)
    }

    /// Numbers of `count` consecutive units of one piece that end with `unit`; `None` where the piece has not begun long enough.
    pub fn run_ending_at(&self, unit: usize, count: usize) -> Option<std::ops::Range<usize>> {
        let first = (unit + 1).checked_sub(count)?;
        (count > 0 && self.units[first].piece == self.units[unit].piece).then_some(first..unit + 1)
    }

    /// `length` samples from `start`, -1..1; beyond the corpus's ends, silence.
    pub fn window(&self, start: i64, length: usize) -> Vec<f32> {
        let total = self.audio.len() as i64;
        let end = start + length as i64;
        let inside = start.clamp(0, total) as usize..end.clamp(0, total) as usize;
        let mut samples = vec![0.0; length];
        if !inside.is_empty() {
            let place = (inside.start as i64 - start) as usize;
            for (sample, stored) in samples[place..].iter_mut().zip(&self.audio[inside]) {
                *sample = float(*stored);
            }
        }
        samples
    }

    /// All samples.
    pub fn audio(&self) -> &[i16] {
        &self.audio
    }
}

/// A stored sample as -1..1.
pub fn float(sample: i16) -> f32 {
    f32::from(sample) / 32768.0
}

/// A sample in -1..1 as stored, rounded to nearest.
pub fn store(sample: f32) -> i16 {
    (sample * 32768.0).round().clamp(-32768.0, 32767.0) as i16
}

/// The format is looked at first, for a manifest of another format has other fields.
fn read_manifest(text: &str, path: &Path) -> Result<Manifest> {
    #[derive(Deserialize)]
    struct Versioned {
        format: u32,
    }
    let damaged = || format!("{} is damaged", path.display());
    let Versioned { format } = serde_json::from_str(text).with_context(damaged)?;
    ensure!(
        format == FORMAT,
        "the corpus has format {format}, this program reads {FORMAT}: build it anew with `turnaround-training corpus`"
    );
    serde_json::from_str(text).with_context(damaged)
}

fn read_table<Row: DeserializeOwned>(path: &Path) -> Result<Vec<Row>> {
    let file = File::open(path).with_context(|| format!("the corpus has no {}", path.display()))?;
    let mut rows = Vec::new();
    for (number, line) in BufReader::new(file).lines().enumerate() {
        let line = line.with_context(|| format!("cannot read {}", path.display()))?;
        rows.push(serde_json::from_str(&line).with_context(|| format!("line {} of {} is damaged", number + 1, path.display()))?);
    }
    Ok(rows)
}

/// Reads in pieces, so that memory never holds the corpus twice.
fn read_audio(path: &Path) -> Result<Vec<i16>> {
    let mut file = File::open(path).with_context(|| format!("the corpus has no {}", path.display()))?;
    let bytes = file.metadata().with_context(|| format!("cannot read {}", path.display()))?.len();
    ensure!(bytes % 2 == 0, "{} ends inside a sample", path.display());
    let mut audio = Vec::with_capacity((bytes / 2) as usize);
    let mut left = bytes as usize;
    let mut buffer = vec![0; 1 << 20];
    while left > 0 {
        let piece = left.min(buffer.len());
        file.read_exact(&mut buffer[..piece]).with_context(|| format!("cannot read {}", path.display()))?;
        audio.extend(buffer[..piece].chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])));
        left -= piece;
    }
    Ok(audio)
}
