//! The short-time spectrum the networks see, with its magnitudes companded, and the way back to sound.

use std::fmt;
use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{ComplexToReal, RealToComplex};

use crate::contract::Statistics;
use crate::fft;

/// How magnitudes are brought to a range networks can learn: raised to a power below one, the phase kept, then divided by a scale for
/// each bin so that all bins have about unit variance.
#[derive(Clone, Debug, PartialEq)]
pub struct Companding {
    /// The power, above 0; 0.65 in our sets. 1 leaves magnitudes alone.
    pub exponent: f32,
    /// The scale of each bin, above 0, one for both its real and its imaginary part: `[bin]`.
    pub bin_scale: Vec<f32>,
}

impl Companding {
    /// The power alone, for measuring the scales: `bins` scales of 1.
    pub fn unscaled(exponent: f32, bins: usize) -> Self {
        Self { exponent, bin_scale: vec![1.0; bins] }
    }

    /// Companded rows `[frame, 2 · bin]` as [`Stft::analyse`] makes them, with the magnitudes they had before.
    pub(crate) fn expanded(&self, rows: &[f32]) -> Vec<f32> {
        let bins = self.bin_scale.len();
        let mut expanded = rows.to_vec();
        for row in expanded.chunks_exact_mut(2 * bins) {
            for bin in 0..bins {
                let value = self.expand(bin, Complex::new(row[bin], row[bins + bin]));
                (row[bin], row[bins + bin]) = (value.re, value.im);
            }
        }
        expanded
    }

    fn compress(&self, bin: usize, value: Complex<f32>) -> Complex<f32> {
        if self.exponent == 1.0 {
            return value / self.bin_scale[bin];
        }
        let magnitude = value.norm();
        // A silent bin has no phase; the power would divide by zero.
        if magnitude == 0.0 { value } else { value * (magnitude.powf(self.exponent - 1.0) / self.bin_scale[bin]) }
    }

    fn expand(&self, bin: usize, value: Complex<f32>) -> Complex<f32> {
        let value = value * self.bin_scale[bin];
        if self.exponent == 1.0 {
            return value;
        }
        let magnitude = value.norm();
        if magnitude == 0.0 { value } else { value * magnitude.powf(1.0 / self.exponent - 1.0) }
    }
}

impl From<&Statistics> for Companding {
    fn from(statistics: &Statistics) -> Self {
        Self { exponent: statistics.compand_exponent, bin_scale: statistics.bin_scale.clone() }
    }
}

/// The short-time Fourier transform: frames of two hops under the root of a periodic Hann window, one hop apart, orthonormal.
///
/// The squared windows of overlapping frames add up to one (a tight frame), so analysis keeps energy and synthesis is its transpose.
/// The Nyquist bin is dropped; that is the only loss. The first and last hop lie under one frame only: they come back faded, and callers
/// give them away as margin.
///
/// To put the centre of each frame in the middle of its hop, analyse `n` tokens that start at sample `s` from `s − hop / 2` to
/// `s + n · samples_per_token + hop / 2`.
#[derive(Clone)]
pub struct Stft {
    hop: usize,
    window: Vec<f32>,
    forward: Arc<dyn RealToComplex<f32>>,
    inverse: Arc<dyn ComplexToReal<f32>>,
}

impl fmt::Debug for Stft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stft").field("hop", &self.hop).finish_non_exhaustive()
    }
}

impl Stft {
    /// A transform with this hop, which is also the number of bins kept. Plans once; keep it.
    ///
    /// # Panics
    /// If `hop` is 0.
    pub fn new(hop: usize) -> Self {
        assert!(hop > 0, "frames must be at least one sample apart");
        let length = 2 * hop;
        // The root of a periodic Hann window is half a sine.
        let window = (0..length).map(|i| libm::sin(std::f64::consts::PI * i as f64 / length as f64) as f32).collect();
        Self { hop, window, forward: fft::forward(length), inverse: fft::inverse(length) }
    }

    /// Samples from one frame to the next.
    pub fn hop(&self) -> usize {
        self.hop
    }

    /// How many frames fit in this many samples: one less than hops.
    pub fn frame_count(&self, samples: usize) -> usize {
        (samples / self.hop).saturating_sub(1)
    }

