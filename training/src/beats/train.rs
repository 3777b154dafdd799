//! The tracker's stage: weighted cross-entropy of what it says of every frame.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use burn::module::Module;
use burn::tensor::activation::log_sigmoid;
use burn::tensor::{Device, Tensor, TensorData};
use turnaround_core::beats::OUTPUTS;
use turnaround_core::beats::front_end::BANDS;

use super::examples::{Example, Examples};
use super::network::Tracker;
use super::preset::BeatsPreset;
use crate::corpus::Corpus;
use crate::train::run::{Loss, RunOptions, Trained, load_average, run};

/// Name of the stage.
pub const STAGE: &str = "beats";

/// Seconds between checkpoints.
const CHECKPOINT_SECONDS: f64 = 60.0;

/// Where a tracker is trained.
pub struct Place<'a> {
    /// Folder of the run.
    pub folder: PathBuf,
    /// A run whose weights are started from, instead of fresh ones.
    pub from: Option<&'a Path>,
    /// Device, differentiation off.
    pub device: &'a Device,
    /// Minutes, instead of the preset's steps.
    pub minutes: Option<f64>,
}

/// Trains a tracker, or goes on where an earlier run in the same folder stopped.
///
/// # Errors
/// When the corpus has no piece to learn from, the weights to start from do not fit, or the loop fails.
pub fn train(preset: &BeatsPreset, corpus: &Arc<Corpus>, place: Place<'_>) -> Result<Trained<Tracker>> {
    let Place { folder, from, device, minutes } = place;
    let examples = Examples::new(corpus.clone(), preset.frames, preset.augmentation.clone())
        .context("no piece of this corpus falls to the training split: build a longer one")?;
    let fresh = |device: &Device| Tracker::new(&preset.network, device);
    let learned = from.map(|run| load_average(fresh(device), run)).transpose()?;
    let options = RunOptions {
        folder,
        stage: STAGE,
        seed: preset.seed,
        minutes,
        checkpoint_seconds: CHECKPOINT_SECONDS,
        device: device.clone(),
    };
    let begun = |device: &Device| learned.unwrap_or_else(|| fresh(device));
    run(begun, &preset.schedule, &options, |model, step| {
        let batch: Vec<Example> = (0..step.batch).map(|_| examples.draw(step.random)).collect();
        let tensor = |of: fn(&Example) -> &[f32], width: usize| {
            let values = batch.iter().flat_map(|example| of(example).iter().copied()).collect();
            Tensor::<3>::from_data(TensorData::new(values, [batch.len(), preset.frames, width]), &step.device)
        };
        let odds = model.log_odds(tensor(|example| &example.frames, BANDS));
        let (targets, weights) = (tensor(|example| &example.targets, OUTPUTS), tensor(|example| &example.weights, OUTPUTS));
        let losses = cross_entropy(odds, targets) * weights;
        let part = |output: usize| losses.clone().narrow(2, output, 1).mean();
        let parts = vec![("beat", part(0)), ("downbeat", part(1)), ("compound", part(2))];
        Ok(Loss { total: losses.mean() * OUTPUTS as f64, parts })
    })
}

/// Cross-entropy of log odds and probabilities, number by number: `ln(1 + e^odds) − odds · target`.
fn cross_entropy(odds: Tensor<3>, targets: Tensor<3>) -> Tensor<3> {
    log_sigmoid(odds.clone().neg()).neg() - odds * targets
}

/// How many weights a tracker has.
pub fn parameters(tracker: &Tracker) -> u64 {
    tracker.num_params() as u64
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use super::*;

    #[test]
    fn the_loss_is_least_where_what_is_said_is_so() {
        let device = Device::flex();
        let loss = |odds: f32, target: f32| -> f32 {
            let of = |value: f32| Tensor::<3>::full([1, 1, 1], value, &device);
            cross_entropy(of(odds), of(target)).into_scalar()
        };
        // −ln(½); and at odds of ln 3, which are ¾: −ln ¾ and −ln ¼.
        assert!((loss(0.0, 1.0) - 2f32.ln()).abs() < 1e-6);
        assert!((loss(3f32.ln(), 1.0) + 0.75f32.ln()).abs() < 1e-6 && (loss(3f32.ln(), 0.0) + 0.25f32.ln()).abs() < 1e-6);
        assert!(loss(0.0, 0.5) < loss(1.0, 0.5) && loss(0.0, 0.5) < loss(-1.0, 0.5));
    }
}
