//! Ways to build the dynamics, each trained with the same number of operations on the same slots and actions, and ways to press an action
//! upon a bar, all asked the same of held-out bars: how near does the bar come under its own action, under none and under those of other
//! bars, and is the action that was asked for heard in what was made?

mod preset;

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use turnaround_core::actions::sparse_weights;
use turnaround_core::noise::GaussianNoise;

use crate::chance::Interval;
use crate::corpus::Split;
use crate::heard::{heaviest, in_common};
use crate::networks::actions::{ActionConfig, ActionModel};
use crate::networks::cost;
use crate::networks::dynamics::{Bars, Dynamics, noise_ordered_bias};
use crate::networks::instruments::told_width;
use crate::train::dynamics::{self, CONTEXT_LEVEL, InferredActions, SLACK, positions, with_players};
use crate::train::latents::{Slots, numbers};
use crate::train::run::{RunOptions, Schedule};
pub use preset::{BUILT_IN, DynamicsPreset};

/// Steps in which a bar is made.
const CALLS: usize = 8;

/// Other bars whose actions each bar is made under.
const OTHERS: usize = 2;

/// Windows made at once.
const BATCH: usize = 32;

/// What to compare.
pub struct Request<'a> {
    /// The ways to build it; the first is also asked under guidance.
    pub presets: Vec<DynamicsPreset>,
    /// What they learn from.
    pub slots: &'a Slots,
    /// The actions of all units.
    pub inferred: &'a InferredActions,
    /// What hears actions in what was made.
    pub actions: &'a ActionModel,
    /// Its sizes.
    pub action_config: &'a ActionConfig,
    /// Where their runs lie, a folder each.
    pub runs: PathBuf,
    /// Floating-point operations that each may spend on training.
    pub operations: f64,
    /// Bars of the validation split that each is measured on.
    pub bars: usize,
    /// Device, differentiation off.
    pub device: Device,
}

/// How an action is pressed upon a bar.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Guidance {
    /// Not at all.
    None,
    /// Away from the action of an unrelated bar (independent condition guidance, Sadat et al., arXiv 2407.02687).
    Independent(f64),
    /// Away from the null action (classifier-free guidance, Ho and Salimans, arXiv 2207.12598).
    ClassifierFree(f64),
}

const GUIDED: [Guidance; 3] = [Guidance::None, Guidance::Independent(2.0), Guidance::ClassifierFree(2.0)];

/// Whose action a bar is made under.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Told {
    Own,
    Null,
    /// That of the held-out bar so many parts of the list further on.
    Other(usize),
    /// That of a bar that nobody else is told of: what independent guidance leads away from.
    Unrelated,
}

/// What became of one way.
pub struct Row {
    /// Name of the preset, and how it was guided.
    pub name: String,
    /// Weights.
    pub parameters: usize,
    /// Steps taken.
    pub steps: u64,
    /// By bar: squared error under its own action, under none, and under those of others on the mean.
    pub errors: Vec<[f64; 3]>,
    /// By bar: how much of another bar's action is heard in what was made under it, as the share that both lists of active actions have
    /// in common of what either has.
    pub heard: Vec<f64>,
    /// The same of the bar's own action where another was asked for: what would be heard if nobody listened.
    pub heard_anyway: Vec<f64>,
}

/// Trains and measures every way. What has finished is measured again and not trained.
///
/// # Errors
/// When no held-out piece is long enough, or a training fails.
pub fn run(request: &Request) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (number, preset) in request.presets.iter().enumerate() {
        let named = request.action_config.instruments.len();
        ensure!(
            preset.network.instruments == named && preset.network.action_width == request.action_config.width + told_width(named),
            "{}: the actions of this run are {} wide and know {named} instruments: set action_width and instruments so",
            preset.name,
            request.action_config.width + told_width(named)
        );
        let folder = request.runs.join(&preset.name);
        fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
        fs::write(folder.join("preset.toml"), toml::to_string_pretty(preset)?)?;
        let options = RunOptions {
            folder,
            stage: "dynamics",
            seed: preset.seed,
            minutes: None,
            checkpoint_seconds: 60.0,
            device: request.device.clone(),
        };
        let step = 3.0 * cost::dynamics(&preset.network) * preset.schedule.batch as f64;
        let schedule = Schedule { steps: (request.operations / step).max(1.0) as u64, ..preset.schedule.clone() };
        let trained = dynamics::train(&preset.network, &preset.forcing, &schedule, request.slots, request.inferred, &options)?;
        let bench = Bench::new(request, preset, &trained.model)?;
        for &guidance in if number == 0 { &GUIDED[..] } else { &GUIDED[..1] } {
            rows.push(bench.row(guidance, trained.state.step));
        }
    }
    Ok(rows)
}

