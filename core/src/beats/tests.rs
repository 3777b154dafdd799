//! Laws of the decoder on activations that were made up, over a table of metres and tempi.

use super::track::{BeatTrack, Octave, TrackError, Wishes, track};
use super::{Activation, FRAMES_PER_SECOND};
use crate::bars::BarNumber;
use crate::noise::GaussianNoise;
use crate::time::{Metre, SampleRate, Seconds};

/// Frames in which beats at these times were heard, the ones whose number is 1 as first beats, over a floor of noise.
struct Heard {
    frames: Vec<Activation>,
    noise: GaussianNoise,
}

impl Heard {
    fn new(seconds: f64) -> Self {
        let frame = Activation { beat: 0.02, downbeat: 0.005, compound: 0.02 };
        Self { frames: vec![frame; (seconds * FRAMES_PER_SECOND as f64) as usize], noise: GaussianNoise::new(5) }
    }

    fn beat(&mut self, time: f64, is_first: bool, height: f32) {
        let place = time * FRAMES_PER_SECOND as f64;
        for index in place.floor() as usize - 1..=place.floor() as usize + 2 {
            let Some(frame) = self.frames.get_mut(index) else { continue };
            let share = height * (1.0 - 0.5 * (index as f64 - place).abs() as f32).max(0.02);
            frame.beat = frame.beat.max(share);
            frame.downbeat = frame.downbeat.max(share * if is_first { 0.9 } else { 0.06 });
        }
    }

    /// Beats of one tempo from `start` on, `per_bar` to the bar.
    fn even(bpm: f64, per_bar: usize, start: f64, seconds: f64) -> Self {
        let mut heard = Self::new(seconds);
        for index in 0.. {
            let time = start + 60.0 / bpm * index as f64;
            if time + 0.1 > seconds {
                return heard;
            }
            heard.beat(time, index % per_bar == 0, 0.9);
        }
        heard
    }

    /// Every number up or down by chance, as log odds.
    fn noisy(mut self, deviation: f32) -> Self {
        for frame in &mut self.frames {
            for value in [&mut frame.beat, &mut frame.downbeat] {
                let odds = (*value / (1.0 - *value)).ln() + deviation * self.noise.next();
                *value = 1.0 / (1.0 + (-odds).exp());
            }
        }
        self
    }

    fn compound(mut self) -> Self {
        self.frames.iter_mut().for_each(|frame| frame.compound = 0.9);
        self
    }

    fn track(&self, wishes: Wishes) -> BeatTrack {
        track(&self.frames, &wishes).expect("beats are heard")
    }
}

fn metre(text: &str) -> Metre {
    text.parse().unwrap()
}

/// Beats that lie within 20 ms of an even grid and have its numbers, as a share of those that should be there.
fn share_right(track: &BeatTrack, bpm: f64, per_bar: usize, start: f64, seconds: f64) -> f64 {
    let expected = ((seconds - 0.1 - start) * bpm / 60.0).floor() + 1.0;
    let is_right = |beat: &super::track::Beat| {
        let index = ((beat.time.get() - start) * bpm / 60.0).round();
        let error = beat.time.get() - start - index * 60.0 / bpm;
        error.abs() < 0.02 && index as usize % per_bar + 1 == beat.number
    };
    track.beats.iter().filter(|beat| is_right(beat)).count() as f64 / expected.max(track.beats.len() as f64)
}

#[test]
fn beats_of_every_metre_and_tempo_are_found_with_their_numbers() {
    for (per_bar, name) in [(3, "3/4"), (4, "4/4"), (5, "5/4")] {
        for bpm in [56.0, 61.7, 92.0, 120.0, 133.3, 187.0, 240.0, 262.0, 300.0, 318.0] {
            let track = Heard::even(bpm, per_bar, 0.37, 30.0).track(Wishes::default());
            assert_eq!(track.metre, metre(name), "{bpm}");
            let share = share_right(&track, bpm, per_bar, 0.37, 30.0);
            assert!(share > 0.97, "{name} at {bpm}: {share}");
            assert!((track.felt_bpm() / bpm - 1.0).abs() < 0.06, "{name} at {bpm}: {}", track.felt_bpm());
        }
    }
}

#[test]
fn a_fast_swing_whose_off_beats_are_half_heard_is_neither_halved_nor_doubled() {
    for bpm in [240.0, 271.0, 300.0] {
        let mut heard = Heard::even(bpm, 4, 0.2, 30.0);
        for index in 0..(29.0 * bpm / 60.0) as usize {
            heard.beat(0.2 + 60.0 / bpm * (index as f64 + 0.62), false, 0.12);
        }
        let share = share_right(&heard.noisy(0.5).track(Wishes::default()), bpm, 4, 0.2, 30.0);
        assert!(share > 0.95, "{bpm}: {share}");
    }
}

#[test]
fn compound_metres_are_told_by_their_division() {
    for (per_bar, plain, compound) in [(2, "2/4", "6/8"), (4, "4/4", "12/8"), (3, "3/4", "9/8")] {
        let heard = Heard::even(80.0, per_bar, 0.5, 40.0);
        assert_eq!(heard.track(Wishes::default()).metre, metre(plain));
        let track = heard.compound().track(Wishes::default());
        assert_eq!(track.metre, metre(compound));
        assert!((track.felt_bpm() - 80.0).abs() < 1.0 && (track.tempo().bpm() - 120.0).abs() < 1.5);
    }
}

#[test]
fn noise_does_not_move_beats() {
    for (bpm, per_bar) in [(70.0, 4), (126.0, 3), (180.0, 4), (250.0, 4)] {
        let track = Heard::even(bpm, per_bar, 0.41, 40.0).noisy(1.2).track(Wishes::default());
        let share = share_right(&track, bpm, per_bar, 0.41, 40.0);
        assert!(share > 0.85, "{bpm}: {share}");
        assert!((0.3..1.0).contains(&track.confidence.beat));
    }
}

