//! Bars that are selected change, and no other sample does.

use std::thread;
use std::time::Duration;

use crate::alone::alone;
use crate::automation::{Automation, Delivery};
use crate::blocks::{Blocks, Pace};
use crate::host::{Format, Says};
use crate::log::Log;
use crate::session::{Playing, Rendered, Session, first_difference};
use crate::song::Song;
use crate::timeline::{Telling, Timeline, change};

/// The longest that takes of a few bars may need here, on a machine with other things to do.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// From the worker's line in the log to the take in the audio thread's hands: the worker's round is 2 to 10 ms.
pub const HANDING_OVER: Duration = Duration::from_millis(150);

/// Plays once, and waits until all bars given have their takes. Returns what was heard meanwhile.
#[track_caller]
pub fn learn(session: &mut Session, log: &Log, timeline: &Timeline, song: &Song, playing: &Playing, bars: &[i64]) -> Rendered {
    let mark = log.mark();
    let rendered = session.play(timeline, song, playing);
    let anchors: Vec<f64> = bars.iter().map(|bar| timeline.anchor(*bar)).collect();
    log.wait_for_takes(mark, &anchors, PATIENCE);
    thread::sleep(HANDING_OVER);
    rendered
}

/// Random blocks, and bars to be made anew.
pub fn selecting(bars: &[i64], most: usize, seed: u64) -> Playing {
    let automation = Automation::new(Delivery::Exact).on_in_bars("Regenerate", bars);
    Playing { blocks: Blocks::Random { most, seed }, ..Playing::in_blocks_of(most) }.with(automation)
}

#[test]
fn selected_bars_change_in_the_next_pass_and_the_others_are_the_same_bits() {
    alone(|log| {
        for (rate, format) in [(44_100, Format::Clap), (48_000, Format::Vst3)] {
            let timeline = Timeline::even(160.0, "4/4", rate, 6);
            let song = Song::new(&timeline, 6);
            let mut session = Session::ready(format, rate, 2048);
            learn(&mut session, log, &timeline, &song, &selecting(&[3, 5], 2048, 1), &[3, 5]);
            let second = session.play(&timeline, &song, &selecting(&[3, 5], 2048, 2));
            assert_eq!(second.changed_bars(1..7), [3, 5], "{format:?}");
            let third = session.play(&timeline, &song, &selecting(&[3, 5], 2048, 3));
            assert_eq!(first_difference(&second, &third), None, "{format:?}: every pass sounds alike, in whatever blocks");
            let none = session.play(&timeline, &song, &selecting(&[], 2048, 4));
            // The take of bar 3 begins before the bar's knobs are read again, so it goes with the pass that follows.
            assert!(none.changed_bars(1..7).iter().all(|bar| [3, 5].contains(bar)), "{format:?}");
            session.play(&timeline, &song, &selecting(&[], 2048, 5)).assert_dry(&format!("{format:?}: unselected again"));
            session.close();
        }
    });
}

#[test]
fn neighbouring_bars_change_together_and_the_first_and_last_can() {
    alone(|log| {
        let timeline = Timeline::even(180.0, "3/4", 44_100, 5);
        let song = Song::new(&timeline, 5);
        for format in Format::ALL {
            let mut session = Session::ready(format, 44_100, 1024);
            learn(&mut session, log, &timeline, &song, &selecting(&[1, 2, 5], 1024, 1), &[1, 2, 5]);
            let second = session.play(&timeline, &song, &selecting(&[1, 2, 5], 1024, 2));
            assert_eq!(second.changed_bars(1..6), [1, 2, 5], "{format:?}");
            session.close();
        }
    });
}

#[test]
fn bars_in_other_metres_and_tempi_change_as_well() {
    alone(|log| {
        let changes = [change(0.0, 150.0, "4/4"), change(4.0, 150.0, "7/8"), change(11.0, 120.0, "3/4")];
        let timeline = Timeline::new(&changes, 48_000).through_bar(5).telling(Telling::LIKE_ARDOUR);
        let song = Song::new(&timeline, 5);
        for format in Format::ALL {
            let mut session = Session::ready(format, 48_000, 1024);
            learn(&mut session, log, &timeline, &song, &selecting(&[2, 4], 1024, 1), &[2, 4]);
            assert_eq!(session.play(&timeline, &song, &selecting(&[2, 4], 1024, 2)).changed_bars(1..6), [2, 4], "{format:?}");
            session.close();
        }
    });
}

