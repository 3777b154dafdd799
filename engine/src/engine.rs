//! The engine: a model set and what can be asked of it.

use std::path::Path;

use turnaround_core::instruments::Instrument;
use turnaround_core::resample::ResampleError;

use crate::job::Cancelled;
use crate::model_set::{self, ModelSet, ModelSetError};
use crate::runtime::{self, RuntimeError};

/// A loaded model set, ready for any number of calls. Calls block, and may come from any thread, one after the other or at once.
pub struct Engine {
    set: ModelSet,
}

/// Why a call of the engine came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The recording holds no whole bar.
    #[error("the recording lasts {seconds:.3} s and holds no whole bar at this tempo, metre and offset")]
    NoWholeBar {
        /// Its duration.
        seconds: f64,
    },
    /// No bar was chosen.
    #[error("no bar was chosen to regenerate")]
    NoTarget,
    /// A bar that the recording does not hold.
    #[error("bar {bar} is not in the recording, which holds bars {first} to {last}")]
    BarOutside {
        /// The bar asked for.
        bar: i64,
        /// The first whole bar.
        first: i64,
        /// The last whole bar.
        last: i64,
    },
    /// Nothing but the target bars.
    #[error("the recording holds nothing but the chosen bar; at least one more is needed as context")]
    NoContext,
    /// The context is silent.
    #[error("the bars around bar {bar} are silent, so there is nothing to continue")]
    SilentContext {
        /// The target bar.
        bar: i64,
    },
    /// Bars to stand between that do not.
    #[error("bar {until} does not come after bar {after}, so nothing can stand between them")]
    NotBetween {
        /// The bar before.
        after: i64,
        /// The bar said to follow.
        until: i64,
    },
    /// A bar that has no action of its own.
    #[error("a bar that is added has no action of its own; give it weights, or let the context decide")]
    NoOwnAction,
    /// An action the set does not have.
    #[error("action {index} does not exist: this model set has actions 0 to {last}")]
    UnknownAction {
        /// The index asked for.
        index: u16,
        /// The highest index.
        last: usize,
    },
    /// Players for a set that knows none.
    #[error("this model set knows no instruments, so it cannot be told who plays; turnaround info lists those of a set")]
    NoInstruments,
    /// An instrument that the set does not list.
    #[error("this model set does not know the {instrument}; its instruments are {known}")]
    UnknownInstrument {
        /// The instrument asked for.
        instrument: Instrument,
        /// Those of the set, by name.
        known: String,
    },
    /// Weights that make no action.
    #[error("the weights of an action must be finite and not negative, with at least one above 0")]
    Weights,
    /// A setting outside its range.
    #[error("{name} must lie between {low} and {high}, not at {value}")]
    Setting {
        /// Which setting.
        name: &'static str,
        /// Its lowest value.
        low: f32,
        /// Its highest value.
        high: f32,
        /// The value given.
        value: f32,
    },
    /// The model set's rate is none audio can have.
    #[error("the model set names a sample rate that audio cannot have")]
    ModelRate,
    /// The caller stopped the call.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    /// A network failed.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// Resampling failed.
    #[error(transparent)]
    Resample(#[from] ResampleError),
}

/// Why no engine could be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// No runtime as asked for.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// No model set, or a damaged one.
    #[error(transparent)]
    ModelSet(#[from] ModelSetError),
}

impl Engine {
    /// Takes a loaded set.
    pub fn new(set: ModelSet) -> Self {
        Engine { set }
    }

    /// Finds and loads a set: from `folder`, or from the places of [`model_set::places`].
    ///
    /// # Errors
    /// [`OpenError`] when no set is found, it is damaged, or the runtime asked for cannot be had.
    pub fn open(folder: Option<&Path>, options: &runtime::Options) -> Result<Self, OpenError> {
        let folder = model_set::find(folder)?;
        // A damaged manifest is told before a runtime is started for it.
        model_set::read_manifest(&folder)?;
        let runtime = runtime::open(options)?;
        Ok(Engine::new(ModelSet::load(&folder, runtime.as_ref())?))
    }

    /// The set.
    pub fn set(&self) -> &ModelSet {
        &self.set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_can_be_handed_to_a_worker_thread() {
        fn is_shareable<T: Send + Sync>() {}
        is_shareable::<Engine>();
    }
}
