//! Added bars with a fake set: each action is a tone, so what was made where can be heard.

use turnaround_core::contract::Graph;
use turnaround_core::tempo_map::Change;
use turnaround_core::time::{Beats, SampleRate, Seconds, Tempo};

use super::*;
use crate::edit::Edit;
use crate::fake::{self, Calls};
use crate::regenerate::tests::{grid, recording, tone};
use crate::report::Region;
use crate::transition;

fn bar(number: i64) -> BarNumber {
    BarNumber::new(number)
}

fn weights(actions: &[u16]) -> Vec<ActionChoice> {
    actions.iter().map(|&action| ActionChoice::Weights(vec![(action, 1.0)])).collect()
}

/// Bars after one, of which the recording goes on with another, if it does.
fn add(
    engine: &Engine,
    (audio, map): (&Audio, &TempoMap),
    (after, until): (i64, Option<i64>),
    actions: &[ActionChoice],
    settings: Settings,
) -> Result<Added, EngineError> {
    let mut control = Control { is_cancelled: &|| false, on_progress: &mut |_| {} };
    let addition = Addition { audio, map, after: bar(after), until: until.map(bar), actions, settings };
    engine.add_bars(&addition, &mut control)
}

fn added(song: (&Audio, &TempoMap), place: (i64, Option<i64>), actions: &[u16]) -> Added {
    let (engine, _) = fake::engine();
    add(&engine, song, place, &weights(actions), Settings::default()).unwrap()
}

/// Six bars of two tones in turn, and a bit.
fn six_bars(hz: u32, channels: usize, map: &TempoMap) -> Audio {
    let end = map.bar(bar(7)).start.get() + 0.4;
    recording(hz, channels, map, &[0, 1, 0, 1, 0, 1], end)
}

fn line(map: &TempoMap, number: i64, audio: &Audio) -> usize {
    map.bar(bar(number)).samples(audio.rate()).start.as_index()
}

fn bits(samples: &[f32]) -> Vec<u32> {
    samples.iter().map(|sample| sample.to_bits()).collect()
}

fn table() -> Vec<(u32, usize, TempoMap)> {
    let changing = (0..12).map(|index| Change {
        at: Beats::new(4.0 * f64::from(index)),
        tempo: Tempo::new(118.0 + 1.37 * f64::from(index % 4)).unwrap(),
        metre: "4/4".parse().unwrap(),
    });
    let changing = TempoMap::new(Seconds::new(0.123), changing.collect()).unwrap();
    vec![
        (48_000, 2, grid(120.0, "4/4", 0.0)),
        (44_100, 2, grid(133.7, "7/8", 0.31)),
        (44_100, 1, grid(99.5, "3/4", 0.017)),
        (16_000, 1, grid(61.0, "4/4", 0.5)),
        (22_050, 2, grid(240.0, "4/4", 0.0)),
        (48_000, 1, grid(330.0, "2/4", 0.2)),
        (44_100, 2, changing),
    ]
}

#[test]
fn a_continued_recording_is_itself_up_to_the_fade_and_ends_on_the_last_new_bar_line() {
    for (hz, channels, map) in table() {
        let audio = six_bars(hz, channels, &map);
        for (after, count) in [(6, 1), (6, 3), (3, 2), (1, 5)] {
            let result = added((&audio, &map), (after, None), &vec![5; count]);
            let seam = line(&map, after + 1, &audio);
            let fade = audio.rate().samples_from(Seconds::new(0.020)).as_index();
            assert_eq!((result.audio.rate(), result.audio.channel_count()), (audio.rate(), channels));
            assert_eq!(result.audio.len(), line(&result.map, after + 1 + count as i64, &audio), "{hz} Hz, after {after}");
            for channel in 0..channels {
                let (before, new) = (audio.channel(channel), result.audio.channel(channel));
                assert_eq!(bits(&before[..seam - fade]), bits(&new[..seam - fade]), "{hz} Hz");
                let last = new.len() - fade / 10..new.len();
                assert!(new[last].iter().all(|sample| sample.abs() < 1e-3), "{hz} Hz, after {after}: it ends in silence");
            }
            let report = result.report;
            assert_eq!(report.changed, [Region { start: seam - fade, end: result.audio.len() }]);
            assert_eq!(report.left_out, Some(Region { start: seam, end: audio.len() }));
            assert_eq!(report.kept.len(), 1);
            assert_eq!(report.kept[0].sha256_before, report.kept[0].sha256_after);
            let bars: Vec<i64> = report.bars.iter().map(|bar| bar.bar).collect();
            assert_eq!(bars, (after + 1..=after + count as i64).collect::<Vec<_>>());
            assert!(report.bars.iter().all(|bar| bar.level_before_db.is_none() && bar.level_after_db.is_some()));
        }
    }
}

