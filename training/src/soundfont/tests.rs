//! A small font sounds as the large one did.

use std::io::Cursor;
use std::sync::Arc;

use rustysynth::{SoundFont, Synthesizer, SynthesizerSettings};

use super::font::{Font, GUARD, Generator, Group, INSTRUMENT, SAMPLE, Sample, Zone};
use super::{remark, subset};
use crate::corpus::render::{DEBIAN_SOUNDFONTS, find_soundfont};
use crate::corpus::score::ensemble::sounds;

const LEFT: u16 = 4;
const RIGHT: u16 = 2;
const KEYS: u16 = 43;
const START_MOVE: u16 = 0;
const MODE: u16 = 54;

fn zone(generators: &[(u16, u16)]) -> Zone {
    let generators = generators.iter().map(|&(number, value)| Generator { number, value }).collect();
    Zone { generators, modulators: vec![[7; 10]] }
}

fn group(name: &str, size: usize, zones: Vec<Zone>) -> Group {
    let mut record = name.as_bytes().to_vec();
    record.resize(size, 0);
    Group { record, zones }
}

fn preset(name: &str, (bank, programme): (u16, u16), instrument: u16) -> Group {
    let mut preset = group(name, 38, vec![zone(&[(INSTRUMENT, instrument)])]);
    preset.record[20..22].copy_from_slice(&programme.to_le_bytes());
    preset.record[22..24].copy_from_slice(&bank.to_le_bytes());
    preset
}

/// Four sounds: a stereo pair that loops, one that nobody wants, one for drums that starts later than its sample does.
fn font() -> Font {
    let mut points = Vec::new();
    let samples = [("left", 2, LEFT), ("unwanted", 0, 1), ("right", 0, RIGHT), ("drum", 0, 1)].into_iter().enumerate();
    let samples = samples.map(|(at, (name, link, kind))| {
        let start = points.len() as u32;
        let pitch = 0.02 + 0.01 * at as f64;
        points.extend((0..900).map(|point| (9000.0 * (pitch * f64::from(point)).sin()) as i16));
        points.resize(points.len() + GUARD, 0);
        let mut bytes = [0; 20];
        bytes[..name.len()].copy_from_slice(name.as_bytes());
        let mut pitch = [0; 6];
        pitch[..4].copy_from_slice(&44_100_u32.to_le_bytes());
        pitch[4] = 60;
        // Where nothing loops, the loop stands at the start of the file, as some fonts have it.
        let loops = if kind == 1 { [0, 0] } else { [start + 300, start + 800] };
        Sample { name: bytes, places: [start, start + 900, loops[0], loops[1]], pitch, link, kind }
    });
    let samples: Vec<Sample> = samples.collect();
    let pair = vec![zone(&[(MODE, 1)]), zone(&[(SAMPLE, 0)]), zone(&[(KEYS, (127 << 8) | 60), (SAMPLE, 2)])];
    Font {
        information: vec![
            ("ifil".to_owned(), vec![2, 0, 1, 0]),
            ("INAM".to_owned(), b"Made up\0".to_vec()),
            ("ICMT".to_owned(), b"Ours\0\0".to_vec()),
        ],
        presets: vec![
            preset("unwanted", (0, 1), 0),
            preset("kit", (128, 0), 2),
            preset("pair", (0, 0), 1),
            preset("also pair", (0, 7), 1),
        ],
        instruments: vec![
            group("unwanted", 22, vec![zone(&[(SAMPLE, 1)])]),
            group("pair", 22, pair),
            group("drum", 22, vec![zone(&[(START_MOVE, 50), (SAMPLE, 3)])]),
        ],
        samples,
        points,
    }
}

/// Some notes of one sound, a third of a second.
fn played(file: &[u8], (bank, programme): (u16, u16), keys: &[i32], velocity: i32) -> Vec<f32> {
    let font = Arc::new(SoundFont::new(&mut Cursor::new(file)).expect("the player reads the font"));
    notes(&font, (bank, programme), keys, velocity)
}

fn notes(font: &Arc<SoundFont>, (bank, programme): (u16, u16), keys: &[i32], velocity: i32) -> Vec<f32> {
    let mut synthesizer = Synthesizer::new(font, &SynthesizerSettings::new(44_100)).unwrap();
    let channel = if bank == 128 { 9 } else { 0 };
    synthesizer.process_midi_message(channel, 0xC0, i32::from(programme), 0);
    keys.iter().for_each(|key| synthesizer.note_on(channel, *key, velocity));
    let (mut left, mut right) = (vec![0.0; 14_000], vec![0.0; 14_000]);
    synthesizer.render(&mut left, &mut right);
    [left, right].concat()
}

