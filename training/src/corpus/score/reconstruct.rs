//! A transcribed solo with a rhythm section: its own notes and beats, a bass from the database where that makes sense, our chords
//! and drums.

use turnaround_core::tempo_map::{Change, TempoMap};
use turnaround_core::time::{Beats, Metre, Seconds, Tempo};

use super::ensemble::{Band, Ensemble};
use super::form::Placed;
use super::harmony::Chord;
use super::human::Human;
use super::note::{GUITAR, Instrument, Note, PIANO, Role, SOLOISTS, VIBRAPHONE};
use super::performance::{self, Timing};
use super::plan::{self, BarPlan, BassFeel, DrumFeel, Lead, Stage};
use super::style::Style;
use super::{Materials, Piece, bass, comping, drums};
use crate::corpus::dataset::Source;
use crate::corpus::dice::Dice;
use crate::corpus::sources::groove::Wanted;
use crate::corpus::sources::weimar::{Solo, SoloBeat};
use crate::corpus::split::{self, Split};

/// A band is not asked to move further from the sounding key, in semitones.
const MOST_TRANSPOSED: usize = 3;
/// A bass line is taken from the database where it names that share of the beats.
const BASS_SHARE: f64 = 0.8;

/// Plays a solo anew. Its onsets, lengths and beats are the recording's; a take may lie some semitones away.
pub fn reconstruct(solo: &Solo, seed: u64, materials: &Materials) -> Piece {
    let dice = &mut Dice::new(seed, "reconstruction");
    let shift = dice.integer(0, 2 * MOST_TRANSPOSED) as i32 - MOST_TRANSPOSED as i32;
    let offset = Seconds::new(dice.between(0.25, 0.6));
    let metre = Metre::new(solo.period as u16, 4).expect("solos are in 3/4, 4/4 and 5/4");
    let changes = changes(solo, metre);
    let map = TempoMap::new(offset, changes.clone()).expect("beats of a solo rise in time");
    let total = solo.beats.len() as f64;
    let seconds = (solo.end - solo.beats[0].onset) / total;
    let bpm = 60.0 / seconds;
    let style = style_of(solo, bpm);
    let mut bars = bars(solo, shift);
    plan::dress(&mut bars, style, dice);
    keep_together(&mut bars);

    let tempo = Tempo::new(bpm).expect("solos have tempi");
    let timing = Timing::draw(style, style.swing_at(tempo), bpm, dice);
    let mut band = Band::draw(style, Ensemble::Quartet, materials, dice);
    band.lead = lead_instrument(&solo.instrument);

    let mut lead = lead_notes(solo, &map, offset, shift, &bars, seed);
    performance::settle(&mut lead, Role::Lead);
    let (mut chords, comping_patterns) = comping::play(&bars, style, &band.comping, seed);
    let known = solo.beats.iter().filter(|beat| beat.bass.is_some()).count();
    let is_estimated = known as f64 >= BASS_SHARE * total && style.swings();
    let mut line = match is_estimated {
        true => repaired_bass(&solo.beats, shift, &bars, style, &band.bass),
        false => bass::play(&bars, style, &band.bass, seed),
    };
    let (mut kit, mut drum_patterns) = drums::play(&bars, style, seed);
    for (role, notes) in [(Role::Comping, &mut chords), (Role::Bass, &mut line), (Role::Drums, &mut kit)] {
        performance::perform(notes, role, &timing, total, seed);
    }
    let split = Split::of(&solo.title);
    let wanted = Wanted { style, bpm, swing: timing.swing, split };
    let human = if dice.chance(0.75) { Human::draw(materials.drums, &wanted, dice) } else { None };
    if let Some(human) = &human {
        human.replace(&mut kit, &mut drum_patterns, &bars, 0.6, seed);
    }
    Piece {
        title: solo.label.clone(),
        composition: split::composition(&solo.title),
        split,
        source: Source::Weimar,
        origin: "weimar",
        bass_line: if is_estimated { "estimated" } else { "arranged" },
        drummer: human.map(|human| human.name()),
        seed,
        style,
        ensemble: band.ensemble,
        key: solo.key.map(|key| (key + shift).rem_euclid(12)),
        tempo,
        metre,
        changes,
        offset,
        timing,
        tuning_cents: dice.between(-20.0, 20.0),
        peak: dice.between(0.45, 0.9) as f32,
        bars,
        parts: band.seat([chords, line, lead, Vec::new(), kit], dice),
        comping_patterns,
        drum_patterns,
    }
}

/// Every beat has a tempo of its own: the grid is the annotation.
fn changes(solo: &Solo, metre: Metre) -> Vec<Change> {
    let ends = solo.beats.iter().skip(1).map(|beat| beat.onset).chain([solo.end]);
    let change = |(index, (beat, end)): (usize, (&SoloBeat, f64))| Change {
        at: Beats::new(index as f64),
        tempo: Tempo::new(60.0 / (end - beat.onset)).expect("beats last between 0.08 and 2 seconds"),
        metre,
    };
    solo.beats.iter().zip(ends).enumerate().map(change).collect()
}

