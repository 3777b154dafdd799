//! A recorded drummer sits in: bars of a performance take the place of our own, warped to the piece's beats.

use turnaround_core::time::Beats;

use super::note::{Note, Role};
use super::performance::settle;
use super::plan::{BarPlan, DrumFeel};
use crate::corpus::dice::Dice;
use crate::corpus::sources::groove::{Hit, Take, Wanted, choose};

const KICK: u8 = 36;
const CRASH: u8 = 49;
/// Beats a drum may ring; struck again, it starts anew.
const RING: f64 = 2.0;

/// A drummer's time, and fills by the same or another.
pub struct Human<'a> {
    time: &'a Take,
    fills: Option<&'a Take>,
    swing: f64,
}

impl<'a> Human<'a> {
    /// A drummer whose genre, tempo and feel suit the piece, of its split. `None` where there is none.
    pub fn draw(takes: &'a [Take], wanted: &Wanted, dice: &mut Dice) -> Option<Self> {
        let time = choose(takes, wanted, false, dice)?;
        let fills = choose(takes, wanted, true, dice).filter(|_| dice.chance(0.6));
        Some(Self { time, fills, swing: wanted.swing })
    }

    /// Who plays, and what genre.
    pub fn name(&self) -> String {
        format!("{} {}", self.time.drummer, self.time.genre)
    }

    /// Replaces a performed drum part wherever the whole kit keeps time. `cue` is how likely a bar whose first beat the drummer
    /// leaves open gets a soft kick there: without one nobody hears where bars begin.
    pub fn replace(&self, notes: &mut Vec<Note>, names: &mut [&'static str], bars: &[BarPlan], cue: f64, seed: u64) {
        let dice = &mut Dice::new(seed, "human drums");
        let phrase = 4.min(self.time.bars.len());
        let start = dice.integer(0, (self.time.bars.len() - 1) / phrase) * phrase;
        let end = bars.last().map_or(0.0, |last| last.start + last.beats);
        for (bar, name) in bars.iter().zip(names) {
            let keeps_time = bar.drums == DrumFeel::Full && !bar.is_final && !bar.is_break && bar.hits.is_empty();
            let source = match self.fills {
                _ if !keeps_time => continue,
                Some(fills) if bar.fill => fills,
                _ if bar.fill && dice.chance(0.5) => continue,
                _ => self.time,
            };
            let index = if bar.fill && self.fills.is_some() { dice.integer(0, source.bars.len() - 1) } else { start + bar.index };
            let hits = &source.bars[index % source.bars.len()];
            notes.retain(|note| !(bar.start..bar.start + bar.beats).contains(&note.written.get()));
            for hit in hits {
                notes.push(self.struck(hit, bar, source.swing, end));
            }
            if bar.crash {
                notes.extend([CRASH, KICK].map(|drum| at_once(bar, drum, 92, end)));
            } else if !hits.iter().any(|hit| hit.at.abs() < 0.15 && matches!(hit.drum, KICK | CRASH)) && dice.chance(cue) {
                notes.push(at_once(bar, KICK, dice.integer(38, 62) as u8, end));
            }
            *name = if bar.fill { "groove fill" } else { "groove" };
        }
        settle(notes, Role::Drums);
    }

    fn struck(&self, hit: &Hit, bar: &BarPlan, swing: f64, end: f64) -> Note {
        let at = if swing > 0.54 && self.swing > 0.54 { reswung(hit.at, swing, self.swing) } else { hit.at };
        let onset = (bar.start + at).max(0.0).min(end - 0.01);
        let velocity = f64::from(hit.velocity) * (0.72 + 0.42 * bar.intensity);
        let written = bar.start + at.clamp(0.0, bar.beats - 0.01);
        Note {
            pitch: hit.drum,
            velocity: velocity.round().clamp(1.0, 127.0) as u8,
            written: Beats::new(written),
            onset: Beats::new(onset),
            duration: Beats::new(RING.min(end - onset)),
        }
    }
}

fn at_once(bar: &BarPlan, drum: u8, velocity: u8, end: f64) -> Note {
    let mut note = Note::written(i32::from(drum), f64::from(velocity), bar.start, RING);
    note.duration = Beats::new(RING.min(end - bar.start));
    note
}

/// A place in its beat moved so that what lay at one swing ratio lies at another; beats stay.
fn reswung(at: f64, from: f64, to: f64) -> f64 {
    let (beat, phase) = (at.floor(), at - at.floor());
    beat + if phase < from { phase * to / from } else { to + (phase - from) * (1.0 - to) / (1.0 - from) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_swing_moves_what_lies_between_beats_and_no_beat() {
        assert_eq!(reswung(3.0, 0.6, 0.66), 3.0);
        assert!((reswung(3.6, 0.6, 0.66) - 3.66).abs() < 1e-12);
        assert!((reswung(3.8, 0.6, 0.66) - 3.83).abs() < 1e-12);
        assert!(reswung(-0.02, 0.6, 0.66) < 0.0);
    }
}
