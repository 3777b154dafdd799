//! Builds a corpus: pieces in parallel, each to a shard of its own, joined when all are there.
//!
//! What a shard holds depends on its number and the seed alone, so neither the number of threads nor an interruption shows in the
//! result. Shards that are finished are kept when a build is taken up again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use turnaround_core::bars::{Bar, BarNumber, units};
use turnaround_core::time::{Beats, Metre, SampleRate};

use super::dataset::{
    AUDIO_FILE, BeatRow, FACTORS_FILE, FORMAT, MANIFEST_FILE, Manifest, PIECES_FILE, PieceRow, RECIPE, Source, UNITS_FILE,
    UnitRow, store,
};
use super::dice::derive;
use super::factors::{self, BarFactors};
use super::render::{Player, TAIL_SECONDS};
use super::score::{Composition, Piece, Wishes};
use super::split::{self, Split};

/// Each composition is heard in this many takes.
const TAKES: u64 = 2;
/// The folder of unfinished work inside a corpus.
const SHARDS: &str = "shards";

/// What to build.
#[derive(Clone, Debug)]
pub struct BuildOptions {
    /// The corpus folder; made when absent.
    pub out: PathBuf,
    /// Hours of audio, reached by the last piece.
    pub hours: f64,
    /// Where everything comes from.
    pub seed: u64,
    /// A SoundFont file; `None` takes what Debian has installed.
    pub soundfont: Option<PathBuf>,
    /// Threads; 0 means one for each core.
    pub threads: usize,
}

/// What was built.
#[derive(Clone, Debug)]
pub struct Summary {
    /// The corpus's manifest.
    pub manifest: Manifest,
    /// Units in train, validation and test.
    pub units_by_split: [usize; 3],
}

/// What a shard remembers besides its audio. Its presence says that the shard is finished.
#[derive(Serialize, Deserialize)]
struct Shard {
    samples: usize,
    piece: PieceRow,
    units: Vec<UnitRow>,
    factors: Vec<BarFactors>,
}

/// Builds a corpus, or finishes one that was interrupted. Fails when the folder holds a corpus of another recipe, when no
/// SoundFont is found or a file cannot be written.
pub fn build(options: &BuildOptions) -> Result<Summary> {
    build_with(options, Wishes::default())
}

/// [`build`] with wishes for every piece, so that tests need not wait for long ones.
pub(super) fn build_with(options: &BuildOptions, wishes: Wishes) -> Result<Summary> {
    ensure!(options.hours > 0.0 && options.hours <= 1000.0, "hours must be above 0 and at most 1000, not {}", options.hours);
    let player = Player::load(options.soundfont.as_deref())?;
    let shards = options.out.join(SHARDS);
    fs::create_dir_all(&shards).with_context(|| format!("cannot make the folder {}", shards.display()))?;
    claim(&options.out, &recipe_of(options, &player))?;
    let takes = plan(options, wishes);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(options.threads).build().context("cannot start the threads")?;
    let progress = progress_bar(takes.len());
    pool.install(|| {
        takes.par_iter().try_for_each(|take| -> Result<()> {
            if !shard_files(&shards, take.number).1.exists() {
                render_shard(&shards, take, &player).with_context(|| format!("piece {} failed", take.number))?;
            }
            progress.inc(1);
            Ok(())
        })
    })?;
    progress.finish();
    join(options, &player, &takes)
}

/// One piece to be played.
struct Take {
    number: usize,
    composition_seed: u64,
    seed: u64,
    wishes: Wishes,
}

impl Take {
    fn new(seed: u64, number: usize, wishes: Wishes) -> Self {
        let composition_seed = derive(seed, "composition", number as u64 / TAKES);
        Self { number, composition_seed, seed: derive(seed, "take", number as u64), wishes }
    }

    fn piece(&self) -> Piece {
        Piece::play(&Composition::new(self.composition_seed), self.seed, self.wishes)
    }
}

/// The takes that fill the hours asked for. Writing scores is quick, so lengths are known before anything is rendered.
fn plan(options: &BuildOptions, wishes: Wishes) -> Vec<Take> {
    let mut seconds = 0.0;
    let mut takes = Vec::new();
    while seconds < options.hours * 3600.0 {
        let take = Take::new(options.seed, takes.len(), wishes);
        seconds += take.piece().duration().get() + TAIL_SECONDS;
        takes.push(take);
    }
    takes
}

