//! Runs single graphs of a set on single bars: what the engine does in one go, taken apart so that each part can be exchanged.

use std::ops::Range;

use anyhow::Result;
use turnaround_core::contract::{Graph, POSITION_FEATURES, Sizes};
use turnaround_core::latents::{interpolation_matrix, position_features, token_count};
use turnaround_core::sampler::{CALLS, Sampler, TOWARDS_EXPECTED, levels};
use turnaround_core::spectrum::{Companding, Stft};
use turnaround_core::time::{SampleRate, Seconds};
use turnaround_engine::model_set::ModelSet;
use turnaround_engine::runtime::{Tensor, TensorView};

use super::bed::Piece;
use crate::warp::{WarpedWindow, warp};

/// What of a bar's past is kept, to hear whether something begins with the bar.
const LEAD: Seconds = Seconds::new(0.1);

/// A unit, encoded.
pub struct Bar {
    /// The unit with the lead before it.
    pub original: Vec<f32>,
    /// With margins, `[frame, 2 · bin]`.
    pub frames: Vec<f32>,
    /// With margins, `[token, channel]`.
    pub latents: Vec<f32>,
    /// Tokens of the unit itself.
    pub tokens: usize,
}

/// The graphs, and the transforms around them.
pub struct Probe<'a> {
    /// The set.
    pub set: &'a ModelSet,
    /// Its sizes.
    pub sizes: Sizes,
    /// Its rate.
    pub rate: SampleRate,
    stft: Stft,
    companding: Companding,
}

impl<'a> Probe<'a> {
    /// Of a set.
    ///
    /// # Errors
    /// When its rate is none audio can have.
    pub fn new(set: &'a ModelSet) -> Result<Self> {
        let sizes = *set.sizes();
        Ok(Self {
            set,
            sizes,
            rate: SampleRate::new(sizes.sample_rate)?,
            stft: Stft::new(sizes.hop),
            companding: Companding::from(set.statistics()),
        })
    }

    /// Samples before a unit that come with it: [`LEAD`], or the margins where they are shorter.
    pub fn lead(&self) -> usize {
        self.rate.samples_from(LEAD).as_index().min(self.before())
    }

    /// Samples of a window before its unit begins.
    fn before(&self) -> usize {
        self.sizes.margin_tokens * self.sizes.samples_per_token() + self.sizes.hop / 2
    }

    /// Encodes the unit at `range` with its true surroundings.
    ///
    /// # Errors
    /// When the encoder fails.
    pub fn encode(&self, piece: &Piece, range: &Range<usize>) -> Result<Bar> {
        let tokens = token_count(range.len(), self.sizes.samples_per_token());
        let window = tokens + 2 * self.sizes.margin_tokens;
        let audio =
            piece.window(range.start as i64 - self.before() as i64, window * self.sizes.samples_per_token() + self.sizes.hop);
        let frames = self.frames(&audio);
        let latents = self.latents(&frames)?;
        let original = self.cut(&audio, range.len()).to_vec();
        Ok(Bar { original, frames, latents, tokens })
    }

    /// Frames of a window that begins half a hop before its first token, `[frame, 2 · bin]`.
    pub fn frames(&self, window: &[f32]) -> Vec<f32> {
        self.stft.analyse(window, &self.companding)
    }

    /// Latents of some frames, `[token, channel]`.
    ///
    /// # Errors
    /// When the encoder fails.
    pub fn latents(&self, frames: &[f32]) -> Result<Vec<f32>> {
        let row = 2 * self.sizes.bins;
        let shape = [1, frames.len() / row, row];
        Ok(self.set.run(Graph::Encoder, &[TensorView::new(&shape, frames)])?.remove(0).into_values())
    }

    /// What every call of the decoder reads of some latents, and the scale expected of each bin.
    ///
    /// # Errors
    /// When the graph fails.
    pub fn condition(&self, latents: &[f32]) -> Result<Vec<Tensor>> {
        let tokens = latents.len() / self.sizes.channels;
        Ok(self.set.run(Graph::DecoderCondition, &[TensorView::new(&[1, tokens, self.sizes.channels], latents)])?)
    }

    /// A unit of `length` samples from latents with margins, the lead before it, as it is played.
    ///
    /// # Errors
    /// When a graph fails.
    pub fn decode(&self, latents: &[f32], length: usize, seed: u64) -> Result<Vec<f32>> {
        self.decode_at(latents, length, &levels(CALLS), seed)
    }

    /// The same by calls at these noise levels, down to 0. No call at all plays what the latents expect.
    ///
    /// # Errors
    /// When a graph fails.
    pub fn decode_at(&self, latents: &[f32], length: usize, levels: &[f32], seed: u64) -> Result<Vec<f32>> {
        Ok(self.cut(&self.decode_window(latents, levels, seed)?, length).to_vec())
    }

