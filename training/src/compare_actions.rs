//! Latent action models, each trained with the same number of operations on the same slots and asked the same: how much nearer does a
//! held-out bar come when the decoder is told that bar's own action, and not another's?

mod preset;

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use turnaround_core::noise::GaussianNoise;

use crate::chance::Interval;
use crate::corpus::Split;
use crate::networks::actions::{ActionConfig, ActionDecoder, ActionModel};
use crate::networks::codes::{CodeConfig, CodeModel};
use crate::networks::cost;
use crate::train::codes::Windows;
use crate::train::latents::{Slots, numbers};
use crate::train::rebuild::{self, Bars};
use crate::train::run::{self, RunOptions, Schedule};
use crate::train::{actions, codes};
pub use preset::{ActionsPreset, BUILT_IN, Network};

/// Bars in a held-out window: as many as the models that hear most.
const WINDOW: usize = 4;

/// Steps in which a bar is rebuilt.
const CALLS: usize = 8;

/// Actions of other bars that each bar is rebuilt with.
const OTHERS: usize = 5;

/// The file in a model's folder that keeps its preset.
const PRESET: &str = "preset.toml";

/// Windows rebuilt at once.
const BATCH: usize = 64;

/// What to compare.
pub struct Request<'a> {
    /// The models; the others are compared with the first.
    pub presets: Vec<ActionsPreset>,
    /// What they hear.
    pub slots: &'a Slots,
    /// Where their runs lie, a folder each.
    pub runs: PathBuf,
    /// Floating-point operations that each may spend on training.
    pub operations: f64,
    /// Bars of the validation split that each is measured on.
    pub bars: usize,
    /// Device, differentiation off.
    pub device: Device,
}

/// What became of one model, at one number of codes where it has several.
pub struct Row {
    /// Name of the preset, with how many codes were used.
    pub name: String,
    /// Weights of all that was trained.
    pub parameters: usize,
    /// Steps taken.
    pub steps: u64,
    /// Mean squared error of each bar under its own action, and under those of other bars on the mean.
    pub errors: Vec<[f64; 2]>,
    /// The number of actions that would be as spread as those in use, of how many there are; stage by stage.
    pub perplexity: Vec<(f64, usize)>,
    /// The same within one bar.
    pub active: f64,
}

impl Row {
    /// By how many decibels the own action brings a bar nearer than other bars' actions do, over all bars; as a ratio of errors this is
    /// what Genie calls ΔPSNR.
    pub fn delta_psnr_db(&self, seed: u64) -> Interval {
        Interval::of_figure(&self.errors, seed, |errors| {
            let [own, other] = errors.fold([0.0; 2], |[own, other], error| [own + error[0], other + error[1]]);
            10.0 * (other / own).log10()
        })
    }

    fn own(&self, seed: u64) -> Interval {
        Interval::of_figure(&self.errors, seed, |errors| {
            let count = errors.len() as f64;
            errors.map(|error| error[0]).sum::<f64>() / count
        })
    }
}

/// Trains and measures every model. What has finished is measured again and not trained.
///
/// # Errors
/// When no held-out piece is long enough, or a training fails.
pub fn run(request: &Request) -> Result<Vec<Row>> {
    let windows = request.slots.windows(Split::Validation, WINDOW);
    let count = request.bars.min(windows.len());
    ensure!(count > OTHERS, "only {count} bars are held out: build a longer corpus");
    let held_out: Vec<&Vec<usize>> = (0..count).map(|index| &windows[index * windows.len() / count]).collect();
    let bench = Bench { request, held_out };
    let rows: Vec<Vec<Row>> = request.presets.iter().map(|preset| bench.rows(preset)).collect::<Result<_>>()?;
    Ok(rows.into_iter().flatten().collect())
}

