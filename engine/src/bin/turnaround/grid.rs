//! The grid that verbs work on: what was given, or what is tracked where the tempo was left out.

use turnaround_core::tempo_map::TempoMap;
use turnaround_engine::audio_file::AudioFile;
use turnaround_engine::beats::{BeatsReport, Tracker};

use crate::args::{Grid, Running};
use crate::output::{Failure, say};

/// The grid of a recording. Where it is tracked a line says what was found, unless the output is for programs.
pub fn of(grid: &Grid, running: &Running, file: &AudioFile, is_quiet: bool) -> Result<TempoMap, Failure> {
    if let Some(map) = grid.given() {
        return match grid.tracking.corrects() {
            true => Err(Failure::mendable("--double, --halve and --downbeat-shift correct tracked beats: leave --tempo out")),
            false => Ok(map),
        };
    }
    let tracker = Tracker::open(grid.tracking.tracker.as_deref(), &running.options())?;
    let track = tracker.track(file.audio(), &grid.tracking.wishes(grid.meter))?;
    if !is_quiet {
        say!("grid       {}", told(&tracker.report(&track)));
    }
    Ok(track.tempo_map())
}

/// A grid in words.
pub fn told(report: &BeatsReport) -> String {
    let bars = report.beats.iter().filter(|beat| beat.number == 1).count();
    let evenness = match &report.steady {
        Some(steady) => format!("steady at {:.2} bpm, bar 1 at {:.3} s", steady.tempo, steady.offset_s),
        None => format!("about {:.1} bpm, which changes from bar to bar", report.tempo),
    };
    let (beat, downbeat) = (100.0 * report.confidence.beat, 100.0 * report.confidence.downbeat);
    format!("tracked {} {evenness}; {bars} bars begun; sure of beats {beat:.0} %, of bar lines {downbeat:.0} %", report.metre)
}
