use std::collections::BTreeMap;

use turnaround_core::time::SampleRate;

use super::super::AudioFile;
use super::*;

/// The chunks of a RIFF file by name, in the plainest way: name, length, content, a byte of padding after odd lengths. Their order too.
fn chunks(bytes: &[u8]) -> (Vec<String>, BTreeMap<String, Vec<u8>>) {
    let number = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    assert_eq!((&bytes[..4], &bytes[8..12]), (&b"RIFF"[..], &b"WAVE"[..]));
    assert_eq!(number(4) + 8, bytes.len(), "the file is as long as it says");
    let (mut order, mut found, mut at) = (Vec::new(), BTreeMap::new(), 12);
    while at < bytes.len() {
        let name = String::from_utf8(bytes[at..at + 4].to_vec()).unwrap();
        let length = number(at + 4);
        order.push(name.clone());
        found.insert(name, bytes[at + 8..at + 8 + length].to_vec());
        at += 8 + length + length % 2;
    }
    assert_eq!(at, bytes.len());
    (order, found)
}

fn audio(channels: usize, length: usize) -> Audio {
    let channel = |share: f32| (0..length).map(|n| share * (n as f32 * 0.37).sin()).collect();
    let shares = [0.5, 1.25];
    Audio::new(SampleRate::new(44_100).unwrap(), shares[..channels].iter().map(|&share| channel(share)).collect()).unwrap()
}

fn stamp(position: i64) -> BroadcastStamp<'static> {
    BroadcastStamp {
        time_reference: Samples::new(position),
        description: "Autumn, bars 5-8",
        reference: "take 3",
        made: Date::new(2024, 2, 29, 7, 8, 9).unwrap(),
    }
}

fn written(audio: &Audio, stamp: &BroadcastStamp<'_>, format: Format) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.wav");
    write(&path, audio, stamp, format).unwrap();
    std::fs::read(&path).unwrap()
}

#[test]
fn every_field_lies_where_the_standard_puts_it() {
    // The last is past 32 bits: a day and more at 48 kHz.
    for position in [0, 1, 220_500, 5_000_000_000] {
        let (order, chunks) = chunks(&written(&audio(2, 100), &stamp(position), Format::Whole24));
        assert_eq!(order, ["bext", "fmt ", "data"]);
        let bext = &chunks["bext"];
        let text = |from: usize, length: usize| {
            let field = &bext[from..from + length];
            let end = field.iter().position(|&byte| byte == 0).unwrap_or(length);
            assert!(field[end..].iter().all(|&byte| byte == 0), "filled up with zeros");
            String::from_utf8(field[..end].to_vec()).unwrap()
        };
        assert_eq!(text(0, 256), "Autumn, bars 5-8");
        assert_eq!(text(256, 32), "Turnaround");
        assert_eq!(text(288, 32), "take 3");
        assert_eq!(text(320, 10), "2024-02-29");
        assert_eq!(text(330, 8), "07:08:09");
        let half = |at: usize| i64::from(u32::from_le_bytes(bext[at..at + 4].try_into().unwrap()));
        assert_eq!(half(338) + (half(342) << 32), position);
        assert_eq!(bext[346..348], [1, 0], "version 1");
        assert!(bext[348..602].iter().all(|&byte| byte == 0), "no UMID, nothing reserved");
        let history = format!("A=PCM,F=44100,W=24,M=stereo,T=Turnaround {}", env!("CARGO_PKG_VERSION"));
        let line = std::str::from_utf8(&bext[602..]).unwrap();
        assert_eq!(line.strip_suffix("\r\n").map(str::trim_end), Some(&*history));
        assert_eq!(bext.len() % 2, 0, "no padding, which some readers forget to skip");
    }
}

#[test]
fn another_program_reads_the_sound_of_both_formats() {
    for channels in [1, 2] {
        // An odd number of bytes in mono at 24 bits.
        let audio = audio(channels, 1_001);
        for (format, bits, kind) in
            [(Format::Whole24, 24, hound::SampleFormat::Int), (Format::Float32, 32, hound::SampleFormat::Float)]
        {
            let bytes = written(&audio, &stamp(77), format);
            let mut reader = hound::WavReader::new(std::io::Cursor::new(bytes)).unwrap();
            let expected =
                hound::WavSpec { channels: channels as u16, sample_rate: 44_100, bits_per_sample: bits, sample_format: kind };
            assert_eq!(reader.spec(), expected);
            let sound: Vec<f64> = match format {
                Format::Whole24 => reader.samples::<i32>().map(|sample| f64::from(sample.unwrap()) / 8_388_608.0).collect(),
                Format::Float32 => reader.samples::<f32>().map(|sample| f64::from(sample.unwrap())).collect(),
            };
            assert_eq!(sound.len(), 1_001 * channels);
            for (n, moment) in sound.chunks_exact(channels).enumerate() {
                for (channel, &read) in moment.iter().enumerate() {
                    let sample = f64::from(audio.channel(channel)[n]);
                    match format {
                        // Half a step, and full scale where the sound is louder.
                        Format::Whole24 => assert!((read - sample.clamp(-1.0, 1.0)).abs() <= 1.0 / 8_388_608.0, "{n}: {read}"),
                        Format::Float32 => assert_eq!(read, sample, "{n}"),
                    }
                }
            }
        }
    }
}

#[test]
fn floats_say_how_long_they_are_as_the_format_demands() {
    let (order, chunks) = chunks(&written(&audio(2, 100), &stamp(0), Format::Float32));
    assert_eq!(order, ["bext", "fmt ", "fact", "data"]);
    assert_eq!((chunks["fmt "].len(), &chunks["fmt "][..2]), (18, &[3, 0][..]));
    assert_eq!(chunks["fact"], 100_u32.to_le_bytes());
}

#[test]
fn what_is_written_is_read_back_as_any_recording() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.wav");
    let audio = audio(2, 500);
    write(&path, &audio, &stamp(9), Format::Float32).unwrap();
    assert_eq!(AudioFile::read(&path).unwrap().audio(), &audio);
}

#[test]
fn texts_are_cut_to_their_fields_and_kept_to_ascii() {
    let long = "x".repeat(300);
    for (description, kept) in [("Für Elise\n1", "F?r Elise 1".to_owned()), (&long, "x".repeat(256))] {
        let stamp = BroadcastStamp { description, ..stamp(3) };
        let (_, chunks) = chunks(&written(&audio(1, 10), &stamp, Format::Whole24));
        let field = &chunks["bext"][..256];
        assert_eq!(field[..kept.len()], *kept.as_bytes());
        assert!(field[kept.len()..].iter().all(|&byte| byte == 0));
        assert_eq!(chunks["bext"][256..266], *b"Turnaround");
    }
}

#[test]
fn a_place_before_the_timeline_is_refused_and_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.wav");
    let refused = write(&path, &audio(1, 10), &stamp(-882), Format::Whole24).unwrap_err().to_string();
    assert!(refused.ends_with("it would begin 882 samples before the timeline does; cut them off first"), "{refused}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn an_older_file_stays_whole_when_writing_fails() {
    let folder = tempfile::tempdir().unwrap();
    let taken = folder.path().join("taken.wav");
    std::fs::create_dir(&taken).unwrap();
    assert!(matches!(write(&taken, &audio(1, 10), &stamp(0), Format::Whole24), Err(AudioFileError::Write { .. })));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
}