#[test]
fn bars_that_follow_new_ones_are_moved_and_change_no_bit() {
    for (hz, channels, map) in table() {
        let audio = six_bars(hz, channels, &map);
        for (after, until, count) in [(3, 4, 1), (2, 3, 4), (1, 5, 2), (2, 6, 1), (5, 6, 3)] {
            let result = added((&audio, &map), (after, Some(until)), &vec![5; count]);
            let (from, to) = (line(&map, after + 1, &audio), line(&map, until, &audio));
            let end = line(&result.map, after + 1 + count as i64, &audio);
            let fade = audio.rate().samples_from(Seconds::new(0.020)).as_index();
            assert_eq!(result.audio.len() - end, audio.len() - to);
            for channel in 0..channels {
                let (before, new) = (audio.channel(channel), result.audio.channel(channel));
                assert_eq!(bits(&before[..from - fade]), bits(&new[..from - fade]), "{hz} Hz");
                assert_eq!(bits(&before[to..]), bits(&new[end..]), "{hz} Hz");
            }
            let report = result.report;
            assert_eq!(report.changed, [Region { start: from - fade, end }]);
            assert_eq!(report.left_out, (from < to).then_some(Region { start: from, end: to }));
            assert_eq!(report.kept.iter().map(|kept| kept.moved).collect::<Vec<_>>(), [0, end as i64 - to as i64]);
            assert!(report.kept.iter().all(|kept| kept.sha256_before == kept.sha256_after));
        }
    }
}

#[test]
fn what_was_asked_for_is_heard_in_the_new_bars_and_only_there() {
    let map = grid(120.0, "4/4", 0.0);
    let audio = six_bars(48_000, 2, &map);
    let result = added((&audio, &map), (3, Some(4)), &[4, 5, 6]);
    for (number, action) in [(4, 4), (5, 5), (6, 6)] {
        assert!(tone(&result.audio, &result.map, number, action) > 0.01, "bar {number}");
        for other in [0, 1].into_iter().chain((4..7).filter(|&other| other != action)) {
            let (own, other) =
                (tone(&result.audio, &result.map, number, action), tone(&result.audio, &result.map, number, other));
            assert!(own > 10.0 * other, "bar {number}: {own} and {other}");
        }
    }
    for (number, action) in [(3, 0), (7, 1), (8, 0), (9, 1)] {
        assert!(tone(&result.audio, &result.map, number, action) > 0.2, "bar {number} is the old one");
    }
}

#[test]
fn sixteen_and_more_bars_are_made_window_by_window_each_hearing_the_one_before() {
    let map = grid(120.0, "4/4", 0.0);
    let audio = six_bars(16_000, 1, &map);
    for (after, count) in [(6, 16), (1, 32)] {
        let (engine, calls) = fake::engine();
        let result = add(&engine, (&audio, &map), (after, None), &weights(&vec![4; count]), Settings::default()).unwrap();
        for number in after + 1..=after + count as i64 {
            let (new, old) = (tone(&result.audio, &result.map, number, 4), tone(&result.audio, &result.map, number, 0));
            assert!(new > 0.01 && new > 10.0 * old, "bar {number}: {new} and {old}");
        }
        let contexts = inputs(&calls, Graph::DynamicsContext, 0);
        assert_eq!(contexts.len(), count / 4);
        let size = fake::sizes().slots * fake::sizes().channels;
        for context in &contexts[1..] {
            assert_eq!(context.len(), 4 * size, "four made, four heard");
            // They are heard noisy, each bar as a whole plainly enough.
            let sum = |bar: &[f32], action: usize| bar.chunks_exact(16).map(|slot| slot[action]).sum::<f32>();
            assert!(context.chunks_exact(size).all(|bar| sum(bar, 4) > sum(bar, 0) + 1.0), "all heard were made with action 4");
        }
        assert_eq!(result.report.context_bars.last(), Some(&(after + count as i64 - 4)));
    }
}

