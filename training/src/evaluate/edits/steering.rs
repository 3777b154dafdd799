//! Whether actions steer: the nearer a bar comes to the real one under its own action, and the farther it goes under that of another, the
//! more the action told. In mel, which hears timbre and rhythm, and in chroma, which hears harmony whatever plays it.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use serde::{Deserialize, Serialize};
use turnaround_core::chroma::Chroma;
use turnaround_core::mel::MultiScaleMel;
use turnaround_core::time::SampleRate;

use super::scene::{Scene, Takes, Under};
use crate::chance::Interval;

/// Distances of one bar's takes to the real bar.
pub type Distances = BTreeMap<Under, f64>;

/// Distances of regenerated bars to the real ones.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Steering {
    /// Under the bar's own inferred action.
    pub own: Interval,
    /// Without an action.
    pub null: Interval,
    /// Under the action of an unrelated bar.
    pub unrelated: Interval,
    /// Null minus own, bar by bar: above zero when the action helps.
    pub null_over_own: Interval,
    /// Unrelated minus null, bar by bar: above zero when a wrong action harms.
    pub unrelated_over_null: Interval,
}

/// Measures both distances. Plans transforms; keep it.
pub struct Ears {
    mel: MultiScaleMel,
    chroma: Chroma,
}

impl Ears {
    /// At the models' rate.
    pub fn new(rate: SampleRate) -> Self {
        Self { mel: MultiScaleMel::new(rate), chroma: Chroma::new(rate) }
    }

    /// Multi-scale mel distances.
    pub fn mel(&self, scene: &Scene, takes: &Takes) -> Distances {
        let distance = |made: &[f32]| f64::from(self.mel.distance(scene.real(), made));
        takes.iter().map(|(under, take)| (*under, distance(scene.target_of(take)))).collect()
    }

    /// What the cosine of chroma lacks to 1; nothing for a bar without harmony.
    pub fn chroma(&self, scene: &Scene, takes: &Takes) -> Option<Distances> {
        let distance = |made: &[f32]| self.chroma.similarity(scene.real(), made).map(|likeness| 1.0 - likeness);
        takes.iter().map(|(under, take)| Some((*under, distance(scene.target_of(take))?))).collect()
    }
}

impl Steering {
    /// Of the distances of some bars; nothing of none.
    pub fn of(bars: &[Distances], seed: u64) -> Option<Self> {
        let mean = |distance: &dyn Fn(&Distances) -> f64| Interval::of(&bars.iter().map(distance).collect::<Vec<_>>(), seed);
        let minus = |a: Under, b: Under| mean(&move |bar: &Distances| bar[&a] - bar[&b]);
        (!bars.is_empty()).then(|| Self {
            own: mean(&|bar| bar[&Under::Own]),
            null: mean(&|bar| bar[&Under::Nothing]),
            unrelated: mean(&|bar| bar[&Under::Another]),
            null_over_own: minus(Under::Nothing, Under::Own),
            unrelated_over_null: minus(Under::Another, Under::Nothing),
        })
    }
}

/// A row for each guidance weight.
pub fn describe(title: &str, by_guidance: &BTreeMap<String, Steering>, text: &mut String) -> fmt::Result {
    if by_guidance.is_empty() {
        return Ok(());
    }
    writeln!(
        text,
        "| {title} ↓, guidance | own action | no action | another bar's action | none − own | another's − none |\n|---|---|---|---|---|---|"
    )?;
    for (guidance, Steering { own, null, unrelated, null_over_own, unrelated_over_null }) in by_guidance {
        let cells = [own, null, unrelated, null_over_own, unrelated_over_null].map(|interval| interval.rounded(3));
        writeln!(text, "| {guidance} | {} |", cells.join(" | "))?;
    }
    writeln!(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(own: f64, nothing: f64, another: f64) -> Distances {
        BTreeMap::from([(Under::Own, own), (Under::Nothing, nothing), (Under::Another, another)])
    }

    #[test]
    fn differences_are_taken_bar_by_bar() {
        // Bars differ far more among each other than their takes do.
        let bars: Vec<Distances> = (0..20).map(f64::from).map(|n| bar(n, n + 0.5, n + 0.75)).collect();
        let steering = Steering::of(&bars, 1).expect("there are bars");
        assert!(steering.own.high - steering.own.low > 3.0);
        assert_eq!(steering.null_over_own, Interval { mean: 0.5, low: 0.5, high: 0.5 });
        assert_eq!(steering.unrelated_over_null, Interval { mean: 0.25, low: 0.25, high: 0.25 });
    }

    #[test]
    fn no_bar_is_no_measure() {
        assert!(Steering::of(&[], 1).is_none());
    }
}
