//! Finite scalar quantisation (Mentzer et al., arXiv 2309.15505) in residual stages: a vector becomes a few whole numbers without a
//! table that could fall out of use.
//!
//! Levels lie symmetrically, `(2i − L + 1) / (L − 1)` for i from 0 to L − 1, so that two levels work as well as eight. Stage k quantises what
//! is left of the earlier ones at a scale of `L^−k`, which puts its levels in the middle of the cells of the stage before: it says more exactly
//! what they said. Or each stage has numbers of its own, and says something else.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::activation::silu;
use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use super::layers::{layer_norm, linear};

/// Sizes of a quantiser.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuantiserConfig {
    /// Levels of each number; their product is how many codes a stage has.
    pub levels: Vec<usize>,
    /// Stages, each a code.
    pub stages: usize,
    /// Whether each stage quantises numbers of its own, in place of what the stage before left of the same ones.
    #[serde(default)]
    pub apart: bool,
}

impl QuantiserConfig {
    /// Codes of one stage.
    pub fn codes(&self) -> usize {
        self.levels.iter().product()
    }

    /// Numbers that are quantised.
    fn numbers(&self) -> usize {
        self.levels.len() * if self.apart { self.stages } else { 1 }
    }
}

/// Vectors to codes and back.
#[derive(Module, Debug)]
pub struct Quantiser {
    down: Linear,
    inner: Linear,
    outer: Linear,
    /// The mean and deviation of each number over many vectors, `[number]`: see [`Quantiser::calibrated`].
    mean: Param<Tensor<1>>,
    deviation: Param<Tensor<1>>,
    #[module(skip)]
    levels: Vec<usize>,
    stages: usize,
    apart: bool,
}

/// What a quantiser makes of some vectors.
pub struct Quantised {
    /// Each stage's levels between −1 and 1, `[row, stage, number]`. Gradients pass as if nothing had been rounded.
    pub levels: Tensor<3>,
    /// Which level each number took, `[row, stage, number]`, from 0.
    indices: Tensor<3>,
}

impl Quantiser {
    /// A fresh quantiser of vectors of `input` numbers, whose codes become vectors of `width`.
    pub fn new(config: &QuantiserConfig, input: usize, width: usize, device: &Device) -> Self {
        let numbers = config.numbers();
        Self {
            down: linear(input, numbers, device),
            inner: linear(config.stages * config.levels.len(), width, device),
            outer: linear(width, width, device),
            mean: Param::from_tensor(Tensor::zeros([numbers], device)).no_grad(),
            deviation: Param::from_tensor(Tensor::ones([numbers], device)).no_grad(),
            levels: config.levels.clone(),
            stages: config.stages,
            apart: config.apart,
        }
    }

    /// The same quantiser, which standardises numbers as those of `x` `[row, input]` ask: what it does in use with what it has learned.
    pub fn calibrated(mut self, x: Tensor<2>) -> Self {
        let (mean, deviation) = moments(self.project(x));
        self.mean = Param::from_tensor(mean.detach()).no_grad();
        self.deviation = Param::from_tensor(deviation.detach()).no_grad();
        self
    }

    /// Codes of `x` `[row, input]`.
    pub fn quantise(&self, x: Tensor<2>) -> Quantised {
        let projected = self.project(x);
        self.rounded(standardised(projected, self.mean.val(), self.deviation.val()))
    }

    /// Codes of a batch `[row, input]` in training, whose numbers are standardised over the batch itself. Left to themselves they grow until
    /// all vectors sit in the outermost cells, where the bend has no slope: a handful of codes is used and nothing calls them back.
    pub fn quantise_batch(&self, x: Tensor<2>) -> Quantised {
        let projected = self.project(x);
        let (mean, deviation) = moments(projected.clone());
        self.rounded(standardised(projected, mean, deviation))
    }

    /// `[row, number]`.
    fn project(&self, x: Tensor<2>) -> Tensor<2> {
        self.down.forward(layer_norm(x, 1e-5))
    }

    /// Each stage's levels of numbers `[row, number]` of about unit deviation.
    fn rounded(&self, numbers: Tensor<2>) -> Quantised {
        let row = |of: &dyn Fn(f32) -> f32| {
            let values: Vec<f32> = self.levels.iter().map(|&levels| of(levels as f32)).collect();
            Tensor::<2>::from_data(TensorData::new(values, [1, self.levels.len()]), &numbers.device())
        };
        // Beyond the outermost cell nothing is told apart, so numbers are bent to stay inside it.
        let reach = row(&|levels| 1.0 + 1.0 / (levels - 1.0));
        let count = self.levels.len();
        let bent = |from: usize| (numbers.clone().narrow(1, from, count) / reach.clone()).tanh() * reach.clone();
        let mut rest = bent(0);
        let (mut levels, mut indices) = (Vec::new(), Vec::new());
        let last = row(&|levels| levels - 1.0);
        for stage in 0..self.stages {
            if self.apart {
                rest = bent(stage * count);
            }
            let scale = row(&|levels| if self.apart { 1.0 } else { levels.powi(-(stage as i32)) });
            let scaled = rest.clone().detach() / scale.clone();
            let index = ((scaled.clamp(-1.0, 1.0) + 1.0) * last.clone() * 0.5).round();
            let level = index.clone() * 2.0 / last.clone() - 1.0;
            // Every stage hands its gradient to the same number, none louder than another for being finer.
            let passed = rest.clone() + (level.clone() - rest.clone()).detach();
            rest = rest - level * scale;
            levels.push(passed.unsqueeze_dim::<3>(1));
            indices.push(index.unsqueeze_dim::<3>(1));
        }
        Quantised { levels: Tensor::cat(levels, 1), indices: Tensor::cat(indices, 1) }
    }

