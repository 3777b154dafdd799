//! The workspace as files: its root, its tracked texts, its packages.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The workspace's root.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().expect("this package lies in the workspace").to_path_buf()
}

/// A file's text. A missing file fails the test that asks for it.
pub fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path} cannot be read: {error}"))
}

/// Every file of the repository, tracked or about to be, relative to the root. What is ignored is not among them.
pub fn files() -> Vec<String> {
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("git is installed");
    assert!(listed.status.success(), "git ls-files failed: {}", String::from_utf8_lossy(&listed.stderr));
    let names = String::from_utf8(listed.stdout).expect("file names are text");
    let files: Vec<String> = names.split('\0').filter(|name| root().join(name).is_file()).map(str::to_owned).collect();
    assert!(files.len() > 50, "only {} files are listed", files.len());
    files
}

/// The texts among them.
pub fn texts() -> impl Iterator<Item = (String, String)> {
    files().into_iter().filter_map(|path| {
        let text = String::from_utf8(std::fs::read(root().join(&path)).expect("a listed file can be read")).ok()?;
        Some((path, text))
    })
}

/// Our own sources below a folder, by path.
pub fn sources(folder: &str) -> BTreeMap<String, String> {
    let sources: BTreeMap<_, _> = texts().filter(|(path, _)| path.starts_with(folder) && path.ends_with(".rs")).collect();
    assert!(!sources.is_empty(), "{folder} holds no sources");
    sources
}

/// A package of the workspace.
pub struct Package {
    /// Its folder, relative to the root.
    pub folder: String,
    /// Names of all packages it leans on: to build, to run, and to be tested.
    pub all: Vec<String>,
    /// Names of those that what ships leans on.
    pub shipped: Vec<String>,
}

/// Every package of the workspace, by name, as cargo understands the manifests.
pub fn packages() -> BTreeMap<String, Package> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let told = Command::new(cargo)
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(told.status.success(), "cargo metadata failed: {}", String::from_utf8_lossy(&told.stderr));
    let told: Value = serde_json::from_slice(&told.stdout).expect("cargo metadata is JSON");
    let text = |value: &Value| value.as_str().expect("cargo metadata has this text").to_owned();
    let package = |package: &Value| {
        let dependencies = package["dependencies"].as_array().expect("every package lists its dependencies");
        let names = |shipped: bool| {
            let chosen = dependencies.iter().filter(|dependency| !shipped || dependency["kind"] != "dev");
            chosen.map(|dependency| text(&dependency["name"])).collect()
        };
        let manifest = PathBuf::from(text(&package["manifest_path"]));
        let folder = manifest.parent().and_then(Path::file_name).expect("a manifest lies in a folder");
        let folder = folder.to_string_lossy().into_owned();
        (text(&package["name"]), Package { folder, all: names(false), shipped: names(true) })
    };
    told["packages"].as_array().expect("cargo metadata lists packages").iter().map(package).collect()
}
