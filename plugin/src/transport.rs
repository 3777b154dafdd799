//! What a host says about its playback at the start of a block, and what of it can be made sense of.
//!
//! **Thread.** Audio thread: plain values, no allocation.

use turnaround_core::time::{Beats, Metre, Samples, Tempo};

/// Positions beyond this many beats are nonsense: at the fastest tempo it is nearly two years of music.
const FARTHEST_BEAT: f64 = 1e9;

/// Positions beyond this many samples are nonsense: at the highest rate it is more than a century.
const FARTHEST_SAMPLE: i64 = 1 << 52;

/// The host's word at the start of a block, exactly as it came. Every number may be missing, and every number may be wrong: give what
/// the host sent and derive nothing from it, for what a framework derives hides what the host left out.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Transport {
    /// Whether the playhead moves during this block.
    pub playing: bool,
    /// Quarter notes per minute.
    pub tempo: Option<f64>,
    /// Notes in a bar, and the kind of note: `(7, 8)`.
    pub time_signature: Option<(i32, i32)>,
    /// The block's first sample on the host's timeline; negative in a pre-roll.
    pub pos_samples: Option<i64>,
    /// The same place in quarter notes.
    pub pos_beats: Option<f64>,
    /// Where the bar that holds this place begins, in quarter notes.
    pub bar_start_beats: Option<f64>,
    /// The number of that bar, counted from 0 as plugin formats do; our own [bar numbers](turnaround_core::bars::BarNumber) begin at 1.
    pub bar_number: Option<i32>,
}

impl Transport {
    pub(crate) fn tempo(&self) -> Option<Tempo> {
        self.tempo.and_then(|bpm| Tempo::new(bpm).ok())
    }

    pub(crate) fn metre(&self) -> Option<Metre> {
        let (numerator, denominator) = self.time_signature?;
        Metre::new(u16::try_from(numerator).ok()?, u16::try_from(denominator).ok()?).ok()
    }

    pub(crate) fn beats(&self) -> Option<Beats> {
        self.pos_beats.and_then(sensible)
    }

    pub(crate) fn samples(&self) -> Option<Samples> {
        self.pos_samples.filter(|samples| (-FARTHEST_SAMPLE..=FARTHEST_SAMPLE).contains(samples)).map(Samples::new)
    }

    pub(crate) fn bar_start(&self) -> Option<Beats> {
        self.bar_start_beats.and_then(sensible)
    }
}

fn sensible(beats: f64) -> Option<Beats> {
    // A number that is none is in no range.
    (-FARTHEST_BEAT..=FARTHEST_BEAT).contains(&beats).then(|| Beats::new(beats))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonsense_from_a_host_counts_as_nothing() {
        for (tempo, signature, samples, beats) in [
            (f64::NAN, (0, 0), i64::MIN, f64::NAN),
            (0.0, (4, 0), i64::MAX, f64::INFINITY),
            (-120.0, (-3, 4), i64::MIN + 1, -1e300),
            (f64::INFINITY, (7, 3), i64::MAX - 1, 1e10),
            (1e9, (65_540, 4), FARTHEST_SAMPLE + 1, f64::NEG_INFINITY),
        ] {
            let transport = Transport {
                tempo: Some(tempo),
                time_signature: Some(signature),
                pos_samples: Some(samples),
                pos_beats: Some(beats),
                bar_start_beats: Some(beats),
                ..Transport::default()
            };
            assert_eq!((transport.tempo(), transport.metre()), (None, None), "{transport:?}");
            assert_eq!((transport.samples(), transport.beats(), transport.bar_start()), (None, None, None), "{transport:?}");
        }
    }

    #[test]
    fn what_makes_sense_is_kept() {
        let transport = Transport {
            playing: true,
            tempo: Some(92.5),
            time_signature: Some((7, 8)),
            pos_samples: Some(-1776),
            pos_beats: Some(-0.25),
            bar_start_beats: Some(-3.5),
            bar_number: Some(-1),
        };
        assert_eq!(transport.tempo().map(Tempo::bpm), Some(92.5));
        assert_eq!(transport.metre(), Metre::new(7, 8).ok());
        assert_eq!(transport.samples(), Some(Samples::new(-1776)));
        assert_eq!((transport.beats(), transport.bar_start()), (Some(Beats::new(-0.25)), Some(Beats::new(-3.5))));
    }
}
