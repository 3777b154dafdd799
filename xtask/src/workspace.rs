//! Where things lie in this workspace.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The top folder, which holds this crate's own.
pub fn root() -> PathBuf {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    crate_folder.parent().unwrap_or(crate_folder).to_path_buf()
}

/// A folder that the user may name, from where they stand; else one of ours. Fails when the current folder is gone.
pub fn folder(named: Option<String>, ours: impl AsRef<Path>) -> Result<PathBuf> {
    match named {
        Some(named) => std::path::absolute(&named).with_context(|| format!("{named} cannot be made absolute")),
        None => Ok(root().join(ours)),
    }
}

/// A path as the user reads it: relative to the top folder where it lies there.
pub fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_top_folder_holds_the_workspace() {
        let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
        assert!(manifest.contains("[workspace]"));
    }

    #[test]
    fn a_named_folder_is_seen_from_where_the_user_stands() {
        assert_eq!(folder(Some("x/y".into()), "demo").unwrap(), std::env::current_dir().unwrap().join("x/y"));
        assert_eq!(folder(None, "demo").unwrap(), root().join("demo"));
    }

    #[test]
    fn paths_inside_are_shown_without_the_top_folder() {
        assert_eq!(shown(&root().join("demo/index.html")), "demo/index.html");
        assert_eq!(shown(Path::new("/elsewhere/a.wav")), "/elsewhere/a.wav");
    }
}
