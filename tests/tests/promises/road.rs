//! The whole road with the set for tests: a recording made here, two bars of it made anew, everything else as it was.

use std::f64::consts::TAU;
use std::sync::LazyLock;

use turnaround_core::audio::Audio;
use turnaround_core::bars::BarNumber;
use turnaround_core::tempo_map::TempoMap;
use turnaround_core::time::{Metre, SampleRate, Seconds, Tempo};
use turnaround_engine::regenerate::{ActionChoice, Quality, Regenerated, Request, Settings, Target};
use turnaround_engine::runtime::{Options, Provider, RuntimeChoice};
use turnaround_engine::{Cancelled, Control, Engine, EngineError};

use crate::workspace::root;

const HZ: u32 = 44_100;
const BPM: f64 = 120.0;
const BARS: i64 = 7;
const TARGETS: [i64; 2] = [3, 5];

/// How long before a target bar samples may change.
const FADE: Seconds = Seconds::new(0.02);

/// One engine for all tests of this file. The runtime compiled in is on every machine the same.
static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
    let options = Options { runtime: RuntimeChoice::Embedded, provider: Provider::Cpu, threads: 1, beside: Vec::new() };
    Engine::open(Some(&root().join("models/tiny")), &options).unwrap_or_else(|error| panic!("models/tiny: {error}"))
});

/// Bar 1 begins a little after the recording does, and the recording a little after the last bar ends.
static MAP: LazyLock<TempoMap> =
    LazyLock::new(|| TempoMap::constant(Tempo::new(BPM).unwrap(), Metre::FOUR_FOUR, Seconds::new(0.1)));

static RECORDING: LazyLock<Audio> = LazyLock::new(recording);

/// Decaying tones on the beats and bursts of noise between them, placed differently in both channels: seven bars and a bit.
fn recording() -> Audio {
    let rate = SampleRate::new(HZ).unwrap();
    let end = MAP.bar(BarNumber::new(BARS)).samples(rate).end.as_index();
    let mut channels = vec![vec![0.0_f32; end + 5_000]; 2];
    let mut noise = 1_u32;
    for half_beat in 0..8 * BARS {
        let start = rate.samples_from(MAP.bar(BarNumber::FIRST).start + Seconds::new(half_beat as f64 * 30.0 / BPM)).as_index();
        let frequency = 110.0 * f64::powf(2.0, (half_beat * 7 % 24) as f64 / 12.0);
        for sample in 0..15_000.min(end - start) {
            let seconds = sample as f64 / f64::from(HZ);
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let (tone, burst) = if half_beat % 2 == 0 {
                ((TAU * frequency * seconds).sin() * (-6.0 * seconds).exp(), 0.0)
            } else {
                (0.0, (f64::from(noise >> 8) / f64::from(1 << 23) - 1.0) * (-40.0 * seconds).exp())
            };
            channels[0][start + sample] += (0.3 * tone + 0.2 * burst) as f32;
            channels[1][start + sample] += (0.2 * tone + 0.3 * burst) as f32;
        }
    }
    Audio::new(rate, channels).unwrap()
}

fn regenerate(seed: u64, control: &mut Control<'_>) -> Result<Regenerated, EngineError> {
    let targets = TARGETS.map(|bar| Target { bar: BarNumber::new(bar), action: ActionChoice::Null });
    let settings = Settings { seed, quality: Quality::Draft, ..Settings::default() };
    ENGINE.regenerate(&Request { audio: &RECORDING, map: &MAP, targets: &targets, settings }, control)
}

fn made_with(seed: u64) -> Regenerated {
    let mut control = Control { is_cancelled: &|| false, on_progress: &mut |_| {} };
    regenerate(seed, &mut control).unwrap_or_else(|error| panic!("{error}"))
}

static MADE: LazyLock<Regenerated> = LazyLock::new(|| made_with(1));

/// Whether a sample lies in a target bar or the fade before one.
fn may_change(position: usize) -> bool {
    TARGETS.iter().any(|&bar| {
        let bar = MAP.bar(BarNumber::new(bar)).samples(RECORDING.rate());
        let fade = RECORDING.rate().samples_from(FADE).as_index();
        (bar.start.as_index() - fade..bar.end.as_index()).contains(&position)
    })
}

#[test]
fn the_result_is_as_long_as_wide_and_at_the_rate_of_the_recording() {
    assert_eq!((MADE.audio.len(), MADE.audio.channel_count(), MADE.audio.rate()), (RECORDING.len(), 2, RECORDING.rate()));
}

#[test]
fn samples_outside_the_chosen_bars_are_bit_for_bit_those_of_the_recording() {
    for (channel, (before, after)) in RECORDING.channels().iter().zip(MADE.audio.channels()).enumerate() {
        for (position, (before, after)) in before.iter().zip(after).enumerate().filter(|(position, _)| !may_change(*position)) {
            assert_eq!(before.to_bits(), after.to_bits(), "sample {position} of channel {channel}");
        }
    }
}

#[test]
fn the_chosen_bars_are_others_and_can_be_heard() {
    let power = |samples: &[f32]| samples.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>();
    for bar in TARGETS {
        let range = MAP.bar(BarNumber::new(bar)).samples(RECORDING.rate()).as_range();
        for (before, after) in RECORDING.channels().iter().zip(MADE.audio.channels()) {
            let (before, after) = (&before[range.clone()], &after[range.clone()]);
            let difference: Vec<f32> = before.iter().zip(after).map(|(before, after)| after - before).collect();
            assert!(power(&difference) > 0.01 * power(before), "bar {bar} is as it was");
            // Tiny networks make no music, but they make sound, and none that would break a loudspeaker.
            assert!(power(after) > 1e-4 * power(before), "bar {bar} is silent");
            assert!(after.iter().all(|sample| sample.abs() < 8.0), "bar {bar} is far too loud");
        }
    }
}

#[test]
fn the_report_tells_what_changed_and_proves_what_did_not() {
    let report = &MADE.report;
    assert_eq!(report.bars.iter().map(|bar| bar.bar).collect::<Vec<_>>(), TARGETS);
    assert_eq!(report.changed.len(), 2);
    for region in &report.changed {
        assert!(may_change(region.start) && may_change(region.end - 1), "{region:?}");
        assert!(!may_change(region.start - 1) && !may_change(region.end), "{region:?}");
    }
    assert_eq!(report.kept.len(), 3);
    assert!(report.kept.iter().all(|kept| kept.sha256_before == kept.sha256_after));
    assert_eq!(report.model_set.name, "tiny");
    assert_eq!((report.runtime.runtime.as_str(), report.runtime.provider.as_str()), ("embedded", "cpu"));
    assert_eq!(report.settings.seed, 1);
}

#[test]
fn the_same_seed_gives_the_same_samples_and_another_seed_others() {
    let (again, other) = (made_with(1), made_with(2));
    assert_eq!(again.audio, MADE.audio);
    let differing = |a: &Audio, b: &Audio| a.channel(0).iter().zip(b.channel(0)).filter(|(a, b)| a != b).count();
    let changing = (0..RECORDING.len()).filter(|&position| may_change(position)).count();
    let count = differing(&other.audio, &MADE.audio);
    assert!(count > changing / 2, "only {count} of {changing} samples differ");
}

#[test]
fn a_call_that_is_stopped_comes_to_nothing() {
    let mut steps = 0;
    let mut on_progress = |_| steps += 1;
    let mut control = Control { is_cancelled: &|| true, on_progress: &mut on_progress };
    assert!(matches!(regenerate(1, &mut control), Err(EngineError::Cancelled(Cancelled))));
    assert_eq!(steps, 0);
}
