//! A Python environment of our own with the hosts in it, made once.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::setup::packages;
use xtask::process::{run, succeeds};

/// What is installed. The versions are those that the checks were written for and whose results docs/reliability.md records.
const REQUIREMENTS: &str = "dawdreamer==0.9.0\npedalboard==0.9.26\nnumpy==2.4.6\nsoundfile==0.14.0\n";

/// The environment's Python. Sets it up in `work` where it is missing or has other versions.
///
/// Fails where there is no Python, or its registry cannot be reached.
pub fn with_hosts(work: &Path) -> Result<PathBuf> {
    let (environment, list) = (work.join("venv"), work.join("requirements.txt"));
    let python = environment.join("bin/python");
    let is_ready =
        fs::read_to_string(&list).is_ok_and(|text| text == REQUIREMENTS) && succeeds(Command::new(&python).arg("--version"));
    if is_ready {
        return Ok(python);
    }
    fs::create_dir_all(work).with_context(|| format!("{} cannot be made", work.display()))?;
    let make = || {
        let mut command = Command::new("python3");
        command.args(["-m", "venv", "--clear"]).arg(&environment);
        command
    };
    if !succeeds(&mut make()) {
        packages::install(&["python3-venv"])?;
        run(&mut make()).context("the hosts need a Python environment")?;
    }
    let fresh = work.join("requirements.new.txt");
    fs::write(&fresh, REQUIREMENTS).with_context(|| format!("{} cannot be written", fresh.display()))?;
    run(Command::new(&python)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"])
        .arg(&fresh))
    .context("the hosts cannot be installed")?;
    // Only now: a set-up that was cut off begins anew.
    fs::rename(&fresh, &list).with_context(|| format!("{} cannot be written", list.display()))?;
    Ok(python)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_requirement_is_pinned() {
        assert!(
            REQUIREMENTS
                .lines()
                .all(|line| line.split_once("==").is_some_and(|(name, version)| !name.is_empty() && !version.is_empty()))
        );
    }
}
