//! Random numbers of training. Each step has a generator of its own, so a resumed run goes on with the numbers it would have had.

use std::sync::{Mutex, PoisonError};

use burn::module::Module;
use burn::tensor::{Device, Distribution, Tensor, TensorData};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use turnaround_core::noise::GaussianNoise;

/// Up to this many numbers are drawn here and sent to the device; more are drawn there.
const SENT_MOST: usize = 1 << 16;

/// A device has one generator; who starts it must be who draws from it.
static GENERATOR: Mutex<()> = Mutex::new(());

/// The generator of one step of one stage.
pub fn of_step(seed: u64, stage: &str, step: u64) -> ChaCha8Rng {
    let mut generator = ChaCha8Rng::seed_from_u64(of_stage(seed, stage));
    generator.set_stream(step);
    generator
}

fn of_stage(seed: u64, stage: &str) -> u64 {
    let stage = stage.bytes().fold(0u64, |hash, byte| hash.wrapping_mul(0x100_0000_01b3) ^ u64::from(byte));
    seed ^ stage.rotate_left(17)
}

/// A fresh module of a stage, the same for a seed. Modules draw their weights when these are first read, so all are read here.
pub fn first_weights<M: Module>(seed: u64, stage: &str, device: &Device, fresh: impl FnOnce(&Device) -> M) -> M {
    let _alone = GENERATOR.lock().unwrap_or_else(PoisonError::into_inner);
    device.seed(of_stage(seed, stage));
    let module = fresh(device);
    module.num_params();
    module
}

/// One number from a normal distribution of mean 0 and deviation 1.
pub fn normal(random: &mut impl Rng) -> f32 {
    GaussianNoise::new(random.random()).next()
}

/// A noise level drawn as `sigmoid(N(mean, 1))`.
pub fn logistic_level(random: &mut impl Rng, mean: f32) -> f32 {
    1.0 / (1.0 + (-(normal(random) + mean)).exp())
}

/// A tensor of independent unit normal numbers. A whole batch of frames is drawn on the device, for sending its noise would take as long
/// as the step; a resumed run still draws what it would have drawn, because the device starts from a number of `random` each time.
pub fn normal_tensor<const D: usize>(random: &mut impl Rng, shape: [usize; D], device: &Device) -> Tensor<D> {
    let seed = random.random();
    let count: usize = shape.iter().product();
    if count > SENT_MOST {
        let _alone = GENERATOR.lock().unwrap_or_else(PoisonError::into_inner);
        device.seed(seed);
        return Tensor::random(shape, Distribution::Normal(0.0, 1.0), device);
    }
    let mut values = vec![0.0; count];
    GaussianNoise::new(seed).fill(&mut values);
    Tensor::from_data(TensorData::new(values, shape), device)
}
