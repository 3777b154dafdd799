//! A filter of the second order.
//!
//! Source: R. Bristow-Johnson, Cookbook formulae for audio equalizer biquad filter coefficients.

use super::HZ;

/// Coefficients, normalised to a leading 1, and the memory of one channel.
pub struct Biquad {
    feed: [f64; 3],
    back: [f64; 2],
    memory: [f64; 2],
}

impl Biquad {
    /// Stops what lies below `hz`, by 12 dB an octave.
    pub fn high_pass(hz: f64) -> Self {
        let (cosine, alpha) = angle(hz, std::f64::consts::FRAC_1_SQRT_2);
        let half = (1.0 + cosine) / 2.0;
        Self::new([half, -2.0 * half, half], cosine, alpha)
    }

    /// Rings at `hz`; `quality` is centre frequency over bandwidth. Unit gain at the centre.
    pub fn resonator(hz: f64, quality: f64) -> Self {
        let (cosine, alpha) = angle(hz, quality);
        Self::new([alpha, 0.0, -alpha], cosine, alpha)
    }

    fn new(feed: [f64; 3], cosine: f64, alpha: f64) -> Self {
        let lead = 1.0 + alpha;
        let back = [-2.0 * cosine / lead, (1.0 - alpha) / lead];
        Self { feed: feed.map(|value| value / lead), back, memory: [0.0; 2] }
    }

    /// Filters in place, going on from what was heard before.
    pub fn process(&mut self, audio: &mut [f32]) {
        for sample in audio {
            let input = f64::from(*sample);
            let output = self.feed[0] * input + self.memory[0];
            self.memory[0] = self.feed[1] * input - self.back[0] * output + self.memory[1];
            self.memory[1] = self.feed[2] * input - self.back[1] * output;
            *sample = output as f32;
        }
    }
}

fn angle(hz: f64, quality: f64) -> (f64, f64) {
    let angle = std::f64::consts::TAU * hz / HZ;
    (angle.cos(), angle.sin() / (2.0 * quality))
}
