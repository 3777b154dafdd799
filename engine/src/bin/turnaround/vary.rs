//! `turnaround vary`: variations of chosen bars, each under the action heard in it.

use std::path::{Path, PathBuf};

use serde::Serialize;
use turnaround_engine::regenerate::{ActionChoice, Request, Settings, Target};
use turnaround_engine::report::Report;

use crate::account::{Before, print_bars, print_rest};
use crate::args::Vary;
use crate::output::{Failure, check_paths, open, prints_json, with_progress, write_json};
use crate::recording::Recording;

/// The report of several takes.
#[derive(Serialize)]
struct Account {
    takes: Vec<Take>,
}

#[derive(Serialize)]
struct Take {
    file: String,
    report: Report,
}

pub fn run(arguments: &Vary) -> Result<(), Failure> {
    let files = &arguments.files;
    let outputs = outputs(&files.output, arguments.takes);
    outputs.iter().try_for_each(|output| check_paths(&files.input, Some(output), files.json.as_deref()))?;
    let recording = Recording::open(files, &arguments.grid, &arguments.networks)?;
    recording.check(&arguments.bars.0)?;
    let engine = open(&arguments.networks)?;
    let targets: Vec<Target> = arguments.bars.0.iter().map(|&bar| Target { bar, action: ActionChoice::Own }).collect();
    let settings = arguments.sound.settings(arguments.strength);
    let mut takes = Vec::new();
    for (output, take) in outputs.iter().zip(0..) {
        let settings = Settings { seed: settings.seed.wrapping_add(take), ..settings };
        let request = Request { audio: recording.file.audio(), map: &recording.map, targets: &targets, settings };
        let result = with_progress("varying", |control| engine.regenerate(&request, control))?;
        recording.file.write(output, &result.audio, &result.report.changed)?;
        if !prints_json(files.json.as_deref()) {
            print_bars(&result.report.bars, Before::Bar);
            print_rest(&result.report, &recording.file, files, output);
        }
        takes.push(Take { file: output.display().to_string(), report: result.report });
    }
    match (arguments.takes, &takes[..]) {
        (None, [take]) => write_json(files.json.as_deref(), &take.report),
        _ => write_json(files.json.as_deref(), &Account { takes }),
    }
}

/// Where each take goes: the file itself, or so many beside it, numbered from 1.
fn outputs(output: &Path, takes: Option<u16>) -> Vec<PathBuf> {
    let Some(takes) = takes else { return vec![output.to_path_buf()] };
    let numbered = |take: u16| {
        let mut name = output.file_stem().unwrap_or_default().to_os_string();
        name.push(format!("-{take}"));
        if let Some(extension) = output.extension() {
            name.push(".");
            name.push(extension);
        }
        output.with_file_name(name)
    };
    (1..=takes).map(numbered).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_are_numbered_before_the_extension() {
        let names = |output: &str, takes| -> Vec<String> {
            outputs(Path::new(output), takes).iter().map(|path| path.display().to_string()).collect()
        };
        assert_eq!(names("a/b.c.wav", Some(2)), ["a/b.c-1.wav", "a/b.c-2.wav"]);
        assert_eq!(names("new", Some(1)), ["new-1"]);
        assert_eq!(names("new.wav", None), ["new.wav"]);
    }
}
