//! The project as hosts save it with a session: what is asked of every bar, how it sounded, and its take.
//!
//! Hosts ask for it and set it on their main thread; the worker keeps it up to date. Packed audio is shared with the worker, so keeping costs
//! nothing; only when the host asks is it written out.
//!
//! **Thread.** Host's main thread and worker, under a lock that is never held for long; never the audio thread.

mod document;
mod sidecar;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nice_plug::params::persist::PersistentField;
use parking_lot::Mutex;
use serde_json::Value;

use crate::handoff::Tally;
use crate::spec::BarKey;
use crate::worker::Bar;

pub use document::read;

/// How long saving waits for the worker to take in what was just played.
const SETTLE: Duration = Duration::from_secs(2);

/// How long loading waits for the worker to read the project: playback may begin at once, and shall find its takes.
const READ: Duration = Duration::from_millis(500);

/// A handle on the one project of an instance.
#[derive(Clone, Default)]
pub struct SavedProject(Arc<Mutex<Project>>);

#[derive(Default)]
struct Project {
    /// What the worker knows.
    bars: BTreeMap<BarKey, Bar>,
    /// What the host set and the worker has not read yet: until then this is the project.
    loaded: Option<Loaded>,
    /// Whether the worker has dealt with what the audio thread sent.
    tally: Option<Arc<Tally>>,
}

/// What a host set.
pub struct Loaded {
    /// See [`document`].
    pub document: Value,
    /// How often the audio thread was told that something is under way.
    pub letters: u64,
}

impl SavedProject {
    /// Whose messages to wait for before saving.
    pub(crate) fn watch(&self, tally: Arc<Tally>) {
        let mut project = self.0.lock();
        // What was announced to an older link is waited for by nobody any more.
        project.loaded.iter_mut().for_each(|loaded| loaded.letters = 0);
        project.tally = Some(tally);
    }

    /// What the host set since the last time.
    pub(crate) fn take_loaded(&self) -> Option<Loaded> {
        self.0.lock().loaded.take()
    }

    /// The worker's newest knowledge, unless the host has just set something else.
    pub(crate) fn keep(&self, bars: &BTreeMap<BarKey, Bar>) {
        let bars = bars.clone();
        let old = {
            let mut project = self.0.lock();
            if project.loaded.is_some() {
                return;
            }
            std::mem::replace(&mut project.bars, bars)
        };
        // Freed without the lock.
        drop(old);
    }

    fn settle(&self, longest: Duration) {
        let Some(tally) = self.0.lock().tally.clone() else { return };
        let start = Instant::now();
        while !tally.is_settled() && start.elapsed() < longest {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl PersistentField<'_, Value> for SavedProject {
    fn set(&self, document: Value) {
        let mut project = self.0.lock();
        let mut letters = project.loaded.as_ref().map_or(0, |loaded| loaded.letters);
        if let Some(tally) = &project.tally {
            tally.send();
            letters += 1;
        }
        project.loaded = Some(Loaded { document, letters });
        drop(project);
        self.settle(READ);
    }

    fn map<F, R>(&self, f: F) -> R
    where
        F: Fn(&Value) -> R,
    {
        self.settle(SETTLE);
        let project = self.0.lock();
        if let Some(loaded) = &project.loaded {
            return f(&loaded.document);
        }
        let bars = project.bars.clone();
        drop(project);
        f(&document::write(&bars))
    }
}

#[cfg(test)]
mod tests;
