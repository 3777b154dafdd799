//! The training program: corpus, training, export, evaluation.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};
use turnaround_core::time::{Metre, SampleRate, Seconds, Tempo};
use turnaround_training::corpus::own::Grid;
#[cfg(feature = "export")]
use turnaround_training::corpus::own::Tracker;
use turnaround_training::corpus::score::style::Style;
use turnaround_training::corpus::{self, BuildOptions, DemoOptions, Kind, OwnOptions};
use turnaround_training::quality::{self, Filter, LearnOptions};
use turnaround_training::soundfont;

/// Makes Turnaround's models.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Writes a corpus of arranged and rendered pieces with exact bars, or one of your own recordings.
    Corpus {
        /// Folder to write.
        #[arg(long)]
        out: PathBuf,
        #[command(flatten)]
        own: OwnArguments,
        /// Hours of audio.
        #[arg(long, default_value_t = 40.0)]
        hours: f64,
        /// Seed of every piece.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Folder of archives; else `../shared/corpora` where that is there, or the arranger alone.
        #[arg(long)]
        sources: Option<PathBuf>,
        /// Read copyleft sources too: the corpus, and weights trained on it, are of that kind then.
        #[arg(long)]
        copyleft: bool,
        /// Share of transcribed solos by time, where the archive is there.
        #[arg(long, default_value_t = corpus::build::SOLO_SHARE)]
        solo_share: f64,
        /// Share of pieces degraded as old recordings are.
        #[arg(long, default_value_t = corpus::build::DEGRADED_SHARE)]
        degraded_share: f64,
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
    /// Writes the part of a SoundFont that the arranger can ask for: it sounds the same, and travels more easily.
    Soundfont(SoundfontArguments),
    /// Names the archives that a corpus can be made of, one a line.
    Sources {
        /// Copyleft ones too.
        #[arg(long)]
        copyleft: bool,
        /// No archives of recorded notes.
        #[arg(long)]
        without_samples: bool,
    },
    /// Says which recordings of a folder are fit to learn from.
    Quality(QualityArguments),
    /// Learns the quality filter from a corpus, measures it, and writes it with its card.
    QualityTrain {
        /// Corpus folder.
        #[arg(long)]
        corpus: PathBuf,
        /// Folder to write.
        #[arg(long, default_value = "training/quality")]
        out: PathBuf,
        /// Seed of cuts and faults.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    #[cfg(feature = "networks")]
    /// Trains every stage that has not finished in a run's folder.
    Train(turnaround_training::command::TrainArguments),
    #[cfg(feature = "networks")]
    /// Trains tokenizers at equal compute and prints what each came to.
    Compare(turnaround_training::command::CompareArguments),
    #[cfg(feature = "networks")]
    /// Trains, at equal compute, what brings bars of any length to as many slots, and prints what each way came to.
    CompareBars(turnaround_training::command::CompareBarsArguments),
    #[cfg(feature = "networks")]
    /// Trains latent action models at equal compute and tells what each brings to held-out bars.
    CompareActions(turnaround_training::command::CompareActionsArguments),
    #[cfg(feature = "networks")]
    /// Trains ways to build the dynamics at equal compute and tells how near held-out bars come, and whether actions are heard.
    CompareDynamics(turnaround_training::command::CompareDynamicsArguments),
    #[cfg(feature = "networks")]
    /// Times training steps of the tokenizer on random frames, to set beside what PyTorch takes.
    Throughput(turnaround_training::command::ThroughputArguments),
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
    /// Makes a run start from the weights of a model set, without training anything yet.
    Start(turnaround_training::command::StartArguments),
    #[cfg(feature = "export")]
    /// Writes the graphs of a set anew, from the weights they hold, as this program writes them.
    Renew(turnaround_training::command::RenewArguments),
    #[cfg(feature = "export")]
    /// Writes a run as a model set: graphs, manifest and card.
    Export(turnaround_training::command::ExportArguments),
    #[cfg(feature = "export")]
    /// Measures a set on held-out bars and writes the result into its card.
    Evaluate(turnaround_training::command::EvaluateArguments),
    #[cfg(feature = "export")]
    /// Measures what each action of a set does, chooses and names its knobs, and writes its action table.
    Curate(turnaround_training::command::CurateArguments),
    #[cfg(feature = "export")]
    /// Edits held-out bars under several guidance weights and tells how they obey and how far from music they lie.
    CompareGuidance(turnaround_training::command::CompareGuidanceArguments),
    #[cfg(feature = "export")]
    /// Decodes held-out passages at several noise levels and tells how near to the originals and to music they come.
    CompareLevels(turnaround_training::command::CompareLevelsArguments),
    #[cfg(feature = "export")]
    /// Continues held-out recordings under several noise levels of the past and tells how they drift.
    CompareContinuations(turnaround_training::command::CompareContinuationsArguments),
}

/// A corpus of the user's own recordings.
#[derive(Args)]
struct OwnArguments {
    /// Folder of recordings to make the corpus from, instead of arranging and rendering.
    #[arg(long, conflicts_with_all = ["hours", "seed", "sources", "copyleft", "solo_share", "degraded_share", "soundfont", "threads"])]
    from: Option<PathBuf>,
    /// Quality filter; else the one that comes with the program.
    #[arg(long, requires = "from")]
    model: Option<PathBuf>,
    /// Folder of the beat tracker; else the first one found.
    #[cfg(feature = "export")]
    #[arg(long, requires = "from")]
    tracker: Option<PathBuf>,
    #[command(flatten)]
    grid: GridArguments,
}

/// Where bars are, if one grid fits every recording.
#[derive(Args)]
struct GridArguments {
    /// Quarter notes per minute of every recording that has no NAME.json beside it.
    #[arg(long, requires = "from")]
    tempo: Option<f64>,
    /// Where bar 1 starts, in seconds.
    #[arg(long, default_value_t = 0.0, requires = "tempo", allow_negative_numbers = true)]
    offset: f64,
    /// Metre.
    #[arg(long, default_value = "4/4", requires = "tempo")]
    metre: Metre,
}

#[derive(Args)]
struct SoundfontArguments {
    /// File to write.
    #[arg(long)]
    out: PathBuf,
    /// SoundFont to read, or one that was packed; else the one Debian's packages installed.
    #[arg(long)]
    soundfont: Option<PathBuf>,
    /// Packs the samples without loss to under half their size. Only this verb reads such a file; called with it, it writes a plain one.
    #[arg(long)]
    pack: bool,
}

#[derive(Args)]
struct QualityArguments {
    /// Folder of recordings; folders inside it are looked into.
    folder: PathBuf,
    /// Quality filter; else the one that comes with the program.
    #[arg(long)]
    model: Option<PathBuf>,
    /// Prints the verdicts as JSON.
    #[arg(long)]
    json: bool,
    /// Picture of probability over time to write.
    #[arg(long, default_value = "quality.png")]
    plot: PathBuf,
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

/// Where archives are looked for unless a folder is named.
fn default_sources() -> Option<PathBuf> {
    let folder = PathBuf::from("../shared/corpora");
    folder.is_dir().then_some(folder)
}

fn run(verb: Verb) -> Result<()> {
    match verb {
        Verb::Corpus { out, own, hours, seed, sources, copyleft, solo_share, degraded_share, soundfont, threads } => {
            if let Some(from) = &own.from {
                return own_corpus(from.clone(), out, &own);
            }
            let kind = if copyleft { Kind::Copyleft } else { Kind::Permissive };
            let sources = sources.or_else(default_sources);
            match &sources {
                Some(folder) => corpus::sources::absent(folder, kind).iter().for_each(|sentence| eprintln!("{sentence}")),
                None => eprintln!("No folder of archives: the arranger plays alone (--sources names one)."),
            }
            let options = BuildOptions { out, hours, seed, soundfont, sources, kind, solo_share, degraded_share, threads };
            let summary = corpus::build(&options)?;
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
        Verb::Soundfont(arguments) => small_soundfont(&arguments),
        Verb::Sources { copyleft, without_samples } => {
            let kind = if copyleft { Kind::Copyleft } else { Kind::Permissive };
            let mut files = corpus::sources::files(kind);
            files.retain(|file| !(without_samples && corpus::sources::is_recorded(file)));
            files.iter().for_each(|file| println!("{file}"));
            Ok(())
        }
        Verb::Quality(arguments) => quality(&arguments),
        Verb::QualityTrain { corpus, out, seed } => {
            let figures = turnaround_training::quality::learn(&LearnOptions { corpus, out, seed })?;
            println!("{}", serde_json::to_string_pretty(&figures)?);
            Ok(())
        }
        #[cfg(feature = "networks")]
        Verb::Train(arguments) => turnaround_training::command::train(&arguments),
        #[cfg(feature = "networks")]
        Verb::Compare(arguments) => turnaround_training::command::compare(&arguments),
        #[cfg(feature = "networks")]
        Verb::CompareBars(arguments) => turnaround_training::command::compare_bars(&arguments),
        #[cfg(feature = "networks")]
        Verb::CompareActions(arguments) => turnaround_training::command::compare_actions(&arguments),
        #[cfg(feature = "networks")]
        Verb::CompareDynamics(arguments) => turnaround_training::command::compare_dynamics(&arguments),
        #[cfg(feature = "networks")]
        Verb::Throughput(arguments) => turnaround_training::command::throughput(&arguments),
        #[cfg(feature = "networks")]
        Verb::TrainBeats(arguments) => turnaround_training::beats::command::train(&arguments),
        #[cfg(feature = "export")]
        Verb::ExportBeats(arguments) => turnaround_training::beats::command::export(&arguments),
        #[cfg(feature = "export")]
        Verb::EvaluateBeats(arguments) => turnaround_training::beats::command::evaluate(&arguments),
        #[cfg(feature = "export")]
        Verb::Start(arguments) => turnaround_training::command::start(&arguments),
        #[cfg(feature = "export")]
        Verb::Renew(arguments) => turnaround_training::command::renew(&arguments),
        #[cfg(feature = "export")]
        Verb::Export(arguments) => turnaround_training::command::export(&arguments),
        #[cfg(feature = "export")]
        Verb::Evaluate(arguments) => turnaround_training::command::evaluate(&arguments),
        #[cfg(feature = "export")]
        Verb::Curate(arguments) => turnaround_training::command::curate(&arguments),
        #[cfg(feature = "export")]
        Verb::CompareGuidance(arguments) => turnaround_training::command::compare_guidance(&arguments),
        #[cfg(feature = "export")]
        Verb::CompareLevels(arguments) => turnaround_training::command::compare_levels(&arguments),
        #[cfg(feature = "export")]
        Verb::CompareContinuations(arguments) => turnaround_training::command::compare_continuations(&arguments),
    }
}

/// Writes a small SoundFont and says what is in it.
fn small_soundfont(arguments: &SoundfontArguments) -> Result<()> {
    let from = match &arguments.soundfont {
        Some(path) => path.clone(),
        None => corpus::render::find_soundfont(&corpus::render::DEBIAN_SOUNDFONTS)?,
    };
    let written = soundfont::write(&from, &arguments.out, arguments.pack)?;
    for ((bank, programme), name) in &written.presets {
        println!("{bank:>3} {programme:>3} {name}");
    }
    let megabytes = written.bytes.map(|bytes| bytes as f64 / 1e6);
    let [instruments, samples] = written.counts;
    println!("{instruments} instruments, {samples} samples; {:.1} MB of {:.1}", megabytes[0], megabytes[1]);
    Ok(())
}

/// The filter in a file, or the one that comes with the program.
fn filter(model: Option<&Path>) -> Result<Filter> {
    model.map_or_else(|| Ok(Filter::built_in()), Filter::open)
}

fn quality(arguments: &QualityArguments) -> Result<()> {
    let rows = quality::judge(&arguments.folder, &filter(arguments.model.as_deref())?)?;
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&rows)?);
    } else {
        print!("{}", quality::table(&rows));
    }
    quality::draw(&arguments.plot, &rows)
}

