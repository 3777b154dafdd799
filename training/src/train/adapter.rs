//! Trains the bar adapter: a bar's latents must survive the way to slots and back.

use anyhow::Result;
use burn::tensor::Device;
use rand::Rng;

use super::latents::{Latents, LengthTensors};
use super::run::{self, Loss, RunOptions, Schedule, Trained};
use crate::networks::adapter::{Adapter, AdapterConfig};

/// Trains an adapter on the latents of `units`.
///
/// # Errors
/// As [`run::run`].
pub fn train(
    config: &AdapterConfig,
    schedule: &Schedule,
    latents: &Latents,
    units: &[usize],
    options: &RunOptions,
) -> Result<Trained<Adapter>> {
    let by_length = latents.by_length(units);
    let fresh = |device: &Device| Adapter::new(config, device);
    run::run(fresh, schedule, options, |model, step| {
        // A length is drawn as often as it has bars; the whole batch shares it.
        let drawn = latents.tokens(units[step.random.random_range(0..units.len())]);
        let pool = &by_length[&drawn];
        let chosen: Vec<usize> = (0..step.batch).map(|_| pool[step.random.random_range(0..pool.len())]).collect();
        let bars = latents.batch(&chosen, &step.device);
        let length = LengthTensors::new(drawn, config.slots, &step.device);
        let slots = model.encode(bars.clone(), length.down, length.position.clone());
        let back = model.decode(slots, length.up, length.position);
        let error = back - bars;
        Ok(Loss { total: (error.clone() * error).mean(), parts: vec![] })
    })
}
