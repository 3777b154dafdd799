//! WAV files, read by our own eyes so that they can be written back byte for byte.

use std::path::Path;

use turnaround_core::audio::Audio;

use super::sample::SampleFormat;
use super::{AudioFileError, Planar};
use crate::report::Region;

/// A WAV file and where its sound lies in it.
pub(super) struct Wav {
    bytes: Vec<u8>,
    format: SampleFormat,
    hz: u32,
    channels: usize,
    /// First byte of the sound.
    start: usize,
    /// Samples per channel.
    length: usize,
}

const WHOLE_NUMBERS: u16 = 1;
const FLOATS: u16 = 3;
const EXTENSIBLE: u16 = 0xfffe;

/// What programs write as length when they cannot know it yet.
const UNKNOWN_LENGTH: u32 = u32::MAX;

/// Whether these bytes begin as a WAV file does.
pub(super) fn is_wav(bytes: &[u8]) -> bool {
    bytes.len() >= 12 && (&bytes[..4] == b"RIFF" || &bytes[..4] == b"RF64") && &bytes[8..12] == b"WAVE"
}

impl Wav {
    pub(super) fn parse(path: &Path, bytes: Vec<u8>) -> Result<Self, AudioFileError> {
        let unreadable = |reason: &str| AudioFileError::Unreadable { path: path.to_path_buf(), reason: reason.to_owned() };
        if &bytes[..4] == b"RF64" {
            return Err(unreadable("WAV files of more than 4 GiB are not read"));
        }
        let mut header = None;
        let mut position = 12;
        while position + 8 <= bytes.len() {
            let length = u32_at(&bytes, position + 4);
            let content = position + 8;
            match &bytes[position..position + 4] {
                b"fmt " => {
                    let end = content.saturating_add(length as usize);
                    let chunk = bytes.get(content..end).ok_or_else(|| unreadable("its header is cut short"))?;
                    header = Some(Header::parse(chunk).map_err(|reason| unreadable(&reason))?);
                }
                b"data" => {
                    let Header { format, hz, channels } =
                        header.ok_or_else(|| unreadable("its sound comes before its format"))?;
                    let found = bytes.len() - content;
                    let promised = if length == UNKNOWN_LENGTH { found } else { length as usize };
                    if promised > found {
                        let (promised, found) = (promised as u64, found as u64);
                        return Err(AudioFileError::Truncated { path: path.to_path_buf(), promised, found });
                    }
                    let length = promised / (format.bytes() * channels);
                    return Ok(Wav { bytes, format, hz, channels, start: content, length });
                }
                _ => {}
            }
            // Chunks begin at even places.
            position = content.saturating_add(length as usize).saturating_add(length as usize % 2);
        }
        Err(unreadable("it holds no sound"))
    }

    pub(super) fn format(&self) -> SampleFormat {
        self.format
    }

    /// The sound, one vector a channel.
    pub(super) fn samples(&self) -> Planar {
        let bytes = self.format.bytes();
        let mut channels = vec![Vec::with_capacity(self.length); self.channels];
        let sound = &self.bytes[self.start..self.start + self.length * self.channels * bytes];
        for moment in sound.chunks_exact(bytes * self.channels) {
            for (channel, sample) in channels.iter_mut().zip(moment.chunks_exact(bytes)) {
                channel.push(self.format.read(sample));
            }
        }
        Planar { hz: self.hz, channels }
    }

    /// The same file with other samples in some stretches.
    pub(super) fn patched(&self, audio: &Audio, changed: &[Region]) -> Vec<u8> {
        let mut bytes = self.bytes.clone();
        for region in changed {
            let sound = interleaved(audio, *region, self.format);
            let start = self.start + region.start * self.bytes_a_moment();
            bytes[start..start + sound.len()].copy_from_slice(&sound);
        }
        bytes
    }

    /// Bytes of one sample of every channel.
    pub(super) fn bytes_a_moment(&self) -> usize {
        self.format.bytes() * self.channels
    }

    /// A stretch of the sound as it lies in the file.
    pub(super) fn sound(&self, region: Region) -> &[u8] {
        let moment = self.bytes_a_moment();
        &self.bytes[self.start + region.start * moment..self.start + region.end * moment]
    }

    /// The whole chunks before the sound, and those after it.
    pub(super) fn other_chunks(&self) -> (&[u8], &[u8]) {
        let front = &self.bytes[12..self.start - 8];
        let promised = u32_at(&self.bytes, self.start - 4);
        if promised == UNKNOWN_LENGTH {
            return (front, &[]);
        }
        let end = self.start.saturating_add(promised as usize).saturating_add(promised as usize % 2);
        (front, self.bytes.get(end..).unwrap_or_default())
    }
}

/// A plain WAV file; nothing when it would be longer than its header can say.
pub(super) fn new_file(audio: &Audio, format: SampleFormat) -> Option<Vec<u8>> {
    new_file_with(audio, format, &[])
}

