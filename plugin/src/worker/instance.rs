//! What the worker's thread does for one instance, round by round.
//!
//! **Thread.** Worker.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::{Duration, Instant};

use turnaround_core::audio::Audio;
use turnaround_core::contract::Action;
use turnaround_core::time::SampleRate;
use turnaround_engine::regenerate::{Edges, Settings};

use super::ahead::Ahead;
use super::bar::{Bar, KeptTake, Need, Recipe, Source};
use super::clip::{self, Clip, clip, row};
use super::queue::{self, Waiting};
use super::recorder::{Recorded, RecordedBar, Recorder};
use super::service::{Job, JobError, JobHandle, Made, Outcome, Service};
use super::{BUSY, IDLE, Letter, Shared, Urgency, export};
use crate::handoff::{Event, Frame, Standing, Update, WorkerEnd};
use crate::log::Log;
use crate::saved::SavedProject;
use crate::sound::Sound;
use crate::spec::{BarKey, BarSpec, BarStamp, Playing};
use crate::take::{Likeness, Take, lead_samples, likeness};
use crate::timeline::Shelf;
use crate::view::{BarStatus, BarView, Command, EngineView, JobView, View};

/// Sentences kept for the editor.
const MESSAGES: usize = 20;

/// How often the editor's picture is drawn anew at most.
const VIEW_EVERY: Duration = Duration::from_millis(40);

/// Pause after a round that panicked.
const AFTER_A_FAILURE: Duration = Duration::from_millis(200);

/// The thread's own state.
pub struct Instance {
    shared: Arc<Shared>,
    saved: SavedProject,
    service: Arc<Service>,
    log: Log,
    link: Option<Link>,
    bars: BTreeMap<BarKey, Bar>,
    job: Option<Running>,
    ahead: Ahead,
    /// Whether what is owed and told still holds.
    is_surveyed: bool,
    /// Bars that are to be made and can be.
    owed: Vec<BarKey>,
    /// What the audio thread was told of each bar.
    told: BTreeMap<BarKey, Told>,
    /// Updates to be told, in order.
    outbox: Vec<Update>,
    /// Messages dealt with whose effects are still in the outbox.
    unfinished: u64,
    /// A second handle on every take that the audio thread may hold, so that it never frees one.
    lent: Vec<Arc<Take>>,
    messages: Vec<String>,
    times_real_time: Option<f64>,
    is_saved: bool,
    is_drawn: bool,
    drawn: Instant,
    /// The models as they were drawn last, and their actions.
    seen: (EngineView, Arc<Vec<Action>>),
}

struct Link {
    end: WorkerEnd,
    urgency: Urgency,
    recorder: Recorder,
}

struct Running {
    key: BarKey,
    recipe: Recipe,
    clip_span: (usize, usize),
    rate: SampleRate,
    handle: Arc<JobHandle>,
    outcome: Receiver<Outcome>,
}

/// What a bar's standing was when it was told: another one has to be told again.
#[derive(Clone, Debug, PartialEq)]
enum Told {
    Owed,
    /// By its place in memory, which stays its own as long as it is lent.
    Ready(usize, Playing),
}

impl Instance {
    pub fn new(shared: Arc<Shared>, saved: SavedProject) -> Result<Self, String> {
        Ok(Self {
            shared,
            saved,
            service: Service::shared()?,
            log: Log::open(),
            link: None,
            bars: BTreeMap::new(),
            job: None,
            ahead: Ahead::default(),
            is_surveyed: false,
            owed: Vec::new(),
            told: BTreeMap::new(),
            outbox: Vec::new(),
            unfinished: 0,
            lent: Vec::new(),
            messages: Vec::new(),
            times_real_time: None,
            is_saved: true,
            is_drawn: false,
            drawn: Instant::now(),
            seen: Default::default(),
        })
    }

    /// One round; false when it was the last.
    pub fn work(&mut self) -> bool {
        let letters = std::mem::take(&mut *self.shared.inbox.lock());
        let mut is_busy = !letters.is_empty();
        for letter in letters {
            match letter {
                Letter::Stop => {
                    self.cancel_job();
                    self.save();
                    return false;
                }
                Letter::Link(end, urgency) => self.connect(end, urgency),
                Letter::Command(command) => self.obey(command),
            }
        }
        if let Some(loaded) = self.saved.take_loaded() {
            self.load(&loaded.document);
            self.unfinished += loaded.letters;
            is_busy = true;
        }
        is_busy |= self.listen();
        self.finish_job();
        self.drop_stale_job();
        self.survey();
        self.start_job();
        self.hear_ahead();
        self.save();
        self.flush();
        self.draw();
        let is_waiting = self.job.is_some() || self.shared.live.is_playing();
        if !is_busy {
            std::thread::park_timeout(if is_waiting { BUSY } else { IDLE });
        }
        true
    }

