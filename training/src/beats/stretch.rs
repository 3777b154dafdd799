//! Stretches of sound with the places of their beats: as the corpus has them, or edited to another metre.

use rand::Rng;

use super::labels::Labelled;
use crate::corpus::Corpus;

/// Samples over which an edit is faded, all of them before a beat, so that its attack is whole: 5 ms.
const FADE: usize = 80;

/// Sound, and samples and numbers of beats in it. Beats may lie outside.
pub struct Stretch {
    /// Mono, at the model's rate.
    pub sound: Vec<f32>,
    /// Where each beat is in `sound`, and its number in the bar from 1.
    pub beats: Vec<(i64, usize)>,
}

/// `length` samples of a piece from `offset` on; silence where it has ended.
pub fn plain(piece: &Labelled, corpus: &Corpus, offset: i64, length: usize) -> Stretch {
    let start = piece.start as i64 + offset;
    let mut sound = corpus.window(start, length);
    // What follows in the corpus is another piece.
    let inside = (piece.end as i64 - start).max(0) as usize;
    sound[inside.min(length)..].fill(0.0);
    Stretch { sound, beats: piece.beats.iter().map(|&(sample, number)| (sample as i64 - start, number)).collect() }
}

/// `length` samples of a piece in 4/4 whose bars last five beats: one of the last three beats is played twice, in every bar the same.
/// Five is rare in music and in corpora, and where bars begin is the same to hear as in four.
pub fn five(piece: &Labelled, corpus: &Corpus, length: usize, random: &mut impl Rng) -> Stretch {
    let twice = random.random_range(2..=4);
    let first = random.random_range(0..piece.beats.len() * 3 / 4);
    let skipped = random.random_range(0..(piece.beats[first + 1].0 - piece.beats[first].0) as usize);
    let (mut sound, mut beats) = (Vec::with_capacity(length + 2 * skipped), Vec::new());
    for pair in piece.beats[first..].windows(2) {
        let ((from, number), (to, _)) = (pair[0], pair[1]);
        let times = if number == twice { 2 } else { 1 };
        for time in 0..times {
            beats.push((sound.len() as i64 - skipped as i64, number + time + usize::from(number > twice)));
            append(&mut sound, corpus, from, to);
        }
        if sound.len() >= length + skipped {
            break;
        }
    }
    sound.drain(..skipped);
    sound.resize(length, 0.0);
    Stretch { sound, beats }
}

/// Appends samples of the corpus, what leads up to them faded over what is there.
fn append(sound: &mut Vec<f32>, corpus: &Corpus, from: u64, to: u64) {
    let lead = FADE.min(sound.len());
    let piece = corpus.window(from as i64 - lead as i64, lead + (to - from) as usize);
    let start = sound.len() - lead;
    for (n, (old, new)) in sound[start..].iter_mut().zip(&piece).enumerate() {
        let share = (n as f32 + 0.5) / lead as f32;
        *old += share * (new - *old);
    }
    sound.extend(&piece[lead..]);
}