    /// Which code each stage chose, `[row][stage]`.
    pub fn codes(&self, quantised: &Quantised) -> Vec<Vec<usize>> {
        let indices: Vec<f32> = quantised.indices.to_data().convert::<f32>().try_into_vec().expect("a float tensor holds floats");
        let numbers = self.levels.len();
        let code =
            |indices: &[f32]| indices.iter().zip(&self.levels).fold(0, |code, (&index, &levels)| code * levels + index as usize);
        indices.chunks_exact(self.stages * numbers).map(|row| row.chunks_exact(numbers).map(code).collect()).collect()
    }

    /// The number of codes that would be as spread as those that stage `stage` used of `quantised`.
    pub fn perplexity(&self, quantised: &Quantised, stage: usize) -> Tensor<1> {
        let [rows, _, numbers] = quantised.indices.dims();
        let index = quantised.indices.clone().narrow(1, stage, 1).reshape([rows, numbers]);
        // Levels as digits of one number.
        let mut worth: Vec<f32> =
            self.levels.iter().rev().scan(1.0, |worth, &levels| Some(std::mem::replace(worth, *worth * levels as f32))).collect();
        worth.reverse();
        let device = index.device();
        let code = (index * Tensor::<2>::from_data(TensorData::new(worth, [1, numbers]), &device)).sum_dim(1); // [row, 1]
        let all: Vec<f32> = (0..self.levels.iter().product::<usize>()).map(|code| code as f32).collect();
        let count = all.len();
        let chosen = (code - Tensor::<2>::from_data(TensorData::new(all, [1, count]), &device)).abs().lower_elem(0.5).float();
        let usage = chosen.mean_dim(0);
        (usage.clone() * (usage + 1e-9).log()).sum().neg().exp()
    }

    /// A vector `[row, width]` for the first `kept[row]` stages of each row of `levels`; the later ones are silent.
    pub fn embed(&self, levels: Tensor<3>, kept: &[usize]) -> Tensor<2> {
        let [rows, stages, numbers] = levels.dims();
        let mask: Vec<f32> =
            kept.iter().flat_map(|&kept| (0..stages).map(move |stage| f32::from(u8::from(stage < kept)))).collect();
        let mask = Tensor::<3>::from_data(TensorData::new(mask, [rows, stages, 1]), &levels.device());
        let told = (levels * mask).reshape([rows, stages * numbers]);
        self.outer.forward(silu(self.inner.forward(told)))
    }
}

/// Mean and deviation of each column of `[row, number]`, `[number]` both.
fn moments(x: Tensor<2>) -> (Tensor<1>, Tensor<1>) {
    let mean = x.clone().mean_dim(0);
    let spread = x - mean.clone();
    let deviation = ((spread.clone() * spread).mean_dim(0) + 1e-8).sqrt();
    (mean.squeeze_dim::<1>(0), deviation.squeeze_dim::<1>(0))
}

