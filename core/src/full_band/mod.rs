//! Sound above what the models write: found again where the low band sounded alike, and put upon highs that are there.
//!
//! [`LowFrames`] describes the low band in steps of 10 ms, [`matches`] finds for each step of a new bar the step of the context that
//! sounds most alike, and [`HighBand`] measures the highs of that step and gives them to the new bar.

mod high_band;
mod low_frames;

pub use high_band::{Envelope, HighBand};
pub use low_frames::{LowFrames, Match, matches};

/// Middle of the crossover: networks write below it.
pub const CROSSOVER_HZ: f64 = 7_200.0;
