//! ONNX Runtime, fetched once into the folder of the user's that the engine looks in.
//!
//! It comes as the Python package of that name, of which the library and its licences are kept. Version and hash are pinned; no Python
//! code of it is run.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use sha2::{Digest, Sha256};

use super::packages;
use xtask::bundles::Licences;
use xtask::process::{run, succeeds};

/// One library file of one release, for one kind of machine.
#[derive(Clone, Copy, Debug)]
struct Pin {
    /// As Rust calls it.
    machine: &'static str,
    /// As Python's packages call it.
    platform: &'static str,
    /// SHA-256 of [`FILE`].
    sha256: &'static str,
}

const VERSION: &str = "1.31.1";

/// The one file we keep, as it is called inside the package.
const FILE: &str = "libonnxruntime.so.1.31.1";

/// The package's licence and those of what it is built from: inside the package, beside our library, and how a bundle calls it.
const LICENCES: [(&str, &str); 2] =
    [("onnxruntime/LICENSE", "ONNX-RUNTIME-LICENSE.txt"), ("onnxruntime/ThirdPartyNotices.txt", "ONNX-RUNTIME-THIRD-PARTY.txt")];

const PINS: [Pin; 2] = [
    Pin {
        machine: "x86_64",
        platform: "manylinux_2_28_x86_64",
        sha256: "fc44112fbe06d7d689c57e11d3862031f64711007e4ee020f8eed5185fd2c1d3",
    },
    Pin {
        machine: "aarch64",
        platform: "manylinux_2_28_aarch64",
        sha256: "8aa3b76b28c778a2b1dd660d34161adb1d508c9ccd04ff9dc80e26eca5df8467",
    },
];

/// Where a library now lies: the one that `ORT_DYLIB_PATH` names, the one fetched before, or one fetched now.
///
/// Fails on other systems than Linux, and where neither Python's pip nor the network can be had.
pub fn ensure_library() -> Result<PathBuf> {
    if let Some(named) = named() {
        return Ok(named);
    }
    let pin = pin_here()?;
    let cache = cache().context("no home folder is known")?;
    let library = cache.join(FILE);
    if is_genuine(&library, pin) {
        return Ok(library);
    }
    eprintln!("fetching ONNX Runtime {VERSION} into {}", cache.display());
    fetch(pin, &cache)?;
    Ok(library)
}

/// The licences that go with a library, by the names they get in a bundle.
///
/// Of the library that we fetch they lie beside it, and are fetched where they do not. Of a library of the user's own they are looked for
/// where releases keep them, beside the library and one folder up; one that is not there is told in a sentence. Fails when fetching does.
pub fn ensure_licences(library: &Path) -> Result<Licences> {
    if let Some(cache) = cache().filter(|cache| library == cache.join(FILE)) {
        if LICENCES.iter().any(|(_, name)| !cache.join(name).is_file()) {
            eprintln!("fetching the licences of ONNX Runtime {VERSION} into {}", cache.display());
            fetch(pin_here()?, &cache)?;
        }
        return Ok(LICENCES.map(|(_, name)| (name.to_owned(), cache.join(name))).to_vec());
    }
    let found = licences_of_release(library);
    if found.is_empty() {
        eprintln!("no licence lies with {}: add its own before you pass the bundles on", library.display());
    }
    Ok(found)
}

/// Licences as releases are unpacked: `LICENSE` beside `lib`, or beside the library itself.
fn licences_of_release(library: &Path) -> Licences {
    let folders: Vec<&Path> = library.ancestors().skip(1).take(2).collect();
    let find = |inside: &str| {
        let file = Path::new(inside).file_name()?;
        folders.iter().map(|folder| folder.join(file)).find(|path| path.is_file())
    };
    LICENCES.iter().filter_map(|(inside, name)| Some(((*name).to_owned(), find(inside)?))).collect()
}

/// A library, by the real name that says its version, and those of its providers that lie beside it.
pub fn with_providers(library: &Path) -> Result<Vec<PathBuf>> {
    let library = library.canonicalize().with_context(|| format!("{} is not there", library.display()))?;
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    ensure!(
        name(&library).starts_with("libonnxruntime.so"),
        "{} has another name than the plugin looks for, libonnxruntime.so and perhaps a version",
        library.display()
    );
    let folder = library.parent().context("a file lies in a folder")?;
    let beside = fs::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.path()));
    let mut providers: Vec<PathBuf> = beside.filter(|path| name(path).starts_with("libonnxruntime_providers_")).collect();
    providers.sort();
    Ok(std::iter::once(library).chain(providers).collect())
}

/// The variable that names a library of the user's own.
fn named() -> Option<PathBuf> {
    std::env::var_os("ORT_DYLIB_PATH").map(PathBuf::from).filter(|path| path.is_absolute() && path.is_file())
}

