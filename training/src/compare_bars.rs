//! Ways to bring bars of any length to as many slots, each trained with the same number of operations and measured on the same held-out
//! bars: latents that an adapter shortens or lengthens, sound that is warped before the tokenizer hears it, and slots that are learned from
//! the bar at once.

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use indicatif::ProgressIterator;
use turnaround_core::contract::Sizes;
use turnaround_core::latents::token_count;
use turnaround_core::sampler::CALLS;
use turnaround_core::spectrum::Stft;
use turnaround_core::time::SampleRate;

use crate::compare::{Marks, Ruler, mean_and_error, steps, steps_of};
use crate::corpus::{Corpus, Split};
use crate::networks::adapter::Adapter;
use crate::networks::condition::Condition;
use crate::networks::cost::{self, Cost};
use crate::networks::denoiser::Denoiser;
use crate::networks::layers::Precision;
use crate::networks::perceiver::{Perceiver, PerceiverConfig};
use crate::networks::tokenizer::Tokenizer;
use crate::preset::Preset;
use crate::train::decode::Decoding;
use crate::train::frames::FrameSource;
use crate::train::latents::{Latents, LengthTensors};
use crate::train::perceiver::{self, Bars};
use crate::train::run::{RunOptions, Schedule};
use crate::train::{adapter, gain, tokenizer};

/// What to compare.
pub struct Request {
    /// Sizes and schedules of tokenizer and adapter, and the denoiser of all.
    pub preset: Preset,
    /// What differs in the variable-length tokenizer.
    pub perceiver: PerceiverConfig,
    /// What they train on.
    pub corpus: Arc<Corpus>,
    /// Where their runs lie, a folder each.
    pub runs: PathBuf,
    /// Floating-point operations that each may spend on training.
    pub operations: f64,
    /// Bars of the validation split that each is measured on.
    pub bars: usize,
    /// Device, differentiation off.
    pub device: Device,
}

/// What became of one way.
pub struct Row {
    name: &'static str,
    parameters: usize,
    operations: f64,
    steps: u64,
    marks: Vec<Marks>,
}

/// Trains tokenizer, adapter and variable-length tokenizer, and measures the ways. What has finished is measured again and not trained.
///
/// # Errors
/// When the corpus has no bars to train on or held out, or a training fails.
pub fn run(request: &Request) -> Result<Vec<Row>> {
    let preset = &request.preset;
    fs::create_dir_all(&request.runs)?;
    fs::write(request.runs.join("preset.toml"), toml::to_string_pretty(preset)?)?;
    fs::write(request.runs.join("perceiver.toml"), toml::to_string_pretty(&request.perceiver)?)?;
    let sizes = preset.sizes();
    let source = FrameSource::new(request.corpus.clone(), &sizes, preset.stretch_frames, None, preset.seed, &request.device);
    let train = Bars::new(&request.corpus, &request.corpus.of(Split::Train), &sizes)?;
    let held_out = Bars::new(&request.corpus, &request.corpus.of(Split::Validation), &sizes)?.units;
    let count = request.bars.min(held_out.len());
    let held_out = (0..count).map(|index| held_out[index * held_out.len() / count]).collect();
    let ruler = Ruler::new(SampleRate::new(sizes.sample_rate)?);
    let bench = Bench { request, source, sizes, stft: Stft::new(sizes.hop), train, held_out, ruler };
    let mut rows = bench.tokenizer_ways()?;
    rows.push(bench.perceiver_way()?);
    Ok(rows)
}

/// What all ways share.
struct Bench<'a> {
    request: &'a Request,
    source: FrameSource,
    sizes: Sizes,
    stft: Stft,
    train: Bars,
    held_out: Vec<usize>,
    ruler: Ruler,
}

