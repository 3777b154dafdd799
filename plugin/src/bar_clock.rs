//! The bar clock: at which sample of a block a bar begins, whatever the host says about it.
//!
//! Hosts omit bar starts, state wrong ones, round beats, begin before zero, loop, jump and change tempo inside a block. So the clock
//! counts samples itself and asks the host only where playback began and whether it still is where the count says. Its lines fall on
//! the samples that a [tempo map](turnaround_core::tempo_map::TempoMap) of the same piece gives, and do not depend on block sizes.
//!
//! **Thread.** [`BarClock::new`] belongs to activation, everything else to the audio thread: [`BarClock::process`] allocates, locks,
//! waits and logs nothing, and its output lies in fixed arrays inside the clock.
//!
//! What it believes of a host, in short:
//!
//! - *Position*: beats at a start or jump; afterwards only when they leave the count by more than 1/480 beat, or when the tempo changes.
//!   Samples where there are no beats. Nothing from a position that does not move.
//! - *Tempo and metre*: the last sensible ones; 4/4 until a metre is heard; without any tempo the clock stands still.
//! - *Bar start*: as long as the position lies in the bar that it begins and it does not contradict what the host said earlier in the
//!   same run. A host caught once is not asked again. Then bars are counted from the last change of metre seen, or from beat 0.
//! - *Bar number*: where playback starts or jumps, together with a believed bar start; counted on from there.

mod grid;
mod metre_changes;
mod playhead;

use turnaround_core::bars::BarNumber;
use turnaround_core::time::{Beats, Metre, SampleRate, Samples, Tempo};

use crate::transport::Transport;
use grid::Grid;
use metre_changes::MetreChanges;
use playhead::{Movement, NEAR, Playhead, TICK};

/// Which grid a line belongs to. It rises whenever the grid changes: another tempo, another metre, bar lines in other places, or a count
/// put right. It does not change when playback stops, jumps or loops on the same grid. In a gradual change of tempo it rises with every
/// block, for so does the tempo.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GridRevision(u64);

impl GridRevision {
    /// The number: 0 before the first grid.
    pub fn get(self) -> u64 {
        self.0
    }
}

/// A bar begins here.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BarLine {
    /// The sample of the block that is the bar's first, counted from 0.
    pub offset_in_block: usize,
    /// The line's place on the host's timeline, in quarter notes: the same at every pass, so it can name the bar.
    pub anchor: Beats,
    /// The bar's number.
    pub number: BarNumber,
    /// Its metre.
    pub metre: Metre,
    /// The tempo it begins with.
    pub tempo: Tempo,
    /// The grid it belongs to.
    pub revision: GridRevision,
}

/// The middle of a bar, where a musician's parameters are read for it: hosts deliver automation up to a block late or early, and the
/// middle is far from both lines.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BarMiddle {
    /// The sample of the block, counted from 0.
    pub offset_in_block: usize,
    /// Where the bar begins, as in [`BarLine::anchor`].
    pub anchor: Beats,
    /// The bar's number.
    pub number: BarNumber,
    /// The grid it belongs to.
    pub revision: GridRevision,
}

/// The bar that is under way at the start of a block.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// Its line; `offset_in_block` is 0 whatever lies before the block.
    pub line: BarLine,
    /// Samples played since its line.
    pub samples_since_line: usize,
}

/// What a block holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Block<'a> {
    /// Whether bars are counted: the host plays and has told a tempo.
    pub is_running: bool,
    /// Whether something broke at the start of this block: playback started or jumped, or the grid changed. A bar under way is then no
    /// longer whole, and its capture is to be dropped.
    pub is_cut: bool,
    /// Whether it was a start or a jump, and not a change of the grid alone.
    pub has_jumped: bool,
    /// Where the first sample lies. Nothing while the clock stands still and before beat 0.
    pub place: Option<Place>,
    /// The playhead at the first sample, in quarter notes.
    pub position: Option<Beats>,
    /// The grid at the end of the block.
    pub revision: GridRevision,
    /// Bars that begin in the block, in order. Bars before beat 0 are pre-roll and have no line.
    pub lines: &'a [BarLine],
    /// Bars whose middle lies in the block, in order.
    pub middles: &'a [BarMiddle],
    /// Samples from the end of the block to the next line, as far as the tempo holds. 0 means that the bar ends with this block's last
    /// sample, so it can be finished before the host stops or loops there. Nothing while the clock stands still.
    pub samples_to_next_line: Option<usize>,
    /// Lines that did not fit [`BarClock::MOST_LINES`]: bars of milliseconds in a block of seconds, which nobody plays.
    pub left_out: usize,
}