/// What shards in a folder must share.
fn recipe_of(options: &BuildOptions, player: &Player) -> String {
    format!("format {FORMAT} recipe {RECIPE} seed {} soundfont {}\n", options.seed, player.sha256)
}

/// Marks the folder with its recipe, or refuses one that belongs to another.
fn claim(out: &Path, recipe: &str) -> Result<()> {
    let path = out.join(SHARDS).join("recipe");
    match fs::read_to_string(&path) {
        Ok(found) => {
            let place = out.display();
            ensure!(
                found == recipe,
                "{place} holds a corpus made otherwise ({}): choose another folder or remove it",
                found.trim()
            );
        }
        Err(_) => fs::write(&path, recipe).with_context(|| format!("cannot write {}", path.display()))?,
    }
    Ok(())
}

fn progress_bar(pieces: usize) -> ProgressBar {
    let style =
        ProgressStyle::with_template("{bar:40} {pos}/{len} pieces, {elapsed} gone, {eta} to go").expect("the template is valid");
    ProgressBar::new(pieces as u64).with_style(style)
}

fn shard_files(shards: &Path, number: usize) -> (PathBuf, PathBuf) {
    (shards.join(format!("{number:05}.i16")), shards.join(format!("{number:05}.json")))
}

/// Plays one piece. The table is written last and moved into place, so a table that exists belongs to audio that is whole.
fn render_shard(shards: &Path, take: &Take, player: &Player) -> Result<()> {
    let piece = take.piece();
    let audio = player.mono_at_model_rate(&piece)?;
    let bars = bars_of(&piece);
    let shard = Shard {
        samples: audio.len(),
        piece: piece_row(take.number, &piece, &bars, audio.len()),
        units: unit_rows(take.number, &piece, &bars),
        factors: factors::of(take.number, &piece, &bars, &audio),
    };
    let (audio_path, table_path) = shard_files(shards, take.number);
    let bytes: Vec<u8> = audio.iter().flat_map(|sample| store(*sample).to_le_bytes()).collect();
    fs::write(&audio_path, bytes).with_context(|| format!("cannot write {}", audio_path.display()))?;
    let unfinished = table_path.with_extension("part");
    fs::write(&unfinished, serde_json::to_vec(&shard)?).with_context(|| format!("cannot write {}", unfinished.display()))?;
    fs::rename(&unfinished, &table_path).with_context(|| format!("cannot write {}", table_path.display()))
}

/// The piece's bars on its grid.
pub fn bars_of(piece: &Piece) -> Vec<Bar> {
    let map = piece.tempo_map();
    (1..=piece.bars.len() as i64).map(|number| map.bar(BarNumber::new(number))).collect()
}

/// The piece as a row, with its felt beats; samples counted from the piece's start.
pub fn piece_row(number: usize, piece: &Piece, bars: &[Bar], samples: usize) -> PieceRow {
    let map = piece.tempo_map();
    let felt = felt_beat(piece.metre);
    let beats = bars.iter().flat_map(|bar| {
        let count = (bar.length.get() / felt).round() as u32;
        (0..count).map(move |beat| (bar.start_beat + Beats::new(f64::from(beat) * felt), beat + 1))
    });
    let row = |(at, number)| BeatRow { sample: SampleRate::MODEL.samples_from(map.seconds_at(at)).as_index() as u64, number };
    PieceRow {
        piece: number,
        source: Source::Arranger,
        title: piece.title.clone(),
        composition: split::composition(&piece.title),
        split: Split::of(&piece.title),
        start: 0,
        end: samples as u64,
        style: piece.style.name().to_owned(),
        metre: piece.metre.to_string(),
        beats: beats.map(row).collect(),
        degradations: Vec::new(),
    }
}

/// The beat a listener taps, in quarter notes: the dotted quarter in compound metres, else the note the metre counts, but for
/// eighths, of which it takes two.
pub fn felt_beat(metre: Metre) -> f64 {
    match (metre.numerator(), metre.denominator()) {
        (6 | 9 | 12, 8) => 1.5,
        (_, 8) => 1.0,
        (_, denominator) => 4.0 / f64::from(denominator),
    }
}

