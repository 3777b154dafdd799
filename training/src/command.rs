//! What the program's verbs do once their arguments are read.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use clap::Args;

use crate::corpus::Corpus;
use crate::device::DeviceChoice;
use crate::pipeline::Pipeline;
use crate::preset::Preset;

/// Which training run is meant.
#[derive(Args, Clone)]
pub struct TrainArguments {
    /// Corpus folder.
    #[arg(long)]
    pub corpus: PathBuf,
    /// Folder of the run.
    #[arg(long)]
    pub run: PathBuf,
    /// `tiny`, `small` or a TOML file.
    #[arg(long, default_value = "small")]
    pub preset: String,
    /// Where to compute.
    #[arg(long, value_enum, default_value_t = DeviceChoice::Auto)]
    pub device: DeviceChoice,
    /// Minutes for all stages together, instead of the preset's steps.
    #[arg(long)]
    pub minutes: Option<f64>,
}

impl TrainArguments {
    fn pipeline(&self) -> Result<Pipeline> {
        Ok(Pipeline {
            preset: Preset::load(&self.preset)?,
            corpus: Arc::new(Corpus::open(&self.corpus)?),
            folder: self.run.clone(),
            device: self.device.open()?,
            minutes: self.minutes,
        })
    }
}

/// Trains.
///
/// # Errors
/// When the preset, the corpus or the device cannot be had, or a stage fails.
pub fn train(arguments: &TrainArguments) -> Result<()> {
    let models = arguments.pipeline()?.train()?;
    for (stage, state) in &models.states {
        let loss = state.smoothed.get("loss").copied().unwrap_or(f64::NAN);
        println!("{stage}: {} steps in {:.0} s, loss {loss:.4}", state.step, state.seconds);
    }
    Ok(())
}
