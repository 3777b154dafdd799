//! The whole road with a fake set: each action is a tone, so what was done to a bar can be heard.

use std::sync::atomic::{AtomicUsize, Ordering};

use turnaround_core::contract::Graph;
use turnaround_core::instruments::Instrument;
use turnaround_core::sampler;
use turnaround_core::time::{SampleRate, Seconds, Tempo};

use super::*;
use crate::Cancelled;
use crate::fake::{self, Calls};

/// A recording whose bars play the tones of these actions, in stereo with a hiss of its own on the side.
pub(crate) fn recording(hz: u32, channels: usize, map: &TempoMap, tones: &[usize], seconds: f64) -> Audio {
    let rate = SampleRate::new(hz).unwrap();
    let length = rate.samples_from(Seconds::new(seconds)).as_index();
    let mut noise = turnaround_core::noise::GaussianNoise::new(9);
    let mut mid = vec![0.0f32; length];
    for (index, &tone) in tones.iter().enumerate() {
        let bar = map.bar(BarNumber::new(index as i64 + 1));
        let frequency = fake::bin(tone) as f64 * 31.25;
        for n in bar.samples(rate).as_range() {
            mid[n.min(length - 1)] = 0.3 * (std::f64::consts::TAU * frequency * n as f64 / f64::from(hz)).sin() as f32;
        }
    }
    if channels == 1 {
        return Audio::mono(rate, mid).unwrap();
    }
    let side: Vec<f32> = (0..length).map(|_| 0.01 * noise.next()).collect();
    let left = mid.iter().zip(&side).map(|(m, s)| m + s).collect();
    let right = mid.iter().zip(&side).map(|(m, s)| m - s).collect();
    Audio::stereo(rate, left, right).unwrap()
}

pub(crate) fn grid(bpm: f64, metre: &str, offset: f64) -> TempoMap {
    TempoMap::constant(Tempo::new(bpm).unwrap(), metre.parse().unwrap(), Seconds::new(offset))
}

/// Eight bars of 2 s at 120, the tones 0, 1, 0, 1 and so on.
fn eight_bars(hz: u32, channels: usize) -> (Audio, TempoMap) {
    let map = grid(120.0, "4/4", 0.0);
    (recording(hz, channels, &map, &[0, 1, 0, 1, 0, 1, 0, 1], 16.0), map)
}

pub(super) fn with_action(bar: i64, action: u16) -> Target {
    Target { bar: BarNumber::new(bar), action: ActionChoice::Weights(vec![(action, 1.0)]) }
}

pub(super) fn run(audio: &Audio, map: &TempoMap, targets: &[Target], settings: Settings) -> Result<Regenerated, EngineError> {
    let (engine, _) = fake::engine();
    regenerate(&engine, audio, map, targets, settings)
}

pub(super) fn regenerate(
    engine: &Engine,
    audio: &Audio,
    map: &TempoMap,
    targets: &[Target],
    settings: Settings,
) -> Result<Regenerated, EngineError> {
    let mut control = Control { is_cancelled: &|| false, on_progress: &mut |_| {} };
    engine.regenerate(&Request { audio, map, targets, settings }, &mut control)
}

/// Loudness of an action's tone in a bar's middle.
pub(crate) fn tone(audio: &Audio, map: &TempoMap, bar: i64, action: usize) -> f64 {
    let mid = audio.mid();
    let bar = map.bar(BarNumber::new(bar)).samples(audio.rate()).as_range();
    let inside = bar.start + bar.len() / 4..bar.end - bar.len() / 4;
    let step = std::f64::consts::TAU * fake::bin(action) as f64 * 31.25 / f64::from(audio.rate().hz());
    let (mut re, mut im) = (0.0, 0.0);
    for n in inside.clone() {
        let (sin, cos) = (step * n as f64).sin_cos();
        re += f64::from(mid[n]) * cos;
        im += f64::from(mid[n]) * sin;
    }
    2.0 * re.hypot(im) / inside.len() as f64
}

fn levels(calls: &Calls, graph: Graph, input: usize) -> Vec<Vec<f32>> {
    let calls = calls.lock().unwrap();
    calls.iter().filter(|call| call.graph == graph).map(|call| call.inputs[input].values().to_vec()).collect()
}

