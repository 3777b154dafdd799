//! How well scores tell who plays in held-out bars, and what of it a linear probe can read off the vectors of actions.
//!
//! Source of the probe: Alain and Bengio, arXiv 1610.01644: what a linear classifier finds in a representation is said by it plainly.

use std::collections::BTreeMap;

use anyhow::{Result, anyhow};
use smartcore::linalg::basic::arrays::Array;
use smartcore::linalg::basic::matrix::DenseMatrix;
use smartcore::linear::logistic_regression::{LogisticRegression, LogisticRegressionParameters};
use smartcore::metrics::{f1, roc_auc_score};
use turnaround_core::instruments::{Instrument, Players};

use super::Row;
use crate::chance::Interval;

/// An instrument that fewer bars have, or have not, is not judged: its figure would be chance.
const LEAST_BARS: usize = 10;

/// Ridge of the probe, for features of unit variance.
const RIDGE: f64 = 1.0;

/// Bars with their players.
pub struct Known<'a> {
    /// Who plays in each.
    pub players: &'a [Players],
    /// What each is told by, `[bar][number]`.
    pub vectors: &'a [Vec<f32>],
}

/// Every bar's scores for some instruments, the higher the likelier, beside the truth.
pub struct Judged {
    columns: Vec<Column>,
    /// Bars of each piece.
    pieces: Vec<Vec<usize>>,
}

struct Column {
    instrument: Instrument,
    scores: Vec<f64>,
    plays: Vec<f64>,
}

/// What became of one instrument.
pub struct Heard {
    /// Which.
    pub instrument: Instrument,
    /// Held-out bars in which it plays.
    pub bars: usize,
    /// The chance that a bar with it scores above a bar without, ties counting half (area under the ROC curve). Chance alone is 0.5.
    pub area: Interval,
    /// F measure of the bars that are said to have it: those with a score above one half.
    pub f: f64,
}

impl Judged {
    /// Scores `[bar][instrument]` beside `truth`; `pieces` says which piece each bar is of. Instruments that too few bars have, or have
    /// not, are left out.
    pub fn new(instruments: &[Instrument], scores: &[Vec<f64>], truth: &[Players], pieces: &[usize]) -> Self {
        let mut by_piece: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        pieces.iter().enumerate().for_each(|(bar, &piece)| by_piece.entry(piece).or_default().push(bar));
        let column = |(place, &instrument): (usize, &Instrument)| Column {
            instrument,
            scores: scores.iter().map(|row| row[place]).collect(),
            plays: truth.iter().map(|players| number(players.contains(instrument))).collect(),
        };
        let columns = instruments.iter().enumerate().map(column).filter(|column| is_judged(&column.plays)).collect();
        Self { columns, pieces: by_piece.into_values().collect() }
    }

    /// The mean area under the curve over instruments; nothing where none is judged. The interval is by bootstrap over pieces, whose bars
    /// share their players.
    pub fn mean_area(&self, seed: u64) -> Option<Interval> {
        (!self.columns.is_empty()).then(|| self.area(&self.columns.iter().collect::<Vec<_>>(), seed))
    }

    /// Instrument by instrument.
    pub fn by_instrument(&self, seed: u64) -> Vec<Heard> {
        let heard = |column: &Column| Heard {
            instrument: column.instrument,
            bars: column.plays.iter().filter(|plays| **plays > 0.0).count(),
            area: self.area(&[column], seed),
            // Where no bar is said to have it there is no precision, and nothing was found.
            f: f1(&column.plays, &column.scores.iter().map(|score| number(*score > 0.5)).collect(), 1.0).max(0.0),
        };
        self.columns.iter().map(heard).collect()
    }

