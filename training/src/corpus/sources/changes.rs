//! The changes of a tune, from whatever archive: bars of chords in C, and a melody where one may be used.

use crate::corpus::score::form::{FormBar, Placed};
use crate::corpus::score::harmony::Chord;
use crate::corpus::score::melody::TuneNote;

/// How a tune's bars are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// Beats of a quarter note.
    Quarters(usize),
    /// Beats of a dotted quarter note: two in 6/8, four in 12/8.
    Dotted(usize),
}

impl Count {
    /// Felt beats in a bar.
    pub fn beats(self) -> usize {
        match self {
            Count::Quarters(beats) | Count::Dotted(beats) => beats,
        }
    }

    /// Quarter notes in a felt beat.
    pub fn quarters(self) -> f64 {
        match self {
            Count::Quarters(_) => 1.0,
            Count::Dotted(_) => 1.5,
        }
    }

    /// The count of a written metre that the arranger plays: 2 to 5 quarters, 6/8 or 12/8; 6/4 counts as three twice.
    pub fn of(numerator: usize, denominator: usize) -> Option<Self> {
        match (numerator, denominator) {
            (3..=5, 4) => Some(Count::Quarters(numerator)),
            (6, 4) => Some(Count::Quarters(3)),
            (2, 2) => Some(Count::Quarters(4)),
            (6, 8) => Some(Count::Dotted(2)),
            (12, 8) => Some(Count::Dotted(4)),
            _ => None,
        }
    }
}

/// A tune somebody wrote down.
#[derive(Clone, Debug, PartialEq)]
pub struct Changes {
    /// The archive and a number in it: what files call the tune.
    pub label: String,
    /// The title, for the split alone; never written.
    pub title: String,
    /// The archive.
    pub origin: &'static str,
    /// How its bars are counted.
    pub count: Count,
    /// The bars, in C.
    pub bars: Vec<FormBar>,
    /// Its melody, in C; empty where there is none.
    pub tune: Vec<TuneNote>,
}

/// Chords one after another, each with a length in quarter notes and the section it belongs to.
pub struct Run {
    /// The chord; `None` holds the one before.
    pub chord: Option<Chord>,
    /// Quarter notes.
    pub quarters: f64,
    /// A letter; sections change where it or `opens` does.
    pub letter: char,
    /// Opens a section though the letter may stay.
    pub opens: bool,
}

/// Lays chords into bars, moved to C by `key`; the last bar is filled up with its last chord. Chords fall on felt beats; of two
/// that would fall on one, the later stays. Empty when no chord is named.
pub fn bars(runs: &[Run], count: Count, key: i32) -> Vec<FormBar> {
    let beats = count.beats() as f64;
    let Some(mut sounding) = runs.iter().find_map(|run| run.chord).map(|chord| chord.transposed(-key)) else { return Vec::new() };
    let total: f64 = runs.iter().map(|run| run.quarters).sum::<f64>() / count.quarters();
    let bar_count = (total / beats - 1e-6).ceil().max(0.0) as usize;
    let mut found: Vec<FormBar> = Vec::new();
    let (mut at, mut next) = (0.0, 0);
    let mut letter = runs[0].letter;
    for bar in 0..bar_count {
        let (start, end) = (bar as f64 * beats, (bar + 1) as f64 * beats);
        let mut chords = vec![Placed { at: 0.0, chord: sounding }];
        let mut opens = bar == 0;
        while next < runs.len() && at < end - 0.499 {
            let run = &runs[next];
            let place = (at - start).round().clamp(0.0, beats - 1.0);
            if let Some(chord) = run.chord {
                sounding = chord.transposed(-key);
                chords.retain(|placed| placed.at < place);
                if chords.last().is_none_or(|placed| placed.chord != sounding) {
                    chords.push(Placed { at: place, chord: sounding });
                }
            }
            if place == 0.0 && (run.opens || run.letter != letter) {
                opens = true;
            }
            letter = run.letter;
            at += run.quarters / count.quarters();
            next += 1;
        }
        found.push(FormBar { letter, bar_in_section: usize::from(!opens), section_length: 0, chords });
    }
    number_sections(&mut found);
    found
}

/// Counts bars within sections. Before, `bar_in_section` is 0 exactly where one opens.
fn number_sections(bars: &mut [FormBar]) {
    let mut start = 0;
    while start < bars.len() {
        let length = 1 + bars[start + 1..].iter().take_while(|bar| bar.bar_in_section > 0).count();
        for (index, bar) in bars[start..start + length].iter_mut().enumerate() {
            (bar.bar_in_section, bar.section_length) = (index, length);
        }
        start += length;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::sources::symbols;

    fn run(symbol: &str, quarters: f64, letter: char) -> Run {
        Run { chord: symbols::chord(symbol), quarters, letter, opens: false }
    }

    #[test]
    fn chords_fall_into_whole_bars_in_c() {
        let runs = [run("Gm7", 2.0, 'A'), run("C7", 4.0, 'A'), run("Fmaj7", 2.0, 'A'), run("F6", 4.0, 'B'), run("NC", 1.0, 'B')];
        let found = bars(&runs, Count::Quarters(4), 5);
        assert_eq!(found.len(), 4, "three bars and one beat are padded to four bars");
        let names = |bar: usize| found[bar].chords.iter().map(|one| format!("{}@{}", one.chord, one.at)).collect::<Vec<_>>();
        assert_eq!(names(0), ["Dm7@0", "G7@2"]);
        assert_eq!(names(1), ["G7@0", "Cmaj7@2"]);
        assert_eq!(names(2), ["C6@0"]);
        assert_eq!(names(3), ["C6@0"]);
        assert_eq!(found.iter().map(|bar| bar.letter).collect::<String>(), "AABB");
        assert_eq!((found[1].section_length, found[1].bar_in_section), (2, 1));
    }

    #[test]
    fn a_bar_of_six_eight_has_two_beats() {
        let runs = [run("C", 1.5, 'A'), run("G7", 1.5, 'A'), run("C", 3.0, 'A')];
        let found = bars(&runs, Count::Dotted(2), 0);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].chords.iter().map(|placed| placed.at).collect::<Vec<_>>(), [0.0, 1.0]);
    }

    #[test]
    fn no_chord_makes_no_bars() {
        assert_eq!(bars(&[run("NC", 8.0, 'A')], Count::Quarters(4), 0), []);
    }
}
