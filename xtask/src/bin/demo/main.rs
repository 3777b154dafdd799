//! The demo: a trio is rendered, bars 5 to 8 are made anew under two actions, and a page shows what came of it.

mod actions;
mod compare;
mod edit;
#[cfg(test)]
mod fixture;
mod page;
mod recording;
mod trio;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use xtask::workspace;

use edit::Edit;
use trio::Trio;

/// Everything the page tells of.
struct Demo {
    trio: Trio,
    edits: Vec<Edit>,
}

fn main() -> ExitCode {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("turnaround-demo: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Renders, regenerates, checks and writes the page. Fails when a program fails, or a sample changed that was not to change.
fn run(arguments: &[PathBuf]) -> Result<()> {
    let [training, turnaround, folder] = arguments else {
        bail!("give the programs turnaround-training and turnaround, and a folder")
    };
    let demo = play(training, turnaround, folder)?;
    let page = folder.join("index.html");
    fs::write(&page, page::html(&demo)?).with_context(|| format!("{} cannot be written", page.display()))?;
    report(&demo, &page);
    Ok(())
}

/// Renders and regenerates into `folder`, with the programs given.
fn play(training: &Path, turnaround: &Path, folder: &Path) -> Result<Demo> {
    fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let trio = Trio::render(training, folder)?;
    let actions = actions::usual_and_unusual(turnaround, &trio)?;
    let edits = ["A", "B"].into_iter().zip(actions).map(|(name, action)| {
        let edit = Edit::make(turnaround, name, action, &trio, folder)?;
        edit.verify(&trio.recording)?;
        Ok(edit)
    });
    Ok(Demo { edits: edits.collect::<Result<_>>()?, trio })
}

fn report(demo: &Demo, page: &Path) {
    for Edit { name, action, report, .. } in &demo.edits {
        let timing = &report.timing;
        println!(
            "{name}: {} ({}), {:.2} s for {:.2} s of music, {:.1} times real time; kept bars bit for bit",
            action.title(),
            report.runtime.version,
            timing.total_s,
            timing.music_s,
            timing.times_real_time
        );
    }
    println!("open {}", workspace::shown(page));
}
