//! The beat tracker: a small network that tells of every mel frame whether a beat, and whether the first beat of a bar, falls on it.
//!
//! It sees what [`turnaround_core::beats::front_end`] makes of sound, and learns from beats that the corpus knows exactly. What it says
//! is made into beats by [`turnaround_core::beats::track`], here as in the engine.

#[cfg(feature = "export")]
pub mod card;
pub mod command;
pub mod examples;
#[cfg(feature = "export")]
pub mod export;
#[cfg(feature = "export")]
pub mod heard;
pub mod labels;
pub mod network;
pub mod preset;
pub mod stretch;
pub mod train;
