//! The bar clock against hosts that tell the truth, parts of it, and other things. The truth is the tempo map of the core.

mod allocations;
mod host;

use host::*;
use turnaround::{BarClock, Transport};
use turnaround_core::tempo_map::Change;
use turnaround_core::time::{Beats, Metre};

#[test]
fn lines_fall_on_the_samples_of_the_tempo_map_at_any_rate_metre_tempo_and_block_size() {
    for hz in RATES {
        for signature in METRES {
            for bpm in TEMPI {
                for block in BLOCKS {
                    let name = format!("{signature} at {bpm}, {hz} Hz, blocks of {block}");
                    let mut host = Host::even(bpm, signature, hz, honest);
                    let mut clock = BarClock::new(rate(hz));
                    // Small blocks only around the lines.
                    let mut lines = Vec::new();
                    for number in 1..=5 {
                        let line = host.sample_of(number);
                        let begin = if block < 64 { (line - 500).max(0) } else { host.at };
                        lines.extend(play(&mut host, &mut clock, &[1024], begin).lines);
                        lines.extend(play(&mut host, &mut clock, &[block], line + 500).lines);
                    }
                    let found: Vec<_> = lines.iter().map(|line| (line.at, line.mark.number.get())).collect();
                    assert_eq!(found, [1, 2, 3, 4, 5].map(|number| (host.sample_of(number), number)), "{name}");
                    for line in &lines {
                        assert_eq!(line.mark.anchor, metre(signature).beats_per_bar() * (line.mark.number.get() - 1) as f64);
                        assert_eq!((line.mark.metre, line.mark.tempo.bpm()), (metre(signature), bpm));
                        assert_eq!(line.mark.revision.get(), 1, "{name}");
                    }
                }
            }
        }
    }
}

#[test]
fn the_mix_of_block_sizes_moves_no_line() {
    let mut dice = Dice(1);
    for hz in RATES {
        let even = play(&mut Host::even(93.7, "7/8", hz, honest), &mut BarClock::new(rate(hz)), &[512], 40 * i64::from(hz));
        let sizes: Vec<usize> = (0..997).map(|_| 1 + dice.below(8192) as usize).collect();
        let mixed = play(&mut Host::even(93.7, "7/8", hz, honest), &mut BarClock::new(rate(hz)), &sizes, 40 * i64::from(hz));
        let places = |account: &Account| account.lines.iter().map(|line| (line.at, line.mark.number)).collect::<Vec<_>>();
        assert_eq!(places(&even), places(&mixed));
        assert!(even.lines.len() > 15);
    }
}

#[test]
fn every_bar_has_its_middle_half_way() {
    for (signature, block) in [("4/4", 64), ("7/8", 1024), ("5/4", 8192), ("12/8", 333)] {
        let mut host = Host::even(133.333, signature, 44_100, honest);
        let until = host.sample_of(9);
        let account = play(&mut host, &mut BarClock::new(rate(44_100)), &[block], until);
        assert_eq!((account.lines.len(), account.middles.len()), (8, 8));
        for (line, middle) in account.lines.iter().zip(&account.middles) {
            assert_eq!((line.mark.number, line.mark.anchor), (middle.mark.number, middle.mark.anchor));
            let number = line.mark.number.get();
            let half_way = (host.sample_of(number) + host.sample_of(number + 1)) as f64 / 2.0;
            // Both lines and the middle are rounded to samples.
            assert!((middle.at as f64 - half_way).abs() <= 1.0, "{signature}: {middle:?}, not {half_way}");
        }
    }
}

#[test]
fn playback_begun_anywhere_finds_the_same_lines() {
    for (manner, name) in [(honest as Manner, "honest"), (without_bar_starts, "no bar starts"), (with_beats_alone, "beats alone")]
    {
        for signature in METRES {
            for start in [1, 77_777, 1_234_567, 9_999_999] {
                let mut host = Host::even(101.3, signature, 48_000, manner).from(start);
                let account = play(&mut host, &mut BarClock::new(rate(48_000)), &[480], start + 1_000_000);
                assert!(account.lines.len() > 4);
                for line in &account.lines {
                    // A line that falls half-way between two samples may go to either.
                    let off = line.at - host.sample_of(line.mark.number.get());
                    assert!(off.abs() <= 1, "{name}, {signature} from {start}: {off} samples off in {line:?}");
                }
            }
        }
    }
}

