//! How much of a bar survives the latents: mel distance and chroma against decoder calls, with the latents of another bar, and through
//! slots; and what a denoising call knows beyond an ideal linear filter.

use std::collections::BTreeMap;
use std::fmt::Write;

use anyhow::{Context, Result, ensure};
use indicatif::ProgressIterator;
use serde::{Deserialize, Serialize};
use turnaround_core::chroma::Chroma;
use turnaround_core::contract::{Graph, POSITION_FEATURES, Sizes};
use turnaround_core::latents::{interpolation_matrix, position_features, token_count};
use turnaround_core::mel::MultiScaleMel;
use turnaround_core::noise::{GaussianNoise, blend};
use turnaround_core::sampler::Sampler;
use turnaround_core::spectrum::{Companding, Stft};
use turnaround_core::time::SampleRate;
use turnaround_engine::model_set::ModelSet;
use turnaround_engine::runtime::{Tensor, TensorView};

use super::chance::Interval;
use crate::corpus::Corpus;

/// Decoder calls that are compared.
const CALLS: [usize; 6] = [0, 1, 2, 4, 8, 16];

/// Calls in use by default, at which everything else is measured.
const DEFAULT_CALLS: usize = 4;

/// Noise levels at which single calls are compared with a linear filter.
const PROBED_LEVELS: [f32; 4] = [0.9, 0.75, 0.5, 0.25];

/// How near decoded bars are to the real ones.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Likeness {
    /// Mel distance; lower is better.
    pub mel: Interval,
    /// Similarity of chroma; higher is better.
    pub chroma: Interval,
    /// Level over the original, in decibels.
    pub level_db: Interval,
}

/// What was measured of encoder, decoder and adapter.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TokenizerMeasures {
    /// Bars measured.
    pub bars: usize,
    /// By number of calls; 0 plays what the latents expect, which is what calls must beat.
    pub by_calls: BTreeMap<usize, Likeness>,
    /// Each bar decoded from another bar's latents, at the default calls.
    pub swapped: Likeness,
    /// After the way through slots and back, at the default calls.
    pub through_slots: Likeness,
    /// Another bar of the test split in place of the decoded one: what no likeness at all looks like.
    pub other_bar: Likeness,
    /// By noise level: squared error of one call over that of the linear filter that would be ideal for unit-variance data, in percent
    /// of companded energy left. Below 100 the network knows something.
    pub error_of_linear_filter: BTreeMap<String, f64>,
    /// Share of the variance of the latents that is lost on the way through slots and back.
    pub adapter_error: f64,
}

/// A held-out unit, encoded.
struct Bar {
    original: Vec<f32>,
    /// With margins, `[frame, 2 · bin]`.
    frames: Vec<f32>,
    /// With margins, `[token, channel]`.
    latents: Vec<f32>,
    tokens: usize,
}

/// Likenesses of many bars, by measure.
#[derive(Default)]
struct Scores {
    mel: Vec<f64>,
    chroma: Vec<f64>,
    level_db: Vec<f64>,
}

impl Scores {
    fn add(&mut self, probe: &Probe, original: &[f32], decoded: &[f32]) {
        let decoded = &decoded[..original.len()];
        self.mel.push(f64::from(probe.mel.distance(original, decoded)));
        // A bar without a pitched sound has no chroma to lose.
        self.chroma.extend(probe.chroma.similarity(original, decoded));
        self.level_db.push(20.0 * (root_mean_square(decoded) / root_mean_square(original)).log10());
    }

    /// Fails when there was nothing to measure.
    fn likeness(&self, seed: u64) -> Result<Likeness> {
        ensure!(!self.mel.is_empty(), "no two of the measured bars are equally long: measure more");
        ensure!(!self.chroma.is_empty(), "none of the measured bars has a pitched sound: measure more");
        let [mel, chroma, level_db] = [&self.mel, &self.chroma, &self.level_db].map(|values| Interval::of(values, seed));
        Ok(Likeness { mel, chroma, level_db })
    }
}

/// Measures the units `chosen`.
pub fn measure(set: &ModelSet, corpus: &Corpus, chosen: &[usize], seed: u64) -> Result<TokenizerMeasures> {
    let probe = Probe::new(set)?;
    let bars: Vec<Bar> = chosen.iter().map(|&unit| probe.encode(corpus, unit)).collect::<Result<_>>()?;
    let mut by_calls: BTreeMap<usize, Scores> = BTreeMap::new();
    let (mut swapped, mut through_slots, mut other_bar) = (Scores::default(), Scores::default(), Scores::default());
    let (mut lost, mut whole) = (0f64, 0f64);
    let mut errors = vec![LinearComparison::default(); PROBED_LEVELS.len()];
    for (index, bar) in bars.iter().enumerate().progress() {
        let seed = seed + index as u64;
        for calls in CALLS {
            by_calls.entry(calls).or_default().add(&probe, &bar.original, &probe.decode(&bar.latents, calls, seed)?);
        }
        if let Some(other) = other_of_same_length(&bars, index) {
            swapped.add(&probe, &bar.original, &probe.decode(&other.latents, DEFAULT_CALLS, seed)?);
            let length = bar.original.len().min(other.original.len());
            other_bar.add(&probe, &bar.original[..length], &other.original);
        }
        let back = probe.through_slots(bar)?;
        lost += bar.latents.iter().zip(&back).map(|(a, b)| f64::from((a - b) * (a - b))).sum::<f64>();
        whole += (bar.tokens * probe.sizes.channels) as f64;
        through_slots.add(&probe, &bar.original, &probe.decode(&back, DEFAULT_CALLS, seed)?);
        for (level, errors) in PROBED_LEVELS.into_iter().zip(&mut errors) {
            errors.add(&probe, bar, level, seed)?;
        }
    }
    let percent = |(level, errors): (f32, &LinearComparison)| (format!("{level}"), 100.0 * errors.network / errors.linear);
    Ok(TokenizerMeasures {
        bars: bars.len(),
        by_calls: by_calls.into_iter().map(|(calls, scores)| Ok((calls, scores.likeness(seed)?))).collect::<Result<_>>()?,
        swapped: swapped.likeness(seed)?,
        through_slots: through_slots.likeness(seed)?,
        other_bar: other_bar.likeness(seed)?,
        error_of_linear_filter: PROBED_LEVELS.into_iter().zip(&errors).map(percent).collect(),
        adapter_error: lost / whole,
    })
}

