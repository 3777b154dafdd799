//! Trains the dynamics by diffusion forcing over windows of consecutive units.

use anyhow::{Result, ensure};
use burn::tensor::{Device, Tensor, TensorData};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use turnaround_core::actions::{dense_weights, sparse_weights};
use turnaround_core::contract::SparseWeights;
use turnaround_core::instruments::Instrument;

use super::latents::{Slots, numbers};
use super::run::{self, Loss, RunOptions, Schedule, Trained};
use super::told::ActionVectors;
use super::{players, random};
use crate::corpus::Split;
use crate::networks::actions::{ActionConfig, ActionModel, beside_players};
use crate::networks::dynamics::{Bars, Dynamics, DynamicsConfig, noise_ordered_bias};

/// Noise level that clean context is labelled with.
pub const CONTEXT_LEVEL: f32 = 0.02;

/// What happens to windows while the dynamics learns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Forcing {
    /// Share of windows in which most bars are clean context, as in an edit; in the others every bar has a level of its own.
    pub edits: f64,
    /// Share of batches in which bars attend only to bars at equal or lower noise; in the others all see all. Only what was learned in
    /// order may be used with context that is computed once.
    pub ordered: f64,
    /// Share of windows without any action; as many, drawn apart, are told nothing of players.
    pub null_windows: f64,
    /// Share of bars without one in the other windows, and the same of players.
    pub null_bars: f64,
    /// Share of bars of which only the heaviest few actions, or first few codes, are told, one to all but one: a musician turns one knob, or
    /// two, and the dynamics should know what that means. Costs those bars what the rest would have told; what it brings to weights is open
    /// (experiment 0011).
    pub partial: f64,
}

impl Default for Forcing {
    fn default() -> Self {
        Self { edits: 0.6, ordered: 0.7, null_windows: 0.1, null_bars: 0.1, partial: 0.0 }
    }
}

/// Bars this close in level may see each other.
pub const SLACK: f64 = 0.02;

/// Inferred actions of every unit, with the players heard in it where the action model hears them.
pub struct InferredActions {
    /// Sparse weights per unit.
    pub weights: Vec<SparseWeights>,
    /// The table's vectors of these weights.
    pub vectors: ActionVectors,
    /// Who plays; nothing where the model knows no instruments.
    pub players: Option<HeardPlayers>,
}

impl InferredActions {
    /// Runs a trained action model over all units.
    pub fn new(model: &ActionModel, config: &ActionConfig, slots: &Slots, device: &Device) -> Self {
        let (actions, active) = (config.actions, config.active);
        let all: Vec<usize> = (0..slots.of_unit.len()).collect();
        let (mut weights, mut vectors, mut of_heaviest, mut width) = (Vec::new(), Vec::new(), Vec::new(), 0);
        let mut heard = Vec::new();
        for group in all.chunks(64) {
            let bars = slots.batch(group, device);
            if let Some(instruments) = &model.instruments {
                let players = numbers(instruments.head.forward(bars.clone()));
                heard.extend(players.chunks_exact(config.instruments.len()).map(<[f32]>::to_vec));
            }
            let scores = numbers(model.scores(bars, slots.timing(group, device)));
            let chosen: Vec<SparseWeights> = scores.chunks_exact(actions).map(|scores| sparse_weights(scores, active)).collect();
            let heaviest = |weights: &SparseWeights| (1..=weights.len()).map(|kept| weights[..kept].to_vec()).collect::<Vec<_>>();
            let parts: Vec<Vec<SparseWeights>> = chosen.iter().map(heaviest).collect();
            let dense: Vec<f32> = parts.iter().flatten().flat_map(|weights| dense_weights(weights, actions)).collect();
            let rows = dense.len() / actions;
            let embedded = model.table.embed(Tensor::from_data(TensorData::new(dense, [rows, actions]), device));
            width = embedded.dims()[1];
            let embedded = numbers(embedded);
            let mut rows = embedded.chunks_exact(width).map(<[f32]>::to_vec);
            for parts in &parts {
                let mut of_parts: Vec<Vec<f32>> = rows.by_ref().take(parts.len()).collect();
                vectors.push(of_parts.pop().expect("scores are numbers, so an action has a weight"));
                of_heaviest.push(of_parts);
            }
            weights.extend(chosen);
        }
        let players =
            model.instruments.as_ref().map(|_| HeardPlayers { instruments: config.instruments.clone(), of_unit: heard });
        Self { weights, vectors: ActionVectors::new(vectors, width).with_heaviest(of_heaviest), players }
    }
}

