//! Notes of a standard MIDI file, with times in quarter notes.

use anyhow::{Context, Result, bail};
use midly::{MetaMessage, MidiMessage, Smf, Timing, TrackEventKind};

/// A note that begins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Struck {
    /// Quarter notes from the start.
    pub at: f64,
    /// Quarter notes it sounds; 0 where it is never released.
    pub length: f64,
    /// MIDI pitch.
    pub pitch: u8,
    /// 1..=127.
    pub velocity: u8,
}

/// What a file says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Score {
    /// The notes of each track by rising onset.
    pub tracks: Vec<Vec<Struck>>,
    /// Time signatures in the order they come, without repetition of the same one.
    pub metres: Vec<(usize, usize)>,
    /// The first key signature: sharps (flats negative), and whether it is minor.
    pub key: Option<(i32, bool)>,
}

/// Reads a file. Fails when it is no MIDI file or counts time in film frames.
pub fn read(content: &[u8]) -> Result<Score> {
    let file = Smf::parse(content).context("this is no MIDI file")?;
    let Timing::Metrical(ticks) = file.header.timing else { bail!("this MIDI file counts film frames") };
    let ticks = f64::from(ticks.as_int());
    let mut score = Score::default();
    for track in &file.tracks {
        let mut notes: Vec<Struck> = Vec::new();
        let mut now = 0_u64;
        for event in track {
            now += u64::from(event.delta.as_int());
            let at = now as f64 / ticks;
            match event.kind {
                TrackEventKind::Midi { message: MidiMessage::NoteOn { key, vel }, .. } if vel > 0 => {
                    notes.push(Struck { at, length: 0.0, pitch: key.as_int(), velocity: vel.as_int() });
                }
                TrackEventKind::Midi { message: MidiMessage::NoteOn { key, .. } | MidiMessage::NoteOff { key, .. }, .. } => {
                    let sounding = notes.iter_mut().rev().find(|note| note.pitch == key.as_int() && note.length == 0.0);
                    if let Some(note) = sounding {
                        note.length = at - note.at;
                    }
                }
                TrackEventKind::Meta(MetaMessage::TimeSignature(numerator, power, ..)) => {
                    let metre = (usize::from(numerator), 1 << power);
                    if !score.metres.contains(&metre) {
                        score.metres.push(metre);
                    }
                }
                TrackEventKind::Meta(MetaMessage::KeySignature(sharps, is_minor)) if score.key.is_none() => {
                    score.key = Some((i32::from(sharps), is_minor));
                }
                _ => {}
            }
        }
        score.tracks.push(notes);
    }
    Ok(score)
}
