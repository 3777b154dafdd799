//! All of it at once, on the tiny set and a corpus of two pieces.

use std::fs;
use std::path::{Path, PathBuf};

use turnaround_core::audio::Audio;
use turnaround_core::contract::{MANIFEST_FILE, Manifest, MeasuredAction};
use turnaround_core::descriptors::Descriptor;
use turnaround_core::time::Seconds;
use turnaround_engine::runtime::{Options, RuntimeChoice};

use super::super::hand_made;
use super::super::metrics::onsets::Onsets;
use super::super::parts::Conditions;
use super::*;

/// Takes every attack for a beat.
struct Attacks;

impl BeatTracker for Attacks {
    fn beats(&self, audio: &Audio) -> Result<Vec<Seconds>> {
        Ok(Onsets::new(audio.rate()).of(audio.channel(0)))
    }
}

fn tiny() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/tiny")
}

fn engine(folder: &Path) -> Engine {
    let options = Options { runtime: RuntimeChoice::Embedded, ..Options::default() };
    Engine::open(Some(folder), &options).expect("the repository has a tiny set")
}

fn parts(folder: &Path) -> Parts {
    let conditions = Conditions { graphs: Vec::new(), runtime: String::new(), bars: 3, seed: 5, judges: Vec::new() };
    Parts::new(folder, conditions)
}

#[test]
fn guidance_weights_are_tried_on_bars_that_no_evaluation_hears() {
    let folder = tempfile::tempdir().unwrap();
    let (engine, corpus) = (engine(&tiny()), hand_made::corpus(folder.path(), Split::Validation));
    let ground = Ground { engine: &engine, corpus: &corpus, musicnn: None, tracker: None, bars: 3, seed: 5 };
    let mut text = String::new();
    guided::describe(&guided::measure(&ground, &[1.0, 6.0]).unwrap(), 5, &mut text).unwrap();
    let rows: Vec<Vec<&str>> = text.lines().skip(2).map(|line| line.split(" | ").collect()).collect();
    assert_eq!(rows.len(), 2, "{text}");
    assert_eq!((rows[0][2], rows[0][5]), ("0.000", "–"), "{text}");
    assert_ne!(rows[0][1], rows[1][1], "another weight makes other bars: {text}");
    let test = hand_made::corpus(tempfile::tempdir().unwrap().path(), Split::Test);
    let refused = guided::measure(&Ground { corpus: &test, ..ground }, &[1.0]).err().expect("nothing of it may be heard");
    assert!(refused.to_string().contains("longer corpus"), "{refused}");
}

#[test]
fn edits_are_measured_in_every_way_and_the_same_seed_gives_the_same_figures() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (engine, corpus) = (engine(&tiny()), hand_made::corpus(folder.path(), Split::Test));
    let ground = Ground { engine: &engine, corpus: &corpus, musicnn: None, tracker: Some(&Attacks), bars: 3, seed: 5 };
    let measures = measure(&ground, &parts(folder.path()), "here").unwrap();
    let again = measure(&ground, &parts(other.path()), "here").unwrap();
    assert_eq!(serde_json::to_string(&measures).unwrap(), serde_json::to_string(&again).unwrap());

    assert_eq!(measures.bars, 3);
    for by_guidance in [&measures.by_guidance, &measures.chroma_by_guidance] {
        assert_eq!(by_guidance.keys().collect::<Vec<_>>(), ["1", "2"]);
        assert!(by_guidance.values().all(|steering| steering.own.mean > 0.0), "nothing is made perfectly");
    }
    let slots = measures.slots.as_ref().expect("slots are always measured");
    assert_eq!(slots.draws, 1, "no bar has more than one or two of the other piece");
    assert!(slots.own.mean > 0.0 && slots.unrelated_over_own_db.mean.is_finite());
    let edited = measures.edited.as_ref().expect("edits are always heard");
    assert_eq!(edited.guidance, 2.0);
    assert!((0.0..=1.0).contains(&edited.cycle.edited.jaccard.mean) && edited.frechet.is_none());
    assert!(edited.attributes.by_descriptor.is_empty(), "three pairs have no ranks to speak of");
    assert_eq!(edited.seams.as_ref().expect("the pieces sound").lines, 6);
    let beats = edited.beats.as_ref().expect("there is a tracker");
    assert!(beats.dry.interval.mean > 0.5 && beats.edited.len() == 3, "{beats:?}");
    assert_eq!(measures.knobs, Some(KnobMeasures::default()), "the tiny set shortlists nothing");

    let mut text = String::new();
    measures.describe(&mut text).unwrap();
    for told in [
        "3 bars",
        "mel distance",
        "chroma distance",
        "ΔPSNR",
        "heaviest in common",
        "not decoded yet",
        "before the edit",
        "no knob is measured",
    ] {
        assert!(text.contains(told), "{told:?} is not in\n{text}");
    }
}

#[test]
fn shortlisted_actions_are_tried_in_test_bars() {
    let (folder, set) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for entry in fs::read_dir(tiny()).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), set.path().join(entry.file_name())).unwrap();
    }
    let path = set.path().join(MANIFEST_FILE);
    let mut manifest: Manifest = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    for (index, is_shortlisted) in [(2, true), (4, false), (7, true)] {
        let effect = Descriptor::ALL.into_iter().map(|descriptor| (descriptor, 1.0)).collect();
        manifest.actions[index].measured =
            Some(MeasuredAction { effect, consistency: 0.75, position: [0.0, 0.0], is_shortlisted });
    }
    fs::write(&path, serde_json::to_string(&manifest).unwrap()).unwrap();

    let corpus = hand_made::corpus(folder.path(), Split::Test);
    let chosen = excerpt::candidates(&corpus, Split::Test, 3);
    let measures = knobs::measure(&engine(set.path()), &corpus, &chosen, 1).unwrap();
    assert_eq!((measures.contexts, measures.knobs.len()), (3, 2));
    assert_eq!(measures.knobs.iter().map(|knob| knob.index).collect::<Vec<_>>(), [2, 7]);
    for knob in &measures.knobs {
        assert_eq!(knob.written, 0.75);
        // An action of the tiny set changes something, and no two bars are changed quite alike.
        assert!(knob.consistency > 0.0 && knob.consistency < 1.0 && knob.likeness.abs() <= 1.0, "{knob:?}");
        assert!(knob.half.is_some_and(|half| half != 0.0 && half != 1.0), "{knob:?}");
    }
}

#[test]
fn what_an_earlier_version_measured_can_be_read_and_told() {
    let interval = r#"{"mean": 0.5, "low": 0.4, "high": 0.6}"#;
    let names = ["own", "null", "unrelated", "null_over_own", "unrelated_over_null"];
    let row: Vec<String> = names.iter().map(|name| format!("\"{name}\": {interval}")).collect();
    let old = format!(r#"{{"bars": 60, "by_guidance": {{"1": {{{}}}}}}}"#, row.join(", "));
    let measures: EditMeasures = serde_json::from_str(&old).unwrap();
    let mut text = String::new();
    measures.describe(&mut text).unwrap();
    assert!(text.contains("60 bars") && text.contains("| 1 | 0.500 [0.400, 0.600] |"), "{text}");
    assert!(!text.contains("chroma") && !text.contains("guidance 2"), "{text}");
}
