//! Ways to build the dynamics, each trained with the same number of operations on the same slots and actions, and ways to press an action
//! upon a bar, all asked the same of held-out bars: how near does the bar come under its own action, under none and under those of other
//! bars, and is the action that was asked for heard in what was made?

mod preset;
mod vocabulary;

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use turnaround_core::actions::sparse_weights;
use turnaround_core::noise::GaussianNoise;

use crate::chance::Interval;
use crate::compare::run_folder;
use crate::corpus::Split;
use crate::heard::{heaviest, in_common};
use crate::networks::actions::{ActionConfig, ActionModel};
use crate::networks::cost;
use crate::networks::dynamics::{Bars, Dynamics, noise_ordered_bias};
use crate::scaling::{Training, decibels_between};
use crate::train::dynamics::{self, CONTEXT_LEVEL, InferredActions, SLACK, positions, with_players};
use crate::train::latents::{Slots, numbers};
use crate::train::run::{RunOptions, Schedule, Trained};
use crate::train::told::ActionVectors;
pub use preset::{BUILT_IN, DynamicsPreset, MapFit, Told};
pub use vocabulary::MapRow;
use vocabulary::{Telling, Vocabulary};

/// Steps in which a bar is made.
const CALLS: usize = 8;

/// Other bars whose actions each bar is made under.
const OTHERS: usize = 2;

/// Windows made at once.
const BATCH: usize = 32;

/// What to compare.
pub struct Request<'a> {
    /// The ways to build it; the first, trained longest, is also asked under guidance.
    pub presets: Vec<DynamicsPreset>,
    /// What they learn from.
    pub slots: &'a Slots,
    /// The actions of all units.
    pub inferred: &'a InferredActions,
    /// What hears actions in what was made.
    pub actions: &'a ActionModel,
    /// Its sizes.
    pub action_config: &'a ActionConfig,
    /// What a richer table tells of all units, for ways that are told of it.
    pub richer: Option<&'a ActionVectors>,
    /// What codes tell of all units, for ways that are told of them.
    pub codes: Option<&'a ActionVectors>,
    /// Where their runs lie, as [`run_folder`] says.
    pub runs: PathBuf,
    /// Floating-point operations that each may spend on training; each is trained anew for every number of them.
    pub operations: Vec<f64>,
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
enum Whose {
    Own,
    Null,
    /// That of the held-out bar so many parts of the list further on.
    Other(usize),
    /// That of a bar that nobody else is told of: what independent guidance leads away from.
    Unrelated,
    /// The heaviest action of another held-out bar, alone and at its full weight: one knob.
    Alone,
}

/// What became of one way.
pub struct Row {
    /// Name of the preset, and how it was guided.
    pub name: String,
    /// Operations it was allowed in training.
    pub operations: f64,
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
    /// By bar: whether a single action is heard in what was made under it alone, and whether in what was made under the bar's own; 1 or 0. Empty
    /// where no knob is told.
    pub alone: Vec<[f64; 2]>,
    /// The map, where there is one.
    pub map: Option<MapRow>,
}

/// Trains and measures every way. What has finished is measured again and not trained.
///
/// # Errors
/// When no held-out piece is long enough, or a training fails.
pub fn run(request: &Request) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    let longest = request.operations.iter().copied().fold(0.0, f64::max);
    for (number, preset) in request.presets.iter().enumerate() {
        let named = request.action_config.instruments.len();
        ensure!(preset.network.instruments == named, "way {}: the actions of this run know {named} instruments", preset.name);
        for &operations in &request.operations {
            let (vocabulary, trained) = trained(request, preset, operations)?;
            let asked = if number == 0 && operations == longest { &GUIDED[..] } else { &GUIDED[..1] };
            for telling in vocabulary.tellings() {
                let bench = Bench::new(request, preset, &vocabulary, telling, &trained.model)?;
                rows.extend(asked.iter().map(|&guidance| bench.row(guidance, operations, trained.state.step)));
            }
        }
    }
    Ok(rows)
}

