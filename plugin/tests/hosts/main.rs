//! The plugin in hosts: a CLAP host and a VST3 host of our own, which load the library that musicians' hosts load, and lie as those do.
//!
//! - [`host`] is one instance behind either format, [`session`] a host that plays a [`timeline`] with [`automation`] through it, in
//!   [`blocks`] and at a pace. [`song`] is what is played, [`log`] what the plugin says that it saw.
//! - Every test runs in a process of its own, see [`alone`], with the model set `models/tiny`.
//! - **Allocations.** Builds with debug assertions, as tests are, end the process when `process` allocates or frees (the framework's
//!   `assert_process_allocs`). So every test here is also a test that the audio thread does neither.
//!
//! `cargo xtask test-hosts` runs what hosts of others make of it.

mod alone;
mod automation;
mod blocks;
mod host;
mod log;
mod session;
mod song;
mod timeline;

mod bars;
mod bounce;
mod dry;
mod knobs;
mod leaving;
mod loading;
mod state;
mod takes;

/// Sample rates of the tables.
const RATES: [u32; 5] = [22_050, 44_100, 48_000, 96_000, 192_000];

/// Block sizes of the tables.
const BLOCKS: [usize; 5] = [1, 64, 480, 1024, 8192];
