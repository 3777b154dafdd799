//! Where what came along with this library lies: the model set and ONNX Runtime.
//!
//! In a host's process the program is the host, so everything starts from the file that holds this very code. A bundle may be copied
//! anywhere, whole; nothing in it names an absolute path.
//!
//! **Thread.** Any but the audio thread: it reads folders.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use turnaround_engine::model_set::{self, SHIPPED, workspace_set};
use turnaround_engine::runtime::{Options, user_folder};

/// The model set's folder: named by `TURNAROUND_MODELS`, else the first of [`Places::sets`] that holds one.
///
/// # Errors
/// Words, with every place that was tried, when none is found.
pub fn model_set() -> Result<PathBuf, String> {
    model_set::find_in(&here().sets).map_err(|error| error.to_string())
}

/// How to open the runtime: with the library that came along where there is one.
pub fn runtime_options() -> Options {
    Options { beside: here().libraries.clone(), ..Options::default() }
}

/// Folders that may hold what came along, nearest first. None of them has to exist.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// Model sets.
    pub sets: Vec<PathBuf>,
    /// ONNX Runtime's library.
    pub libraries: Vec<PathBuf>,
}

impl Places {
    /// The places that belong to a file of ours, under each name by which it is known: `[real path, path as opened]`, all absolute. A link
    /// into a bundle elsewhere is served by that bundle; a file linked to from a bundle by the bundle it is linked from.
    ///
    /// | file | model set | ONNX Runtime |
    /// |---|---|---|
    /// | `X.vst3/Contents/x86_64-linux/X.so` | `X.vst3/Contents/Resources/models/small` | `X.vst3/Contents/x86_64-linux` |
    /// | any other file `F`, as `X.clap` or the standalone program | `F.d/models/small` | `F.d/lib` |
    ///
    /// After them the user's folder, `models/small` in it, and last the workspace's own set where the file lies in one.
    pub fn of(file: &[PathBuf], user: Option<&Path>) -> Self {
        let mut places = Places::default();
        for path in file {
            let Some(folder) = path.parent() else { continue };
            let (resources, library) = match folder.parent().filter(|contents| contents.ends_with("Contents")) {
                Some(contents) => (contents.join("Resources"), folder.to_path_buf()),
                None => (beside(path), beside(path).join("lib")),
            };
            add(&mut places.sets, shipped_in(&resources));
            add(&mut places.libraries, library);
        }
        if let Some(folder) = user {
            add(&mut places.sets, shipped_in(folder));
        }
        for set in file.iter().filter_map(|path| workspace_set(path)) {
            add(&mut places.sets, set);
        }
        places
    }
}

fn shipped_in(folder: &Path) -> PathBuf {
    folder.join("models").join(SHIPPED)
}

/// `X.clap.d` for `X.clap`.
fn beside(file: &Path) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".d");
    file.with_file_name(name)
}

fn add(folders: &mut Vec<PathBuf>, folder: PathBuf) {
    if !folders.contains(&folder) {
        folders.push(folder);
    }
}

/// Settles where everything lies, with the first instance: the path that the host opened may be relative to a folder that it leaves later.
pub fn settle() {
    here();
}

/// The places of this library.
fn here() -> &'static Places {
    static HERE: OnceLock<Places> = OnceLock::new();
    HERE.get_or_init(|| {
        let file = opened_as().or_else(|| std::env::current_exe().ok());
        Places::of(&file.map_or(Vec::new(), |file| names_of(&file)), user_folder().as_deref())
    })
}

/// The real path of a file and, where that is another, the absolute path it was opened by.
fn names_of(file: &Path) -> Vec<PathBuf> {
    let mut names = Vec::new();
    for name in [file.canonicalize(), std::path::absolute(file)].into_iter().flatten() {
        add(&mut names, name);
    }
    names
}

/// The path that this code was loaded from, as the host or the shell spelled it. Nothing when the system cannot tell; a program started
/// through the search path is told by its bare name, which says nothing either.
#[cfg(unix)]
fn opened_as() -> Option<PathBuf> {
    use std::ffi::{CStr, OsStr};
    use std::os::unix::ffi::OsStrExt;

    let ours = opened_as as fn() -> Option<PathBuf>;
    let mut found = libc::Dl_info {
        dli_fname: std::ptr::null(),
        dli_fbase: std::ptr::null_mut(),
        dli_sname: std::ptr::null(),
        dli_saddr: std::ptr::null_mut(),
    };
    // SAFETY: `dladdr` only compares the address with those of loaded files and fills in the structure, which is ours and whole. A file
    // name it gives ends in zero and belongs to the loaded file, which stays while code of it, this call, is running; it is copied here.
    let name = unsafe {
        if libc::dladdr(ours as *const libc::c_void, &raw mut found) == 0 || found.dli_fname.is_null() {
            return None;
        }
        CStr::from_ptr(found.dli_fname).to_owned()
    };
    let path = PathBuf::from(OsStr::from_bytes(name.to_bytes()));
    (path.components().count() > 1 && path.is_file()).then_some(path)
}

