//! Several instances, rest and activity, and leaving: nothing stays behind.

use std::collections::BTreeMap;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use crate::alone::{alone, alone_and_slow};
use crate::automation::{Automation, Delivery};
use crate::blocks::Pace;
use crate::host::{Format, Says};
use crate::log::Log;
use crate::session::{Playing, Session, first_difference};
use crate::song::Song;
use crate::takes::{learn, selecting};
use crate::timeline::Timeline;

/// Threads of this process, number and name.
fn threads() -> BTreeMap<u64, String> {
    let tasks = fs::read_dir("/proc/self/task").expect("Linux lists the threads of a process");
    let number = |task: fs::DirEntry| task.file_name().to_string_lossy().parse().expect("a thread's number");
    let name = |task: &fs::DirEntry| fs::read_to_string(task.path().join("comm")).unwrap_or_default().trim().to_owned();
    tasks
        .map(|task| task.expect("it can be listed"))
        .map(|task| (name(&task), number(task)))
        .map(|(name, number)| (number, name))
        .collect()
}

/// Has a take made and leaves. The runtime of the models may keep a thread for as long as the process lives (ONNX Runtime does, in its own
/// library, which stays loaded); what is counted afterwards is what instances leave behind.
fn warm_up(log: &Log, timeline: &Timeline, song: &Song) {
    let mut session = Session::ready(Format::Clap, timeline.rate(), 1024);
    learn(&mut session, log, timeline, song, &selecting(&[2], 1024, 1), &[2]);
    session.close();
}

/// Waits until no thread is left but those of before: a thread that was joined is listed for a moment more.
#[track_caller]
fn assert_no_thread_stays(before: &BTreeMap<u64, String>, what: &str) {
    let begin = Instant::now();
    loop {
        let left: Vec<_> = threads().into_iter().filter(|(number, _)| !before.contains_key(number)).collect();
        if left.is_empty() {
            return;
        }
        assert!(begin.elapsed() < Duration::from_secs(1), "{what}: {left:?}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// In both formats: learns every bar, waits as `wait` says and leaves.
fn assert_leaves_cleanly(log: &Log, wait: impl Fn(usize)) {
    let timeline = Timeline::even(180.0, "4/4", 44_100, 4);
    let song = Song::new(&timeline, 4);
    warm_up(log, &timeline, &song);
    for format in Format::ALL {
        let before = threads();
        let mut session = Session::ready(format, 44_100, 1024);
        let mark = log.mark();
        session.play(&timeline, &song, &selecting(&[1, 2, 3, 4], 1024, 1));
        wait(mark);
        let took = session.close();
        assert!(took < Duration::from_secs(2), "{format:?}: {took:?}");
        assert_no_thread_stays(&before, &format!("{format:?}"));
    }
}

#[test]
fn leaving_while_a_take_is_made_takes_no_time_and_leaves_no_thread() {
    alone_and_slow(Duration::from_secs(5), |log| {
        assert_leaves_cleanly(log, |mark| {
            log.wait_for(mark, "bar", 4, Duration::from_secs(10));
            thread::sleep(Duration::from_millis(500));
            assert!(log.since(mark, "take").is_empty(), "the first take is still being made");
        });
    });
}

#[test]
fn leaving_inside_the_models_takes_no_time_and_leaves_no_thread() {
    alone(|log| {
        assert_leaves_cleanly(log, |mark| {
            log.wait_for(mark, "bar", 3, Duration::from_secs(10));
        });
    });
}

#[test]
fn instances_do_not_disturb_each_other() {
    alone(|log| {
        let timeline = Timeline::even(180.0, "4/4", 44_100, 4);
        let song = Song::new(&timeline, 4);
        let mut first = Session::ready(Format::Clap, 44_100, 1024);
        let mut second = Session::ready(Format::Vst3, 44_100, 512);
        let mut third = Session::ready(Format::Clap, 44_100, 1024);
        learn(&mut first, log, &timeline, &song, &selecting(&[2], 1024, 1), &[2]);
        learn(&mut second, log, &timeline, &song, &selecting(&[3], 512, 1), &[3]);
        let of_first = first.play(&timeline, &song, &selecting(&[2], 1024, 2));
        assert_eq!(of_first.changed_bars(1..5), [2]);
        assert_eq!(second.play(&timeline, &song, &selecting(&[3], 512, 2)).changed_bars(1..5), [3]);
        third.play(&timeline, &song, &selecting(&[], 1024, 2)).assert_dry("the third");
        // A duplicate begins with the other's project, at once, and goes its own way.
        let project = first.instance().save();
        assert!(third.instance().load(&project));
        let of_third = third.play(&timeline, &song, &selecting(&[2], 1024, 3));
        assert_eq!(first_difference(&of_first, &of_third), None);
        let took = first.close();
        assert!(took < Duration::from_secs(2), "{took:?}");
        assert_eq!(third.play(&timeline, &song, &selecting(&[2], 1024, 4)).changed_bars(1..5), [2], "after the first has left");
        assert_eq!(second.play(&timeline, &song, &selecting(&[3], 512, 4)).changed_bars(1..5), [3]);
        second.close();
        third.close();
    });
}

#[test]
fn takes_survive_rest() {
    alone(|log| {
        let timeline = Timeline::even(180.0, "4/4", 44_100, 4);
        let song = Song::new(&timeline, 4);
        for format in Format::ALL {
            let mut session = Session::ready(format, 44_100, 1024);
            learn(&mut session, log, &timeline, &song, &selecting(&[3], 1024, 1), &[3]);
            let before = session.play(&timeline, &song, &selecting(&[3], 1024, 2));
            session.deactivate();
            session.activate(44_100, 4096, Says::OFFLINE);
            let after = session.play(&timeline, &song, &selecting(&[3], 4096, 3));
            assert_eq!(before.changed_bars(1..5), [3], "{format:?}");
            assert_eq!(first_difference(&before, &after), None, "{format:?}");
            session.close();
        }
    });
}

#[test]
fn leaving_right_after_automation_does_no_harm() {
    alone(|_| {
        let timeline = Timeline::even(180.0, "4/4", 44_100, 1).lasting(256);
        let song = Song::new(&timeline, 1);
        let mut automation = Automation::new(Delivery::Exact);
        for slot in 1..=64 {
            automation = automation.lane(&format!("Action {slot:02}"), &[(1, 0.5)]);
        }
        let playing = Playing::in_blocks_of(256).at_pace(Pace::Free).with(automation);
        for turn in 0..100 {
            for format in Format::ALL {
                // Alone, and with another instance that stays a little longer.
                let other = (turn % 2 == 1).then(|| Session::ready(format, 44_100, 256));
                let mut session = Session::ready(format, 44_100, 256);
                session.play(&timeline, &song, &playing);
                let took = session.close();
                assert!(took < Duration::from_secs(2), "{format:?}: {took:?}");
                other.map(Session::close);
            }
        }
    });
}
