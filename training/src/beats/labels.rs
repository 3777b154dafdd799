//! The corpus's pieces as a tracker learns them and is judged by: where each begins, and every felt beat in it.

use turnaround_core::beats::metres::is_compound;
use turnaround_core::time::{Metre, SampleRate};

use crate::corpus::{Corpus, PieceRow, Split};

/// A piece with its beats.
#[derive(Clone, Debug)]
pub struct Labelled {
    /// Its first sample in the corpus.
    pub start: u64,
    /// One past its last.
    pub end: u64,
    /// How it is played.
    pub style: String,
    /// Its metre.
    pub metre: Metre,
    /// Samples and numbers from 1 of its felt beats, in order.
    pub beats: Vec<(u64, usize)>,
}

impl Labelled {
    fn of(piece: &PieceRow) -> Option<Self> {
        let beats: Vec<(u64, usize)> = piece.beats.iter().map(|beat| (beat.sample, beat.number as usize)).collect();
        let metre = piece.metre.parse().ok()?;
        (beats.len() > 1).then(|| Self { start: piece.start, end: piece.end, style: piece.style.clone(), metre, beats })
    }

    /// Felt beats a minute, on the mean.
    pub fn felt_bpm(&self) -> f64 {
        let (first, last) = (self.beats[0].0, self.beats[self.beats.len() - 1].0);
        60.0 * f64::from(SampleRate::MODEL.hz()) * (self.beats.len() - 1) as f64 / (last - first) as f64
    }

    /// Whether its beats are divided by three.
    pub fn is_compound(&self) -> bool {
        is_compound(self.metre)
    }

    /// The tempo band, for tables and for drawing examples evenly.
    pub fn tempo_band(&self) -> &'static str {
        match self.felt_bpm() {
            bpm if bpm < 100.0 => "below 100",
            bpm if bpm < 180.0 => "100 to 180",
            bpm if bpm < 240.0 => "180 to 240",
            _ => "240 and above",
        }
    }

    /// Its sound, mono at the model's rate, -1..1.
    pub fn sound(&self, corpus: &Corpus) -> Vec<f32> {
        corpus.window(self.start as i64, (self.end - self.start) as usize)
    }
}

/// All pieces of a split that have beats, in order.
pub fn of_split(corpus: &Corpus, split: Split) -> Vec<Labelled> {
    corpus.pieces.iter().filter(|piece| piece.split == split).filter_map(Labelled::of).collect()
}
