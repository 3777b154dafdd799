//! The mel spectrum, and how far apart two sounds are in it.

use std::fmt;
use std::sync::Arc;

use realfft::RealToComplex;
use realfft::num_complex::Complex;

use crate::fft;
use crate::time::SampleRate;

/// Triangular bands, even on the mel scale, over the bins of a spectrum.
///
/// The scale is Slaney's: linear to 1 kHz, logarithmic above; each triangle has unit area in hertz. Source: M. Slaney, Auditory Toolbox
/// (1998), as in librosa's default.
#[derive(Clone, Debug, PartialEq)]
pub struct MelFilterbank {
    bins: usize,
    bands: Vec<Band>,
}

/// The bins of one triangle that are not zero.
#[derive(Clone, Debug, PartialEq)]
struct Band {
    first: usize,
    weights: Vec<f32>,
}

impl MelFilterbank {
    /// `bands` bands from 0 Hz to half the rate, for spectra of a transform of `transform_length` samples.
    ///
    /// Where bands are narrower than the spacing of bins, some catch no bin and stay 0, as in the reference.
    ///
    /// # Panics
    /// If `transform_length` or `bands` is 0.
    pub fn new(rate: SampleRate, transform_length: usize, bands: usize) -> Self {
        assert!(transform_length > 0 && bands > 0, "a mel spectrum needs a spectrum and bands");
        let bins = transform_length / 2 + 1;
        let bin_hz = f64::from(rate.hz()) / transform_length as f64;
        let highest = mel_from_hz(f64::from(rate.hz()) / 2.0);
        let edge = |i: usize| hz_from_mel(highest * i as f64 / (bands + 1) as f64);
        let band = |i: usize| Band::triangle(edge(i), edge(i + 1), edge(i + 2), bin_hz, bins);
        Self { bins, bands: (0..bands).map(band).collect() }
    }

    /// How many bins a spectrum must have.
    pub fn bins(&self) -> usize {
        self.bins
    }

    /// How many bands there are.
    pub fn bands(&self) -> usize {
        self.bands.len()
    }

    /// A spectrum, of magnitude or of power as one likes, `[bin]`, to bands, `[band]`.
    ///
    /// # Panics
    /// If the spectrum has another number of bins.
    pub fn apply(&self, spectrum: &[f32]) -> Vec<f32> {
        assert_eq!(spectrum.len(), self.bins, "this filterbank was made for another transform");
        self.bands.iter().map(|band| band.weigh(spectrum)).collect()
    }
}

impl Band {
    fn triangle(low: f64, centre: f64, high: f64, bin_hz: f64, bins: usize) -> Self {
        let area = 2.0 / (high - low);
        let weight = |bin: usize| {
            let hz = bin as f64 * bin_hz;
            let slope = ((hz - low) / (centre - low)).min((high - hz) / (high - centre));
            (slope.max(0.0) * area) as f32
        };
        let first = bins.min((low / bin_hz).ceil() as usize);
        let end = bins.min((high / bin_hz).floor() as usize + 1).max(first);
        Self { first, weights: (first..end).map(weight).collect() }
    }

    fn weigh(&self, spectrum: &[f32]) -> f32 {
        spectrum[self.first..].iter().zip(&self.weights).map(|(value, weight)| value * weight).sum()
    }
}

/// Slaney's scale: 3 mels to 200 Hz up to 1 kHz, then 27 mels to a factor of 6.4.
const MEL_PER_HZ: f64 = 3.0 / 200.0;
const LOG_FROM_HZ: f64 = 1000.0;
const LOG_FROM_MEL: f64 = LOG_FROM_HZ * MEL_PER_HZ;

fn log_step() -> f64 {
    6.4_f64.ln() / 27.0
}

fn mel_from_hz(hz: f64) -> f64 {
    if hz < LOG_FROM_HZ { hz * MEL_PER_HZ } else { LOG_FROM_MEL + (hz / LOG_FROM_HZ).ln() / log_step() }
}

fn hz_from_mel(mel: f64) -> f64 {
    if mel < LOG_FROM_MEL { mel / MEL_PER_HZ } else { LOG_FROM_HZ * ((mel - LOG_FROM_MEL) * log_step()).exp() }
}

/// Below this a mel magnitude counts as silence, before the logarithm.
const SILENCE: f32 = 1e-5;

/// The mel spectrum of a sound at one window length: periodic Hann window, frames centred on their sample with silence around the
/// sound.
#[derive(Clone)]
pub struct MelSpectrum {
    hop: usize,
    window: Vec<f32>,
    transform: Arc<dyn RealToComplex<f32>>,
    filterbank: MelFilterbank,
}

impl fmt::Debug for MelSpectrum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (window, bands) = (self.window.len(), self.filterbank.bands());
        f.debug_struct("MelSpectrum").field("window", &window).field("hop", &self.hop).field("bands", &bands).finish()
    }
}