#[test]
fn a_changed_bar_plays_wherever_playback_comes_from() {
    alone(|log| {
        let timeline = Timeline::even(160.0, "4/4", 44_100, 5);
        let song = Song::new(&timeline, 5);
        for format in Format::ALL {
            let mut session = Session::ready(format, 44_100, 1024);
            learn(&mut session, log, &timeline, &song, &selecting(&[3], 1024, 1), &[3]);
            let whole = session.play(&timeline, &song, &selecting(&[3], 1024, 2));
            let take = |rendered: &Rendered, pass: usize| {
                let range = rendered.passes_of(3)[pass].clone();
                [rendered.output[0][range.clone()].to_vec(), rendered.output[1][range].to_vec()]
            };
            let expected = take(&whole, 0);
            let later = session.play(&timeline.clone().starting_at(4.0), &song, &selecting(&[3], 1024, 3));
            assert_eq!(take(&later, 0), expected, "{format:?}: from bar 2");
            let bar = timeline.bar(1).end as usize;
            let looped = timeline.clone().starting_at(4.0).looping(4.0, 16.0).lasting(6 * bar);
            let looped = session.play(&looped, &song, &selecting(&[3], 1024, 4));
            for pass in 0..2 {
                assert_eq!(take(&looped, pass), expected, "{format:?}: round {pass} of a loop");
            }
            // From within the bar it is the take all the same, once it has faded in.
            let within = session.play(&timeline.clone().starting_at(10.0), &song, &selecting(&[3], 1024, 5));
            let rest = timeline.bar(3).end - timeline.bar(3).start - timeline.bar(1).end / 2;
            let (rest, fade) = (rest as usize, 44_100 / 25);
            assert_eq!(within.output[0][fade..rest], expected[0][bar - rest + fade..], "{format:?}: from within");
            session.close();
        }
    });
}

#[test]
fn with_look_ahead_a_single_pass_is_enough() {
    alone(|_| {
        let timeline = Timeline::even(180.0, "4/4", 44_100, 5);
        let song = Song::new(&timeline, 9);
        for format in Format::ALL {
            let mut session = Session::ready(format, 44_100, 1024);
            // The first choice after "off", of four.
            session.set("Look-ahead", 1.0 / 3.0);
            let moment = timeline.clone().stopped().lasting(4096);
            session.play(&moment, &song, &Playing::in_blocks_of(1024));
            let latency = session.instance().latency();
            assert_eq!((latency, session.restarts), (2 * 44_100, 1), "{format:?}");
            session.activate(44_100, 1024, Says::OFFLINE);
            let longer = timeline.clone().lasting(timeline.len() + latency);
            let rendered = session.play(&longer, &song, &selecting(&[3], 1024, 1).at_pace(Pace::Free));
            let quiet = (0..latency).find(|at| rendered.output[0][*at] != 0.0 || rendered.output[1][*at] != 0.0);
            assert_eq!(quiet, None, "{format:?}: nothing comes before the delay");
            for bar in 1..=5 {
                let range = rendered.without_fades(rendered.bar(bar));
                let difference = rendered.first_difference_after(range, latency);
                assert_eq!(difference.is_some(), bar == 3, "{format:?}, bar {bar}: {difference:?}");
            }
            session.close();
        }
    });
}

#[test]
fn a_take_mixed_to_nothing_is_the_dry_bar() {
    alone(|log| {
        let timeline = Timeline::even(180.0, "4/4", 44_100, 4);
        let song = Song::new(&timeline, 4);
        for format in Format::ALL {
            let mut session = Session::ready(format, 44_100, 1024);
            session.set("Mix", 0.0);
            learn(&mut session, log, &timeline, &song, &selecting(&[2], 1024, 1), &[2]);
            session.play(&timeline, &song, &selecting(&[2], 1024, 2)).assert_dry(&format!("{format:?}"));
            session.close();
        }
    });
}
