//! Scanning, making and activating.

use std::time::{Duration, Instant};

use crate::alone::alone;
use crate::blocks::Pace;
use crate::host::{Format, Says};
use crate::session::{Playing, Session};
use crate::song::Song;
use crate::timeline::Timeline;
use crate::{BLOCKS, RATES};

#[test]
fn both_formats_show_the_same_parameters() {
    alone(|_| {
        let [clap, vst3] = Format::ALL.map(|format| {
            let mut session = Session::open(format);
            let parameters = session.instance().parameters();
            session.close();
            parameters
        });
        let names: Vec<_> = clap.iter().map(|parameter| parameter.name.as_str()).collect();
        let mut distinct = names.clone();
        distinct.sort();
        distinct.dedup();
        assert_eq!(distinct.len(), names.len(), "no name twice: {names:?}");
        let expected =
            ["Regenerate", "Strength", "Guidance", "Seed", "Context bars", "Mix", "Output trim", "Bounce", "Look-ahead"];
        let expected = expected.map(str::to_owned).into_iter().chain((1..=64).map(|slot| format!("Action {slot:02}")));
        for name in expected {
            assert!(names.contains(&name.as_str()), "{name} is among {names:?}");
        }
        for parameter in &clap {
            let other = vst3.iter().find(|other| other.name == parameter.name).unwrap_or_else(|| panic!("{parameter:?} in VST3"));
            // Values are single precision inside.
            assert!((other.value - parameter.value).abs() < 1e-6, "{parameter:?} against {other:?}");
            assert_eq!((other.id, other.is_automatable), (parameter.id, parameter.is_automatable), "{}", parameter.name);
        }
        assert_eq!(vst3.len(), clap.len());
        let is_automatable = |name: &str| clap.iter().any(|parameter| parameter.name == name && parameter.is_automatable);
        assert!(is_automatable("Action 64") && is_automatable("Regenerate"));
        assert!(!is_automatable("Bounce") && !is_automatable("Look-ahead"), "what restarts or stalls a host is not automated");
    });
}

#[test]
fn scanning_takes_less_than_a_third_of_a_second_and_starts_no_thread() {
    alone(|_| {
        for format in Format::ALL {
            // The quickest of three: the machine may be busy with other tests.
            let scan = |_| {
                let begin = Instant::now();
                let mut session = Session::open(format);
                session.instance().parameters();
                let took = begin.elapsed();
                assert!(session.close() < Duration::from_secs(2));
                took
            };
            let took = (0..3).map(scan).min().expect("three scans");
            assert!(took < Duration::from_millis(300), "{format:?}: {took:?}");
            println!("{format:?}: scanned in {took:?}");
        }
    });
}

#[test]
fn any_rate_and_block_size_activates_and_passes_audio_untouched() {
    alone(|_| {
        for format in Format::ALL {
            let mut session = Session::open(format);
            for rate in RATES {
                let whole = Timeline::even(170.0, "4/4", rate, 2);
                let song = Song::new(&whole, 2);
                for block in BLOCKS {
                    // Single samples only for a while.
                    let timeline = whole.clone().lasting(if block == 1 { 5_000 } else { whole.len() });
                    session.activate(rate, block, Says::REAL_TIME);
                    assert_eq!(session.instance().latency(), 0);
                    let rendered = session.play(&timeline, &song, &Playing::in_blocks_of(block).at_pace(Pace::Free));
                    rendered.assert_dry(&format!("{format:?} at {rate} Hz in blocks of {block}"));
                }
            }
            session.close();
        }
    });
}

#[test]
fn an_instance_that_was_never_played_activates_and_rests_again_and_again() {
    alone(|_| {
        for format in Format::ALL {
            let mut session = Session::open(format);
            for (turn, says) in
                [Says::REAL_TIME, Says::OFFLINE, Says::OFFLINE, Says::REAL_TIME].into_iter().cycle().take(12).enumerate()
            {
                session.activate(RATES[turn % RATES.len()], BLOCKS[turn % BLOCKS.len()], says);
            }
            session.deactivate();
            assert!(session.close() < Duration::from_secs(2), "{format:?}");
        }
    });
}
