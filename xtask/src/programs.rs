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
    let messages = messages(&mut command)?;
    let found = names.iter().map(|name| executable(&messages, name).with_context(|| format!("cargo built no program {name}")));
    let found: Vec<PathBuf> = found.collect::<Result<_>>()?;
    found.try_into().map_err(|_| anyhow!("cargo built another number of programs"))
}

/// Shows and runs a `cargo build`; what it says of each artefact, one JSON object a line. Fails when the build does.
pub fn messages(command: &mut Command) -> Result<String> {
    eprintln!("$ {}", shown(command));
    command.args(["--message-format", "json-render-diagnostics"]);
    let output = command.stderr(Stdio::inherit()).output().context("cargo cannot be started")?;
    if !output.status.success() {
        bail!("the build failed");
    }
    String::from_utf8(output.stdout).context("cargo did not write text")
}

/// The program of that name, where cargo put it.
pub fn executable(messages: &str, name: &str) -> Option<PathBuf> {
    artefacts(messages, name).find_map(|artefact| artefact["executable"].as_str().map(PathBuf::from))
}

/// The shared library of that name, where cargo put it.
pub fn shared_library(messages: &str, name: &str) -> Option<PathBuf> {
    let ending = std::env::consts::DLL_SUFFIX;
    artefacts(messages, name).find_map(|artefact| {
        let files = artefact["filenames"].as_array()?;
        files.iter().filter_map(Value::as_str).find(|file| file.ends_with(ending)).map(PathBuf::from)
    })
}

/// Only artefacts name a target, and only programs among them an executable.
fn artefacts(messages: &str, name: &str) -> impl Iterator<Item = Value> {
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    messages.filter(move |message| message["target"]["name"] == name)
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
        assert_eq!(shared_library(messages, "turnaround"), None);
    }

    #[test]
    fn a_plugin_is_found_among_what_was_made_of_its_sources() {
        let ending = std::env::consts::DLL_SUFFIX;
        let files = format!(r#"["/t/debug/libturnaround.rlib","/t/debug/libturnaround{ending}"]"#);
        let messages =
            format!(r#"{{"target":{{"name":"turnaround","kind":["cdylib","lib"]}},"filenames":{files},"executable":null}}"#);
        let library = PathBuf::from(format!("/t/debug/libturnaround{ending}"));
        assert_eq!(shared_library(&messages, "turnaround"), Some(library));
    }
}
