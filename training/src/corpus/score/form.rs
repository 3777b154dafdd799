//! Song forms: bars with changes, written in C and varied for each composition.
//!
//! All changes are common-practice harmony written for this project: blues, rhythm changes, turnarounds, ii–V chains, modal and
//! vamp forms. A bar is split evenly among its chords; `%` repeats the bar before.

use super::harmony::{Chord, Quality};
use super::style::Style;
use crate::corpus::dice::Dice;

/// A chord at a place in its bar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Placed {
    /// Beats after the bar line.
    pub at: f64,
    /// The chord, until the next one.
    pub chord: Chord,
}

/// One bar of a form.
#[derive(Clone, Debug, PartialEq)]
pub struct FormBar {
    /// The section's letter.
    pub letter: char,
    /// Bars since the section began.
    pub bar_in_section: usize,
    /// Bars of the section.
    pub section_length: usize,
    /// The chords, the first at 0.
    pub chords: Vec<Placed>,
}

impl FormBar {
    /// True for the bar that opens a section.
    pub fn opens(&self) -> bool {
        self.bar_in_section == 0
    }

    /// True for the bar that closes a section.
    pub fn closes(&self) -> bool {
        self.bar_in_section + 1 == self.section_length
    }
}

/// A chorus: the bars that are repeated with another soloist.
#[derive(Clone, Debug, PartialEq)]
pub struct Form {
    /// The template's name.
    pub name: String,
    /// The bars, in order.
    pub bars: Vec<FormBar>,
}

impl Form {
    /// The form moved up by `semitones`.
    pub fn transposed(&self, semitones: i32) -> Self {
        let mut moved = self.clone();
        for placed in moved.bars.iter_mut().flat_map(|bar| &mut bar.chords) {
            placed.chord = placed.chord.transposed(semitones);
        }
        moved
    }
}

/// A form before a composition makes it its own.
pub struct Template {
    /// What the form is called.
    pub name: &'static str,
    styles: &'static [Style],
    /// A letter and the changes of each section, in playing order.
    sections: &'static [(char, &'static str)],
}

use Style::{Ballad, Bossa, FastSwing, Funk, MediumSwing, Waltz};