/// Follows a host's transport and finds bar lines; one for each plugin instance, made anew when the sample rate changes.
#[derive(Clone, Debug)]
pub struct BarClock {
    rate: SampleRate,
    revision: GridRevision,
    /// The grid in force, kept while stopped.
    grid: Option<Grid>,
    /// Nothing while stopped.
    playhead: Option<Playhead>,
    metre_changes: MetreChanges,
    believes_bar_starts: bool,
    /// Whether the host's bar start agreed with the grid since the last jump or change of metre.
    is_confirmed: bool,
    /// The next mark of the grid to pass, and the place of the last one passed since the last jump.
    next_mark: i64,
    last_mark: Option<Beats>,
    lines: [BarLine; BarClock::MOST_LINES],
    middles: [BarMiddle; BarClock::MOST_LINES],
}

impl BarClock {
    /// Most lines reported for one block.
    pub const MOST_LINES: usize = 64;

    /// A clock that has heard nothing yet.
    pub fn new(rate: SampleRate) -> Self {
        let (anchor, number, revision) = (Beats::ZERO, BarNumber::FIRST, GridRevision::default());
        let (metre, tempo) = (Metre::FOUR_FOUR, Tempo::new(120.0).expect("an ordinary tempo"));
        let line = BarLine { offset_in_block: 0, anchor, number, metre, tempo, revision };
        let middle = BarMiddle { offset_in_block: 0, anchor, number, revision };
        Self {
            rate,
            revision,
            grid: None,
            playhead: None,
            metre_changes: MetreChanges::new(),
            believes_bar_starts: true,
            is_confirmed: false,
            next_mark: 0,
            last_mark: None,
            lines: [line; Self::MOST_LINES],
            middles: [middle; Self::MOST_LINES],
        }
    }

    /// The sample rate it counts at.
    pub fn rate(&self) -> SampleRate {
        self.rate
    }

