//! What a bar is, and what a model promises.
//!
//! Everything here is plain computation on slices: no files, threads, hosts, tensor libraries or runtimes. Read it along the road:
//!
//! - [`time`], [`tempo_map`] and [`bars`]: where a bar begins and ends, in beats, seconds and samples;
//! - [`audio`], [`resample`], [`spectrum`] and [`mel`]: sound, its rate, and the pictures of it that networks and measures see;
//! - [`latents`] and [`actions`]: the small arithmetic between the networks;
//! - [`noise`], [`schedule`] and [`guidance`]: how noise becomes a clean signal in a few calls;
//! - [`contract`]: what a model set promises about all of this.
//!
//! Nothing here runs on the audio thread: most functions return fresh vectors.

pub mod actions;
pub mod audio;
pub mod bars;
pub mod contract;
pub mod guidance;
pub mod latents;
pub mod mel;
pub mod noise;
pub mod resample;
pub mod schedule;
pub mod spectrum;
pub mod tempo_map;
pub mod time;
