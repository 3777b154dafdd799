//! Time in its three units, and the numbers that turn one into another.
//!
//! Beats, seconds and samples are different types, so the compiler refuses to add them. A [`Tempo`] relates beats to seconds, a
//! [`SampleRate`] relates seconds to samples, and a [`Metre`] says how many beats make a bar.

mod metre;
mod quantity;
mod rate;
mod tempo;

pub use metre::{Metre, MetreError};
pub use quantity::{Beats, Samples, Seconds};
pub use rate::{RateError, SampleRate};
pub use tempo::{Tempo, TempoError};
