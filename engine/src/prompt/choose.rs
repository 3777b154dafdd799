//! A wished-for change to a few weights over measured actions.
//!
//! The change that a mix of actions makes is taken to be the same mix of their measured changes. The mix is sought that points most
//! nearly the wished way, by greedy matching: the action that helps most is added, all weights are fitted anew, and so on until no
//! other helps, or as many are in it as a bar of the set has. Of a mix that leads farther than was wished only a part is taken.

use turnaround_core::contract::{Action, MeasuredAction, SparseWeights};
use turnaround_core::descriptors::{Descriptor, Effect};

/// The number of descriptors.
const SIZE: usize = Descriptor::ALL.len();

/// What a side effect weighs beside what was wished for, in squares: a change that nobody spoke of counts as if it were half as long. At
/// 1, the fourteen or so descriptors that a wish does not name would outvote the one or two that it does, and an action would be chosen
/// for doing nothing else rather than for doing what was asked. At 0, "brighter" might be met by whatever is loudest. Descriptors also
/// move together (a darker bar has less top), which nobody who asks for one of them minds.
const SIDE_EFFECT: f64 = 0.25;

/// A change shorter than this, in standard deviations, is hardly heard beside what another seed changes; it keeps actions that do next to
/// nothing from being chosen for the direction of it.
const HARDLY_HEARD: f64 = 0.25;

/// What another action must add to how well a mix points, 0 to 1, to be worth a weight.
const WORTH_A_WEIGHT: f64 = 0.01;

/// The mix that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// By falling weight; they sum to how much of the mix is wished for, at most 1.
    pub weights: SparseWeights,
    /// Cosine between the expected change and the one wished for, 0 to 1, side effects counted as if half as long.
    pub cosine: f32,
    /// The change that is expected, every descriptor, in standard deviations of real bars.
    pub expected: Effect,
}

/// Why no action was found for a wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChoiceError {
    /// The set does not know what its actions do.
    #[error(
        "the actions of this model set have not been measured, so words find none; choose one with --action, or one heard in a bar with \
         --like"
    )]
    Unmeasured,
    /// No action leads there.
    #[error(
        "no action of this model set changes a bar that way; wish for something else, choose an action with --action, or one heard in a \
         bar with --like"
    )]
    NoneThere,
}

/// Finds at most `active` weights whose expected change points most nearly the wished way. The same input gives the same weights.
///
/// Actions are trusted as far as they do the same everywhere: a mix is rated by how much of all it may do, scatter from bar to bar
/// included, is what was wished for. For one action that is its cosine times its consistency.
///
/// # Errors
/// [`ChoiceError`] when no action was measured, or none leads the wished way at all.
///
/// # Panics
/// If `active` is 0, nothing is wanted, or the table has more than 65 536 actions.
pub fn choose(wanted: &Effect, actions: &[Action], active: usize) -> Result<Choice, ChoiceError> {
    assert!(active > 0 && wanted.values().any(|change| *change != 0.0), "a wish has a direction and a mix a weight");
    if actions.iter().all(|action| action.measured.is_none()) {
        return Err(ChoiceError::Unmeasured);
    }
    let candidates = candidates(wanted, actions);
    let mut mix = Mix::default();
    while mix.members.len() < active {
        let others = (0..candidates.len()).filter(|candidate| !mix.members.contains(candidate));
        let best =
            others.map(|other| mix.with(other, &candidates)).reduce(|best, next| if next.aim > best.aim { next } else { best });
        match best {
            Some(best) if best.aim > mix.aim + WORTH_A_WEIGHT => mix = best,
            _ => break,
        }
    }
    if mix.members.is_empty() {
        return Err(ChoiceError::NoneThere);
    }
    Ok(mix.choice(wanted, actions, &candidates))
}

/// Every measured action by itself, the one that is trusted most to lead the wished way first, with how well it does, −1 to 1.
#[cfg(test)]
pub(super) fn ranked(wanted: &Effect, actions: &[Action]) -> Vec<(u16, f64)> {
    let rate = |candidate: &Candidate| {
        let length = candidate.inner(candidate) + candidate.scatter + HARDLY_HEARD * HARDLY_HEARD;
        (candidate.index, candidate.towards / length.sqrt())
    };
    let mut ranked: Vec<(u16, f64)> = candidates(wanted, actions).iter().map(rate).collect();
    ranked.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    ranked
}