/// The model that a comparison left in `folder`, if it is one of weights over a table and hears one bar; with its sizes.
///
/// # Errors
/// When there is none, it has not finished, or it is of another kind.
pub fn finished_style(folder: &Path, device: &Device) -> Result<(ActionModel, ActionConfig)> {
    let path = folder.join(PRESET);
    let text = fs::read_to_string(&path)
        .with_context(|| format!("reading {}: name the folder of a model that was compared", path.display()))?;
    let preset: ActionsPreset = toml::from_str(&text).with_context(|| format!("reading {}", path.display()))?;
    match preset.network {
        Network::Style(config) if config.heard_bars == 1 => {
            let model = run::load_finished(ActionModel::new(&config, device), folder)?.model;
            Ok((model, config))
        }
        _ => bail!("{} must be weights over a table, inferred from one bar", preset.name),
    }
}

struct Bench<'a> {
    request: &'a Request<'a>,
    /// Windows; the last bar of each is rebuilt.
    held_out: Vec<&'a Vec<usize>>,
}

/// What is told of every held-out bar: vectors `[bar][width]`, and how the choice was spread.
struct Told {
    vectors: Vec<Vec<f32>>,
    perplexity: Vec<(f64, usize)>,
    active: f64,
}

impl Bench<'_> {
    fn rows(&self, preset: &ActionsPreset) -> Result<Vec<Row>> {
        let folder = self.request.runs.join(&preset.name);
        fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
        fs::write(folder.join(PRESET), toml::to_string_pretty(preset)?)?;
        let options = RunOptions {
            folder,
            stage: "actions",
            seed: preset.seed,
            minutes: None,
            checkpoint_seconds: 60.0,
            device: self.request.device.clone(),
        };
        match &preset.network {
            Network::Style(config) => self.style(preset, config, &options),
            Network::Codes(config) => self.codes(preset, config, &options),
        }
    }

    fn style(&self, preset: &ActionsPreset, config: &ActionConfig, options: &RunOptions) -> Result<Vec<Row>> {
        let schedule = self.schedule(preset, cost::actions(config));
        let trained = actions::train(config, &schedule, self.request.slots, options)?;
        let told = self.told_by_style(&trained.model, config);
        let (parameters, steps) = (trained.model.num_params(), trained.state.step);
        Ok(vec![self.row(preset.name.clone(), parameters, steps, &trained.model.decoder, told)])
    }

    fn codes(&self, preset: &ActionsPreset, config: &CodeConfig, options: &RunOptions) -> Result<Vec<Row>> {
        let schedule = self.schedule(preset, cost::codes(config));
        let trained = codes::train(config, &schedule, self.request.slots, options)?;
        let (parameters, steps) = (trained.model.num_params(), trained.state.step);
        let row = |kept: usize| {
            let told = self.told_by_codes(&trained.model, config, kept);
            let codes = if kept == 1 { "1 code".to_owned() } else { format!("{kept} codes") };
            self.row(format!("{}, {codes}", preset.name), parameters, steps, &trained.model.decoder, told)
        };
        Ok((1..=config.quantiser.stages).map(row).collect())
    }

    /// As many steps as the operations allow, where one item of a batch costs so many, there and back.
    fn schedule(&self, preset: &ActionsPreset, forward: f64) -> Schedule {
        let steps = self.request.operations / (3.0 * forward * preset.schedule.batch as f64);
        Schedule { steps: steps.max(1.0) as u64, ..preset.schedule.clone() }
    }

    fn told_by_style(&self, model: &ActionModel, config: &ActionConfig) -> Told {
        let (mut vectors, mut used, mut entropy, mut choices) = (Vec::new(), vec![0.0; config.actions], 0.0, 0.0);
        for group in self.held_out.chunks(BATCH) {
            let Bars { here, previous, timing } = self.bars(group);
            let choice = model.choose(here, previous, timing, config.active, 0.0);
            let weights = numbers(choice.weights.clone());
            for row in weights.chunks_exact(config.actions) {
                entropy += entropy_of(row);
                choices += 1.0;
                row.iter().zip(&mut used).for_each(|(weight, used)| *used += f64::from(*weight));
            }
            let action = model.table.embed_by_head(choice.weights);
            let width = action.dims()[1];
            vectors.extend(numbers(action).chunks_exact(width).map(<[f32]>::to_vec));
        }
        Told { vectors, perplexity: vec![(perplexity(&used), config.actions)], active: (entropy / choices).exp() }
    }

    fn told_by_codes(&self, model: &CodeModel, config: &CodeConfig, kept: usize) -> Told {
        let (stages, codes) = (config.quantiser.stages, config.quantiser.codes());
        let (mut vectors, mut used) = (Vec::new(), vec![vec![0.0; codes]; stages]);
        for group in self.held_out.chunks(BATCH) {
            // A model that hears fewer bars hears the last ones.
            let heard: Vec<Vec<usize>> = group.iter().map(|window| window[WINDOW - config.bars..].to_vec()).collect();
            let windows = Windows::new(self.request.slots, &heard.iter().collect::<Vec<_>>(), &self.request.device);
            let quantised = model.codes(windows.bars, windows.timing);
            let changes = config.bars - 1;
            let last: Vec<i32> = (0..group.len()).map(|window| (window * changes + changes - 1) as i32).collect();
            let chosen = model.quantiser.codes(&quantised);
            for &row in &last {
                chosen[row as usize].iter().zip(&mut used).for_each(|(&code, used)| used[code] += 1.0);
            }
            let last = Tensor::from_data(TensorData::new(last, [group.len()]), &self.request.device);
            let action = model.quantiser.embed(quantised.levels.select(0, last), &vec![kept; group.len()]);
            let width = action.dims()[1];
            vectors.extend(numbers(action).chunks_exact(width).map(<[f32]>::to_vec));
        }
        let perplexity = used.iter().take(kept).map(|used| (perplexity(used), codes)).collect();
        Told { vectors, perplexity, active: 1.0 }
    }

    fn row(&self, name: String, parameters: usize, steps: u64, decoder: &ActionDecoder, told: Told) -> Row {
        let own = self.errors(decoder, &told.vectors, 0);
        let others: Vec<Vec<f64>> = (1..=OTHERS).map(|other| self.errors(decoder, &told.vectors, other)).collect();
        let mean = |bar: usize| others.iter().map(|errors| errors[bar]).sum::<f64>() / OTHERS as f64;
        let errors = own.iter().enumerate().map(|(bar, own)| [*own, mean(bar)]).collect();
        Row { name, parameters, steps, errors, perplexity: told.perplexity, active: told.active }
    }

    /// Squared error of every bar, rebuilt from its own noise with the action of the bar `shift` parts of the list further on.
    fn errors(&self, decoder: &ActionDecoder, vectors: &[Vec<f32>], shift: usize) -> Vec<f64> {
        let count = vectors.len();
        let offset = shift * count / (OTHERS + 1);
        let mut errors = Vec::new();
        for (number, group) in self.held_out.chunks(BATCH).enumerate() {
            let bars = self.bars(group);
            let shape = bars.here.dims();
            let mut noise = vec![0.0; shape.iter().product()];
            GaussianNoise::new(number as u64).fill(&mut noise);
            let noise = Tensor::<3>::from_data(TensorData::new(noise, shape), &self.request.device);
            let action: Vec<f32> =
                (0..group.len()).flat_map(|bar| vectors[(number * BATCH + bar + offset) % count].iter().copied()).collect();
            let action = Tensor::<2>::from_data(TensorData::new(action, [group.len(), vectors[0].len()]), &self.request.device);
            let error = rebuild::rebuilt(decoder, noise, &bars, &action, CALLS) - bars.here;
            let error = (error.clone() * error).mean_dim(2).mean_dim(1);
            errors.extend(numbers(error).into_iter().map(f64::from));
        }
        errors
    }

    /// The last bar of each window, after the one before it.
    fn bars(&self, windows: &[&Vec<usize>]) -> Bars {
        let at = |place: usize| -> Vec<usize> { windows.iter().map(|window| window[place]).collect() };
        let (slots, device) = (self.request.slots, &self.request.device);
        let here = at(WINDOW - 1);
        Bars {
            here: slots.batch(&here, device),
            previous: slots.batch(&at(WINDOW - 2), device),
            timing: slots.timing(&here, device),
        }
    }
}

