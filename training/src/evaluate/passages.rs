//! Whole passages, remade row by row, for judges that listen for seconds: musicnn and the beat tracker.

use anyhow::Result;
use indicatif::ProgressIterator;
use turnaround_core::audio::Audio;
use turnaround_core::time::{SampleRate, Seconds};

use super::bed::{Bed, Passage};
use super::measure::{BeatRow, BeatTracker, Estimate, FrechetMeasures, FrechetRow, Heard, Tools, progress};
use super::metrics::events::{BEAT_TOLERANCE, f_measure};
use super::rows::{Maker, Row};
use super::spread;
use super::yardsticks::frechet::Gaussian;
use super::yardsticks::musicnn::Musicnn;

/// Passages as they are and as every row makes them.
pub(super) struct Passages {
    /// As they are.
    pub originals: Vec<Vec<f32>>,
    /// Name of the row and what it makes of each.
    pub rows: Vec<(String, Vec<Vec<f32>>)>,
}

impl Passages {
    /// Every row of passages.
    pub fn in_every_row(maker: &Maker<'_>, passages: &[Passage]) -> Result<Self> {
        let originals = passages.iter().map(|passage| original(maker.bed, passage)).collect();
        let mut rows = Vec::new();
        for row in progress(Row::of_passages(), "rows, passage by passage") {
            let made = passages.iter().enumerate().map(|(number, passage)| maker.passage(row, passage, number));
            rows.push((row.name(), made.collect::<Result<_>>()?));
        }
        Ok(Self { originals, rows })
    }

    /// Nothing where there are too few passages to have a covariance.
    pub fn frechet(&self, musicnn: &Musicnn, bed: &Bed, others: &[Passage], rate: SampleRate) -> Result<Option<FrechetMeasures>> {
        let others: Vec<Vec<f32>> = others.iter().map(|passage| original(bed, passage)).collect();
        let embeddings = |sounds: &[Vec<f32>]| -> Result<Vec<Vec<f32>>> {
            let of_each: Vec<Vec<Vec<f32>>> =
                sounds.iter().map(|sound| musicnn.embeddings(sound, rate)).collect::<Result<_>>()?;
            Ok(of_each.concat())
        };
        let (own, other) = (embeddings(&self.originals)?, embeddings(&others)?);
        let patches = own.len().min(other.len());
        if patches < 2 {
            return Ok(None);
        }
        // Distances shrink as patches grow more, so all groups are as large.
        let cloud = |points: Vec<Vec<f32>>| Gaussian::of(&spread(&points, patches));
        let (own, other) = (cloud(own), cloud(other));
        let mut rows = Vec::new();
        for (name, made) in self.rows.iter().progress() {
            let made = cloud(embeddings(made)?);
            rows.push(FrechetRow { name: name.clone(), to_same: made.distance(&own), to_others: made.distance(&other) });
        }
        Ok(Some(FrechetMeasures { patches, passages: self.originals.len(), floor: own.distance(&other), rows }))
    }

    pub fn beats(&self, tracker: &dyn BeatTracker, tools: &Tools<'_>) -> Result<Vec<BeatRow>> {
        let hear = |sound: &Vec<f32>| tracker.beats(&Audio::mono(tools.probe.rate, sound.clone())?);
        let originals: Vec<Vec<Seconds>> = self.originals.iter().map(hear).collect::<Result<_>>()?;
        let mut rows = Vec::new();
        for (name, made) in &self.rows {
            let made: Vec<Vec<Seconds>> = made.iter().map(hear).collect::<Result<_>>()?;
            let values: Vec<f64> = beat_f(&originals, &made);
            if !values.is_empty() {
                rows.push(BeatRow { name: name.clone(), f: Estimate::of(&values, tools.seed) });
            }
        }
        Ok(rows)
    }

    pub fn heard(&self, bed: &Bed, passages: &[Passage]) -> Vec<Heard> {
        let takes = |index: usize| {
            let original = (Row::Original.name(), self.originals[index].clone());
            let made = self.rows.iter().map(|(name, made)| (name.clone(), made[index].clone()));
            [original].into_iter().chain(made).collect()
        };
        let heard = passages.iter().enumerate();
        heard.map(|(index, passage)| Heard { piece: bed.pieces[passage.piece].name.clone(), takes: takes(index) }).collect()
    }
}

/// F of each passage in which a beat is heard at all.
fn beat_f(originals: &[Vec<Seconds>], made: &[Vec<Seconds>]) -> Vec<f64> {
    originals.iter().zip(made).filter_map(|(original, made)| f_measure(original, made, BEAT_TOLERANCE)).collect()
}

/// The sound of a passage as it is.
pub(super) fn original(bed: &Bed, passage: &Passage) -> Vec<f32> {
    bed.pieces[passage.piece].audio[bed.span(passage)].to_vec()
}
