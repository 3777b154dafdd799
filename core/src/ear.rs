//! What an ear makes of a piece of stereo sound, so that two can be compared: how loud each of its bands is, how far to one side, and how
//! wide.

use crate::erb::{ErbBands, erb_number};
use crate::full_band::CROSSOVER_HZ;
use crate::short_frames::ShortFrames;
use crate::time::SampleRate;

/// Bands below the crossover, and above it up to 20 kHz: a little more than the ear's own width.
const BANDS_BELOW: usize = 24;
const BANDS_ABOVE: usize = 8;
const LOWEST_HZ: f64 = 120.0;
const HIGHEST_HZ: f64 = 20_000.0;

/// Seconds from one frame to the next.
const STEP_S: f64 = 0.020;

/// Mean power of a bin that is silent, −100 dB: levels below are this one.
const SILENCE: f64 = 1e-10;

/// One band of a piece of sound.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BandHeard {
    /// Where it lies, in hertz.
    pub from_hz: f64,
    /// Where it ends.
    pub to_hz: f64,
    /// Mean level of both channels' bins, in decibels.
    pub level_db: f64,
    /// How much louder left is than right, in decibels, at most 30.
    pub difference_db: f64,
    /// The coherence of the channels: 1 for one sound, 0 for two that have nothing in common, −1 for opposites.
    pub coherence: f64,
}

impl BandHeard {
    /// Whether there is nothing to hear.
    pub fn is_silent(&self) -> bool {
        self.level_db <= 10.0 * SILENCE.log10() + 20.0
    }
}

/// The bands of a piece, from 120 Hz to 20 kHz or half the rate, parted at the crossover.
///
/// # Panics
/// If the channels are not equally long.
pub fn heard(left: &[f32], right: &[f32], rate: SampleRate) -> Vec<BandHeard> {
    assert_eq!(left.len(), right.len(), "two channels of one sound");
    let frames = ShortFrames::new(STEP_S, rate);
    let (hop, bin_hz) = (frames.hop(), frames.bin_hz());
    let (left, right) = (frames.rows(left), frames.rows(right));
    let mut bands = Vec::new();
    for edges in edges(rate) {
        let (mut ll, mut rr, mut lr, mut count) = (0.0f64, 0.0f64, 0.0f64, 0.0f64);
        let bins = (edges.0 / bin_hz).ceil() as usize..((edges.1 / bin_hz).ceil() as usize).min(hop);
        for (left, right) in left.chunks_exact(2 * hop).zip(right.chunks_exact(2 * hop)) {
            for bin in bins.clone() {
                ll += f64::from(left[bin].powi(2) + left[hop + bin].powi(2));
                rr += f64::from(right[bin].powi(2) + right[hop + bin].powi(2));
                lr += f64::from(left[bin] * right[bin] + left[hop + bin] * right[hop + bin]);
                count += 1.0;
            }
        }
        let mean = |sum: f64| (sum / count.max(1.0)).max(SILENCE);
        bands.push(BandHeard {
            from_hz: edges.0,
            to_hz: edges.1,
            level_db: 10.0 * (0.5 * (mean(ll) + mean(rr))).log10(),
            difference_db: (10.0 * (mean(ll) / mean(rr)).log10()).clamp(-30.0, 30.0),
            coherence: if ll > 0.0 && rr > 0.0 { lr / (ll * rr).sqrt() } else { 1.0 },
        });
    }
    bands
}

fn edges(rate: SampleRate) -> Vec<(f64, f64)> {
    let highest = HIGHEST_HZ.min(f64::from(rate.hz()) / 2.0);
    let mut edges_hz = ErbBands::new(LOWEST_HZ, CROSSOVER_HZ.min(highest), BANDS_BELOW).edges_hz().to_vec();
    if highest > CROSSOVER_HZ + 400.0 {
        let width = (erb_number(HIGHEST_HZ) - erb_number(CROSSOVER_HZ)) / BANDS_ABOVE as f64;
        let above = ((erb_number(highest) - erb_number(CROSSOVER_HZ)) / width).round().max(1.0) as usize;
        edges_hz.extend(&ErbBands::new(CROSSOVER_HZ, highest, above).edges_hz()[1..]);
    }
    edges_hz.windows(2).map(|pair| (pair[0], pair[1])).collect()
}

