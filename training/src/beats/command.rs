//! What the program's verbs about beats do once their arguments are read.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use clap::Args;

use super::network::Tracker;
use super::preset::BeatsPreset;
use super::train;
use crate::corpus::Corpus;
use crate::device::DeviceChoice;
use crate::train::run::Trained;

/// Which training of a tracker is meant.
#[derive(Args, Clone)]
pub struct TrainArguments {
    /// Corpus folder.
    #[arg(long)]
    pub corpus: PathBuf,
    /// Folder of the run.
    #[arg(long)]
    pub run: PathBuf,
    /// `beats`, `beats_tiny` or a TOML file.
    #[arg(long, default_value = "beats")]
    pub preset: String,
    /// Where to compute.
    #[arg(long, value_enum, default_value_t = DeviceChoice::Auto)]
    pub device: DeviceChoice,
    /// Minutes, instead of the preset's steps.
    #[arg(long)]
    pub minutes: Option<f64>,
}

impl TrainArguments {
    fn trained(&self, preset: &BeatsPreset, corpus: &Arc<Corpus>) -> Result<Trained<Tracker>> {
        train::train(preset, corpus, self.run.clone(), &self.device.open()?, self.minutes)
    }
}

/// Trains.
///
/// # Errors
/// When the preset, the corpus or the device cannot be had, or the training fails.
pub fn train(arguments: &TrainArguments) -> Result<()> {
    let preset = BeatsPreset::load(&arguments.preset)?;
    let state = arguments.trained(&preset, &Arc::new(Corpus::open(&arguments.corpus)?))?.state;
    let loss = state.smoothed.get("loss").copied().unwrap_or(f64::NAN);
    println!("{}: {} steps in {:.0} s, loss {loss:.4}", preset.name, state.step, state.seconds);
    Ok(())
}
