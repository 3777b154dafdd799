//! Exponential moving average of a network's weights: what is evaluated and exported.

use burn::tensor::Tensor;

/// The average after this many steps keeps `min(0.995, (1 + step) / (10 + step))` of itself, so that early steps wash out fast.
pub fn decay(step: u64) -> f64 {
    let step = step as f64;
    ((1.0 + step) / (10.0 + step)).min(0.995)
}

/// Moves `average` towards `live`, rows as [`super::flat`] lays them.
pub fn update(average: Tensor<1>, live: Tensor<1>, decay: f64) -> Tensor<1> {
    average.mul_scalar(decay) + live.mul_scalar(1.0 - decay)
}
