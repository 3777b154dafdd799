use super::*;

fn wav(spec: hound::WavSpec, count: usize) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
    for n in 0..count * usize::from(spec.channels) {
        let value = (n as f32 * 0.1).sin() * 0.5;
        match spec.sample_format {
            hound::SampleFormat::Float => writer.write_sample(value).unwrap(),
            hound::SampleFormat::Int => {
                writer.write_sample((f64::from(value) * f64::from(1_u32 << (spec.bits_per_sample - 1))) as i32).unwrap();
            }
        }
    }
    writer.finalize().unwrap();
    bytes.into_inner()
}

fn specs() -> Vec<hound::WavSpec> {
    let spec = |bits_per_sample, sample_format, channels| hound::WavSpec {
        channels,
        sample_rate: 44_100,
        bits_per_sample,
        sample_format,
    };
    let mut specs = Vec::new();
    for channels in [1, 2] {
        specs.extend([8, 16, 24, 32].map(|bits| spec(bits, hound::SampleFormat::Int, channels)));
        specs.push(spec(32, hound::SampleFormat::Float, channels));
    }
    specs
}

#[test]
fn a_wav_written_back_changes_only_where_it_is_told_to() {
    let folder = tempfile::tempdir().unwrap();
    for spec in specs() {
        let path = folder.path().join("in.wav");
        let bytes = wav(spec, 1_000);
        std::fs::write(&path, &bytes).unwrap();
        let file = AudioFile::read(&path).unwrap();
        assert_eq!(file.audio().len(), 1_000);

        let out = folder.path().join("out.wav");
        file.write(&out, file.audio(), &[]).unwrap();
        assert_eq!(std::fs::read(&out).unwrap(), bytes, "{spec:?}");

        let channels = file.audio().channels().iter().map(|channel| channel.iter().map(|x| x * 0.5).collect()).collect();
        let quieter = Audio::new(file.audio().rate(), channels).unwrap();
        file.write(&out, &quieter, &[Region { start: 100, end: 200 }]).unwrap();
        let written = AudioFile::read(&out).unwrap();
        for channel in 0..file.audio().channel_count() {
            let (before, after) = (file.audio().channel(channel), written.audio().channel(channel));
            assert_eq!(before[..100], after[..100]);
            assert_eq!(before[200..], after[200..]);
            assert_ne!(before[100..200], after[100..200]);
            assert!(before[100..200].iter().zip(&after[100..200]).all(|(b, a)| (b * 0.5 - a).abs() <= 1.0 / 128.0));
        }
    }
}

#[test]
fn another_program_reads_what_we_write_anew() {
    let rate = SampleRate::new(48_000).unwrap();
    let audio = Audio::stereo(rate, vec![0.5, -0.25, 1.0], vec![0.0, 0.125, -1.0]).unwrap();
    let bytes = wav::new_file(&audio, SampleFormat::Whole { bits: 24 }).unwrap();
    let mut reader = hound::WavReader::new(std::io::Cursor::new(bytes)).unwrap();
    assert_eq!((reader.spec().channels, reader.spec().sample_rate, reader.spec().bits_per_sample), (2, 48_000, 24));
    let samples: Vec<i32> = reader.samples().map(Result::unwrap).collect();
    assert_eq!(samples, [4_194_304, 0, -2_097_152, 1_048_576, 8_388_607, -8_388_608]);
}

#[test]
fn other_chunks_before_and_after_the_sound_are_kept() {
    let spec = specs()[1];
    let plain = wav(spec, 50);
    let mut bytes = plain[..12].to_vec();
    bytes.extend(b"LIST\x03\x00\x00\x00abc\x00");
    bytes.extend(&plain[12..]);
    bytes.extend(b"note\x02\x00\x00\x00hi");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("in.wav");
    std::fs::write(&path, &bytes).unwrap();
    let file = AudioFile::read(&path).unwrap();
    file.write(&path, file.audio(), &[Region { start: 0, end: 50 }]).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
}

#[test]
fn a_cut_file_is_told_to_be_cut() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("in.wav");
    let bytes = wav(specs()[1], 1_000);
    std::fs::write(&path, &bytes[..1_000]).unwrap();
    assert!(matches!(AudioFile::read(&path), Err(AudioFileError::Truncated { .. })));
    std::fs::write(&path, &bytes[..30]).unwrap();
    assert!(matches!(AudioFile::read(&path), Err(AudioFileError::Unreadable { .. })));
}