fn trained(request: &Request, preset: &DynamicsPreset, operations: f64) -> Result<(Vocabulary, Trained<Dynamics>)> {
    let folder = run_folder(&request.runs, &preset.name, operations);
    fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
    fs::write(folder.join("preset.toml"), toml::to_string_pretty(preset)?)?;
    let vocabulary = Vocabulary::of(preset, request, &folder)?;
    let options = RunOptions {
        folder,
        stage: "dynamics",
        seed: preset.seed,
        minutes: None,
        checkpoint_seconds: 60.0,
        device: request.device.clone(),
    };
    let step = 3.0 * cost::dynamics(&preset.network) * preset.schedule.batch as f64;
    let schedule = Schedule { steps: (operations / step).max(1.0) as u64, ..preset.schedule.clone() };
    let players = request.inferred.players.as_ref();
    let (network, forcing, vectors) = (&preset.network, &preset.forcing, &vocabulary.vectors);
    let trained = dynamics::train(network, forcing, &schedule, request.slots, vectors, players, &options)?;
    Ok((vocabulary, trained))
}

struct Bench<'a> {
    request: &'a Request<'a>,
    preset: &'a DynamicsPreset,
    vocabulary: &'a Vocabulary,
    telling: Telling,
    model: &'a Dynamics,
    /// Held-out windows; the bar at `target` is made.
    windows: Vec<Vec<usize>>,
    target: usize,
}

impl<'a> Bench<'a> {
    fn new(
        request: &'a Request<'a>,
        preset: &'a DynamicsPreset,
        vocabulary: &'a Vocabulary,
        telling: Telling,
        model: &'a Dynamics,
    ) -> Result<Self> {
        let bars = preset.network.window_bars;
        let windows = request.slots.windows(Split::Validation, bars);
        let count = request.bars.min(windows.len());
        ensure!(count > OTHERS, "only {count} bars are held out: build a longer corpus");
        let windows = (0..count).map(|index| windows[index * windows.len() / count].clone()).collect();
        Ok(Self { request, preset, vocabulary, telling, model, windows, target: bars / 2 })
    }

    fn row(&self, guidance: Guidance, operations: f64, steps: u64) -> Row {
        let made = |whose: Whose| self.made(whose, guidance);
        let under_own = made(Whose::Own);
        let (own, null) = (self.errors(&under_own), self.errors(&made(Whose::Null)));
        let alone = match self.vocabulary.singles {
            Some(_) => self.heard_alone(&made(Whose::Alone), &under_own),
            None => Vec::new(),
        };
        let (mut other, mut heard, mut heard_anyway) = (vec![0.0; own.len()], Vec::new(), Vec::new());
        for shift in 1..=OTHERS {
            let made = made(Whose::Other(shift));
            self.errors(&made).iter().zip(&mut other).for_each(|(error, sum)| *sum += error / OTHERS as f64);
            for (bar, inferred) in self.infer(&made).iter().enumerate() {
                heard.push(in_common(inferred, &self.active(self.unit(bar, Whose::Other(shift)))));
                heard_anyway.push(in_common(inferred, &self.active(self.unit(bar, Whose::Own))));
            }
        }
        let errors = (0..own.len()).map(|bar| [own[bar], null[bar], other[bar]]).collect();
        let guided = match guidance {
            Guidance::None => String::new(),
            Guidance::Independent(weight) => format!(", independent guidance {weight}"),
            Guidance::ClassifierFree(weight) => format!(", classifier-free guidance {weight}"),
        };
        let name = format!("{}{}{guided}", self.preset.name, self.telling.name);
        let map = self.vocabulary.map.clone().filter(|_| guidance == Guidance::None);
        Row { name, operations, parameters: self.model.num_params(), steps, errors, heard, heard_anyway, alone, map }
    }

    /// The unit whose action a held-out bar is told.
    fn unit(&self, bar: usize, whose: Whose) -> usize {
        let count = self.windows.len();
        let shift = match whose {
            Whose::Own | Whose::Null | Whose::Alone => 0,
            Whose::Other(shift) => shift * count / (OTHERS + 1),
            Whose::Unrelated => count / (2 * (OTHERS + 1)),
        };
        self.windows[(bar + shift) % count][self.target]
    }

