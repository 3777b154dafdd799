//! How far are new bars from the recording's own in spectral envelope, stereo image and at the crossover, and what does each step cost?
//!
//! `cargo run --release --example full_band -- SONG BPM [OFFSET [HZ]]`: some bars of SONG in 4/4, resampled to HZ if given, sent through the
//! networks and back (strength 0) under every choice of highs and image.

use std::error::Error;
use std::path::Path;

use turnaround_core::audio::Audio;
use turnaround_core::bars::BarNumber;
use turnaround_core::ear::{Apart, apart, heard};
use turnaround_core::resample::resample;
use turnaround_core::tempo_map::TempoMap;
use turnaround_core::time::{Metre, SampleRate, Samples, Seconds, Tempo};
use turnaround_engine::audio_file::AudioFile;
use turnaround_engine::regenerate::{ActionChoice, HighBand, Regenerated, Request, Settings, Stereo, Target};
use turnaround_engine::{Control, Engine, runtime};

/// Every fifth bar, at most so many: each keeps dry bars around it.
const EVERY: usize = 5;
const MOST: usize = 8;

const CHOICES: [(HighBand, Stereo); 5] = [
    (HighBand::Keep, Stereo::Keep),
    (HighBand::Follow, Stereo::Keep),
    (HighBand::Keep, Stereo::Follow),
    (HighBand::Follow, Stereo::Follow),
    (HighBand::Off, Stereo::Follow),
];

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, song, bpm, rest @ ..] = arguments.as_slice() else { return Err("give SONG BPM [OFFSET [HZ]]".into()) };
    let offset = Seconds::new(rest.first().map_or(Ok(0.0), |text| text.parse())?);
    let map = TempoMap::constant(Tempo::new(bpm.parse()?)?, Metre::FOUR_FOUR, offset);
    let file = AudioFile::read(Path::new(song))?;
    let audio = match rest.get(1) {
        Some(hz) => at_rate(file.audio(), SampleRate::new(hz.parse()?)?)?,
        None => file.audio().clone(),
    };
    let bars = map.whole_bars_within(Samples::from_len(audio.len()), audio.rate());
    let targets: Vec<BarNumber> = bars.iter().skip(EVERY / 2).step_by(EVERY).take(MOST).map(|bar| bar.number).collect();
    let engine = Engine::open(None, &runtime::Options::default())?;

    println!(
        "{} bars of {song} at {}, strength 0; distances are means over the bars and the bands heard in them",
        targets.len(),
        audio.rate()
    );
    println!(
        "| highs | image | level below 7.2 kHz, dB | above, dB | left − right, dB | coherence | step at 7.2 kHz, dB | peak |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for (high_band, stereo) in CHOICES {
        let settings = Settings { strength: 0.0, high_band, stereo, ..Settings::default() };
        let made = regenerate(&engine, &audio, &map, &targets, settings)?;
        let Apart { low_db, high_db, difference_db, coherence, step_db } = mean_apart(&audio, &made.audio, &map, &targets);
        let (highs, image) = (format!("{high_band:?}"), format!("{stereo:?}"));
        let peak = made.report.audio.peak;
        println!(
            "| {highs} | {image} | {low_db:.2} | {high_db:.2} | {difference_db:.2} | {coherence:.3} | {step_db:+.2} | {peak:.3} |"
        );
    }

    // A bar made new, as it comes without a word.
    let made = regenerate(&engine, &audio, &map, &targets, Settings::default())?;
    println!("\nmade new (strength 1), levels and peaks:");
    for bar in &made.report.bars {
        let gains = bar.gain_db.map(|gain| format!("{gain:+.1}")).join(" ");
        println!("bar {:>3}: bands {gains} dB, limiter {:.1} dB", bar.bar, bar.limited_db);
    }
    println!("\n| stage | ms a bar of {:.2} s |\n|---|---|", made.report.timing.music_s / targets.len() as f64);
    for (stage, seconds) in &made.report.timing.stages {
        println!("| {stage} | {:.1} |", 1e3 * seconds / targets.len() as f64);
    }
    Ok(())
}

fn at_rate(audio: &Audio, rate: SampleRate) -> Result<Audio, Box<dyn Error>> {
    let channels = audio.channels().iter().map(|channel| resample(channel, audio.rate(), rate)).collect::<Result<_, _>>()?;
    Ok(Audio::new(rate, channels)?)
}

fn regenerate(
    engine: &Engine,
    audio: &Audio,
    map: &TempoMap,
    bars: &[BarNumber],
    settings: Settings,
) -> Result<Regenerated, Box<dyn Error>> {
    let targets: Vec<Target> = bars.iter().map(|&bar| Target { bar, action: ActionChoice::Own }).collect();
    let mut control = Control { is_cancelled: &|| false, on_progress: &mut |_| {} };
    Ok(engine.regenerate(&Request { audio, map, targets: &targets, settings }, &mut control)?)
}

/// Means over bars; of the step, the mean with its sign.
fn mean_apart(before: &Audio, after: &Audio, map: &TempoMap, bars: &[BarNumber]) -> Apart {
    let mut sum = Apart::default();
    for &bar in bars {
        let range = map.bar(bar).samples(before.rate()).as_range();
        let fade = before.rate().samples_from(Seconds::new(0.020)).as_index();
        let inside = range.start..range.end - fade;
        let hear = |audio: &Audio| {
            let last = audio.channel_count() - 1;
            heard(&audio.channel(0)[inside.clone()], &audio.channel(last)[inside.clone()], audio.rate())
        };
        let one = apart(&hear(before), &hear(after));
        sum.low_db += one.low_db;
        sum.high_db += one.high_db;
        sum.difference_db += one.difference_db;
        sum.coherence += one.coherence;
        sum.step_db += one.step_db;
    }
    let count = bars.len() as f64;
    Apart {
        low_db: sum.low_db / count,
        high_db: sum.high_db / count,
        difference_db: sum.difference_db / count,
        coherence: sum.coherence / count,
        step_db: sum.step_db / count,
    }
}
