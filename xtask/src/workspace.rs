//! Where things lie in this workspace.

use std::path::{Path, PathBuf};

/// The top folder, which holds this crate's own.
pub fn root() -> PathBuf {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    crate_folder.parent().unwrap_or(crate_folder).to_path_buf()
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
    fn paths_inside_are_shown_without_the_top_folder() {
        assert_eq!(shown(&root().join("demo/index.html")), "demo/index.html");
        assert_eq!(shown(Path::new("/elsewhere/a.wav")), "/elsewhere/a.wav");
    }
}
