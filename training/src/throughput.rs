//! How long a training step of the tokenizer takes on random frames, all parts of it at work: the counterpart of `machine/throughput.py`, which
//! times the same networks in PyTorch.

use std::fmt;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use burn::tensor::Device;

use crate::compare::operations_of_step;
use crate::networks::tokenizer::Tokenizer;
use crate::preset::Preset;
use crate::train::run::{self, READ_EVERY, RunOptions, Schedule};
use crate::train::{random, tokenizer};

/// What a step takes.
pub struct Throughput {
    batch: usize,
    seconds: f64,
    operations: f64,
    loss: f64,
}

/// Times `steps` steps of `batch` items after as many as are looked at together, in `folder`, which is used up.
///
/// # Errors
/// When the folder cannot be written, or as [`run::run`].
pub fn measure(preset: &Preset, batch: usize, steps: u64, device: &Device, folder: &Path) -> Result<Throughput> {
    let network = &preset.tokenizer.network;
    let mut objective = preset.objective.clone();
    objective.likelihood_alone = 0.0;
    let looks = steps.div_ceil(READ_EVERY).max(1);
    let schedule = Schedule { batch, steps: (looks + 1) * READ_EVERY + 2, ..preset.tokenizer.schedule.clone() };
    let options = RunOptions {
        folder: folder.to_path_buf(),
        stage: "throughput",
        seed: preset.seed,
        minutes: None,
        checkpoint_seconds: f64::INFINITY,
        device: device.clone(),
    };
    let shape = [batch, preset.stretch_frames, 2 * network.bins];
    let frames = random::normal_tensor::<3>(&mut random::of_step(preset.seed, "throughput", 0), shape, device);
    let mut looked = Vec::new();
    let trained = run::run(
        |device| Tokenizer::new(network, device),
        &schedule,
        &options,
        |model, step| {
            // Whatever works beside this program has just come to the end of a step whose loss was read.
            if step.index % READ_EVERY == 1 {
                looked.push(Instant::now());
            }
            Ok(tokenizer::loss_of(model, frames.clone().autodiff(), &objective, step))
        },
    )?;
    std::fs::remove_dir_all(folder).with_context(|| format!("removing {}", folder.display()))?;
    let mut spans: Vec<f64> = looked[1..].windows(2).map(|span| (span[1] - span[0]).as_secs_f64() / READ_EVERY as f64).collect();
    spans.sort_by(f64::total_cmp);
    let operations = operations_of_step(preset, batch);
    Ok(Throughput { batch, seconds: spans[spans.len() / 2], operations, loss: trained.state.smoothed["loss"] })
}

impl fmt::Display for Throughput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { batch, seconds, operations, loss } = self;
        let (milliseconds, gigaflops) = (1e3 * seconds, operations / seconds / 1e9);
        write!(f, "ours, batch {batch}: {milliseconds:.1} ms a step, {gigaflops:.0} GFLOP/s, loss {loss:.3}")
    }
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use super::*;

    #[test]
    fn a_larger_batch_takes_longer_and_nothing_is_left() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let preset = Preset::load("tiny").expect("tiny is built in");
        let measured =
            |batch: usize| measure(&preset, batch, 10, &Device::flex(), &folder.path().join("run")).expect("steps are taken");
        let (small, large) = (measured(1), measured(16));
        assert!(large.seconds > small.seconds && (large.operations / small.operations - 16.0).abs() < 1e-9);
        assert!(small.to_string().starts_with("ours, batch 1: ") && !folder.path().join("run").exists());
    }
}
