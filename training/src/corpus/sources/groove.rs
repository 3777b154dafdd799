//! Groove MIDI: drummers' performances as bars of hits, with their microtiming.
//!
//! Groove MIDI Dataset, Google Magenta, CC-BY 4.0; keys outside General MIDI are remapped and bars warped to other tempi.

use anyhow::{Context, Result};
use serde::Deserialize;

use super::archive::Archive;
use super::midi::{self, Struck};
use crate::corpus::dice::Dice;
use crate::corpus::score::style::Style;
use crate::corpus::split::Split;

/// The table in the archive.
pub const TABLE: &str = "groove/info.csv";

#[derive(Deserialize)]
struct Row {
    drummer: String,
    style: String,
    bpm: f64,
    beat_type: String,
    time_signature: String,
    midi_filename: String,
    split: String,
}

/// A struck drum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    /// Felt beats after the bar line; a little below 0 where the drummer is early.
    pub at: f64,
    /// A General MIDI drum.
    pub drum: u8,
    /// 1..=127.
    pub velocity: u8,
}

/// What a drummer played, bar by bar.
#[derive(Clone, Debug, PartialEq)]
pub struct Take {
    /// The genre before the slash.
    pub genre: String,
    /// What comes after it.
    pub detail: String,
    /// Who plays.
    pub drummer: String,
    /// Felt beats a minute.
    pub bpm: f64,
    /// Felt beats in a bar.
    pub beats: usize,
    /// True in 6/8.
    pub is_compound: bool,
    /// The archive's own split.
    pub split: Split,
    /// True for fills, false for time.
    pub is_fill: bool,
    /// Where the notes between beats fall: 0.5 is straight.
    pub swing: f64,
    /// Bars of hits.
    pub bars: Vec<Vec<Hit>>,
}

/// Hits this many felt beats before a bar line belong to it.
const EARLY: f64 = 0.12;

/// Reads every performance in 4/4, 3/4 and 6/8.
pub fn read(archive: &mut Archive) -> Result<Vec<Take>> {
    let rows: Vec<Row> = archive.rows(TABLE)?;
    let mut takes = Vec::new();
    for row in &rows {
        let name = format!("groove/{}", row.midi_filename);
        let score = midi::read(&archive.read(&name)?).with_context(|| format!("cannot read {name}"))?;
        takes.extend(take(row, &score.tracks.concat()));
    }
    Ok(takes)
}

fn take(row: &Row, notes: &[Struck]) -> Option<Take> {
    let (beats, quarters) = match row.time_signature.as_str() {
        "4-4" => (4, 1.0),
        "3-4" => (3, 1.0),
        "6-8" => (2, 1.5),
        _ => return None,
    };
    let split = match row.split.as_str() {
        "train" => Split::Train,
        "validation" => Split::Validation,
        "test" => Split::Test,
        _ => return None,
    };
    let mut bars: Vec<Vec<Hit>> = Vec::new();
    for note in notes {
        let at = note.at / quarters;
        let bar = ((at + EARLY) / beats as f64).floor().max(0.0) as usize;
        if bars.len() <= bar {
            bars.resize(bar + 1, Vec::new());
        }
        bars[bar].push(Hit { at: at - (bar * beats) as f64, drum: general_midi(note.pitch), velocity: note.velocity });
    }
    // The last bar is usually one hit, or breaks off.
    bars.pop_if(|last| last.len() < 4);
    let first = bars.iter().position(|bar| bar.len() >= 3)?;
    bars.drain(..first);
    let (genre, detail) = row.style.split_once('/').unwrap_or((&row.style, ""));
    let swing = swing_of(&bars);
    Some(Take {
        genre: genre.to_owned(),
        detail: detail.to_owned(),
        drummer: row.drummer.clone(),
        bpm: row.bpm / quarters,
        beats,
        is_compound: quarters > 1.0,
        split,
        is_fill: row.beat_type == "fill",
        swing,
        bars,
    })
}

/// The kit that was recorded speaks of rims and edges where General MIDI has other drums.
fn general_midi(key: u8) -> u8 {
    match key {
        22 => 42,
        26 => 46,
        58 => 43,
        40 => 38,
        47 => 45,
        50 => 48,
        52 => 57,
        55 => 49,
        other => other,
    }
}

