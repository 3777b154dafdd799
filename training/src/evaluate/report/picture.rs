//! Pictures as PNG files, with letters that come along: no system font and no image library is asked for.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::sync::Once;

use anyhow::{Context, Result, anyhow};
use plotters::backend::BitMapBackend;
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::style::{FontStyle, WHITE, register_font};

/// The family that pictures write with.
pub const FONT: &str = "sans-serif";

static LETTERS: Once = Once::new();

/// What is drawn on.
pub type Area<'a> = DrawingArea<BitMapBackend<'a>, Shift>;

/// Draws a picture of `width` times `height` points and writes it.
///
/// # Errors
/// Those of `draw`, or when the file cannot be written.
pub fn write(path: &Path, (width, height): (u32, u32), draw: impl FnOnce(&Area<'_>) -> Result<()>) -> Result<()> {
    LETTERS.call_once(|| {
        let known = register_font(FONT, FontStyle::Normal, epaint_default_fonts::UBUNTU_LIGHT);
        assert!(known.is_ok(), "the font of the crate can be read");
    });
    let mut points = vec![0; width as usize * height as usize * 3];
    {
        let area = BitMapBackend::with_buffer(&mut points, (width, height)).into_drawing_area();
        area.fill(&WHITE)?;
        draw(&area)?;
        area.present()?;
    }
    encode(path, width, height, &points).with_context(|| format!("writing {}", path.display()))
}

/// `points` are red, green, blue, from the upper left.
fn encode(path: &Path, width: u32, height: u32, points: &[u8]) -> Result<()> {
    let mut encoder = png::Encoder::new(BufWriter::new(File::create(path)?), width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().map_err(|error| anyhow!(error))?;
    writer.write_image_data(points).map_err(|error| anyhow!(error))
}

#[cfg(test)]
mod tests {
    use plotters::prelude::*;

    use super::*;

    #[test]
    fn a_picture_holds_what_was_drawn_and_letters() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        let letters = |area: &Area<'_>| {
            area.draw(&Rectangle::new([(0, 0), (9, 9)], RED.filled()))?;
            area.draw(&Text::new("bar", (40, 10), (FONT, 20)))?;
            Ok(())
        };
        write(&path, (100, 50), letters).unwrap();
        let mut reader = png::Decoder::new(std::io::BufReader::new(File::open(&path).unwrap())).read_info().unwrap();
        let mut points = vec![0; 100 * 50 * 3];
        reader.next_frame(&mut points).unwrap();
        assert_eq!(points[..3], [255, 0, 0]);
        let is_dark = |point: &[u8]| point.iter().all(|value| *value < 128);
        let dark = points.chunks_exact(3).filter(|point| is_dark(point)).count();
        assert!((20..1000).contains(&dark), "{dark} points of letters");
    }
}