    /// After a round that panicked: what it was at is given up, and the rest goes on. A musician's bars are worth more than one of them.
    pub fn recover(&mut self) {
        self.cancel_job();
        if let Some(running) = self.job.take() {
            let reason = "the worker failed unexpectedly while it was made".to_owned();
            self.fail(running.key, running.recipe, reason);
        } else {
            self.say("The worker failed unexpectedly and goes on; what it was doing is lost.".into());
        }
        if let Some(link) = &mut self.link {
            link.recorder.restart();
        }
        self.told.clear();
        self.outbox = vec![Update::Clear];
        self.touch();
        // Should the same come again at once, the machine must not be kept busy with it.
        std::thread::sleep(AFTER_A_FAILURE);
    }

    fn connect(&mut self, end: WorkerEnd, urgency: Urgency) {
        // What the old link still holds was played and counts.
        self.listen();
        let rate = end.rate;
        let has_new_rate = self.link.as_ref().is_none_or(|link| link.end.rate != rate);
        // The old link's messages die with it, and nobody waits for them any more.
        self.unfinished = 1;
        self.outbox.clear();
        self.told.clear();
        self.link = Some(Link { recorder: Recorder::new(rate.hz()), end, urgency });
        if has_new_rate {
            let mut failed = Vec::new();
            for bar in self.bars.values_mut() {
                if let Some(Err(reason)) = bar.take.as_mut().map(|take| take.prepare(rate)) {
                    failed.push(format!("The take of bar {} cannot be played: {reason}", bar.stamp.number));
                }
            }
            failed.into_iter().for_each(|message| self.say(message));
        }
        self.touch();
    }

    /// Something changed that is to be looked through, saved and drawn.
    fn touch(&mut self) {
        self.is_surveyed = false;
        self.is_saved = false;
        self.is_drawn = false;
    }

    fn say(&mut self, message: String) {
        self.log.message(&message);
        if self.messages.last() != Some(&message) {
            self.messages.push(message);
        }
        if self.messages.len() > MESSAGES {
            self.messages.remove(0);
        }
        self.is_drawn = false;
    }

    // From the host and the editor.

    fn load(&mut self, loaded: &serde_json::Value) {
        self.cancel_job();
        // What was played before belongs to the project that goes.
        self.listen();
        let (bars, problems) = crate::saved::read(loaded);
        self.bars = bars;
        if let Some(rate) = self.link.as_ref().map(|link| link.end.rate) {
            for bar in self.bars.values_mut() {
                if let Some(take) = &mut bar.take {
                    // What fails here was told when it was read, or is told when it should play.
                    let _ = take.prepare(rate);
                }
            }
        }
        self.told.clear();
        self.outbox.clear();
        self.outbox.push(Update::Clear);
        self.log.loaded(self.bars.len(), &problems);
        problems.into_iter().for_each(|problem| self.say(problem));
        self.saved.keep(&self.bars);
        self.touch();
    }

