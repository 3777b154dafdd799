//! A host with one instance of the plugin in it, and what playing a timeline through it gave.

use std::collections::HashMap;
use std::ops::Range;
use std::time::{Duration, Instant};

use crate::automation::{Automation, Deliverer};
use crate::blocks::{Blocks, Dice, Metronome, Pace};
use crate::host::{Call, Event, Format, Instance, Says};
use crate::song::Song;
use crate::timeline::{Piece, Playhead, Timeline};

/// Samples around a bar that the plugin fades over: 20 ms, and a guard for rounding.
const FADE_SECONDS: f64 = 0.021;

/// How a timeline is played.
#[derive(Clone, Debug)]
pub struct Playing {
    pub blocks: Blocks,
    pub pace: Pace,
    pub automation: Automation,
    pub in_place: bool,
}

impl Playing {
    /// In blocks of one size, hurried, without automation.
    pub fn in_blocks_of(size: usize) -> Self {
        Self { blocks: Blocks::Of(size), pace: Pace::Hurried, automation: Automation::none(), in_place: false }
    }

    pub fn with(self, automation: Automation) -> Self {
        Self { automation, ..self }
    }

    pub fn at_pace(self, pace: Pace) -> Self {
        Self { pace, ..self }
    }
}

/// A host, and one instance in it.
pub struct Session {
    instance: Box<dyn Instance>,
    ids: HashMap<String, u32>,
    setup: Option<(u32, usize, Says)>,
    /// Values set by hand, to go out with the next block.
    waiting: Vec<Event>,
    steady: u64,
    /// Restarts that the plugin asked for and got.
    pub restarts: usize,
}

impl Session {
    /// Loads the plugin.
    pub fn open(format: Format) -> Self {
        let mut instance = format.open();
        let ids = instance.parameters().into_iter().map(|parameter| (parameter.name, parameter.id)).collect();
        Self { instance, ids, setup: None, waiting: Vec::new(), steady: 0, restarts: 0 }
    }

    /// Loads it and activates it for real time.
    pub fn ready(format: Format, rate: u32, largest_block: usize) -> Self {
        let mut session = Self::open(format);
        session.activate(rate, largest_block, Says::REAL_TIME);
        session
    }

    pub fn instance(&mut self) -> &mut dyn Instance {
        self.instance.as_mut()
    }

    /// Activates, or activates anew.
    pub fn activate(&mut self, rate: u32, largest_block: usize, says: Says) {
        self.deactivate();
        self.instance.activate(rate, largest_block, says);
        self.setup = Some((rate, largest_block, says));
    }

    /// Stops and deactivates, if it is active.
    pub fn deactivate(&mut self) {
        if self.setup.take().is_some() {
            self.instance.on_audio_thread(&mut |processor| processor.stop());
            self.instance.deactivate();
        }
    }

    /// A parameter's number.
    ///
    /// # Panics
    /// If there is none of this name: tests name what musicians see.
    pub fn id(&self, parameter: &str) -> u32 {
        *self
            .ids
            .get(parameter)
            .unwrap_or_else(|| panic!("no parameter is called {parameter:?}; there are {:?}", self.ids.keys()))
    }

    /// Sets a parameter, 0 to 1, as by hand: at once at rest, else with the next block.
    pub fn set(&mut self, parameter: &str, value: f64) {
        let parameter = self.id(parameter);
        match self.setup {
            None => self.instance.set_at_rest(parameter, value),
            Some(_) => self.waiting.push(Event { parameter, offset: 0, value }),
        }
    }

    /// A parameter's value, 0 to 1.
    pub fn value(&mut self, parameter: &str) -> f64 {
        let id = self.id(parameter);
        self.instance
            .parameters()
            .into_iter()
            .find(|parameter| parameter.id == id)
            .map(|parameter| parameter.value)
            .expect("it has one")
    }

    /// Stops, deactivates, destroys and unloads; the time that took.
    pub fn close(mut self) -> Duration {
        let begin = Instant::now();
        self.deactivate();
        self.instance.unload();
        begin.elapsed()
    }

