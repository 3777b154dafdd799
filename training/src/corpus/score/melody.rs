//! Foreground lines: the tune of a composition and the solos of a take.
//!
//! A line is drawn in two passes. Onsets come first, beat by beat from small rhythmic cells; then pitches: chord tones on the
//! strong notes, and scale steps, arpeggios or half-step approaches on the notes between, so that they lead somewhere.

use super::form::Form;
use super::harmony::Chord;
use super::note::{Instrument, Note};
use super::plan::{BarPlan, Lead, Stage};
use super::style::Style;
use crate::corpus::dice::{Dice, derive};
use crate::corpus::sources::idiom::Idiom;

/// A note of a tune, in C, before a key and an instrument are chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TuneNote {
    /// Bar of the form.
    pub bar: usize,
    /// Beats after the bar line.
    pub at: f64,
    /// Beats.
    pub duration: f64,
    /// MIDI pitch.
    pub pitch: i32,
}

/// The tune of a composition: two-bar rhythms that come back, answered and varied; sections with the same letter share them.
pub fn tune(form: &Form, style: Style, seed: u64) -> Vec<TuneNote> {
    let beats = style.beats() as f64;
    let mut notes: Vec<TuneNote> = Vec::new();
    let mut bar = 0;
    while bar < form.bars.len() {
        let letter = form.bars[bar].letter;
        let length = form.bars[bar].section_length;
        let dice = &mut Dice::new(derive(seed, "tune", u64::from(u32::from(letter))), "section");
        let motif = motif(style, beats, dice);
        let answer = self::motif(style, beats, dice);
        let mut start = 67 + dice.integer(0, 8) as i32;
        for pair in 0..length.div_ceil(2) {
            let rhythm = if pair % 4 == 3 || (pair % 2 == 1 && dice.chance(0.5)) { &answer } else { &motif };
            let first = bar + 2 * pair;
            let inside = |at: f64| at < (length - 2 * pair).min(2) as f64 * beats;
            let onsets: Vec<f64> = rhythm.iter().copied().filter(|at| inside(*at)).collect();
            let chord_of = |at: f64| {
                let place = &form.bars[first + (at / beats) as usize];
                let within = at % beats;
                place.chords.iter().rev().find(|placed| placed.at <= within + 1e-9).unwrap_or(&place.chords[0]).chord
            };
            let pitches = draw_pitches(&onsets, &chord_of, start, (60, 82), 0.25, dice);
            for (index, at) in onsets.iter().enumerate() {
                let end = onsets.get(index + 1).copied().unwrap_or(at + 1.5);
                let duration = ((end - at) * 0.9).min(2.5);
                notes.push(TuneNote { bar: first + (at / beats) as usize, at: at % beats, duration, pitch: pitches[index] });
            }
            start = pitches.last().copied().unwrap_or(start);
        }
        bar += length;
    }
    notes
}

/// Onsets over two bars, sparse enough to be sung.
fn motif(style: Style, beats: f64, dice: &mut Dice) -> Vec<f64> {
    let mut onsets = Vec::new();
    let rest_from = 2.0 * beats - dice.integer(1, 2) as f64;
    let density = if style == Style::FastSwing { 0.8 } else { 1.0 };
    for beat in 0..(2.0 * beats) as usize {
        let at = beat as f64;
        if at >= rest_from {
            break;
        }
        let cells: [(&[f64], f64); 6] = [
            (&[0.0], 0.3),
            (&[0.0, 0.5], 0.3 * density),
            (&[0.5], 0.2),
            (&[], 0.22),
            (&[0.0, 0.75], 0.05),
            (&[0.25, 0.75], 0.05),
        ];
        let cells = if style == Style::Funk { &cells[..] } else { &cells[..4] };
        onsets.extend(dice.weighted(cells).iter().map(|offset| at + offset));
    }
    if onsets.is_empty() { vec![0.0, 1.5] } else { onsets }
}

/// The soloist's part on paper: the tune in heads, improvisation in solos and fours, a last note.
pub fn play(bars: &[BarPlan], tune: &[TuneNote], key: i32, soloist: &Soloist, seed: u64) -> Vec<Note> {
    let instrument = soloist.instrument;
    let mut notes = play_heads(bars, tune, key, instrument, seed);
    notes.extend(improvise(bars, Lead::Soloist, soloist, seed));
    let dice = &mut Dice::new(seed, "last note");
    if let Some(last) = bars.last().filter(|_| dice.chance(0.7)) {
        let tone = last.chords[0].chord.tones()[*dice.pick(&[0, 1, 2])];
        let pitch = instrument.fold(Chord::nearest_of_class(tone, (instrument.low + 2 * instrument.high) / 3));
        notes.push(Note::written(pitch, 74.0, last.start, last.beats * 0.9));
    }
    notes.sort_by(|a, b| a.written.get().total_cmp(&b.written.get()));
    notes
}