    fn area(&self, columns: &[&Column], seed: u64) -> Interval {
        let pieces: Vec<usize> = (0..self.pieces.len()).collect();
        Interval::of_figure(&pieces, seed, |drawn| {
            let bars: Vec<usize> = drawn.flat_map(|piece| self.pieces[piece].iter().copied()).collect();
            let areas: Vec<f64> = columns.iter().filter_map(|column| column.area(&bars)).collect();
            // Pieces drawn anew may lack an instrument, or all of them: then they say nothing.
            if areas.is_empty() { 0.5 } else { areas.iter().sum::<f64>() / areas.len() as f64 }
        })
    }
}

impl Column {
    fn area(&self, bars: &[usize]) -> Option<f64> {
        let of = |values: &[f64]| bars.iter().map(|&bar| values[bar]).collect::<Vec<f64>>();
        let plays = of(&self.plays);
        let both = plays.contains(&0.0) && plays.contains(&1.0);
        both.then(|| roc_auc_score(&plays, &of(&self.scores)))
    }
}

/// What a linear probe learned on some bars says of others.
///
/// # Errors
/// When a probe cannot be fitted.
pub fn probed(learned: &Known<'_>, asked: &Known<'_>, pieces: &[usize]) -> Result<Judged> {
    let standard = Standard::of(learned.vectors);
    let x = matrix(&standard, learned.vectors)?;
    let mut instruments = Vec::new();
    let mut scores = vec![Vec::new(); asked.vectors.len()];
    for instrument in Instrument::ALL {
        let plays: Vec<f64> = learned.players.iter().map(|players| number(players.contains(instrument))).collect();
        if !is_judged(&plays) {
            continue;
        }
        let y: Vec<u32> = plays.iter().map(|plays| *plays as u32).collect();
        let fitted = LogisticRegression::fit(&x, &y, LogisticRegressionParameters::default().with_alpha(RIDGE))
            .map_err(|error| anyhow!("the probe for {instrument}: {error}"))?;
        for (row, vector) in scores.iter_mut().zip(asked.vectors) {
            let weights = fitted.coefficients().iterator(0);
            row.push(standard.of_vector(vector).zip(weights).map(|(x, weight)| x * weight).sum());
        }
        instruments.push(instrument);
    }
    Ok(Judged::new(&instruments, &scores, asked.players, pieces))
}

fn is_judged(plays: &[f64]) -> bool {
    let with = plays.iter().filter(|plays| **plays > 0.0).count();
    with >= LEAST_BARS && plays.len() - with >= LEAST_BARS
}

fn number(is: bool) -> f64 {
    f64::from(u8::from(is))
}

fn matrix(standard: &Standard, vectors: &[Vec<f32>]) -> Result<DenseMatrix<f64>> {
    let rows: Vec<Vec<f64>> = vectors.iter().map(|vector| standard.of_vector(vector).collect()).collect();
    DenseMatrix::from_2d_vec(&rows).map_err(|error| anyhow!("the probe's bars: {error}"))
}

/// Brings every number of a vector to mean 0 and variance 1.
struct Standard {
    mean: Vec<f64>,
    deviation: Vec<f64>,
}

impl Standard {
    fn of(vectors: &[Vec<f32>]) -> Self {
        let count = vectors.len() as f64;
        let mean_of = |figure: &dyn Fn(usize, f64) -> f64| -> Vec<f64> {
            let of_number =
                |place: usize| vectors.iter().map(|vector| figure(place, f64::from(vector[place]))).sum::<f64>() / count;
            (0..vectors[0].len()).map(of_number).collect()
        };
        let mean = mean_of(&|_, x| x);
        let variance = mean_of(&|place, x| (x - mean[place]).powi(2));
        Self { mean, deviation: variance.iter().map(|variance| variance.sqrt().max(1e-6)).collect() }
    }

    fn of_vector(&self, vector: &[f32]) -> impl Iterator<Item = f64> {
        vector.iter().zip(&self.mean).zip(&self.deviation).map(|((x, mean), deviation)| (f64::from(*x) - mean) / deviation)
    }
}

