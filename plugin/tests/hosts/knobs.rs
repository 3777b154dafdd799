//! One value a bar, as a musician draws it, reaches its bar: however early or late the host delivers it.

use std::time::Duration;

use serde_json::Value;

use crate::alone::alone;
use crate::automation::{Automation, Delivery};
use crate::host::Format;
use crate::log::Log;
use crate::session::{Playing, Session};
use crate::song::Song;
use crate::timeline::{Telling, Timeline};

/// What was latched for each bar, in order.
fn latched(log: &Log, mark: usize, bars: usize) -> Vec<Value> {
    log.wait_for(mark, "latch", bars, Duration::from_secs(10))
}

/// The weight of an action slot, counted from 1, in a latched line; nothing is 0.
fn weight(latch: &Value, slot: u64) -> f64 {
    let actions = latch["actions"].as_array().expect("pairs of slot and weight");
    actions.iter().find(|pair| pair[0].as_u64() == Some(slot - 1)).and_then(|pair| pair[1].as_f64()).unwrap_or(0.0)
}

#[test]
fn automation_lands_on_its_bar_however_it_is_delivered() {
    alone(|log| {
        let values = [0.0, 0.25, 0.5, 1.0, 0.75, 0.125];
        let lane: Vec<(i64, f64)> = (1..).zip(values).collect();
        let backwards: Vec<(i64, f64)> = (1..).zip(values.into_iter().rev()).collect();
        for format in Format::ALL {
            for (rate, block) in [(44_100, 64), (48_000, 480), (48_000, 1024), (44_100, 8192)] {
                for delivery in Delivery::ALL {
                    let telling = if delivery == Delivery::BlockAfter { Telling::LIKE_DAWDREAMER } else { Telling::HONEST };
                    let timeline = Timeline::even(190.0, "4/4", rate, 6).telling(telling);
                    let mut session = Session::ready(format, rate, block);
                    let automation =
                        Automation::new(delivery).lane("Action 01", &lane).lane("Action 64", &backwards).lane("Strength", &lane);
                    let mark = log.mark();
                    let playing = Playing::in_blocks_of(block).with(automation);
                    session.play(&timeline, &Song::new(&timeline, 6), &playing);
                    let found = latched(log, mark, 6);
                    let what = format!("{format:?} at {rate} Hz in blocks of {block}, {delivery:?}");
                    assert_eq!(found.len(), 6, "{what}");
                    for (bar, latch) in found.iter().enumerate() {
                        assert_eq!(latch["anchor"].as_f64(), Some(timeline.anchor(bar as i64 + 1)), "{what}");
                        let heard = [weight(latch, 1), weight(latch, 64), latch["strength"].as_f64().expect("a strength")];
                        assert_eq!(heard, [values[bar], values[5 - bar], values[bar]], "{what}, bar {}", bar + 1);
                    }
                    session.close();
                }
            }
        }
    });
}

#[test]
fn every_parameter_of_a_bar_is_latched_with_it() {
    alone(|log| {
        for format in Format::ALL {
            let timeline = Timeline::even(190.0, "4/4", 44_100, 2);
            let mut session = Session::ready(format, 44_100, 512);
            for (name, value) in [("Guidance", 0.5), ("Seed", 1.0), ("Context bars", 0.0), ("Mix", 0.5), ("Output trim", 0.0)] {
                session.set(name, value);
            }
            let automation = Automation::new(Delivery::Exact).on_in_bars("Regenerate", &[2]);
            let mark = log.mark();
            session.play(&timeline, &Song::new(&timeline, 2), &Playing::in_blocks_of(512).with(automation));
            let found = latched(log, mark, 2);
            for (latch, regenerate) in found.iter().zip([false, true]) {
                assert_eq!(latch["regenerate"], regenerate, "{format:?}: {latch}");
                assert_eq!(latch["guidance"], 3.0, "half way from 1 to 5");
                assert_eq!(latch["seed"], 999);
                assert_eq!(latch["context_bars"], 1);
                assert_eq!(latch["mix"], 0.5);
                assert_eq!(latch["trim_db"], -24.0);
            }
            session.close();
        }
    });
}

#[test]
fn a_parameter_set_at_rest_holds_from_the_first_bar_on() {
    alone(|log| {
        for format in Format::ALL {
            let timeline = Timeline::even(190.0, "4/4", 44_100, 1);
            let mut session = Session::open(format);
            session.set("Action 07", 0.5);
            assert_eq!(session.value("Action 07"), 0.5, "{format:?}");
            session.activate(44_100, 512, crate::host::Says::REAL_TIME);
            let mark = log.mark();
            session.play(&timeline, &Song::new(&timeline, 1), &Playing::in_blocks_of(512));
            assert_eq!(weight(&latched(log, mark, 1)[0], 7), 0.5, "{format:?}");
            session.close();
        }
    });
}
