//! Latent action models, each trained with the same number of operations on the same slots and asked the same: how much nearer does a
//! held-out bar come when the decoder is told that bar's own action, and not another's? And how much of who plays does the action say?

mod players;
mod preset;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use turnaround_core::contract::SparseWeights;
use turnaround_core::instruments::Players;
use turnaround_core::noise::GaussianNoise;

use crate::chance::Interval;
use crate::compare::run_folder;
use crate::corpus::Split;
use crate::heard::{heaviest, in_common};
use crate::networks::actions::{ActionConfig, ActionDecoder, ActionModel, Choice};
use crate::networks::codes::{CodeConfig, CodeModel};
use crate::networks::cost;
use crate::scaling::{Training, decibels_between};
use crate::train::codes::Windows;
use crate::train::latents::{Slots, numbers};
use crate::train::rebuild::{self, Bars};
use crate::train::run::{self, RunOptions, Schedule};
use crate::train::{actions, codes};
pub use players::Heard;
use players::{Judged, Known, probed};
pub use preset::{ActionsPreset, BUILT_IN, Network};

/// Bars in a held-out window: as many as the models that hear most.
const WINDOW: usize = 4;

/// Steps in which a bar is rebuilt.
const CALLS: usize = 8;

/// Actions of other bars that each bar is rebuilt with.
const OTHERS: usize = 5;

/// Of these, how many are listened for in what was rebuilt.
const LISTENED: usize = 2;

/// The file in a model's folder that keeps its preset.
const PRESET: &str = "preset.toml";

/// Windows rebuilt at once.
const BATCH: usize = 64;

/// Bars of the training split, at most, that a probe learns from.
const PROBED: usize = 2048;

/// Seed of the intervals of what concerns players.
const PROBE_SEED: u64 = 1;

/// What to compare.
pub struct Request<'a> {
    /// The models; the others are compared with the first.
    pub presets: Vec<ActionsPreset>,
    /// What they hear. Where players are known the models are asked about them.
    pub slots: &'a Slots,
    /// Where their runs lie, as [`run_folder`] says.
    pub runs: PathBuf,
    /// Floating-point operations that each may spend on training; each is trained anew for every number of them.
    pub operations: Vec<f64>,
    /// Bars of the validation split that each is measured on.
    pub bars: usize,
    /// Device, differentiation off.
    pub device: Device,
}

/// What became of one model, at one number of codes where it has several.
pub struct Row {
    /// Name of the preset, with how many codes were used.
    pub name: String,
    /// Operations it was allowed in training.
    pub operations: f64,
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
    /// By bar: how much of another bar's action is heard again in what was rebuilt under it, as the share that both lists of active actions
    /// have in common of what either has.
    pub heard: Vec<f64>,
    /// The same of the bar's own action where another was asked for: what would be heard if nobody listened.
    pub heard_anyway: Vec<f64>,
    /// How much of who plays a linear probe reads off the action: the mean over instruments of the area under the ROC curve, 0.5 by chance.
    /// Nothing where nobody knows who plays, and in all rows of a model but the first.
    pub players_told: Option<Interval>,
    /// How well the model itself hears who plays, instrument by instrument; empty where it does not listen for it.
    pub players_heard: Vec<Heard>,
}

