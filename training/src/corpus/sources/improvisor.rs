//! Impro-Visor's chord sheets: titles, metres and changes. Melodies are skipped, for some are in copyright. GPL-2+: copyleft sets only.

use anyhow::Result;

use super::archive::Archive;
use super::changes::{Changes, Count, Run, bars};
use super::symbols;

/// The folder of sheets in the archive.
pub const FOLDER: &str = "leadsheets/imaginary-book/";

/// Reads all sheets whose metre the arranger plays and that have eight bars or more.
pub fn read(archive: &mut Archive) -> Result<Vec<Changes>> {
    let mut tunes = Vec::new();
    for (number, name) in archive.names(|name| name.starts_with(FOLDER) && name.ends_with(".ls")).iter().enumerate() {
        let content = archive.read(name)?;
        tunes.extend(sheet(&String::from_utf8_lossy(&content), number));
    }
    Ok(tunes)
}

/// A piece of a sheet: a parenthesised block without its outer parentheses, or a word.
enum Token<'a> {
    Block(&'a str),
    Word(&'a str),
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let (mut depth, mut block, mut word) = (0_usize, 0, None);
    for (at, character) in text.char_indices() {
        if depth == 0
            && (character.is_whitespace() || character == '(' || character == '|')
            && let Some(start) = word.take()
        {
            found.push(Token::Word(&text[start..at]));
        }
        match character {
            '(' => {
                if depth == 0 {
                    block = at + 1;
                }
                depth += 1;
            }
            ')' if depth == 1 => {
                depth = 0;
                found.push(Token::Block(&text[block..at]));
            }
            ')' => depth = depth.saturating_sub(1),
            '|' if depth == 0 => found.push(Token::Word("|")),
            _ if depth == 0 && !character.is_whitespace() && word.is_none() => word = Some(at),
            _ => {}
        }
    }
    found.extend(word.map(|start| Token::Word(&text[start..])));
    found
}

fn sheet(text: &str, number: usize) -> Option<Changes> {
    let (mut title, mut meter, mut sharps, mut in_chords) = ("", (4, 4), 0_i32, true);
    let mut bar: Vec<&str> = Vec::new();
    let mut written: Vec<Vec<&str>> = Vec::new();
    for token in tokens(text) {
        match token {
            Token::Block(block) => match block.split_whitespace().next() {
                Some("title") if title.is_empty() => title = block["title".len()..].trim(),
                Some("meter") => meter = pair(&block["meter".len()..])?,
                Some("key") => sharps = block["key".len()..].trim().parse().ok()?,
                Some("part") => in_chords = block.contains("(type chords)"),
                _ => {}
            },
            Token::Word("|") if !bar.is_empty() => written.push(std::mem::take(&mut bar)),
            // A melody before any part is marked: notes open with a small letter, chords with a capital one.
            Token::Word(word) if in_chords && (word == "/" || word.starts_with(|c: char| c.is_ascii_uppercase())) => {
                bar.push(word)
            }
            Token::Word(_) => {}
        }
    }
    let count = Count::of(meter.0, meter.1)?;
    let quarters = count.beats() as f64 * count.quarters();
    let is_double = meter == (6, 4);
    let mut runs = Vec::new();
    for chords in &written {
        let length = quarters * if is_double { 2.0 } else { 1.0 };
        let each = length / chords.len() as f64;
        runs.extend(chords.iter().map(|word| Run { chord: symbols::chord(word), quarters: each, letter: 'A', opens: false }));
    }
    let key = (7 * sharps).rem_euclid(12);
    let mut bars = if runs.is_empty() { Vec::new() } else { bars(&runs, count, key) };
    // Sheets mark no sections: eight bars are the usual phrase.
    let total = bars.len();
    for (index, bar) in bars.iter_mut().enumerate() {
        (bar.bar_in_section, bar.section_length) = (index % 8, 8.min(total - index / 8 * 8));
        bar.letter = char::from(b'A' + (index / 8 % 4) as u8);
    }
    (total >= 8 && !title.is_empty()).then(|| Changes {
        label: format!("improvisor {number}"),
        title: title.to_owned(),
        origin: "improvisor",
        count,
        bars,
        tune: Vec::new(),
    })
}

fn pair(text: &str) -> Option<(usize, usize)> {
    let mut numbers = text.split_whitespace().map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sheet_gives_its_changes_and_never_its_melody() {
        let text = "(title Ours)\n(meter 4 4)\n(key -1)\n(part (type chords) (title x))\n(section (style swing))\n\
            Gm7 / C7 C7b9 | FM7 | / | NC | Bb7#11 | / | Am7 D7 | Gm7 C7 |\n\
            (part (type melody) (stave treble))\n G4 c+8 d8 r2 | A4 |";
        let tune = sheet(text, 3).unwrap();
        assert_eq!((tune.label.as_str(), tune.title.as_str(), tune.bars.len()), ("improvisor 3", "Ours", 8));
        let names: Vec<String> = tune.bars[0].chords.iter().map(|one| format!("{}@{}", one.chord, one.at)).collect();
        assert_eq!(names, ["Dm7@0", "G7@2", "G7alt@3"]);
        assert_eq!(tune.bars[2].chords[0].chord.to_string(), "Cmaj7");
        assert!(tune.tune.is_empty());
    }

    #[test]
    fn a_sheet_in_a_metre_nobody_plays_is_left_out() {
        assert_eq!(sheet("(title Ours) (meter 7 8) C | C | C | C | C | C | C | C |", 0), None);
    }
}
