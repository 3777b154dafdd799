//! Audio packed for keeping: lossless, small, and always the same samples when it is unpacked.
//!
//! Captures and takes are kept in this form in memory and in saved state alike, and what plays is always what was unpacked. So a take sounds
//! the same, to the last bit, before and after a project is saved and loaded.
//!
//! **Thread.** Worker and host's main thread: it allocates.

use std::path::Path;

use flacenc::component::BitRepr;
use flacenc::error::Verify;
use turnaround_core::audio::Audio;
use turnaround_core::contract::sha256_hex;
use turnaround_core::time::SampleRate;
use turnaround_engine::audio_file::AudioFile;

/// Bits of a sample: more than any converter gives.
const BITS: u32 = 24;

/// Samples of a block.
const BLOCK: usize = 4096;

/// Scales beyond these are those of broken sound.
const EXPONENTS: std::ops::RangeInclusive<i32> = -64..=32;

/// Packed stereo audio.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sound {
    rate: u32,
    /// Samples are whole numbers times 2 to the power of this, less 23.
    exponent: i32,
    samples: usize,
    flac: Vec<u8>,
    hash: String,
}

/// Why sound was not packed or unpacked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SoundError {
    /// Not stereo, or empty.
    #[error("only stereo audio with at least one sample can be kept, not {channels} channels of {samples} samples")]
    Shape {
        /// Channels given.
        channels: usize,
        /// Samples given.
        samples: usize,
    },
    /// The packer refused.
    #[error("the audio could not be packed: {0}")]
    Pack(String),
    /// The bytes are not what was packed.
    #[error("the kept audio is damaged: {0}")]
    Damaged(String),
}

impl Sound {
    /// Packs stereo audio. Samples are rounded to 24 bits below the next power of two above the loudest of them.
    ///
    /// # Errors
    /// [`SoundError::Shape`] or [`SoundError::Pack`].
    pub fn pack(audio: &Audio) -> Result<Self, SoundError> {
        let (channels, samples) = (audio.channel_count(), audio.len());
        if channels != 2 || samples == 0 {
            return Err(SoundError::Shape { channels, samples });
        }
        let peak = audio.channels().iter().flatten().fold(0.0f32, |peak, x| peak.max(x.abs()));
        let exponent =
            if peak > 0.0 { (f64::from(peak).log2().floor() as i32 + 1).clamp(*EXPONENTS.start(), *EXPONENTS.end()) } else { 0 };
        let scale = 2f64.powi(BITS as i32 - 1 - exponent);
        let limit = f64::from((1 << (BITS - 1)) - 1);
        let whole = |x: &f32| (f64::from(*x) * scale).round().clamp(-limit, limit) as i32;
        let interleaved: Vec<i32> =
            audio.channel(0).iter().zip(audio.channel(1)).flat_map(|(l, r)| [whole(l), whole(r)]).collect();
        let flac = encode(&interleaved, audio.rate().hz())?;
        let hash = sha256_hex(&flac);
        Ok(Self { rate: audio.rate().hz(), exponent, samples, flac, hash })
    }

    /// What was packed elsewhere, with its hash checked.
    ///
    /// # Errors
    /// [`SoundError::Damaged`] when the bytes do not have this hash.
    pub fn from_parts(rate: u32, exponent: i32, samples: usize, flac: Vec<u8>, hash: &str) -> Result<Self, SoundError> {
        let found = sha256_hex(&flac);
        if found != hash {
            return Err(SoundError::Damaged(format!("its hash is {found}, not {hash}")));
        }
        if !EXPONENTS.contains(&exponent) {
            return Err(SoundError::Damaged(format!("its scale is 2 to the power of {exponent}")));
        }
        Ok(Self { rate, exponent, samples, flac, hash: found })
    }

    /// Unpacks it.
    ///
    /// # Errors
    /// [`SoundError::Damaged`] when the bytes are no such audio.
    pub fn unpack(&self) -> Result<Audio, SoundError> {
        let damaged = |reason: String| SoundError::Damaged(reason);
        let file = AudioFile::parse(Path::new("kept.flac"), self.flac.clone()).map_err(|error| damaged(error.to_string()))?;
        let shape = (file.audio().channel_count(), file.audio().len());
        if shape.0 != 2 || !(self.samples..self.samples + BLOCK).contains(&shape.1) {
            return Err(damaged(format!("it holds {} channels of {} samples, not 2 of {}", shape.0, shape.1, self.samples)));
        }
        let scale = 2f32.powi(self.exponent);
        let channels =
            file.audio().channels().iter().map(|channel| channel[..self.samples].iter().map(|x| x * scale).collect()).collect();
        let rate = SampleRate::new(self.rate).map_err(|error| damaged(error.to_string()))?;
        Audio::new(rate, channels).map_err(|error| damaged(error.to_string()))
    }

    /// Hertz.
    pub fn rate(&self) -> u32 {
        self.rate
    }

    /// See the field.
    pub fn exponent(&self) -> i32 {
        self.exponent
    }

    /// Samples per channel.
    pub fn samples(&self) -> usize {
        self.samples
    }

    /// The packed bytes.
    pub fn flac(&self) -> &[u8] {
        &self.flac
    }

    /// SHA-256 of the packed bytes: the same for the same audio.
    pub fn hash(&self) -> &str {
        &self.hash
    }
}

