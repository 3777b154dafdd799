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

/// Running means of gradients and of their squares, each `[parameter]`.
#[derive(Module, Debug)]
struct Moments {
    first: Param<Tensor<1>>,
    second: Param<Tensor<1>>,
}

/// The optimiser of one run.
pub struct AdamW {
    moments: Moments,
    /// How much each parameter decays in a step, in units of the learning rate.
    decay: Tensor<1>,
    beta_2: f64,
}

impl AdamW {
    /// For a row of parameters; `decaying` is one where `weight_decay` applies.
    pub fn new(beta_2: f32, weight_decay: f32, decaying: Tensor<1>) -> Self {
        let nothing = || Param::from_tensor(decaying.zeros_like());
        let moments = Moments { first: nothing(), second: nothing() };
        Self { moments, decay: decaying.mul_scalar(weight_decay), beta_2: f64::from(beta_2) }
    }

    /// Parameters after the step of this number, counted from 1.
    pub fn step(&mut self, weights: Tensor<1>, gradients: Tensor<1>, rate: f64, number: u64) -> Tensor<1> {
        let norm = (gradients.clone() * gradients.clone()).sum().sqrt();
        let gradients = gradients * (norm + EPSILON).recip().mul_scalar(LONGEST).clamp_max(1.0);
        let first = self.moments.first.val().mul_scalar(BETA_1) + gradients.clone().mul_scalar(1.0 - BETA_1);
        let square = gradients.clone() * gradients;
        let second = self.moments.second.val().mul_scalar(self.beta_2) + square.mul_scalar(1.0 - self.beta_2);
        let unbiased = |beta: f64| 1.0 - beta.powf(number as f64);
        let spread = second.clone().div_scalar(unbiased(self.beta_2)).sqrt().add_scalar(EPSILON);
        let moved = first.clone().mul_scalar(rate / unbiased(BETA_1)) / spread;
        let kept = weights.clone() - weights * self.decay.clone().mul_scalar(rate);
        self.moments = Moments { first: Param::from_tensor(first), second: Param::from_tensor(second) };
        kept - moved
    }

    /// Writes the moments.
    ///
    /// # Errors
    /// A sentence, when the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), String> {
        self.moments.clone().save_file(path).map_err(|error| format!("{error:?}"))
    }

    /// Reads moments that [`AdamW::save`] wrote for as many parameters.
    ///
    /// # Errors
    /// A sentence, when there are none or they do not fit.
    pub fn load(self, path: &Path, device: &Device) -> Result<Self, String> {
        let moments = self.moments.try_load_file(path).map_err(|error| format!("{error:?}"))?;
        Ok(Self { moments: moments.to_device(device), ..self })
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
