//! What latent actions are learned by: a bar has to be rebuilt from noise, the bar before it and what is said of it.

use burn::tensor::{Tensor, TensorData};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::random;
use crate::networks::actions::ActionDecoder;

/// Bars to rebuild, each with the bar before it, both `[batch, slot, channel]` standardised.
#[derive(Clone)]
pub struct Bars {
    /// What is to be rebuilt.
    pub here: Tensor<3>,
    /// What came before.
    pub previous: Tensor<3>,
    /// `[batch, 2]`.
    pub timing: Tensor<2>,
}

impl Bars {
    /// The bars with a share of the slots before them struck out, so that more must be said.
    pub fn masked(self, share: f64, random: &mut ChaCha8Rng) -> Self {
        let [batch, slot, _] = self.previous.dims();
        let kept: Vec<f32> = (0..batch * slot).map(|_| f32::from(u8::from(!random.random_bool(share)))).collect();
        let kept = Tensor::<3>::from_data(TensorData::new(kept, [batch, slot, 1]), &self.previous.device());
        Self { previous: self.previous * kept, ..self }
    }
}

/// Bars `[batch, slot, channel]` on their way from data to noise, each as far as its level says.
struct Noised {
    bars: Tensor<3>,
    noise: Tensor<3>,
    /// `[batch]`.
    level: Tensor<1>,
}

impl Noised {
    fn new(clean: Tensor<3>, level: Vec<f32>, random: &mut ChaCha8Rng) -> Self {
        let (device, batch) = (clean.device(), level.len());
        let level = Tensor::<1>::from_data(TensorData::new(level, [batch]), &device);
        let spread = level.clone().unsqueeze_dim::<2>(1).unsqueeze_dim::<3>(2);
        let noise = random::normal_tensor(random, clean.dims(), &device);
        Self { bars: clean * (spread.clone().neg() + 1.0) + noise.clone() * spread, noise, level }
    }
}

/// Bars at noise levels drawn evenly up to `most`.
pub fn blurred(bars: Tensor<3>, most: f64, random: &mut ChaCha8Rng) -> Tensor<3> {
    let level = (0..bars.dims()[0]).map(|_| random.random_range(0.0..=most) as f32).collect();
    Noised::new(bars, level, random).bars
}

/// The flow-matching loss of a decoder that is told `action` `[batch, width]`, at noise levels drawn bar by bar.
pub fn loss(decoder: &ActionDecoder, bars: Bars, action: Tensor<2>, random: &mut ChaCha8Rng) -> Tensor<1> {
    let Bars { here, previous, timing } = bars;
    let level = (0..here.dims()[0]).map(|_| random::logistic_level(random, 0.0)).collect();
    let noised = Noised::new(here.clone(), level, random);
    let error = decoder.forward(noised.bars, previous, noised.level, action, timing) - (noised.noise - here);
    (error.clone() * error).mean()
}

/// Bars made from `noise` in so many equal steps: what the decoder takes the action to mean.
pub fn rebuilt(decoder: &ActionDecoder, noise: Tensor<3>, bars: &Bars, action: &Tensor<2>, calls: usize) -> Tensor<3> {
    let batch = noise.dims()[0];
    let mut x = noise;
    for call in 0..calls {
        let level = 1.0 - call as f32 / calls as f32;
        let levels = Tensor::<1>::full([batch], level, &x.device());
        let velocity = decoder.forward(x.clone(), bars.previous.clone(), levels, action.clone(), bars.timing.clone());
        x = x - velocity.div_scalar(calls as f32);
    }
    x
}