fn play_heads(bars: &[BarPlan], tune: &[TuneNote], key: i32, instrument: &Instrument, seed: u64) -> Vec<Note> {
    let dice = &mut Dice::new(seed, "head");
    let octave = octave_for(tune, key, instrument);
    let mut notes = Vec::new();
    for bar in bars.iter().filter(|bar| bar.stage == Stage::Head && bar.lead == Lead::Soloist) {
        let lay_back = dice.chance(0.1);
        for note in tune.iter().filter(|note| note.bar == bar.form_bar) {
            if dice.chance(0.04) {
                continue;
            }
            let pitch = instrument.fold(note.pitch + key + octave);
            let at = if lay_back && note.at.fract() == 0.0 && note.at > 0.0 { note.at + 0.5 } else { note.at };
            let velocity = 72.0 + 26.0 * bar.intensity + 0.3 * f64::from(pitch - instrument.low);
            notes.push(Note::written(pitch, velocity, bar.start + at, note.duration));
        }
    }
    notes
}

/// Octaves that bring the tune's middle to the instrument's.
fn octave_for(tune: &[TuneNote], key: i32, instrument: &Instrument) -> i32 {
    let middle = tune.iter().map(|note| note.pitch + key).sum::<i32>() / tune.len().max(1) as i32;
    let wanted = (instrument.low + instrument.high) / 2;
    ((f64::from(wanted - middle) / 12.0).round() * 12.0) as i32
}

/// Who improvises, and how.
#[derive(Clone, Copy)]
pub struct Soloist<'a> {
    /// How the piece is played.
    pub style: Style,
    /// What is played on.
    pub instrument: &'a Instrument,
    /// Felt beats a minute.
    pub bpm: f64,
    /// How soloists move; `None` leaves it to rules.
    pub idiom: Option<&'a Idiom>,
}

/// Improvised lines wherever `lead` has the foreground in a solo or in fours.
pub fn improvise(bars: &[BarPlan], lead: Lead, soloist: &Soloist, seed: u64) -> Vec<Note> {
    let dice = &mut Dice::new(seed, lead.name());
    let mut notes = Vec::new();
    let has = |bar: &BarPlan| bar.lead == lead && matches!(bar.stage, Stage::Solo | Stage::Fours);
    let mut index = 0;
    while index < bars.len() {
        let length = bars[index..].iter().take_while(|bar| has(bar)).count();
        if length > 0 {
            solo(&bars[index..index + length], lead, soloist, dice, &mut notes);
        }
        index += length.max(1);
    }
    notes
}

/// Phrases and rests over consecutive bars.
fn solo(bars: &[BarPlan], lead: Lead, soloist: &Soloist, dice: &mut Dice, notes: &mut Vec<Note>) {
    let instrument = soloist.instrument;
    let (start, beats) = (bars[0].start, bars[0].beats);
    let end = start + beats * bars.len() as f64;
    let bar_of = |at: f64| &bars[(((at - start) / beats) as usize).min(bars.len() - 1)];
    let chord_of = |at: f64| bar_of(at).chord_at((at - start) % beats);
    let span = comfortable(instrument, lead);
    let mut pitch = (span.0 + span.1) / 2;
    let mut at = start + 0.5 * dice.integer(0, 3) as f64;
    while at < end - 1.0 {
        let bar = bar_of(at);
        let intensity = bar.intensity;
        let length = dice.between(2.5, 5.0 + 8.0 * intensity).round();
        let until = (at + length).min(end);
        let onsets = match soloist.idiom {
            Some(idiom) => idiom_onsets(idiom, (at, until), soloist.bpm, intensity, dice),
            None => phrase_onsets(at, until, bar, soloist.style, lead, soloist.bpm, dice),
        };
        let register = f64::from(span.0) + f64::from(span.1 - span.0) * (0.3 + 0.45 * intensity + 0.12 * dice.normal());
        let width = 9 + (8.0 * intensity) as i32;
        let window = ((register as i32 - width).max(span.0), (register as i32 + width).min(span.1));
        let from = pitch.clamp(window.0, window.1);
        let pitches = match soloist.idiom {
            Some(idiom) => idiom_pitches(idiom, &onsets, &chord_of, from, window, dice),
            None => draw_pitches(&onsets, &chord_of, from, window, 0.35, dice),
        };
        for (index, onset) in onsets.iter().enumerate() {
            let last = index + 1 == onsets.len();
            let room = onsets.get(index + 1).map_or(end - onset, |next| next - onset);
            let duration = if last { room.min(dice.between(0.3, 1.6)) } else { (room * dice.between(0.8, 1.0)).min(2.0) };
            let accent = if onset.fract() > 0.0 { dice.between(-4.0, 10.0) } else { dice.between(-6.0, 6.0) };
            let height = 0.4 * f64::from(pitches[index] - span.0);
            notes.push(Note::written(pitches[index], 62.0 + 28.0 * intensity + accent + height, *onset, duration));
        }
        pitch = pitches.last().copied().unwrap_or(pitch);
        let rest = dice.between(0.5, 1.0 + 5.0 * (1.0 - intensity));
        at = ((at + length + rest) * 2.0).round() / 2.0;
    }
}