/// The piece's units; samples counted from the piece's start.
pub fn unit_rows(number: usize, piece: &Piece, bars: &[Bar]) -> Vec<UnitRow> {
    let split = Split::of(&piece.title);
    let row = |(index, unit): (usize, turnaround_core::bars::Unit)| {
        let span = unit.samples(SampleRate::MODEL);
        UnitRow {
            piece: number,
            unit: index,
            first_bar: unit.bars.start().get(),
            last_bar: unit.bars.end().get(),
            start: span.start.as_index() as u64,
            end: span.end.as_index() as u64,
            tempo: unit.tempo.bpm(),
            metre: piece.metre.to_string(),
            split,
            title: piece.title.clone(),
        }
    };
    units(bars).into_iter().enumerate().map(row).collect()
}

/// Joins the shards into the corpus's files.
fn join(options: &BuildOptions, player: &Player, takes: &[Take]) -> Result<Summary> {
    let shards = options.out.join(SHARDS);
    let mut audio = create(&options.out.join(AUDIO_FILE))?;
    let mut pieces = create(&options.out.join(PIECES_FILE))?;
    let mut table = create(&options.out.join(UNITS_FILE))?;
    let mut truth = create(&options.out.join(FACTORS_FILE))?;
    let (mut samples, mut bars, mut unit_count) = (0_u64, 0, 0);
    let mut units_by_split = [0; 3];
    let mut titles = BTreeSet::new();
    for take in takes {
        let (audio_path, table_path) = shard_files(&shards, take.number);
        let text = fs::read(&table_path).with_context(|| format!("cannot read {}", table_path.display()))?;
        let shard: Shard =
            serde_json::from_slice(&text).with_context(|| format!("{} is damaged: remove it", table_path.display()))?;
        let bytes = fs::read(&audio_path).with_context(|| format!("cannot read {}", audio_path.display()))?;
        ensure!(bytes.len() == 2 * shard.samples, "{} is damaged: remove it and its table", audio_path.display());
        audio.write_all(&bytes)?;
        write_line(&mut pieces, &moved(shard.piece, samples))?;
        for mut unit in shard.units {
            unit.start += samples;
            unit.end += samples;
            units_by_split[unit.split as usize] += 1;
            titles.insert(unit.title.clone());
            unit_count += 1;
            write_line(&mut table, &unit)?;
        }
        bars += shard.factors.len();
        for bar in &shard.factors {
            write_line(&mut truth, bar)?;
        }
        samples += shard.samples as u64;
    }
    for mut file in [audio, pieces, table, truth] {
        file.flush()?;
    }
    let manifest = Manifest {
        format: FORMAT,
        recipe: RECIPE,
        seed: options.seed,
        hours_asked: options.hours,
        hours: samples as f64 / f64::from(SampleRate::MODEL.hz()) / 3600.0,
        rate: SampleRate::MODEL.hz(),
        pieces: takes.len(),
        compositions: titles.len(),
        bars,
        units: unit_count,
        split_rule: split::RULE.to_owned(),
        soundfont: player.name.clone(),
        soundfont_sha256: player.sha256.clone(),
        samples,
        sha256: hashes(&options.out)?,
    };
    let path = options.out.join(MANIFEST_FILE);
    fs::write(&path, serde_json::to_string_pretty(&manifest)? + "\n")
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(Summary { manifest, units_by_split })
}

/// A piece as seen from the start of the corpus.
fn moved(mut piece: PieceRow, samples: u64) -> PieceRow {
    piece.start += samples;
    piece.end += samples;
    piece.beats.iter_mut().for_each(|beat| beat.sample += samples);
    piece
}

fn create(path: &Path) -> Result<BufWriter<File>> {
    Ok(BufWriter::new(File::create(path).with_context(|| format!("cannot write {}", path.display()))?))
}

fn write_line(file: &mut impl Write, row: &impl Serialize) -> Result<()> {
    serde_json::to_writer(&mut *file, row)?;
    Ok(file.write_all(b"\n")?)
}

/// Hashes of the corpus's files, read in pieces: the audio need not fit into memory.
fn hashes(out: &Path) -> Result<BTreeMap<String, String>> {
    let hash = |name: &str| -> Result<(String, String)> {
        let path = out.join(name);
        let cannot_read = || format!("cannot read {}", path.display());
        let mut file = File::open(&path).with_context(cannot_read)?;
        let mut hasher = Sha256::new();
        let mut buffer = vec![0; 1 << 20];
        loop {
            let count = file.read(&mut buffer).with_context(cannot_read)?;
            if count == 0 {
                break;
            }
            hasher.update(&buffer[..count]);
        }
        Ok((name.to_owned(), hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()))
    };
    [AUDIO_FILE, PIECES_FILE, UNITS_FILE, FACTORS_FILE].into_iter().map(hash).collect()
}
