//! The level of a sound in four bands, and what brings a new one within reach of those around it.

use crate::fft;
use crate::filter::LinearPhase;
use crate::time::SampleRate;

/// Where the bands meet: bass, low middle, high middle, top.
pub const EDGES_HZ: [f64; 3] = [250.0, 1_000.0, 4_000.0];

/// The equaliser changes its gain over about this width.
const WIDTH_HZ: f64 = 250.0;

/// Samples of a spectrum that is measured: 64 ms at 16 kHz, enough to tell the bands apart.
const LENGTH: usize = 1024;

/// Mean square of a band that is silent, and no measure for what replaces it: −80 dB.
const SILENCE: f64 = 1e-8;

/// What a band may always hold, as a part of the loudest reference's whole power: 20 dB below it. An instrument that enters where the
/// context has nothing is not silenced.
const ALWAYS_ALLOWED: f64 = 0.01;

/// The most that a band is raised: what the new sound leaves out is not made of its noise.
pub const MOST_RAISED_DB: f64 = 12.0;

/// Mean squares of a sound below 250 Hz, up to 1 kHz, up to 4 kHz, and above.
pub type BandPowers = [f64; 4];

/// Measures a sound. Nothing has no power.
pub fn band_powers(samples: &[f32], rate: SampleRate) -> BandPowers {
    let mut powers = [0.0; 4];
    if samples.is_empty() {
        return powers;
    }
    let transform = fft::forward(LENGTH);
    let (mut frame, mut spectrum) = (transform.make_input_vec(), transform.make_output_vec());
    let window: Vec<f32> = (0..LENGTH).map(|i| (std::f64::consts::PI * (i as f64 + 0.5) / LENGTH as f64).sin() as f32).collect();
    // Half a window of silence on both sides: squared windows then add up to one on every sample.
    let half = LENGTH / 2;
    let mut padded = vec![0.0; (samples.len() + half).next_multiple_of(half) + half];
    padded[half..half + samples.len()].copy_from_slice(samples);
    let bin_hz = f64::from(rate.hz()) / LENGTH as f64;
    let edges = EDGES_HZ.map(|edge| ((edge / bin_hz).ceil() as usize).min(half + 1));
    let bands = [0..edges[0], edges[0]..edges[1], edges[1]..edges[2], edges[2]..half + 1];
    for start in (0..samples.len() + half).step_by(half) {
        let piece = &padded[start..start + LENGTH];
        frame.iter_mut().zip(piece).zip(&window).for_each(|((value, sample), weight)| *value = sample * weight);
        transform.process(&mut frame, &mut spectrum).expect("buffers come from the plan");
        // The two ends of the spectrum stand for one frequency each, all others for two.
        spectrum[0] *= std::f32::consts::FRAC_1_SQRT_2;
        spectrum[half] *= std::f32::consts::FRAC_1_SQRT_2;
        for (power, band) in powers.iter_mut().zip(&bands) {
            *power += 2.0 * spectrum[band.clone()].iter().map(|value| f64::from(value.norm_sqr())).sum::<f64>();
        }
    }
    powers.map(|power| power / (LENGTH * samples.len()) as f64)
}

/// What a new bar may be as loud as: between the softest and the loudest of its references, and `reach_db` beyond.
#[derive(Clone, Debug, PartialEq)]
pub struct Reach {
    /// Sounds that are a measure, such as the context and the old bar.
    pub references: Vec<BandPowers>,
    /// Decibels beyond them, from 0; infinity leaves everything alone.
    pub reach_db: f64,
}

impl Reach {
    /// The gain of each band that brings a new sound within reach, as a factor; 1 where it is there already, where all references are
    /// silent or the new sound is. A band is raised by at most [`MOST_RAISED_DB`].
    pub fn gains(&self, new: &BandPowers) -> [f32; 4] {
        let whole = self.references.iter().map(|powers| powers.iter().sum()).fold(0.0, f64::max);
        std::array::from_fn(|band| {
            if whole < SILENCE || new[band] <= 0.0 || self.reach_db.is_infinite() {
                return 1.0;
            }
            let audible = || self.references.iter().map(|powers| powers[band]).filter(|&power| power >= SILENCE);
            let loudest = audible().fold(ALWAYS_ALLOWED * whole, f64::max);
            let softest = audible().fold(loudest, f64::min);
            let level_db = 10.0 * new[band].log10();
            let lowest_db = if audible().next().is_some() { 10.0 * softest.log10() - self.reach_db } else { f64::NEG_INFINITY };
            let highest_db = 10.0 * loudest.log10() + self.reach_db;
            let gain_db = (level_db.clamp(lowest_db, highest_db) - level_db).min(MOST_RAISED_DB);
            10f64.powf(gain_db / 20.0) as f32
        })
    }
}

