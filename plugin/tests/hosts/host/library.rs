//! The library under test: the very file that hosts load, built by cargo beside this test.

use std::path::{Path, PathBuf};

/// The plugin's library. It lies where cargo puts what a test depends on, in the folder of the test itself.
///
/// # Panics
/// If it is not there: then nothing that follows would test anything.
pub fn plugin_file() -> PathBuf {
    let test = std::env::current_exe().expect("a running program has a path");
    let file = test.parent().unwrap_or(Path::new(".")).join(libloading::library_filename("turnaround"));
    assert!(file.is_file(), "{} is missing; cargo builds it with this test from the package's cdylib", file.display());
    file
}
