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
use super::degrade::{self, Degradation};
use super::dice::{Dice, derive};
use super::factors::{self, BarFactors};
use super::plan::{Take, takes};
use super::render::Player;
use super::score::{Piece, Wishes};
use super::sources::{Kind, Sources};
use super::split;

/// The folder of unfinished work inside a corpus.
const SHARDS: &str = "shards";
/// The share of transcribed solos where nobody asks for another: forty hours then hold each solo once.
pub const SOLO_SHARE: f64 = 0.3;
/// The share of degraded pieces where nobody asks for another.
pub const DEGRADED_SHARE: f64 = 0.3;

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
    /// Folder of archives; `None` leaves the arranger alone.
    pub sources: Option<PathBuf>,
    /// Permissive sources alone, or copyleft ones too.
    pub kind: Kind,
    /// The share of transcribed solos by time, 0..=1, where the archive is there.
    pub solo_share: f64,
    /// The share of pieces that are degraded as old recordings are, 0..=1.
    pub degraded_share: f64,
    /// Threads; 0 means one for each core.
    pub threads: usize,
}

impl BuildOptions {
    /// Hours of the arranger alone into a folder; everything else as usual.
    pub fn new(out: PathBuf, hours: f64) -> Self {
        Self {
            out,
            hours,
            seed: 1,
            soundfont: None,
            sources: None,
            kind: Kind::Permissive,
            solo_share: SOLO_SHARE,
            degraded_share: DEGRADED_SHARE,
            threads: 0,
        }
    }
}

/// What was built.
#[derive(Clone, Debug)]
pub struct Summary {
    /// The corpus's manifest.
    pub manifest: Manifest,
}

/// What a shard remembers besides its audio. Its presence says that the shard is finished.
#[derive(Serialize, Deserialize)]
struct Shard {
    samples: usize,
    piece: PieceRow,
    units: Vec<UnitRow>,
    factors: Vec<BarFactors>,
}

/// Everything shards are made with.
struct Studio<'a> {
    options: &'a BuildOptions,
    sources: Sources,
    player: Player,
    takes: Vec<Take>,
}

/// Builds a corpus, or finishes one that was interrupted; one that is finished is left as it is. Fails when the folder holds a
/// corpus of another recipe, when no SoundFont is found, an archive is damaged or a file cannot be written.
pub fn build(options: &BuildOptions) -> Result<Summary> {
    build_with(options, Wishes::default())
}

/// [`build`] with wishes for every piece, so that tests need not wait for long ones.
pub(super) fn build_with(options: &BuildOptions, wishes: Wishes) -> Result<Summary> {
    let studio = Studio::open(options, wishes)?;
    let manifest = match finished(options)? {
        Some(manifest) => manifest,
        None => {
            studio.render()?;
            studio.join()?
        }
    };
    Ok(Summary { manifest })
}

/// The first `count` pieces alone, as an interrupted build leaves them.
#[cfg(test)]
pub(super) fn begin(options: &BuildOptions, wishes: Wishes, count: usize) -> Result<()> {
    let mut studio = Studio::open(options, wishes)?;
    studio.takes.truncate(count);
    studio.render()
}

/// The manifest of a corpus that was finished with these options.
fn finished(options: &BuildOptions) -> Result<Option<Manifest>> {
    let Ok(text) = fs::read_to_string(options.out.join(MANIFEST_FILE)) else { return Ok(None) };
    let manifest: Manifest = serde_json::from_str(&text)
        .with_context(|| format!("{} holds a corpus this program did not make: choose another folder", options.out.display()))?;
    Ok((manifest.hours_asked == options.hours).then_some(manifest))
}

