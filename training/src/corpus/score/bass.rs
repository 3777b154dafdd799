//! The bass player: walking, two-feel, bossa, funk, waltz, pedal and solos' silence.

use super::harmony::Chord;
use super::note::{Instrument, Note};
use super::plan::{BarPlan, BassFeel};
use super::style::Style;
use crate::corpus::dice::Dice;

/// The lowest notes sound weak and the highest leave the role: lines turn around within this span.
const COMFORT: (i32, i32) = (30, 50);

/// The bass part of a whole piece, on paper.
///
/// On the first beat of a bar the player has the root, third or fifth of the bar's chord; other beats walk chord and scale tones
/// towards the next bar's first note, which is approached by a half or whole step, or from its fifth.
pub fn play(bars: &[BarPlan], style: Style, instrument: &Instrument, seed: u64) -> Vec<Note> {
    let dice = &mut Dice::new(seed, "bass");
    let groove = Groove::draw(style, dice);
    let mut notes = Vec::new();
    let mut here = first_note(bars, instrument, 38, dice, 0);
    for (index, bar) in bars.iter().enumerate() {
        let next = first_note(bars, instrument, here, dice, index + 1);
        let mut line = Line { bar, instrument, notes: &mut notes, dice: &mut *dice };
        match (bar.bass, style) {
            (BassFeel::Out, _) => {}
            _ if bar.is_final => line.put(0.0, here, bar.beats * 0.95, 0),
            _ if bar.is_break => line.put(0.0, here, 0.6, 8),
            _ if !bar.hits.is_empty() => line.accents(here),
            (BassFeel::Pedal, _) => line.pedal(bars),
            (BassFeel::Broad, _) => line.broad(here, next),
            (BassFeel::Full, Style::Bossa) => line.bossa(here, next),
            (BassFeel::Full, Style::Funk) => line.funk(here, next, &groove),
            (BassFeel::Full, Style::Ballad) if bar.intensity < 0.6 => line.broad(here, next),
            (BassFeel::Full, Style::TwoFeel) => line.broad(here, next),
            (BassFeel::Full, Style::Stride) => line.stride(here),
            (BassFeel::Full, _) => line.walk(here, next),
        }
        here = next;
    }
    notes
}

/// The note for beat one of bar `index`: root, now and then third or fifth, near the note before.
fn first_note(bars: &[BarPlan], instrument: &Instrument, near: i32, dice: &mut Dice, index: usize) -> i32 {
    let Some(bar) = bars.get(index) else { return near };
    let chord = bar.chords[0].chord;
    let repeats = index > 0 && bars[index - 1].chord_at(bar.beats) == chord;
    let weights = if repeats { [(0, 0.45), (1, 0.2), (2, 0.35)] } else { [(0, 0.8), (1, 0.1), (2, 0.1)] };
    let tone = if bar.is_final { 0 } else { dice.weighted(&weights) };
    settle(chord.tones()[tone], near, instrument, dice)
}

/// A pitch of that class near `near`, drawn back towards comfort.
fn settle(class: u8, near: i32, instrument: &Instrument, dice: &mut Dice) -> i32 {
    let mut pitch = Chord::nearest_of_class(class, near);
    if pitch < COMFORT.0 || (pitch < 34 && dice.chance(0.25)) {
        pitch += 12;
    }
    if pitch > COMFORT.1 || (pitch > 45 && dice.chance(0.35)) {
        pitch -= 12;
    }
    instrument.fold(pitch)
}

/// A funk bass player's figure, chosen once per piece and varied by the bar.
struct Groove {
    /// Sixteenths after the bar line, and which chord tone (0 root, 1 third, 2 fifth, 3 seventh, 4 octave).
    figures: Vec<Vec<(f64, usize)>>,
}

impl Groove {
    fn draw(style: Style, dice: &mut Dice) -> Self {
        let known: [&[(f64, usize)]; 7] = [
            &[(0.0, 0), (0.75, 0), (1.5, 3), (2.0, 0), (2.75, 4), (3.5, 3)],
            &[(0.0, 0), (0.5, 0), (1.75, 4), (2.5, 3), (3.0, 2), (3.75, 0)],
            &[(0.0, 0), (1.25, 3), (1.5, 4), (2.75, 0), (3.25, 2), (3.5, 3)],
            &[(0.0, 0), (0.75, 4), (1.5, 2), (2.25, 0), (2.5, 3), (3.5, 0)],
            &[(0.0, 0), (0.25, 0), (1.5, 0), (2.5, 2), (2.75, 3), (3.5, 4)],
            &[(0.0, 0), (1.5, 2), (2.0, 3), (3.5, 0)],
            &[(0.0, 0), (0.5, 4), (1.0, 0), (1.5, 4), (2.0, 0), (2.5, 4), (3.0, 2), (3.5, 3)],
        ];
        let count = if style == Style::Funk { 3 } else { 1 };
        Self { figures: (0..count).map(|_| dice.pick(&known).to_vec()).collect() }
    }
}

