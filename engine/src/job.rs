//! What a long call owes its caller: it can be stopped, it tells how far it is, and it knows what took how long.

use std::collections::BTreeMap;
use std::time::Instant;

use serde::{Deserialize, Serialize};

/// The stops of the road that a call passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Host rate to model rate and back.
    Resample,
    /// Audio to latents.
    Encode,
    /// Latents to slots and back.
    Adapt,
    /// Slots to actions, actions to vectors.
    Actions,
    /// Context bars to keys and values.
    Context,
    /// Denoising the target bars' slots.
    Dynamics,
    /// Latents to audio.
    Decode,
    /// Levels of the bands, and the limiter.
    Level,
    /// Sound above the crossover.
    HighBand,
    /// The stereo image.
    Stereo,
    /// Seams, crossover and hashes.
    Mix,
}

impl Stage {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Resample => "resample",
            Stage::Encode => "encode",
            Stage::Adapt => "adapt",
            Stage::Actions => "actions",
            Stage::Context => "context",
            Stage::Dynamics => "dynamics",
            Stage::Decode => "decode",
            Stage::Level => "level",
            Stage::HighBand => "high_band",
            Stage::Stereo => "stereo",
            Stage::Mix => "mix",
        }
    }
}

/// How far a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Where it is.
    pub stage: Stage,
    /// Steps done.
    pub done: usize,
    /// Steps in all; an estimate that may grow by a few.
    pub total: usize,
}

/// The call was stopped by its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("stopped before it was done")]
pub struct Cancelled;

/// The caller's side of a long call. Both functions are called on the thread that made the call, between two network calls.
pub struct Control<'a> {
    /// Asked before every step; true stops the call, and nothing comes of it.
    pub is_cancelled: &'a dyn Fn() -> bool,
    /// Told after every step.
    pub on_progress: &'a mut dyn FnMut(Progress),
}

/// A running call.
pub(crate) struct Job<'a, 'b> {
    control: &'a mut Control<'b>,
    done: usize,
    total: usize,
    seconds: BTreeMap<Stage, f64>,
}

impl<'a, 'b> Job<'a, 'b> {
    pub(crate) fn new(control: &'a mut Control<'b>) -> Self {
        Job { control, done: 0, total: 1, seconds: BTreeMap::new() }
    }

    /// Says how many steps are to come.
    pub(crate) fn expect(&mut self, steps: usize) {
        self.total = self.done + steps;
    }

    /// Does one step, unless the caller wants no more.
    pub(crate) fn step<T, E: From<Cancelled>>(&mut self, stage: Stage, work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        if (self.control.is_cancelled)() {
            return Err(Cancelled.into());
        }
        let start = Instant::now();
        let result = work();
        *self.seconds.entry(stage).or_default() += start.elapsed().as_secs_f64();
        self.done += 1;
        self.total = self.total.max(self.done);
        (self.control.on_progress)(Progress { stage, done: self.done, total: self.total });
        result
    }

    /// Seconds by stage name.
    pub(crate) fn seconds(&self) -> BTreeMap<String, f64> {
        self.seconds.iter().map(|(stage, &seconds)| (stage.name().to_owned(), seconds)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cancelled_job_does_no_further_step() {
        let mut steps = 0;
        let mut control = Control { is_cancelled: &|| true, on_progress: &mut |_| {} };
        let mut job = Job::new(&mut control);
        let result: Result<(), Cancelled> = job.step(Stage::Encode, || {
            steps += 1;
            Ok(())
        });
        assert_eq!((result, steps), (Err(Cancelled), 0));
    }

    #[test]
    fn progress_never_passes_its_total() {
        let mut seen = Vec::new();
        let mut on_progress = |progress: Progress| seen.push((progress.done, progress.total));
        let mut control = Control { is_cancelled: &|| false, on_progress: &mut on_progress };
        let mut job = Job::new(&mut control);
        job.expect(2);
        for _ in 0..3 {
            job.step(Stage::Mix, || Ok::<(), Cancelled>(())).unwrap();
        }
        assert_eq!(job.seconds().len(), 1);
        assert_eq!(seen, [(1, 2), (2, 2), (3, 3)]);
    }
}