fn style_of(solo: &Solo, bpm: f64) -> Style {
    match (solo.period, solo.feel.as_str()) {
        (3, _) => Style::Waltz,
        (5, _) => Style::Five,
        (_, "TWOBEAT") => Style::TwoFeel,
        (_, feel) if feel.starts_with("FUNK") => Style::Funk,
        (_, feel) if feel.starts_with("LATIN") => Style::Bossa,
        (_, "BALLAD") => Style::Ballad,
        _ if bpm < 85.0 => Style::Ballad,
        _ if bpm > 205.0 => Style::FastSwing,
        _ => Style::MediumSwing,
    }
}

/// The plan of a solo's bars: intensity follows how much is played.
fn bars(solo: &Solo, shift: i32) -> Vec<BarPlan> {
    let period = solo.period as usize;
    let count = solo.beats.len() / period;
    let mut density = vec![0.0; count];
    for note in &solo.notes {
        density[note.beat / period] += 1.0;
    }
    let most = density.iter().copied().fold(1.0, f64::max);
    let mut form_bar = 0;
    let plan = |index: usize| {
        let beats = &solo.beats[index * period..(index + 1) * period];
        let before = index.checked_sub(1).map(|before| &solo.beats[before * period]);
        let after = solo.beats.get((index + 1) * period);
        form_bar = if before.is_some_and(|before| before.chorus == beats[0].chorus) { form_bar + 1 } else { 0 };
        let near = &density[index.saturating_sub(2)..(index + 3).min(count)];
        BarPlan {
            index,
            start: (index * period) as f64,
            beats: period as f64,
            stage: Stage::Solo,
            chorus: beats[0].chorus.max(0) as usize,
            form_bar,
            letter: beats[0].form.chars().next().unwrap_or('A'),
            opens: before.is_none_or(|before| before.form != beats[0].form),
            closes: after.is_none_or(|after| after.form != beats[0].form),
            chords: placed(beats, shift),
            lead: Lead::Soloist,
            bass: BassFeel::Full,
            drums: DrumFeel::Full,
            comping: true,
            intensity: 0.3 + 0.5 * near.iter().sum::<f64>() / near.len() as f64 / most,
            fill: false,
            crash: false,
            is_break: false,
            hits: Vec::new(),
            is_final: false,
        }
    };
    (0..count).map(plan).collect()
}

fn placed(beats: &[SoloBeat], shift: i32) -> Vec<Placed> {
    let mut chords: Vec<Placed> = Vec::new();
    for (at, beat) in beats.iter().enumerate() {
        let chord = beat.chord.transposed(shift);
        if chords.last().is_none_or(|last| last.chord != chord) {
            chords.push(Placed { at: at as f64, chord });
        }
    }
    chords
}

/// A soloist who knows nothing of our accents is not interrupted by them, and the drummer never leaves for long.
fn keep_together(bars: &mut [BarPlan]) {
    for bar in bars {
        bar.hits.clear();
        bar.is_break = false;
        if bar.drums == DrumFeel::Out {
            bar.drums = DrumFeel::Hats;
        }
    }
}

fn lead_instrument(name: &str) -> Instrument {
    let horn = |programme: u8| SOLOISTS.into_iter().find(|one| one.programme == programme).unwrap_or(SOLOISTS[0]);
    match name {
        "tp" | "cor" => horn(56),
        "tb" => horn(57),
        "ss" => horn(64),
        "as" => horn(65),
        "bs" => horn(67),
        "cl" | "bcl" => horn(71),
        "vib" => VIBRAPHONE,
        "p" => PIANO,
        "g" => GUITAR,
        _ => horn(66),
    }
}

fn lead_notes(solo: &Solo, map: &TempoMap, offset: Seconds, shift: i32, bars: &[BarPlan], seed: u64) -> Vec<Note> {
    let dice = &mut Dice::new(seed, "solo touch");
    let total = solo.beats.len() as f64;
    let origin = solo.beats[0].onset;
    let at = |seconds: f64| map.beats_at(offset + Seconds::new(seconds - origin)).get();
    let note = |note: &crate::corpus::sources::weimar::SoloNote| {
        let onset = at(note.onset).clamp(0.0, total - 0.02);
        let end = at(note.onset + note.duration).clamp(onset + 0.01, total);
        let within = f64::from(note.place.0.saturating_sub(1)) / f64::from(note.place.1.max(1));
        let bar = &bars[note.beat / solo.period as usize];
        let accent = if within > 0.0 { dice.between(-3.0, 9.0) } else { dice.between(-6.0, 6.0) };
        let velocity = 70.0 + 22.0 * bar.intensity + accent;
        let pitch = (note.pitch + shift).clamp(0, 127) as u8;
        let written = Beats::new(note.beat as f64 + within.min(0.99));
        let velocity = velocity.round().clamp(1.0, 127.0) as u8;
        Note { pitch, velocity, written, onset: Beats::new(onset), duration: Beats::new(end - onset) }
    };
    solo.notes.iter().map(note).collect()
}

