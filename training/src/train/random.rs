//! Random numbers of training. Each step has a generator of its own, so a resumed run goes on with the numbers it would have had.

use burn::tensor::{Device, Tensor, TensorData};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use turnaround_core::noise::GaussianNoise;

/// The generator of one step of one stage.
pub fn of_step(seed: u64, stage: &str, step: u64) -> ChaCha8Rng {
    let stage = stage.bytes().fold(0u64, |hash, byte| hash.wrapping_mul(0x100_0000_01b3) ^ u64::from(byte));
    let mut generator = ChaCha8Rng::seed_from_u64(seed ^ stage.rotate_left(17));
    generator.set_stream(step);
    generator
}

/// One number from a normal distribution of mean 0 and deviation 1.
pub fn normal(random: &mut impl Rng) -> f32 {
    GaussianNoise::new(random.random()).next()
}

/// A noise level drawn as `sigmoid(N(mean, 1))`.
pub fn logistic_level(random: &mut impl Rng, mean: f32) -> f32 {
    1.0 / (1.0 + (-(normal(random) + mean)).exp())
}

/// A tensor of independent unit normal numbers.
pub fn normal_tensor<const D: usize>(random: &mut impl Rng, shape: [usize; D], device: &Device) -> Tensor<D> {
    let mut values = vec![0.0; shape.iter().product()];
    GaussianNoise::new(random.random()).fill(&mut values);
    Tensor::from_data(TensorData::new(values, shape), device)
}