    /// All that some latents tell of by calls at some noise levels, margins included: the inverse of [`Self::frames`] and [`Self::latents`].
    ///
    /// # Errors
    /// When a graph fails.
    pub fn decode_window(&self, latents: &[f32], levels: &[f32], seed: u64) -> Result<Vec<f32>> {
        let condition = self.condition(latents)?;
        let gain = &self.set.statistics().decoded_gain;
        let sampler = Sampler { stft: &self.stft, companding: &self.companding, gain, towards_expected: TOWARDS_EXPECTED };
        sampler.sample(condition[1].values(), None, levels, seed, |noisy, level| self.denoised(noisy, level, &condition))
    }

    /// The unit's own magnitudes with random phases, brought together as decoded ones are: what a decoder of perfect magnitudes sounds
    /// like that knows nothing of phases.
    pub fn with_random_phases(&self, bar: &Bar, length: usize, seed: u64) -> Vec<f32> {
        let bins = self.sizes.bins;
        // Noise to start from has magnitude √2 in units of the scale.
        let magnitude = |row: &[f32], bin: usize| row[bin].hypot(row[bins + bin]) / std::f32::consts::SQRT_2;
        let scale: Vec<f32> =
            bar.frames.chunks_exact(2 * bins).flat_map(|row| (0..bins).map(|bin| magnitude(row, bin))).collect();
        let sampler = Sampler {
            stft: &self.stft,
            companding: &self.companding,
            gain: &vec![1.0; bins],
            towards_expected: TOWARDS_EXPECTED,
        };
        let window: Result<Vec<f32>, std::convert::Infallible> =
            sampler.sample(&scale, None, &[], seed, |noisy, _| Ok(noisy.to_vec()));
        match window {
            Ok(window) => self.cut(&window, length).to_vec(),
            Err(never) => match never {},
        }
    }

    /// One call of the denoiser: clean frames, in units of the scale as `noisy` is.
    ///
    /// # Errors
    /// When the graph fails.
    pub fn denoised(&self, noisy: &[f32], level: f32, condition: &[Tensor]) -> Result<Vec<f32>> {
        let row = 2 * self.sizes.bins;
        let (shape, level) = ([1, noisy.len() / row, row], [level]);
        let mut inputs = vec![TensorView::new(&shape, noisy), TensorView::new(&[1], &level)];
        inputs.extend(condition.iter().map(Tensor::view));
        Ok(self.set.run(Graph::DecoderStep, &inputs)?.remove(0).into_values())
    }

    /// The unit's latents after the adapter's two ways, its margins as they were.
    ///
    /// # Errors
    /// When a graph fails.
    pub fn through_slots(&self, bar: &Bar) -> Result<Vec<f32>> {
        let Sizes { channels, slots, margin_tokens, .. } = self.sizes;
        let inner = margin_tokens * channels..(margin_tokens + bar.tokens) * channels;
        let position = position_features(bar.tokens);
        let position = TensorView::new(&[bar.tokens, POSITION_FEATURES], &position);
        let down = interpolation_matrix(bar.tokens, slots);
        let up = interpolation_matrix(slots, bar.tokens);
        let latents = TensorView::new(&[1, bar.tokens, channels], &bar.latents[inner.clone()]);
        let held =
            self.set.run(Graph::AdapterEncoder, &[latents, TensorView::new(&[slots, bar.tokens], &down), position.clone()])?;
        let back =
            self.set.run(Graph::AdapterDecoder, &[held[0].view(), TensorView::new(&[bar.tokens, slots], &up), position])?;
        let mut all = bar.latents.clone();
        all[inner].copy_from_slice(back[0].values());
        Ok(all)
    }

    /// The unit at `range` and its lead, warped to the length of a bar's slots and back; in between through latents, or through
    /// nothing at all, which is what the warp itself costs.
    ///
    /// # Errors
    /// When the unit is more than four times as long or short as its slots, or a graph fails.
    pub fn warped_and_back(&self, piece: &Piece, range: &Range<usize>, is_coded: bool, seed: u64) -> Result<Vec<f32>> {
        let window = WarpedWindow::around(range.len(), &self.sizes);
        let audio = piece.window(range.start as i64 - window.margin as i64, window.length);
        let warped = warp(&audio, self.rate, window.warped_length)?;
        let made = match is_coded {
            true => self.decode_window(&self.latents(&self.frames(&warped))?, &levels(CALLS), seed)?,
            false => warped,
        };
        let back = warp(&made, self.rate, window.length)?;
        Ok(back[window.margin - self.lead()..window.margin + range.len()].to_vec())
    }

    /// The unit and its lead, out of a window with margins.
    fn cut<'b>(&self, window: &'b [f32], length: usize) -> &'b [f32] {
        let start = self.before() - self.lead();
        &window[start..start + self.lead() + length]
    }
}