/// One bar being played.
struct Line<'a> {
    bar: &'a BarPlan,
    instrument: &'a Instrument,
    notes: &'a mut Vec<Note>,
    dice: &'a mut Dice,
}

impl Line<'_> {
    fn put(&mut self, at: f64, pitch: i32, duration: f64, accent: i32) {
        let velocity = 78.0 + 22.0 * self.bar.intensity + f64::from(accent);
        let pitch = self.instrument.fold(pitch);
        self.notes.push(Note::written(pitch, velocity, self.bar.start + at, duration));
    }

    /// A note on every beat, led to `next`.
    fn walk(&mut self, here: i32, next: i32) {
        let beats = self.bar.beats as usize;
        let targets = self.chord_starts(here, next);
        for pair in targets.windows(2) {
            let ((from, start), (to, goal)) = (pair[0], pair[1]);
            let mut previous = start;
            for beat in from..to {
                let pitch = if beat == from {
                    start
                } else if beat + 1 == to {
                    self.approach(previous, goal)
                } else {
                    self.passing(beat, previous, goal, to - beat)
                };
                self.put(beat as f64, pitch, 0.92, if beat == 0 { 4 } else { 0 });
                previous = pitch;
            }
        }
        if self.dice.chance(0.1 + 0.18 * self.bar.intensity) {
            self.skip(beats);
        }
    }

    /// Beats where chords start with the note taken there, closed by the next bar's first note.
    fn chord_starts(&mut self, here: i32, next: i32) -> Vec<(usize, i32)> {
        let mut targets = vec![(0, here)];
        for placed in self.bar.chords.iter().skip(1) {
            let previous = targets[targets.len() - 1].1;
            let tone = self.dice.weighted(&[(0, 0.85), (1, 0.15)]);
            targets.push((placed.at as usize, settle(placed.chord.tones()[tone], previous, self.instrument, self.dice)));
        }
        targets.push((self.bar.beats as usize, next));
        targets
    }

    /// The note before `goal`: a half step away, a scale step away, or its fifth.
    fn approach(&mut self, previous: i32, goal: i32) -> i32 {
        let chord = self.bar.chord_at(self.bar.beats);
        let side = if previous > goal { 1 } else { -1 };
        let pitch = match self.dice.weighted(&[(0, 0.4), (1, 0.15), (2, 0.3), (3, 0.15)]) {
            0 => goal + side,
            1 => goal - side,
            2 => chord.step(goal, side),
            _ => goal + if goal > 38 { -5 } else { 7 },
        };
        if pitch == previous { goal - side } else { pitch }
    }

    /// A note between: chord tone or scale step in the direction of `goal`, never repeating `previous`.
    fn passing(&mut self, beat: usize, previous: i32, goal: i32, beats_left: usize) -> i32 {
        let chord = self.bar.chord_at(beat as f64);
        let far = (goal - previous).abs() > 3 * beats_left as i32;
        let direction = if far || self.dice.chance(0.6) { (goal - previous).signum() } else { -(goal - previous).signum() };
        let direction = if direction == 0 { if previous > 40 { -1 } else { 1 } } else { direction };
        let pitch = if self.dice.chance(0.55) {
            chord.nearest_tone(previous + 3 * direction, direction)
        } else {
            chord.step(previous, direction)
        };
        let pitch = if pitch == previous { chord.step(previous, direction) } else { pitch };
        if (COMFORT.0 - 2..=COMFORT.1 + 3).contains(&pitch) {
            pitch
        } else {
            chord.nearest_tone(previous - 4 * direction, -direction)
        }
    }

    /// An eighth-note skip before one of the beats.
    fn skip(&mut self, beats: usize) {
        let beat = self.dice.integer(0, beats - 1) as f64;
        let start = self.bar.start + beat;
        let Some(index) = self.notes.iter().rposition(|note| note.written.get() == start) else { return };
        let pitch = i32::from(self.notes[index].pitch);
        self.notes[index].duration = self.notes[index].duration * 0.5;
        self.put(beat + 0.5, pitch, 0.35, -22);
    }

    /// Short low notes where the hand strides to: root, then fifth or the next chord's root.
    fn stride(&mut self, here: i32) {
        self.put(0.0, here, 0.85, 6);
        let middle = (self.bar.beats / 2.0).ceil();
        let second = self.bar.chord_at(middle);
        let class = if second == self.bar.chords[0].chord { second.tones()[2] } else { second.tones()[0] };
        let pitch = settle(class, here - 3, self.instrument, self.dice);
        self.put(middle, pitch, 0.85, 2);
    }

    /// Two notes in four or five, one long one in three, one or two in two.
    fn broad(&mut self, here: i32, next: i32) {
        if self.bar.beats < 3.0 {
            let alone = self.dice.chance(0.5);
            self.put(0.0, here, if alone { 1.85 } else { 0.92 }, 2);
            if !alone || self.bar.chords.len() > 1 {
                let pitch = self.approach(here, next);
                self.put(1.0, pitch, 0.9, -4);
            }
            return;
        }
        if self.bar.beats < 4.0 {
            let length = if self.dice.chance(0.7) { 2.8 } else { 1.9 };
            self.put(0.0, here, length, 2);
            if length < 2.0 || self.bar.chords.len() > 1 {
                let pitch = self.approach(here, next);
                self.put(2.0, pitch, 0.9, -6);
            }
            return;
        }
        let half = (self.bar.beats / 2.0).ceil();
        let second = self.bar.chord_at(half);
        let class = if second == self.bar.chords[0].chord { second.tones()[2] } else { second.tones()[0] };
        let middle = settle(class, here, self.instrument, self.dice);
        self.put(0.0, here, half - 0.15, 2);
        self.put(half, middle, self.bar.beats - half - 0.15, 0);
        if self.dice.chance(0.3) {
            let last = self.notes.len() - 1;
            self.notes[last].duration = turnaround_core::time::Beats::new(0.9);
            let pitch = self.approach(middle, next);
            let at = self.bar.beats - if self.dice.chance(0.6) { 1.0 } else { 0.5 };
            self.put(at, pitch, 0.45, -8);
        }
    }

    /// Root, fifth, with the push before beats three and one.
    fn bossa(&mut self, here: i32, next: i32) {
        let middle_chord = self.bar.chord_at(2.0);
        let changes = middle_chord != self.bar.chords[0].chord;
        let class = middle_chord.tones()[if changes { 0 } else { 2 }];
        let middle = settle(class, here, self.instrument, self.dice);
        self.put(0.0, here, 1.4, 4);
        if self.dice.chance(0.75) {
            self.put(1.5, if changes { here } else { middle }, 0.45, -8);
        }
        self.put(2.0, middle, 1.4, 0);
        if self.dice.chance(0.7) {
            let pitch = if self.dice.chance(0.6) { middle } else { self.approach(middle, next) };
            self.put(3.5, pitch, 0.45, -6);
        }
    }

    /// The piece's figure on the bar's chords, with notes left out when quiet and added when not.
    fn funk(&mut self, here: i32, next: i32, groove: &Groove) {
        let varied = self.bar.closes || self.dice.chance(0.2);
        let figure = &groove.figures[if varied { 1 + self.dice.integer(0, 1) } else { 0 }];
        for (index, (at, tone)) in figure.iter().enumerate() {
            let leave_out = *at > 0.0 && self.dice.chance(0.35 * (1.0 - self.bar.intensity));
            if leave_out {
                continue;
            }
            let chord = self.bar.chord_at(*at);
            let pitch = match (*at == 0.0, tone) {
                (true, _) => here,
                (_, 4) => settle(chord.root, here, self.instrument, self.dice) + 12,
                (_, tone) => Chord::nearest_of_class(chord.tones()[*tone], here),
            };
            let end = figure.get(index + 1).map_or(4.0, |(later, _)| *later);
            let length = (end - at).min(0.8) * self.dice.between(0.5, 0.95);
            self.put(*at, pitch, length, if *at == 0.0 { 8 } else { 0 });
        }
        if self.bar.closes && self.dice.chance(0.5) {
            let pitch = self.approach(here, next);
            self.put(3.75, pitch, 0.2, -4);
        }
    }

    /// The section's dominant or root, repeated.
    fn pedal(&mut self, bars: &[BarPlan]) {
        let last = bars[bars.len() - 1].chords[0].chord;
        let class = if self.bar.stage == super::plan::Stage::Intro { (last.root + 7) % 12 } else { last.root };
        let chord = self.bar.chords[0].chord;
        let class = if chord.tones()[..3].contains(&class) { class } else { chord.root };
        let pitch = settle(class, 34, self.instrument, self.dice);
        let rhythm: &[f64] = if self.bar.beats < 4.0 { &[0.0, 1.5] } else { &[0.0, 1.5, 2.5] };
        for at in rhythm {
            self.put(*at, pitch, 0.9, if *at == 0.0 { 4 } else { -4 });
        }
    }

    /// The ensemble's accents.
    fn accents(&mut self, here: i32) {
        for at in self.bar.hits.clone() {
            let pitch = if at == 0.0 { here } else { settle(self.bar.chord_at(at).root, here, self.instrument, self.dice) };
            self.put(at, pitch, 0.45, 10);
        }
    }
}
