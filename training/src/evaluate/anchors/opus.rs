//! Opus, whole pieces at a time, so that bars are coded with their past, and brought back into line with the original.
//!
//! Settings are those of `opusenc` for music: application audio, highest complexity, variable bitrate, frames of 20 ms. Which of its modes
//! it takes is its own choice; at low rates it leaves out all above 4 kHz, so it can be held to the whole band too. The codec is the crate
//! `ropus`, a port of the reference's fixed-point build that gives the same bits.

use anyhow::{Context, Result, anyhow, ensure};
use ropus::opus::decoder::OPUS_BANDWIDTH_WIDEBAND;
use ropus::opus::encoder::{OPUS_APPLICATION_AUDIO, OpusEncoder};
use ropus::{Channels, DecodeMode, Decoder};
use turnaround_core::time::SampleRate;

/// Rates the codec takes without resampling.
const RATES: [u32; 5] = [8_000, 12_000, 16_000, 24_000, 48_000];

/// The largest packet there is.
const LONGEST_PACKET: usize = 1275;

/// Which frequencies are coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Band {
    /// Those that the codec thinks best at its rate.
    Own,
    /// All up to 8 kHz.
    Wide,
}

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
pub fn coded(samples: &[f32], rate: SampleRate, bits_per_second: u32, band: Band) -> Result<Coded> {
    ensure!(RATES.contains(&rate.hz()), "Opus codes audio at {RATES:?} Hz, not at {} Hz", rate.hz());
    let frame = rate.hz() as usize / 50;
    let mut encoder = encoder(rate, bits_per_second, band)?;
    let mut decoder = Decoder::new(rate.hz(), Channels::Mono).context("an Opus decoder")?;
    // What the encoder holds back comes out behind the piece's end.
    let delay = encoder.get_lookahead() as usize;
    let frames = (samples.len() + delay).div_ceil(frame);
    let mut decoded = Vec::with_capacity(frames * frame);
    let (mut packet, mut piece, mut bytes) = (vec![0; LONGEST_PACKET], vec![0.0; frame], 0);
    for number in 0..frames {
        let input: Vec<f32> = (number * frame..(number + 1) * frame).map(|at| samples.get(at).copied().unwrap_or(0.0)).collect();
        let length = encoder.encode_float(&input, frame as i32, &mut packet, LONGEST_PACKET as i32);
        let length = length.map_err(|code| anyhow!("Opus cannot encode a frame (its error {code})"))? as usize;
        let count = decoder.decode_float(&packet[..length], &mut piece, DecodeMode::Normal).context("Opus decodes a frame")?;
        ensure!(count == frame, "Opus gave {count} samples for a frame of {frame}");
        bytes += length;
        decoded.extend_from_slice(&piece);
    }
    let seconds = (frames * frame) as f64 / f64::from(rate.hz());
    Ok(Coded { samples: decoded[delay..delay + samples.len()].to_vec(), bits_per_second: 8.0 * bytes as f64 / seconds })
}

/// The crate's friendlier builder cannot hold the codec to a band.
fn encoder(rate: SampleRate, bits_per_second: u32, band: Band) -> Result<OpusEncoder> {
    let refused = |code: i32| anyhow!("Opus takes no encoder at {bits_per_second} bit/s (its error {code})");
    let mut encoder = OpusEncoder::new(rate.hz() as i32, 1, OPUS_APPLICATION_AUDIO).map_err(refused)?;
    let mut answers = vec![encoder.set_bitrate(bits_per_second as i32), encoder.set_complexity(10), encoder.set_vbr(1)];
    if band == Band::Wide {
        answers.push(encoder.set_bandwidth(OPUS_BANDWIDTH_WIDEBAND));
    }
    // Each answers 0 if it agrees.
    answers.into_iter().find(|code| *code != 0).map_or(Ok(encoder), |code| Err(refused(code)))
}

#[cfg(test)]
mod tests {
    use super::super::super::metrics::hand_made::{noise, plucks};
    use super::super::super::metrics::level::Highs;
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
            for band in [Band::Own, Band::Wide] {
                let coded = coded(&sound, SampleRate::MODEL, bits_per_second, band).unwrap();
                assert_eq!(coded.samples.len(), sound.len());
                let shift = shift(&sound, &coded.samples);
                // The codec's own resamplers may turn phases by a sample.
                assert!(shift.abs() <= 1, "{bits_per_second} bit/s come {shift} samples late");
            }
        }
    }

    #[test]
    fn more_bits_are_nearer_and_are_about_what_was_asked_for() {
        let sound = music();
        let error = |coded: &Coded| sound.iter().zip(&coded.samples).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>();
        let (low, high) = (
            coded(&sound, SampleRate::MODEL, 6_000, Band::Own).unwrap(),
            coded(&sound, SampleRate::MODEL, 32_000, Band::Own).unwrap(),
        );
        assert!(error(&high) < 0.5 * error(&low), "{} and {}", error(&high), error(&low));
        for (coded, asked) in [(&low, 6_000.0), (&high, 32_000.0)] {
            assert!((0.6..1.5).contains(&(coded.bits_per_second / asked)), "{} for {asked}", coded.bits_per_second);
        }
    }

    #[test]
    fn a_rate_that_the_codec_does_not_know_is_told() {
        let rate = SampleRate::new(22_050).unwrap();
        assert!(coded(&[0.0; 1000], rate, 6_000, Band::Own).unwrap_err().to_string().contains("22050"));
    }

    #[test]
    fn highs_are_there_if_they_are_asked_for() {
        let sound = music();
        let highs = |band: Band| {
            let coded = coded(&sound, SampleRate::MODEL, 8_000, band).unwrap();
            Highs::new(16_000).ratio_db(&sound, &coded.samples).unwrap()
        };
        let (own, wide) = (highs(Band::Own), highs(Band::Wide));
        assert!(own < -10.0 && wide > -10.0 && wide > own + 3.0, "{own} and {wide} dB");
    }
}
