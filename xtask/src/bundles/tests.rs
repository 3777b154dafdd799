use std::collections::BTreeMap;
use std::fs;
use std::io::Read;

use super::*;
use crate::workspace;

/// A folder for one test, gone with it.
struct Place(PathBuf);

impl Place {
    fn new(test: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("turnaround-bundles-{test}-{}", std::process::id()));
        remove(&folder).unwrap();
        fs::create_dir_all(&folder).unwrap();
        Place(folder)
    }

    /// A file with its own path as content.
    fn file(&self, path: &str) -> PathBuf {
        let file = self.0.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, path).unwrap();
        file
    }

    /// What builds leave, and in the same folder the command line's program, which is called as the plugin's package is.
    fn parts(&self) -> Parts {
        self.file("target/release/turnaround");
        self.file("models/small/manifest.json");
        self.file("models/small/encoder.onnx");
        self.file("models/small/CARD.md");
        self.file("models/small/.editor-backup");
        Parts {
            library: self.file("target/release/libturnaround.so"),
            standalone: Some(self.file("target/release/turnaround-standalone")),
            models: self.0.join("models/small"),
            onnx_runtime: vec![self.file("cache/libonnxruntime.so.1.2.3")],
            licences: vec![("LICENSE-MIT".into(), self.file("LICENSE-MIT")), ("ONNX".into(), self.file("cache/LICENSE"))],
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = remove(&self.0);
    }
}

/// Every file in a folder by its path, with its content; hidden ones too.
fn tree(folder: &Path) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let (path, name) = {
            let entry = entry.unwrap();
            (entry.path(), entry.file_name().into_string().unwrap())
        };
        if path.is_dir() {
            files.extend(tree(&path).into_iter().map(|(inner, content)| (format!("{name}/{inner}"), content)));
        } else {
            files.insert(name, fs::read_to_string(path).unwrap());
        }
    }
    files
}

/// Files in a `.d` folder or in `Resources`, and where each came from.
fn expected_resources(folder: &str) -> Vec<(String, String)> {
    let pairs = [
        ("models/small/manifest.json", "models/small/manifest.json"),
        ("models/small/encoder.onnx", "models/small/encoder.onnx"),
        ("models/small/CARD.md", "models/small/CARD.md"),
        ("licences/LICENSE-MIT", "LICENSE-MIT"),
        ("licences/ONNX", "cache/LICENSE"),
    ];
    pairs.map(|(path, content)| (format!("{folder}/{path}"), content.to_owned())).to_vec()
}

fn expected(has_standalone: bool) -> BTreeMap<String, String> {
    let machine = format!("Turnaround.vst3/Contents/{}-linux", std::env::consts::ARCH);
    let runtime = "cache/libonnxruntime.so.1.2.3";
    let plugin = "target/release/libturnaround.so";
    let mut files = vec![
        ("Turnaround.clap".to_owned(), plugin.to_owned()),
        ("Turnaround.clap.d/lib/libonnxruntime.so.1.2.3".to_owned(), runtime.to_owned()),
        (format!("{machine}/Turnaround.so"), plugin.to_owned()),
        (format!("{machine}/libonnxruntime.so.1.2.3"), runtime.to_owned()),
    ];
    files.extend(expected_resources("Turnaround.clap.d"));
    files.extend(expected_resources("Turnaround.vst3/Contents/Resources"));
    if has_standalone {
        files.push(("Turnaround".to_owned(), "target/release/turnaround-standalone".to_owned()));
        files.push(("Turnaround.d/lib/libonnxruntime.so.1.2.3".to_owned(), runtime.to_owned()));
        files.extend(expected_resources("Turnaround.d"));
    }
    files.into_iter().collect()
}

#[test]
fn every_bundle_holds_all_that_it_needs_and_nothing_else() {
    let place = Place::new("whole");
    let bundles = write(&place.parts(), &place.0.join("bundled")).unwrap();
    assert_eq!(tree(&place.0.join("bundled")), expected(true));
    let formats: Vec<Format> = bundles.iter().map(|bundle| bundle.format).collect();
    assert_eq!(formats, [Format::Clap, Format::Vst3, Format::Standalone]);
}

#[test]
fn without_a_standalone_none_is_bundled_and_an_older_one_goes() {
    let place = Place::new("without");
    let folder = place.0.join("bundled");
    let parts = place.parts();
    write(&parts, &folder).unwrap();
    let bundles = write(&Parts { standalone: None, ..parts }, &folder).unwrap();
    assert_eq!(bundles.len(), 2);
    assert_eq!(tree(&folder), expected(false));
}

