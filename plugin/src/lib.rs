//! The host's side of Turnaround, as far as it exists: the clock.
//!
//! What is here is [`BarClock`], which follows the host's transport and says at which sample of each block a bar begins, and
//! [`Transport`], what it is told. **What is not here yet**: a plugin that a host could load. The framework side is missing whole:
//! parameters, capture, the worker and the hand-over to it, the timeline of regenerated bars, saved state, the editor, the CLAP and
//! VST3 entries. So the crate builds as a plain library with no dependency but the core.
//!
//! The clock came first because everything else on the audio thread hangs on it, and because it needs no host to be tested: its tests
//! play the part of hosts that omit, round and misstate.

pub mod bar_clock;
mod transport;

pub use bar_clock::{BarClock, BarLine, BarMiddle, Block, GridRevision};
pub use transport::Transport;
