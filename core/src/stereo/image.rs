//! How the side of a sound follows from its middle, band by band, and a side made so.

use std::ops::Range;

use super::decorrelated;
use crate::erb::{ErbBands, erb_number};
use crate::short_frames::ShortFrames;
use crate::time::SampleRate;

/// Below this every new sound is in the middle.
const MONO_BELOW_HZ: f64 = 120.0;
const HIGHEST_HZ: f64 = 20_000.0;

/// How wide a band is, in bands of the ear: two, as the standard's twenty are.
const WIDTH: f64 = 2.0;

/// Seconds from one frame to the next; a frame lasts 40 ms, so that bands of the bass are told apart.
const STEP_S: f64 = 0.020;

/// Mean power of a bin that is silent.
const SILENCE: f64 = 1e-10;

/// What counts as silent beside the loudest band: 80 dB below it there is little but what leaks from it.
const FAINT: f64 = 1e-8;

/// The loudest that a side becomes beside its middle, as a magnitude: out-of-phase music has more, and would blow up what is not.
const WIDEST: f32 = 1.5;

/// The most that the copy is raised to be as loud as wanted; less than that is left where a band is all strokes.
const MOST_RAISED: f64 = 3.0;

/// Place and width in each band.
#[derive(Clone, Debug, PartialEq)]
pub struct Image {
    /// What part of the middle is in the side: 0 in the middle, 1 all left, −1 all right.
    pub place: Vec<f32>,
    /// How loud the part of the side is that has nothing to do with the middle, as a part of the middle's magnitude.
    pub width: Vec<f32>,
}

/// Bands at one rate in which images are measured and given.
#[derive(Clone, Debug)]
pub struct StereoBands {
    rate: SampleRate,
    frames: ShortFrames,
    bands: ErbBands,
}

/// Second moments of two sounds in one band, sums over bins and frames.
#[derive(Clone, Copy, Default)]
struct Moments {
    first: f64,
    second: f64,
    product: f64,
    count: f64,
}

impl Moments {
    fn and(&self, other: &Self) -> Self {
        Moments {
            first: self.first + other.first,
            second: self.second + other.second,
            product: self.product + other.product,
            count: self.count + other.count,
        }
    }

    /// Place and width, of a middle and its side.
    fn image(&self) -> (f32, f32) {
        if self.first <= 0.0 {
            return (0.0, 0.0);
        }
        let along = self.product / self.first;
        let apart = (self.second / self.first - along * along).max(0.0).sqrt();
        let whole = along.hypot(apart) as f32;
        let fit = if whole > WIDEST { WIDEST / whole } else { 1.0 };
        (along as f32 * fit, apart as f32 * fit)
    }
}

impl StereoBands {
    /// Bands at a rate.
    pub fn new(rate: SampleRate) -> Self {
        let highest = HIGHEST_HZ.min(f64::from(rate.hz()) / 2.0);
        let count = ((erb_number(highest) - erb_number(MONO_BELOW_HZ)) / WIDTH).round() as usize;
        Self { rate, frames: ShortFrames::new(STEP_S, rate), bands: ErbBands::new(MONO_BELOW_HZ, highest, count) }
    }

    /// The bands.
    pub fn bands(&self) -> &ErbBands {
        &self.bands
    }

    /// Samples at either end of a piece that are not yet, or no more, what they should be.
    pub fn edge(&self) -> usize {
        4 * self.frames.hop()
    }

    /// The image of a piece of sound.
    ///
    /// # Panics
    /// If the two are not equally long.
    pub fn measure(&self, middle: &[f32], side: &[f32]) -> Image {
        assert_eq!(middle.len(), side.len(), "middle and side of one sound");
        let (middle, side) = (self.frames.rows(middle), self.frames.rows(side));
        let frames = 0..middle.len() / (2 * self.frames.hop());
        let moments = self.moments(&middle, &side, frames);
        let loudest = moments.iter().map(|band| band.first / band.count.max(1.0)).fold(0.0, f64::max);
        let is_heard = |band: &Moments| band.first > SILENCE.max(FAINT * loudest) * band.count;
        // Where the bar is silent, a new sound takes the image of the whole.
        let whole = moments.iter().filter(|band| is_heard(band)).fold(Moments::default(), |sum, band| sum.and(band));
        let images: Vec<(f32, f32)> =
            moments.iter().map(|band| if is_heard(band) { band.image() } else { whole.image() }).collect();
        Image { place: images.iter().map(|image| image.0).collect(), width: images.iter().map(|image| image.1).collect() }
    }

