//! The models of this process: one engine on one thread, for all instances of the plugin.
//!
//! A runtime's memory and a graphics card's context belong to a process, so instances share them. Each instance has at most one job here at a
//! time, and they are served in turn. The engine is loaded with the first job; the last instance that goes takes the thread with it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use turnaround_core::audio::Audio;
use turnaround_core::contract::Action;
use turnaround_engine::regenerate::{ActionChoice, Request, Settings, Target};
use turnaround_engine::{Control, Engine};

use super::clip::Clip;
use crate::resources;
use crate::view::EngineView;

/// A bar to make.
pub struct Job {
    /// The bar and its surroundings.
    pub clip: Clip,
    /// Weights of the slots that are turned up.
    pub weights: Vec<(u16, f32)>,
    /// How.
    pub settings: Settings,
    /// Its ears.
    pub handle: Arc<JobHandle>,
}

/// What both sides know of a job under way.
#[derive(Debug, Default)]
pub struct JobHandle {
    cancelled: AtomicBool,
    done: AtomicUsize,
    total: AtomicUsize,
}

impl JobHandle {
    /// Nobody wants its result any more.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether it was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// Steps done, and in all.
    pub fn progress(&self) -> (usize, usize) {
        (self.done.load(Ordering::Relaxed), self.total.load(Ordering::Relaxed))
    }
}

/// What came of a job.
pub struct Made {
    /// The clip with the new bar in it.
    pub audio: Audio,
    /// The set that made it, by name and version.
    pub set: String,
    /// Time it took.
    pub took: Duration,
}

/// Why nothing came of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobError {
    /// It was cancelled.
    Cancelled,
    /// In words for the musician.
    Failed(String),
}

/// The result, once.
pub type Outcome = Result<Made, JobError>;

/// The one of this process; see the module.
pub struct Service {
    /// Nothing only while it ends.
    jobs: Option<Sender<(Job, Sender<Outcome>)>>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    view: Mutex<EngineView>,
    actions: Mutex<Arc<Vec<Action>>>,
}

static SERVICE: Mutex<Weak<Service>> = Mutex::new(Weak::new());

impl Service {
    /// The one that runs, or a new one.
    ///
    /// # Errors
    /// Words, when the system gives no thread.
    pub fn shared() -> Result<Arc<Self>, String> {
        let mut service = SERVICE.lock();
        if let Some(running) = service.upgrade() {
            return Ok(running);
        }
        let started = Arc::new(Self::start()?);
        *service = Arc::downgrade(&started);
        Ok(started)
    }

    fn start() -> Result<Self, String> {
        let (jobs, queue) = channel();
        let shared = Arc::new(Shared::default());
        let for_thread = shared.clone();
        let thread = std::thread::Builder::new().name("turnaround-models".into()).spawn(move || serve(&queue, &for_thread));
        let thread = thread.map_err(|error| format!("the system gives no thread for the models: {error}"))?;
        Ok(Self { jobs: Some(jobs), shared, thread: Some(thread) })
    }

    /// Puts a job into the queue; its outcome comes through the receiver, or the receiver ends.
    pub fn submit(&self, job: Job) -> Receiver<Outcome> {
        let (reply, outcome) = channel();
        if let Some(jobs) = &self.jobs {
            // An ended thread drops the job and with it the sender, which the receiver notices.
            let _ = jobs.send((job, reply));
        }
        outcome
    }

    /// How the engine is.
    pub fn view(&self) -> EngineView {
        self.shared.view.lock().clone()
    }

