//! One edit in progress: windows are denoised in order, then each new unit is decoded and set into the track.

use std::collections::{BTreeMap, BTreeSet};

use turnaround_core::actions::amount;
use turnaround_core::bars::BarNumber;
use turnaround_core::contract::SparseWeights;
use turnaround_core::level::bands::{BandPowers, Reach, band_powers, with_gains};
use turnaround_core::noise::{GaussianNoise, blend};
use turnaround_core::sampler::{CALLS, Known};

use crate::engine::EngineError;
use crate::imagine::Imagined;
use crate::job::{Job, Stage};
use crate::regenerate::{ActionChoice, Edges, PlayersChoice, Settings};
use crate::road::context::{Plan, plan};
use crate::road::encode::cut;
use crate::road::seed::{Purpose, stream};
use crate::road::{ActionVector, Decoding, Latents, PlayersRow, Road, Window, WindowBar, splice};
use crate::song::{Heard, Inferred, Song};

/// Steps of the job for hearing one unit, and for decoding one besides the decoder's calls.
const STEPS_TO_HEAR: usize = 3;
const STEPS_TO_DECODE: usize = 6;

/// Steps of the job after the last bar is made: crossover, highs, stereo, limiter, the part put back, hashes.
const STEPS_TO_FINISH: usize = 6;

/// How much sound is kept beyond the ends of an open edge, for crossover and resampler to hear, in fades.
const FADES_BEYOND: i64 = 2;

pub(crate) struct Edit<'a> {
    road: &'a Road<'a>,
    song: &'a Song,
    chosen: &'a BTreeMap<BarNumber, ActionChoice>,
    settings: Settings,
    /// Runs of chosen bars on the track, `[start, end)`.
    runs: Vec<(i64, i64)>,
    /// Units that hold a chosen bar, in order.
    targets: Vec<usize>,
    /// What the networks make of dry units.
    heard: BTreeMap<usize, Heard>,
    /// Units made, as later windows hear them: standardised slots, noised as the settings say, and the action heard in the clean ones.
    remembered: BTreeMap<usize, (Vec<f32>, ActionVector)>,
    /// Tokens of units made, `[token, channel]`.
    tokens: BTreeMap<usize, Vec<f32>>,
    /// What units were made with.
    made_with: BTreeMap<usize, MadeWith>,
    context: BTreeSet<usize>,
    made: BTreeSet<usize>,
    /// Mean squares of the context that is heard now.
    context_powers: BandPowers,
    /// What was done to the level of units.
    gains: BTreeMap<usize, [f32; 4]>,
    track: Vec<f32>,
    /// New sound around the outer ends of runs, and where on the track it begins. Only a caller that fades by itself hears it.
    open_ends: Vec<(i64, Vec<f32>)>,
}

/// The action that a unit or bar was made with, and who was to play it.
#[derive(Clone)]
pub(crate) struct MadeWith {
    pub weights: SparseWeights,
    pub players: PlayersRow,
}

/// All units that some windows hold, made or heard.
fn units_of(plans: &[Plan]) -> BTreeSet<usize> {
    plans.iter().flat_map(|plan| plan.targets.iter().chain(&plan.context)).copied().collect()
}

impl<'a> Edit<'a> {
    pub(crate) fn new(
        road: &'a Road<'a>,
        song: &'a Song,
        chosen: &'a BTreeMap<BarNumber, ActionChoice>,
        settings: Settings,
    ) -> Self {
        let targets = (0..song.units.len()).filter(|&unit| chosen_bar(song, chosen, unit).is_some()).collect();
        let bars: Vec<_> = song.bars.iter().filter(|bar| chosen.contains_key(&bar.number)).collect();
        let runs = bars
            .chunk_by(|a, b| a.number.next() == b.number)
            .map(|run| {
                let last = run[run.len() - 1].samples(song.model_rate).end;
                (run[0].samples(song.model_rate).start.get(), last.get().min(song.track.len() as i64))
            })
            .collect();
        Edit {
            road,
            song,
            chosen,
            settings,
            runs,
            targets,
            heard: BTreeMap::new(),
            remembered: BTreeMap::new(),
            tokens: BTreeMap::new(),
            made_with: BTreeMap::new(),
            context: BTreeSet::new(),
            made: BTreeSet::new(),
            context_powers: [0.0; 4],
            gains: BTreeMap::new(),
            track: song.audible().to_vec(),
            open_ends: Vec::new(),
        }
    }