/// Builds a corpus of the user's own recordings and says what became of each.
fn own_corpus(from: PathBuf, out: PathBuf, arguments: &OwnArguments) -> Result<()> {
    let GridArguments { tempo, offset, metre } = arguments.grid;
    let tempo = tempo.map(Tempo::new).transpose()?;
    let grid = tempo.map(|tempo| Grid { tempo, offset: Seconds::new(offset), metre });
    let filter = filter(arguments.model.as_deref())?;
    // Without the engine nothing runs a tracker, and without a tracker grids are given: each recording says so if it has none.
    #[cfg(feature = "export")]
    let tracker = match (turnaround_training::beats::heard::tracker(arguments.tracker.as_deref()), &arguments.tracker) {
        (Ok(tracker), _) => Some(tracker),
        (Err(error), Some(_)) => return Err(error),
        (Err(error), None) => {
            eprintln!("{error:#}");
            None
        }
    };
    #[cfg(feature = "export")]
    let tracker = tracker.as_ref().map(|tracker| tracker as Tracker<'_>);
    #[cfg(not(feature = "export"))]
    let tracker = None;
    let summary = corpus::build_from(&OwnOptions { from, out, filter: &filter, grid, tracker })?;
    for outcome in &summary.outcomes {
        match &outcome.reason {
            None => eprintln!("{}: {} bars, {:.0} s", outcome.file, outcome.bars, outcome.seconds),
            Some(reason) => eprintln!("{}: left out: {reason}", outcome.file),
        }
    }
    println!("{}", serde_json::to_string_pretty(&summary.manifest)?);
    Ok(())
}