#[cfg(not(unix))]
fn opened_as() -> Option<PathBuf> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Makes an empty file with all folders on the way.
    fn file(top: &Path, path: &str) -> PathBuf {
        let file = top.join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, "").unwrap();
        file
    }

    /// A folder to work in, by its real name.
    fn top() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let real = folder.path().canonicalize().unwrap();
        (folder, real)
    }

    /// Places of a file as the running library would find them, without a user's folder.
    fn found(file: &Path) -> Places {
        Places::of(&names_of(file), None)
    }

    #[test]
    fn each_format_has_its_folders() {
        let (_guard, top) = top();
        for (path, set, library) in [
            ("T.vst3/Contents/x86_64-linux/T.so", "T.vst3/Contents/Resources/models/small", "T.vst3/Contents/x86_64-linux"),
            ("T.vst3/Contents/aarch64-linux/T.so", "T.vst3/Contents/Resources/models/small", "T.vst3/Contents/aarch64-linux"),
            ("clap/T.clap", "clap/T.clap.d/models/small", "clap/T.clap.d/lib"),
            ("bin/T", "bin/T.d/models/small", "bin/T.d/lib"),
        ] {
            let places = found(&file(&top, path));
            assert_eq!(places.sets, [top.join(set)], "{path}");
            assert_eq!(places.libraries, [top.join(library)], "{path}");
        }
    }

    #[test]
    fn the_bundle_comes_before_the_users_folder_and_that_before_the_workspace() {
        let (_guard, top) = top();
        for folder in ["models", "engine"] {
            std::fs::create_dir(top.join(folder)).unwrap();
        }
        file(&top, "Cargo.toml");
        let library = file(&top, "target/release/libturnaround.so");
        let places = Places::of(&names_of(&library), Some(Path::new("/anna/share/turnaround")));
        let sets = [
            top.join("target/release/libturnaround.so.d/models/small"),
            PathBuf::from("/anna/share/turnaround/models/small"),
            top.join("models/small"),
        ];
        assert_eq!(places.sets, sets);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_followed_and_both_of_its_ends_are_looked_at() {
        let (_guard, top) = top();
        let real = file(&top, "built/T.clap");
        std::fs::create_dir(top.join("home")).unwrap();
        let link = top.join("home/T.clap");
        std::os::unix::fs::symlink(&real, &link).unwrap();
        let places = found(&link);
        assert_eq!(places.sets, [top.join("built/T.clap.d/models/small"), top.join("home/T.clap.d/models/small")]);
        assert_eq!(places.libraries, [top.join("built/T.clap.d/lib"), top.join("home/T.clap.d/lib")]);

        // A whole bundle that is a link.
        let real = file(&top, "built/T.vst3/Contents/x86_64-linux/T.so");
        std::os::unix::fs::symlink(top.join("built/T.vst3"), top.join("home/T.vst3")).unwrap();
        let places = found(&top.join("home/T.vst3/Contents/x86_64-linux/T.so"));
        assert_eq!(places.sets[0], top.join("built/T.vst3/Contents/Resources/models/small"));
        assert_eq!(Some(&*places.libraries[0]), real.parent());
    }

    #[test]
    fn a_relative_path_gives_absolute_places() {
        // Tests share the process's folder, so the path leads from there to a file that exists: this one.
        let places = found(Path::new("src/resources.rs"));
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).canonicalize().unwrap();
        assert_eq!(places.sets[0], here.join("src/resources.rs.d/models/small"));
        assert!(places.libraries.iter().all(|folder| folder.is_absolute()));
    }

    #[test]
    fn this_library_knows_the_file_it_was_loaded_from() {
        let own = std::env::current_exe().unwrap().canonicalize().unwrap();
        assert_eq!(opened_as().unwrap().canonicalize().unwrap(), own, "in tests that is the test program");
    }

    #[test]
    fn tests_find_the_set_of_their_workspace() {
        let set = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("models").join(SHIPPED);
        assert!(here().sets.contains(&set), "{:?}", here().sets);
        assert_eq!(runtime_options().beside, here().libraries);
    }
}
