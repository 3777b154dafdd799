//! How much of a bar survives the latents: mel distance against decoder calls, with the latents of another bar, and through slots.

use std::collections::BTreeMap;
use std::fmt::Write;

use anyhow::{Context, Result};
use indicatif::ProgressIterator;
use serde::{Deserialize, Serialize};
use turnaround_core::contract::{Graph, POSITION_FEATURES, Sizes};
use turnaround_core::latents::{interpolation_matrix, position_features, token_count};
use turnaround_core::mel::MultiScaleMel;
use turnaround_core::noise::{GaussianNoise, kappa_euler_step, linear_levels};
use turnaround_core::spectrum::{Companding, Stft};
use turnaround_core::time::SampleRate;
use turnaround_engine::model_set::ModelSet;
use turnaround_engine::runtime::TensorView;

use super::chance::Interval;
use crate::corpus::Corpus;

/// Decoder calls that are compared.
const CALLS: [usize; 5] = [1, 2, 4, 8, 16];

/// Calls in use by default, at which everything else is measured.
const DEFAULT_CALLS: usize = 4;

/// What was measured of encoder, decoder and adapter.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TokenizerMeasures {
    /// Bars measured.
    pub bars: usize,
    /// Mel distance by number of calls.
    pub mel_by_calls: BTreeMap<usize, Interval>,
    /// Mel distance of noise at the scale the latents tell, with no decoder call: what the decoder must beat.
    pub shaped_noise_mel: Interval,
    /// Level of the decoded bar over the original, in decibels, at the default calls.
    pub level_db: Interval,
    /// Mel distance when each bar is decoded from another bar's latents, at the default calls.
    pub swapped_mel: Interval,
    /// Mel distance after the way through slots and back, at the default calls.
    pub bar_mel: Interval,
    /// Share of the variance of the latents that is lost on the way through slots and back.
    pub adapter_error: f64,
}

/// A held-out unit, encoded.
struct Bar {
    original: Vec<f32>,
    /// With margins, `[token, channel]`.
    latents: Vec<f32>,
    tokens: usize,
}

/// Measures the units `chosen`.
pub fn measure(set: &ModelSet, corpus: &Corpus, chosen: &[usize], seed: u64) -> Result<TokenizerMeasures> {
    let probe = Probe::new(set)?;
    let bars: Vec<Bar> = chosen.iter().map(|&unit| probe.encode(corpus, unit)).collect::<Result<_>>()?;
    let (mut by_calls, mut levels, mut swapped, mut through_slots) = (BTreeMap::<usize, Vec<f64>>::new(), vec![], vec![], vec![]);
    let mut shaped_noise = Vec::new();
    let (mut lost, mut whole) = (0f64, 0f64);
    for (index, bar) in bars.iter().enumerate().progress() {
        let seed = seed + index as u64;
        for calls in CALLS {
            let decoded = probe.decode(&bar.latents, calls, seed)?;
            by_calls.entry(calls).or_default().push(probe.distance(bar, &decoded));
            if calls == DEFAULT_CALLS {
                levels.push(20.0 * (root_mean_square(&decoded) / root_mean_square(&bar.original)).log10());
            }
        }
        shaped_noise.push(probe.distance(bar, &probe.decode(&bar.latents, 0, seed)?));
        if let Some(other) = other_of_same_length(&bars, index) {
            swapped.push(probe.distance(bar, &probe.decode(&other.latents, DEFAULT_CALLS, seed)?));
        }
        let back = probe.through_slots(bar)?;
        lost += bar.latents.iter().zip(&back).map(|(a, b)| f64::from((a - b) * (a - b))).sum::<f64>();
        whole += (bar.tokens * probe.sizes.channels) as f64;
        through_slots.push(probe.distance(bar, &probe.decode(&back, DEFAULT_CALLS, seed)?));
    }
    Ok(TokenizerMeasures {
        bars: bars.len(),
        mel_by_calls: by_calls.into_iter().map(|(calls, values)| (calls, Interval::of(&values, seed))).collect(),
        shaped_noise_mel: Interval::of(&shaped_noise, seed),
        level_db: Interval::of(&levels, seed),
        swapped_mel: Interval::of(&swapped, seed),
        bar_mel: Interval::of(&through_slots, seed),
        adapter_error: lost / whole,
    })
}

/// Another bar of the same number of tokens, the next one round the list.
fn other_of_same_length(bars: &[Bar], index: usize) -> Option<&Bar> {
    let others = bars[index + 1..].iter().chain(&bars[..index]);
    others.into_iter().find(|other| other.latents.len() == bars[index].latents.len())
}

fn root_mean_square(samples: &[f32]) -> f64 {
    (samples.iter().map(|x| f64::from(x * x)).sum::<f64>() / samples.len().max(1) as f64).sqrt().max(1e-9)
}

