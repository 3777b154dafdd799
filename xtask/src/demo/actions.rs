//! Which two actions the demo plays.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::process::output;
use crate::workspace;

/// An action of the model set.
#[derive(Clone, Debug, PartialEq)]
pub struct Action {
    /// Its place in the set's table; what `--action` takes.
    pub index: usize,
    /// What the musician reads.
    pub label: String,
    /// Share of the training bars it was heard in.
    pub usage: f64,
}

impl Action {
    /// Number and label, without saying the number twice.
    pub fn title(&self) -> String {
        let number = self.index.to_string();
        if self.label.contains(&number) { self.label.clone() } else { format!("action {number}, {}", self.label) }
    }
}

/// What `turnaround info --json` tells, as far as it is needed here.
#[derive(Deserialize)]
struct Info {
    model_set: Set,
}

#[derive(Deserialize)]
struct Set {
    actions: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    label: String,
    usage: f64,
}

/// The two actions heard in most training bars. Fails when the model set cannot be loaded or has fewer than two.
pub fn two_well_used(turnaround: &Path) -> Result<[Action; 2]> {
    let info = output(Command::new(turnaround).args(["info", "--json"]).current_dir(workspace::root()))?;
    let info: Info = serde_json::from_str(&info).context("turnaround info --json is not as expected")?;
    choose(info.model_set.actions)
}

fn choose(table: Vec<Entry>) -> Result<[Action; 2]> {
    let mut actions: Vec<Action> =
        table.into_iter().enumerate().map(|(index, Entry { label, usage })| Action { index, label, usage }).collect();
    ensure!(actions.len() >= 2, "the model set has fewer than two actions");
    actions.sort_by(|a, b| b.usage.total_cmp(&a.usage));
    Ok([actions[0].clone(), actions[1].clone()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_actions_heard_most_are_chosen() {
        let entry = |usage| Entry { label: "x".to_owned(), usage };
        let chosen = choose(vec![entry(0.1), entry(0.4), entry(0.0), entry(0.3)]).unwrap();
        assert_eq!(chosen.map(|action| action.index), [1, 3]);
        assert!(choose(vec![entry(1.0)]).is_err());
    }

    #[test]
    fn a_number_in_the_label_is_not_said_twice() {
        let action = |label: &str| Action { index: 12, label: label.to_owned(), usage: 0.5 };
        assert_eq!(action("Action 12").title(), "Action 12");
        assert_eq!(action("busier").title(), "action 12, busier");
    }
}
