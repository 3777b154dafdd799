//! Where playback is: counted in samples from the last place where the host was believed, and checked against what the host says since.
//!
//! **Thread.** Audio thread: plain arithmetic.

use turnaround_core::time::{Beats, SampleRate, Samples, Tempo};

use crate::transport::Transport;

/// The finest beat that a host has been seen to round to (Ardour), in beats.
pub(super) const TICK: f64 = 1.0 / 1920.0;

/// How far the host's beats may stray from our count before it counts as wrong: four ticks, above any rounding.
const DRIFT: f64 = 1.0 / 480.0;

/// How far the host's beats may move at once, besides what a change of tempo explains, and still be the same playback put right.
const SLIP: f64 = 1.0 / 64.0;

/// How far the host's samples may stray from our count, when it gives nothing else: positions derived from seconds or beats are rounded.
pub(super) const NEAR: Samples = Samples::new(32);

/// How the playhead came to where it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Movement {
    /// By playing, as counted.
    Steady,
    /// By playing, but this far from where it was counted: a tempo that changed inside the last block, or drift put right.
    Slipped(Beats),
    /// By a start, a locate or a loop.
    Jumped,
}

/// A place in beats, advanced by counting samples. Computed by one multiplication from its origin, never added up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Playhead {
    rate: SampleRate,
    tempo: Tempo,
    origin: Beats,
    /// Samples since the origin.
    played: Samples,
    /// Where the host said the origin lies in samples.
    origin_samples: Option<Samples>,
    /// What the host said last, to notice a position that does not move.
    last_beats: Option<Beats>,
    last_samples: Option<Samples>,
    last_block: Samples,
}

impl Playhead {
    /// At the start of playback.
    pub fn start(transport: &Transport, tempo: Tempo, rate: SampleRate) -> Self {
        let origin = match (transport.beats(), transport.samples()) {
            (Some(beats), samples) => unrounded(beats, samples, tempo, rate),
            (None, Some(samples)) => tempo.beats_from(rate.seconds_from(samples)),
            (None, None) => Beats::ZERO,
        };
        Self {
            rate,
            tempo,
            origin,
            played: Samples::ZERO,
            origin_samples: transport.samples(),
            last_beats: transport.beats(),
            last_samples: transport.samples(),
            last_block: Samples::ZERO,
        }
    }

    /// The place of the next sample to be played.
    pub fn position(&self) -> Beats {
        self.origin + self.beats_from(self.played)
    }

    /// How far ahead of the next sample a place lies, in whole samples; negative behind it.
    pub fn samples_until(&self, place: Beats) -> Samples {
        self.rate.samples_from(self.tempo.seconds_from(place - self.origin)) - self.played
    }

    /// Samples in beats.
    pub fn beats_from(&self, samples: Samples) -> Beats {
        self.tempo.beats_from(self.rate.seconds_from(samples))
    }

    /// Plays a block.
    pub fn advance(&mut self, samples: Samples) {
        self.played = self.played + samples;
        self.last_block = samples;
    }

    /// Hears the host at the start of a block, and corrects the count where the host is right and the count wrong.
    pub fn follow(&mut self, transport: &Transport, tempo: Tempo) -> Movement {
        let counted = self.position();
        let told = self.told(transport, tempo, counted);
        self.last_beats = transport.beats();
        self.last_samples = transport.samples();
        self.origin_samples = self.origin_samples.or(self.last_samples.map(|samples| samples - self.played));
        let distance = (told - counted).get().abs();
        if tempo == self.tempo && distance <= DRIFT {
            return Movement::Steady;
        }
        let explained = 2.0 * (tempo.bpm() - self.tempo.bpm()).abs() / 60.0 * self.rate.seconds_from(self.last_block).get();
        let is_rounding = distance <= TICK && transport.beats().is_none_or(is_on_tick);
        self.origin = if is_rounding { counted } else { told };
        self.played = Samples::ZERO;
        self.origin_samples = self.last_samples;
        self.tempo = tempo;
        if distance <= explained + SLIP { Movement::Slipped(Beats::new(distance)) } else { Movement::Jumped }
    }

    /// Where the host says the playhead is; where it says nothing of use, the count itself.
    fn told(&self, transport: &Transport, tempo: Tempo, counted: Beats) -> Beats {
        // A position that did not move over a played block is no position.
        let has_played = self.last_block > Samples::ZERO;
        let beats = transport.beats().filter(|&beats| !has_played || Some(beats) != self.last_beats);
        let samples = transport.samples().filter(|&samples| !has_played || Some(samples) != self.last_samples);
        match (beats, samples, self.origin_samples) {
            (Some(beats), samples, _) => unrounded(beats, samples, tempo, self.rate),
            (None, Some(samples), Some(origin)) => {
                let off = samples - (origin + self.played);
                let is_near = (-NEAR..=NEAR).contains(&off);
                if is_near { counted } else { counted + tempo.beats_from(self.rate.seconds_from(off)) }
            }
            _ => counted,
        }
    }
}

/// The host's beats, or what its samples make of them where they are better.
///
/// Where the beats are rounded and the samples agree with one tempo since zero, the samples are exact. And before sample 0 a host may
/// hold its beats at 0 (pre-roll), where the samples run on.
fn unrounded(beats: Beats, samples: Option<Samples>, tempo: Tempo, rate: SampleRate) -> Beats {
    let Some(samples) = samples else { return beats };
    let from_samples = tempo.beats_from(rate.seconds_from(samples));
    let is_same_place = is_on_tick(beats) && (beats - from_samples).get().abs() <= TICK;
    let is_held = samples < Samples::ZERO && beats >= Beats::ZERO;
    if is_same_place || is_held { from_samples } else { beats }
}

fn is_on_tick(beats: Beats) -> bool {
    let ticks = beats.get() / TICK;
    (ticks - ticks.round()).abs() < 1e-6
}
