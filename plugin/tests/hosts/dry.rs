//! What nobody selected comes out as it went in, bit by bit, whatever playback does.

use crate::alone::alone;
use crate::automation::{Automation, Delivery};
use crate::blocks::{Blocks, Pace};
use crate::host::Format;
use crate::session::{Playing, Session};
use crate::song::Song;
use crate::timeline::{Cue, Telling, Timeline, change, ramp};

fn random_blocks(seed: u64) -> Playing {
    Playing { blocks: Blocks::Random { most: 8192, seed }, pace: Pace::Free, ..Playing::in_blocks_of(8192) }
}

/// Ways through a piece that hosts take: name and timeline.
fn journeys(rate: u32) -> Vec<(&'static str, Timeline)> {
    let second = rate as usize;
    let even = || Timeline::even(180.0, "4/4", rate, 5);
    let metres = [change(0.0, 180.0, "4/4"), change(4.0, 180.0, "7/8"), change(11.0, 90.0, "3/4"), change(14.0, 200.0, "5/4")];
    let mut ramped = ramp(4.0, 12.0, 180.0, 120.0, "4/4");
    ramped.insert(0, change(0.0, 180.0, "4/4"));
    vec![
        ("straight", even()),
        ("at rest", even().stopped()),
        ("from a pick-up", even().starting_at(-2.5)),
        ("from inside a bar", even().starting_at(5.3)),
        ("looping", even().looping(4.0, 12.0).lasting(7 * second)),
        ("looping inside blocks", even().looping(4.0, 12.0).lasting(7 * second).without_splitting()),
        ("looping off the lines", even().looping(1.7, 6.1).lasting(5 * second)),
        (
            "jumping",
            even()
                .cue(second / 3, Cue::Locate(8.0))
                .cue(second, Cue::Locate(1.5))
                .cue(2 * second, Cue::Locate(-3.0))
                .cue(3 * second, Cue::Locate(40.0)),
        ),
        (
            "stopping and starting",
            even().cue(second / 2, Cue::Stop).cue(second, Cue::Play).cue(2 * second, Cue::Stop).cue(2 * second + 1, Cue::Play),
        ),
        ("through metres and tempi", Timeline::new(&metres, rate).through_bar(5)),
        ("through metres and tempi inside blocks", Timeline::new(&metres, rate).through_bar(5).without_splitting()),
        ("through a gradual tempo", Timeline::new(&ramped, rate).through_bar(4)),
    ]
}

#[test]
fn nothing_selected_is_bit_exact_on_every_way_through_a_piece() {
    alone(|_| {
        for format in Format::ALL {
            let mut session = Session::ready(format, 44_100, 8192);
            for (name, timeline) in journeys(44_100) {
                let song = Song::new(&timeline, 6);
                for (seed, in_place) in [(1, false), (2, true)] {
                    let rendered = session.play(&timeline, &song, &Playing { in_place, ..random_blocks(seed) });
                    rendered.assert_dry(&format!("{format:?}, {name}, in place: {in_place}"));
                }
            }
            session.close();
        }
    });
}

#[test]
fn nothing_selected_is_bit_exact_whatever_the_host_tells() {
    alone(|_| {
        let manners = [
            Telling::HONEST,
            Telling::LIKE_ARDOUR,
            Telling::LIKE_DAWDREAMER,
            Telling::BEATS_ALONE,
            Telling {
                name: "nothing at all",
                tempo: false,
                signature: false,
                samples: false,
                beats: false,
                ..Telling::LIKE_DAWDREAMER
            },
            Telling { name: "tempo alone", signature: false, samples: false, beats: false, ..Telling::LIKE_DAWDREAMER },
            Telling { name: "everything but tempo", tempo: false, ..Telling::HONEST },
        ];
        for format in Format::ALL {
            let mut session = Session::ready(format, 48_000, 8192);
            for telling in manners {
                let timeline = Timeline::even(180.0, "7/8", 48_000, 4).telling(telling);
                let song = Song::new(&timeline, 4);
                session.play(&timeline, &song, &random_blocks(3)).assert_dry(&format!("{format:?}, {}", telling.name));
            }
            session.close();
        }
    });
}

#[test]
fn knobs_that_move_in_every_block_change_nothing_while_nothing_is_selected() {
    alone(|_| {
        let timeline = Timeline::even(200.0, "4/4", 48_000, 4);
        let song = Song::new(&timeline, 4);
        let wave: Vec<(i64, f64)> = (1..=4).map(|bar| (bar, bar as f64 / 4.0)).collect();
        let mut automation = Automation::new(Delivery::Exact);
        for name in ["Strength", "Guidance", "Seed", "Context bars", "Mix", "Output trim"] {
            automation = automation.lane(name, &wave);
        }
        for slot in 1..=64 {
            automation = automation.lane(&format!("Action {slot:02}"), &wave);
        }
        for format in Format::ALL {
            let mut session = Session::ready(format, 48_000, 480);
            session
                .play(&timeline, &song, &Playing::in_blocks_of(480).with(automation.clone()))
                .assert_dry(&format!("{format:?}"));
            session.close();
        }
    });
}
