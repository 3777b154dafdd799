//! Where a model set, or a beat tracker, is looked for when none is named.

use std::fmt;
use std::path::{Path, PathBuf};

use turnaround_core::contract::MANIFEST_FILE;

use super::ModelSetError;

/// The set that ships: the name of its folder.
pub const SHIPPED: &str = "small";

/// The beat tracker that ships: the name of its folder, beside the set's.
pub const TRACKER: &str = "beats";

/// A place that may hold a set or a tracker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Why this place, for instance `beside the program`.
    pub reason: String,
    /// The folder.
    pub folder: PathBuf,
    /// Whether a manifest lies there.
    pub holds_set: bool,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.reason, self.folder.display())
    }
}

/// Every place a program looks in, in order: the folder named; else the variable `TURNAROUND_MODELS`, beside the program, and the `models`
/// folder of a workspace that the program or the current folder lies in.
pub fn places(named: Option<&Path>) -> Vec<Place> {
    places_of(SHIPPED, "TURNAROUND_MODELS", named)
}

/// The same for a beat tracker, whose variable is `TURNAROUND_TRACKER`.
pub fn tracker_places(named: Option<&Path>) -> Vec<Place> {
    places_of(TRACKER, "TURNAROUND_TRACKER", named)
}

fn places_of(shipped: &str, variable: &str, named: Option<&Path>) -> Vec<Place> {
    if let Some(folder) = named {
        return vec![place("named", folder.to_path_buf())];
    }
    let mut places: Vec<Place> = named_by(variable).into_iter().collect();
    let program = std::env::current_exe().ok();
    if let Some(folder) = program.as_deref().and_then(Path::parent) {
        places.push(place("beside the program", folder.join("models").join(shipped)));
    }
    let starts = [program, std::env::current_dir().ok()];
    for models in starts.into_iter().flatten().filter_map(|start| workspace_models(&start)) {
        let found = place("in the workspace", models.join(shipped));
        if !places.contains(&found) {
            places.push(found);
        }
    }
    places
}

/// Every place a library looks in, in order: the variable `TURNAROUND_MODELS`, then the folders given, and no other. A library in somebody
/// else's process knows where it lies itself; beside the program lies what belongs to its host.
pub fn places_in(folders: &[PathBuf]) -> Vec<Place> {
    let given = folders.iter().map(|folder| place("given", folder.clone()));
    named_by("TURNAROUND_MODELS").into_iter().chain(given).collect()
}

/// The first place of [`places`] that holds a set.
///
/// # Errors
/// [`ModelSetError::NotFound`] with every place that was tried.
pub fn find(named: Option<&Path>) -> Result<PathBuf, ModelSetError> {
    first(&places(named))
}

/// The first place of [`places_in`] that holds a set.
///
/// # Errors
/// [`ModelSetError::NotFound`] with every place that was tried.
pub fn find_in(folders: &[PathBuf]) -> Result<PathBuf, ModelSetError> {
    first(&places_in(folders))
}

/// The folder of the set that ships, in the workspace of ours that a path lies in, whether the set is there or not.
pub fn workspace_set(path: &Path) -> Option<PathBuf> {
    Some(workspace_models(path)?.join(SHIPPED))
}

fn workspace_models(path: &Path) -> Option<PathBuf> {
    let workspace = path.ancestors().find(|folder| is_workspace(folder))?;
    Some(workspace.join("models"))
}

fn first(places: &[Place]) -> Result<PathBuf, ModelSetError> {
    if let Some(place) = places.iter().find(|place| place.holds_set) {
        return Ok(place.folder.clone());
    }
    let tried: Vec<String> = places.iter().map(Place::to_string).collect();
    Err(ModelSetError::NotFound(tried.join(", ")))
}

fn named_by(variable: &str) -> Option<Place> {
    let folder = std::env::var_os(variable).filter(|value| !value.is_empty())?;
    Some(place(&format!("named by {variable}"), PathBuf::from(folder)))
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

    #[test]
    fn of_folders_given_the_first_that_holds_a_set_is_taken() {
        let top = tempfile::tempdir().unwrap();
        let folders = ["none", "empty", "first", "second"].map(|name| top.path().join(name));
        for folder in &folders[1..] {
            std::fs::create_dir(folder).unwrap();
        }
        for folder in &folders[2..] {
            std::fs::write(folder.join(MANIFEST_FILE), "{}").unwrap();
        }
        let given: Vec<Place> = places_in(&folders).into_iter().filter(|place| place.reason == "given").collect();
        assert_eq!(given.iter().map(|place| &place.folder).collect::<Vec<_>>(), folders.iter().collect::<Vec<_>>());
        assert_eq!(first(&given).unwrap(), folders[2]);
        let refused = first(&given[..2]).unwrap_err().to_string();
        assert!(refused.contains(&*folders[0].to_string_lossy()) && refused.contains("TURNAROUND_MODELS"), "{refused}");
    }

    #[test]
    fn the_set_of_the_workspace_is_found_from_anywhere_inside_it() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        for inside in ["target/debug/deps/library.so", "engine", ""] {
            assert_eq!(workspace_set(&root.join(inside)), Some(root.join("models/small")), "{inside}");
        }
        assert_eq!(workspace_set(Path::new("/")), None);
    }
}
