//! `turnaround bench`: the time one bar takes, at one and two threads unless a number is given.

use serde::Serialize;
use turnaround_engine::bench::{BenchError, Measurement, measure};
use turnaround_engine::runtime::Options;

use crate::args::Bench;
use crate::output::{Failure, prints_json, say, write_json};

#[derive(Serialize)]
struct Account {
    runs: Vec<Measurement>,
}

pub fn run(arguments: &Bench) -> Result<(), Failure> {
    let threads = arguments.networks.running.threads.map_or_else(|| vec![1, 2], |threads| vec![usize::from(threads)]);
    let is_quiet = prints_json(arguments.json.as_deref());
    let mut runs = Vec::new();
    for threads in threads {
        let options = Options { threads, ..arguments.networks.running.options() };
        let models = arguments.networks.models.as_deref();
        let measurement = measure(models, &options, arguments.quality.into(), arguments.song_bars.into()).map_err(failure)?;
        if !is_quiet {
            print(&measurement);
        }
        runs.push(measurement);
    }
    write_json(arguments.json.as_deref(), &Account { runs })
}

fn failure(error: BenchError) -> Failure {
    match error {
        BenchError::Open(error) => error.into(),
        BenchError::Engine(error) => error.into(),
        other => Failure::mendable(other),
    }
}

fn print(run: &Measurement) {
    let Measurement { runtime, provider, threads, quality, song_bars, .. } = run;
    say!("{runtime}, {provider}, threads: {threads}, quality {quality}, a song of {song_bars} bars");
    say!("  {:.3} s for a bar of {:.3} s: {:.1} times real time", run.regenerate_s, run.bar_s, run.times_real_time);
    say!("  {:.3} s once more, with another seed", run.again_s);
    say!("  {:.2} GFLOP, {:.1} of at most {:.1} GFLOP/s", run.gflop, run.achieved_gflops, run.roofline_gflops);
    for (stage, seconds) in &run.stages {
        say!("  {stage:<10} {:>8.1} ms", 1e3 * seconds);
    }
    for network in &run.networks {
        say!(
            "  {:<18} {:>3} calls {:>8.1} ms {:>7.1} GFLOP/s",
            network.graph,
            network.calls,
            1e3 * network.seconds,
            network.gflops
        );
    }
}