impl Bench<'_> {
    /// Through the adapter, warped, and the same tokenizer on latents as many as the bar has, which is what slots cost nothing of.
    fn tokenizer_ways(&self) -> Result<Vec<Row>> {
        let Request { preset, operations, .. } = self.request;
        let for_adapter = operations * preset.adapter.share / (preset.adapter.share + preset.tokenizer.share);
        let for_tokenizer = operations - for_adapter;

        let schedule = Schedule { steps: steps(preset, for_tokenizer), ..preset.tokenizer.schedule.clone() };
        let options = self.options("tokenizer");
        let trained = tokenizer::train(&preset.tokenizer.network, &preset.objective, &schedule, &self.source, &options)?;
        let tokenizer = trained.model;
        let gain = gain::measure(&tokenizer, &self.source, &self.sizes, preset.seed);
        let tokens = self.train.mean_frames() / self.sizes.frames_per_token as f64;
        // The encoder runs once over the corpus and learns nothing there; that is not counted.
        let step = 3.0 * cost::adapter(&preset.adapter.network, tokens) * preset.adapter.schedule.batch as f64;
        let adapter_steps = (for_adapter / step).max(1.0) as u64;
        let adapter = self.adapter(&tokenizer, adapter_steps)?;

        let row = |name, parameters, operations, steps, marks| Row { name, parameters, operations, steps, marks };
        let (weights, steps) = (tokenizer.num_params(), trained.state.step);
        let through_slots = self.measure(|unit, seed| Ok(self.through_latents(&tokenizer, &gain, Some(&adapter), unit, seed)))?;
        let own_length = self.measure(|unit, seed| Ok(self.through_latents(&tokenizer, &gain, None, unit, seed)))?;
        let mut rows = vec![row("adapter", weights + adapter.num_params(), *operations, steps + adapter_steps, through_slots)];
        #[cfg(feature = "warp")]
        {
            let warped = self.measure(|unit, seed| self.warped(&tokenizer, &gain, unit, seed))?;
            rows.push(row("warp", weights, for_tokenizer, steps, warped));
        }
        rows.push(row("no slots: latents of the bar's own length", weights, for_tokenizer, steps, own_length));
        Ok(rows)
    }

    fn adapter(&self, tokenizer: &Tokenizer, steps: u64) -> Result<Adapter> {
        let Request { preset, corpus, runs, device, .. } = self.request;
        let path = runs.join("latents.f32");
        let latents = Latents::of_corpus(&path, corpus, &tokenizer.encoder, self.source.companding(), &self.sizes, device)?;
        let schedule = Schedule { steps, ..preset.adapter.schedule.clone() };
        Ok(adapter::train(&preset.adapter.network, &schedule, &latents, &self.train.units, &self.options("adapter"))?.model)
    }

    fn perceiver_way(&self) -> Result<Row> {
        let Request { preset, perceiver: config, operations, .. } = self.request;
        let network = &preset.tokenizer.network;
        let frames = self.train.mean_frames();
        let steps = steps_of(&Cost::of_perceiver(config, network, frames), preset, frames, *operations);
        let schedule = Schedule { steps, ..preset.tokenizer.schedule.clone() };
        let options = self.options("perceiver");
        let trained = perceiver::train(config, network, &preset.objective, &schedule, &self.train, &self.source, &options)?;
        let model = trained.model;
        let gain = gain::measure_drawn(&model.denoiser, self.source.companding(), &self.sizes, preset.seed, |dice| {
            let frames = self.train.batch(&self.source, dice, 1);
            let condition = bar_condition(&model, frames.clone());
            (frames, condition)
        });
        let marks = self.measure(|unit, seed| Ok(self.at_once(&model, &gain, unit, seed)))?;
        Ok(Row { name: "perceiver", parameters: model.num_params(), operations: *operations, steps: trained.state.step, marks })
    }

    fn options(&self, stage: &'static str) -> RunOptions {
        RunOptions {
            folder: self.request.runs.join(stage),
            stage,
            seed: self.request.preset.seed,
            minutes: None,
            checkpoint_seconds: 120.0,
            device: self.request.device.clone(),
        }
    }

    /// Measures a way that makes of a unit, from a seed, what is decoded and what its latents expect.
    fn measure(&self, way: impl Fn(usize, u64) -> Result<[Vec<f32>; 2]>) -> Result<Vec<Marks>> {
        // The first and the last frames of a bar have one neighbour only where it is heard alone.
        let inner = |sound: &[f32]| sound[2 * self.sizes.hop..sound.len() - 2 * self.sizes.hop].to_vec();
        let one = |(seed, &unit): (usize, &usize)| {
            let original = self.window(unit, 0, self.length(unit));
            let [decoded, expected] = way(unit, seed as u64)?;
            Ok(self.ruler.compare(&inner(&original), &inner(&decoded), &inner(&expected)))
        };
        self.held_out.iter().enumerate().progress().map(one).collect()
    }

    /// With the surroundings that latents have in use; those stay as they are where the bar goes through slots.
    fn through_latents(
        &self,
        model: &Tokenizer,
        gain: &[f32],
        adapter: Option<&Adapter>,
        unit: usize,
        seed: u64,
    ) -> [Vec<f32>; 2] {
        let (token, margin) = (self.sizes.samples_per_token(), self.sizes.margin_tokens);
        let tokens = token_count(self.length(unit), token);
        let before = margin * token + self.sizes.hop / 2;
        let audio = self.window(unit, before, (tokens + 2 * margin) * token + self.sizes.hop);
        let mut latents = model.encoder.forward(self.source.frames_of(audio), Precision::Full);
        if let Some(adapter) = adapter {
            let length = LengthTensors::new(tokens, self.sizes.slots, &self.request.device);
            let part = |start, count| latents.clone().narrow(1, start, count);
            let slots = adapter.encode(part(margin, tokens), length.down, length.position.clone());
            let back = adapter.decode(slots, length.up, length.position);
            latents = Tensor::cat(vec![part(0, margin), back, part(margin + tokens, margin)], 1);
        }
        let sounds = self.sounds(&model.decoder.denoiser, gain, &model.decoder.condition.forward(latents, Precision::Full), seed);
        sounds.map(|sound| sound[before..before + self.length(unit)].to_vec())
    }

    #[cfg(feature = "warp")]
    fn warped(&self, model: &Tokenizer, gain: &[f32], unit: usize, seed: u64) -> Result<[Vec<f32>; 2]> {
        let rate = SampleRate::new(self.sizes.sample_rate)?;
        let window = crate::warp::WarpedWindow::around(self.length(unit), &self.sizes);
        let warped = crate::warp::warp(&self.window(unit, window.margin, window.length), rate, window.warped_length)?;
        let latents = model.encoder.forward(self.source.frames_of(warped), Precision::Full);
        let [decoded, expected] =
            self.sounds(&model.decoder.denoiser, gain, &model.decoder.condition.forward(latents, Precision::Full), seed);
        let back = |sound: &[f32]| {
            let whole = crate::warp::warp(sound, rate, window.length)?;
            Ok::<_, anyhow::Error>(whole[window.margin..window.margin + self.length(unit)].to_vec())
        };
        Ok([back(&decoded)?, back(&expected)?])
    }

    fn at_once(&self, model: &Perceiver, gain: &[f32], unit: usize, seed: u64) -> [Vec<f32>; 2] {
        let frames = token_count(self.length(unit), self.sizes.samples_per_token()) * self.sizes.frames_per_token;
        let before = self.sizes.hop / 2;
        let audio = self.window(unit, before, (frames + 1) * self.sizes.hop);
        let condition = bar_condition(model, self.source.frames_of(audio));
        let sounds = self.sounds(&model.denoiser, gain, &condition, seed);
        sounds.map(|sound| sound[before..before + self.length(unit)].to_vec())
    }

    /// What is decoded, and what is expected without a call.
    fn sounds(&self, denoiser: &Denoiser, gain: &[f32], condition: &Condition, seed: u64) -> [Vec<f32>; 2] {
        let decoding = Decoding { denoiser, companding: self.source.companding(), stft: &self.stft, gain };
        [CALLS, 0].map(|calls| decoding.sound(condition, calls, seed))
    }

    fn window(&self, unit: usize, before: usize, length: usize) -> Vec<f32> {
        self.request.corpus.window(self.request.corpus.units[unit].start as i64 - before as i64, length)
    }

    fn length(&self, unit: usize) -> usize {
        let unit = &self.request.corpus.units[unit];
        (unit.end - unit.start) as usize
    }
}

