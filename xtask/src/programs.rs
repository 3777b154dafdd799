//! Our own programs: built by cargo, found where cargo put them.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, anyhow, bail};
use serde_json::Value;

use xtask::process::{cargo, shown};

/// Builds packages as shipped and returns the programs they make, in the order of `names`. Fails when cargo does, or when one of the
/// programs is not among what it built.
pub fn build<const N: usize>(packages: &[&str], features: &str, names: &[&str; N]) -> Result<[PathBuf; N]> {
    let mut command = cargo();
    command.args(["build", "--release", "--bins"]);
    for package in packages {
        command.args(["--package", package]);
    }
    command.args(["--features", features]);
    eprintln!("$ {}", shown(&command));
    let messages = built(command.args(["--message-format", "json-render-diagnostics"]))?;
    let found = names.iter().map(|name| executable(&messages, name).with_context(|| format!("cargo built no program {name}")));
    let found: Vec<PathBuf> = found.collect::<Result<_>>()?;
    found.try_into().map_err(|_| anyhow!("cargo built another number of programs"))
}

fn built(command: &mut Command) -> Result<String> {
    let output = command.stderr(Stdio::inherit()).output().context("cargo cannot be started")?;
    if !output.status.success() {
        bail!("the build failed");
    }
    String::from_utf8(output.stdout).context("cargo did not write text")
}

fn executable(messages: &str, name: &str) -> Option<PathBuf> {
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    // Only artefacts name a target, and only programs among them an executable.
    let mut artefacts = messages.filter(|message| message["target"]["name"] == name);
    artefacts.find_map(|artefact| artefact["executable"].as_str().map(PathBuf::from))
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
