//! A spectrogram as a PNG file.

use anyhow::Result;

use super::spectrogram::Spectrogram;

/// Which levels are drawn from dark to bright, in decibels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    darkest: f32,
    brightest: f32,
}

/// Wide enough for a ride cymbal's tail, narrow enough to see notes.
const DECIBELS: f32 = 72.0;

impl Range {
    /// From a loudest level down.
    pub fn below(brightest: f32) -> Self {
        Self { darkest: brightest - DECIBELS, brightest }
    }

    /// How many decibels it spans.
    pub fn decibels(self) -> f32 {
        self.brightest - self.darkest
    }

    fn shade(self, level: f32) -> u8 {
        (255.0 * ((level - self.darkest) / self.decibels()).clamp(0.0, 1.0)).round() as u8
    }
}

/// Night blue over violet and orange to cream, growing evenly lighter, so that it also reads in grey.
const ANCHORS: [[f32; 3]; 6] = [
    [13.0, 15.0, 34.0],
    [52.0, 30.0, 92.0],
    [128.0, 44.0, 110.0],
    [205.0, 75.0, 80.0],
    [247.0, 150.0, 70.0],
    [254.0, 240.0, 196.0],
];

/// One pixel for each frame and band, high bands on top. Fails only when the PNG encoder does.
pub fn png(spectrogram: &Spectrogram, range: Range) -> Result<Vec<u8>> {
    let (width, height) = (spectrogram.frames().len(), spectrogram.bands());
    let mut pixels = vec![0; width * height];
    for (column, frame) in spectrogram.frames().enumerate() {
        for (band, &level) in frame.iter().enumerate() {
            pixels[(height - 1 - band) * width + column] = range.shade(level);
        }
    }
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, u32::try_from(width)?, u32::try_from(height)?);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_palette(palette());
    encoder.set_compression(png::Compression::High);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&pixels)?;
    writer.finish()?;
    Ok(file)
}

/// 256 colours, red, green and blue in turn.
fn palette() -> Vec<u8> {
    let colour = |shade: u16| {
        let place = f32::from(shade) / 255.0 * (ANCHORS.len() - 1) as f32;
        let anchor = (place as usize).min(ANCHORS.len() - 2);
        let [from, to] = [ANCHORS[anchor], ANCHORS[anchor + 1]];
        let share = place - anchor as f32;
        std::array::from_fn::<u8, 3, _>(|n| (from[n] + share * (to[n] - from[n])).round() as u8)
    };
    (0..256).flat_map(colour).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use turnaround_core::audio::Audio;
    use turnaround_core::time::SampleRate;

    #[test]
    fn a_picture_has_a_column_a_frame_and_high_bands_on_top() {
        let rate = SampleRate::new(48_000).unwrap();
        let tone = (0..48_000).map(|n| (std::f64::consts::TAU * 9000.0 * f64::from(n) / 48_000.0).sin() as f32).collect();
        let spectrogram = Spectrogram::of(&Audio::mono(rate, tone).unwrap());
        let file = png(&spectrogram, Range::below(spectrogram.loudest())).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        let (width, height) = (spectrogram.frames().len(), spectrogram.bands());
        assert_eq!(pixels.len(), width * height);
        let brightest = (0..height).max_by_key(|row| pixels[row * width + width / 2]).unwrap();
        assert!(brightest < height / 2, "row {brightest}");
    }

    #[test]
    fn colours_grow_lighter() {
        let lightness: Vec<u32> =
            palette().chunks(3).map(|c| 3 * u32::from(c[0]) + 6 * u32::from(c[1]) + u32::from(c[2])).collect();
        assert!(lightness.windows(2).all(|pair| pair[0] <= pair[1]));
    }

    #[test]
    fn levels_outside_the_range_are_its_ends() {
        let range = Range::below(0.0);
        assert_eq!([range.shade(10.0), range.shade(0.0), range.shade(-DECIBELS), range.shade(-200.0)], [255, 255, 0, 0]);
    }
}
