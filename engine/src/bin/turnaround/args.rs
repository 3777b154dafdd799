//! What can be said on the command line.

mod making;
mod values;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use turnaround_core::bars::BarNumber;
use turnaround_core::beats::track::{Octave, Wishes};
use turnaround_core::tempo_map::TempoMap;
use turnaround_core::time::{Metre, Seconds, Tempo};
use turnaround_engine::bench::BARS;
use turnaround_engine::roundtrip::Turn;
use turnaround_engine::runtime::{DEFAULT_THREADS, Options, Provider, RuntimeChoice};

pub use making::{Files, Manner, QualityName, Sound};
pub use values::{Bars, Between, Like, Weight};
use values::{bar_number, bars, between, count, metre, number, offset, tempo};

/// Regenerates chosen bars of a recording and leaves every other sample as it is.
#[derive(Parser)]
#[command(name = "turnaround", version, about, max_term_width = 110)]
pub struct Arguments {
    #[command(subcommand)]
    pub verb: Verb,
}

#[derive(Subcommand)]
pub enum Verb {
    /// Tell which model set and which runtime are used, and what the set can do.
    Info(Info),
    /// Make some bars anew.
    Regenerate(Regenerate),
    /// Make bars that go on from the last one.
    Continue(Continue),
    /// Make bars between two others.
    Fill(Fill),
    /// Make variations of some bars.
    Vary(Vary),
    /// Encode and decode only, to hear what the networks keep.
    Roundtrip(Roundtrip),
    /// Tell the actions heard in every bar.
    Actions(Actions),
    /// Find the beats and bars of a recording.
    Beats(Beats),
    /// Measure the time one bar takes, stage by stage.
    Bench(Bench),
}

/// Where the networks come from and what runs them.
#[derive(Args)]
pub struct Networks {
    /// Folder of the model set [default: TURNAROUND_MODELS, beside the program, or the workspace's models/small].
    #[arg(long, value_name = "DIR")]
    pub models: Option<PathBuf>,
    #[command(flatten)]
    pub running: Running,
}

/// What runs networks.
#[derive(Args)]
pub struct Running {
    /// What the networks run on.
    #[arg(long, value_enum, default_value_t = ProviderName::Auto)]
    pub provider: ProviderName,
    /// Which library runs them.
    #[arg(long, value_enum, default_value_t = RuntimeName::Auto)]
    pub runtime: RuntimeName,
    /// Threads one network call may use [default: 1, the fastest for small sets].
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub threads: Option<u16>,
}