struct Bench<'a> {
    request: &'a Request<'a>,
    preset: &'a DynamicsPreset,
    model: &'a Dynamics,
    /// Held-out windows; the bar at `target` is made.
    windows: Vec<Vec<usize>>,
    target: usize,
}

impl<'a> Bench<'a> {
    fn new(request: &'a Request<'a>, preset: &'a DynamicsPreset, model: &'a Dynamics) -> Result<Self> {
        let bars = preset.network.window_bars;
        let windows = request.slots.windows(Split::Validation, bars);
        let count = request.bars.min(windows.len());
        ensure!(count > OTHERS, "only {count} bars are held out: build a longer corpus");
        let windows = (0..count).map(|index| windows[index * windows.len() / count].clone()).collect();
        Ok(Self { request, preset, model, windows, target: bars / 2 })
    }

    fn row(&self, guidance: Guidance, steps: u64) -> Row {
        let made = |told: Told| self.made(told, guidance);
        let (own, null) = (self.errors(&made(Told::Own)), self.errors(&made(Told::Null)));
        let (mut other, mut heard, mut heard_anyway) = (vec![0.0; own.len()], Vec::new(), Vec::new());
        for shift in 1..=OTHERS {
            let made = made(Told::Other(shift));
            self.errors(&made).iter().zip(&mut other).for_each(|(error, sum)| *sum += error / OTHERS as f64);
            for (bar, inferred) in self.infer(&made).iter().enumerate() {
                heard.push(in_common(inferred, &self.active(self.unit(bar, Told::Other(shift)))));
                heard_anyway.push(in_common(inferred, &self.active(self.unit(bar, Told::Own))));
            }
        }
        let errors = (0..own.len()).map(|bar| [own[bar], null[bar], other[bar]]).collect();
        let name = match guidance {
            Guidance::None => self.preset.name.clone(),
            Guidance::Independent(weight) => format!("{}, independent guidance {weight}", self.preset.name),
            Guidance::ClassifierFree(weight) => format!("{}, classifier-free guidance {weight}", self.preset.name),
        };
        Row { name, parameters: self.model.num_params(), steps, errors, heard, heard_anyway }
    }

    /// The unit whose action a held-out bar is told.
    fn unit(&self, bar: usize, told: Told) -> usize {
        let count = self.windows.len();
        let shift = match told {
            Told::Own | Told::Null => 0,
            Told::Other(shift) => shift * count / (OTHERS + 1),
            Told::Unrelated => count / (2 * (OTHERS + 1)),
        };
        self.windows[(bar + shift) % count][self.target]
    }

    /// The actions that are heard in a real bar.
    fn active(&self, unit: usize) -> Vec<u16> {
        heaviest(&self.request.inferred.weights[unit], self.request.action_config.active)
    }

    /// Every held-out bar from its own noise, `[bar][slot · channel]`.
    fn made(&self, told: Told, guidance: Guidance) -> Vec<Vec<f32>> {
        let all: Vec<usize> = (0..self.windows.len()).collect();
        all.chunks(BATCH).enumerate().flat_map(|(number, bars)| self.made_at_once(number as u64, bars, told, guidance)).collect()
    }