    /// Plays a timeline. Where the plugin asks for it, activates anew between two blocks, as hosts do.
    pub fn play(&mut self, timeline: &Timeline, song: &Song, playing: &Playing) -> Rendered {
        let (rate, largest, says) = self.setup.expect("activated before it plays");
        assert_eq!(rate, timeline.rate(), "activated for the timeline's rate");
        assert!(playing.blocks.largest() <= largest, "activated for blocks as large");
        let mut playhead = Playhead::new(timeline);
        let mut automation = Deliverer::new(&playing.automation, timeline, |name| self.id(name));
        let mut sizes = playing.blocks.sizes();
        let metronome = Metronome::new(playing.pace, rate);
        let mut rendered = Rendered::new(timeline);
        let mut dice = Dice::new(77);
        while playhead.left() > 0 {
            let (steady, waiting) = (&mut self.steady, &mut self.waiting);
            self.instance.on_audio_thread(&mut |processor| {
                processor.start();
                while playhead.left() > 0 && !processor.is_restart_requested() {
                    metronome.wait(rendered.len());
                    playhead.obey_cues();
                    let told = playhead.told();
                    let block = playhead.block(sizes.next().expect("sizes never end"));
                    let pieces = playhead.advance(block);
                    let mut events = std::mem::take(waiting);
                    events.extend(automation.events(&pieces));
                    let [left, right] = rendered.grow(&pieces, song, &mut dice);
                    let begin = Instant::now();
                    processor.process(Call {
                        rate,
                        told: &told,
                        events: &events,
                        mode: says.with_blocks,
                        steady: *steady,
                        input: [left.input, right.input],
                        output: [left.output, right.output],
                        in_place: playing.in_place,
                    });
                    rendered.slowest_call = rendered.slowest_call.max(begin.elapsed());
                    *steady += block as u64;
                }
            });
            if self.instance.takes_restart_request() {
                self.restarts += 1;
                self.activate(rate, largest, says);
            }
        }
        rendered
    }
}

/// What went in and what came out.
#[derive(Clone)]
pub struct Rendered {
    timeline: Timeline,
    pub input: [Vec<f32>; 2],
    pub output: [Vec<f32>; 2],
    pieces: Vec<Piece>,
    /// The longest that a call took.
    pub slowest_call: Duration,
}

struct ChannelBlock<'a> {
    input: &'a mut [f32],
    output: &'a mut [f32],
}

impl Rendered {
    fn new(timeline: &Timeline) -> Self {
        let empty = || [Vec::with_capacity(timeline.len()), Vec::with_capacity(timeline.len())];
        let (input, output) = (empty(), empty());
        Self { timeline: timeline.clone(), input, output, pieces: Vec::new(), slowest_call: Duration::ZERO }
    }

    fn len(&self) -> usize {
        self.output[0].len()
    }

    /// Room for the next block, its input filled in: the song while it plays, faint noise while the playhead stands. The output holds
    /// what no plugin would write, so that a sample it leaves out is noticed.
    fn grow(&mut self, pieces: &[Piece], song: &Song, dice: &mut Dice) -> [ChannelBlock<'_>; 2] {
        let begin = self.len();
        for piece in pieces {
            for n in 0..piece.length {
                let frame = match piece.position {
                    Some(position) => song.frame(position + n as i64),
                    None => [0.01 * dice.bipolar(), 0.01 * dice.bipolar()],
                };
                self.input[0].push(frame[0]);
                self.input[1].push(frame[1]);
            }
            match (self.pieces.last_mut(), piece.position) {
                (Some(last), Some(position)) if last.position.is_some_and(|p| p + last.length as i64 == position) => {
                    last.length += piece.length;
                }
                (Some(last), None) if last.position.is_none() => last.length += piece.length,
                _ => self.pieces.push(*piece),
            }
        }
        let end = self.input[0].len();
        let Self { input: [left_in, right_in], output: [left_out, right_out], .. } = self;
        left_out.resize(end, f32::NAN);
        right_out.resize(end, f32::NAN);
        [
            ChannelBlock { input: &mut left_in[begin..], output: &mut left_out[begin..] },
            ChannelBlock { input: &mut right_in[begin..], output: &mut right_out[begin..] },
        ]
    }

