//! What the tests with a real set share.

#![allow(dead_code, reason = "each test file uses its part")]

use std::path::{Path, PathBuf};

use turnaround_core::audio::Audio;
use turnaround_core::tempo_map::TempoMap;
use turnaround_core::time::{Metre, SampleRate, Seconds, Tempo};

/// The set that is trained for tests.
pub fn tiny() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/tiny")
}

/// A bar of 2 s.
pub const BPM: f64 = 120.0;

/// 4/4 at [`BPM`] from the first sample on.
pub fn grid() -> TempoMap {
    TempoMap::constant(Tempo::new(BPM).unwrap(), Metre::FOUR_FOUR, Seconds::ZERO)
}

/// Chords, a bass and a hiss: planar samples of so many seconds.
pub fn music(hz: u32, channels: usize, seconds: f64) -> Vec<Vec<f32>> {
    let length = (f64::from(hz) * seconds) as usize;
    let mut state = 1_u32;
    let mut channel = |detune: f64| -> Vec<f32> {
        (0..length)
            .map(|n| {
                let time = n as f64 / f64::from(hz);
                let root = [55.0, 65.4, 73.4, 49.0][(time / 2.0) as usize % 4];
                let tone = |ratio: f64| (std::f64::consts::TAU * root * ratio * detune * time).sin();
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let hiss = f64::from(state >> 8) / f64::from(1 << 24) - 0.5;
                let pulse = (-12.0 * (time % 0.5)).exp();
                (0.2 * tone(1.0) + 0.08 * (tone(4.0) + tone(5.0) + tone(6.0)) + 0.2 * pulse * hiss) as f32
            })
            .collect()
    };
    [1.0, 1.002][..channels].iter().map(|&detune| channel(detune)).collect()
}

/// A bass note on one, a chord that changes there, and a ride cymbal on every beat at [`BPM`], from 0.3 s on.
pub fn pulse(hz: u32, seconds: f64) -> Vec<Vec<f32>> {
    let mut state = 7_u32;
    let sample = |n: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let hiss = f64::from(state >> 8) / f64::from(1 << 24) - 0.5;
        let time = n as f64 / f64::from(hz) - 0.3;
        if time < 0.0 {
            return 0.0;
        }
        let (beat, bar) = (time % 0.5, time % 2.0);
        let root = [55.0, 73.4, 49.0, 65.4][(time / 2.0) as usize % 4];
        let tone = |ratio: f64| (std::f64::consts::TAU * root * ratio * time).sin();
        let bass = 0.4 * tone(1.0) * (-2.0 * bar).exp();
        let chord = 0.1 * (tone(4.0) + tone(5.0) + tone(6.0)) * (-1.5 * bar).exp();
        let crash = if bar < 0.5 { 0.5 } else { 0.2 };
        (bass + chord + crash * hiss * (-18.0 * beat).exp()) as f32
    };
    vec![(0..(f64::from(hz) * seconds) as usize).map(sample).collect()]
}

/// The same as [`Audio`].
pub fn audio(hz: u32, channels: usize, seconds: f64) -> Audio {
    Audio::new(SampleRate::new(hz).unwrap(), music(hz, channels, seconds)).unwrap()
}

/// Writes planar samples as a WAV file of whole numbers, or of floats when `bits` is 0.
pub fn write_wav(path: &Path, hz: u32, bits: u16, channels: &[Vec<f32>]) {
    let is_float = bits == 0;
    let spec = hound::WavSpec {
        channels: channels.len() as u16,
        sample_rate: hz,
        bits_per_sample: if is_float { 32 } else { bits },
        sample_format: if is_float { hound::SampleFormat::Float } else { hound::SampleFormat::Int },
    };
    let mut writer = hound::WavWriter::create(path, spec).unwrap();
    for n in 0..channels[0].len() {
        for channel in channels {
            if is_float {
                writer.write_sample(channel[n]).unwrap();
            } else {
                writer.write_sample((f64::from(channel[n]) * f64::from(1_u32 << (bits - 1))) as i32).unwrap();
            }
        }
    }
    writer.finalize().unwrap();
}
