//! What a bar is, and what a model promises.
//!
//! Everything here is plain computation on slices: no files, threads, hosts, tensor libraries or runtimes. Read it along the road:
//!
//! - [`time`], [`tempo_map`] and [`bars`]: where a bar begins and ends, in beats, seconds and samples;
//! - [`audio`], [`resample`], [`spectrum`] and [`phase`]: sound, its rate, the picture of it that networks see, and the way back;
//! - [`mel`], [`chroma`] and [`ear`]: how far apart two sounds are;
//! - [`filter`], [`erb`], [`full_band`], [`mod@level`] and [`stereo`]: what a new bar needs besides the networks' sound: highs, loudness
//!   and a place;
//! - [`descriptors`]: what of a bar can be put into words;
//! - [`latents`], [`actions`] and [`instruments`]: the small arithmetic between the networks, and who plays;
//! - [`noise`], [`schedule`], [`guidance`] and [`sampler`]: how noise becomes a clean signal in a few calls;
//! - [`contract`]: what a model set promises about all of this.
//!
//! Nothing here runs on the audio thread: most functions return fresh vectors.

pub mod actions;
pub mod audio;
pub mod bars;
pub mod beats;
pub mod chroma;
pub mod contract;
pub mod descriptors;
pub mod ear;
pub mod erb;
mod fft;
pub mod filter;
pub mod full_band;
pub mod guidance;
pub mod instruments;
pub mod latents;
pub mod level;
pub mod mel;
pub mod noise;
pub mod phase;
pub mod resample;
pub mod sampler;
pub mod schedule;
pub mod short_frames;
pub mod spectrum;
pub mod stereo;
pub mod tempo_map;
pub mod time;
