//! Pictures as PNG files, with letters that come along: no system font and no image library is asked for.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::sync::Once;

use anyhow::{Context, Result, ensure};
use plotters::backend::BitMapBackend;
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::style::{FontStyle, WHITE, register_font};

/// The family that pictures write with.
pub const FONT: &str = "sans-serif";

/// What is drawn on.
pub type Area<'a> = DrawingArea<BitMapBackend<'a>, Shift>;

/// Gives the drawing library the letters it calls [`FONT`]. Call it before anything is drawn; more than once does no harm.
pub fn letters() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let font = epaint_default_fonts::UBUNTU_LIGHT;
        assert!(register_font(FONT, FontStyle::Normal, font).is_ok(), "the font compiled in is a font");
    });
}

/// Draws a picture of `width` times `height` points on white and writes it.
///
/// # Errors
/// Those of `draw`, or when the file cannot be written.
pub fn write(path: &Path, (width, height): (u32, u32), draw: impl FnOnce(&Area<'_>) -> Result<()>) -> Result<()> {
    letters();
    let mut points = vec![0; width as usize * height as usize * 3];
    {
        let area = BitMapBackend::with_buffer(&mut points, (width, height)).into_drawing_area();
        area.fill(&WHITE)?;
        draw(&area)?;
        area.present()?;
    }
    write_png(path, width, height, &points)
}

/// Writes `[row, column, red green blue]` as a PNG file.
///
/// # Errors
/// When the pixels are not as many as the sizes say, or the file cannot be written.
pub fn write_png(path: &Path, width: u32, height: u32, pixels: &[u8]) -> Result<()> {
    ensure!(pixels.len() == 3 * width as usize * height as usize, "{width} by {height} are not {} bytes", pixels.len());
    let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    let mut encoder = png::Encoder::new(BufWriter::new(file), width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header()?.write_image_data(pixels).with_context(|| format!("cannot write {}", path.display()))
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