#[test]
fn what_is_written_is_read_again() {
    let font = font();
    assert!(Font::read(&font.plain()).unwrap() == font);
    assert!(Font::read(&font.packed()).unwrap() == font);
    assert!(font.packed().len() < font.plain().len());
}

#[test]
fn a_part_sounds_as_the_whole_and_holds_nothing_else() {
    let whole = font();
    let part = subset(&whole, &[(0, 0), (0, 7), (128, 0), (128, 40)]).unwrap();
    let names: Vec<String> = part.presets.iter().map(Group::name).collect();
    assert_eq!(names, ["kit", "pair", "also pair"]);
    assert_eq!(part.instruments.len(), 2);
    assert_eq!(part.samples.len(), 3);
    assert_eq!(part.points.len(), 3 * (900 + GUARD));
    // The pair is still one, and each sample has its silence.
    assert_eq!(part.samples.iter().map(|sample| (sample.kind, sample.link)).collect::<Vec<_>>(), [(LEFT, 1), (RIGHT, 0), (1, 0)]);
    for sample in &part.samples {
        let end = sample.places[1] as usize;
        assert!(part.points[end..end + GUARD].iter().all(|point| *point == 0));
    }
    // Brushes are not there: the player takes the first kit, as it did before.
    for place in [(0, 0), (0, 7), (128, 0), (128, 40)] {
        let [before, after] = [&whole, &part].map(|font| played(&font.plain(), place, &[48, 60, 72], 90));
        assert!(before.iter().any(|sample| sample.abs() > 0.01));
        assert!(before == after, "{place:?} sounds otherwise");
    }
}

#[test]
fn a_part_of_a_part_is_itself() {
    let once = subset(&font(), &[(0, 0)]).unwrap();
    assert!(subset(&once, &[(0, 0)]).unwrap() == once);
}

#[test]
fn one_side_of_a_pair_alone_is_mono() {
    let mut whole = font();
    whole.instruments[1].zones.pop();
    let part = subset(&whole, &[(0, 0)]).unwrap();
    assert_eq!((part.samples.len(), part.samples[0].kind, part.samples[0].link), (1, 1, 0));
}

#[test]
fn what_the_arranger_asks_for_sounds_as_in_the_font_that_is_installed() {
    let path = find_soundfont(&[DEBIAN_SOUNDFONTS[1], DEBIAN_SOUNDFONTS[0]]).unwrap_or_else(|error| panic!("{error}"));
    let whole = Font::read(&std::fs::read(path).unwrap()).unwrap();
    let part = subset(&whole, &sounds()).unwrap();
    assert!(part.points.len() < whole.points.len());
    let players = [&whole, &part].map(|font| Arc::new(SoundFont::new(&mut Cursor::new(font.plain())).unwrap()));
    for place in sounds() {
        let [before, after] = players.each_ref().map(|font| notes(font, place, &[37, 42, 46, 55, 64, 76], 80));
        assert!(before.iter().any(|sample| sample.abs() > 0.0));
        assert!(before == after, "{place:?} sounds otherwise");
    }
}

#[test]
fn damaged_fonts_are_refused() {
    let file = font().plain();
    for wrong in [&b"RIFF"[..], b"text that is no font", &file[..file.len() / 2]] {
        assert!(Font::read(wrong).is_err());
    }
    let mut whole = font();
    whole.presets[2].zones[0] = zone(&[(INSTRUMENT, 9)]);
    assert!(subset(&whole, &[(0, 0)]).unwrap_err().to_string().contains("not there"));
    let mut whole = font();
    whole.points.truncate(1000);
    assert!(subset(&whole, &[(0, 0)]).unwrap_err().to_string().contains("after the font"));
}

#[test]
fn the_remark_is_made_once_and_says_what_was_there_before() {
    let mut information = font().information;
    remark(&mut information);
    let once = information.clone();
    remark(&mut information);
    assert_eq!(once, information);
    let comment = &information[2].1;
    assert!(comment.starts_with(b"Ours\nTurnaround") && comment.ends_with(&[0]) && comment.len().is_multiple_of(2));
    let mut none = Vec::new();
    remark(&mut none);
    assert_eq!(none[0].0, "ICMT");
}
