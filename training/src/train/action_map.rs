//! Fits the residual map on two descriptions of the same bars: from the vector of what the knobs' table says of a bar to that of a richer one.

use anyhow::{Result, ensure};
use burn::tensor::Device;
use rand::Rng;

use super::run::{self, Loss, RunOptions, Schedule, Trained};
use super::told::ActionVectors;
use crate::networks::action_map::{ActionMap, ActionMapConfig};

/// Two descriptions of the same bars.
#[derive(Clone, Copy)]
pub struct Pairs<'a> {
    /// What is mapped.
    pub from: &'a ActionVectors,
    /// What it should become, of the same width.
    pub to: &'a ActionVectors,
}

/// Fits a map by its mean squared error over `units`.
///
/// The error of a mean makes the mean: where bars that the first table cannot tell apart differ in the second, the map lands between them.
///
/// # Errors
/// When the two are not of one width, there is no unit, or as [`run::run`].
pub fn train(
    config: &ActionMapConfig,
    schedule: &Schedule,
    pairs: Pairs,
    units: &[usize],
    options: &RunOptions,
) -> Result<Trained<ActionMap>> {
    let (from, to) = (pairs.from.width(), pairs.to.width());
    ensure!(
        from == to,
        "a map keeps the width of action vectors, and here it is {from} and {to}: give the richer model the width of the actions"
    );
    ensure!(!units.is_empty(), "no unit falls to the training split: build a longer corpus");
    let fresh = |device: &Device| ActionMap::new(config, from, device);
    run::run(fresh, schedule, options, |map, step| {
        let chosen: Vec<usize> = (0..step.batch).map(|_| units[step.random.random_range(0..units.len())]).collect();
        let error = map.forward(pairs.from.batch(&chosen, &step.device)) - pairs.to.batch(&chosen, &step.device);
        Ok(Loss { total: (error.clone() * error).mean(), parts: vec![] })
    })
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::corpus::Split;
    use crate::networks::actions::ActionConfig;
    use crate::train::actions;
    use crate::train::latents::Slots;
    use crate::train::map_report::{self, MapReport};

    fn schedule(steps: u64) -> Schedule {
        Schedule { batch: 32, steps, learning_rate: 5e-3, warm_up: 10, cool_down: 0.5, beta_2: 0.95, weight_decay: 0.0 }
    }

    fn options(folder: &Path, stage: &'static str) -> RunOptions {
        RunOptions { folder: folder.join(stage), stage, seed: 1, minutes: None, checkpoint_seconds: 0.0, device: Device::flex() }
    }

    /// Points of a square, and beside them the product of their coordinates, of which no linear map knows anything.
    fn products(count: usize) -> (ActionVectors, ActionVectors) {
        let at = |index: usize, step: f32| ((index as f32 * step).fract() - 0.5) * 2.0;
        let points: Vec<[f32; 2]> = (0..count).map(|index| [at(index, 0.618_034), at(index, 0.414_214)]).collect();
        let from = points.iter().map(|[x, y]| vec![*x, *y, 1.0, -1.0]).collect();
        let to = points.iter().map(|[x, y]| vec![2.0 * x * y, 0.5 * x, 0.0, 1.0]).collect();
        (ActionVectors::new(from, 4), ActionVectors::new(to, 4))
    }

    fn fit(
        folder: &Path,
        steps: u64,
        (from, to): &(ActionVectors, ActionVectors),
        learned: &[usize],
    ) -> Result<Trained<ActionMap>> {
        train(&ActionMapConfig { blocks: 2 }, &schedule(steps), Pairs { from, to }, learned, &options(folder, "map"))
    }

    #[test]
    fn a_map_learns_what_a_linear_one_cannot() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let both = products(600);
        let (learned, held_out): (Vec<usize>, Vec<usize>) = (0..600).partition(|unit| unit % 3 > 0);
        let map = fit(folder.path(), 600, &both, &learned).expect("it learns").model;
        let pairs = Pairs { from: &both.0, to: &both.1 };
        let MapReport { identity, linear, map, .. } = map_report::explained(&map, pairs, &learned, &held_out, &Device::flex());
        assert!(map.low > 0.8, "the map finds {map}");
        assert!(linear.high < 0.4, "a product has no linear part, and {linear} was found");
        assert!(identity.high < linear.low, "{identity}");
    }

    #[test]
    fn the_richer_words_for_a_bar_are_found_from_the_knobs() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (slots, device) = (Slots::of_patterns(4, 4), Device::flex());
        let vectors = |config: ActionConfig, stage: &'static str| {
            let model =
                actions::train(&config, &schedule(200), &slots, &options(folder.path(), stage)).expect("actions are learned");
            ActionVectors::chosen(&model.model, config.active, &slots, &device)
        };
        let from = vectors(ActionConfig::for_tests(4, 4, 2), "actions");
        let to = vectors(ActionConfig { choosing_heads: 4, ..ActionConfig::for_tests(4, 4, 2) }, "richer");
        let both = (from, to);
        let (learned, held_out) = (slots.units(Split::Train), slots.units(Split::Validation));
        let map = fit(folder.path(), 300, &both, &learned).expect("it learns").model;
        let report = map_report::explained(&map, Pairs { from: &both.0, to: &both.1 }, &learned, &held_out, &device);
        assert!(report.map.low > 0.5 && report.identity.high < 0.5, "{report:?}");
    }

    #[test]
    fn a_map_that_has_been_fitted_is_read_and_not_fitted_again() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (both, units) = (products(60), (0..60).collect::<Vec<_>>());
        let mapped = |trained: Trained<ActionMap>| both.0.mapped(&trained.model, &Device::flex()).of(7).to_vec();
        let once = fit(folder.path(), 20, &both, &units).expect("it ends");
        let (from, _) = &both;
        let again = fit(folder.path(), 20, &(from.clone(), from.clone()), &units).expect("it is read");
        assert_eq!(again.state.step, 20);
        assert_eq!(mapped(once), mapped(again));
    }

    #[test]
    fn descriptions_of_two_widths_are_refused() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (narrow, wide) = (ActionVectors::new(vec![vec![0.0; 2]], 2), ActionVectors::new(vec![vec![0.0; 4]], 4));
        let refused = fit(folder.path(), 1, &(narrow, wide), &[0]).err().expect("it is refused").to_string();
        assert!(refused.contains("keeps the width"), "{refused}");
    }
}
