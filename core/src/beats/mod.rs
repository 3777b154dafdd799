//! Where the beats of a recording fall: from sound to the picture a network sees, and from what the network hears to beats with
//! numbers in the bar.
//!
//! - [`front_end`]: sound to mel frames, 50 a second;
//! - a network, run elsewhere, tells of every frame whether a beat falls on it: [`Activations`];
//! - [`decoder`]: the likeliest row of beats in bars that is even enough to be music;
//! - [`track`]: beats as they are told, and what a listener may correct: octave, first beat, metre;
//! - [`grid`]: beats to bars on a [`crate::tempo_map::TempoMap`].

pub mod contract;
pub mod decoder;
pub mod front_end;
pub mod grid;
pub mod metres;
pub mod track;

#[cfg(test)]
mod tests;

/// Mel frames, and what a network says about them, in a second.
pub const FRAMES_PER_SECOND: usize = 50;

/// Numbers a network gives for a frame: beat, downbeat, compound.
pub const OUTPUTS: usize = 3;

/// What was heard in one frame, each a probability.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Activation {
    /// That a beat, of whatever number, falls on the frame.
    pub beat: f32,
    /// That the first beat of a bar falls on it.
    pub downbeat: f32,
    /// That beats are divided by three as in 6/8 and 12/8.
    pub compound: f32,
}

/// What was heard in every frame of a recording, [`FRAMES_PER_SECOND`].
pub type Activations = Vec<Activation>;

/// Activations from a network's numbers, `[frame, OUTPUTS]`, probabilities already.
///
/// # Panics
/// If the numbers are not a multiple of [`OUTPUTS`].
pub fn activations(numbers: &[f32]) -> Activations {
    assert!(numbers.len().is_multiple_of(OUTPUTS), "a frame has {OUTPUTS} numbers");
    let of = |row: &[f32]| Activation { beat: row[0], downbeat: row[1], compound: row[2] };
    numbers.chunks_exact(OUTPUTS).map(of).collect()
}