    fn made_at_once(&self, seed: u64, bars: &[usize], told: Told, guidance: Guidance) -> Vec<Vec<f32>> {
        let (slots, device) = (self.request.slots, &self.request.device);
        let windows: Vec<&Vec<usize>> = bars.iter().map(|&bar| &self.windows[bar]).collect();
        let count = self.preset.network.window_bars;
        let units: Vec<usize> = windows.iter().flat_map(|window| window.iter().copied()).collect();
        let all = slots.batch(&units, device);
        let [_, slot, channel] = all.dims();
        let all = all.reshape([bars.len(), count, slot, channel]);
        let first: Vec<usize> = windows.iter().map(|window| window[0]).collect();
        let timing = slots.timing(&first, device);
        let mut noise = vec![0.0; bars.len() * slot * channel];
        GaussianNoise::new(seed).fill(&mut noise);
        let mut x = Tensor::<4>::from_data(TensorData::new(noise, [bars.len(), 1, slot, channel]), device);
        for call in 0..CALLS {
            let level = 1.0 - call as f32 / CALLS as f32;
            let velocity = |told: Told| {
                let input = Bars {
                    slots: with_bar(&all, self.target, x.clone()),
                    level: self.levels(bars.len(), level),
                    action: self.actions(&windows, bars, told),
                    timing: timing.clone(),
                    position: positions(count, device),
                };
                let patches = self.preset.network.slots / self.preset.network.slots_per_patch;
                let bias = (self.preset.forcing.ordered > 0.0).then(|| noise_ordered_bias(&input.level, patches, SLACK));
                self.model.velocity(&input, bias.as_ref()).narrow(1, self.target, 1)
            };
            let wanted = velocity(told);
            let pressed = match guidance {
                Guidance::None => wanted,
                Guidance::Independent(weight) => press(velocity(Told::Unrelated), wanted, weight),
                Guidance::ClassifierFree(weight) => press(velocity(Told::Null), wanted, weight),
            };
            x = x - pressed.div_scalar(CALLS as f32);
        }
        numbers(x).chunks_exact(slot * channel).map(<[f32]>::to_vec).collect()
    }

    fn levels(&self, windows: usize, level: f32) -> Tensor<2> {
        let count = self.preset.network.window_bars;
        let of_bar = |bar: usize| if bar == self.target { level } else { CONTEXT_LEVEL };
        let levels: Vec<f32> = (0..windows).flat_map(|_| (0..count).map(of_bar)).collect();
        Tensor::from_data(TensorData::new(levels, [windows, count]), &self.request.device)
    }

    /// Each context bar's own action, and what the target is told, `[window, bar, width]`. Players, for those who know them, are the bar's
    /// own in any case.
    fn actions(&self, windows: &[&Vec<usize>], bars: &[usize], told: Told) -> Tensor<3> {
        let device = &self.request.device;
        let own = self.request.inferred.batch(windows, device);
        let given = match told {
            Told::Null => own.clone().narrow(1, self.target, 1).mul_scalar(0.0) + self.model.null_action.val().unsqueeze::<3>(),
            told => {
                let units: Vec<Vec<usize>> = bars.iter().map(|&bar| vec![self.unit(bar, told)]).collect();
                self.request.inferred.batch(&units.iter().collect::<Vec<_>>(), device)
            }
        };
        let last = self.preset.network.window_bars - self.target - 1;
        let part = |from: usize, count: usize| own.clone().narrow(1, from, count);
        let told = Tensor::cat(vec![part(0, self.target), given, part(self.target + 1, last)], 1);
        with_players(told, self.request.inferred.heard_players(windows, device))
    }

    fn errors(&self, made: &[Vec<f32>]) -> Vec<f64> {
        let error = |(made, window): (&Vec<f32>, &Vec<usize>)| {
            let real = &self.request.slots.of_unit[window[self.target]];
            made.iter().zip(real).map(|(a, b)| f64::from((a - b) * (a - b))).sum::<f64>() / made.len() as f64
        };
        made.iter().zip(&self.windows).map(error).collect()
    }

    /// The actions that are heard in what was made.
    fn infer(&self, made: &[Vec<f32>]) -> Vec<Vec<u16>> {
        let (slots, device, config) = (self.request.slots, &self.request.device, self.request.action_config);
        let mut inferred = Vec::new();
        for (made, windows) in made.chunks(BATCH).zip(self.windows.chunks(BATCH)) {
            let bars = Tensor::from_data(TensorData::new(made.concat(), [made.len(), config.slots, config.channels]), device);
            let units: Vec<usize> = windows.iter().map(|window| window[self.target]).collect();
            let scores = numbers(self.request.actions.scores(bars, slots.timing(&units, device)));
            let active = |scores: &[f32]| heaviest(&sparse_weights(scores, config.active), config.active);
            inferred.extend(scores.chunks_exact(config.actions).map(active));
        }
        inferred
    }
}

/// `all` `[window, bar, slot, channel]` with `bar` `[window, 1, slot, channel]` in the place of one.
fn with_bar(all: &Tensor<4>, place: usize, bar: Tensor<4>) -> Tensor<4> {
    let count = all.dims()[1];
    let part = |from: usize, count: usize| all.clone().narrow(1, from, count);
    Tensor::cat(vec![part(0, place), bar, part(place + 1, count - place - 1)], 1)
}

