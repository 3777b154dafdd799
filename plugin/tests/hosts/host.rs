//! What a plugin host does, once for each format: one instance of the plugin, loaded from the file that musicians' hosts load.
//!
//! A host has two threads here as everywhere: parameters, state and activation belong to the test's own thread, `process` to a thread
//! made for it.

mod audio_thread;
mod clap;
mod library;
mod vst3;

use std::ops::Range;

pub use library::plugin_file;

/// A plugin format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Clap,
    Vst3,
}

impl Format {
    pub const ALL: [Format; 2] = [Format::Clap, Format::Vst3];

    /// Loads the library and makes one instance.
    pub fn open(self) -> Box<dyn Instance> {
        match self {
            Format::Clap => Box::new(clap::ClapInstance::open()),
            Format::Vst3 => Box::new(vst3::Vst3Instance::open()),
        }
    }
}

/// Whether a host renders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    #[default]
    RealTime,
    Offline,
}

/// What a host says about rendering, in the two places where VST3 has it said; a host may contradict itself. CLAP knows only the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Says {
    /// Before activation.
    pub at_setup: Mode,
    /// With every block.
    pub with_blocks: Mode,
}

impl Says {
    pub const REAL_TIME: Says = Says { at_setup: Mode::RealTime, with_blocks: Mode::RealTime };
    pub const OFFLINE: Says = Says { at_setup: Mode::Offline, with_blocks: Mode::Offline };
    /// As Ardour 7.3 does while it exports.
    pub const OFFLINE_WITH_BLOCKS_ONLY: Says = Says { at_setup: Mode::RealTime, with_blocks: Mode::Offline };
}

/// A parameter as the host sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    pub name: String,
    pub id: u32,
    /// 0 to 1.
    pub value: f64,
    pub is_automatable: bool,
}

/// A parameter's new value in a block.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Event {
    pub parameter: u32,
    pub offset: usize,
    /// 0 to 1.
    pub value: f64,
}

/// The host's word about its transport at a block's first sample, as far as it gives one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Told {
    pub playing: bool,
    /// Quarter notes per minute, and by how much that rises with every sample.
    pub tempo: Option<f64>,
    pub tempo_rise: f64,
    pub signature: Option<(u16, u16)>,
    /// CLAP has it in seconds. VST3 hosts cannot leave it out; nothing is sent as 0.
    pub samples: Option<i64>,
    /// Quarter notes.
    pub beats: Option<f64>,
    /// CLAP hosts cannot leave it out where they give beats; nothing is sent as 0.
    pub bar_start: Option<f64>,
    /// VST3 has none.
    pub bar_number: Option<i32>,
    /// Quarter notes.
    pub looping: Option<Range<f64>>,
}

/// One call of `process`. All slices are of one length, at least 1.
pub struct Call<'a> {
    pub rate: u32,
    pub told: &'a Told,
    pub events: &'a [Event],
    pub mode: Mode,
    /// Samples since the first call.
    pub steady: u64,
    /// Left and right.
    pub input: [&'a mut [f32]; 2],
    pub output: [&'a mut [f32]; 2],
    /// Whether the host gives the plugin one buffer for both, as many do. The CLAP host here cannot and gives two.
    pub in_place: bool,
}

/// Work for the audio thread.
pub type AudioWork<'a> = dyn FnMut(&mut dyn Processor) + Send + 'a;

/// An instance as its host's main thread has it.
pub trait Instance {
    /// The file it came from.
    fn parameters(&mut self) -> Vec<Parameter>;

    /// Makes it ready for blocks of at most `largest_block` samples; it must not be active.
    fn activate(&mut self, rate: u32, largest_block: usize, says: Says);

    /// Puts it to rest; it must be active and stopped.
    fn deactivate(&mut self);

    /// Samples by which its output lags.
    fn latency(&mut self) -> usize;

    /// Its state as the host would write it into a project.
    fn save(&mut self) -> Vec<u8>;

    /// Whether it took the state.
    fn load(&mut self, state: &[u8]) -> bool;

    /// Sets a parameter from the host's own surface while nothing is processed.
    fn set_at_rest(&mut self, parameter: u32, value: f64);

    /// Whether the plugin asked to be activated anew since the last time this was asked.
    fn takes_restart_request(&mut self) -> bool;

    /// Does what a main thread does between times.
    fn idle(&mut self);

    /// Runs `work` on a new thread, and the main thread's duties meanwhile. Panics there become panics here.
    fn on_audio_thread(&mut self, work: &mut AudioWork<'_>);

    /// Destroys the instance and closes the library.
    fn unload(self: Box<Self>);
}

/// An active instance as its host's audio thread has it.
pub trait Processor {
    fn start(&mut self);
    fn stop(&mut self);
    fn process(&mut self, call: Call<'_>);
    /// Whether a restart is asked for; see [`Instance::takes_restart_request`].
    fn is_restart_requested(&self) -> bool;
}
