//! Laws of renders and corpora. Those that need a SoundFont fail without one and say which package brings it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use turnaround_core::time::SampleRate;

use super::build::{bars_of, build_with, unit_rows};
use super::dataset::{AUDIO_FILE, Corpus, FACTORS_FILE, MANIFEST_FILE, PIECES_FILE, UNITS_FILE, float, store};
use super::render::{Player, find_soundfont};
use super::score::style::Style;
use super::score::{Composition, Piece, Wishes};
use super::{BuildOptions, DemoOptions, Split, factors, render_demo};

/// The small SoundFont first: tests ask for notes, not for beauty.
fn soundfont() -> PathBuf {
    let fonts = ["/usr/share/sounds/sf2/TimGM6mb.sf2", "/usr/share/sounds/sf2/FluidR3_GM.sf2"];
    find_soundfont(&fonts).unwrap_or_else(|error| panic!("{error}"))
}

fn player() -> &'static Player {
    static PLAYER: OnceLock<Player> = OnceLock::new();
    PLAYER.get_or_init(|| Player::load(Some(&soundfont())).unwrap_or_else(|error| panic!("{error:#}")))
}

/// An excerpt of eight bars.
fn short_piece(style: Style, seed: u64) -> Piece {
    let mut piece = Piece::play(&Composition::in_style(seed, style), seed, Wishes { seconds: Some(20.0), ..Wishes::default() });
    piece.excerpt(8, 8);
    piece
}

/// An excerpt of each style, at the model's rate, rendered once.
fn renders() -> &'static [(Piece, Vec<f32>)] {
    static RENDERS: OnceLock<Vec<(Piece, Vec<f32>)>> = OnceLock::new();
    let render = |style| {
        let piece = short_piece(style, 4);
        let audio = player().mono_at_model_rate(&piece).unwrap_or_else(|error| panic!("{error:#}"));
        (piece, audio)
    };
    RENDERS.get_or_init(|| Style::ALL.into_iter().map(render).collect())
}

/// A folder for one test, emptied first.
fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("turnaround-corpus-{}-{name}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    folder
}

fn options(out: &Path, threads: usize) -> BuildOptions {
    BuildOptions { out: out.to_path_buf(), hours: 0.02, seed: 3, soundfont: Some(soundfont()), threads }
}

fn short() -> Wishes {
    Wishes { seconds: Some(5.0), bpm: Some(290.0), ..Wishes::default() }
}

#[test]
fn every_take_of_a_composition_has_one_split() {
    for seed in 0..50 {
        let composition = Composition::new(seed);
        let titles = [1, 2].map(|take| Piece::play(&composition, take, short()).title);
        assert_eq!(Split::of(&titles[0]), Split::of(&titles[1]));
    }
}

#[test]
fn splits_are_near_eight_to_one_to_one() {
    let mut counts = [0; 3];
    for seed in 0..2000 {
        counts[Split::of(&Composition::new(seed).title) as usize] += 1;
    }
    assert!((1520..1680).contains(&counts[0]), "{counts:?}");
    assert!(counts[1..].iter().all(|count| (140..260).contains(count)), "{counts:?}");
}

#[test]
fn units_of_a_piece_follow_each_other() {
    for (number, style) in Style::ALL.into_iter().enumerate() {
        let piece = Piece::play(&Composition::in_style(9, style), 9, Wishes::default());
        let bars = bars_of(&piece);
        let rows = unit_rows(number, &piece, &bars);
        for pair in rows.windows(2) {
            assert_eq!(pair[0].end, pair[1].start, "{}", piece.title);
            assert_eq!(pair[0].unit + 1, pair[1].unit);
            assert!(pair[0].last_bar <= pair[1].first_bar);
        }
        let span = |index: usize| bars[index].samples(SampleRate::MODEL);
        assert_eq!(rows[0].start, span(0).start.as_index() as u64);
        assert_eq!(rows[rows.len() - 1].end, span(bars.len() - 1).end.as_index() as u64);
        for row in &rows[..rows.len() - 1] {
            let seconds = (row.end - row.start) as f64 / 16_000.0;
            assert!((1.39..2.81).contains(&seconds), "{} unit {} lasts {seconds} s", piece.title, row.unit);
        }
    }
}

#[test]
fn stored_samples_come_back_to_the_nearest_step() {
    for step in -1000..=1000 {
        let sample = step as f32 / 1000.0;
        assert!((float(store(sample)) - sample).abs() <= 1.0 / 32768.0);
    }
    assert_eq!(store(2.0), i16::MAX);
    assert_eq!(store(-2.0), i16::MIN);
}

#[test]
fn a_missing_soundfont_is_named_with_its_package() {
    let error = find_soundfont(&["/nowhere/at/all.sf2"]).expect_err("there is no such file").to_string();
    assert!(error.contains("apt install fluid-soundfont-gm"), "{error}");
    let error = format!("{:#}", Player::load(Some(Path::new("/nowhere/at/all.sf2"))).expect_err("there is no such file"));
    assert!(error.contains("/nowhere/at/all.sf2"), "{error}");
}