    fn obey(&mut self, command: Command) {
        match command {
            // Nothing changes by it that is saved or drawn.
            Command::Hear(keys) => return self.ahead.ask(&keys),
            Command::Pin(keys, spec) => {
                for key in keys {
                    if let Some(bar) = self.bars.get_mut(&key) {
                        bar.pinned = spec;
                    }
                }
            }
            Command::MakeAgain(key) => {
                if let Some(bar) = self.bars.get_mut(&key).filter(|bar| bar.source.is_some()) {
                    bar.take = None;
                    bar.failure = None;
                }
            }
            Command::Forget(keys) => keys.iter().for_each(|key| {
                self.bars.remove(key);
            }),
            Command::Export { bars, folder } => {
                let sentence = match export::write(&self.bars, bars.as_deref(), &folder) {
                    Ok(files) => {
                        format!("Written: {}", files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", "))
                    }
                    Err(reason) => format!("Nothing was exported: {reason}"),
                };
                self.say(sentence);
            }
        }
        self.touch();
    }

    // From the audio thread.

    /// Takes in events and frames; whether there were any.
    fn listen(&mut self) -> bool {
        let Some(link) = &mut self.link else { return false };
        // Events first: the frames that they speak of were pushed before them.
        let mut events = Vec::new();
        while let Ok(event) = link.end.events.pop() {
            events.push(event);
        }
        let count = link.end.frames.slots();
        let frames: Vec<Frame> = match link.end.frames.read_chunk(count) {
            Ok(chunk) => chunk.into_iter().collect(),
            Err(_) => Vec::new(),
        };
        link.recorder.push(frames.into_iter());
        let mut heard = Vec::new();
        for event in &events {
            match event {
                Event::Cut(at) => heard.extend(link.recorder.cut(*at)),
                Event::Line(at, bar) => heard.extend(link.recorder.line(*at, *bar)),
                Event::End(at) => heard.extend(link.recorder.end(*at)),
                Event::Latched(..) | Event::Late(_) => {}
            }
        }
        heard.extend(link.recorder.settle());
        for event in &events {
            match event {
                Event::Line(_, bar) => self.met(bar),
                Event::Latched(key, spec) => self.latch(*key, *spec),
                Event::Late(key) => self.late(*key),
                Event::Cut(_) | Event::End(_) => {}
            }
        }
        let has_heard = !heard.is_empty() || !events.is_empty();
        for recorded in heard {
            match recorded {
                Recorded::Bar(bar) => self.record(bar),
                Recorded::Tail(key, tail) => self.add_tail(key, &tail),
            }
        }
        self.unfinished += events.len() as u64;
        has_heard
    }

    /// A bar began.
    fn met(&mut self, stamp: &BarStamp) {
        let bar = self.bars.entry(stamp.key).or_insert_with(|| Bar::new(*stamp));
        bar.stamp = *stamp;
        // Another metre makes other neighbours.
        self.is_surveyed = false;
        self.is_drawn = false;
    }

    fn latch(&mut self, key: BarKey, spec: BarSpec) {
        // Playback that began in the middle of a bar nobody met yet has no place to keep it; the next pass has.
        let Some(bar) = self.bars.get_mut(&key) else { return };
        self.log.latched(&bar.stamp, &spec);
        if bar.latched != Some(spec) {
            bar.latched = Some(spec);
            self.touch();
        }
    }

    fn late(&mut self, key: BarKey) {
        if let Some(bar) = self.bars.get_mut(&key) {
            bar.late += 1;
            self.is_drawn = false;
        }
    }

    fn record(&mut self, recorded: RecordedBar) {
        let Some(rate) = self.link.as_ref().map(|link| link.end.rate) else { return };
        let key = recorded.bar.key;
        self.log.bar(&recorded.bar, recorded.body.len());
        let heard = audio_from(rate, &recorded.body);
        let Ok(heard) = heard else {
            self.say(format!("Bar {} was not kept: its sound is broken (not a number).", recorded.bar.number));
            return;
        };
        let bar = self.bars.entry(key).or_insert_with(|| Bar::new(recorded.bar));
        if bar.source.as_ref().is_some_and(|source| source.is_heard_again(&heard)) {
            return;
        }
        let lead = recorded.lead.len();
        let whole: Vec<Frame> = recorded.lead.into_iter().chain(recorded.body).collect();
        let source =
            audio_from(rate, &whole).and_then(|audio| Source::new(&audio, lead, heard.len()).map_err(|error| error.to_string()));
        match source {
            Ok(source) => bar.source = Some(source),
            Err(reason) => self.say(format!("Bar {} was not kept: {reason}", recorded.bar.number)),
        }
        self.touch();
    }

    /// Adds to a newly captured bar what followed it.
    fn add_tail(&mut self, key: BarKey, tail: &[Frame]) {
        let Some(rate) = self.link.as_ref().map(|link| link.end.rate.hz()) else { return };
        let source = self.bars.get_mut(&key).and_then(|bar| bar.source.as_mut());
        // A bar that was heard at another rate, and only again at this one, stays without.
        let Some(source) = source.filter(|source| source.sound.rate() == rate) else { return };
        if let Ok(longer) = source.with_tail(tail) {
            *source = longer;
            self.touch();
        }
    }

    // Takes.

    /// Whether a bar may be made of what is known by now.
    fn is_ripe(&self, key: BarKey) -> bool {
        let Some(link) = &self.link else { return false };
        if link.urgency == Urgency::Now || self.shared.live.is_waiting() {
            return true;
        }
        let next = self.bars[&key].stamp.next_key();
        link.recorder.open_bar() != Some(next)
            || clip::next(&self.bars, key).is_some_and(|next| self.bars[&next].source.is_some())
    }

    /// Whether a bar is to be made and can be: the models continue what is around a bar, so a neighbour has to be known.
    fn is_owed(&self, key: BarKey, bar: &Bar) -> bool {
        let Need::Making(recipe) = bar.need() else { return false };
        clip::has_context(&self.bars, &row(&self.bars, key, usize::from(recipe.making.context_bars)))
    }

    fn start_job(&mut self) {
        if self.job.is_some() {
            return;
        }
        let waiting = self.owed.iter().filter(|key| self.is_ripe(**key));
        let waiting = waiting.map(|key| Waiting { key: *key, anchor: self.bars[key].stamp.anchor });
        let Some(key) = queue::next(waiting, self.shared.live.playhead()) else { return };
        let Need::Making(recipe) = self.bars[&key].need() else { return };
        let row = row(&self.bars, key, usize::from(recipe.making.context_bars));
        match clip(&self.bars, &row, key) {
            Ok(clip) => self.submit(key, recipe, clip),
            Err(reason) => self.fail(key, recipe, reason),
        }
    }

    /// As long as nothing is to be made, hears what is around the bars that the musician looks at.
    fn hear_ahead(&mut self) {
        if self.job.is_some() {
            return;
        }
        let Some(key) = self.ahead.next() else { return };
        let Some(making) = self.bars.get(&key).map(|bar| bar.spec().making) else { return };
        let row = row(&self.bars, key, usize::from(making.context_bars));
        if !clip::has_context(&self.bars, &row) {
            return;
        }
        // What is damaged is told when the bar is to be made.
        let Ok(clip) = clip(&self.bars, &row, key) else { return };
        let handle = Arc::new(JobHandle::default());
        let end = self.service.hear(clip, handle.clone());
        self.ahead.begin(key, handle, end);
    }

    fn submit(&mut self, key: BarKey, recipe: Recipe, clip: Clip) {
        self.ahead.give_way();
        let handle = Arc::new(JobHandle::default());
        let making = recipe.making;
        let turned = making.actions.iter().enumerate().filter(|(_, value)| **value > 0.0);
        let weights = turned.map(|(slot, value)| (slot as u16, *value)).collect();
        let settings = Settings {
            strength: making.strength,
            guidance: making.guidance,
            seed: u64::from(making.seed),
            quality: making.quality,
            high_band: making.high_band,
            stereo: making.stereo,
            // The timeline fades.
            edges: Edges::Open,
            ..Settings::default()
        };
        let (clip_span, rate) = (clip.span, clip.audio.rate());
        let outcome = self.service.submit(Job { clip, weights, settings, handle: handle.clone() });
        self.job = Some(Running { key, recipe, clip_span, rate, handle, outcome });
        self.is_drawn = false;
    }

    fn finish_job(&mut self) {
        let Some(job) = &self.job else { return };
        let outcome = match job.outcome.try_recv() {
            Err(TryRecvError::Empty) => return,
            Err(TryRecvError::Disconnected) => Err(JobError::Failed("the models' thread has ended".into())),
            Ok(outcome) => outcome,
        };
        let Some(job) = self.job.take() else { return };
        self.is_drawn = false;
        // What is asked may have changed meanwhile: then nobody wants this.
        let is_wanted = self.bars.get(&job.key).is_some_and(|bar| bar.need() == Need::Making(job.recipe.clone()));
        match outcome {
            Err(JobError::Cancelled) => {}
            _ if !is_wanted => {}
            Err(JobError::Failed(reason)) => self.fail(job.key, job.recipe, reason),
            Ok(made) => match self.keep(&job, made) {
                Ok(()) => {}
                Err(reason) => self.fail(job.key, job.recipe, reason),
            },
        }
    }

    fn keep(&mut self, job: &Running, made: Made) -> Result<(), String> {
        let Some(bar) = self.bars.get_mut(&job.key) else { return Ok(()) };
        let source = bar.source.as_ref().ok_or("the bar has no sound any more")?;
        let lead = lead_samples(job.rate).min(job.clip_span.0);
        let (start, end) = (job.clip_span.0 - lead, job.clip_span.1);
        let cut = |channel: &Vec<f32>| channel.get(start..end).map(<[f32]>::to_vec).unwrap_or_default();
        let mut channels: Vec<Vec<f32>> = made.audio.channels().iter().map(cut).collect();
        let missing = lead_samples(job.rate) - lead;
        // A bar at the very start of what was heard has nothing before it, and fades in from silence.
        channels.iter_mut().for_each(|channel| drop(channel.splice(..0, std::iter::repeat_n(0.0, missing))));
        let audio = Audio::new(job.rate, channels).map_err(|error| error.to_string())?;
        let dry = source.sound.unpack().map_err(|error| error.to_string())?;
        let likeness = edges(&audio, &dry, source, lead_samples(job.rate));
        let sound = Arc::new(Sound::pack(&audio).map_err(|error| error.to_string())?);
        let mut take = KeptTake::new(job.recipe.clone(), made.set, sound, likeness).map_err(|error| error.to_string())?;
        if let Some(link) = &self.link {
            take.prepare(link.end.rate)?;
        }
        let music = bar.duration().get();
        self.times_real_time = Some(music / made.took.as_secs_f64().max(1e-9));
        self.log.take(&bar.stamp, made.took, Ok(()));
        bar.take = Some(take);
        bar.failure = None;
        self.touch();
        Ok(())
    }

    fn fail(&mut self, key: BarKey, recipe: Recipe, reason: String) {
        let Some(bar) = self.bars.get_mut(&key) else { return };
        self.log.take(&bar.stamp, Duration::ZERO, Err(&reason));
        let message = format!("Bar {} could not be made: {reason}", bar.stamp.number);
        bar.failure = Some((recipe, reason));
        self.touch();
        self.say(message);
    }

    fn drop_stale_job(&mut self) {
        let Some(job) = &self.job else { return };
        let is_wanted = self.bars.get(&job.key).is_some_and(|bar| bar.need() == Need::Making(job.recipe.clone()));
        if !is_wanted {
            job.handle.cancel();
        }
    }

    fn cancel_job(&mut self) {
        self.ahead.stop();
        if let Some(job) = &self.job {
            job.handle.cancel();
        }
    }

    // To the audio thread.

    /// After a change: finds out which bars are owed, and what the audio thread does not know yet.
    fn survey(&mut self) {
        if self.is_surveyed || self.link.is_none() {
            return;
        }
        self.is_surveyed = true;
        self.owed = self.bars.iter().filter(|(key, bar)| self.is_owed(**key, bar)).map(|(key, _)| *key).collect();
        let mut standing: BTreeMap<BarKey, (Told, Standing)> =
            self.owed.iter().take(Shelf::CAPACITY).map(|key| (*key, (Told::Owed, Standing::Owed))).collect();
        for (key, bar) in &self.bars {
            let Some(take) = bar.take.as_ref().filter(|_| bar.need() == Need::Ready) else { continue };
            if standing.len() < Shelf::CAPACITY {
                let playing = bar.spec().playing;
                let told = Told::Ready(Arc::as_ptr(&take.ready) as usize, playing);
                standing.insert(*key, (told, Standing::Ready(take.ready.clone(), playing)));
            }
        }
        let gone: Vec<BarKey> = self.told.keys().filter(|key| !standing.contains_key(key)).copied().collect();
        for key in gone {
            self.told.remove(&key);
            self.outbox.push(Update::Bar(key, Standing::Dry));
        }
        for (key, (told, standing)) in standing {
            if self.told.get(&key) == Some(&told) {
                continue;
            }
            if let Standing::Ready(take, _) = &standing {
                self.lent.push(take.clone());
            }
            self.told.insert(key, told);
            self.outbox.push(Update::Bar(key, standing));
        }
    }

    /// Sends what there is room for, and frees takes that the audio thread has let go of.
    fn flush(&mut self) {
        let Some(link) = &mut self.link else { return };
        let room = link.end.updates.slots().min(self.outbox.len());
        for update in self.outbox.drain(..room) {
            // There is room: it was asked for just now.
            let _ = link.end.updates.push(update);
        }
        if self.outbox.is_empty() && self.unfinished > 0 {
            link.end.tally.finish(self.unfinished);
            self.unfinished = 0;
        }
        self.lent.retain(|take| Arc::strong_count(take) > 1);
    }

    // To host and editor.

    fn save(&mut self) {
        if !self.is_saved {
            self.saved.keep(&self.bars);
            self.is_saved = true;
        }
    }

    fn draw(&mut self) {
        let progresses = self.job.is_some();
        if self.drawn.elapsed() < VIEW_EVERY {
            return;
        }
        // The models change by themselves: actions are read after the start, networks with the first job.
        let (engine, actions) = (self.service.view(), self.service.actions());
        let is_same = engine == self.seen.0 && Arc::ptr_eq(&actions, &self.seen.1);
        if self.is_drawn && is_same && !progresses {
            return;
        }
        self.seen = (engine.clone(), actions.clone());
        let job = self.job.as_ref().map(|job| {
            let (done, total) = job.handle.progress();
            JobView { key: job.key, done, total }
        });
        let view = View {
            bars: self.bars.iter().map(|(key, bar)| self.bar_view(*key, bar)).collect(),
            engine,
            actions,
            job,
            times_real_time: self.times_real_time,
            messages: self.messages.clone(),
            audio_bytes: self.bars.values().map(bytes).sum(),
        };
        *self.shared.view.lock() = Arc::new(view);
        self.is_drawn = true;
        self.drawn = Instant::now();
    }

    fn bar_view(&self, key: BarKey, bar: &Bar) -> BarView {
        let status = match bar.need() {
            Need::Nothing => BarStatus::Captured,
            Need::Hearing => BarStatus::Unheard,
            Need::Making(_) if self.job.as_ref().is_some_and(|job| job.key == key) => BarStatus::Making,
            Need::Making(_) if !self.is_owed(key, bar) => BarStatus::Unheard,
            Need::Making(_) => BarStatus::Queued,
            Need::Failed(reason) => BarStatus::Failed(reason),
            Need::Ready => BarStatus::Ready,
        };
        BarView {
            key,
            anchor: bar.stamp.anchor,
            number: bar.stamp.number,
            metre: bar.stamp.metre,
            duration: bar.duration(),
            status,
            spec: bar.spec(),
            is_pinned: bar.pinned.is_some(),
            dry: bar.source.as_ref().map(|source| source.overview.clone()),
            take: bar.take.as_ref().map(|take| take.overview.clone()),
            late: bar.late,
        }
    }
}

