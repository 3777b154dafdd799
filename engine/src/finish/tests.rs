//! With networks that would write exactly what they heard, a finished bar sounds like the bar it replaces, at every rate.

use turnaround_core::ear::{self, Apart};
use turnaround_core::resample::resample;
use turnaround_core::tempo_map::TempoMap;
use turnaround_core::time::{SampleRate, Seconds, Tempo};

use super::*;
use crate::Control;
use crate::fake;
use crate::road::Road;

const BARS: i64 = 6;
const TARGET: i64 = 4;

fn map() -> TempoMap {
    TempoMap::constant(Tempo::new(160.0).unwrap(), "4/4".parse().unwrap(), Seconds::new(0.1))
}

/// Six bars at 192 kHz, alike but not the same: a bass in the middle, a chord of noise to the left, wide noise over all, and strokes of
/// bright noise to the right on every half beat.
fn music() -> Vec<Vec<f32>> {
    const HZ: f64 = 192_000.0;
    let length = (map().bar(BarNumber::new(BARS)).end.get() * HZ) as usize + 10_000;
    let mut noise = turnaround_core::noise::GaussianNoise::new(11);
    let mut wide = [0.0f32; 2];
    let mut chord = 0.0f32;
    let mut sample = |n: usize| {
        let time = n as f64 / HZ - 0.1;
        let stroke = (-30.0 * time.rem_euclid(0.1875)).exp() as f32;
        let bass = 0.2 * (std::f64::consts::TAU * 70.0 * time).sin() as f32;
        for wide in &mut wide {
            *wide += 0.2 * (0.1 * noise.next() - *wide);
        }
        chord += 0.05 * (0.5 * noise.next() - chord);
        let bright = 0.1 * stroke * noise.next();
        (bass + 0.9 * chord + wide[0] + 0.4 * bright, bass + 0.3 * chord + wide[1] + 0.8 * bright)
    };
    let (left, right) = (0..length).map(&mut sample).unzip();
    vec![left, right]
}

fn at_rate(channels: &[Vec<f32>], hz: u32) -> Audio {
    let rate = SampleRate::new(hz).unwrap();
    let channel = |samples: &Vec<f32>| resample(samples, SampleRate::new(192_000).unwrap(), rate).unwrap();
    Audio::new(rate, channels.iter().map(channel).collect()).unwrap()
}

/// A bar of a recording finished from the track it has.
fn finished(audio: &Audio, settings: Settings) -> Audio {
    let (engine, _) = fake::engine();
    let road = Road::new(engine.set());
    let mut control = Control { is_cancelled: &|| false, on_progress: &mut |_| {} };
    let mut job = Job::new(&mut control);
    let song = Song::new(audio, &map(), &road, &mut job).unwrap();
    let targets: Vec<_> = song.bars.iter().filter(|bar| bar.number == BarNumber::new(TARGET)).collect();
    let runs = Run::all(&targets, audio.rate(), audio.len());
    let track = song.track.clone();
    Finish { song: &song, audio, track: &track, runs: &runs, settings }.finish(&mut job).unwrap().audio
}

fn heard(audio: &Audio) -> Vec<ear::BandHeard> {
    let range = map().bar(BarNumber::new(TARGET)).samples(audio.rate()).as_range();
    let fade = audio.rate().samples_from(Seconds::new(0.020)).as_index();
    let inside = range.start..range.end - fade;
    ear::heard(&audio.channel(0)[inside.clone()], &audio.channel(1)[inside], audio.rate())
}

fn settings(high_band: HighBand, stereo: Stereo) -> Settings {
    Settings { high_band, stereo, ..Settings::default() }
}

