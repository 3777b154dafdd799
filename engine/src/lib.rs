//! Bars in, bars out, in one blocking call.
//!
//! [`Engine`] loads a model set and answers four questions: [`Engine::regenerate`] makes chosen bars anew and leaves every other sample
//! as it is ([`Engine::take`] does so without an account), [`Engine::add_bars`] makes bars that were not there, [`Engine::infer_actions`] tells the actions heard in bars and who plays them, and
//! [`Engine::roundtrip`] lets one hear the networks alone. [`Engine::imagine`] stops before anything is decoded, for those who measure, and
//! [`Engine::hear`] before anything is made, for those who will ask later.
//! [`prompt`] finds the action that a musician asks for in words.
//! [`beats::Tracker`] finds the bars of a recording whose grid nobody knows.
//! Which library runs the networks, ONNX Runtime or the one compiled in, is hidden behind [`runtime`].
//!
//! **Thread.** Every call blocks and allocates; none belongs on an audio thread. The crate starts no threads of its own; runtimes keep
//! theirs inside a call.

pub mod add;
pub mod audio_file;
pub mod beats;
pub mod bench;
mod edit;
mod engine;
#[cfg(test)]
mod fake;
mod finish;
mod hear;
mod imagine;
mod infer;
mod job;
pub mod model_set;
mod part;
pub mod prompt;
pub mod regenerate;
pub mod report;
mod road;
pub mod roundtrip;
pub mod runtime;
mod song;
mod transition;

pub use engine::{Engine, EngineError, OpenError};
pub use imagine::Imagined;
pub use infer::BarAction;
pub use job::{Cancelled, Control, Progress, Stage};
pub use transition::transition;