#[test]
fn beats_rounded_by_the_host_move_no_line_at_one_tempo() {
    for manner in [like_ardour as Manner, rounding_down] {
        for hz in RATES {
            for bpm in TEMPI {
                for start in [0, 31_415, 400_001] {
                    let mut host = Host::even(bpm, "4/4", hz, manner).from(start);
                    let account = play(&mut host, &mut BarClock::new(rate(hz)), &[1024], start + 20 * i64::from(hz));
                    assert!(account.lines.len() > 4);
                    for line in &account.lines {
                        assert_eq!(line.at, host.sample_of(line.mark.number.get()), "{bpm} at {hz} Hz from {start}");
                    }
                }
            }
        }
    }
}

#[test]
fn bar_starts_as_if_all_were_four_four_are_seen_through() {
    for signature in ["3/4", "5/4", "7/8", "12/8"] {
        for block in BLOCKS {
            let mut host = Host::even(120.0, signature, 22_050, like_ardour);
            let account = play(&mut host, &mut BarClock::new(rate(22_050)), &[block], 400_000);
            for (line, number) in account.lines.iter().zip(1..) {
                assert_eq!((line.at, line.mark.number.get()), (host.sample_of(number), number), "{signature} in {block}");
                assert_eq!(line.mark.revision.get(), 1);
            }
            assert!(account.lines.len() > 5);
        }
    }
}

#[test]
fn bar_starts_as_if_all_were_four_four_are_seen_through_within_two_bars_of_a_start_in_the_middle() {
    for signature in ["3/4", "5/4", "7/8", "12/8"] {
        for bar in 2..40 {
            for block in [64, 1024, 8192] {
                let mut host = Host::even(120.0, signature, 48_000, like_ardour);
                host.at = host.sample_of(bar) + 20_000;
                let until = host.sample_of(bar + 12);
                let account = play(&mut host, &mut BarClock::new(rate(48_000)), &[block], until);
                let from = host.sample_of(bar + 3);
                let settled: Vec<_> = account.lines.iter().filter(|line| line.at >= from).collect();
                assert_eq!(settled.len(), 9, "{signature} from bar {bar} in blocks of {block}");
                for (line, number) in settled.iter().zip(bar + 3..) {
                    assert_eq!((line.at, line.mark.number.get()), (host.sample_of(number), number), "{signature} from bar {bar}");
                }
            }
        }
    }
}

#[test]
fn a_host_caught_once_is_not_believed_at_the_next_start() {
    let mut host = Host::even(120.0, "3/4", 48_000, like_ardour);
    let mut clock = BarClock::new(rate(48_000));
    play(&mut host, &mut clock, &[512], 500_000);
    host.at = host.sample_of(6) + 30_000;
    let until = host.sample_of(10);
    let account = play(&mut host, &mut clock, &[512], until);
    assert_eq!(account.numbers(), [7, 8, 9]);
    assert!(account.lines.iter().all(|line| line.at == host.sample_of(line.mark.number.get()) && line.mark.revision.get() == 1));
}

#[test]
fn a_believed_bar_start_and_number_place_the_grid_where_metres_changed_before() {
    let changes = [change(0.0, 120.0, "4/4"), change(12.0, 120.0, "7/8"), change(15.5, 120.0, "4/4")];
    let mut host = Host::new(&changes, 48_000, honest).from(1_000_000);
    let account = play(&mut host, &mut BarClock::new(rate(48_000)), &[512], 2_000_000);
    assert!(account.lines.len() > 9);
    for line in &account.lines {
        let bar = host.map.bar(line.mark.number);
        assert_eq!((line.at, line.mark.anchor), (bar.samples(host.rate).start.get(), bar.start_beat));
    }
}

/// A piece through many metres at one tempo.
fn metres() -> Vec<Change> {
    let bars = [("4/4", 2), ("3/4", 3), ("7/8", 2), ("12/8", 2), ("5/4", 1), ("4/4", 2), ("15/16", 3), ("6/8", 4)];
    let mut at = 0.0;
    let mut changes = Vec::new();
    for (signature, count) in bars {
        changes.push(change(at, 120.0, signature));
        at += metre(signature).beats_per_bar().get() * f64::from(count);
    }
    changes
}