#[test]
fn a_bar_that_came_back_as_it_was_keeps_envelope_image_and_crossover_at_every_rate() {
    let music = music();
    println!("rate    high band  stereo  low dB  high dB  ILD dB  coherence  step dB");
    for hz in [16_000, 22_050, 44_100, 48_000, 96_000, 192_000] {
        let audio = at_rate(&music, hz);
        for (high_band, stereo) in [
            (HighBand::Keep, Stereo::Keep),
            (HighBand::Follow, Stereo::Keep),
            (HighBand::Keep, Stereo::Follow),
            (HighBand::Follow, Stereo::Follow),
        ] {
            let result = finished(&audio, settings(high_band, stereo));
            let found = ear::apart(&heard(&audio), &heard(&result));
            let Apart { low_db, high_db, difference_db, coherence, step_db } = found;
            println!(
                "{hz:<7} {:<9}  {:<6}  {low_db:6.2}  {high_db:7.2}  {difference_db:6.2}  {coherence:9.3}  {step_db:7.2}",
                format!("{high_band:?}"),
                format!("{stereo:?}")
            );
            // Another bar's noise is as loud as this one's only within chance, about 0.5 dB in a band; coherence of noise strays by 0.05.
            assert!(
                low_db < 0.6 && high_db < 1.5 && difference_db < 1.0 && coherence < 0.08 && step_db.abs() < 1.5,
                "{hz}: {found:?}"
            );
            if (high_band, stereo) == (HighBand::Keep, Stereo::Keep) {
                assert_eq!(result, audio, "nothing was changed, so nothing changes");
            }
        }
    }
}

#[test]
fn below_what_a_rate_can_hold_there_are_no_highs_to_follow_or_take_away() {
    let audio = at_rate(&music(), 8_000);
    for high_band in [HighBand::Keep, HighBand::Follow, HighBand::Off] {
        assert_eq!(finished(&audio, settings(high_band, Stereo::Keep)), audio);
    }
}

#[test]
fn without_highs_nothing_above_the_crossover_is_heard() {
    let audio = at_rate(&music(), 48_000);
    for stereo in [Stereo::Keep, Stereo::Follow] {
        let bands = (heard(&audio), heard(&finished(&audio, settings(HighBand::Off, stereo))));
        for (before, after) in bands.0.iter().zip(&bands.1).filter(|(band, _)| band.from_hz > 7_500.0) {
            assert!(after.level_db < before.level_db - 40.0, "{stereo:?}: {after:?} after {before:?}");
        }
        for (before, after) in bands.0.iter().zip(&bands.1).filter(|(band, _)| band.to_hz < 6_900.0) {
            assert!((after.level_db - before.level_db).abs() < 1.5, "{stereo:?}: {after:?} after {before:?}");
        }
    }
}

#[test]
fn highs_that_nothing_tells_of_are_silent_where_the_context_is() {
    // No highs at all: neither the bar's own nor the context's, so none are made up.
    let audio = at_rate(&music(), 48_000);
    let low_pass = turnaround_core::filter::LinearPhase::low_pass(6_500.0, audio.rate());
    let dull = Audio::new(audio.rate(), audio.channels().iter().map(|channel| low_pass.apply(channel)).collect()).unwrap();
    let result = finished(&dull, settings(HighBand::Follow, Stereo::Follow));
    for (before, after) in heard(&dull).iter().zip(heard(&result)).filter(|(band, _)| band.from_hz > 7_500.0) {
        assert!(after.level_db < before.level_db + 6.0, "{after:?} after {before:?}");
    }
}

#[test]
fn a_bar_whose_own_highs_are_missing_takes_folded_ones_at_the_level_of_the_context() {
    let audio = at_rate(&music(), 48_000);
    let low_pass = turnaround_core::filter::LinearPhase::low_pass(6_900.0, audio.rate());
    let range = map().bar(BarNumber::new(TARGET)).samples(audio.rate()).as_range();
    let mut channels = audio.channels().to_vec();
    for channel in &mut channels {
        let dull = low_pass.apply(channel);
        channel[range.start - 2_000..range.end + 2_000].copy_from_slice(&dull[range.start - 2_000..range.end + 2_000]);
    }
    let dull = Audio::new(audio.rate(), channels).unwrap();
    let result = heard(&finished(&dull, settings(HighBand::Follow, Stereo::Follow)));
    for (before, after) in heard(&audio).iter().zip(result).filter(|(band, _)| band.from_hz > 7_500.0) {
        // The mid of the wide noise is 3 dB softer than its channels, and its missing side has nothing to follow.
        assert!((after.level_db - before.level_db).abs() < 5.0, "{after:?} after {before:?}");
    }
}
