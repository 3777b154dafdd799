//! Highs, stereo image, level and edges with the fake set, whose bars tell by their tone what was made.

use turnaround_core::level::peak::true_peak;
use turnaround_core::time::{SampleRate, Seconds};

use super::tests::{grid, recording, regenerate, run, tone, with_action};
use super::*;
use crate::fake;

const EVERYTHING: [(HighBand, Stereo, Edges); 6] = [
    (HighBand::Keep, Stereo::Keep, Edges::Open),
    (HighBand::Follow, Stereo::Keep, Edges::Faded),
    (HighBand::Follow, Stereo::Follow, Edges::Open),
    (HighBand::Off, Stereo::Follow, Edges::Faded),
    (HighBand::Off, Stereo::Keep, Edges::Open),
    (HighBand::Keep, Stereo::Follow, Edges::Faded),
];

/// The tones of a recording and on them, in the bars of tone 1 alone, hiss above the crossover; all of it placed like `left` to `right`.
fn bright(map: &TempoMap, tones: &[usize], seconds: f64, (left, right): (f32, f32)) -> Audio {
    let dry = recording(48_000, 1, map, tones, seconds);
    let mut hiss = vec![0.0; dry.len()];
    turnaround_core::noise::GaussianNoise::new(4).fill(&mut hiss);
    let band = turnaround_core::full_band::HighBand::new(dry.rate()).unwrap();
    let hiss = band.highs(&hiss);
    let mut mid = dry.channel(0).to_vec();
    for (index, &tone) in tones.iter().enumerate() {
        let level = if tone == 1 { 0.05 } else { 0.0005 };
        for n in map.bar(BarNumber::new(index as i64 + 1)).samples(dry.rate()).as_range() {
            mid[n.min(hiss.len() - 1)] += level * hiss[n.min(hiss.len() - 1)];
        }
    }
    let channel = |gain: f32| mid.iter().map(|x| gain * x).collect();
    Audio::stereo(dry.rate(), channel(left), channel(right)).unwrap()
}

/// Level of the highs in the middle of a bar, in decibels.
fn highs_db(audio: &Audio, map: &TempoMap, bar: i64) -> f64 {
    let range = map.bar(BarNumber::new(bar)).samples(audio.rate()).as_range();
    let band = turnaround_core::full_band::HighBand::new(audio.rate()).unwrap();
    let highs = band.highs(&audio.mid()[range]);
    level_db(&highs[highs.len() / 4..3 * highs.len() / 4]).unwrap()
}

#[test]
fn whatever_is_asked_for_all_other_samples_are_bit_identical_at_every_rate() {
    for (hz, channels, bpm, metre) in [
        (8_000, 2, 240.0, "4/4"),
        (16_000, 1, 120.0, "4/4"),
        (22_050, 2, 133.7, "7/8"),
        (44_100, 2, 99.5, "3/4"),
        (192_000, 2, 180.0, "4/4"),
    ] {
        let map = grid(bpm, metre, 0.13);
        let audio = recording(hz, channels, &map, &[0, 1, 0, 1, 0, 1], map.bar(BarNumber::new(7)).start.get() + 0.05);
        for (high_band, stereo, edges) in EVERYTHING {
            let settings = Settings { high_band, stereo, edges, quality: Quality::Draft, ..Settings::default() };
            let result = run(&audio, &map, &[with_action(3, 5), with_action(6, 2)], settings).unwrap();
            assert!(result.report.kept.iter().all(|kept| kept.sha256_before == kept.sha256_after));
            for bar in [3, 6] {
                let bar = map.bar(BarNumber::new(bar)).samples(audio.rate()).as_range();
                let start = bar.start - audio.rate().samples_from(Seconds::new(0.020)).as_index();
                let region = result.report.changed.iter().find(|region| region.end == bar.end).unwrap();
                assert_eq!(region.start, start);
                for channel in 0..channels {
                    assert!(audio.channel(channel)[bar.clone()] != result.audio.channel(channel)[bar.clone()]);
                }
            }
            let again = run(&audio, &map, &[with_action(3, 5), with_action(6, 2)], settings).unwrap();
            assert_eq!(result.audio, again.audio, "the same seed, the same samples");
        }
    }
}

