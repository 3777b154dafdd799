//! Linear-phase filters: a low-pass, its complement, an equaliser of a few bands, and how they are applied without delay.

use realfft::num_complex::Complex;

use crate::fft;
use crate::time::SampleRate;

/// Length of a filter that falls from full to nothing within 400 Hz, in seconds: 513 taps at 48 kHz.
const FALL_S: f64 = 513.0 / 48_000.0;

/// Shape of the Kaiser window for that fall.
const KAISER_BETA: f64 = 6.5;

/// A filter with an odd number of taps, the same from both ends, so that it delays nothing when its middle lies on the sample.
#[derive(Clone, Debug, PartialEq)]
pub struct LinearPhase {
    taps: Vec<f32>,
}

impl LinearPhase {
    /// A low-pass with unit gain at 0 Hz that falls by about 70 dB from 200 Hz below `cutoff_hz` to 200 Hz above, 6 dB of them at the
    /// cutoff itself: a windowed sinc of 513 taps at 48 kHz and in proportion at other rates.
    pub fn low_pass(cutoff_hz: f64, rate: SampleRate) -> Self {
        let half = (FALL_S * f64::from(rate.hz()) / 2.0) as usize;
        Self { taps: low_pass(cutoff_hz / f64::from(rate.hz()), 2 * half + 1) }
    }

    /// What gives each band between `edges_hz` its gain, one more gain than edges, and goes from one to the next smoothly. Bands narrower
    /// than `width_hz` are not told apart.
    ///
    /// # Panics
    /// If there is not one gain more than edges.
    pub fn equaliser(edges_hz: &[f64], gains: &[f32], width_hz: f64, rate: SampleRate) -> Self {
        assert_eq!(gains.len(), edges_hz.len() + 1, "one gain for each band");
        let half = (2.0 * f64::from(rate.hz()) / width_hz) as usize;
        let mut taps = vec![0.0f32; 2 * half + 1];
        // The highest band is everything; each band below adds what it has more, under a low-pass.
        taps[half] = gains[gains.len() - 1];
        for (band, &edge) in edges_hz.iter().enumerate() {
            let step = gains[band] - gains[band + 1];
            let low = low_pass(edge / f64::from(rate.hz()), taps.len());
            taps.iter_mut().zip(low).for_each(|(tap, low)| *tap += step * low);
        }
        Self { taps }
    }

    /// All that this low-pass stops: the two add up to the signal itself.
    pub fn complement(&self) -> Self {
        let mut taps: Vec<f32> = self.taps.iter().map(|tap| -tap).collect();
        taps[self.taps.len() / 2] += 1.0;
        Self { taps }
    }

    /// How far to either side the filter hears, in samples.
    pub fn reach(&self) -> usize {
        self.taps.len() / 2
    }

    /// The filtered signal, as long as it was and not delayed; before and after it lies silence.
    ///
    /// Overlapping blocks in the frequency domain: the cost hardly grows with the number of taps.
    pub fn apply(&self, signal: &[f32]) -> Vec<f32> {
        let block = (8 * self.taps.len()).next_power_of_two();
        let step = block - self.taps.len() + 1;
        let (forward, inverse) = (fft::forward(block), fft::inverse(block));
        let mut padded = forward.make_input_vec();
        padded[..self.taps.len()].copy_from_slice(&self.taps);
        let mut response = forward.make_output_vec();
        forward.process(&mut padded, &mut response).expect("buffers come from the plan");
        let mut spectrum = forward.make_output_vec();
        let mut output = vec![0.0; signal.len() + 2 * self.reach()];
        for start in (0..signal.len()).step_by(step) {
            let piece = &signal[start..signal.len().min(start + step)];
            padded[..piece.len()].copy_from_slice(piece);
            padded[piece.len()..].fill(0.0);
            forward.process(&mut padded, &mut spectrum).expect("buffers come from the plan");
            for (value, factor) in spectrum.iter_mut().zip(&response) {
                *value *= factor / block as f32;
            }
            // Rounding may leave an imaginary part where a real signal has none.
            spectrum[0] = Complex::new(spectrum[0].re, 0.0);
            let last = spectrum.len() - 1;
            spectrum[last] = Complex::new(spectrum[last].re, 0.0);
            inverse.process(&mut spectrum, &mut padded).expect("buffers come from the plan");
            output[start..].iter_mut().zip(&padded).for_each(|(sum, value)| *sum += value);
        }
        output.drain(..self.reach());
        output.truncate(signal.len());
        output
    }
}

/// A windowed sinc with unit gain at 0 Hz; `cutoff` in cycles per sample. At half a cycle or above it passes everything.
fn low_pass(cutoff: f64, length: usize) -> Vec<f32> {
    let middle = (length / 2) as f64;
    if cutoff >= 0.5 {
        return (0..length).map(|n| if n == length / 2 { 1.0 } else { 0.0 }).collect();
    }
    let tap = |n: usize| {
        let x = n as f64 - middle;
        let sinc = if x == 0.0 { 2.0 * cutoff } else { (std::f64::consts::TAU * cutoff * x).sin() / (std::f64::consts::PI * x) };
        sinc * bessel_i0(KAISER_BETA * (1.0 - (x / middle).powi(2)).max(0.0).sqrt()) / bessel_i0(KAISER_BETA)
    };
    let taps: Vec<f64> = (0..length).map(tap).collect();
    let sum: f64 = taps.iter().sum();
    taps.iter().map(|tap| (tap / sum) as f32).collect()
}

