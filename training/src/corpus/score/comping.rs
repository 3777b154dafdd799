//! The chord player: rhythms by style and density, rootless and drop-2 voicings, smooth voice leading.

use super::harmony::{Chord, Quality};
use super::note::{Instrument, Note};
use super::plan::{BarPlan, Lead};
use super::style::Style;
use crate::corpus::dice::Dice;

/// A bar's rhythm.
struct Pattern {
    name: &'static str,
    /// From 0, sparse, to 1, busy: chosen when near the bar's intensity.
    density: f64,
    /// Onset and length, in beats after the bar line.
    hits: &'static [(f64, f64)],
}

const fn pattern(name: &'static str, density: f64, hits: &'static [(f64, f64)]) -> Pattern {
    Pattern { name, density, hits }
}

const SWING: [Pattern; 14] = [
    pattern("charleston", 0.4, &[(0.0, 0.8), (1.5, 0.5)]),
    pattern("charleston long", 0.3, &[(0.0, 1.3), (1.5, 1.8)]),
    pattern("reverse charleston", 0.5, &[(0.5, 0.4), (2.0, 0.7)]),
    pattern("off two and four", 0.55, &[(1.5, 0.4), (3.5, 0.4)]),
    pattern("off one and three", 0.5, &[(0.5, 0.4), (2.5, 0.4)]),
    pattern("anticipation", 0.25, &[(3.5, 1.2)]),
    pattern("and of two", 0.2, &[(1.5, 1.0)]),
    pattern("whole", 0.1, &[(0.0, 3.6)]),
    pattern("halves", 0.2, &[(0.0, 1.8), (2.0, 1.8)]),
    pattern("three against", 0.75, &[(0.0, 0.4), (1.5, 0.4), (3.0, 0.4)]),
    pattern("busy", 0.9, &[(0.0, 0.4), (1.0, 0.3), (1.5, 0.4), (2.5, 0.4), (3.5, 0.5)]),
    pattern("two and four", 0.6, &[(1.0, 0.5), (3.0, 0.5)]),
    pattern("push", 0.8, &[(0.5, 0.4), (1.5, 0.4), (2.5, 0.4), (3.5, 0.6)]),
    pattern("four to the bar", 0.7, &[(0.0, 0.6), (1.0, 0.5), (2.0, 0.6), (3.0, 0.5)]),
];

const BOSSA: [Pattern; 7] = [
    pattern("bossa clave", 0.5, &[(0.0, 0.9), (1.5, 0.9), (3.0, 0.8)]),
    pattern("bossa answer", 0.5, &[(1.0, 0.9), (2.5, 1.2)]),
    pattern("bossa push", 0.7, &[(0.0, 0.4), (1.0, 0.4), (1.5, 0.9), (2.5, 0.4), (3.5, 0.8)]),
    pattern("bossa partido", 0.65, &[(0.5, 0.4), (1.5, 0.4), (2.0, 0.8), (3.5, 0.8)]),
    pattern("bossa long", 0.2, &[(0.0, 1.4), (1.5, 2.3)]),
    pattern("bossa whole", 0.1, &[(0.0, 3.8)]),
    pattern("bossa eighths", 0.9, &[(0.0, 0.4), (0.5, 0.4), (1.5, 0.4), (2.0, 0.4), (3.0, 0.4), (3.5, 0.4)]),
];

