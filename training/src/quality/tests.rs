//! Laws of the filter on sounds made here.

use super::cuts::{CUT, cuts};
use super::filter::Filter;
use super::forest::{Forest, Growth};
use super::measure::{Scored, auc, correlation};
use super::*;
use crate::corpus::dice::Dice;
use turnaround_core::noise::GaussianNoise;

/// Seconds of a chord struck every half second, with a low hiss, or of plain noise.
pub(crate) fn sound(seconds: usize, is_music: bool, seed: u64) -> Vec<f32> {
    let mut dice = Dice::new(seed, "sound");
    let mut noise = GaussianNoise::new(seed);
    let mut audio = Vec::with_capacity(16_000 * seconds);
    for _ in 0..2 * seconds {
        let pitch = dice.between(100.0, 400.0);
        for n in 0..8000 {
            let t = f64::from(n) / 16_000.0;
            let tones: f64 = (1..=8).map(|k| (std::f64::consts::TAU * pitch * f64::from(k) * t).sin() / f64::from(k)).sum();
            let noise = f64::from(noise.next());
            audio.push(if is_music { 0.2 * tones * (-4.0 * t).exp() + 1e-4 * noise } else { 0.05 * noise } as f32);
        }
    }
    audio
}

/// A filter that has learnt to tell the two sounds apart.
pub(crate) fn toy_filter() -> &'static Filter {
    static FILTER: std::sync::OnceLock<Filter> = std::sync::OnceLock::new();
    FILTER.get_or_init(|| {
        let cut = |is_music: bool, seed: u64| features(&sound(5, is_music, seed)).expect("it sounds");
        let rows: Vec<(Vec<f32>, f64)> =
            (0..12).map(|seed| (cut(seed % 2 == 0, seed), f64::from(u8::from(seed % 2 == 0)))).collect();
        let slices: Vec<&[f32]> = rows.iter().map(|row| row.0.as_slice()).collect();
        let answers: Vec<f64> = rows.iter().map(|row| row.1).collect();
        let growth = Growth { trees: 20, depth: 4, leaf: 1, looked_at: 18, seed: 1 };
        let grow = |answers: &[f64]| Forest::grow(&slices, answers, &[1.0; 12], growth).expect("a toy forest grows");
        let severity: Vec<f64> = answers.iter().map(|answer| 1.0 - answer).collect();
        Filter { fitness: grow(&answers), severity: grow(&severity) }
    })
}

#[test]
fn a_filter_tells_unseen_music_from_noise() {
    let filter = toy_filter();
    let music = filter.judge(&sound(15, true, 77));
    let noise = filter.judge(&sound(15, false, 77));
    assert!(music.is_kept && music.score > 0.8 && music.severity < 0.2, "{music:?}");
    assert!(!noise.is_kept && noise.score < 0.2 && noise.severity > 0.8, "{noise:?}");
    assert_eq!(music.probabilities.len(), 3);
}

#[test]
fn a_filter_comes_back_from_its_bytes_and_others_are_refused() {
    let bytes = toy_filter().to_bytes();
    assert_eq!(&Filter::from_bytes(&bytes).expect("what was written"), toy_filter());
    for damaged in [&bytes[..bytes.len() - 1], &[bytes.as_slice(), &[0]].concat(), b"TQF\x02", b""] {
        assert!(Filter::from_bytes(damaged).is_err());
    }
    let error = format!("{:#}", Filter::open(std::path::Path::new("/nowhere/at/all.bin")).expect_err("no such file"));
    assert!(error.contains("/nowhere/at/all.bin"), "{error}");
}

#[test]
fn the_filter_that_comes_with_the_program_is_small_and_keeps_music_rather_than_noise() {
    let filter = Filter::built_in();
    assert!(filter.to_bytes().len() < 1_000_000);
    let (music, noise) = (filter.judge(&sound(10, true, 5)), filter.judge(&sound(10, false, 5)));
    assert!(music.score > noise.score + 0.2, "music {:.2}, noise {:.2}", music.score, noise.score);
}

#[test]
fn silence_is_refused_and_so_is_nothing() {
    for silence in [vec![0.0; 16_000 * 12], Vec::new()] {
        let verdict = toy_filter().judge(&silence);
        assert!(!verdict.is_kept && verdict.score == 0.0 && verdict.severity == 0.0);
    }
}

#[test]
fn the_level_does_not_matter() {
    let cut = sound(5, true, 3);
    let soft: Vec<f32> = cut.iter().map(|sample| 0.03 * sample).collect();
    for (a, b) in features(&cut).expect("it sounds").iter().zip(features(&soft).expect("it sounds")) {
        assert!((a - b).abs() < 1e-3 * (1.0 + a.abs()), "{a} and {b}");
    }
}

#[test]
fn a_tones_power_is_where_the_tone_is_and_steady() {
    let tone: Vec<f32> = (0..CUT).map(|n| (std::f32::consts::TAU * 1000.0 * n as f32 / 16_000.0).sin()).collect();
    let features = features(&tone).expect("it sounds");
    assert_eq!(features.len(), FEATURES);
    let means: Vec<f32> = features.chunks(8).map(|band| band[2]).collect();
    let loudest = (0..39).max_by(|a, b| means[*a].total_cmp(&means[*b])).expect("bands");
    // Forty edges of 1.13 mel: 1 kHz, mel 15, lies in the band around the thirteenth.
    assert!((11..=13).contains(&loudest), "band {loudest}");
    let [least, most] = [features[8 * loudest], features[8 * loudest + 1]];
    assert!(most - least < 0.01, "from {least} to {most}");
}

