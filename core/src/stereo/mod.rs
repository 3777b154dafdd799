//! The place and width of a sound between two loudspeakers, measured in one bar and given to another.
//!
//! Source: parametric stereo as in MPEG-4 (Breebaart et al. 2005): each band of the ear has a level difference and a coherence, and a mono
//! sound is turned and mixed with a decorrelated copy of itself until it has both. Written for middle and side this is one factor for
//! the middle and one for the copy; the middle stays what it was, so that mono playback hears none of it.

mod decorrelate;
mod image;

pub use decorrelate::decorrelated;
pub use image::{Image, StereoBands};