fn pin_here() -> Result<Pin> {
    ensure!(cfg!(target_os = "linux"), "it is fetched on Linux only; name a library of your own in ORT_DYLIB_PATH");
    let machine = std::env::consts::ARCH;
    PINS.into_iter().find(|pin| pin.machine == machine).with_context(|| format!("there is none to fetch for {machine}"))
}

/// The same folder as `turnaround_engine::runtime::locate::user_cache` on Linux.
fn cache() -> Option<PathBuf> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let data = absolute("XDG_DATA_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/share")))?;
    Some(data.join("turnaround/onnxruntime"))
}

fn is_genuine(library: &Path, pin: Pin) -> bool {
    fs::read(library).is_ok_and(|content| sha256(&content) == pin.sha256)
}

/// In lower-case hexadecimal digits.
fn sha256(content: &[u8]) -> String {
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Works in a folder beside the final place, so that the last step is a rename and no half file is ever found.
fn fetch(pin: Pin, cache: &Path) -> Result<()> {
    let work = cache.join(format!("fetching-{}", std::process::id()));
    fs::create_dir_all(&work).with_context(|| format!("{} cannot be made", work.display()))?;
    let fetched = fetch_in(pin, &work, cache);
    fs::remove_dir_all(&work).with_context(|| format!("{} cannot be removed", work.display()))?;
    fetched
}

fn fetch_in(pin: Pin, work: &Path, cache: &Path) -> Result<()> {
    let python = python_with_pip()?;
    run(Command::new(python).args(["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]).args([
        "--implementation",
        "cp",
        "--python-version",
        "3.12",
        "--abi",
        "cp312",
        "--platform",
        pin.platform,
        "--dest",
        &work.display().to_string(),
        &format!("onnxruntime=={VERSION}"),
    ]))?;
    run(Command::new(python).args(["-m", "zipfile", "-e"]).arg(wheel_in(work)?).arg(work))?;
    let unpacked = work.join("onnxruntime/capi").join(FILE);
    ensure!(is_genuine(&unpacked, pin), "{FILE} is not the file it should be: its SHA-256 is not {}", pin.sha256);
    // The library last: where it is, all is.
    let licences = LICENCES.iter().map(|(inside, name)| (work.join(inside), cache.join(name)));
    for (from, to) in licences.chain([(unpacked, cache.join(FILE))]) {
        fs::rename(&from, &to).with_context(|| format!("{} cannot be written", to.display()))?;
    }
    Ok(())
}

fn wheel_in(folder: &Path) -> Result<PathBuf> {
    let is_wheel = |path: &PathBuf| path.extension() == Some(OsStr::new("whl"));
    let mut files = fs::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.path()));
    files.find(is_wheel).context("the download left no wheel")
}

/// A Python whose pip works; a system without one gets Debian's.
fn python_with_pip() -> Result<&'static str> {
    let find =
        || ["python3", "python"].into_iter().find(|python| succeeds(Command::new(python).args(["-m", "pip", "--version"])));
    if let Some(python) = find() {
        return Ok(python);
    }
    packages::install(&["python3-pip"]).context("fetching needs Python with pip")?;
    match find() {
        Some(python) => Ok(python),
        None => bail!("fetching needs Python with pip, and installing python3-pip brought none"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pinned_file_carries_the_pinned_version() {
        assert!(FILE.ends_with(VERSION));
        for pin in PINS {
            assert!(pin.platform.ends_with(pin.machine));
            assert!(pin.sha256.len() == 64 && pin.sha256.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')));
        }
    }

    #[test]
    fn a_hash_is_that_of_the_standard() {
        // The example of one block in FIPS 180-2, appendix B.1.
        assert_eq!(sha256(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn a_file_of_other_content_is_not_genuine() {
        assert!(!is_genuine(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")), PINS[0]));
        assert!(!is_genuine(Path::new("/nowhere/at/all"), PINS[0]));
    }

    #[test]
    fn a_release_of_the_users_own_brings_its_licence_and_its_providers() {
        let top = std::env::temp_dir().join(format!("turnaround-onnx-runtime-{}", std::process::id()));
        let lib = top.join("lib");
        fs::create_dir_all(&lib).unwrap();
        for file in ["LICENSE", "lib/libonnxruntime.so.9.9", "lib/libonnxruntime_providers_shared.so", "lib/libother.so"] {
            fs::write(top.join(file), file).unwrap();
        }
        let library = lib.join("libonnxruntime.so.9.9");
        let lib = lib.canonicalize().unwrap();
        let all = [lib.join("libonnxruntime.so.9.9"), lib.join("libonnxruntime_providers_shared.so")];
        assert_eq!(with_providers(&library).unwrap(), all);
        assert_eq!(licences_of_release(&library), [("ONNX-RUNTIME-LICENSE.txt".to_owned(), top.join("LICENSE"))]);
        assert_eq!(ensure_licences(&library).unwrap().len(), 1);
        let error = with_providers(&lib.join("libother.so")).unwrap_err().to_string();
        assert!(error.contains("libother.so has another name"), "{error}");
        fs::remove_dir_all(top).unwrap();
    }
}