/// The modified Bessel function of order 0, by its power series.
fn bessel_i0(x: f64) -> f64 {
    let quarter = x * x / 4.0;
    let mut term = 1.0;
    let mut sum = 1.0;
    for k in 1..40 {
        term *= quarter / f64::from(k * k);
        sum += term;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::GaussianNoise;

    const RATES: [u32; 6] = [16_000, 22_050, 44_100, 48_000, 96_000, 192_000];

    fn rate(hz: u32) -> SampleRate {
        SampleRate::new(hz).unwrap()
    }

    fn tone(frequency: f64, hz: u32, length: usize) -> Vec<f32> {
        (0..length).map(|n| (std::f64::consts::TAU * frequency * n as f64 / f64::from(hz)).sin() as f32).collect()
    }

    /// Gain at a frequency in the middle of a long tone, in decibels.
    fn gain_db(filter: &LinearPhase, frequency: f64, hz: u32) -> f64 {
        let tone = tone(frequency, hz, hz as usize / 4);
        let inner = filter.reach()..tone.len() - filter.reach();
        let power = |samples: &[f32]| samples.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>();
        10.0 * (power(&filter.apply(&tone)[inner.clone()]) / power(&tone[inner])).log10()
    }

    #[test]
    fn the_low_pass_falls_from_200_hertz_below_to_200_above_at_every_rate() {
        for hz in RATES {
            let filter = LinearPhase::low_pass(7_200.0, rate(hz));
            assert!(gain_db(&filter, 1_000.0, hz).abs() < 0.01, "{hz}");
            assert!(gain_db(&filter, 7_000.0, hz).abs() < 0.1, "{hz}");
            assert!((gain_db(&filter, 7_200.0, hz) + 6.0).abs() < 0.1, "{hz}");
            assert!(gain_db(&filter, 7_420.0, hz) < -55.0, "{hz}: {}", gain_db(&filter, 7_420.0, hz));
        }
        assert_eq!(LinearPhase::low_pass(7_200.0, rate(48_000)).taps.len(), 513);
        assert_eq!(LinearPhase::low_pass(7_200.0, rate(16_000)).taps.len(), 171);
    }

    #[test]
    fn a_low_pass_and_its_complement_add_up_to_the_signal() {
        let mut noise = vec![0.0; 10_000];
        GaussianNoise::new(5).fill(&mut noise);
        let filter = LinearPhase::low_pass(7_200.0, rate(48_000));
        let (low, high) = (filter.apply(&noise), filter.complement().apply(&noise));
        for ((low, high), whole) in low.iter().zip(&high).zip(&noise) {
            assert!((low + high - whole).abs() < 1e-5);
        }
    }

    #[test]
    fn a_filtered_signal_is_the_sum_over_its_taps() {
        let mut noise = vec![0.0; 3_000];
        GaussianNoise::new(6).fill(&mut noise);
        let filter = LinearPhase::low_pass(3_000.0, rate(16_000));
        let output = filter.apply(&noise);
        assert_eq!(output.len(), noise.len());
        for position in [0, 40, 1_234, 2_999] {
            let term =
                |(n, tap): (usize, &f32)| (position + n).checked_sub(85).and_then(|at| noise.get(at)).map_or(0.0, |x| x * tap);
            let sum: f32 = filter.taps.iter().enumerate().map(term).sum();
            assert!((sum - output[position]).abs() < 1e-4, "{sum} {}", output[position]);
        }
    }

    #[test]
    fn a_crossover_no_rate_can_hold_passes_everything() {
        let filter = LinearPhase::low_pass(7_200.0, rate(8_000));
        let noise: Vec<f32> = (0..500).map(|n| (n as f32 * 1.3).sin()).collect();
        assert!(filter.apply(&noise).iter().zip(&noise).all(|(a, b)| (a - b).abs() < 1e-6));
        assert!(filter.complement().apply(&noise).iter().all(|x| x.abs() < 1e-6));
    }

    #[test]
    fn an_equaliser_gives_every_band_its_gain() {
        let equaliser = LinearPhase::equaliser(&[250.0, 1_000.0, 4_000.0], &[2.0, 0.5, 1.0, 0.25], 250.0, rate(16_000));
        for (frequency, gain) in [(80.0, 2.0f64), (600.0, 0.5), (2_000.0, 1.0), (6_000.0, 0.25)] {
            let found = gain_db(&equaliser, frequency, 16_000);
            assert!((found - 20.0 * gain.log10()).abs() < 0.2, "{frequency} Hz: {found} dB");
        }
    }

    #[test]
    fn nothing_filtered_is_nothing() {
        assert!(LinearPhase::low_pass(7_200.0, rate(48_000)).apply(&[]).is_empty());
    }
}