    /// Follows the host through one block of `samples` samples; `transport` is its word at the block's first sample.
    pub fn process(&mut self, transport: &Transport, samples: usize) -> Block<'_> {
        let known = self.grid.map(|grid| grid.tempo);
        let tempo = match (transport.tempo(), known) {
            (Some(tempo), Some(known)) if is_same(tempo, known) => Some(known),
            (tempo, known) => tempo.or(known),
        };
        let Some(tempo) = tempo.filter(|_| transport.playing) else {
            self.playhead = None;
            return self.standing();
        };
        let broken = self.follow(transport, tempo);
        self.pass(Samples::from_len(samples), broken)
    }

    fn standing(&self) -> Block<'_> {
        Block {
            is_running: false,
            is_cut: false,
            has_jumped: false,
            place: None,
            position: None,
            revision: self.revision,
            lines: &[],
            middles: &[],
            samples_to_next_line: None,
            left_out: 0,
        }
    }

    /// Brings playhead and grid up to date.
    fn follow(&mut self, transport: &Transport, tempo: Tempo) -> Broken {
        let movement = match &mut self.playhead {
            Some(playhead) => playhead.follow(transport, tempo),
            None => {
                self.playhead = Some(Playhead::start(transport, tempo, self.rate));
                Movement::Jumped
            }
        };
        let Some(playhead) = self.playhead else { return Broken::Nothing };
        let position = playhead.position();
        let metre = transport.metre().or(self.grid.map(|grid| grid.metre)).unwrap_or(Metre::FOUR_FOUR);
        let tolerance = tolerance(&playhead, metre);

        let grid = self.believed_grid(transport, tempo, metre, position, movement == Movement::Jumped, tolerance);
        let is_same_grid = self.grid.is_some_and(|old| {
            let has_same_lines = old.metre == grid.metre && old.has_line_near(grid.line, tolerance);
            has_same_lines && old.tempo == grid.tempo
        });
        let is_new_grid = !is_same_grid || matches!(movement, Movement::Slipped(_));
        if self.grid != Some(grid) || movement != Movement::Steady {
            self.grid = Some(grid);
            self.aim(&grid, position, movement, tolerance);
        }
        if is_new_grid {
            self.revision = GridRevision(self.revision.0 + 1);
        }
        match movement {
            Movement::Jumped => Broken::Playback,
            _ if is_new_grid => Broken::Grid,
            _ => Broken::Nothing,
        }
    }

    /// The grid at a position, from what the host says and what is known about it.
    fn believed_grid(
        &mut self,
        transport: &Transport,
        tempo: Tempo,
        metre: Metre,
        position: Beats,
        has_jumped: bool,
        tolerance: Beats,
    ) -> Grid {
        let remembered = self.metre_changes.grid_at(position, tempo, metre, tolerance);
        let running = self.grid.filter(|_| !has_jumped);
        let has_new_metre = running.is_some_and(|grid| grid.metre != metre);
        let own = match running {
            Some(grid) if has_new_metre => {
                // A new metre holds from the bar under way: hosts tell it at the first block after the line.
                let bar = grid.bar_at(position, tolerance);
                Grid { tempo, metre, line: grid.line_at(bar), number: grid.number_at(bar) }
            }
            Some(grid) => Grid { tempo, ..grid },
            None => remembered,
        };
        if has_jumped || has_new_metre {
            self.is_confirmed = false;
        }
        let grid = match self.claim(transport, &own, position, tolerance) {
            Claim::Nothing => own,
            Claim::Agrees(bar) => {
                self.is_confirmed = true;
                match transport.bar_number.filter(|_| has_jumped) {
                    Some(number) => Grid { line: own.line_at(bar), number: number_from_host(number), ..own },
                    None => own,
                }
            }
            Claim::Differs(line) if !self.is_confirmed => {
                self.is_confirmed = true;
                let number = match transport.bar_number {
                    Some(number) => number_from_host(number),
                    None => own.number_at(own.bar_at(line, tolerance)),
                };
                Grid { line, number, ..own }
            }
            Claim::Impossible if has_new_metre => own,
            Claim::Differs(_) | Claim::Impossible => {
                self.believes_bar_starts = false;
                remembered
            }
        };
        if has_new_metre {
            self.metre_changes.insert(&grid, tolerance);
        }
        grid
    }

    /// What the host's bar start says about our own grid.
    fn claim(&self, transport: &Transport, own: &Grid, position: Beats, tolerance: Beats) -> Claim {
        let (true, Some(start), Some(beats)) = (self.believes_bar_starts, transport.bar_start(), transport.beats()) else {
            return Claim::Nothing;
        };
        // Where the host's own beats are not believed, neither is a bar start that belongs to them.
        if (beats - position).get().abs() > own.metre.beats_per_note().get() * 0.25 {
            return Claim::Nothing;
        }
        let start = on_note(start);
        let into_bar = beats - start;
        if into_bar < -tolerance || into_bar >= own.metre.beats_per_bar() + tolerance {
            Claim::Impossible
        } else if own.has_line_near(start, tolerance) {
            Claim::Agrees(own.nearest_bar(start))
        } else {
            Claim::Differs(start)
        }
    }

    /// Finds the next mark after the playhead or the grid moved: none twice, and none left out that playback only just passed.
    fn aim(&mut self, grid: &Grid, position: Beats, movement: Movement, tolerance: Beats) {
        let late = match movement {
            Movement::Steady => tolerance,
            Movement::Slipped(distance) => distance + tolerance,
            Movement::Jumped => {
                self.last_mark = None;
                tolerance
            }
        };
        let from = grid.mark_from(position - late);
        self.next_mark = self.last_mark.map_or(from, |last| from.max(grid.mark_from(last + tolerance)));
    }

    /// Plays the block and collects the marks passed.
    fn pass(&mut self, samples: Samples, broken: Broken) -> Block<'_> {
        let (Some(grid), Some(playhead)) = (self.grid, &mut self.playhead) else { return self.standing() };
        let (mut lines, mut middles, mut left_out) = (0, 0, 0);
        let position = Some(playhead.position());
        let place = place(&grid, playhead, (self.next_mark - 1).div_euclid(2), self.revision);
        loop {
            let place = grid.mark_at(self.next_mark);
            let until = playhead.samples_until(place);
            if until >= samples {
                break;
            }
            let offset_in_block = until.max(Samples::ZERO).as_index();
            let bar = self.next_mark.div_euclid(2);
            let (anchor, number, revision) = (grid.line_at(bar), grid.number_at(bar), self.revision);
            let is_line = self.next_mark.rem_euclid(2) == 0;
            if anchor < Beats::ZERO {
                // Pre-roll.
            } else if is_line && lines < Self::MOST_LINES {
                let Grid { metre, tempo, .. } = grid;
                self.lines[lines] = BarLine { offset_in_block, anchor, number, metre, tempo, revision };
                lines += 1;
            } else if is_line {
                left_out += 1;
            } else if middles < Self::MOST_LINES {
                self.middles[middles] = BarMiddle { offset_in_block, anchor, number, revision };
                middles += 1;
            }
            self.last_mark = Some(place);
            self.next_mark += 1;
        }
        playhead.advance(samples);
        let next_line = grid.mark_at(self.next_mark + self.next_mark.rem_euclid(2));
        let samples_to_next_line = Some(playhead.samples_until(next_line).max(Samples::ZERO).as_index());
        Block {
            is_running: true,
            is_cut: broken != Broken::Nothing,
            has_jumped: broken == Broken::Playback,
            place,
            position,
            revision: self.revision,
            lines: &self.lines[..lines],
            middles: &self.middles[..middles],
            samples_to_next_line,
            left_out,
        }
    }
}

