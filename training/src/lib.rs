//! Corpus → diffusion tokenizer → bar adapter → latent actions → dynamics → ONNX graphs.
//!
//! Everything a model set is made of. The engine is called to run graphs that were exported, and to read and track a
//! user's recordings.

#[cfg(feature = "networks")]
pub mod beats;
#[cfg(feature = "networks")]
pub mod command;
#[cfg(feature = "networks")]
pub mod compare;
#[cfg(feature = "networks")]
pub mod compare_bars;
pub mod corpus;
#[cfg(feature = "networks")]
pub mod device;
#[cfg(feature = "export")]
pub mod evaluate;
#[cfg(feature = "export")]
pub mod export;
#[cfg(feature = "networks")]
pub mod networks;
pub mod picture;
#[cfg(feature = "networks")]
pub mod pipeline;
#[cfg(feature = "networks")]
pub mod preset;
pub mod quality;
pub mod recording;
#[cfg(feature = "export")]
pub mod set;
pub mod soundfont;
#[cfg(feature = "networks")]
pub mod train;
#[cfg(feature = "warp")]
pub mod warp;
