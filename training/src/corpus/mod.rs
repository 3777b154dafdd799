//! The corpus: an arranger writes jazz from a seed, a SoundFont plays it, and a table says where every bar lies.
//!
//! Everything a model learns from is made here, so labels are exact. Archives of changes, solos, drummers and recorded notes are
//! used where a folder holds them ([`sources`]); without any the arranger plays alone, and nothing is owed to anyone but the
//! SoundFont's makers.

pub mod build;
pub mod dataset;
pub mod degrade;
pub mod demo;
pub mod dice;
pub mod factors;
pub mod own;
pub mod plan;
mod players;
pub mod recorded;
pub mod render;
pub mod score;
pub mod sources;
pub mod split;

pub use build::{BuildOptions, Summary, build};
pub use dataset::{BeatRow, Corpus, PieceRow, Source, UnitRow};
pub use demo::{DemoInfo, DemoOptions, render_demo};
pub use own::{OwnOptions, OwnSummary, build_from};
pub use sources::{Kind, Sources};
pub use split::Split;

#[cfg(test)]
mod tests;