    /// The actions that are heard in a real bar, the heaviest first.
    fn active(&self, unit: usize) -> Vec<u16> {
        heaviest(&self.request.inferred.weights[unit], self.request.action_config.active)
    }

    /// The single action that a held-out bar is told.
    fn alone(&self, bar: usize) -> u16 {
        *self.active(self.unit(bar, Whose::Other(1))).first().expect("an inferred action has a weight")
    }

    /// Of every bar: whether the single action is heard in what was made under it, and in what was made under the bar's own.
    fn heard_alone(&self, under_it: &[Vec<f32>], under_own: &[Vec<f32>]) -> Vec<[f64; 2]> {
        let heard = |made: &[Vec<f32>]| -> Vec<f64> {
            let is_heard = |(bar, inferred): (usize, &Vec<u16>)| f64::from(u8::from(inferred.contains(&self.alone(bar))));
            self.infer(made).iter().enumerate().map(is_heard).collect()
        };
        heard(under_it).into_iter().zip(heard(under_own)).map(|(asked, anyway)| [asked, anyway]).collect()
    }

    /// Every held-out bar from its own noise, `[bar][slot · channel]`.
    fn made(&self, whose: Whose, guidance: Guidance) -> Vec<Vec<f32>> {
        let all: Vec<usize> = (0..self.windows.len()).collect();
        all.chunks(BATCH).enumerate().flat_map(|(number, bars)| self.made_at_once(number as u64, bars, whose, guidance)).collect()
    }

