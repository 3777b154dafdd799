//! The beat tracker: the one that ships on renders it never heard, and a tiny one from corpus to engine.
#![cfg(feature = "export")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use burn::tensor::Device;
use turnaround_core::beats::track::Wishes;
use turnaround_core::time::SampleRate;
use turnaround_engine::audio_file::AudioFile;
use turnaround_engine::beats::Tracker;
use turnaround_engine::runtime::{Options, RuntimeChoice};
use turnaround_training::beats::preset::BeatsPreset;
use turnaround_training::beats::{export, train};
use turnaround_training::corpus::score::style::Style;
use turnaround_training::corpus::{self, BuildOptions, Corpus, DemoOptions, Kind, Split, render_demo};
use turnaround_training::evaluate::beats::{Plan, run};
use turnaround_training::evaluate::hits::f_measure;
use turnaround_training::set::parity::Parity;

const SMALL_SOUNDFONT: &str = "/usr/share/sounds/sf2/TimGM6mb.sf2";

fn embedded() -> Options {
    Options { runtime: RuntimeChoice::Embedded, ..Options::default() }
}

fn shipped() -> Tracker {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/beats");
    Tracker::open(Some(&folder), &embedded()).expect("the tracker that ships loads")
}

/// Beat and downbeat F-measures of a piano trio, and the metre that was named.
fn tracked(tracker: &Tracker, style: Style, bpm: f64, bars: usize) -> (f64, f64, String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("trio.wav");
    let soundfont = Some(Path::new(SMALL_SOUNDFONT));
    let options = DemoOptions { seed: 1_234, bars, rate: SampleRate::new(22_050).expect("a rate"), style, bpm, soundfont };
    let info = render_demo(&path, &options).expect("the trio plays; install the Debian package timgm6mb-soundfont");
    let file = AudioFile::read(&path).expect("what was written is read");
    let track = tracker.track(file.audio(), &Wishes::default()).expect("beats are heard");
    let per_bar = turnaround_core::beats::metres::felt_beats(info.metre);
    let interval = 60.0 / bpm * turnaround_core::beats::metres::quarters_per_felt_beat(info.metre).get();
    let known: Vec<f64> = (0..bars * per_bar).map(|beat| info.offset.get() + interval * beat as f64).collect();
    let first: Vec<f64> = known.iter().copied().step_by(per_bar).collect();
    let found: Vec<f64> = track.beats.iter().map(|beat| beat.time.get()).collect();
    let found_first: Vec<f64> = track.downbeats().map(|index| track.beats[index].time.get()).collect();
    (f_measure(&found, &known), f_measure(&found_first, &first), track.metre.to_string())
}

#[test]
fn the_tracker_that_ships_follows_trios_it_never_heard_also_in_three_and_faster_than_240() {
    let tracker = shipped();
    for (style, bpm, bars, metre) in [
        (Style::MediumSwing, 142.0, 12, "4/4"),
        (Style::FastSwing, 244.0, 20, "4/4"),
        (Style::FastSwing, 288.0, 24, "4/4"),
        (Style::Waltz, 156.0, 18, "3/4"),
    ] {
        let (beat, downbeat, found) = tracked(&tracker, style, bpm, bars);
        // A short piece of which two or three beats are missed at its ends is at 0.95; octave errors and lost bars are far below 0.9.
        assert!(beat >= 0.9 && downbeat >= 0.9 && found == metre, "{style:?} at {bpm}: {beat:.3}, {downbeat:.3}, {found}");
    }
}

fn small_corpus(folder: &Path) -> Arc<Corpus> {
    let soundfont = Some(PathBuf::from(SMALL_SOUNDFONT));
    let options = BuildOptions {
        soundfont,
        kind: Kind::Copyleft,
        degraded_share: 0.0,
        threads: 2,
        ..BuildOptions::new(folder.join("corpus"), 0.05)
    };
    corpus::build(&options).expect("the corpus builds; install the Debian package timgm6mb-soundfont");
    Arc::new(Corpus::open(&options.out).expect("what was built opens"))
}

#[test]
fn a_tiny_tracker_learns_goes_on_is_exported_and_measured() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let corpus = small_corpus(folder.path());
    let preset = BeatsPreset::load("beats_tiny").expect("it is built in");
    let device = Device::flex();
    let place = |name: &str, from: Option<&'static str>| train::Place {
        folder: folder.path().join(name),
        from: from.map(Path::new),
        device: &device,
        minutes: None,
    };
    let trained = train::train(&preset, &corpus, place("run", None)).expect("training runs");
    let line = &trained.state.history["loss"];
    assert!(line[line.len() - 1].1 < line[0].1, "the loss went from {} to {}", line[0].1, line[line.len() - 1].1);
    let again = train::train(&preset, &corpus, place("run", None)).expect("a finished run is loaded");
    assert_eq!(again.state.seconds, trained.state.seconds);
    assert!(train::train(&preset, &corpus, place("other", Some("nowhere"))).is_err(), "there is nothing to start from");

    let out = folder.path().join("tracker");
    let parities = export::write(&trained, &preset, &corpus, &folder.path().join("run"), &out).expect("the tracker is written");
    assert!(!parities.is_empty() && parities.iter().all(Parity::passes));
    assert_eq!(Tracker::open(Some(&out), &embedded()).expect("it loads").manifest().name, "tracker");

    // So small a corpus may have no other split; that the figure is well formed is all that is asked here.
    let split = Split::Train;
    let plan = Plan { tracker: &out, corpus: &corpus, split, rivals: None, pieces: Some(1), recordings: None };
    let evaluation = run(&plan).expect("it is measured");
    let score = evaluation.trackers["this tracker"]["all"];
    assert!(score.pieces == 1 && (0.0..=1.0).contains(&score.beat), "{score:?}");
    evaluation.keep(&out).expect("the card is written anew");
    let card = std::fs::read_to_string(out.join("CARD.md")).expect("there is a card");
    assert!(card.contains("beat F") && card.contains("recipe"), "{card}");
}
