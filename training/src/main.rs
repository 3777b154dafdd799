//! The training program: corpus, training, export, evaluation.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use turnaround_core::time::SampleRate;
use turnaround_training::corpus::score::style::Style;
use turnaround_training::corpus::{self, BuildOptions, DemoOptions};

/// Makes Turnaround's models.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Writes a corpus of arranged and rendered pieces with exact bars.
    Corpus {
        /// Folder to write.
        #[arg(long)]
        out: PathBuf,
        /// Hours of audio.
        #[arg(long, default_value_t = 8.0)]
        hours: f64,
        /// Seed of every piece.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// SoundFont file; else the one Debian's packages installed.
        #[arg(long)]
        soundfont: Option<PathBuf>,
        /// Threads; 0 for one per core.
        #[arg(long, default_value_t = 0)]
        threads: usize,
    },
    /// Renders a piano trio to a 24-bit stereo WAV and prints its grid as JSON.
    Demo {
        /// File to write.
        #[arg(long)]
        out: PathBuf,
        /// Bars.
        #[arg(long, default_value_t = 16)]
        bars: usize,
        /// Samples per second.
        #[arg(long, default_value_t = 48_000)]
        rate: u32,
        /// Quarter notes per minute.
        #[arg(long, default_value_t = 140.0)]
        tempo: f64,
        /// Seed of the piece.
        #[arg(long, default_value_t = 7)]
        seed: u64,
        /// SoundFont file; else the one Debian's packages installed.
        #[arg(long)]
        soundfont: Option<PathBuf>,
    },
    #[cfg(feature = "networks")]
    /// Trains every stage that has not finished in a run's folder.
    Train(turnaround_training::command::TrainArguments),
    #[cfg(feature = "networks")]
    /// Trains a beat tracker, or goes on with one that has not finished.
    TrainBeats(turnaround_training::beats::command::TrainArguments),
    #[cfg(feature = "export")]
    /// Writes a trained beat tracker: graph, manifest and card.
    ExportBeats(turnaround_training::beats::command::ExportArguments),
    #[cfg(feature = "export")]
    /// Measures a beat tracker on held-out recordings, beside others, and writes the result into its card.
    EvaluateBeats(turnaround_training::beats::command::EvaluateArguments),
    #[cfg(feature = "export")]
    /// Writes a run as a model set: graphs, manifest and card.
    Export(turnaround_training::command::ExportArguments),
    #[cfg(feature = "export")]
    /// Measures a set on held-out bars and writes the result into its card.
    Evaluate(turnaround_training::command::EvaluateArguments),
}

fn main() -> ExitCode {
    match run(Arguments::parse().verb) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("turnaround-training: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(verb: Verb) -> Result<()> {
    match verb {
        Verb::Corpus { out, hours, seed, soundfont, threads } => {
            let summary = corpus::build(&BuildOptions { out, hours, seed, soundfont, threads })?;
            println!("{}", serde_json::to_string_pretty(&summary.manifest)?);
            Ok(())
        }
        Verb::Demo { out, bars, rate, tempo, seed, soundfont } => {
            let options = DemoOptions {
                seed,
                bars,
                rate: SampleRate::new(rate)?,
                style: Style::MediumSwing,
                bpm: tempo,
                soundfont: soundfont.as_deref(),
            };
            let info = corpus::render_demo(&out, &options)?;
            let grid =
                serde_json::json!({ "tempo": info.tempo.bpm(), "metre": info.metre.to_string(), "offset": info.offset.get() });
            println!("{grid}");
            Ok(())
        }
        #[cfg(feature = "networks")]
        Verb::Train(arguments) => turnaround_training::command::train(&arguments),
        #[cfg(feature = "networks")]
        Verb::TrainBeats(arguments) => turnaround_training::beats::command::train(&arguments),
        #[cfg(feature = "export")]
        Verb::ExportBeats(arguments) => turnaround_training::beats::command::export(&arguments),
        #[cfg(feature = "export")]
        Verb::EvaluateBeats(arguments) => turnaround_training::beats::command::evaluate(&arguments),
        #[cfg(feature = "export")]
        Verb::Export(arguments) => turnaround_training::command::export(&arguments),
        #[cfg(feature = "export")]
        Verb::Evaluate(arguments) => turnaround_training::command::evaluate(&arguments),
    }
}
