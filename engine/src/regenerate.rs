//! Regenerates chosen bars of a recording and leaves every other sample as it is.

use std::collections::BTreeMap;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use turnaround_core::actions::at_most_whole;
use turnaround_core::audio::Audio;
use turnaround_core::bars::{Bar, BarNumber, units};
use turnaround_core::contract::SparseWeights;
use turnaround_core::guidance::Guidance;
use turnaround_core::instruments::{Instrument, Players, listed};
use turnaround_core::sampler::CALLS;
use turnaround_core::tempo_map::TempoMap;

use crate::edit::Edit;
use crate::engine::{Engine, EngineError};
use crate::finish::{Finish, Finished, Run};
use crate::job::{Control, Job, Stage};
use crate::part::Part;
use crate::report::{
    AudioReport, BarReport, ModelSetReport, Region, Report, Seam, SettingsReport, TimingReport, kept_regions, labelled, level_db,
    named,
};
use crate::road::{Denoising, Road};
use crate::song::{Song, whole_bars};

pub use crate::road::splice::FADE;

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
    /// Weights over the set's actions. Where they sum to less than one, the bar lies that share of the way from what it would be under the
    /// null action to what it would be under this one; a larger sum divides them.
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
    /// How many decibels a band of a new bar may be louder than the context or softer, from 0; where the old bar lies farther out, than
    /// that. Bands are parted at 250 Hz, 1 and 4 kHz. Peaks are limited to 0.3 dB below full scale, or to the dry bar's own. Infinity leaves
    /// level and peaks to the networks. Start here with 3.
    pub level_reach_db: f32,
    /// Noise level, 0 to 0.5, that bars made earlier in the same job are brought to before later ones hear them. A bar that was made is
    /// never quite like a real one, and a long row of bars in which each leans on those before it drifts away; noise hides what is not real
    /// in them, and some of what is. Costs nothing. Start here with 0.2; 0 hears them as they are.
    pub past_noise: f32,
    /// What sounds above 7.2 kHz, where the networks write nothing.
    pub high_band: HighBand,
    /// Where the new sound, which the networks write in mono, lies between left and right.
    pub stereo: Stereo,
    /// How new bars join what is around them.
    pub edges: Edges,
    /// Who plays the new bars, in a set that knows instruments.
    pub players: PlayersChoice,
}

/// Who plays new bars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PlayersChoice {
    /// Those heard in the dry bar. Of a bar that is added nothing is told. The only choice in a set that knows no instruments.
    #[default]
    Heard,
    /// Whoever the context and the action suggest: networks are told nothing of players.
    Anyone,
    /// These and no others; nobody at all is the same as [`Self::Anyone`].
    These(Players),
}

/// What sounds above 7.2 kHz in a new bar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HighBand {
    /// The dry bar's own highs. Costs nothing, but its cymbals and consonants go on as if nothing had changed.
    Keep,
    /// Highs as loud as where the track sounded most like the new low band, on the flattened highs of the dry bar. Cymbals follow the
    /// new bar as far as the low band tells of them; what is heard only in the highs, a lone hi-hat, comes out as the context has it
    /// there. Needs a few hundredths of a second a bar.
    #[default]
    Follow,
    /// Nothing: a new bar is duller than its neighbours, and tells best what the networks wrote.
    Off,
}

/// Where a new bar lies between left and right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stereo {
    /// As wide, and as far to one side, in each band of the ear as the dry bar was on the whole; below 120 Hz in the middle. What was
    /// only in the side, out of phase, is lost; instruments that share a band share a place. Needs about half as long as the highs.
    #[default]
    Follow,
    /// The dry bar's side signal stays and only the mid changes. Costs nothing, but what lay to one side goes on playing the old bar.
    Keep,
}

/// How new bars join what is around them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Edges {
    /// Fades of 20 ms before the first bar line and before the end. The result can be played as it is.
    #[default]
    Faded,
    /// The new sound as it was decoded from 20 ms before the first bar line to the last sample, but for 1 ms at either end. Before the bar
    /// line the decoder grows out of the dry sound by itself. For callers that fade by themselves: played as it is, it may click.
    Open,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            strength: 1.0,
            guidance: 2.0,
            seed: 0,
            quality: Quality::Default,
            level_reach_db: 3.0,
            past_noise: 0.2,
            high_band: HighBand::Follow,
            stereo: Stereo::Follow,
            edges: Edges::Faded,
            players: PlayersChoice::Heard,
        }
    }
}

/// How much work to spend on a bar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Quality {
    /// To audition: 4 dynamics steps without guidance.
    Draft,
    /// To keep: 6 guided steps.
    #[default]
    Default,
    /// When time does not matter: 12 guided steps.
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

/// A song before its bars are made.
pub(crate) struct Dry<'a> {
    pub song: &'a Song,
    /// What is changed; with added bars, sound stands in for them.
    pub audio: &'a Audio,
}

