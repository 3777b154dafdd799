//! What can be said on the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use turnaround_core::bars::BarNumber;
use turnaround_core::beats::track::{Octave, Wishes};
use turnaround_core::tempo_map::TempoMap;
use turnaround_core::time::{Metre, Seconds, Tempo};
use turnaround_engine::regenerate::{HighBand, Quality, Settings, Stereo};
use turnaround_engine::roundtrip::Turn;
use turnaround_engine::runtime::{DEFAULT_THREADS, Options, Provider, RuntimeChoice};

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
    /// The recording: WAV, FLAC, OGG/Vorbis or MP3.
    pub input: PathBuf,
    /// The result: a WAV file of the input's rate, channels and length. WAV input keeps its sample format and every kept sample its
    /// bits; FLAC of up to 16 bits becomes 16-bit, all else 24-bit.
    #[arg(short, long, value_name = "OUT.wav")]
    pub output: PathBuf,
    #[command(flatten)]
    pub grid: Grid,
    /// Bars to make, counted from 1, for instance 5-8,11.
    #[arg(long, value_name = "A-B[,C-D]", value_parser = bars)]
    pub bars: Bars,
    /// An action by number or label and its weight; may be given several times. Without any the context decides.
    #[arg(long, value_name = "N=WEIGHT", value_parser = weight)]
    pub action: Vec<Weight>,
    /// Take the action heard in a bar of this or another recording on the same grid; weights of --action are added to it.
    #[arg(long, value_name = "FILE.wav:BAR | BAR", value_parser = like)]
    pub like: Option<Like>,
    /// How far from the dry bar to begin: 1 forgets it, 0.5 varies it, 0 keeps it.
    #[arg(long, default_value_t = 1.0, allow_negative_numbers = true, value_parser = number)]
    pub strength: f32,
    /// How strongly the action is pressed upon the bar; 1 is none.
    #[arg(long, default_value_t = 2.0, allow_negative_numbers = true, value_parser = number)]
    pub guidance: f32,
    /// Seed of all noise.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// How much work to spend.
    #[arg(long, value_enum, default_value_t = QualityName::Default)]
    pub quality: QualityName,
    /// Above 7.2 kHz: keep the dry bar's highs, follow what the context has where it sounds alike, or leave them off.
    #[arg(long, value_enum, default_value_t = HighBandName::Follow)]
    pub high_band: HighBandName,
    /// Follow: as wide as the dry bar was, band by band. Keep: the dry bar's side signal stays.
    #[arg(long, value_enum, default_value_t = StereoName::Follow)]
    pub stereo: StereoName,
    /// How many decibels a band of the new bar may be louder or softer than the context and the dry bar; inf for no bound and no limiter.
    #[arg(long, value_name = "DB", default_value_t = 3.0, allow_negative_numbers = true)]
    pub level_reach_db: f32,
    /// Also write each run of new bars, fades included, as a broadcast WAV that carries its place in the input; hosts lay it there with
    /// "insert at original time". 24-bit, or float where the input is.
    #[arg(long, value_name = "DIR")]
    pub bars_only: Option<PathBuf>,
    #[command(flatten)]
    pub networks: Networks,
    /// Print the report as JSON, or write it to a file.
    #[arg(long, value_name = "REPORT.json", num_args = 0..=1, default_missing_value = "-")]
    pub json: Option<PathBuf>,
}

