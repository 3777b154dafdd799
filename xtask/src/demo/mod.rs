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
use std::path::Path;

use anyhow::{Context, Result};

use crate::options::Arguments;
use crate::{programs, setup, workspace};
use edit::Edit;
use trio::Trio;

/// Everything the page tells of.
struct Demo {
    trio: Trio,
    edits: Vec<Edit>,
}

/// Sets up what is missing, renders, regenerates, checks and writes the page.
///
/// Fails when something cannot be set up, a program fails, or a sample changed that was not to change.
pub fn run(arguments: &[String]) -> Result<()> {
    let mut arguments = Arguments::new(arguments);
    let folder = workspace::folder(arguments.take("--out")?, "demo")?;
    arguments.finish()?;

    setup::soundfont()?;
    if let Err(reason) = setup::onnx_runtime::ensure_library() {
        eprintln!("going on with the embedded runtime, which is slower: no ONNX Runtime, {reason:#}");
    }
    let programs = programs::build(&["turnaround-training", "turnaround-engine"], "", &["turnaround-training", "turnaround"])?;
    let demo = play(&programs[0], &programs[1], &folder)?;
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
