//! The program as a user meets it: what it does, and how it refuses.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// What these tests run on: always there, and easy on a busy machine.
const LIGHT: [&str; 4] = ["--runtime", "embedded", "--threads", "1"];

fn turnaround(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_turnaround"))
        .args(arguments)
        .env_remove("TURNAROUND_MODELS")
        .env_remove("TURNAROUND_TRACKER")
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn done(arguments: &[&str]) -> String {
    let output = turnaround(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

fn json(arguments: &[&str]) -> Value {
    serde_json::from_str(&done(arguments)).unwrap()
}

/// Refused as promised: exit code 2, one line, nothing on the output stream. The line.
fn refused(arguments: &[&str]) -> String {
    let output = turnaround(arguments);
    let words = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {words}");
    assert!(words.starts_with("error: ") && words.trim_end().lines().count() == 1, "{words}");
    assert!(output.stdout.is_empty());
    words
}

struct Place {
    folder: TempDir,
    models: String,
}

impl Place {
    fn new() -> Self {
        Place { folder: tempfile::tempdir().unwrap(), models: support::tiny().display().to_string() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn named(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    /// Ten seconds, five bars.
    fn song(&self, name: &str, hz: u32, bits: u16, channels: usize) -> String {
        support::write_wav(&self.path(name), hz, bits, &support::music(hz, channels, 10.0));
        self.named(name)
    }

    /// Twenty seconds of clicks at 120 bpm from 0.3 s on, low and loud on the first of four.
    fn pulse(&self, name: &str) -> String {
        support::write_wav(&self.path(name), 22_050, 16, &support::pulse(22_050, 20.0));
        self.named(name)
    }

    fn files(&self) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn regenerate<'a>(&'a self, input: &'a str, output: &'a str, more: &[&'a str]) -> Vec<&'a str> {
        let mut arguments = vec!["regenerate", input, "-o", output, "--tempo", "120", "--meter", "4/4", "--models", &self.models];
        arguments.extend(["--quality", "draft"]);
        arguments.extend(LIGHT);
        arguments.extend(more);
        arguments
    }
}

/// The samples of a WAV file as they lie there.
fn samples(path: &Path) -> Vec<i32> {
    hound::WavReader::open(path).unwrap().samples::<i32>().map(Result::unwrap).collect()
}

#[test]
fn info_tells_the_set_the_runtime_and_the_actions() {
    let place = Place::new();
    let account = json(&["info", "--models", &place.models, "--runtime", "embedded", "--json"]);
    assert_eq!(account["model_set"]["sizes"]["sample_rate"], 16_000);
    assert_eq!(account["runtime"]["runtime"], "embedded");
    assert!(!account["model_set"]["actions"].as_array().unwrap().is_empty());
    let words = done(&["info", "--models", &place.models]);
    assert!(words.contains("model set") && words.contains("runtime") && words.contains("actions"));
}

#[test]
fn a_regenerated_file_keeps_rate_channels_length_format_and_every_sample_outside_the_bar() {
    let place = Place::new();
    for (hz, bits, channels) in [(44_100, 16, 2), (48_000, 24, 1), (22_050, 32, 2)] {
        let input = place.song("in.wav", hz, bits, channels);
        let (output, report) = (place.named("out.wav"), place.named("report.json"));
        done(&place.regenerate(&input, &output, &["--bars", "3", "--action", "0=1", "--seed", "5", "--json", &report]));
        let (before, after) = (hound::WavReader::open(&input).unwrap(), hound::WavReader::open(&output).unwrap());
        assert_eq!(before.spec(), after.spec());
        let (before, after) = (samples(Path::new(&input)), samples(Path::new(&output)));
        let moment = |seconds: f64| (seconds * f64::from(hz)).round() as usize * channels;
        assert_eq!(before.len(), after.len());
        assert_eq!(before[..moment(3.98)], after[..moment(3.98)]);
        assert_eq!(before[moment(6.0)..], after[moment(6.0)..]);
        assert_ne!(before[moment(4.0)..moment(6.0)], after[moment(4.0)..moment(6.0)]);

        let report: Value = serde_json::from_str(&fs::read_to_string(&report).unwrap()).unwrap();
        assert_eq!(report["settings"]["seed"], 5);
        assert_eq!(report["runtime"]["runtime"], "embedded");
        for kept in report["kept"].as_array().unwrap() {
            assert_eq!(kept["sha256_before"], kept["sha256_after"]);
        }
        let first = fs::read(&output).unwrap();
        done(&place.regenerate(&input, &output, &["--bars", "3", "--action", "0=1", "--seed", "5"]));
        assert_eq!(first, fs::read(&output).unwrap(), "the same seed gives the same file");
    }
}

#[test]
fn bars_written_alone_lie_on_the_input_where_their_stamp_says_and_give_the_result() {
    let place = Place::new();
    for (hz, bits, channels) in [(44_100, 24, 2), (22_050, 0, 1)] {
        let (input, output, bars) = (place.song("in.wav", hz, bits, channels), place.named("out.wav"), place.path("bars"));
        done(&place.regenerate(&input, &output, &["--bars", "2,4-5", "--bars-only", &bars.display().to_string()]));
        let sound = |path: &Path| {
            let file = turnaround_engine::audio_file::AudioFile::read(path).unwrap();
            file.audio().channels().to_vec()
        };
        let mut laid = sound(Path::new(&input));
        for (name, start_s) in [("in bar 2.wav", 2.0), ("in bars 4-5.wav", 6.0)] {
            let bytes = fs::read(bars.join(name)).unwrap();
            // The stamp: the eight bytes at 338 of the first chunk's content.
            let at = 12 + 8 + 338;
            let start = u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap()) as usize;
            let fade = (f64::from(hz) * 0.02).round() as usize;
            assert_eq!(start, (f64::from(hz) * start_s) as usize - fade, "{name}: the bar, and the fade before it");
            for (channel, new) in laid.iter_mut().zip(sound(&bars.join(name))) {
                channel[start..start + new.len()].copy_from_slice(&new);
            }
        }
        assert_eq!(laid, sound(Path::new(&output)));
        fs::remove_dir_all(bars).unwrap();
    }
}

#[test]
fn a_folder_for_bars_that_cannot_be_one_is_refused_before_any_work() {
    let place = Place::new();
    let (input, output) = (place.song("in.wav", 16_000, 16, 1), place.named("out.wav"));
    for (folder, words) in [(input.clone(), "is not a folder"), (place.named("no/bars"), "does not exist")] {
        let refusal = refused(&place.regenerate(&input, &output, &["--bars", "2", "--bars-only", &folder]));
        assert!(refusal.contains(words), "{refusal}");
    }
    let own = place.song("song bar 2.wav", 16_000, 16, 1);
    let song = place.song("song.wav", 16_000, 16, 1);
    let folder = place.folder.path().display().to_string();
    let refusal = refused(&place.regenerate(&song, &own, &["--bars", "2", "--bars-only", &folder]));
    assert!(refusal.contains("written twice"), "{refusal}");
    assert_eq!(place.files(), ["in.wav", "song bar 2.wav", "song.wav"]);
}

#[test]
fn float_files_and_mono_at_8_khz_work() {
    let place = Place::new();
    for (hz, bits, channels) in [(8_000, 16, 1), (48_000, 0, 2)] {
        let (input, output) = (place.song("in.wav", hz, bits, channels), place.named("out.wav"));
        done(&place.regenerate(&input, &output, &["--bars", "2-3"]));
        assert_eq!(fs::metadata(&input).unwrap().len(), fs::metadata(&output).unwrap().len());
    }
}

#[test]
fn highs_image_and_level_are_asked_for_by_flags_and_told_in_the_report() {
    let place = Place::new();
    let (input, output, report) = (place.song("in.wav", 48_000, 24, 2), place.named("out.wav"), place.named("report.json"));
    let mut files = Vec::new();
    for (flags, high_band, stereo, reach) in [
        (&[][..], "follow", "follow", Value::from(3.0)),
        (&["--high-band", "keep", "--stereo", "keep", "--level-reach-db", "1.5"], "keep", "keep", Value::from(1.5)),
        (&["--high-band", "off", "--level-reach-db", "inf"], "off", "follow", Value::Null),
    ] {
        done(&place.regenerate(&input, &output, &[&["--bars", "3", "--json", &report], flags].concat()));
        let told: Value = serde_json::from_str(&fs::read_to_string(&report).unwrap()).unwrap();
        let settings = &told["settings"];
        assert_eq!(
            (&settings["high_band"], &settings["stereo"], &settings["level_reach_db"]),
            (&high_band.into(), &stereo.into(), &reach)
        );
        assert_eq!(told["bars"][0]["gain_db"].as_array().unwrap().len(), 4);
        assert!(told["bars"][0]["limited_db"].as_f64().unwrap() <= 0.0);
        files.push(fs::read(&output).unwrap());
    }
    assert!(files[0] != files[1] && files[1] != files[2] && files[0] != files[2]);
    for flags in [["--high-band", "louder"], ["--stereo", "off"], ["--level-reach-db", "-1"], ["--level-reach-db", "NaN"]] {
        refused(&place.regenerate(&input, &output, &[&["--bars", "3"], &flags[..]].concat()));
    }
}

#[test]
fn an_action_can_be_taken_from_a_bar_of_this_or_another_file() {
    let place = Place::new();
    let (input, other, output) =
        (place.song("in.wav", 16_000, 16, 1), place.song("other.wav", 44_100, 24, 2), place.named("out.wav"));
    let own = json(&place.regenerate(&input, &output, &["--bars", "3", "--like", "2", "--json"]));
    assert!(!own["bars"][0]["action"].as_array().unwrap().is_empty());
    let like = format!("{other}:4");
    let mixed = json(&place.regenerate(&input, &output, &["--bars", "3", "--like", &like, "--action", "1=0.5", "--json"]));
    let weights: f64 =
        mixed["bars"][0]["action"].as_array().unwrap().iter().map(|action| action["weight"].as_f64().unwrap()).sum();
    assert!((weights - 1.0).abs() < 1e-5);
}

/// A copy of the set for tests whose actions do what is told here, each with one descriptor, in standard deviations.
fn measured_set(place: &Place, effects: &[(&str, f32)]) -> String {
    let set = place.path("measured");
    fs::create_dir_all(&set).unwrap();
    for entry in fs::read_dir(support::tiny()).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_file()) {
        fs::copy(entry.path(), set.join(entry.file_name())).unwrap();
    }
    let mut manifest: Value = serde_json::from_str(&fs::read_to_string(set.join("manifest.json")).unwrap()).unwrap();
    for (index, (descriptor, change)) in effects.iter().enumerate() {
        let all = turnaround_core::descriptors::Descriptor::ALL;
        let mut effect: Value = all.iter().map(|other| (other.name().replace(' ', "_"), Value::from(0.0))).collect();
        effect[*descriptor] = (*change).into();
        manifest["actions"][index]["measured"] =
            serde_json::json!({"effect": effect, "consistency": 0.75, "position": [0, 0], "is_shortlisted": index == 1});
    }
    fs::write(set.join("manifest.json"), manifest.to_string()).unwrap();
    set.display().to_string()
}

#[test]
fn an_action_can_be_asked_for_in_words() {
    let mut place = Place::new();
    place.models = measured_set(&place, &[("bass", 1.0), ("density", 1.0), ("brightness", -1.0), ("loudness", 1.0)]);
    let (input, output) = (place.song("in.wav", 16_000, 16, 1), place.named("out.wav"));
    let asked = json(&place.regenerate(&input, &output, &["--bars", "3", "--prompt", "Busier, much darker, Lydian", "--json"]));
    let prompt = &asked["prompts"][0];
    assert_eq!(prompt["understood"], serde_json::json!(["darker", "busier"]));
    assert_eq!(prompt["not_understood"], serde_json::json!(["Lydian"]));
    assert_eq!(prompt["wanted"], serde_json::json!({"brightness": -1.5, "density": 1.0}));
    let indices = |action: &Value| action.as_array().unwrap().iter().map(|weight| weight["index"].clone()).collect::<Vec<_>>();
    assert_eq!(indices(&prompt["action"]).len(), 2);
    assert_eq!(indices(&asked["bars"][0]["action"]), [1, 2]);
    assert_eq!(prompt["action"][0]["label"], "action 2");
    assert!(prompt["cosine"].as_f64().unwrap() > 0.9 && prompt["expected_in_words"][0] == "darker", "{prompt}");

    let added = ["--bars", "3", "--prompt", "louder", "--action", "0=1", "--json"];
    let added = json(&place.regenerate(&input, &output, &added));
    assert_eq!(indices(&added["bars"][0]["action"]), [0, 3]);
    assert_eq!(added["bars"][0]["action"][0]["weight"], 0.5);
    let moved = ["--bars", "2-3", "--prompt", "louder", "--to-prompt", "darker"];
    let words = done(&place.regenerate(&input, &output, &moved));
    for line in ["understood louder\nexpected   louder 1.00\n", "understood darker\n", "action 3 1.00\n", "action 2 1.00\n"] {
        assert!(words.contains(line), "{line:?} in {words}");
    }
    let words = done(&place.regenerate(&input, &output, &["--bars", "3", "--prompt", "darker, Lydian"]));
    assert!(words.starts_with("understood darker; not understood: 'Lydian'\n"), "{words}");
    let plain = json(&place.regenerate(&input, &output, &["--bars", "3", "--json"]));
    assert!(plain.get("prompts").is_none());
}

#[test]
fn words_that_find_no_action_are_refused_in_a_sentence() {
    let mut place = Place::new();
    let (input, output) = (place.song("in.wav", 16_000, 16, 1), place.named("out.wav"));
    let words = |place: &Place, more: &[&str]| refused(&place.regenerate(&input, &output, &[&["--bars", "3"], more].concat()));
    assert!(words(&place, &["--prompt", "busier"]).contains("have not been measured"));
    let unknown = words(&place, &["--prompt", "lydian"]);
    assert!(unknown.contains("nothing in \"lydian\"") && unknown.contains("\"busier drums\""), "{unknown}");
    assert!(words(&place, &["--to-prompt", "busier", "--like", "2"]).contains("have not been measured"));
    place.models = measured_set(&place, &[("density", -1.0)]);
    assert!(words(&place, &["--prompt", "busier"]).contains("no action of this model set"));
    assert!(words(&place, &["--to-prompt", "sparser"]).contains("where it begins"));
    assert!(!Path::new(&output).exists());
}

#[test]
fn info_tells_what_shortlisted_actions_do() {
    let place = Place::new();
    let models = measured_set(&place, &[("bass", 1.0), ("bass_density", -0.5)]);
    let words = done(&["info", "--models", &models]);
    assert!(words.contains("% of bars  action 1: calmer bass 0.50; consistency 0.75\n"), "{words}");
    assert!(words.contains("% of bars  action 0\n"), "only the shortlisted are described: {words}");
    let account = json(&["info", "--models", &models, "--json"]);
    let actions = &account["model_set"]["actions"];
    assert_eq!((&actions[1]["label"], &actions[1]["changes"]), (&"action 1".into(), &serde_json::json!(["calmer bass"])));
    assert_eq!(
        (&actions[1]["measured"]["is_shortlisted"], &actions[0]["measured"]["is_shortlisted"]),
        (&true.into(), &false.into())
    );
    assert!(actions[2].get("changes").is_none());
}

#[test]
fn actions_of_every_bar_are_told() {
    let place = Place::new();
    let input = place.song("in.wav", 44_100, 16, 2);
    let mut arguments = vec!["actions", &input, "--tempo", "120", "--meter", "4/4", "--models", &place.models];
    arguments.extend(LIGHT);
    arguments.push("--json");
    let account = json(&arguments);
    let bars = account["bars"].as_array().unwrap();
    assert_eq!(bars.len(), 5);
    for (index, bar) in bars.iter().enumerate() {
        assert_eq!(bar["bar"], index + 1);
        let sum: f64 = bar["actions"].as_array().unwrap().iter().map(|action| action["weight"].as_f64().unwrap()).sum();
        assert!((sum - 1.0).abs() < 1e-5);
    }
}

#[test]
fn every_stage_makes_the_round_trip() {
    let place = Place::new();
    let (input, output) = (place.song("in.wav", 44_100, 16, 2), place.named("out.wav"));
    for stage in ["tokenizer", "bars", "actions"] {
        let mut arguments =
            vec!["roundtrip", &input, "-o", &output, "--tempo", "120", "--meter", "4/4", "--models", &place.models];
        arguments.extend(["--stage", stage, "--calls", "2"]);
        arguments.extend(LIGHT);
        arguments.push("--json");
        let report = json(&arguments);
        assert_eq!((report["turn"].as_str(), report["decoder_calls"].as_u64()), (Some(stage), Some(2)));
        assert_eq!(samples(Path::new(&input)).len(), samples(Path::new(&output)).len());
        assert!(samples(Path::new(&output)).iter().any(|&sample| sample != 0));
    }
    let mut without_grid = vec!["roundtrip", &input, "-o", &output, "--models", &place.models];
    without_grid.extend(LIGHT);
    done(&without_grid);
    // Silence of the tracker's is told as a user can mend it.
    let nowhere = place.named("nowhere");
    let words =
        refused(&["roundtrip", &input, "-o", &output, "--stage", "bars", "--models", &place.models, "--tracker", &nowhere]);
    assert!(words.contains("--tempo") && words.contains("nowhere"), "{words}");
}

#[test]
fn beats_are_told_in_seconds_with_numbers_and_a_steady_grid() {
    let place = Place::new();
    let input = place.pulse("in.wav");
    let mut arguments = vec!["beats", &input, "--json"];
    arguments.extend(LIGHT);
    let account = json(&arguments);
    assert_eq!(account["metre"], "4/4");
    let felt = account["felt_bpm"].as_f64().unwrap();
    assert!((felt - 120.0).abs() < 2.5 && (account["tempo"].as_f64().unwrap() - felt).abs() < 1e-9, "{felt}");
    let beats = account["beats"].as_array().unwrap();
    assert!(beats.len() >= 36, "{} beats in 20 s", beats.len());
    for pair in beats.windows(2) {
        assert_eq!(pair[0]["number"].as_u64().unwrap() % 4 + 1, pair[1]["number"].as_u64().unwrap());
        assert!((pair[1]["time_s"].as_f64().unwrap() - pair[0]["time_s"].as_f64().unwrap() - 0.5).abs() < 0.06);
    }
    let steady = &account["steady"];
    assert!((steady["tempo"].as_f64().unwrap() - 120.0).abs() < 0.3, "{steady}");
    let confidence = account["confidence"]["beat"].as_f64().unwrap();
    assert!((0.3..=1.0).contains(&confidence), "{confidence}");
    assert!(account["tracker"].as_str().unwrap().starts_with("beats ") && account["runtime"]["runtime"] == "embedded");
    let words = done(&["beats", &input, "--runtime", "embedded"]);
    assert!(words.contains("tracked 4/4 steady at"), "{words}");
}

#[test]
fn a_listener_may_correct_octave_metre_and_first_beat() {
    let place = Place::new();
    let input = place.pulse("in.wav");
    let told = |more: &[&str]| {
        let mut arguments = vec!["beats", &input, "--json"];
        arguments.extend(LIGHT);
        arguments.extend(more);
        json(&arguments)
    };
    let plain = told(&[]);
    let bpm = |account: &Value| account["steady"]["tempo"].as_f64().unwrap();
    assert!((bpm(&told(&["--double"])) / bpm(&plain) - 2.0).abs() < 0.01);
    assert!((bpm(&told(&["--halve"])) / bpm(&plain) - 0.5).abs() < 0.01);
    let shifted = told(&["--downbeat-shift", "-1"]);
    for (before, after) in plain["beats"].as_array().unwrap().iter().zip(shifted["beats"].as_array().unwrap()) {
        assert_eq!(before["number"].as_u64().unwrap() % 4 + 1, after["number"].as_u64().unwrap());
    }
    assert_eq!(told(&["--meter", "3/4"])["metre"], "3/4");
}

#[test]
fn a_grid_is_tracked_where_the_tempo_is_left_out() {
    let place = Place::new();
    let (input, output) = (place.pulse("in.wav"), place.named("out.wav"));
    let mut arguments = vec!["actions", &input, "--models", &place.models, "--json"];
    arguments.extend(LIGHT);
    let account = json(&arguments);
    let bars = account["bars"].as_array().unwrap();
    assert!(bars.len() >= 8, "{} bars of 2 s in 20 s", bars.len());
    for bar in bars {
        assert!((bar["end_s"].as_f64().unwrap() - bar["start_s"].as_f64().unwrap() - 2.0).abs() < 0.01);
    }
    let mut arguments = vec!["regenerate", &input, "-o", &output, "--models", &place.models, "--quality", "draft", "--bars", "3"];
    arguments.extend(LIGHT);
    let words = done(&arguments);
    assert!(words.contains("grid       tracked 4/4") && words.contains("bit for bit"), "{words}");
}

#[test]
fn what_contradicts_a_given_grid_or_cannot_be_tracked_is_refused() {
    let place = Place::new();
    let (input, silent) = (place.song("in.wav", 16_000, 16, 1), place.named("silent.wav"));
    support::write_wav(&place.path("silent.wav"), 16_000, 16, &[vec![0.0; 160_000]]);
    let tracker = place.path("tracker");
    fs::create_dir(&tracker).unwrap();
    fs::write(tracker.join("manifest.json"), "{").unwrap();
    let tracker = tracker.display().to_string();
    let given = ["actions", &input, "--models", &place.models, "--tempo", "120"];
    for (arguments, word) in [
        ([&given[..], &["--meter", "4/4", "--double"]].concat(), "leave --tempo out"),
        ([&given[..], &["--meter", "4/4", "--downbeat-shift", "1"]].concat(), "leave --tempo out"),
        (given.to_vec(), "--meter"),
        (vec!["actions", &input, "--models", &place.models, "--offset", "1"], "--tempo"),
        (vec!["beats", &input, "--double", "--halve"], "--halve"),
        (vec!["beats", &input, "--meter", "17/4"], "17"),
        (vec!["beats", &silent], "no steady beat"),
        (vec!["beats", &input, "--tracker", &tracker], "manifest"),
        (vec!["beats", &input, "--tracker", "nowhere"], "no beat tracker was found"),
    ] {
        let words = refused(&arguments);
        assert!(words.contains(word), "{arguments:?}: {words}");
    }
}

#[test]
fn a_benchmark_has_every_key() {
    let place = Place::new();
    let mut arguments = vec!["bench", "--quality", "draft", "--models", &place.models];
    arguments.extend(LIGHT);
    arguments.push("--json");
    let account = json(&arguments);
    let run = &account["runs"][0];
    for key in ["bar_s", "regenerate_s", "again_s", "times_real_time", "threads", "roofline_gflops", "achieved_gflops"] {
        assert!(run[key].as_f64().is_some_and(|number| number > 0.0), "{key}");
    }
    assert!((run["bar_s"].as_f64().unwrap() - 2.048).abs() < 1e-9);
    assert!(run["provider"].is_string() && run["stages"]["decode"].is_number());
}

#[test]
fn bad_recordings_are_refused_in_one_sentence_and_leave_no_file() {
    let place = Place::new();
    let music = support::music(44_100, 1, 10.0);
    let good = place.song("good.wav", 44_100, 16, 1);
    support::write_wav(&place.path("silent.wav"), 44_100, 16, &[vec![0.0; 441_000]]);
    support::write_wav(&place.path("one.wav"), 44_100, 16, &[vec![0.5]]);
    support::write_wav(&place.path("empty.wav"), 44_100, 16, &[vec![]]);
    let mut broken = music.clone();
    broken[0][1_000] = f32::NAN;
    support::write_wav(&place.path("nan.wav"), 44_100, 0, &broken);
    support::write_wav(&place.path("wide.wav"), 44_100, 16, &[music[0].clone(), music[0].clone(), music[0].clone()]);
    support::write_wav(&place.path("slow.wav"), 4_000, 16, &[vec![0.5; 40_000]]);
    let whole = fs::read(&good).unwrap();
    fs::write(place.path("cut.wav"), &whole[..whole.len() / 2]).unwrap();
    fs::write(place.path("words.flac"), "no music").unwrap();
    let before = place.files();
    for (file, bars, word) in [
        ("silent.wav", "3", "silent"),
        ("one.wav", "1", "no whole bar"),
        ("empty.wav", "1", "no sample"),
        ("nan.wav", "3", "not a finite number"),
        ("wide.wav", "3", "3 channels"),
        ("slow.wav", "3", "8000"),
        ("cut.wav", "3", "cut short"),
        ("words.flac", "3", "words.flac"),
        ("nowhere.wav", "3", "cannot be read"),
        ("good.wav", "6", "bars 1 to 5"),
        ("good.wav", "4-60", "bars 1 to 5"),
    ] {
        let (input, output) = (place.named(file), place.named("out.wav"));
        let words = refused(&place.regenerate(&input, &output, &["--bars", bars]));
        assert!(words.contains(word), "{file}: {words}");
    }
    assert_eq!(place.files(), before);
}

#[test]
fn bad_settings_are_refused_and_leave_no_file() {
    let place = Place::new();
    let (input, output) = (place.song("in.wav", 16_000, 16, 1), place.named("out.wav"));
    let before = place.files();
    for (more, word) in [
        (vec!["--action", "60000=1"], "60000"),
        (vec!["--action", "nobody knows=1"], "nobody knows"),
        (vec!["--action", "0=0"], "weights"),
        (vec!["--like", "17"], "bars 1 to 5"),
        (vec!["--strength", "2"], "strength"),
        (vec!["--guidance", "-1"], "guidance"),
        (vec!["--provider", "cuda"], "CUDA"),
        (vec!["--json", "report.wav"], "report.wav"),
    ] {
        let mut arguments = vec!["--bars", "3"];
        arguments.extend(more);
        let words = refused(&place.regenerate(&input, &output, &arguments));
        assert!(words.contains(word), "{words}");
    }
    for more in [["--bars", "0"], ["--bars", "4-2"], ["--bars", "x"], ["--tempo", "0"], ["--meter", "4"]] {
        refused(&place.regenerate(&input, &output, &more));
    }
    let words = refused(&place.regenerate(&input, &input, &["--bars", "3"]));
    assert!(words.contains("is the input"), "{words}");
    let far = place.named("no/such/folder/out.wav");
    refused(&place.regenerate(&input, &far, &["--bars", "3"]));
    assert_eq!(place.files(), before);
}

#[test]
fn missing_and_damaged_sets_are_refused_whole() {
    let place = Place::new();
    let (input, output) = (place.song("in.wav", 16_000, 16, 1), place.named("out.wav"));
    let copy = || {
        let set = place.path("set");
        fs::create_dir_all(&set).unwrap();
        for entry in fs::read_dir(support::tiny()).unwrap().map(Result::unwrap) {
            if entry.path().is_file() {
                fs::copy(entry.path(), set.join(entry.file_name())).unwrap();
            }
        }
        set
    };
    type Damage = fn(&Path);
    let damages: [(&str, Damage); 7] = [
        ("cannot be read", |set| fs::remove_file(set.join("encoder.onnx")).unwrap()),
        ("no model set", |set| fs::remove_file(set.join("manifest.json")).unwrap()),
        ("manifest", |set| fs::write(set.join("manifest.json"), "{").unwrap()),
        ("format 99", |set| {
            let text = fs::read_to_string(set.join("manifest.json")).unwrap();
            let mut manifest: Value = serde_json::from_str(&text).unwrap();
            manifest["format"] = 99.into();
            fs::write(set.join("manifest.json"), manifest.to_string()).unwrap();
        }),
        ("hash", |set| {
            let mut bytes = fs::read(set.join("decoder_step.onnx")).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            fs::write(set.join("decoder_step.onnx"), bytes).unwrap();
        }),
        ("bytes", |set| {
            let bytes = fs::read(set.join("dynamics_step.onnx")).unwrap();
            fs::write(set.join("dynamics_step.onnx"), &bytes[..bytes.len() - 1]).unwrap();
        }),
        ("hash", |set| {
            let text = fs::read_to_string(set.join("manifest.json")).unwrap();
            let mut manifest: Value = serde_json::from_str(&text).unwrap();
            manifest["graphs"]["encoder"]["sha256"] = "0".repeat(64).into();
            fs::write(set.join("manifest.json"), manifest.to_string()).unwrap();
        }),
    ];
    for (word, damage) in damages {
        let set = copy();
        damage(&set);
        let set = set.display().to_string();
        let arguments =
            ["regenerate", &input, "-o", &output, "--tempo", "120", "--meter", "4/4", "--bars", "3", "--models", &set];
        let words = refused(&arguments);
        assert!(words.contains(word), "{word}: {words}");
        assert!(!Path::new(&output).exists());
    }
}