    /// Makes every target; the new track.
    pub(crate) fn run(&mut self, job: &mut Job) -> Result<Vec<f32>, EngineError> {
        let plans = self.plans()?;
        job.expect(self.steps(&plans));
        let unconditional_action = self.unconditional_action(job)?;
        for plan in &plans {
            self.imagine(plan, &unconditional_action, job)?;
        }
        for plan in &plans {
            self.sound(plan, job)?;
        }
        let mut track = std::mem::take(&mut self.track);
        for (start, sound) in self.open_ends.drain(..) {
            copy(&mut track, start, &sound);
        }
        Ok(track)
    }

    /// Makes every target as slots and decodes none; in the order of units.
    pub(crate) fn imagined(&mut self, job: &mut Job) -> Result<Vec<Imagined>, EngineError> {
        let plans = self.plans()?;
        job.expect(self.steps(&plans));
        let unconditional_action = self.unconditional_action(job)?;
        let mut units = BTreeMap::new();
        for plan in &plans {
            for (&unit, made) in plan.targets.iter().zip(self.imagine(plan, &unconditional_action, job)?) {
                let dry = self.hear(unit, job)?.slots;
                let heard = self.song.infer(unit, &made, self.road, job)?.weights;
                units.insert(unit, Imagined { dry, made, heard });
            }
        }
        Ok(units.into_values().collect())
    }

    /// Hears every dry unit of a song without added bars, and the context as far as it is known before a bar is made, so that the set
    /// remembers it; makes nothing.
    pub(crate) fn hear_around(&mut self, job: &mut Job) -> Result<(), EngineError> {
        let plans = self.plans()?;
        let units = units_of(&plans);
        job.expect(units.len() * STEPS_TO_HEAR + 2);
        units.into_iter().try_for_each(|unit| self.hear(unit, job).map(drop))?;
        // Later windows hear what earlier ones make.
        let Some(first) = plans.first() else { return Ok(()) };
        let unconditional_action = self.unconditional_action(job)?;
        let window = self.window(first, &unconditional_action, job)?;
        self.road.hear_context(&window, job)
    }

    /// The gain that each band of each chosen bar was given to stay within reach, in decibels: the mean over the bar's units.
    pub(crate) fn bar_gains_db(&self, bar: BarNumber) -> [f32; 4] {
        let units = self.gains.iter().filter(|(unit, _)| self.song.units[**unit].bars.contains(&bar));
        let gains: Vec<&[f32; 4]> = units.map(|(_, gains)| gains).collect();
        std::array::from_fn(|band| gains.iter().map(|gains| 20.0 * gains[band].log10()).sum::<f32>() / gains.len().max(1) as f32)
    }

