//! Which bars the plugin hears: their places and lengths are the tempo map's, whatever the host says and does.

use std::time::Duration;

use serde_json::Value;

use crate::alone::alone;
use crate::blocks::Blocks;
use crate::host::Format;
use crate::log::Log;
use crate::session::{Playing, Session};
use crate::song::Song;
use crate::timeline::{Cue, Telling, Timeline, change, ramp};

const RATE: u32 = 44_100;

/// The bars heard during a stretch of playback: anchor in beats and length in samples.
fn heard(session: &mut Session, log: &Log, timeline: &Timeline, playing: &Playing, expected: usize) -> Vec<(f64, i64)> {
    let mark = log.mark();
    session.play(timeline, &Song::new(timeline, 9), playing);
    log.wait_for(mark, "bar", expected, Duration::from_secs(10));
    // One too many would come as soon.
    std::thread::sleep(Duration::from_millis(60));
    let pair = |line: &Value| (line["anchor"].as_f64().expect("an anchor"), line["length"].as_i64().expect("a length"));
    log.since(mark, "bar").iter().map(pair).collect()
}

/// The truth about these bars.
fn truth(timeline: &Timeline, bars: impl IntoIterator<Item = i64>) -> Vec<(f64, i64)> {
    let bar = |number| (timeline.anchor(number), timeline.bar(number).end - timeline.bar(number).start);
    bars.into_iter().map(bar).collect()
}

/// Plays in both formats, in random blocks, and compares with the truth.
#[track_caller]
fn assert_heard(log: &Log, timeline: &Timeline, bars: &[i64], what: &str) {
    for format in Format::ALL {
        let mut session = Session::ready(format, RATE, 4096);
        let playing = Playing { blocks: Blocks::Random { most: 4096, seed: 5 }, ..Playing::in_blocks_of(4096) };
        let found = heard(&mut session, log, timeline, &playing, bars.len());
        let expected = truth(timeline, bars.iter().copied());
        assert_eq!(found.len(), expected.len(), "{what}, {format:?}: {found:?}, not {expected:?}");
        for (found, expected) in found.iter().zip(&expected) {
            assert!(
                (found.0 - expected.0).abs() < 1e-3 && found.1 == expected.1,
                "{what}, {format:?}: {found:?}, not {expected:?}"
            );
        }
        session.close();
    }
}

#[test]
fn bars_are_the_tempo_maps_in_every_manner_of_telling() {
    alone(|log| {
        for signature in ["4/4", "3/4", "7/8"] {
            for telling in [Telling::HONEST, Telling::LIKE_ARDOUR, Telling::LIKE_DAWDREAMER] {
                let timeline = Timeline::even(187.3, signature, RATE, 4).telling(telling);
                assert_heard(log, &timeline, &[1, 2, 3, 4], &format!("{signature}, {}", telling.name));
            }
        }
    });
}

#[test]
fn bars_keep_their_lengths_through_changes_of_metre_and_tempo() {
    alone(|log| {
        let changes =
            [change(0.0, 180.0, "4/4"), change(8.0, 180.0, "7/8"), change(15.0, 140.0, "3/4"), change(21.0, 220.0, "5/4")];
        assert_heard(log, &Timeline::new(&changes, RATE).through_bar(8), &[1, 2, 3, 4, 5, 6, 7, 8], "changes");
    });
}

#[test]
fn a_bar_whose_tempo_drifts_is_let_go_and_the_next_even_one_is_heard() {
    alone(|log| {
        let mut changes = ramp(4.0, 8.0, 180.0, 140.0, "4/4");
        changes.insert(0, change(0.0, 180.0, "4/4"));
        assert_heard(log, &Timeline::new(&changes, RATE).through_bar(4), &[1, 3, 4], "a gradual tempo in bar 2");
    });
}

#[test]
fn a_loop_hears_its_bars_at_every_pass_the_last_one_included() {
    alone(|log| {
        let bars = Timeline::even(200.0, "4/4", RATE, 4);
        let bar = bars.bar(1).end as usize;
        // Bars 2 and 3, two and a half times.
        let looped = bars.clone().starting_at(4.0).looping(4.0, 12.0).lasting(5 * bar + 2);
        assert_heard(log, &looped, &[2, 3, 2, 3, 2], "a loop");
        // Told of by the next block only, a jump is known too late for the bar that began inside the block before; no other is lost, and
        // none is heard in another length.
        let unsplit = looped.without_splitting();
        for format in Format::ALL {
            let mut session = Session::ready(format, RATE, 480);
            let found = heard(&mut session, log, &unsplit, &Playing::in_blocks_of(480), 3);
            let lengths: Vec<_> = found.iter().map(|(_, length)| *length).collect();
            assert!(lengths.iter().all(|length| *length == bar as i64), "{format:?}: {lengths:?}");
            session.close();
        }
    });
}

#[test]
fn a_jump_or_a_stop_inside_a_bar_lets_that_bar_go() {
    alone(|log| {
        let timeline = || Timeline::even(200.0, "4/4", RATE, 5);
        let (bar, beat) = (timeline().bar(1).end as usize, timeline().bar(1).end as usize / 4);
        let jump = timeline().cue(bar + beat, Cue::Locate(12.0)).lasting(3 * bar + beat);
        assert_heard(log, &jump, &[1, 4, 5], "from bar 2 to bar 4");
        let stop = timeline().cue(bar + beat, Cue::Stop).cue(bar + 2 * beat, Cue::Play).lasting(3 * bar + beat);
        assert_heard(log, &stop, &[1, 3], "a stop in bar 2");
        let end = timeline().lasting(2 * bar + beat);
        assert_heard(log, &end, &[1, 2], "an end in bar 3");
    });
}

#[test]
fn a_pick_up_and_a_bar_begun_in_its_middle_are_not_heard() {
    alone(|log| {
        let timeline = Timeline::even(200.0, "4/4", RATE, 3);
        assert_heard(log, &timeline.clone().starting_at(-4.0), &[1, 2, 3], "from bar 0");
        assert_heard(log, &timeline.clone().starting_at(1.0), &[2, 3], "from beat 1");
        assert_heard(log, &timeline.starting_at(4.0), &[2, 3], "from the line of bar 2");
    });
}
