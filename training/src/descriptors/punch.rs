//! How much of a bar is struck: energy of what is short and wide in frequency beside what is long and narrow.
//!
//! Source: harmonic and percussive separation by median filters (Fitzgerald 2010), with his soft masks.

use turnaround_core::descriptors::Descriptor;

use super::{Marks, Spectra, decibels};

/// Frames and bins that a median looks over, each an odd number: about 0.27 s, and 0.5 kHz.
const OVER: usize = 17;

pub fn measure(spectra: &Spectra, marks: &mut Marks) {
    let bins = spectra.bins;
    let frames = spectra.magnitudes.len() / bins;
    let at = |frame: usize, bin: usize| spectra.magnitudes[frame * bins + bin];
    let (mut struck, mut held) = (0.0, 0.0);
    for frame in 0..frames {
        for bin in 0..bins {
            let long = median_around(frame, frames, |frame| at(frame, bin));
            let wide = median_around(bin, bins, |bin| at(frame, bin));
            let (long, wide) = (f64::from(long).powi(2), f64::from(wide).powi(2));
            let energy = f64::from(at(frame, bin)).powi(2);
            if long + wide > 0.0 {
                struck += energy * wide / (long + wide);
                held += energy * long / (long + wide);
            }
        }
    }
    if struck + held > 0.0 {
        marks.insert(Descriptor::Punch, decibels(struck, struck + held) - decibels(held, struck + held));
    }
}

/// The median of what lies around a place, fewer at the ends.
fn median_around(place: usize, length: usize, value: impl Fn(usize) -> f32) -> f32 {
    let (from, to) = (place.saturating_sub(OVER / 2), length.min(place + OVER / 2 + 1));
    let mut around = [0.0; OVER];
    let around = &mut around[..to - from];
    around.iter_mut().zip(from..to).for_each(|(slot, place)| *slot = value(place));
    let middle = around.len() / 2;
    *around.select_nth_unstable_by(middle, f32::total_cmp).1
}