#[test]
fn samples_outside_the_target_bars_and_their_fades_are_bit_identical() {
    for (hz, channels, bpm, metre, offset) in [
        (48_000, 2, 120.0, "4/4", 0.0),
        (44_100, 2, 133.7, "7/8", 0.31),
        (44_100, 1, 99.5, "3/4", 0.017),
        (22_050, 2, 180.0, "6/8", 0.0),
        (96_000, 2, 61.0, "4/4", 0.5),
        (8_000, 1, 240.0, "4/4", 0.0),
        (192_000, 1, 118.0, "4/4", 0.2),
    ] {
        let map = grid(bpm, metre, offset);
        let end = map.bar(BarNumber::new(7)).start.get() + 0.4;
        let audio = recording(hz, channels, &map, &[0, 1, 0, 1, 0, 1], end);
        let result = run(&audio, &map, &[with_action(3, 5)], Settings::default()).unwrap();
        let bar = map.bar(BarNumber::new(3)).samples(audio.rate()).as_range();
        let fade = audio.rate().samples_from(Seconds::new(0.020)).as_index();
        assert_eq!((result.audio.len(), result.audio.rate()), (audio.len(), audio.rate()));
        for channel in 0..channels {
            let (before, after) = (audio.channel(channel), result.audio.channel(channel));
            let bits = |samples: &[f32]| samples.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&before[..bar.start - fade]), bits(&after[..bar.start - fade]), "{hz} Hz, {bpm} bpm");
            assert_eq!(bits(&before[bar.end..]), bits(&after[bar.end..]), "{hz} Hz, {bpm} bpm");
            assert!(before[bar.clone()] != after[bar.clone()]);
        }
        assert!(result.report.kept.iter().all(|kept| kept.sha256_before == kept.sha256_after));
        assert_eq!(result.report.kept.len(), 2);
    }
}

#[test]
fn the_chosen_action_is_heard_in_the_chosen_bar_and_only_there() {
    let (audio, map) = eight_bars(48_000, 2);
    let result = run(&audio, &map, &[with_action(3, 5)], Settings::default()).unwrap();
    assert!(tone(&result.audio, &map, 3, 5) > 10.0 * tone(&result.audio, &map, 3, 0), "the dry tone is gone");
    assert!(tone(&result.audio, &map, 3, 5) > 0.01);
    for bar in [2, 4] {
        assert!(tone(&result.audio, &map, bar, 5) < 1e-3);
    }
}

#[test]
fn the_side_and_the_highs_stay_those_of_the_dry_bar_if_they_are_to_be_kept() {
    let (audio, map) = eight_bars(48_000, 2);
    let kept = Settings { high_band: HighBand::Keep, stereo: Stereo::Keep, ..Settings::default() };
    let result = run(&audio, &map, &[with_action(3, 5)], kept).unwrap();
    for (before, after) in audio.side().iter().zip(result.audio.side()) {
        // Adding one number to both channels rounds each of them.
        assert!((before - after).abs() < 1e-6);
    }
    let difference: Vec<f32> = result.audio.mid().iter().zip(audio.mid()).map(|(a, b)| a - b).collect();
    let stft = turnaround_core::spectrum::Stft::new(512);
    let plain = turnaround_core::spectrum::Companding::unscaled(1.0, 512);
    let whole = difference.len() / 512 * 512;
    let frames = stft.analyse(&difference[..whole], &plain);
    let power = |bins: std::ops::Range<usize>| -> f32 {
        frames.chunks_exact(1024).map(|row| bins.clone().map(|bin| row[bin].powi(2) + row[512 + bin].powi(2)).sum::<f32>()).sum()
    };
    // Bins are 46.875 Hz apart. What leaks above 8 kHz comes from the 1 ms ramps and stays 50 dB below.
    assert!(power(171..512) < 1e-5 * power(0..150));
}

#[test]
fn a_take_is_the_sound_without_the_account() {
    let (audio, map) = eight_bars(44_100, 2);
    let targets = [with_action(4, 2), with_action(5, 1)];
    let request = Request { audio: &audio, map: &map, targets: &targets, settings: Settings::default() };
    let mut control = Control { is_cancelled: &|| false, on_progress: &mut |_| {} };
    let take = fake::engine().0.take(&request, &mut control).unwrap();
    assert_eq!(take, run(&audio, &map, &targets, Settings::default()).unwrap().audio);
    assert_ne!(take, audio);
}