#[test]
fn a_file_that_is_no_soundfont_is_refused() {
    let folder = folder("no-soundfont");
    fs::create_dir_all(&folder).expect("a temporary folder");
    let path = folder.join("text.sf2");
    fs::write(&path, "not a SoundFont").expect("a temporary file");
    let error = format!("{:#}", Player::load(Some(&path)).expect_err("text is no SoundFont"));
    assert!(error.contains("give an .sf2 file"), "{error}");
    fs::remove_dir_all(folder).expect("the folder is ours");
}

#[test]
fn a_render_is_finite_audible_and_unclipped() {
    for (piece, audio) in renders() {
        let style = piece.style;
        assert!(audio.iter().all(|sample| sample.is_finite()));
        let peak = audio.iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
        assert!((peak - piece.peak).abs() < 1e-3 && peak < 1.0, "{style:?} peaks at {peak}");
        for bar in bars_of(piece) {
            let span = bar.samples(SampleRate::MODEL);
            let heard = &audio[span.start.as_index()..span.end.as_index()];
            let loudness = (heard.iter().map(|sample| sample * sample).sum::<f32>() / heard.len() as f32).sqrt();
            assert!(loudness > 0.003, "{style:?} bar {} has a root mean square of {loudness}", bar.number.get());
        }
    }
}

/// Rise in energy from one 5 ms hop to the next, smoothed by nothing, never negative.
fn flux(audio: &[f32]) -> Vec<f32> {
    let energy: Vec<f32> =
        audio.chunks(80).map(|hop| (1e-9 + hop.iter().map(|sample| sample * sample).sum::<f32>()).ln()).collect();
    energy.windows(2).map(|pair| (pair[1] - pair[0]).max(0.0)).collect()
}

#[test]
fn sound_starts_where_the_score_says() {
    for (piece, audio) in renders() {
        let style = piece.style;
        let flux = flux(audio);
        let map = piece.tempo_map();
        let mut onsets: Vec<f64> = piece
            .parts
            .iter()
            .flat_map(|part| &part.notes)
            .filter(|note| note.velocity > 50)
            .map(|note| map.seconds_at(note.onset).get())
            .collect();
        onsets.dedup_by(|a, b| (*a - *b).abs() < 0.02);
        let score = |shift: i64| -> f32 {
            onsets.iter().filter_map(|at| flux.get(((at / 0.005).round() as i64 + shift).max(0) as usize)).sum()
        };
        let best = (-16..=16).max_by(|a, b| score(*a).total_cmp(&score(*b))).unwrap_or(99);
        assert!((-1..=4).contains(&best), "{style:?}: sound starts {} ms after the score", best * 5);
    }
}

fn corpus_files(folder: &Path) -> Vec<Vec<u8>> {
    [MANIFEST_FILE, AUDIO_FILE, PIECES_FILE, UNITS_FILE, FACTORS_FILE]
        .map(|name| fs::read(folder.join(name)).expect("a corpus has this file"))
        .to_vec()
}

#[test]
fn a_corpus_depends_on_its_seed_alone() {
    let [one, two] = ["one", "two"].map(folder);
    let summary = build_with(&options(&one, 1), short()).unwrap_or_else(|error| panic!("{error:#}"));
    build_with(&options(&two, 2), short()).unwrap_or_else(|error| panic!("{error:#}"));
    assert!(summary.manifest.pieces >= 2, "{} pieces", summary.manifest.pieces);
    let whole = corpus_files(&one);
    assert!(whole == corpus_files(&two), "two threads made another corpus than one");

    fs::remove_file(two.join("shards/00000.json")).expect("a shard");
    fs::remove_file(two.join(MANIFEST_FILE)).expect("a manifest");
    build_with(&options(&two, 2), short()).unwrap_or_else(|error| panic!("{error:#}"));
    assert!(whole == corpus_files(&two), "a resumed corpus differs");

    let other = BuildOptions { seed: 4, ..options(&two, 1) };
    let error = build_with(&other, short()).expect_err("the folder is taken").to_string();
    assert!(error.contains("choose another folder"), "{error}");

    opens_without_its_ground_truth(&one);
    for folder in [one, two] {
        fs::remove_dir_all(folder).expect("the folder is ours");
    }
}

