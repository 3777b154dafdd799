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

/// What comes of hearing a bar ahead: nothing but that the models remember it, and an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Never {}

/// What waits in the queue.
enum Order {
    Make(Job, Sender<Outcome>),
    Hear(Clip, Arc<JobHandle>, Sender<Never>),
}

/// The one of this process; see the module.
pub struct Service {
    /// Nothing only while it ends.
    orders: Option<Sender<Order>>,
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
        let (orders, queue) = channel();
        let shared = Arc::new(Shared::default());
        let for_thread = shared.clone();
        let thread = std::thread::Builder::new().name("turnaround-models".into()).spawn(move || serve(&queue, &for_thread));
        let thread = thread.map_err(|error| format!("the system gives no thread for the models: {error}"))?;
        Ok(Self { orders: Some(orders), shared, thread: Some(thread) })
    }

    /// Puts a job into the queue; its outcome comes through the receiver, or the receiver ends.
    pub fn submit(&self, job: Job) -> Receiver<Outcome> {
        let (reply, outcome) = channel();
        self.order(Order::Make(job, reply));
        outcome
    }

    /// Puts into the queue that a bar and what is around it be heard, so that a later job for it only has to make. The receiver ends when
    /// that is done, or was given up. What keeps a bar from being heard is told when it is to be made.
    pub fn hear(&self, clip: Clip, handle: Arc<JobHandle>) -> Receiver<Never> {
        let (reply, end) = channel();
        self.order(Order::Hear(clip, handle, reply));
        end
    }

    fn order(&self, order: Order) {
        if let Some(orders) = &self.orders {
            // An ended thread drops the order and with it the sender, which the receiver notices.
            let _ = orders.send(order);
        }
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
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(queue: &Receiver<Order>, shared: &Shared) {
    read_actions(shared);
    let mut engine = None;
    while let Ok(order) = queue.recv() {
        match order {
            Order::Make(job, reply) => drop(reply.send(make(&mut engine, &job, shared))),
            // The sender is dropped when it was heard.
            Order::Hear(clip, handle, _reply) => hear(&mut engine, &clip, &handle, shared),
        }
    }
}

fn make(engine: &mut Option<Engine>, job: &Job, shared: &Shared) -> Outcome {
    if job.handle.is_cancelled() {
        return Err(JobError::Cancelled);
    }
    match awake(engine, shared) {
        Some(engine) => run(engine, job),
        None => Err(JobError::Failed(match &*shared.view.lock() {
            EngineView::Failed(reason) => reason.clone(),
            _ => "the models could not be loaded".into(),
        })),
    }
}

fn hear(engine: &mut Option<Engine>, clip: &Clip, handle: &JobHandle, shared: &Shared) {
    // Models that could not be loaded are tried again for a take, not for every bar that is looked at.
    let has_failed = matches!(*shared.view.lock(), EngineView::Failed(_));
    if handle.is_cancelled() || has_failed {
        return;
    }
    let Some(engine) = awake(engine, shared) else { return };
    let targets = [Target { bar: clip.target, action: ActionChoice::Null }];
    let request = Request { audio: &clip.audio, map: &clip.map, targets: &targets, settings: Settings::default() };
    let mut control = Control { is_cancelled: &|| handle.is_cancelled(), on_progress: &mut |_| {} };
    // An error here comes again, with a place to be told, when the bar is to be made.
    let _ = catch_unwind(AssertUnwindSafe(|| engine.hear(&request, &mut control)));
}

/// The engine, loaded now if it was not.
fn awake<'a>(engine: &'a mut Option<Engine>, shared: &Shared) -> Option<&'a Engine> {
    if engine.is_none() {
        *engine = open(shared);
    }
    engine.as_ref()
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
        engine.take(&request, &mut control)
    }));
    match result {
        Ok(Ok(audio)) => Ok(Made { audio, set: set_name(engine), took: start.elapsed() }),
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

#[cfg(test)]
mod tests {
    use std::sync::mpsc::RecvError;

    use turnaround_core::bars::BarNumber;
    use turnaround_core::tempo_map::TempoMap;
    use turnaround_core::time::{Metre, SampleRate, Seconds, Tempo};

    use super::*;

    /// Two bars of a tone at 120; the second is the target.
    fn two_bars() -> Clip {
        let tone: Vec<f32> = (0..64_000).map(|n| 0.3 * (n as f32 * 0.17).sin()).collect();
        let audio = Audio::stereo(SampleRate::new(16_000).unwrap(), tone.clone(), tone).unwrap();
        let map = TempoMap::constant(Tempo::new(120.0).unwrap(), Metre::FOUR_FOUR, Seconds::ZERO);
        Clip { audio, map, target: BarNumber::new(2), span: (32_000, 64_000) }
    }

    #[test]
    fn hearing_ahead_wakes_the_models_and_ends_and_one_that_was_cancelled_does_not() {
        let service = Service::start().unwrap();
        let cancelled = Arc::new(JobHandle::default());
        cancelled.cancel();
        assert_eq!(service.hear(two_bars(), cancelled).recv(), Err(RecvError));
        assert_eq!(service.view(), EngineView::Asleep);
        assert_eq!(service.hear(two_bars(), Arc::default()).recv(), Err(RecvError));
        assert!(matches!(service.view(), EngineView::Loaded { .. }), "{:?}", service.view());
    }
}
