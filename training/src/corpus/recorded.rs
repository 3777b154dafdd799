//! Plays recorded notes: the nearest recording, moved to the pitch asked for, faded where the note ends.

use turnaround_core::time::SampleRate;

use super::score::{Part, Piece};
use super::sources::samples::{Layer, SampleSet};

/// Seconds a note takes to open, so that a recording cut close to its onset does not click.
const ATTACK: f64 = 0.002;

/// One part at `rate`, panned, `length` samples a channel, at the recordings' own level.
pub fn stem(set: &SampleSet, piece: &Piece, part: &Part, rate: SampleRate, length: usize) -> [Vec<f32>; 2] {
    let mut mono = vec![0.0; length];
    let map = piece.tempo_map();
    for (index, note) in part.notes.iter().enumerate() {
        let start = map.seconds_at(note.onset).get();
        let end = map.seconds_at(note.onset + note.duration).get();
        let pitch = f64::from(note.pitch) + piece.tuning_cents / 100.0;
        let recorded = set.nearest(pitch);
        let layer = layer(&recorded.layers, note.velocity);
        let take = &layer.takes[index % layer.takes.len()];
        let step = 2_f64.powf((pitch - recorded.pitch) / 12.0) * f64::from(set.rate) / f64::from(rate.hz());
        // Layers are recorded at their own loudness; within one, velocity scales.
        let gain = (f64::from(note.velocity) / f64::from(layer.most)).powf(1.2) as f32;
        let voice = Voice { take, step, gain, start, end, release: set.release };
        voice.add_to(&mut mono, f64::from(rate.hz()));
    }
    let angle = f64::from(part.pan) / 127.0 * std::f64::consts::FRAC_PI_2;
    let [left, right] = [angle.cos() as f32, angle.sin() as f32];
    [mono.iter().map(|sample| left * sample).collect(), mono.iter().map(|sample| right * sample).collect()]
}

/// The softest layer that reaches the velocity.
fn layer(layers: &[Layer], velocity: u8) -> &Layer {
    layers.iter().find(|layer| velocity <= layer.most).unwrap_or(&layers[layers.len() - 1])
}

struct Voice<'a> {
    take: &'a [f32],
    /// Samples of the recording for each one played.
    step: f64,
    gain: f32,
    start: f64,
    end: f64,
    release: f64,
}

impl Voice<'_> {
    fn add_to(&self, mix: &mut [f32], hz: f64) {
        let first = (self.start * hz).round().max(0.0) as usize;
        let last = (((self.end + self.release) * hz) as usize).min(mix.len());
        let fade_from = self.end * hz;
        for (index, mixed) in mix[first.min(last)..last].iter_mut().enumerate() {
            let position = index as f64 * self.step;
            let Some(sample) = self.interpolated(position) else { break };
            let now = (first + index) as f64;
            let opened = (index as f64 / (ATTACK * hz)).min(1.0) as f32;
            let fading = 1.0 - ((now - fade_from) / (self.release * hz)).clamp(0.0, 1.0) as f32;
            *mixed += self.gain * opened * fading * fading * sample;
        }
    }

    /// The recording between its samples, by a cubic through four of them. `None` after its end.
    fn interpolated(&self, position: f64) -> Option<f32> {
        let index = position as usize;
        let at = |offset: isize| self.take.get(index.checked_add_signed(offset)?).copied();
        let (here, next) = (at(0)?, at(1)?);
        let (before, after) = (at(-1).unwrap_or(here), at(2).unwrap_or(next));
        let t = (position - index as f64) as f32;
        let slope = 0.5 * (next - before);
        let next_slope = 0.5 * (after - here);
        let (t2, t3) = (t * t, t * t * t);
        Some(
            here * (2.0 * t3 - 3.0 * t2 + 1.0)
                + slope * (t3 - 2.0 * t2 + t)
                + next * (3.0 * t2 - 2.0 * t3)
                + next_slope * (t3 - t2),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::score::ensemble::Ensemble;
    use crate::corpus::score::note::Role;
    use crate::corpus::score::style::Style;
    use crate::corpus::score::{Composition, Wishes};
    use crate::corpus::sources::samples::Recorded;

    /// Two seconds of a sine at A2, 110 Hz.
    fn sine() -> SampleSet {
        let take = (0..44_100).map(|n| (n as f64 * 110.0 / 22_050.0 * std::f64::consts::TAU).sin() as f32).collect();
        let layers = vec![Layer { most: 127, takes: vec![take] }];
        SampleSet { notes: vec![Recorded { pitch: 45.0, layers }], rate: 22_050, release: 0.1 }
    }

    #[test]
    fn a_note_sounds_where_it_lies_at_its_pitch_and_then_falls_silent() {
        let wishes = Wishes { seconds: Some(10.0), ensemble: Some(Ensemble::Trio), ..Wishes::default() };
        let mut piece = Piece::play(&Composition::in_style(1, Style::MediumSwing), 1, wishes);
        piece.tuning_cents = 0.0;
        let mut part = piece.part(Role::Bass).clone();
        part.notes.truncate(1);
        part.notes[0].pitch = 57;
        part.pan = 64;
        let rate = SampleRate::new(44_100).unwrap();
        let [left, right] = stem(&sine(), &piece, &part, rate, 200_000);
        let map = piece.tempo_map();
        let start = rate.samples_from(map.seconds_at(part.notes[0].onset)).as_index();
        let end = rate.samples_from(map.seconds_at(part.notes[0].onset + part.notes[0].duration)).as_index();
        assert!(left[..start].iter().all(|sample| *sample == 0.0));
        assert!(left[end + 4500..].iter().all(|sample| *sample == 0.0));
        let inside = &left[start + 200..start + 200 + 4410];
        let crossings = inside.windows(2).filter(|pair| (pair[0] < 0.0) != (pair[1] < 0.0)).count();
        assert!((43..=45).contains(&crossings), "220 Hz crosses zero 44 times in a tenth of a second, this {crossings} times");
        let balance: f32 = left.iter().map(|s| s * s).sum::<f32>() / right.iter().map(|s| s * s).sum::<f32>();
        assert!((0.9..1.1).contains(&balance));
    }
}