/// The sound with each band at its gain. Gains of 1 change no bit.
pub fn with_gains(samples: &[f32], gains: [f32; 4], rate: SampleRate) -> Vec<f32> {
    if gains.iter().all(|&gain| gain == gains[0]) {
        return samples.iter().map(|sample| sample * gains[0]).collect();
    }
    LinearPhase::equaliser(&EDGES_HZ, &gains, WIDTH_HZ, rate).apply(samples)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::GaussianNoise;

    fn tone(hz: f64, amplitude: f64, length: usize) -> Vec<f32> {
        (0..length).map(|n| (amplitude * (std::f64::consts::TAU * hz * n as f64 / 16_000.0).sin()) as f32).collect()
    }

    fn sum(sounds: &[Vec<f32>]) -> Vec<f32> {
        (0..sounds[0].len()).map(|n| sounds.iter().map(|sound| sound[n]).sum()).collect()
    }

    #[test]
    fn the_bands_add_up_to_the_power_of_the_sound() {
        let mut noise = vec![0.0; 20_001];
        GaussianNoise::new(2).fill(&mut noise);
        let power = noise.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>() / noise.len() as f64;
        let powers = band_powers(&noise, SampleRate::MODEL);
        assert!((powers.iter().sum::<f64>() / power - 1.0).abs() < 1e-4, "{powers:?} {power}");
        // White noise spreads evenly: a quarter of 8 kHz has a quarter of it, give or take a few per cent of chance.
        assert!((powers[3] / power - 0.5).abs() < 0.03);
    }

    #[test]
    fn a_tone_lies_in_its_band() {
        for (hz, band) in [(100.0, 0), (500.0, 1), (2_000.0, 2), (6_000.0, 3)] {
            let powers = band_powers(&tone(hz, 0.5, 16_000), SampleRate::MODEL);
            assert!((powers[band] / 0.125 - 1.0).abs() < 0.01, "{hz} Hz: {powers:?}");
        }
        assert_eq!(band_powers(&[], SampleRate::MODEL), [0.0; 4]);
    }

    #[test]
    fn a_band_within_reach_is_left_alone_and_one_out_of_reach_brought_to_its_edge() {
        let reach = Reach { references: vec![[1e-2, 1e-2, 1e-2, 1e-2], [1e-1, 1e-2, 1e-2, 0.0]], reach_db: 3.0 };
        let gains = reach.gains(&[5e-2, 1.0, 1e-3, 1.0]).map(|gain| 20.0 * f64::from(gain).log10());
        for (gain, expected) in gains.iter().zip([0.0, -17.0, 7.0, -17.0]) {
            assert!((gain - expected).abs() < 1e-3, "{gains:?}");
        }
    }

    #[test]
    fn a_band_that_the_context_leaves_empty_may_lie_twenty_decibels_below_the_whole() {
        let reach = Reach { references: vec![[1e-1, 0.0, 1e-7, 0.0]], reach_db: 0.0 };
        let gains = reach.gains(&[1e-1, 5e-4, 1e-1, 1e-12]).map(|gain| 20.0 * f64::from(gain).log10());
        for (gain, expected) in gains.iter().zip([0.0, 0.0, -20.0, 0.0]) {
            assert!((gain - expected).abs() < 1e-3, "{gains:?}");
        }
    }

    #[test]
    fn what_is_missing_is_raised_by_twelve_decibels_at_most() {
        let reach = Reach { references: vec![[1e-2; 4]], reach_db: 3.0 };
        assert!((20.0 * f64::from(reach.gains(&[1e-6; 4])[0]).log10() - 12.0).abs() < 1e-3);
    }

    #[test]
    fn an_endless_reach_and_silence_leave_everything_alone() {
        let reach = |references, reach_db| Reach { references, reach_db };
        assert_eq!(reach(vec![[1e-2; 4]], f64::INFINITY).gains(&[10.0; 4]), [1.0; 4]);
        assert_eq!(reach(vec![[0.0; 4]], 3.0).gains(&[10.0; 4]), [1.0; 4]);
        assert_eq!(reach(vec![[1e-2; 4]], 3.0).gains(&[0.0; 4]), [1.0; 4]);
        assert_eq!(reach(Vec::new(), 3.0).gains(&[1.0; 4]), [1.0; 4]);
    }

    #[test]
    fn gains_reach_their_bands_and_equal_gains_no_more_than_that() {
        let tones = [(100.0, 0.1), (500.0, 0.1), (2_000.0, 0.1), (6_000.0, 0.1)].map(|(hz, level)| tone(hz, level, 16_000));
        let sound = sum(&tones);
        let gains = [2.0, 0.25, 1.0, 0.5];
        let powers = band_powers(&with_gains(&sound, gains, SampleRate::MODEL), SampleRate::MODEL);
        for (power, gain) in powers.iter().zip(gains) {
            // Both ends of the sound ring over the cut; the middle is exact.
            assert!((power / 0.005 / f64::from(gain).powi(2) - 1.0).abs() < 0.05, "{powers:?}");
        }
        assert_eq!(with_gains(&sound, [1.0; 4], SampleRate::MODEL), sound);
    }
}