#[test]
fn every_prefix_and_every_flipped_header_byte_is_read_or_refused_but_never_panics() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("in.wav");
    let bytes = wav(specs()[6], 20);
    for end in 0..bytes.len() {
        std::fs::write(&path, &bytes[..end]).unwrap();
        assert!(AudioFile::read(&path).is_err(), "{end} bytes");
    }
    for position in 0..64.min(bytes.len()) {
        for flip in [0x01, 0x80, 0xff] {
            let mut damaged = bytes.clone();
            damaged[position] ^= flip;
            std::fs::write(&path, &damaged).unwrap();
            if let Ok(file) = AudioFile::read(&path) {
                assert!(!file.audio().is_empty());
            }
        }
    }
}

#[test]
fn what_is_no_number_is_refused_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("in.wav");
    let mut bytes = wav(specs()[4], 100);
    let sound = bytes.len() - 400;
    bytes[sound + 40..sound + 44].copy_from_slice(&f32::NAN.to_le_bytes());
    std::fs::write(&path, &bytes).unwrap();
    let message = AudioFile::read(&path).err().unwrap().to_string();
    assert!(message.contains("sample 10"), "{message}");
}

#[test]
fn text_and_nothing_are_no_audio() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("in.mp3");
    std::fs::write(&path, "twelve bars of blues").unwrap();
    assert!(matches!(AudioFile::read(&path), Err(AudioFileError::Unreadable { .. })));
    assert!(matches!(AudioFile::read(&folder.path().join("none.wav")), Err(AudioFileError::Read { .. })));
}

/// One of the recordings in `tests/data`, whose README says how they were made.
fn tone(name: &str) -> AudioFile {
    AudioFile::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)).unwrap()
}

#[test]
fn flac_comes_back_to_the_last_bit_and_is_written_with_its_bits() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bits) in [("tone_16.flac", 16), ("tone_24.flac", 24)] {
        let file = tone(name);
        assert_eq!((file.audio().rate().hz(), file.audio().channel_count(), file.audio().len()), (22_050, 2, 11_025));
        let full = f64::from(1_u32 << (bits - 1));
        for (channel, share) in [(0, 1.0), (1, 0.5)] {
            for (n, sample) in file.audio().channel(channel).iter().enumerate() {
                let number = (share * full / 2.0 * (std::f64::consts::TAU * 440.0 * n as f64 / 22_050.0).sin()).round();
                // Another sine may round the other way.
                assert!((f64::from(*sample) * full - number).abs() <= 1.0, "{name}, sample {n}");
            }
        }
        assert_eq!(file.output_description(), format!("wav, {bits}-bit"));
        let out = folder.path().join("out.wav");
        file.write(&out, file.audio(), &[]).unwrap();
        assert_eq!(AudioFile::read(&out).unwrap().audio(), file.audio());
    }
}

#[test]
fn vorbis_and_mp3_are_heard_and_written_with_24_bits() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["tone.ogg", "tone.mp3"] {
        let file = tone(name);
        assert_eq!((file.audio().rate().hz(), file.audio().channel_count()), (22_050, 2));
        // Without its gapless tags an MP3 keeps up to two frames of padding.
        assert!((11_025..11_025 + 3 * 1_152).contains(&file.audio().len()), "{name}: {}", file.audio().len());
        for (channel, amplitude) in [(0, 0.5), (1, 0.25)] {
            let middle = &file.audio().channel(channel)[3_000..9_000];
            let peak = middle.iter().fold(0.0f32, |peak, x| peak.max(x.abs()));
            assert!((peak - amplitude).abs() < 0.05, "{name}: {peak}");
        }
        assert_eq!(file.output_description(), "wav, 24-bit");
        let out = folder.path().join("out.wav");
        file.write(&out, file.audio(), &[]).unwrap();
        assert_eq!(AudioFile::read(&out).unwrap().audio(), file.audio(), "what was decoded is what is written");
    }
}

#[test]
fn a_torn_flac_is_refused_and_other_torn_files_never_panic() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["tone_16.flac", "tone.ogg", "tone.mp3"] {
        let bytes = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)).unwrap();
        let path = folder.path().join(name);
        for share in 0..20 {
            std::fs::write(&path, &bytes[..bytes.len() * share / 20]).unwrap();
            match AudioFile::read(&path) {
                Ok(file) => assert!(!file.audio().is_empty() && !name.ends_with("flac"), "{name}, {share} of 20"),
                Err(AudioFileError::Unreadable { .. } | AudioFileError::Empty { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }
}
