//! The quality filter: is a recording fit to learn from?
//!
//! Cuts of five seconds → statistics of mel bands → extremely randomised trees → a probability for each cut, smoothed over the song.
//! A song is kept where the mean lies above [`KEEP_ABOVE`]. Old recordings are fit; broken ones and those degraded beyond use are not.
//! The probability itself may serve as a weight or a condition.
//!
//! Source: the recipe that this project goes back to: 39 bands, eight statistics of each, 100
//! trees of depth 12, deviation 2 of the Gaussian, threshold 0.55. Ours learns from labelled degradations of rendered music where theirs
//! learnt from 200 songs labelled by hand.

mod cuts;
mod examples;
mod filter;
mod forest;
mod learn;
mod measure;
mod report;
mod smooth;

pub use cuts::{CUT_S, FEATURES, features};
pub use filter::{Filter, Verdict};
pub use learn::{LearnOptions, learn};
pub use report::{Row, draw, judge, table};
pub use smooth::smooth;

/// A song is kept when the mean probability of its cuts lies above this.
pub const KEEP_ABOVE: f64 = 0.55;

#[cfg(test)]
pub(crate) mod tests;
