//! The worker: one thread for each instance, which hears the captured stream, keeps what is known of every bar, and has takes made.
//!
//! **Thread.** [`Worker`] is the handle that the plugin holds; everything it does to the thread goes through an inbox. The thread looks at
//! its inbox and at the audio thread's queues every few milliseconds, because the audio thread may not wake it.

mod ahead;
mod bar;
mod clip;
mod export;
mod instance;
mod queue;
mod recorder;
mod service;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::handoff::WorkerEnd;
use crate::saved::SavedProject;
use crate::view::{Command, Live, View};
use instance::Instance;

pub use bar::{Bar, KeptTake, Recipe, Source};
pub use service::Service;

/// How often the thread looks while there is something to do, and while there is not.
const BUSY: Duration = Duration::from_millis(2);
const IDLE: Duration = Duration::from_millis(10);

/// How long activation waits for the thread to tell what it knows.
const SETTLE: Duration = Duration::from_millis(300);

/// What can be sent to the thread.
pub(crate) enum Letter {
    /// The other end of new queues to the audio thread.
    Link(WorkerEnd, Urgency),
    /// From the editor.
    Command(Command),
    /// The end.
    Stop,
}

/// When a captured bar may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// Its take plays at once: make it of what is there.
    Now,
    /// Its take plays in a later pass: while the next bar is being heard, wait for it, so that the take fits what follows.
    NextPass,
}

/// What the thread shares with host and editor.
#[derive(Default)]
pub struct Shared {
    inbox: Mutex<Vec<Letter>>,
    view: Mutex<Arc<View>>,
    live: Live,
}

impl Shared {
    /// The newest picture.
    pub fn view(&self) -> Arc<View> {
        self.view.lock().clone()
    }

    /// The newest numbers.
    pub fn live(&self) -> &Live {
        &self.live
    }

    /// Asks something of the thread.
    pub fn send(&self, command: Command) {
        self.inbox.lock().push(Letter::Command(command));
    }

    fn post(&self, letter: Letter) {
        self.inbox.lock().push(letter);
    }
}

/// The handle.
pub struct Worker {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// No thread yet: hosts make plugins by the hundred only to look at them.
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared, thread: None }
    }

    /// Connects the thread, which is started now if it was not, to the audio thread.
    ///
    /// # Errors
    /// Words, when the system gives no thread.
    pub fn connect(&mut self, end: WorkerEnd, urgency: Urgency, saved: &SavedProject) -> Result<(), String> {
        saved.watch(end.tally.clone());
        // Counted as sent, so that a bounce that begins at once waits for what was loaded.
        let tally = end.tally.clone();
        tally.send();
        self.shared.post(Letter::Link(end, urgency));
        if self.thread.is_none() {
            let mut instance = Instance::new(self.shared.clone(), saved.clone())?;
            let work = move || {
                loop {
                    match catch_unwind(AssertUnwindSafe(|| instance.work())) {
                        Ok(true) => {}
                        Ok(false) => return,
                        Err(_) => instance.recover(),
                    }
                }
            };
            let thread = std::thread::Builder::new().name("turnaround-worker".into()).spawn(work);
            self.thread = Some(thread.map_err(|error| format!("the system gives no thread for the worker: {error}"))?);
        }
        // Playback may begin at once, and shall find the takes that are there.
        let start = Instant::now();
        while !tally.is_settled() && start.elapsed() < SETTLE {
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.shared.post(Letter::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
