//! Audio to latents.

use turnaround_core::contract::Graph;
use turnaround_core::time::Seconds;

use super::Road;
use crate::runtime::{RuntimeError, TensorView};

/// A stretch of whole tokens on the track at the models' rate. It may reach over both ends of the track, where it is silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stretch {
    /// The sample its first token starts at.
    pub start: i64,
    /// Its tokens, margins not counted.
    pub tokens: usize,
}

/// Latent tokens of a stretch and of the margins on both sides of it, `[margin + tokens + margin, channel]`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Latents {
    values: Vec<f32>,
    channels: usize,
    margin: usize,
}

impl Latents {
    /// The stretch's own tokens, `[token, channel]`.
    pub(crate) fn inner(&self) -> &[f32] {
        let edge = self.margin * self.channels;
        &self.values[edge..self.values.len() - edge]
    }

    /// The same margins around other tokens.
    pub(crate) fn with_inner(&self, tokens: &[f32]) -> Self {
        let mut latents = self.clone();
        let edge = self.margin * self.channels;
        let end = latents.values.len() - edge;
        latents.values[edge..end].copy_from_slice(tokens);
        latents
    }

    /// The margin after the stretch, `[margin, channel]`.
    pub(crate) fn margin_after_mut(&mut self) -> &mut [f32] {
        let start = self.values.len() - self.margin * self.channels;
        &mut self.values[start..]
    }

    /// Everything, margins included, `[margin + tokens + margin, channel]`.
    pub(crate) fn all(&self) -> &[f32] {
        &self.values
    }
}

impl Road<'_> {
    /// The sample the first frame of a stretch with its margins reads first.
    ///
    /// Half a hop early, so that every frame's centre lies in the middle of the hop it stands for.
    pub(super) fn first_sample(&self, stretch: Stretch) -> i64 {
        let sizes = self.sizes();
        stretch.start - (sizes.margin_tokens * sizes.samples_per_token() + sizes.hop / 2) as i64
    }

    /// How far beyond the ends of a unit networks hear at most: both margins, the rest of a last token, and a frame.
    pub(crate) fn reach(&self) -> Seconds {
        let sizes = self.sizes();
        let samples = (sizes.margin_tokens + 1) * sizes.samples_per_token() + sizes.hop;
        Seconds::new(samples as f64 / f64::from(sizes.sample_rate))
    }

    /// Tokens of a stretch with both margins.
    pub(super) fn tokens_with_margins(&self, stretch: Stretch) -> usize {
        stretch.tokens + 2 * self.sizes().margin_tokens
    }

    /// The companded frames of a stretch and its margins, `[frame, 2 * bin]`.
    pub(crate) fn frames(&self, track: &[f32], stretch: Stretch) -> Vec<f32> {
        let sizes = self.sizes();
        let length = self.tokens_with_margins(stretch) * sizes.samples_per_token() + sizes.hop;
        self.stft.analyse(&cut(track, self.first_sample(stretch), length), &self.companding)
    }

    /// Encodes the frames that [`Self::frames`] made of a stretch.
    pub(crate) fn encode(&self, frames: &[f32]) -> Result<Latents, RuntimeError> {
        let count = frames.len() / self.row();
        let frames = TensorView::new(&[1, count, self.row()], frames);
        let latents = self.set.run(Graph::Encoder, &[frames])?.remove(0);
        let (channels, margin) = (self.sizes().channels, self.sizes().margin_tokens);
        Ok(Latents { values: latents.into_values(), channels, margin })
    }
}

/// A piece of a track; silence where it reaches over the ends.
pub(crate) fn cut(track: &[f32], start: i64, length: usize) -> Vec<f32> {
    let mut piece = vec![0.0; length];
    let from = start.clamp(0, track.len() as i64);
    let to = (start + length as i64).clamp(from, track.len() as i64);
    let offset = (from - start).clamp(0, length as i64) as usize;
    let source = &track[from as usize..to as usize];
    piece[offset..offset + source.len()].copy_from_slice(source);
    piece
}

#[cfg(test)]
mod tests {
    use super::cut;

    #[test]
    fn a_piece_over_the_ends_is_silent_there() {
        let track = [1.0, 2.0, 3.0];
        assert_eq!(cut(&track, -2, 4), [0.0, 0.0, 1.0, 2.0]);
        assert_eq!(cut(&track, 2, 3), [3.0, 0.0, 0.0]);
        assert_eq!(cut(&track, 5, 2), [0.0, 0.0]);
        assert_eq!(cut(&track, -5, 2), [0.0, 0.0]);
    }
}
