//! The dynamics: slots of target bars denoised, given context bars and actions.

use turnaround_core::contract::{Graph, TIMING_FEATURES};
use turnaround_core::guidance::Guidance;
use turnaround_core::noise::{GaussianNoise, blend, euler_step, logit_uniform_levels};
use turnaround_core::schedule::{SamplingMatrix, distances_to_context};

use super::{ActionVector, Road};
use crate::job::{Cancelled, Job, Stage};
use crate::runtime::{RuntimeError, Tensor, TensorView};

/// One unit of a window.
pub(crate) struct WindowBar {
    /// Its place on the grid, in units.
    pub place: usize,
    /// Its standardised slots, `[slot, channel]`; of a target, the dry ones, which a strength below 1 starts from.
    pub slots: Vec<f32>,
    /// Its embedded action, with its players.
    pub action: ActionVector,
    /// No action by the same players, embedded; read for targets only.
    pub null_action: ActionVector,
    /// How much of that action is asked for, 0 to 1: the share of the way from no action; read for targets only.
    pub amount: f32,
    /// Seed of its noise; read for targets only.
    pub noise_seed: u64,
}

/// What the dynamics sees at once.
pub(crate) struct Window {
    /// Units heard, in order; at least one.
    pub context: Vec<WindowBar>,
    /// Units made, in order; at least one.
    pub targets: Vec<WindowBar>,
    /// Timing of the targets.
    pub timing: [f32; TIMING_FEATURES],
    /// What guidance leads away from: no action, by nobody in particular, embedded.
    pub unconditional_action: ActionVector,
}

/// How to denoise.
#[derive(Clone, Copy)]
pub(crate) struct Denoising {
    /// Network calls for one bar.
    pub steps: usize,
    /// Noise level to start from: 1 forgets the dry bar, 0 keeps it.
    pub start_level: f32,
    /// Source: classifier-free guidance (Ho and Salimans 2022). Only what the target bars are told is left out, not the context.
    pub guidance: Guidance,
}

impl Denoising {
    /// Bars next to the context become clean first, the others follow a quarter of the steps behind, bar by bar.
    fn schedule(&self, distances: &[usize]) -> SamplingMatrix {
        let levels = logit_uniform_levels(self.steps, self.start_level);
        SamplingMatrix::trapezoid(&levels, distances, self.steps / 4)
    }
}

/// Which action the targets are told in one branch of a network call.
#[derive(Clone, Copy, PartialEq)]
enum Branch {
    Asked,
    Unconditional,
    Null,
}

/// Keys and values of the context for one branch, then the same for two and more, as they are asked for.
struct Cache(Vec<[Tensor; 2]>);

impl Window {
    /// For each target, how many other targets lie between it and the context.
    pub(crate) fn distances(&self) -> Vec<usize> {
        let first = self.first_place();
        let last = self.context.iter().chain(&self.targets).map(|bar| bar.place).max().unwrap_or(first);
        // A place that is neither is a unit left out of the window: as unknown as a target, but not made now.
        let is_context = |place: usize| self.context.iter().any(|bar| bar.place == place);
        let unknown: Vec<bool> = (first..=last).map(|place| !is_context(place)).collect();
        let distances = distances_to_context(&unknown);
        let unknown_places: Vec<usize> = (first..=last).filter(|&place| !is_context(place)).collect();
        let of = |place: usize| unknown_places.iter().position(|&unknown| unknown == place).map_or(0, |index| distances[index]);
        self.targets.iter().map(|bar| of(bar.place)).collect()
    }

    /// The action of each target in a branch.
    fn told(&self, branch: Branch) -> impl Iterator<Item = &[f32]> {
        self.targets.iter().map(move |target| match branch {
            Branch::Asked => target.action.as_slice(),
            Branch::Unconditional => self.unconditional_action.as_slice(),
            Branch::Null => target.null_action.as_slice(),
        })
    }

    /// Whether anything is told of any target that guidance could press upon it.
    fn is_steered(&self) -> bool {
        self.targets.iter().any(|target| target.action != self.unconditional_action)
    }

    /// The branch that tells the targets no action. Where nothing is told of players that is what guidance asks anyway, if it acts.
    fn without_action(&self, is_guided: bool) -> Branch {
        let is_the_same = self.targets.iter().all(|target| target.null_action == self.unconditional_action);
        if is_guided && is_the_same { Branch::Unconditional } else { Branch::Null }
    }

    fn first_place(&self) -> usize {
        self.context.iter().chain(&self.targets).map(|bar| bar.place).min().unwrap_or(0)
    }

