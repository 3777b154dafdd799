//! Sound in short frames that follow each other in a fixed time at any rate, and back: the ground of what is measured and shaped in bands of
//! the ear.

use crate::spectrum::{Companding, Stft};
use crate::time::SampleRate;

/// Frames of twice a step, one each step, with magnitudes as they are.
#[derive(Clone, Debug)]
pub struct ShortFrames {
    rate: SampleRate,
    stft: Stft,
    plain: Companding,
}

impl ShortFrames {
    /// Frames at a rate, `step_s` seconds from one to the next.
    pub fn new(step_s: f64, rate: SampleRate) -> Self {
        let hop = (step_s * f64::from(rate.hz())).round() as usize;
        Self { rate, stft: Stft::new(hop), plain: Companding::unscaled(1.0, hop) }
    }

    /// Samples from one frame to the next, and bins of a frame.
    pub fn hop(&self) -> usize {
        self.stft.hop()
    }

    /// Hertz from one bin to the next.
    pub fn bin_hz(&self) -> f64 {
        f64::from(self.rate.hz()) / (2 * self.hop()) as f64
    }

    /// All frames of a sound, `[frame, 2 * hop]`: real parts, then imaginary ones. The end is filled up with silence to a whole frame.
    pub fn rows(&self, sound: &[f32]) -> Vec<f32> {
        let mut whole = sound.to_vec();
        whole.resize(sound.len().next_multiple_of(self.hop()).max(2 * self.hop()), 0.0);
        self.stft.analyse(&whole, &self.plain)
    }

    /// Frames back to sound; at least as long as what they were made from.
    pub fn sound(&self, rows: &[f32]) -> Vec<f32> {
        self.stft.synthesise(rows, &self.plain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sound_comes_back_from_its_frames_at_every_rate() {
        for hz in [16_000, 22_050, 44_100, 192_000] {
            let frames = ShortFrames::new(0.005, SampleRate::new(hz).unwrap());
            let sound: Vec<f32> = (0..hz as usize / 3).map(|n| (n as f32 * 0.05).sin()).collect();
            let back = frames.sound(&frames.rows(&sound));
            assert!(back.len() >= sound.len());
            let inside = frames.hop()..sound.len() - frames.hop();
            let worst = inside.map(|n| (sound[n] - back[n]).abs()).fold(0.0, f32::max);
            // The highest bin of a frame is not kept, and a window leaks a little into it: 5e-4 at the lowest rate.
            assert!(worst < 1e-3, "{hz} Hz: {worst}");
        }
    }
}
