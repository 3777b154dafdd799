//! The iRb archive: changes of 1,185 tunes as one table, chords in playing order.

use anyhow::Result;
use serde::Deserialize;

use super::archive::Archive;
use super::changes::{Changes, Count, Run, bars};
use super::symbols;

/// The table in the archive.
pub const TABLE: &str = "irb/irb_chords.csv";

/// A row of the table; other columns are not read.
#[derive(Deserialize)]
struct Row {
    chord: String,
    /// Quarter notes.
    duration: f64,
    section: String,
    title: String,
    key: String,
    time: String,
    compid: u32,
}

/// Reads all tunes whose metre the arranger plays and whose chorus has eight bars or more.
pub fn read(archive: &mut Archive) -> Result<Vec<Changes>> {
    let rows: Vec<Row> = archive.rows(TABLE)?;
    Ok(rows.chunk_by(|a, b| a.compid == b.compid).filter_map(tune).collect())
}

fn tune(rows: &[Row]) -> Option<Changes> {
    let first = &rows[0];
    let (numerator, denominator) = first.time.split_once('/')?;
    let count = Count::of(numerator.parse().ok()?, denominator.parse().ok()?)?;
    let key = symbols::root(&first.key)?.0;
    let is_chorus = |row: &&Row| !["Intro", "Verse", "Coda"].contains(&row.section.as_str());
    let mut letter = 'A';
    let mut previous = "";
    let mut runs = Vec::new();
    for row in rows.iter().filter(is_chorus) {
        // Endings and signs go on with the section they close.
        let is_named = row.section.starts_with(['A', 'B', 'C', 'D']) && row.section != "Coda";
        if is_named {
            letter = row.section.chars().next()?;
        }
        let opens = is_named && row.section != previous;
        previous = &row.section;
        runs.push(Run { chord: symbols::chord(&row.chord), quarters: row.duration, letter, opens });
    }
    let bars = (!runs.is_empty()).then(|| bars(&runs, count, key))?;
    (bars.len() >= 8).then(|| Changes {
        label: format!("irb {}", first.compid),
        title: first.title.clone(),
        origin: "irb",
        count,
        bars,
        tune: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::sources::testing::{archive, ours};

    #[test]
    fn tunes_are_read_in_their_own_metre_without_intro_and_coda() {
        let mut archive = archive("irb", &[(TABLE, ours::IRB)]);
        let tunes = read(&mut archive).unwrap();
        assert_eq!(tunes.iter().map(|tune| tune.label.as_str()).collect::<Vec<_>>(), ["irb 1", "irb 2"]);
        let four = &tunes[0];
        assert_eq!((four.count, four.bars.len(), four.title.as_str()), (Count::Quarters(4), 8, "Made Up, for a Test"));
        assert_eq!(four.bars[0].chords[0].chord.to_string(), "Dm7", "the key of F is read in C");
        assert_eq!(four.bars.iter().map(|bar| bar.letter).collect::<String>(), "AAAABBBB");
        assert_eq!(tunes[1].count, Count::Quarters(3));
    }
}
