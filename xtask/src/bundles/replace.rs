//! Puts a file or folder in another's place while programs may be using that.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::copy::{copy_file, copy_folder};
use super::remove;

/// Copies `from` to `to`, over whatever is there.
///
/// The copy is made beside its place under a hidden name and then renamed. A file is replaced in one step. Of a folder, the old one is
/// moved away first, so its name is missing for the moment between two renames, and never leads to half a copy. A program that has opened
/// something old keeps it: files are let go, not written over. Fails when something cannot be written; what was there then is there again.
pub fn replace(from: &Path, to: &Path) -> Result<()> {
    let (new, old) = (hidden(to, "new")?, hidden(to, "old")?);
    remove(&new)?;
    remove(&old)?;
    let copied = if from.is_dir() { copy_folder(from, &new) } else { copy_file(from, &new) };
    let replaced = copied.and_then(|()| take_place(&new, to, &old));
    if replaced.is_err() {
        // The error that counts is the first.
        let _ = remove(&new);
    }
    replaced?;
    remove(&old)
}

fn take_place(new: &Path, to: &Path, old: &Path) -> Result<()> {
    let words = || format!("{} cannot be replaced", to.display());
    // A link is replaced itself, not what it leads to.
    let is_folder = fs::symlink_metadata(to).is_ok_and(|there| there.is_dir());
    if !is_folder && !new.is_dir() {
        return fs::rename(new, to).with_context(words);
    }
    let was_there = fs::symlink_metadata(to).is_ok();
    if was_there {
        fs::rename(to, old).with_context(words)?;
    }
    let renamed = fs::rename(new, to);
    if renamed.is_err() && was_there {
        fs::rename(old, to).with_context(words)?;
    }
    renamed.with_context(words)
}

fn hidden(path: &Path, what: &str) -> Result<PathBuf> {
    let name = path.file_name().with_context(|| format!("{} has no name", path.display()))?.to_string_lossy();
    Ok(path.with_file_name(format!(".{name}.{what}-{}", std::process::id())))
}
