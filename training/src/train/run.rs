//! The loop every stage shares: optimiser, learning rate, moving average, checkpoints, progress and loss curves.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use burn::module::{Module, ModuleMapper, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor};
use indicatif::{ProgressBar, ProgressStyle};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::adamw::AdamW;
use super::{average, curve, flat, random};

/// How one stage is trained.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// Items per step.
    pub batch: usize,
    /// Optimiser steps.
    pub steps: u64,
    /// Learning rate after warm-up.
    pub learning_rate: f64,
    /// Steps over which the learning rate rises from zero.
    pub warm_up: u64,
    /// Share of the run, at its end, over which the learning rate falls linearly to a twentieth.
    pub cool_down: f64,
    /// AdamW's second decay; 0.95 for transformers, 0.99 for the tokenizer.
    pub beta_2: f32,
    /// AdamW's weight decay.
    pub weight_decay: f32,
}

impl Schedule {
    /// Learning rate at a step, for a run that is `progress` (0..1) of its way.
    pub fn rate(&self, step: u64, progress: f64) -> f64 {
        let warm = if self.warm_up == 0 { 1.0 } else { ((step + 1) as f64 / self.warm_up as f64).min(1.0) };
        let left = ((1.0 - progress) / self.cool_down.max(1e-9)).clamp(0.05, 1.0);
        self.learning_rate * warm * left
    }
}

/// Where and how long to run.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// Folder of this stage: checkpoints, losses, curve.
    pub folder: PathBuf,
    /// Name of the stage, part of its random seed.
    pub stage: &'static str,
    /// Seed of the whole training.
    pub seed: u64,
    /// If set, the run lasts this many minutes instead of `Schedule::steps` steps, counted over all resumptions.
    pub minutes: Option<f64>,
    /// Seconds from one checkpoint to the next; a hard stop loses at most these.
    pub checkpoint_seconds: f64,
    /// Device to train on, not differentiating.
    pub device: Device,
}

/// What a stage's loss function is given.
pub struct Step<'a> {
    /// Random numbers of this step.
    pub random: &'a mut ChaCha8Rng,
    /// Number of the step, from 0.
    pub index: u64,
    /// How far the run has come, 0..1.
    pub progress: f64,
    /// Items wanted.
    pub batch: usize,
    /// Device for this step's tensors, differentiating.
    pub device: Device,
}

/// What a stage's loss function gives back.
pub struct Loss {
    /// What is minimised.
    pub total: Tensor<1>,
    /// Named parts, for the record only.
    pub parts: Vec<(&'static str, Tensor<1>)>,
}

/// Progress that a checkpoint carries.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// Steps done.
    pub step: u64,
    /// Seconds spent in steps, over all resumptions.
    pub seconds: f64,
    /// Whether the run came to its end.
    pub finished: bool,
    /// Smoothed losses by name.
    pub smoothed: BTreeMap<String, f64>,
    /// Smoothed losses over time, for the curve.
    pub history: BTreeMap<String, Vec<(u64, f64)>>,
}

/// A trained stage.
pub struct Trained<M> {
    /// The moving average of the weights.
    pub model: M,
    /// How the run went.
    pub state: State,
}

/// Steps from one look at the losses to the next.
pub(crate) const READ_EVERY: u64 = 10;

/// How much of each look the smoothed losses take.
const SMOOTHING: f64 = 0.18;

const STATE: &str = "state.json";
const LIVE: &str = "live.bpk";
const AVERAGE: &str = "average.bpk";
const OPTIMISER: &str = "optimiser.bpk";

/// In a stage's folder: weights that a run which has not begun starts from.
pub const START: &str = "start.bpk";

