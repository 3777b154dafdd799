//! The recording that a verb works on: its file, its grid, and the bars it holds.

use turnaround_core::bars::{Bar, BarNumber};
use turnaround_core::tempo_map::TempoMap;
use turnaround_core::time::Samples;
use turnaround_engine::EngineError;
use turnaround_engine::audio_file::AudioFile;

use crate::args::{Files, Grid, Networks, Running};
use crate::grid;
use crate::output::{Failure, prints_json, read};

pub struct Recording<'a> {
    pub file: AudioFile,
    pub map: TempoMap,
    /// Its whole bars, at least one.
    pub bars: Vec<Bar>,
    grid: &'a Grid,
    running: &'a Running,
    is_quiet: bool,
}

impl<'a> Recording<'a> {
    /// Reads the input and finds its grid, given or tracked.
    pub fn open(files: &Files, grid: &'a Grid, networks: &'a Networks) -> Result<Self, Failure> {
        let running = &networks.running;
        let is_quiet = prints_json(files.json.as_deref());
        let file = read(&files.input)?;
        let map = grid::of(grid, running, &file, is_quiet)?;
        let audio = file.audio();
        let bars = map.whole_bars_within(Samples::from_len(audio.len()), audio.rate());
        if bars.is_empty() {
            return Err(EngineError::NoWholeBar { seconds: audio.duration().get() }.into());
        }
        Ok(Recording { file, map, bars, grid, running, is_quiet })
    }

    /// The grid of another recording: one that is given holds for both, one that is tracked is each recording's own.
    pub fn grid_of(&self, other: &AudioFile) -> Result<TempoMap, Failure> {
        grid::of(self.grid, self.running, other, self.is_quiet)
    }

    /// Refuses bars that are not there, before a model set is looked for.
    pub fn check(&self, bars: &[BarNumber]) -> Result<(), Failure> {
        let (first, last) = (self.bars[0].number, self.last());
        match bars.iter().find(|&&bar| bar < first || bar > last) {
            Some(bar) => Err(EngineError::BarOutside { bar: bar.get(), first: first.get(), last: last.get() }.into()),
            None => Ok(()),
        }
    }

    /// The last whole bar.
    pub fn last(&self) -> BarNumber {
        self.bars[self.bars.len() - 1].number
    }
}