/// How far two pieces are apart, means over the bands that are heard in the first.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Apart {
    /// Levels below the crossover, in decibels.
    pub low_db: f64,
    /// Levels above it.
    pub high_db: f64,
    /// Differences between left and right, in decibels.
    pub difference_db: f64,
    /// Coherences.
    pub coherence: f64,
    /// How much larger the step from the band below the crossover to the one above is than in the first piece, in decibels; with its sign.
    pub step_db: f64,
}

/// Compares what was heard of two pieces at one rate.
///
/// # Panics
/// If the bands are not the same.
pub fn apart(first: &[BandHeard], second: &[BandHeard]) -> Apart {
    assert_eq!(first.len(), second.len(), "bands of one rate");
    let mean = |takes: &dyn Fn(&BandHeard) -> bool, value: &dyn Fn(&BandHeard) -> f64| {
        let pairs = first.iter().zip(second).filter(|(first, _)| !first.is_silent() && takes(first));
        let values: Vec<f64> = pairs.map(|(first, second)| (value(first) - value(second)).abs()).collect();
        values.iter().sum::<f64>() / values.len().max(1) as f64
    };
    let is_high = |band: &BandHeard| band.from_hz >= CROSSOVER_HZ - 1.0;
    let above = first.iter().position(is_high);
    let step = |bands: &[BandHeard]| above.map_or(0.0, |above| bands[above].level_db - bands[above - 1].level_db);
    let step_is_heard = above.is_some_and(|above| !first[above].is_silent() && !first[above - 1].is_silent());
    Apart {
        low_db: mean(&|band| !is_high(band), &|band| band.level_db),
        high_db: mean(&is_high, &|band| band.level_db),
        difference_db: mean(&|_| true, &|band| band.difference_db),
        coherence: mean(&|_| true, &|band| band.coherence),
        step_db: if step_is_heard { step(second) - step(first) } else { 0.0 },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::GaussianNoise;

    fn noise(seed: u64, level: f32) -> Vec<f32> {
        let mut noise = vec![0.0; 96_000];
        GaussianNoise::new(seed).fill(&mut noise);
        noise.iter_mut().for_each(|x| *x *= level);
        noise
    }

    fn rate() -> SampleRate {
        SampleRate::new(48_000).unwrap()
    }

    #[test]
    fn bands_meet_at_the_crossover_and_end_at_twenty_kilohertz() {
        let bands = heard(&noise(1, 0.1), &noise(2, 0.1), rate());
        assert_eq!(bands.len(), 32);
        assert!((bands[24].from_hz - CROSSOVER_HZ).abs() < 1e-6 && (bands[31].to_hz - 20_000.0).abs() < 1e-6);
        assert_eq!(heard(&[0.0; 8_000], &[0.0; 8_000], SampleRate::new(8_000).unwrap()).len(), 24);
    }

    #[test]
    fn level_place_and_width_are_heard() {
        let (one, other) = (noise(1, 0.1), noise(2, 0.1));
        let half: Vec<f32> = one.iter().map(|x| 0.5 * x).collect();
        for band in &heard(&one, &half, rate()) {
            assert!((band.difference_db - 6.02).abs() < 0.01 && (band.coherence - 1.0).abs() < 1e-6);
        }
        for band in &heard(&one, &other, rate()) {
            // Chance in the narrowest band.
            assert!(band.difference_db.abs() < 1.5 && band.coherence.abs() < 0.15, "{band:?}");
        }
        assert!(heard(&vec![0.0; 96_000], &vec![0.0; 96_000], rate()).iter().all(BandHeard::is_silent));
    }

    #[test]
    fn a_louder_copy_is_as_far_away_as_it_is_louder() {
        let (one, other) = (noise(1, 0.1), noise(2, 0.1));
        let loud = |sound: &[f32]| sound.iter().map(|x| 2.0 * x).collect::<Vec<f32>>();
        let first = heard(&one, &other, rate());
        assert_eq!(apart(&first, &first), Apart::default());
        let apart = apart(&first, &heard(&loud(&one), &loud(&other), rate()));
        assert!((apart.low_db - 6.02).abs() < 0.01 && (apart.high_db - 6.02).abs() < 0.01);
        assert!(apart.difference_db < 1e-3 && apart.coherence < 1e-6 && apart.step_db.abs() < 1e-3);
    }
}