impl Row {
    /// By how many decibels the own action brings a bar nearer than other bars' actions do, over all bars; as a ratio of errors this is
    /// what Genie calls ΔPSNR.
    pub fn delta_psnr_db(&self, seed: u64) -> Interval {
        Interval::of_figure(&self.errors, seed, |errors| decibels_between(errors))
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
    let train = request.slots.windows(Split::Train, WINDOW);
    let learned = train.iter().step_by(train.len().div_ceil(PROBED).max(1)).collect();
    let bench = Bench { request, held_out, learned };
    let presets = request.presets.iter();
    let all = presets.flat_map(|preset| request.operations.iter().map(move |&operations| (preset, operations)));
    let rows: Vec<Vec<Row>> = all.map(|(preset, operations)| bench.rows(preset, operations)).collect::<Result<_>>()?;
    Ok(rows.into_iter().flatten().collect())
}

/// The model that a comparison left in `folder`, if it is one of weights over a table and hears one bar; with its sizes.
///
/// # Errors
/// When there is none, it has not finished, or it is of another kind.
pub fn finished_style(folder: &Path, device: &Device) -> Result<(ActionModel, ActionConfig)> {
    let preset = compared(folder)?;
    match preset.network {
        Network::Style(config) if config.heard_bars == 1 => {
            let model = run::load_finished(ActionModel::new(&config, device), folder)?.model;
            Ok((model, config))
        }
        _ => bail!("{} must be weights over a table, inferred from one bar", preset.name),
    }
}

/// The model that a comparison left in `folder`, if it is one of codes; with its sizes.
///
/// # Errors
/// When there is none, it has not finished, or it is of another kind.
pub fn finished_codes(folder: &Path, slots: &Slots, device: &Device) -> Result<(CodeModel, CodeConfig)> {
    let preset = compared(folder)?;
    match preset.network {
        Network::Codes(config) => Ok((codes::finished(&config, slots, preset.seed, folder, device)?, config)),
        Network::Style(_) => bail!("{} is of weights over a table, and codes are wanted", preset.name),
    }
}

/// The preset of the model that a comparison left in `folder`.
fn compared(folder: &Path) -> Result<ActionsPreset> {
    let path = folder.join(PRESET);
    let text = fs::read_to_string(&path)
        .with_context(|| format!("reading {}: name the folder of a model that was compared", path.display()))?;
    toml::from_str(&text).with_context(|| format!("reading {}", path.display()))
}

struct Bench<'a> {
    request: &'a Request<'a>,
    /// Windows; the last bar of each is rebuilt.
    held_out: Vec<&'a Vec<usize>>,
    /// Windows of the training split; probes learn from the last bar of each.
    learned: Vec<&'a Vec<usize>>,
}

/// What is told of the last bar of every window: vectors `[bar][width]`, which actions are active in them, and how the choice was spread.
struct Told {
    vectors: Vec<Vec<f32>>,
    active_in: Vec<Vec<u16>>,
    perplexity: Vec<(f64, usize)>,
    active: f64,
}

/// What else a decoder is told of every held-out bar: who plays, as vectors `[bar][width]` that are added to the action's.
struct ToldPlayers {
    heard: Vec<Vec<f32>>,
    unsaid: Vec<f32>,
}

/// Whose players a decoder is told of.
#[derive(Clone, Copy, PartialEq)]
enum Whose {
    /// Those heard in the bar that is rebuilt.
    Own,
    /// Those heard in the bar that the action is of.
    Action,
    /// Nobody's.
    Nobody,
}

/// A model that was trained, ready to be asked.
struct Subject<'a> {
    name: String,
    operations: f64,
    parameters: usize,
    steps: u64,
    decoder: &'a ActionDecoder,
    told: Told,
    players: Option<ToldPlayers>,
    listen: Listen<'a>,
}

impl Subject<'_> {
    /// What the decoder is told of `bar`: the action of the bar `from`, and of the players what is asked.
    fn condition(&self, bar: usize, from: usize, whose: Whose) -> Vec<f32> {
        let action = &self.told.vectors[from];
        let Some(players) = &self.players else { return action.clone() };
        let players = match whose {
            Whose::Own => &players.heard[bar],
            Whose::Action => &players.heard[from],
            Whose::Nobody => &players.unsaid,
        };
        action.iter().zip(players).map(|(a, b)| a + b).collect()
    }
}

/// The actions that are active in the last bars of some windows if these `[window, slot, channel]` stood in their place.
type Listen<'a> = &'a dyn Fn(&[&Vec<usize>], Tensor<3>) -> Vec<Vec<u16>>;

