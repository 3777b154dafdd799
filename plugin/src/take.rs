//! A take: the sound that plays in place of a bar.

use turnaround_core::audio::Audio;
use turnaround_core::resample::{ResampleError, resample};
use turnaround_core::time::{SampleRate, Samples, Seconds};

/// How long a take sounds before its bar: the fade from the bar before it, whose end it must meet before the downbeat.
pub const LEAD: Seconds = Seconds::new(0.020);

/// A new bar, ready to play at one rate.
///
/// **Thread.** Made by the worker and never changed; the audio thread reads it. The worker keeps a second handle on it until the audio
/// thread has let go of its own, so that it is never freed there.
#[derive(Clone, Debug, PartialEq)]
pub struct Take {
    rate: SampleRate,
    /// Left and right, of one length: first the lead, then the bar.
    channels: [Vec<f32>; 2],
    lead: usize,
    likeness: Likeness,
}

/// How much a take and the dry bar have in common where they fade into each other: their correlation, 0 to 1. It keeps a fade between like
/// sounds from growing louder in its middle.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Likeness {
    /// Over the lead.
    pub at_start: f32,
    /// Over as much at the end.
    pub at_end: f32,
}

impl Take {
    /// A take from its sound: [`LEAD`] of it before the bar, then the bar. A lone channel plays on both sides.
    pub fn new(audio: Audio, likeness: Likeness) -> Self {
        let rate = audio.rate();
        Self::from_channels(rate, audio.into_channels(), likeness)
    }

    /// The same at another rate.
    ///
    /// # Errors
    /// [`ResampleError`] when the rates have no usable ratio.
    pub fn at_rate(audio: &Audio, rate: SampleRate, likeness: Likeness) -> Result<Self, ResampleError> {
        let channels: Result<Vec<_>, _> = audio.channels().iter().map(|channel| resample(channel, audio.rate(), rate)).collect();
        Ok(Self::from_channels(rate, channels?, likeness))
    }

    fn from_channels(rate: SampleRate, channels: Vec<Vec<f32>>, likeness: Likeness) -> Self {
        let mut channels = channels.into_iter();
        let left = channels.next().unwrap_or_default();
        let right = channels.next().unwrap_or_else(|| left.clone());
        let lead = lead_samples(rate).min(left.len());
        Self { rate, channels: [left, right], lead, likeness }
    }

    /// Its rate.
    pub fn rate(&self) -> SampleRate {
        self.rate
    }

    /// Samples before the bar.
    pub fn lead(&self) -> usize {
        self.lead
    }

    /// Samples of the bar.
    pub fn body(&self) -> usize {
        self.channels[0].len() - self.lead
    }

    /// See [`Likeness`].
    pub fn likeness(&self) -> Likeness {
        self.likeness
    }

    /// A frame, counted from the bar's first sample; the lead has negative places. Nothing outside.
    pub fn frame(&self, from_line: i64) -> Option<[f32; 2]> {
        let index = usize::try_from(from_line + self.lead as i64).ok()?;
        Some([*self.channels[0].get(index)?, *self.channels[1].get(index)?])
    }

    /// Bytes it occupies.
    pub fn bytes(&self) -> usize {
        8 * self.channels[0].len()
    }

    /// Left and right of the bar alone.
    pub fn bar(&self) -> (&[f32], &[f32]) {
        (&self.channels[0][self.lead..], &self.channels[1][self.lead..])
    }
}

/// [`LEAD`] at a rate.
pub fn lead_samples(rate: SampleRate) -> usize {
    rate.samples_from(LEAD).max(Samples::ZERO).as_index()
}

/// Correlation of two sounds, at least 0; see [`Likeness`].
pub fn likeness(a: [&[f32]; 2], b: [&[f32]; 2]) -> f32 {
    let product = |a: [&[f32]; 2], b: [&[f32]; 2]| -> f64 {
        let pairs = |x: &[f32], y: &[f32]| x.iter().zip(y).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum::<f64>();
        pairs(a[0], b[0]) + pairs(a[1], b[1])
    };
    let power = (product(a, a) * product(b, b)).sqrt();
    if power > 0.0 { (product(a, b) / power).max(0.0) as f32 } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_counted_from_the_line() {
        let rate = SampleRate::new(8_000).unwrap();
        let samples: Vec<f32> = (0..400).map(|n| n as f32).collect();
        let take = Take::new(Audio::mono(rate, samples).unwrap(), Likeness::default());
        assert_eq!((take.lead(), take.body()), (160, 240));
        assert_eq!(take.frame(-160), Some([0.0, 0.0]));
        assert_eq!(take.frame(0), Some([160.0, 160.0]));
        assert_eq!((take.frame(-161), take.frame(240)), (None, None));
    }

    #[test]
    fn a_take_at_another_rate_lasts_as_long() {
        let rate = |hz| SampleRate::new(hz).unwrap();
        let audio = Audio::mono(rate(48_000), vec![0.1; 960 + 48_000]).unwrap();
        let take = Take::at_rate(&audio, rate(44_100), Likeness::default()).unwrap();
        assert_eq!((take.lead(), take.body()), (882, 44_100));
    }

    #[test]
    fn like_sounds_have_likeness_one_and_opposite_ones_none() {
        let (a, b) = ([0.5, -0.25, 1.0], [-0.5, 0.25, -1.0]);
        assert!((likeness([&a, &a], [&a, &a]) - 1.0).abs() < 1e-6);
        assert_eq!(likeness([&a, &a], [&b, &b]), 0.0);
        assert_eq!(likeness([&a, &a], [&[0.0; 3], &[0.0; 3]]), 0.0);
    }
}
