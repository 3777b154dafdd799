//! The corpus's only source of chance: ChaCha8 streams named by seed and purpose, so that every decision can be made again.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A stream of random decisions. Two streams of one seed and different purposes are independent, so that a change in how the
/// drummer decides leaves the bass player's notes alone.
pub struct Dice(ChaCha8Rng);

impl Dice {
    /// The stream for `purpose` under `seed`; the same on every platform.
    pub fn new(seed: u64, purpose: &str) -> Self {
        Self(ChaCha8Rng::seed_from_u64(derive(seed, purpose, 0)))
    }

    /// True with probability `probability`.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.0.random::<f64>() < probability
    }

    /// Uniform in `low..high`.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.0.random::<f64>()
    }

    /// Uniform in `low..=high`.
    pub fn integer(&mut self, low: usize, high: usize) -> usize {
        self.0.random_range(low as u64..=high as u64) as usize
    }

    /// One of `options`, each as likely as the others. Panics when there are none.
    pub fn pick<'a, T>(&mut self, options: &'a [T]) -> &'a T {
        &options[self.integer(0, options.len() - 1)]
    }

    /// One of `options`, as likely as its weight. Panics when there are none.
    pub fn weighted<T: Copy>(&mut self, options: &[(T, f64)]) -> T {
        let total: f64 = options.iter().map(|(_, weight)| weight).sum();
        let mut left = self.between(0.0, total);
        for (option, weight) in options {
            left -= weight;
            if left < 0.0 {
                return *option;
            }
        }
        options.last().expect("a weighted choice needs an option").0
    }

    /// Normal with mean 0 and deviation 1, within three deviations (sum of twelve uniforms, clamped).
    pub fn normal(&mut self) -> f64 {
        let sum: f64 = (0..12).map(|_| self.0.random::<f64>()).sum();
        (sum - 6.0).clamp(-3.0, 3.0)
    }
}

/// A new seed from a seed, a purpose and a number (FNV-1a over all three, then the SplitMix64 finaliser).
pub fn derive(seed: u64, purpose: &str, number: u64) -> u64 {
    let bytes = seed.to_le_bytes().into_iter().chain(purpose.bytes()).chain(number.to_le_bytes());
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in bytes {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}
