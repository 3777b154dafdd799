//! Stretches of the corpus as the tracker's food: mel frames, and what should be said of each.

use std::collections::BTreeMap;
use std::sync::Arc;

use rand::Rng;
use rand::seq::IndexedRandom;
use turnaround_core::beats::OUTPUTS;
use turnaround_core::beats::front_end::{BANDS, FrontEnd, HOP, compressed};
use turnaround_core::time::Metre;

use super::labels::{Labelled, of_split};
use super::preset::Augmentation;
use super::stretch::{five, plain};
use crate::corpus::{Corpus, Split};
use crate::train::random::normal;

/// What the frames beside a beat should say: a place between two frames is heard in both.
const BESIDE: f32 = 0.5;

/// How much more a frame counts on which a beat falls, by output: beats are rare, first beats rarer. Every frame of a piece tells of its
/// division, which is learned soon.
const WEIGHTS: [(f32, f32); OUTPUTS] = [(1.0, 2.0), (1.0, 6.0), (0.1, 0.1)];

/// One stretch.
#[derive(Clone, Debug)]
pub struct Example {
    /// `[mel_frame, BANDS]`.
    pub frames: Vec<f32>,
    /// Probabilities that should be given, `[mel_frame, OUTPUTS]`.
    pub targets: Vec<f32>,
    /// How much each counts, of the same shape.
    pub weights: Vec<f32>,
}

/// Draws examples from the training split.
pub struct Examples {
    corpus: Arc<Corpus>,
    pieces: Vec<Labelled>,
    /// Pieces by metre and tempo band.
    kinds: Vec<Vec<usize>>,
    front_end: FrontEnd,
    frames: usize,
    augmentation: Augmentation,
}

impl Examples {
    /// A source of examples of `frames` mel frames. There are none if the training split has no pieces.
    pub fn new(corpus: Arc<Corpus>, frames: usize, augmentation: Augmentation) -> Option<Self> {
        let pieces = of_split(&corpus, Split::Train);
        let mut kinds: BTreeMap<(String, &str), Vec<usize>> = BTreeMap::new();
        for (index, piece) in pieces.iter().enumerate() {
            kinds.entry((piece.metre.to_string(), piece.tempo_band())).or_default().push(index);
        }
        let kinds: Vec<Vec<usize>> = kinds.into_values().collect();
        (!pieces.is_empty()).then(|| Self { corpus, pieces, kinds, front_end: FrontEnd::default(), frames, augmentation })
    }

    /// One example. Half of them come from any piece, the others from any kind of piece, so that rare metres and tempi are not rare here.
    pub fn draw(&self, random: &mut impl Rng) -> Example {
        let piece = if random.random_bool(0.5) {
            random.random_range(0..self.pieces.len())
        } else {
            let kind = self.kinds.choose(random).expect("there are pieces, so there are kinds");
            *kind.choose(random).expect("a kind has a piece")
        };
        self.cut(&self.pieces[piece], random)
    }

    fn cut(&self, piece: &Labelled, random: &mut impl Rng) -> Example {
        let widest = self.augmentation.tempo.ln();
        // A longer hop makes music faster.
        let hop = (HOP as f64 * random.random_range(-widest..=widest).exp()).round() as usize;
        let length = self.frames * hop;
        let is_five = piece.metre == Metre::FOUR_FOUR && random.random_bool(self.augmentation.five_share);
        let stretch = if is_five {
            five(piece, &self.corpus, length, random)
        } else {
            let spare = (piece.end - piece.start) as i64 - length as i64;
            plain(piece, &self.corpus, if spare > 0 { random.random_range(0..=spare) } else { 0 }, length)
        };
        let mut magnitudes = self.front_end.with_hop(hop).magnitudes(&stretch.sound);
        self.change(&mut magnitudes, random);
        let (targets, weights) = self.wanted(&stretch.beats, piece.is_compound(), hop);
        Example { frames: compressed(magnitudes), targets, weights }
    }

    /// Equaliser, low-pass and hiss, as changes of magnitudes.
    fn change(&self, magnitudes: &mut [f32], random: &mut impl Rng) {
        let Augmentation { equaliser_db, low_pass_share, hiss_share, loudest_hiss_db, .. } = self.augmentation;
        let knots: Vec<f32> = (0..5).map(|_| equaliser_db * normal(random)).collect();
        let cut = if random.random_bool(low_pass_share) { random.random_range(0.4..1.0) * BANDS as f32 } else { f32::INFINITY };
        let gain = |band: usize| {
            let place = band as f32 / BANDS as f32 * (knots.len() - 1) as f32;
            let (knot, part) = (place as usize, place.fract());
            let curve = knots[knot] + part * (knots[knot + 1] - knots[knot]);
            10f32.powf(curve / 20.0) / (1.0 + ((band as f32 - cut) / 2.0).exp())
        };
        let gains: Vec<f32> = (0..BANDS).map(gain).collect();
        for frame in magnitudes.chunks_exact_mut(BANDS) {
            frame.iter_mut().zip(&gains).for_each(|(magnitude, gain)| *magnitude *= gain);
        }
        if random.random_bool(hiss_share) {
            let mean = magnitudes.iter().sum::<f32>() / magnitudes.len().max(1) as f32;
            let level = mean * 10f32.powf(random.random_range(-40.0..=loudest_hiss_db) / 20.0);
            for magnitude in magnitudes {
                *magnitude = magnitude.hypot(level * random.random_range(0.5f32..1.5));
            }
        }
    }

    /// Targets and weights of the frames.
    fn wanted(&self, beats: &[(i64, usize)], is_compound: bool, hop: usize) -> (Vec<f32>, Vec<f32>) {
        let mut targets = vec![0.0f32; self.frames * OUTPUTS];
        for &(sample, number) in beats {
            let nearest = (sample as f64 / hop as f64).round() as i64;
            for (frame, said) in [(nearest - 1, BESIDE), (nearest, 1.0), (nearest + 1, BESIDE)] {
                let Some(row) = usize::try_from(frame).ok().filter(|&frame| frame < self.frames) else { continue };
                let row = &mut targets[row * OUTPUTS..];
                row[0] = row[0].max(said);
                if number == 1 {
                    row[1] = row[1].max(said);
                }
            }
        }
        if is_compound {
            targets.chunks_exact_mut(OUTPUTS).for_each(|row| row[2] = 1.0);
        }
        let weight = |(index, &target): (usize, &f32)| {
            let (none, one) = WEIGHTS[index % OUTPUTS];
            none + target * (one - none)
        };
        let weights = targets.iter().enumerate().map(weight).collect();
        (targets, weights)
    }
}