/// Squared errors of single calls, in companded energy.
#[derive(Clone, Copy, Default)]
struct LinearComparison {
    network: f64,
    linear: f64,
}

impl LinearComparison {
    fn add(&mut self, probe: &Probe, bar: &Bar, level: f32, seed: u64) -> Result<()> {
        let tokens = bar.latents.len() / probe.sizes.channels;
        let latents = TensorView::new(&[1, tokens, probe.sizes.channels], &bar.latents);
        let condition = probe.set.run(Graph::DecoderCondition, &[latents])?;
        let scale: Vec<f32> = condition[2].values().chunks_exact(probe.sizes.bins).flat_map(|row| row.repeat(2)).collect();
        let clean: Vec<f32> = bar.frames.iter().zip(&scale).map(|(x, scale)| x / scale).collect();
        let mut noise = vec![0.0; clean.len()];
        GaussianNoise::new(seed).fill(&mut noise);
        let noisy = blend(&clean, &noise, level);
        let share = (1.0 - level) / ((1.0 - level).powi(2) + level.powi(2));
        let denoised = probe.denoised(&noisy, level, &condition)?;
        for (((clean, noisy), denoised), scale) in clean.iter().zip(&noisy).zip(&denoised).zip(&scale) {
            self.network += f64::from((denoised - clean) * scale).powi(2);
            self.linear += f64::from((share * noisy - clean) * scale).powi(2);
        }
        Ok(())
    }
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
    chroma: Chroma,
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
            chroma: Chroma::new(rate),
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
        Ok(Bar { original, frames, latents, tokens })
    }

    /// Samples of a window before its unit begins.
    fn lead(&self) -> usize {
        self.sizes.margin_tokens * self.sizes.samples_per_token() + self.sizes.hop / 2
    }

    /// The window's audio, the lead cut off. No call at all plays what the latents expect.
    fn decode(&self, latents: &[f32], calls: usize, seed: u64) -> Result<Vec<f32>> {
        let tokens = latents.len() / self.sizes.channels;
        let condition = self.set.run(Graph::DecoderCondition, &[TensorView::new(&[1, tokens, self.sizes.channels], latents)])?;
        let gain = &self.set.statistics().decoded_gain;
        let sampler = Sampler { stft: &self.stft, companding: &self.companding, gain };
        let samples =
            sampler.sample(condition[2].values(), None, calls, seed, |noisy, level| self.denoised(noisy, level, &condition))?;
        Ok(samples[self.lead()..].to_vec())
    }

    /// One call of the denoiser: clean frames, in units of the scale as `noisy` is.
    fn denoised(&self, noisy: &[f32], level: f32, condition: &[Tensor]) -> Result<Vec<f32>> {
        let row = 2 * self.sizes.bins;
        let (shape, level) = ([1, noisy.len() / row, row], [level]);
        let mut inputs = vec![TensorView::new(&shape, noisy), TensorView::new(&[1], &level)];
        inputs.extend(condition.iter().map(Tensor::view));
        Ok(self.set.run(Graph::DecoderStep, &inputs)?.remove(0).into_values())
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
}

impl TokenizerMeasures {
    pub(super) fn describe(&self, text: &mut String) -> Result<()> {
        writeln!(text, "### Tokenizer and adapter, {} bars, 95 % intervals\n", self.bars)?;
        writeln!(text, "| | mel | chroma | level, dB |\n|---|---|---|---|")?;
        let mut row = |name: &str, Likeness { mel, chroma, level_db }: &Likeness| {
            writeln!(text, "| {name} | {mel} | {chroma} | {level_db} |")
        };
        for (calls, likeness) in &self.by_calls {
            let name = if *calls == 0 { "what the latents expect, no call".into() } else { format!("round trip, {calls} calls") };
            row(&name, likeness)?;
        }
        row(&format!("through slots and back, {DEFAULT_CALLS} calls"), &self.through_slots)?;
        row(&format!("latents of another bar, {DEFAULT_CALLS} calls"), &self.swapped)?;
        row("another bar itself", &self.other_bar)?;
        let of = |calls: usize| self.by_calls.get(&calls).map(|likeness| likeness.mel.mean);
        let ratio = of(DEFAULT_CALLS).zip(of(16)).map(|(four, sixteen)| four / sixteen).context("both are among the compared")?;
        let shares: Vec<String> =
            self.error_of_linear_filter.iter().rev().map(|(level, percent)| format!("{percent:.0} % at {level}")).collect();
        writeln!(
            text,
            "\n4 calls over 16, mel: {ratio:.3}. One call leaves of the squared error of an ideal linear filter, by noise level: {}. The \
             adapter loses {:.1} % of the latents' variance.\n",
            shares.join(", "),
            100.0 * self.adapter_error
        )?;
        Ok(())
    }
}