#[test]
fn metre_changes_are_followed_line_for_line_at_any_block_size_with_bar_starts_and_without() {
    for (manner, name) in [(honest as Manner, "honest"), (without_bar_starts, "no bar starts"), (with_beats_alone, "beats alone")]
    {
        for hz in [22_050, 48_000, 192_000] {
            for block in BLOCKS.into_iter().filter(|block| *block > 1) {
                let mut host = Host::new(&metres(), hz, manner);
                let until = host.sample_of(20);
                let account = play(&mut host, &mut BarClock::new(rate(hz)), &[block], until);
                assert_eq!(account.numbers(), (1..20).collect::<Vec<_>>(), "{name} at {hz} Hz in blocks of {block}");
                for line in &account.lines {
                    let bar = host.map.bar(line.mark.number);
                    assert_eq!((line.at, line.mark.anchor), (host.sample_of(bar.number.get()), bar.start_beat), "{name}");
                }
            }
        }
    }
}

#[test]
fn a_metre_told_on_its_line_belongs_to_the_line() {
    // 4/4 at 120 and 48 kHz: bars of 96 000 samples, blocks of 480 divide them.
    let mut host = Host::new(&[change(0.0, 120.0, "4/4"), change(8.0, 120.0, "3/4")], 48_000, without_bar_starts);
    let account = play(&mut host, &mut BarClock::new(rate(48_000)), &[480], 400_000);
    let metres: Vec<String> = account.lines.iter().map(|line| line.mark.metre.to_string()).collect();
    assert_eq!(metres, ["4/4", "4/4", "3/4", "3/4", "3/4"]);
    let revisions: Vec<u64> = account.lines.iter().map(|line| line.mark.revision.get()).collect();
    assert_eq!(revisions, [1, 1, 2, 2, 2]);
    assert_eq!(account.cuts, [0, 192_000]);
}

#[test]
fn a_place_after_metre_changes_seen_once_is_found_again_without_bar_starts() {
    let mut host = Host::new(&metres(), 48_000, without_bar_starts);
    let mut clock = BarClock::new(rate(48_000));
    let until = host.sample_of(20);
    play(&mut host, &mut clock, &[512], until);
    for bar in (1..19).rev() {
        host.at = host.sample_of(bar) + 5_000;
        let until = host.sample_of(bar + 1) + 5_000;
        let account = play(&mut host, &mut clock, &[512], until);
        assert_eq!(account.cuts.first(), Some(&(host.sample_of(bar) + 5_000)));
        assert_eq!(account.numbers(), [bar + 1]);
        assert_eq!(account.lines[0].at, host.sample_of(bar + 1));
    }
}

#[test]
fn bars_before_beat_zero_are_pre_roll_and_bar_one_begins_on_its_sample() {
    let held_at_zero =
        |transport: Transport| Transport { pos_beats: transport.pos_beats.map(|beats| beats.max(0.0)), ..transport };
    let ardour_held =
        |transport: Transport| like_ardour(Transport { pos_beats: Some(transport.pos_beats.unwrap().max(0.0)), ..transport });
    let manners: [(&str, Manner); 6] = [
        ("honest", honest),
        ("ardour", like_ardour),
        ("held at zero", held_at_zero),
        ("ardour, held at zero", ardour_held),
        ("samples alone", with_samples_alone),
        ("no bar starts", without_bar_starts),
    ];
    for (name, manner) in manners {
        for signature in ["4/4", "3/4", "7/8"] {
            for start in [-1776, -100_000, -1, -300_001] {
                for block in [64, 1024, 8192] {
                    let mut host = Host::even(120.0, signature, 48_000, manner).from(start);
                    let account = play(&mut host, &mut BarClock::new(rate(48_000)), &[block], 500_000);
                    for (line, number) in account.lines.iter().zip(1..) {
                        let place = (line.at, line.mark.number.get());
                        assert_eq!(
                            place,
                            (host.sample_of(number), number),
                            "{name}, {signature} from {start} in blocks of {block}"
                        );
                    }
                    assert!(account.lines.len() > 4);
                    // In odd metres Ardour is caught lying, which cuts the pre-roll once more.
                    assert!(
                        account.cuts.iter().all(|&cut| cut < 0) && account.cuts.len() <= 2,
                        "{name} from {start}: {:?}",
                        account.cuts
                    );
                }
            }
        }
    }
}

