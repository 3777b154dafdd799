//! Corpus → diffusion tokenizer → bar adapter → latent actions → dynamics → ONNX graphs.
//!
//! Everything a model set is made of. The engine is called to run graphs that were exported, and to read and track a
//! user's recordings.

#[cfg(feature = "networks")]
pub mod beats;
pub mod chance;
#[cfg(feature = "networks")]
pub mod command;
#[cfg(feature = "networks")]
pub mod compare;
#[cfg(feature = "networks")]
pub mod compare_actions;
#[cfg(feature = "networks")]
pub mod compare_bars;
#[cfg(feature = "networks")]
pub mod compare_dynamics;
pub mod corpus;
#[cfg(feature = "export")]
pub mod curate;
#[cfg(feature = "export")]
pub mod descriptors;
#[cfg(feature = "networks")]
pub mod device;
#[cfg(feature = "export")]
pub mod effects;
#[cfg(feature = "export")]
pub mod evaluate;
#[cfg(feature = "export")]
pub mod export;
#[cfg(feature = "networks")]
mod heard;
#[cfg(feature = "networks")]
pub mod networks;
#[cfg(feature = "export")]
mod page;
pub mod picture;
#[cfg(feature = "networks")]
pub mod pipeline;
#[cfg(feature = "networks")]
pub mod preset;
pub mod quality;
pub mod recording;
#[cfg(feature = "networks")]
pub mod scaling;
#[cfg(feature = "export")]
pub mod set;
pub mod soundfont;
#[cfg(feature = "networks")]
pub mod throughput;
#[cfg(feature = "networks")]
pub mod train;
#[cfg(feature = "warp")]
pub mod warp;