fn bytes(bar: &Bar) -> usize {
    let source = bar.source.as_ref().map_or(0, |source| source.sound.flac().len());
    source + bar.take.as_ref().map_or(0, |take| take.sound.flac().len() + take.ready.bytes())
}

fn audio_from(rate: SampleRate, frames: &[Frame]) -> Result<Audio, String> {
    let side = |side: usize| frames.iter().map(|frame| frame[side]).collect();
    Audio::stereo(rate, side(0), side(1)).map_err(|error| error.to_string())
}

/// Likeness of a take to the dry sound where they meet.
fn edges(take: &Audio, dry: &Audio, source: &Source, lead: usize) -> Likeness {
    let pair = |audio: &Audio, start: usize, end: usize| -> [Vec<f32>; 2] {
        [0, 1].map(|side| audio.channel(side).get(start..end).map(<[f32]>::to_vec).unwrap_or_default())
    };
    let like = |a: &[Vec<f32>; 2], b: &[Vec<f32>; 2]| likeness([&a[0], &a[1]], [&b[0], &b[1]]);
    let dry_line = source.lead;
    let at_start = like(&pair(take, 0, lead), &pair(dry, dry_line.saturating_sub(lead), dry_line));
    let (take_end, dry_end) = (take.len(), source.lead + source.body);
    let at_end = like(&pair(take, take_end - lead.min(take_end), take_end), &pair(dry, dry_end.saturating_sub(lead), dry_end));
    Likeness { at_start, at_end }
}