#[test]
fn a_loop_gives_its_lines_at_every_pass_on_the_same_grid() {
    for (manner, name) in [(honest as Manner, "honest"), (like_ardour, "ardour"), (with_samples_alone, "samples alone")] {
        for signature in ["4/4", "3/4", "7/8"] {
            for block in [64, 1000, 8192] {
                let mut host = Host::even(97.0, signature, 44_100, manner);
                let mut clock = BarClock::new(rate(44_100));
                let (start, end) = (host.sample_of(3), host.sample_of(5));
                host.at = start;
                let first = play(&mut host, &mut clock, &[block], end);
                for _ in 0..20 {
                    host.at = start;
                    let pass = play(&mut host, &mut clock, &[block], end);
                    assert_eq!(pass.cuts, [start], "{name}, {signature} in blocks of {block}");
                    // A caught host is no longer believed, but the lines are the same.
                    let settled: Vec<_> = pass.lines.iter().map(|line| (line.at, line.mark.number.get())).collect();
                    assert_eq!(settled, [(start, 3), (host.sample_of(4), 4)], "{name}, {signature} in blocks of {block}");
                    if name == "honest" {
                        assert_eq!(pass.lines, first.lines);
                    }
                }
            }
        }
    }
}

#[test]
fn a_host_that_lands_a_few_samples_off_a_line_has_landed_on_it() {
    for (off, expected) in [(0, 0), (1, 0), (30, 0), (-1, 1), (-30, 30)] {
        let mut host = Host::even(120.0, "4/4", 48_000, honest);
        host.at = host.sample_of(7) + off;
        let block = BarClock::new(rate(48_000)).process(&host.transport(), 512).lines.to_vec();
        assert_eq!(block.len(), 1, "{off} samples off");
        assert_eq!((block[0].number.get(), block[0].offset_in_block), (7, expected));
    }
    let mut host = Host::even(120.0, "4/4", 48_000, honest);
    host.at = host.sample_of(7) + 100;
    assert!(BarClock::new(rate(48_000)).process(&host.transport(), 512).lines.is_empty());
}

#[test]
fn a_jump_is_a_cut_and_leaves_the_grid_alone() {
    let mut host = Host::even(120.0, "5/4", 48_000, honest);
    let mut clock = BarClock::new(rate(48_000));
    play(&mut host, &mut clock, &[256], 100_000);
    for place in [2_000_000, 500, 777_777, 777_000] {
        host.at = place;
        let account = play(&mut host, &mut clock, &[256], place + 200_000);
        assert_eq!(account.cuts, [place]);
        assert!(account.lines.iter().all(|line| (line.at - host.sample_of(line.mark.number.get())).abs() <= 1));
        assert!(account.lines.iter().all(|line| line.mark.revision.get() == 1));
    }
}

#[test]
fn a_locate_inside_a_cycle_splits_its_block_without_harm() {
    let mut host = Host::even(120.0, "4/4", 48_000, like_ardour);
    let mut clock = BarClock::new(rate(48_000));
    play(&mut host, &mut clock, &[1024, 1024, 272], 200_000);
    host.at = host.sample_of(2);
    let until = host.sample_of(4);
    let account = play(&mut host, &mut clock, &[752, 1024, 1024], until);
    assert_eq!(account.numbers(), [2, 3]);
    assert_eq!(account.lines[0].at, host.sample_of(2));
}

#[test]
fn stopping_and_starting_leaves_the_grid_alone() {
    let mut host = Host::even(120.0, "3/4", 48_000, honest);
    let mut clock = BarClock::new(rate(48_000));
    play(&mut host, &mut clock, &[512], 100_000);
    for _ in 0..3 {
        let stopped = clock.process(&Transport { playing: false, ..host.transport() }, 512);
        assert!(!stopped.is_running && stopped.lines.is_empty() && stopped.samples_to_next_line.is_none());
    }
    let account = play(&mut host, &mut clock, &[512], 300_000);
    assert_eq!(account.cuts, [100_000]);
    assert!(account.lines.iter().all(|line| line.mark.revision.get() == 1 && line.at == host.sample_of(line.mark.number.get())));
}

