//! One regeneration: the call of the command line, its report, and the proof that it kept what it was to keep.

use std::collections::BTreeMap;
use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::actions::Action;
use super::recording::Recording;
use super::trio::Trio;
use xtask::process::{run, shown};
use xtask::workspace;

/// The bars that are made anew.
const BARS: RangeInclusive<i64> = 5..=8;

/// Whether a bar is made anew.
pub fn is_made(bar: i64) -> bool {
    BARS.contains(&bar)
}

/// The bars made anew as a range, with a hyphen for programs or a dash for people.
pub fn bars_made(hyphen: char) -> String {
    format!("{}{hyphen}{}", BARS.start(), BARS.end())
}

/// The same for both edits, so that only the action differs.
const SEED: &str = "1";

/// A finished regeneration.
pub struct Edit {
    /// `A` or `B`.
    pub name: &'static str,
    /// What it was made with.
    pub action: Action,
    /// The result.
    pub recording: Recording,
    /// What the engine says.
    pub report: Report,
    /// The call, as one types it.
    pub command: String,
    /// Seconds of the whole call: loading, reading and writing too.
    pub wall_s: f64,
}

/// The engine's report, as far as the page tells it.
#[derive(Clone, Debug, Deserialize)]
pub struct Report {
    pub model_set: ModelSet,
    pub runtime: Runtime,
    pub settings: Settings,
    pub bars: Vec<BarReport>,
    pub context_bars: Vec<i64>,
    pub changed: Vec<Region>,
    pub kept: Vec<Kept>,
    pub timing: Timing,
}

#[derive(Clone, Debug, Deserialize)]
pub struct ModelSet {
    pub name: String,
    pub version: String,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Runtime {
    /// `onnxruntime` or `embedded`.
    pub runtime: String,
    pub version: String,
    pub provider: String,
    pub threads: usize,
    pub notes: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Settings {
    pub strength: f64,
    pub guidance: f64,
    pub seed: u64,
    pub quality: String,
    pub dynamics_steps: usize,
    pub decoder_calls: usize,
}

#[derive(Clone, Debug, Deserialize)]
pub struct BarReport {
    pub bar: i64,
    pub level_before_db: Option<f64>,
    pub level_after_db: Option<f64>,
}

/// Samples `[start, end)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Region {
    pub start: usize,
    pub end: usize,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Kept {
    pub start: usize,
    pub end: usize,
    pub sha256_before: String,
    pub sha256_after: String,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Timing {
    pub total_s: f64,
    pub music_s: f64,
    pub times_real_time: f64,
    /// Seconds by stage.
    pub stages: BTreeMap<String, f64>,
}

impl Edit {
    /// Calls `turnaround regenerate`, which leaves `after_NAME.wav` and `after_NAME.json`. Fails when it does.
    pub fn make(turnaround: &Path, name: &'static str, action: Action, trio: &Trio, folder: &Path) -> Result<Self> {
        let [wav, json] = ["wav", "json"].map(|kind| folder.join(format!("after_{name}.{kind}")));
        let mut command = Command::new(turnaround);
        command.current_dir(workspace::root()).arg("regenerate").arg(&trio.wav).arg("-o").arg(&wav);
        command.args(trio.grid.flags()).args(["--bars", &bars_made('-')]).args(action.flags());
        command.args(["--seed", SEED, "--json"]).arg(&json);
        let started = Instant::now();
        run(&mut command)?;
        let wall_s = started.elapsed().as_secs_f64();
        Self::read(name, action, &wav, &json, shown(&command), wall_s)
    }

    /// Reads what a call left.
    pub fn read(name: &'static str, action: Action, wav: &Path, json: &Path, command: String, wall_s: f64) -> Result<Self> {
        let text = fs::read_to_string(json).with_context(|| format!("{} cannot be read", json.display()))?;
        let report = serde_json::from_str(&text).with_context(|| format!("{} is not a report", json.display()))?;
        Ok(Edit { name, action, recording: Recording::read(wav)?, report, command, wall_s })
    }

    /// Holds the files themselves against the report: every kept stretch has the hash it had, and no sample is left out.
    pub fn verify(&self, before: &Recording) -> Result<()> {
        ensure!(self.recording.audio.len() == before.audio.len(), "edit {} has another length than its input", self.name);
        for kept in &self.report.kept {
            let hashes = [before.hash(kept.start..kept.end), self.recording.hash(kept.start..kept.end)];
            let is_kept = hashes.iter().chain([&kept.sha256_after]).all(|hash| *hash == kept.sha256_before);
            ensure!(is_kept, "edit {} changed samples {} to {}, which it was to keep", self.name, kept.start, kept.end);
        }
        let mut regions: Vec<Region> = self.report.kept.iter().map(|kept| Region { start: kept.start, end: kept.end }).collect();
        regions.extend(&self.report.changed);
        ensure!(covers(&mut regions, before.audio.len()), "the report of edit {} leaves samples out", self.name);
        Ok(())
    }

    /// The file beside the page.
    pub fn file(&self) -> PathBuf {
        PathBuf::from(format!("after_{}.wav", self.name))
    }
}

/// Whether regions follow one another from 0 to `length`.
fn covers(regions: &mut [Region], length: usize) -> bool {
    regions.sort_by_key(|region| region.start);
    let mut end = 0;
    regions.iter().all(|region| std::mem::replace(&mut end, region.end) == region.start) && end == length
}

#[cfg(test)]
mod tests {
    use crate::fixture;
    use turnaround_core::audio::Audio;

    #[test]
    fn edits_that_keep_all_other_samples_pass() {
        let demo = fixture::demo();
        for edit in &demo.edits {
            edit.verify(&demo.trio.recording).unwrap();
        }
    }

    #[test]
    fn one_changed_sample_outside_is_found_out() {
        let mut demo = fixture::demo();
        let edit = &mut demo.edits[0];
        let mut channels = edit.recording.audio.channels().to_vec();
        channels[1][3 * fixture::BAR] += 1.0 / 8_388_608.0;
        edit.recording.audio = Audio::new(edit.recording.audio.rate(), channels).unwrap();
        let error = edit.verify(&demo.trio.recording).unwrap_err().to_string();
        assert!(error.contains("samples 16000 to 32000"), "{error}");
    }

    #[test]
    fn a_report_that_leaves_samples_out_is_found_out() {
        let mut demo = fixture::demo();
        demo.edits[0].report.kept.pop();
        assert!(demo.edits[0].verify(&demo.trio.recording).unwrap_err().to_string().contains("leaves samples out"));
    }
}
