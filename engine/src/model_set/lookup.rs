//! Where a model set is looked for when none is named.

use std::path::{Path, PathBuf};

use turnaround_core::contract::MANIFEST_FILE;

use super::ModelSetError;

/// The set that ships.
const SHIPPED: &str = "small";

/// A place that may hold a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Why this place, for instance `beside the program`.
    pub reason: String,
    /// The folder.
    pub folder: PathBuf,
    /// Whether a manifest lies there.
    pub holds_set: bool,
}

/// Every place, in order: the folder named; else the variable `TURNAROUND_MODELS`, beside the program, and the `models` folder of a
/// workspace that the program or the current folder lies in.
pub fn places(named: Option<&Path>) -> Vec<Place> {
    if let Some(folder) = named {
        return vec![place("named", folder.to_path_buf())];
    }
    let mut places = Vec::new();
    if let Some(folder) = std::env::var_os("TURNAROUND_MODELS").filter(|value| !value.is_empty()) {
        places.push(place("named by TURNAROUND_MODELS", PathBuf::from(folder)));
    }
    let program = std::env::current_exe().ok();
    if let Some(folder) = program.as_deref().and_then(Path::parent) {
        places.push(place("beside the program", folder.join("models").join(SHIPPED)));
    }
    let starts = [program, std::env::current_dir().ok()];
    for start in starts.into_iter().flatten() {
        if let Some(workspace) = start.ancestors().find(|folder| is_workspace(folder)) {
            let found = place("in the workspace", workspace.join("models").join(SHIPPED));
            if !places.contains(&found) {
                places.push(found);
            }
        }
    }
    places
}

/// The first place that holds a set.
///
/// # Errors
/// [`ModelSetError::NotFound`] with every place that was tried.
pub fn find(named: Option<&Path>) -> Result<PathBuf, ModelSetError> {
    let places = places(named);
    if let Some(place) = places.iter().find(|place| place.holds_set) {
        return Ok(place.folder.clone());
    }
    let tried = places.iter().map(|place| format!("{}: {}", place.reason, place.folder.display()));
    Err(ModelSetError::NotFound(tried.collect::<Vec<_>>().join(", ")))
}

fn place(reason: &str, folder: PathBuf) -> Place {
    let holds_set = folder.join(MANIFEST_FILE).is_file();
    Place { reason: reason.to_owned(), folder, holds_set }
}

/// Only our own workspace counts: any folder may be called `models`.
fn is_workspace(folder: &Path) -> bool {
    folder.join("models").is_dir() && folder.join("Cargo.toml").is_file() && folder.join("engine").is_dir()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_folder_is_the_only_place() {
        let places = places(Some(Path::new("nowhere")));
        assert_eq!(places.len(), 1);
        assert!(!places[0].holds_set);
        assert!(find(Some(Path::new("nowhere"))).unwrap_err().to_string().contains("nowhere"));
    }
}