    /// Whole numbers from the window's first unit on, as the networks count.
    fn positions(&self, bars: &[WindowBar]) -> Vec<f32> {
        let first = self.first_place();
        bars.iter().map(|bar| (bar.place - first) as f32).collect()
    }
}

impl Road<'_> {
    /// Makes the slots of the targets: one `[slot, channel]` for each, standardised.
    pub(crate) fn denoise<E>(&self, window: &Window, how: Denoising, job: &mut Job) -> Result<Vec<Vec<f32>>, E>
    where
        E: From<RuntimeError> + From<Cancelled>,
    {
        let mut noisy: Vec<Vec<f32>> = window.targets.iter().map(|target| start(target, how.start_level)).collect();
        if how.start_level <= 0.0 {
            return Ok(noisy);
        }
        let mut cache = self.context_cache::<E>(window, job)?;
        let matrix = how.schedule(&window.distances());
        for (from, to) in matrix.steps() {
            let clean =
                job.step(Stage::Dynamics, || self.predict(window, &noisy, from, how.guidance, &mut cache).map_err(E::from))?;
            for (target, (noisy, clean)) in noisy.iter_mut().zip(&clean).enumerate() {
                // Targets that wait, or are done, keep their level.
                if to[target] < from[target] {
                    euler_step(noisy, clean, from[target], to[target]);
                }
            }
        }
        Ok(noisy)
    }

    /// Reads the context of a window and makes nothing, so that the set remembers it.
    pub(crate) fn hear_context<E>(&self, window: &Window, job: &mut Job) -> Result<(), E>
    where
        E: From<RuntimeError> + From<Cancelled>,
    {
        self.context_cache(window, job).map(|_| ())
    }

    fn context_cache<E>(&self, window: &Window, job: &mut Job) -> Result<Cache, E>
    where
        E: From<RuntimeError> + From<Cancelled>,
    {
        job.step(Stage::Context, || self.read_context(window).map_err(E::from))
    }

    fn read_context(&self, window: &Window) -> Result<Cache, RuntimeError> {
        let sizes = self.sizes();
        let count = window.context.len();
        let slots = joined(window.context.iter().map(|bar| bar.slots.as_slice()));
        let actions = joined(window.context.iter().map(|bar| bar.action.as_slice()));
        let positions = window.positions(&window.context);
        let inputs = [
            TensorView::new(&[1, count, sizes.slots, sizes.channels], &slots),
            TensorView::new(&[1, count, sizes.action_width], &actions),
            TensorView::new(&[1, TIMING_FEATURES], &window.timing),
            TensorView::new(&[count], &positions),
        ];
        let mut outputs = self.set.run(Graph::DynamicsContext, &inputs)?;
        let values = outputs.pop();
        let (Some(keys), Some(values)) = (outputs.pop(), values) else { unreachable!("the contract has two outputs") };
        Ok(Cache(vec![[keys, values]]))
    }

    /// The clean slots of every target, as the network sees them: where less than the whole action is asked for, between those and what it
    /// sees without an action; then guided where the level asks for it.
    ///
    /// Both are mixtures of predictions of the clean signal from the same noisy one, as in [`Guidance::combine`], so an amount of 0 is no
    /// action at all, and what comes changes smoothly from there to 1.
    fn predict(
        &self,
        window: &Window,
        noisy: &[Vec<f32>],
        levels: &[f32],
        guidance: Guidance,
        cache: &mut Cache,
    ) -> Result<Vec<Vec<f32>>, RuntimeError> {
        let is_guided = window.is_steered() && levels.iter().any(|&level| guidance.is_active(level));
        let is_partial = window.targets.iter().any(|target| target.amount < 1.0);
        let without_action = window.without_action(is_guided);
        let mut branches = vec![Branch::Asked];
        branches.extend(is_guided.then_some(Branch::Unconditional));
        branches.extend((is_partial && without_action == Branch::Null).then_some(Branch::Null));
        let clean = self.step(window, noisy, levels, &branches, cache)?;
        let bar = self.sizes().slots * self.sizes().channels;
        let predicted = |branch: Branch, target: usize| {
            let number = branches.iter().position(|&other| other == branch);
            let place = number.expect("what is read was asked for") * noisy.len() + target;
            &clean[place * bar..(place + 1) * bar]
        };
        let of_target = |target: usize| {
            let amount = window.targets[target].amount;
            let mut prediction = predicted(Branch::Asked, target).to_vec();
            if amount < 1.0 {
                let null = predicted(without_action, target);
                prediction = prediction.iter().zip(null).map(|(asked, null)| null + amount * (asked - null)).collect();
            }
            if is_guided && guidance.is_active(levels[target]) {
                prediction = guidance.combine(&prediction, predicted(Branch::Unconditional, target));
            }
            prediction
        };
        Ok((0..noisy.len()).map(of_target).collect())
    }

    /// One network call; `[branch, target, slot, channel]`.
    fn step(
        &self,
        window: &Window,
        noisy: &[Vec<f32>],
        levels: &[f32],
        branches: &[Branch],
        cache: &mut Cache,
    ) -> Result<Vec<f32>, RuntimeError> {
        let (sizes, count) = (self.sizes(), noisy.len());
        let actions = joined(branches.iter().flat_map(|&branch| window.told(branch)));
        let branches = branches.len();
        // A bar that is done is as clean as context, and labelled so.
        let label = |&level: &f32| level.max(self.set.statistics().context_noise_level);
        let levels: Vec<f32> = levels.iter().map(label).collect::<Vec<_>>().repeat(branches);
        let slots = joined(noisy.iter().map(Vec::as_slice)).repeat(branches);
        let timing = window.timing.repeat(branches);
        let positions = window.positions(&window.targets);
        let [keys, values] = cache.of(branches);
        let inputs = [
            TensorView::new(&[branches, count, sizes.slots, sizes.channels], &slots),
            TensorView::new(&[branches, count], &levels),
            TensorView::new(&[branches, count, sizes.action_width], &actions),
            TensorView::new(&[branches, TIMING_FEATURES], &timing),
            TensorView::new(&[count], &positions),
            keys.view(),
            values.view(),
        ];
        Ok(self.set.run(Graph::DynamicsStep, &inputs)?.remove(0).into_values())
    }
}