#[cfg(test)]
mod tests {
    use super::super::clip::tests::song;
    use super::*;

    #[test]
    fn bars_that_are_looked_at_are_heard_and_nothing_is_made_or_saved_by_it() {
        let mut instance = Instance::new(Arc::default(), SavedProject::default()).unwrap();
        // The last one has nothing around it that it could continue.
        instance.bars = song(&[1, 2, 3, 9], 16_000);
        let keys: Vec<BarKey> = instance.bars.keys().copied().collect();
        instance.obey(Command::Hear(vec![keys[3]]));
        instance.hear_ahead();
        instance.hear_ahead();
        assert_eq!((instance.ahead.next(), instance.service.view()), (None, EngineView::Asleep));

        instance.obey(Command::Hear(vec![keys[1], keys[0]]));
        let (start, patience) = (Instant::now(), Duration::from_secs(60));
        instance.hear_ahead();
        assert!(instance.ahead.next().is_none(), "one bar after the other");
        while instance.ahead.next() != Some(keys[0]) && start.elapsed() < patience {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(matches!(instance.service.view(), EngineView::Loaded { .. }), "{:?}", instance.service.view());
        assert!(instance.is_saved && instance.job.is_none() && instance.bars.values().all(|bar| bar.take.is_none()));
    }
}
