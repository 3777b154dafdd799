//! A bounce is what was heard, and real time never waits.

use std::time::Duration;

use crate::alone::{alone, alone_and_slow};
use crate::blocks::Pace;
use crate::host::{Format, Says};
use crate::session::{Playing, Session, first_difference};
use crate::song::Song;
use crate::takes::{learn, selecting};
use crate::timeline::Timeline;

/// What hosts say while they render: to a CLAP plugin the truth, to a VST3 plugin this and that.
fn renders(format: Format) -> &'static [Says] {
    match format {
        Format::Clap => &[Says::OFFLINE],
        Format::Vst3 => &[Says::OFFLINE, Says::OFFLINE_WITH_BLOCKS_ONLY, Says::REAL_TIME],
    }
}

/// A call that waits for a take waits for a second at least in these tests; one that only lost the processor to others, far less.
const A_WAIT: Duration = Duration::from_millis(500);

#[test]
fn a_bounce_is_the_preview_sample_for_sample() {
    alone(|log| {
        let timeline = Timeline::even(160.0, "4/4", 48_000, 5);
        let song = Song::new(&timeline, 5);
        for format in Format::ALL {
            let mut session = Session::ready(format, 48_000, 1024);
            learn(&mut session, log, &timeline, &song, &selecting(&[2, 4], 480, 1), &[2, 4]);
            let preview = session.play(&timeline, &song, &selecting(&[2, 4], 480, 2));
            assert_eq!(preview.changed_bars(1..6), [2, 4], "{format:?}");
            for says in renders(format) {
                session.activate(48_000, 1024, *says);
                let bounce = session.play(&timeline, &song, &selecting(&[2, 4], 1024, 3).at_pace(Pace::Free));
                assert_eq!(first_difference(&preview, &bounce), None, "{format:?}, {says:?}");
                session.activate(48_000, 1024, Says::REAL_TIME);
                let after = session.play(&timeline, &song, &selecting(&[2, 4], 1024, 4));
                assert_eq!(first_difference(&preview, &after), None, "{format:?}, after a bounce as {says:?}");
            }
            session.close();
        }
    });
}

#[test]
fn a_bounce_in_real_time_is_the_preview_as_well() {
    alone(|log| {
        let timeline = Timeline::even(200.0, "4/4", 44_100, 3);
        let song = Song::new(&timeline, 3);
        for format in Format::ALL {
            let mut session = Session::ready(format, 44_100, 1024);
            learn(&mut session, log, &timeline, &song, &selecting(&[2], 1024, 1), &[2]);
            let preview = session.play(&timeline, &song, &selecting(&[2], 1024, 2));
            session.activate(44_100, 1024, Says::OFFLINE);
            let bounce = session.play(&timeline, &song, &selecting(&[2], 1024, 3).at_pace(Pace::RealTime));
            assert_eq!(bounce.changed_bars(1..4), [2], "{format:?}");
            assert_eq!(first_difference(&preview, &bounce), None, "{format:?}");
            session.close();
        }
    });
}

#[test]
fn a_bounce_waits_for_takes_that_are_still_being_made() {
    alone_and_slow(Duration::from_secs(1), |log| {
        let timeline = Timeline::even(160.0, "4/4", 44_100, 5);
        let song = Song::new(&timeline, 5);
        for format in Format::ALL {
            for says in renders(format) {
                let mut session = Session::ready(format, 44_100, 1024);
                let mark = log.mark();
                session.play(&timeline, &song, &selecting(&[2, 4], 1024, 1));
                log.wait_for(mark, "bar", 5, Duration::from_secs(10));
                session.activate(44_100, 1024, *says);
                let bounce = session.play(&timeline, &song, &selecting(&[2, 4], 1024, 2).at_pace(Pace::Free));
                assert_eq!(bounce.changed_bars(1..6), [2, 4], "{format:?}, {says:?}");
                let again = session.play(&timeline, &song, &selecting(&[2, 4], 1024, 3));
                assert_eq!(first_difference(&bounce, &again), None, "{format:?}, {says:?}");
                session.close();
            }
        }
    });
}

#[test]
fn playback_in_real_time_never_waits_for_a_take() {
    alone_and_slow(Duration::from_secs(3), |log| {
        let timeline = Timeline::even(200.0, "4/4", 44_100, 3);
        let song = Song::new(&timeline, 3);
        for format in Format::ALL {
            let mut session = Session::ready(format, 44_100, 1024);
            let mark = log.mark();
            session.play(&timeline, &song, &selecting(&[1, 2, 3], 1024, 1));
            log.wait_for(mark, "bar", 3, Duration::from_secs(10));
            // Blocks of one size, then large cycles in small calls, as hosts make them that cut blocks at events.
            for (blocks, pace) in [(512, Pace::RealTime), (64, Pace::RealTimeIn(1024))] {
                let playing = Playing { automation: selecting(&[1, 2, 3], 1024, 2).automation, ..Playing::in_blocks_of(blocks) };
                let rendered = session.play(&timeline.clone().lasting(2 * 44_100), &song, &playing.at_pace(pace));
                assert!(rendered.slowest_call < A_WAIT, "{format:?}, {pace:?}: a call took {:?}", rendered.slowest_call);
                if format == Format::Vst3 {
                    // Back from a bounce: what was said at setup before must not stick.
                    session.activate(44_100, 1024, Says::OFFLINE);
                    session.activate(44_100, 1024, Says::REAL_TIME);
                }
            }
            session.close();
        }
    });
}

#[test]
fn the_switch_never_wait_is_above_what_the_host_says() {
    alone_and_slow(Duration::from_secs(2), |log| {
        let timeline = Timeline::even(160.0, "4/4", 44_100, 4);
        let song = Song::new(&timeline, 4);
        for format in Format::ALL {
            let mut session = Session::ready(format, 44_100, 1024);
            // The last of three choices.
            session.set("Bounce", 1.0);
            let mark = log.mark();
            session.play(&timeline, &song, &selecting(&[3], 1024, 1));
            log.wait_for(mark, "bar", 4, Duration::from_secs(10));
            session.activate(44_100, 1024, Says::OFFLINE);
            let bounce = session.play(&timeline, &song, &selecting(&[3], 1024, 2).at_pace(Pace::Free));
            bounce.assert_dry(&format!("{format:?}"));
            assert!(bounce.slowest_call < A_WAIT, "{format:?}: a call took {:?}", bounce.slowest_call);
            session.close();
        }
    });
}
