//! The drummer: time, comping, fills and solos on a General MIDI kit.

use super::note::Note;
use super::plan::{BarPlan, DrumFeel, Lead};
use super::style::Style;
use crate::corpus::dice::Dice;

const KICK: i32 = 36;
const STICK: i32 = 37;
const SNARE: i32 = 38;
const LOW_TOM: i32 = 43;
const MIDDLE_TOM: i32 = 47;
const HIGH_TOM: i32 = 50;
const CLOSED_HAT: i32 = 42;
const PEDAL_HAT: i32 = 44;
const OPEN_HAT: i32 = 46;
const CRASH: i32 = 49;
const OTHER_CRASH: i32 = 57;
const RIDE: i32 = 51;
const BELL: i32 = 53;
const SHAKER: i32 = 70;

/// Beats a drum may ring; struck again, it starts anew.
const RING: f64 = 2.0;

/// The drum part, on paper, and each bar's pattern name.
pub fn play(bars: &[BarPlan], style: Style, seed: u64) -> (Vec<Note>, Vec<&'static str>) {
    let dice = &mut Dice::new(seed, "drums");
    let habits = Habits::draw(style, dice);
    let mut drummer = Drummer { style, habits, notes: Vec::new() };
    let mut names = Vec::new();
    for bar in bars {
        names.push(drummer.bar(bar, dice));
    }
    (drummer.notes, names)
}

/// What this drummer keeps for the whole piece.
struct Habits {
    /// The ride cymbal's rhythm in swing: beats with a skip note after them.
    skips: [bool; 4],
    /// Funk kick, in beats.
    kick: &'static [f64],
    /// Time on the hi-hat rather than the ride.
    on_hat: bool,
    /// A shaker under the bossa.
    shaker: bool,
    /// Sixteenths rather than eighths on the funk hi-hat.
    sixteenths: bool,
}

impl Habits {
    fn draw(style: Style, dice: &mut Dice) -> Self {
        let kicks: [&'static [f64]; 6] =
            [&[0.0, 2.5], &[0.0, 0.75, 2.5], &[0.0, 1.75, 2.25], &[0.0, 0.5, 2.75], &[0.0, 1.5, 2.5, 3.75], &[0.0, 2.0, 2.75]];
        Self {
            skips: *dice.pick(&[[false, true, false, true], [false, true, false, false], [true, false, true, false]]),
            kick: *dice.pick(&kicks),
            on_hat: dice.chance(if style == Style::Funk { 0.7 } else { 0.2 }),
            shaker: dice.chance(0.4),
            sixteenths: dice.chance(0.55),
        }
    }
}

struct Drummer {
    style: Style,
    habits: Habits,
    notes: Vec<Note>,
}

impl Drummer {
    fn hit(&mut self, bar: &BarPlan, at: f64, drum: i32, level: f64) {
        let velocity = level * (0.62 + 0.45 * bar.intensity);
        self.notes.push(Note::written(drum, velocity.clamp(8.0, 127.0), bar.start + at, RING));
    }

    fn bar(&mut self, bar: &BarPlan, dice: &mut Dice) -> &'static str {
        if bar.is_final {
            self.hit(bar, 0.0, CRASH, 95.0);
            self.hit(bar, 0.0, KICK, 90.0);
            return "final";
        }
        match bar.drums {
            DrumFeel::Out => "none",
            DrumFeel::Solo => self.solo(bar, dice),
            _ if bar.is_break => self.break_bar(bar),
            DrumFeel::Hats => self.hats(bar),
            DrumFeel::Full => self.full(bar, dice),
        }
    }