    /// Sound to companded frames: `[sample]` of `hop · (F + 1)` to rows `[frame, 2 · hop]`, each the real parts of all bins and then the
    /// imaginary ones.
    ///
    /// # Panics
    /// If `samples` is not a whole number of hops, at least two, or `companding` has another number of bins than `hop`.
    pub fn analyse(&self, samples: &[f32], companding: &Companding) -> Vec<f32> {
        assert!(samples.len().is_multiple_of(self.hop), "{} samples are not whole hops of {}", samples.len(), self.hop);
        assert!(samples.len() >= 2 * self.hop, "{} samples are less than one frame of {}", samples.len(), 2 * self.hop);
        self.check(companding);
        let unit = self.unit();
        let mut rows = Vec::with_capacity(self.frame_count(samples.len()) * 2 * self.hop);
        let mut frame = self.forward.make_input_vec();
        let mut spectrum = self.forward.make_output_vec();
        let mut scratch = self.forward.make_scratch_vec();
        for start in (0..=samples.len() - 2 * self.hop).step_by(self.hop) {
            for ((out, sample), weight) in frame.iter_mut().zip(&samples[start..]).zip(&self.window) {
                *out = sample * weight;
            }
            self.forward.process_with_scratch(&mut frame, &mut spectrum, &mut scratch).expect("buffers come from the plan");
            for (bin, value) in spectrum[..self.hop].iter_mut().enumerate() {
                *value = companding.compress(bin, *value * unit);
            }
            rows.extend(spectrum[..self.hop].iter().map(|value| value.re));
            rows.extend(spectrum[..self.hop].iter().map(|value| value.im));
        }
        rows
    }

    /// Companded frames back to sound: rows `[frame, 2 · hop]` to `[sample]` of `hop · (F + 1)`.
    ///
    /// # Panics
    /// If `rows` is not whole frames, or `companding` has another number of bins than `hop`.
    pub fn synthesise(&self, rows: &[f32], companding: &Companding) -> Vec<f32> {
        assert!(rows.len().is_multiple_of(2 * self.hop), "{} numbers are not whole frames of {}", rows.len(), 2 * self.hop);
        self.check(companding);
        let unit = self.unit();
        let mut samples = vec![0.0; self.hop * (rows.len() / (2 * self.hop) + 1)];
        let mut spectrum = self.inverse.make_input_vec();
        let mut frame = self.inverse.make_output_vec();
        let mut scratch = self.inverse.make_scratch_vec();
        for (row, start) in rows.chunks_exact(2 * self.hop).zip((0..).step_by(self.hop)) {
            let (real, imaginary) = row.split_at(self.hop);
            for (bin, (&re, &im)) in real.iter().zip(imaginary).enumerate() {
                spectrum[bin] = companding.expand(bin, Complex::new(re, im)) * unit;
            }
            // A real signal has no imaginary part at DC, but a network may write one.
            spectrum[0].im = 0.0;
            spectrum[self.hop] = Complex::new(0.0, 0.0);
            self.inverse.process_with_scratch(&mut spectrum, &mut frame, &mut scratch).expect("buffers come from the plan");
            for ((out, sample), weight) in samples[start..].iter_mut().zip(&frame).zip(&self.window) {
                *out += sample * weight;
            }
        }
        samples
    }

    /// What makes the transform of one frame orthonormal.
    fn unit(&self) -> f32 {
        1.0 / (2.0 * self.hop as f32).sqrt()
    }

