//! The command line: one verb a file, each a thin coat over one call of the engine.
//!
//! Exit codes: 0 done, 2 for anything the user can mend (one sentence on the error stream says what), 1 for a fault of our own.

mod actions;
mod args;
mod bench;
mod info;
mod output;
mod regenerate;
mod roundtrip;

use std::process::ExitCode;

use clap::Parser;

use args::{Arguments, Verb};
use output::Failure;

fn main() -> ExitCode {
    let result = match Arguments::parse().verb {
        Verb::Info(arguments) => info::run(&arguments),
        Verb::Regenerate(arguments) => regenerate::run(&arguments),
        Verb::Roundtrip(arguments) => roundtrip::run(&arguments),
        Verb::Actions(arguments) => actions::run(&arguments),
        Verb::Bench(arguments) => bench::run(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure { sentence, code }) => {
            eprintln!("error: {sentence}");
            ExitCode::from(code)
        }
    }
}