/// What does not go on from the block before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Broken {
    Nothing,
    /// The grid.
    Grid,
    /// Playback, and whatever grid it is on.
    Playback,
}

/// A bar of the grid as the one that holds the next sample.
fn place(grid: &Grid, playhead: &Playhead, bar: i64, revision: GridRevision) -> Option<Place> {
    let (anchor, number) = (grid.line_at(bar), grid.number_at(bar));
    let Grid { metre, tempo, .. } = *grid;
    let line = BarLine { offset_in_block: 0, anchor, number, metre, tempo, revision };
    let samples_since_line = (-playhead.samples_until(anchor)).max(Samples::ZERO).as_index();
    (anchor >= Beats::ZERO).then_some(Place { line, samples_since_line })
}

/// The host's bar start, held against our own grid.
enum Claim {
    /// None given, or none to be believed.
    Nothing,
    /// It is the line of this bar.
    Agrees(i64),
    /// It is a line somewhere else.
    Differs(Beats),
    /// The position does not lie in the bar that it begins.
    Impossible,
}

/// Anything this near to a line is the line: 32 samples or a tick, but never so much that marks run into each other.
fn tolerance(playhead: &Playhead, metre: Metre) -> Beats {
    let near = playhead.beats_from(NEAR).get().max(TICK);
    Beats::new(near.min(metre.beats_per_bar().get() / 8.0))
}

/// Tempi that differ by less than a millionth are one tempo: hosts compute it anew for each block.
fn is_same(tempo: Tempo, other: Tempo) -> bool {
    (tempo.bpm() - other.bpm()).abs() <= 1e-6 * other.bpm()
}

/// All bars are multiples of a sixteenth of a beat, so a line very near to one is on it.
fn on_note(line: Beats) -> Beats {
    let note = (line.get() * 16.0).round() / 16.0;
    if (line.get() - note).abs() <= 2.0 * TICK { Beats::new(note) } else { line }
}

fn number_from_host(number: i32) -> BarNumber {
    BarNumber::new(i64::from(number) + 1)
}