impl Running {
    pub fn options(&self) -> Options {
        Options {
            runtime: self.runtime.into(),
            provider: self.provider.into(),
            threads: self.threads.map_or(DEFAULT_THREADS, usize::from),
            beside: Vec::new(),
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
pub enum ProviderName {
    Auto,
    Cpu,
    Cuda,
}

impl From<ProviderName> for Provider {
    fn from(name: ProviderName) -> Self {
        match name {
            ProviderName::Auto => Provider::Auto,
            ProviderName::Cpu => Provider::Cpu,
            ProviderName::Cuda => Provider::Cuda,
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
pub enum RuntimeName {
    Auto,
    Onnxruntime,
    Embedded,
}

impl From<RuntimeName> for RuntimeChoice {
    fn from(name: RuntimeName) -> Self {
        match name {
            RuntimeName::Auto => RuntimeChoice::Auto,
            RuntimeName::Onnxruntime => RuntimeChoice::OnnxRuntime,
            RuntimeName::Embedded => RuntimeChoice::Embedded,
        }
    }
}

/// The bar grid: given, or tracked where the tempo is left out.
#[derive(Args)]
pub struct Grid {
    /// Quarter notes per minute. Left out, beats are tracked.
    #[arg(long, value_name = "BPM", value_parser = tempo, requires = "meter")]
    pub tempo: Option<Tempo>,
    /// Metre, for instance 4/4 or 7/8. Needed with --tempo; without, the tracker counts in this metre instead of guessing one.
    #[arg(long, value_name = "N/D", alias = "metre", value_parser = metre)]
    pub meter: Option<Metre>,
    /// Where bar 1 starts, in seconds [default: 0].
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true, value_parser = offset, requires = "tempo")]
    pub offset: Option<Seconds>,
    #[command(flatten)]
    pub tracking: Tracking,
}

impl Grid {
    /// The grid as given; nothing where it is to be tracked.
    pub fn given(&self) -> Option<TempoMap> {
        Some(TempoMap::constant(self.tempo?, self.meter?, self.offset.unwrap_or(Seconds::ZERO)))
    }
}

/// The beat tracker, and what its listener knows better.
#[derive(Args)]
pub struct Tracking {
    /// Beats are twice as fast as tracked.
    #[arg(long, conflicts_with = "halve")]
    pub double: bool,
    /// Beats are half as fast as tracked.
    #[arg(long)]
    pub halve: bool,
    /// Bars begin so many beats later than tracked; negative for earlier.
    #[arg(long, value_name = "BEATS", default_value_t = 0, allow_negative_numbers = true)]
    pub downbeat_shift: i32,
    /// Folder of the beat tracker [default: TURNAROUND_TRACKER, beside the program, or the workspace's models/beats].
    #[arg(long, value_name = "DIR")]
    pub tracker: Option<PathBuf>,
}

impl Tracking {
    /// Whether tracked beats are corrected, which makes no sense where none are tracked.
    pub fn corrects(&self) -> bool {
        self.double || self.halve || self.downbeat_shift != 0
    }

    pub fn wishes(&self, metre: Option<Metre>) -> Wishes {
        let octave = match (self.double, self.halve) {
            (true, _) => Octave::Double,
            (_, true) => Octave::Halve,
            _ => Octave::Heard,
        };
        Wishes { metre, octave, downbeat_shift: self.downbeat_shift }
    }
}

#[derive(Args)]
pub struct Info {
    #[command(flatten)]
    pub networks: Networks,
    /// Print JSON, or write it to a file.
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "-")]
    pub json: Option<PathBuf>,
}

#[derive(Args)]
pub struct Regenerate {
    #[command(flatten)]
    pub files: Files,
    #[command(flatten)]
    pub grid: Grid,
    /// Bars to make, counted from 1, for instance 5-8,11.
    #[arg(long, value_name = "A-B[,C-D]", value_parser = bars)]
    pub bars: Bars,
    #[command(flatten)]
    pub manner: Manner,
    /// How far from the dry bar to begin: 1 forgets it, 0.5 varies it, 0 keeps it.
    #[arg(long, default_value_t = 1.0, allow_negative_numbers = true, value_parser = number)]
    pub strength: f32,
    #[command(flatten)]
    pub sound: Sound,
    /// Also write each run of new bars, fades included, as a broadcast WAV that carries its place in the input; hosts lay it there with
    /// "insert at original time". 24-bit, or float where the input is.
    #[arg(long, value_name = "DIR")]
    pub bars_only: Option<PathBuf>,
    #[command(flatten)]
    pub networks: Networks,
}

#[derive(Args)]
pub struct Continue {
    #[command(flatten)]
    pub files: Files,
    #[command(flatten)]
    pub grid: Grid,
    /// How many bars to make. They have the tempo and metre of the bar before them.
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = count)]
    pub count: u16,
    /// The bar to go on from; what comes after it in the input is left out [default: the last whole bar].
    #[arg(long, value_name = "BAR", value_parser = bar_number)]
    pub after: Option<BarNumber>,
    #[command(flatten)]
    pub manner: Manner,
    #[command(flatten)]
    pub sound: Sound,
    #[command(flatten)]
    pub networks: Networks,
}