#[test]
fn beats_that_are_missing_are_put_where_they_belong() {
    let mut heard = Heard::new(30.0);
    for index in 0..58 {
        // A drummer who rests every fourth bar.
        if index / 4 % 4 != 3 {
            heard.beat(0.3 + 0.5 * f64::from(index), index % 4 == 0, 0.9);
        }
    }
    let track = heard.track(Wishes::default());
    assert!(share_right(&track, 120.0, 4, 0.3, 29.1) > 0.9);
}

#[test]
fn silence_has_no_beats_and_says_what_to_do() {
    for frames in [Heard::new(20.0).frames, vec![Activation::default(); 300], Vec::new()] {
        let refused = track(&frames, &Wishes::default()).unwrap_err();
        assert_eq!(refused, TrackError::NoBeats);
        assert!(refused.to_string().contains("give the tempo"), "{refused}");
    }
}

#[test]
fn the_octave_may_be_set_and_bars_keep_their_number_of_beats() {
    for (per_bar, name) in [(3, "3/4"), (4, "4/4")] {
        let heard = Heard::even(120.0, per_bar, 0.5, 30.0);
        let plain = heard.track(Wishes::default());
        for (octave, bpm) in [(Octave::Double, 240.0), (Octave::Halve, 60.0)] {
            let track = heard.track(Wishes { octave, ..Wishes::default() });
            assert!((track.felt_bpm() / bpm - 1.0).abs() < 0.02, "{octave:?}: {}", track.felt_bpm());
            assert_eq!(track.metre, metre(name));
            assert!(share_right(&track, bpm, per_bar, 0.5, 30.0) > 0.96, "{octave:?}");
            assert_eq!(track.beats[0].time, plain.beats[0].time);
        }
    }
}

#[test]
fn the_first_beat_of_bars_may_be_shifted_either_way() {
    let heard = Heard::even(120.0, 4, 0.5, 20.0);
    let numbers = |by: i32| -> Vec<usize> {
        let track = heard.track(Wishes { downbeat_shift: by, ..Wishes::default() });
        track.beats.iter().take(5).map(|beat| beat.number).collect()
    };
    assert_eq!(numbers(0), [1, 2, 3, 4, 1]);
    assert_eq!(numbers(1), [4, 1, 2, 3, 4]);
    assert_eq!(numbers(-1), [2, 3, 4, 1, 2]);
    assert_eq!(numbers(4), numbers(0));
    assert_eq!(numbers(-7), numbers(1));
}

#[test]
fn the_metre_may_be_set() {
    let heard = Heard::even(200.0, 4, 0.5, 20.0);
    let track = heard.track(Wishes { metre: Some(metre("7/8")), ..Wishes::default() });
    assert_eq!(track.metre, metre("7/8"));
    assert_eq!(track.beats.iter().map(|beat| beat.number).max(), Some(7));
    assert!((track.tempo().bpm() - 100.0).abs() < 2.0, "an eighth is half a quarter: {}", track.tempo());
    let long = Wishes { metre: Some(metre("15/4")), ..Wishes::default() };
    assert!(matches!(super::track::track(&heard.frames, &long), Err(TrackError::LongBar { found: 15, .. })));
}

#[test]
fn a_steady_recording_gets_one_tempo_to_a_thousandth() {
    for (bpm, per_bar, start) in [(97.3, 4, 0.413), (240.0, 4, 0.207), (171.5, 3, 0.611), (118.0, 5, 0.309)] {
        let track = Heard::even(bpm, per_bar, start, 40.0).noisy(0.3).track(Wishes::default());
        let steady = track.steady().expect("it is even");
        assert!((steady.tempo.bpm() / bpm - 1.0).abs() < 1e-3, "{bpm}: {}", steady.tempo);
        assert!((steady.offset.get() - start).abs() < 0.01, "{bpm}: {}", steady.offset);
        let (map, bar) = (track.tempo_map(), track.metre.beats_per_bar().get() * 60.0 / bpm);
        for number in [1, 2, 9] {
            let line = map.bar(BarNumber::new(number)).start.get();
            assert!((line - start - bar * (number - 1) as f64).abs() < 0.015, "bar {number} at {bpm}");
        }
    }
}

#[test]
fn a_recording_that_slows_down_gets_a_tempo_for_each_bar() {
    let (mut heard, mut time, mut downbeats) = (Heard::new(62.0), 0.5, Vec::new());
    for index in 0..100 {
        heard.beat(time, index % 4 == 0, 0.9);
        if index % 4 == 0 {
            downbeats.push(time);
        }
        time += 0.45 * 1.003_f64.powi(index);
    }
    let track = heard.track(Wishes::default());
    assert_eq!(track.steady(), None);
    let map = track.tempo_map();
    for (index, expected) in downbeats.iter().enumerate() {
        let found = map.bar(BarNumber::new(index as i64 + 1)).start;
        assert!((found.get() - expected).abs() < 0.02, "bar {}: {found} for {expected}", index + 1);
    }
    let length = SampleRate::MODEL.samples_from(Seconds::new(62.0));
    assert!(map.whole_bars_within(length, SampleRate::MODEL).len() >= 24);
}

#[test]
fn a_tracked_grid_of_compound_bars_has_their_length() {
    let map = Heard::even(60.0, 2, 0.5, 30.0).compound().track(Wishes::default()).tempo_map();
    let bar = map.bar(BarNumber::new(3));
    assert_eq!((bar.metre, bar.length.get()), (metre("6/8"), 3.0));
    assert!((bar.duration().get() - 2.0).abs() < 0.01);
}