/// Trains the model that `fresh` makes on a device, its first weights the same for a seed, or goes on from the checkpoint in the stage's
/// folder; returns at once if that run had finished.
///
/// # Errors
/// When a checkpoint cannot be read or written, or the loss stops being a number.
pub fn run<M: Module + Clone>(
    fresh: impl FnOnce(&Device) -> M,
    schedule: &Schedule,
    options: &RunOptions,
    mut loss: impl FnMut(&M, Step) -> Result<Loss>,
) -> Result<Trained<M>> {
    fs::create_dir_all(&options.folder).with_context(|| format!("creating {}", options.folder.display()))?;
    let device = options.device.clone().autodiff();
    let model = random::first_weights(options.seed, options.stage, &options.device, fresh);
    let mut training = Training::start(model, schedule, options)?;
    let bar = progress_bar(options, schedule);
    let mut saved = Instant::now();

    while !training.state.finished {
        let began = Instant::now();
        let index = training.state.step;
        let progress = progress_of(&training.state, schedule, options);
        let mut random = random::of_step(options.seed, options.stage, index);
        let step = Step { random: &mut random, index, progress, batch: schedule.batch, device: device.clone() };
        let Loss { total, parts } = loss(&training.live, step)?;
        let is_read = index.is_multiple_of(READ_EVERY);
        let watched = is_read.then(|| Watched::new(&total, parts));
        training.step(total, schedule.rate(index, progress));
        // A device works on while it is not asked, so it is asked seldom.
        let values = watched.map(Watched::values);
        training.state.seconds += began.elapsed().as_secs_f64();
        if let Some(values) = values {
            if !values[0].1.is_finite() {
                bail!("the {} loss is {} at step {index}: lower the learning rate", options.stage, values[0].1);
            }
            training.record(&values);
        }
        training.state.finished = progress_of(&training.state, schedule, options) >= 1.0;

        bar.set_position((progress_of(&training.state, schedule, options) * 1000.0) as u64);
        bar.set_message(format!("step {} loss {:.4}", training.state.step, training.state.smoothed["loss"]));
        if training.state.finished || saved.elapsed().as_secs_f64() >= options.checkpoint_seconds {
            training.save(options)?;
            saved = Instant::now();
        }
    }
    bar.finish();
    Ok(Trained { model: training.averaged(), state: training.state })
}

/// Loads the finished average of a stage into a module of the same shape.
///
/// # Errors
/// When the stage has not finished or its files do not fit the module.
pub fn load_finished<M: Module>(model: M, folder: &Path) -> Result<Trained<M>> {
    let state = read_state(folder)?.with_context(|| format!("no training in {}", folder.display()))?;
    if !state.finished {
        bail!("the training in {} has not finished: run it again to go on", folder.display());
    }
    let model = load_average(model, folder)?;
    Ok(Trained { model, state })
}

/// Loads the average that a stage has come to, finished or not, into a module of the same shape.
///
/// # Errors
/// When there is none, or it does not fit the module.
pub fn load_average<M: Module>(model: M, folder: &Path) -> Result<M> {
    load(model, folder, AVERAGE)
}

/// Leaves a stage as finished, with these weights: a run in this folder returns them at once.
///
/// # Errors
/// When a file cannot be written.
pub fn save_finished<M: Module>(model: M, folder: &Path, state: &State) -> Result<()> {
    let path = folder.join(AVERAGE);
    model.save_file(&path).map_err(|error| anyhow::anyhow!("writing {}: {error:?}", path.display()))?;
    let path = folder.join(STATE);
    fs::write(&path, serde_json::to_string(state)?).with_context(|| format!("writing {}", path.display()))
}

/// Whether a stage has come to its end in a folder.
///
/// # Errors
/// When its state cannot be read.
pub fn has_finished(folder: &Path) -> Result<bool> {
    Ok(read_state(folder)?.is_some_and(|state| state.finished))
}

/// Whether a stage has begun in a folder.
pub fn holds_a_run(folder: &Path) -> bool {
    folder.join(STATE).exists()
}

fn load<M: Module>(model: M, folder: &Path, name: &str) -> Result<M> {
    let path = folder.join(name);
    model.try_load_file(&path).map_err(|error| anyhow::anyhow!("reading {}: {error:?}", path.display()))
}

/// Share of the run that is done.
fn progress_of(state: &State, schedule: &Schedule, options: &RunOptions) -> f64 {
    match options.minutes {
        Some(minutes) => state.seconds / (60.0 * minutes),
        None => state.step as f64 / schedule.steps.max(1) as f64,
    }
}

fn progress_bar(options: &RunOptions, schedule: &Schedule) -> ProgressBar {
    let style = ProgressStyle::with_template("{prefix:>10} {bar:30} {percent:>3} % {elapsed} left {eta} {msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    let prefix = match options.minutes {
        Some(minutes) => format!("{} {minutes} min", options.stage),
        None => format!("{} {} steps", options.stage, schedule.steps),
    };
    ProgressBar::new(1000).with_style(style).with_prefix(prefix)
}

