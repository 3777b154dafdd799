//! Where an ONNX Runtime library may lie.

use std::path::{Path, PathBuf};

/// A place that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The place in words, for instance `beside the program`.
    pub place: String,
    /// The library, as an absolute path, or why there is none.
    pub library: Result<PathBuf, String>,
}

/// Every place, in the order of trust: what was shipped with us, what our set-up fetched, what the user names, what the system has.
///
/// `beside` holds folders to look in first: a plugin names its own bundle there. The running program is then its host, so what lies
/// beside that is not ours and not looked at.
pub fn candidates(beside: &[PathBuf]) -> Vec<Candidate> {
    let mut found: Vec<Candidate> =
        beside.iter().map(|folder| first_in(&format!("in {}", folder.display()), std::slice::from_ref(folder))).collect();
    if beside.is_empty() {
        let folder = program_folder();
        let folders = folder.iter().flat_map(|folder| [folder.clone(), folder.join("onnxruntime"), folder.join("lib")]);
        found.push(first_in("beside the program", &folders.collect::<Vec<_>>()));
    }
    found.push(match user_cache() {
        Some(folder) => first_in("in the user's cache", &[folder]),
        None => Candidate { place: "in the user's cache".into(), library: Err("no home folder is known".into()) },
    });
    found.push(named_by_variable());
    found.push(first_in("in the system", &system_folders()));
    found
}

/// The folder our set-up puts ONNX Runtime in: `onnxruntime` in [`user_folder`].
pub fn user_cache() -> Option<PathBuf> {
    user_folder().map(|folder| folder.join("onnxruntime"))
}

/// The folder for what is the user's and outlives every version of ours: `~/.local/share/turnaround` on Linux.
pub fn user_folder() -> Option<PathBuf> {
    data_folder().map(|folder| folder.join("turnaround"))
}

fn data_folder() -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    if cfg!(target_os = "windows") {
        return variable("LOCALAPPDATA");
    }
    if cfg!(target_os = "macos") {
        return variable("HOME").map(|home| home.join("Library/Application Support"));
    }
    variable("XDG_DATA_HOME").or_else(|| variable("HOME").map(|home| home.join(".local/share")))
}

fn program_folder() -> Option<PathBuf> {
    std::env::current_exe().ok()?.parent().map(Path::to_path_buf)
}

fn named_by_variable() -> Candidate {
    let library = match std::env::var_os("ORT_DYLIB_PATH").filter(|value| !value.is_empty()).map(PathBuf::from) {
        None => Err("it is not set".to_owned()),
        // A relative path would be looked up beside the running program, which inside a host is not ours.
        Some(path) if !path.is_absolute() => Err(format!("{} is not an absolute path", path.display())),
        Some(path) if !path.is_file() => Err(format!("{} does not exist", path.display())),
        Some(path) => Ok(path),
    };
    Candidate { place: "named by ORT_DYLIB_PATH".into(), library }
}

fn system_folders() -> Vec<PathBuf> {
    let folders: &[&str] = if cfg!(target_os = "macos") {
        &["/opt/homebrew/lib", "/usr/local/lib"]
    } else if cfg!(target_os = "windows") {
        &["C:\\Windows\\System32"]
    } else if cfg!(target_arch = "aarch64") {
        &["/usr/local/lib", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"]
    } else {
        &["/usr/local/lib", "/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib"]
    };
    folders.iter().map(PathBuf::from).collect()
}

fn first_in(place: &str, folders: &[PathBuf]) -> Candidate {
    let library = folders.iter().find_map(|folder| library_in(folder)).ok_or_else(|| "no library lies there".to_owned());
    Candidate { place: place.to_owned(), library }
}

/// The library with the highest version in its name.
fn library_in(folder: &Path) -> Option<PathBuf> {
    let mut names: Vec<PathBuf> = std::fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.file_name().and_then(|name| name.to_str()).is_some_and(is_library) && path.is_file())
        .collect();
    names.sort();
    names.pop()
}

fn is_library(name: &str) -> bool {
    if cfg!(target_os = "windows") {
        name.eq_ignore_ascii_case("onnxruntime.dll")
    } else if cfg!(target_os = "macos") {
        name.starts_with("libonnxruntime.") && name.ends_with(".dylib")
    } else {
        name.starts_with("libonnxruntime.so")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_places_come_in_order_of_trust() {
        let places: Vec<String> = candidates(&[]).into_iter().map(|candidate| candidate.place).collect();
        assert_eq!(places, ["beside the program", "in the user's cache", "named by ORT_DYLIB_PATH", "in the system"]);
    }

    #[test]
    fn a_library_beside_the_plugin_is_found_first() {
        let folder = tempfile::tempdir().unwrap();
        let name = if cfg!(target_os = "windows") {
            "onnxruntime.dll"
        } else if cfg!(target_os = "macos") {
            "libonnxruntime.1.dylib"
        } else {
            "libonnxruntime.so.1"
        };
        std::fs::write(folder.path().join(name), b"not a library").unwrap();
        let all = candidates(&[folder.path().to_path_buf()]);
        assert_eq!(all[0].library, Ok(folder.path().join(name)));
        let places: Vec<&str> = all[1..].iter().map(|candidate| &*candidate.place).collect();
        assert_eq!(
            places,
            ["in the user's cache", "named by ORT_DYLIB_PATH", "in the system"],
            "beside the host lies nothing of ours"
        );
    }
}
