//! A saved project plays what it played, without being heard again.

use std::time::Duration;

use crate::alone::{alone, alone_and_slow};
use crate::blocks::Pace;
use crate::host::{Format, Says};
use crate::session::{Playing, Session, first_difference};
use crate::song::Song;
use crate::takes::{learn, selecting};
use crate::timeline::Timeline;

#[test]
fn a_saved_project_plays_the_same_samples_in_a_fresh_instance() {
    alone(|log| {
        let timeline = Timeline::even(160.0, "4/4", 48_000, 5);
        let song = Song::new(&timeline, 5);
        for format in Format::ALL {
            let mut session = Session::ready(format, 48_000, 1024);
            learn(&mut session, log, &timeline, &song, &selecting(&[2, 4], 1024, 1), &[2, 4]);
            let before = session.play(&timeline, &song, &selecting(&[2, 4], 1024, 2));
            let state = session.instance().save();
            session.close();

            let mark = log.mark();
            let mut fresh = Session::open(format);
            assert!(fresh.instance().load(&state), "{format:?}");
            fresh.activate(48_000, 1024, Says::OFFLINE);
            let after = fresh.play(&timeline, &song, &selecting(&[2, 4], 1024, 3).at_pace(Pace::Free));
            assert_eq!(after.changed_bars(1..6), [2, 4], "{format:?}");
            assert_eq!(first_difference(&before, &after), None, "{format:?}");
            assert_eq!(log.since(mark, "take").len(), 0, "{format:?}: nothing was made anew");
            fresh.close();
        }
    });
}

#[test]
fn a_saved_project_plays_at_another_rate() {
    alone(|log| {
        let timeline = Timeline::even(160.0, "4/4", 48_000, 4);
        let song = Song::new(&timeline, 4);
        for format in Format::ALL {
            let mut session = Session::ready(format, 48_000, 1024);
            learn(&mut session, log, &timeline, &song, &selecting(&[3], 1024, 1), &[3]);
            let state = session.instance().save();
            session.close();
            for rate in [44_100, 96_000] {
                let timeline = Timeline::even(160.0, "4/4", rate, 4);
                let song = Song::new(&timeline, 4);
                let mut fresh = Session::open(format);
                assert!(fresh.instance().load(&state));
                fresh.activate(rate, 1024, Says::OFFLINE);
                let after = fresh.play(&timeline, &song, &selecting(&[3], 1024, 2).at_pace(Pace::Free));
                assert_eq!(after.changed_bars(1..5), [3], "{format:?} at {rate} Hz");
                fresh.close();
            }
        }
    });
}

#[test]
fn parameters_come_back_with_the_project() {
    alone(|_| {
        for format in Format::ALL {
            let mut session = Session::open(format);
            let values = [("Action 01", 0.25), ("Action 64", 1.0), ("Regenerate", 1.0), ("Mix", 0.5), ("Bounce", 1.0)];
            for (name, value) in values {
                session.set(name, value);
            }
            let state = session.instance().save();
            session.close();
            let mut fresh = Session::open(format);
            assert!(fresh.instance().load(&state));
            for (name, value) in values {
                assert!((fresh.value(name) - value).abs() < 1e-6, "{format:?}: {name} is {}", fresh.value(name));
            }
            fresh.close();
        }
    });
}

#[test]
fn a_project_loaded_while_it_plays_replaces_what_was_there() {
    alone(|log| {
        let timeline = Timeline::even(160.0, "4/4", 44_100, 4);
        let song = Song::new(&timeline, 4);
        for format in Format::ALL {
            let mut session = Session::ready(format, 44_100, 1024);
            let empty = session.instance().save();
            learn(&mut session, log, &timeline, &song, &selecting(&[3], 1024, 1), &[3]);
            let full = session.instance().save();
            let before = session.play(&timeline, &song, &selecting(&[3], 1024, 2));
            for (state, changed) in [(&empty, vec![]), (&full, vec![3])] {
                let mark = log.mark();
                assert!(session.instance().load(state));
                log.wait_for(mark, "loaded", 1, Duration::from_secs(5));
                std::thread::sleep(crate::takes::HANDING_OVER);
                // No bar is selected now, so nothing new is made; what is kept plays once more, as in the first pass after any change.
                let after = session.play(&timeline, &song, &Playing::in_blocks_of(1024));
                assert_eq!(after.changed_bars(1..5), changed, "{format:?}");
                if !changed.is_empty() {
                    let range = before.bar(3);
                    assert_eq!(before.output[0][range.clone()], after.output[0][range], "{format:?}");
                }
            }
            session.close();
        }
    });
}

#[test]
fn broken_states_do_no_harm() {
    alone(|_| {
        let timeline = Timeline::even(200.0, "4/4", 44_100, 2);
        let song = Song::new(&timeline, 2);
        for format in Format::ALL {
            let mut session = Session::ready(format, 44_100, 1024);
            let good = session.instance().save();
            let mut torn = good.clone();
            torn.truncate(good.len() / 2);
            let mut bent = good.clone();
            for byte in bent.iter_mut().skip(good.len() / 3).step_by(7) {
                *byte ^= 0x55;
            }
            for (state, what) in [(&Vec::new(), "empty"), (&vec![0xff; 1000], "noise"), (&torn, "torn"), (&bent, "bent")] {
                session.instance().load(state);
                session
                    .play(&timeline, &song, &Playing::in_blocks_of(1024).at_pace(Pace::Free))
                    .assert_dry(&format!("{format:?}, {what}"));
            }
            assert!(session.instance().load(&good), "{format:?}: a good one is still taken");
            session.close();
        }
    });
}

#[test]
fn a_project_saved_while_takes_are_made_goes_on_with_them() {
    alone_and_slow(Duration::from_secs(1), |log| {
        let timeline = Timeline::even(160.0, "4/4", 44_100, 4);
        let song = Song::new(&timeline, 4);
        for format in Format::ALL {
            let mut session = Session::ready(format, 44_100, 1024);
            let mark = log.mark();
            session.play(&timeline, &song, &selecting(&[2], 1024, 1));
            log.wait_for(mark, "bar", 4, Duration::from_secs(10));
            std::thread::sleep(Duration::from_millis(300));
            let state = session.instance().save();
            session.close();
            let mark = log.mark();
            let mut fresh = Session::open(format);
            assert!(fresh.instance().load(&state));
            fresh.activate(44_100, 1024, Says::OFFLINE);
            log.wait_for_takes(mark, &[timeline.anchor(2)], crate::takes::PATIENCE);
            std::thread::sleep(crate::takes::HANDING_OVER);
            let after = fresh.play(&timeline, &song, &selecting(&[2], 1024, 2).at_pace(Pace::Free));
            assert_eq!(after.changed_bars(1..5), [2], "{format:?}");
            fresh.close();
        }
    });
}
