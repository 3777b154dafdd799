//! From the models' mono track below the crossover to the caller's channels at the caller's rate: highs, stereo image and peaks.
//!
//! Every step adds to the channels what a new sound has more or less than the old one, within the changed stretches, so all else stays as
//! it was to the last bit.

mod highs;
mod peaks;
mod run;
mod sides;

use turnaround_core::audio::Audio;
use turnaround_core::bars::BarNumber;

use crate::engine::EngineError;
use crate::job::{Job, Stage};
use crate::regenerate::{Edges, HighBand, Settings, Stereo, not_finite};
use crate::road::merge;
use crate::song::Song;

pub(crate) use run::Run;

/// A new track about to become a recording again.
pub(crate) struct Finish<'a> {
    pub song: &'a Song,
    pub audio: &'a Audio,
    /// The new track, at the models' rate.
    pub track: &'a [f32],
    pub runs: &'a [Run],
    pub settings: Settings,
}

/// The new recording.
pub(crate) struct Finished {
    pub audio: Audio,
    /// The deepest that the limiter went in each bar that it touched, as a factor.
    pub limited: Vec<(BarNumber, f32)>,
}

impl Finish<'_> {
    pub(crate) fn finish(&self, job: &mut Job) -> Result<Finished, EngineError> {
        let mut channels = job.step(Stage::Mix, || self.low_band())?;
        if self.settings.high_band != HighBand::Keep {
            job.step(Stage::HighBand, || {
                self.change_highs(&mut channels);
                Ok::<_, EngineError>(())
            })?;
        }
        if self.settings.stereo == Stereo::Follow && channels.len() == 2 {
            job.step(Stage::Stereo, || {
                self.change_sides(&mut channels);
                Ok::<_, EngineError>(())
            })?;
        }
        // An endless reach leaves the level to the networks, peaks included.
        let mut limited = Vec::new();
        if self.settings.level_reach_db.is_finite() {
            limited = job.step(Stage::Level, || Ok::<_, EngineError>(self.limit_peaks(&mut channels)))?;
        }
        let audio = Audio::new(self.audio.rate(), channels).map_err(|_| not_finite())?;
        Ok(Finished { audio, limited })
    }

    /// The recording with the new mid below the crossover.
    fn low_band(&self) -> Result<Vec<Vec<f32>>, EngineError> {
        let difference: Vec<f32> = self.track.iter().zip(&self.song.track).map(|(new, old)| new - old).collect();
        let stretches: Vec<merge::Changed> = self.runs.iter().map(Run::changed).collect();
        Ok(merge::add_difference(self.audio, &difference, self.song.model_rate, &stretches)?)
    }

    /// Where one sound gives way to another, a signal that is the old one at the outer ends of a run and the new one inside.
    fn blended(&self, run: &Run, old: &[f32], new: &[f32]) -> Vec<f32> {
        match self.settings.edges {
            Edges::Faded => run.faded(old, new, self.audio.rate()),
            Edges::Open => run.ramped(old, new, self.audio.rate()),
        }
    }
}

#[cfg(test)]
mod tests;
