//! The music that is played with: sixteen bars of a piano trio and their grid.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde::Deserialize;
use turnaround_core::bars::Bar;
use turnaround_core::tempo_map::TempoMap;
use turnaround_core::time::{Metre, Samples, Seconds, Tempo};

use super::recording::Recording;
use xtask::process::output;

/// A rendered trio.
pub struct Trio {
    /// The file.
    pub wav: PathBuf,
    /// What lies in it.
    pub recording: Recording,
    /// Its grid.
    pub grid: Grid,
    /// Its whole bars.
    pub bars: Vec<Bar>,
}

/// The grid as the renderer prints it and the command line takes it.
#[derive(Clone, Debug, Deserialize)]
pub struct Grid {
    /// Quarter notes per minute.
    pub tempo: f64,
    /// For instance `4/4`.
    pub metre: String,
    /// Where bar 1 starts, in seconds.
    pub offset: f64,
}

impl Grid {
    /// The grid as the command line takes it.
    pub fn flags(&self) -> [String; 6] {
        let Grid { tempo, metre, offset } = self;
        ["--tempo", &tempo.to_string(), "--meter", metre, "--offset", &offset.to_string()].map(str::to_owned)
    }
}

impl Trio {
    /// Renders `before.wav` into a folder. Fails when the renderer does.
    pub fn render(training: &Path, folder: &Path) -> Result<Self> {
        let wav = folder.join("before.wav");
        let grid = output(Command::new(training).args(["demo", "--bars", "16", "--rate", "48000", "--out"]).arg(&wav))?;
        Self::read(wav, serde_json::from_str(&grid).context("the renderer's grid is not as expected")?)
    }

    /// Reads a recording on a grid.
    pub fn read(wav: PathBuf, grid: Grid) -> Result<Self> {
        let recording = Recording::read(&wav)?;
        let metre: Metre = grid.metre.parse()?;
        let map = TempoMap::constant(Tempo::new(grid.tempo)?, metre, Seconds::new(grid.offset));
        let bars = map.whole_bars_within(Samples::from_len(recording.audio.len()), recording.audio.rate());
        Ok(Trio { wav, recording, grid, bars })
    }
}
