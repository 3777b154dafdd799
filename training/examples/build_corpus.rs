//! How is a corpus made? `cargo run --release --example build_corpus -- FOLDER HOURS SEED THREADS [SOUNDFONT]`

use std::path::PathBuf;

use anyhow::{Context, Result};
use turnaround_training::corpus::{self, BuildOptions};

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut next = |name: &str| arguments.next().with_context(|| format!("missing argument: {name}"));
    let options = BuildOptions {
        out: PathBuf::from(next("FOLDER")?),
        hours: next("HOURS")?.parse().context("HOURS is a number")?,
        seed: next("SEED")?.parse().context("SEED is a whole number")?,
        threads: next("THREADS")?.parse().context("THREADS is a whole number")?,
        soundfont: next("SOUNDFONT").ok().map(PathBuf::from),
    };
    let summary = corpus::build(&options)?;
    let [train, validation, test] = summary.units_by_split;
    println!("{}", serde_json::to_string_pretty(&summary.manifest)?);
    println!("units: {train} train, {validation} validation, {test} test");
    Ok(())
}