#[test]
fn highs_follow_the_bars_that_sound_like_the_new_one() {
    let map = grid(120.0, "4/4", 0.0);
    let audio = bright(&map, &[0, 1, 0, 1, 0, 1, 0, 1], 16.0, (1.0, 1.0));
    let (dark, bright) = (highs_db(&audio, &map, 5), highs_db(&audio, &map, 4));
    assert!(bright > dark + 30.0);
    let settings = Settings::default();
    // Bar 5 is dark and becomes tone 1, whose bars are bright; bar 4 is bright and becomes tone 0.
    for (bar, action, expected) in [(5, 1, bright), (4, 0, dark)] {
        let follow = run(&audio, &map, &[with_action(bar, action)], settings).unwrap();
        let found = highs_db(&follow.audio, &map, bar);
        assert!((found - expected).abs() < 6.0, "bar {bar}: {found} dB, its like has {expected}");
        let keep = run(&audio, &map, &[with_action(bar, action)], Settings { high_band: HighBand::Keep, ..settings });
        let found = highs_db(&keep.unwrap().audio, &map, bar);
        assert!((found - expected).abs() > 20.0, "kept highs are those of the dry bar");
    }
}

#[test]
fn a_new_tone_lies_where_the_dry_bar_lay() {
    let map = grid(120.0, "4/4", 0.0);
    let audio = bright(&map, &[0, 1, 0, 1, 0, 1, 0, 1], 16.0, (1.0, 0.25));
    let difference = |settings: Settings| {
        let result = run(&audio, &map, &[with_action(5, 1)], settings).unwrap().audio;
        let channel = |index: usize| tone(&Audio::mono(audio.rate(), result.channel(index).to_vec()).unwrap(), &map, 5, 1);
        20.0 * (channel(0) / channel(1)).log10()
    };
    let follow = difference(Settings::default());
    assert!((follow - 12.04).abs() < 2.0, "{follow} dB to the left");
    let keep = difference(Settings { stereo: Stereo::Keep, ..Settings::default() });
    assert!(keep.abs() < 2.0, "what is added to both channels lies in the middle: {keep} dB");
}

#[test]
fn an_open_edge_is_new_from_before_the_bar_line_to_the_last_sample() {
    let map = grid(120.0, "4/4", 0.0);
    let audio = recording(48_000, 2, &map, &[0; 8], 16.0);
    for stereo in [Stereo::Follow, Stereo::Keep] {
        let take = |edges| {
            run(
                &audio,
                &map,
                &[with_action(4, 5), with_action(5, 5)],
                Settings { edges, stereo, level_reach_db: f32::INFINITY, ..Settings::default() },
            )
        };
        let (open, faded) = (take(Edges::Open).unwrap(), take(Edges::Faded).unwrap());
        assert_eq!(open.report.changed, faded.report.changed);
        let [region] = open.report.changed[..] else { panic!("one run") };
        let (open, faded, dry) = (open.audio.mid(), faded.audio.mid(), audio.mid());
        let power = |a: &[f32]| a.iter().map(|x| f64::from(x * x)).sum::<f64>() / a.len() as f64;
        let apart = |a: &[f32], range: std::ops::Range<usize>| {
            let difference: Vec<f32> = a[range.clone()].iter().zip(&dry[range]).map(|(a, b)| a - b).collect();
            power(&difference)
        };
        // The last 15 ms inside the ramp are as loud as the new sound is farther inside, and nothing of the dry one.
        let last = region.end - 768..region.end - 48;
        let ratio_db = 10.0 * (power(&open[last.clone()]) / power(&open[region.end - 9_600..region.end - 2_400])).log10();
        assert!(ratio_db.abs() < 2.0, "{ratio_db} dB");
        assert!(apart(&faded, last.clone()) < 0.9 * apart(&open, last));
        // Before the bar line the decoder's sound grows out of the dry one by itself. A fade on top of that makes another sound, but not
        // on the downbeat.
        let differ = |range: std::ops::Range<usize>| {
            let difference: Vec<f32> = open[range.clone()].iter().zip(&faded[range.clone()]).map(|(a, b)| a - b).collect();
            power(&difference) / power(&open[range])
        };
        assert!(differ(region.start + 480..region.start + 720) > 1e-3);
        assert!(differ(region.start + 1_100..region.start + 2_000) < 1e-3);
        // Away from the fades the two are the same sound, but for rounding and, where the image is followed, the copy's ringing.
        let inside = region.start + 4_800..region.end - 4_800;
        let apart = open[inside.clone()].iter().zip(&faded[inside]).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(apart < 0.01, "{apart}");
    }
}

