//! What the audio thread costs: time for a block, beside the block's own length.
//!
//! ```sh
//! cargo run --release -p turnaround --example audio_thread
//! ```
//!
//! Plays eight bars at 120 bpm over and over in small blocks, without models and without a host: once at rest, once with every bar dry, once
//! with every second bar a take, and once more with a look-ahead of four seconds. What a host and the framework add is not in it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use turnaround::Transport;
use turnaround::audio::{AudioSide, BlockContext, Waiting};
use turnaround::handoff::{Standing, Update, WorkerEnd, link};
use turnaround::spec::{BarKey, BarSpec, Playing};
use turnaround::take::{Likeness, Take};
use turnaround::view::Live;
use turnaround_core::audio::Audio;
use turnaround_core::time::{Beats, SampleRate};

const HZ: u32 = 48_000;
const BAR: usize = 96_000;
const BARS: usize = 8;
/// Passes over the eight bars: 160 s of music.
const PASSES: usize = 10;

fn main() {
    println!("{:28} {:>6} {:>12} {:>12} {:>12}", "what plays", "block", "mean, µs", "99.9 %, µs", "of its time");
    for block in [64, 512] {
        for (name, is_playing, takes, look_ahead) in [
            ("at rest", false, false, 0),
            ("dry bars", true, false, 0),
            ("every second bar a take", true, true, 0),
            ("the same, 4 s ahead", true, true, 4 * HZ as usize),
        ] {
            let mut times = measured(block, is_playing, takes, look_ahead);
            times.sort_unstable();
            let mean = times.iter().sum::<Duration>().as_secs_f64() / times.len() as f64;
            let worst = times[times.len() * 999 / 1000].as_secs_f64();
            let share = mean * f64::from(HZ) / block as f64;
            println!("{name:28} {block:>6} {:>12.2} {:>12.2} {:>11.3}%", mean * 1e6, worst * 1e6, share * 100.0);
        }
    }
}

/// The time of each block.
fn measured(block: usize, is_playing: bool, takes: bool, look_ahead: usize) -> Vec<Duration> {
    let rate = SampleRate::new(HZ).expect("an ordinary rate");
    let (audio, mut worker) = link(rate);
    let mut side = AudioSide::new(rate, block, look_ahead, audio);
    for bar in (1..BARS).step_by(2).filter(|_| takes) {
        let key = BarKey::new(Beats::new(4.0 * bar as f64));
        let _ = worker.updates.push(Update::Bar(key, take(rate)));
    }
    let live = Live::default();
    let (mut left, mut right) = (vec![0.0; block], vec![0.0; block]);
    let mut times = Vec::with_capacity(PASSES * BARS * BAR / block);
    for start in (0..PASSES * BARS * BAR).step_by(block) {
        let place = start % (BARS * BAR);
        for (n, (left, right)) in left.iter_mut().zip(&mut right).enumerate() {
            *left = ((start + n) as f32 * 0.01).sin() * 0.2;
            *right = -*left;
        }
        let transport = Transport {
            playing: is_playing,
            tempo: Some(120.0),
            time_signature: Some((4, 4)),
            pos_beats: Some(place as f64 / 24_000.0),
            pos_samples: Some(place as i64),
            ..Transport::default()
        };
        let context =
            BlockContext { transport, spec: BarSpec::default(), waiting: Waiting::Known(false), is_bypassed: false, live: &live };
        let begin = Instant::now();
        side.process(&context, &mut left, &mut right);
        times.push(begin.elapsed());
        fetch(&mut worker);
    }
    times
}

fn take(rate: SampleRate) -> Standing {
    let sound = Audio::stereo(rate, vec![0.1; 960 + BAR], vec![0.1; 960 + BAR]).expect("finite sound");
    Standing::Ready(Arc::new(Take::new(sound, Likeness::default())), Playing::default())
}

/// What the worker's thread would do meanwhile.
fn fetch(worker: &mut WorkerEnd) {
    while worker.events.pop().is_ok() {
        worker.tally.finish(1);
    }
    let frames = worker.frames.slots();
    if let Ok(chunk) = worker.frames.read_chunk(frames) {
        chunk.commit_all();
    }
}