/// The book.
pub const BOOK: &[Template] = &[
    Template {
        name: "jazz blues",
        styles: &[MediumSwing, FastSwing],
        sections: &[
            ('A', "C7 | F7 | C7 | Gm7 C7"),
            ('B', "F7 | F#dim7 | C7 | Em7b5 A7alt"),
            ('C', "Dm7 | G7 | C7 A7alt | Dm7 G7"),
        ],
    },
    Template {
        name: "plain blues",
        styles: &[MediumSwing, Funk],
        sections: &[('A', "C7 | % | % | %"), ('B', "F7 | % | C7 | %"), ('C', "G7 | F7 | C7 | G7")],
    },
    Template {
        name: "blues with ii-V chains",
        styles: &[MediumSwing, FastSwing],
        sections: &[
            ('A', "Cmaj7 | Bm7b5 E7alt | Am7 D7 | Gm7 C7"),
            ('B', "F7 | Fm7 Bb7 | Em7 A7 | Ebm7 Ab7"),
            ('C', "Dm7 | G7 | Em7 A7alt | Dm7 G7"),
        ],
    },
    Template {
        name: "minor blues",
        styles: &[MediumSwing, FastSwing, Ballad],
        sections: &[('A', "Cm7 | Fm7 | Cm7 | C7alt"), ('B', "Fm7 | % | Cm6 | %"), ('C', "Ab7 | G7alt | Cm6 | Dm7b5 G7alt")],
    },
    Template {
        name: "rhythm changes",
        styles: &[FastSwing, MediumSwing],
        sections: &[
            ('A', "C6 A7alt | Dm7 G7 | Em7 A7alt | Dm7 G7 | Gm7 C7 | F6 F#dim7 | C6 A7 | Dm7 G7"),
            ('A', "C6 A7alt | Dm7 G7 | Em7 A7alt | Dm7 G7 | Gm7 C7 | F6 Bb7 | Dm7 G7 | C6"),
            ('B', "E7 | % | A7 | % | D7 | % | G7 | %"),
            ('A', "C6 A7alt | Dm7 G7 | Em7 A7alt | Dm7 G7 | Gm7 C7 | F6 Bb7 | Dm7 G7 | C6"),
        ],
    },
    Template {
        name: "sixteen-bar turnaround",
        styles: &[MediumSwing, FastSwing, Bossa],
        sections: &[
            ('A', "Cmaj7 | A7alt | Dm7 | G7 | Em7 | A7alt | Dm7 | G7"),
            ('B', "Gm7 | C7 | Fmaj7 | Bb7 | Em7 A7alt | Dm7 G7 | Cmaj7 A7alt | Dm7 G7"),
        ],
    },
    Template {
        name: "minor turnaround",
        styles: &[MediumSwing, Bossa, Ballad],
        sections: &[
            ('A', "Cm6 | Am7b5 | Dm7b5 | G7alt | Cm7 Bb7 | Abmaj7 | Dm7b5 G7alt | Cm6"),
            ('A', "Cm6 | Am7b5 | Dm7b5 | G7alt | Cm7 Bb7 | Abmaj7 | Dm7b5 G7alt | Cm6"),
            ('B', "Fm7 | Bb7 | Ebmaj7 | Abmaj7 | Dm7b5 | G7alt | Cm7 | Ab7 G7alt"),
            ('A', "Cm6 | Am7b5 | Dm7b5 | G7alt | Cm7 Bb7 | Abmaj7 | Dm7b5 G7alt | Cm6"),
        ],
    },
    Template {
        name: "modal",
        styles: &[MediumSwing, FastSwing, Funk],
        sections: &[
            ('A', "Dm7 | % | % | % | % | % | % | %"),
            ('A', "Dm7 | % | % | % | % | % | % | %"),
            ('B', "Ebm7 | % | % | % | % | % | % | %"),
            ('A', "Dm7 | % | % | % | % | % | % | %"),
        ],
    },
    Template {
        name: "modal pairs",
        styles: &[MediumSwing, Waltz, Bossa],
        sections: &[('A', "Cm7 | % | % | % | Abmaj7 | % | % | %"), ('B', "Fm7 | % | Dbmaj7 | % | Bb7sus | % | G7sus | G7alt")],
    },
    Template {
        name: "song in two halves",
        styles: &[MediumSwing, FastSwing, Ballad],
        sections: &[
            ('A', "Cmaj7 | Fm7 Bb7 | Cmaj7 | Gm7 C7 | Fmaj7 | Bb7 | Em7 A7alt | Dm7 G7"),
            ('B', "Am7 | D7 | Dm7 | G7 | Em7b5 | A7alt | Dm7 | G7"),
            ('A', "Cmaj7 | Fm7 Bb7 | Cmaj7 | Gm7 C7 | Fmaj7 | Bb7 | Em7 A7alt | Dm7 G7"),
            ('C', "Fmaj7 | F#dim7 | Em7 | A7alt | Dm7 | G7 | C6 Eb7 | Abmaj7 G7"),
        ],
    },
    Template {
        name: "song with a travelling bridge",
        styles: &[MediumSwing, Ballad, Bossa],
        sections: &[
            ('A', "Cmaj7 | Em7b5 A7alt | Dm7 | Fm6 | Em7 | Ebdim7 | Dm7 G7 | C6"),
            ('A', "Cmaj7 | Em7b5 A7alt | Dm7 | Fm6 | Em7 | Ebdim7 | Dm7 G7 | C6"),
            ('B', "Fm7 | Bb7 | Ebmaj7 | % | Am7 | D7 | Gmaj7 | Dm7 G7"),
            ('A', "Cmaj7 | Em7b5 A7alt | Dm7 | Fm6 | Em7 | Ebdim7 | Dm7 G7 | C6"),
        ],
    },
    Template {
        name: "major thirds",
        styles: &[FastSwing, MediumSwing],
        sections: &[
            ('A', "Cmaj7 | Bbm7 Eb7 | Abmaj7 | F#m7 B7 | Emaj7 | Dm7 G7 | Cmaj7 | Dm7 G7"),
            ('B', "Em7 | A7 | Ebm7 Ab7 | Dbmaj7 | Dm7 | G7 | Cmaj7 | Dm7 G7"),
        ],
    },
    Template {
        name: "waltz blues",
        styles: &[Waltz],
        sections: &[
            ('A', "C7 | % | F7 | % | C7 | % | Gm7 | C7"),
            ('B', "F7 | % | F#dim7 | % | C7 | % | Em7b5 | A7alt"),
            ('C', "Dm7 | % | G7 | % | C7 | A7alt | Dm7 | G7"),
        ],
    },
    Template {
        name: "minor waltz",
        styles: &[Waltz],
        sections: &[
            ('A', "Cm7 | Fm7 | Bb7 | Ebmaj7 | Abmaj7 | Dm7b5 | G7alt | Cm7"),
            ('B', "Fm7 | Bb7 | Ebmaj7 | Abmaj7 | Dm7b5 | G7alt | Cm6 | G7alt"),
        ],
    },
    Template {
        name: "waltz song",
        styles: &[Waltz],
        sections: &[
            ('A', "Cmaj7 | Am7 | Dm7 | G7 | Em7 | A7alt | Dm7 | G7"),
            ('A', "Cmaj7 | Am7 | Dm7 | G7 | Em7 A7alt | Dm7 G7 | C6 | %"),
            ('B', "Gm7 | C7 | Fmaj7 | % | Am7 | D7 | Dm7 | G7"),
            ('A', "Cmaj7 | Am7 | Dm7 | G7 | Em7 A7alt | Dm7 G7 | C6 | Dm7 G7"),
        ],
    },
    Template {
        name: "sixteen-bar waltz",
        styles: &[Waltz, Ballad],
        sections: &[
            ('A', "Cmaj7 | Bm7b5 | E7alt | Am7 | Gm7 | C7 | Fmaj7 | Fm6"),
            ('B', "Em7 | A7alt | Dm7 | G7 | Ebmaj7 | Abmaj7 | Dm7 G7 | C6"),
        ],
    },
    Template {
        name: "sixteen-bar bossa",
        styles: &[Bossa],
        sections: &[
            ('A', "Cm7 | % | Fm7 | % | Dm7b5 | G7alt | Cm7 | %"),
            ('B', "Ebm7 | Ab7 | Dbmaj7 | % | Dm7b5 | G7alt | Cm6 | Dm7b5 G7alt"),
        ],
    },
    Template {
        name: "bossa song",
        styles: &[Bossa],
        sections: &[
            ('A', "Cmaj7 | % | D7 | % | Dm7 | G7 | Cmaj7 | Db7"),
            ('A', "Cmaj7 | % | D7 | % | Dm7 | G7 | Cmaj7 | %"),
            ('B', "Fmaj7 | % | Bb7 | % | Am7 | D7 | Abmaj7 | Dm7 G7"),
            ('A', "Cmaj7 | % | D7 | % | Dm7 | G7 | Cmaj7 | Dm7 Db7"),
        ],
    },
    Template {
        name: "funk vamp",
        styles: &[Funk],
        sections: &[
            ('A', "Dm7 | G7 | Dm7 | G7 | Dm7 | G7 | Dm7 | G7"),
            ('A', "Dm7 | G7 | Dm7 | G7 | Dm7 | G7 | Dm7 | A7alt"),
            ('B', "Bbmaj7 | A7alt | Dm7 | C7 | Bbmaj7 | A7alt | Em7b5 | A7alt"),
        ],
    },
    Template {
        name: "one-chord funk",
        styles: &[Funk],
        sections: &[
            ('A', "E7 | % | % | % | % | % | % | %"),
            ('A', "E7 | % | % | % | % | % | % | B7sus"),
            ('B', "A7 | % | C7 | B7alt | A7 | % | F#m7 | B7sus"),
        ],
    },
    Template {
        name: "soul ballad",
        styles: &[Ballad, Funk],
        sections: &[
            ('A', "Cmaj7 | E7alt | Am7 | Gm7 C7 | Fmaj7 | Fm6 | Em7 Am7 | Dm7 G7sus"),
            ('B', "Fmaj7 | Em7 | Dm7 | Cmaj7 | Bm7b5 | E7alt | Am7 D7 | G7sus"),
        ],
    },
];

