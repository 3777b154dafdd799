//! From paper to time: swing, the soloist's lag, jitter, and velocities that breathe.

use turnaround_core::time::Beats;

use super::note::{Note, Role};
use super::style::{Style, interpolate};
use crate::corpus::dice::Dice;

/// How a take sits on the grid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timing {
    /// Where the second eighth falls in its beat, 0.5 straight.
    pub swing: f64,
    /// Seconds in a beat.
    pub beat_seconds: f64,
    /// Seconds the soloist trails the beat.
    pub lead_lag: f64,
    /// Seconds the bass is ahead (negative) or behind.
    pub bass_lag: f64,
    /// Seconds the chords are behind.
    pub comping_lag: f64,
}

/// No note strays further than this from its lagged place, in seconds.
pub const MAX_JITTER: f64 = 0.02;
/// No part lags more than this, in seconds.
pub const MAX_LAG: f64 = 0.035;

impl Timing {
    /// Draws a take's timing. The soloist's lag follows medians of transcribed solos: 25 ms on slow beats, none on the fastest.
    ///
    /// `bpm` counts felt beats. Compound metres have exact triplets.
    pub fn draw(style: Style, swing: f64, bpm: f64, dice: &mut Dice) -> Self {
        let swings = style.swings();
        let beat_seconds = 60.0 / bpm;
        const LAG: [(f64, f64); 6] = [(0.2, 0.0), (0.225, 0.006), (0.275, 0.012), (0.35, 0.019), (0.5, 0.023), (0.8, 0.025)];
        let feel = if swings { dice.between(0.5, 1.3) } else { dice.between(0.0, 0.7) };
        let loose = swing + 0.025 * dice.normal();
        let swing = if swings && !style.is_compound() { loose.clamp(0.53, 0.74) } else { swing };
        Self {
            swing,
            beat_seconds,
            lead_lag: (interpolate(&LAG, beat_seconds) * feel).min(MAX_LAG),
            bass_lag: dice.between(-0.004, 0.004),
            comping_lag: dice.between(0.0, 0.008),
        }
    }

    /// A written position as it swings. Thirds of a beat are triplets already and stay.
    pub fn swung(&self, written: f64) -> f64 {
        let beat = written.floor();
        let phase = written - beat;
        let is_triplet = [1.0 / 3.0, 2.0 / 3.0].iter().any(|third| (phase - third).abs() < 0.02);
        if is_triplet {
            written
        } else if phase <= 0.5 {
            beat + phase * 2.0 * self.swing
        } else {
            beat + self.swing + (phase - 0.5) * 2.0 * (1.0 - self.swing)
        }
    }

    fn lag(&self, role: Role) -> f64 {
        match role {
            Role::Lead | Role::Second => self.lead_lag,
            Role::Bass => self.bass_lag,
            Role::Comping => self.comping_lag,
            Role::Drums => 0.0,
        }
    }
}

/// Standard deviation of one note's timing, in seconds.
fn looseness(role: Role) -> f64 {
    match role {
        Role::Lead | Role::Second => 0.007,
        Role::Comping => 0.005,
        Role::Bass => 0.004,
        Role::Drums => 0.003,
    }
}

/// Moves a written part into time. Notes written together move together, a chord rolling by a hair; a monophonic part's notes
/// end where the next begins; nothing starts before 0 or sounds beyond `end`.
pub fn perform(notes: &mut [Note], role: Role, timing: &Timing, end: f64, seed: u64) {
    let dice = &mut Dice::new(seed, role.name());
    notes.sort_by(|a, b| a.written.get().total_cmp(&b.written.get()).then(a.pitch.cmp(&b.pitch)));
    let mut shared = (f64::NEG_INFINITY, 0.0);
    for note in notes.iter_mut() {
        let written = note.written.get();
        if written != shared.0 {
            shared = (written, (looseness(role) * dice.normal()).clamp(-0.015, 0.015));
        }
        let roll = 0.0012 * dice.normal();
        let seconds = timing.lag(role) + shared.1 + roll;
        let onset = (timing.swung(written) + seconds / timing.beat_seconds).max(0.0);
        let release = timing.swung(written + note.duration.get()).max(onset + 0.04);
        note.onset = Beats::new(onset);
        note.duration = Beats::new((release - onset).min((end - onset).max(0.01)));
        note.velocity = (f64::from(note.velocity) + 4.5 * dice.normal()).round().clamp(1.0, 127.0) as u8;
    }
    settle(notes, role);
}

/// Sorts a performed part and ends its notes where others need the instrument.
pub fn settle(notes: &mut [Note], role: Role) {
    notes.sort_by(|a, b| a.onset.get().total_cmp(&b.onset.get()).then(a.pitch.cmp(&b.pitch)));
    match role {
        Role::Bass | Role::Lead | Role::Second => end_at_next(notes, |_, _| true),
        Role::Comping | Role::Drums => end_at_next(notes, |a, b| a.pitch == b.pitch),
    }
}

/// Shortens each note so that it has ended when the next one `in_the_way` begins.
fn end_at_next(notes: &mut [Note], in_the_way: impl Fn(&Note, &Note) -> bool) {
    for index in 0..notes.len() {
        let note = notes[index];
        let end = note.onset.get() + note.duration.get();
        let next = notes[index + 1..]
            .iter()
            .take_while(|later| later.onset.get() < end)
            .find(|later| later.onset > note.onset && in_the_way(&note, later));
        if let Some(next) = next {
            notes[index].duration = next.onset - note.onset;
        }
    }
}
