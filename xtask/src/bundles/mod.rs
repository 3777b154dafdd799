//! Bundles: what hosts load, with everything that it needs beside it or in it.
//!
//! ```text
//! Turnaround.clap                                  the plugin, one file
//! Turnaround.clap.d/models/small, lib, licences    what came along
//! Turnaround.vst3/Contents/x86_64-linux            the plugin and ONNX Runtime
//! Turnaround.vst3/Contents/Resources               models/small, licences
//! Turnaround                                       the standalone program, where it was built
//! Turnaround.d/models/small, lib, licences         what came along
//! ```
//!
//! The plugin looks in these places, from where it lies itself (`plugin/src/resources.rs`), so bundles work wherever they are copied, a file
//! together with its `.d` folder.

pub mod copy;
mod replace;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use copy::{copy_file, copy_folder};
pub use replace::replace;

/// The name shown to musicians, and that of every bundle. `bundler.toml` says the same to other bundlers.
pub const NAME: &str = "Turnaround";

/// Licences by the names that they get.
pub type Licences = Vec<(String, PathBuf)>;

/// What bundles are made of. Paths of files, wherever they were built, found or fetched.
#[derive(Clone, Debug)]
pub struct Parts {
    /// The plugin as a shared library, CLAP and VST3 in one.
    pub library: PathBuf,
    /// The standalone program. Without it none is bundled.
    pub standalone: Option<PathBuf>,
    /// The folder of the model set, which keeps its name.
    pub models: PathBuf,
    /// ONNX Runtime and libraries of its own; may be none, since the plugin has a slower runtime within.
    pub onnx_runtime: Vec<PathBuf>,
    /// Ours and those of what is passed on.
    pub licences: Licences,
}

/// What was made of one format: what is to be copied together, files last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// Which.
    pub format: Format,
    /// Its folders and files, each a name in the folder that all bundles were written to. What is needed comes before who needs it.
    pub items: Vec<PathBuf>,
}

/// What a bundle is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Hosts that load CLAP.
    Clap,
    /// Hosts that load VST3.
    Vst3,
    /// Nobody: a program with a window of its own.
    Standalone,
}

/// Writes all bundles into a folder, over older ones, each of which is whole at every moment.
///
/// Fails when a part is missing or a file cannot be written.
pub fn write(parts: &Parts, folder: &Path) -> Result<Vec<Bundle>> {
    ensure!(parts.models.join("manifest.json").is_file(), "{} is no model set: it has no manifest", parts.models.display());
    std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    // All is written beside first, so that no bundle is made of parts that turn out to be missing.
    let work = Work::beside(folder)?;
    let mut bundles = vec![clap(parts, &work.0)?, vst3(parts, &work.0)?];
    if let Some(program) = &parts.standalone {
        bundles.push(standalone(parts, program, &work.0)?);
    }
    for item in bundles.iter().flat_map(|bundle| &bundle.items) {
        replace(&work.0.join(item), &folder.join(item))?;
    }
    if parts.standalone.is_none() {
        // One of an earlier build would not fit the others.
        remove(&folder.join(NAME))?;
        remove(&folder.join(format!("{NAME}.d")))?;
    }
    Ok(bundles)
}

/// Copies a bundle from the folder it was written to into another, over an older copy, which a running host may go on using.
pub fn copy(bundle: &Bundle, from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to).with_context(|| format!("{} cannot be made", to.display()))?;
    for item in &bundle.items {
        replace(&from.join(item), &to.join(item))?;
    }
    Ok(())
}

fn clap(parts: &Parts, folder: &Path) -> Result<Bundle> {
    let name = format!("{NAME}.clap");
    copy_file(&parts.library, &folder.join(&name))?;
    Ok(Bundle { format: Format::Clap, items: vec![beside(parts, folder, &name)?, name.into()] })
}

fn standalone(parts: &Parts, program: &Path, folder: &Path) -> Result<Bundle> {
    copy_file(program, &folder.join(NAME))?;
    Ok(Bundle { format: Format::Standalone, items: vec![beside(parts, folder, NAME)?, NAME.into()] })
}

fn vst3(parts: &Parts, folder: &Path) -> Result<Bundle> {
    let name = format!("{NAME}.vst3");
    let contents = folder.join(&name).join("Contents");
    // The name of this folder is the format's, `x86_64-linux`, and that of the library the bundle's.
    let machine = contents.join(format!("{}-linux", std::env::consts::ARCH));
    copy_file(&parts.library, &machine.join(format!("{NAME}.so")))?;
    libraries(parts, &machine)?;
    resources(parts, &contents.join("Resources"))?;
    Ok(Bundle { format: Format::Vst3, items: vec![name.into()] })
}

/// The folder beside a file, `X.clap.d` for `X.clap`; its name.
fn beside(parts: &Parts, folder: &Path, file: &str) -> Result<PathBuf> {
    let name = format!("{file}.d");
    libraries(parts, &folder.join(&name).join("lib"))?;
    resources(parts, &folder.join(&name))?;
    Ok(name.into())
}

fn libraries(parts: &Parts, folder: &Path) -> Result<()> {
    for library in &parts.onnx_runtime {
        copy_file(library, &folder.join(library.file_name().context("a library has a name")?))?;
    }
    Ok(())
}

fn resources(parts: &Parts, folder: &Path) -> Result<()> {
    let set = parts.models.file_name().context("a model set's folder has a name")?;
    copy_folder(&parts.models, &folder.join("models").join(set))?;
    for (name, file) in &parts.licences {
        copy_file(file, &folder.join("licences").join(name))?;
    }
    Ok(())
}

fn remove(path: &Path) -> Result<()> {
    let removed = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("{} cannot be removed", path.display()))
        }
        _ => Ok(()),
    }
}

/// A folder to work in, gone with all it still holds when it is let go.
struct Work(PathBuf);

impl Work {
    /// In the same folder as what is made, so that a rename moves it.
    fn beside(folder: &Path) -> Result<Self> {
        let work = folder.join(format!(".bundling-{}", std::process::id()));
        remove(&work)?;
        std::fs::create_dir(&work).with_context(|| format!("{} cannot be made", work.display()))?;
        Ok(Work(work))
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        // At worst a hidden folder stays, which the next build of that number removes.
        let _ = remove(&self.0);
    }
}

#[cfg(test)]
mod tests;
