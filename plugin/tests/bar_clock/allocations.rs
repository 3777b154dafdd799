//! The audio thread's entries allocate and free nothing: counted by this test program's own allocator, thread by thread.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use turnaround::{BarClock, Transport};

use crate::host::*;

struct Counting;

thread_local! {
    static CALLS: Cell<usize> = const { Cell::new(0) };
}

fn count() {
    // A thread that is ending has no counter any more, and runs no clock.
    let _ = CALLS.try_with(|calls| calls.set(calls.get() + 1));
}

// SAFETY: every call is handed to the system's allocator unchanged; the counter is a plain number that needs no memory of its own.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the same promise towards us.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count();
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn calls_during(work: impl FnOnce()) -> usize {
    let before = CALLS.get();
    work();
    CALLS.get() - before
}

#[test]
fn the_counter_counts() {
    // One to take and one to give back, which no optimiser may leave out.
    assert_eq!(calls_during(|| drop(std::hint::black_box(Box::new(1_u64)))), 2);
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
                    let calls = calls_during(|| lines += clock.process(&transport, block).lines.len());
                    assert_eq!(calls, 0, "at {hz} Hz in blocks of {block}");
                    host.at += block as i64;
                }
                assert!(lines > 0 || block < 1024, "at {hz} Hz in blocks of {block}");
            }
        }
    }
}
