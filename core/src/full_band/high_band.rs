//! The highs of a sound as an envelope over a few bands, and how they are given to another sound.

use super::CROSSOVER_HZ;
use crate::erb::{ErbBands, erb_number};
use crate::filter::LinearPhase;
use crate::short_frames::ShortFrames;
use crate::time::SampleRate;

/// Where hearing ends and with it the bands.
const HIGHEST_HZ: f64 = 20_000.0;

/// The most bands.
const BANDS: usize = 8;

/// Seconds from one frame to the next; a frame lasts twice that, 10 ms.
const STEP_S: f64 = 0.005;

/// How quickly highs come and go.
const ATTACK_S: f64 = 0.005;
const RELEASE_S: f64 = 0.040;

/// Mean power of a bin in a band that is silent: about −120 dB below a full-scale sine.
const SILENCE: f32 = 1e-10;

/// The most that highs are raised before they count as not there, as a power: 36 dB.
const MOST_RAISED: f32 = 4e3;

/// How far the octave below the crossover is folded up at a time.
const FOLD_HZ: f64 = 3_600.0;

/// Highs at one rate.
#[derive(Clone, Debug)]
pub struct HighBand {
    rate: SampleRate,
    frames: ShortFrames,
    bands: ErbBands,
    high_pass: LinearPhase,
}

/// Mean power of the bins of each band, `[frame][band]`; frame `i` lies [`HighBand::step_s`] · (i + 1) after the first sample.
pub type Envelope = Vec<Vec<f32>>;

impl HighBand {
    /// Highs at a rate; nothing if it holds none above the crossover.
    pub fn new(rate: SampleRate) -> Option<Self> {
        let highest = HIGHEST_HZ.min(f64::from(rate.hz()) / 2.0);
        if highest < CROSSOVER_HZ + 400.0 {
            return None;
        }
        let count = ((erb_number(highest) - erb_number(CROSSOVER_HZ)).ceil() as usize).clamp(1, BANDS);
        Some(Self {
            rate,
            frames: ShortFrames::new(STEP_S, rate),
            bands: ErbBands::new(CROSSOVER_HZ, highest, count),
            high_pass: LinearPhase::low_pass(CROSSOVER_HZ, rate).complement(),
        })
    }

    /// The bands.
    pub fn bands(&self) -> &ErbBands {
        &self.bands
    }

    /// Seconds from one frame to the next.
    pub fn step_s(&self) -> f64 {
        self.frames.hop() as f64 / f64::from(self.rate.hz())
    }

    /// Samples at either end of a piece that are not yet, or no more, what they should be.
    pub fn edge(&self) -> usize {
        2 * self.frames.hop() + self.high_pass.reach()
    }

    /// What lies above the crossover, of a sound of any length.
    pub fn highs(&self, sound: &[f32]) -> Vec<f32> {
        self.high_pass.apply(sound)
    }

    /// The envelope of a sound's highs.
    pub fn envelope(&self, sound: &[f32]) -> Envelope {
        let rows = self.frames.rows(sound);
        rows.chunks_exact(2 * self.frames.hop()).map(|row| self.powers(row)).collect()
    }

    /// One row of an envelope: the powers of the frame around a sample of a sound, beyond whose ends lies silence.
    pub fn powers_around(&self, sound: &[f32], sample: i64) -> Vec<f32> {
        let hop = self.frames.hop() as i64;
        let at = |n: i64| usize::try_from(n).ok().and_then(|n| sound.get(n)).copied().unwrap_or(0.0);
        let frame: Vec<f32> = (sample - hop..sample + hop).map(at).collect();
        self.powers(&self.frames.rows(&frame))
    }

