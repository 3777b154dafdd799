//! The timeline: which take sounds where, and the fades between takes and dry sound.
//!
//! **Thread.** Audio thread: everything is sized when it is made.

mod delay;
mod player;
mod shelf;
mod spans;

pub use delay::Delay;
pub use player::{Player, Voice};
pub use shelf::Shelf;
pub use spans::{Span, Spans, stamp};
