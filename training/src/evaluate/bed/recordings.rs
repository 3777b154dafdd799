//! A folder of anybody's recordings as a bed: bars by the grid beside a file, else pieces of two seconds.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use rayon::prelude::*;
use serde::Deserialize;
use turnaround_core::bars::units;
use turnaround_core::resample::resample;
use turnaround_core::tempo_map::TempoMap;
use turnaround_core::time::{Metre, SampleRate, Samples, Seconds, Tempo};
use turnaround_engine::audio_file::AudioFile;

use super::{Bed, Piece};

/// The bed's key.
pub const RECORDINGS: &str = "recordings";

/// Length of a unit where no grid is given.
const UNIT: Seconds = Seconds::new(2.048);

/// Endings of the files that are read.
const ENDINGS: [&str; 5] = ["wav", "flac", "ogg", "oga", "mp3"];

/// The grid of `NAME.ogg` as `NAME.ogg.grid.json` holds it: what `turnaround-training demo` prints.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Grid {
    /// Quarter notes per minute.
    tempo: f64,
    /// As `4/4`.
    metre: String,
    /// Seconds at which bar 1 starts.
    offset: f64,
}

/// Every recording right inside `folder`, in the order of their names, its mid at `rate`.
///
/// # Errors
/// When there is none, or one cannot be read.
pub fn recordings(folder: &Path, rate: SampleRate) -> Result<Bed> {
    let paths = files(folder)?;
    ensure!(!paths.is_empty(), "{} holds no recording (WAV, FLAC, OGG/Vorbis or MP3)", folder.display());
    let pieces: Vec<(Piece, bool)> = paths.par_iter().map(|path| read(path, rate)).collect::<Result<_>>()?;
    let with_grid = pieces.iter().filter(|(_, has_grid)| *has_grid).count();
    let pieces: Vec<Piece> = pieces.into_iter().map(|(piece, _)| piece).collect();
    let seconds: f64 = pieces.iter().map(|piece| piece.audio.len() as f64 / f64::from(rate.hz())).sum();
    Ok(Bed {
        key: RECORDINGS,
        title: "Real recordings".to_owned(),
        source: format!(
            "{} recordings ({}; {:.2} h): {with_grid} cut by a grid beside them, the others every {} s whatever their bars",
            pieces.len(),
            pieces.iter().map(|piece| piece.name.as_str()).collect::<Vec<_>>().join(", "),
            seconds / 3600.0,
            UNIT.get()
        ),
        pieces,
    })
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.map(|entry| entry.path())).collect::<std::io::Result<_>>()?;
    let ending = |path: &PathBuf| path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    paths.retain(|path| path.is_file() && ending(path).is_some_and(|ending| ENDINGS.contains(&ending.as_str())));
    paths.sort();
    Ok(paths)
}

/// One recording, and whether it has a grid.
fn read(path: &Path, rate: SampleRate) -> Result<(Piece, bool)> {
    let file = AudioFile::read(path)?;
    let audio =
        resample(&file.audio().mid(), file.audio().rate(), rate).with_context(|| format!("resampling {}", path.display()))?;
    let grid = grid(path)?;
    let units = match &grid {
        Some(map) => bars(map, audio.len(), rate),
        None => evenly(audio.len(), rate.samples_from(UNIT).as_index()),
    };
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok((Piece { name, audio, units }, grid.is_some()))
}

fn grid(path: &Path) -> Result<Option<TempoMap>> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".grid.json");
    let beside = PathBuf::from(beside);
    if !beside.exists() {
        return Ok(None);
    }
    let named = || format!("{} is no grid", beside.display());
    let grid: Grid = serde_json::from_str(&fs::read_to_string(&beside).with_context(named)?).with_context(named)?;
    let metre: Metre = grid.metre.parse().with_context(named)?;
    Ok(Some(TempoMap::constant(Tempo::new(grid.tempo).with_context(named)?, metre, Seconds::new(grid.offset))))
}

fn bars(map: &TempoMap, length: usize, rate: SampleRate) -> Vec<Range<usize>> {
    let bars = map.whole_bars_within(Samples::from_len(length), rate);
    units(&bars).iter().map(|unit| unit.samples(rate).as_range()).filter(|range| range.end <= length).collect()
}

fn evenly(length: usize, unit: usize) -> Vec<Range<usize>> {
    (0..length / unit).map(|n| n * unit..(n + 1) * unit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recording(folder: &Path, name: &str, seconds: u32) {
        let spec =
            hound::WavSpec { channels: 2, sample_rate: 8000, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
        let mut writer = hound::WavWriter::create(folder.join(name), spec).unwrap();
        (0..seconds * 8000 * 2).for_each(|i| writer.write_sample((i % 100) as i16 * 100).unwrap());
        writer.finalize().unwrap();
    }

    #[test]
    fn a_grid_beside_a_file_cuts_bars_and_none_cuts_two_seconds() {
        let folder = tempfile::tempdir().unwrap();
        recording(folder.path(), "a.wav", 9);
        recording(folder.path(), "b.wav", 9);
        fs::write(folder.path().join("b.wav.grid.json"), r#"{"tempo": 120.0, "metre": "4/4", "offset": 0.5}"#).unwrap();
        fs::write(folder.path().join("notes.txt"), "not music").unwrap();
        let bed = recordings(folder.path(), SampleRate::MODEL).unwrap();
        assert_eq!(bed.pieces.len(), 2);
        assert_eq!(bed.pieces[0].units, [0..32_768, 32_768..65_536, 65_536..98_304, 98_304..131_072]);
        assert_eq!(bed.pieces[1].units, [8000..40_000, 40_000..72_000, 72_000..104_000, 104_000..136_000]);
        assert!(bed.source.contains("1 cut by a grid"), "{}", bed.source);
    }

    #[test]
    fn a_folder_without_music_and_a_damaged_grid_are_told() {
        let folder = tempfile::tempdir().unwrap();
        assert!(format!("{:#}", recordings(folder.path(), SampleRate::MODEL).unwrap_err()).contains("holds no recording"));
        recording(folder.path(), "a.wav", 3);
        fs::write(folder.path().join("a.wav.grid.json"), "{}").unwrap();
        assert!(
            format!("{:#}", recordings(folder.path(), SampleRate::MODEL).unwrap_err()).contains("a.wav.grid.json is no grid")
        );
    }
}