    /// The set's actions; empty until a set was read.
    pub fn actions(&self) -> Arc<Vec<Action>> {
        self.shared.actions.lock().clone()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(queue: &Receiver<(Job, Sender<Outcome>)>, shared: &Shared) {
    read_actions(shared);
    let mut engine = None;
    while let Ok((job, reply)) = queue.recv() {
        if job.handle.is_cancelled() {
            let _ = reply.send(Err(JobError::Cancelled));
            continue;
        }
        if engine.is_none() {
            engine = open(shared);
        }
        let outcome = match &engine {
            Some(engine) => run(engine, &job),
            None => Err(JobError::Failed(match &*shared.view.lock() {
                EngineView::Failed(reason) => reason.clone(),
                _ => "the models could not be loaded".into(),
            })),
        };
        let _ = reply.send(outcome);
    }
}

/// Names and measures are in the manifest, which is read in a moment; the networks wait for the first job.
fn read_actions(shared: &Shared) {
    let manifest = resources::model_set()
        .and_then(|folder| turnaround_engine::model_set::read_manifest(&folder).map_err(|error| error.to_string()));
    match manifest {
        Ok(manifest) => *shared.actions.lock() = Arc::new(manifest.actions),
        Err(reason) => *shared.view.lock() = EngineView::Failed(reason),
    }
}

fn open(shared: &Shared) -> Option<Engine> {
    *shared.view.lock() = EngineView::Loading;
    let opened = catch_unwind(|| {
        let folder = resources::model_set()?;
        Engine::open(Some(&folder), &resources::runtime_options()).map_err(|error| error.to_string())
    });
    let opened = opened.unwrap_or_else(|panic| Err(format!("the models could not be loaded: {}", words(&*panic))));
    let (view, engine) = match opened {
        Ok(engine) => (loaded(&engine), Some(engine)),
        Err(reason) => (EngineView::Failed(reason), None),
    };
    *shared.view.lock() = view;
    engine
}

fn loaded(engine: &Engine) -> EngineView {
    let runtime = engine.set().runtime();
    EngineView::Loaded {
        set: set_name(engine),
        provider: format!("{} ({} {})", runtime.provider, runtime.runtime, runtime.version),
        notes: runtime.notes.clone(),
    }
}

fn set_name(engine: &Engine) -> String {
    let manifest = engine.set().manifest();
    format!("{} {}", manifest.name, manifest.version)
}

fn run(engine: &Engine, job: &Job) -> Outcome {
    let start = Instant::now();
    delay_for_tests(&job.handle);
    let actions = engine.set().sizes().actions;
    let weights: Vec<(u16, f32)> = job.weights.iter().copied().filter(|(slot, _)| usize::from(*slot) < actions).collect();
    let action = if weights.is_empty() { ActionChoice::Null } else { ActionChoice::Weights(weights) };
    let targets = [Target { bar: job.clip.target, action }];
    let request = Request { audio: &job.clip.audio, map: &job.clip.map, targets: &targets, settings: job.settings };
    let handle = &job.handle;
    let mut on_progress = |progress: turnaround_engine::Progress| {
        handle.done.store(progress.done, Ordering::Relaxed);
        handle.total.store(progress.total, Ordering::Relaxed);
    };
    let result = catch_unwind(AssertUnwindSafe(|| {
        let mut control = Control { is_cancelled: &|| handle.is_cancelled(), on_progress: &mut on_progress };
        engine.regenerate(&request, &mut control)
    }));
    match result {
        Ok(Ok(made)) => Ok(Made { audio: made.audio, set: set_name(engine), took: start.elapsed() }),
        Ok(Err(turnaround_engine::EngineError::Cancelled(_))) => Err(JobError::Cancelled),
        Ok(Err(error)) => Err(JobError::Failed(error.to_string())),
        Err(panic) => Err(JobError::Failed(format!("the models failed unexpectedly: {}", words(&*panic)))),
    }
}

/// Makes every job take longer, to see how the plugin behaves on a slow machine. Ends at once when the job is cancelled.
fn delay_for_tests(handle: &JobHandle) {
    let asked = std::env::var("TURNAROUND_DELAY_MS").ok().and_then(|value| value.parse().ok()).unwrap_or(0);
    let end = Instant::now() + Duration::from_millis(asked);
    while Instant::now() < end && !handle.is_cancelled() {
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no reason was given".into())
}
