//! `turnaround continue` and `turnaround fill`: bars that were not there, after the last one or between two.

use turnaround_core::bars::BarNumber;
use turnaround_engine::add::{Added, Addition};
use turnaround_engine::regenerate::Settings;
use turnaround_engine::report::{Region, Report};

use crate::account::{Before, print_bars, print_rest};
use crate::args::{Continue, Files, Fill, Grid, Manner, Networks, Sound};
use crate::manner::{chosen, print_prompts};
use crate::output::{Failure, check_paths, open, prints_json, say, with_progress, write_json};
use crate::recording::Recording;

/// What both verbs are told.
struct Asked<'a> {
    files: &'a Files,
    grid: &'a Grid,
    manner: &'a Manner,
    sound: &'a Sound,
    networks: &'a Networks,
    count: u16,
}

/// Where the new bars go.
struct Place {
    after: BarNumber,
    until: Option<BarNumber>,
}

pub fn run_continue(arguments: &Continue) -> Result<(), Failure> {
    let Continue { files, grid, count, after, manner, sound, networks } = arguments;
    let asked = Asked { files, grid, manner, sound, networks, count: *count };
    run(&asked, |recording| Place { after: after.unwrap_or(recording.last()), until: None })
}

pub fn run_fill(arguments: &Fill) -> Result<(), Failure> {
    let Fill { files, grid, between, count, manner, sound, networks } = arguments;
    let asked = Asked { files, grid, manner, sound, networks, count: *count };
    run(&asked, |_| Place { after: between.after, until: Some(between.until) })
}

fn run(asked: &Asked<'_>, place: impl FnOnce(&Recording<'_>) -> Place) -> Result<(), Failure> {
    let files = asked.files;
    check_paths(&files.input, Some(&files.output), files.json.as_deref())?;
    let recording = Recording::open(files, asked.grid, asked.networks)?;
    let place = place(&recording);
    recording.check(&[Some(place.after), place.until].into_iter().flatten().collect::<Vec<_>>())?;
    let engine = open(asked.networks)?;
    let chosen = chosen(asked.manner, usize::from(asked.count), &recording, &engine)?;
    let addition = Addition {
        audio: recording.file.audio(),
        map: &recording.map,
        after: place.after,
        until: place.until,
        actions: &chosen.actions,
        settings: Settings { players: asked.manner.instruments, ..asked.sound.settings(1.0) },
    };
    let Added { audio, mut report, .. } = with_progress("adding bars", |control| engine.add_bars(&addition, control))?;
    report.prompts = chosen.prompts;
    recording.file.write_with_added(&files.output, &audio, &report)?;
    if !prints_json(files.json.as_deref()) {
        print_prompts(&report.prompts);
        print_bars(&report.bars, Before::Nothing);
        print_lengths(&report, &recording, &place);
        print_rest(&report, &recording.file, files, &files.output);
    }
    write_json(files.json.as_deref(), &report)
}

/// How long the result is, and what of the input is not in it.
fn print_lengths(report: &Report, recording: &Recording<'_>, place: &Place) {
    let rate = f64::from(report.audio.sample_rate);
    let seconds = |samples: usize| samples as f64 / rate;
    if let Some(Region { start, end }) = report.left_out {
        let what = match place.until {
            Some(until) if until.get() == place.after.get() + 2 => format!("bar {}", place.after.next()),
            Some(until) => format!("bars {} to {}", place.after.next(), until.get() - 1),
            None if place.after == recording.last() => format!("what follows bar {}, less than a bar", place.after),
            None => format!("all after bar {}", place.after),
        };
        say!("left out   {what}: {:.2} s", seconds(end - start));
    }
    say!("length     {:.2} s -> {:.2} s", recording.file.audio().duration().get(), seconds(report.audio.samples));
}
