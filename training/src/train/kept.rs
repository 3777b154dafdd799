//! What a run measures once and keeps, so that later calls, on another corpus too, find what its networks were trained with.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// What the file holds, if it is there.
///
/// # Errors
/// When the file is damaged.
pub fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    let Ok(text) = fs::read_to_string(path) else { return Ok(None) };
    let found = serde_json::from_str(&text).with_context(|| format!("{} is damaged: delete it", path.display()))?;
    Ok(Some(found))
}

/// What the file holds, or else what `measure` finds, which is written there.
///
/// # Errors
/// When the file is damaged or cannot be written.
pub fn once<T: Serialize + DeserializeOwned>(path: &Path, measure: impl FnOnce() -> T) -> Result<T> {
    if let Some(found) = read(path)? {
        return Ok(found);
    }
    let measured = measure();
    fs::write(path, serde_json::to_string(&measured)?).with_context(|| format!("writing {}", path.display()))?;
    Ok(measured)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_measured_once_is_not_measured_again() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("kept.json");
        assert_eq!(once(&path, || vec![1.5_f32]).expect("it is written"), [1.5]);
        assert_eq!(once(&path, || vec![2.5_f32]).expect("it is read"), [1.5]);
        fs::write(&path, "[1.5").expect("the folder is ours");
        assert!(once(&path, || vec![2.5_f32]).expect_err("it is cut").to_string().contains("delete it"));
    }
}
