//! A WAV file of another length: kept stretches byte for byte, new sound between them, and marks moved with the sound they mark.

use turnaround_core::audio::Audio;

use super::wav::{Wav, interleaved, sound_length, u32_at};
use crate::report::{KeptRegion, Region};

/// What of a file is in a result, and where.
#[derive(Clone, Copy)]
pub(super) struct Pieces<'a> {
    /// Stretches that are kept, in order.
    pub kept: &'a [KeptRegion],
    /// A stretch of the file that is left out.
    pub left_out: Option<Region>,
}

impl Pieces<'_> {
    /// Where a mark of the file lies in the result. What marked a place that is left out marks where that place was.
    fn moved(self, position: u32) -> u32 {
        let place = i64::from(position);
        if let Some(gap) = self.left_out.filter(|gap| (gap.start as i64..gap.end as i64).contains(&place)) {
            return u32::try_from(gap.start).unwrap_or(position);
        }
        let kept = self.kept.iter().rev().find(|kept| kept.start as i64 - kept.moved <= place);
        u32::try_from(place + kept.map_or(0, |kept| kept.moved)).unwrap_or(position)
    }
}

impl Wav {
    /// A file like this one with other sound, of which some stretches are this file's own; nothing when it would be longer than its header
    /// can say. All other chunks stay, but for counts and marks of samples.
    pub(super) fn pieced(&self, audio: &Audio, pieces: Pieces<'_>) -> Option<Vec<u8>> {
        let mut sound = interleaved(audio, Region { start: 0, end: audio.len() }, self.format());
        for kept in pieces.kept {
            let bytes = self.sound(Region { start: before(kept.start, kept), end: before(kept.end, kept) });
            let start = kept.start * self.bytes_a_moment();
            sound[start..start + bytes.len()].copy_from_slice(bytes);
        }
        let (front, back) = self.other_chunks();
        let [front, back] = [front, back].map(|chunks| with_marks_moved(chunks, audio.len(), pieces));
        let length = sound_length(audio.len(), self.bytes_a_moment(), front.len() + back.len())?;
        sound.resize(sound.len() + sound.len() % 2, 0);
        let whole = (4 + front.len() + 8 + sound.len() + back.len()) as u32;
        let data = [&b"data"[..], &length.to_le_bytes()].concat();
        Some([&b"RIFF"[..], &whole.to_le_bytes(), b"WAVE", &front, &data, &sound, &back].concat())
    }
}

/// Where a place of the result was in the file.
fn before(position: usize, kept: &KeptRegion) -> usize {
    (position as i64 - kept.moved) as usize
}

/// Whole chunks with what they say about samples brought up to date.
fn with_marks_moved(chunks: &[u8], samples: usize, pieces: Pieces<'_>) -> Vec<u8> {
    let mut chunks = chunks.to_vec();
    let mut position = 0;
    while position + 8 <= chunks.len() {
        let length = u32_at(&chunks, position + 4) as usize;
        let name = [chunks[position], chunks[position + 1], chunks[position + 2], chunks[position + 3]];
        let start = position + 8;
        let end = start.saturating_add(length).min(chunks.len());
        let content = &mut chunks[start..end];
        match &name {
            b"fact" => set(content, 0, |_| u32::try_from(samples).unwrap_or(u32::MAX)),
            b"cue " => move_cues(content, pieces),
            b"smpl" => move_loops(content, pieces),
            _ => {}
        }
        position = start.saturating_add(length).saturating_add(length % 2);
    }
    chunks
}

/// Cue points: a count, then 24 bytes each, whose last number is the sample; the second may repeat it.
fn move_cues(content: &mut [u8], pieces: Pieces<'_>) {
    for point in content.get_mut(4..).unwrap_or_default().chunks_exact_mut(24) {
        let repeats = u32_at(point, 4) == u32_at(point, 20);
        set(point, 20, |sample| pieces.moved(sample));
        if repeats {
            set(point, 4, |sample| pieces.moved(sample));
        }
    }
}

/// Loops of a sampler: 36 bytes of other things, then 24 bytes each with the first and the last sample.
fn move_loops(content: &mut [u8], pieces: Pieces<'_>) {
    for looped in content.get_mut(36..).unwrap_or_default().chunks_exact_mut(24) {
        set(looped, 8, |sample| pieces.moved(sample));
        set(looped, 12, |sample| pieces.moved(sample));
    }
}

/// Changes a number of 32 bits, if it is there.
fn set(bytes: &mut [u8], position: usize, change: impl Fn(u32) -> u32) {
    if let Some(number) = bytes.get_mut(position..position + 4) {
        let changed = change(u32_at(number, 0)).to_le_bytes();
        number.copy_from_slice(&changed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(start: usize, end: usize, moved: i64) -> KeptRegion {
        KeptRegion { start, end, moved, sha256_before: String::new(), sha256_after: String::new() }
    }

    #[test]
    fn marks_move_with_their_sound_and_those_left_out_stay_at_the_seam() {
        let kept = [kept(0, 90, 0), kept(150, 180, 40)];
        let pieces = Pieces { kept: &kept, left_out: Some(Region { start: 100, end: 110 }) };
        for (before, after) in [(0, 0), (95, 95), (100, 100), (109, 100), (110, 150), (139, 179), (140, 180)] {
            assert_eq!(pieces.moved(before), after);
        }
        let earlier = [self::kept(0, 90, 0), self::kept(105, 200, -95)];
        let pieces = Pieces { kept: &earlier, left_out: Some(Region { start: 100, end: 200 }) };
        assert_eq!([99, 150, 200, 250].map(|mark| pieces.moved(mark)), [99, 100, 105, 155]);
    }

    #[test]
    fn counts_cues_and_loops_are_brought_up_to_date_and_broken_chunks_are_left() {
        let kept = [kept(0, 10, 0), kept(30, 60, 20)];
        let pieces = Pieces { kept: &kept, left_out: None };
        let chunk = |name: &[u8; 4], numbers: &[u32]| -> Vec<u8> {
            let content: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
            [&name[..], &(content.len() as u32).to_le_bytes(), &content].concat()
        };
        let cues = |position: u32, sample: u32| chunk(b"cue ", &[2, 1, 5, 0, 0, 0, 5, 2, position, 0, 0, 0, sample]);
        let looped = |first: u32, last: u32| chunk(b"smpl", &[0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, first, last, 0, 0]);
        let before = [chunk(b"fact", &[40]), cues(12, 12), cues(0, 12), looped(5, 15), b"cue \xff\0\0\0\x01".to_vec()].concat();
        let after = [chunk(b"fact", &[60]), cues(32, 32), cues(0, 32), looped(5, 35), b"cue \xff\0\0\0\x01".to_vec()].concat();
        assert_eq!(with_marks_moved(&before, 60, pieces), after);
    }
}