impl Cache {
    fn of(&mut self, branches: usize) -> &[Tensor; 2] {
        while self.0.len() < branches {
            let count = self.0.len() + 1;
            let [keys, values] = &self.0[0];
            let more = [repeated(keys, count), repeated(values, count)];
            self.0.push(more);
        }
        &self.0[branches - 1]
    }
}

/// `[layer, 1, head, context token, channel]` to `[layer, count, ...]` with all branches equal: they hear the same context.
fn repeated(tensor: &Tensor, count: usize) -> Tensor {
    let mut shape = tensor.shape().to_vec();
    let layer: usize = shape[1..].iter().product();
    let values = tensor.values().chunks(layer.max(1)).flat_map(|values| values.repeat(count)).collect();
    shape[1] *= count;
    Tensor::new(shape, values)
}

/// The dry slots brought to the start level with the bar's own noise.
fn start(target: &WindowBar, level: f32) -> Vec<f32> {
    let mut noise = vec![0.0; target.slots.len()];
    GaussianNoise::new(target.noise_seed).fill(&mut noise);
    blend(&target.slots, &noise, level)
}

fn joined<'a>(parts: impl Iterator<Item = &'a [f32]>) -> Vec<f32> {
    parts.collect::<Vec<_>>().concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(place: usize) -> WindowBar {
        WindowBar { place, slots: vec![0.0], action: vec![0.0], null_action: vec![0.0], amount: 1.0, noise_seed: 0 }
    }

    fn window(context: &[usize], targets: &[usize]) -> Window {
        Window {
            context: context.iter().map(|&place| bar(place)).collect(),
            targets: targets.iter().map(|&place| bar(place)).collect(),
            timing: [0.0; 2],
            unconditional_action: vec![0.0],
        }
    }

    #[test]
    fn positions_count_from_the_first_unit_of_the_window() {
        let window = window(&[7, 8, 11], &[9, 10]);
        assert_eq!(window.positions(&window.context), [0.0, 1.0, 4.0]);
        assert_eq!(window.positions(&window.targets), [2.0, 3.0]);
    }

    #[test]
    fn targets_beside_the_context_come_first() {
        assert_eq!(window(&[7, 8, 12], &[9, 10, 11]).distances(), [0, 1, 0]);
        assert_eq!(window(&[7], &[8, 9]).distances(), [0, 1]);
        assert_eq!(window(&[0, 7], &[1, 2]).distances(), [0, 1]);
    }

    #[test]
    fn all_branches_hear_the_same_context() {
        let keys = Tensor::new(vec![2, 1, 1, 1, 2], vec![1.0, 2.0, 3.0, 4.0]);
        let mut cache = Cache(vec![[keys.clone(), keys.clone()]]);
        assert_eq!(cache.of(3)[0].shape(), [2, 3, 1, 1, 2]);
        assert_eq!(cache.of(2)[0].shape(), [2, 2, 1, 1, 2]);
        assert_eq!(cache.of(2)[1].values(), [1.0, 2.0, 1.0, 2.0, 3.0, 4.0, 3.0, 4.0]);
        assert_eq!(cache.of(1)[0].values(), keys.values());
    }
}