/// Who is heard to play in every unit.
pub struct HeardPlayers {
    instruments: Vec<Instrument>,
    /// The probability that each plays, `[unit][instrument]`.
    of_unit: Vec<Vec<f32>>,
}

impl HeardPlayers {
    /// Players of every unit of some windows as they are heard, `[window · bar, instrument]`.
    pub fn heard(&self, windows: &[&Vec<usize>], device: &Device) -> Tensor<2> {
        let values: Vec<f32> = units_of(windows).flat_map(|unit| self.of_unit[unit].iter().copied()).collect();
        Tensor::from_data(TensorData::new(values, [units_of(windows).count(), self.instruments.len()]), device)
    }

    /// Players of every unit of some windows as training tells them, `[window · bar, instrument]`.
    fn told(
        &self,
        windows: &[&Vec<usize>],
        slots: &Slots,
        forcing: &Forcing,
        random: &mut ChaCha8Rng,
        device: &Device,
    ) -> Tensor<2> {
        let bars = windows[0].len();
        let is_unsaid: Vec<bool> = windows.iter().map(|_| random.random_bool(forcing.null_windows)).collect();
        let unsaid = |bar: usize| if is_unsaid[bar / bars] { 1.0 } else { forcing.null_bars };
        let units: Vec<usize> = units_of(windows).collect();
        let heard: Vec<f32> = units.iter().flat_map(|&unit| self.of_unit[unit].iter().copied()).collect();
        let players = players::drawn(random, &slots.players(&units), &heard, &self.instruments, unsaid);
        Tensor::from_data(TensorData::new(players, [units.len(), self.instruments.len()]), device)
    }
}

fn units_of(windows: &[&Vec<usize>]) -> impl Iterator<Item = usize> {
    windows.iter().flat_map(|window| window.iter().copied())
}

/// Actions `[window, bar, width]` with the players of the same bars, `[window · bar, instrument]`, beside them.
pub fn with_players(actions: Tensor<3>, players: Option<Tensor<2>>) -> Tensor<3> {
    let [windows, bars, width] = actions.dims();
    let joined = beside_players(actions.reshape([windows * bars, width]), players);
    let width = joined.dims()[1];
    joined.reshape([windows, bars, width])
}

/// Trains dynamics on windows of the training split; of every bar it is told the action vector in `told` and, if any are heard, the players.
///
/// # Errors
/// As [`run::run`].
pub fn train(
    config: &DynamicsConfig,
    forcing: &Forcing,
    schedule: &Schedule,
    slots: &Slots,
    told: &ActionVectors,
    players: Option<&HeardPlayers>,
    options: &RunOptions,
) -> Result<Trained<Dynamics>> {
    let windows = slots.windows(Split::Train, config.window_bars);
    ensure!(
        !windows.is_empty(),
        "no piece of the training split has {} units in a row: build a longer corpus",
        config.window_bars
    );
    let patches = config.slots / config.slots_per_patch;
    let fresh = |device: &Device| Dynamics::new(config, device);
    run::run(fresh, schedule, options, |model, step| {
        let chosen: Vec<&Vec<usize>> = (0..step.batch).map(|_| &windows[step.random.random_range(0..windows.len())]).collect();
        let units: Vec<usize> = chosen.iter().flat_map(|window| window.iter().copied()).collect();
        let shape = [step.batch, config.window_bars, config.slots, config.channels];
        let clean = slots.batch(&units, &step.device).reshape(shape);
        let plan: Vec<Vec<BarPlan>> =
            (0..step.batch).map(|_| plan_window(step.random, forcing, config.window_bars, told.most())).collect();

        let level = grid(&plan, |bar| bar.level, &step.device);
        let noised = grid(&plan, |bar| if bar.is_target { bar.level } else { 0.0 }, &step.device);
        let counted = grid(&plan, |bar| f32::from(u8::from(bar.is_target)), &step.device);
        let spread = noised.unsqueeze_dim::<3>(2).unsqueeze_dim::<4>(3);
        let noise = random::normal_tensor(step.random, shape, &step.device);
        let noisy = clean.clone() * (spread.clone().neg() + 1.0) + noise.clone() * spread;

        let null = grid(&plan, |bar| f32::from(u8::from(bar.is_null)), &step.device).unsqueeze_dim::<3>(2);
        let given = told.in_part(&chosen, |window, bar| plan[window][bar].kept, &step.device) * (null.clone().neg() + 1.0);
        let action = given + model.null_action.val().unsqueeze::<3>() * null;
        let told = players.map(|players| players.told(&chosen, slots, forcing, step.random, &step.device));
        let action = with_players(action, told);
        let first: Vec<usize> = chosen.iter().map(|window| window[0]).collect();
        let bias = step.random.random_bool(forcing.ordered).then(|| noise_ordered_bias(&level, patches, SLACK));
        let bars = Bars {
            slots: noisy,
            level,
            action,
            timing: slots.timing(&first, &step.device),
            position: positions(config.window_bars, &step.device),
        };
        let error = model.velocity(&bars, bias.as_ref()) - (noise - clean);
        let per_bar = (error.clone() * error).mean_dim(3).mean_dim(2).reshape([step.batch, config.window_bars]);
        let total = (per_bar * counted.clone()).sum() / counted.sum();
        Ok(Loss { total, parts: vec![] })
    })
}