/// Entropy of weights that add up to one, in nats.
fn entropy_of(weights: &[f32]) -> f64 {
    let part = |weight: f64| if weight > 0.0 { -weight * weight.ln() } else { 0.0 };
    weights.iter().map(|&weight| part(f64::from(weight))).sum()
}

/// The number of equally frequent things that would be as spread as these counts.
fn perplexity(counts: &[f64]) -> f64 {
    let all: f64 = counts.iter().sum();
    let shares: Vec<f32> = counts.iter().map(|count| (count / all) as f32).collect();
    entropy_of(&shares).exp()
}

/// One row a model and number of codes. Intervals hold 95 %, by bootstrap over bars.
pub fn table(rows: &[Row], seed: u64) -> String {
    let mut text = String::from(
        "| model | weights | steps | error, own action ↓ | own nearer than others', dB ↑ | in use | active in a bar |\n|---|---|---|---|---|---|---|\n",
    );
    for row in rows {
        let in_use: Vec<String> = row.perplexity.iter().map(|(used, all)| format!("{used:.1} of {all}")).collect();
        writeln!(
            text,
            "| {} | {:.2} M | {} | {} | {} | {} | {:.1} |",
            row.name,
            row.parameters as f64 / 1e6,
            row.steps,
            row.own(seed).rounded(3),
            row.delta_psnr_db(seed).rounded(2),
            in_use.join(", "),
            row.active,
        )
        .expect("text takes whatever is written");
    }
    text
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use super::*;
    use crate::networks::quantiser::QuantiserConfig;

    const SLOTS: usize = 4;
    const CHANNELS: usize = 4;

    fn preset(name: &str, network: Network) -> ActionsPreset {
        let schedule =
            Schedule { batch: 16, steps: 0, learning_rate: 5e-3, warm_up: 10, cool_down: 0.5, beta_2: 0.95, weight_decay: 0.0 };
        ActionsPreset { name: name.into(), seed: 1, schedule, network }
    }

    fn codes() -> Network {
        Network::Codes(CodeConfig {
            width: 16,
            heads: 2,
            rounds: 1,
            decoder_blocks: 1,
            bars: 3,
            difference: true,
            quantiser: QuantiserConfig { levels: vec![4, 4], stages: 2 },
            slots: SLOTS,
            slots_per_patch: 2,
            channels: CHANNELS,
        })
    }

    #[test]
    fn bars_that_only_their_actions_tell_apart_come_nearer_under_their_own() {
        let (folder, slots) = (tempfile::tempdir().expect("a temporary folder"), Slots::of_patterns(SLOTS, CHANNELS));
        let request = |operations: f64| Request {
            presets: vec![preset("style", Network::Style(ActionConfig::for_tests(SLOTS, CHANNELS, 2))), preset("codes", codes())],
            slots: &slots,
            runs: folder.path().join(format!("{operations}")),
            operations,
            bars: 30,
            device: Device::flex(),
        };
        let rows = run(&request(2e9)).expect("both learn");
        let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
        assert_eq!(names, ["style", "codes, 1 code", "codes, 2 codes"]);
        for row in &rows {
            let delta = row.delta_psnr_db(1);
            assert!(delta.low > 1.0, "{}: {delta}", row.name);
            assert!(row.perplexity.iter().all(|&(used, all)| used >= 1.0 && used <= all as f64), "{}", row.name);
        }
        assert!(rows[0].active <= 2.0 + 1e-6);
        assert_eq!(table(&rows, 1), table(&run(&request(2e9)).expect("they have finished"), 1));
        let folder_of = |name: &str| request(2e9).runs.join(name);
        let (model, config) = finished_style(&folder_of("style"), &Device::flex()).expect("it is read back");
        assert_eq!((config.active, model.num_params()), (2, rows[0].parameters));
        let refused = finished_style(&folder_of("codes"), &Device::flex()).expect_err("codes are no weights").to_string();
        assert!(refused.contains("weights over a table"), "{refused}");

        // What was hardly trained knows no difference.
        let untrained = run(&request(1.0)).expect("one step each");
        assert!(untrained.iter().all(|row| row.steps == 1 && row.delta_psnr_db(1).mean.abs() < 0.2));
    }

    #[test]
    fn perplexity_is_how_many_would_be_as_spread() {
        assert!((perplexity(&[3.0, 3.0, 3.0, 0.0]) - 3.0).abs() < 1e-6);
        assert!((perplexity(&[1.0, 0.0]) - 1.0).abs() < 1e-6);
    }
}
