//! What the verbs share: how to fail, how to print, how to show progress.

use std::fmt::{Arguments, Display};
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use turnaround_engine::audio_file::{AudioFile, AudioFileError, write_atomically};
use turnaround_engine::beats::BeatsError;
use turnaround_engine::prompt::ChoiceError;
use turnaround_engine::runtime::RuntimeError;
use turnaround_engine::{Control, Engine, EngineError, OpenError, Progress};

use crate::args::Networks;

/// Prints a line, as `println!` does.
macro_rules! say {
    ($($words:tt)*) => { $crate::output::print_line(format_args!($($words)*)) };
}
pub(crate) use say;

/// Prints a line. A reader that has seen enough and closed the pipe is no fault.
pub fn print_line(words: Arguments<'_>) {
    let _ = writeln!(std::io::stdout(), "{words}");
}

/// Why the program ends early: one sentence and the exit code.
pub struct Failure {
    pub sentence: String,
    pub code: u8,
}

/// Something the user can mend.
const MENDABLE: u8 = 2;

/// A fault of our own.
const OURS: u8 = 1;

impl Failure {
    pub fn mendable(sentence: impl Display) -> Self {
        Failure { sentence: sentence.to_string(), code: MENDABLE }
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        Failure::mendable(error)
    }
}

impl From<AudioFileError> for Failure {
    fn from(error: AudioFileError) -> Self {
        Failure::mendable(error)
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        let code = match error {
            EngineError::Runtime(_) | EngineError::Resample(_) => OURS,
            _ => MENDABLE,
        };
        Failure { sentence: error.to_string(), code }
    }
}

impl From<ChoiceError> for Failure {
    fn from(error: ChoiceError) -> Self {
        Failure::mendable(error)
    }
}

impl From<BeatsError> for Failure {
    fn from(error: BeatsError) -> Self {
        let code = match error {
            BeatsError::Runtime(RuntimeError::Run { .. }) | BeatsError::Resample(_) => OURS,
            _ => MENDABLE,
        };
        Failure { sentence: error.to_string(), code }
    }
}

/// Loads the set that the arguments name.
pub fn open(networks: &Networks) -> Result<Engine, Failure> {
    Ok(Engine::open(networks.models.as_deref(), &networks.running.options())?)
}

/// Whether both are there and are one file, by whatever names.
pub fn is_same_file(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// Refuses a result that would overwrite what it is made from, or a report that would overwrite sound.
pub fn check_paths(input: &Path, output: Option<&Path>, json: Option<&Path>) -> Result<(), Failure> {
    if let Some(output) = output {
        if is_same_file(output, input) {
            return Err(Failure::mendable(format!("{} is the input; write the result to another file", output.display())));
        }
        if !output.parent().is_none_or(|folder| folder.as_os_str().is_empty() || folder.is_dir()) {
            return Err(Failure::mendable(format!("the folder of {} does not exist", output.display())));
        }
    }
    let is_sound = |path: &Path| {
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or("");
        ["wav", "flac", "ogg", "mp3"].iter().any(|sound| extension.eq_ignore_ascii_case(sound))
    };
    match json {
        Some(json) if is_sound(json) => {
            Err(Failure::mendable(format!("{} names a recording, not a JSON file; put --json last", json.display())))
        }
        _ => Ok(()),
    }
}

/// Whether the report goes to the terminal instead of the usual words.
pub fn prints_json(json: Option<&Path>) -> bool {
    json == Some(Path::new("-"))
}

/// Prints or writes a report if it was asked for.
pub fn write_json(json: Option<&Path>, report: &impl Serialize) -> Result<(), Failure> {
    let Some(path) = json else { return Ok(()) };
    let mut text = serde_json::to_string_pretty(report).map_err(|error| Failure { sentence: error.to_string(), code: OURS })?;
    text.push('\n');
    if prints_json(json) {
        print_line(format_args!("{}", text.trim_end()));
        return Ok(());
    }
    write_atomically(path, text.as_bytes())
        .map_err(|error| Failure::mendable(format!("{} cannot be written: {error}", path.display())))
}

/// Reads a recording.
pub fn read(path: &Path) -> Result<AudioFile, Failure> {
    Ok(AudioFile::read(path)?)
}

/// Runs a long call of the engine under a progress bar on the error stream, which shows only on a terminal.
pub fn with_progress<T>(words: &str, call: impl FnOnce(&mut Control<'_>) -> Result<T, EngineError>) -> Result<T, Failure> {
    let bar = ProgressBar::new(1);
    if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {percent:>3}% {eta}") {
        bar.set_style(style);
    }
    bar.set_message(words.to_owned());
    bar.enable_steady_tick(Duration::from_millis(200));
    let mut on_progress = |progress: Progress| {
        bar.set_length(progress.total as u64);
        bar.set_position(progress.done as u64);
    };
    let result = call(&mut Control { is_cancelled: &|| false, on_progress: &mut on_progress });
    bar.finish_and_clear();
    Ok(result?)
}