fn bar_condition(model: &Perceiver, frames: Tensor<3>) -> Condition {
    let count = frames.dims()[1];
    model.condition.forward(model.encoder.forward(frames), count)
}

/// One row a way; differences are paired with the first, with twice their standard error.
pub fn table(rows: &[Row]) -> String {
    let mut text = String::from(
        "| way | weights | 10¹² operations | steps | mel, as played ↓ | against the first | mel, no call ↓ | chroma ↑ |\n|---|---|---|---|---|---|---|---|\n",
    );
    for row in rows {
        let mean = |value: fn(&Marks) -> f64| mean_and_error(&row.marks.iter().map(value).collect::<Vec<_>>()).0;
        let differences: Vec<f64> = row.marks.iter().zip(&rows[0].marks).map(|(own, first)| own.mel - first.mel).collect();
        let (difference, error) = mean_and_error(&differences);
        let chromas: Vec<f64> = row.marks.iter().filter_map(|marks| marks.chroma).collect();
        writeln!(
            text,
            "| {} | {:.2} M | {:.1} | {} | {:.3} | {:+.3} ± {:.3} | {:.3} | {:.3} |",
            row.name,
            row.parameters as f64 / 1e6,
            row.operations / 1e12,
            row.steps,
            mean(|marks| marks.mel),
            difference,
            2.0 * error,
            mean(|marks| marks.mel_without_a_call),
            mean_and_error(&chromas).0,
        )
        .expect("text takes whatever is written");
    }
    text
}

