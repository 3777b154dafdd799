//! Test beds: pieces of music that no model has learned from, cut into bars; each of another kind, and measured apart.

mod corpus;
mod recordings;

use std::ops::Range;

pub use corpus::held_out;
pub use recordings::{RECORDINGS, recordings};

use super::metrics::level::power;
use super::spread;

/// Mean power under which a bar counts as silent: −60 dB under full scale.
const SILENCE: f64 = 1e-6;

/// Units that a passage is made of: long enough for yardsticks that listen for three seconds, short enough to have many.
pub const PASSAGE_UNITS: usize = 6;

/// One piece at the models' rate.
#[derive(Clone, Debug)]
pub struct Piece {
    /// What to call it.
    pub name: String,
    /// Mono.
    pub audio: Vec<f32>,
    /// Samples of its units, ascending; those of one passage follow each other without a gap.
    pub units: Vec<Range<usize>>,
}

impl Piece {
    /// `length` samples from `start`; silence beyond the ends.
    pub fn window(&self, start: i64, length: usize) -> Vec<f32> {
        let sample = |position: i64| usize::try_from(position).ok().and_then(|position| self.audio.get(position));
        (0..length as i64).map(|i| sample(start + i).copied().unwrap_or(0.0)).collect()
    }
}

/// A unit of a bed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Number of the piece.
    pub piece: usize,
    /// Number of its unit.
    pub unit: usize,
}

/// Consecutive units of one piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passage {
    /// Number of the piece.
    pub piece: usize,
    /// Numbers of its units.
    pub units: Range<usize>,
}

/// Pieces of one kind.
#[derive(Clone, Debug)]
pub struct Bed {
    /// Name of its files and anchors, one word.
    pub key: &'static str,
    /// What is held out.
    pub title: String,
    /// Where the music comes from.
    pub source: String,
    /// The music.
    pub pieces: Vec<Piece>,
}

impl Bed {
    /// Units that are not silent.
    pub fn units(&self) -> Vec<Place> {
        let of_piece = |piece: usize| (0..self.pieces[piece].units.len()).map(move |unit| Place { piece, unit });
        (0..self.pieces.len()).flat_map(of_piece).filter(|place| power(self.audio(*place)) > SILENCE).collect()
    }

    /// `count` units, evenly spread over all that are not silent.
    pub fn bars(&self, count: usize) -> Vec<Place> {
        spread(&self.units(), count)
    }

    /// Two lists of equally many passages, at most `count` each, that share no bar: one to be remade, one to tell how far apart the real
    /// ones are among themselves.
    pub fn passages(&self, count: usize) -> [Vec<Passage>; 2] {
        let chosen = spread(&self.tiles(), 2 * count);
        let every_other = |first: usize| chosen[..chosen.len() / 2 * 2].iter().skip(first).step_by(2).cloned().collect();
        [every_other(0), every_other(1)]
    }

    /// All passages that fit side by side.
    fn tiles(&self) -> Vec<Passage> {
        let sounds = |passage: &Passage| power(&self.pieces[passage.piece].audio[self.span(passage)]) > SILENCE;
        let of_piece = |piece: usize| {
            let whole = self.pieces[piece].units.len() / PASSAGE_UNITS;
            (0..whole).map(move |tile| Passage { piece, units: tile * PASSAGE_UNITS..(tile + 1) * PASSAGE_UNITS })
        };
        (0..self.pieces.len()).flat_map(of_piece).filter(sounds).collect()
    }

    /// Samples of a unit.
    pub fn range(&self, place: Place) -> Range<usize> {
        self.pieces[place.piece].units[place.unit].clone()
    }

    /// Samples of a passage.
    pub fn span(&self, passage: &Passage) -> Range<usize> {
        let units = &self.pieces[passage.piece].units[passage.units.clone()];
        units[0].start..units[units.len() - 1].end
    }

    fn audio(&self, place: Place) -> &[f32] {
        &self.pieces[place.piece].audio[self.range(place)]
    }
}

#[cfg(test)]
mod tests {
    use super::super::metrics::hand_made::noise;
    use super::*;

    fn bed() -> Bed {
        let piece = |index: usize, units: usize| {
            let mut audio = noise(index as u64, units * 100);
            audio[..100].fill(0.0);
            Piece { name: format!("piece {index}"), audio, units: (0..units).map(|n| n * 100..(n + 1) * 100).collect() }
        };
        Bed { key: "test", title: String::new(), source: String::new(), pieces: vec![piece(0, 20), piece(1, 31), piece(2, 5)] }
    }

    #[test]
    fn silent_units_are_not_measured() {
        let bed = bed();
        assert_eq!(bed.units().len(), 19 + 30 + 4);
        assert!(bed.units().iter().all(|place| place.unit > 0));
        assert_eq!(bed.bars(7).len(), 7);
    }

    #[test]
    fn the_two_lists_of_passages_are_as_long_and_share_no_bar() {
        let bed = bed();
        for count in [1, 3, 100] {
            let [one, other] = bed.passages(count);
            // Three and five passages fit into the pieces, none into the last.
            assert_eq!((one.len(), other.len()), (count.min(4), count.min(4)));
            assert!(one.iter().all(|a| {
                other.iter().all(|b| a.piece != b.piece || a.units.end <= b.units.start || b.units.end <= a.units.start)
            }));
        }
    }

    #[test]
    fn beyond_a_piece_there_is_silence() {
        let piece = Piece { name: String::new(), audio: vec![1.0, 2.0], units: Vec::new() };
        assert_eq!(piece.window(-1, 4), [0.0, 1.0, 2.0, 0.0]);
    }
}
