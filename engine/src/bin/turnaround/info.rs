//! `turnaround info`: which set, which runtime, which players, which actions.

use serde::Serialize;
use turnaround_core::contract::{Action, MeasuredAction, Sizes, TrainingSummary};
use turnaround_core::instruments::{Instrument, listed};
use turnaround_engine::model_set::places;
use turnaround_engine::report::{TOLD_CHANGES, in_words};
use turnaround_engine::runtime::RuntimeReport;

use crate::args::Info;
use crate::manner::changes;
use crate::output::{Failure, open, prints_json, say, write_json};

#[derive(Serialize)]
struct Account<'a> {
    version: &'static str,
    model_set: Set<'a>,
    looked_in: Vec<Looked>,
    runtime: &'a RuntimeReport,
}

#[derive(Serialize)]
struct Set<'a> {
    name: &'a str,
    version: &'a str,
    folder: String,
    bytes: u64,
    sizes: &'a Sizes,
    /// Left out for a set that knows none.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    instruments: &'a [Instrument],
    actions: Vec<Knob<'a>>,
    training: &'a TrainingSummary,
}

/// An action as the manifest has it, with the greatest of its changes in words where they were measured.
#[derive(Serialize)]
struct Knob<'a> {
    #[serde(flatten)]
    action: &'a Action,
    #[serde(skip_serializing_if = "Option::is_none")]
    changes: Option<Vec<&'static str>>,
}

impl<'a> Knob<'a> {
    fn new(action: &'a Action) -> Self {
        let words =
            |measured: &MeasuredAction| in_words(&measured.effect, TOLD_CHANGES).into_iter().map(|(word, _)| word).collect();
        Knob { action, changes: action.measured.as_ref().map(words) }
    }
}

#[derive(Serialize)]
struct Looked {
    reason: String,
    folder: String,
    holds_set: bool,
}

pub fn run(arguments: &Info) -> Result<(), Failure> {
    let engine = open(&arguments.networks)?;
    let set = engine.set();
    let manifest = set.manifest();
    let looked_in = places(arguments.networks.models.as_deref()).into_iter().map(|place| Looked {
        reason: place.reason,
        folder: place.folder.display().to_string(),
        holds_set: place.holds_set,
    });
    let account = Account {
        version: env!("CARGO_PKG_VERSION"),
        model_set: Set {
            name: &manifest.name,
            version: &manifest.version,
            folder: set.folder().display().to_string(),
            bytes: manifest.graphs.values().map(|graph| graph.bytes).sum(),
            sizes: &manifest.sizes,
            instruments: &manifest.instruments,
            actions: manifest.actions.iter().map(Knob::new).collect(),
            training: &manifest.training,
        },
        looked_in: looked_in.collect(),
        runtime: set.runtime(),
    };
    if !prints_json(arguments.json.as_deref()) {
        print(&account);
    }
    write_json(arguments.json.as_deref(), &account)
}

fn print(account: &Account<'_>) {
    let set = &account.model_set;
    say!("turnaround {}", account.version);
    say!("model set  {} {}, {:.1} MB, {}", set.name, set.version, set.bytes as f64 / 1e6, set.folder);
    say!("looked in  {}", account.looked_in.iter().map(|place| place.reason.as_str()).collect::<Vec<_>>().join(", then "));
    let training = set.training;
    say!("trained    {} on {} ({:.1} h, {} bars)", training.preset, training.data, training.corpus_hours, training.training_bars);
    let runtime = account.runtime;
    let library = runtime.library.as_deref().unwrap_or("compiled in");
    say!("runtime    {} ({library})", runtime.in_words());
    for note in &runtime.notes {
        say!("           {note}");
    }
    let instruments = if set.instruments.is_empty() { "none known".to_owned() } else { listed(set.instruments) };
    say!("players    {instruments}");
    say!("actions    {}", set.actions.len());
    for (index, Knob { action, .. }) in set.actions.iter().enumerate() {
        let measured = action.measured.as_ref().filter(|measured| measured.is_shortlisted).map_or_else(String::new, told);
        say!("  {index:>4}  {:>5.1} % of bars  {}{measured}", 100.0 * action.usage, action.label);
    }
}

/// What a shortlisted action does, in standard deviations of real bars, and how much alike from bar to bar, 0 to 1.
fn told(measured: &MeasuredAction) -> String {
    format!(": {}; consistency {:.2}", changes(&in_words(&measured.effect, TOLD_CHANGES)), measured.consistency)
}