/// The form of a composition: a template the style knows, with some of its changes substituted.
pub fn compose(style: Style, dice: &mut Dice) -> Form {
    let known: Vec<&Template> = BOOK.iter().filter(|template| template.styles.contains(&style.kin())).collect();
    let template = dice.pick(&known);
    let mut form = read(template, style.beats());
    substitute(&mut form, style, dice);
    form
}

/// A form of changes that were written for bars of another number of beats: chords keep their place in the bar, moved to the
/// nearest beat.
pub fn rebar(bars: &[FormBar], from: usize, to: usize) -> Vec<FormBar> {
    let moved = |at: f64| (at * to as f64 / from as f64).round().min(to as f64 - 1.0);
    let bar = |bar: &FormBar| {
        let mut chords: Vec<Placed> = Vec::new();
        for placed in &bar.chords {
            let at = moved(placed.at);
            chords.retain(|earlier| earlier.at < at);
            chords.push(Placed { at, chord: placed.chord });
        }
        chords[0].at = 0.0;
        FormBar { chords, ..bar.clone() }
    };
    bars.iter().map(bar).collect()
}

/// At most `most` bars of a long form, from the start of a section on, whole sections where they fit.
pub fn shortened(bars: Vec<FormBar>, most: usize, dice: &mut Dice) -> Vec<FormBar> {
    if bars.len() <= most {
        return bars;
    }
    let starts: Vec<usize> = (0..bars.len()).filter(|index| bars[*index].opens() && bars.len() - index >= 16.min(most)).collect();
    let first = if starts.is_empty() { 0 } else { *dice.pick(&starts) };
    let last = (first + most).min(bars.len());
    let whole = (first + 8..=last).rev().find(|end| *end == bars.len() || bars[*end].opens()).unwrap_or(last);
    let mut kept = bars[first..whole].to_vec();
    let open = kept.iter().rposition(FormBar::opens).unwrap_or(0);
    let length = kept.len() - open;
    kept[open..].iter_mut().for_each(|bar| bar.section_length = length);
    kept
}