    fn made_at_once(&self, seed: u64, bars: &[usize], whose: Whose, guidance: Guidance) -> Vec<Vec<f32>> {
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
            let velocity = |whose: Whose| {
                let input = Bars {
                    slots: with_bar(&all, self.target, x.clone()),
                    level: self.levels(bars.len(), level),
                    action: self.actions(&windows, bars, whose),
                    timing: timing.clone(),
                    position: positions(count, device),
                };
                let patches = self.preset.network.slots / self.preset.network.slots_per_patch;
                let bias = (self.preset.forcing.ordered > 0.0).then(|| noise_ordered_bias(&input.level, patches, SLACK));
                self.model.velocity(&input, bias.as_ref()).narrow(1, self.target, 1)
            };
            let wanted = velocity(whose);
            let pressed = match guidance {
                Guidance::None => wanted,
                Guidance::Independent(weight) => press(velocity(Whose::Unrelated), wanted, weight),
                Guidance::ClassifierFree(weight) => press(velocity(Whose::Null), wanted, weight),
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
    fn actions(&self, windows: &[&Vec<usize>], bars: &[usize], whose: Whose) -> Tensor<3> {
        let device = &self.request.device;
        let own = self.telling.vectors.windows(windows, device);
        let given = match whose {
            Whose::Null => own.clone().narrow(1, self.target, 1).mul_scalar(0.0) + self.model.null_action.val().unsqueeze::<3>(),
            Whose::Alone => {
                let singles = self.vocabulary.singles.as_ref().expect("asked only of ways that are told of knobs");
                let vectors: Vec<f32> =
                    bars.iter().flat_map(|&bar| singles[usize::from(self.alone(bar))].iter().copied()).collect();
                Tensor::from_data(TensorData::new(vectors, [bars.len(), 1, self.telling.vectors.width()]), device)
            }
            whose => {
                let units: Vec<usize> = bars.iter().map(|&bar| self.unit(bar, whose)).collect();
                self.telling.vectors.batch(&units, device).unsqueeze_dim::<3>(1)
            }
        };
        let last = self.preset.network.window_bars - self.target - 1;
        let part = |from: usize, count: usize| own.clone().narrow(1, from, count);
        let told = Tensor::cat(vec![part(0, self.target), given, part(self.target + 1, last)], 1);
        with_players(told, self.request.inferred.players.as_ref().map(|players| players.heard(windows, device)))
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

    /// Shares of single actions that are heard, or a dash.
    fn alone(&self, which: usize, seed: u64) -> String {
        match self.alone.is_empty() {
            true => "–".to_owned(),
            false => Interval::of(&self.alone.iter().map(|alone| alone[which]).collect::<Vec<_>>(), seed).rounded(2),
        }
    }

    /// By how many decibels the own action brings bars nearer than those of other bars do.
    pub fn delta_psnr_db(&self, seed: u64) -> Interval {
        Interval::of_figure(&self.errors, seed, |errors| decibels_between(&mut errors.map(|[own, _, other]| [own, other])))
    }
}

/// What scaling is told of: errors under a bar's own action and under those of others.
pub fn trainings(rows: &[Row]) -> Vec<Training> {
    let pairs = |row: &Row| row.errors.iter().map(|&[own, _, other]| [own, other]).collect();
    let measured = |row: &Row| Training { name: row.name.clone(), operations: row.operations, items: pairs(row) };
    rows.iter().map(measured).collect()
}

/// One row a way, and one a map where there are any. Intervals hold 95 %, by bootstrap over bars.
pub fn table(rows: &[Row], seed: u64) -> String {
    let mut text = String::from(
        "| way | teraflop | weights | steps | error, own action ↓ | none | others' | own nearer than others', dB ↑ | other's action heard ↑ | own heard instead \
         | one action alone heard ↑ | the same unasked |\n|---|---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for row in rows {
        writeln!(
            text,
            "| {} | {} | {:.2} M | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            row.name,
            row.operations / 1e12,
            row.parameters as f64 / 1e6,
            row.steps,
            row.error(0, seed).rounded(3),
            row.error(1, seed).rounded(3),
            row.error(2, seed).rounded(3),
            row.delta_psnr_db(seed).rounded(2),
            Interval::of(&row.heard, seed).rounded(2),
            Interval::of(&row.heard_anyway, seed).rounded(2),
            row.alone(0, seed),
            row.alone(1, seed),
        )
        .expect("text takes whatever is written");
    }
    let maps: Vec<(&str, &MapRow)> = rows.iter().filter_map(|row| Some((row.name.as_str(), row.map.as_ref()?))).collect();
    if !maps.is_empty() {
        text += "\n";
        text += &vocabulary::table(&maps);
    }
    text
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::networks::action_map::ActionMapConfig;
    use crate::networks::codes::CodeConfig;
    use crate::networks::dynamics::{Conditioning, DynamicsConfig};
    use crate::train::dynamics::Forcing;
    use crate::train::{actions, codes};

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
        let (told, map) = (Told::Table, None);
        DynamicsPreset { name: name.into(), seed: 1, network, told, map, forcing: Forcing::default(), schedule: schedule(0) }
    }

    /// Actions learned on patterns, and the folder they were learned in.
    fn learned(folder: &Path, stage: &'static str, slots: &Slots, config: &ActionConfig) -> ActionModel {
        actions::train(config, &schedule(300), slots, &options(folder, stage)).expect("actions are learned").model
    }

    fn options(folder: &Path, stage: &'static str) -> RunOptions {
        RunOptions { folder: folder.join(stage), stage, seed: 1, minutes: None, checkpoint_seconds: 1e9, device: Device::flex() }
    }

    #[test]
    fn bars_come_nearer_under_their_own_action_and_actions_that_were_asked_for_are_heard() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (slots, device, config) =
            (Slots::of_patterns(SLOTS, CHANNELS), Device::flex(), ActionConfig::for_tests(SLOTS, CHANNELS, 2));
        let actions = learned(folder.path(), "actions", &slots, &config);
        let inferred = InferredActions::new(&actions, &config, &slots, &device);
        let request = Request {
            presets: vec![preset("adaptive", Conditioning::AdaptiveNorm), preset("cross", Conditioning::CrossAttention)],
            slots: &slots,
            inferred: &inferred,
            actions: &actions,
            action_config: &config,
            richer: None,
            codes: None,
            runs: folder.path().join("runs"),
            operations: vec![3e9],
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
            let alone = |which: usize| Interval::of(&row.alone.iter().map(|alone| alone[which]).collect::<Vec<_>>(), 1).mean;
            assert!(alone(0) > alone(1), "{}: one action is heard {}, and unasked {}", row.name, alone(0), alone(1));
        }
        assert_eq!(table(&rows, 1), table(&run(&request).expect("they have finished"), 1));
    }

    #[test]
    fn ways_may_be_told_of_a_richer_table_and_one_without_says_so() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (slots, device, config) =
            (Slots::of_patterns(SLOTS, CHANNELS), Device::flex(), ActionConfig::for_tests(SLOTS, CHANNELS, 2));
        let actions = learned(folder.path(), "actions", &slots, &config);
        let inferred = InferredActions::new(&actions, &config, &slots, &device);
        let rich = ActionConfig { choosing_heads: 4, ..config.clone() };
        let richer = learned(folder.path(), "richer", &slots, &rich);
        let richer = ActionVectors::chosen(&richer, rich.active, &slots, &device);
        let fit = MapFit { network: ActionMapConfig { blocks: 2 }, schedule: schedule(200) };
        let way = |name: &str, told: Told, map: Option<MapFit>| DynamicsPreset {
            told,
            map,
            ..preset(name, Conditioning::AdaptiveNorm)
        };
        let request = |richer| Request {
            presets: vec![way("mapped", Told::Mapped, Some(fit.clone())), way("richer", Told::Richer, None)],
            slots: &slots,
            inferred: &inferred,
            actions: &actions,
            action_config: &config,
            richer,
            codes: None,
            runs: folder.path().join("runs"),
            operations: vec![3e9],
            bars: 24,
            device: device.clone(),
        };
        let refused = run(&request(None)).err().expect("nothing richer is at hand");
        assert!(format!("{refused:#}").contains("--richer"), "{refused:#}");

        let rows = run(&request(Some(&richer))).expect("both learn");
        assert!(rows.iter().all(|row| row.delta_psnr_db(1).low > 1.0));
        let (mapped, richer_row) = (&rows[0], &rows[3]);
        let map = mapped.map.as_ref().expect("a map was fitted");
        assert!(map.report.map.mean > map.report.identity.mean && map.steps == 200);
        assert!(mapped.alone.len() == 24 && richer_row.alone.is_empty() && richer_row.map.is_none());
        let text = table(&rows, 1);
        assert!(text.contains("| richer |") && text.contains("| map of |"), "{text}");
        assert_eq!(text, table(&run(&request(Some(&richer))).expect("all have finished"), 1));
    }

