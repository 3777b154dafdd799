//! Which actions are worth a knob: those that do the same everywhere, stay near real music, and differ from each other.

use super::{Choices, Trial};
use crate::effects;

/// A knob that does less alike than this, in all contexts or in either half of them, is no knob.
pub const LEAST_CONSISTENCY: f32 = 0.6;

/// Shares of the mean usage between which an action is a way of playing: below, training hardly knew it; above, it is in everything.
const USAGE: std::ops::RangeInclusive<f32> = 0.2..=5.0;

/// Standard deviations from the mean real bar beyond which bars no longer sound like the music they stand in.
pub const MOST_STRANGE: f32 = 2.0;

/// Knobs whose effects point this nearly the same way are one knob.
const SAME: f32 = 0.95;

/// The shortlisted actions, best first. A veto takes an action off it, and a wish puts it on it, whatever was measured.
///
/// Source: the greedy k-centre method (Gonzalez 1985): each next is the one farthest from all that were chosen, here by the angle between
/// effects, weighed by how consistent and how near to real music it is.
pub fn choose(trials: &[Trial], usage: &[f32], active: usize, most: usize, choices: &Choices) -> Vec<usize> {
    let usual = active as f32 / trials.len() as f32;
    let is_fit = |index: &usize| {
        let trial = &trials[*index];
        trial.least_consistency() >= LEAST_CONSISTENCY
            && USAGE.contains(&(usage[*index] / usual))
            && trial.strangeness <= MOST_STRANGE
    };
    let mut chosen: Vec<usize> = choices.keep.iter().copied().filter(|index| *index < trials.len()).collect();
    let mut left: Vec<usize> =
        (0..trials.len()).filter(is_fit).filter(|index| !choices.veto.contains(index) && !chosen.contains(index)).collect();
    while chosen.len() < most {
        let merit = |index: usize| merit(&trials[index]) * distance(index, &chosen, trials);
        let Some(place) = (0..left.len()).max_by(|a, b| merit(left[*a]).total_cmp(&merit(left[*b]))) else { break };
        let next = left.swap_remove(place);
        if distance(next, &chosen, trials) > 1.0 - SAME {
            chosen.push(next);
        }
    }
    chosen
}

fn merit(trial: &Trial) -> f32 {
    trial.consistency / trial.strangeness.max(1.0)
}

/// One minus the largest cosine to those chosen; of the first, how strong its effect is.
fn distance(index: usize, chosen: &[usize], trials: &[Trial]) -> f32 {
    let cosine = |other: &usize| effects::cosine(&trials[index].effect, &trials[*other].effect);
    match chosen {
        [] => effects::length(&trials[index].effect),
        chosen => 1.0 - chosen.iter().map(cosine).fold(-1.0, f32::max),
    }
}