fn press(from: Tensor<4>, to: Tensor<4>, weight: f64) -> Tensor<4> {
    from.clone() + (to - from).mul_scalar(weight)
}

impl Row {
    fn error(&self, which: usize, seed: u64) -> Interval {
        Interval::of(&self.errors.iter().map(|errors| errors[which]).collect::<Vec<_>>(), seed)
    }

    /// By how many decibels the own action brings bars nearer than those of other bars do.
    pub fn delta_psnr_db(&self, seed: u64) -> Interval {
        Interval::of_figure(&self.errors, seed, |errors| {
            let [own, other] = errors.fold([0.0; 2], |[own, other], error| [own + error[0], other + error[2]]);
            10.0 * (other / own).log10()
        })
    }
}

/// One row a way. Intervals hold 95 %, by bootstrap over bars.
pub fn table(rows: &[Row], seed: u64) -> String {
    let mut text = String::from(
        "| way | weights | steps | error, own action ↓ | none | others' | own nearer than others', dB ↑ | other's action heard ↑ | own heard instead |\n\
         |---|---|---|---|---|---|---|---|---|\n",
    );
    for row in rows {
        writeln!(
            text,
            "| {} | {:.2} M | {} | {} | {} | {} | {} | {} | {} |",
            row.name,
            row.parameters as f64 / 1e6,
            row.steps,
            row.error(0, seed).rounded(3),
            row.error(1, seed).rounded(3),
            row.error(2, seed).rounded(3),
            row.delta_psnr_db(seed).rounded(2),
            Interval::of(&row.heard, seed).rounded(2),
            Interval::of(&row.heard_anyway, seed).rounded(2),
        )
        .expect("text takes whatever is written");
    }
    text
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use super::*;
    use crate::networks::dynamics::{Conditioning, DynamicsConfig};
    use crate::train::actions;
    use crate::train::dynamics::Forcing;

    const SLOTS: usize = 4;
    const CHANNELS: usize = 4;

    fn schedule(steps: u64) -> Schedule {
        Schedule { batch: 16, steps, learning_rate: 5e-3, warm_up: 10, cool_down: 0.5, beta_2: 0.95, weight_decay: 0.0 }
    }

    fn preset(name: &str, conditioning: Conditioning) -> DynamicsPreset {
        let network = DynamicsConfig {
            width: 16,
            layers: 2,
            heads: 2,
            conditioning,
            window_bars: 4,
            action_width: 16,
            instruments: 0,
            slots: SLOTS,
            slots_per_patch: 2,
            channels: CHANNELS,
        };
        DynamicsPreset { name: name.into(), seed: 1, network, forcing: Forcing::default(), schedule: schedule(0) }
    }

    #[test]
    fn bars_come_nearer_under_their_own_action_and_actions_that_were_asked_for_are_heard() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (slots, device, config) =
            (Slots::of_patterns(SLOTS, CHANNELS), Device::flex(), ActionConfig::for_tests(SLOTS, CHANNELS, 2));
        let options = RunOptions {
            folder: folder.path().join("actions"),
            stage: "actions",
            seed: 1,
            minutes: None,
            checkpoint_seconds: 1e9,
            device: device.clone(),
        };
        let actions = actions::train(&config, &schedule(300), &slots, &options).expect("actions are learned").model;
        let inferred = InferredActions::new(&actions, &config, &slots, &device);
        let request = Request {
            presets: vec![preset("adaptive", Conditioning::AdaptiveNorm), preset("cross", Conditioning::CrossAttention)],
            slots: &slots,
            inferred: &inferred,
            actions: &actions,
            action_config: &config,
            runs: folder.path().join("runs"),
            operations: 3e9,
            bars: 24,
            device,
        };
        let rows = run(&request).expect("both learn");
        let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
        let guided = ["adaptive, independent guidance 2", "adaptive, classifier-free guidance 2"];
        assert_eq!(names, ["adaptive", guided[0], guided[1], "cross"]);
        for row in &rows {
            let (heard, anyway) = (Interval::of(&row.heard, 1).mean, Interval::of(&row.heard_anyway, 1).mean);
            assert!(row.delta_psnr_db(1).low > 1.0, "{}: {}", row.name, row.delta_psnr_db(1));
            assert!(heard > anyway, "{}: {heard} is no more than {anyway}", row.name);
        }
        assert_eq!(table(&rows, 1), table(&run(&request).expect("they have finished"), 1));
    }
}
