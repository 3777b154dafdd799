//! Each run of regenerated bars as a file of its own that knows where it belongs.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use turnaround_core::audio::Audio;
use turnaround_core::bars::BarNumber;
use turnaround_core::time::Samples;
use turnaround_engine::audio_file::AudioFile;
use turnaround_engine::audio_file::broadcast::{self, BroadcastStamp, Date, Format};
use turnaround_engine::report::Region;

use crate::args::Regenerate;
use crate::output::{Failure, is_same_file};

/// A folder to write into, and the files that will lie in it: one for each run of bars, in order.
pub struct BarsOnly {
    folder: PathBuf,
    runs: Vec<Run>,
}

struct Run {
    path: PathBuf,
    description: String,
}

impl BarsOnly {
    /// What was asked for, before any work is done. Nothing when it was not.
    pub fn asked(arguments: &Regenerate) -> Result<Option<Self>, Failure> {
        let Some(folder) = arguments.bars_only.clone() else { return Ok(None) };
        if folder.exists() && !folder.is_dir() {
            return Err(Failure::mendable(format!("{} is not a folder; name one for --bars-only", folder.display())));
        }
        if !folder.parent().is_none_or(|parent| parent.as_os_str().is_empty() || parent.is_dir()) {
            return Err(Failure::mendable(format!("the folder of {} does not exist", folder.display())));
        }
        let song = arguments.files.input.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let mut runs = Vec::new();
        for name in runs_of(&arguments.bars.0) {
            let path = folder.join(format!("{song} {name}.wav"));
            if is_same_file(&path, &arguments.files.input) || path == arguments.files.output {
                let path = path.display();
                return Err(Failure::mendable(format!("{path} would be written twice, or over the input; name another folder")));
            }
            runs.push(Run { path, description: format!("{song}, {name}, made anew") });
        }
        Ok(Some(BarsOnly { folder, runs }))
    }

    /// Writes the changed stretches, one for each run of bars, fades included: laid at its place over the input, each gives the result.
    /// The files, in order.
    pub fn write(&self, file: &AudioFile, result: &Audio, changed: &[Region]) -> Result<Vec<&Path>, Failure> {
        assert_eq!(self.runs.len(), changed.len(), "one changed stretch for each run of bars");
        std::fs::create_dir_all(&self.folder)
            .map_err(|error| Failure::mendable(format!("{} cannot be made: {error}", self.folder.display())))?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let format = if file.is_float() { Format::Float32 } else { Format::Whole24 };
        for (run, region) in self.runs.iter().zip(changed) {
            let stamp = BroadcastStamp {
                time_reference: Samples::from_len(region.start),
                description: &run.description,
                reference: "",
                made: Date::utc(now),
            };
            broadcast::write(&run.path, &stretch(result, *region)?, &stamp, format)?;
        }
        Ok(self.runs.iter().map(|run| run.path.as_path()).collect())
    }
}

fn stretch(audio: &Audio, region: Region) -> Result<Audio, Failure> {
    let channels = audio.channels().iter().map(|channel| channel[region.start..region.end].to_vec()).collect();
    Audio::new(audio.rate(), channels).map_err(Failure::mendable)
}

/// `bar 3` or `bars 5-8` for each run of following bars; the bars are in order, each once.
fn runs_of(bars: &[BarNumber]) -> Vec<String> {
    let name = |run: &[BarNumber]| match run {
        [only] => format!("bar {}", only.get()),
        [first, .., last] => format!("bars {}-{}", first.get(), last.get()),
        [] => String::new(),
    };
    bars.chunk_by(|a, b| a.next() == *b).map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_that_follow_one_another_are_one_file() {
        let names = |bars: &[i64]| runs_of(&bars.iter().map(|&bar| BarNumber::new(bar)).collect::<Vec<_>>());
        assert_eq!(names(&[5, 6, 7, 8, 11]), ["bars 5-8", "bar 11"]);
        assert_eq!(names(&[1, 3]), ["bar 1", "bar 3"]);
    }
}
