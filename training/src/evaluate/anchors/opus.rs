//! Opus, whole pieces at a time, so that bars are coded with their past, and brought back into line with the original.
//!
//! Settings are those of `opusenc` for music: application audio, highest complexity, variable bitrate, frames of 20 ms; which of its modes
//! and bandwidths it takes is its own choice. The codec is the crate `ropus`, a port of the reference's fixed-point build.

use anyhow::{Context, Result, ensure};
use ropus::{Application, Bitrate, Channels, DecodeMode, Decoder, Encoder};
use turnaround_core::time::SampleRate;

/// Rates the codec takes without resampling.
const RATES: [u32; 5] = [8_000, 12_000, 16_000, 24_000, 48_000];

/// The largest packet there is.
const LONGEST_PACKET: usize = 1275;

/// A piece after coding.
#[derive(Clone, Debug)]
pub struct Coded {
    /// As long as the original, and in line with it.
    pub samples: Vec<f32>,
    /// Bits a second that its packets took.
    pub bits_per_second: f64,
}

/// Codes a mono piece at about `bits_per_second`.
///
/// # Errors
/// When the codec does not know the rate of the audio, or takes no such bitrate.
pub fn coded(samples: &[f32], rate: SampleRate, bits_per_second: u32) -> Result<Coded> {
    ensure!(RATES.contains(&rate.hz()), "Opus codes audio at {RATES:?} Hz, not at {} Hz", rate.hz());
    let frame = rate.hz() as usize / 50;
    let mut encoder = Encoder::builder(rate.hz(), Channels::Mono, Application::Audio)
        .bitrate(Bitrate::Bits(bits_per_second))
        .complexity(10)
        .vbr(true)
        .build()
        .with_context(|| format!("an Opus encoder at {bits_per_second} bit/s"))?;
    let mut decoder = Decoder::new(rate.hz(), Channels::Mono).context("an Opus decoder")?;
    // What the encoder holds back comes out behind the piece's end.
    let delay = encoder.lookahead() as usize;
    let frames = (samples.len() + delay).div_ceil(frame);
    let mut decoded = Vec::with_capacity(frames * frame);
    let (mut packet, mut piece, mut bytes) = (vec![0; LONGEST_PACKET], vec![0.0; frame], 0);
    for number in 0..frames {
        let input: Vec<f32> = (number * frame..(number + 1) * frame).map(|at| samples.get(at).copied().unwrap_or(0.0)).collect();
        let length = encoder.encode_float(&input, &mut packet).context("Opus encodes a frame")?;
        let count = decoder.decode_float(&packet[..length], &mut piece, DecodeMode::Normal).context("Opus decodes a frame")?;
        ensure!(count == frame, "Opus gave {count} samples for a frame of {frame}");
        bytes += length;
        decoded.extend_from_slice(&piece);
    }
    let seconds = (frames * frame) as f64 / f64::from(rate.hz());
    Ok(Coded { samples: decoded[delay..delay + samples.len()].to_vec(), bits_per_second: 8.0 * bytes as f64 / seconds })
}

#[cfg(test)]
mod tests {
    use super::super::super::metrics::hand_made::{noise, plucks};
    use super::*;

    /// The shift of `made` against `original` at which they agree best, in samples.
    fn shift(original: &[f32], made: &[f32]) -> i64 {
        let product = |shift: i64| {
            let pairs = (2000..original.len() - 2000).map(|i| original[i] * made[(i as i64 + shift) as usize]);
            pairs.map(f64::from).sum::<f64>()
        };
        (-400..=400).max_by(|a, b| product(*a).total_cmp(&product(*b))).expect("there are shifts")
    }

    fn music() -> Vec<f32> {
        let mut sound = plucks(&[0.2, 0.5, 0.9, 1.2, 1.6], 32_000);
        sound.iter_mut().zip(noise(1, 32_000)).for_each(|(x, hiss)| *x += 0.05 * hiss);
        sound
    }

    #[test]
    fn what_comes_back_is_in_line_with_the_original_at_every_rate() {
        let sound = music();
        for bits_per_second in [6_000, 8_000, 12_000, 32_000] {
            let coded = coded(&sound, SampleRate::MODEL, bits_per_second).unwrap();
            assert_eq!(coded.samples.len(), sound.len());
            let shift = shift(&sound, &coded.samples);
            // The codec's own resamplers may turn phases by a sample.
            assert!(shift.abs() <= 1, "{bits_per_second} bit/s come {shift} samples late");
        }
    }

    #[test]
    fn more_bits_are_nearer_and_are_about_what_was_asked_for() {
        let sound = music();
        let error = |coded: &Coded| sound.iter().zip(&coded.samples).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>();
        let (low, high) = (coded(&sound, SampleRate::MODEL, 6_000).unwrap(), coded(&sound, SampleRate::MODEL, 32_000).unwrap());
        assert!(error(&high) < 0.5 * error(&low), "{} and {}", error(&high), error(&low));
        for (coded, asked) in [(&low, 6_000.0), (&high, 32_000.0)] {
            assert!((0.6..1.5).contains(&(coded.bits_per_second / asked)), "{} for {asked}", coded.bits_per_second);
        }
    }

    #[test]
    fn a_rate_that_the_codec_does_not_know_is_told() {
        let rate = SampleRate::new(22_050).unwrap();
        assert!(coded(&[0.0; 1000], rate, 6_000).unwrap_err().to_string().contains("22050"));
    }
}