#[test]
fn a_changed_tempo_is_a_new_grid_and_the_lines_after_it_are_exact() {
    for (manner, name) in [(honest as Manner, "honest"), (without_bar_starts, "no bar starts"), (with_beats_alone, "beats alone")]
    {
        for block in BLOCKS.into_iter().filter(|block| *block > 1) {
            for at in [8.0, 10.25] {
                let mut host = Host::new(&[change(0.0, 120.0, "4/4"), change(at, 87.0, "4/4")], 48_000, manner);
                let until = host.sample_of(9);
                let account = play(&mut host, &mut BarClock::new(rate(48_000)), &[block], until);
                assert_eq!(account.numbers(), (1..9).collect::<Vec<_>>(), "{name} in blocks of {block}");
                for line in &account.lines {
                    let off = line.at - host.sample_of(line.mark.number.get());
                    assert!(off.abs() <= 1, "{name} in blocks of {block}: {off} samples off in {line:?}");
                }
                assert_eq!(account.lines[7].mark.revision.get(), 2);
                assert_eq!(account.cuts.len(), 2);
            }
        }
    }
}

#[test]
fn a_line_that_a_rising_tempo_passed_inside_a_block_comes_at_the_start_of_the_next() {
    // The tempo doubles in the middle of a block that begins 6000 samples before bar 3 as the old tempo has it.
    let mut host = Host::new(&[change(0.0, 120.0, "4/4"), change(7.9, 240.0, "4/4")], 48_000, without_bar_starts);
    let mut clock = BarClock::new(rate(48_000));
    play(&mut host, &mut clock, &[186_000], 186_000);
    let (line, end) = (host.sample_of(3), 186_000 + 5_500);
    assert!((186_001..end - 400).contains(&line), "bar 3 begins at {line}");
    assert!(clock.process(&host.transport(), 5_500).lines.is_empty(), "the clock cannot know of the tempo yet");
    host.at = end;
    let block = clock.process(&host.transport(), 512);
    assert!(block.is_cut);
    assert_eq!(block.lines.iter().map(|line| (line.offset_in_block, line.number.get())).collect::<Vec<_>>(), [(0, 3)]);
    host.at += 512;
    let until = host.sample_of(7);
    let account = play(&mut host, &mut clock, &[512], until);
    assert_eq!(account.numbers(), [4, 5, 6]);
    assert!(account.lines.iter().all(|line| (line.at - host.sample_of(line.mark.number.get())).abs() <= 1));
}

#[test]
fn a_tempo_that_only_trembles_is_one_tempo() {
    let trembling = |transport: Transport| {
        let tremble = if transport.pos_samples.unwrap() % 1024 == 0 { 1e-6 } else { -1e-6 };
        Transport { tempo: transport.tempo.map(|bpm| bpm + tremble), ..transport }
    };
    let mut host = Host::even(120.0, "4/4", 48_000, trembling);
    let account = play(&mut host, &mut BarClock::new(rate(48_000)), &[512], 2_000_000);
    assert_eq!(account.cuts, [0]);
    assert!(account.lines.iter().all(|line| line.at == host.sample_of(line.mark.number.get())));
}

/// From 70 to 190 bpm and back within 32 bars, in steps of 1/8 beat.
fn ramp(signature: &str) -> Vec<Change> {
    (0..1024)
        .map(|step| {
            let up = if step < 512 { step } else { 1024 - step };
            change(f64::from(step) / 8.0, 70.0 + 120.0 * f64::from(up) / 512.0, signature)
        })
        .collect()
}

#[test]
fn in_a_ramp_every_line_comes_once_and_as_near_as_a_block_allows() {
    for (manner, name) in [(honest as Manner, "honest"), (like_ardour, "ardour"), (with_beats_alone, "beats alone")] {
        for block in BLOCKS.into_iter().filter(|block| *block > 1) {
            let mut host = Host::new(&ramp("4/4"), 48_000, manner);
            let until = host.sample_of(32) - 1000;
            let account = play_unchecked(&mut host, &mut BarClock::new(rate(48_000)), block, until);
            let numbers: Vec<i64> = account.iter().map(|(_, number)| *number).collect();
            assert_eq!(numbers, (1..32).collect::<Vec<_>>(), "{name} in blocks of {block}");
            for (at, number) in account {
                let off = (at - host.sample_of(number)).abs();
                // The tempo moves by up to 3 bpm a second, told at the start of a block: off by a part of a beat that grows with the
                // square of the block. To that, rounding to ticks, and the length of a tick at 70 bpm.
                let seconds = block as f64 / 48_000.0;
                let allowed = 1.0 + 0.5 * 6.0 / 60.0 * seconds * seconds * 48_000.0 + if name == "ardour" { 43.0 } else { 0.0 };
                assert!(off as f64 <= allowed, "{name} in blocks of {block}: {off} samples off, allowed {allowed}");
            }
        }
    }
}

