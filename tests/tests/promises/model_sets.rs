//! Every model set, and the beat tracker, that ships keeps what its manifest promises.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use turnaround_core::beats::contract::{GRAPH_FILE, TrackerManifest};
use turnaround_core::contract::{Graph, MANIFEST_FILE, Manifest};
use turnaround_engine::model_set::TRACKER;

use crate::workspace::root;

const CARD_FILE: &str = "CARD.md";

/// What a run leaves beside the card, besides pictures: its configuration, its measures, what a map came to, and how the exported graphs
/// compare.
const RECORDS: [&str; 5] = ["curation.json", "preset.toml", "evaluation.json", "map.json", "parity.json"];

/// What a set may weigh, all its files together, in bytes.
const HEAVIEST: u64 = 32_000_000;

/// What the beat tracker may weigh, all its files together, in bytes.
const HEAVIEST_TRACKER: u64 = 2_000_000;

/// The beat tracker's folder.
fn tracker() -> PathBuf {
    root().join("models").join(TRACKER)
}

/// Every set's folder in `models`.
fn folders() -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join("models")).expect("the workspace has a folder models");
    let mut folders: Vec<PathBuf> =
        entries.map(|entry| entry.expect("models can be listed").path()).filter(|path| path.is_dir()).collect();
    folders.retain(|folder| *folder != tracker());
    folders.sort();
    folders
}

fn name(path: &Path) -> String {
    path.file_name().expect("a listed path has a name").to_string_lossy().into_owned()
}

fn manifest(folder: &Path) -> Manifest {
    let path = folder.join(MANIFEST_FILE);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{} cannot be read: {error}", path.display()));
    Manifest::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Files in a set's folder, and nothing but files.
fn files(folder: &Path) -> BTreeSet<String> {
    let paths = fs::read_dir(folder).expect("a set can be listed").map(|entry| entry.expect("a set can be listed").path());
    paths.inspect(|path| assert!(path.is_file(), "{} is no file", path.display())).map(|path| name(&path)).collect()
}

#[test]
fn the_set_that_ships_and_the_set_for_tests_are_there() {
    let names: Vec<String> = folders().iter().map(|folder| name(folder)).collect();
    for needed in ["small", "tiny"] {
        assert!(names.iter().any(|name| name == needed), "models/{needed} is missing; there are {names:?}");
    }
}

#[test]
fn every_set_has_a_manifest_that_agrees_with_itself_and_with_its_folder() {
    for folder in folders() {
        let manifest = manifest(&folder);
        manifest.check().unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        assert_eq!(manifest.name, name(&folder), "a set is called as its folder");
        assert_eq!(manifest.sizes.sample_rate, 16_000);
        let labels: BTreeSet<&str> = manifest.actions.iter().map(|action| action.label.as_str()).collect();
        assert_eq!(labels.len(), manifest.actions.len(), "{}: actions can be told apart by their labels", folder.display());
        for (stage, loss) in &manifest.training.losses {
            assert!(loss.is_finite(), "{}: the loss of {stage} is {loss}", folder.display());
        }
    }
}

#[test]
fn every_graph_has_the_length_and_the_hash_that_its_manifest_promises() {
    for folder in folders() {
        let manifest = manifest(&folder);
        for graph in Graph::ALL {
            let promised = manifest.graph(graph);
            let path = folder.join(&promised.file);
            let content = fs::read(&path).unwrap_or_else(|error| panic!("{} cannot be read: {error}", path.display()));
            assert_eq!(content.len() as u64, promised.bytes, "{}", path.display());
            manifest.verify(graph, &content).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        }
    }
}

#[test]
fn a_set_holds_its_graphs_its_manifest_and_its_card_and_no_graph_besides() {
    for folder in folders() {
        let manifest = manifest(&folder);
        let found = files(&folder);
        let graphs = |names: &BTreeSet<String>| names.iter().filter(|name| name.ends_with(".onnx")).cloned().collect::<Vec<_>>();
        let listed: BTreeSet<String> = Graph::ALL.into_iter().map(|graph| manifest.graph(graph).file.clone()).collect();
        assert_eq!(listed.len(), Graph::ALL.len(), "{}: every graph has a file of its own", folder.display());
        assert_eq!(graphs(&found), graphs(&listed), "{}", folder.display());
        assert!(found.contains(CARD_FILE), "{} has no {CARD_FILE}", folder.display());
        for other in found.iter().filter(|name| !listed.contains(*name)) {
            let is_picture = other.ends_with(".svg") || other.ends_with(".png");
            let is_known = is_picture || other == MANIFEST_FILE || other == CARD_FILE || RECORDS.contains(&other.as_str());
            assert!(is_known, "{} holds {other}, which no set needs", folder.display());
        }
    }
}

#[test]
fn every_card_says_what_a_reader_must_know() {
    for folder in folders() {
        let card = fs::read_to_string(folder.join(CARD_FILE)).expect("a set has a card");
        let lower = card.to_lowercase();
        let manifest = manifest(&folder);
        let (name, version) = (manifest.name.as_str(), manifest.version.as_str());
        for any_of in [&["data"][..], &["rights", "licence", "license"], &["limits"], &["seed"], &[name], &[version]] {
            assert!(any_of.iter().any(|word| lower.contains(word)), "{}: the card says nothing of {any_of:?}", folder.display());
        }
    }
}

#[test]
fn no_set_weighs_more_than_thirty_two_megabytes() {
    for folder in folders() {
        let bytes: u64 = files(&folder).iter().map(|name| fs::metadata(folder.join(name)).expect("a listed file").len()).sum();
        assert!(bytes <= HEAVIEST, "{} weighs {bytes} bytes", folder.display());
    }
}

#[test]
fn the_beat_tracker_is_whole_says_what_a_reader_must_know_and_is_light() {
    let text = fs::read_to_string(tracker().join(MANIFEST_FILE)).expect("the beat tracker ships with a manifest");
    let manifest = TrackerManifest::parse(&text).expect("the manifest is of this program");
    assert_eq!((manifest.name.as_str(), manifest.graph.file.as_str()), (TRACKER, GRAPH_FILE));
    manifest.verify(&fs::read(tracker().join(GRAPH_FILE)).expect("the graph ships")).expect("it is the graph spoken of");
    let card = fs::read_to_string(tracker().join(CARD_FILE)).expect("the tracker has a card");
    for word in ["Limits", "Rights", "seed", "Measures", &manifest.version] {
        assert!(card.contains(word), "the tracker's card says nothing of {word}");
    }
    for name in files(&tracker()) {
        let is_record = name.ends_with(".svg") || RECORDS.contains(&name.as_str());
        assert!(is_record || [GRAPH_FILE, MANIFEST_FILE, CARD_FILE].contains(&name.as_str()), "no tracker needs {name}");
    }
    let bytes: u64 = files(&tracker()).iter().map(|name| fs::metadata(tracker().join(name)).expect("a listed file").len()).sum();
    assert!(bytes <= HEAVIEST_TRACKER, "the tracker weighs {bytes} bytes");
}
