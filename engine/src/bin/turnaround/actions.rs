//! `turnaround actions`: what the networks hear in every bar.

use serde::Serialize;
use turnaround_engine::report::{PlayerReport, WeightReport, labelled, named};

use crate::account::players;
use crate::args::Actions;
use crate::grid;
use crate::output::{Failure, check_paths, open, prints_json, read, say, with_progress, write_json};

#[derive(Serialize)]
struct Account {
    bars: Vec<Bar>,
}

#[derive(Serialize)]
struct Bar {
    bar: i64,
    start_s: f64,
    end_s: f64,
    actions: Vec<WeightReport>,
    /// Left out for a set that knows no instruments.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    players: Vec<PlayerReport>,
}

pub fn run(arguments: &Actions) -> Result<(), Failure> {
    check_paths(&arguments.input, None, arguments.json.as_deref())?;
    let file = read(&arguments.input)?;
    let engine = open(&arguments.networks)?;
    let map = grid::of(&arguments.grid, &arguments.networks.running, &file, prints_json(arguments.json.as_deref()))?;
    let heard = with_progress("listening", |control| engine.infer_actions(file.audio(), &map, None, control))?;
    let bars = heard.into_iter().map(|heard| Bar {
        bar: heard.bar.number.get(),
        start_s: heard.bar.start.get(),
        end_s: heard.bar.end.get(),
        actions: labelled(&heard.weights, engine.set().manifest()),
        players: named(heard.players),
    });
    let account = Account { bars: bars.collect() };
    if !prints_json(arguments.json.as_deref()) {
        for bar in &account.bars {
            let weights = bar.actions.iter().map(|action| format!("{} {:.2}", action.label, action.weight));
            let by = if bar.players.is_empty() { String::new() } else { format!("; by {}", players(&bar.players)) };
            say!("bar {:>4}  {:>8.3} s  {}{by}", bar.bar, bar.start_s, weights.collect::<Vec<_>>().join(", "));
        }
    }
    write_json(arguments.json.as_deref(), &account)
}