#[test]
fn the_same_seed_gives_the_same_samples_and_another_seed_others() {
    let (audio, map) = eight_bars(44_100, 2);
    let take = |seed| run(&audio, &map, &[with_action(4, 2)], Settings { seed, ..Settings::default() }).unwrap().audio;
    assert_eq!(take(7), take(7));
    assert_ne!(take(7), take(8));
}

#[test]
fn one_edit_sounds_the_same_whatever_is_edited_far_away() {
    let map = grid(120.0, "4/4", 0.0);
    let audio = recording(16_000, 1, &map, &[0; 24], 48.0);
    let alone = run(&audio, &map, &[with_action(4, 2)], Settings::default()).unwrap().audio;
    let both = run(&audio, &map, &[with_action(4, 2), with_action(20, 3)], Settings::default()).unwrap().audio;
    let bar = map.bar(BarNumber::new(4)).samples(audio.rate()).as_range();
    assert_eq!(alone.channel(0)[bar.clone()], both.channel(0)[bar]);
}

#[test]
fn noise_falls_from_one_to_nothing_and_a_variation_starts_lower() {
    let (audio, map) = eight_bars(16_000, 1);
    for (strength, quality, calls_expected) in [(1.0, Quality::Default, 6), (0.5, Quality::Draft, 4), (0.5, Quality::Fine, 12)] {
        let (engine, calls) = fake::engine();
        let settings = Settings { strength, quality, ..Settings::default() };
        regenerate(&engine, &audio, &map, &[with_action(4, 2)], settings).unwrap();
        let levels: Vec<f32> = levels(&calls, Graph::DynamicsStep, 1).iter().map(|row| row[0]).collect();
        assert_eq!(levels.len(), calls_expected);
        assert_eq!(levels[0], strength);
        assert!(levels.windows(2).all(|pair| pair[1] < pair[0]));
        assert!(levels[levels.len() - 1] >= 0.02);
    }
}

#[test]
fn guidance_doubles_calls_in_the_middle_of_the_noise_and_a_draft_has_none() {
    let (audio, map) = eight_bars(16_000, 1);
    for (quality, guidance, is_guided) in
        [(Quality::Default, 2.0, true), (Quality::Default, 1.0, false), (Quality::Draft, 2.0, false)]
    {
        let (engine, calls) = fake::engine();
        let settings = Settings { quality, guidance, ..Settings::default() };
        regenerate(&engine, &audio, &map, &[with_action(4, 2)], settings).unwrap();
        let calls = calls.lock().unwrap();
        let steps: Vec<_> = calls.iter().filter(|call| call.graph == Graph::DynamicsStep).collect();
        for call in &steps {
            let level = call.inputs[1].values()[0];
            let is_double = call.inputs[0].shape()[0] == 2;
            assert_eq!(is_double, is_guided && (0.3..=0.9).contains(&level), "level {level}");
            if is_double {
                let action = call.inputs[2].values();
                assert_eq!((action[2], action[10 + 8]), (1.0, 1.0), "the second branch has no action");
                assert_eq!(call.inputs[5].shape()[1], 2);
            }
        }
        assert_eq!(steps.iter().any(|call| call.inputs[0].shape()[0] == 2), is_guided);
    }
}

#[test]
fn a_part_of_an_action_by_players_is_mixed_with_none_by_the_same_players() {
    let (audio, map) = eight_bars(16_000, 1);
    let branches = |players: PlayersChoice| {
        let (engine, calls) = fake::engine_with(&[Instrument::Piano, Instrument::Bass]);
        let targets = [Target { bar: BarNumber::new(4), action: ActionChoice::Weights(vec![(2, 0.5)]) }];
        regenerate(&engine, &audio, &map, &targets, Settings { players, ..Settings::default() }).unwrap();
        let calls = calls.lock().unwrap();
        calls.iter().filter(|call| call.graph == Graph::DynamicsStep).map(|call| call.inputs[0].shape()[0]).max().unwrap()
    };
    // What guidance leads away from tells of no players, so it is another branch where they are told.
    assert_eq!(branches(PlayersChoice::These([Instrument::Piano].into_iter().collect())), 3);
    assert_eq!(branches(PlayersChoice::Anyone), 2);
}

