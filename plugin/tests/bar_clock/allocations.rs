//! The audio thread's entries allocate and free nothing. The plugin's own allocator watches over that, as it does in every host while it is
//! built for debugging: a violation aborts the process.

use std::process::Command;

use nice_assert_no_alloc::assert_no_alloc;
use turnaround::{BarClock, Transport};

use crate::host::*;

/// In a process of its own, named by this variable, the watch is put to the test.
const VIOLATE: &str = "TURNAROUND_TEST_VIOLATION";

#[test]
fn the_watch_notices_an_allocation() {
    if std::env::var_os(VIOLATE).is_some() {
        // One to take and one to give back, which no optimiser may leave out.
        assert_no_alloc(|| drop(std::hint::black_box(Box::new(1_u64))));
        return;
    }
    let program = std::env::current_exe().unwrap();
    let mut child = Command::new(program);
    child.args(["--exact", "allocations::the_watch_notices_an_allocation"]).env(VIOLATE, "1");
    assert!(!child.output().unwrap().status.success());
}

#[test]
fn following_a_host_allocates_and_frees_nothing_whatever_it_says() {
    let changes = [change(0.0, 120.0, "4/4"), change(8.0, 93.0, "3/4"), change(17.0, 140.0, "7/8"), change(31.0, 300.0, "12/8")];
    let manners = [honest as Manner, without_bar_starts, like_ardour, with_beats_alone, with_samples_alone];
    for manner in manners {
        for hz in RATES {
            for block in BLOCKS {
                let mut clock = BarClock::new(rate(hz));
                let mut host = Host::new(&changes, hz, manner).from(-2000);
                let mut lines = 0;
                for round in 0..200 {
                    // Now and then a jump, a stop, or nonsense.
                    host.at = if round % 41 == 40 { i64::from(hz) * round % 17 } else { host.at };
                    let transport = match round % 29 {
                        27 => Transport { playing: false, ..host.transport() },
                        28 => Transport { tempo: Some(f64::NAN), time_signature: Some((0, 0)), ..host.transport() },
                        _ => host.transport(),
                    };
                    lines += assert_no_alloc(|| clock.process(&transport, block).lines.len());
                    host.at += block as i64;
                }
                assert!(lines > 0 || block < 1024, "at {hz} Hz in blocks of {block}");
            }
        }
    }
}
