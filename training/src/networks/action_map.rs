//! The residual map: from the vector that knobs make to one of a richer table, which no knob could make.
//!
//! Entries of a small table mean something each and describe a bar poorly; those of a rich one describe it well and mean nothing alone. So the
//! knobs stay on the first, and the dynamics is told where the second would most likely be. The map adds nothing to what the knobs say: it
//! says the same in the words of the richer table.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::layers::{FeedForward, rms_norm};

/// Sizes of the map. Its width is that of the action vector.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActionMapConfig {
    /// Residual blocks, each of about eight times the width squared weights; 2 to start from. None is the identity.
    pub blocks: usize,
}

/// Blocks of RMSNorm (Zhang and Sennrich, arXiv 1910.07467) and SwiGLU (Shazeer, arXiv 2002.05202), each added to what it reads.
#[derive(Module, Debug)]
pub struct ActionMap {
    blocks: Vec<FeedForward>,
}

impl ActionMap {
    /// A fresh map of vectors of `width`: the identity, because what its blocks add starts at zero.
    pub fn new(config: &ActionMapConfig, width: usize, device: &Device) -> Self {
        Self { blocks: (0..config.blocks).map(|_| FeedForward::new(width, true, device)).collect() }
    }

    /// The vector `[batch, width]` of an action to the richer one, of the same shape. What comes out has no fixed length: where the action leaves
    /// much open, it is the mean of what could be meant, and shorter.
    pub fn forward(&self, action: Tensor<2>) -> Tensor<2> {
        self.blocks.iter().fold(action, |x, block| x.clone() + block.forward(rms_norm(x))) // [batch, width]
    }
}

/// A vector through a map, where there is one.
pub fn through(map: Option<&ActionMap>, action: Tensor<2>) -> Tensor<2> {
    match map {
        Some(map) => map.forward(action),
        None => action,
    }
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use burn::tensor::Distribution;

    use super::*;

    #[test]
    fn a_fresh_map_is_the_identity() {
        let device = Device::flex();
        let map = ActionMap::new(&ActionMapConfig { blocks: 2 }, 8, &device);
        let action = Tensor::<2>::random([3, 8], Distribution::Normal(0.0, 1.0), &device);
        assert_eq!(map.forward(action.clone()).into_data(), action.into_data());
    }
}
