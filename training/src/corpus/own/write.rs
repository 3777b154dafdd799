//! Writes songs into a corpus as they come.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use turnaround_core::bars::units;
use turnaround_core::time::SampleRate;

use super::Song;
use super::stretches::Stretch;
use crate::corpus::build::{create, hashes, write_line};
use crate::corpus::dataset::{
    AUDIO_FILE, BeatRow, FORMAT, MANIFEST_FILE, Manifest, PIECES_FILE, PieceRow, RECIPE, Source, UNITS_FILE, UnitRow, store,
};
use crate::corpus::sources::Kind;
use crate::corpus::split::{self, Split, composition};

/// Sound kept on either side of a stretch, in samples, so that its first and last bar have surroundings: 1 s, as far as there is any.
const SURROUNDINGS: usize = SampleRate::MODEL.hz() as usize;

/// A corpus that is being written.
pub struct Writer {
    out: PathBuf,
    audio: BufWriter<File>,
    pieces: BufWriter<File>,
    units: BufWriter<File>,
    samples: u64,
    counts: Counts,
}

#[derive(Default)]
struct Counts {
    pieces: usize,
    bars: usize,
    units: usize,
    compositions: BTreeSet<String>,
}

impl Writer {
    /// Begins a corpus in a folder that holds none.
    pub fn create(out: &Path) -> Result<Self> {
        fs::create_dir_all(out).with_context(|| format!("cannot make the folder {}", out.display()))?;
        ensure!(
            !out.join(MANIFEST_FILE).exists(),
            "{} holds a corpus already: choose another folder or remove it",
            out.display()
        );
        Ok(Self {
            out: out.to_path_buf(),
            audio: create(&out.join(AUDIO_FILE))?,
            pieces: create(&out.join(PIECES_FILE))?,
            units: create(&out.join(UNITS_FILE))?,
            samples: 0,
            counts: Counts::default(),
        })
    }

    /// Adds every stretch of a song as a piece; returns the seconds and bars that were added.
    pub fn add(&mut self, song: &Song) -> Result<(f64, usize)> {
        let before = self.samples;
        let bars = song.stretches.iter().map(|stretch| stretch.bars.len()).sum();
        for stretch in &song.stretches {
            self.add_stretch(song, stretch)?;
        }
        self.counts.compositions.insert(composition(&song.title));
        Ok(((self.samples - before) as f64 / f64::from(SampleRate::MODEL.hz()), bars))
    }

    fn add_stretch(&mut self, song: &Song, stretch: &Stretch) -> Result<()> {
        let span = |bar: usize| stretch.bars[bar].samples(SampleRate::MODEL);
        let first = span(0).start.as_index().saturating_sub(SURROUNDINGS);
        let end = (span(stretch.bars.len() - 1).end.as_index() + SURROUNDINGS).min(song.audio.len());
        let bytes: Vec<u8> = song.audio[first..end].iter().flat_map(|sample| store(*sample).to_le_bytes()).collect();
        self.audio.write_all(&bytes)?;
        // From a place in the song to one in the corpus.
        let start = self.samples;
        let moved = |sample: usize| start + (sample - first) as u64;
        let (split, metre) = (Split::of(&song.title), stretch.bars[0].metre.to_string());
        let beat = |beat: &super::HeardBeat| {
            let sample = SampleRate::MODEL.samples_from(beat.time).as_index();
            BeatRow { sample: moved(sample), number: beat.number }
        };
        let piece = PieceRow {
            piece: self.counts.pieces,
            source: Source::Own,
            title: song.title.clone(),
            composition: composition(&song.title),
            split,
            start,
            end: moved(end),
            style: "own".to_owned(),
            metre: metre.clone(),
            beats: stretch.beats.iter().map(beat).collect(),
            degradations: Vec::new(),
        };
        write_line(&mut self.pieces, &piece)?;
        for (number, unit) in units(&stretch.bars).into_iter().enumerate() {
            let span = unit.samples(SampleRate::MODEL);
            let row = UnitRow {
                piece: self.counts.pieces,
                unit: number,
                first_bar: unit.bars.start().get(),
                last_bar: unit.bars.end().get(),
                start: moved(span.start.as_index()),
                end: moved(span.end.as_index()),
                tempo: unit.tempo.bpm(),
                metre: metre.clone(),
                split,
                title: song.title.clone(),
            };
            write_line(&mut self.units, &row)?;
            self.counts.units += 1;
        }
        self.samples = moved(end);
        self.counts.pieces += 1;
        self.counts.bars += stretch.bars.len();
        Ok(())
    }

    /// Writes the manifest: what was there before it is no corpus.
    pub fn finish(mut self) -> Result<Manifest> {
        for file in [&mut self.audio, &mut self.pieces, &mut self.units] {
            file.flush()?;
        }
        let hours = self.samples as f64 / f64::from(SampleRate::MODEL.hz()) / 3600.0;
        let manifest = Manifest {
            format: FORMAT,
            recipe: RECIPE,
            seed: 0,
            hours_asked: hours,
            hours,
            rate: SampleRate::MODEL.hz(),
            pieces: self.counts.pieces,
            compositions: self.counts.compositions.len(),
            bars: self.counts.bars,
            units: self.counts.units,
            split_rule: split::RULE.to_owned(),
            kind: Kind::Own,
            sources: Vec::new(),
            solo_share: 0.0,
            degraded_share: 0.0,
            solo_hours: 0.0,
            soundfont: String::new(),
            soundfont_sha256: String::new(),
            samples: self.samples,
            sha256: hashes(&self.out, &[AUDIO_FILE, PIECES_FILE, UNITS_FILE])?,
        };
        let path = self.out.join(MANIFEST_FILE);
        fs::write(&path, serde_json::to_string_pretty(&manifest)? + "\n")
            .with_context(|| format!("cannot write {}", path.display()))?;
        Ok(manifest)
    }
}