/// A song with its bars made.
pub(crate) struct Made {
    pub audio: Audio,
    /// Every bar that was made.
    pub bars: Vec<BarReport>,
    /// Numbers of the bars that were heard.
    pub context_bars: Vec<i64>,
    /// Stretches that may have changed.
    pub changed: Vec<Region>,
}

impl Settings {
    /// Nothing but what the networks write, for measuring them: no level and no peak is brought into reach, which would give the dry bar's
    /// away, and what they do not write is the dry bar's.
    pub fn networks_alone() -> Self {
        Settings { level_reach_db: f32::INFINITY, high_band: HighBand::Keep, stereo: Stereo::Keep, ..Settings::default() }
    }

    pub(crate) fn check(&self) -> Result<(), EngineError> {
        for (name, value, low, high) in [
            ("strength", self.strength, 0.0, 1.0),
            ("guidance", self.guidance, 0.0, 10.0),
            ("level reach", self.level_reach_db, 0.0, f32::INFINITY),
            ("past noise", self.past_noise, 0.0, 0.5),
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
            decoder_calls: CALLS,
            level_reach_db: self.level_reach_db.is_finite().then_some(self.level_reach_db),
            past_noise: self.past_noise,
            high_band: self.high_band,
            stereo: self.stereo,
        }
    }
}

impl PlayersChoice {
    /// Whether a set that lists these instruments can be told so.
    pub(crate) fn check(self, instruments: &[Instrument]) -> Result<(), EngineError> {
        let unknown = match self {
            PlayersChoice::Heard => return Ok(()),
            _ if instruments.is_empty() => return Err(EngineError::NoInstruments),
            PlayersChoice::Anyone => return Ok(()),
            PlayersChoice::These(players) => players.iter().find(|player| !instruments.contains(player)),
        };
        unknown.map_or(Ok(()), |instrument| Err(EngineError::UnknownInstrument { instrument, known: listed(instruments) }))
    }
}

impl ActionChoice {
    /// Checked, and with weights that sum to no more than one.
    pub(crate) fn checked(&self, actions: usize) -> Result<ActionChoice, EngineError> {
        let ActionChoice::Weights(weights) = self else { return Ok(self.clone()) };
        if let Some(&(index, _)) = weights.iter().find(|(index, _)| usize::from(*index) >= actions) {
            return Err(EngineError::UnknownAction { index, last: actions - 1 });
        }
        let sum: f32 = weights.iter().map(|(_, weight)| weight).sum();
        let is_action = sum > 0.0 && sum.is_finite() && weights.iter().all(|(_, weight)| *weight >= 0.0);
        if !is_action {
            return Err(EngineError::Weights);
        }
        let some: SparseWeights = weights.iter().copied().filter(|(_, weight)| *weight > 0.0).collect();
        Ok(ActionChoice::Weights(at_most_whole(&some)))
    }
}

impl Engine {
    /// Makes the target bars anew. Blocks until it is done or stopped.
    ///
    /// The networks write the mid below 7.2 kHz; [`HighBand`] and [`Stereo`] say what becomes of the rest. Samples change only from 20 ms
    /// before a target bar to its end, and a new bar's level stays within [`Settings::level_reach_db`] of what is around it. At both edges
    /// the sound fades before the bar line, so that no downbeat is split, unless [`Edges`] says otherwise.
    ///
    /// Of a long recording only some bars around the targets are heard, so a bar costs about the same in any; the account alone, which hashes
    /// what was kept, grows with it.
    ///
    /// # Errors
    /// [`EngineError`]: a bar that is not there, an action or setting that does not exist, nothing to hear, a failed network, or
    /// `Cancelled`.
    pub fn regenerate(&self, request: &Request<'_>, control: &mut Control<'_>) -> Result<Regenerated, EngineError> {
        let started = Instant::now();
        let mut job = Job::new(control);
        let made = self.remade(request, &mut job)?;
        self.account(made, request.audio, None, request.settings, started, &mut job)
    }

    /// The sound of [`Self::regenerate`] alone, for those who read no account: hashing what was kept takes longer than some networks.
    ///
    /// # Errors
    /// As [`Self::regenerate`].
    pub fn take(&self, request: &Request<'_>, control: &mut Control<'_>) -> Result<Audio, EngineError> {
        Ok(self.remade(request, &mut Job::new(control))?.audio)
    }

    fn remade(&self, request: &Request<'_>, job: &mut Job) -> Result<Made, EngineError> {
        let road = Road::new(self.set());
        let (chosen, part) = self.part_of(request, &road)?;
        let audio = part.audio()?;
        let song = Song::of(&audio, part.bars.clone(), part.units.clone(), part.first_unit, &road, job)?;

        let dry = Dry { song: &song, audio: &audio };
        let made = self.make(&road, &dry, &chosen, request.settings, job)?;
        job.step(Stage::Mix, || part.put_back(made))
    }

