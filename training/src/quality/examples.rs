//! What the filter learns from: cuts of clean renders, degraded and broken on purpose, so that every label is exact.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use rayon::prelude::*;

use super::cuts::{CUT, features};
use crate::corpus::dataset::PieceRow;
use crate::corpus::degrade::{ALONE, Chain, Era, Kind, STRUCTURAL, alone, break_with, random_in};
use crate::corpus::dice::{Dice, derive};
use crate::corpus::{Corpus, Split};

/// Up to this strength a recording is old but good, from that one on it is beyond use. What lies between is not asked about fitness.
pub const GOOD_UP_TO: f64 = 0.3;
pub const BAD_FROM: f64 = 0.7;
/// The mildest structural fault, as the share of grains or beats that it touches.
const LEAST_BROKEN: f64 = 0.3;
/// Sound before the cut, in samples, so that rooms and filters have begun: 2 s.
const LEAD_IN: usize = 32_000;
/// The most pieces that are listened to; more of them are passed over evenly.
const MOST_PIECES: usize = 320;

/// One cut with its labels.
#[derive(Clone, Debug)]
pub struct Example {
    /// What the filter sees.
    pub features: Vec<f32>,
    /// What was done.
    pub treatment: Treatment,
    /// Every kind in it.
    pub kinds: Vec<Kind>,
    /// How bad it is, 0..1.
    pub severity: f64,
    /// The composition, numbered from 0 in order of names.
    pub composition: usize,
}

/// How a cut was treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Treatment {
    /// Not at all.
    Clean,
    /// A chain of an era.
    Chain,
    /// One degradation alone.
    Alone,
    /// The music itself is broken.
    Broken,
}

impl Example {
    /// Whether it is fit to learn from; `None` where opinions may differ.
    pub fn is_good(&self) -> Option<bool> {
        match self.treatment {
            Treatment::Clean => Some(true),
            Treatment::Broken => Some(false),
            _ if self.severity <= GOOD_UP_TO => Some(true),
            _ if self.severity >= BAD_FROM => Some(false),
            _ => None,
        }
    }
}

/// Examples from the clean pieces of a split: the same corpus and seed give the same.
///
/// # Errors
/// When the split has no clean piece that is long enough.
pub fn examples(corpus: &Corpus, split: Split, seed: u64) -> Result<Vec<Example>> {
    let long_enough = |piece: &&PieceRow| piece.end - piece.start > 2 * (CUT + LEAD_IN) as u64;
    let pieces: Vec<&PieceRow> =
        corpus.pieces.iter().filter(|piece| piece.split == split && piece.degradations.is_empty()).collect();
    let pieces: Vec<&PieceRow> = pieces.into_iter().filter(long_enough).collect();
    ensure!(!pieces.is_empty(), "the corpus has no clean piece in its {split:?} split");
    let names: BTreeMap<&str, usize> = pieces.iter().map(|piece| (piece.composition.as_str(), 0)).collect();
    let names: BTreeMap<&str, usize> = names.into_keys().enumerate().map(|(number, name)| (name, number)).collect();
    let step = pieces.len().div_ceil(MOST_PIECES);
    let chosen: Vec<&PieceRow> = pieces.into_iter().step_by(step).collect();
    let of_piece = |piece: &&PieceRow| of_piece(corpus, piece, names[piece.composition.as_str()], seed);
    Ok(chosen.par_iter().map(of_piece).collect::<Vec<_>>().concat())
}

/// What is done to cuts of one piece.
fn plan(dice: &mut Dice) -> Vec<Plan> {
    let mut plans = vec![Plan::Clean; 4];
    let eras = [Era::Shellac, Era::EarlyTape, Era::Modern, Era::Modern];
    let ranges = [(0.0, GOOD_UP_TO), (GOOD_UP_TO, BAD_FROM), (BAD_FROM, 1.0)];
    for (low, high) in ranges {
        plans.extend(eras.map(|era| Plan::Chain(Chain { era, strength: dice.between(low, high) })));
    }
    plans.extend((0..3).map(|_| Plan::Alone(*dice.pick(&ALONE), dice.between(0.0, GOOD_UP_TO))));
    plans.extend(ALONE.map(|kind| Plan::Alone(kind, dice.between(BAD_FROM, 1.0))));
    plans.extend(STRUCTURAL.map(|kind| Plan::Broken(kind, dice.between(LEAST_BROKEN, 1.0))));
    plans
}

#[derive(Clone, Copy)]
enum Plan {
    Clean,
    Chain(Chain),
    Alone(Kind, f64),
    Broken(Kind, f64),
}

fn of_piece(corpus: &Corpus, piece: &PieceRow, composition: usize, seed: u64) -> Vec<Example> {
    let seed = derive(seed, "quality", piece.piece as u64);
    let mut dice = Dice::new(seed, "cuts");
    let plans = plan(&mut dice);
    let mut examples = Vec::new();
    for (number, plan) in plans.into_iter().enumerate() {
        // Twice as long as needed: cut beats make it shorter, a wrong tempo map too.
        let length = 2 * (CUT + LEAD_IN);
        let start = piece.start + dice.integer(0, (piece.end - piece.start) as usize - length) as u64;
        let mut audio = corpus.window(start as i64, length);
        let inside = |beat: u64| beat.checked_sub(start).map(|beat| beat as usize).filter(|beat| *beat < length);
        let beats: Vec<usize> = piece.beats.iter().filter_map(|beat| inside(beat.sample)).collect();
        let (treatment, kinds, severity) = treat(plan, derive(seed, "cut", number as u64), &mut audio, &beats);
        audio.resize(length, 0.0);
        if let Some(features) = features(&audio[LEAD_IN..LEAD_IN + CUT]) {
            examples.push(Example { features, treatment, kinds, severity, composition });
        }
    }
    examples
}

fn treat(plan: Plan, seed: u64, audio: &mut Vec<f32>, beats: &[usize]) -> (Treatment, Vec<Kind>, f64) {
    match plan {
        Plan::Clean => (Treatment::Clean, Vec::new(), 0.0),
        Plan::Chain(chain) => {
            let done = random_in(chain, seed, audio);
            (Treatment::Chain, done.iter().map(|label| label.kind).collect(), chain.strength)
        }
        Plan::Alone(kind, strength) => (Treatment::Alone, vec![alone(kind, strength, seed, audio).kind], strength),
        Plan::Broken(kind, share) => {
            let label = break_with(audio, beats, kind, share, seed);
            (Treatment::Broken, vec![kind], 0.5 + 0.5 * f64::from(label.severity))
        }
    }
}