#[test]
fn less_than_a_whole_action_lies_that_far_from_none_to_the_whole_one() {
    let (audio, map) = eight_bars(16_000, 1);
    for guidance in [1.0, 2.0] {
        let settings = Settings { guidance, ..Settings::default() };
        let imagined = |action: ActionChoice| {
            let (engine, calls) = fake::engine();
            let targets = [Target { bar: BarNumber::new(4), action }];
            let request = Request { audio: &audio, map: &map, targets: &targets, settings };
            let mut control = Control { is_cancelled: &|| false, on_progress: &mut |_| {} };
            let made = engine.imagine(&request, &mut control).unwrap().remove(0).made;
            let calls = calls.lock().unwrap();
            let branches = calls.iter().filter(|call| call.graph == Graph::DynamicsStep).map(|call| call.inputs[0].shape()[0]);
            (made, branches.max().unwrap())
        };
        let usual = if guidance == 1.0 { 1 } else { 2 };
        let (none, branches) = imagined(ActionChoice::Null);
        assert_eq!(branches, 1, "nothing is asked for that could be pressed upon the bar");
        let (whole, branches) = imagined(ActionChoice::Weights(vec![(2, 1.0)]));
        assert_eq!(branches, usual);
        for amount in [0.1, 0.5, 0.9] {
            let (part, branches) = imagined(ActionChoice::Weights(vec![(2, amount)]));
            assert_eq!(branches, 2, "what no action makes is asked too, and once is enough for guidance");
            for ((part, none), whole) in part.iter().zip(&none).zip(&whole) {
                let expected = none + amount * (whole - none);
                assert!((part - expected).abs() < 1e-4, "{part} and {expected}");
            }
        }
        // Two that make a whole need no more than one.
        assert_eq!(imagined(ActionChoice::Weights(vec![(2, 0.5), (3, 0.5)])).1, usual);
    }
}

#[test]
fn no_action_is_the_null_action_and_own_is_what_is_heard() {
    let (audio, map) = eight_bars(16_000, 1);
    let (engine, calls) = fake::engine();
    let null = Target { bar: BarNumber::new(4), action: ActionChoice::Null };
    let result = regenerate(&engine, &audio, &map, &[null], Settings::default()).unwrap();
    assert!(result.report.bars[0].action.is_empty());
    let actions = levels(&calls, Graph::DynamicsStep, 2);
    assert_eq!(actions[0][8], 1.0, "the null flag");

    let own = Target { bar: BarNumber::new(4), action: ActionChoice::Own };
    let result = run(&audio, &map, &[own], Settings::default()).unwrap();
    assert_eq!(result.report.bars[0].action[0].index, 1, "bar 4 plays tone 1");
    assert_eq!(result.report.bars[0].action[0].label, "tone 1");
}

#[test]
fn positions_count_from_the_window_and_context_lies_on_both_sides() {
    let map = grid(120.0, "4/4", 0.0);
    let audio = recording(16_000, 1, &map, &[0; 20], 40.0);
    let (engine, calls) = fake::engine();
    let result = regenerate(&engine, &audio, &map, &[with_action(10, 2), with_action(11, 2)], Settings::default()).unwrap();
    assert_eq!(levels(&calls, Graph::DynamicsContext, 3), [[0.0, 1.0, 2.0, 5.0, 6.0, 7.0]]);
    assert_eq!(levels(&calls, Graph::DynamicsStep, 4)[0], [3.0, 4.0]);
    assert_eq!(result.report.context_bars, [7, 8, 9, 12, 13, 14]);
}

#[test]
fn a_long_run_is_made_window_by_window_and_all_of_it_is_heard() {
    let map = grid(120.0, "4/4", 0.0);
    let audio = recording(16_000, 1, &map, &[0; 12], 24.0);
    let targets: Vec<Target> = (3..=9).map(|bar| with_action(bar, 4)).collect();
    let (engine, calls) = fake::engine();
    let result = regenerate(&engine, &audio, &map, &targets, Settings::default()).unwrap();
    assert_eq!(levels(&calls, Graph::DynamicsContext, 3).len(), 2);
    for bar in 3..=9 {
        assert!(tone(&result.audio, &map, bar, 4) > 10.0 * tone(&result.audio, &map, bar, 0), "bar {bar}");
    }
    assert!(tone(&result.audio, &map, 2, 4) < 1e-3 && tone(&result.audio, &map, 10, 4) < 1e-3);
    // The second window hears what the first one made: in bars it hears as context, the fourth channel is loud.
    let contexts = levels(&calls, Graph::DynamicsContext, 0);
    assert!(contexts[1][4] > contexts[1][0]);
    assert_eq!(result.report.changed.len(), 1);
}