impl Bench<'_> {
    fn rows(&self, preset: &ActionsPreset, operations: f64) -> Result<Vec<Row>> {
        let folder = run_folder(&self.request.runs, &preset.name, operations);
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
            Network::Style(config) => self.style(preset, config, operations, &options),
            Network::Codes(config) => self.codes(preset, config, operations, &options),
        }
    }

    fn style(&self, preset: &ActionsPreset, config: &ActionConfig, operations: f64, options: &RunOptions) -> Result<Vec<Row>> {
        let schedule = schedule(preset, cost::actions(config), operations);
        let trained = actions::train(config, &schedule, self.request.slots, options)?;
        let model = &trained.model;
        let told = |windows: &[&Vec<usize>]| self.told_by_style(model, config, windows);
        let subject = Subject {
            name: preset.name.clone(),
            operations,
            parameters: model.num_params(),
            steps: trained.state.step,
            decoder: &model.decoder,
            told: told(&self.held_out),
            players: self.told_players(model),
            listen: &|windows, here| active_in(&self.chosen(model, config, Bars { here, ..self.bars(windows) }), config),
        };
        let players_told = self.players_told(&subject.told, &told)?;
        let players_heard = self.players_heard(model, config);
        let first = Row { players_told, players_heard, ..self.row(&subject, &subject.name, Whose::Own) };
        let others = [("players of the action's bar", Whose::Action), ("players not told", Whose::Nobody)];
        let others = others.into_iter().filter(|_| subject.players.is_some());
        let others = others.map(|(how, whose)| self.row(&subject, &format!("{}, {how}", subject.name), whose));
        Ok([first].into_iter().chain(others).collect())
    }

    fn codes(&self, preset: &ActionsPreset, config: &CodeConfig, operations: f64, options: &RunOptions) -> Result<Vec<Row>> {
        let schedule = schedule(preset, cost::codes(config), operations);
        let trained = codes::train(config, &schedule, self.request.slots, options)?;
        let row = |kept: usize| {
            let told = |windows: &[&Vec<usize>]| self.told_by_codes(&trained.model, config, kept, windows);
            let subject = Subject {
                name: format!("{}, {}", preset.name, codes::counted(kept)),
                operations,
                parameters: trained.model.num_params(),
                steps: trained.state.step,
                decoder: &trained.model.decoder,
                told: told(&self.held_out),
                players: None,
                listen: &|windows, here| {
                    let codes = self.coded(&trained.model, config, windows, Some(here)).1;
                    codes.iter().map(|codes| as_actions(&codes[..kept], config)).collect()
                },
            };
            let players_told = self.players_told(&subject.told, &told)?;
            Ok(Row { players_told, ..self.row(&subject, &subject.name, Whose::Own) })
        };
        (1..=config.quantiser.stages).map(row).collect()
    }

    /// What an action model that knows players tells its decoder of those that it hears.
    fn told_players(&self, model: &ActionModel) -> Option<ToldPlayers> {
        let instruments = model.instruments.as_ref()?;
        let (mut heard, mut unsaid) = (Vec::new(), Vec::new());
        for group in self.held_out.chunks(BATCH) {
            let players = instruments.head.forward(self.bars(group).here);
            unsaid = rows_of(instruments.embed(players.clone().narrow(0, 0, 1).zeros_like())).concat();
            heard.extend(rows_of(instruments.embed(players)));
        }
        Some(ToldPlayers { heard, unsaid })
    }

    /// How well a model hears who plays in held-out bars.
    fn players_heard(&self, model: &ActionModel, config: &ActionConfig) -> Vec<Heard> {
        let (Some(instruments), Some(truth)) = (&model.instruments, self.players(&self.held_out)) else { return Vec::new() };
        let heard = self.held_out.chunks(BATCH).flat_map(|group| rows_of(instruments.head.forward(self.bars(group).here)));
        let scores: Vec<Vec<f64>> = heard.map(|row| row.into_iter().map(f64::from).collect()).collect();
        Judged::new(&config.instruments, &scores, &truth, &self.pieces()).by_instrument(PROBE_SEED)
    }

    /// What a probe says of who plays, from vectors alone; nothing where nobody knows.
    fn players_told(&self, asked: &Told, told: &dyn Fn(&[&Vec<usize>]) -> Told) -> Result<Option<Interval>> {
        let (Some(learned), Some(held_out)) = (self.players(&self.learned), self.players(&self.held_out)) else {
            return Ok(None);
        };
        let from = told(&self.learned);
        let from = Known { players: &learned, vectors: &from.vectors };
        let of = Known { players: &held_out, vectors: &asked.vectors };
        Ok(probed(&from, &of, &self.pieces())?.mean_area(PROBE_SEED))
    }

    /// Who plays in the last bar of each window; nothing unless that is known of all.
    fn players(&self, windows: &[&Vec<usize>]) -> Option<Vec<Players>> {
        windows.iter().map(|window| self.request.slots.players[window[WINDOW - 1]]).collect()
    }

    /// The piece of each held-out bar.
    fn pieces(&self) -> Vec<usize> {
        let pieces = &self.request.slots.pieces[&Split::Validation];
        let of_unit: BTreeMap<usize, usize> =
            pieces.iter().enumerate().flat_map(|(piece, units)| units.iter().map(move |&unit| (unit, piece))).collect();
        self.held_out.iter().map(|window| of_unit[&window[WINDOW - 1]]).collect()
    }

    fn told_by_style(&self, model: &ActionModel, config: &ActionConfig, windows: &[&Vec<usize>]) -> Told {
        let (mut vectors, mut used, mut entropy, mut choices) = (Vec::new(), vec![0.0; config.actions], 0.0, 0.0);
        let mut active = Vec::new();
        for group in windows.chunks(BATCH) {
            let choice = self.chosen(model, config, self.bars(group));
            let weights = numbers(choice.weights.clone());
            for row in weights.chunks_exact(config.actions) {
                entropy += entropy_of(row);
                choices += 1.0;
                row.iter().zip(&mut used).for_each(|(weight, used)| *used += f64::from(*weight));
            }
            active.extend(active_in(&choice, config));
            vectors.extend(rows_of(model.table.embed_by_head(choice.weights)));
        }
        let perplexity = vec![(perplexity(&used), config.actions)];
        Told { vectors, active_in: active, perplexity, active: (entropy / choices).exp() }
    }

    fn chosen(&self, model: &ActionModel, config: &ActionConfig, bars: Bars) -> Choice {
        model.choose(bars.here, bars.previous, bars.timing, config.active, 0.0)
    }

    fn told_by_codes(&self, model: &CodeModel, config: &CodeConfig, kept: usize, windows: &[&Vec<usize>]) -> Told {
        let (stages, codes) = (config.quantiser.stages, config.quantiser.codes());
        let (mut vectors, mut active_in, mut used) = (Vec::new(), Vec::new(), vec![vec![0.0; codes]; stages]);
        for group in windows.chunks(BATCH) {
            let (levels, chosen) = self.coded(model, config, group, None);
            for chosen in &chosen {
                chosen.iter().zip(&mut used).for_each(|(&code, used)| used[code] += 1.0);
                active_in.push(as_actions(&chosen[..kept], config));
            }
            vectors.extend(rows_of(model.quantiser.embed(levels, &vec![kept; group.len()])));
        }
        let perplexity = used.iter().take(kept).map(|used| (perplexity(used), codes)).collect();
        Told { vectors, active_in, perplexity, active: 1.0 }
    }

    /// Levels `[window, stage, number]` and codes `[window][stage]` of the last bar of each window, or of another in its place.
    fn coded(
        &self,
        model: &CodeModel,
        config: &CodeConfig,
        windows: &[&Vec<usize>],
        instead: Option<Tensor<3>>,
    ) -> (Tensor<3>, Vec<Vec<usize>>) {
        // A model that hears fewer bars hears the last ones.
        let heard: Vec<Vec<usize>> = windows.iter().map(|window| window[WINDOW - config.bars..].to_vec()).collect();
        let Windows { bars, timing } = Windows::new(self.request.slots, &heard.iter().collect::<Vec<_>>(), &self.request.device);
        let changes = config.bars - 1;
        let bars = match instead {
            Some(last) => Tensor::cat(vec![bars.narrow(1, 0, changes), last.unsqueeze_dim::<4>(1)], 1),
            None => bars,
        };
        let quantised = model.codes(bars, timing);
        let last: Vec<usize> = (0..windows.len()).map(|window| window * changes + changes - 1).collect();
        let all = model.quantiser.codes(&quantised);
        let codes = last.iter().map(|&row| all[row].clone()).collect();
        let last = last.into_iter().map(|row| row as i32).collect::<Vec<_>>();
        let last = Tensor::from_data(TensorData::new(last, [windows.len()]), &self.request.device);
        (quantised.levels.select(0, last), codes)
    }

    fn row(&self, subject: &Subject<'_>, name: &str, whose: Whose) -> Row {
        let &Subject { operations, parameters, steps, ref told, listen, .. } = subject;
        let rebuilt: Vec<Vec<Tensor<3>>> = (0..=OTHERS).map(|shift| self.rebuilt(subject, whose, shift)).collect();
        let errors: Vec<Vec<f64>> = rebuilt.iter().map(|rebuilt| self.errors(rebuilt)).collect();
        let mean = |bar: usize| errors[1..].iter().map(|errors| errors[bar]).sum::<f64>() / OTHERS as f64;
        let (mut heard, mut heard_anyway) = (Vec::new(), Vec::new());
        for shift in 1..=LISTENED {
            let groups = self.held_out.chunks(BATCH).zip(&rebuilt[shift]);
            let again = groups.flat_map(|(group, rebuilt)| listen(group, rebuilt.clone()));
            for (bar, again) in again.enumerate() {
                heard.push(in_common(&again, &told.active_in[self.other(bar, shift)]));
                heard_anyway.push(in_common(&again, &told.active_in[bar]));
            }
        }
        let errors = errors[0].iter().enumerate().map(|(bar, own)| [*own, mean(bar)]).collect();
        Row {
            name: name.to_owned(),
            operations,
            parameters,
            steps,
            errors,
            perplexity: told.perplexity.clone(),
            active: told.active,
            heard,
            heard_anyway,
            players_told: None,
            players_heard: Vec::new(),
        }
    }

    /// The bar `shift` parts of the list further on.
    fn other(&self, bar: usize, shift: usize) -> usize {
        let count = self.held_out.len();
        (bar + shift * count / (OTHERS + 1)) % count
    }

    /// Every bar rebuilt from its own noise with the action of the one `shift` parts further on, [`BATCH`] at a time.
    fn rebuilt(&self, subject: &Subject<'_>, whose: Whose, shift: usize) -> Vec<Tensor<3>> {
        let device = &self.request.device;
        let groups = self.held_out.chunks(BATCH).enumerate().map(|(number, group)| {
            let bars = self.bars(group);
            let shape = bars.here.dims();
            let mut noise = vec![0.0; shape.iter().product()];
            GaussianNoise::new(number as u64).fill(&mut noise);
            let noise = Tensor::<3>::from_data(TensorData::new(noise, shape), device);
            let places = number * BATCH..number * BATCH + group.len();
            let told: Vec<f32> = places.flat_map(|bar| subject.condition(bar, self.other(bar, shift), whose)).collect();
            let width = told.len() / group.len();
            let told = Tensor::<2>::from_data(TensorData::new(told, [group.len(), width]), device);
            rebuild::rebuilt(subject.decoder, noise, &bars, &told, CALLS)
        });
        groups.collect()
    }

    /// Squared error of every bar.
    fn errors(&self, rebuilt: &[Tensor<3>]) -> Vec<f64> {
        let of_group = |(group, rebuilt): (&[&Vec<usize>], &Tensor<3>)| {
            let error = rebuilt.clone() - self.bars(group).here;
            numbers((error.clone() * error).mean_dim(2).mean_dim(1))
        };
        self.held_out.chunks(BATCH).zip(rebuilt).flat_map(of_group).map(f64::from).collect()
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

/// As many steps as the operations allow, where one item of a batch costs so many, there and back.
fn schedule(preset: &ActionsPreset, forward: f64, operations: f64) -> Schedule {
    let steps = operations / (3.0 * forward * preset.schedule.batch as f64);
    Schedule { steps: steps.max(1.0) as u64, ..preset.schedule.clone() }
}

/// The heaviest actions of each bar, all heads together.
fn active_in(choice: &Choice, config: &ActionConfig) -> Vec<Vec<u16>> {
    let weights = numbers(choice.weights.clone().mean_dim(1)); // [batch, 1, action]
    let sparse = |row: &[f32]| (0..).zip(row.iter().copied()).filter(|(_, weight)| *weight > 0.0).collect::<SparseWeights>();
    weights.chunks_exact(config.actions).map(|row| heaviest(&sparse(row), config.active)).collect()
}

/// Codes of several stages as actions of one long table.
fn as_actions(codes: &[usize], config: &CodeConfig) -> Vec<u16> {
    codes.iter().enumerate().map(|(stage, code)| (stage * config.quantiser.codes() + code) as u16).collect()
}

/// `[row][width]`.
fn rows_of(x: Tensor<2>) -> Vec<Vec<f32>> {
    let width = x.dims()[1];
    numbers(x).chunks_exact(width).map(<[f32]>::to_vec).collect()
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

/// What scaling is told of: errors under a bar's own action and under those of others.
pub fn trainings(rows: &[Row]) -> Vec<Training> {
    let measured = |row: &Row| Training { name: row.name.clone(), operations: row.operations, items: row.errors.clone() };
    rows.iter().map(measured).collect()
}

/// One row a model and number of codes, and a second table of how well players are heard by models that listen for them. Intervals hold
/// 95 %, by bootstrap over bars; of what concerns players over pieces, whose bars share them.
pub fn table(rows: &[Row], seed: u64) -> String {
    let mut text = String::from(
        "| model | teraflop | weights | steps | error, own action ↓ | own nearer than others', dB ↑ | other's action heard ↑ | own heard instead | in use | \
         active in a bar | players told by the action |\n|---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for row in rows {
        let in_use: Vec<String> = row.perplexity.iter().map(|(used, all)| format!("{used:.1} of {all}")).collect();
        writeln!(
            text,
            "| {} | {} | {:.2} M | {} | {} | {} | {} | {} | {} | {:.1} | {} |",
            row.name,
            row.operations / 1e12,
            row.parameters as f64 / 1e6,
            row.steps,
            row.own(seed).rounded(3),
            row.delta_psnr_db(seed).rounded(2),
            Interval::of(&row.heard, seed).rounded(2),
            Interval::of(&row.heard_anyway, seed).rounded(2),
            in_use.join(", "),
            row.active,
            row.players_told.map_or_else(String::new, |area| area.rounded(3)),
        )
        .expect("text takes whatever is written");
    }
    text + &players::table(rows)
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use turnaround_core::instruments::Instrument;

    use super::*;

    const SLOTS: usize = 4;
    const CHANNELS: usize = 4;

    fn preset(name: &str, network: Network) -> ActionsPreset {
        let schedule =
            Schedule { batch: 16, steps: 0, learning_rate: 5e-3, warm_up: 10, cool_down: 0.5, beta_2: 0.95, weight_decay: 0.0 };
        ActionsPreset { name: name.into(), seed: 1, schedule, network }
    }

    fn codes() -> Network {
        Network::Codes(CodeConfig::for_tests(SLOTS, CHANNELS))
    }

    #[test]
    fn bars_that_only_their_actions_tell_apart_come_nearer_under_their_own() {
        let (folder, slots) = (tempfile::tempdir().expect("a temporary folder"), Slots::of_patterns(SLOTS, CHANNELS));
        let request = |operations: f64| Request {
            presets: vec![preset("style", Network::Style(ActionConfig::for_tests(SLOTS, CHANNELS, 2))), preset("codes", codes())],
            slots: &slots,
            runs: folder.path().join(format!("{operations}")),
            operations: vec![operations],
            bars: 30,
            device: Device::flex(),
        };
        let rows = run(&request(2e9)).expect("both learn");
        let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
        assert_eq!(names, ["style", "codes, 1 code", "codes, 2 codes"]);
        for row in &rows {
            let delta = row.delta_psnr_db(1);
            assert!(delta.low > 1.0, "{}: {delta}", row.name);
            let (heard, anyway) = (Interval::of(&row.heard, 1).mean, Interval::of(&row.heard_anyway, 1).mean);
            assert!(heard > anyway, "{}: {heard} is no more than {anyway}", row.name);
            assert!(row.perplexity.iter().all(|&(used, all)| used >= 1.0 && used <= all as f64), "{}", row.name);
        }
        assert!(rows[0].active <= 2.0 + 1e-6);
        assert_eq!(table(&rows, 1), table(&run(&request(2e9)).expect("they have finished"), 1));
        let folder_of = |name: &str| run_folder(&request(2e9).runs, name, 2e9);
        let (model, config) = finished_style(&folder_of("style"), &Device::flex()).expect("it is read back");
        assert_eq!((config.active, model.num_params()), (2, rows[0].parameters));
        let refused = finished_style(&folder_of("codes"), &Device::flex()).expect_err("codes are no weights").to_string();
        assert!(refused.contains("weights over a table"), "{refused}");
        let folder = folder_of("codes");
        let (model, config) = finished_codes(&folder, &slots, &Device::flex()).expect("it is read back");
        assert_eq!((config.quantiser.stages, model.num_params()), (2, rows[1].parameters));
        let refused = finished_codes(&folder_of("style"), &slots, &Device::flex()).expect_err("weights are no codes").to_string();
        assert!(refused.contains("codes are wanted"), "{refused}");

        // What was hardly trained knows no difference.
        let untrained = run(&request(1.0)).expect("one step each");
        assert!(untrained.iter().all(|row| row.steps == 1 && row.delta_psnr_db(1).mean.abs() < 0.2));
    }

    #[test]
    fn players_are_heard_and_actions_need_not_say_what_is_told_beside_them() {
        let (folder, slots) = (tempfile::tempdir().expect("a temporary folder"), Slots::of_patterns(SLOTS, CHANNELS));
        let config = ActionConfig::for_tests(SLOTS, CHANNELS, 2);
        // One of two actions cannot say which of four patterns a bar is: a decoder that is told of players has to listen to them.
        let instruments = vec![Instrument::Piano, Instrument::Bass, Instrument::Drums];
        let presets = vec![
            preset("style", Network::Style(config.clone())),
            preset("told", Network::Style(ActionConfig { instruments, actions: 2, active: 1, ..config })),
        ];
        let (runs, device) = (folder.path().to_path_buf(), Device::flex());
        let rows = run(&Request { presets, slots: &slots, runs, operations: vec![2e9], bars: 30, device }).expect("both learn");
        let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
        assert_eq!(names, ["style", "told", "told, players of the action's bar", "told, players not told"]);
        let [style, told, with_action, untold] = &rows[..] else { panic!("four rows") };

        // Which of four patterns a bar is says who plays, and the reverse: the action alone says it, and players alone do.
        assert!(style.players_told.expect("players are known").low > 0.9, "{:?}", style.players_told);
        assert!(style.players_heard.is_empty() && untold.players_told.is_none());
        let heard: Vec<(Instrument, bool)> =
            told.players_heard.iter().map(|heard| (heard.instrument, heard.area.low > 0.95)).collect();
        assert_eq!(heard, [(Instrument::Bass, true), (Instrument::Drums, true)], "the piano is in every bar");
        let (with, without) = (told.own(1), untold.own(1));
        assert!(with.high < 0.5 * without.low, "players told: {with}, not told: {without}");
        // Whose players are told matters where the action is another bar's, and only there.
        let errors = |row: &Row, which: usize| row.errors.iter().map(|errors| errors[which]).collect::<Vec<f64>>();
        assert_eq!(errors(told, 0), errors(with_action, 0));
        assert_ne!(errors(told, 1), errors(with_action, 1));
        let text = table(&rows, 1);
        assert!(text.contains("| told | drums | ") && !text.contains("| style | drums | "), "{text}");
    }

    #[test]
    fn perplexity_is_how_many_would_be_as_spread() {
        assert!((perplexity(&[3.0, 3.0, 3.0, 0.0]) - 3.0).abs() < 1e-6);
        assert!((perplexity(&[1.0, 0.0]) - 1.0).abs() < 1e-6);
    }
}
