//! A demo that no engine made, for tests: four bars of tones, the second of them changed.

use std::ops::Range;
use std::path::PathBuf;

use serde_json::json;
use turnaround_core::audio::Audio;
use turnaround_core::tempo_map::TempoMap;
use turnaround_core::time::{Metre, SampleRate, Samples, Seconds, Tempo};

use super::Demo;
use super::actions::{Action, Weight};
use super::edit::Edit;
use super::recording::Recording;
use super::trio::{Grid, Trio};

/// Samples of a bar: 4/4 at 240 BPM and 8 kHz.
pub const BAR: usize = 8000;

/// Two edits of bar 2.
pub fn demo() -> Demo {
    let trio = trio();
    let edits = vec![edit(&trio, "A", 3, "busier <drums>", 0.31), edit(&trio, "B", 0, "Action 0", 0.47)];
    Demo { trio, edits }
}

fn recording(left: Vec<f32>) -> Recording {
    let right = left.iter().map(|sample| 0.5 * sample).collect();
    Recording { audio: Audio::stereo(SampleRate::new(8000).unwrap(), left, right).unwrap(), bits: 24 }
}

fn tone(samples: Range<usize>, pitch: f32) -> impl Iterator<Item = f32> {
    samples.map(move |n| 0.5 * (n as f32 * pitch).sin())
}

fn trio() -> Trio {
    let recording = recording(tone(0..4 * BAR, 0.3).collect());
    let map = TempoMap::constant(Tempo::new(240.0).unwrap(), Metre::FOUR_FOUR, Seconds::ZERO);
    let bars = map.whole_bars_within(Samples::from_len(4 * BAR), recording.audio.rate());
    Trio { wav: PathBuf::from("before.wav"), recording, grid: Grid { tempo: 240.0, metre: "4/4".into(), offset: 0.0 }, bars }
}

fn edit(trio: &Trio, name: &'static str, index: usize, label: &str, pitch: f32) -> Edit {
    let mut left = trio.recording.audio.channel(0).to_vec();
    left.splice(BAR..2 * BAR, tone(BAR..2 * BAR, pitch));
    let recording = recording(left);
    let kept = |samples: Range<usize>| {
        json!({
            "start": samples.start,
            "end": samples.end,
            "sha256_before": trio.recording.hash(samples.clone()),
            "sha256_after": recording.hash(samples),
        })
    };
    // Keys and nesting are those of the engine's report.
    let report = json!({
        "model_set": { "name": "tiny", "version": "0.1.0" },
        "runtime": { "runtime": "embedded", "version": "tract 0.23", "library": null, "provider": "cpu", "threads": 2, "notes": [] },
        "settings": { "strength": 1.0, "guidance": 2.0, "seed": 1, "quality": "default", "dynamics_steps": 8, "decoder_calls": 4 },
        "audio": { "sample_rate": 8000, "channels": 2, "samples": 4 * BAR, "peak": 0.5 },
        "bars": [{
            "bar": 2, "start_s": 1.0, "end_s": 2.0, "action": [{ "index": index, "label": label, "weight": 1.0 }],
            "level_before_db": -9.0, "level_after_db": -8.5,
        }],
        "context_bars": [1, 3],
        "changed": [{ "start": BAR, "end": 2 * BAR }],
        "kept": [kept(0..BAR), kept(2 * BAR..4 * BAR)],
        "timing": {
            "total_s": 0.25, "music_s": 1.0, "times_real_time": 4.0, "stages": { "encode": 0.05, "dynamics": 0.1, "decode": 0.08 },
        },
    });
    let report = serde_json::from_value(report).unwrap();
    let action = Action { bar: 3, weights: vec![Weight { index, label: label.to_owned(), weight: 1.0 }] };
    Edit { name, action, recording, report, command: "turnaround regenerate demo/before.wav".to_owned(), wall_s: 0.6 }
}
