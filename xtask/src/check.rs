//! The gate: format, lints, every test.

use std::process::Command;

use anyhow::{Context, Result};

use crate::setup;
use xtask::options::Arguments;
use xtask::process::{self, cargo};

/// The features that the suite is built with. The same for lints and tests, so that cargo checks and compiles each dependency once;
/// never all: some features need PyTorch or download a compiler.
const FEATURES: &str = "turnaround-training/export,xtask/demo,turnaround/standalone";

/// Sets up what is missing, then runs everything; the last lines are those of `cargo test`. Stops at the first failure.
pub fn run(arguments: &[String]) -> Result<()> {
    Arguments::new(arguments).finish()?;
    setup::any_soundfont()?;
    setup::audio_device_headers()?;
    setup::onnx_runtime::ensure_library().context(
        "the tests that compare both runtimes need ONNX Runtime; name a library in ORT_DYLIB_PATH or bring up the network",
    )?;
    for mut step in steps() {
        process::run(&mut step)?;
    }
    Ok(())
}

/// Cheapest first.
fn steps() -> [Command; 3] {
    let command = |arguments: &[&str]| {
        let mut command = cargo();
        command.args(arguments);
        command
    };
    [
        command(&["fmt", "--all", "--check"]),
        command(&["clippy", "--workspace", "--all-targets", "--features", FEATURES, "--", "-D", "warnings"]),
        command(&["test", "--workspace", "--features", FEATURES]),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lints_and_tests_are_built_with_the_same_features_and_never_with_all() {
        let shown: Vec<String> = steps().iter().map(process::shown).collect();
        assert!(shown[1].contains(FEATURES) && shown[2].contains(FEATURES));
        assert!(shown.iter().all(|step| !step.contains("all-features")));
        assert!(shown[2].starts_with("cargo test --workspace"), "{}", shown[2]);
    }
}
