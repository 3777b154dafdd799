//! Nottingham's folk tunes: melody and block chords from MIDI files. GPL-3: copyleft sets only.

use anyhow::{Context, Result};

use super::archive::Archive;
use super::changes::{Changes, Count, Run, bars};
use super::midi::{self, Score, Struck};
use crate::corpus::score::harmony::{Chord, Quality};
use crate::corpus::score::melody::TuneNote;

/// The folder of whole tunes in the archive; its sub-folders hold melody and chords apart and are not read.
pub const FOLDER: &str = "nottingham/MIDI/";

/// Reads all tunes whose metre the arranger plays and that have eight bars or more.
pub fn read(archive: &mut Archive) -> Result<Vec<Changes>> {
    let is_tune = |name: &str| name.strip_prefix(FOLDER).is_some_and(|rest| rest.ends_with(".mid") && !rest.contains('/'));
    let mut tunes = Vec::new();
    for name in archive.names(is_tune) {
        let score = midi::read(&archive.read(&name)?).with_context(|| format!("cannot read {name}"))?;
        tunes.extend(tune(&score, name[FOLDER.len()..].trim_end_matches(".mid")));
    }
    Ok(tunes)
}

/// Files are padded so that a pick-up ends with the first bar: that bar has no chords and is left out.
fn tune(score: &Score, name: &str) -> Option<Changes> {
    let [metre] = score.metres[..] else { return None };
    let count = Count::of(metre.0, metre.1)?;
    let (melody, chords) = (score.tracks.first()?, score.tracks.get(1)?);
    let (sharps, is_minor) = score.key?;
    let key = (7 * sharps - if is_minor { 3 } else { 0 }).rem_euclid(12);
    let quarters = count.beats() as f64 * count.quarters();
    let start = (chords.first()?.at / quarters).floor() * quarters;
    let end = chords.iter().map(|note| note.at + note.length).fold(start, f64::max);
    let struck: Vec<&[Struck]> = chords.chunk_by(|a, b| (a.at - b.at).abs() < 0.01).collect();
    let run = |index: usize| {
        let notes = struck[index];
        let until = struck.get(index + 1).map_or(end, |next| next[0].at);
        let pitches: Vec<u8> = notes.iter().map(|note| note.pitch).collect();
        Run { chord: named(&pitches), quarters: until - notes[0].at, letter: 'A', opens: false }
    };
    let lead_in = Run { chord: None, quarters: struck[0][0].at - start, letter: 'A', opens: false };
    let runs: Vec<Run> = std::iter::once(lead_in).chain((0..struck.len()).map(run)).collect();
    let mut bars = bars(&runs, count, key);
    let total = bars.len();
    for (index, bar) in bars.iter_mut().enumerate() {
        (bar.bar_in_section, bar.section_length) = (index % 8, 8.min(total - index / 8 * 8));
        bar.letter = char::from(b'A' + (index / 8 % 4) as u8);
    }
    (total >= 8).then(|| Changes {
        label: format!("nottingham {name}"),
        title: format!("nottingham {name}"),
        origin: "nottingham",
        count,
        tune: melody_of(melody, start, count, key, total),
        bars,
    })
}

/// The melody in felt beats from the first bar line, on a grid of twelfths, in C.
fn melody_of(notes: &[Struck], start: f64, count: Count, key: i32, bars: usize) -> Vec<TuneNote> {
    let beats = count.beats() as f64;
    let place = |note: &Struck| ((note.at - start) / count.quarters() * 12.0).round() / 12.0;
    let inside = |note: &&Struck| (0.0..bars as f64 * beats).contains(&place(note));
    let note = |note: &Struck| {
        let at = place(note);
        let duration = (note.length / count.quarters() * 0.95).clamp(0.1, 4.0);
        TuneNote { bar: (at / beats) as usize, at: at % beats, duration, pitch: i32::from(note.pitch) - key }
    };
    notes.iter().filter(inside).map(note).collect()
}

/// The chord of a struck group: its lowest note is the root where thirds and fifths agree, else any root that explains it best.
fn named(pitches: &[u8]) -> Option<Chord> {
    const KINDS: [(&[u8], Quality); 5] = [
        (&[0, 4, 7, 10], Quality::Dominant7),
        (&[0, 3, 7, 10], Quality::Minor7),
        (&[0, 3, 6], Quality::Diminished7),
        (&[0, 4, 7], Quality::Major6),
        (&[0, 3, 7], Quality::Minor6),
    ];
    let lowest = *pitches.iter().min()?;
    let of_root = |root: u8| {
        let classes: std::collections::BTreeSet<u8> = pitches.iter().map(|pitch| (pitch + 12 - root % 12) % 12).collect();
        let fits = |kind: &[u8]| kind.len() == classes.len() && kind.iter().all(|tone| classes.contains(tone));
        KINDS.iter().find(|(kind, _)| fits(kind)).map(|(_, quality)| Chord::new(i32::from(root), *quality))
    };
    (0..12).map(|step| (lowest + step) % 12).find_map(of_root).or(Some(Chord::new(i32::from(lowest), Quality::Major6)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chord(at: f64, length: f64, pitches: &[u8]) -> Vec<Struck> {
        pitches.iter().map(|pitch| Struck { at, length, pitch: *pitch, velocity: 80 }).collect()
    }

    #[test]
    fn a_jig_is_two_dotted_beats_without_its_pick_up() {
        let chords: Vec<Struck> = (1..=8).flat_map(|bar| chord(f64::from(bar) * 3.0, 3.0, &[43, 47, 50])).collect();
        let melody: Vec<Struck> = (5..54).map(|eighth| chord(f64::from(eighth) * 0.5, 0.5, &[67])[0]).collect();
        let score = Score { tracks: vec![melody, chords], metres: vec![(6, 8)], key: Some((1, false)) };
        let tune = tune(&score, "ours").unwrap();
        assert_eq!((tune.count, tune.bars.len()), (Count::Dotted(2), 8));
        assert!(tune.bars.iter().all(|bar| bar.chords[0].chord == Chord::new(0, Quality::Major6)), "G in G is C in C");
        assert_eq!(tune.tune.len(), 48, "the pick-up is left out");
        assert_eq!((tune.tune[1].at * 3.0).round(), 1.0, "an eighth is a third of the beat");
        assert!(tune.tune.iter().all(|note| note.pitch == 60));
    }

    #[test]
    fn block_chords_are_named_from_their_tones() {
        assert_eq!(named(&[43, 47, 50, 53]), Some(Chord::new(7, Quality::Dominant7)));
        assert_eq!(named(&[40, 43, 47]), Some(Chord::new(4, Quality::Minor6)));
        assert_eq!(named(&[47, 50, 55]), Some(Chord::new(7, Quality::Major6)), "first inversion");
        assert_eq!(named(&[]), None);
    }
}