/// The part of the range a soloist lives in.
fn comfortable(instrument: &Instrument, lead: Lead) -> (i32, i32) {
    match lead {
        Lead::Bass => (instrument.low + 8, instrument.high - 2),
        _ if instrument.high - instrument.low > 40 => (58, 88.min(instrument.high)),
        _ => (instrument.low + 2, instrument.high - 1),
    }
}

/// Onsets from rhythmic cells, one beat at a time.
fn phrase_onsets(from: f64, to: f64, bar: &BarPlan, style: Style, lead: Lead, bpm: f64, dice: &mut Dice) -> Vec<f64> {
    let heat = bar.intensity;
    let seconds = 60.0 / bpm;
    let slow = if seconds > 0.42 && !style.is_compound() { 1.0 } else { 0.0 };
    let rolling = if style.is_compound() { 3.0 } else { 1.0 };
    let busy = if lead == Lead::Bass { 0.4 } else { 1.0 };
    let straight = if style == Style::Funk || style == Style::Bossa { 1.0 } else { 0.0 };
    let cells: [(&[f64], f64); 9] = [
        (&[0.0, 0.5], 0.5 + 0.4 * heat * busy),
        (&[0.0], 0.42 - 0.22 * heat),
        (&[0.5], 0.16),
        (&[], 0.16 - 0.12 * heat),
        (
            &[0.0, 1.0 / 3.0, 2.0 / 3.0],
            (0.05 + 0.16 * heat) * busy * rolling * if seconds > 0.27 { 1.0 } else { 0.2 } * (1.0 - 0.6 * straight),
        ),
        (&[0.0, 0.25, 0.5, 0.75], 0.5 * heat * heat * slow * busy),
        (&[0.0, 0.25, 0.75], 0.16 * straight * slow * busy),
        (&[0.25, 0.75], 0.1 * straight * slow * busy),
        (&[0.0, 0.75], 0.1 * straight * slow),
    ];
    let mut onsets = Vec::new();
    let mut beat = from.floor();
    let mut sticky = dice.weighted(&cells);
    while beat < to {
        if dice.chance(0.6) {
            sticky = dice.weighted(&cells);
        }
        onsets.extend(sticky.iter().map(|offset| beat + offset).filter(|at| *at >= from && *at < to));
        beat += 1.0;
    }
    if onsets.is_empty() {
        onsets.push(from);
    }
    onsets
}

/// Onsets as soloists follow one beat's rhythm with another.
fn idiom_onsets(idiom: &Idiom, (from, to): (f64, f64), bpm: f64, heat: f64, dice: &mut Dice) -> Vec<f64> {
    let mut onsets = Vec::new();
    let mut cell = vec![0, 6];
    let mut beat = from.floor();
    while beat < to {
        cell = idiom.cell(&cell, bpm, heat, dice);
        onsets.extend(cell.iter().map(|twelfth| beat + f64::from(*twelfth) / 12.0).filter(|at| *at >= from && *at < to));
        beat += 1.0;
    }
    if onsets.is_empty() {
        onsets.push(from);
    }
    onsets
}