#[test]
fn without_onnx_runtime_the_rest_is_bundled() {
    let place = Place::new("embedded");
    let folder = place.0.join("bundled");
    write(&Parts { onnx_runtime: Vec::new(), ..place.parts() }, &folder).unwrap();
    let mut files = expected(true);
    files.retain(|path, _| !path.contains("libonnxruntime"));
    assert_eq!(tree(&folder), files);
}

#[test]
fn a_copied_bundle_is_the_bundle() {
    let place = Place::new("copied");
    let (from, to) = (place.0.join("bundled"), place.0.join("home/.clap"));
    let bundles = write(&place.parts(), &from).unwrap();
    copy(&bundles[0], &from, &to).unwrap();
    let mut files = expected(true);
    files.retain(|path, _| path.starts_with("Turnaround.clap"));
    assert_eq!(tree(&to), files);
    assert_eq!(bundles[0].items, [Path::new("Turnaround.clap.d"), Path::new("Turnaround.clap")], "the folder before the file");
}

#[test]
fn an_older_copy_is_replaced_whole_and_who_has_it_open_keeps_it() {
    let place = Place::new("replaced");
    let (from, to) = (place.0.join("bundled"), place.0.join("home"));
    let parts = place.parts();
    for bundle in write(&parts, &from).unwrap() {
        copy(&bundle, &from, &to).unwrap();
    }
    let stale = to.join("Turnaround.clap.d/models/small/stale.onnx");
    fs::write(&stale, "of an older set").unwrap();
    let library = to.join("Turnaround.vst3/Contents").join(format!("{}-linux/Turnaround.so", std::env::consts::ARCH));
    let mut held = [to.join("Turnaround.clap"), library].map(|path| fs::File::open(path).unwrap());

    fs::write(&parts.library, "newer").unwrap();
    for bundle in write(&parts, &from).unwrap() {
        copy(&bundle, &from, &to).unwrap();
    }
    assert!(!stale.exists(), "nothing of the older copy is left");
    let files = tree(&to);
    assert_eq!(files["Turnaround.clap"], "newer");
    assert_eq!(files.len(), expected(true).len(), "no hidden leftovers: {files:?}");
    for file in &mut held {
        let mut content = String::new();
        file.read_to_string(&mut content).unwrap();
        assert_eq!(content, "target/release/libturnaround.so");
    }
}

#[test]
fn a_missing_part_is_named_and_the_older_bundles_stay() {
    let place = Place::new("missing");
    let folder = place.0.join("bundled");
    let parts = place.parts();
    write(&parts, &folder).unwrap();
    let gone = Parts { standalone: Some(place.0.join("nowhere/standalone")), ..parts.clone() };
    let error = format!("{:#}", write(&gone, &folder).unwrap_err());
    assert!(error.contains("nowhere/standalone"), "{error}");
    let empty = Parts { models: place.0.join("target"), ..parts };
    assert!(write(&empty, &folder).unwrap_err().to_string().contains("no manifest"));
    assert_eq!(tree(&folder), expected(true));
}

#[cfg(unix)]
#[test]
fn a_link_left_by_a_developer_is_replaced_and_what_it_led_to_is_not() {
    let place = Place::new("link");
    let (from, to) = (place.0.join("bundled"), place.0.join("home"));
    let bundles = write(&place.parts(), &from).unwrap();
    let own = place.file("own/Turnaround.vst3/Contents/mine");
    fs::create_dir_all(&to).unwrap();
    std::os::unix::fs::symlink(place.0.join("own/Turnaround.vst3"), to.join("Turnaround.vst3")).unwrap();
    copy(&bundles[1], &from, &to).unwrap();
    assert!(own.is_file());
    assert!(!fs::symlink_metadata(to.join("Turnaround.vst3")).unwrap().is_symlink());
}

#[cfg(unix)]
#[test]
fn programs_stay_programs() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new("rights");
    let folder = place.0.join("bundled");
    let parts = place.parts();
    fs::set_permissions(parts.standalone.as_ref().unwrap(), fs::Permissions::from_mode(0o755)).unwrap();
    write(&parts, &folder).unwrap();
    assert_eq!(fs::metadata(folder.join(NAME)).unwrap().permissions().mode() & 0o777, 0o755);
}

#[test]
fn other_bundlers_are_told_the_same_name() {
    let told = fs::read_to_string(workspace::root().join("bundler.toml")).unwrap();
    assert!(told.contains("[turnaround]") && told.contains(&format!("name = {NAME:?}")), "{told}");
}
