//! The dry sound, as late as the look-ahead wants it.
//!
//! **Thread.** Audio thread; sized where the plugin is activated.

use crate::handoff::Frame;

/// A delay line of a fixed number of samples; without any it costs nothing.
pub struct Delay {
    ring: Vec<Frame>,
    position: usize,
}

impl Delay {
    /// A silent one. Allocates.
    pub fn new(samples: usize) -> Self {
        Self { ring: vec![[0.0; 2]; samples], position: 0 }
    }

    /// How late its output is.
    pub fn samples(&self) -> usize {
        self.ring.len()
    }

    /// Exchanges a block for the one that came so many samples before.
    pub fn process(&mut self, left: &mut [f32], right: &mut [f32]) {
        if self.ring.is_empty() {
            return;
        }
        for (left, right) in left.iter_mut().zip(right) {
            let late = std::mem::replace(&mut self.ring[self.position], [*left, *right]);
            [*left, *right] = late;
            self.position = if self.position + 1 == self.ring.len() { 0 } else { self.position + 1 };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sound_comes_out_late_by_exactly_its_length() {
        for (length, block) in [(0, 7), (1, 64), (100, 64), (100, 333)] {
            let mut delay = Delay::new(length);
            let mut heard = Vec::new();
            for start in (0..1000).step_by(block) {
                let mut left: Vec<f32> = (start..start + block).map(|n| n as f32 + 1.0).collect();
                let mut right: Vec<f32> = left.iter().map(|x| -x).collect();
                delay.process(&mut left, &mut right);
                assert!(left.iter().zip(&right).all(|(l, r)| *l == -r));
                heard.extend(left);
            }
            assert!(heard[..length].iter().all(|x| *x == 0.0));
            assert!(heard[length..].iter().enumerate().all(|(n, x)| *x == n as f32 + 1.0));
        }
    }
}
