//! Music to play: plucked chords and strokes of noise, different in every bar, in stereo, the same at every call.

use crate::blocks::Dice;
use crate::timeline::Timeline;

/// Roots of the chords, in semitones above the A at 110 Hz; bars take them in turn.
const ROOTS: [i32; 7] = [0, 5, 7, 3, 10, 8, 2];

/// Samples of a song on the host's timeline, from before its beginning.
pub struct Song {
    /// The timeline's sample that the first one is.
    begin: i64,
    channels: [Vec<f32>; 2],
}

impl Song {
    /// Bars `0` (a pick-up) to `bars` of a timeline.
    pub fn new(timeline: &Timeline, bars: i64) -> Self {
        let begin = timeline.bar(0).start;
        let length = (timeline.bar(bars).end - begin) as usize;
        let mut song = Self { begin, channels: [vec![0.0; length], vec![0.0; length]] };
        for bar in 0..=bars {
            song.play_bar(timeline, bar);
        }
        song
    }

    fn play_bar(&mut self, timeline: &Timeline, bar: i64) {
        let rate = f64::from(timeline.rate());
        let span = timeline.bar(bar);
        let mut dice = Dice::new(bar as u64 + 1);
        let root = ROOTS[bar.rem_euclid(ROOTS.len() as i64) as usize];
        let third = if dice.below(2) == 0 { 3 } else { 4 };
        // Four strokes a bar, whatever its metre.
        for stroke in 0..4 {
            let at = span.start + (span.end - span.start) * stroke / 4;
            for (voice, semitones) in [0, third, 7, 12].into_iter().enumerate() {
                if stroke > 0 && dice.below(3) == 0 {
                    continue;
                }
                let hz = 110.0 * 2f64.powf(f64::from(root + semitones) / 12.0);
                self.pluck(at, hz, rate, [0.1, 0.14, 0.07, 0.12][voice], 0.2 + 0.2 * voice as f32);
            }
            self.brush(at, rate, &mut dice);
        }
    }

    /// A note that dies away within a third of a second: three partials, each turning by a fixed angle.
    fn pluck(&mut self, at: i64, hz: f64, rate: f64, level: f32, pan: f32) {
        let length = (0.5 * rate) as usize;
        let fade = (-3.0 / (0.33 * rate)).exp() as f32;
        for partial in 1..=3 {
            let (turn_sin, turn_cos) = (std::f64::consts::TAU * hz * f64::from(partial) / rate).sin_cos();
            let (mut sin, mut cos) = (0.0, 1.0);
            let mut level = level / partial as f32;
            for n in 0..length {
                let sample = level * sin as f32;
                self.add(at + n as i64, [sample * (1.0 - pan), sample * pan]);
                (sin, cos) = (sin * turn_cos + cos * turn_sin, cos * turn_cos - sin * turn_sin);
                level *= fade;
            }
        }
    }

    /// A short stroke of noise, wide.
    fn brush(&mut self, at: i64, rate: f64, dice: &mut Dice) {
        let length = (0.04 * rate) as usize;
        for n in 0..length {
            let level = 0.08 * (1.0 - n as f32 / length as f32);
            self.add(at + n as i64, [level * dice.bipolar(), level * dice.bipolar()]);
        }
    }

    fn add(&mut self, at: i64, frame: [f32; 2]) {
        let Some(index) = usize::try_from(at - self.begin).ok().filter(|index| *index < self.channels[0].len()) else { return };
        for (channel, sample) in self.channels.iter_mut().zip(frame) {
            channel[index] += sample;
        }
    }

    /// The frame at a sample of the timeline; silence outside.
    pub fn frame(&self, at: i64) -> [f32; 2] {
        match usize::try_from(at - self.begin) {
            Ok(index) if index < self.channels[0].len() => [self.channels[0][index], self.channels[1][index]],
            _ => [0.0; 2],
        }
    }
}

#[test]
fn every_bar_of_the_song_sounds_and_differs_from_the_others() {
    let timeline = Timeline::even(120.0, "4/4", 22_050, 8);
    let song = Song::new(&timeline, 8);
    let bar = |number: i64| timeline.bar(number).map(|at| song.frame(at)).collect::<Vec<_>>();
    for number in 1..=8 {
        let (this, next) = (bar(number), bar(number % 8 + 1));
        let power = |frames: &[[f32; 2]]| frames.iter().flatten().map(|x| x * x).sum::<f32>() / frames.len() as f32;
        assert!(power(&this) > 1e-4 && this.iter().flatten().all(|sample| sample.abs() < 1.0));
        let difference: Vec<_> = this.iter().zip(&next).map(|(a, b)| [a[0] - b[0], a[1] - b[1]]).collect();
        assert!(power(&difference) > 0.3 * power(&this));
        assert!(this.iter().any(|frame| frame[0] != frame[1]), "in stereo");
    }
}