#[test]
fn no_part_of_a_recording_goes_unheard() {
    let count = |samples: usize| cuts(&vec![0.5; samples]).len();
    assert_eq!([0, 1, CUT / 2, CUT, CUT + CUT / 2, CUT + CUT / 2 + 1, 2 * CUT].map(count), [0, 1, 1, 1, 1, 2, 2]);
    assert!(cuts(&vec![0.5; CUT + CUT / 2 + 1]).iter().all(|cut| cut.len() == CUT));
}

#[test]
fn smoothing_keeps_constants_and_spreads_single_doubts() {
    assert!(smooth(&[]).is_empty());
    for value in smooth(&[0.7; 20]) {
        assert!((value - 0.7).abs() < 1e-12);
    }
    let mut doubt = vec![1.0; 41];
    doubt[20] = 0.0;
    let smoothed = smooth(&doubt);
    // A Gaussian of deviation 2 has 0.1995 at its middle.
    assert!((smoothed[20] - (1.0 - 0.1995)).abs() < 1e-3, "{}", smoothed[20]);
    assert!((smoothed[22] - (1.0 - 0.1210)).abs() < 1e-3, "{}", smoothed[22]);
    assert!((0..20).all(|n| (smoothed[20 - n] - smoothed[20 + n]).abs() < 1e-12));
    let total: f64 = smoothed.iter().sum();
    assert!((total - 40.0).abs() < 1e-3, "{total}");
}

fn scored(score: f64, is_good: bool, composition: usize) -> Scored {
    Scored { score, is_good, composition }
}

#[test]
fn an_area_is_the_share_of_pairs_in_order() {
    let area = |scored: &[Scored]| auc(scored, 1).map(|auc| auc.area);
    assert_eq!(area(&[scored(0.9, true, 0), scored(0.1, false, 0)]), Some(1.0));
    assert_eq!(area(&[scored(0.1, true, 0), scored(0.9, false, 0)]), Some(0.0));
    assert_eq!(area(&[scored(0.5, true, 0), scored(0.5, false, 0)]), Some(0.5));
    assert_eq!(area(&[scored(0.5, true, 0)]), None);
    let mixed = [(0.9, true), (0.4, true), (0.6, false), (0.2, false)].map(|(score, is_good)| scored(score, is_good, 0));
    assert_eq!(area(&mixed), Some(0.75));
}

#[test]
fn an_interval_holds_the_area_and_narrows_with_more_compositions() {
    let width = |compositions: usize| {
        let mut dice = Dice::new(3, "interval");
        let scores: Vec<Scored> = (0..compositions)
            .flat_map(|composition| [true, false].map(|is_good| (composition, is_good)))
            .map(|(composition, is_good)| scored(dice.normal() + f64::from(u8::from(is_good)), is_good, composition))
            .collect();
        let auc = auc(&scores, 1).expect("both sides are there");
        assert!(auc.interval.0 <= auc.area && auc.area <= auc.interval.1);
        // Two normal scores one deviation apart: 0.760.
        assert!((auc.area - 0.76).abs() < 0.15, "{auc:?}");
        auc.interval.1 - auc.interval.0
    };
    assert!(width(400) < 0.6 * width(40));
}

#[test]
fn a_correlation_is_one_on_a_line() {
    assert!((correlation(&[(1.0, 2.0), (2.0, 4.0), (3.0, 6.0)]) - 1.0).abs() < 1e-12);
    assert!((correlation(&[(1.0, 6.0), (2.0, 4.0), (3.0, 2.0)]) + 1.0).abs() < 1e-12);
}

#[test]
fn a_folder_becomes_a_table_and_a_picture() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let spec = hound::WavSpec { channels: 1, sample_rate: 16_000, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
    for (name, is_music) in [("music.wav", true), ("noise.wav", false)] {
        let mut wav = hound::WavWriter::create(folder.path().join(name), spec).expect("a temporary file");
        sound(10, is_music, 9).iter().for_each(|sample| wav.write_sample((sample * 32767.0) as i16).expect("a sample"));
        wav.finalize().expect("a temporary file");
    }
    std::fs::write(folder.path().join("text.mp3"), "no sound").expect("a temporary file");
    let rows = judge(folder.path(), toy_filter()).expect("a folder of recordings");
    let table = table(&rows);
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[1].starts_with("music.wav") && lines[1].contains("0:10") && lines[1].ends_with("yes"), "{table}");
    assert!(lines[2].starts_with("noise.wav") && lines[2].ends_with("no"), "{table}");
    assert!(lines[3].starts_with("text.mp3") && lines[3].contains("cannot be decoded"), "{table}");
    assert_eq!(lines[4], "1 of 3 kept");
    let picture = folder.path().join("picture.png");
    draw(&picture, &rows).expect("two files were heard");
    let decoder = png::Decoder::new(std::io::BufReader::new(std::fs::File::open(&picture).expect("a picture")));
    let mut reader = decoder.read_info().expect("a PNG file");
    let mut pixels = vec![0; reader.output_buffer_size().expect("a small picture")];
    let info = reader.next_frame(&mut pixels).expect("a PNG file");
    assert_eq!((info.width, info.height), (1000, 168));
    for colour in [[20, 120, 60], [180, 40, 40]] {
        assert!(pixels.chunks(3).any(|pixel| pixel == colour), "no curve of {colour:?} is drawn");
    }
    assert!(draw(&picture, &rows[2..]).expect_err("nothing was heard").to_string().contains("nothing to draw"));
}
