//! The road through the networks, one typed step a file: audio to latents, to slots, to actions, through the dynamics and back.
//!
//! Every method here is one network call or the loop of one denoising; what is done to which bar is decided by the callers.

mod act;
mod adapt;
pub(crate) mod context;
mod decode;
mod dynamics;
pub(crate) mod encode;
pub(crate) mod merge;
pub(crate) mod seed;
pub(crate) mod splice;

use turnaround_core::contract::Sizes;
use turnaround_core::spectrum::{Companding, Stft};
use turnaround_core::time::SampleRate;

use crate::engine::EngineError;
use crate::model_set::ModelSet;

pub(crate) use act::{ActionVector, PlayersRow};
pub(crate) use decode::Decoding;
pub(crate) use dynamics::{Denoising, Window, WindowBar};
pub(crate) use encode::{Latents, Stretch};

/// The networks of a set with the transforms that stand around them.
pub(crate) struct Road<'a> {
    set: &'a ModelSet,
    stft: Stft,
    companding: Companding,
}

impl<'a> Road<'a> {
    pub(crate) fn new(set: &'a ModelSet) -> Self {
        Road { set, stft: Stft::new(set.sizes().hop), companding: Companding::from(set.statistics()) }
    }

    pub(crate) fn set(&self) -> &'a ModelSet {
        self.set
    }

    pub(crate) fn sizes(&self) -> &'a Sizes {
        self.set.sizes()
    }

    /// The rate of the track.
    pub(crate) fn rate(&self) -> Result<SampleRate, EngineError> {
        SampleRate::new(self.sizes().sample_rate).map_err(|_| EngineError::ModelRate)
    }

    /// Numbers in a frame's row: real parts, then imaginary ones.
    fn row(&self) -> usize {
        2 * self.sizes().bins
    }
}
