//! A model set from nothing: corpus, training, export, evaluation.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use xtask::options::{Arguments, number};
use xtask::process::run as run_command;
use xtask::workspace;

use crate::{programs, setup};

/// Hours of audio in a corpus built here.
const HOURS: f64 = 8.0;

/// Builds the training program and, where it is missing, the corpus; trains, exports, and measures the set for its card. Training goes
/// on where it stopped.
pub fn run(arguments: &[String]) -> Result<()> {
    let plan = Plan::read(arguments)?;
    let libtorch = ["LIBTORCH", "LIBTORCH_USE_PYTORCH"].iter().any(|name| std::env::var_os(name).is_some());
    let programs = programs::build(&["turnaround-training"], features(libtorch), &["turnaround-training"])?;
    if !plan.has_corpus() {
        setup::soundfont()?;
    }
    for arguments in plan.calls() {
        run_command(Command::new(&programs[0]).args(arguments))?;
    }
    eprintln!("the set lies in {}", workspace::shown(&plan.set));
    Ok(())
}

/// PyTorch's kernels are about three times as fast on the processor; export needs the pure-Rust ones as its reference.
fn features(libtorch: bool) -> &'static str {
    if libtorch { "tch,export" } else { "flex,export" }
}

/// What is to be made, and where.
struct Plan {
    preset: String,
    hours: f64,
    corpus: PathBuf,
    run: PathBuf,
    set: PathBuf,
    /// Folder of archives for a corpus built here.
    sources: Option<String>,
    /// Flags for the training itself.
    passed_on: Vec<String>,
}

impl Plan {
    fn read(arguments: &[String]) -> Result<Self> {
        let mut arguments = Arguments::new(arguments);
        let preset = arguments.take("--preset")?.unwrap_or_else(|| "small".to_owned());
        let hours = arguments.take("--hours")?.map_or(Ok(HOURS), |text| number("--hours", &text))?;
        // A preset may be a file of the user's; its run and its set are called as the file is.
        let name = Path::new(&preset).file_stem().map_or_else(|| preset.clone(), |stem| stem.to_string_lossy().into_owned());
        let corpus = workspace::folder(arguments.take("--corpus")?, "data/corpus")?;
        let run = workspace::folder(arguments.take("--run")?, Path::new("runs").join(&name))?;
        let set = workspace::folder(arguments.take("--out")?, Path::new("models").join(&name))?;
        let sources = arguments.take("--sources")?;
        Ok(Plan { preset, hours, corpus, run, set, sources, passed_on: arguments.rest() })
    }

    /// The corpus's description is written last, so where it lies the corpus is whole.
    fn has_corpus(&self) -> bool {
        self.corpus.join("corpus.json").is_file()
    }

    /// Arguments of every call of the training program, in order.
    fn calls(&self) -> Vec<Vec<String>> {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<String>>();
        let [corpus, run, set] = [&self.corpus, &self.run, &self.set].map(|path| path.display().to_string());
        let mut calls = Vec::new();
        if !self.has_corpus() {
            let mut building = words(&["corpus", "--out", &corpus, "--hours", &self.hours.to_string()]);
            if let Some(folder) = &self.sources {
                building.extend(words(&["--sources", folder]));
            }
            calls.push(building);
        }
        // Export reads the same run, and so needs the very flags it was trained with.
        let mut training = words(&["--corpus", &corpus, "--run", &run, "--preset", &self.preset]);
        training.extend_from_slice(&self.passed_on);
        calls.push([words(&["train"]), training.clone()].concat());
        calls.push([words(&["export"]), training, words(&["--out", &set])].concat());
        calls.push(words(&["evaluate", "--set", &set, "--corpus", &corpus]));
        calls
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(text: &str) -> Plan {
        Plan::read(&text.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn run_and_set_are_called_as_the_preset_is() {
        for (arguments, name) in [("", "small"), ("--preset tiny", "tiny"), ("--preset configs/mine.toml", "mine")] {
            let plan = plan(arguments);
            assert_eq!(plan.run, workspace::root().join("runs").join(name));
            assert_eq!(plan.set, workspace::root().join("models").join(name));
        }
    }

    #[test]
    fn a_missing_corpus_is_built_first_and_unknown_flags_go_to_the_training() {
        let calls = plan("--corpus /nowhere/corpus --hours 0.5 --minutes 3 --device cpu").calls();
        let verbs: Vec<&str> = calls.iter().map(|call| call[0].as_str()).collect();
        assert_eq!(verbs, ["corpus", "train", "export", "evaluate"]);
        assert_eq!(calls[0].join(" "), "corpus --out /nowhere/corpus --hours 0.5");
        assert!(calls[1].join(" ").ends_with("--preset small --minutes 3 --device cpu"));
        let calls = plan("--corpus /nowhere/corpus --sources archives --minutes 3").calls();
        assert!(calls[0].join(" ").ends_with("--sources archives") && !calls[1].join(" ").contains("archives"));
    }

    #[test]
    fn export_is_told_of_the_run_what_the_training_was_told() {
        let calls = plan("--corpus /nowhere/corpus --preset tiny --device cpu --out /nowhere/set").calls();
        assert_eq!(calls[2][1..calls[2].len() - 2], calls[1][1..]);
        assert!(calls[2].ends_with(&["--out".to_owned(), "/nowhere/set".to_owned()]));
    }

    #[test]
    fn pytorch_is_used_where_it_is_named_and_never_without_the_reference() {
        assert_eq!([features(true), features(false)], ["tch,export", "flex,export"]);
    }
}
