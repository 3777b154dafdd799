use std::thread::JoinHandle;

use super::*;
use crate::handoff::{WorkerEnd, link};
use crate::spec::Playing;
use crate::take::{Likeness, Take};
use turnaround_core::audio::Audio;

const RATE: u32 = 8_000;
/// A bar of 4/4 at 120 bpm.
const BAR: usize = 16_000;
const BLOCK: usize = 400;

fn rate() -> SampleRate {
    SampleRate::new(RATE).unwrap()
}

fn key(bar: usize) -> BarKey {
    BarKey::new(Beats::new(4.0 * bar as f64))
}

fn ready() -> Standing {
    let audio = Audio::mono(rate(), vec![3.0; 160 + BAR]).unwrap();
    Standing::Ready(Arc::new(Take::new(audio, Likeness::default())), Playing::default())
}

/// Plays dry sound of 1 from beat 0 and gives what is heard.
fn play(audio: &mut AudioSide, live: &Live, waiting: Waiting, samples: usize) -> Vec<f32> {
    let mut heard = Vec::new();
    while heard.len() < samples {
        let transport = Transport {
            playing: true,
            tempo: Some(120.0),
            time_signature: Some((4, 4)),
            pos_beats: Some(heard.len() as f64 / 4_000.0),
            pos_samples: Some(heard.len() as i64),
            ..Transport::default()
        };
        let context = BlockContext { transport, spec: BarSpec::default(), waiting, is_bypassed: false, live };
        let (mut left, mut right) = ([1.0; BLOCK], [1.0; BLOCK]);
        audio.process(&context, &mut left, &mut right);
        heard.extend(left);
    }
    heard
}

fn sides(look_ahead: usize) -> (AudioSide, WorkerEnd) {
    let (audio, worker) = link(rate());
    (AudioSide::new(rate(), BLOCK, look_ahead, audio), worker)
}

/// Answers every whole bar with a take, after some time, as the worker would.
fn answering(mut worker: WorkerEnd, after: Duration) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let start = Instant::now();
        let mut open = None;
        while start.elapsed() < Duration::from_secs(5) {
            let Ok(event) = worker.events.pop() else {
                if Arc::strong_count(&worker.tally) == 1 {
                    return;
                }
                std::thread::sleep(Duration::from_millis(1));
                continue;
            };
            let ends = matches!(event, Event::Line(..) | Event::End(_));
            if let Some(done) = open.take_if(|_| ends) {
                worker.updates.push(Update::Bar(done, Standing::Owed)).unwrap();
                std::thread::sleep(after);
                worker.updates.push(Update::Bar(done, ready())).unwrap();
            }
            if let Event::Line(_, bar) = event {
                open = Some(bar.key);
            }
            let frames = worker.frames.slots();
            worker.frames.read_chunk(frames).unwrap().commit_all();
            worker.tally.finish(1);
        }
    })
}

#[test]
fn a_late_bar_plays_dry_and_is_counted() {
    let (mut audio, mut worker) = sides(0);
    let live = Live::default();
    worker.updates.push(Update::Bar(key(1), Standing::Owed)).unwrap();
    let heard = play(&mut audio, &live, Waiting::Known(false), 3 * BAR);
    assert!(heard.iter().all(|&x| x == 1.0));
    assert_eq!(live.late(), 1);
    let events: Vec<Event> = std::iter::from_fn(|| worker.events.pop().ok()).collect();
    assert!(events.contains(&Event::Late(key(1))));
}

#[test]
fn a_bounce_waits_for_the_bar_it_owes() {
    let (mut audio, mut worker) = sides(0);
    worker.updates.push(Update::Bar(key(1), Standing::Owed)).unwrap();
    let slow = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(60));
        worker.updates.push(Update::Bar(key(1), ready())).unwrap();
        // Everything that was sent, and ever will be, counts as dealt with.
        worker.tally.finish(1_000);
    });
    let live = Live::default();
    // No more than the queue of frames holds, for nobody fetches them here.
    let heard = play(&mut audio, &live, Waiting::Known(true), 2 * BAR);
    slow.join().unwrap();
    assert!(heard[BAR..2 * BAR - 160].iter().all(|&x| x == 3.0));
    assert_eq!(live.late(), 0);
}

#[test]
fn a_cancelled_wait_ends_at_once_and_the_rest_plays_dry() {
    let (mut audio, mut worker) = sides(0);
    let live = Arc::new(Live::default());
    for bar in 0..3 {
        worker.updates.push(Update::Bar(key(bar), Standing::Owed)).unwrap();
    }
    let canceller = live.clone();
    let cancel = std::thread::spawn(move || {
        while !canceller.is_waiting() {
            std::thread::sleep(Duration::from_millis(1));
        }
        canceller.cancel_wait();
    });
    let start = Instant::now();
    let heard = play(&mut audio, &live, Waiting::Known(true), 3 * BAR);
    cancel.join().unwrap();
    assert!(start.elapsed() < Duration::from_secs(2));
    assert!(heard.iter().all(|&x| x == 1.0));
}

#[test]
fn with_look_ahead_one_pass_of_a_bounce_hears_and_replaces_every_bar() {
    // No multiple of the blocks, so that the first sound comes out inside of one.
    let look_ahead = 2 * RATE as usize + 2_111;
    let (mut audio, worker) = sides(look_ahead);
    let worker = answering(worker, Duration::from_millis(5));
    let live = Live::default();
    let heard = play(&mut audio, &live, Waiting::Known(true), look_ahead + 3 * BAR);
    drop(audio);
    worker.join().unwrap();
    assert!(heard[..look_ahead].iter().all(|&x| x == 0.0), "nothing sounds before the delay");
    let odd = heard[look_ahead..look_ahead + 2 * BAR].iter().position(|&x| x < 2.9);
    assert_eq!(odd, None, "every bar is new, in its place");
}

#[test]
fn sound_that_the_worker_does_not_fetch_is_told_as_cut_and_never_overflows() {
    let (mut audio, mut worker) = sides(0);
    play(&mut audio, &Live::default(), Waiting::Known(false), 10 * RATE as usize);
    let held = worker.frames.slots();
    assert!(held <= 4 * RATE as usize);
    worker.frames.read_chunk(held).unwrap().commit_all();
    while worker.events.pop().is_ok() {}
    let live = Live::default();
    play(&mut audio, &live, Waiting::Known(false), BLOCK);
    assert!(matches!(worker.events.pop(), Ok(Event::Cut(StreamPosition(at))) if at == held as u64));
}

#[test]
fn a_stopped_host_hears_its_own_sound() {
    let (mut audio, _worker) = sides(0);
    let live = Live::default();
    let context = BlockContext {
        transport: Transport::default(),
        spec: BarSpec::default(),
        waiting: Waiting::ByPace,
        is_bypassed: false,
        live: &live,
    };
    let (mut left, mut right) = ([0.25; BLOCK], [-0.25; BLOCK]);
    audio.process(&context, &mut left, &mut right);
    assert!(left.iter().all(|&x| x == 0.25) && right.iter().all(|&x| x == -0.25));
}