/// Bar numbers 0, 1, 2 … `[bar]`.
pub fn positions(bars: usize, device: &Device) -> Tensor<1> {
    Tensor::from_data(TensorData::new((0..bars).map(|bar| bar as f32).collect::<Vec<_>>(), [bars]), device)
}

/// What happens to one bar of a training window.
#[derive(Clone, Copy)]
struct BarPlan {
    level: f32,
    is_target: bool,
    is_null: bool,
    /// How many of its heaviest actions are told; all if nothing is said.
    kept: Option<usize>,
}

fn plan_window(random: &mut ChaCha8Rng, forcing: &Forcing, bars: usize, active: usize) -> Vec<BarPlan> {
    let all_null = random.random_bool(forcing.null_windows);
    let is_edit = random.random_bool(forcing.edits);
    let shared = random::logistic_level(random, 0.0);
    let count = random.random_range(1..=(bars / 2).max(1));
    let from = random.random_range(0..=bars - count);
    (0..bars)
        .map(|bar| {
            let is_target = !is_edit || (from..from + count).contains(&bar);
            let level = match (is_target, is_edit) {
                (false, _) => CONTEXT_LEVEL,
                (true, true) => shared,
                (true, false) => random::logistic_level(random, 0.0),
            };
            let is_null = all_null || random.random_bool(forcing.null_bars);
            let kept = (active > 1 && random.random_bool(forcing.partial)).then(|| random.random_range(1..active));
            BarPlan { level, is_target, is_null, kept }
        })
        .collect()
}

/// `[window, bar]`.
fn grid(plan: &[Vec<BarPlan>], value: impl Fn(&BarPlan) -> f32, device: &Device) -> Tensor<2> {
    let shape = [plan.len(), plan[0].len()];
    let values: Vec<f32> = plan.iter().flatten().map(value).collect();
    Tensor::from_data(TensorData::new(values, shape), device)
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use super::*;
    use crate::train::random::of_step;

    #[test]
    fn a_bar_told_in_part_is_told_its_heaviest_actions() {
        let (slots, device) = (Slots::of_patterns(4, 4), Device::flex());
        let config = ActionConfig::for_tests(4, 4, 3);
        let model = ActionModel::new(&config, &device);
        let inferred = InferredActions::new(&model, &config, &slots, &device);
        let windows = slots.windows(Split::Train, 2);
        let window = &windows[0];
        let told =
            |kept: Option<usize>| numbers(inferred.vectors.in_part(&[window], |_, bar| kept.filter(|_| bar == 1), &device));
        let (whole, one) = (numbers(inferred.vectors.windows(&[window], &device)), told(Some(1)));
        assert_eq!((told(None), told(Some(9))), (whole.clone(), whole.clone()));
        let width = whole.len() / 2;
        assert_eq!(whole[..width], one[..width]);
        let heaviest = dense_weights(&vec![(inferred.weights[window[1]][0].0, 1.0)], config.actions);
        let alone = numbers(model.table.embed(Tensor::from_data(TensorData::new(heaviest, [1, config.actions]), &device)));
        assert!(one[width..].iter().zip(&alone).all(|(a, b)| (a - b).abs() < 1e-5));
    }

    #[test]
    fn as_many_bars_as_asked_are_told_in_part_and_one_action_alone_is_among_them() {
        let forcing = Forcing { partial: 0.3, ..Forcing::default() };
        let mut random = of_step(1, "plan", 0);
        let plan: Vec<BarPlan> = (0..500).flat_map(|_| plan_window(&mut random, &forcing, 8, 5)).collect();
        let of = |kept: usize| plan.iter().filter(|bar| bar.kept == Some(kept)).count() as f64 / plan.len() as f64;
        for kept in 1..5 {
            assert!((of(kept) - 0.075).abs() < 0.02, "{kept}: {}", of(kept));
        }
        assert_eq!(of(0) + of(5), 0.0);
        assert!(plan_window(&mut random, &forcing, 8, 1).iter().all(|bar| bar.kept.is_none()));
    }
}