    /// The highs of a new sound: those of `sound`, flattened and given the envelope `wanted`; where `sound` has none, what it has from
    /// 3.6 to 7.2 kHz, folded up. As long as `sound`. `wanted` has a row for each frame and rises within 5 ms and falls within 40.
    ///
    /// # Panics
    /// If `wanted` has fewer frames than the envelope of `sound` has.
    pub fn with_envelope(&self, sound: &[f32], wanted: &Envelope) -> Vec<f32> {
        let mut rows = self.frames.rows(sound);
        let hop = self.frames.hop();
        let frames = rows.len() / (2 * hop);
        assert!(wanted.len() >= frames, "{} frames are wanted, but there are {frames}", wanted.len());
        let levels = self.followed(&wanted[..frames]);
        for (row, level) in rows.chunks_exact_mut(2 * hop).zip(&levels) {
            let folded = self.folded(row);
            let (own, other) = (self.powers(row), self.powers(&folded));
            let is_there: Vec<bool> =
                own.iter().zip(level).map(|(&own, &level)| own > SILENCE && level < MOST_RAISED * own).collect();
            let gain =
                |power: f32, level: f32, counts: bool| if counts && power > SILENCE { (level / power).sqrt() } else { 0.0 };
            let gains = |powers: &[f32], own: bool| -> Vec<f32> {
                let one = |band: usize| gain(powers[band], level[band], is_there[band] == own);
                self.bands.to_bins(&(0..level.len()).map(one).collect::<Vec<_>>(), hop, self.frames.bin_hz())
            };
            let (own, other) = (gains(&own, true), gains(&other, false));
            for bin in 0..hop {
                row[bin] = own[bin] * row[bin] + other[bin] * folded[bin];
                row[hop + bin] = own[bin] * row[hop + bin] + other[bin] * folded[hop + bin];
            }
        }
        let mut result = self.frames.sound(&rows);
        result.resize(sound.len(), 0.0);
        self.high_pass.apply(&result)
    }

    /// Levels that rise and fall towards what is wanted, and are on the whole as loud.
    ///
    /// Rising faster than falling would make a sound louder the more it fluctuates.
    fn followed(&self, wanted: &[Vec<f32>]) -> Envelope {
        let share = |seconds: f64| (1.0 - (-self.step_s() / seconds).exp()) as f32;
        let (attack, release) = (share(ATTACK_S), share(RELEASE_S));
        let mut levels = wanted.to_vec();
        for band in 0..self.bands.len() {
            let mut level = wanted.first().map_or(0.0, |first| first[band]);
            let (mut sum, mut sum_wanted) = (0.0f64, 0.0f64);
            for (row, wanted) in levels.iter_mut().zip(wanted) {
                level += (if wanted[band] > level { attack } else { release }) * (wanted[band] - level);
                row[band] = level;
                sum += f64::from(level);
                sum_wanted += f64::from(wanted[band]);
            }
            let factor = if sum > 0.0 { (sum_wanted / sum) as f32 } else { 1.0 };
            levels.iter_mut().for_each(|row| row[band] *= factor);
        }
        levels
    }

    /// The octave below the crossover of one frame, moved up as often as there is room for it.
    ///
    /// Moved by an even number of bins: neighbouring frames overlap by half, so phases still fit.
    fn folded(&self, row: &[f32]) -> Vec<f32> {
        let hop = self.frames.hop();
        let fold = 2 * (FOLD_HZ / self.frames.bin_hz() / 2.0).round() as usize;
        let first = (CROSSOVER_HZ / self.frames.bin_hz()).floor() as usize - 1;
        let mut folded = vec![0.0; 2 * hop];
        for bin in first..hop {
            let from = first - fold + (bin - first) % fold;
            folded[bin] = row[from];
            folded[hop + bin] = row[hop + from];
        }
        folded
    }