/// How well players are heard, instrument by instrument; nothing where no model listens for them.
pub fn table(rows: &[Row]) -> String {
    let mut text = String::new();
    for row in rows {
        for Heard { instrument, bars, area, f } in &row.players_heard {
            if text.is_empty() {
                text +=
                    "\n| model | instrument | bars with it | heard, area under the ROC curve ↑ | F ↑ |\n|---|---|---|---|---|\n";
            }
            text += &format!("| {} | {instrument} | {bars} of {} | {} | {f:.2} |\n", row.name, row.errors.len(), area.rounded(3));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use turnaround_core::noise::GaussianNoise;

    const WIDTH: usize = 6;

    /// Bars in some order of players: drums in every third, a bass in every second.
    fn players(count: usize) -> Vec<Players> {
        let of_bar = |bar: usize| {
            let drums = bar.is_multiple_of(3).then_some(Instrument::Drums);
            drums.into_iter().chain(bar.is_multiple_of(2).then_some(Instrument::Bass)).collect()
        };
        (0..count).map(of_bar).collect()
    }

    /// Noise, with drums in the first number as loud as asked.
    fn vectors(players: &[Players], drums: f32, seed: u64) -> Vec<Vec<f32>> {
        let mut noise = vec![0.0; players.len() * WIDTH];
        GaussianNoise::new(seed).fill(&mut noise);
        let mut rows: Vec<Vec<f32>> = noise.chunks_exact(WIDTH).map(<[f32]>::to_vec).collect();
        rows.iter_mut().zip(players).filter(|(_, p)| p.contains(Instrument::Drums)).for_each(|(row, _)| row[0] += drums);
        rows
    }

    fn areas(drums: f32) -> BTreeMap<Instrument, Interval> {
        let (learned, asked) = (players(600), players(300));
        let (from, of) = (vectors(&learned, drums, 1), vectors(&asked, drums, 2));
        let pieces: Vec<usize> = (0..300).map(|bar| bar / 10).collect();
        let (from, of) = (Known { players: &learned, vectors: &from }, Known { players: &asked, vectors: &of });
        let judged = probed(&from, &of, &pieces).unwrap();
        judged.by_instrument(1).into_iter().map(|heard| (heard.instrument, heard.area)).collect()
    }

    #[test]
    fn a_probe_finds_what_vectors_say_and_nothing_else() {
        let found = areas(4.0);
        assert_eq!(found.keys().copied().collect::<Vec<_>>(), [Instrument::Bass, Instrument::Drums], "nobody plays the others");
        assert!(found[&Instrument::Drums].low > 0.98, "{:?}", found[&Instrument::Drums]);
        assert!(found[&Instrument::Bass].low < 0.5 && found[&Instrument::Bass].high > 0.5, "{:?}", found[&Instrument::Bass]);
        let chance = areas(0.0)[&Instrument::Drums];
        assert!(chance.low < 0.5 && chance.high > 0.5, "{chance:?}");
    }

    #[test]
    fn scores_are_judged_by_rank_and_by_what_they_say_of_each_bar() {
        let truth = players(60);
        // Right for drums, but too shy to say so; of the bass the opposite of the truth.
        let score = |players: &Players| {
            vec![0.4 * number(players.contains(Instrument::Drums)), 1.0 - number(players.contains(Instrument::Bass))]
        };
        let scores: Vec<Vec<f64>> = truth.iter().map(score).collect();
        let judged = Judged::new(&[Instrument::Drums, Instrument::Bass], &scores, &truth, &[0; 60]);
        let heard = judged.by_instrument(1);
        assert_eq!((heard[0].area.mean, heard[1].area.mean, heard[0].bars), (1.0, 0.0, 20));
        assert_eq!(judged.mean_area(1).map(|area| area.mean), Some(0.5));
        assert_eq!((heard[0].f, heard[1].f), (0.0, 0.0));
    }
}