#[test]
fn bars_made_before_are_heard_as_noisy_as_asked_and_real_ones_clean() {
    let map = grid(120.0, "4/4", 0.0);
    let audio = six_bars(16_000, 1, &map);
    let contexts = |past_noise: f32| {
        let (engine, calls) = fake::engine();
        let settings = Settings { past_noise, ..Settings::default() };
        add(&engine, (&audio, &map), (6, None), &weights(&[4; 8]), settings).unwrap();
        let contexts = inputs(&calls, Graph::DynamicsContext, 0);
        let [first, second] = contexts.try_into().unwrap_or_else(|other: Vec<_>| panic!("{} windows", other.len()));
        (first, second)
    };
    let (real, made) = contexts(0.0);
    let (real_too, noisy) = contexts(0.3);
    assert_eq!(real, real_too);
    let noise: Vec<f32> = made.iter().zip(&noisy).map(|(made, noisy)| (noisy - 0.7 * made) / 0.3).collect();
    let mean = noise.iter().sum::<f32>() / noise.len() as f32;
    let power = noise.iter().map(|x| x * x).sum::<f32>() / noise.len() as f32;
    // Four bars of 1024 numbers: unit noise, within three standard errors and more.
    assert!(mean.abs() < 0.06 && (power - 1.0).abs() < 0.08, "{mean} and {power}");
}

fn inputs(calls: &Calls, graph: Graph, input: usize) -> Vec<Vec<f32>> {
    let calls = calls.lock().unwrap();
    calls.iter().filter(|call| call.graph == graph).map(|call| call.inputs[input].values().to_vec()).collect()
}

/// What networks were told, call by call, and the track that came of it.
struct Told {
    calls: Vec<Call>,
    track: Vec<f32>,
}

/// One call: the graph and the values of its inputs.
#[derive(PartialEq)]
struct Call {
    graph: Graph,
    inputs: Vec<Vec<f32>>,
}

/// What all networks were told while bars were made with these samples in their place.
fn told(stand_in: impl Fn(usize) -> f32, until: Option<i64>, level_reach_db: f32) -> Told {
    let map = grid(120.0, "4/4", 0.0);
    let audio = six_bars(44_100, 1, &map);
    let actions = weights(&[4; 6]);
    let settings = Settings { level_reach_db, ..Settings::default() };
    let addition = Addition { audio: &audio, map: &map, after: bar(3), until: until.map(bar), actions: &actions, settings };
    let (engine, calls) = fake::engine();
    let room = Room::new(&addition).unwrap();
    let chosen = engine.actions_of(&addition, &room).unwrap();
    let road = Road::new(engine.set());
    let mut stood_in = room.opened(audio.channel(0));
    (room.seam.from..room.end()).for_each(|n| stood_in[n] = stand_in(n));
    let stood_in = Audio::mono(audio.rate(), stood_in).unwrap();
    let audible = room.audible(&audio, road.reach());
    let mut control = Control { is_cancelled: &|| false, on_progress: &mut |_| {} };
    let mut job = Job::new(&mut control);
    let with = WithAdded { audio: &stood_in, audible, map: &room.map, bars: room.first..=room.last };
    let song = Song::with_added(&with, &road, &mut job).unwrap();
    let track = Edit::new(&road, &song, &chosen, settings).run(&mut job).unwrap();
    let calls = calls.lock().unwrap();
    let values = |call: &fake::FakeCall| call.inputs.iter().map(|input| input.values().to_vec()).collect();
    let calls = calls.iter().map(|call| Call { graph: call.graph, inputs: values(call) }).collect();
    Told { calls, track }
}