/// Runs single graphs of a set.
struct Probe<'a> {
    set: &'a ModelSet,
    sizes: Sizes,
    stft: Stft,
    companding: Companding,
    mel: MultiScaleMel,
}

impl<'a> Probe<'a> {
    fn new(set: &'a ModelSet) -> Result<Self> {
        let sizes = *set.sizes();
        let rate = SampleRate::new(sizes.sample_rate)?;
        Ok(Self {
            set,
            sizes,
            stft: Stft::new(sizes.hop),
            companding: Companding::from(set.statistics()),
            mel: MultiScaleMel::new(rate),
        })
    }

    fn encode(&self, corpus: &Corpus, unit: usize) -> Result<Bar> {
        let row = &corpus.units[unit];
        let length = (row.end - row.start) as usize;
        let tokens = token_count(length, self.sizes.samples_per_token());
        let window = tokens + 2 * self.sizes.margin_tokens;
        let audio =
            corpus.window(row.start as i64 - self.lead() as i64, window * self.sizes.samples_per_token() + self.sizes.hop);
        let frames = self.stft.analyse(&audio, &self.companding);
        let shape = [1, window * self.sizes.frames_per_token, 2 * self.sizes.bins];
        let latents = self.set.run(Graph::Encoder, &[TensorView::new(&shape, &frames)])?.remove(0).into_values();
        let original = audio[self.lead()..self.lead() + length].to_vec();
        Ok(Bar { original, latents, tokens })
    }

    /// Samples of a window before its unit begins.
    fn lead(&self) -> usize {
        self.sizes.margin_tokens * self.sizes.samples_per_token() + self.sizes.hop / 2
    }

    /// The window's audio, the lead cut off. No call at all leaves noise at the expected scale.
    fn decode(&self, latents: &[f32], calls: usize, seed: u64) -> Result<Vec<f32>> {
        let tokens = latents.len() / self.sizes.channels;
        let condition = self.set.run(Graph::DecoderCondition, &[TensorView::new(&[1, tokens, self.sizes.channels], latents)])?;
        let scale: Vec<f32> = condition[3].values().chunks_exact(self.sizes.bins).flat_map(|row| row.repeat(2)).collect();
        let mut noisy = vec![0.0; scale.len()];
        GaussianNoise::new(seed).fill(&mut noisy);
        let shape = [1, tokens * self.sizes.frames_per_token, 2 * self.sizes.bins];
        let levels = if calls == 0 { Vec::new() } else { linear_levels(calls) };
        for levels in levels.windows(2) {
            let level = [levels[0]];
            let mut inputs = vec![TensorView::new(&shape, &noisy), TensorView::new(&[1], &level)];
            inputs.extend(condition.iter().map(|tensor| tensor.view()));
            let clean = self.set.run(Graph::DecoderStep, &inputs)?.remove(0);
            kappa_euler_step(&mut noisy, clean.values(), levels[0], levels[1]);
        }
        let frames: Vec<f32> = noisy.iter().zip(&scale).map(|(x, scale)| x * scale).collect();
        Ok(self.stft.synthesise(&frames, &self.companding)[self.lead()..].to_vec())
    }

    /// The bar's latents after the adapter's two ways, its margins as they were.
    fn through_slots(&self, bar: &Bar) -> Result<Vec<f32>> {
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

    fn distance(&self, bar: &Bar, decoded: &[f32]) -> f64 {
        f64::from(self.mel.distance(&bar.original, &decoded[..bar.original.len()]))
    }
}

impl TokenizerMeasures {
    pub(super) fn describe(&self, text: &mut String) -> Result<()> {
        writeln!(text, "### Tokenizer and adapter, {} bars\n\n| | mel, 95 % interval |\n|---|---|", self.bars)?;
        writeln!(text, "| noise at the scale the latents tell, no call | {} |", self.shaped_noise_mel)?;
        for (calls, mel) in &self.mel_by_calls {
            writeln!(text, "| round trip, {calls} calls | {mel} |")?;
        }
        writeln!(text, "| latents of another bar, {DEFAULT_CALLS} calls | {} |", self.swapped_mel)?;
        writeln!(text, "| through slots and back, {DEFAULT_CALLS} calls | {} |", self.bar_mel)?;
        let four = self.mel_by_calls.get(&DEFAULT_CALLS).context("the default calls are among the compared")?.mean;
        let sixteen = self.mel_by_calls.get(&16).context("16 calls are among the compared")?.mean;
        writeln!(
            text,
            "\n4 calls over 16: {:.3}. Level of the round trip: {} dB. The adapter loses {:.1} % of the latents' variance.\n",
            four / sixteen,
            self.level_db,
            100.0 * self.adapter_error
        )?;
        Ok(())
    }
}
