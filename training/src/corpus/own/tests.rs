//! A folder of recordings made here becomes a corpus with exact bars, and what cannot is named with its reason.

use std::fs;
use std::path::Path;

use anyhow::bail;

use super::*;
use crate::corpus::{Corpus, Split};
use crate::quality::tests::{sound, toy_filter};
use turnaround_core::time::Tempo;

fn write_wav(path: &Path, hz: u32, samples: &[f32]) {
    let spec = hound::WavSpec { channels: 1, sample_rate: hz, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
    let mut wav = hound::WavWriter::create(path, spec).expect("a temporary file");
    samples.iter().for_each(|sample| wav.write_sample((sample * 32767.0) as i16).expect("a sample"));
    wav.finalize().expect("a temporary file");
}

fn options<'a>(from: &Path, out: &Path) -> OwnOptions<'a> {
    OwnOptions { from: from.to_path_buf(), out: out.to_path_buf(), filter: toy_filter(), grid: None, tracker: None }
}

#[test]
fn two_recordings_with_grids_beside_them_become_exact_bars_and_a_broken_one_is_named() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let (from, out) = (place.path().join("songs"), place.path().join("corpus"));
    fs::create_dir(&from).expect("a temporary folder");
    write_wav(&from.join("Swing.wav"), 16_000, &sound(36, true, 1));
    fs::write(from.join("Swing.json"), r#"{"tempo": 150, "offset": 0.25}"#).expect("a temporary file");
    write_wav(&from.join("Waltz.wav"), 16_000, &sound(40, true, 2));
    fs::write(from.join("Waltz.json"), r#"{"tempo": 90, "offset": 1.5, "metre": "3/4"}"#).expect("a temporary file");
    write_wav(&from.join("Broken.wav"), 16_000, &sound(36, false, 3));
    write_wav(&from.join("Unknown.wav"), 16_000, &sound(36, true, 4));
    write_wav(&from.join("Short.wav"), 16_000, &sound(10, true, 5));
    fs::write(from.join("Short.json"), r#"{"tempo": 120}"#).expect("a temporary file");
    fs::write(from.join("Text.ogg"), "no sound").expect("a temporary file");
    write_wav(&from.join("Typo.wav"), 16_000, &sound(36, true, 6));
    fs::write(from.join("Typo.json"), r#"{"bpm": 120}"#).expect("a temporary file");

    let summary = build_from(&options(&from, &out)).expect("two recordings are fit");
    let reason = |file: &str| {
        let outcome = summary.outcomes.iter().find(|outcome| outcome.file == file).expect("every file has an outcome");
        outcome.reason.clone().unwrap_or_default()
    };
    for (file, words) in [
        ("Broken.wav", "it sounds broken"),
        ("Unknown.wav", "give --tempo"),
        ("Short.wav", "no 30 s of it keep a steady beat"),
        ("Text.ogg", "cannot be decoded"),
        ("Typo.wav", "does not say tempo"),
    ] {
        assert!(reason(file).contains(words), "{file}: {}", reason(file));
    }
    assert_eq!((reason("Swing.wav"), reason("Waltz.wav")), (String::new(), String::new()));

    let corpus = Corpus::open(&out).expect("a corpus");
    let [swing, waltz] = &corpus.pieces[..] else { panic!("{} pieces", corpus.pieces.len()) };
    assert_eq!((swing.title.as_str(), waltz.title.as_str()), ("Swing", "Waltz"));
    assert_eq!(swing.split, Split::of("Swing"));
    // Bars of 1.6 s from 0.25 s on: 22 of them fit into 36 s. The piece begins where the recording does.
    assert_eq!(swing.beats.len(), 22 * 4);
    for (number, beat) in swing.beats.iter().enumerate() {
        assert_eq!((beat.sample, beat.number as usize), (4000 + 6400 * number as u64, number % 4 + 1));
    }
    // Bars of 2 s from 1.5 s on: 19 of them. Sound is kept from a second before.
    assert_eq!(waltz.beats.len(), 19 * 3);
    let begins = waltz.start + 16_000;
    for (number, beat) in waltz.beats.iter().enumerate() {
        let expected = begins as f64 + 32_000.0 / 3.0 * number as f64;
        assert!((beat.sample as f64 - expected).abs() <= 1.0, "beat {number}");
        assert_eq!(beat.number as usize, number % 3 + 1);
    }
    let units: Vec<_> = corpus.units.iter().filter(|unit| unit.piece == 1).collect();
    assert_eq!(units.len(), 19);
    for (number, unit) in units.iter().enumerate() {
        assert_eq!((unit.start, unit.end), (begins + 32_000 * number as u64, begins + 32_000 * (number as u64 + 1)));
        assert_eq!((unit.tempo, unit.metre.as_str()), (90.0, "3/4"));
    }
    assert_eq!(corpus.manifest.bars, 22 + 19);
    // What lies there is what was recorded: the waltz from half a second on.
    let song = recording::read(&from.join("Waltz.wav")).expect("a recording");
    for (heard, recorded) in corpus.window(waltz.start as i64, 16_000).iter().zip(&song[8000..]) {
        assert!((heard - recorded).abs() <= 1.0 / 32_768.0);
    }

    let error = build_from(&options(&from, &out)).expect_err("the folder is taken").to_string();
    assert!(error.contains("holds a corpus already"), "{error}");
}

#[test]
fn a_folder_without_a_fit_recording_is_refused_with_every_reason() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let from = place.path().join("songs");
    fs::create_dir(&from).expect("a temporary folder");
    write_wav(&from.join("Broken.wav"), 16_000, &sound(6, false, 3));
    let error = build_from(&options(&from, &place.path().join("out"))).expect_err("nothing is fit").to_string();
    assert!(error.contains("can be learnt from") && error.contains("Broken.wav: it sounds broken"), "{error}");
    assert!(!place.path().join("out").join("corpus.json").exists());
}

/// Beats half a second apart in bars of four, with what is done to each.
fn beats(count: usize, time: impl Fn(usize) -> f64) -> Vec<HeardBeat> {
    (0..count).map(|n| HeardBeat { time: Seconds::new(time(n)), number: (n % 4 + 1) as u32 }).collect()
}

fn bars_of(beats: Vec<HeardBeat>) -> Vec<usize> {
    let heard = Heard { metre: Metre::FOUR_FOUR, beats, confidence: 1.0 };
    stretches::confident(&heard).iter().map(|stretch| stretch.bars.len()).collect()
}

#[test]
fn steady_beats_are_kept_and_swaying_or_missing_ones_are_not() {
    assert_eq!(bars_of(beats(81, |n| 0.5 * n as f64)), [20]);
    // A human hand: 2 % of deviation.
    assert_eq!(bars_of(beats(81, |n| 0.5 * n as f64 + 0.01 * (n as f64 * 2.4).sin())), [20]);
    assert_eq!(bars_of(beats(81, |n| 0.5 * n as f64 + 0.1 * (n as f64 * 2.4).sin())), [] as [usize; 0]);
    // 29 s are too short.
    assert_eq!(bars_of(beats(57, |n| 0.5 * n as f64)), [] as [usize; 0]);
    // A beat is missing in bar 18 of 41, and its bar goes with it.
    let mut gap = beats(165, |n| 0.5 * n as f64);
    gap.remove(70);
    assert_eq!(bars_of(gap), [17, 23]);
    // Half the tempo from the middle on: two stretches.
    assert_eq!(bars_of(beats(129, |n| 0.5 * n as f64 + 0.5 * (n as f64 - 64.0).max(0.0))), [16, 16]);
}

#[test]
fn a_tracker_is_asked_where_no_grid_is_given_and_left_out_where_it_doubts() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let from = place.path().join("songs");
    fs::create_dir(&from).expect("a temporary folder");
    write_wav(&from.join("One.wav"), 16_000, &sound(36, true, 1));
    let sure = |confidence: f32| {
        move |audio: &[f32]| -> Result<Heard> {
            assert_eq!(audio.len(), 36 * 16_000);
            Ok(Heard { metre: Metre::FOUR_FOUR, beats: beats(69, |n| 0.5 * n as f64), confidence })
        }
    };
    let (certain, doubtful) = (sure(0.9), sure(0.2));
    let with = |out: &str, tracker| build_from(&OwnOptions { tracker: Some(tracker), ..options(&from, &place.path().join(out)) });
    assert_eq!(with("certain", &certain).expect("beats were found").outcomes[0].bars, 17);
    let error = with("doubtful", &doubtful).expect_err("nothing is certain").to_string();
    assert!(error.contains("its beats are uncertain (confidence 0.20)"), "{error}");
    let deaf = |_: &[f32]| -> Result<Heard> { bail!("no steady beat was heard") };
    let error = with("deaf", &deaf).expect_err("nothing was heard").to_string();
    assert!(error.contains("One.wav: no steady beat was heard"), "{error}");
    // A grid for all goes before the tracker.
    let grid = Grid { tempo: Tempo::new(120.0).expect("a tempo"), offset: Seconds::ZERO, metre: Metre::FOUR_FOUR };
    let given = OwnOptions { grid: Some(grid), tracker: Some(&deaf), ..options(&from, &place.path().join("given")) };
    assert_eq!(build_from(&given).expect("a grid was given").outcomes[0].bars, 18);
}
