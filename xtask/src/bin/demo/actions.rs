//! Which two actions the demo plays: two that were heard in the very music, as unlike as they come.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::edit::is_made;
use super::trio::Trio;
use xtask::process::output;
use xtask::workspace;

/// A mix of the set's actions, as it was heard in a bar.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Action {
    /// The bar it was heard in.
    pub bar: i64,
    /// What it is mixed of.
    #[serde(rename = "actions")]
    pub weights: Vec<Weight>,
}

/// A part of the mix.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Weight {
    /// Place in the set's table; what `--action` takes.
    pub index: usize,
    /// What the musician reads.
    pub label: String,
    /// Its share.
    pub weight: f64,
}

/// What `turnaround actions --json` tells.
#[derive(Deserialize)]
struct Heard {
    bars: Vec<Action>,
}

/// Parts of the mix that the page names.
const NAMED: usize = 3;

impl Action {
    /// The largest parts of the mix, in words.
    pub fn title(&self) -> String {
        let mut weights: Vec<&Weight> = self.weights.iter().collect();
        weights.sort_by(|a, b| b.weight.total_cmp(&a.weight));
        let named = weights.iter().take(NAMED).map(|weight| format!("{} {:.0} %", weight.label, 100.0 * weight.weight));
        let rest = if weights.len() > NAMED { ", …" } else { "" };
        format!("the action heard in bar {}: {}{rest}", self.bar, named.collect::<Vec<_>>().join(", "))
    }

    /// The mix as the command line takes it.
    pub fn flags(&self) -> impl Iterator<Item = String> {
        self.weights.iter().flat_map(|weight| ["--action".to_owned(), format!("{}={:.3}", weight.index, weight.weight)])
    }

    /// Sum of the differences of all weights: 0 for the same mix, 2 for two that share nothing.
    fn distance(&self, other: &Action) -> f64 {
        let mut differences = BTreeMap::new();
        for (weights, sign) in [(&self.weights, 1.0), (&other.weights, -1.0)] {
            for weight in weights {
                *differences.entry(weight.index).or_insert(0.0) += sign * weight.weight;
            }
        }
        differences.values().copied().map(f64::abs).sum()
    }
}

/// The most usual action of the bars that are kept, and the one furthest from it. Fails when the command line does, or hears fewer than
/// two bars.
pub fn usual_and_unusual(turnaround: &Path, trio: &Trio) -> Result<[Action; 2]> {
    let mut command = Command::new(turnaround);
    command.current_dir(workspace::root()).arg("actions").arg(&trio.wav).args(trio.grid.flags()).arg("--json");
    let heard: Heard = serde_json::from_str(&output(&mut command)?).context("turnaround actions --json is not as expected")?;
    choose(heard.bars.into_iter().filter(|action| !is_made(action.bar)).collect())
}

fn choose(heard: Vec<Action>) -> Result<[Action; 2]> {
    ensure!(heard.len() >= 2, "fewer than two bars are kept: there are no two actions to choose");
    let strangeness = |action: &Action| heard.iter().map(|other| action.distance(other)).sum::<f64>();
    let usual = heard.iter().min_by(|a, b| strangeness(a).total_cmp(&strangeness(b))).context("no bar was heard")?;
    let furthest = heard.iter().max_by(|a, b| usual.distance(a).total_cmp(&usual.distance(b)));
    let unusual = furthest.context("no bar was heard")?;
    Ok([usual.clone(), unusual.clone()])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn action(bar: i64, weights: &[(usize, f64)]) -> Action {
        let weight = |&(index, weight): &(usize, f64)| Weight { index, label: format!("action {index}"), weight };
        Action { bar, weights: weights.iter().map(weight).collect() }
    }

    #[test]
    fn the_usual_action_and_the_one_furthest_from_it_are_chosen() {
        let heard = vec![
            action(1, &[(3, 0.5), (4, 0.5)]),
            action(2, &[(3, 0.6), (4, 0.4)]),
            action(3, &[(3, 0.7), (4, 0.3)]),
            action(4, &[(9, 1.0)]),
        ];
        assert_eq!(choose(heard).unwrap().map(|action| action.bar), [2, 4]);
        assert!(choose(vec![action(1, &[(0, 1.0)])]).is_err());
    }

    #[test]
    fn actions_that_share_nothing_are_two_apart() {
        let [a, b] = [action(1, &[(1, 0.5), (2, 0.5)]), action(2, &[(3, 1.0)])];
        assert_eq!(a.distance(&b), 2.0);
        assert_eq!(a.distance(&a), 0.0);
    }

    #[test]
    fn a_title_names_the_largest_parts_first() {
        let action = action(10, &[(27, 0.1), (58, 0.35), (42, 0.25), (34, 0.2), (16, 0.1)]);
        assert_eq!(action.title(), "the action heard in bar 10: action 58 35 %, action 42 25 %, action 34 20 %, …");
        assert_eq!(action.flags().take(4).collect::<Vec<_>>().join(" "), "--action 27=0.100 --action 58=0.350");
    }
}
