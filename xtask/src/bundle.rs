//! `cargo xtask bundle`: builds the plugin and makes bundles of it that work wherever they are copied.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use xtask::bundles::{self, Bundle, Format, Licences, Parts};
use xtask::options::Arguments;
use xtask::process::cargo;
use xtask::workspace;

use crate::setup::onnx_runtime;
use crate::{programs, setup};

/// The package, and its library.
const PLUGIN: &str = "turnaround";

/// The standalone's program. Not `turnaround`: that is the command line, which lies in the same folder.
const STANDALONE: &str = "turnaround-standalone";

/// The set that ships.
const SET: &str = "models/small";

/// Builds and bundles, and tells what was made.
pub fn run(arguments: &[String]) -> Result<()> {
    let mut arguments = Arguments::new(arguments);
    let is_release = arguments.take_flag("--release");
    let rest = arguments.rest();
    let is_ours = matches!(rest.as_slice(), [] | [_]) && rest.iter().all(|package| package == PLUGIN);
    ensure!(is_ours, "{} is not understood: there is one plugin to bundle, {PLUGIN}", rest.join(" "));
    let made = make(is_release)?;
    for bundle in &made.bundles {
        println!("{}", words(bundle, &made.folder));
    }
    Ok(())
}

/// Bundles and the folder they lie in.
pub struct Made {
    /// `bundled` in cargo's target folder.
    pub folder: PathBuf,
    /// What lies in it.
    pub bundles: Vec<Bundle>,
}

/// Builds the plugin, as shipped or for debugging, sets up what goes with it, and writes the bundles.
///
/// Goes on, after a sentence, without the standalone where its headers cannot be had, and without ONNX Runtime where that cannot.
pub fn make(is_release: bool) -> Result<Made> {
    ensure!(cfg!(target_os = "linux"), "bundles are made on Linux only");
    let has_headers = match setup::audio_device_headers() {
        Ok(()) => true,
        Err(reason) => {
            eprintln!("going on without the standalone program, which needs the headers of ALSA and JACK: {reason:#}");
            false
        }
    };
    let (library, standalone) = build(is_release, has_headers)?;
    let (onnx_runtime, mut licences) = match runtime_with_licences() {
        Ok(found) => found,
        Err(reason) => {
            eprintln!("going on without ONNX Runtime, so that the bundles run networks more slowly: {reason:#}");
            Default::default()
        }
    };
    licences.extend(["LICENSE-MIT", "LICENSE-APACHE"].map(|name| (name.to_owned(), workspace::root().join(name))));
    let folder = library.parent().and_then(Path::parent).context("cargo's target folder has a parent")?.join("bundled");
    let parts = Parts { library, standalone, models: workspace::root().join(SET), onnx_runtime, licences };
    Ok(Made { bundles: bundles::write(&parts, &folder)?, folder })
}

/// The library and, where it can be built, the standalone program, both where cargo says it put them.
fn build(is_release: bool, has_headers: bool) -> Result<(PathBuf, Option<PathBuf>)> {
    let mut command = cargo();
    command.args(["build", "--package", PLUGIN, "--lib"]);
    if is_release {
        command.arg("--release");
    }
    if has_headers {
        command.args(["--bin", STANDALONE, "--features", "standalone"]);
    }
    let messages = programs::messages(&mut command)?;
    let library = programs::shared_library(&messages, PLUGIN).context("cargo built no plugin")?;
    let standalone = match has_headers {
        true => Some(programs::executable(&messages, STANDALONE).context("cargo built no standalone program")?),
        false => None,
    };
    Ok((library, standalone))
}

/// ONNX Runtime's libraries and the licences that go with them.
fn runtime_with_licences() -> Result<(Vec<PathBuf>, Licences)> {
    let library = onnx_runtime::ensure_library()?;
    let licences = onnx_runtime::ensure_licences(&library)?;
    Ok((onnx_runtime::with_providers(&library)?, licences))
}

/// One line on a bundle, the file or folder that one opens first.
fn words(bundle: &Bundle, folder: &Path) -> String {
    let format = match bundle.format {
        Format::Clap => "CLAP",
        Format::Vst3 => "VST3",
        Format::Standalone => "standalone",
    };
    let shown = |item: &PathBuf| workspace::shown(&folder.join(item));
    match bundle.items.as_slice() {
        [beside, file] => format!("{format:<10} {} (with {})", shown(file), beside.display()),
        items => format!("{format:<10} {}", items.iter().map(shown).collect::<Vec<_>>().join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_package_or_flag_is_refused_before_anything_is_built() {
        for wrong in [&["turnaround-engine"][..], &["turnaround", "turnaround"], &["turnaround", "--fast"]] {
            let arguments: Vec<String> = wrong.iter().map(|&text| text.to_owned()).collect();
            assert!(run(&arguments).unwrap_err().to_string().contains(wrong[wrong.len() - 1]), "{wrong:?}");
        }
    }

    #[test]
    fn a_bundle_is_told_by_what_one_opens() {
        let bundle = Bundle { format: Format::Clap, items: vec!["T.clap.d".into(), "T.clap".into()] };
        assert_eq!(words(&bundle, &workspace::root().join("target/bundled")), "CLAP       target/bundled/T.clap (with T.clap.d)");
        let bundle = Bundle { format: Format::Vst3, items: vec!["T.vst3".into()] };
        assert_eq!(words(&bundle, Path::new("/b")), "VST3       /b/T.vst3");
    }
}
