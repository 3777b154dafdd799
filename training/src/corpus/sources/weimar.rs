//! The Weimar Jazz Database: transcribed solos with annotated beats, chords and an estimated bass.
//!
//! Contains information from the Weimar Jazz Database, made available under the ODbL 1.0. Solos are read into memory for
//! reconstruction and statistics; none is ever written out as notes.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Deserialize;

use super::archive::Archive;
use super::symbols;
use crate::corpus::score::harmony::Chord;

/// The tables in the archive.
pub const TABLES: [&str; 3] = ["wjd/wjd_meta.csv", "wjd/wjd_beats.csv", "wjd/wjd_notes.csv"];

/// A gap between beats that long, in seconds, ends a stretch.
const LONGEST_BEAT: f64 = 2.0;
/// Fewer bars are no stretch.
const FEWEST_BARS: usize = 8;
/// Seconds the last note of a solo lasts, where the table leaves its length blank.
const LAST_NOTE: f64 = 0.3;

#[derive(Deserialize)]
struct MetaRow {
    id: String,
    title: String,
    instrument: String,
    key: String,
    rhythmfeel: String,
}

#[derive(Deserialize)]
struct BeatLine {
    id: String,
    onset: f64,
    duration: Option<f64>,
    period: u32,
    bar: i64,
    beat: u32,
    signature: String,
    chord: String,
    form: String,
    chorus_id: i64,
    bass: Option<f64>,
}

#[derive(Deserialize)]
struct NoteLine {
    id: String,
    bar: i64,
    beat: u32,
    tatum: u32,
    division: u32,
    onset: f64,
    pitch_raw: f64,
    duration: Option<f64>,
}

/// One annotated beat.
#[derive(Clone, Debug, PartialEq)]
pub struct SoloBeat {
    /// Seconds in the recording.
    pub onset: f64,
    /// Number in the bar, from 1.
    pub number: u32,
    /// The chord, at sounding pitch; the one before where none is written.
    pub chord: Chord,
    /// The form's part, such as `A1`.
    pub form: String,
    /// The chorus, from 1; lower in introductions.
    pub chorus: i64,
    /// The bass note as estimated from the recording: often wrong.
    pub bass: Option<i32>,
}

/// One note of the solo.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SoloNote {
    /// Seconds in the recording.
    pub onset: f64,
    /// Seconds it sounds.
    pub duration: f64,
    /// MIDI pitch.
    pub pitch: i32,
    /// Index of its beat in the stretch.
    pub beat: usize,
    /// Place within the beat, in parts of it: tatum (from 1) of division.
    pub place: (u32, u32),
}

/// A stretch of a solo that has whole bars of one metre and no gaps.
#[derive(Clone, Debug, PartialEq)]
pub struct Solo {
    /// The solo's number and the stretch in it: what files call it.
    pub label: String,
    /// The tune, for the split alone; never written.
    pub title: String,
    /// The database's short name of the instrument.
    pub instrument: String,
    /// Pitch class of the key, where one is given.
    pub key: Option<i32>,
    /// The database's word for the rhythm section's feel.
    pub feel: String,
    /// Beats in a bar.
    pub period: u32,
    /// Whole bars of beats.
    pub beats: Vec<SoloBeat>,
    /// When the last beat ends, in seconds of the recording.
    pub end: f64,
    /// The notes by rising onset.
    pub notes: Vec<SoloNote>,
}

/// Reads every stretch of eight bars or more in 3/4, 4/4 or 5/4. Beats of free solos (a period of 1) are dropped.
pub fn read(archive: &mut Archive) -> Result<Vec<Solo>> {
    let [meta, beats, notes] = TABLES;
    let meta: Vec<MetaRow> = archive.rows(meta)?;
    let mut beats_of = by_solo(archive.rows::<BeatLine>(beats)?, |row| &row.id);
    let mut notes_of = by_solo(archive.rows::<NoteLine>(notes)?, |row| &row.id);
    let mut solos = Vec::new();
    for (number, row) in meta.iter().enumerate() {
        let beats = beats_of.remove(&row.id).unwrap_or_default();
        let notes = notes_of.remove(&row.id).unwrap_or_default();
        solos.extend(stretches(number, row, &beats, &notes));
    }
    Ok(solos)
}

fn by_solo<Row>(rows: Vec<Row>, id: impl Fn(&Row) -> &String) -> BTreeMap<String, Vec<Row>> {
    let mut found: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for row in rows {
        found.entry(id(&row).clone()).or_default().push(row);
    }
    found
}