fn standardised(x: Tensor<2>, mean: Tensor<1>, deviation: Tensor<1>) -> Tensor<2> {
    (x - mean.unsqueeze::<2>()) / deviation.unsqueeze::<2>()
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use burn::tensor::Distribution;

    use super::*;
    use crate::train::latents::numbers;

    fn quantiser(levels: &[usize], stages: usize) -> Quantiser {
        of(QuantiserConfig { levels: levels.to_vec(), stages, apart: false })
    }

    fn of(config: QuantiserConfig) -> Quantiser {
        let device = Device::flex();
        device.seed(3);
        Quantiser::new(&config, 16, 8, &device)
    }

    fn vectors(rows: usize) -> Tensor<2> {
        Tensor::random([rows, 16], Distribution::Normal(0.0, 1.0), &Device::flex())
    }

    /// How many codes of the first stage some vectors become.
    fn used(quantiser: &Quantiser, x: Tensor<2>) -> usize {
        codes_in(quantiser, &quantiser.quantise(x))
    }

    fn codes_in(quantiser: &Quantiser, quantised: &Quantised) -> usize {
        let codes = quantiser.codes(quantised);
        codes.iter().map(|codes| codes[0]).collect::<std::collections::BTreeSet<_>>().len()
    }

    #[test]
    fn a_calibrated_quantiser_uses_nearly_all_its_codes_and_a_badly_started_one_few() {
        let x = vectors(4000);
        let fresh = quantiser(&[8, 8], 1);
        let calibrated = fresh.clone().calibrated(x.clone());
        assert!(used(&calibrated, x.clone()) >= 60);
        let mut faint = calibrated.clone();
        faint.deviation = Param::from_tensor(calibrated.deviation.val().mul_scalar(50.0));
        assert!(used(&faint, x.clone()) <= 4);
        // However it stands, in training it spreads what it is given.
        assert_eq!(codes_in(&faint, &faint.quantise_batch(x.clone())), codes_in(&calibrated, &calibrated.quantise(x)));
        let (two, x) = (quantiser(&[2, 2, 2], 1), vectors(500));
        assert_eq!(used(&two.calibrated(x.clone()), x), 8);
    }

    #[test]
    fn perplexity_counts_the_codes_of_a_stage() {
        let quantiser = quantiser(&[2, 3], 1);
        let of = |indices: &[[f32; 2]]| {
            let indices = Tensor::<3>::from_data(TensorData::new(indices.concat(), [indices.len(), 1, 2]), &Device::flex());
            numbers(quantiser.perplexity(&Quantised { levels: indices.clone(), indices }, 0))[0]
        };
        assert!((of(&[[0.0, 0.0], [0.0, 0.0]]) - 1.0).abs() < 1e-4);
        // Every code of six once; levels that only together tell two codes apart.
        let all: Vec<[f32; 2]> = (0..6).map(|code| [(code / 3) as f32, (code % 3) as f32]).collect();
        assert!((of(&all) - 6.0).abs() < 1e-4);
    }

    #[test]
    fn each_stage_leaves_an_eighth_of_the_error_before_it() {
        let x = vectors(2000);
        let quantiser = quantiser(&[8, 8], 3).calibrated(x.clone());
        let numbers_of = standardised(quantiser.project(x.clone()), quantiser.mean.val(), quantiser.deviation.val());
        let reach = 1.0 + 1.0 / 7.0;
        let bent = numbers_of.div_scalar(reach).tanh().mul_scalar(reach);
        let quantised = quantiser.quantise(x);
        let mut sum = bent.zeros_like();
        let mut errors = Vec::new();
        for stage in 0..3 {
            let level = quantised.levels.clone().narrow(1, stage, 1).squeeze_dim::<2>(1);
            sum = sum + level.mul_scalar(8f32.powi(-(stage as i32)));
            let error = bent.clone() - sum.clone();
            errors.push(numbers((error.clone() * error).mean().sqrt())[0]);
        }
        // Cells of the first stage are 2/7 wide, and what lies beyond the outermost level is bent into it.
        assert!((0.05..0.12).contains(&errors[0]), "{errors:?}");
        assert!(errors.windows(2).all(|pair| (5.0..9.0).contains(&(pair[0] / pair[1]))), "{errors:?}");
    }

    #[test]
    fn stages_that_are_dropped_say_nothing_and_gradients_pass_the_rounding() {
        let x = Tensor::<2>::from_data(vectors(6).into_data(), &Device::flex().autodiff()).require_grad();
        let quantiser = quantiser(&[8, 8], 3).train();
        let quantised = quantiser.quantise(x.clone());
        let embed = |kept: usize| numbers(quantiser.embed(quantised.levels.clone(), &[kept; 6]));
        let mut muted = quantised.levels.clone();
        muted = Tensor::cat(vec![muted.clone().narrow(1, 0, 1), muted.narrow(1, 1, 2).zeros_like()], 1);
        assert_eq!(embed(1), numbers(quantiser.embed(muted, &[3; 6])));
        assert_ne!(embed(1), embed(3));
        // Each stage alone reaches what was quantised.
        for stage in 0..3 {
            let gradients = quantiser.quantise(x.clone()).levels.narrow(1, stage, 1).sum().backward();
            let gradient = x.grad(&gradients).expect("x was told apart");
            assert!(numbers(gradient.abs().sum())[0] > 0.0);
        }
    }

    #[test]
    fn stages_apart_look_at_something_else_and_stages_of_what_is_left_at_the_same() {
        let looks_alike = |apart: bool| {
            let quantiser = of(QuantiserConfig { levels: vec![2, 2, 2], stages: 2, apart }).train();
            let x = Tensor::<2>::from_data(vectors(6).into_data(), &Device::flex().autodiff()).require_grad();
            let of_stage = |stage: usize| {
                let gradients = quantiser.quantise(x.clone()).levels.narrow(1, stage, 1).sum().backward();
                numbers(x.grad(&gradients).expect("x was told apart"))
            };
            let (first, second) = (of_stage(0), of_stage(1));
            let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
            dot(&first, &second) / (dot(&first, &first) * dot(&second, &second)).sqrt()
        };
        assert!(looks_alike(false) > 0.999, "{}", looks_alike(false));
        assert!(looks_alike(true).abs() < 0.8, "{}", looks_alike(true));
    }
}
