//! A recording on its grid, as the road needs it: whole bars, units, and the mid track at the models' rate.

use std::ops::{Range, RangeInclusive};

use turnaround_core::audio::Audio;
use turnaround_core::bars::{Bar, BarNumber, Unit, timing_features, units, units_up_to_last};
use turnaround_core::contract::{SparseWeights, TIMING_FEATURES};
use turnaround_core::latents::token_count;
use turnaround_core::resample::resample;
use turnaround_core::tempo_map::TempoMap;
use turnaround_core::time::{SampleRate, Samples};

use crate::engine::EngineError;
use crate::job::{Job, Stage};
use crate::road::{ActionVector, Latents, PlayersRow, Road, Stretch};

/// Peak below which a stretch counts as silent: -90 dB, under the last bit of 16.
const SILENCE: f32 = 3.2e-5;

pub(crate) struct Song {
    pub rate: SampleRate,
    pub model_rate: SampleRate,
    pub bars: Vec<Bar>,
    pub units: Vec<Unit>,
    /// The mid track at the models' rate.
    pub track: Vec<f32>,
    /// Units of bars that the recording never had; something stands in for them on the track. None in most songs.
    pub added: Range<usize>,
    /// The track without what stands in for added bars, if there are any.
    audible: Option<Vec<f32>>,
    /// How many units of the recording come before those here.
    first_unit: usize,
}

/// A recording to which bars were added, before they are made.
pub(crate) struct WithAdded<'a> {
    /// It, with sound that stands in for the added bars.
    pub audio: &'a Audio,
    /// Its mid with nothing in the added bars but what the recording had beside them.
    pub audible: Vec<f32>,
    /// The grid with the added bars.
    pub map: &'a TempoMap,
    /// The added bars.
    pub bars: RangeInclusive<BarNumber>,
}

/// What the networks make of one unit.
#[derive(Clone)]
pub(crate) struct Heard {
    /// Latents of the dry unit with its margins.
    pub latents: Latents,
    /// Standardised slots.
    pub slots: Vec<f32>,
    /// The inferred action, and who plays it.
    pub inferred: Inferred,
}

/// The action heard in a unit's slots.
#[derive(Clone)]
pub(crate) struct Inferred {
    pub weights: SparseWeights,
    /// Who plays it.
    pub players: PlayersRow,
    /// Both, embedded.
    pub action: ActionVector,
}

impl Song {
    pub(crate) fn new(audio: &Audio, map: &TempoMap, road: &Road<'_>, job: &mut Job) -> Result<Self, EngineError> {
        let bars = whole_bars(audio, map)?;
        let units = units(&bars);
        Song::of(audio, bars, units, 0, road, job)
    }

    /// A part of a recording, whose bars and units are counted from its first sample; so many units come before it.
    pub(crate) fn of(
        audio: &Audio,
        bars: Vec<Bar>,
        units: Vec<Unit>,
        first_unit: usize,
        road: &Road<'_>,
        job: &mut Job,
    ) -> Result<Self, EngineError> {
        let (model_rate, track) = model_track(audio, road, job)?;
        Ok(Song { rate: audio.rate(), model_rate, bars, units, track, added: 0..0, audible: None, first_unit })
    }

    /// The same for a recording with added bars. No unit holds bars of both kinds.
    pub(crate) fn with_added(with: &WithAdded<'_>, road: &Road<'_>, job: &mut Job) -> Result<Self, EngineError> {
        let song = Song::new(with.audio, with.map, road, job)?;
        let first = song.bars.partition_point(|bar| bar.number < *with.bars.start());
        let next = song.bars.partition_point(|bar| bar.number <= *with.bars.end());
        let (before, added, after) =
            (units_up_to_last(&song.bars[..first]), units(&song.bars[first..next]), units(&song.bars[next..]));
        let range = before.len()..before.len() + added.len();
        let audible =
            job.step(Stage::Resample, || resample(&with.audible, song.rate, song.model_rate).map_err(EngineError::from))?;
        Ok(Song { units: [before, added, after].concat(), added: range, audible: Some(audible), ..song })
    }

    /// The number of a unit in the whole recording.
    pub(crate) fn number(&self, unit: usize) -> usize {
        self.first_unit + unit
    }

    /// The mid track as networks hear it.
    pub(crate) fn audible(&self) -> &[f32] {
        self.audible.as_deref().unwrap_or(&self.track)
    }

    /// Whether a bar was added.
    pub(crate) fn is_added(&self, bar: BarNumber) -> bool {
        self.units[self.added.clone()].iter().any(|unit| unit.bars.contains(&bar))
    }

    /// Whether a unit ends with the last bar that was added, and nothing comes after it.
    pub(crate) fn is_added_end(&self, unit: usize) -> bool {
        self.added.contains(&unit) && unit + 1 == self.units.len()
    }

    /// The tokens that cover a unit.
    pub(crate) fn stretch(&self, unit: usize, road: &Road<'_>) -> Stretch {
        let span = self.units[unit].samples(self.model_rate);
        Stretch { start: span.start.get(), tokens: token_count(span.len(), road.sizes().samples_per_token()) }
    }

    /// What the networks read of a unit's timing.
    pub(crate) fn timing(&self, unit: usize) -> [f32; TIMING_FEATURES] {
        timing_features(self.units[unit].tempo, self.units[unit].duration())
    }

    /// Whether nothing can be heard in a unit.
    pub(crate) fn is_silent(&self, unit: usize) -> bool {
        let span = self.units[unit].samples(self.model_rate);
        let end = span.end.as_index().min(self.track.len());
        self.track[span.start.as_index().min(end)..end].iter().all(|sample| sample.abs() < SILENCE)
    }

    /// Runs a dry unit through tokenizer, adapter and action encoder.
    pub(crate) fn hear(&self, unit: usize, road: &Road<'_>, job: &mut Job) -> Result<Heard, EngineError> {
        let stretch = self.stretch(unit, road);
        let latents = job.step(Stage::Encode, || {
            let frames = road.frames(self.audible(), stretch);
            road.encode(&frames).map_err(EngineError::from)
        })?;
        let slots = job.step(Stage::Adapt, || road.slots_from_tokens(latents.inner()).map_err(EngineError::from))?;
        let inferred = self.infer(unit, &slots, road, job)?;
        Ok(Heard { latents, slots, inferred })
    }

    /// The action in a unit's slots, with its players.
    pub(crate) fn infer(&self, unit: usize, slots: &[f32], road: &Road<'_>, job: &mut Job) -> Result<Inferred, EngineError> {
        job.step(Stage::Actions, || {
            let (weights, players) = road.infer_action(slots, self.timing(unit))?;
            let action = road.embed_action(&weights, &players)?;
            Ok(Inferred { weights, players, action })
        })
    }
}

/// The whole bars of a recording, at least one.
pub(crate) fn whole_bars(audio: &Audio, map: &TempoMap) -> Result<Vec<Bar>, EngineError> {
    let bars = map.whole_bars_within(Samples::from_len(audio.len()), audio.rate());
    if bars.is_empty() { Err(EngineError::NoWholeBar { seconds: audio.duration().get() }) } else { Ok(bars) }
}

/// The mid of a recording at the rate of the set.
pub(crate) fn model_track(audio: &Audio, road: &Road<'_>, job: &mut Job) -> Result<(SampleRate, Vec<f32>), EngineError> {
    let model_rate = road.rate()?;
    let track = job.step(Stage::Resample, || resample(&audio.mid(), audio.rate(), model_rate).map_err(EngineError::from))?;
    Ok((model_rate, track))
}