#[test]
fn no_network_is_told_anything_of_what_stands_in_for_new_bars() {
    let noise = |n: usize| (n as f32 * 12.9898).sin() * 0.4;
    let tone = |n: usize| (n as f32 * 0.05).sin() * 0.4;
    for until in [None, Some(4), Some(6)] {
        let (silent, noisy, toned) =
            (told(|_| 0.0, until, f32::INFINITY), told(noise, until, f32::INFINITY), told(tone, until, f32::INFINITY));
        assert!(silent.calls.iter().any(|call| call.graph == Graph::DecoderStep));
        assert!(silent.calls == noisy.calls && silent.calls == toned.calls, "until {until:?}");
        assert!(silent.track == noisy.track && silent.track == toned.track, "until {until:?}");
    }
}

#[test]
fn what_is_made_does_not_depend_on_stand_ins_where_only_the_level_does() {
    let is_dynamics = |call: &Call| matches!(call.graph, Graph::DynamicsContext | Graph::DynamicsStep);
    let dynamics = |told: Told| -> Vec<Call> { told.calls.into_iter().filter(is_dynamics).collect() };
    let (loud, soft) = (told(|n| (n as f32 * 0.05).sin(), Some(4), 3.0), told(|_| 0.0, Some(4), 3.0));
    assert!(dynamics(loud) == dynamics(soft));
}

#[test]
fn what_is_left_out_is_not_heard_but_for_its_first_moment() {
    let map = grid(120.0, "4/4", 0.0);
    let audio = six_bars(48_000, 1, &map);
    let mut other = audio.channel(0).to_vec();
    let seam = line(&map, 4, &audio);
    other[seam + 24_000..].iter_mut().for_each(|sample| *sample = 0.7);
    let other = Audio::mono(audio.rate(), other).unwrap();
    let take = |audio: &Audio| added((audio, &map), (3, None), &[4, 4]).audio;
    assert_eq!(take(&audio), take(&other));
}

#[test]
fn the_same_seed_gives_the_same_bars_and_another_seed_others() {
    let map = grid(120.0, "4/4", 0.0);
    let audio = six_bars(44_100, 2, &map);
    let take = |seed| {
        let (engine, _) = fake::engine();
        add(&engine, (&audio, &map), (6, None), &weights(&[2, 3]), Settings { seed, ..Settings::default() }).unwrap().audio
    };
    assert_eq!(take(7), take(7));
    assert_ne!(take(7), take(8));
}

#[test]
fn new_bars_begin_from_nothing_whatever_the_strength() {
    let map = grid(120.0, "4/4", 0.0);
    let audio = six_bars(16_000, 1, &map);
    let (engine, calls) = fake::engine();
    let settings = Settings { strength: 0.3, ..Settings::default() };
    let result = add(&engine, (&audio, &map), (6, None), &weights(&[4]), settings).unwrap();
    assert_eq!(inputs(&calls, Graph::DynamicsStep, 1)[0][0], 1.0);
    assert_eq!(result.report.settings.strength, 1.0);
}

#[test]
fn one_bar_is_enough_to_go_on_from_and_silence_is_not() {
    let map = grid(120.0, "4/4", 0.0);
    let one = recording(44_100, 2, &map, &[2], 2.0);
    let result = added((&one, &map), (1, None), &[5, 5, 5]);
    assert_eq!((result.audio.len(), result.report.left_out), (4 * 88_200, None));
    let (engine, _) = fake::engine();
    let silent = Audio::mono(SampleRate::new(44_100).unwrap(), vec![0.0; 8 * 44_100]).unwrap();
    let refused = add(&engine, (&silent, &map), (2, None), &weights(&[5; 9]), Settings::default()).unwrap_err();
    assert!(matches!(refused, EngineError::SilentContext { bar: 3 }), "{refused}");
    // Two silent bars in reach do no harm where others sound.
    let fading = recording(44_100, 1, &map, &[2, 2], 8.0);
    assert!(add(&engine, (&fading, &map), (4, None), &weights(&[5; 9]), Settings::default()).is_ok());
}