/// As [`play`], for grids that change with every block, where no block can know when the next line comes.
fn play_unchecked(host: &mut Host, clock: &mut BarClock, block: usize, until: i64) -> Vec<(i64, i64)> {
    let mut lines = Vec::new();
    while host.at < until {
        let size = block.min(usize::try_from(until - host.at).unwrap());
        for line in clock.process(&host.transport(), size).lines {
            lines.push((host.at + line.offset_in_block as i64, line.number.get()));
        }
        host.at += size as i64;
    }
    lines
}

#[test]
fn a_host_that_plays_at_another_tempo_than_it_says_is_followed() {
    for bpm in [119.9, 119.99, 120.01, 120.1] {
        let mut host = Host::even(bpm, "4/4", 48_000, |transport| Transport { tempo: Some(120.0), ..transport });
        let until = host.sample_of(60) - 1000;
        let lines = play_unchecked(&mut host, &mut BarClock::new(rate(48_000)), 512, until);
        assert_eq!(lines.iter().map(|(_, number)| *number).collect::<Vec<_>>(), (1..60).collect::<Vec<_>>());
        for (at, number) in lines {
            let off = (at - host.sample_of(number)).abs();
            assert!(off <= 51, "bar {number} at {bpm}: {off} samples off, where 1/480 beat is 50");
        }
    }
}

#[test]
fn with_nothing_but_a_tempo_bars_are_counted_from_where_playback_begins() {
    let bare = Transport { playing: true, tempo: Some(120.0), ..Transport::default() };
    let stuck = Transport { pos_samples: Some(0), pos_beats: Some(0.0), bar_start_beats: Some(0.0), bar_number: Some(0), ..bare };
    let stuck_samples = Transport { pos_samples: Some(0), ..bare };
    for transport in [bare, stuck, stuck_samples] {
        let mut clock = BarClock::new(rate(48_000));
        let mut lines = Vec::new();
        for block in 0..1000 {
            let offsets = clock.process(&transport, 500);
            lines.extend(offsets.lines.iter().map(|line| (block * 500 + line.offset_in_block, line.number.get())));
        }
        assert_eq!(lines, [(0, 1), (96_000, 2), (192_000, 3), (288_000, 4), (384_000, 5), (480_000, 6)], "{transport:?}");
    }
}

#[test]
fn samples_alone_are_enough_even_when_they_are_rounded() {
    for manner in [with_samples_alone as Manner, with_rounded_samples] {
        let mut host = Host::even(120.0, "3/4", 48_000, manner).from(100_000);
        let mut clock = BarClock::new(rate(48_000));
        let account = play(&mut host, &mut clock, &[333], 1_000_000);
        assert_eq!(account.cuts, [100_000]);
        assert!(account.lines.len() > 10);
        assert!(account.lines.iter().all(|line| line.at == host.sample_of(line.mark.number.get())));
        host.at = 50_000;
        let account = play(&mut host, &mut clock, &[333], 1_000_000);
        assert_eq!(account.cuts, [50_000]);
        assert!(account.lines.iter().all(|line| line.at == host.sample_of(line.mark.number.get())));
    }
}

#[test]
fn without_playback_or_a_tempo_the_clock_stands_still() {
    let mut clock = BarClock::new(rate(48_000));
    let places = Transport { pos_samples: Some(0), pos_beats: Some(0.0), bar_start_beats: Some(0.0), ..Transport::default() };
    for transport in [
        places,
        Transport { tempo: Some(120.0), ..places },
        Transport { playing: true, ..places },
        Transport { playing: true, tempo: Some(f64::NAN), ..places },
    ] {
        let mut clock = BarClock::new(rate(48_000));
        let block = clock.process(&transport, 1024);
        assert!(!block.is_running && block.lines.is_empty() && block.revision.get() == 0, "{transport:?}");
    }
    // Once a tempo is known, leaving it out means that it goes on.
    let mut host = Host::even(90.0, "4/4", 48_000, honest);
    play(&mut host, &mut clock, &[512], 51_200);
    host.manner = |transport| Transport { tempo: None, time_signature: None, ..transport };
    let account = play(&mut host, &mut clock, &[512], 500_000);
    assert!(account.cuts.is_empty());
    assert!(account.lines.iter().all(|line| line.at == host.sample_of(line.mark.number.get())));
}