/// Losses that are to be read once the step is under way.
struct Watched(Vec<(&'static str, Tensor<1>)>);

impl Watched {
    /// Total first, then the parts.
    fn new(total: &Tensor<1>, parts: Vec<(&'static str, Tensor<1>)>) -> Self {
        Self(std::iter::once(("loss", total.clone())).chain(parts).map(|(name, loss)| (name, loss.detach())).collect())
    }

    /// As numbers, once the device has come so far.
    fn values(self) -> Vec<(&'static str, f64)> {
        self.0.into_iter().map(|(name, loss)| (name, f64::from(loss.into_scalar::<f32>()))).collect()
    }
}

/// Looks at every parameter and changes none.
struct Settle;

impl ModuleMapper for Settle {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        param.map(|tensor| tensor)
    }
}

/// Everything that changes from step to step.
struct Training<M> {
    /// The network as it stands, differentiating.
    live: M,
    /// Its weights, and their moving average: rows as [`flat`] lays them.
    weights: Tensor<1>,
    average: Tensor<1>,
    optimiser: AdamW,
    state: State,
}

impl<M: Module + Clone> Training<M> {
    fn start(model: M, schedule: &Schedule, options: &RunOptions) -> Result<Self> {
        // Fresh parameters are drawn when first looked at, each clone its own: the map below settles them once.
        let model = model.to_device(&options.device).map(&mut Settle);
        let folder = &options.folder;
        let decaying = flat::decaying(&model, &options.device);
        let optimiser = AdamW::new(schedule.beta_2, schedule.weight_decay, decaying);
        let begin = |model: M, average: Tensor<1>, optimiser: AdamW, state: State| {
            let weights = flat::weights(&model);
            Self { live: model.train(), weights, average, optimiser, state }
        };
        let Some(state) = read_state(folder)? else {
            let model = if folder.join(START).exists() { load(model, folder, START)? } else { model };
            let average = flat::weights(&model);
            return Ok(begin(model, average, optimiser, State::default()));
        };
        let averaged = load(model.clone(), folder, AVERAGE)?;
        let average = flat::weights(&averaged);
        if state.finished {
            // Only the average of a finished run is looked at; one that was carried here has nothing else.
            return Ok(begin(averaged, average, optimiser, state));
        }
        let path = folder.join(OPTIMISER);
        let optimiser =
            optimiser.load(&path, &options.device).map_err(|error| anyhow::anyhow!("reading {}: {error}", path.display()))?;
        Ok(begin(load(model, folder, LIVE)?, average, optimiser, state))
    }

    fn step(&mut self, loss: Tensor<1>, rate: f64) {
        let gradients = flat::gradients(&self.live, GradientsParams::from_grads(loss.backward(), &self.live));
        self.state.step += 1;
        self.weights = self.optimiser.step(self.weights.clone(), gradients, rate, self.state.step);
        self.live = flat::put(self.live.clone(), &self.weights);
        let decay = average::decay(self.state.step - 1);
        self.average.inplace(|average| average::update(average, self.weights.clone(), decay));
    }

    /// The network with the averaged weights, not differentiating.
    fn averaged(&self) -> M {
        flat::put(self.live.valid(), &self.average)
    }

    fn record(&mut self, values: &[(&'static str, f64)]) {
        for (name, value) in values {
            let smoothed = self.state.smoothed.entry((*name).to_owned()).or_insert(*value);
            *smoothed += SMOOTHING * (*value - *smoothed);
        }
        for (name, value) in &self.state.smoothed {
            self.state.history.entry(name.clone()).or_default().push((self.state.step, *value));
        }
    }

    /// Writes beside the old files first and renames, the state last, so that a hard stop leaves a checkpoint that works.
    fn save(&self, options: &RunOptions) -> Result<()> {
        let folder = &options.folder;
        let fresh = |name: &str| folder.join(format!("new_{name}"));
        let failed =
            |name: &str, error: &dyn std::fmt::Debug| anyhow::anyhow!("writing {name} in {}: {error:?}", folder.display());
        self.live.valid().save_file(fresh(LIVE)).map_err(|error| failed(LIVE, &error))?;
        self.averaged().save_file(fresh(AVERAGE)).map_err(|error| failed(AVERAGE, &error))?;
        self.optimiser.save(&fresh(OPTIMISER)).map_err(|error| failed(OPTIMISER, &error))?;
        let state = folder.join("state.new.json");
        fs::File::create(&state)?.write_all(serde_json::to_string(&self.state)?.as_bytes())?;
        for name in [LIVE, AVERAGE, OPTIMISER] {
            fs::rename(fresh(name), folder.join(name))?;
        }
        fs::rename(state, folder.join(STATE))?;
        if !self.state.history.is_empty() {
            let lines: Vec<curve::Line> = self.state.history.iter().map(|(name, line)| (name.clone(), line.clone())).collect();
            curve::draw(&folder.join("loss.svg"), options.stage, &lines)?;
        }
        Ok(())
    }
}

fn read_state(folder: &Path) -> Result<Option<State>> {
    let path = folder.join(STATE);
    if !path.exists() {
        return Ok(None);
    }
    let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    Ok(Some(serde_json::from_str(&text).with_context(|| format!("{} is not a checkpoint of this version", path.display()))?))
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use burn::nn::{Initializer, Linear, LinearConfig};
    use burn::tensor::{Distribution, Tensor};

    use super::*;

    fn schedule(steps: u64) -> Schedule {
        Schedule { batch: 4, steps, learning_rate: 0.05, warm_up: 5, cool_down: 0.5, beta_2: 0.95, weight_decay: 0.0 }
    }

    fn options(folder: &Path, stage: &'static str) -> RunOptions {
        RunOptions {
            folder: folder.to_path_buf(),
            stage,
            seed: 1,
            minutes: None,
            checkpoint_seconds: 1e9,
            device: Device::flex(),
        }
    }

    /// Fits `y = 2x` with one weight.
    fn fit(folder: &Path, steps: u64, cut_at: Option<u64>) -> Result<Trained<Linear>> {
        let model = LinearConfig::new(1, 1).with_initializer(Initializer::Constant { value: 0.5 }).init(&Device::flex());
        let options = RunOptions { checkpoint_seconds: 0.0, ..options(folder, "fit") };
        let fresh = |_: &Device| model;
        run(fresh, &schedule(steps), &options, |model, step| {
            if cut_at == Some(step.index) {
                bail!("cut");
            }
            let x = random::normal_tensor(step.random, [step.batch, 1], &step.device);
            let error = model.forward(x.clone()) - x.mul_scalar(2.0);
            Ok(Loss { total: (error.clone() * error).mean(), parts: vec![] })
        })
    }

    #[test]
    fn the_rate_warms_up_holds_and_cools_down() {
        let schedule = schedule(100);
        assert!(schedule.rate(0, 0.0) < schedule.rate(4, 0.04));
        assert_eq!(schedule.rate(20, 0.2), 0.05);
        assert!(schedule.rate(90, 0.9) < 0.05);
        assert!((schedule.rate(99, 1.0) - 0.05 * 0.05).abs() < 1e-12);
    }

    #[test]
    fn a_run_learns_and_its_average_follows() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let trained = fit(folder.path(), 300, None).expect("the run ends");
        let x = Tensor::<2>::random([8, 1], Distribution::Normal(0.0, 1.0), &Device::flex());
        let worst: f32 = (trained.model.forward(x.clone()) - x * 2.0).abs().max().into_scalar();
        assert!(worst < 0.05, "off by {worst}");
        assert_eq!(trained.state.step, 300);
    }

    #[test]
    fn a_finished_run_is_loaded_and_not_repeated() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let once = fit(folder.path(), 20, None).expect("the run ends");
        let again = fit(folder.path(), 20, Some(0)).expect("no step is taken");
        assert_eq!(once.state.smoothed, again.state.smoothed);
        for name in [LIVE, OPTIMISER] {
            fs::remove_file(folder.path().join(name)).expect("a checkpoint is whole");
        }
        let carried = fit(folder.path(), 20, Some(0)).expect("the average is enough");
        let weight = |trained: &Trained<Linear>| trained.model.weight.val().into_scalar::<f32>();
        assert_eq!(weight(&once), weight(&carried));
    }

    #[test]
    fn a_resumed_run_ends_where_an_uncut_one_does() {
        let whole = tempfile::tempdir().expect("a temporary folder");
        let cut = tempfile::tempdir().expect("a temporary folder");
        let uncut = fit(whole.path(), 40, None).expect("the run ends");
        fit(cut.path(), 40, Some(20)).map(|_| ()).expect_err("the run is cut");
        assert_eq!(read_state(cut.path()).expect("a checkpoint is left").expect("a checkpoint is left").step, 20);
        let resumed = fit(cut.path(), 40, None).expect("the run ends");
        let weight = |trained: &Trained<Linear>| trained.model.weight.val().into_scalar::<f32>();
        assert_eq!(weight(&uncut), weight(&resumed));
        assert_eq!(uncut.state.smoothed, resumed.state.smoothed);
    }

    #[test]
    fn a_loss_that_is_no_number_stops_the_run_in_words() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let device = Device::flex();
        let model = LinearConfig::new(1, 1).init(&device);
        let fresh = |_: &Device| model;
        let error = run(fresh, &schedule(5), &options(folder.path(), "broken"), |model: &Linear, step| {
            let x = Tensor::<2>::full([1, 1], f32::NAN, &step.device);
            Ok(Loss { total: model.forward(x).mean(), parts: vec![] })
        });
        assert!(error.err().expect("it fails").to_string().contains("lower the learning rate"));
    }
}
