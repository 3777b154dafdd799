//! The demo: sets up what is missing, builds the programs, and lets one of them play it.

use std::process::Command;

use anyhow::Result;
use xtask::options::Arguments;
use xtask::process::run as run_command;
use xtask::workspace;

use crate::{programs, setup};

/// Renders a trio, makes bars of it anew, and leaves a page. Fails when something cannot be set up or a program fails.
pub fn run(arguments: &[String]) -> Result<()> {
    let mut arguments = Arguments::new(arguments);
    let folder = workspace::folder(arguments.take("--out")?, "demo")?;
    arguments.finish()?;

    setup::soundfont()?;
    if let Err(reason) = setup::onnx_runtime::ensure_library() {
        eprintln!("going on with the embedded runtime, which is slower: no ONNX Runtime, {reason:#}");
    }
    let names = ["turnaround-demo", "turnaround-training", "turnaround"];
    let programs = programs::build(&["turnaround-training", "turnaround-engine", "xtask"], "xtask/demo", &names)?;
    let [demo, training, turnaround] = &programs;
    run_command(Command::new(demo).arg(training).arg(turnaround).arg(folder))
}
