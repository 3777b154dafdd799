//! How soloists move, as statistics: which interval follows two others, and which rhythm of a beat follows another.
//!
//! Computed at run time from the Weimar solos of the train split, and never stored. Contains information from the Weimar Jazz
//! Database, made available under the ODbL 1.0.

use std::collections::BTreeMap;

use super::weimar::Solo;
use crate::corpus::dice::Dice;
use crate::corpus::split::Split;

/// Wider leaps count as an octave.
const WIDEST: i32 = 12;

/// Tempi, in beats a minute, below which a band of rhythms is counted apart; the last band has all above.
const BANDS: [f64; 3] = [110.0, 180.0, 240.0];

/// Onsets within a beat, in twelfths of it.
pub type Cell = Vec<u8>;

/// Counts of what follows what.
#[derive(Clone, Debug, Default)]
pub struct Idiom {
    intervals: BTreeMap<(i32, i32), BTreeMap<i32, f64>>,
    single: BTreeMap<i32, f64>,
    /// For each band of tempi, the cells that follow a cell.
    cells: [BTreeMap<Cell, BTreeMap<Cell, f64>>; 4],
}

impl Idiom {
    /// Counts the solos of the train split. `None` where there is none.
    pub fn of(solos: &[Solo]) -> Option<Self> {
        let mut idiom = Idiom::default();
        for solo in solos.iter().filter(|solo| Split::of(&solo.title) == Split::Train) {
            idiom.count_intervals(solo);
            idiom.count_cells(solo);
        }
        (!idiom.intervals.is_empty() && idiom.cells.iter().any(|band| !band.is_empty())).then_some(idiom)
    }

    fn count_intervals(&mut self, solo: &Solo) {
        // A rest of a second or more ends a line.
        for line in solo.notes.chunk_by(|a, b| b.onset - a.onset < 1.0) {
            let steps: Vec<i32> = line.windows(2).map(|pair| (pair[1].pitch - pair[0].pitch).clamp(-WIDEST, WIDEST)).collect();
            for triple in steps.windows(3) {
                *self.intervals.entry((triple[0], triple[1])).or_default().entry(triple[2]).or_default() += 1.0;
            }
            for step in steps {
                *self.single.entry(step).or_default() += 1.0;
            }
        }
    }

    fn count_cells(&mut self, solo: &Solo) {
        let seconds = (solo.end - solo.beats[0].onset) / solo.beats.len() as f64;
        let mut cells: Vec<Cell> = vec![Cell::new(); solo.beats.len()];
        for note in &solo.notes {
            let (tatum, division) = note.place;
            let twelfth = (12.0 * f64::from(tatum.saturating_sub(1)) / f64::from(division.max(1))).round() as u8;
            if twelfth < 12 && !cells[note.beat].contains(&twelfth) {
                cells[note.beat].push(twelfth);
            }
        }
        cells.iter_mut().for_each(|cell| cell.sort_unstable());
        let band = band(60.0 / seconds);
        for pair in cells.windows(2) {
            *self.cells[band].entry(pair[0].clone()).or_default().entry(pair[1].clone()).or_default() += 1.0;
        }
    }

    /// How likely each interval is after two others, with a little of how likely it is at all.
    pub fn interval(&self, before: (i32, i32), step: i32) -> f64 {
        let alone: f64 = self.single.values().sum();
        let at_all = self.single.get(&step).copied().unwrap_or(0.0) / alone.max(1.0);
        let seen = self.intervals.get(&(before.0.clamp(-WIDEST, WIDEST), before.1.clamp(-WIDEST, WIDEST)));
        let after = seen.map_or(0.0, |counts| counts.get(&step).copied().unwrap_or(0.0) / counts.values().sum::<f64>());
        0.85 * after + 0.15 * at_all
    }

    /// A beat's rhythm after another's, at a tempo in beats a minute; `heat`, 0..=1, favours busy ones.
    pub fn cell(&self, before: &Cell, bpm: f64, heat: f64, dice: &mut Dice) -> Cell {
        let nearest = (0..self.cells.len()).filter(|index| !self.cells[*index].is_empty());
        let wanted = band(bpm);
        let Some(table) = nearest.min_by_key(|index| index.abs_diff(wanted)).map(|index| &self.cells[index]) else {
            return vec![0, 6];
        };
        let Some(after) = table.get(before).or_else(|| table.get(&Vec::new())).or_else(|| table.values().next()) else {
            return vec![0, 6];
        };
        let weights: Vec<(usize, f64)> = after
            .iter()
            .enumerate()
            .map(|(index, (cell, count))| (index, count * (1.6 * (heat - 0.5) * cell.len() as f64).exp()))
            .collect();
        let chosen = dice.weighted(&weights);
        after.keys().nth(chosen).cloned().unwrap_or_default()
    }
}

fn band(bpm: f64) -> usize {
    BANDS.iter().take_while(|limit| bpm >= **limit).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::score::harmony::{Chord, Quality};
    use crate::corpus::sources::weimar::{SoloBeat, SoloNote};

    /// A solo that climbs a scale in triplets, in a title of that split.
    fn climbing(split: Split) -> Solo {
        let title = (0..100).map(|number| format!("made up {number}")).find(|title| Split::of(title) == split).unwrap();
        let chord = Chord::new(0, Quality::Major6);
        let beat = |index: u32| SoloBeat {
            onset: f64::from(index) * 0.5,
            number: index % 4 + 1,
            chord,
            form: "A1".to_owned(),
            chorus: 1,
            bass: None,
        };
        let note = |index: u32| SoloNote {
            onset: f64::from(index) / 6.0,
            duration: 0.1,
            pitch: 60 + [0, 2, 4][index as usize % 3],
            beat: index as usize / 3,
            place: (index % 3 + 1, 3),
        };
        Solo {
            label: String::new(),
            title,
            instrument: "ts".to_owned(),
            key: None,
            feel: "SWING".to_owned(),
            period: 4,
            beats: (0..16).map(beat).collect(),
            end: 8.0,
            notes: (0..48).map(note).collect(),
        }
    }

    #[test]
    fn what_was_played_is_what_is_likely() {
        let idiom = Idiom::of(&[climbing(Split::Train)]).unwrap();
        assert!(idiom.interval((2, 2), -4) > 0.8, "after two steps up the line falls back");
        assert!(idiom.interval((2, 2), 7) == 0.0);
        assert_eq!(idiom.cell(&vec![0, 4, 8], 120.0, 0.5, &mut Dice::new(1, "test")), vec![0, 4, 8]);
    }

    #[test]
    fn held_out_solos_teach_nothing() {
        assert!(Idiom::of(&[climbing(Split::Test), climbing(Split::Validation)]).is_none());
    }
}
