//! A WAV file as the demo needs it: samples to look at, and hashes to hold against the engine's.

use std::ops::Range;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use hound::{SampleFormat, WavReader};
use turnaround_core::audio::Audio;
use turnaround_core::contract::sha256_hex;
use turnaround_core::time::SampleRate;

/// A recording of whole numbers of up to 24 bits, which 32-bit floats hold exactly.
pub struct Recording {
    /// Its samples, full scale being 1.
    pub audio: Audio,
    /// Bits of a sample.
    pub bits: u16,
}

impl Recording {
    /// Reads a file. Fails when it cannot be read or holds other samples.
    pub fn read(path: &Path) -> Result<Self> {
        read(path).with_context(|| format!("{} cannot be used", path.display()))
    }

    /// SHA-256 of samples as the engine's report makes it: channel after channel, 32-bit floats, lowest byte first.
    pub fn hash(&self, samples: Range<usize>) -> String {
        let stretch = self.audio.channels().iter().flat_map(|channel| &channel[samples.clone()]);
        sha256_hex(&stretch.flat_map(|sample| sample.to_le_bytes()).collect::<Vec<u8>>())
    }
}

fn read(path: &Path) -> Result<Recording> {
    let mut reader = WavReader::open(path)?;
    let spec = reader.spec();
    ensure!(
        spec.sample_format == SampleFormat::Int && spec.bits_per_sample <= 24,
        "its samples are no whole numbers of up to 24 bits"
    );
    let full_scale = (1_i32 << (spec.bits_per_sample - 1)) as f32;
    let mut channels = vec![Vec::new(); usize::from(spec.channels)];
    for (position, sample) in reader.samples::<i32>().enumerate() {
        channels[position % usize::from(spec.channels)].push(sample? as f32 / full_scale);
    }
    Ok(Recording { audio: Audio::new(SampleRate::new(spec.sample_rate)?, channels)?, bits: spec.bits_per_sample })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_that_of_the_samples_channel_after_channel() {
        let rate = SampleRate::MODEL;
        let recording = Recording { audio: Audio::stereo(rate, vec![0.5, 0.25], vec![-0.5, 1.0]).unwrap(), bits: 24 };
        let bytes: Vec<u8> = [0.25_f32, 1.0].iter().flat_map(|sample| sample.to_le_bytes()).collect();
        assert_eq!(recording.hash(1..2), sha256_hex(&bytes));
    }

    #[test]
    fn twenty_four_bits_are_read_exactly() {
        let folder = std::env::temp_dir().join(format!("xtask-recording-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("a.wav");
        let spec = hound::WavSpec { channels: 2, sample_rate: 48_000, bits_per_sample: 24, sample_format: SampleFormat::Int };
        let mut writer = hound::WavWriter::create(&path, spec).unwrap();
        let samples = [8_388_607, -8_388_608, 1, -1];
        samples.iter().for_each(|&sample| writer.write_sample(sample).unwrap());
        writer.finalize().unwrap();
        let read = Recording::read(&path).unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        let back: Vec<i32> = (0..4).map(|n| (read.audio.channel(n % 2)[n / 2] * 8_388_608.0) as i32).collect();
        assert_eq!(back, samples);
    }
}
