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
    /// Another run whose weights are started from.
    #[arg(long)]
    pub from: Option<PathBuf>,
    /// Where to compute.
    #[arg(long, value_enum, default_value_t = DeviceChoice::Auto)]
    pub device: DeviceChoice,
    /// Minutes, instead of the preset's steps.
    #[arg(long)]
    pub minutes: Option<f64>,
}

impl TrainArguments {
    fn trained(&self, preset: &BeatsPreset, corpus: &Arc<Corpus>) -> Result<Trained<Tracker>> {
        let device = self.device.open()?;
        let place = train::Place { folder: self.run.clone(), from: self.from.as_deref(), device: &device, minutes: self.minutes };
        train::train(preset, corpus, place)
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

/// Where a tracker goes and which run it comes from.
#[cfg(feature = "export")]
#[derive(Args, Clone)]
pub struct ExportArguments {
    /// The run; trained first if it has not finished.
    #[command(flatten)]
    pub train: TrainArguments,
    /// Folder of the tracker; its name becomes the tracker's.
    #[arg(long)]
    pub out: PathBuf,
}

/// Exports. A run that has not finished is trained first.
///
/// # Errors
/// When training is impossible, or the graph is not the network it came from.
#[cfg(feature = "export")]
pub fn export(arguments: &ExportArguments) -> Result<()> {
    let preset = BeatsPreset::load(&arguments.train.preset)?;
    let corpus = Arc::new(Corpus::open(&arguments.train.corpus)?);
    let trained = arguments.train.trained(&preset, &corpus)?;
    for parity in super::export::write(&trained, &preset, &corpus, &arguments.train.run, &arguments.out)? {
        println!("{parity}");
    }
    Ok(())
}

/// Which tracker to measure, on what, beside whom.
#[cfg(feature = "export")]
#[derive(Args, Clone)]
pub struct EvaluateArguments {
    /// Folder of the tracker.
    #[arg(long)]
    pub tracker: PathBuf,
    /// Corpus folder.
    #[arg(long)]
    pub corpus: PathBuf,
    /// Which split. Whatever is tuned is tuned on validation; the card tells of test.
    #[arg(long, value_enum, default_value_t = SplitName::Test)]
    pub split: SplitName,
    /// Folder with beatnet1.onnx to beatnet3.onnx, to be measured on the same recordings.
    #[arg(long)]
    pub rivals: Option<PathBuf>,
    /// Most pieces, evenly spread; all if left out.
    #[arg(long)]
    pub pieces: Option<usize>,
    /// Folder of real recordings on which trackers are compared with each other; nobody knows their beats.
    #[arg(long)]
    pub recordings: Option<PathBuf>,
}

/// A split that nothing was trained on.
#[cfg(feature = "export")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum SplitName {
    /// For choosing.
    Validation,
    /// For telling.
    Test,
}

/// Evaluates; what was measured on the test split goes into the tracker's card.
///
/// # Errors
/// When tracker, corpus or rivals cannot be read.
#[cfg(feature = "export")]
pub fn evaluate(arguments: &EvaluateArguments) -> Result<()> {
    use crate::corpus::Split;
    use crate::evaluate::beats::{Plan, run};

    let split = match arguments.split {
        SplitName::Validation => Split::Validation,
        SplitName::Test => Split::Test,
    };
    let corpus = Corpus::open(&arguments.corpus)?;
    let plan = Plan {
        tracker: &arguments.tracker,
        corpus: &corpus,
        split,
        rivals: arguments.rivals.as_deref(),
        pieces: arguments.pieces,
        recordings: arguments.recordings.as_deref(),
    };
    let evaluation = run(&plan)?;
    let mut text = String::new();
    evaluation.describe(&mut text)?;
    println!("{text}");
    if split == Split::Test {
        evaluation.keep(&arguments.tracker)?;
    }
    Ok(())
}