impl MelSpectrum {
    /// Windows of `length` samples, `hop` samples from one to the next, `bands` bands.
    ///
    /// # Panics
    /// If `length`, `hop` or `bands` is 0.
    pub fn new(rate: SampleRate, length: usize, hop: usize, bands: usize) -> Self {
        assert!(hop > 0, "frames must go on");
        let hann = |i: usize| (std::f64::consts::PI * i as f64 / length as f64).sin().powi(2) as f32;
        Self {
            hop,
            window: (0..length).map(hann).collect(),
            transform: fft::forward(length),
            filterbank: MelFilterbank::new(rate, length, bands),
        }
    }

    /// The same with another number of samples from one frame to the next.
    ///
    /// # Panics
    /// If `hop` is 0.
    pub fn with_hop(&self, hop: usize) -> Self {
        assert!(hop > 0, "frames must go on");
        Self { hop, ..self.clone() }
    }

    /// Samples from one frame to the next.
    pub fn hop(&self) -> usize {
        self.hop
    }

    /// How many bands a frame has.
    pub fn bands(&self) -> usize {
        self.filterbank.bands()
    }

    /// Mel magnitudes: `[frame, band]`, one frame for every hop begun. The transform is not normalised.
    pub fn magnitudes(&self, samples: &[f32]) -> Vec<f32> {
        let length = self.window.len();
        let mut frame = self.transform.make_input_vec();
        let mut spectrum = self.transform.make_output_vec();
        let mut scratch = self.transform.make_scratch_vec();
        let mut bands = Vec::with_capacity(samples.len().div_ceil(self.hop) * self.bands());
        for centre in (0..samples.len()).step_by(self.hop) {
            // Beyond the ends lies silence.
            let (start, end) = (centre.saturating_sub(length / 2), (centre + length - length / 2).min(samples.len()));
            let first = (length / 2).saturating_sub(centre);
            frame.fill(0.0);
            let weighted = samples[start..end].iter().zip(&self.window[first..]).map(|(sample, weight)| sample * weight);
            frame[first..].iter_mut().zip(weighted).for_each(|(out, sample)| *out = sample);
            self.transform.process_with_scratch(&mut frame, &mut spectrum, &mut scratch).expect("buffers come from the plan");
            let magnitudes: Vec<f32> = spectrum.iter().map(|value: &Complex<f32>| value.norm_sqr().sqrt()).collect();
            bands.extend(self.filterbank.apply(&magnitudes));
        }
        bands
    }
}

/// The logarithmic [`MelSpectrum`] with a quarter of the window from frame to frame.
#[derive(Clone, Debug)]
pub struct LogMel(MelSpectrum);

impl LogMel {
    /// Windows of `length` samples, `bands` bands.
    ///
    /// # Panics
    /// If `length` is below 4 or `bands` is 0.
    pub fn new(rate: SampleRate, length: usize, bands: usize) -> Self {
        assert!(length >= 4, "a window of {length} has no quarter");
        Self(MelSpectrum::new(rate, length, length / 4, bands))
    }

    /// Samples from one frame to the next.
    pub fn hop(&self) -> usize {
        self.0.hop()
    }

    /// How many bands a frame has.
    pub fn bands(&self) -> usize {
        self.0.bands()
    }

    /// `log10` of the mel magnitudes, at least −5: `[frame, band]`, one frame for every hop begun. The transform is not normalised, as in
    /// the reference.
    pub fn analyse(&self, samples: &[f32]) -> Vec<f32> {
        let magnitudes = self.0.magnitudes(samples).into_iter();
        magnitudes.map(|magnitude| magnitude.max(SILENCE).log10()).collect()
    }
}

/// The window lengths and numbers of bands of [`MultiScaleMel`].
const SCALES: [(usize, usize); 6] = [(64, 10), (128, 20), (256, 40), (512, 80), (1024, 160), (2048, 320)];

/// The distance of two sounds by logarithmic mel spectra at six window lengths.
///
/// Source: the mel loss of the Descript Audio Codec (Kumar et al. 2023): windows 32 to 2048 with 5 to 320 bands, hops of a quarter, log10
/// with a floor of 1e-5, mean absolute difference. Ours leaves out the window of 32, meant for higher rates than the models', and
/// takes the mean over windows instead of the sum; sounds are surrounded by silence, not mirrored.
#[derive(Clone, Debug)]
pub struct MultiScaleMel {
    scales: Vec<LogMel>,
}

impl MultiScaleMel {
    /// The measure at a rate. Plans six transforms; keep it to compare many sounds.
    pub fn new(rate: SampleRate) -> Self {
        Self { scales: SCALES.iter().map(|&(window, bands)| LogMel::new(rate, window, bands)).collect() }
    }

    /// The distance, 0 for equal sounds, 1 for a tenfold magnitude everywhere. Two empty sounds are equal.
    ///
    /// # Panics
    /// If the two are not equally long.
    pub fn distance(&self, a: &[f32], b: &[f32]) -> f32 {
        assert_eq!(a.len(), b.len(), "only sounds of one length can be compared frame by frame");
        if a.is_empty() {
            return 0.0;
        }
        let mean = self.scales.iter().map(|scale| mean_difference(&scale.analyse(a), &scale.analyse(b))).sum::<f64>();
        (mean / self.scales.len() as f64) as f32
    }
}