#[test]
fn seams_between_new_bars_do_not_click() {
    let map = grid(120.0, "4/4", 0.0);
    let audio = recording(48_000, 1, &map, &[0; 12], 24.0);
    let targets: Vec<Target> = (4..=8).map(|bar| with_action(bar, 4)).collect();
    let result = run(&audio, &map, &targets, Settings::default()).unwrap();
    let samples = result.audio.channel(0);
    let bend: Vec<f32> = samples.windows(3).map(|w| (w[0] - 2.0 * w[1] + w[2]).abs()).collect();
    let mut inside: Vec<f32> = bend[6 * 48_000 + 4_800..16 * 48_000 - 4_800].to_vec();
    inside.sort_by(f32::total_cmp);
    let usual = inside[inside.len() * 999 / 1000];
    for bar in 4..=9 {
        let line = map.bar(BarNumber::new(bar)).samples(audio.rate()).start.as_index();
        let loudest = bend[line - 1_200..line + 96].iter().fold(0.0f32, |peak, &x| peak.max(x));
        assert!(loudest <= 1.5 * usual, "bar line {bar}: {loudest} against {usual}");
    }
}

#[test]
fn halves_of_long_bars_are_made_together() {
    let map = grid(60.0, "4/4", 0.0);
    let audio = recording(16_000, 1, &map, &[0; 6], 24.0);
    let result = run(&audio, &map, &[with_action(3, 4)], Settings::default()).unwrap();
    assert!(tone(&result.audio, &map, 3, 4) > 10.0 * tone(&result.audio, &map, 3, 0));
    assert_eq!(result.report.bars.len(), 1);
    assert_eq!(result.report.changed[0].end - result.report.changed[0].start, 4 * 16_000 + 320);
}

#[test]
fn of_two_short_bars_heard_together_only_the_chosen_one_changes() {
    let map = grid(220.0, "4/4", 0.0);
    let audio = recording(48_000, 2, &map, &[0; 10], map.bar(BarNumber::new(11)).start.get());
    for bar in [5, 6] {
        let result = run(&audio, &map, &[with_action(bar, 4)], Settings::default()).unwrap();
        let range = map.bar(BarNumber::new(bar)).samples(audio.rate()).as_range();
        let (before, after) = (audio.channel(1), result.audio.channel(1));
        assert_eq!(before[..range.start - 960], after[..range.start - 960]);
        assert_eq!(before[range.end..], after[range.end..]);
        assert!(tone(&result.audio, &map, bar, 4) > 5.0 * tone(&result.audio, &map, bar, 0), "bar {bar}");
    }
}

#[test]
fn dry_bars_between_chosen_ones_in_neighbouring_units_stay_dry() {
    let map = grid(220.0, "4/4", 0.0);
    let audio = recording(48_000, 2, &map, &[0; 12], map.bar(BarNumber::new(13)).start.get());
    let result = run(&audio, &map, &[with_action(5, 4), with_action(8, 4)], Settings::default()).unwrap();
    let line = |bar| map.bar(BarNumber::new(bar)).samples(audio.rate()).start.as_index();
    assert_eq!(audio.channel(0)[line(6)..line(8) - 960], result.audio.channel(0)[line(6)..line(8) - 960]);
    assert_eq!(result.report.changed.len(), 2);
    for bar in [5, 8] {
        assert!(tone(&result.audio, &map, bar, 4) > 5.0 * tone(&result.audio, &map, bar, 0), "bar {bar}");
    }
}