    /// A side for a new middle: in each stretch of samples, `[start, end)`, with the image given for it; elsewhere with that of the nearest.
    /// As long as the middle. Stretches follow one another.
    ///
    /// # Panics
    /// If there is no image, or one with other bands.
    pub fn side(&self, middle: &[f32], images: &[(Range<usize>, Image)]) -> Vec<f32> {
        assert!(!images.is_empty(), "a side needs an image");
        let hop = self.frames.hop();
        let copy = self.frames.rows(&decorrelated(middle, self.rate));
        let mut rows = self.frames.rows(middle);
        let frames = rows.len() / (2 * hop);
        // The middle of frame i lies i + 1 hops after the start.
        let first_frame = |sample: usize| (sample / hop).saturating_sub(1).min(frames);
        for (index, (stretch, image)) in images.iter().enumerate() {
            let start = if index == 0 { 0 } else { first_frame(stretch.start) };
            let end = images.get(index + 1).map_or(frames, |(next, _)| first_frame(next.start));
            let (place, width) = self.factors(image, self.moments(&rows, &copy, start..end));
            for (row, copy) in rows.chunks_exact_mut(2 * hop).zip(copy.chunks_exact(2 * hop)).take(end).skip(start) {
                for bin in 0..hop {
                    row[bin] = place[bin] * row[bin] + width[bin] * copy[bin];
                    row[hop + bin] = place[bin] * row[hop + bin] + width[bin] * copy[hop + bin];
                }
            }
        }
        let mut side = self.frames.sound(&rows);
        side.resize(middle.len(), 0.0);
        side
    }

    /// Factors of every bin for the middle and its copy. What the copy has in common with the middle is taken out of it first.
    fn factors(&self, image: &Image, moments: Vec<Moments>) -> (Vec<f32>, Vec<f32>) {
        let (mut place, mut width) = (Vec::new(), Vec::new());
        for (band, Moments { first, second, product, .. }) in moments.into_iter().enumerate() {
            let common = if first > 0.0 { product / first } else { 0.0 };
            let own = if first > 0.0 { (second / first - common * common).max(0.0).sqrt() } else { 0.0 };
            let copy = f64::from(image.width[band]) * if own > 0.0 { (1.0 / own).min(MOST_RAISED) } else { 0.0 };
            place.push((f64::from(image.place[band]) - copy * common) as f32);
            width.push(copy as f32);
        }
        let bin_hz = self.frames.bin_hz();
        let bins = |values: &[f32]| {
            let mut bins = self.bands.to_bins(values, self.frames.hop(), bin_hz);
            let mono = (MONO_BELOW_HZ / bin_hz).ceil() as usize;
            bins[..mono].fill(0.0);
            bins
        };
        (bins(&place), bins(&width))
    }