fn mean_difference(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from((a - b).abs())).sum::<f64>() / a.len() as f64
}

/// [`MultiScaleMel::distance`] for one pair of sounds.
///
/// # Panics
/// If the two are not equally long.
pub fn multi_scale_mel_distance(a: &[f32], b: &[f32], rate: SampleRate) -> f32 {
    MultiScaleMel::new(rate).distance(a, b)
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::noise::GaussianNoise;

    fn noise(seed: u64, count: usize) -> Vec<f32> {
        let mut values = vec![0.0; count];
        GaussianNoise::new(seed).fill(&mut values);
        values.iter_mut().for_each(|x| *x *= 0.1);
        values
    }

    #[test]
    fn the_scale_is_slaneys() {
        // From librosa's documentation of hz_to_mel and mel_frequencies(40), whose highest is 11 025 Hz.
        for (hz, mel) in [(60.0, 0.9), (110.0, 1.65), (220.0, 3.3), (440.0, 6.6), (1000.0, 15.0)] {
            assert!((mel_from_hz(hz) - mel).abs() < 1e-9);
            assert!((hz_from_mel(mel) - hz).abs() < 1e-9);
        }
        let frequency = |i: usize| hz_from_mel(mel_from_hz(11_025.0) * i as f64 / 39.0);
        for (i, hz) in [(1, 85.317), (11, 938.49), (12, 1024.856), (13, 1119.114)] {
            assert!((frequency(i) - hz).abs() < 1e-3, "{} for {hz}", frequency(i));
        }
    }

    #[test]
    fn wide_bands_have_unit_area_in_hertz() {
        for (hz, length, bands) in [(16_000, 2048, 40), (44_100, 4096, 64), (48_000, 2048, 20)] {
            let bank = MelFilterbank::new(SampleRate::new(hz).unwrap(), length, bands);
            assert_eq!((bank.bins(), bank.bands()), (length / 2 + 1, bands));
            let bin_hz = hz as f32 / length as f32;
            for (i, area) in bank.apply(&vec![bin_hz; bank.bins()]).into_iter().enumerate() {
                // A triangle sampled at a few bins has its area only roughly.
                assert!((area - 1.0).abs() < 0.1, "band {i} of {bands} at {hz}: {area}");
            }
        }
    }

    #[test]
    fn a_tone_is_loudest_in_the_band_around_it() {
        let mel = LogMel::new(SampleRate::MODEL, 1024, 40);
        let tone: Vec<f32> = (0..8192).map(|i| (std::f32::consts::TAU * 1000.0 * i as f32 / 16_000.0).sin()).collect();
        let bands = mel.analyse(&tone);
        let frames: Vec<&[f32]> = bands.chunks_exact(mel.bands()).collect();
        assert_eq!(frames.len(), 8192 / mel.hop());
        let loudest = (0..40).max_by(|&a, &b| frames[16][a].total_cmp(&frames[16][b])).unwrap();
        let centre = hz_from_mel(mel_from_hz(8000.0) * (loudest + 1) as f64 / 41.0);
        assert!((centre - 1000.0).abs() < 60.0, "{centre} Hz");
    }

    #[test]
    fn equal_sounds_are_at_no_distance_and_it_is_symmetric() {
        let (a, b) = (noise(1, 16_000), noise(2, 16_000));
        assert_eq!(multi_scale_mel_distance(&a, &a, SampleRate::MODEL), 0.0);
        assert_eq!(multi_scale_mel_distance(&[], &[], SampleRate::MODEL), 0.0);
        let mel = MultiScaleMel::new(SampleRate::MODEL);
        assert_eq!(mel.distance(&a, &b), mel.distance(&b, &a));
        assert!(mel.distance(&a, &b) > 0.1);
    }

    #[test]
    fn ten_times_the_level_is_at_distance_one() {
        let loud = noise(1, 32_000);
        let soft: Vec<f32> = loud.iter().map(|x| 0.1 * x).collect();
        let distance = multi_scale_mel_distance(&loud, &soft, SampleRate::MODEL);
        // The narrowest low bands of each scale catch no bin and are silent in both.
        assert!((0.9..=1.0 + 1e-4).contains(&distance), "{distance}");
    }

    #[test]
    fn more_noise_is_further_away() {
        let (clean, hiss) = (noise(1, 16_000), noise(2, 16_000));
        let mel = MultiScaleMel::new(SampleRate::MODEL);
        let at = |level: f32| mel.distance(&clean, &crate::noise::blend(&clean, &hiss, level));
        let distances = [0.0, 0.05, 0.2, 0.5].map(at);
        assert!(distances.windows(2).all(|pair| pair[0] < pair[1]), "{distances:?}");
    }

    #[test]
    fn silence_is_the_floor() {
        let mel = LogMel::new(SampleRate::MODEL, 256, 20);
        assert!(mel.analyse(&[0.0; 1000]).iter().all(|&x| x == -5.0));
    }
}