/// A FLAC stream, filled up with silence to whole blocks: where the last block is shorter the packer counts it among the block sizes of a
/// stream of equal blocks, and decoders refuse that. The rate in it is nominal where FLAC cannot hold ours; the one that counts is kept beside it.
fn encode(interleaved: &[i32], rate: u32) -> Result<Vec<u8>, SoundError> {
    let words = |error: &dyn std::fmt::Debug| SoundError::Pack(format!("{error:?}"));
    let mut config = flacenc::config::Encoder::default();
    // Of its fixed predictors the packer believes too much: loud noise grows to several times its size, and decoders lose their way in it.
    config.subframe_coding.use_fixed = false;
    let config = config.into_verified().map_err(|error| words(&error))?;
    let nominal = rate.min(96_000);
    let mut whole = interleaved.to_vec();
    whole.resize(interleaved.len().next_multiple_of(2 * BLOCK), 0);
    let source = flacenc::source::MemSource::from_samples(&whole, 2, BITS as usize, nominal as usize);
    let stream = flacenc::encode_with_fixed_block_size(&config, source, BLOCK).map_err(|error| words(&error))?;
    let mut sink = flacenc::bitsink::ByteSink::new();
    stream.write(&mut sink).map_err(|error| words(&error))?;
    Ok(sink.as_slice().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(rate: u32, length: usize, level: f32) -> Audio {
        let mut noise = turnaround_core::noise::GaussianNoise::new(7);
        let mut channel = || -> Vec<f32> { (0..length).map(|_| noise.next() * level).collect() };
        let (left, right) = (channel(), channel());
        Audio::stereo(SampleRate::new(rate).unwrap(), left, right).unwrap()
    }

    #[test]
    fn what_is_unpacked_packs_to_the_same_sound_again() {
        for (rate, level) in [(22_050, 0.1), (44_100, 1.0), (48_000, 1e-4), (96_000, 5.0), (192_000, 0.25)] {
            let audio = noise(rate, 9_000, level);
            let sound = Sound::pack(&audio).unwrap();
            let once = sound.unpack().unwrap();
            assert_eq!(once.rate().hz(), rate);
            let peak = audio.channels().iter().flatten().fold(0.0f32, |peak, x| peak.max(x.abs()));
            for (a, b) in audio.channels().iter().flatten().zip(once.channels().iter().flatten()) {
                // Half a step of 24 bits below the next power of two, a whole one at its very top.
                assert!((a - b).abs() <= peak * 2.0 / (1 << 23) as f32, "{rate} Hz");
            }
            let again = Sound::pack(&once).unwrap().unpack().unwrap();
            assert_eq!(once, again, "{rate} Hz");
        }
    }

    #[test]
    fn long_sounds_of_every_kind_can_be_kept() {
        let rate = SampleRate::new(48_000).unwrap();
        let mut noise = turnaround_core::noise::GaussianNoise::new(3);
        let length = 100_000;
        for kind in 0..6 {
            let wave: Vec<f32> = (0..length)
                .map(|n| {
                    let tone = (std::f64::consts::TAU * 220.0 * n as f64 / 48_000.0).sin() as f32;
                    let decay = (-((n % 12_000) as f32) / 3_000.0).exp();
                    match kind {
                        0 => 0.5 * tone,
                        1 => 0.5 * tone * decay,
                        2 => 0.3 * noise.next() * decay,
                        3 => {
                            if n % 24_000 < 9_000 {
                                0.0
                            } else {
                                0.1 * noise.next()
                            }
                        }
                        4 => 0.2 * tone * decay + 0.01 * noise.next(),
                        _ => {
                            if n % 12_000 == 0 {
                                1.0
                            } else {
                                0.0
                            }
                        }
                    }
                })
                .collect();
            let right = wave.iter().map(|x| 0.5 * x).collect();
            let sound = Sound::pack(&Audio::stereo(rate, wave, right).unwrap()).unwrap();
            assert_eq!(sound.unpack().map(|audio| audio.len()), Ok(length), "kind {kind}");
            // Never much larger than unpacked: 24 bits and two sides.
            assert!(sound.flac().len() < 6 * length + length / 8, "kind {kind}: {} bytes", sound.flac().len());
        }
    }

    #[test]
    fn silence_and_single_samples_can_be_kept() {
        let rate = SampleRate::new(48_000).unwrap();
        for audio in
            [Audio::stereo(rate, vec![0.0; 5_000], vec![0.0; 5_000]).unwrap(), noise(48_000, 1, 0.5), noise(48_000, 4_097, 0.5)]
        {
            let sound = Sound::pack(&audio).unwrap();
            assert_eq!(sound.unpack().unwrap().len(), audio.len());
        }
    }

    #[test]
    fn damage_is_told_and_never_played() {
        let sound = Sound::pack(&noise(48_000, 5_000, 0.2)).unwrap();
        let mut flac = sound.flac().to_vec();
        flac[2_000] ^= 1;
        let error = Sound::from_parts(48_000, sound.exponent(), 5_000, flac, sound.hash()).unwrap_err();
        assert!(matches!(error, SoundError::Damaged(_)), "{error}");
        let short = Sound::from_parts(48_000, sound.exponent(), 50_001, sound.flac().to_vec(), sound.hash()).unwrap();
        assert!(short.unpack().is_err());
    }
}