const FUNK: [Pattern; 8] = [
    pattern("funk sixteenths", 0.85, &[(0.0, 0.2), (0.75, 0.2), (1.5, 0.2), (2.25, 0.2), (2.5, 0.2), (3.25, 0.2), (3.75, 0.2)]),
    pattern("funk stabs", 0.5, &[(0.75, 0.2), (1.5, 0.3), (2.75, 0.2)]),
    pattern("funk backbeat", 0.55, &[(1.0, 0.25), (3.0, 0.25)]),
    pattern("funk push", 0.65, &[(0.0, 0.3), (1.75, 0.2), (2.5, 0.3), (3.5, 0.4)]),
    pattern("funk pad", 0.1, &[(0.0, 3.7)]),
    pattern("funk one", 0.3, &[(0.0, 0.4), (2.75, 0.9)]),
    pattern(
        "funk scratch",
        1.0,
        &[
            (0.0, 0.15),
            (0.5, 0.15),
            (0.75, 0.15),
            (1.25, 0.15),
            (1.5, 0.15),
            (2.0, 0.15),
            (2.5, 0.15),
            (2.75, 0.15),
            (3.25, 0.15),
            (3.5, 0.3),
        ],
    ),
    pattern("funk answer", 0.4, &[(1.5, 0.3), (2.0, 0.8)]),
];

const WALTZ: [Pattern; 8] = [
    pattern("waltz two and three", 0.45, &[(1.0, 0.6), (2.0, 0.6)]),
    pattern("waltz dotted", 0.4, &[(0.0, 1.2), (1.5, 1.2)]),
    pattern("waltz and of one", 0.35, &[(0.5, 0.6), (2.0, 0.7)]),
    pattern("waltz whole", 0.1, &[(0.0, 2.7)]),
    pattern("waltz and of two", 0.2, &[(1.5, 1.0)]),
    pattern("waltz anticipation", 0.3, &[(0.0, 0.8), (2.5, 0.9)]),
    pattern("waltz busy", 0.8, &[(0.0, 0.4), (1.0, 0.4), (1.5, 0.4), (2.5, 0.5)]),
    pattern("waltz hemiola", 0.65, &[(0.5, 0.4), (1.5, 0.4), (2.5, 0.4)]),
];

const BALLAD: [Pattern; 5] = [
    pattern("ballad whole", 0.1, &[(0.0, 3.8)]),
    pattern("ballad halves", 0.3, &[(0.0, 1.9), (2.0, 1.9)]),
    pattern("ballad late", 0.4, &[(0.5, 1.4), (2.5, 1.4)]),
    pattern("ballad charleston", 0.6, &[(0.0, 1.2), (1.5, 1.2), (3.0, 0.9)]),
    pattern("ballad quarters", 0.8, &[(0.0, 0.9), (1.0, 0.9), (2.0, 0.9), (3.0, 0.9)]),
];

const STRIDE: [Pattern; 4] = [
    pattern("stride", 0.45, &[(1.0, 0.7), (3.0, 0.7)]),
    pattern("stride held", 0.2, &[(1.0, 0.7), (3.0, 0.95)]),
    pattern("stride push", 0.7, &[(1.0, 0.5), (2.5, 0.3), (3.0, 0.6)]),
    pattern("stride broken", 0.8, &[(1.0, 0.5), (1.5, 0.4), (3.0, 0.7)]),
];

const FIVE: [Pattern; 7] = [
    pattern("five long", 0.2, &[(0.0, 2.6), (3.0, 1.8)]),
    pattern("five vamp", 0.5, &[(0.0, 0.9), (1.5, 1.0), (3.0, 0.7), (4.0, 0.7)]),
    pattern("five charleston", 0.4, &[(0.0, 0.8), (1.5, 0.5), (3.5, 0.6)]),
    pattern("five whole", 0.1, &[(0.0, 4.6)]),
    pattern("five answers", 0.55, &[(1.0, 0.5), (2.5, 0.4), (4.0, 0.5)]),
    pattern("five busy", 0.85, &[(0.0, 0.4), (1.0, 0.4), (1.5, 0.4), (2.5, 0.4), (3.0, 0.4), (4.5, 0.4)]),
    pattern("five offs", 0.65, &[(0.5, 0.4), (1.5, 0.4), (3.5, 0.4), (4.5, 0.4)]),
];

