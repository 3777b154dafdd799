//! Who plays in a bar: heard in its slots, and told to the networks that make it, so that an action need only say what is played.
//!
//! Players are one number an instrument, 0 to 1. Whoever reads them also reads how far nobody is said to play, and so knows silence about
//! the players, a row of zeros, from players that are named.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::activation::sigmoid;
use burn::tensor::{Device, Distribution, Tensor};

use super::actions::ActionConfig;
use super::attention::TransformerBlock;
use super::layers::{layer_norm, linear};

/// Blocks of the network that hears players.
pub const BLOCKS: usize = 2;

/// Numbers that tell of so many instruments: one more, or none at all.
pub const fn told_width(instruments: usize) -> usize {
    if instruments == 0 { 0 } else { instruments + 1 }
}

/// Players `[batch, instrument]` as they are told, `[batch, instrument + 1]`: the last number is 1 where nobody is said to play, less the
/// more is said, and 0 from one sure player on.
pub fn told(players: Tensor<2>) -> Tensor<2> {
    let unsaid = (players.clone().sum_dim(1).neg() + 1.0).clamp_min(0.0); // [batch, 1]
    Tensor::cat(vec![players, unsaid], 1)
}

/// Hears who plays. It shares nothing with what hears actions, and so changes none.
#[derive(Module, Debug)]
pub struct InstrumentHead {
    input: Linear,
    place: Param<Tensor<2>>,
    blocks: Vec<TransformerBlock>,
    output: Linear,
}

impl InstrumentHead {
    /// Width beside an action encoder of these sizes: half of it.
    pub fn width(config: &ActionConfig) -> usize {
        config.width / 2
    }

    fn new(config: &ActionConfig, device: &Device) -> Self {
        let (width, patches) = (Self::width(config), config.slots / config.slots_per_patch);
        Self {
            input: linear(config.channels * config.slots_per_patch, width, device),
            place: Param::from_tensor(Tensor::random([patches, width], Distribution::Normal(0.0, 0.1), device)),
            blocks: (0..BLOCKS).map(|_| TransformerBlock::new(width, config.heads, device)).collect(),
            output: linear(width, config.instruments.len(), device),
        }
    }

    /// `slots` `[batch, slot, channel]` standardised to the logarithm of the odds that each instrument plays, `[batch, instrument]`.
    pub fn log_odds(&self, slots: Tensor<3>) -> Tensor<2> {
        let [batch, slot, channel] = slots.dims();
        let patches = self.place.dims()[0];
        let h = self.input.forward(slots.reshape([batch, patches, slot / patches * channel])); // [batch, patch, width]
        let h = self.blocks.iter().fold(h + self.place.val().unsqueeze::<3>(), |h, block| block.forward(h));
        self.output.forward(layer_norm(h, 1e-5).mean_dim(1).squeeze_dim::<2>(1)) // [batch, instrument]
    }

    /// `slots` `[batch, slot, channel]` to the probability that each instrument plays, `[batch, instrument]`.
    pub fn forward(&self, slots: Tensor<3>) -> Tensor<2> {
        sigmoid(self.log_odds(slots))
    }
}

/// What an action model that is told who plays has beside one that is not.
#[derive(Module, Debug)]
pub struct Instruments {
    /// Hears them.
    pub head: InstrumentHead,
    /// Tells them to the decoder that actions are learned with.
    embedding: Linear,
}

impl Instruments {
    /// Fresh ones; nothing for a model that knows no instruments.
    pub fn new(config: &ActionConfig, device: &Device) -> Option<Self> {
        let count = config.instruments.len();
        (count > 0).then(|| Self {
            head: InstrumentHead::new(config, device),
            embedding: linear(told_width(count), config.width, device),
        })
    }

    /// Players `[batch, instrument]` to what the decoder is told of them, `[batch, width]`.
    pub fn embed(&self, players: Tensor<2>) -> Tensor<2> {
        self.embedding.forward(told(players))
    }
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use turnaround_core::instruments::Instrument;

    use super::*;

    fn numbers(tensor: Tensor<2>) -> Vec<f32> {
        tensor.into_data().try_into_vec().expect("floats")
    }

    #[test]
    fn nobody_named_is_told_apart_and_one_sure_player_is_enough() {
        let players = Tensor::<2>::from_data([[0.0f32, 0.0], [1.0, 0.0], [0.5, 0.25], [0.9, 0.8]], &Device::flex());
        let expected = [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.5, 0.25, 0.25, 0.9, 0.8, 0.0];
        assert_eq!(numbers(told(players)), expected);
        assert_eq!([0, 1, 12].map(told_width), [0, 2, 13]);
    }

    #[test]
    fn every_instrument_has_a_probability_and_each_changes_what_is_told() {
        let device = Device::flex();
        let instruments = vec![Instrument::Piano, Instrument::Bass, Instrument::Drums];
        let config = ActionConfig { instruments, ..ActionConfig::for_tests(8, 4, 3) };
        let part = Instruments::new(&config, &device).expect("it knows three");
        let heard = numbers(part.head.forward(Tensor::random([2, 8, 4], Distribution::Normal(0.0, 1.0), &device)));
        assert_eq!(heard.len(), 6);
        assert!(heard.iter().all(|p| (0.0..=1.0).contains(p)));
        let row = |players: [f32; 3]| numbers(part.embed(Tensor::<2>::from_data([players], &device)));
        let rows = [row([0.0; 3]), row([1.0, 0.0, 0.0]), row([0.0, 1.0, 0.0]), row([0.0, 0.0, 1.0])];
        assert!(rows.iter().enumerate().all(|(place, row)| !rows[..place].contains(row)));
        assert!(Instruments::new(&ActionConfig::for_tests(8, 4, 3), &device).is_none());
    }
}
