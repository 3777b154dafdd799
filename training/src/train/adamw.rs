//! AdamW (Loshchilov and Hutter, arXiv 1711.05101) over one row of parameters, gradients clipped by their norm over all of them.
//!
//! Burn has an AdamW; it goes from parameter to parameter, clips each on its own and lets none off weight decay. See [`super::flat`].

use std::path::Path;

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};

const BETA_1: f64 = 0.9;
const EPSILON: f64 = 1e-8;

/// Gradients longer than this are shortened to it.
const LONGEST: f64 = 1.0;

/// What is kept of the moments of a run that goes on later, each `[parameter]`.
#[derive(Module, Debug)]
struct Moments {
    first: Param<Tensor<1>>,
    second: Param<Tensor<1>>,
}

/// The optimiser of one run.
pub struct AdamW {
    /// Running means of gradients and of their squares, each `[parameter]`.
    first: Tensor<1>,
    second: Tensor<1>,
    /// How much each parameter decays in a step, in units of the learning rate.
    decay: Tensor<1>,
    beta_2: f64,
}

impl AdamW {
    /// For a row of parameters; `decaying` is one where `weight_decay` applies.
    pub fn new(beta_2: f32, weight_decay: f32, decaying: Tensor<1>) -> Self {
        let (first, second) = (decaying.zeros_like(), decaying.zeros_like());
        Self { first, second, decay: decaying.mul_scalar(weight_decay), beta_2: f64::from(beta_2) }
    }

    /// Parameters after the step of this number, counted from 1.
    ///
    /// A pass over the row costs as much as it reads and writes, whatever it computes. So what is the same for all parameters is drawn
    /// into one factor first, and rows that nobody else holds are written over where they lie.
    pub fn step(&mut self, weights: Tensor<1>, gradients: Tensor<1>, rate: f64, number: u64) -> Tensor<1> {
        let squares = gradients.clone() * gradients.clone();
        let norm = squares.clone().sum().sqrt();
        let shorter = (norm + EPSILON).recip().mul_scalar(LONGEST).clamp_max(1.0);
        let (of_gradient, of_square) =
            (shorter.clone().mul_scalar(1.0 - BETA_1), (shorter.clone() * shorter).mul_scalar(1.0 - self.beta_2));
        self.first.inplace(|first| first.mul_scalar(BETA_1) + gradients * of_gradient);
        self.second.inplace(|second| second.mul_scalar(self.beta_2) + squares * of_square);

        let unbiased = |beta: f64| 1.0 - beta.powf(number as f64);
        let (first, second) = (unbiased(BETA_1), unbiased(self.beta_2));
        // `first / unbiased / (√(second / unbiased) + ε)`, its factors below the line.
        let below = self.second.clone().sqrt().mul_scalar(first / second.sqrt()).add_scalar(first * EPSILON);
        let change = self.first.clone() / below + weights.clone() * self.decay.clone();
        weights - change.mul_scalar(rate)
    }

    /// Writes the moments.
    ///
    /// # Errors
    /// A sentence, when the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), String> {
        self.moments().save_file(path).map_err(|error| format!("{error:?}"))
    }

    /// Reads moments that [`AdamW::save`] wrote for as many parameters.
    ///
    /// # Errors
    /// A sentence, when there are none or they do not fit.
    pub fn load(self, path: &Path, device: &Device) -> Result<Self, String> {
        let moments = self.moments().try_load_file(path).map_err(|error| format!("{error:?}"))?;
        let Moments { first, second } = moments.to_device(device);
        Ok(Self { first: first.val(), second: second.val(), ..self })
    }

    fn moments(&self) -> Moments {
        Moments { first: Param::from_tensor(self.first.clone()), second: Param::from_tensor(self.second.clone()) }
    }
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use super::*;

    fn row(values: [f32; 2]) -> Tensor<1> {
        Tensor::from_floats(values, &Device::flex())
    }

    fn numbers(tensor: Tensor<1>) -> Vec<f32> {
        tensor.into_data().try_into_vec().expect("floats")
    }

    #[test]
    fn the_first_step_is_as_long_as_the_rate_in_every_direction() {
        let mut optimiser = AdamW::new(0.99, 0.0, row([1.0, 1.0]));
        let moved = numbers(optimiser.step(row([2.0, -1.0]), row([0.3, -1e-3]), 0.1, 1));
        assert!((moved[0] - 1.9).abs() < 1e-5 && (moved[1] + 0.9).abs() < 1e-4, "{moved:?}");
    }

    #[test]
    fn only_what_decays_decays() {
        let mut optimiser = AdamW::new(0.99, 0.5, row([1.0, 0.0]));
        let moved = numbers(optimiser.step(row([2.0, 2.0]), row([0.0, 0.0]), 0.1, 1));
        assert!((moved[0] - 1.9).abs() < 1e-6 && moved[1] == 2.0, "{moved:?}");
    }

    #[test]
    fn a_long_gradient_counts_as_one_of_the_same_direction() {
        let two_steps = |gradient: [f32; 2]| {
            let mut optimiser = AdamW::new(0.99, 0.0, row([1.0, 1.0]));
            let once = optimiser.step(row([0.0, 0.0]), row(gradient), 0.1, 1);
            numbers(optimiser.step(once, row([0.1, 0.1]), 0.1, 2))
        };
        let (long, short) = (two_steps([30.0, 40.0]), two_steps([0.6, 0.8]));
        assert!(long.iter().zip(&short).all(|(a, b)| (a - b).abs() < 1e-5), "{long:?} {short:?}");
    }

    #[test]
    fn a_saved_optimiser_goes_on_as_it_would_have() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("moments.bpk");
        let mut optimiser = AdamW::new(0.99, 0.01, row([1.0, 1.0]));
        let weights = optimiser.step(row([1.0, 1.0]), row([0.5, -0.2]), 0.1, 1);
        optimiser.save(&path).expect("it is written");
        let mut read = AdamW::new(0.99, 0.01, row([1.0, 1.0])).load(&path, &Device::flex()).expect("it is read");
        let next = |optimiser: &mut AdamW| numbers(optimiser.step(weights.clone(), row([0.1, 0.4]), 0.1, 2));
        assert_eq!(next(&mut read), next(&mut optimiser));
    }
}