impl<'a> Studio<'a> {
    fn open(options: &'a BuildOptions, wishes: Wishes) -> Result<Self> {
        ensure!(options.hours > 0.0 && options.hours <= 1000.0, "hours must be above 0 and at most 1000, not {}", options.hours);
        let degraded = options.degraded_share;
        ensure!((0.0..=1.0).contains(&degraded), "the share of degraded pieces lies between 0 and 1, not at {degraded}");
        let player = Player::load(options.soundfont.as_deref())?;
        ensure!(
            options.kind == Kind::Copyleft || !player.is_copyleft(),
            "{} is under the GPL: pass --copyleft for a corpus of that kind, or install fluid-soundfont-gm",
            player.name
        );
        let mut sources = match &options.sources {
            Some(folder) => Sources::open(folder, options.kind)?,
            None => Sources::none(),
        };
        let shards = options.out.join(SHARDS);
        fs::create_dir_all(&shards).with_context(|| format!("cannot make the folder {}", shards.display()))?;
        claim(&options.out, &recipe_of(options, &player, &sources))?;
        let takes = takes(options.seed, options.hours, options.solo_share, &sources, wishes)?;
        let player = player.with_recordings(&mut sources);
        Ok(Self { options, sources, player, takes })
    }

    /// Renders what is missing.
    fn render(&self) -> Result<()> {
        let pool =
            rayon::ThreadPoolBuilder::new().num_threads(self.options.threads).build().context("cannot start the threads")?;
        let progress = progress_bar(self.takes.len());
        pool.install(|| {
            self.takes.par_iter().try_for_each(|take| -> Result<()> {
                if !self.shard_files(take.number).1.exists() {
                    self.render_shard(take).with_context(|| format!("piece {} failed", take.number))?;
                }
                progress.inc(1);
                Ok(())
            })
        })?;
        progress.finish();
        Ok(())
    }

    fn shard_files(&self, number: usize) -> (PathBuf, PathBuf) {
        let shards = self.options.out.join(SHARDS);
        (shards.join(format!("{number:05}.i16")), shards.join(format!("{number:05}.json")))
    }

    /// Plays one piece. The table is written last and moved into place, so a table that exists belongs to audio that is whole.
    fn render_shard(&self, take: &Take) -> Result<()> {
        let materials = self.player.materials(&self.sources);
        let piece = take.piece(&self.sources, &materials);
        let mut audio = self.player.mono_at_model_rate(&piece)?;
        let degradations = degraded(&mut audio, piece.seed, self.options.degraded_share);
        let bars = bars_of(&piece);
        let row = PieceRow { degradations, ..piece_row(take.number, &piece, &bars, audio.len()) };
        let shard = Shard {
            samples: audio.len(),
            units: unit_rows(take.number, &piece, &bars),
            factors: factors::of(take.number, &piece, &bars, &audio, &row.degradations),
            piece: row,
        };
        let (audio_path, table_path) = self.shard_files(take.number);
        let bytes: Vec<u8> = audio.iter().flat_map(|sample| store(*sample).to_le_bytes()).collect();
        fs::write(&audio_path, bytes).with_context(|| format!("cannot write {}", audio_path.display()))?;
        let unfinished = table_path.with_extension("part");
        fs::write(&unfinished, serde_json::to_vec(&shard)?).with_context(|| format!("cannot write {}", unfinished.display()))?;
        fs::rename(&unfinished, &table_path).with_context(|| format!("cannot write {}", table_path.display()))
    }

    fn read_shard(&self, number: usize) -> Result<(Shard, Vec<u8>)> {
        let (audio_path, table_path) = self.shard_files(number);
        let text = fs::read(&table_path).with_context(|| format!("cannot read {}", table_path.display()))?;
        let shard: Shard =
            serde_json::from_slice(&text).with_context(|| format!("{} is damaged: remove it", table_path.display()))?;
        let bytes = fs::read(&audio_path).with_context(|| format!("cannot read {}", audio_path.display()))?;
        ensure!(bytes.len() == 2 * shard.samples, "{} is damaged: remove it and its table", audio_path.display());
        Ok((shard, bytes))
    }

