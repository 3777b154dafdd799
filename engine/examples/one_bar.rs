//! How do I make one bar of a recording anew from my own program?
//!
//! `cargo run --release --example one_bar -- IN.wav OUT.wav BPM BAR`: bar BAR in 4/4, made under the action heard in the bar before it.

use std::error::Error;
use std::path::Path;

use turnaround_core::bars::BarNumber;
use turnaround_core::tempo_map::TempoMap;
use turnaround_core::time::{Metre, Seconds, Tempo};
use turnaround_engine::audio_file::AudioFile;
use turnaround_engine::regenerate::{ActionChoice, Request, Settings, Target};
use turnaround_engine::{Control, Engine, runtime};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, input, output, bpm, bar] = arguments.as_slice() else { return Err("give IN.wav OUT.wav BPM BAR".into()) };
    let bar: i64 = bar.parse()?;

    let file = AudioFile::read(Path::new(input))?;
    let map = TempoMap::constant(Tempo::new(bpm.parse()?)?, Metre::FOUR_FOUR, Seconds::ZERO);
    let engine = Engine::open(None, &runtime::Options::default())?;
    let mut control = Control { is_cancelled: &|| false, on_progress: &mut |_| {} };

    let heard = engine.infer_actions(file.audio(), &map, Some(&[BarNumber::new(bar - 1)]), &mut control)?;
    let action = ActionChoice::Weights(heard[0].weights.clone());
    let targets = [Target { bar: BarNumber::new(bar), action }];
    let request = Request { audio: file.audio(), map: &map, targets: &targets, settings: Settings::default() };
    let result = engine.regenerate(&request, &mut control)?;

    file.write(Path::new(output), &result.audio, &result.report.changed)?;
    println!("{:.1} times real time on {}", result.report.timing.times_real_time, result.report.runtime.version);
    Ok(())
}