/// The row's beats as whole bars without gaps.
fn stretches(number: usize, meta: &MetaRow, beats: &[BeatLine], notes: &[NoteLine]) -> Vec<Solo> {
    let bars: Vec<&[BeatLine]> = beats.chunk_by(|a, b| a.bar == b.bar).collect();
    let end_of = |index: usize| match bars.get(index + 1) {
        Some(next) if next[0].bar == bars[index][0].bar + 1 => next[0].onset,
        _ => bars[index].last().map_or(0.0, |last| last.onset + last.duration.unwrap_or(0.0)),
    };
    let is_whole = |index: usize| {
        let bar = bars[index];
        let period = bar[0].period;
        let in_order = bar.iter().zip(1..).all(|(beat, number)| beat.beat == number && beat.period == period);
        let times: Vec<f64> = bar.iter().map(|beat| beat.onset).chain([end_of(index)]).collect();
        let is_even = times.windows(2).all(|pair| pair[1] - pair[0] > 0.08 && pair[1] - pair[0] < LONGEST_BEAT);
        // A signature such as '9/4' or '6/4' may be counted in groups; only plain bars are taken.
        let signature = bar[0].signature.trim_matches('\'');
        in_order && is_even && bar.len() == period as usize && signature == format!("{period}/4") && (3..=5).contains(&period)
    };
    let mut found = Vec::new();
    let mut first = 0;
    while first < bars.len() {
        let goes_on = |index: &usize| {
            let joins = *index == first || {
                let (before, here) = (bars[*index - 1], bars[*index]);
                here[0].bar == before[0].bar + 1 && here[0].period == before[0].period
            };
            joins && is_whole(*index)
        };
        let count = (first..bars.len()).take_while(goes_on).count();
        if count >= FEWEST_BARS {
            let label = format!("weimar {number}.{}", found.len());
            found.extend(stretch(label, meta, &bars[first..first + count], end_of(first + count - 1), notes));
        }
        first += count.max(1);
    }
    found
}

fn stretch(label: String, meta: &MetaRow, bars: &[&[BeatLine]], end: f64, notes: &[NoteLine]) -> Option<Solo> {
    let lines: Vec<&BeatLine> = bars.iter().flat_map(|bar| bar.iter()).collect();
    let mut sounding = lines.iter().find_map(|line| symbols::chord(&line.chord))?;
    let mut index_of = BTreeMap::new();
    let mut beats = Vec::new();
    for line in &lines {
        sounding = symbols::chord(&line.chord).unwrap_or(sounding);
        index_of.insert((line.bar, line.beat), beats.len());
        beats.push(SoloBeat {
            onset: line.onset,
            number: line.beat,
            chord: sounding,
            form: line.form.clone(),
            chorus: line.chorus_id,
            bass: line.bass.map(|pitch| pitch.round() as i32),
        });
    }
    let note = |line: &NoteLine| {
        let beat = *index_of.get(&(line.bar, line.beat))?;
        let duration = line.duration.unwrap_or(LAST_NOTE).clamp(0.02, 2.0);
        let place = (line.tatum, line.division);
        Some(SoloNote { onset: line.onset, duration, pitch: line.pitch_raw.round() as i32, beat, place })
    };
    let mut notes: Vec<SoloNote> = notes.iter().filter_map(note).filter(|note| note.onset < end).collect();
    notes.sort_by(|a, b| a.onset.total_cmp(&b.onset));
    let solo = Solo {
        label,
        title: meta.title.clone(),
        instrument: meta.instrument.clone(),
        key: symbols::root(&meta.key).map(|(root, _)| root),
        feel: meta.rhythmfeel.clone(),
        period: lines[0].period,
        beats,
        end,
        notes,
    };
    (solo.notes.len() >= bars.len()).then_some(solo)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::sources::testing::{archive, ours};

    fn solos() -> Vec<Solo> {
        let [meta, beats, notes] = ours::weimar();
        read(&mut archive("weimar", &[(TABLES[0], &meta), (TABLES[1], &beats), (TABLES[2], &notes)])).unwrap()
    }

    #[test]
    fn a_solo_is_cut_at_its_gap_and_free_beats_are_dropped() {
        let solos = solos();
        let labels: Vec<&str> = solos.iter().map(|solo| solo.label.as_str()).collect();
        assert_eq!(labels, ["weimar 0.0", "weimar 0.1"], "the second solo is free throughout");
        for solo in &solos {
            assert_eq!(solo.beats.len() % 4, 0);
            assert!(solo.beats.windows(2).all(|pair| pair[1].onset - pair[0].onset < LONGEST_BEAT));
            assert!(solo.notes.iter().all(|note| note.onset < solo.end));
        }
    }

    #[test]
    fn a_beat_without_a_chord_keeps_the_one_before_and_a_blank_length_is_filled() {
        let solos = solos();
        assert_eq!(solos[0].beats[5].chord, solos[0].beats[4].chord, "NC");
        assert_eq!(solos[0].key, Some(10));
        let last = solos[1].notes.last().unwrap();
        assert_eq!(last.duration, LAST_NOTE);
        assert!(solos[0].notes.iter().all(|note| note.duration <= 2.0));
    }
}