    #[test]
    fn a_way_that_is_told_of_codes_is_asked_with_one_and_with_all() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (slots, device, config) =
            (Slots::of_patterns(SLOTS, CHANNELS), Device::flex(), ActionConfig::for_tests(SLOTS, CHANNELS, 2));
        let actions = learned(folder.path(), "actions", &slots, &config);
        let inferred = InferredActions::new(&actions, &config, &slots, &device);
        let of_codes = CodeConfig::for_tests(SLOTS, CHANNELS);
        let learned =
            codes::train(&of_codes, &schedule(300), &slots, &options(folder.path(), "codes")).expect("codes are learned");
        let told = ActionVectors::coded(&learned.model, &of_codes, &slots, &device);
        let forcing = Forcing { partial: 0.5, ..Forcing::default() };
        let request = |codes| Request {
            presets: vec![DynamicsPreset {
                told: Told::Codes,
                forcing: forcing.clone(),
                ..preset("codes", Conditioning::AdaptiveNorm)
            }],
            slots: &slots,
            inferred: &inferred,
            actions: &actions,
            action_config: &config,
            richer: None,
            codes,
            runs: folder.path().join("runs"),
            operations: vec![3e9],
            bars: 24,
            device: device.clone(),
        };
        let refused = run(&request(None)).err().expect("no codes are at hand");
        assert!(format!("{refused:#}").contains("--codes"), "{refused:#}");
        let rows = run(&request(Some(&told))).expect("it learns");
        let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
        assert_eq!((names[0], names[1], names[3]), ("codes, 1 code", "codes, 1 code, independent guidance 2", "codes, 2 codes"));
        assert!(rows.len() == 6 && rows.iter().all(|row| row.alone.is_empty()));
        // Another bar's codes make another bar.
        assert!(rows.iter().all(|row| row.errors.iter().any(|[own, _, other]| own != other)));
        assert_ne!(rows[0].errors, rows[3].errors);
    }
}
