//! What the verbs that make bars share: the files, the action, and how it is to sound.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use turnaround_engine::prompt::{Wish, read};
use turnaround_engine::regenerate::{HighBand, PlayersChoice, Quality, Settings, Stereo};

use super::values::{Like, Weight, instruments, like, number, weight};

/// What is read and what is written.
#[derive(Args)]
pub struct Files {
    /// The recording: WAV, FLAC, OGG/Vorbis or MP3.
    pub input: PathBuf,
    /// The result: a WAV file of the input's rate and channels. WAV input keeps its sample format and every kept sample its bits; FLAC of up
    /// to 16 bits becomes 16-bit, all else 24-bit.
    #[arg(short, long, value_name = "OUT.wav")]
    pub output: PathBuf,
    /// Print the report as JSON, or write it to a file.
    #[arg(long, value_name = "REPORT.json", num_args = 0..=1, default_missing_value = "-")]
    pub json: Option<PathBuf>,
}

/// In which manner bars are made.
#[derive(Args)]
pub struct Manner {
    /// An action by number or label and its weight; may be given several times. A sum below 1 is that much of the action, a larger one is
    /// shared out. Without any the context decides.
    #[arg(long, value_name = "N=WEIGHT", value_parser = weight)]
    pub action: Vec<Weight>,
    /// Take the action heard in a bar of this or another recording on the same grid; weights of --action are added to it.
    #[arg(long, value_name = "FILE.wav:BAR | BAR", value_parser = like)]
    pub like: Option<Like>,
    /// Say in words how the bars are to differ from what the context suggests, for instance "busier drums, a bit darker, no cymbals". The
    /// set's measured actions are searched for it; weights of --action and --like are added.
    #[arg(long, value_name = "WORDS", value_parser = read)]
    pub prompt: Option<Wish>,
    /// Move to this action over the bars made, from the one that --action, --like and --prompt give: the first bar has that one, the last this one,
    /// each between them its share of both, and one bar alone the middle. May be given several times.
    #[arg(long, value_name = "N=WEIGHT", value_parser = weight)]
    pub to_action: Vec<Weight>,
    /// Move to the action heard in this bar; weights of --to-action are added to it.
    #[arg(long, value_name = "FILE.wav:BAR | BAR", value_parser = like)]
    pub to_like: Option<Like>,
    /// Move to what these words ask for; weights of --to-action and --to-like are added.
    #[arg(long, value_name = "WORDS", value_parser = read)]
    pub to_prompt: Option<Wish>,
    /// Who plays the bars made, in a set that knows instruments (turnaround info lists them): names with commas between them, for instance
    /// piano,bass,drums; "heard" for those heard in the dry bar; "anyone" for whoever context and action suggest, as in bars that are added.
    #[arg(long, value_name = "NAMES", default_value = "heard", value_parser = instruments)]
    pub instruments: PlayersChoice,
}

/// How new bars are made, and how they are to sound.
#[derive(Args)]
pub struct Sound {
    /// How strongly the action is pressed upon the bar; 1 is none.
    #[arg(long, default_value_t = 2.0, allow_negative_numbers = true, value_parser = number)]
    pub guidance: f32,
    /// Seed of all noise.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// How much work to spend.
    #[arg(long, value_enum, default_value_t = QualityName::Default)]
    pub quality: QualityName,
    /// Above 7.2 kHz: keep the dry bar's highs, follow what the context has where it sounds alike, or leave them off. A bar that was not
    /// there before has, in place of a dry bar, one like it nearby.
    #[arg(long, value_enum, default_value_t = HighBandName::Follow)]
    pub high_band: HighBandName,
    /// Follow: as wide as the dry bar was, band by band. Keep: the dry bar's side signal stays.
    #[arg(long, value_enum, default_value_t = StereoName::Follow)]
    pub stereo: StereoName,
    /// How many decibels a band of the new bar may be louder or softer than the context and the dry bar; inf for no bound and no limiter.
    #[arg(long, value_name = "DB", default_value_t = 3.0, allow_negative_numbers = true)]
    pub level_reach_db: f32,
    /// Noise level, 0 to 0.5, at which each few bars of a long row hear the ones made before them.
    #[arg(long, value_name = "LEVEL", default_value_t = Settings::default().past_noise, allow_negative_numbers = true, value_parser = number)]
    pub past_noise: f32,
}

impl Sound {
    /// The settings, with how far from the dry bar to begin.
    pub fn settings(&self, strength: f32) -> Settings {
        Settings {
            strength,
            guidance: self.guidance,
            seed: self.seed,
            quality: self.quality.into(),
            level_reach_db: self.level_reach_db,
            past_noise: self.past_noise,
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