    /// Where in the stream a whole bar was played, each time.
    pub fn passes_of(&self, bar: i64) -> Vec<Range<usize>> {
        let span = self.timeline.bar(bar);
        let holds = |piece: &&Piece| {
            piece.position.is_some_and(|position| position <= span.start && span.end <= position + piece.length as i64)
        };
        let place = |piece: &Piece| {
            let start = piece.at + (span.start - piece.position.unwrap_or(0)) as usize;
            start..start + (span.end - span.start) as usize
        };
        self.pieces.iter().filter(holds).map(place).collect()
    }

    /// Where a bar that was played once is in the stream.
    pub fn bar(&self, bar: i64) -> Range<usize> {
        let passes = self.passes_of(bar);
        assert_eq!(passes.len(), 1, "bar {bar} is played once");
        passes[0].clone()
    }

    /// A stretch without what belongs to the fades of its neighbours.
    pub fn without_fades(&self, range: Range<usize>) -> Range<usize> {
        let fade = (FADE_SECONDS * f64::from(self.timeline.rate())).ceil() as usize;
        range.start + fade..range.end - fade
    }

    /// The first sample of a stretch at which output and input are not the same bits.
    pub fn first_difference(&self, range: Range<usize>) -> Option<usize> {
        self.first_difference_after(range, 0)
    }

    /// The same where the output lags by `latency` samples.
    pub fn first_difference_after(&self, range: Range<usize>, latency: usize) -> Option<usize> {
        let differs =
            |at: &usize| (0..2).any(|side| self.output[side][at + latency].to_bits() != self.input[side][*at].to_bits());
        range.into_iter().find(differs)
    }

    /// How loud the difference of output and input is in a stretch, in decibels beside the input.
    pub fn difference_db(&self, range: Range<usize>) -> f64 {
        difference_db(
            [&self.output[0][range.clone()], &self.output[1][range.clone()]],
            [&self.input[0][range.clone()], &self.input[1][range]],
        )
    }

    /// The bars, of those given, that came out other than they went in. Each is either the same bits throughout but for the fades of its
    /// neighbours, or differs by more than -30 dB: nothing is a little changed.
    ///
    /// # Panics
    /// If a bar is neither.
    pub fn changed_bars(&self, bars: Range<i64>) -> Vec<i64> {
        let is_changed = |bar: &i64| {
            let range = self.without_fades(self.bar(*bar));
            let is_other = self.first_difference(range.clone()).is_some();
            let db = self.difference_db(range);
            assert!(!is_other || db > -30.0, "bar {bar} is neither the same nor changed: its difference is at {db:.1} dB");
            is_other
        };
        bars.filter(is_changed).collect()
    }

    /// # Panics
    /// If any sample of the output is not the input's.
    #[track_caller]
    pub fn assert_dry(&self, what: &str) {
        if let Some(at) = self.first_difference(0..self.len()) {
            let frame = |channels: &[Vec<f32>; 2]| (channels[0][at], channels[1][at]);
            panic!(
                "{what}: sample {at} of {} went in as {:?} and came out as {:?}",
                self.len(),
                frame(&self.input),
                frame(&self.output)
            );
        }
    }
}

/// The first sample at which two renders differ.
pub fn first_difference(a: &Rendered, b: &Rendered) -> Option<usize> {
    assert_eq!(a.len(), b.len(), "renders of one timeline");
    (0..a.len()).find(|at| (0..2).any(|side| a.output[side][*at].to_bits() != b.output[side][*at].to_bits()))
}

/// The power of `a - b` beside that of `b`, in decibels.
pub fn difference_db(a: [&[f32]; 2], b: [&[f32]; 2]) -> f64 {
    let power = |pairs: &mut dyn Iterator<Item = f64>| pairs.map(|x| x * x).sum::<f64>();
    let difference = power(&mut (0..2).flat_map(|side| a[side].iter().zip(b[side]).map(|(x, y)| f64::from(*x) - f64::from(*y))));
    let reference = power(&mut (0..2).flat_map(|side| b[side].iter().map(|x| f64::from(*x))));
    10.0 * (difference / reference.max(1e-20)).max(1e-30).log10()
}
