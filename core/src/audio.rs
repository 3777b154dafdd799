//! Audio in memory: one or two channels at a rate, and their middle and side.

use crate::time::{SampleRate, Samples, Seconds};

/// Mono or stereo audio: finite samples, nominally within ±1, one vector a channel, `[channel][sample]`, all of one length.
#[derive(Clone, Debug, PartialEq)]
pub struct Audio {
    rate: SampleRate,
    channels: Vec<Vec<f32>>,
}

/// Why audio was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AudioError {
    /// Neither mono nor stereo.
    #[error("audio must be mono or stereo, but has {found} channels; mix it down first")]
    Channels {
        /// The number of channels.
        found: usize,
    },
    /// Channels that do not run equally long.
    #[error("the channels must be equally long, but have {first} and {second} samples")]
    Lengths {
        /// Samples in the first.
        first: usize,
        /// Samples in the second.
        second: usize,
    },
    /// A sample that is no number, which would spread through every filter.
    #[error("sample {position} of channel {channel} is not a finite number; the recording is damaged")]
    NotFinite {
        /// The channel, counted from 0.
        channel: usize,
        /// The sample, counted from 0.
        position: usize,
    },
}

impl Audio {
    /// Takes planar channels. They may be empty.
    ///
    /// # Errors
    /// [`AudioError`] unless there are one or two channels of one length with only finite samples.
    pub fn new(rate: SampleRate, channels: Vec<Vec<f32>>) -> Result<Self, AudioError> {
        if !(1..=2).contains(&channels.len()) {
            return Err(AudioError::Channels { found: channels.len() });
        }
        let (first, second) = (channels[0].len(), channels[channels.len() - 1].len());
        if first != second {
            return Err(AudioError::Lengths { first, second });
        }
        for (channel, samples) in channels.iter().enumerate() {
            if let Some(position) = samples.iter().position(|sample| !sample.is_finite()) {
                return Err(AudioError::NotFinite { channel, position });
            }
        }
        Ok(Self { rate, channels })
    }

    /// One channel.
    ///
    /// # Errors
    /// [`AudioError::NotFinite`].
    pub fn mono(rate: SampleRate, samples: Vec<f32>) -> Result<Self, AudioError> {
        Self::new(rate, vec![samples])
    }

    /// Two channels.
    ///
    /// # Errors
    /// [`AudioError::Lengths`] or [`AudioError::NotFinite`].
    pub fn stereo(rate: SampleRate, left: Vec<f32>, right: Vec<f32>) -> Result<Self, AudioError> {
        Self::new(rate, vec![left, right])
    }

    /// Samples per channel.
    pub fn len(&self) -> usize {
        self.channels[0].len()
    }

    /// Whether there is no sample.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The sample rate.
    pub fn rate(&self) -> SampleRate {
        self.rate
    }

    /// How long it lasts.
    pub fn duration(&self) -> Seconds {
        self.rate.seconds_from(Samples::from_len(self.len()))
    }

    /// One or two.
    pub fn channel_count(&self) -> usize {
        self.channels.len()
    }

    /// The samples of a channel, counted from 0.
    ///
    /// # Panics
    /// If there is no such channel.
    pub fn channel(&self, index: usize) -> &[f32] {
        &self.channels[index]
    }

    /// All channels, `[channel][sample]`.
    pub fn channels(&self) -> &[Vec<f32>] {
        &self.channels
    }

    /// Gives the channels away, `[channel][sample]`.
    pub fn into_channels(self) -> Vec<Vec<f32>> {
        self.channels
    }

    /// What both channels have in common, (L + R) / 2; of mono, the channel itself.
    pub fn mid(&self) -> Vec<f32> {
        match self.channels.as_slice() {
            [left, right] => left.iter().zip(right).map(|(l, r)| 0.5 * (l + r)).collect(),
            channels => channels[0].clone(),
        }
    }

    /// What the channels differ in, (L − R) / 2; of mono, silence.
    pub fn side(&self) -> Vec<f32> {
        match self.channels.as_slice() {
            [left, right] => left.iter().zip(right).map(|(l, r)| 0.5 * (l - r)).collect(),
            channels => vec![0.0; channels[0].len()],
        }
    }

    /// Audio of the same rate and number of channels from another middle and side: L = M + S, R = M − S. Mono has no side and takes the
    /// middle alone.
    ///
    /// # Errors
    /// [`AudioError::Lengths`] if the two are not equally long, [`AudioError::NotFinite`] if a sample of the result is no number.
    pub fn with_mid_side(&self, mid: &[f32], side: &[f32]) -> Result<Self, AudioError> {
        if mid.len() != side.len() {
            return Err(AudioError::Lengths { first: mid.len(), second: side.len() });
        }
        if self.channels.len() == 1 {
            return Self::mono(self.rate, mid.to_vec());
        }
        let left = mid.iter().zip(side).map(|(m, s)| m + s).collect();
        let right = mid.iter().zip(side).map(|(m, s)| m - s).collect();
        Self::stereo(self.rate, left, right)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate() -> SampleRate {
        SampleRate::new(48_000).unwrap()
    }

    #[test]
    fn stereo_comes_back_from_middle_and_side() {
        let stereo = Audio::stereo(rate(), vec![0.5, -0.25, 1.0], vec![0.25, 0.75, -1.0]).unwrap();
        assert_eq!(stereo.mid(), [0.375, 0.25, 0.0]);
        assert_eq!(stereo.side(), [0.125, -0.5, 1.0]);
        assert_eq!(stereo.with_mid_side(&stereo.mid(), &stereo.side()).unwrap(), stereo);
    }

    #[test]
    fn mono_is_its_own_middle_and_has_no_side() {
        let mono = Audio::mono(rate(), vec![0.5, -0.25]).unwrap();
        assert_eq!(mono.mid(), [0.5, -0.25]);
        assert_eq!(mono.side(), [0.0, 0.0]);
        assert_eq!(mono.with_mid_side(&mono.mid(), &[9.0, 9.0]).unwrap(), mono);
    }

    #[test]
    fn audio_knows_its_length() {
        let audio = Audio::mono(rate(), vec![0.0; 24_000]).unwrap();
        assert_eq!(
            (audio.len(), audio.duration(), audio.channel_count(), audio.is_empty()),
            (24_000, Seconds::new(0.5), 1, false)
        );
        assert!(Audio::mono(rate(), vec![]).unwrap().is_empty());
    }

    #[test]
    fn damaged_audio_is_refused_with_the_place() {
        let message = |channels: Vec<Vec<f32>>| Audio::new(rate(), channels).unwrap_err().to_string();
        assert_eq!(message(vec![]), "audio must be mono or stereo, but has 0 channels; mix it down first");
        assert_eq!(message(vec![vec![]; 6]), "audio must be mono or stereo, but has 6 channels; mix it down first");
        assert_eq!(message(vec![vec![0.0], vec![]]), "the channels must be equally long, but have 1 and 0 samples");
        let nan = "sample 2 of channel 1 is not a finite number; the recording is damaged";
        assert_eq!(message(vec![vec![0.0; 3], vec![0.0, 0.0, f32::NAN]]), nan);
    }
}
