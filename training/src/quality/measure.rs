//! How well scores tell good from bad: the area under the ROC curve, with an interval by the bootstrap.

use serde::Serialize;

use crate::corpus::dice::Dice;

/// How often the bootstrap draws.
const DRAWS: usize = 500;

/// A score, whether the example is good, and the composition it comes from.
#[derive(Clone, Copy, Debug)]
pub struct Scored {
    /// The filter's probability.
    pub score: f64,
    /// The truth.
    pub is_good: bool,
    /// Examples of one composition stand or fall together.
    pub composition: usize,
}

/// An area under the curve with its interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Auc {
    /// The chance that a good example scores above a bad one; ties count half.
    pub area: f64,
    /// The middle 95 % of areas over compositions drawn anew.
    pub interval: (f64, f64),
    /// Good and bad examples.
    pub counts: (usize, usize),
}

/// The area, and its interval from drawing compositions with replacement; `None` where all are good or all bad.
pub fn auc(scored: &[Scored], seed: u64) -> Option<Auc> {
    let whole = area(scored.iter().map(|one| (one.score, one.is_good, 1.0)))?;
    let mut names: Vec<usize> = scored.iter().map(|one| one.composition).collect();
    names.sort_unstable();
    names.dedup();
    let mut dice = Dice::new(seed, "bootstrap");
    let mut draw = || {
        let mut times = vec![0.0; names.len()];
        names.iter().for_each(|_| times[dice.integer(0, names.len() - 1)] += 1.0);
        let weight = |one: &Scored| times[names.binary_search(&one.composition).expect("every composition is named")];
        area(scored.iter().map(|one| (one.score, one.is_good, weight(one))))
    };
    let mut areas: Vec<f64> = (0..DRAWS).filter_map(|_| draw()).collect();
    areas.sort_unstable_by(f64::total_cmp);
    let quantile = |share: f64| areas[((areas.len() - 1) as f64 * share).round() as usize];
    let good = scored.iter().filter(|one| one.is_good).count();
    Some(Auc { area: whole, interval: (quantile(0.025), quantile(0.975)), counts: (good, scored.len() - good) })
}

/// The area of (score, is good, weight).
fn area(scored: impl Iterator<Item = (f64, bool, f64)>) -> Option<f64> {
    let mut scored: Vec<(f64, bool, f64)> = scored.filter(|one| one.2 > 0.0).collect();
    scored.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let weight = |wanted: bool| scored.iter().filter(|one| one.1 == wanted).map(|one| one.2).sum::<f64>();
    let (good, bad) = (weight(true), weight(false));
    let (mut below, mut won) = (0.0, 0.0);
    for tied in scored.chunk_by(|a, b| a.0 == b.0) {
        let of = |wanted: bool| tied.iter().filter(|one| one.1 == wanted).map(|one| one.2).sum::<f64>();
        won += of(true) * (below + 0.5 * of(false));
        below += of(false);
    }
    (good > 0.0 && bad > 0.0).then(|| won / good / bad)
}

/// Pearson's coefficient of pairs.
pub fn correlation(pairs: &[(f64, f64)]) -> f64 {
    let count = pairs.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>() / count;
    let (a, b) = (mean(|pair| pair.0), mean(|pair| pair.1));
    let sum = |of: &dyn Fn(f64, f64) -> f64| pairs.iter().map(|pair| of(pair.0 - a, pair.1 - b)).sum::<f64>();
    sum(&|x, y| x * y) / (sum(&|x, _| x * x) * sum(&|_, y| y * y)).sqrt()
}