#[cfg(all(test, feature = "export"))]
mod tests {
    use super::*;
    use crate::corpus::{self, BuildOptions, Kind};

    #[test]
    fn every_way_is_trained_once_and_measured_on_the_same_bars() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let options = BuildOptions { kind: Kind::Copyleft, threads: 2, ..BuildOptions::new(folder.path().join("corpus"), 0.05) };
        corpus::build(&options).expect("the corpus builds; install the Debian package timgm6mb-soundfont or fluid-soundfont-gm");
        let mut corpus = Corpus::open(&options.out).expect("what was built opens");
        // In so short a corpus no composition may fall to the split that is measured.
        corpus.units.iter_mut().step_by(3).for_each(|unit| unit.split = Split::Validation);
        let preset = Preset::load("tiny").expect("tiny is built in");
        let slots = preset.adapter.network.slots;
        let request = Request {
            preset,
            perceiver: PerceiverConfig { width: 16, heads: 2, slot_blocks: 1, frame_blocks: 1, slots },
            corpus: Arc::new(corpus),
            runs: folder.path().join("runs"),
            operations: 2e9,
            bars: 2,
            device: Device::flex(),
        };
        let rows = run(&request).expect("all ways train");
        let names: Vec<&str> = rows.iter().map(|row| row.name).collect();
        assert_eq!(names, ["adapter", "warp", "no slots: latents of the bar's own length", "perceiver"]);
        for row in &rows {
            assert!(row.steps >= 1 && row.marks.len() == 2, "{} took {} steps", row.name, row.steps);
            assert!(row.marks.iter().all(|marks| marks.mel.is_finite() && marks.mel > 0.0), "{} has no distance", row.name);
        }
        let again = run(&request).expect("what is trained is measured again");
        assert_eq!(table(&again), table(&rows));
    }
}
