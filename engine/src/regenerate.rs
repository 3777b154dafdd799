//! Regenerates chosen bars of a recording and leaves every other sample as it is.

use std::collections::BTreeMap;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use turnaround_core::audio::Audio;
use turnaround_core::bars::BarNumber;
use turnaround_core::contract::SparseWeights;
use turnaround_core::guidance::Guidance;
use turnaround_core::tempo_map::TempoMap;

use crate::edit::Edit;
use crate::engine::{Engine, EngineError};
use crate::job::{Control, Job, Stage};
use crate::report::{
    AudioReport, BarReport, ModelSetReport, Region, Report, SettingsReport, TimingReport, kept_regions, labelled, level_db,
};
use crate::road::splice::FADE;
use crate::road::{Denoising, Road, merge};
use crate::song::{Song, samples};

/// Noise levels between which guidance acts: above, no detail is decided yet; below, all is.
const GUIDED_FROM: f32 = 0.3;
const GUIDED_TO: f32 = 0.9;

/// What to regenerate.
pub struct Request<'a> {
    /// The recording, mono or stereo, at any rate.
    pub audio: &'a Audio,
    /// Its grid.
    pub map: &'a TempoMap,
    /// The bars to make, in any order; the last choice for a bar counts.
    pub targets: &'a [Target],
    /// How.
    pub settings: Settings,
}

/// One bar to make.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// Which.
    pub bar: BarNumber,
    /// Under which action.
    pub action: ActionChoice,
}

/// The action of a bar.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum ActionChoice {
    /// The null action: whatever the context suggests.
    #[default]
    Null,
    /// The action heard in the dry bar itself.
    Own,
    /// Weights over the set's actions. They are divided by their sum.
    Weights(SparseWeights),
}

/// How to regenerate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// How far from the dry bar to begin, 0 to 1. 1 (start here) forgets it; 0.5 is a variation of it; 0 keeps its latents.
    pub strength: f32,
    /// How strongly the action is pressed upon the bar, 0 to 10. 1 is none; start from 2, which doubles the cost of some calls.
    pub guidance: f32,
    /// Seed of all noise. The same seed, machine, runtime, provider and threads give the same samples.
    pub seed: u64,
    /// How much work to spend.
    pub quality: Quality,
    /// How many decibels louder or softer than the old bar a new one may be, from 0; infinity leaves it to the networks. Start here with 3.
    pub level_reach_db: f32,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { strength: 1.0, guidance: 2.0, seed: 0, quality: Quality::Default, level_reach_db: 3.0 }
    }
}

/// How much work to spend on a bar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Quality {
    /// To audition: 4 dynamics steps without guidance, 2 decoder calls.
    Draft,
    /// To keep: 6 guided steps, 4 decoder calls.
    #[default]
    Default,
    /// When time does not matter: 12 guided steps, 8 decoder calls.
    Fine,
}

impl Quality {
    /// The name on the command line and in reports.
    pub fn name(self) -> &'static str {
        match self {
            Quality::Draft => "draft",
            Quality::Default => "default",
            Quality::Fine => "fine",
        }
    }

    /// Dynamics calls for one bar.
    pub fn dynamics_steps(self) -> usize {
        match self {
            Quality::Draft => 4,
            Quality::Default => 6,
            Quality::Fine => 12,
        }
    }

    /// Decoder calls for one bar.
    pub fn decoder_calls(self) -> usize {
        match self {
            Quality::Draft => 2,
            Quality::Default => 4,
            Quality::Fine => 8,
        }
    }

    fn is_guided(self) -> bool {
        self != Quality::Draft
    }
}

/// The result: audio as long, as wide and at the rate of the input, and its account.
#[derive(Clone, Debug, PartialEq)]
pub struct Regenerated {
    /// The audio.
    pub audio: Audio,
    /// The account.
    pub report: Report,
}

impl Settings {
    fn check(&self) -> Result<(), EngineError> {
        for (name, value, low, high) in [
            ("strength", self.strength, 0.0, 1.0),
            ("guidance", self.guidance, 0.0, 10.0),
            ("level reach", self.level_reach_db, 0.0, f32::INFINITY),
        ] {
            if !(low..=high).contains(&value) {
                return Err(EngineError::Setting { name, low, high, value });
            }
        }
        Ok(())
    }

    pub(crate) fn denoising(&self) -> Denoising {
        let weight = if self.quality.is_guided() { self.guidance } else { 1.0 };
        let guidance = Guidance { weight, low: GUIDED_FROM, high: GUIDED_TO };
        Denoising { steps: self.quality.dynamics_steps(), start_level: self.strength, guidance }
    }

    fn report(&self) -> SettingsReport {
        SettingsReport {
            strength: self.strength,
            guidance: self.denoising().guidance.weight,
            seed: self.seed,
            quality: self.quality.name().to_owned(),
            dynamics_steps: self.quality.dynamics_steps(),
            decoder_calls: self.quality.decoder_calls(),
        }
    }
}

impl ActionChoice {
    /// Checked and divided by the sum of its weights.
    fn normalised(&self, actions: usize) -> Result<ActionChoice, EngineError> {
        let ActionChoice::Weights(weights) = self else { return Ok(self.clone()) };
        if let Some(&(index, _)) = weights.iter().find(|(index, _)| usize::from(*index) >= actions) {
            return Err(EngineError::UnknownAction { index, last: actions - 1 });
        }
        let sum: f32 = weights.iter().map(|(_, weight)| weight).sum();
        let is_action = sum > 0.0 && sum.is_finite() && weights.iter().all(|(_, weight)| *weight >= 0.0);
        if !is_action {
            return Err(EngineError::Weights);
        }
        let shares = weights.iter().map(|&(index, weight)| (index, weight / sum)).filter(|(_, share)| *share > 0.0);
        Ok(ActionChoice::Weights(shares.collect()))
    }
}