/// The median place of hits in the middle of beats, on cymbals and hats; 0.5 where there are few.
fn swing_of(bars: &[Vec<Hit>]) -> f64 {
    const TIME: [u8; 6] = [42, 44, 46, 51, 53, 59];
    let mut places: Vec<f64> = bars
        .iter()
        .flatten()
        .filter(|hit| TIME.contains(&hit.drum))
        .map(|hit| hit.at.rem_euclid(1.0))
        .filter(|place| (0.42..0.74).contains(place))
        .collect();
    if places.len() < 6 {
        return 0.5;
    }
    places.sort_by(f64::total_cmp);
    places[places.len() / 2]
}

/// A piece of that style, tempo (felt beats a minute) and swing, that wants a drummer.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// How it is played.
    pub style: Style,
    /// Felt beats a minute.
    pub bpm: f64,
    /// Where the second eighth falls.
    pub swing: f64,
    /// Only takes of the same split are given.
    pub split: Split,
}

/// A take that suits the piece, drawn from those that do. `None` where there is none.
pub fn choose<'a>(takes: &'a [Take], wanted: &Wanted, is_fill: bool, dice: &mut Dice) -> Option<&'a Take> {
    let reach = if is_fill { 1.6 } else { 1.33 };
    let suits = |take: &&Take| {
        let ratio = (take.bpm / wanted.bpm).max(wanted.bpm / take.bpm);
        take.split == wanted.split && take.is_fill == is_fill && ratio < reach && plays(take, wanted.style)
    };
    let fitting: Vec<(&Take, f64)> = takes
        .iter()
        .filter(suits)
        .map(|take| {
            let away = (take.bpm / wanted.bpm).ln().abs() * 4.0 + (take.swing - wanted.swing).abs() * 8.0;
            (take, (take.bars.len() as f64).sqrt() * (-away).exp())
        })
        .collect();
    (!fitting.is_empty()).then(|| dice.weighted(&fitting))
}

/// Whether a drummer's genre and feel are the style's.
fn plays(take: &Take, style: Style) -> bool {
    let genre = take.genre.as_str();
    let straight = take.swing < 0.56;
    let in_four = take.beats == 4 && !take.is_compound;
    match style {
        Style::MediumSwing | Style::FastSwing | Style::TwoFeel | Style::Stride => {
            in_four
                && genre == "jazz"
                && (take.is_fill || !straight)
                && !matches!(take.detail.as_str(), "funk" | "fusion" | "linear")
        }
        Style::Ballad => in_four && genre == "jazz" && !straight && take.detail != "funk",
        Style::Bossa => in_four && straight && (take.detail.starts_with("brazilian") || genre == "latin"),
        Style::Funk => in_four && straight && (matches!(genre, "funk" | "soul" | "hiphop") || take.detail == "funk"),
        Style::Waltz => take.beats == 3,
        Style::SixEight => take.is_compound,
        Style::TwelveEight => {
            in_four && take.swing > 0.6 && (take.detail.contains("shuffle") || genre == "blues" || genre == "gospel")
        }
        Style::Five => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::sources::testing::{archive, ours};

    fn takes() -> Vec<Take> {
        let files = ours::groove();
        let entries: Vec<(&str, &[u8])> = files.iter().map(|(name, content)| (name.as_str(), content.as_slice())).collect();
        read(&mut crate::corpus::sources::testing::archive_of("groove", &entries)).unwrap()
    }

    #[test]
    fn a_performance_is_cut_into_bars_and_remapped() {
        let takes = takes();
        let swing = &takes[0];
        assert_eq!((swing.genre.as_str(), swing.beats, swing.bars.len(), swing.split), ("jazz", 4, 4, Split::Train));
        assert!((swing.swing - 2.0 / 3.0).abs() < 0.01, "{}", swing.swing);
        assert!(swing.bars.iter().flatten().all(|hit| hit.drum != 22 && (-EARLY..4.0).contains(&hit.at)));
        assert!(swing.bars.iter().flatten().any(|hit| hit.drum == 42), "key 22 is a closed hat");
    }

    #[test]
    fn no_drummer_leaves_the_split() {
        let takes = takes();
        let wanted = |split| Wanted { style: Style::MediumSwing, bpm: 150.0, swing: 0.66, split };
        let dice = &mut Dice::new(1, "test");
        assert!(choose(&takes, &wanted(Split::Train), false, dice).is_some());
        assert!(choose(&takes, &wanted(Split::Test), false, dice).is_none());
        let far = Wanted { bpm: 290.0, ..wanted(Split::Train) };
        assert!(choose(&takes, &far, false, dice).is_none(), "a tempo too far away is not warped");
    }

    #[test]
    fn an_archive_without_its_table_is_named() {
        let error = format!("{:#}", read(&mut archive("empty", &[("groove/other.txt", "")])).unwrap_err());
        assert!(error.contains(TABLE), "{error}");
    }
}
