//! Audio files: read in whole, and written so that nothing half-written remains and every kept sample keeps its bits.

mod atomic;
pub mod broadcast;
mod decoded;
mod pieces;
mod sample;
mod wav;

use std::path::{Path, PathBuf};

use turnaround_core::audio::{Audio, AudioError};
use turnaround_core::time::{RateError, SampleRate};

pub use atomic::write_atomically;

use crate::report::{Region, Report};
use pieces::Pieces;
use sample::SampleFormat;
use wav::Wav;

/// A recording read from a file, with all that is needed to write it back.
///
/// A WAV file is kept byte for byte: writing patches the changed samples into a copy of it, so header, other chunks and all other
/// samples stay what they were, at 8, 16, 24 or 32 bits, whole numbers or floats. Anything else is decoded, rounded once to the bits
/// it will be written with, and written as a plain WAV file: FLAC of up to 16 bits with 16, all others (longer FLAC, OGG/Vorbis, MP3)
/// with 24.
pub struct AudioFile {
    audio: Audio,
    source: Source,
}

enum Source {
    Wav(Wav),
    Decoded { codec: String, format: SampleFormat },
}

/// Why a file could not be read or written. Each names the file.
#[derive(Debug, thiserror::Error)]
pub enum AudioFileError {
    /// The system refused.
    #[error("{path} cannot be read: {reason}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The file ends early.
    #[error("{path} is cut short: its header promises {promised} bytes of sound, {found} are there")]
    Truncated {
        /// The file.
        path: PathBuf,
        /// Bytes the header promises.
        promised: u64,
        /// Bytes the file holds.
        found: u64,
    },
    /// Not audio that this version reads.
    #[error("{path} cannot be decoded: {reason}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why, in words.
        reason: String,
    },
    /// Decoded, but not usable.
    #[error("{path} cannot be used: {error}")]
    Audio {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        error: AudioError,
    },
    /// A rate no audio of ours can have.
    #[error("{path} cannot be used: {error}")]
    Rate {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        error: RateError,
    },
    /// Nothing in it.
    #[error("{path} holds no sample")]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The result could not be written.
    #[error("{path} cannot be written: {reason}")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
}

/// Channels as they come out of a decoder.
struct Planar {
    hz: u32,
    channels: Vec<Vec<f32>>,
}

impl AudioFile {
    /// Reads a file whole.
    ///
    /// # Errors
    /// Any [`AudioFileError`] but `Write`.
    pub fn read(path: &Path) -> Result<Self, AudioFileError> {
        let bytes =
            std::fs::read(path).map_err(|error| AudioFileError::Read { path: path.to_path_buf(), reason: error.to_string() })?;
        Self::parse(path, bytes)
    }

    /// Reads a file's content that is in memory already; `path` names it in errors, and its extension may hint at its format.
    ///
    /// # Errors
    /// Any [`AudioFileError`] but `Read` and `Write`.
    pub fn parse(path: &Path, bytes: Vec<u8>) -> Result<Self, AudioFileError> {
        let (planar, source) = if wav::is_wav(&bytes) {
            let wav = Wav::parse(path, bytes)?;
            (wav.samples(), Source::Wav(wav))
        } else {
            let (planar, codec, format) = decoded::decode(path, bytes)?;
            (planar, Source::Decoded { codec, format })
        };
        let named = path.to_path_buf();
        let rate = SampleRate::new(planar.hz).map_err(|error| AudioFileError::Rate { path: named.clone(), error })?;
        let audio = Audio::new(rate, planar.channels).map_err(|error| AudioFileError::Audio { path: named.clone(), error })?;
        if audio.is_empty() {
            return Err(AudioFileError::Empty { path: named });
        }
        Ok(AudioFile { audio, source })
    }

    /// The recording.
    pub fn audio(&self) -> &Audio {
        &self.audio
    }

    /// What the file is, for instance `wav, 24-bit` or `mp3`.
    pub fn description(&self) -> String {
        match &self.source {
            Source::Wav(wav) => format!("wav, {}", wav.format()),
            Source::Decoded { codec, .. } => codec.clone(),
        }
    }

    /// What is written, for instance `wav, 24-bit`.
    pub fn output_description(&self) -> String {
        match &self.source {
            Source::Wav(wav) => format!("wav, {}", wav.format()),
            Source::Decoded { format, .. } => format!("wav, {format}"),
        }
    }

    /// Whether its samples are floats, which may pass full scale.
    pub fn is_float(&self) -> bool {
        matches!(&self.source, Source::Wav(wav) if !matches!(wav.format(), SampleFormat::Whole { .. }))
    }

    /// Writes other audio of the same rate, channels and length, of which only `changed` stretches differ from this file's.
    ///
    /// Whole-number formats are rounded to the nearest step and clipped at full scale.
    ///
    /// # Errors
    /// [`AudioFileError::Write`]; the file named then is as it was before.
    ///
    /// # Panics
    /// When the audio has another shape: a broken promise of the caller.
    pub fn write(&self, path: &Path, audio: &Audio, changed: &[Region]) -> Result<(), AudioFileError> {
        assert_eq!(
            (audio.len(), audio.channel_count(), audio.rate()),
            (self.audio.len(), self.audio.channel_count(), self.audio.rate())
        );
        let bytes = match &self.source {
            Source::Wav(wav) => Some(wav.patched(audio, changed)),
            Source::Decoded { format, .. } => wav::new_file(audio, *format),
        };
        write_whole(path, bytes)
    }

    /// Writes audio of the same rate and channels to which bars were added, as the report says. What is kept of a WAV file keeps its bytes,
    /// and marks in it move with what they mark.
    ///
    /// # Errors
    /// [`AudioFileError::Write`], also when the result would pass 4 GiB; the file named then is as it was before.
    ///
    /// # Panics
    /// When the audio has another rate or other channels: a broken promise of the caller.
    pub fn write_with_added(&self, path: &Path, audio: &Audio, report: &Report) -> Result<(), AudioFileError> {
        assert_eq!((audio.channel_count(), audio.rate()), (self.audio.channel_count(), self.audio.rate()));
        let pieces = Pieces { kept: &report.kept, left_out: report.left_out };
        let bytes = match &self.source {
            Source::Wav(wav) => wav.pieced(audio, pieces),
            Source::Decoded { format, .. } => wav::new_file(audio, *format),
        };
        write_whole(path, bytes)
    }
}

/// Writes a file that could be put together, whole or not at all.
fn write_whole(path: &Path, bytes: Option<Vec<u8>>) -> Result<(), AudioFileError> {
    let refused = |reason: String| AudioFileError::Write { path: path.to_path_buf(), reason };
    let bytes = bytes.ok_or_else(|| refused("it would pass 4 GiB".into()))?;
    write_atomically(path, &bytes).map_err(|error| refused(error.to_string()))
}

#[cfg(test)]
mod tests;