#[test]
fn first_and_last_bars_can_be_made_and_so_can_all_at_once() {
    let (audio, map) = eight_bars(44_100, 1);
    for bars in [vec![1], vec![8], vec![1, 8], (1..=8).collect()] {
        let targets: Vec<Target> = bars.iter().map(|&bar| with_action(bar, 6)).collect();
        let result = run(&audio, &map, &targets, Settings::default()).unwrap();
        for bar in bars {
            assert!(tone(&result.audio, &map, bar, 6) > 0.01);
        }
    }
}

#[test]
fn strength_zero_keeps_the_latents_of_the_bar() {
    let (audio, map) = eight_bars(16_000, 1);
    let result = run(&audio, &map, &[with_action(3, 5)], Settings { strength: 0.0, ..Settings::default() }).unwrap();
    assert!(tone(&result.audio, &map, 3, 0) > 10.0 * tone(&result.audio, &map, 3, 5));
}

#[test]
fn a_cancelled_call_stops_before_the_next_network_call_at_any_point() {
    let (audio, map) = eight_bars(16_000, 1);
    let mut stops = 0;
    for allowed in 0..200 {
        let asked = AtomicUsize::new(0);
        let is_cancelled = || asked.fetch_add(1, Ordering::Relaxed) >= allowed;
        let mut control = Control { is_cancelled: &is_cancelled, on_progress: &mut |_| {} };
        let (engine, _) = fake::engine();
        let targets = [with_action(4, 2)];
        let request = Request { audio: &audio, map: &map, targets: &targets, settings: Settings::default() };
        match engine.regenerate(&request, &mut control) {
            Err(EngineError::Cancelled(Cancelled)) => stops += 1,
            other => {
                assert!(other.is_ok());
                break;
            }
        }
    }
    assert!((20..200).contains(&stops), "{stops}");
}

#[test]
fn progress_rises_to_its_total() {
    let (audio, map) = eight_bars(16_000, 1);
    let mut seen = Vec::new();
    let mut on_progress = |progress: crate::Progress| seen.push(progress);
    let mut control = Control { is_cancelled: &|| false, on_progress: &mut on_progress };
    let (engine, _) = fake::engine();
    let targets = [with_action(4, 2), with_action(5, 2)];
    let request = Request { audio: &audio, map: &map, targets: &targets, settings: Settings::default() };
    let report = engine.regenerate(&request, &mut control).unwrap().report;
    assert!(seen.windows(2).all(|pair| pair[1].done == pair[0].done + 1));
    assert!(seen.iter().all(|progress| progress.done <= progress.total));
    let last = seen[seen.len() - 1];
    assert!(last.done as f64 >= 0.8 * last.total as f64, "{last:?}");
    for stage in ["resample", "encode", "adapt", "actions", "context", "dynamics", "decode", "mix"] {
        assert!(report.timing.stages.contains_key(stage), "{stage}");
    }
}

#[test]
fn the_surroundings_are_shown_to_the_decoder_at_its_own_noise_level() {
    let (audio, map) = eight_bars(16_000, 1);
    let mut hushed = audio.channel(0).to_vec();
    hushed[map.bar(BarNumber::new(3)).samples(audio.rate()).as_range()].fill(0.0);
    let hushed = Audio::mono(audio.rate(), hushed).unwrap();
    let heard = |audio: &Audio| {
        let (engine, calls) = fake::engine();
        regenerate(&engine, audio, &map, &[with_action(4, 2)], Settings::default()).unwrap();
        let calls = calls.lock().unwrap();
        calls.iter().find(|call| call.graph == Graph::DecoderStep).unwrap().inputs.clone()
    };
    let (with, without) = (heard(&audio), heard(&hushed));
    let level = sampler::levels(CALLS)[0];
    assert_eq!((with[1].values(), without[1].values()), ([level].as_slice(), [level].as_slice()));
    // Bar 3 plays tone 0, or nothing: then the first margin frames are the noise alone, which is the same in both.
    let bin = |heard: &[crate::runtime::Tensor], frame: usize| {
        [0, 256].map(|part| heard[0].values()[frame * 512 + part + fake::bin(0)])
    };
    for frame in 1..6 {
        let (with, without) = (bin(&with, frame), bin(&without, frame));
        assert!((without[0].hypot(without[1]) - level * std::f32::consts::SQRT_2).abs() < 1e-4, "frame {frame}");
        let sound = [0, 1].map(|part| (with[part] - without[part]) / (1.0 - level));
        assert!(sound[0].hypot(sound[1]) > 0.5, "frame {frame} holds no tone: {sound:?}");
    }
}