/// Pitches as soloists follow two intervals with a third, held to the changes: strong notes want chord tones, others the scale.
fn idiom_pitches(
    idiom: &Idiom,
    onsets: &[f64],
    chord_of: &dyn Fn(f64) -> Chord,
    start: i32,
    window: (i32, i32),
    dice: &mut Dice,
) -> Vec<i32> {
    let mut here = into_window(chord_of(onsets[0]).nearest_tone(start, 1), window);
    let mut pitches = vec![here];
    let mut before = (0, 0);
    for pair in onsets.windows(2) {
        let chord = chord_of(pair[1]);
        let strong = pair[1].fract() < 1e-6;
        let weight = |step: i32| {
            let pitch = here + step;
            let fit = match (chord.contains(pitch), chord.has_in_scale(pitch)) {
                (true, _) if strong => 3.0,
                (true, _) => 1.6,
                (_, true) => 1.2,
                _ if strong => 0.08,
                _ => 0.35,
            };
            let inside = (window.0..=window.1).contains(&pitch);
            (idiom.interval(before, step) + 1e-4) * fit * if inside { 1.0 } else { 1e-4 }
        };
        let options: Vec<(i32, f64)> = (-12..=12).map(|step| (step, weight(step))).collect();
        let step = dice.weighted(&options);
        before = (before.1, step);
        here = into_window(here + step, window);
        pitches.push(here);
    }
    pitches
}

/// Pitches for `onsets` (beats) over changes, starting near `start`, inside `window`; `leaps` is how often a line arpeggiates.
fn draw_pitches(
    onsets: &[f64],
    chord_of: &dyn Fn(f64) -> Chord,
    start: i32,
    window: (i32, i32),
    leaps: f64,
    dice: &mut Dice,
) -> Vec<i32> {
    if onsets.is_empty() {
        return Vec::new();
    }
    let last = onsets.len() - 1;
    let is_strong = |index: usize| {
        let at = onsets[index];
        index == 0 || index == last || at.rem_euclid(2.0) == 0.0 || onsets[index + 1] - at >= 1.0
    };
    let mut pitches = vec![0; onsets.len()];
    let mut direction = if dice.chance(0.5) { 1 } else { -1 };
    let mut here = start;
    for index in (0..onsets.len()).filter(|index| is_strong(*index)) {
        if here >= window.1 - 3 || here <= window.0 + 3 {
            direction = if here >= window.1 - 3 { -1 } else { 1 };
        } else if dice.chance(0.3) {
            direction = -direction;
        }
        let reach = dice.integer(1, 5) as i32;
        let wanted = (here + direction * reach).clamp(window.0, window.1);
        here = into_window(chord_of(onsets[index]).nearest_tone(wanted, direction), window);
        pitches[index] = here;
    }
    let mut from = 0;
    for to in (1..onsets.len()).filter(|index| is_strong(*index)) {
        connect(&mut pitches, from, to, onsets, chord_of, leaps, dice);
        from = to;
    }
    pitches.iter().map(|pitch| into_window(*pitch, window)).collect()
}

/// Fills the notes between two strong ones so that they arrive.
fn connect(
    pitches: &mut [i32],
    from: usize,
    to: usize,
    onsets: &[f64],
    chord_of: &dyn Fn(f64) -> Chord,
    leaps: f64,
    dice: &mut Dice,
) {
    let goal = pitches[to];
    for index in from + 1..to {
        let previous = pitches[index - 1];
        let chord = chord_of(onsets[index]);
        let towards = if goal >= previous { 1 } else { -1 };
        pitches[index] = if index + 1 == to {
            let side = if previous > goal || (previous == goal && dice.chance(0.5)) { 1 } else { -1 };
            match dice.weighted(&[(0, 0.35), (1, 0.4), (2, 0.15), (3, 0.1)]) {
                0 => goal + side,
                1 => chord.step(goal, side),
                2 => goal - side,
                _ => chord.nearest_tone(goal - 4 * side, -side),
            }
        } else if dice.chance(leaps) {
            chord.nearest_tone(previous + 3 * towards, towards)
        } else {
            chord.step(previous, if dice.chance(0.75) { towards } else { -towards })
        };
        if pitches[index] == previous {
            pitches[index] = chord.step(previous, towards);
        }
    }
}

fn into_window(mut pitch: i32, window: (i32, i32)) -> i32 {
    while pitch < window.0 {
        pitch += 12;
    }
    while pitch > window.1 {
        pitch -= 12;
    }
    pitch.max(window.0 - 6)
}