/// The estimated bass held to the changes: where a chord begins its root, third or fifth sounds; elsewhere its scale, or a half
/// step into the next note; no leap is wider than an octave; and what is missing is walked.
fn repaired_bass(beats: &[SoloBeat], shift: i32, bars: &[BarPlan], style: Style, instrument: &Instrument) -> Vec<Note> {
    let chord = |index: usize| beats[index].chord.transposed(shift);
    let given = |index: usize| beats.get(index)?.bass.map(|pitch| instrument.fold(pitch + shift));
    let mut previous = given(0).unwrap_or(38);
    let mut pitches = Vec::new();
    for index in 0..beats.len() {
        let chord = chord(index);
        let begins = beats[index].number == 1 || index == 0 || beats[index - 1].chord.transposed(shift) != chord;
        let leads = |pitch: i32| given(index + 1).is_some_and(|next| (next - pitch).abs() == 1);
        let pitch = match given(index) {
            Some(pitch) if begins && chord.tones()[..3].contains(&(pitch.rem_euclid(12) as u8)) => pitch,
            Some(pitch) if begins => Chord::nearest_of_class(chord.root, pitch),
            Some(pitch) if chord.has_in_scale(pitch) || leads(pitch) => pitch,
            Some(pitch) => chord.nearest_tone(pitch, 1),
            None if begins => Chord::nearest_of_class(chord.root, previous),
            None => chord.step(previous, if given(index + 1).is_some_and(|next| next < previous) { -1 } else { 1 }),
        };
        previous = within_reach(instrument.fold(pitch), previous, instrument);
        pitches.push(previous);
    }
    let period = bars[0].beats as usize;
    let mut notes = Vec::new();
    for bar in bars {
        let broad = bar.bass == BassFeel::Broad || matches!(style, Style::TwoFeel | Style::Ballad);
        let step = if broad { period.div_ceil(2) } else { 1 };
        for beat in (0..period).step_by(step) {
            let at = bar.index * period + beat;
            let length = (step.min(period - beat)) as f64 - 0.1;
            let velocity = 78.0 + 22.0 * bar.intensity + if beat == 0 { 4.0 } else { 0.0 };
            notes.push(Note::written(pitches[at], velocity, at as f64, length));
        }
    }
    notes
}

fn within_reach(mut pitch: i32, from: i32, instrument: &Instrument) -> i32 {
    while pitch - from > 12 && pitch - 12 >= instrument.low {
        pitch -= 12;
    }
    while from - pitch > 12 && pitch + 12 <= instrument.high {
        pitch += 12;
    }
    pitch
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::sources::testing::{archive, ours};
    use crate::corpus::sources::weimar::{self, TABLES};

    fn pieces() -> Vec<(Solo, Piece)> {
        let [meta, beats, notes] = ours::weimar();
        let mut archive = archive("weimar", &[(TABLES[0], &meta), (TABLES[1], &beats), (TABLES[2], &notes)]);
        let solos = weimar::read(&mut archive).unwrap();
        let play = |(solo, seed): (Solo, u64)| {
            let piece = reconstruct(&solo, seed, &Materials::default());
            (solo, piece)
        };
        solos.into_iter().flat_map(|solo| (0..4).map(move |seed| (solo.clone(), seed))).map(play).collect()
    }

    #[test]
    fn beats_and_notes_fall_where_they_fell_in_the_recording() {
        for (solo, piece) in pieces() {
            let map = piece.tempo_map();
            let origin = solo.beats[0].onset - piece.offset.get();
            for (index, beat) in solo.beats.iter().enumerate() {
                let at = map.seconds_at(Beats::new(index as f64)).get() + origin;
                assert!((at - beat.onset).abs() < 1e-6, "beat {index} falls {} s away", at - beat.onset);
            }
            assert!((map.seconds_at(Beats::new(solo.beats.len() as f64)).get() + origin - solo.end).abs() < 1e-6);
            let lead = piece.part(Role::Lead);
            assert_eq!(lead.notes.len(), solo.notes.len());
            for (note, played) in solo.notes.iter().zip(&lead.notes) {
                let at = map.seconds_at(played.onset).get() + origin;
                assert!((at - note.onset).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn a_repaired_bass_begins_chords_with_their_tones_and_never_leaps_far() {
        for (_, piece) in pieces() {
            assert_eq!(piece.bass_line, "estimated");
            let bass = piece.part(Role::Bass);
            for bar in &piece.bars {
                let first = bass.notes.iter().find(|note| note.written.get() == bar.start).expect("a note on one");
                assert!(bar.chords[0].chord.tones()[..3].contains(&(first.pitch % 12)));
            }
            assert!(bass.notes.windows(2).all(|pair| pair[0].pitch.abs_diff(pair[1].pitch) <= 12));
        }
    }

    #[test]
    fn notes_and_changes_are_transposed_together() {
        for (solo, piece) in pieces() {
            let shift = i32::from(piece.part(Role::Lead).notes[0].pitch) - solo.notes[0].pitch;
            assert_eq!(piece.bars[0].chords[0].chord, solo.beats[0].chord.transposed(shift));
            assert_eq!(piece.key, Some((10 + shift).rem_euclid(12)));
        }
    }
}