#[test]
fn what_was_heard_before_is_not_heard_again_and_changes_nothing() {
    let (audio, map) = eight_bars(16_000, 1);
    let edit = |engine: &Engine, action: u16| {
        regenerate(engine, &audio, &map, &[with_action(4, action)], Settings::default()).unwrap().audio
    };
    let (engine, calls) = fake::engine();
    let heard = || {
        let is_ear = |graph: Graph| matches!(graph, Graph::Encoder | Graph::AdapterEncoder | Graph::ActionEncoder);
        calls.lock().unwrap().drain(..).filter(|call| is_ear(call.graph)).count()
    };
    edit(&engine, 2);
    assert!(heard() > 0);
    let again = edit(&engine, 3);
    assert_eq!(heard(), 0);
    assert_eq!(again, edit(&fake::engine().0, 3), "as if nothing had been remembered");
    engine.set().forget();
    edit(&engine, 3);
    assert!(heard() > 0);
}

#[test]
fn a_bar_of_a_long_song_hears_what_is_around_it_and_no_more() {
    for (hz, channels, bpm) in [(16_000, 1, 120.0), (44_100, 2, 133.7)] {
        let map = grid(bpm, "4/4", 0.1);
        let song = |far: usize| {
            let tones: Vec<usize> = (1..=40).map(|bar: usize| if bar.abs_diff(20) > 12 { far } else { bar % 2 }).collect();
            recording(hz, channels, &map, &tones, map.bar(BarNumber::new(41)).start.get())
        };
        let edited = |audio: &Audio| run(audio, &map, &[with_action(20, 2)], Settings::default()).unwrap();
        let (audio, one, other) = (song(0), edited(&song(0)), edited(&song(1)));
        let bar = map.bar(BarNumber::new(20));
        let range = bar.samples(audio.rate()).as_range();
        assert_eq!(one.audio.channel(0)[range.clone()], other.audio.channel(0)[range.clone()]);
        assert!(tone(&one.audio, &map, 20, 2) > 3.0 * tone(&audio, &map, 20, 2));
        let fade = audio.rate().samples_from(Seconds::new(0.020)).as_index();
        assert_eq!(one.report.changed, [Region { start: range.start - fade, end: range.end }]);
        assert!(one.report.kept.iter().all(|kept| kept.sha256_before == kept.sha256_after));
        let told = &one.report.bars[0];
        assert_eq!(told.bar, 20);
        assert!((told.start_s - bar.start.get()).abs() < 1e-9 && (told.end_s - bar.end.get()).abs() < 1e-9);
    }
}

#[test]
fn what_cannot_be_done_is_told() {
    let (audio, map) = eight_bars(16_000, 1);
    let refused = |targets: &[Target], settings: Settings| run(&audio, &map, targets, settings).unwrap_err();
    let usual = Settings::default();
    assert!(matches!(refused(&[], usual), EngineError::NoTarget));
    assert!(matches!(refused(&[with_action(9, 0)], usual), EngineError::BarOutside { bar: 9, first: 1, last: 8 }));
    assert!(matches!(refused(&[with_action(0, 0)], usual), EngineError::BarOutside { bar: 0, .. }));
    assert!(matches!(refused(&[with_action(1, 8)], usual), EngineError::UnknownAction { index: 8, last: 7 }));
    let weights = |weight| Target { bar: BarNumber::new(1), action: ActionChoice::Weights(vec![(0, weight)]) };
    for weight in [0.0, -1.0, f32::NAN, f32::INFINITY] {
        assert!(matches!(refused(&[weights(weight)], usual), EngineError::Weights), "{weight}");
    }
    for strength in [-0.1, 1.1, f32::NAN] {
        assert!(matches!(refused(&[with_action(1, 0)], Settings { strength, ..usual }), EngineError::Setting { .. }));
    }
    for level_reach_db in [-1.0, f32::NAN] {
        assert!(matches!(refused(&[with_action(1, 0)], Settings { level_reach_db, ..usual }), EngineError::Setting { .. }));
    }
    for past_noise in [-0.1, 0.6, f32::NAN] {
        assert!(matches!(refused(&[with_action(1, 0)], Settings { past_noise, ..usual }), EngineError::Setting { .. }));
    }
    assert!(matches!(refused(&[with_action(1, 0)], Settings { guidance: f32::NAN, ..usual }), EngineError::Setting { .. }));
}

