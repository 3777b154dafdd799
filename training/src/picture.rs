//! Pictures as PNG files, with letters that need no font of the system.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::sync::Once;

use anyhow::{Context, Result, ensure};
use plotters::style::{FontStyle, register_font};

/// Gives the drawing library the letters it calls `sans-serif`. Call it before anything is drawn; more than once does no harm.
pub fn letters() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let font = epaint_default_fonts::UBUNTU_LIGHT;
        assert!(register_font("sans-serif", FontStyle::Normal, font).is_ok(), "the font compiled in is a font");
    });
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