    fn powers(&self, row: &[f32]) -> Vec<f32> {
        let hop = self.frames.hop();
        let edges = self.bands.edges_hz();
        let bin = |hz: f64| ((hz / self.frames.bin_hz()).ceil() as usize).min(hop);
        let power = |band: usize| {
            // A band narrower than a bin takes the one it lies in.
            let first = bin(edges[band]).min(hop - 1);
            let last = bin(edges[band + 1]).max(first + 1);
            let sum: f32 = (first..last).map(|bin| row[bin].powi(2) + row[hop + bin].powi(2)).sum();
            sum / (last - first) as f32
        };
        (0..self.bands.len()).map(power).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::GaussianNoise;

    const RATES: [u32; 6] = [16_000, 22_050, 44_100, 48_000, 96_000, 192_000];

    fn band(hz: u32) -> HighBand {
        HighBand::new(SampleRate::new(hz).unwrap()).unwrap()
    }

    fn noise(hz: u32, seed: u64, level: f32) -> Vec<f32> {
        let mut noise = vec![0.0; hz as usize / 2];
        GaussianNoise::new(seed).fill(&mut noise);
        noise.iter_mut().for_each(|x| *x *= level);
        noise
    }

    fn power(samples: &[f32]) -> f64 {
        samples.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>() / samples.len() as f64
    }

    /// The middle of a piece.
    fn inner(samples: &[f32]) -> &[f32] {
        &samples[samples.len() / 4..3 * samples.len() / 4]
    }

    #[test]
    fn a_rate_too_low_for_highs_has_none() {
        assert!(HighBand::new(SampleRate::new(8_000).unwrap()).is_none());
        assert!(HighBand::new(SampleRate::new(14_000).unwrap()).is_none());
        assert_eq!(RATES.map(|hz| band(hz).bands.len()), [1, 4, 8, 8, 8, 8]);
    }

    #[test]
    fn a_sound_given_its_own_envelope_keeps_its_highs_level_at_every_rate() {
        for hz in RATES {
            let band = band(hz);
            let sound = noise(hz, 1, 0.1);
            let made = band.with_envelope(&sound, &band.envelope(&sound));
            assert_eq!(made.len(), sound.len());
            let change_db = 10.0 * (power(inner(&made)) / power(inner(&band.highs(&sound)))).log10();
            // Chance, and what a gain that changes with every frame does to it.
            assert!((-0.5..0.5).contains(&change_db), "{hz}: {change_db} dB");
        }
    }

    #[test]
    fn one_row_is_a_row_of_the_envelope() {
        let band = band(44_100);
        let sound = noise(44_100, 1, 0.1);
        let envelope = band.envelope(&sound);
        let hop = band.frames.hop();
        assert_eq!(band.powers_around(&sound, 8 * hop as i64), envelope[7]);
        assert!(band.powers_around(&sound, -1_000).iter().all(|&power| power == 0.0));
    }

    #[test]
    fn highs_take_the_level_of_the_envelope_and_not_their_own() {
        let band = band(48_000);
        let wanted = band.envelope(&noise(48_000, 2, 0.01));
        let made = band.with_envelope(&noise(48_000, 1, 0.3), &wanted);
        let change_db = 10.0 * (power(inner(&made)) / power(inner(&band.highs(&noise(48_000, 3, 0.01))))).log10();
        assert!((-0.5..0.5).contains(&change_db), "{change_db} dB");
    }

    #[test]
    fn a_sound_without_highs_folds_its_middle_up_to_the_wanted_level() {
        for hz in RATES {
            let band = band(hz);
            let low = LinearPhase::low_pass(6_800.0, SampleRate::new(hz).unwrap());
            let dull = low.apply(&noise(hz, 4, 0.1));
            let bright = noise(hz, 5, 0.1);
            let made = band.with_envelope(&dull, &band.envelope(&bright));
            let change_db = 10.0 * (power(inner(&made)) / power(inner(&band.highs(&bright)))).log10();
            assert!((-2.0..2.5).contains(&change_db), "{hz}: {change_db} dB");
        }
    }

    #[test]
    fn nothing_is_made_below_the_crossover() {
        let band = band(48_000);
        let made = band.with_envelope(&noise(48_000, 1, 0.1), &band.envelope(&noise(48_000, 2, 0.1)));
        let low = LinearPhase::low_pass(6_700.0, SampleRate::new(48_000).unwrap());
        assert!(power(inner(&low.apply(&made))) < 1e-6 * power(inner(&made)));
    }

    #[test]
    fn silence_wanted_is_silence() {
        let band = band(44_100);
        let sound = noise(44_100, 1, 0.1);
        let wanted = vec![vec![0.0; 8]; band.envelope(&sound).len()];
        assert!(band.with_envelope(&sound, &wanted).iter().all(|&x| x == 0.0));
    }

    #[test]
    fn a_stroke_is_a_stroke_and_rings_off() {
        let band = band(48_000);
        let mut stroke = noise(48_000, 2, 1e-3);
        noise(48_000, 6, 0.3).iter().take(2_400).enumerate().for_each(|(n, x)| stroke[12_000 + n] += x);
        let made = band.with_envelope(&noise(48_000, 1, 0.1), &band.envelope(&stroke));
        let at = |ms: usize| power(&made[48 * ms..48 * (ms + 10)]);
        // It begins at 250 ms; a frame of 10 ms hears it a little before.
        assert!(at(235) < 0.01 * at(260), "{} {}", at(235), at(260));
        assert!(at(320) > 0.01 * at(280) && at(420) < 0.1 * at(320));
    }
}