    /// Joins the shards into the corpus's files and removes them: a corpus of forty hours need not lie on the disk twice.
    fn join(&self) -> Result<Manifest> {
        let out = &self.options.out;
        let mut audio = create(&out.join(AUDIO_FILE))?;
        let mut pieces = create(&out.join(PIECES_FILE))?;
        let mut table = create(&out.join(UNITS_FILE))?;
        let mut truth = create(&out.join(FACTORS_FILE))?;
        let (mut samples, mut solo_samples, mut bars, mut unit_count) = (0_u64, 0_u64, 0, 0);
        let mut compositions = BTreeSet::new();
        for take in &self.takes {
            let (shard, bytes) = self.read_shard(take.number)?;
            audio.write_all(&bytes)?;
            compositions.insert(shard.piece.composition.clone());
            if shard.piece.source == Source::Weimar {
                solo_samples += shard.samples as u64;
            }
            write_line(&mut pieces, &moved(shard.piece, samples))?;
            unit_count += shard.units.len();
            for mut unit in shard.units {
                unit.start += samples;
                unit.end += samples;
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
        let hours = |samples: u64| samples as f64 / f64::from(SampleRate::MODEL.hz()) / 3600.0;
        let manifest = Manifest {
            format: FORMAT,
            recipe: RECIPE,
            seed: self.options.seed,
            hours_asked: self.options.hours,
            hours: hours(samples),
            rate: SampleRate::MODEL.hz(),
            pieces: self.takes.len(),
            compositions: compositions.len(),
            bars,
            units: unit_count,
            split_rule: split::RULE.to_owned(),
            kind: self.options.kind,
            sources: self.sources.rows.clone(),
            solo_share: self.options.solo_share,
            degraded_share: self.options.degraded_share,
            solo_hours: hours(solo_samples),
            soundfont: self.player.name.clone(),
            soundfont_sha256: self.player.sha256.clone(),
            samples,
            sha256: hashes(out, &[AUDIO_FILE, PIECES_FILE, UNITS_FILE, FACTORS_FILE])?,
        };
        let path = out.join(MANIFEST_FILE);
        let unfinished = path.with_extension("part");
        fs::write(&unfinished, serde_json::to_string_pretty(&manifest)? + "\n")
            .and_then(|()| fs::rename(&unfinished, &path))
            .with_context(|| format!("cannot write {}", path.display()))?;
        for take in &self.takes {
            let (audio_path, table_path) = self.shard_files(take.number);
            for path in [table_path, audio_path] {
                fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
            }
        }
        Ok(manifest)
    }
}

/// Degrades that share of pieces, as their seeds have it. A chain that chances to leave the audio clean is drawn again.
fn degraded(audio: &mut [f32], seed: u64, share: f64) -> Vec<Degradation> {
    if !Dice::new(seed, "degraded").chance(share) {
        return Vec::new();
    }
    let mut tries = (0..).map(|number| degrade::random(derive(seed, "degradation", number), audio));
    tries.find(|done| !done.is_empty()).unwrap_or_default()
}

/// What shards in a folder must share.
fn recipe_of(options: &BuildOptions, player: &Player, sources: &Sources) -> String {
    format!(
        "format {FORMAT} recipe {RECIPE} {} seed {} soundfont {} sources {} solos {} degraded {}\n",
        options.kind.name(),
        options.seed,
        player.sha256,
        sources.fingerprint(),
        options.solo_share,
        options.degraded_share
    )
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
        source: piece.source,
        title: piece.title.clone(),
        composition: piece.composition.clone(),
        split: piece.split,
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
    let split = piece.split;
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

/// A piece as seen from the start of the corpus.
fn moved(mut piece: PieceRow, samples: u64) -> PieceRow {
    piece.start += samples;
    piece.end += samples;
    piece.beats.iter_mut().for_each(|beat| beat.sample += samples);
    piece
}

pub(super) fn create(path: &Path) -> Result<BufWriter<File>> {
    Ok(BufWriter::new(File::create(path).with_context(|| format!("cannot write {}", path.display()))?))
}

pub(super) fn write_line(file: &mut impl Write, row: &impl Serialize) -> Result<()> {
    serde_json::to_writer(&mut *file, row)?;
    Ok(file.write_all(b"\n")?)
}

/// Hashes of the corpus's files, read in pieces: the audio need not fit into memory.
pub(super) fn hashes(out: &Path, names: &[&str]) -> Result<BTreeMap<String, String>> {
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
    names.iter().copied().map(hash).collect()
}
