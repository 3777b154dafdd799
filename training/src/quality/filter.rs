//! The filter itself: two forests in one small file, and what they make of a recording.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Serialize;

use super::KEEP_ABOVE;
use super::cuts::{FEATURES, cuts, features};
use super::forest::Forest;
use super::smooth::smooth;

/// The first bytes of a filter's file; the last of them is its format.
const MAGIC: [u8; 4] = *b"TQF\x01";
/// The filter that comes with the program.
const BUILT_IN: &[u8] = include_bytes!("../../quality/filter.bin");

/// A learned filter.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    /// The probability that a cut is fit to learn from.
    pub(super) fitness: Forest,
    /// How badly it was degraded, 0..1.
    pub(super) severity: Forest,
}

/// What a filter makes of a recording.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// The mean of [`Verdict::probabilities`], 0..1; 0 for a recording without sound.
    pub score: f64,
    /// Whether the score lies above [`KEEP_ABOVE`].
    pub is_kept: bool,
    /// How badly it was degraded, 0 (not) to 1 (beyond use), as the mean over all cuts that sound.
    pub severity: f64,
    /// The probability that each cut is fit to learn from, smoothed over the cuts. Silence has nothing to teach: 0.
    pub probabilities: Vec<f64>,
}

impl Filter {
    /// The filter that comes with the program.
    pub fn built_in() -> Self {
        Self::from_bytes(BUILT_IN).expect("the filter compiled in is whole")
    }

    /// Reads a filter's file.
    ///
    /// # Errors
    /// When the file cannot be read or is no filter.
    pub fn open(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        Self::from_bytes(&bytes).with_context(|| format!("{} is no quality filter", path.display()))
    }

    /// The filter as bytes: four that name the format, then both forests.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        self.fitness.write(&mut bytes);
        self.severity.write(&mut bytes);
        bytes
    }

    /// Reads what [`Filter::to_bytes`] wrote.
    ///
    /// # Errors
    /// When the bytes are something else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let mut rest = bytes.strip_prefix(MAGIC.as_slice()).context("it does not begin as one of this version")?;
        let fitness = Forest::read(&mut rest, FEATURES)?;
        let severity = Forest::read(&mut rest, FEATURES)?;
        ensure!(rest.is_empty(), "it goes on after its end");
        Ok(Self { fitness, severity })
    }

    /// Judges a recording, mono at 16 kHz.
    pub fn judge(&self, audio: &[f32]) -> Verdict {
        let heard: Vec<Option<Vec<f32>>> = cuts(audio).iter().map(|cut| features(cut)).collect();
        let fit: Vec<f64> = heard.iter().map(|cut| cut.as_ref().map_or(0.0, |cut| self.fitness.answer(cut))).collect();
        let severities: Vec<f64> = heard.iter().flatten().map(|cut| self.severity.answer(cut)).collect();
        let probabilities = smooth(&fit);
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
        let score = mean(&probabilities);
        Verdict { score, is_kept: score > KEEP_ABOVE, severity: mean(&severities), probabilities }
    }
}