/// The template's bars as written.
pub fn read(template: &Template, beats: usize) -> Form {
    let mut bars: Vec<FormBar> = Vec::new();
    for (letter, changes) in template.sections {
        let written: Vec<&str> = changes.split('|').map(str::trim).collect();
        for (bar_in_section, text) in written.iter().enumerate() {
            let chords = match *text {
                "%" => bars.last().expect("a form opens with a chord").chords.clone(),
                names => read_bar(names, beats),
            };
            bars.push(FormBar { letter: *letter, bar_in_section, section_length: written.len(), chords });
        }
    }
    Form { name: template.name.to_owned(), bars }
}

/// `Dm7 G7` as chords that share the bar: of three beats the first takes two.
fn read_bar(names: &str, beats: usize) -> Vec<Placed> {
    let chords: Vec<Chord> =
        names.split_whitespace().map(|name| Chord::parse(name).expect("the book spells its chords")).collect();
    let each = beats.div_ceil(chords.len());
    chords.into_iter().enumerate().map(|(index, chord)| Placed { at: (index * each) as f64, chord }).collect()
}

/// Substitutes as players do: a ii before a long V, a tritone for a V, altered dominants before minor, sixths for sevenths.
fn substitute(form: &mut Form, style: Style, dice: &mut Dice) {
    let beats = style.beats();
    let vamps = style == Style::Funk;
    let original = form.clone();
    for index in 0..form.bars.len() {
        let after = original.bars[(index + 1) % original.bars.len()].chords[0].chord;
        let chords = &mut form.bars[index].chords;
        let last = chords[chords.len() - 1].chord;
        let resolves = last.quality.is_dominant() && (last.root + 5) % 12 == after.root;
        let alone = chords.len() == 1;
        if resolves && alone && !vamps && dice.chance(0.3) {
            let quality = if after.quality.is_minor() { Quality::HalfDiminished } else { Quality::Minor7 };
            let at = beats.div_ceil(2) as f64;
            *chords = vec![Placed { at: 0.0, chord: last.transposed(7) }, Placed { at, chord: last }];
            chords[0].chord.quality = quality;
        } else if resolves && dice.chance(0.12) {
            let place = chords.len() - 1;
            chords[place].chord = Chord::new(i32::from(last.root) + 6, Quality::Dominant7);
        } else if resolves && after.quality.is_minor() && dice.chance(0.6) {
            let place = chords.len() - 1;
            chords[place].chord.quality = Quality::Altered7;
        }
        for placed in chords.iter_mut() {
            placed.chord.quality = match placed.chord.quality {
                Quality::Major7 if dice.chance(0.2) => Quality::Major6,
                Quality::Major6 if dice.chance(0.2) => Quality::Major7,
                Quality::Dominant7 if dice.chance(0.06) => Quality::Suspended7,
                other => other,
            };
        }
    }
}