#[test]
fn new_bars_take_tempo_and_metre_of_the_bar_before_where_they_change() {
    let change = |at: f64, bpm: f64, metre: &str| Change {
        at: Beats::new(at),
        tempo: Tempo::new(bpm).unwrap(),
        metre: metre.parse().unwrap(),
    };
    let map = TempoMap::new(Seconds::ZERO, vec![change(0.0, 120.0, "4/4"), change(12.0, 90.0, "3/4")]).unwrap();
    let audio = six_bars(44_100, 2, &map);
    for (after, metre, seconds) in [(3, "4/4", 2.0), (4, "3/4", 2.0)] {
        let result = added((&audio, &map), (after, Some(after + 1)), &[5, 5]);
        for number in after + 1..=after + 2 {
            let made = result.map.bar(bar(number));
            assert_eq!(made.metre.to_string(), metre);
            assert!((made.duration().get() - seconds).abs() < 1e-4);
        }
        assert_eq!(result.map.bar(bar(after + 3)).metre.to_string(), "3/4");
    }
}

#[test]
fn actions_may_change_from_bar_to_bar() {
    let map = grid(120.0, "4/4", 0.0);
    let audio = six_bars(44_100, 1, &map);
    let (engine, _) = fake::engine();
    let actions = transition(&vec![(4, 1.0)], &vec![(5, 1.0)], 3).unwrap();
    let report = add(&engine, (&audio, &map), (6, None), &actions, Settings::default()).unwrap().report;
    let told: Vec<Vec<(u16, f32)>> =
        report.bars.iter().map(|bar| bar.action.iter().map(|weight| (weight.index, weight.weight)).collect()).collect();
    assert_eq!(told, [vec![(4, 1.0)], vec![(4, 0.5), (5, 0.5)], vec![(5, 1.0)]]);
}

/// How sharply the sound bends at every sample but the outermost two.
fn bends(samples: &[f32]) -> Vec<f32> {
    samples.windows(3).map(|w| (w[0] - 2.0 * w[1] + w[2]).abs()).collect()
}

#[test]
fn neither_the_seams_nor_the_end_click() {
    let map = grid(120.0, "4/4", 0.0);
    // One tone throughout: where tones change abruptly the recording itself clicks on the bar line, and its highs are followed.
    let audio = recording(48_000, 1, &map, &[0; 6], 12.4);
    for (until, count) in [(None, 6), (Some(4), 3)] {
        let result = added((&audio, &map), (3, until), &vec![4; count]);
        let bends = bends(&[result.audio.channel(0), &[0.0; 200]].concat());
        // What the new bars themselves have, one sample in a thousand aside.
        let mut inside = bends[6 * 48_000 + 4_800..(6 + 2 * count) * 48_000 - 4_800].to_vec();
        inside.sort_by(f32::total_cmp);
        let usual = inside[inside.len() * 999 / 1000];
        for number in 4..=4 + count as i64 {
            let line = line(&result.map, number, &audio);
            let loudest = bends[line - 1_200..line + 190].iter().fold(0.0f32, |peak, &bend| peak.max(bend));
            assert!(loudest <= 1.5 * usual, "bar line {number}: {loudest} against {usual}");
        }
    }
}

#[test]
fn what_cannot_be_added_is_told() {
    let map = grid(120.0, "4/4", 0.0);
    let audio = six_bars(16_000, 1, &map);
    let (engine, _) = fake::engine();
    let refused = |place: (i64, Option<i64>), actions: &[ActionChoice]| {
        add(&engine, (&audio, &map), place, actions, Settings::default()).unwrap_err()
    };
    let usual = weights(&[4]);
    assert!(matches!(refused((7, None), &usual), EngineError::BarOutside { bar: 7, first: 1, last: 6 }));
    assert!(matches!(refused((0, None), &usual), EngineError::BarOutside { bar: 0, .. }));
    assert!(matches!(refused((6, Some(7)), &usual), EngineError::BarOutside { bar: 7, .. }));
    assert!(matches!(refused((3, Some(3)), &usual), EngineError::NotBetween { after: 3, until: 3 }));
    assert!(matches!(refused((3, Some(2)), &usual), EngineError::NotBetween { .. }));
    assert!(matches!(refused((3, None), &[]), EngineError::Setting { .. }));
    assert!(matches!(refused((3, None), &vec![ActionChoice::Null; 1_001]), EngineError::Setting { .. }));
    assert!(matches!(refused((3, None), &[ActionChoice::Own]), EngineError::NoOwnAction));
    assert!(matches!(refused((3, None), &weights(&[8])), EngineError::UnknownAction { index: 8, last: 7 }));
}
