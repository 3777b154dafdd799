//! The corpus as the later stages see it: latents of every unit, then slots of every unit, computed once and kept on disk.
//!
//! Units are encoded exactly as in use: with a margin of real sound on both sides that is cut off the result.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use burn::tensor::{Device, Tensor, TensorData};
use indicatif::ProgressIterator;
use serde::{Deserialize, Serialize};
use turnaround_core::bars::timing_features;
use turnaround_core::contract::{POSITION_FEATURES, Sizes, TIMING_FEATURES};
use turnaround_core::instruments::Players;
use turnaround_core::latents::{interpolation_matrix, position_features, token_count};
use turnaround_core::spectrum::{Companding, Stft};
use turnaround_core::time::{Seconds, Tempo};

use super::kept;
use super::spectra::Spectra;
use crate::corpus::{Corpus, Split, UnitRow};
use crate::networks::adapter::Adapter;
use crate::networks::layers::Precision;
use crate::networks::tokenizer::Encoder;

/// Units encoded at once; all of one length.
const BATCH: usize = 64;

/// Latents of every unit of a corpus.
pub struct Latents {
    /// Per unit `[token, channel]`, flat.
    pub of_unit: Vec<Vec<f32>>,
    /// Numbers in a token.
    pub channels: usize,
}

impl Latents {
    /// Tokens of a unit.
    pub fn tokens(&self, unit: usize) -> usize {
        self.of_unit[unit].len() / self.channels
    }

    /// Units of a split by their number of tokens, so that batches need no padding.
    pub fn by_length(&self, units: &[usize]) -> BTreeMap<usize, Vec<usize>> {
        let mut lengths: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for &unit in units {
            lengths.entry(self.tokens(unit)).or_default().push(unit);
        }
        lengths
    }

    /// `[unit, token, channel]` of units that share a length.
    pub fn batch(&self, units: &[usize], device: &Device) -> Tensor<3> {
        let tokens = self.tokens(units[0]);
        let values: Vec<f32> = units.iter().flat_map(|&unit| self.of_unit[unit].iter().copied()).collect();
        Tensor::from_data(TensorData::new(values, [units.len(), tokens, self.channels]), device)
    }

    /// Reads the latents kept at `path`, or encodes the corpus and keeps them there.
    ///
    /// # Errors
    /// When the file cannot be read or written, or belongs to another corpus.
    pub fn of_corpus(
        path: &Path,
        corpus: &Corpus,
        encoder: &Encoder,
        companding: &Companding,
        sizes: &Sizes,
        device: &Device,
    ) -> Result<Self> {
        let lengths: Vec<usize> = corpus
            .units
            .iter()
            .map(|unit| token_count((unit.end - unit.start) as usize, sizes.samples_per_token()) * sizes.channels)
            .collect();
        if !path.exists() {
            let encoded = encode(corpus, &lengths, encoder, companding, sizes, device);
            write(path, encoded.iter().flatten())?;
        }
        let values = read(path)?;
        ensure!(values.len() == lengths.iter().sum::<usize>(), "{} belongs to another corpus: delete it", path.display());
        let mut rest = values.as_slice();
        let of_unit = lengths
            .iter()
            .map(|&length| {
                let (unit, others) = rest.split_at(length);
                rest = others;
                unit.to_vec()
            })
            .collect();
        Ok(Self { of_unit, channels: sizes.channels })
    }
}

fn encode(
    corpus: &Corpus,
    lengths: &[usize],
    encoder: &Encoder,
    companding: &Companding,
    sizes: &Sizes,
    device: &Device,
) -> Vec<Vec<f32>> {
    let spectra = Spectra::new(&Stft::new(sizes.hop), companding, device);
    let mut of_unit = vec![Vec::new(); lengths.len()];
    let mut by_length: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (unit, &length) in lengths.iter().enumerate() {
        by_length.entry(length / sizes.channels).or_default().push(unit);
    }
    let groups: Vec<(usize, Vec<usize>)> =
        by_length.iter().flat_map(|(&tokens, units)| units.chunks(BATCH).map(move |group| (tokens, group.to_vec()))).collect();
    for (tokens, group) in groups.into_iter().progress() {
        let window = tokens + 2 * sizes.margin_tokens;
        let audio: Vec<f32> = group.iter().flat_map(|&unit| unit_window(corpus, unit, window, sizes)).collect();
        let frames = spectra.analyse(audio, group.len());
        let latents = encoder.forward(frames, Precision::Full).narrow(1, sizes.margin_tokens, tokens);
        let latents: Vec<f32> = numbers(latents);
        for (&unit, row) in group.iter().zip(latents.chunks_exact(tokens * sizes.channels)) {
            of_unit[unit] = row.to_vec();
        }
    }
    of_unit
}