#[test]
fn a_block_without_samples_changes_nothing() {
    let mut host = Host::even(120.0, "4/4", 48_000, honest);
    let mut clock = BarClock::new(rate(48_000));
    let mut lines = Vec::new();
    for block in 0..2000 {
        let size = if block % 2 == 0 { 0 } else { 480 };
        let found = clock.process(&host.transport(), size);
        lines.extend(found.lines.iter().map(|line| host.at + line.offset_in_block as i64));
        assert!(size > 0 || found.lines.is_empty());
        host.at += size as i64;
    }
    assert_eq!(lines, [0, 96_000, 192_000, 288_000, 384_000]);
}

#[test]
fn lines_beyond_what_a_block_can_hold_are_counted_and_the_next_block_goes_on() {
    let mut host = Host::even(1000.0, "1/64", 8_000, honest);
    let mut clock = BarClock::new(rate(8_000));
    let first = clock.process(&host.transport(), 8192);
    // A sixty-fourth at 1000 bpm lasts 30 samples.
    assert_eq!((first.lines.len(), first.left_out), (BarClock::MOST_LINES, 274 - BarClock::MOST_LINES));
    host.at += 8192;
    let second = clock.process(&host.transport(), 64);
    assert_eq!(second.lines.iter().map(|line| line.offset_in_block).collect::<Vec<_>>(), [28, 58]);
    assert_eq!(second.lines[0].number.get(), 275);
}

#[test]
fn whatever_a_host_says_lines_stay_in_order_inside_the_block() {
    let mut dice = Dice(7);
    let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 0.0, 1e-300, 1e300, 1e9, -1e9, 3.999_999_999, 1e12];
    let odd_samples = [i64::MIN, i64::MAX, 0, -1, 1 << 52, -(1 << 52), 1 << 40];
    let mut clock = BarClock::new(rate(44_100));
    let mut revision = 0;
    for _ in 0..300_000 {
        let number = |dice: &mut Dice, range: f64| match dice.below(8) {
            0 => None,
            1 => Some(odd[dice.below(odd.len() as u64) as usize]),
            _ => Some((dice.below(1 << 20) as f64 / f64::from(1 << 20) - 0.3) * range),
        };
        let transport = Transport {
            playing: dice.below(50) > 0,
            tempo: number(&mut dice, 400.0),
            pos_beats: number(&mut dice, 100.0),
            bar_start_beats: number(&mut dice, 100.0),
            pos_samples: match dice.below(6) {
                0 => None,
                1 => Some(odd_samples[dice.below(odd_samples.len() as u64) as usize]),
                _ => Some(dice.below(1 << 22) as i64 - 100_000),
            },
            time_signature: (dice.below(5) > 0).then(|| (dice.below(20) as i32 - 2, 1 << dice.below(8))),
            bar_number: (dice.below(3) > 0).then(|| [i32::MIN, i32::MAX, 0, 5][dice.below(4) as usize]),
        };
        let size = dice.below(8193) as usize;
        let block = clock.process(&transport, size);
        assert!(block.lines.iter().all(|line| line.offset_in_block < size && line.anchor >= Beats::ZERO), "{transport:?}");
        assert!(block.lines.is_sorted_by_key(|line| line.offset_in_block), "{transport:?}");
        assert!(block.middles.is_sorted_by_key(|middle| middle.offset_in_block), "{transport:?}");
        assert!(block.revision.get() >= revision);
        revision = block.revision.get();
    }
    // And it still works.
    let mut host = Host::even(120.0, "4/4", 44_100, honest);
    let account = play(&mut host, &mut clock, &[512], 400_000);
    assert!(account.lines.iter().all(|line| line.mark.metre == Metre::FOUR_FOUR && line.mark.anchor.get() % 4.0 == 0.0));
    assert_eq!(account.anchors(), [0.0, 4.0, 8.0, 12.0, 16.0]);
}