const SIX: [Pattern; 7] = [
    pattern("six whole", 0.1, &[(0.0, 1.8)]),
    pattern("six beats", 0.3, &[(0.0, 0.9), (1.0, 0.9)]),
    pattern("six offs", 0.5, &[(2.0 / 3.0, 0.3), (5.0 / 3.0, 0.3)]),
    pattern("six hemiola", 0.6, &[(0.0, 0.5), (2.0 / 3.0, 0.5), (4.0 / 3.0, 0.5)]),
    pattern("six answer", 0.4, &[(1.0 / 3.0, 0.3), (1.0, 0.7)]),
    pattern("six late", 0.35, &[(1.0, 0.6), (5.0 / 3.0, 0.3)]),
    pattern("six busy", 0.85, &[(0.0, 0.3), (1.0 / 3.0, 0.3), (1.0, 0.3), (4.0 / 3.0, 0.3), (5.0 / 3.0, 0.3)]),
];

/// The comping part, on paper, and each bar's pattern name (`none` where it rests).
pub fn play(bars: &[BarPlan], style: Style, instrument: &Instrument, seed: u64) -> (Vec<Note>, Vec<&'static str>) {
    let dice = &mut Dice::new(seed, "comping");
    let voices = if style == Style::Funk && dice.chance(0.4) { 3 } else { 4 };
    let centre = dice.between(57.0, 64.0).max(f64::from(instrument.low) + 10.0);
    let mut player = Player { instrument, voices, centre, previous: Vec::new(), notes: Vec::new() };
    let mut names = Vec::new();
    let mut sticky = 0;
    for (index, bar) in bars.iter().enumerate() {
        let patterns = patterns(style);
        let next = bars.get(index + 1).map_or(bar.chords[0].chord, |next| next.chords[0].chord);
        if bar.form_bar % 4 == 0 || dice.chance(0.3) {
            sticky = choose(patterns, bar, dice);
        }
        let chosen = if dice.chance(0.55) { sticky } else { choose(patterns, bar, dice) };
        names.push(match bar {
            bar if bar.is_final => player.hold(bar, dice),
            bar if !bar.comping => "none",
            bar if bar.is_break => player.stab(bar, &[0.0], "break", dice),
            bar if !bar.hits.is_empty() => player.stab(bar, &bar.hits, "hits", dice),
            bar => player.pattern(bar, &patterns[chosen], next, dice),
        });
    }
    (player.notes, names)
}

fn patterns(style: Style) -> &'static [Pattern] {
    match style {
        Style::MediumSwing | Style::FastSwing | Style::TwoFeel | Style::TwelveEight => &SWING,
        Style::Stride => &STRIDE,
        Style::Five => &FIVE,
        Style::SixEight => &SIX,
        Style::Bossa => &BOSSA,
        Style::Funk => &FUNK,
        Style::Waltz => &WALTZ,
        Style::Ballad => &BALLAD,
    }
}

/// A pattern whose density is near the bar's intensity; behind a soloist on the same instrument, a sparser one.
fn choose(patterns: &[Pattern], bar: &BarPlan, dice: &mut Dice) -> usize {
    let wanted = if bar.lead == Lead::Bass { 0.15 } else { bar.intensity };
    let weights: Vec<(usize, f64)> =
        patterns.iter().enumerate().map(|(index, one)| (index, (-6.0 * (one.density - wanted).abs()).exp())).collect();
    dice.weighted(&weights)
}

struct Player<'a> {
    instrument: &'a Instrument,
    voices: usize,
    centre: f64,
    previous: Vec<i32>,
    notes: Vec<Note>,
}

