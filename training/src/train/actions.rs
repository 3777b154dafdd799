//! Trains latent actions: a bar must be rebuilt from the bar before and a handful of table entries chosen by looking at it.

use anyhow::{Result, ensure};
use burn::tensor::activation::{sigmoid, softmax};
use burn::tensor::{Device, Tensor, TensorData};
use rand::Rng;

use super::latents::{Slots, numbers};
use super::run::{self, Loss, RunOptions, START, Schedule, Trained};
use super::{players, rebuild};
use crate::corpus::Split;
use crate::networks::actions::{ActionConfig, ActionModel, Choice};

/// From here on (share of the run) the choice grows sparser …
const DENSE_UNTIL: f64 = 0.05;
/// … until here only the best actions are kept.
const SPARSE_FROM: f64 = 0.3;

/// Below this share of the table in use, the usage term pulls actions apart.
const LEAST_PERPLEXITY: f64 = 0.3;

/// Trains actions on consecutive units; a model that knows instruments also learns to hear them, and its decoder is told of them.
///
/// # Errors
/// When no piece is long enough or nobody knows who plays, or as [`run::run`].
pub fn train(config: &ActionConfig, schedule: &Schedule, slots: &Slots, options: &RunOptions) -> Result<Trained<ActionModel>> {
    let pairs = slots.windows(Split::Train, 2);
    ensure!(!pairs.is_empty(), "no piece of the training split has two units in a row: build a longer corpus");
    let knows_players = || pairs.iter().any(|pair| slots.players[pair[1]].is_some());
    ensure!(
        config.instruments.is_empty() || options.folder.join(START).exists() || knows_players(),
        "nobody says who plays in this corpus: take one by the arranger, or start from a set that knows instruments"
    );
    let fresh = |device: &Device| ActionModel::new(config, device);
    run::run(fresh, schedule, options, |model, step| {
        let chosen: Vec<&Vec<usize>> = (0..step.batch).map(|_| &pairs[step.random.random_range(0..pairs.len())]).collect();
        let before: Vec<usize> = chosen.iter().map(|pair| pair[0]).collect();
        let here: Vec<usize> = chosen.iter().map(|pair| pair[1]).collect();
        let bars = rebuild::Bars {
            here: slots.batch(&here, &step.device),
            previous: slots.batch(&before, &step.device),
            timing: slots.timing(&here, &step.device),
        };
        let clean = bars.here.clone();
        let heard = if config.heard_noise > 0.0 { rebuild::blurred(clean, config.heard_noise, step.random) } else { clean };
        let Choice { scores, weights } =
            model.choose(heard, bars.previous.clone(), bars.timing.clone(), config.active, density(step.progress));
        let action = model.table.embed_by_head(weights.clone());
        let told = model.instruments.as_ref().map(|instruments| {
            let known = slots.players(&here);
            let log_odds = instruments.head.log_odds(bars.here.clone());
            let heard = numbers(sigmoid(log_odds.clone().detach()));
            let players = players::drawn(step.random, &known, &heard, &config.instruments, |_| players::UNSAID);
            let players = Tensor::from_data(TensorData::new(players, log_odds.dims()), &step.device);
            let hearing = players::hearing_loss(log_odds, &known, &config.instruments, &step.device);
            (instruments.embed(players), hearing)
        });
        let (action, hearing) = match told {
            Some((players, hearing)) => (action + players, Some(hearing)),
            None => (action, None),
        };
        let rebuilt = rebuild::loss(&model.decoder, bars, action, step.random);

        // Entropy of the table's use over the batch; its exponential is the number of actions in effective use.
        let usage = softmax(scores, 1).mean_dim(0).squeeze_dim::<1>(0);
        let entropy = (usage.clone() * (usage + 1e-9).log()).sum().neg();
        let used = weights.mean_dim(1).mean_dim(0).reshape([config.actions]).detach();
        let perplexity = (used.clone() * (used + 1e-9).log()).sum().neg().exp();
        let scarce = f64::from(perplexity.clone().into_scalar::<f32>()) < LEAST_PERPLEXITY * config.actions as f64;
        let total = if scarce {
            rebuilt.clone() - entropy.mul_scalar(0.01) + 0.01 * (config.actions as f64).ln()
        } else {
            rebuilt.clone()
        };
        let mut parts = vec![("rebuilt", rebuilt), ("perplexity", perplexity)];
        let total = match hearing {
            // What hears players shares no weight with the rest, so their scale beside each other does not matter.
            Some(hearing) => {
                parts.push(("players", hearing.clone()));
                total + hearing
            }
            None => total,
        };
        Ok(Loss { total, parts })
    })
}

/// One at the start, zero once only the best actions count.
fn density(progress: f64) -> f64 {
    ((SPARSE_FROM - progress) / (SPARSE_FROM - DENSE_UNTIL)).clamp(0.0, 1.0)
}
