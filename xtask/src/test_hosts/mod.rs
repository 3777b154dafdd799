//! `cargo xtask test-hosts`: the plugin's bundle in hosts of others, by scripts of ours.
//!
//! | host | what is tried |
//! |---|---|
//! | DawDreamer | automation, renders that follow one another, a tempo map |
//! | pedalboard | loading, parameters, state, a transport that stands |
//! | Ardour 7, without a screen | a roll in real time, saving, export by another process |
//!
//! Not part of `cargo xtask check`: the hosts are large, and two of them come from Python's registry.

mod python;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};

use crate::setup::packages::{self, ARDOUR};
use xtask::options::Arguments;
use xtask::process::run as run_command;
use xtask::workspace;

/// Where everything goes that the hosts need and write.
const WORK: &str = "target/test-hosts";

/// Where `cargo xtask bundle` puts what is tried.
const BUNDLE: &str = "target/bundled/Turnaround.vst3";

/// A host's script, and whether it is given a folder to write in.
const SCRIPTS: [(&str, bool); 3] = [("pedalboard_check.py", false), ("dawdreamer_check.py", true), ("ardour_check.py", true)];

/// Sets up what is missing and runs every host; the first that fails ends it.
pub fn run(arguments: &[String]) -> Result<()> {
    let mut arguments = Arguments::new(arguments);
    let bundle = workspace::folder(arguments.take("--bundle")?, BUNDLE)?;
    arguments.finish()?;
    ensure!(
        bundle.is_dir(),
        "{} is missing; make it with cargo xtask bundle --release, or name another with --bundle",
        workspace::shown(&bundle)
    );
    packages::ensure(&[ARDOUR])?;
    ensure!(ARDOUR.is_there(), "these checks know Ardour 7, as Debian 12 has it, and the one installed here is another");
    let work = workspace::root().join(WORK);
    let python = python::with_hosts(&work)?;
    for (script, writes) in SCRIPTS {
        run_command(&mut check(&python, script, &bundle, writes.then_some(&work)))?;
    }
    println!("every host is content with {}", workspace::shown(&bundle));
    Ok(())
}

fn check(python: &Path, script: &str, bundle: &Path, work: Option<&PathBuf>) -> Command {
    let mut command = Command::new(python);
    command.current_dir(workspace::root()).env("PYTHONDONTWRITEBYTECODE", "1");
    command.arg(workspace::root().join("xtask/src/test_hosts").join(script)).arg(bundle);
    if let Some(work) = work {
        command.arg(work);
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;
    use xtask::process::shown;

    #[test]
    fn every_script_is_there_and_called_as_it_says() {
        for (script, writes) in SCRIPTS {
            let path = workspace::root().join("xtask/src/test_hosts").join(script);
            let text = std::fs::read_to_string(&path).unwrap();
            let usage = format!("usage: {script} BUNDLE.vst3{}\n", if writes { " WORK_FOLDER" } else { "" });
            assert!(text.contains(&usage), "{script} says {usage}");
        }
        let work = workspace::root().join(WORK);
        assert_eq!(
            shown(&check(Path::new("/venv/bin/python"), "ardour_check.py", &workspace::root().join(BUNDLE), Some(&work))),
            "python xtask/src/test_hosts/ardour_check.py target/bundled/Turnaround.vst3 target/test-hosts"
        );
    }

    #[test]
    fn a_missing_bundle_is_refused_with_the_command_that_makes_it() {
        let error = run(&["--bundle".into(), "/no/such.vst3".into()]).unwrap_err().to_string();
        assert!(error.contains("cargo xtask bundle --release"), "{error}");
        assert!(run(&["--fast".into()]).unwrap_err().to_string().contains("--fast"));
    }
}
