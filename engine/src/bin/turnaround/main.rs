//! The command line: one kind of verb a file, each a thin coat over one call of the engine.
//!
//! Exit codes: 0 done, 2 for anything the user can mend (one sentence on the error stream says what), 1 for a fault of our own.

mod account;
mod actions;
mod added;
mod args;
mod bars_only;
mod beats;
mod bench;
mod grid;
mod info;
mod manner;
mod output;
mod recording;
mod regenerate;
mod roundtrip;
mod vary;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};

use args::{Arguments, Verb};
use output::Failure;

fn main() -> ExitCode {
    let arguments = Arguments::command().try_get_matches().and_then(|matches| Arguments::from_arg_matches(&matches));
    let result = match arguments {
        Ok(Arguments { verb }) => run(&verb),
        // Help and version come this way too, and succeed.
        Err(error) if !error.use_stderr() => error.exit(),
        Err(error) => Err(Failure::mendable(sentence(&error.to_string()))),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure { sentence, code }) => {
            eprintln!("error: {sentence}");
            ExitCode::from(code)
        }
    }
}

fn run(verb: &Verb) -> Result<(), Failure> {
    match verb {
        Verb::Info(arguments) => info::run(arguments),
        Verb::Regenerate(arguments) => regenerate::run(arguments),
        Verb::Continue(arguments) => added::run_continue(arguments),
        Verb::Fill(arguments) => added::run_fill(arguments),
        Verb::Vary(arguments) => vary::run(arguments),
        Verb::Roundtrip(arguments) => roundtrip::run(arguments),
        Verb::Actions(arguments) => actions::run(arguments),
        Verb::Beats(arguments) => beats::run(arguments),
        Verb::Bench(arguments) => bench::run(arguments),
    }
}

/// The first paragraph of a parser's message, on one line: what follows is usage that `--help` tells better.
fn sentence(message: &str) -> String {
    let paragraph = message.split("\n\n").next().unwrap_or(message);
    let words: Vec<&str> = paragraph.trim_start_matches("error:").split_whitespace().collect();
    format!("{} (see --help)", words.join(" "))
}