impl Engine {
    /// Makes the target bars anew. Blocks until it is done or stopped.
    ///
    /// The networks write the mid below 7.2 kHz; side and highs stay those of the dry bar. Samples change only from 20 ms before a
    /// target bar to its end, and a new bar's level stays within [`Settings::level_reach_db`] of the old one's. At both edges the sound
    /// fades before the bar line, so that no downbeat is split.
    ///
    /// # Errors
    /// [`EngineError`]: a bar that is not there, an action or setting that does not exist, nothing to hear, a failed network, or
    /// `Cancelled`.
    pub fn regenerate(&self, request: &Request<'_>, control: &mut Control<'_>) -> Result<Regenerated, EngineError> {
        let started = Instant::now();
        let mut job = Job::new(control);
        request.settings.check()?;
        let chosen = self.chosen(request)?;
        let road = Road::new(self.set());
        let song = Song::new(request.audio, request.map, &road, &mut job)?;
        check_bars(&song, &chosen)?;

        let mut edit = Edit::new(&road, &song, &chosen, request.settings);
        let track = edit.run(&mut job)?;
        let changed = changed_regions(&song, &chosen, request.audio.len());
        let (audio, kept) = job.step(Stage::Mix, || {
            let difference: Vec<f32> = track.iter().zip(&song.track).map(|(new, old)| new - old).collect();
            let stretches: Vec<merge::Changed> =
                changed.iter().map(|region| merge::Changed { start: region.start, end: region.end }).collect();
            let channels = merge::add_difference(request.audio, &difference, song.model_rate, &stretches)?;
            let audio = Audio::new(request.audio.rate(), channels).map_err(|_| not_finite())?;
            let kept = kept_regions(request.audio, &audio, &changed);
            Ok::<_, EngineError>((audio, kept))
        })?;

        let bars = self.bar_reports(&song, &edit, request.audio, &audio);
        let music_s: f64 = bars.iter().map(|bar| bar.end_s - bar.start_s).sum();
        let total_s = started.elapsed().as_secs_f64();
        let report = Report {
            model_set: ModelSetReport::from(self.set().manifest()),
            runtime: self.set().runtime().clone(),
            settings: request.settings.report(),
            audio: AudioReport {
                sample_rate: audio.rate().hz(),
                channels: audio.channel_count(),
                samples: audio.len(),
                peak: audio.channels().iter().flatten().fold(0.0, |peak, sample| peak.max(sample.abs())),
            },
            bars,
            context_bars: edit.context_bars(),
            changed,
            kept,
            timing: TimingReport { total_s, music_s, times_real_time: music_s / total_s, stages: job.seconds() },
        };
        Ok(Regenerated { audio, report })
    }

    fn chosen(&self, request: &Request<'_>) -> Result<BTreeMap<BarNumber, ActionChoice>, EngineError> {
        if request.targets.is_empty() {
            return Err(EngineError::NoTarget);
        }
        let actions = self.set().sizes().actions;
        request.targets.iter().map(|target| Ok((target.bar, target.action.normalised(actions)?))).collect()
    }

    fn bar_reports(&self, song: &Song, edit: &Edit<'_>, before: &Audio, after: &Audio) -> Vec<BarReport> {
        let (mid_before, mid_after) = (before.mid(), after.mid());
        let actions = edit.bar_actions();
        song.bars
            .iter()
            .filter_map(|bar| {
                let weights = actions.get(&bar.number)?;
                let range = bar.samples(song.rate).as_range();
                Some(BarReport {
                    bar: bar.number.get(),
                    start_s: bar.start.get(),
                    end_s: bar.end.get(),
                    action: labelled(weights, self.set().manifest()),
                    level_before_db: level_db(&mid_before[range.clone()]),
                    level_after_db: level_db(&mid_after[range]),
                })
            })
            .collect()
    }
}

pub(crate) fn not_finite() -> EngineError {
    EngineError::Runtime(crate::runtime::RuntimeError::Run {
        graph: "decoder_step".into(),
        reason: "its audio is not finite".into(),
    })
}

fn check_bars(song: &Song, chosen: &BTreeMap<BarNumber, ActionChoice>) -> Result<(), EngineError> {
    let (first, last) = (song.bars[0].number, song.bars[song.bars.len() - 1].number);
    match chosen.keys().find(|&&bar| bar < first || bar > last) {
        Some(bar) => Err(EngineError::BarOutside { bar: bar.get(), first: first.get(), last: last.get() }),
        None => Ok(()),
    }
}

/// Each run of target bars at the caller's rate, with the fade before it.
fn changed_regions(song: &Song, chosen: &BTreeMap<BarNumber, ActionChoice>, length: usize) -> Vec<Region> {
    let fade = samples(FADE, song.rate);
    let targets: Vec<_> = song.bars.iter().filter(|bar| chosen.contains_key(&bar.number)).collect();
    targets
        .chunk_by(|a, b| a.number.next() == b.number)
        .map(|run| {
            let start = run[0].samples(song.rate).start.as_index();
            let end = run[run.len() - 1].samples(song.rate).end.as_index();
            Region { start: start.saturating_sub(fade), end: end.min(length) }
        })
        .collect()
}

#[cfg(test)]
mod tests;
