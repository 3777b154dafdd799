//! Tokenizers against each other: each is trained with the same number of operations and measured on the same held-out stretches, so
//! that a row says what a part of the recipe buys and not what more computing buys.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Result, ensure};
use burn::module::Module;
use burn::tensor::Device;
use indicatif::ProgressIterator;
use turnaround_core::chroma::Chroma;
use turnaround_core::mel::MultiScaleMel;
use turnaround_core::sampler::CALLS;
use turnaround_core::spectrum::Stft;
use turnaround_core::time::SampleRate;

use crate::corpus::{Corpus, Split};
use crate::networks::cost::Cost;
use crate::networks::layers::Precision;
use crate::networks::tokenizer::Tokenizer;
use crate::preset::Preset;
use crate::scaling::Training;
use crate::train::decode::Decoding;
use crate::train::frames::FrameSource;
use crate::train::latents::numbers;
use crate::train::run::RunOptions;
use crate::train::{gain, random, tokenizer};

/// What to compare.
pub struct Request {
    /// The presets; the others are compared with the first.
    pub presets: Vec<Preset>,
    /// What they train on.
    pub corpus: Arc<Corpus>,
    /// Where their runs lie, as [`run_folder`] says.
    pub runs: PathBuf,
    /// Floating-point operations that each may spend on training; each is trained anew for every number of them.
    pub operations: Vec<f64>,
    /// Stretches of the validation split that each is measured on.
    pub stretches: usize,
    /// Device, differentiation off.
    pub device: Device,
}

/// What one stretch measured.
#[derive(Clone, Copy)]
pub(crate) struct Marks {
    /// Distance at the default calls.
    pub(crate) mel: f64,
    /// Distance without a call.
    pub(crate) mel_without_a_call: f64,
    /// Likeness at the default calls, where there is any pitch.
    pub(crate) chroma: Option<f64>,
}

/// What measures a stretch.
pub(crate) struct Ruler {
    mel: MultiScaleMel,
    chroma: Chroma,
}

impl Ruler {
    /// At the models' rate.
    pub(crate) fn new(rate: SampleRate) -> Self {
        Self { mel: MultiScaleMel::new(rate), chroma: Chroma::new(rate) }
    }

    /// Of what was decoded, and of what its latents expect.
    pub(crate) fn compare(&self, original: &[f32], decoded: &[f32], expected: &[f32]) -> Marks {
        Marks {
            mel: self.mel.distance(original, decoded).into(),
            mel_without_a_call: self.mel.distance(original, expected).into(),
            chroma: self.chroma.similarity(original, decoded),
        }
    }
}

/// What became of one preset.
pub struct Row {
    name: String,
    operations: f64,
    parameters: usize,
    numbers_a_second: f64,
    steps: u64,
    of_linear: Option<f64>,
    marks: Vec<Marks>,
}