    fn moments(&self, a: &[f32], b: &[f32], frames: Range<usize>) -> Vec<Moments> {
        let hop = self.frames.hop();
        let bands = self.bands.of_bins(hop, self.frames.bin_hz());
        let mut moments = vec![Moments::default(); self.bands.len()];
        for (a, b) in a.chunks_exact(2 * hop).zip(b.chunks_exact(2 * hop)).take(frames.end).skip(frames.start) {
            for (bin, band) in bands.iter().enumerate() {
                let Some(band) = *band else { continue };
                let moments = &mut moments[band];
                moments.first += f64::from(a[bin].powi(2) + a[hop + bin].powi(2));
                moments.second += f64::from(b[bin].powi(2) + b[hop + bin].powi(2));
                moments.product += f64::from(a[bin] * b[bin] + a[hop + bin] * b[hop + bin]);
                moments.count += 1.0;
            }
        }
        moments
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::GaussianNoise;

    const RATES: [u32; 5] = [22_050, 44_100, 48_000, 96_000, 192_000];

    fn noise(hz: u32, seed: u64) -> Vec<f32> {
        let mut noise = vec![0.0; 2 * hz as usize];
        GaussianNoise::new(seed).fill(&mut noise);
        noise.iter_mut().for_each(|x| *x *= 0.1);
        noise
    }

    /// A middle, and a side that has a part of it and something of its own.
    fn sound(hz: u32, place: f32, width: f32, seed: u64) -> (Vec<f32>, Vec<f32>) {
        let middle = noise(hz, seed);
        let side = middle.iter().zip(noise(hz, seed + 100)).map(|(m, other)| place * m + width * other).collect();
        (middle, side)
    }

    #[test]
    fn place_and_width_are_measured() {
        for hz in RATES {
            let bands = StereoBands::new(SampleRate::new(hz).unwrap());
            for (place, width) in [(0.0, 0.0), (1.0, 0.0), (-0.4, 0.3), (0.0, 0.7)] {
                let (middle, side) = sound(hz, place, width, 1);
                let image = bands.measure(&middle, &side);
                for (found_place, found_width) in image.place.iter().zip(&image.width) {
                    // Chance in the narrowest band, some 75 Hz over 2 s.
                    assert!((found_place - place).abs() < 0.15 && (found_width - width).abs() < 0.15, "{hz}: {image:?}");
                }
            }
        }
    }

    #[test]
    fn another_sound_takes_the_image_of_the_first() {
        for hz in RATES {
            let bands = StereoBands::new(SampleRate::new(hz).unwrap());
            for (place, width) in [(1.0, 0.0), (-0.4, 0.3), (0.0, 0.7)] {
                let (middle, side) = sound(hz, place, width, 1);
                let image = bands.measure(&middle, &side);
                let other = noise(hz, 7);
                let made = bands.side(&other, &[(0..other.len(), image.clone())]);
                let again = bands.measure(&other, &made);
                for band in 1..bands.bands().len() {
                    assert!((again.place[band] - image.place[band]).abs() < 0.1, "{hz}, band {band}: {again:?} {image:?}");
                    assert!((again.width[band] - image.width[band]).abs() < 0.1, "{hz}, band {band}: {again:?} {image:?}");
                }
            }
        }
    }

    #[test]
    fn the_bass_is_in_the_middle() {
        let bands = StereoBands::new(SampleRate::new(48_000).unwrap());
        let bass: Vec<f32> = (0..96_000).map(|n| (std::f32::consts::TAU * 60.0 * n as f32 / 48_000.0).sin()).collect();
        let image = Image { place: vec![1.0; bands.bands().len()], width: vec![0.0; bands.bands().len()] };
        let side = bands.side(&bass, &[(0..bass.len(), image)]);
        let loudest = side[9_600..86_400].iter().fold(0.0f32, |peak, x| peak.max(x.abs()));
        assert!(loudest < 0.05, "{loudest}");
    }

    #[test]
    fn each_stretch_takes_its_own_image() {
        let bands = StereoBands::new(SampleRate::new(48_000).unwrap());
        let image = |place: f32| Image { place: vec![place; bands.bands().len()], width: vec![0.0; bands.bands().len()] };
        let middle = noise(48_000, 1);
        let side = bands.side(&middle, &[(0..48_000, image(0.8)), (48_000..96_000, image(-0.8))]);
        let product = |range: Range<usize>| middle[range.clone()].iter().zip(&side[range]).map(|(m, s)| m * s).sum::<f32>();
        assert!(product(4_800..43_200) > 0.0 && product(52_800..91_200) < 0.0);
    }

    #[test]
    fn bands_that_are_silent_take_the_image_of_the_whole() {
        let bands = StereoBands::new(SampleRate::new(48_000).unwrap());
        let tone: Vec<f32> = (0..96_000).map(|n| (std::f32::consts::TAU * 440.0 * n as f32 / 48_000.0).sin()).collect();
        let side: Vec<f32> = tone.iter().map(|x| 0.6 * x).collect();
        assert!(bands.measure(&tone, &side).place.iter().all(|place| (place - 0.6).abs() < 1e-3));
    }

    #[test]
    fn a_side_louder_than_its_middle_is_held_back_and_silence_has_no_place() {
        let bands = StereoBands::new(SampleRate::new(48_000).unwrap());
        let (middle, side) = (noise(48_000, 1), noise(48_000, 2));
        let soft: Vec<f32> = middle.iter().map(|x| 0.01 * x).collect();
        let image = bands.measure(&soft, &side);
        assert!(image.place.iter().zip(&image.width).all(|(place, width)| place.hypot(*width) <= WIDEST * 1.001));
        let image = bands.measure(&vec![0.0; side.len()], &side);
        assert!(image.place.iter().chain(&image.width).all(|&x| x == 0.0));
    }
}
