//! Broadcast WAV: a file that knows its place on a timeline.
//!
//! A chunk `bext` before the sound carries the sample at which it begins, so that a host's "spot" or "insert at original time" lays the
//! file exactly where it was taken from. Source: EBU Tech 3285, version 2 (2011). We write version 1 of the chunk, since version 2 only
//! adds loudness figures, which nobody has measured here.

mod date;

use std::path::Path;

use turnaround_core::audio::Audio;
use turnaround_core::time::Samples;

use super::sample::SampleFormat;
use super::{AudioFileError, wav, write_atomically};

pub use date::{Date, DateError};

/// The program that wrote the file, as it stands in it.
pub const ORIGINATOR: &str = "Turnaround";

/// How each sample is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Whole numbers of 24 bits, rounded to the nearest step and clipped at full scale.
    #[default]
    Whole24,
    /// Floats of 32 bits: the samples as they are, those above full scale too.
    Float32,
}

impl From<Format> for SampleFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::Whole24 => SampleFormat::Whole { bits: 24 },
            Format::Float32 => SampleFormat::Float32,
        }
    }
}

/// What the file says about itself.
///
/// Texts are kept as ASCII, which is all that the chunk allows: another letter becomes `?`, a control character a space, and what is
/// longer than its field is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BroadcastStamp<'a> {
    /// The timeline's sample on which the first sample of the file falls, counted from the timeline's start at the file's own rate. Not
    /// negative.
    pub time_reference: Samples,
    /// What it is, up to 256 letters.
    pub description: &'a str,
    /// A name that is the file's alone, up to 32 letters; may be empty.
    pub reference: &'a str,
    /// When it was made. The caller says so: this module asks no clock.
    pub made: Date,
}

/// Writes audio with its stamp, whole or not at all. The same arguments give the same bytes.
///
/// # Errors
/// [`AudioFileError::Write`] when the sound begins before the timeline does, when the file would pass 4 GiB (longer ones need a format
/// that few hosts read), and whatever the system says; a file of that name then is as it was before.
pub fn write(path: &Path, audio: &Audio, stamp: &BroadcastStamp<'_>, format: Format) -> Result<(), AudioFileError> {
    let refused = |reason: String| AudioFileError::Write { path: path.to_path_buf(), reason };
    let position = u64::try_from(stamp.time_reference.get()).map_err(|_| {
        refused(format!("it would begin {} samples before the timeline does; cut them off first", -stamp.time_reference.get()))
    })?;
    let chunk = bext(position, stamp, &coding_history(audio, format));
    let bytes = wav::new_file_with(audio, format.into(), &chunk)
        .ok_or_else(|| refused("it would pass 4 GiB; write it in shorter stretches".into()))?;
    write_atomically(path, &bytes).map_err(|error| refused(error.to_string()))
}

/// The whole chunk, with its name and length. Field by field as section 2.3 of the source lists them.
fn bext(position: u64, stamp: &BroadcastStamp<'_>, history: &str) -> Vec<u8> {
    let mut content = Vec::with_capacity(602 + history.len());
    content.extend(field::<256>(stamp.description));
    content.extend(field::<32>(ORIGINATOR));
    content.extend(field::<32>(stamp.reference));
    content.extend(field::<10>(&stamp.made.day_text()));
    content.extend(field::<8>(&stamp.made.time_text()));
    // The lower half comes first, so the two halves are one number of 64 bits.
    content.extend(position.to_le_bytes());
    content.extend(1_u16.to_le_bytes());
    // No UMID, and what later versions use.
    content.extend([0; 64 + 190]);
    content.extend(history.bytes());
    wav::chunk(*b"bext", &content)
}

/// Text in a field of fixed length, filled up with zeros.
fn field<const LENGTH: usize>(text: &str) -> [u8; LENGTH] {
    let mut field = [0; LENGTH];
    for (place, letter) in field.iter_mut().zip(text.chars()) {
        *place = match letter {
            ' '..='~' => letter as u8,
            control if control.is_control() => b' ',
            _ => b'?',
        };
    }
    field
}

/// One line in the form of EBU R 98: coding, rate, bits, channels, and who did it.
fn coding_history(audio: &Audio, format: Format) -> String {
    let mode = if audio.channel_count() == 1 { "mono" } else { "stereo" };
    let (bits, kind) = match format {
        Format::Whole24 => (24, ""),
        Format::Float32 => (32, "; float"),
    };
    let mut line = format!("A=PCM,F={},W={bits},M={mode},T={ORIGINATOR} {}{kind}", audio.rate().hz(), env!("CARGO_PKG_VERSION"));
    if line.len() % 2 == 1 {
        // An even chunk needs no byte of padding, which some readers forget to skip.
        line.push(' ');
    }
    line + "\r\n"
}

#[cfg(test)]
mod tests;
