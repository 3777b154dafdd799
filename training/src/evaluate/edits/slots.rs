//! How much an action tells the dynamics, in decibels: Genie's ΔPSNR, in the space the dynamics writes in.
//!
//! Source: Bruce et al. 2024, section 3: the peak signal-to-noise ratio under inferred actions minus that under random ones, which at one
//! peak is the ratio of the squared errors. There it is of pixels four frames on; here of the standardised slots of one bar, as the dynamics
//! hands them to the decoder ([`turnaround_engine::Engine::imagine`]). So no decoder's error, which is the same under every action, stands in
//! both halves of the ratio; and a random action is the one heard in a bar of other music, not a code drawn at random.

use std::fmt::{self, Write};

use anyhow::Result;
use serde::{Deserialize, Serialize};
use turnaround_core::contract::SparseWeights;
use turnaround_engine::Engine;
use turnaround_engine::regenerate::ActionChoice;

use super::scene::Scene;
use crate::chance::Interval;

/// Mean squared errors of one bar's slots.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Errors {
    /// Under its own action.
    pub own: f64,
    /// Under none.
    pub null: f64,
    /// Under those of other bars, on the mean.
    pub unrelated: f64,
}

/// What was measured in slots.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SlotMeasures {
    /// Unrelated actions for each bar.
    pub draws: usize,
    /// Mean squared error under the own action; 1 would be about that of the mean bar.
    pub own: Interval,
    /// Without an action.
    pub null: Interval,
    /// Under unrelated actions.
    pub unrelated: Interval,
    /// Decibels by which own actions bring bars nearer than unrelated ones do.
    pub unrelated_over_own_db: Interval,
    /// The same over no action.
    pub null_over_own_db: Interval,
}

/// Imagines a bar under its own action, none, and every one of the scene's others, with the same noise and without guidance.
///
/// # Errors
/// When a network fails.
pub fn errors(engine: &Engine, scene: &Scene) -> Result<Errors> {
    let error = |action: ActionChoice| -> Result<f64> {
        let imagined = scene.excerpt.imagined(engine, action, 1.0, scene.seed)?;
        Ok(squared_error(&imagined.dry, &imagined.made))
    };
    let unrelated = |action: &SparseWeights| error(ActionChoice::Weights(action.clone()));
    let others: Vec<f64> = scene.others.iter().map(unrelated).collect::<Result<_>>()?;
    Ok(Errors {
        own: error(ActionChoice::Own)?,
        null: error(ActionChoice::Null)?,
        unrelated: others.iter().sum::<f64>() / others.len() as f64,
    })
}

fn squared_error(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>() / a.len() as f64
}

impl SlotMeasures {
    /// Of some bars, at least one, with `draws` unrelated actions each.
    pub fn of(bars: &[Errors], draws: usize, seed: u64) -> Self {
        let mean = |error: fn(&Errors) -> f64| Interval::of(&bars.iter().map(error).collect::<Vec<_>>(), seed);
        let decibels = |error: fn(&Errors) -> f64| {
            Interval::of_figure(bars, seed, |bars| {
                let [own, other] = bars.fold([0.0; 2], |[own, other], bar| [own + bar.own, other + error(&bar)]);
                10.0 * (other / own).log10()
            })
        };
        Self {
            draws,
            own: mean(|bar| bar.own),
            null: mean(|bar| bar.null),
            unrelated: mean(|bar| bar.unrelated),
            unrelated_over_own_db: decibels(|bar| bar.unrelated),
            null_over_own_db: decibels(|bar| bar.null),
        }
    }

    pub(super) fn describe(&self, text: &mut String) -> fmt::Result {
        writeln!(
            text,
            "In slots, before anything is decoded, without guidance, {} unrelated actions a bar:\n\n| squared error ↓, own action | no action \
             | unrelated actions | own nearer than none, dB ↑ | own nearer than unrelated (ΔPSNR), dB ↑ |\n|---|---|---|---|---|",
            self.draws
        )?;
        writeln!(
            text,
            "| {} | {} | {} | {} | {} |\n",
            self.own.rounded(3),
            self.null.rounded(3),
            self.unrelated.rounded(3),
            self.null_over_own_db.rounded(2),
            self.unrelated_over_own_db.rounded(2)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unrelated_latents_that_tell_no_less_are_no_decibels() {
        let bars: Vec<Errors> =
            (1..9).map(|n| 0.1 * f64::from(n)).map(|error| Errors { own: error, null: 2.0 * error, unrelated: error }).collect();
        let measures = SlotMeasures::of(&bars, 3, 1);
        assert_eq!(measures.unrelated_over_own_db, Interval { mean: 0.0, low: 0.0, high: 0.0 });
        assert!((measures.null_over_own_db.mean - 3.0103).abs() < 1e-4, "{}", measures.null_over_own_db);
    }

    #[test]
    fn errors_are_summed_before_they_are_compared() {
        // The mean of the bars' own ratios would be 10 dB: a bar that is nearly right counts for little.
        let bars = [Errors { own: 0.01, null: 1.0, unrelated: 1.0 }, Errors { own: 1.0, null: 1.0, unrelated: 1.0 }];
        let found = SlotMeasures::of(&bars, 1, 1).unrelated_over_own_db.mean;
        assert!((found - 10.0 * (2.0f64 / 1.01).log10()).abs() < 1e-9, "{found}");
    }

    #[test]
    fn a_squared_error_is_a_mean() {
        assert_eq!(squared_error(&[1.0, 2.0, 3.0, 4.0], &[1.0, 2.0, 3.0, 2.0]), 1.0);
    }
}
