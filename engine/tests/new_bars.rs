//! Bars that were not there, and variations, as a user of the program meets them.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Files of a test, and the set that is trained for tests.
struct Place {
    folder: TempDir,
    models: String,
    tempo: &'static str,
}

impl Place {
    fn new() -> Self {
        Place { folder: tempfile::tempdir().unwrap(), models: support::tiny().display().to_string(), tempo: "120" }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn named(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    /// Bars of 2 s, and what is left of so many seconds.
    fn song(&self, name: &str, hz: u32, bits: u16, channels: usize, seconds: f64) -> String {
        support::write_wav(&self.path(name), hz, bits, &support::music(hz, channels, seconds));
        self.named(name)
    }

    /// A verb on a given grid, on what is always there and easy on a busy machine.
    fn call(&self, verb: &str, input: &str, output: &str, more: &[&str]) -> Output {
        let mut arguments = vec![verb, input, "-o", output, "--tempo", self.tempo, "--meter", "4/4", "--models", &self.models];
        arguments.extend(["--quality", "draft", "--runtime", "embedded", "--threads", "1"]);
        arguments.extend(more);
        Command::new(env!("CARGO_BIN_EXE_turnaround"))
            .args(arguments)
            .env_remove("TURNAROUND_MODELS")
            .env_remove("TURNAROUND_TRACKER")
            .output()
            .unwrap()
    }

    fn done(&self, verb: &str, input: &str, output: &str, more: &[&str]) -> String {
        let result = self.call(verb, input, output, more);
        assert!(result.status.success(), "{verb} {more:?}: {}", text(&result.stderr));
        text(&result.stdout)
    }

    fn json(&self, verb: &str, input: &str, output: &str, more: &[&str]) -> Value {
        serde_json::from_str(&self.done(verb, input, output, &[more, &["--json"]].concat())).unwrap()
    }

    /// Refused as promised: exit code 2, one line, nothing on the output stream and no file. The line.
    fn refused(&self, verb: &str, input: &str, output: &str, more: &[&str]) -> String {
        let files = self.files();
        let result = self.call(verb, input, output, more);
        let words = text(&result.stderr);
        assert_eq!(result.status.code(), Some(2), "{verb} {more:?}: {words}");
        assert!(words.starts_with("error: ") && words.trim_end().lines().count() == 1, "{words}");
        assert!(result.stdout.is_empty());
        assert_eq!(self.files(), files);
        words
    }

    fn files(&self) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// The samples of a WAV file of whole numbers as they lie there, channels one after the other at each moment.
fn samples(path: &str) -> Vec<i32> {
    hound::WavReader::open(path).unwrap().samples::<i32>().map(Result::unwrap).collect()
}

fn assert_kept(report: &Value) {
    for kept in report["kept"].as_array().unwrap() {
        assert_eq!(kept["sha256_before"], kept["sha256_after"]);
    }
}

#[test]
fn a_song_goes_on_for_as_many_bars_as_asked_and_is_itself_before() {
    let place = Place::new();
    for (hz, bits, channels) in [(44_100, 16, 2), (48_000, 24, 1), (16_000, 32, 2)] {
        let (input, output) = (place.song("in.wav", hz, bits, channels, 8.6), place.named("out.wav"));
        let moment = |seconds: f64| (seconds * f64::from(hz)).round() as usize * channels;
        let report = place.json("continue", &input, &output, &["--count", "3", "--seed", "5"]);
        assert_kept(&report);
        let (before, after) = (samples(&input), samples(&output));
        assert_eq!(hound::WavReader::open(&input).unwrap().spec(), hound::WavReader::open(&output).unwrap().spec());
        assert_eq!(after.len(), moment(14.0), "four bars and three more");
        assert_eq!(before[..moment(7.98)], after[..moment(7.98)]);
        assert!(after[moment(8.0)..].iter().any(|&sample| sample != 0));
        assert_eq!(report["left_out"]["start"], moment(8.0) / channels);
        assert_eq!(
            report["bars"].as_array().unwrap().iter().map(|bar| bar["bar"].as_i64().unwrap()).collect::<Vec<_>>(),
            [5, 6, 7]
        );

        let first = fs::read(&output).unwrap();
        place.done("continue", &input, &output, &["--count", "3", "--seed", "5"]);
        assert_eq!(first, fs::read(&output).unwrap(), "the same seed gives the same file");

        place.done("continue", &input, &output, &["--count", "1", "--after", "2"]);
        let after = samples(&output);
        assert_eq!(after.len(), moment(6.0), "shorter than before");
        assert_eq!(before[..moment(3.98)], after[..moment(3.98)]);
    }
}

#[test]
fn words_tell_what_was_left_out_and_how_long_the_result_is() {
    let place = Place::new();
    let (input, output) = (place.song("in.wav", 16_000, 16, 1, 8.6), place.named("out.wav"));
    let words = place.done("continue", &input, &output, &["--count", "1"]);
    assert!(words.contains("left out   what follows bar 4, less than a bar: 0.60 s"), "{words}");
    assert!(
        words.contains("length     8.60 s -> 10.00 s") && words.contains("bit for bit") && words.contains("new -> "),
        "{words}"
    );
    let words = place.done("continue", &input, &output, &["--count", "1", "--after", "1"]);
    assert!(words.contains("left out   all after bar 1: 6.60 s"), "{words}");
    let words = place.done("fill", &input, &output, &["--count", "1", "--between", "1,4"]);
    assert!(words.contains("left out   bars 2 to 3: 4.00 s") && words.contains("length     8.60 s -> 6.60 s"), "{words}");
    let whole = place.song("whole.wav", 16_000, 16, 1, 8.0);
    let words = place.done("continue", &whole, &output, &["--count", "1"]);
    assert!(!words.contains("left out"), "{words}");
}

#[test]
fn sixteen_bars_can_be_made_from_one() {
    let place = Place::new();
    let (input, output) = (place.song("in.wav", 22_050, 16, 1, 2.0), place.named("out.wav"));
    let report = place.json("continue", &input, &output, &["--count", "16", "--like", "1"]);
    assert_kept(&report);
    let after = samples(&output);
    assert_eq!(after.len(), 34 * 22_050);
    for bar in after.chunks(44_100) {
        assert!(bar.iter().any(|&sample| sample.abs() > 100), "no bar is silent");
    }
    assert_eq!(after[after.len() - 1], 0, "it ends without a click");
}

#[test]
fn bars_between_two_move_those_after_them_bit_for_bit() {
    let place = Place::new();
    for (hz, bits, channels) in [(44_100, 24, 2), (48_000, 16, 1)] {
        let (input, output) = (place.song("in.wav", hz, bits, channels, 10.5), place.named("out.wav"));
        let moment = |seconds: f64| (seconds * f64::from(hz)).round() as usize * channels;
        let before = samples(&input);
        for (between, count, from, to, length) in [("2,3", "2", 4.0, 4.0, 4.0), ("1,4", "1", 2.0, 6.0, 2.0)] {
            let report = place.json("fill", &input, &output, &["--between", between, "--count", count]);
            assert_kept(&report);
            assert_eq!(report["kept"][1]["moved"], (moment(from + length) as i64 - moment(to) as i64) / channels as i64);
            let after = samples(&output);
            assert_eq!(before[..moment(from - 0.02)], after[..moment(from - 0.02)]);
            assert_eq!(before[moment(to)..], after[moment(from + length)..]);
            assert!(after[moment(from)..moment(from + length)].iter().any(|&sample| sample != 0));
        }
    }
}

#[test]
fn what_is_no_wav_file_can_be_continued_too_and_floats_keep_their_bits() {
    // Half a second is one bar at this tempo.
    let place = Place { tempo: "480", ..Place::new() };
    let output = place.named("out.wav");
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    for (name, bits) in [("tone_16.flac", 16), ("tone.ogg", 24), ("tone.mp3", 24)] {
        let input = data.join(name).display().to_string();
        let report = place.json("continue", &input, &output, &["--count", "2"]);
        assert_kept(&report);
        let spec = hound::WavReader::open(&output).unwrap().spec();
        assert_eq!((spec.sample_rate, spec.channels, spec.bits_per_sample), (22_050, 2, bits), "{name}");
    }
    let place = Place::new();
    let (input, output) = (place.song("float.wav", 44_100, 0, 2, 6.2), place.named("out.wav"));
    place.done("fill", &input, &output, &["--between", "1,2", "--count", "1"]);
    let floats = |path: &str| -> Vec<u32> {
        hound::WavReader::open(path).unwrap().samples::<f32>().map(|sample| sample.unwrap().to_bits()).collect()
    };
    let (before, after) = (floats(&input), floats(&output));
    assert_eq!(before[4 * 44_100..], after[8 * 44_100..]);
}

#[test]
fn chunks_of_a_wav_file_stay_and_cues_move_with_their_sound() {
    let place = Place::new();
    let (input, output) = (place.song("in.wav", 16_000, 16, 1, 6.0), place.named("out.wav"));
    let cue = |sample: u32| -> Vec<u8> {
        let numbers = [28, 1, 1, sample, u32::from_le_bytes(*b"data"), 0, 0, sample];
        [&b"cue "[..], &numbers.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<_>>()].concat()
    };
    let note = [&b"note"[..], &4_u32.to_le_bytes(), b"mine"].concat();
    let mut bytes = fs::read(&input).unwrap();
    bytes.extend([cue(40_000), note.clone()].concat());
    let length = (bytes.len() - 8) as u32;
    bytes[4..8].copy_from_slice(&length.to_le_bytes());
    fs::write(&input, bytes).unwrap();
    place.done("fill", &input, &output, &["--between", "1,2", "--count", "1"]);
    let bytes = fs::read(&output).unwrap();
    assert_eq!(u32::from_le_bytes(bytes[4..8].try_into().unwrap()) as usize, bytes.len() - 8);
    assert!(bytes.ends_with(&[cue(72_000), note].concat()), "a second bar of 32 000 samples stands before it");
}

#[test]
fn variations_start_from_the_bar_and_takes_have_seeds_of_their_own() {
    let place = Place::new();
    let (input, output) = (place.song("in.wav", 44_100, 16, 2, 10.0), place.named("out.wav"));
    let report = place.json("vary", &input, &output, &["--bars", "2-3", "--seed", "4"]);
    assert_kept(&report);
    assert!((report["settings"]["strength"].as_f64().unwrap() - 0.6).abs() < 1e-6);
    assert!(report["bars"].as_array().unwrap().iter().all(|bar| !bar["action"].as_array().unwrap().is_empty()), "its own action");
    let account = place.json("vary", &input, &output, &["--bars", "2-3", "--seed", "4", "--takes", "3", "--strength", "0.6"]);
    let takes = account["takes"].as_array().unwrap();
    let seeds: Vec<u64> = takes.iter().map(|take| take["report"]["settings"]["seed"].as_u64().unwrap()).collect();
    assert_eq!(seeds, [4, 5, 6]);
    assert_eq!(place.files(), ["in.wav", "out-1.wav", "out-2.wav", "out-3.wav", "out.wav"]);
    let bytes = |name: &str| fs::read(place.path(name)).unwrap();
    assert_eq!(bytes("out.wav"), bytes("out-1.wav"), "the first take is the one without takes");
    assert!(bytes("out-1.wav") != bytes("out-2.wav") && bytes("out-2.wav") != bytes("out-3.wav"));
    let far = place.json("vary", &input, &output, &["--bars", "2", "--strength", "0"]);
    assert_eq!(far["settings"]["strength"], 0.0);
}

#[test]
fn a_transition_moves_from_one_action_to_another_in_every_verb_that_takes_one() {
    let place = Place::new();
    let (input, output) = (place.song("in.wav", 16_000, 16, 1, 10.0), place.named("out.wav"));
    let ends = ["--action", "0=2", "--to-action", "1=1"];
    let weights = |report: &Value| -> Vec<Vec<(u64, f64)>> {
        let weight = |weight: &Value| (weight["index"].as_u64().unwrap(), weight["weight"].as_f64().unwrap());
        let bars = report["bars"].as_array().unwrap().iter();
        bars.map(|bar| bar["action"].as_array().unwrap().iter().map(weight).collect()).collect()
    };
    let even = [vec![(0, 1.0)], vec![(0, 0.5), (1, 0.5)], vec![(1, 1.0)]];
    for (verb, more) in [
        ("regenerate", &["--bars", "2,4-5"][..]),
        ("continue", &["--count", "3"]),
        ("fill", &["--between", "2,3", "--count", "3"]),
    ] {
        assert_eq!(weights(&place.json(verb, &input, &output, &[more, &ends].concat())), even, "{verb}");
    }
    let middle = weights(&place.json("regenerate", &input, &output, &[&["--bars", "2"][..], &ends].concat()));
    assert_eq!(middle, [vec![(0, 0.5), (1, 0.5)]]);
    let like = weights(&place.json("continue", &input, &output, &["--count", "2", "--like", "1", "--to-like", "3"]));
    assert!(like.iter().all(|weights| !weights.is_empty()));
}

#[test]
fn what_cannot_be_is_refused_in_one_sentence_and_leaves_no_file() {
    let place = Place::new();
    let (input, output) = (place.song("in.wav", 16_000, 16, 1, 8.6), place.named("out.wav"));
    support::write_wav(&place.path("silent.wav"), 16_000, 16, &[vec![0.0; 160_000]]);
    support::write_wav(&place.path("short.wav"), 16_000, 16, &[vec![0.5; 16_000]]);
    let (silent, short) = (place.named("silent.wav"), place.named("short.wav"));
    for (verb, input, more, word) in [
        ("continue", &input, &["--count", "0"][..], "at least one bar"),
        ("continue", &input, &["--count", "-1"], "not a number of bars"),
        ("continue", &input, &["--count", "1001"], "at most 1000"),
        ("continue", &input, &[], "--count"),
        ("continue", &input, &["--count", "1", "--after", "5"], "bars 1 to 4"),
        ("continue", &silent, &["--count", "1"], "silent"),
        ("continue", &short, &["--count", "1"], "no whole bar"),
        ("continue", &input, &["--count", "1", "--to-like", "2"], "where it begins"),
        ("continue", &input, &["--count", "1", "--like", "9"], "bars 1 to 4"),
        ("continue", &input, &["--count", "1", "--guidance", "11"], "guidance"),
        ("fill", &input, &["--count", "0", "--between", "1,2"], "at least one bar"),
        ("fill", &input, &["--count", "1", "--between", "2,2"], "write 2,3"),
        ("fill", &input, &["--count", "1", "--between", "3,1"], "write 3,4"),
        ("fill", &input, &["--count", "1", "--between", "4,5"], "bars 1 to 4"),
        ("fill", &input, &["--count", "1", "--between", "2"], "A,B"),
        ("vary", &input, &["--bars", "5"], "bars 1 to 4"),
        ("vary", &input, &["--bars", "2", "--takes", "0"], "--takes"),
        ("vary", &input, &["--bars", "2", "--strength", "2"], "strength"),
        ("regenerate", &input, &["--bars", "2", "--action", "0=0", "--to-action", "1"], "weights"),
    ] {
        let words = place.refused(verb, input, &output, more);
        assert!(words.contains(word), "{verb} {more:?}: {words}");
    }
    for (verb, more) in [("continue", &["--count", "1"][..]), ("fill", &["--count", "1", "--between", "1,2"])] {
        assert!(place.refused(verb, &input, &input, more).contains("is the input"));
    }
    let own = place.song("take-2.wav", 16_000, 16, 1, 8.0);
    let words = place.refused("vary", &own, &place.named("take.wav"), &["--bars", "2", "--takes", "2"]);
    assert!(words.contains("is the input"), "{words}");
}