/// A measured action as this wish sees it.
struct Candidate {
    index: u16,
    /// Its change, descriptors that were not wished for at half their length.
    change: [f64; SIZE],
    /// How far it leads the wished way, in standard deviations.
    towards: f64,
    /// Mean squared length of how its change differs from bar to bar.
    scatter: f64,
}

impl Candidate {
    fn inner(&self, other: &Candidate) -> f64 {
        inner(&self.change, &other.change)
    }
}

fn inner(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn candidates(wanted: &Effect, actions: &[Action]) -> Vec<Candidate> {
    let wish = seen(wanted, wanted);
    let wish_length = inner(&wish, &wish).sqrt();
    let candidate = |(index, action): (usize, &Action)| {
        let MeasuredAction { effect, consistency, .. } = action.measured.as_ref()?;
        // An action without any consistency does something else in every bar, and is no way anywhere.
        let consistency = f64::from(*consistency);
        if consistency <= 0.0 {
            return None;
        }
        let change = seen(effect, wanted);
        let towards = inner(&change, &wish) / wish_length;
        let squared = inner(&change, &change);
        let index = u16::try_from(index).expect("an action table has at most 65 536 entries");
        Some(Candidate { index, change, towards, scatter: squared * (1.0 / (consistency * consistency) - 1.0) })
    };
    actions.iter().enumerate().filter_map(candidate).collect()
}

/// An effect in the order of [`Descriptor::ALL`], descriptors that were not wished for at half their length.
fn seen(effect: &Effect, wanted: &Effect) -> [f64; SIZE] {
    Descriptor::ALL.map(|descriptor| {
        let is_wanted = wanted.get(&descriptor).is_some_and(|change| *change != 0.0);
        let change = f64::from(effect.get(&descriptor).copied().unwrap_or(0.0));
        if is_wanted { change } else { change * SIDE_EFFECT.sqrt() }
    })
}

/// Some candidates with weights above 0.
#[derive(Clone, Default)]
struct Mix {
    members: Vec<usize>,
    weights: Vec<f64>,
    /// How much of all it may do is what was wished for, 0 to 1.
    aim: f64,
}

/// Rounds of fitting at most, and the step below which it has ended. A few rounds are the rule; actions that are nearly alike need more, and
/// it matters little how weight is shared between them.
const ROUNDS: usize = 1_000;
const ENDED: f64 = 1e-9;

impl Mix {
    /// This mix with one more candidate, all weights fitted anew. Members that end without a weight are left out.
    ///
    /// The best direction is sought as a least square: of ½ wᵀQw − bᵀw under w ≥ 0 the minimum has the direction of the greatest
    /// bᵀw / √(wᵀQw), Q holding what the mix may do and b what leads the wished way. It is found weight by weight, each set to its best
    /// while the others rest, which ends at the minimum because Q is positive definite.
    fn with(&self, other: usize, candidates: &[Candidate]) -> Mix {
        let members: Vec<&Candidate> = self.members.iter().chain([&other]).map(|&member| &candidates[member]).collect();
        let count = members.len();
        let entry = |row: usize, column: usize| {
            let scatter = if row == column { members[row].scatter } else { 0.0 };
            members[row].inner(members[column]) + scatter + HARDLY_HEARD * HARDLY_HEARD
        };
        let may_do: Vec<Vec<f64>> = (0..count).map(|row| (0..count).map(|column| entry(row, column)).collect()).collect();
        let does = |weights: &[f64], row: usize| inner(&may_do[row], weights);
        let mut weights = vec![0.0; count];
        for _ in 0..ROUNDS {
            let mut step = 0.0_f64;
            for row in 0..count {
                let best = (weights[row] + (members[row].towards - does(&weights, row)) / may_do[row][row]).max(0.0);
                step = step.max((best - weights[row]).abs());
                weights[row] = best;
            }
            if step < ENDED {
                break;
            }
        }
        let length = (0..count).map(|row| weights[row] * does(&weights, row)).sum::<f64>().sqrt();
        let towards: f64 = members.iter().zip(&weights).map(|(member, weight)| member.towards * weight).sum();
        let aim = if length > 0.0 { towards / length } else { 0.0 };
        let kept = self.members.iter().copied().chain([other]).zip(weights).filter(|(_, weight)| *weight > 0.0);
        let (members, weights) = kept.unzip();
        Mix { members, weights, aim }
    }

    fn choice(&self, wanted: &Effect, actions: &[Action], candidates: &[Candidate]) -> Choice {
        let sum: f64 = self.weights.iter().sum();
        let members = || self.members.iter().map(|&member| &candidates[member]).zip(&self.weights);
        let towards = members().map(|(member, weight)| member.towards * weight / sum).sum::<f64>();
        let wish = seen(wanted, wanted);
        let amount = (inner(&wish, &wish).sqrt() / towards).min(1.0);
        let shares = members().map(|(member, weight)| (member.index, (amount * weight / sum) as f32));
        let mut weights: SparseWeights = shares.filter(|(_, share)| *share > 0.0).collect();
        weights.sort_by(|(a, x), (b, y)| y.total_cmp(x).then(a.cmp(b)));
        let change = |descriptor: Descriptor| -> f32 {
            let of = |action: &Action| action.measured.as_ref().and_then(|measured| measured.effect.get(&descriptor).copied());
            weights.iter().map(|&(index, weight)| weight * of(&actions[usize::from(index)]).unwrap_or(0.0)).sum()
        };
        let expected: Effect = Descriptor::ALL.into_iter().map(|descriptor| (descriptor, change(descriptor))).collect();
        Choice { cosine: cosine(&expected, wanted) as f32, weights, expected }
    }
}

fn cosine(expected: &Effect, wanted: &Effect) -> f64 {
    let (expected, wish) = (seen(expected, wanted), seen(wanted, wanted));
    inner(&expected, &wish) / (inner(&expected, &expected) * inner(&wish, &wish)).sqrt().max(f64::MIN_POSITIVE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn action(effect: &[(Descriptor, f32)], consistency: f32) -> Action {
        let mut all: Effect = Descriptor::ALL.into_iter().map(|descriptor| (descriptor, 0.0)).collect();
        all.extend(effect.iter().copied());
        let measured = MeasuredAction { effect: all, consistency, position: [0.0, 0.0], is_shortlisted: false };
        Action { label: String::new(), usage: 0.1, measured: Some(measured) }
    }

    fn indices(choice: &Choice) -> Vec<u16> {
        choice.weights.iter().map(|(index, _)| *index).collect()
    }

    use Descriptor::{Bass, Brightness, Density, Loudness};

    #[test]
    fn a_wish_that_one_action_fulfils_takes_it_alone() {
        let actions = [action(&[(Bass, 1.0)], 0.9), action(&[(Density, 1.0)], 0.9), action(&[(Density, -1.0)], 0.9)];
        let choice = choose(&Effect::from([(Density, 0.5)]), &actions, 3).unwrap();
        assert_eq!(choice.weights, [(1, 0.5)]);
        assert!((choice.cosine - 1.0).abs() < 1e-6);
        assert_eq!((choice.expected[&Density], choice.expected[&Bass]), (0.5, 0.0));
    }

    #[test]
    fn a_small_wish_takes_part_of_an_action_and_a_large_one_no_more_than_all_of_it() {
        let actions = [action(&[(Density, 2.0)], 0.9)];
        for (wished, amount) in [(0.5, 0.25), (1.0, 0.5), (2.0, 1.0), (3.0, 1.0)] {
            let choice = choose(&Effect::from([(Density, wished)]), &actions, 3).unwrap();
            assert_eq!((choice.weights, choice.expected[&Density]), (vec![(0, amount)], 2.0 * amount));
        }
    }

    #[test]
    fn two_wishes_mix_two_actions_and_weights_sum_to_no_more_than_one() {
        let actions = [action(&[(Density, 1.0)], 0.9), action(&[(Loudness, 1.0)], 0.9), action(&[(Brightness, -2.0)], 0.9)];
        let choice = choose(&Effect::from([(Density, 1.0), (Brightness, -1.0)]), &actions, 3).unwrap();
        assert_eq!(indices(&choice).iter().copied().collect::<std::collections::BTreeSet<_>>(), [0, 2].into());
        assert!(choice.weights.iter().map(|(_, weight)| weight).sum::<f32>() < 1.0 + 1e-6);
        assert!(choice.cosine > 0.95, "{}", choice.cosine);
    }

    #[test]
    fn a_mix_has_no_more_weights_than_a_bar_and_the_same_every_time() {
        let actions: Vec<Action> = Descriptor::ALL.iter().map(|descriptor| action(&[(*descriptor, 1.0)], 0.8)).collect();
        let wanted: Effect = Descriptor::ALL.into_iter().map(|descriptor| (descriptor, 1.0)).collect();
        let choice = choose(&wanted, &actions, 5).unwrap();
        assert_eq!(choice.weights.len(), 5);
        assert_eq!(choose(&wanted, &actions, 5).unwrap(), choice);
        assert_eq!(choose(&wanted, &actions, 1).unwrap().weights, [(0, 1.0)], "of equal actions the first");
    }

    #[test]
    fn side_effects_count_but_less_than_what_was_wished_for() {
        // The first does more of what was asked for, at some cost; the second does something else at least as much.
        let actions = [action(&[(Density, 1.0), (Bass, 0.8)], 0.9), action(&[(Density, 0.5), (Bass, 1.5)], 0.9)];
        assert_eq!(indices(&choose(&Effect::from([(Density, 1.0)]), &actions, 1).unwrap()), [0]);
        // An action that does the same without them is better still, and one with an opposite side effect takes it back.
        let clean = [actions[0].clone(), action(&[(Density, 1.0)], 0.9)];
        assert_eq!(indices(&choose(&Effect::from([(Density, 1.0)]), &clean, 1).unwrap()), [1]);
        let opposite = [actions[0].clone(), action(&[(Density, 1.0), (Bass, -0.8)], 0.9)];
        let choice = choose(&Effect::from([(Density, 1.0)]), &opposite, 2).unwrap();
        assert!(choice.expected[&Bass].abs() < 0.01, "{}", choice.expected[&Bass]);
    }

    #[test]
    fn actions_that_do_the_same_everywhere_are_trusted_more() {
        let actions = [action(&[(Density, 1.0)], 0.3), action(&[(Density, 1.0), (Bass, 0.4)], 0.9)];
        assert_eq!(choose(&Effect::from([(Density, 1.0)]), &actions, 2).unwrap().weights[0].0, 1);
        let hardly = [action(&[(Density, 0.02)], 0.9), action(&[(Density, 1.0), (Bass, 0.4)], 0.9)];
        assert_eq!(choose(&Effect::from([(Density, 1.0)]), &hardly, 2).unwrap().weights[0].0, 1);
    }

    #[test]
    fn actions_that_are_nearly_alike_share_the_weight_and_end_the_search() {
        let twins: Vec<Action> = (0..9).map(|n| action(&[(Density, 1.0 + 1e-6 * n as f32), (Bass, 0.1)], 1.0)).collect();
        let choice = choose(&Effect::from([(Density, 1.0)]), &twins, 5).unwrap();
        assert_eq!(choice.weights.len(), 1, "none adds what is worth a weight: {:?}", choice.weights);
        assert!(choice.cosine > 0.99);
    }

    #[test]
    fn alone_an_action_is_rated_by_cosine_times_consistency() {
        // So long that what is hardly heard does not matter.
        let actions = [action(&[(Density, 300.0), (Bass, 800.0)], 0.5)];
        let cosine = 3.0 / (3.0_f64 * 3.0 + 0.25 * 8.0 * 8.0).sqrt();
        let (_, rate) = ranked(&Effect::from([(Density, 1.0)]), &actions)[0];
        assert!((rate - 0.5 * cosine).abs() < 1e-6, "{rate}");
    }

    #[test]
    fn without_measures_or_a_way_there_one_sentence_tells_what_to_do() {
        let unmeasured = [Action { label: "a".into(), usage: 0.1, measured: None }];
        let wanted = Effect::from([(Density, 1.0)]);
        for (actions, words) in [(&unmeasured[..], "not been measured"), (&[action(&[(Density, -1.0)], 0.9)], "no action")] {
            let sentence = choose(&wanted, actions, 3).unwrap_err().to_string();
            assert!(sentence.contains(words) && sentence.contains("--action") && sentence.contains("--like"), "{sentence}");
        }
        let aimless = [action(&[(Density, 1.0)], 0.0)];
        assert_eq!(choose(&wanted, &aimless, 3), Err(ChoiceError::NoneThere));
    }
}