    /// The choices of a request, and the part of its recording around them.
    pub(crate) fn part_of<'a>(
        &self,
        request: &Request<'a>,
        road: &Road<'_>,
    ) -> Result<(BTreeMap<BarNumber, ActionChoice>, Part<'a>), EngineError> {
        request.settings.check()?;
        let chosen = self.chosen(request)?;
        let bars = whole_bars(request.audio, request.map)?;
        check_bars(&bars, &chosen)?;
        let units = units(&bars);
        let part = Part::around(&chosen, request.audio, (&bars, &units), self.set().sizes().window_bars, road.rate()?);
        Ok((chosen, part))
    }

    /// Makes the chosen bars of a song.
    pub(crate) fn make(
        &self,
        road: &Road<'_>,
        dry: &Dry<'_>,
        chosen: &BTreeMap<BarNumber, ActionChoice>,
        settings: Settings,
        job: &mut Job,
    ) -> Result<Made, EngineError> {
        let (song, audio) = (dry.song, dry.audio);
        let mut edit = Edit::new(road, song, chosen, settings);
        let track = edit.run(job)?;
        let targets: Vec<&Bar> = song.bars.iter().filter(|bar| chosen.contains_key(&bar.number)).collect();
        let runs = Run::all(&targets, song.rate, audio.len());
        let finish = Finish { song, audio, track: &track, runs: &runs, settings };
        let Finished { audio: result, limited } = finish.finish(job)?;
        let bars = self.bar_reports(song, &edit, audio, &result, &limited);
        let changed = runs.iter().map(Run::region).collect();
        Ok(Made { audio: result, bars, context_bars: edit.context_bars(), changed })
    }

    /// Accounts for what was made of an input, where bars may have been added to it.
    pub(crate) fn account(
        &self,
        made: Made,
        input: &Audio,
        seam: Option<Seam>,
        settings: Settings,
        started: Instant,
        job: &mut Job,
    ) -> Result<Regenerated, EngineError> {
        let Made { audio, bars, context_bars, changed } = made;
        let kept = job.step(Stage::Mix, || Ok::<_, EngineError>(kept_regions(input, &audio, &changed, seam)))?;
        let music_s: f64 = bars.iter().map(|bar| bar.end_s - bar.start_s).sum();
        let total_s = started.elapsed().as_secs_f64();
        let report = Report {
            model_set: ModelSetReport::from(self.set().manifest()),
            runtime: self.set().runtime().clone(),
            settings: settings.report(),
            audio: AudioReport {
                sample_rate: audio.rate().hz(),
                channels: audio.channel_count(),
                samples: audio.len(),
                peak: audio.channels().iter().flatten().fold(0.0, |peak, sample| peak.max(sample.abs())),
            },
            bars,
            context_bars,
            changed,
            kept,
            left_out: seam.and_then(Seam::left_out),
            prompts: Vec::new(),
            timing: TimingReport { total_s, music_s, times_real_time: music_s / total_s, stages: job.seconds() },
        };
        Ok(Regenerated { audio, report })
    }

    pub(crate) fn chosen(&self, request: &Request<'_>) -> Result<BTreeMap<BarNumber, ActionChoice>, EngineError> {
        if request.targets.is_empty() {
            return Err(EngineError::NoTarget);
        }
        request.settings.players.check(&self.set().manifest().instruments)?;
        let actions = self.set().sizes().actions;
        request.targets.iter().map(|target| Ok((target.bar, target.action.checked(actions)?))).collect()
    }

    fn bar_reports(
        &self,
        song: &Song,
        edit: &Edit<'_>,
        before: &Audio,
        after: &Audio,
        limited: &[(BarNumber, f32)],
    ) -> Vec<BarReport> {
        let (mid_before, mid_after) = (before.mid(), after.mid());
        let made_with = edit.bars_made_with();
        let manifest = self.set().manifest();
        song.bars
            .iter()
            .filter_map(|bar| {
                let made = made_with.get(&bar.number)?;
                let range = bar.samples(song.rate).as_range();
                Some(BarReport {
                    bar: bar.number.get(),
                    start_s: bar.start.get(),
                    end_s: bar.end.get(),
                    action: labelled(&made.weights, manifest),
                    players: named(manifest.instruments.iter().copied().zip(made.players.iter().copied())),
                    level_before_db: if song.is_added(bar.number) { None } else { level_db(&mid_before[range.clone()]) },
                    level_after_db: level_db(&mid_after[range]),
                    gain_db: edit.bar_gains_db(bar.number),
                    limited_db: limited
                        .iter()
                        .find(|(other, _)| *other == bar.number)
                        .map_or(0.0, |(_, gain)| 20.0 * gain.log10()),
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

pub(crate) fn check_bars(bars: &[Bar], chosen: &BTreeMap<BarNumber, ActionChoice>) -> Result<(), EngineError> {
    let (first, last) = (bars[0].number, bars[bars.len() - 1].number);
    match chosen.keys().find(|&&bar| bar < first || bar > last) {
        Some(bar) => Err(EngineError::BarOutside { bar: bar.get(), first: first.get(), last: last.get() }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod full_band_tests;
#[cfg(test)]
mod players_tests;
#[cfg(test)]
pub(crate) mod tests;
