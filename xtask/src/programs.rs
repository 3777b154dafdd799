//! Our own programs: built by cargo, found where cargo put them.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::process::{cargo, shown};

/// Builds packages as shipped and returns the programs they make, in the order of `names`. Fails when cargo does, or when one of the
/// programs is not among what it built.
pub fn build(packages: &[&str], features: &str, names: &[&str]) -> Result<Vec<PathBuf>> {
    let mut command = cargo();
    command.args(["build", "--release", "--bins"]);
    for package in packages {
        command.args(["--package", package]);
    }
    if !features.is_empty() {
        command.args(["--features", features]);
    }
    eprintln!("$ {}", shown(&command));
    let messages = built(command.args(["--message-format", "json-render-diagnostics"]))?;
    names.iter().map(|name| executable(&messages, name).with_context(|| format!("cargo built no program {name}"))).collect()
}

fn built(command: &mut Command) -> Result<String> {
    let output = command.stderr(Stdio::inherit()).output().context("cargo cannot be started")?;
    if !output.status.success() {
        bail!("the build failed");
    }
    String::from_utf8(output.stdout).context("cargo did not write text")
}

/// One of cargo's messages; only artefacts have these fields.
#[derive(Deserialize)]
struct Message {
    executable: Option<PathBuf>,
    target: Option<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

fn executable(messages: &str, name: &str) -> Option<PathBuf> {
    let artefacts = messages.lines().filter_map(|line| serde_json::from_str::<Message>(line).ok());
    artefacts
        .filter(|artefact| artefact.target.as_ref().is_some_and(|target| target.name == name))
        .find_map(|found| found.executable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_in_what_cargo_says() {
        let messages = r#"{"reason":"compiler-artifact","target":{"name":"turnaround","kind":["lib"]},"executable":null}
not a message
{"reason":"compiler-artifact","target":{"name":"turnaround","kind":["bin"]},"executable":"/t/release/turnaround"}
{"reason":"build-finished","success":true}"#;
        assert_eq!(executable(messages, "turnaround"), Some(PathBuf::from("/t/release/turnaround")));
        assert_eq!(executable(messages, "other"), None);
    }
}
