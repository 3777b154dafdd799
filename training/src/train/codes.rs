//! Trains latent actions that are codes: several bars are heard, and each but the first must be rebuilt from the one before it and its codes.

use std::path::Path;

use anyhow::{Result, ensure};
use burn::tensor::{Device, Tensor};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::latents::Slots;
use super::run::{self, Loss, RunOptions, Schedule, Trained};
use super::{random, rebuild};
use crate::corpus::Split;
use crate::networks::codes::{CodeConfig, CodeModel};

/// Share of the slots of the bar before that the decoder does not see.
const MASKED: f64 = 0.5;

/// Windows that a trained quantiser is calibrated on.
const CALIBRATION: usize = 256;

/// What the record calls the codes in effective use of each stage.
const STAGES: [&str; 3] = ["perplexity of stage 1", "perplexity of stage 2", "perplexity of stage 3"];

/// Trains codes on windows of consecutive units.
///
/// # Errors
/// When no piece of the training split is long enough, or as [`run::run`].
pub fn train(config: &CodeConfig, schedule: &Schedule, slots: &Slots, options: &RunOptions) -> Result<Trained<CodeModel>> {
    let windows = slots.windows(Split::Train, config.bars);
    ensure!(!windows.is_empty(), "no piece of the training split has {} units in a row: build a longer corpus", config.bars);
    let fresh = |device: &Device| CodeModel::new(config, device);
    let mut trained = run::run(fresh, schedule, options, |model, step| {
        let chosen = drawn(&windows, step.batch, step.random);
        let heard = Windows::new(slots, &chosen, &step.device);
        let quantised = model.codes_of_batch(heard.bars.clone(), heard.timing.clone());
        let in_use = STAGES.iter().enumerate().take(config.quantiser.stages);
        let parts = in_use.map(|(stage, name)| (*name, model.quantiser.perplexity(&quantised, stage))).collect();
        let changes = quantised.levels.dims()[0];
        // A musician may give one code or several, so the first must already say the most.
        let kept: Vec<usize> = (0..changes).map(|_| step.random.random_range(1..=config.quantiser.stages)).collect();
        let action = model.quantiser.embed(quantised.levels, &kept);
        let bars = heard.pairs().masked(MASKED, step.random);
        let total = rebuild::loss(&model.decoder, bars, action, step.random);
        Ok(Loss { total, parts })
    })?;
    trained.model = calibrated(trained.model, config, slots, options.seed, &options.device);
    Ok(trained)
}

/// The model of a training that has finished in `folder`, with the quantiser that [`train`] gave it.
///
/// # Errors
/// When there is none or it has not finished.
pub fn finished(config: &CodeConfig, slots: &Slots, seed: u64, folder: &Path, device: &Device) -> Result<CodeModel> {
    let model = run::load_finished(CodeModel::new(config, device), folder)?.model;
    Ok(calibrated(model, config, slots, seed, device))
}

fn calibrated(mut model: CodeModel, config: &CodeConfig, slots: &Slots, seed: u64, device: &Device) -> CodeModel {
    let windows = slots.windows(Split::Train, config.bars);
    let mut random = random::of_step(seed, "calibration", 0);
    let heard = Windows::new(slots, &drawn(&windows, CALIBRATION, &mut random), device);
    let changes = model.changes(heard.bars, heard.timing);
    model.quantiser = model.quantiser.calibrated(changes);
    model
}

/// How many codes, in words.
pub fn counted(codes: usize) -> String {
    if codes == 1 { "1 code".to_owned() } else { format!("{codes} codes") }
}

fn drawn<'a>(windows: &'a [Vec<usize>], count: usize, random: &mut ChaCha8Rng) -> Vec<&'a Vec<usize>> {
    (0..count).map(|_| &windows[random.random_range(0..windows.len())]).collect()
}

/// Some windows of as many units each.
pub struct Windows {
    /// `[window, bar, slot, channel]`.
    pub bars: Tensor<4>,
    /// Of the first unit of each, `[window, 2]`.
    pub timing: Tensor<2>,
}

impl Windows {
    /// Those of some lists of units.
    pub fn new(slots: &Slots, windows: &[&Vec<usize>], device: &Device) -> Self {
        let (count, bars) = (windows.len(), windows[0].len());
        let units: Vec<usize> = windows.iter().flat_map(|window| window.iter().copied()).collect();
        let first: Vec<usize> = windows.iter().map(|window| window[0]).collect();
        let all = slots.batch(&units, device);
        let [_, slot, channel] = all.dims();
        Self { bars: all.reshape([count, bars, slot, channel]), timing: slots.timing(&first, device) }
    }

    /// Every bar but the first of each window, with the one before it, in the order of [`CodeModel::codes`].
    pub fn pairs(&self) -> rebuild::Bars {
        let [windows, bars, slot, channel] = self.bars.dims();
        let from = |first: usize| self.bars.clone().narrow(1, first, bars - 1).reshape([windows * (bars - 1), slot, channel]);
        let timing = self.timing.clone().unsqueeze_dim::<3>(1).repeat_dim(1, bars - 1).reshape([windows * (bars - 1), 2]);
        rebuild::Bars { here: from(1), previous: from(0), timing }
    }
}