#[derive(Args)]
pub struct Fill {
    #[command(flatten)]
    pub files: Files,
    #[command(flatten)]
    pub grid: Grid,
    /// The bar before the new ones and the bar after them, for instance 8,9. Bars between the two are replaced by the new ones.
    #[arg(long, value_name = "A,B", value_parser = between)]
    pub between: Between,
    /// How many bars to make. They have the tempo and metre of bar A; bar B and all after it are moved and keep their own.
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = count)]
    pub count: u16,
    #[command(flatten)]
    pub manner: Manner,
    #[command(flatten)]
    pub sound: Sound,
    #[command(flatten)]
    pub networks: Networks,
}

#[derive(Args)]
pub struct Vary {
    #[command(flatten)]
    pub files: Files,
    #[command(flatten)]
    pub grid: Grid,
    /// Bars to vary, counted from 1, for instance 5-8,11. Each keeps the action heard in it.
    #[arg(long, value_name = "A-B[,C-D]", value_parser = bars)]
    pub bars: Bars,
    /// How far from the dry bar to begin: 0 keeps it, 1 forgets all but its action.
    #[arg(long, default_value_t = 0.6, allow_negative_numbers = true, value_parser = number)]
    pub strength: f32,
    /// Write so many variations, OUT-1.wav and so on, the first with --seed, each other with the next seed.
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u16).range(1..=100))]
    pub takes: Option<u16>,
    #[command(flatten)]
    pub sound: Sound,
    #[command(flatten)]
    pub networks: Networks,
}

#[derive(Args)]
pub struct Roundtrip {
    /// The recording.
    pub input: PathBuf,
    /// The result: a WAV file of the input's rate, channels and length, every channel the decoded mid.
    #[arg(short, long, value_name = "OUT.wav")]
    pub output: PathBuf,
    #[command(flatten)]
    pub grid: Grid,
    /// How far down the road to go before turning back.
    #[arg(long, value_enum, default_value_t = StageName::Tokenizer)]
    pub stage: StageName,
    /// Decoder calls for each stretch; more than one were measured to bring nothing.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub calls: u16,
    /// Seed of all noise.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    #[command(flatten)]
    pub networks: Networks,
    /// Print the report as JSON, or write it to a file.
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "-")]
    pub json: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum StageName {
    Tokenizer,
    Bars,
    Actions,
}

impl From<StageName> for Turn {
    fn from(name: StageName) -> Self {
        match name {
            StageName::Tokenizer => Turn::Tokenizer,
            StageName::Bars => Turn::Bars,
            StageName::Actions => Turn::Actions,
        }
    }
}

#[derive(Args)]
pub struct Actions {
    /// The recording.
    pub input: PathBuf,
    #[command(flatten)]
    pub grid: Grid,
    #[command(flatten)]
    pub networks: Networks,
    /// Print JSON, or write it to a file.
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "-")]
    pub json: Option<PathBuf>,
}

#[derive(Args)]
pub struct Beats {
    /// The recording.
    pub input: PathBuf,
    /// Count in this metre instead of guessing one.
    #[arg(long, value_name = "N/D", alias = "metre", value_parser = metre)]
    pub meter: Option<Metre>,
    #[command(flatten)]
    pub tracking: Tracking,
    #[command(flatten)]
    pub running: Running,
    /// Print JSON, or write it to a file.
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "-")]
    pub json: Option<PathBuf>,
}

#[derive(Args)]
pub struct Bench {
    /// How much work to spend on the bar.
    #[arg(long, value_enum, default_value_t = QualityName::Default)]
    pub quality: QualityName,
    /// Bars of the song it stands in the middle of, 2 to 1000.
    #[arg(long, value_name = "BARS", default_value_t = BARS as u16, value_parser = clap::value_parser!(u16).range(2..=1000))]
    pub song_bars: u16,
    #[command(flatten)]
    pub networks: Networks,
    /// Print JSON, or write it to a file.
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "-")]
    pub json: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