#[test]
fn new_bars_stay_below_full_scale_and_the_report_tells_what_that_took() {
    let map = grid(120.0, "4/4", 0.0);
    let mut channels = recording(48_000, 2, &map, &[0, 1, 0, 1, 0, 1, 0, 1], 16.0).into_channels();
    // Loud surroundings, and a silent bar among them, which is no measure.
    let silent = map.bar(BarNumber::new(4)).samples(SampleRate::new(48_000).unwrap()).as_range();
    for channel in &mut channels {
        for (n, sample) in channel.iter_mut().enumerate() {
            *sample *= if silent.contains(&n) { 0.0 } else { 2.8 };
        }
    }
    let audio = Audio::new(SampleRate::new(48_000).unwrap(), channels).unwrap();
    let target = Target { bar: BarNumber::new(4), action: ActionChoice::Weights(vec![(0, 1.0), (1, 1.0), (2, 1.0)]) };
    let result = run(&audio, &map, &[target], Settings { level_reach_db: 0.0, ..Settings::default() }).unwrap();
    let report = &result.report.bars[0];
    assert!(report.gain_db[1] > 3.0 && report.limited_db < -0.1, "{report:?}");
    let peak = result.audio.channels().iter().map(|channel| true_peak(&channel[silent.clone()])).fold(0.0, f32::max);
    assert!((0.9..0.966 * 1.01).contains(&peak), "{peak}");
}

#[test]
fn no_band_of_a_new_bar_is_louder_than_context_and_dry_bar_by_more_than_the_reach() {
    use turnaround_core::level::bands::band_powers;
    let map = grid(120.0, "4/4", 0.0);
    let audio = recording(16_000, 1, &map, &[0, 1, 0, 1, 0, 1, 0, 1], 16.0);
    let powers = |audio: &Audio, bar| {
        band_powers(&audio.channel(0)[map.bar(BarNumber::new(bar)).samples(audio.rate()).as_range()], audio.rate())
    };
    let settings = Settings { level_reach_db: 0.0, ..Settings::default() };
    let result = run(&audio, &map, &[with_action(4, 0)], settings).unwrap();
    let report = &result.report.bars[0];
    // Tones 0 and 1 lie in the second band.
    let (before, after) = (powers(&audio, 3)[1], powers(&result.audio, 4)[1]);
    assert!((10.0 * (after / before).log10()).abs() < 1.0, "{before} became {after}: {report:?}");
    assert!(report.gain_db[1].abs() > 0.1);
    let free = run(&audio, &map, &[with_action(4, 0)], Settings { level_reach_db: f32::INFINITY, ..settings }).unwrap();
    assert_eq!(free.report.bars[0].gain_db, [0.0; 4]);
}

#[test]
fn the_networks_alone_are_heard_as_before_there_were_highs_image_and_level() {
    let map = grid(120.0, "4/4", 0.0);
    let audio = recording(48_000, 2, &map, &[0, 1, 0, 1, 0, 1, 0, 1], 16.0);
    let (engine, _) = fake::engine();
    let result = regenerate(&engine, &audio, &map, &[with_action(4, 5)], Settings::networks_alone()).unwrap();
    for stage in ["high_band", "stereo"] {
        assert!(!result.report.timing.stages.contains_key(stage));
    }
    for (before, after) in audio.side().iter().zip(result.audio.side()) {
        assert!((before - after).abs() < 1e-6);
    }
    assert_eq!((result.report.bars[0].gain_db, result.report.settings.level_reach_db), ([0.0; 4], None));
}