#[test]
fn a_recording_without_bars_context_or_sound_is_told() {
    let map = grid(120.0, "4/4", 0.0);
    let rate = SampleRate::new(16_000).unwrap();
    let silent = |seconds: usize| Audio::mono(rate, vec![0.0; 16_000 * seconds]).unwrap();
    let refused = |audio: &Audio| run(audio, &map, &[with_action(1, 0)], Settings::default()).unwrap_err();
    assert!(matches!(refused(&Audio::mono(rate, vec![0.5]).unwrap()), EngineError::NoWholeBar { .. }));
    assert!(matches!(refused(&silent(2)), EngineError::NoContext));
    assert!(matches!(refused(&silent(16)), EngineError::SilentContext { bar: 1 }));
}

#[test]
fn a_silent_bar_among_others_can_be_made() {
    let map = grid(120.0, "4/4", 0.0);
    let audio = recording(16_000, 1, &map, &[0, 1], 8.0);
    let result = run(&audio, &map, &[with_action(4, 3)], Settings::default()).unwrap();
    assert_eq!(result.report.bars[0].level_before_db, None);
    assert!(result.report.bars[0].level_after_db.is_some());
}

#[test]
fn a_network_that_returns_no_numbers_fails_the_call() {
    let (audio, map) = eight_bars(16_000, 1);
    for graph in Graph::ALL {
        let engine = fake::broken_engine(graph);
        let result = regenerate(&engine, &audio, &map, &[with_action(4, 2)], Settings::default());
        assert!(matches!(result, Err(EngineError::Runtime(_))), "{graph}");
    }
}

#[test]
fn a_report_survives_json() {
    let (audio, map) = eight_bars(44_100, 2);
    let report = run(&audio, &map, &[with_action(4, 2)], Settings::default()).unwrap().report;
    let text = serde_json::to_string_pretty(&report).unwrap();
    assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), report);
}

#[test]
fn actions_heard_are_the_tones_played() {
    let (audio, map) = eight_bars(44_100, 2);
    let (engine, _) = fake::engine();
    let mut control = Control { is_cancelled: &|| false, on_progress: &mut |_| {} };
    let heard = engine.infer_actions(&audio, &map, None, &mut control).unwrap();
    let best: Vec<u16> = heard.iter().map(|bar| bar.weights[0].0).collect();
    assert_eq!(best, [0, 1, 0, 1, 0, 1, 0, 1]);
    let some = engine.infer_actions(&audio, &map, Some(&[BarNumber::new(2)]), &mut control).unwrap();
    assert_eq!((some.len(), some[0].weights.clone()), (1, heard[1].weights.clone()));
    let outside = engine.infer_actions(&audio, &map, Some(&[BarNumber::new(99)]), &mut control);
    assert!(matches!(outside, Err(EngineError::BarOutside { bar: 99, .. })));
}

#[test]
fn a_round_trip_keeps_rate_channels_and_length_and_every_tone_in_its_bar() {
    use crate::roundtrip::Turn;
    for (hz, channels) in [(44_100, 2), (16_000, 1), (8_000, 1)] {
        let (audio, map) = eight_bars(hz, channels);
        for turn in [Turn::Tokenizer, Turn::Bars, Turn::Actions] {
            let (engine, _) = fake::engine();
            let mut control = Control { is_cancelled: &|| false, on_progress: &mut |_| {} };
            let (result, report) = engine.roundtrip(&audio, &map, turn, 4, Settings::default(), &mut control).unwrap();
            assert_eq!((result.len(), result.channel_count(), result.rate()), (audio.len(), channels, audio.rate()));
            assert_eq!((report.turn, report.start, report.end), (turn, 0, audio.len()));
            for bar in 1..=8 {
                let (own, other) = if bar % 2 == 1 { (0, 1) } else { (1, 0) };
                let (own, other) = (tone(&result, &map, bar, own), tone(&result, &map, bar, other));
                assert!(own > 3.0 * other, "{turn:?}, {hz} Hz, bar {bar}: {own} and {other}");
            }
        }
    }
}
