//! Samples as they lie in files.

use std::fmt;

/// The format of one sample, lowest byte first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SampleFormat {
    /// Whole numbers of 8 (then above 0), 16, 24 or 32 bits.
    Whole { bits: u16 },
    /// Floats of 32 bits.
    Float32,
    /// Floats of 64 bits.
    Float64,
}

impl fmt::Display for SampleFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SampleFormat::Whole { bits } => write!(f, "{bits}-bit"),
            SampleFormat::Float32 => f.write_str("32-bit float"),
            SampleFormat::Float64 => f.write_str("64-bit float"),
        }
    }
}

impl SampleFormat {
    /// Bytes of one sample.
    pub(super) fn bytes(self) -> usize {
        match self {
            SampleFormat::Whole { bits } => usize::from(bits) / 8,
            SampleFormat::Float32 => 4,
            SampleFormat::Float64 => 8,
        }
    }

    /// One sample as a number, full scale being 1.
    pub(super) fn read(self, bytes: &[u8]) -> f32 {
        match (self, bytes) {
            (SampleFormat::Whole { .. }, &[a]) => (f32::from(a) - 128.0) / 128.0,
            (SampleFormat::Float32, &[a, b, c, d]) => f32::from_le_bytes([a, b, c, d]),
            (SampleFormat::Float64, &[a, b, c, d, e, f, g, h]) => f64::from_le_bytes([a, b, c, d, e, f, g, h]) as f32,
            // The bytes fill a 32-bit number from the top, so one scale serves all lengths; 24 bits fit a float exactly.
            _ => {
                let mut number = [0; 4];
                number[4 - bytes.len()..].copy_from_slice(bytes);
                (f64::from(i32::from_le_bytes(number)) / 2_147_483_648.0) as f32
            }
        }
    }

    /// The nearest sample to a number, clipped at full scale, appended to `out`.
    pub(super) fn write(self, value: f32, out: &mut Vec<u8>) {
        match self {
            SampleFormat::Float32 => out.extend(value.to_le_bytes()),
            SampleFormat::Float64 => out.extend(f64::from(value).to_le_bytes()),
            SampleFormat::Whole { bits: 8 } => out.push((f32::round(value * 128.0) + 128.0).clamp(0.0, 255.0) as u8),
            SampleFormat::Whole { bits } => {
                let step = f64::from(1_u32 << (bits - 1));
                let number = (f64::from(value) * step).round().clamp(-step, step - 1.0) as i32;
                out.extend(&number.to_le_bytes()[..usize::from(bits) / 8]);
            }
        }
    }

    /// A number as it will be after writing and reading.
    pub(super) fn rounded(self, value: f32) -> f32 {
        let mut bytes = Vec::with_capacity(8);
        self.write(value, &mut bytes);
        self.read(&bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_whole_number_survives_reading_and_writing() {
        for bits in [8, 16, 24] {
            let format = SampleFormat::Whole { bits };
            let step = if bits == 24 { 4_099 } else { 1 };
            for number in (0..1_u32 << bits).step_by(step) {
                let bytes = &number.to_le_bytes()[..usize::from(bits) / 8];
                let mut again = Vec::new();
                format.write(format.read(bytes), &mut again);
                assert_eq!(bytes, again, "{bits} bits");
            }
        }
    }

    #[test]
    fn loud_samples_are_clipped_not_wrapped() {
        let format = SampleFormat::Whole { bits: 16 };
        assert_eq!(format.rounded(1.5), 32_767.0 / 32_768.0);
        assert_eq!(format.rounded(-1.5), -1.0);
    }
}
