//! The corpus: an arranger writes jazz from a seed, a SoundFont plays it, and a table says where every bar lies.
//!
//! Everything a model learns from is made here, so labels are exact and nothing is owed to anyone but the SoundFont's makers.

pub mod build;
pub mod dataset;
pub mod demo;
pub mod dice;
pub mod factors;
pub mod render;
pub mod score;
pub mod split;

pub use build::{BuildOptions, Summary, build};
pub use dataset::{BeatRow, Corpus, PieceRow, Source, UnitRow};
pub use demo::{DemoInfo, DemoOptions, render_demo};
pub use split::Split;

#[cfg(test)]
mod tests;