/// A WAV file with whole chunks of other kinds in front; nothing when it would be longer than its header can say.
pub(super) fn new_file_with(audio: &Audio, format: SampleFormat, front: &[u8]) -> Option<Vec<u8>> {
    let header = [front.to_vec(), header(audio, format)].concat();
    let length = sound_length(audio.len(), audio.channel_count() * format.bytes(), header.len())?;
    let padding = length as usize % 2;
    let whole = 4 + header.len() + 8 + length as usize + padding;
    let mut bytes = Vec::with_capacity(8 + whole);
    bytes.extend(b"RIFF");
    bytes.extend((whole as u32).to_le_bytes());
    bytes.extend(b"WAVE");
    bytes.extend(header);
    bytes.extend(b"data");
    bytes.extend(length.to_le_bytes());
    bytes.extend(interleaved(audio, Region { start: 0, end: audio.len() }, format));
    bytes.resize(8 + whole, 0);
    Some(bytes)
}

/// Bytes of the sound; nothing when they and all chunks before them cannot be counted in 32 bits.
pub(super) fn sound_length(length: usize, moment: usize, before: usize) -> Option<u32> {
    let sound = length.checked_mul(moment)?;
    // The letters WAVE, the sound's own name and length, and its padding.
    let whole = sound.checked_add(before)?.checked_add(4 + 8 + 1)?;
    u32::try_from(whole).ok()?;
    u32::try_from(sound).ok()
}

/// What says how samples are written. Floats need the longer form and a count of samples, whole numbers do not.
fn header(audio: &Audio, format: SampleFormat) -> Vec<u8> {
    let is_whole = matches!(format, SampleFormat::Whole { .. });
    let channels = audio.channel_count() as u16;
    let moment = channels * format.bytes() as u16;
    let mut content = Vec::with_capacity(18);
    content.extend(if is_whole { WHOLE_NUMBERS } else { FLOATS }.to_le_bytes());
    content.extend(channels.to_le_bytes());
    content.extend(audio.rate().hz().to_le_bytes());
    content.extend((audio.rate().hz() * u32::from(moment)).to_le_bytes());
    content.extend(moment.to_le_bytes());
    content.extend((8 * format.bytes() as u16).to_le_bytes());
    if is_whole {
        return chunk(*b"fmt ", &content);
    }
    content.extend(0_u16.to_le_bytes());
    // Past 32 bits the file is refused for the length of its sound.
    let count = u32::try_from(audio.len()).unwrap_or(u32::MAX);
    [chunk(*b"fmt ", &content), chunk(*b"fact", &count.to_le_bytes())].concat()
}

/// A chunk with its name and length, filled up to an even number of bytes. The content is short.
pub(super) fn chunk(name: [u8; 4], content: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(8 + content.len() + 1);
    bytes.extend(name);
    bytes.extend((content.len() as u32).to_le_bytes());
    bytes.extend(content);
    bytes.resize(bytes.len() + content.len() % 2, 0);
    bytes
}

pub(super) fn interleaved(audio: &Audio, region: Region, format: SampleFormat) -> Vec<u8> {
    let mut bytes = Vec::with_capacity((region.end - region.start) * audio.channel_count() * format.bytes());
    for position in region.start..region.end {
        for channel in audio.channels() {
            format.write(channel[position], &mut bytes);
        }
    }
    bytes
}

#[derive(Clone, Copy)]
struct Header {
    format: SampleFormat,
    hz: u32,
    channels: usize,
}

impl Header {
    fn parse(chunk: &[u8]) -> Result<Self, String> {
        if chunk.len() < 16 {
            return Err("its header is cut short".into());
        }
        let (mut tag, channels, hz) = (u16_at(chunk, 0), usize::from(u16_at(chunk, 2)), u32_at(chunk, 4));
        let (moment, bits) = (usize::from(u16_at(chunk, 12)), u16_at(chunk, 14));
        if tag == EXTENSIBLE && chunk.len() >= 26 {
            tag = u16_at(chunk, 24);
        }
        let format = match (tag, bits) {
            (WHOLE_NUMBERS, 8 | 16 | 24 | 32) => SampleFormat::Whole { bits },
            (FLOATS, 32) => SampleFormat::Float32,
            (FLOATS, 64) => SampleFormat::Float64,
            _ => return Err(format!("WAV files of format {tag} with {bits} bits are not read; convert it to 16, 24 or 32 bits")),
        };
        if channels == 0 || moment != channels * format.bytes() {
            return Err("its header contradicts itself".into());
        }
        Ok(Header { format, hz, channels })
    }
}

fn u16_at(bytes: &[u8], position: usize) -> u16 {
    u16::from_le_bytes([bytes[position], bytes[position + 1]])
}

pub(super) fn u32_at(bytes: &[u8], position: usize) -> u32 {
    u32::from_le_bytes([bytes[position], bytes[position + 1], bytes[position + 2], bytes[position + 3]])
}

#[cfg(test)]
mod tests {
    use super::sound_length;

    #[test]
    fn a_file_is_refused_from_the_first_byte_that_its_header_cannot_count() {
        let before = 24 + 700;
        let longest = u32::MAX as usize - before - 13;
        assert_eq!(sound_length(longest, 1, before), Some(longest as u32));
        assert_eq!(sound_length(longest + 1, 1, before), None);
        // Three hours and a half of stereo floats at 48 kHz, and lengths past any memory.
        assert_eq!(sound_length(12_600 * 48_000, 8, before), None);
        assert_eq!(sound_length(usize::MAX, 6, before), None);
    }
}
