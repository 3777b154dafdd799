//! `turnaround regenerate`: chosen bars anew, all other samples bit for bit.

use turnaround_engine::regenerate::{Request, Settings, Target};

use crate::account::{Before, print_bars, print_rest};
use crate::args::Regenerate;
use crate::bars_only::BarsOnly;
use crate::manner::{chosen, print_prompts};
use crate::output::{Failure, check_paths, open, prints_json, say, with_progress, write_json};
use crate::recording::Recording;

pub fn run(arguments: &Regenerate) -> Result<(), Failure> {
    let (files, bars) = (&arguments.files, &arguments.bars.0);
    check_paths(&files.input, Some(&files.output), files.json.as_deref())?;
    let bars_only = BarsOnly::asked(arguments)?;
    let recording = Recording::open(files, &arguments.grid, &arguments.networks)?;
    recording.check(bars)?;
    let engine = open(&arguments.networks)?;
    let chosen = chosen(&arguments.manner, bars.len(), &recording, &engine)?;
    let targets: Vec<Target> = bars.iter().zip(chosen.actions).map(|(&bar, action)| Target { bar, action }).collect();
    let settings = Settings { players: arguments.manner.instruments, ..arguments.sound.settings(arguments.strength) };
    let request = Request { audio: recording.file.audio(), map: &recording.map, targets: &targets, settings };
    let mut result = with_progress("regenerating", |control| engine.regenerate(&request, control))?;
    result.report.prompts = chosen.prompts;
    recording.file.write(&files.output, &result.audio, &result.report.changed)?;
    let stamped =
        bars_only.as_ref().map(|bars| bars.write(&recording.file, &result.audio, &result.report.changed)).transpose()?;
    if !prints_json(files.json.as_deref()) {
        print_prompts(&result.report.prompts);
        print_bars(&result.report.bars, Before::Bar);
        print_rest(&result.report, &recording.file, files, &files.output);
        for path in stamped.iter().flatten() {
            say!("           {}", path.display());
        }
    }
    write_json(files.json.as_deref(), &result.report)
}
