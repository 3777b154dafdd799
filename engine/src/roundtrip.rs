//! There and back: what remains of a recording after tokenizer, bar adapter, or actions. What you hear is the networks alone.

use std::collections::BTreeMap;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use turnaround_core::audio::Audio;
use turnaround_core::contract::SparseWeights;
use turnaround_core::resample::resample;
use turnaround_core::tempo_map::TempoMap;
use turnaround_core::time::SampleRate;

use crate::engine::{Engine, EngineError};
use crate::job::{Control, Job, Stage};
use crate::regenerate::Settings;
use crate::report::ModelSetReport;
use crate::road::context::plan;
use crate::road::seed::{Purpose, stream};
use crate::road::{ActionVector, Decoding, Latents, Road, Stretch, Window, WindowBar, splice};
use crate::runtime::RuntimeReport;
use crate::song::{Heard, Song, model_track};

/// Tokens decoded at once where no grid says otherwise: 2.048 s, as in training.
const TOKENS_AT_ONCE: usize = 32;

/// How far down the road to go before turning back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Turn {
    /// Audio to latents and back. Needs no grid.
    #[default]
    Tokenizer,
    /// Bars to slots and back.
    Bars,
    /// Every bar made anew from its own action and its dry context.
    Actions,
}

impl Turn {
    /// The name on the command line and in reports.
    pub fn name(self) -> &'static str {
        match self {
            Turn::Tokenizer => "tokenizer",
            Turn::Bars => "bars",
            Turn::Actions => "actions",
        }
    }
}

/// The account of a round trip.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoundtripReport {
    /// The set that was used.
    pub model_set: ModelSetReport,
    /// What ran it.
    pub runtime: RuntimeReport,
    /// How far it went.
    pub turn: Turn,
    /// Decoder calls for each stretch.
    pub decoder_calls: usize,
    /// Seed of all noise.
    pub seed: u64,
    /// Samples `[start, end)` at the caller's rate that went through the networks; the rest is dry.
    pub start: usize,
    /// See `start`.
    pub end: usize,
    /// Seconds from call to result.
    pub total_s: f64,
    /// Seconds by stage.
    pub stages: BTreeMap<String, f64>,
}

impl Engine {
    /// Sends a recording down the road and back. The result has the input's rate, channels and length; every channel carries the mid as
    /// the networks write it, up to half the models' rate. Blocks until it is done or stopped.
    ///
    /// The turn `tokenizer` takes the whole recording and no notice of the grid; the others take its whole bars. `settings` count for
    /// `actions` only, but for the seed.
    ///
    /// # Errors
    /// [`EngineError`]: no whole bar, a lone bar without context, a failed network, or `Cancelled`.
    ///
    /// # Panics
    /// If `calls` is 0.
    pub fn roundtrip(
        &self,
        audio: &Audio,
        map: &TempoMap,
        turn: Turn,
        calls: usize,
        settings: Settings,
        control: &mut Control<'_>,
    ) -> Result<(Audio, RoundtripReport), EngineError> {
        let started = Instant::now();
        let mut job = Job::new(control);
        let road = Road::new(self.set());
        let mut trip = Trip { road: &road, calls, settings };
        let (model_rate, track) = match turn {
            Turn::Tokenizer => {
                let (rate, track) = model_track(audio, &road, &mut job)?;
                let track = trip.through_tokenizer(&track, rate, &mut job)?;
                (rate, track)
            }
            Turn::Bars | Turn::Actions => {
                let song = Song::new(audio, map, &road, &mut job)?;
                (song.model_rate, trip.through_bars(&song, turn, &mut job)?)
            }
        };
        let mut mid = job.step(Stage::Resample, || resample(&track, model_rate, audio.rate()).map_err(EngineError::from))?;
        mid.resize(audio.len(), 0.0);
        let result = Audio::new(audio.rate(), vec![mid; audio.channel_count()]).map_err(|_| crate::regenerate::not_finite())?;
        let (start, end) = covered(audio, map, turn);
        let report = RoundtripReport {
            model_set: ModelSetReport::from(self.set().manifest()),
            runtime: self.set().runtime().clone(),
            turn,
            decoder_calls: calls,
            seed: settings.seed,
            start,
            end,
            total_s: started.elapsed().as_secs_f64(),
            stages: job.seconds(),
        };
        Ok((result, report))
    }
}

fn covered(audio: &Audio, map: &TempoMap, turn: Turn) -> (usize, usize) {
    let bars = map.whole_bars_within(turnaround_core::time::Samples::from_len(audio.len()), audio.rate());
    match (turn, bars.first(), bars.last()) {
        (Turn::Bars | Turn::Actions, Some(first), Some(last)) => {
            (first.samples(audio.rate()).start.as_index(), last.samples(audio.rate()).end.as_index())
        }
        _ => (0, audio.len()),
    }
}