/// Samples of a window of `tokens` tokens whose margin ends where the unit begins. Half a hop more on each side puts every frame's
/// centre in the middle of its hop.
fn unit_window(corpus: &Corpus, unit: usize, tokens: usize, sizes: &Sizes) -> Vec<f32> {
    let start = corpus.units[unit].start as i64;
    let margin = sizes.margin_tokens * sizes.samples_per_token() + sizes.hop / 2;
    corpus.window(start - margin as i64, tokens * sizes.samples_per_token() + sizes.hop)
}

/// A tensor's numbers, row-major.
pub fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().convert::<f32>().try_into_vec().expect("a float tensor holds floats")
}

/// What the adapter needs to know of a length: `[slot, token]` down, `[token, slot]` up, `[token, feature]`.
pub struct LengthTensors {
    /// Interpolation from tokens to slots.
    pub down: Tensor<2>,
    /// Interpolation from slots to tokens.
    pub up: Tensor<2>,
    /// Place features of the tokens.
    pub position: Tensor<2>,
}

impl LengthTensors {
    /// For a bar of `tokens` tokens.
    pub fn new(tokens: usize, slots: usize, device: &Device) -> Self {
        let matrix = |values, rows, columns| Tensor::from_data(TensorData::new(values, [rows, columns]), device);
        Self {
            down: matrix(interpolation_matrix(tokens, slots), slots, tokens),
            up: matrix(interpolation_matrix(slots, tokens), tokens, slots),
            position: matrix(position_features(tokens), tokens, POSITION_FEATURES),
        }
    }
}

/// Slots of every unit, with what the later stages need to know of each.
pub struct Slots {
    /// Per unit `[slot, channel]`, flat, standardised.
    pub of_unit: Vec<Vec<f32>>,
    /// Timing features per unit.
    pub timing: Vec<[f32; TIMING_FEATURES]>,
    /// Who plays in each unit, where that is known and was asked for: see [`Corpus::players`].
    pub players: Vec<Option<Players>>,
    /// Units by piece, in order, per split.
    pub pieces: BTreeMap<Split, Vec<Vec<usize>>>,
    /// Mean of each channel before standardising.
    pub mean: Vec<f32>,
    /// Deviation of each channel before standardising.
    pub deviation: Vec<f32>,
    slots: usize,
}

impl Slots {
    /// Runs the adapter over all latents and standardises them: as the later stages were trained, where `path` tells it, else by the
    /// training split, and keeps it there. So a run can be carried to a smaller corpus.
    ///
    /// # Errors
    /// When the corpus names an impossible tempo, or the file cannot be read or written.
    pub fn of_latents(
        path: &Path,
        latents: &Latents,
        corpus: &Corpus,
        adapter: &Adapter,
        sizes: &Sizes,
        device: &Device,
    ) -> Result<Self> {
        let mut of_unit = vec![Vec::new(); latents.of_unit.len()];
        let all: Vec<usize> = (0..of_unit.len()).collect();
        for (tokens, units) in latents.by_length(&all) {
            let length = LengthTensors::new(tokens, sizes.slots, device);
            for group in units.chunks(BATCH) {
                let slots = adapter.encode(latents.batch(group, device), length.down.clone(), length.position.clone());
                let slots = numbers(slots);
                for (&unit, row) in group.iter().zip(slots.chunks_exact(sizes.slots * sizes.channels)) {
                    of_unit[unit] = row.to_vec();
                }
            }
        }
        let measure = || {
            let (mean, deviation) = statistics(&of_unit, &corpus.of(Split::Train), sizes.channels);
            Standard { mean, deviation }
        };
        let Standard { mean, deviation } = kept::once(path, measure)?;
        ensure!(
            mean.len() == sizes.channels && deviation.len() == sizes.channels,
            "{} is of another preset: delete it",
            path.display()
        );
        for unit in &mut of_unit {
            turnaround_core::latents::standardise(unit, &mean, &deviation);
        }
        let timing = corpus.units.iter().map(|unit| timing_of(unit, sizes)).collect::<Result<_>>()?;
        let players = vec![None; of_unit.len()];
        Ok(Self { of_unit, timing, players, pieces: pieces(corpus), mean, deviation, slots: sizes.slots })
    }