/// The loader reads what training may see and never looks for the factors.
fn opens_without_its_ground_truth(folder: &Path) {
    let truth = factors::read(folder).unwrap_or_else(|error| panic!("{error:#}"));
    fs::remove_file(folder.join(FACTORS_FILE)).expect("factors");
    let corpus = Corpus::open(folder).unwrap_or_else(|error| panic!("{error:#}"));
    assert_eq!(truth.len(), corpus.manifest.bars);
    assert!(corpus.units.iter().all(|unit| truth.iter().any(|bar| bar.piece == unit.piece && bar.bar == unit.first_bar)));
    beats_open_and_divide_every_bar(&corpus);
    let units: usize = [Split::Train, Split::Validation, Split::Test].into_iter().map(|split| corpus.of(split).len()).sum();
    assert_eq!(units, corpus.units.len());
    for unit in 0..corpus.units.len() {
        let row = &corpus.units[unit];
        match corpus.previous(unit) {
            Some(before) => assert_eq!(corpus.units[before].end, row.start),
            None => assert_eq!(row.unit, 0),
        }
        assert_eq!(corpus.run_ending_at(unit, 3).is_some(), row.unit >= 2);
    }
    let row = &corpus.units[1];
    let bar = corpus.window(row.start as i64, (row.end - row.start) as usize);
    let loudness = bar.iter().map(|sample| sample * sample).sum::<f32>() / bar.len() as f32;
    assert!(loudness.sqrt() > 0.001, "unit 1 is silent");
    assert_eq!(corpus.window(-4, 4), vec![0.0; 4]);
    assert_eq!(corpus.window(-2, 4)[2..], corpus.window(0, 2)[..]);
    assert_eq!(corpus.window(corpus.audio().len() as i64, 3), vec![0.0; 3]);
}

/// Beats count up to the metre, lie inside their piece, and the first and last bars' lines are the first and last units' ends.
fn beats_open_and_divide_every_bar(corpus: &Corpus) {
    for piece in &corpus.pieces {
        assert!(piece.beats.windows(2).all(|pair| pair[0].sample < pair[1].sample));
        assert!(piece.beats.windows(2).all(|pair| pair[1].number == pair[0].number + 1 || pair[1].number == 1));
        assert!(piece.beats.iter().all(|beat| (piece.start..piece.end).contains(&beat.sample)));
        let units: Vec<_> = corpus.units.iter().filter(|unit| unit.piece == piece.piece).collect();
        assert_eq!((piece.beats[0].sample, piece.beats[0].number), (units[0].start, 1));
        let lines: Vec<u64> = piece.beats.iter().filter(|beat| beat.number == 1).map(|beat| beat.sample).collect();
        assert_eq!(lines.len(), usize::try_from(units[units.len() - 1].last_bar).expect("bars count up"));
        assert!(units.iter().filter(|unit| lines.contains(&unit.start)).count() * 2 >= units.len());
        assert_eq!(piece.split, units[0].split);
    }
}

#[test]
fn a_corpus_of_format_1_is_to_be_built_anew() {
    let folder = folder("format-1");
    fs::create_dir_all(&folder).expect("a temporary folder");
    fs::write(folder.join(MANIFEST_FILE), r#"{"format": 1, "recipe": 2}"#).expect("a temporary file");
    let error = format!("{:#}", Corpus::open(&folder).expect_err("format 1 has no pieces"));
    assert!(error.contains("format 1") && error.contains("build it anew"), "{error}");
    fs::remove_dir_all(folder).expect("the folder is ours");
}

#[test]
fn a_folder_without_a_corpus_is_refused() {
    let error = format!("{:#}", Corpus::open(Path::new("/nowhere/at/all")).expect_err("there is no such folder"));
    assert!(error.contains("build one first"), "{error}");
}

#[test]
fn a_demo_is_sixteen_bars_of_24_bit_stereo() {
    let folder = folder("demo");
    fs::create_dir_all(&folder).expect("a temporary folder");
    let path = folder.join("trio.wav");
    let soundfont = soundfont();
    let rate = SampleRate::new(48_000).expect("48 kHz is a rate");
    let demo = DemoOptions { seed: 1, bars: 16, rate, style: Style::MediumSwing, bpm: 240.0, soundfont: Some(&soundfont) };
    let info = render_demo(&path, &demo).unwrap_or_else(|error| panic!("{error:#}"));
    let mut wav = hound::WavReader::open(&path).expect("a WAV file");
    assert_eq!((wav.spec().channels, wav.spec().sample_rate, wav.spec().bits_per_sample), (2, 48_000, 24));
    let seconds = f64::from(wav.duration()) / 48_000.0;
    let music = info.offset.get() + 16.0 * 4.0 * 60.0 / info.tempo.bpm();
    assert!(seconds > music && seconds < music + 2.0, "{seconds} s of file for {music} s of music");
    let samples: Vec<i32> = wav.samples::<i32>().map(|sample| sample.expect("a sample")).collect();
    assert!(samples.chunks(2).any(|pair| pair[0] != pair[1]), "left and right are the same");
    let peak = samples.iter().map(|sample| sample.unsigned_abs()).max().unwrap_or(0);
    assert!(peak > 1 << 20 && peak < (1 << 23) - 1, "peak {peak}");
    fs::remove_dir_all(folder).expect("the folder is ours");
}