    fn check(&self, companding: &Companding) {
        assert_eq!(companding.bin_scale.len(), self.hop, "companding needs one scale per bin");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::noise::GaussianNoise;

    const HOP: usize = 256;

    fn plain() -> Companding {
        Companding::unscaled(1.0, HOP)
    }

    fn companded() -> Companding {
        let bin_scale = (0..HOP).map(|bin| 0.9 / (1.0 + 0.05 * bin as f32)).collect();
        Companding { exponent: 0.65, bin_scale }
    }

    fn noise(hops: usize) -> Vec<f32> {
        let mut samples = vec![0.0; hops * HOP];
        GaussianNoise::new(3).fill(&mut samples);
        samples
    }

    /// Plucked notes with sixteen falling harmonics up to 7.9 kHz and a little noise, like a small band.
    fn music(hops: usize) -> Vec<f32> {
        let mut hiss = GaussianNoise::new(4);
        let pitches = [110.0, 138.6, 220.0, 164.8, 493.9, 82.4];
        let sample = |i: usize| {
            let (note, time) = (i / 4_000, (i % 4_000) as f64 / 16_000.0);
            let pitch = pitches[note % pitches.len()];
            let harmonic = |k: f64| (std::f64::consts::TAU * pitch * k * time).sin() / k * (-time * (2.0 + k)).exp();
            (1..=16).map(|k| harmonic(f64::from(k))).sum::<f64>() as f32 * 0.3
        };
        (0..hops * HOP).map(|i| sample(i) + 1e-4 * hiss.next()).collect()
    }

    fn energy(samples: &[f32]) -> f64 {
        samples.iter().map(|&x| f64::from(x) * f64::from(x)).sum()
    }

    /// Signal over error in decibels, without the first and last hop.
    fn round_trip_db(samples: &[f32], companding: &Companding) -> f64 {
        let stft = Stft::new(HOP);
        let back = stft.synthesise(&stft.analyse(samples, companding), companding);
        assert_eq!(back.len(), samples.len());
        let inner = HOP..samples.len() - HOP;
        let error: Vec<f32> = samples[inner.clone()].iter().zip(&back[inner.clone()]).map(|(x, y)| x - y).collect();
        10.0 * (energy(&samples[inner]) / energy(&error)).log10()
    }

    #[test]
    fn music_survives_the_round_trip_by_more_than_45_decibels() {
        let snr = round_trip_db(&music(64), &companded());
        println!("music, companded: {snr:.1} dB");
        // Only the Nyquist bin is lost, and music has little there. 45 dB is what real recordings were measured to keep.
        assert!(snr > 45.0, "{snr:.1} dB");
    }

    #[test]
    fn sound_without_a_nyquist_bin_survives_to_the_last_bits() {
        let tone: Vec<f32> = (0..64 * HOP).map(|i| (0.3 * i as f32).sin() + (1.7 * i as f32).sin()).collect();
        for companding in [plain(), companded()] {
            let snr = round_trip_db(&tone, &companding);
            println!("tones, exponent {}: {snr:.1} dB", companding.exponent);
            // The window's side lobes put a little of 4.3 kHz into the Nyquist bin; the powers cost a few of 24 bits.
            assert!(snr > 90.0, "exponent {}: {snr:.1} dB", companding.exponent);
        }
    }

    #[test]
    fn white_noise_loses_the_nyquist_bins_share_and_no_more() {
        let snr = round_trip_db(&noise(4_000), &companded());
        println!("white noise, companded: {snr:.1} dB");
        // Per hop, 256 of signal against the squared inner products of one Nyquist atom with itself, 1/2, and with its two neighbours,
        // 1/(2π) each: 10 log10(256 / (1/4 + 1/(2π²))) = 29.3 dB. 4 000 draws of chance are a tenth of a decibel.
        assert!((snr - 29.3).abs() < 0.4, "{snr:.2} dB");
    }

    #[test]
    fn frames_keep_the_energy_of_the_sound() {
        // Silent first and last hops, so that every sound lies under two frames.
        let mut samples = music(64);
        samples[..HOP].fill(0.0);
        samples[63 * HOP..].fill(0.0);
        let rows = Stft::new(HOP).analyse(&samples, &plain());
        // Every bin but DC stands for its mirror image too.
        let of_row = |row: &[f32]| 2.0 * energy(row) - energy(&row[..1]) - energy(&row[HOP..HOP + 1]);
        let in_frames: f64 = rows.chunks_exact(2 * HOP).map(of_row).sum();
        // Again only the Nyquist bin is missing.
        assert!((in_frames / energy(&samples) - 1.0).abs() < 1e-4, "{in_frames} of {}", energy(&samples));
    }

    #[test]
    fn synthesis_is_the_transpose_of_analysis() {
        let stft = Stft::new(HOP);
        let (samples, mut rows) = (noise(9), noise(16));
        // The imaginary part of DC does not exist: synthesis ignores it.
        rows.chunks_exact_mut(2 * HOP).for_each(|row| row[HOP] = 0.0);
        let inner = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum::<f64>();
        let analysed = stft.analyse(&samples, &plain());
        // One-sided frames: all bins but DC count twice.
        let weighted: Vec<f32> =
            analysed.iter().enumerate().map(|(i, &x)| if i % (2 * HOP) == 0 { x } else { 2.0 * x }).collect();
        let (left, right) = (inner(&weighted, &rows), inner(&samples, &stft.synthesise(&rows, &plain())));
        assert!((left - right).abs() < 1e-3, "{left} and {right}");
    }

    #[test]
    fn a_tone_lies_in_its_bin_and_its_frames_are_counted() {
        let samples: Vec<f32> = (0..HOP * 9).map(|i| (std::f32::consts::TAU * 40.0 * i as f32 / 512.0).cos()).collect();
        let stft = Stft::new(HOP);
        let rows = stft.analyse(&samples, &plain());
        assert_eq!((rows.len(), stft.frame_count(samples.len())), (8 * 2 * HOP, 8));
        for row in rows.chunks_exact(2 * HOP) {
            let magnitude = |bin: usize| row[bin].hypot(row[HOP + bin]);
            let loudest = (0..HOP).max_by(|&a, &b| magnitude(a).total_cmp(&magnitude(b))).unwrap();
            assert_eq!(loudest, 40);
        }
    }

    #[test]
    fn companding_raises_magnitudes_to_the_power_and_keeps_phases() {
        let companding = Companding { exponent: 0.5, bin_scale: vec![2.0; HOP] };
        let value = companding.compress(7, Complex::new(0.0, -16.0));
        assert!((value - Complex::new(0.0, -2.0)).norm() < 1e-6, "{value}");
        assert!((companding.expand(7, value) - Complex::new(0.0, -16.0)).norm() < 1e-5);
    }

    #[test]
    fn silence_stays_silence() {
        let stft = Stft::new(HOP);
        let rows = stft.analyse(&[0.0; 8 * HOP], &companded());
        assert!(rows.iter().all(|&x| x == 0.0));
        assert!(stft.synthesise(&rows, &companded()).iter().all(|&x| x == 0.0));
    }
}
