//! Turnaround in a host: an insert effect that follows the bars, hears them, has chosen ones made anew, and plays these in their place.
//!
//! The road of a block, and where to read about it:
//!
//! 1. [`plugin`] translates the framework's call; [`parameters`] are what hosts automate.
//! 2. [`audio`] is the audio thread's side: [`bar_clock`] finds the bars, [`handoff`] carries sound and bars to the worker, [`timeline`] plays
//!    the takes that are there, [`bounce`] tells whether a missing one may be waited for.
//! 3. [`worker`] captures whole bars, keeps what is asked of them, and has them made by the engine, one at a time.
//! 4. [`saved`] is what a host's session keeps of all this; [`sound`] how audio is packed for it.
//! 5. [`editor`] shows a [`view`] of it and sends commands.
//!
//! Framework types stay in `plugin`, `parameters`, `saved` and `editor`.

// What is asked of a bar is a plain value of 300 bytes, so that the audio thread can copy it; boxing it where it is rare buys nothing.
#![allow(clippy::large_enum_variant)]

pub mod audio;
pub mod bar_clock;
pub mod bounce;
pub mod editor;
pub mod handoff;
mod log;
pub mod parameters;
pub mod plugin;
pub mod resources;
pub mod saved;
pub mod sound;
pub mod spec;
pub mod take;
pub mod timeline;
mod transport;
pub mod view;
pub mod worker;

pub use bar_clock::{BarClock, BarLine, BarMiddle, Block, GridRevision};
pub use plugin::Turnaround;
pub use transport::Transport;

nice_plug::nice_export_clap!(Turnaround);
nice_plug::nice_export_vst3!(Turnaround);
