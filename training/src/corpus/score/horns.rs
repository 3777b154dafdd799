//! The second horn of a quintet: the tune in unison or thirds, and every other turn of a solo.

use super::note::{Instrument, Note};
use super::plan::{BarPlan, Lead, Stage};
use crate::corpus::dice::Dice;

/// How two horns play a head.
#[derive(Clone, Copy, PartialEq)]
enum Heads {
    Unison,
    Thirds,
    Alone,
}

/// The second horn's part on paper. Turns that are its own are taken from the lead.
pub fn second(bars: &[BarPlan], lead: &mut Vec<Note>, instrument: &Instrument, seed: u64) -> Vec<Note> {
    let dice = &mut Dice::new(seed, "second horn");
    let heads = dice.weighted(&[(Heads::Unison, 0.45), (Heads::Thirds, 0.4), (Heads::Alone, 0.15)]);
    let trades_fours = dice.chance(0.35);
    let has_turn = |bar: &BarPlan| match bar.stage {
        Stage::Solo if bar.lead == Lead::Soloist && trades_fours => (bar.form_bar / 4) % 2 == 1,
        Stage::Solo if bar.lead == Lead::Soloist => bar.chorus.is_multiple_of(2),
        _ => false,
    };
    let bar_of = |note: &Note| bars.iter().rev().find(|bar| bar.start <= note.written.get() + 1e-9).unwrap_or(&bars[0]);
    let mut notes = Vec::new();
    lead.retain(|note| {
        let bar = bar_of(note);
        let moves = has_turn(bar);
        let joins = (bar.stage == Stage::Head && heads != Heads::Alone) || bar.is_final;
        if moves || joins {
            notes.push(if moves || heads != Heads::Thirds { *note } else { third_below(note, bar) });
        }
        !moves
    });
    for note in &mut notes {
        note.pitch = instrument.fold(i32::from(note.pitch)) as u8;
    }
    notes
}

/// Two steps down the chord's scale.
fn third_below(note: &Note, bar: &BarPlan) -> Note {
    let chord = bar.chord_at(note.written.get() - bar.start);
    let pitch = chord.step(chord.step(i32::from(note.pitch), -1), -1);
    Note { pitch: pitch.clamp(0, 127) as u8, ..*note }
}