/// Trains and measures every preset. A run that has finished is measured again and not trained.
///
/// # Errors
/// When the corpus has nothing held out, two presets share a name, or a training fails.
pub fn run(request: &Request) -> Result<Vec<Row>> {
    ensure!(!request.corpus.of(Split::Validation).is_empty(), "no composition of this corpus falls to the validation split");
    let mut names: Vec<&str> = request.presets.iter().map(|preset| preset.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    ensure!(names.len() == request.presets.len(), "two presets have the same name: their runs would be one");
    let presets = request.presets.iter();
    presets.flat_map(|preset| request.operations.iter().map(move |&operations| row(request, preset, operations))).collect()
}

/// Where in the folder of all runs the one of this name and so many operations lies: `NAME/TERAFLOP`.
pub(crate) fn run_folder(runs: &Path, name: &str, operations: f64) -> PathBuf {
    runs.join(name).join(format!("{}", operations / 1e12))
}

/// Steps of the tokenizer that use up the operations.
pub(crate) fn steps(preset: &Preset, operations: f64) -> u64 {
    steps_of(&Cost::of(&preset.tokenizer.network), preset, preset.stretch_frames as f64, operations)
}

/// Operations of one step of the tokenizer with all its parts at work.
pub(crate) fn operations_of_step(preset: &Preset, batch: usize) -> f64 {
    Cost::of(&preset.tokenizer.network).of_training(true) * (batch * preset.stretch_frames) as f64
}

/// Steps that use up the operations where an item has so many frames of this cost; the first do without the denoiser.
pub(crate) fn steps_of(cost: &Cost, preset: &Preset, frames: f64, operations: f64) -> u64 {
    let alone = if preset.objective.likelihood > 0.0 { preset.objective.likelihood_alone } else { 0.0 };
    let frame = alone * cost.of_training(false) + (1.0 - alone) * cost.of_training(true);
    (operations / (frame * preset.tokenizer.schedule.batch as f64 * frames)).max(1.0) as u64
}

fn row(request: &Request, preset: &Preset, operations: f64) -> Result<Row> {
    let sizes = preset.sizes();
    let source = FrameSource::new(request.corpus.clone(), &sizes, preset.stretch_frames, None, preset.seed, &request.device);
    let mut schedule = preset.tokenizer.schedule.clone();
    schedule.steps = steps(preset, operations);
    let options = RunOptions {
        folder: run_folder(&request.runs, &preset.name, operations),
        stage: "tokenizer",
        seed: preset.seed,
        minutes: None,
        checkpoint_seconds: 120.0,
        device: request.device.clone(),
    };
    fs::create_dir_all(&options.folder)?;
    fs::write(options.folder.join("preset.toml"), toml::to_string_pretty(preset)?)?;
    let trained = tokenizer::train(&preset.tokenizer.network, &preset.objective, &schedule, &source, &options)?;
    let gain = gain::measure(&trained.model, &source, &sizes, preset.seed);
    Ok(Row {
        name: preset.name.clone(),
        operations,
        parameters: trained.model.num_params(),
        numbers_a_second: f64::from(sizes.sample_rate) / sizes.samples_per_token() as f64 * sizes.channels as f64,
        steps: trained.state.step,
        of_linear: trained.state.smoothed.get("of linear").copied(),
        marks: measure(&trained.model, &source, &gain, SampleRate::new(sizes.sample_rate)?, request.stretches),
    })
}

/// The same stretches for every preset of one hop, under the same noise.
fn measure(model: &Tokenizer, source: &FrameSource, gain: &[f32], rate: SampleRate, stretches: usize) -> Vec<Marks> {
    let stft = Stft::new(gain.len());
    let decoding = Decoding { denoiser: &model.decoder.denoiser, companding: source.companding(), stft: &stft, gain };
    let ruler = Ruler::new(rate);
    // The first and the last frames have one neighbour only.
    let inner = |sound: &[f32]| sound[2 * stft.hop()..sound.len() - 2 * stft.hop()].to_vec();
    let one = |index: usize| {
        let frames = source.held_out(&mut random::of_step(1, "comparison", index as u64));
        let original = inner(&stft.synthesise(&numbers(frames.clone()), source.companding()));
        let latents = model.encoder.forward(frames, Precision::Full);
        let condition = model.decoder.condition.forward(latents, Precision::Full);
        let decoded = inner(&decoding.sound(&condition, CALLS, index as u64));
        let expected = inner(&decoding.sound(&condition, 0, index as u64));
        ruler.compare(&original, &decoded, &expected)
    };
    (0..stretches).progress().map(one).collect()
}

/// One row a preset and number of operations; differences are paired with the first preset's that had as many, with twice their standard
/// error.
pub fn table(rows: &[Row]) -> String {
    let mut text = String::from(
        "| tokenizer | teraflop | weights | numbers/s | steps | mel, as played ↓ | against the first | mel, no call ↓ | chroma ↑ | error left of a linear filter |\n|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for row in rows {
        let chromas: Vec<f64> = row.marks.iter().filter_map(|marks| marks.chroma).collect();
        let first = rows.iter().find(|first| first.operations == row.operations).expect("it is in the list itself");
        let differences: Vec<f64> = row.marks.iter().zip(&first.marks).map(|(own, first)| own.mel - first.mel).collect();
        let (difference, error) = mean_and_error(&differences);
        let mel = |value: fn(&Marks) -> f64| mean_and_error(&row.marks.iter().map(value).collect::<Vec<_>>()).0;
        writeln!(
            text,
            "| {} | {} | {:.2} M | {:.0} | {} | {:.3} | {:+.3} ± {:.3} | {:.3} | {:.3} | {} |",
            row.name,
            row.operations / 1e12,
            row.parameters as f64 / 1e6,
            row.numbers_a_second,
            row.steps,
            mel(|marks| marks.mel),
            difference,
            2.0 * error,
            mel(|marks| marks.mel_without_a_call),
            mean_and_error(&chromas).0,
            row.of_linear.map_or_else(|| "–".into(), |share| format!("{:.0} %", 100.0 * share))
        )
        .expect("text takes whatever is written");
    }
    text
}

/// What scaling is told of: mel distances at the default calls, and without a call.
pub fn trainings(rows: &[Row]) -> Vec<Training> {
    let measured = |row: &Row, what: &str, mel: fn(&Marks) -> f64| Training {
        name: format!("{}, {what}", row.name),
        operations: row.operations,
        items: row.marks.iter().map(|marks| [mel(marks), 0.0]).collect(),
    };
    let both = |row| [measured(row, "as played", |marks| marks.mel), measured(row, "no call", |marks| marks.mel_without_a_call)];
    rows.iter().flat_map(both).collect()
}

/// Mean and its standard error.
pub(crate) fn mean_and_error(values: &[f64]) -> (f64, f64) {
    let count = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / count;
    let spread = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0).max(1.0);
    (mean, (spread / count).sqrt())
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use super::*;

    #[test]
    fn a_cheaper_tokenizer_takes_more_steps_for_the_same_operations() {
        let small = Preset::load("small").expect("small is built in");
        let tiny = Preset::load("tiny").expect("tiny is built in");
        assert!(steps(&tiny, 1e13) > 10 * steps(&small, 1e13));
        let doubled = steps(&small, 2e13) as f64 / steps(&small, 1e13) as f64;
        assert!((doubled - 2.0).abs() < 0.02, "twice the operations are {doubled} times the steps");
    }

    #[test]
    fn what_a_run_did_not_record_is_a_dash() {
        let row = |of_linear| Row {
            name: "carried".into(),
            operations: 1e12,
            parameters: 2_000_000,
            numbers_a_second: 500.0,
            steps: 100,
            of_linear,
            marks: vec![Marks { mel: 0.5, mel_without_a_call: 0.6, chroma: None }],
        };
        let last_cell = |of_linear| table(&[row(of_linear)]).trim_end().rsplit(" | ").next().map(str::to_owned);
        assert_eq!(last_cell(None).as_deref(), Some("– |"));
        assert_eq!(last_cell(Some(0.75)).as_deref(), Some("75 % |"));
    }

    #[test]
    fn a_difference_that_is_always_the_same_has_no_error() {
        assert_eq!(mean_and_error(&[0.5, 0.5, 0.5]), (0.5, 0.0));
        let (mean, error) = mean_and_error(&[0.0, 1.0]);
        assert!((mean - 0.5).abs() < 1e-12 && (error - 0.5).abs() < 1e-12);
    }
}