impl Regenerate {
    pub fn settings(&self) -> Settings {
        Settings {
            strength: self.strength,
            guidance: self.guidance,
            seed: self.seed,
            quality: self.quality.into(),
            level_reach_db: self.level_reach_db,
            high_band: self.high_band.into(),
            stereo: self.stereo.into(),
            ..Settings::default()
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
pub enum QualityName {
    Draft,
    Default,
    Fine,
}

impl From<QualityName> for Quality {
    fn from(name: QualityName) -> Self {
        match name {
            QualityName::Draft => Quality::Draft,
            QualityName::Default => Quality::Default,
            QualityName::Fine => Quality::Fine,
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
pub enum HighBandName {
    Keep,
    Follow,
    Off,
}

impl From<HighBandName> for HighBand {
    fn from(name: HighBandName) -> Self {
        match name {
            HighBandName::Keep => HighBand::Keep,
            HighBandName::Follow => HighBand::Follow,
            HighBandName::Off => HighBand::Off,
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
pub enum StereoName {
    Follow,
    Keep,
}

impl From<StereoName> for Stereo {
    fn from(name: StereoName) -> Self {
        match name {
            StereoName::Follow => Stereo::Follow,
            StereoName::Keep => Stereo::Keep,
        }
    }
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
    /// Decoder calls for each stretch.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=256))]
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
    #[command(flatten)]
    pub networks: Networks,
    /// Print JSON, or write it to a file.
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "-")]
    pub json: Option<PathBuf>,
}

/// Bars to make, in order, each once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bars(pub Vec<BarNumber>);

/// One weight of an action.
#[derive(Clone, Debug, PartialEq)]
pub struct Weight {
    /// Number or label.
    pub action: String,
    pub weight: f32,
}

/// A bar to take the action from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Like {
    /// Nothing for the input itself.
    pub file: Option<PathBuf>,
    pub bar: BarNumber,
}

/// More bars than any recording holds: a mistyped range is refused before it is written out.
const MOST_BARS: i64 = 100_000;

fn bars(text: &str) -> Result<Bars, String> {
    let mut bars = Vec::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (bar(first)?, bar(last)?);
        if first > last {
            return Err(format!("the range {part} runs backwards"));
        }
        bars.extend((first..=last).map(BarNumber::new));
    }
    bars.sort();
    bars.dedup();
    Ok(Bars(bars))
}

fn bar(text: &str) -> Result<i64, String> {
    match text.trim().parse() {
        Ok(number) if (1..=MOST_BARS).contains(&number) => Ok(number),
        Ok(number) => Err(format!("there is no bar {number}; bars count from 1")),
        Err(_) => Err(format!("{text:?} is not a bar number")),
    }
}

fn weight(text: &str) -> Result<Weight, String> {
    let (action, weight) = text.rsplit_once('=').unwrap_or((text, "1"));
    let weight = number(weight)?;
    if weight < 0.0 {
        return Err("a weight must not be negative".to_owned());
    }
    Ok(Weight { action: action.trim().to_owned(), weight })
}

fn like(text: &str) -> Result<Like, String> {
    if text.chars().all(|c| c.is_ascii_digit()) {
        return Ok(Like { file: None, bar: BarNumber::new(bar(text)?) });
    }
    let (file, number) = text.rsplit_once(':').ok_or("write BAR or FILE.wav:BAR")?;
    Ok(Like { file: Some(PathBuf::from(file)), bar: BarNumber::new(bar(number)?) })
}

fn number(text: &str) -> Result<f32, String> {
    match text.trim().parse::<f32>() {
        Ok(number) if number.is_finite() => Ok(number),
        _ => Err(format!("{text:?} is not a number")),
    }
}

fn tempo(text: &str) -> Result<Tempo, String> {
    let bpm: f64 = text.trim().parse().map_err(|_| format!("{text:?} is not a number"))?;
    Tempo::new(bpm).map_err(|error| error.to_string())
}

fn metre(text: &str) -> Result<Metre, String> {
    text.parse().map_err(|error: turnaround_core::time::MetreError| error.to_string())
}

/// A day each way is more than any recording.
const MOST_OFFSET_S: f64 = 86_400.0;

fn offset(text: &str) -> Result<Seconds, String> {
    match text.trim().parse::<f64>() {
        Ok(seconds) if seconds.abs() <= MOST_OFFSET_S => Ok(Seconds::new(seconds)),
        Ok(_) => Err(format!("an offset must lie within {MOST_OFFSET_S} s")),
        Err(_) => Err(format!("{text:?} is not a number")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn bars_are_ranges_and_single_numbers_counted_from_one() {
        let numbers = |text| bars(text).map(|Bars(bars)| bars.into_iter().map(BarNumber::get).collect::<Vec<_>>());
        assert_eq!(numbers("5-8,11"), Ok(vec![5, 6, 7, 8, 11]));
        assert_eq!(numbers("3,1-3"), Ok(vec![1, 2, 3]));
        for wrong in ["", "0", "0-2", "3-1", "-2", "a", "1-", "1-99999999999"] {
            assert!(bars(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_action_is_a_number_or_label_with_a_weight() {
        assert_eq!(weight("12=0.5"), Ok(Weight { action: "12".into(), weight: 0.5 }));
        assert_eq!(weight("brighter drums"), Ok(Weight { action: "brighter drums".into(), weight: 1.0 }));
        for wrong in ["1=", "1=x", "1=-1", "1=inf"] {
            assert!(weight(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_bar_to_follow_may_lie_in_another_file() {
        assert_eq!(like("7"), Ok(Like { file: None, bar: BarNumber::new(7) }));
        assert_eq!(like("C:\\a.wav:7"), Ok(Like { file: Some("C:\\a.wav".into()), bar: BarNumber::new(7) }));
        assert!(like("a.wav").is_err() && like("a.wav:0").is_err());
    }
}