struct Trip<'a> {
    road: &'a Road<'a>,
    calls: usize,
    settings: Settings,
}

impl Trip<'_> {
    fn through_tokenizer(&mut self, track: &[f32], rate: SampleRate, job: &mut Job) -> Result<Vec<f32>, EngineError> {
        let length = TOKENS_AT_ONCE * self.road.sizes().samples_per_token();
        let pieces = track.len().div_ceil(length);
        job.expect(pieces * (self.calls + 2) + 1);
        let mut result = vec![0.0; track.len()];
        for piece in 0..pieces {
            let start = piece * length;
            let stretch = Stretch { start: start as i64, tokens: TOKENS_AT_ONCE };
            let latents = self.encode(track, stretch, job)?;
            let end = (start + length).min(track.len());
            self.decode(&latents, stretch, piece, (start, end), rate, &mut result, job)?;
        }
        Ok(result)
    }

    fn through_bars(&mut self, song: &Song, turn: Turn, job: &mut Job) -> Result<Vec<f32>, EngineError> {
        let units = song.units.len();
        let dynamics = if turn == Turn::Actions { 2 + self.settings.quality.dynamics_steps() } else { 0 };
        job.expect(units * (self.calls + 5 + dynamics) + 1);
        let mut heard = Vec::with_capacity(units);
        for unit in 0..units {
            heard.push(song.hear(unit, self.road, job)?);
        }
        let mut result = song.track.clone();
        for unit in 0..units {
            let slots = match turn {
                Turn::Actions => self.with_own_action(song, &heard, unit, job)?,
                _ => heard[unit].slots.clone(),
            };
            let stretch = song.stretch(unit, self.road);
            let road = self.road;
            let tokens = job.step(Stage::Adapt, || road.tokens_from_slots(&slots, stretch.tokens).map_err(EngineError::from))?;
            let latents = heard[unit].latents.with_inner(&tokens);
            let span = song.units[unit].samples(song.model_rate);
            let end = span.end.as_index().min(result.len());
            self.decode(&latents, stretch, unit, (span.start.as_index().min(end), end), song.model_rate, &mut result, job)?;
        }
        Ok(result)
    }

    /// The unit's slots made anew from its own action; all other units are heard dry.
    fn with_own_action(&self, song: &Song, heard: &[Heard], unit: usize, job: &mut Job) -> Result<Vec<f32>, EngineError> {
        let plan = plan(&[unit], &(0..0), heard.len(), self.road.sizes().window_bars).remove(0);
        if plan.context.is_empty() {
            return Err(EngineError::NoContext);
        }
        let bar = |place: usize| WindowBar {
            place,
            slots: heard[place].slots.clone(),
            action: heard[place].inferred.action.clone(),
            // The whole action is asked for, so none is never read.
            null_action: ActionVector::new(),
            amount: 1.0,
            noise_seed: stream(self.settings.seed, Purpose::Dynamics, place),
        };
        let window = Window {
            context: plan.context.iter().map(|&place| bar(place)).collect(),
            targets: vec![bar(unit)],
            timing: song.timing(unit),
            unconditional_action: self.road.embed_action(&SparseWeights::new(), &self.road.nobody())?,
        };
        Ok(self.road.denoise::<EngineError>(&window, self.settings.denoising(), job)?.remove(0))
    }

    fn encode(&self, track: &[f32], stretch: Stretch, job: &mut Job) -> Result<Latents, EngineError> {
        job.step(Stage::Encode, || self.road.encode(&self.road.frames(track, stretch)).map_err(EngineError::from))
    }

    /// Decodes a stretch, nothing of it known, and sets the span `[start, end)` into the result, faded in over what came before.
    #[expect(clippy::too_many_arguments, reason = "one call site each; a struct would only be unpacked again")]
    fn decode(
        &self,
        latents: &Latents,
        stretch: Stretch,
        index: usize,
        (start, end): (usize, usize),
        rate: SampleRate,
        result: &mut [f32],
        job: &mut Job,
    ) -> Result<(), EngineError> {
        let how = Decoding { calls: self.calls, seed: stream(self.settings.seed, Purpose::Decoder, index) };
        let decoded = self.road.decode::<EngineError>(latents, stretch, None, how, job)?;
        let piece = |from: usize, to: usize| {
            let offset = |position: usize| (position as i64 - decoded.start) as usize;
            &decoded.samples[offset(from)..offset(to)]
        };
        let lead = start.saturating_sub(splice::fade_samples(rate)).max(decoded.start.max(0) as usize);
        if lead < start {
            let mixed = splice::crossfade(&result[lead..start], piece(lead, start));
            result[lead..start].copy_from_slice(&mixed);
        }
        result[start..end].copy_from_slice(piece(start, end));
        Ok(())
    }
}
