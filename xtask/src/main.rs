//! What the project does for itself: `cargo xtask demo`, `test`, `check`, `bundle`, `install`, `test-hosts`, `train`, `pack`.

mod bundle;
mod check;
mod demo;
mod install;
mod pack;
mod programs;
mod setup;
mod test_hosts;
mod train;

use std::process::ExitCode;

use anyhow::{Result, bail};

const USAGE: &str = "\
usage: cargo xtask VERB

  demo [--out DIR]   set up what is missing, render a trio, make bars 5-8 anew twice, write demo/index.html
  test               set up what is missing, then format check, clippy and every test
  check              the same; what the gate runs
  bundle [turnaround] [--release]
                     the plugin as CLAP and VST3 and the standalone program, each with models and runtime, in target/bundled
  install [--release] [--to DIR]
                     the same, copied to ~/.clap and ~/.vst3, or to .clap and .vst3 of another folder
  test-hosts [--bundle X.vst3]
                     set up what is missing, then try a bundle in DawDreamer, pedalboard and Ardour
  train [--preset small] [--hours 8] [--corpus DIR] [--sources DIR] [--run DIR] [--out DIR] [FLAGS of turnaround-training train]
                     a model set from nothing: corpus, training, export, evaluation
  pack --binary PATH [--out DIR] [--sources DIR] [--soundfont FILE] [--without-samples] [--start RUN]
                     one file of at most 60 MB for a training machine without network: program, SoundFont, archives, scripts";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<()> {
    let Some((verb, rest)) = arguments.split_first() else { bail!("which verb?\n\n{USAGE}") };
    match verb.as_str() {
        "demo" => demo::run(rest),
        "test" | "check" => check::run(rest),
        "bundle" => bundle::run(rest),
        "install" => install::run(rest),
        "test-hosts" => test_hosts::run(rest),
        "train" => train::run(rest),
        "pack" => pack::run(rest),
        "help" | "--help" | "-h" => {
            println!("{USAGE}");
            Ok(())
        }
        other => bail!("there is no verb {other:?}\n\n{USAGE}"),
    }
}
