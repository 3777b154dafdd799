//! Copies of files and folders, with the folders on the way.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

/// Copies one file, following links, with its permissions.
pub fn copy_file(from: &Path, to: &Path) -> Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    }
    fs::copy(from, to).with_context(|| format!("{} cannot be copied to {}", from.display(), to.display()))?;
    Ok(())
}

/// Copies a folder with all it holds, except hidden files. Fails when it holds nothing.
pub fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    let entries = fs::read_dir(from).with_context(|| format!("{} cannot be read", from.display()))?;
    let mut count = 0;
    for entry in entries {
        let entry = entry.with_context(|| format!("{} cannot be read", from.display()))?;
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy_folder(&from, &to)?
        } else {
            copy_file(&from, &to)?
        }
        count += 1;
    }
    ensure!(count > 0, "{} is empty", from.display());
    Ok(())
}