    /// Numbers of the bars in any context.
    pub(crate) fn context_bars(&self) -> Vec<i64> {
        let bars = self.context.iter().flat_map(|&unit| {
            let bars = &self.song.units[unit].bars;
            bars.start().through(*bars.end())
        });
        bars.map(BarNumber::get).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// What each chosen bar was made with.
    pub(crate) fn bars_made_with(&self) -> BTreeMap<BarNumber, MadeWith> {
        let mut of_bar = BTreeMap::new();
        for (&unit, made_with) in &self.made_with {
            let bars = &self.song.units[unit].bars;
            for bar in bars.start().through(*bars.end()).filter(|bar| self.chosen.contains_key(bar)) {
                of_bar.entry(bar).or_insert_with(|| made_with.clone());
            }
        }
        of_bar
    }

    /// What is denoised together, and in which order.
    fn plans(&self) -> Result<Vec<Plan>, EngineError> {
        let plans = plan(&self.targets, &self.song.added, self.song.units.len(), self.road.sizes().window_bars);
        plans.iter().try_for_each(|plan| self.check_context(plan))?;
        Ok(plans)
    }

    fn check_context(&self, plan: &Plan) -> Result<(), EngineError> {
        if plan.context.is_empty() {
            return Err(EngineError::NoContext);
        }
        // What is made meanwhile is as loud as what it continues, which was checked with an earlier window.
        let mut given = plan.context.iter().filter(|unit| !self.song.added.contains(unit)).peekable();
        if given.peek().is_some() && given.all(|&unit| self.song.is_silent(unit)) {
            return Err(EngineError::SilentContext { bar: self.song.units[plan.targets[0]].bars.start().get() });
        }
        Ok(())
    }

    /// About how many steps the job will take.
    fn steps(&self, plans: &[Plan]) -> usize {
        let decode = self.targets.len() * (CALLS + STEPS_TO_DECODE);
        let dynamics = plans.len() * (self.settings.quality.dynamics_steps() + 1);
        units_of(plans).len() * STEPS_TO_HEAR + decode + dynamics + plans.len() + self.targets.len() + 1 + STEPS_TO_FINISH
    }

    /// What guidance leads away from: no action and nothing about players, so that it presses both upon the bar.
    fn unconditional_action(&self, job: &mut Job) -> Result<ActionVector, EngineError> {
        self.embed(&SparseWeights::new(), &self.road.nobody(), job)
    }

    fn hear(&mut self, unit: usize, job: &mut Job) -> Result<Heard, EngineError> {
        if !self.heard.contains_key(&unit) {
            let heard = self.song.hear(unit, self.road, job)?;
            self.heard.insert(unit, heard);
        }
        Ok(self.heard[&unit].clone())
    }

    /// Denoises one window: the tokens of its targets, and what later windows hear of them. Hands back the targets' slots.
    fn imagine(&mut self, plan: &Plan, unconditional_action: &ActionVector, job: &mut Job) -> Result<Vec<Vec<f32>>, EngineError> {
        let window = self.window(plan, unconditional_action, job)?;
        self.context.extend(&plan.context);
        let slots = self.road.denoise::<EngineError>(&window, self.settings.denoising(), job)?;
        for (&unit, slots) in plan.targets.iter().zip(&slots) {
            let count = self.song.stretch(unit, self.road).tokens;
            let tokens = job.step(Stage::Adapt, || self.road.tokens_from_slots(slots, count).map_err(EngineError::from))?;
            self.tokens.insert(unit, tokens);
            self.remember(unit, slots, job)?;
        }
        Ok(slots)
    }

    /// What the dynamics is told of one window.
    fn window(&mut self, plan: &Plan, unconditional_action: &ActionVector, job: &mut Job) -> Result<Window, EngineError> {
        let mut window = Window {
            context: Vec::new(),
            targets: Vec::new(),
            timing: self.song.timing(plan.targets[0]),
            unconditional_action: unconditional_action.clone(),
        };
        for &unit in &plan.context {
            let (slots, action) = self.given(unit, job)?;
            window.context.push(WindowBar {
                place: unit,
                slots,
                action,
                null_action: ActionVector::new(),
                amount: 1.0,
                noise_seed: 0,
            });
        }
        for &unit in &plan.targets {
            let target = self.target(unit, job)?;
            window.targets.push(target);
        }
        Ok(window)
    }

    /// Decodes one window's targets. Every window has been imagined by now, so each unit knows what it goes on into.
    fn sound(&mut self, plan: &Plan, job: &mut Job) -> Result<(), EngineError> {
        self.context_powers = job.step(Stage::Level, || Ok::<_, EngineError>(self.powers_of(&plan.context)))?;
        plan.targets.iter().try_for_each(|&unit| self.place(unit, job))
    }

    /// A context unit as the dynamics hears it: made, or dry.
    fn given(&mut self, unit: usize, job: &mut Job) -> Result<(Vec<f32>, ActionVector), EngineError> {
        if let Some(made) = self.remembered.get(&unit) {
            return Ok(made.clone());
        }
        let Heard { slots, inferred, .. } = self.hear(unit, job)?;
        Ok((slots, inferred.action))
    }

    fn target(&mut self, unit: usize, job: &mut Job) -> Result<WindowBar, EngineError> {
        let choice = chosen_bar(self.song, self.chosen, unit).and_then(|bar| self.chosen.get(&bar)).cloned().unwrap_or_default();
        let dry = if self.song.added.contains(&unit) { None } else { Some(self.hear(unit, job)?) };
        let heard = dry.as_ref().map(|dry| &dry.inferred);
        let players = self.players(heard);
        let weights = match (choice, heard) {
            (ActionChoice::Own, Some(heard)) => heard.weights.clone(),
            (ActionChoice::Weights(weights), _) => weights,
            (ActionChoice::Null | ActionChoice::Own, _) => SparseWeights::new(),
        };
        let amount = if weights.is_empty() { 1.0 } else { amount(&weights) };
        let null_action = self.embed(&SparseWeights::new(), &players, job)?;
        let action = match heard {
            _ if weights.is_empty() => null_action.clone(),
            Some(heard) if heard.weights == weights && heard.players == players => heard.action.clone(),
            _ => {
                // The networks know whole actions only.
                let whole: SparseWeights = weights.iter().map(|&(action, weight)| (action, weight / amount)).collect();
                self.embed(&whole, &players, job)?
            }
        };
        self.made_with.insert(unit, MadeWith { weights, players });
        let noise_seed = stream(self.settings.seed, Purpose::Dynamics, self.song.number(unit));
        // Where there is no dry form nothing is begun from but noise.
        let slots = dry.map_or_else(|| vec![0.0; self.road.sizes().slots * self.road.sizes().channels], |dry| dry.slots);
        Ok(WindowBar { place: unit, slots, action, null_action, amount, noise_seed })
    }

    /// Who is to play a unit in which `heard` was heard, if it was there before.
    fn players(&self, heard: Option<&Inferred>) -> PlayersRow {
        match (self.settings.players, heard) {
            (PlayersChoice::Heard, Some(heard)) => heard.players.clone(),
            (PlayersChoice::These(players), _) => players.row(&self.road.set().manifest().instruments),
            (PlayersChoice::Heard | PlayersChoice::Anyone, _) => self.road.nobody(),
        }
    }

    fn embed(&self, weights: &SparseWeights, players: &PlayersRow, job: &mut Job) -> Result<ActionVector, EngineError> {
        job.step(Stage::Actions, || self.road.embed_action(weights, players).map_err(EngineError::from))
    }

    /// Later windows hear the new unit, with the action that is heard in it.
    fn remember(&mut self, unit: usize, slots: &[f32], job: &mut Job) -> Result<(), EngineError> {
        if self.targets.last() == Some(&unit) {
            return Ok(());
        }
        let heard = self.song.infer(unit, slots, self.road, job)?;
        let mut noise = vec![0.0; slots.len()];
        GaussianNoise::new(stream(self.settings.seed, Purpose::Past, self.song.number(unit))).fill(&mut noise);
        self.remembered.insert(unit, (blend(slots, &noise, self.settings.past_noise), heard.action));
        Ok(())
    }

    /// Decodes new tokens between their surroundings and sets the sound into the track.
    fn place(&mut self, unit: usize, job: &mut Job) -> Result<(), EngineError> {
        let stretch = self.song.stretch(unit, self.road);
        let frames = job.step(Stage::Encode, || Ok::<_, EngineError>(self.road.frames(&self.track, stretch)))?;
        let around = self.surroundings(unit, &frames, job)?;
        let spans = self.spans(unit);
        let mut latents = around.with_inner(&self.kept_tokens(unit, &spans, around.inner(), &self.tokens[&unit]));
        self.go_on(&mut latents, unit, &spans);
        let known = Known { is_known: self.known_frames(unit, &spans), frames };
        let seed = stream(self.settings.seed, Purpose::Decoder, self.song.number(unit));
        let how = Decoding { calls: CALLS, seed };
        let mut decoded = self.road.decode::<EngineError>(&latents, stretch, Some(&known), how, job)?;
        let (gains, samples) = job.step(Stage::Level, || {
            let gains = self.gains_into_reach(&spans, decoded.start, &decoded.samples);
            Ok::<_, EngineError>((gains, with_gains(&decoded.samples, gains, self.song.model_rate)))
        })?;
        decoded.samples = samples;
        self.gains.insert(unit, gains);
        for &span in &spans {
            self.splice(span, self.goes_on(unit, span), decoded.start, &decoded.samples);
        }
        self.made.insert(unit);
        Ok(())
    }

    /// What keeps the parts that change within reach of the context, or of what they replace where that lies farther out.
    fn gains_into_reach(&self, spans: &[(i64, i64)], decoded_start: i64, decoded: &[f32]) -> [f32; 4] {
        let piece = |samples: &[f32], start: i64| -> Vec<f32> {
            spans.iter().flat_map(|&(from, to)| cut(samples, from - start, (to - from) as usize)).collect()
        };
        let powers = |samples: &[f32]| band_powers(samples, self.song.model_rate);
        let old = powers(&piece(&self.song.track, 0));
        let reach = Reach { references: vec![old, self.context_powers], reach_db: f64::from(self.settings.level_reach_db) };
        reach.gains(&powers(&piece(decoded, decoded_start)))
    }

    /// Mean squares of some units together as the track is now.
    fn powers_of(&self, units: &[usize]) -> BandPowers {
        let mut sum = [0.0; 4];
        let mut samples = 0.0;
        for &unit in units {
            let span = self.song.units[unit].samples(self.song.model_rate);
            let sound = cut(&self.track, span.start.get(), span.len());
            for (sum, power) in sum.iter_mut().zip(band_powers(&sound, self.song.model_rate)) {
                *sum += power * span.len() as f64;
            }
            samples += span.len() as f64;
        }
        sum.map(|sum| if samples > 0.0 { sum / samples } else { 0.0 })
    }

    /// Latents of the unit and its margins as the track is now: a neighbour made before has changed them.
    fn surroundings(&self, unit: usize, frames: &[f32], job: &mut Job) -> Result<Latents, EngineError> {
        match self.heard.get(&unit) {
            Some(heard) if unit == 0 || !self.made.contains(&(unit - 1)) => Ok(heard.latents.clone()),
            _ => job.step(Stage::Encode, || self.road.encode(frames).map_err(EngineError::from)),
        }
    }

    /// Parts of a unit that are to change: all of it, or, of a unit of several bars, the chosen ones.
    fn spans(&self, unit: usize) -> Vec<(i64, i64)> {
        let span = self.song.units[unit].samples(self.song.model_rate);
        let clipped = self.runs.iter().map(|&(start, end)| (start.max(span.start.get()), end.min(span.end.get())));
        clipped.filter(|(start, end)| start < end).collect()
    }

    /// Whether a run of chosen bars goes on after this part of a unit.
    fn goes_on(&self, unit: usize, span: (i64, i64)) -> bool {
        let is_last = self.song.units[unit].samples(self.song.model_rate).end.get() == span.1;
        is_last && self.runs.iter().any(|&(start, end)| start < span.1 && span.1 < end)
    }

    /// Whether the sound after the unit will be made later, or never.
    fn is_open(&self, unit: usize, spans: &[(i64, i64)]) -> bool {
        self.song.is_added_end(unit) || spans.last().is_some_and(|&span| self.goes_on(unit, span))
    }

    /// New tokens where something is to change, dry ones where all of a token's sound stays.
    fn kept_tokens(&self, unit: usize, spans: &[(i64, i64)], dry: &[f32], new: &[f32]) -> Vec<f32> {
        let (channels, length) = (self.road.sizes().channels, self.road.sizes().samples_per_token() as i64);
        let start = self.song.stretch(unit, self.road).start;
        let is_open = self.is_open(unit, spans);
        let unit_end = self.song.units[unit].samples(self.song.model_rate).end.get();
        let mut tokens = Vec::with_capacity(new.len());
        for (index, (dry, new)) in dry.chunks_exact(channels).zip(new.chunks_exact(channels)).enumerate() {
            let from = start + index as i64 * length;
            let changes = touches(spans, from, from + length) || (is_open && from + length > unit_end);
            tokens.extend_from_slice(if changes { new } else { dry });
        }
        tokens
    }

    /// Lets the margin after a unit be what is to come there.
    ///
    /// Two targets may stand side by side and yet hold dry bars between the chosen ones: then the margin stays as it is.
    fn go_on(&self, latents: &mut Latents, unit: usize, spans: &[(i64, i64)]) {
        let channels = self.road.sizes().channels;
        if self.song.is_added_end(unit) {
            // Nothing comes: the sound stays as it is at the end, rather than die away before it.
            let tokens = &self.tokens[&unit];
            let last = &tokens[tokens.len() - channels..];
            latents.margin_after_mut().chunks_exact_mut(channels).for_each(|token| token.copy_from_slice(last));
        } else if let Some(next) = self.tokens.get(&(unit + 1)).filter(|_| self.is_open(unit, spans)) {
            self.continue_into(latents, unit, next);
        }
    }

    /// Lets the margin after a unit be the beginning of the next one: its tokens, brought to this unit's raster.
    fn continue_into(&self, latents: &mut Latents, unit: usize, next: &[f32]) {
        let (sizes, stretch) = (self.road.sizes(), self.song.stretch(unit, self.road));
        let (channels, length) = (sizes.channels, sizes.samples_per_token());
        let margin_start = stretch.start + (stretch.tokens * length) as i64;
        let offset = (margin_start - self.song.stretch(unit + 1, self.road).start) as f32 / length as f32;
        let last = next.len() / channels - 1;
        for (index, token) in latents.margin_after_mut().chunks_exact_mut(channels).enumerate() {
            let position = (offset + index as f32).clamp(0.0, last as f32);
            let (low, share) = (position as usize, position.fract());
            let high = (low + 1).min(last);
            for (channel, value) in token.iter_mut().enumerate() {
                *value = (1.0 - share) * next[low * channels + channel] + share * next[high * channels + channel];
            }
            turnaround_core::latents::normalise_tokens(token, channels, self.road.set().statistics().latent_epsilon);
        }
    }

    /// Frames that read nothing that is to change, now or later: their windows reach half a hop over their hop on both sides.
    fn known_frames(&self, unit: usize, spans: &[(i64, i64)]) -> Vec<bool> {
        let sizes = self.road.sizes();
        let stretch = self.song.stretch(unit, self.road);
        let tokens = stretch.tokens + 2 * sizes.margin_tokens;
        let hop = sizes.hop as i64;
        let start = stretch.start - (sizes.margin_tokens * sizes.samples_per_token()) as i64;
        let is_open = self.is_open(unit, spans);
        let unit_end = self.song.units[unit].samples(self.song.model_rate).end.get();
        let is_known = |frame: usize| {
            let from = start + frame as i64 * hop - hop / 2;
            let to = from + 2 * hop;
            let changes = touches(spans, from, to) || (is_open && to > unit_end);
            !changes
        };
        (0..tokens * sizes.frames_per_token).map(is_known).collect()
    }

    /// Sets decoded sound into the track: a fade before its start, and, unless the next unit goes on from it, one before its end.
    fn splice(&mut self, span: (i64, i64), goes_on: bool, decoded_start: i64, decoded: &[f32]) {
        let rate = self.song.model_rate;
        let (fade, guard) = (splice::fade_samples(rate) as i64, splice::guard_samples(rate) as i64);
        let is_run_start = self.runs.iter().any(|&(start, _)| start == span.0);
        let lead = if is_run_start { guard } else { 0 };
        if self.settings.edges == Edges::Open {
            self.keep_open_ends(span, is_run_start, goes_on, decoded_start, decoded);
        }
        // The fade in keeps its guard before it, the fade out after it: both end where the listener's stretch ends, or earlier.
        self.fade_in(span.0 - fade + lead, span.0, decoded_start, decoded);
        if goes_on {
            // Some sound beyond the end, for the next unit's first frames to go on from.
            let beyond = self.road.sizes().samples_per_token() as i64;
            self.copy(span.0, span.1 + beyond, decoded_start, decoded);
        } else {
            let end = (span.1 - guard).max(span.0);
            let start = (end - (fade - guard)).max(span.0);
            let dry: Vec<f32> = self.track[start as usize..end as usize].to_vec();
            self.copy(span.0, end, decoded_start, decoded);
            self.fade_out(start, &dry);
        }
    }

    /// Keeps the new sound from before a run's start and around its end as it is, and some beyond.
    fn keep_open_ends(&mut self, span: (i64, i64), is_run_start: bool, goes_on: bool, decoded_start: i64, decoded: &[f32]) {
        let fade = splice::fade_samples(self.song.model_rate) as i64;
        let mut keep = |from: i64, to: i64| {
            // A set without margins has no sound around the bar.
            let (from, to) = (from.max(decoded_start), to.min(decoded_start + decoded.len() as i64));
            if from < to {
                self.open_ends.push((from, decoded[(from - decoded_start) as usize..(to - decoded_start) as usize].to_vec()));
            }
        };
        if is_run_start {
            keep(span.0 - (1 + FADES_BEYOND) * fade, span.0);
        }
        if !goes_on {
            keep((span.1 - fade).max(span.0), span.1 + FADES_BEYOND * fade);
        }
    }

    fn copy(&mut self, from: i64, to: i64, decoded_start: i64, decoded: &[f32]) {
        let (from, to) = (from.max(decoded_start), to.min(decoded_start + decoded.len() as i64));
        if from < to {
            copy(&mut self.track, from, &decoded[(from - decoded_start) as usize..(to - decoded_start) as usize]);
        }
    }

    /// From the track's sound to the decoded one over `[from, to)`.
    fn fade_in(&mut self, from: i64, to: i64, decoded_start: i64, decoded: &[f32]) {
        // A set without margins has no sound before the bar, and fades in less.
        let from = from.max(0).max(decoded_start);
        if from >= to {
            return;
        }
        let decoded = &decoded[(from - decoded_start) as usize..(to - decoded_start) as usize];
        let track = &mut self.track[from as usize..to as usize];
        let mixed = splice::crossfade(track, decoded);
        track.copy_from_slice(&mixed);
    }

    /// From the decoded sound, which lies on the track from `from` on, back to the dry one.
    fn fade_out(&mut self, from: i64, dry: &[f32]) {
        let track = &mut self.track[from as usize..from as usize + dry.len()];
        let mixed = splice::crossfade(track, dry);
        track.copy_from_slice(&mixed);
    }
}

/// The first chosen bar that a unit holds.
fn chosen_bar(song: &Song, chosen: &BTreeMap<BarNumber, ActionChoice>, unit: usize) -> Option<BarNumber> {
    let bars = &song.units[unit].bars;
    bars.start().through(*bars.end()).find(|bar| chosen.contains_key(bar))
}

/// Sets sound into a track from a position on; what lies beyond the track's ends is left out.
fn copy(track: &mut [f32], start: i64, sound: &[f32]) {
    let from = start.clamp(0, track.len() as i64);
    let to = (start + sound.len() as i64).clamp(from, track.len() as i64);
    let source = (from - start).min(sound.len() as i64) as usize;
    let length = (to - from) as usize;
    track[from as usize..to as usize].copy_from_slice(&sound[source..source + length]);
}

fn touches(spans: &[(i64, i64)], from: i64, to: i64) -> bool {
    spans.iter().any(|&(start, end)| from < end && start < to)
}