    fn full(&mut self, bar: &BarPlan, dice: &mut Dice) -> &'static str {
        let fill_from = if bar.fill { self.fill_start(bar, dice) } else { bar.beats };
        if bar.crash {
            self.hit(bar, 0.0, if dice.chance(0.6) { CRASH } else { OTHER_CRASH }, 92.0);
            self.hit(bar, 0.0, KICK, 88.0);
        }
        match self.style {
            Style::MediumSwing | Style::FastSwing | Style::Ballad | Style::TwoFeel | Style::Stride => {
                self.swing(bar, fill_from, dice)
            }
            Style::Five => self.five(bar, fill_from, dice),
            Style::SixEight | Style::TwelveEight => self.compound(bar, fill_from, dice),
            Style::Waltz => self.waltz(bar, fill_from, dice),
            Style::Bossa => self.bossa(bar, fill_from, dice),
            Style::Funk => self.funk(bar, fill_from, dice),
        }
        for at in &bar.hits {
            self.hit(bar, *at, KICK, 92.0);
            self.hit(bar, *at, if *at == 0.0 { CRASH } else { SNARE }, 92.0);
        }
        if bar.fill {
            self.fill(bar, fill_from, dice);
            return "fill";
        }
        if bar.hits.is_empty() { self.style.name() } else { "hits" }
    }

    fn fill_start(&self, bar: &BarPlan, dice: &mut Dice) -> f64 {
        let length = dice.weighted(&[(1.0, 0.4), (2.0, 0.4 * bar.intensity + 0.1), (bar.beats, 0.25 * bar.intensity)]);
        bar.beats - length
    }

    /// Ride, hi-hat on two and four, a feathered kick, and snare and kick answering.
    fn swing(&mut self, bar: &BarPlan, until: f64, dice: &mut Dice) {
        let brushes = self.style == Style::Ballad;
        let time = if self.habits.on_hat && bar.intensity < 0.5 {
            CLOSED_HAT
        } else if bar.intensity > 0.85 {
            BELL
        } else {
            RIDE
        };
        let skips = if dice.chance(0.25) {
            [dice.chance(0.3), dice.chance(0.7), dice.chance(0.3), dice.chance(0.7)]
        } else {
            self.habits.skips
        };
        for (beat, has_skip) in skips.into_iter().enumerate() {
            let at = beat as f64;
            if at >= until {
                break;
            }
            self.hit(bar, at, time, if beat % 2 == 1 { 84.0 } else { 76.0 });
            if has_skip && at + 0.5 < until {
                self.hit(bar, at + 0.5, time, 62.0);
            }
            if beat % 2 == 1 {
                self.hit(bar, at, PEDAL_HAT, 70.0);
            }
            if !brushes && dice.chance(0.7 - 0.4 * bar.intensity) {
                self.hit(bar, at, KICK, 38.0);
            }
            if brushes {
                self.hit(bar, at, SNARE, 36.0);
                if dice.chance(0.5) {
                    self.hit(bar, at + 0.5, SNARE, 26.0);
                }
            }
        }
        self.answer(bar, until, dice);
    }

    /// Snare and kick remarks, more of them when the music is hot.
    fn answer(&mut self, bar: &BarPlan, until: f64, dice: &mut Dice) {
        let quiet = bar.lead == Lead::Bass || self.style == Style::Ballad;
        let likely = if quiet { 0.05 } else { 0.06 + 0.26 * bar.intensity };
        for eighth in 0..(bar.beats * 2.0) as usize {
            let at = eighth as f64 * 0.5;
            let weight = if eighth % 2 == 1 { 1.0 } else { 0.45 };
            if at >= until || !dice.chance(likely * weight) {
                continue;
            }
            let accent = dice.chance(0.3);
            let drum = dice.weighted(&[(SNARE, 0.62), (KICK, 0.3), (STICK, 0.08)]);
            self.hit(bar, at, drum, if accent { 88.0 } else { 50.0 });
            if dice.chance(0.15 * bar.intensity) && at + 1.0 / 3.0 < until {
                self.hit(bar, at + 1.0 / 3.0, drum, 48.0);
            }
        }
    }

    fn waltz(&mut self, bar: &BarPlan, until: f64, dice: &mut Dice) {
        let shape = dice.weighted(&[(0, 0.5), (1, 0.3), (2, 0.2)]);
        let ride: &[f64] = [&[0.0, 1.0, 1.5, 2.0][..], &[0.0, 1.0, 2.0, 2.5], &[0.0, 1.5, 2.0]][shape];
        for at in ride.iter().filter(|at| **at < until) {
            self.hit(bar, *at, RIDE, if at.fract() > 0.0 { 60.0 } else { 78.0 });
        }
        let hats: &[f64] = if dice.chance(0.7) { &[1.0] } else { &[1.0, 2.0] };
        for at in hats.iter().filter(|at| **at < until) {
            self.hit(bar, *at, PEDAL_HAT, 68.0);
        }
        if until > 0.0 && dice.chance(0.7) {
            self.hit(bar, 0.0, KICK, 58.0);
        }
        self.answer(bar, until, dice);
    }

    /// Three and two on the ride, the hi-hat on two, four and five.
    fn five(&mut self, bar: &BarPlan, until: f64, dice: &mut Dice) {
        let ride: &[f64] =
            if dice.chance(0.7) { &[0.0, 1.0, 1.5, 2.0, 3.0, 4.0, 4.5] } else { &[0.0, 1.0, 2.0, 2.5, 3.0, 3.5, 4.0] };
        for at in ride.iter().filter(|at| **at < until) {
            self.hit(bar, *at, RIDE, if at.fract() > 0.0 { 60.0 } else { 78.0 });
        }
        for at in [1.0, 4.0].into_iter().filter(|at| *at < until) {
            self.hit(bar, at, PEDAL_HAT, 70.0);
        }
        for at in [0.0, 3.0].into_iter().filter(|at| *at < until) {
            if dice.chance(0.75) {
                self.hit(bar, at, KICK, if at == 0.0 { 68.0 } else { 54.0 });
            }
        }
        self.answer(bar, until, dice);
    }

    /// Every third of a beat on the hat or the ride, kick on one, a backbeat on each second beat.
    fn compound(&mut self, bar: &BarPlan, until: f64, dice: &mut Dice) {
        let time = if self.habits.on_hat || bar.intensity < 0.5 { CLOSED_HAT } else { RIDE };
        let sparse = self.habits.sixteenths && bar.intensity < 0.5;
        for third in 0..(3.0 * bar.beats) as usize {
            let at = third as f64 / 3.0;
            if at >= until || sparse && third % 3 == 1 {
                continue;
            }
            self.hit(bar, at, time, if third % 3 == 0 { 78.0 } else { 56.0 });
        }
        for beat in 0..bar.beats as usize {
            let at = beat as f64;
            if at >= until {
                break;
            }
            if beat % 2 == 1 {
                self.hit(bar, at, if bar.intensity < 0.4 { STICK } else { SNARE }, 88.0);
            } else {
                self.hit(bar, at, KICK, if beat == 0 { 90.0 } else { 74.0 });
            }
            let late = at + 2.0 / 3.0;
            if late < until && dice.chance(0.12 + 0.3 * bar.intensity) {
                self.hit(bar, late, if dice.chance(0.6) { KICK } else { SNARE }, 52.0);
            }
        }
    }

    fn bossa(&mut self, bar: &BarPlan, until: f64, dice: &mut Dice) {
        let time = if self.habits.on_hat || bar.intensity < 0.55 { CLOSED_HAT } else { RIDE };
        for eighth in 0..8 {
            let at = eighth as f64 * 0.5;
            if at >= until {
                break;
            }
            self.hit(bar, at, time, if eighth % 2 == 0 { 70.0 } else { 54.0 });
            if self.habits.shaker {
                self.hit(bar, at, SHAKER, if eighth % 4 == 2 { 74.0 } else { 50.0 });
            }
        }
        for at in [0.0, 1.5, 2.0, 3.5].into_iter().filter(|at| *at < until) {
            self.hit(bar, at, KICK, if at.fract() > 0.0 { 50.0 } else { 66.0 });
        }
        let clave: &[f64] = if bar.form_bar.is_multiple_of(2) { &[0.0, 1.5, 3.0] } else { &[1.0, 2.5] };
        for at in clave.iter().filter(|at| **at < until) {
            self.hit(bar, *at, STICK, 72.0);
        }
        for at in [1.0, 3.0].into_iter().filter(|at| *at < until) {
            self.hit(bar, at, PEDAL_HAT, 48.0);
        }
        if bar.intensity > 0.6 {
            self.answer(bar, until, dice);
        }
    }

    fn funk(&mut self, bar: &BarPlan, until: f64, dice: &mut Dice) {
        let time = if self.habits.on_hat || bar.intensity < 0.5 { CLOSED_HAT } else { RIDE };
        let step = if self.habits.sixteenths && bar.intensity > 0.3 { 0.25 } else { 0.5 };
        let open = dice.chance(0.3).then(|| *dice.pick(&[1.5, 2.5, 3.5]));
        for tick in 0..(4.0 / step) as usize {
            let at = tick as f64 * step;
            if at >= until {
                break;
            }
            let opened = open == Some(at);
            let level = if at.fract() == 0.0 {
                76.0
            } else if at.fract() == 0.5 {
                62.0
            } else {
                46.0
            };
            self.hit(bar, at, if opened { OPEN_HAT } else { time }, level);
        }
        for at in [1.0, 3.0].into_iter().filter(|at| *at < until) {
            self.hit(bar, at, SNARE, 98.0);
        }
        for at in self.habits.kick.iter().filter(|at| **at < until) {
            self.hit(bar, *at, KICK, 94.0);
        }
        if dice.chance(0.35) {
            self.hit(bar, *dice.pick(&[1.75, 2.25, 3.25, 3.5]), KICK, 80.0);
        }
        for at in [0.75, 1.25, 1.75, 2.25, 2.75, 3.75].into_iter().filter(|at| *at < until) {
            if dice.chance(0.12 + 0.3 * bar.intensity) {
                self.hit(bar, at, SNARE, 34.0);
            }
        }
    }

    fn hats(&mut self, bar: &BarPlan) -> &'static str {
        for beat in 0..bar.beats as usize {
            let at = beat as f64;
            if self.style == Style::Bossa || self.style == Style::Funk {
                self.hit(bar, at, CLOSED_HAT, 62.0);
                self.hit(bar, at + 0.5, CLOSED_HAT, 48.0);
            } else if beat % 2 == 1 || bar.beats < 4.0 && beat > 0 {
                self.hit(bar, at, PEDAL_HAT, 76.0);
            }
        }
        "hats"
    }

    fn break_bar(&mut self, bar: &BarPlan) -> &'static str {
        self.hit(bar, 0.0, KICK, 92.0);
        self.hit(bar, 0.0, SNARE, 84.0);
        "break"
    }

    /// Around the kit from `from` to the bar line.
    fn fill(&mut self, bar: &BarPlan, from: f64, dice: &mut Dice) {
        let step = self.subdivision(dice);
        let count = ((bar.beats - from) / step).round() as usize;
        let drums = [SNARE, HIGH_TOM, MIDDLE_TOM, LOW_TOM];
        let shape = dice.integer(0, 2);
        for index in 0..count {
            if dice.chance(0.18) {
                continue;
            }
            let progress = index as f64 / count as f64;
            let drum = match shape {
                0 => SNARE,
                1 => drums[(progress * 4.0) as usize],
                _ => *dice.pick(&drums),
            };
            let accent = if index % 3 == 0 { 14.0 } else { 0.0 };
            self.hit(bar, from + index as f64 * step, drum, 62.0 + 24.0 * progress + accent);
        }
    }

    fn subdivision(&self, dice: &mut Dice) -> f64 {
        match self.style {
            Style::Funk => 0.25,
            Style::Bossa => *dice.pick(&[0.25, 0.5]),
            Style::FastSwing => *dice.pick(&[0.5, 0.5, 1.0 / 3.0]),
            Style::SixEight | Style::TwelveEight => 1.0 / 3.0,
            _ => *dice.pick(&[1.0 / 3.0, 1.0 / 3.0, 0.5]),
        }
    }

    fn solo(&mut self, bar: &BarPlan, dice: &mut Dice) -> &'static str {
        for beat in 1..bar.beats as usize {
            if beat % 2 == 1 {
                self.hit(bar, beat as f64, PEDAL_HAT, 66.0);
            }
        }
        let drums = [(SNARE, 0.45), (HIGH_TOM, 0.15), (MIDDLE_TOM, 0.12), (LOW_TOM, 0.13), (KICK, 0.15)];
        for beat in 0..bar.beats as usize {
            let step = self.subdivision(dice);
            let voice = dice.weighted(&drums);
            for index in 0..(1.0 / step).round() as usize {
                if dice.chance(0.25) {
                    continue;
                }
                let drum = if dice.chance(0.65) { voice } else { dice.weighted(&drums) };
                let level = if dice.chance(0.3) { 102.0 } else { 66.0 };
                self.hit(bar, beat as f64 + index as f64 * step, drum, level);
            }
        }
        if bar.closes || dice.chance(0.12) {
            self.hit(bar, bar.beats - 0.5, CRASH, 90.0);
        }
        "solo"
    }
}