impl Player<'_> {
    fn pattern(&mut self, bar: &BarPlan, pattern: &Pattern, next: Chord, dice: &mut Dice) -> &'static str {
        for (at, length) in pattern.hits.iter().filter(|(at, _)| *at < bar.beats) {
            let anticipates = *at >= bar.beats - 0.5;
            let chord = if anticipates { next } else { bar.chord_at(*at + 0.5) };
            self.strike(bar, *at, *length, chord, 0.0, dice);
        }
        self.chase_changes(bar, pattern, dice);
        pattern.name
    }

    /// A second chord in the bar that no hit of the pattern would let sound is struck where it starts.
    fn chase_changes(&mut self, bar: &BarPlan, pattern: &Pattern, dice: &mut Dice) {
        for placed in bar.chords.iter().skip(1) {
            let heard = pattern.hits.iter().any(|(at, _)| *at >= placed.at - 0.5 && *at < bar.beats - 0.5);
            if heard {
                continue;
            }
            let start = bar.start + placed.at;
            for note in self.notes.iter_mut().filter(|note| note.written.get() < start) {
                let end = note.written.get() + note.duration.get();
                if end > start {
                    note.duration = turnaround_core::time::Beats::new(start - note.written.get());
                }
            }
            self.strike(bar, placed.at, (bar.beats - placed.at) * 0.8, placed.chord, -4.0, dice);
        }
    }

    fn stab(&mut self, bar: &BarPlan, hits: &[f64], name: &'static str, dice: &mut Dice) -> &'static str {
        for at in hits {
            self.strike(bar, *at, 0.4, bar.chord_at(*at), 12.0, dice);
        }
        name
    }

    fn hold(&mut self, bar: &BarPlan, dice: &mut Dice) -> &'static str {
        self.strike(bar, 0.0, bar.beats * 0.95, bar.chords[0].chord, 4.0, dice);
        "final"
    }

    fn strike(&mut self, bar: &BarPlan, at: f64, length: f64, chord: Chord, accent: f64, dice: &mut Dice) {
        let voicing = self.voice(chord, dice);
        let velocity = 52.0 + 38.0 * bar.intensity + accent;
        let top = voicing.len() - 1;
        for (index, pitch) in voicing.iter().enumerate() {
            let lift = if index == top { 5.0 } else { 0.0 };
            self.notes.push(Note::written(*pitch, velocity + lift, bar.start + at, length));
        }
        self.previous = voicing;
    }

    /// The voicing of `chord` that moves least from the one before and stays near the centre.
    fn voice(&self, chord: Chord, dice: &mut Dice) -> Vec<i32> {
        let mut best: Option<(f64, Vec<i32>)> = None;
        for candidate in candidates(chord, self.voices) {
            if candidate[0] < self.instrument.low || candidate[candidate.len() - 1] > self.instrument.high {
                continue;
            }
            let mean = candidate.iter().sum::<i32>() as f64 / candidate.len() as f64;
            let motion: i32 = match self.previous.len() == candidate.len() {
                true => candidate.iter().zip(&self.previous).map(|(new, old)| (new - old).abs()).sum(),
                false => 0,
            };
            let cost = f64::from(motion) + 1.2 * (mean - self.centre).abs() + dice.between(0.0, 4.0);
            if best.as_ref().is_none_or(|(lowest, _)| cost < *lowest) {
                best = Some((cost, candidate));
            }
        }
        best.expect("every comping instrument has room for a voicing").1
    }
}

/// Close and drop-2 voicings in every octave an instrument might have, rising pitches.
fn candidates(chord: Chord, voices: usize) -> Vec<Vec<i32>> {
    let hand = chord.quality.rootless().map(|tone| i32::from(chord.root + tone) % 12);
    let mut tones = match (voices, chord.quality) {
        (3, _) => vec![hand[0], hand[2], hand[3]],
        (_, Quality::Suspended7) => vec![hand[0], i32::from(chord.root), hand[2], hand[3]],
        _ => hand.to_vec(),
    };
    tones.sort_unstable();
    let mut found = Vec::new();
    for octave in 3..7 {
        for inversion in 0..tones.len() {
            let voice = |step: usize| tones[step % tones.len()] + 12 * (octave + (step / tones.len()) as i32);
            let close: Vec<i32> = (inversion..inversion + tones.len()).map(voice).collect();
            if voices == 4 {
                let mut drop = close.clone();
                drop[2] -= 12;
                drop.sort_unstable();
                found.push(drop);
            }
            found.push(close);
        }
    }
    found
}
