//! Takes of a passage as spectrograms, one above the other: what a decoder blurs or leaves out, and where an edit begins.

use std::path::Path;

use anyhow::Result;
use plotters::prelude::*;
use turnaround_core::mel::LogMel;
use turnaround_core::time::SampleRate;

use crate::picture::{self, Area, FONT};

const WINDOW: usize = 1024;
const BANDS: usize = 128;
/// Points that a band is high.
const BAND_HEIGHT: i32 = 2;
/// Room for a caption above each.
const CAPTION: i32 = 24;
/// Points between frames; frames are dropped or repeated to fit.
const WIDTH: u32 = 1200;
/// Decades shown below the loudest band.
const DECADES: f32 = 4.0;

/// Draws takes of one length, with their names, to `path`, and lines through all of them at some samples.
pub fn draw(path: &Path, takes: &[(&str, &[f32])], lines: &[usize], rate: SampleRate) -> Result<()> {
    let mel = LogMel::new(rate, WINDOW, BANDS);
    let each = CAPTION + BAND_HEIGHT * BANDS as i32;
    picture::write(path, (WIDTH, (each * takes.len() as i32) as u32), |area| {
        for (index, (name, sound)) in takes.iter().enumerate() {
            let top = index as i32 * each;
            area.draw(&Text::new(*name, (6, top + 4), (FONT, 16)))?;
            spectrogram(area, top + CAPTION, &mel.analyse(sound))?;
            for line in lines {
                let x = (line * WIDTH as usize / sound.len().max(1)) as i32;
                area.draw(&PathElement::new([(x, top + CAPTION), (x, top + each)], WHITE))?;
            }
        }
        Ok(())
    })
}

/// `levels` are `[frame, band]` in decades.
fn spectrogram(area: &Area<'_>, top: i32, levels: &[f32]) -> Result<()> {
    let frames = levels.len() / BANDS;
    let loudest = levels.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    for x in 0..WIDTH as i32 {
        let frame = (x as usize * frames / WIDTH as usize).min(frames.saturating_sub(1));
        for (band, level) in levels[frame * BANDS..(frame + 1) * BANDS].iter().enumerate() {
            let share = ((level - loudest) / DECADES + 1.0).clamp(0.0, 1.0);
            let y = top + (BANDS - 1 - band) as i32 * BAND_HEIGHT;
            (0..BAND_HEIGHT).try_for_each(|row| area.draw_pixel((x, y + row), &colour(share)))?;
        }
    }
    Ok(())
}

/// From black over violet and orange to pale yellow, evenly brighter.
fn colour(share: f32) -> RGBColor {
    const STOPS: [[f32; 3]; 5] =
        [[0.0, 0.0, 4.0], [81.0, 18.0, 124.0], [183.0, 55.0, 121.0], [252.0, 137.0, 97.0], [252.0, 253.0, 191.0]];
    let place = share * (STOPS.len() - 1) as f32;
    let below = (place as usize).min(STOPS.len() - 2);
    let between = |channel: usize| {
        let (from, to) = (STOPS[below][channel], STOPS[below + 1][channel]);
        (from + (place - below as f32) * (to - from)).round() as u8
    };
    RGBColor(between(0), between(1), between(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn louder_is_brighter() {
        let brightness = |share: f32| {
            let RGBColor(red, green, blue) = colour(share);
            0.3 * f32::from(red) + 0.6 * f32::from(green) + 0.1 * f32::from(blue)
        };
        let steps: Vec<f32> = (0..=20).map(|step| brightness(step as f32 / 20.0)).collect();
        assert!(steps.windows(2).all(|pair| pair[0] < pair[1]), "{steps:?}");
    }
}