    /// Twelve pieces of twelve bars, each of which is one of four patterns of `[slots, channels]` and a little noise, in no order, so that
    /// only an action can tell which; every third piece is held out for validation. Drums play the second and the fourth pattern, a bass the
    /// third and the fourth, and a piano all.
    #[cfg(test)]
    pub fn of_patterns(slots: usize, channels: usize) -> Self {
        use rand::{Rng, SeedableRng};
        use turnaround_core::instruments::Instrument;

        const PIECES: usize = 12;
        const BARS: usize = 12;
        let mut dice = rand_chacha::ChaCha8Rng::seed_from_u64(5);
        let mut sign = || if dice.random_bool(0.5) { 1.0 } else { -1.0 };
        let patterns: Vec<Vec<f32>> = (0..4).map(|_| (0..slots * channels).map(|_| sign()).collect()).collect();
        let playing = |pattern: usize| -> Players {
            let others = [Instrument::Drums, Instrument::Bass].into_iter().enumerate();
            let others = others.filter(|(bit, _)| pattern >> bit & 1 == 1).map(|(_, instrument)| instrument);
            others.chain([Instrument::Piano]).collect()
        };
        let mut bar = || -> (Vec<f32>, Option<Players>) {
            let pattern = dice.random_range(0..4);
            let slots = patterns[pattern].iter().map(|x| x + 0.1 * (dice.random::<f32>() - 0.5)).collect();
            (slots, Some(playing(pattern)))
        };
        let (of_unit, players): (Vec<Vec<f32>>, Vec<Option<Players>>) = (0..PIECES * BARS).map(|_| bar()).unzip();
        let mut pieces: BTreeMap<Split, Vec<Vec<usize>>> = BTreeMap::new();
        for piece in 0..PIECES {
            let split = if piece % 3 == 2 { Split::Validation } else { Split::Train };
            pieces.entry(split).or_default().push((piece * BARS..(piece + 1) * BARS).collect());
        }
        let timing = vec![[0.0; TIMING_FEATURES]; of_unit.len()];
        Self { of_unit, timing, players, pieces, mean: vec![0.0; channels], deviation: vec![1.0; channels], slots }
    }

    /// `[unit, slot, channel]`.
    pub fn batch(&self, units: &[usize], device: &Device) -> Tensor<3> {
        let values: Vec<f32> = units.iter().flat_map(|&unit| self.of_unit[unit].iter().copied()).collect();
        Tensor::from_data(TensorData::new(values, [units.len(), self.slots, self.mean.len()]), device)
    }

    /// Who plays in some units, where that is known.
    pub fn players(&self, units: &[usize]) -> Vec<Option<Players>> {
        units.iter().map(|&unit| self.players[unit]).collect()
    }

    /// `[unit, 2]`.
    pub fn timing(&self, units: &[usize], device: &Device) -> Tensor<2> {
        let values: Vec<f32> = units.iter().flat_map(|&unit| self.timing[unit]).collect();
        Tensor::from_data(TensorData::new(values, [units.len(), 2]), device)
    }

    /// Every unit of a split.
    pub fn units(&self, split: Split) -> Vec<usize> {
        self.pieces.get(&split).into_iter().flatten().flatten().copied().collect()
    }

    /// Every run of `bars` consecutive units of one piece in a split.
    pub fn windows(&self, split: Split, bars: usize) -> Vec<Vec<usize>> {
        let pieces = self.pieces.get(&split).map_or(&[][..], Vec::as_slice);
        pieces.iter().flat_map(|piece| piece.windows(bars).map(<[usize]>::to_vec)).collect()
    }
}

/// What slots are standardised by, per channel.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standard {
    /// Mean of each channel.
    pub mean: Vec<f32>,
    /// Deviation of each channel.
    pub deviation: Vec<f32>,
}

fn timing_of(unit: &UnitRow, sizes: &Sizes) -> Result<[f32; TIMING_FEATURES]> {
    let duration = Seconds::new((unit.end - unit.start) as f64 / f64::from(sizes.sample_rate));
    Ok(timing_features(Tempo::new(unit.tempo)?, duration))
}

/// Units of each piece, in order, by split.
fn pieces(corpus: &Corpus) -> BTreeMap<Split, Vec<Vec<usize>>> {
    let mut by_split: BTreeMap<Split, Vec<Vec<usize>>> = BTreeMap::new();
    let units: Vec<usize> = (0..corpus.units.len()).collect();
    for piece in units.chunk_by(|&a, &b| corpus.units[a].piece == corpus.units[b].piece) {
        by_split.entry(corpus.units[piece[0]].split).or_default().push(piece.to_vec());
    }
    by_split
}

fn statistics(of_unit: &[Vec<f32>], units: &[usize], channels: usize) -> (Vec<f32>, Vec<f32>) {
    let (mut sum, mut squares, mut count) = (vec![0f64; channels], vec![0f64; channels], 0f64);
    for &unit in units {
        for token in of_unit[unit].chunks_exact(channels) {
            for (channel, &value) in token.iter().enumerate() {
                sum[channel] += f64::from(value);
                squares[channel] += f64::from(value * value);
            }
            count += 1.0;
        }
    }
    let mean: Vec<f64> = sum.iter().map(|sum| sum / count).collect();
    let deviation = squares.iter().zip(&mean).map(|(square, mean)| (square / count - mean * mean).max(1e-6).sqrt() as f32);
    (mean.iter().map(|&mean| mean as f32).collect(), deviation.collect())
}

fn write<'a>(path: &Path, values: impl Iterator<Item = &'a f32>) -> Result<()> {
    let bytes: Vec<u8> = values.flat_map(|value| value.to_le_bytes()).collect();
    let fresh = path.with_extension("new");
    fs::write(&fresh, bytes).with_context(|| format!("writing {}", fresh.display()))?;
    fs::rename(&fresh, path).with_context(|| format!("writing {}", path.display()))
}

fn read(path: &Path) -> Result<Vec<f32>> {
    let bytes = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    Ok(bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect())
}
