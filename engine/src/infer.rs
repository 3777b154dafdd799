//! The actions heard in the bars of a recording.

use turnaround_core::actions::dense_weights;
use turnaround_core::audio::Audio;
use turnaround_core::bars::{Bar, BarNumber};
use turnaround_core::contract::SparseWeights;
use turnaround_core::instruments::Instrument;
use turnaround_core::tempo_map::TempoMap;

use crate::engine::{Engine, EngineError};
use crate::job::{Control, Job};
use crate::road::Road;
use crate::song::{Inferred, Song};

/// The action heard in one bar.
#[derive(Clone, Debug, PartialEq)]
pub struct BarAction {
    /// The bar.
    pub bar: Bar,
    /// Its weights, by falling weight; they sum to 1. Of a bar that the models hear in parts, the mean of its parts; of one that they
    /// hear together with others, what they hear in all of them.
    pub weights: SparseWeights,
    /// Who plays: the probability of each of the set's instruments, in the set's order; the mean where the models hear the bar in parts.
    /// Empty for a set that knows none.
    pub players: Vec<(Instrument, f32)>,
}

impl Engine {
    /// Infers the actions of some bars, or of all when `bars` is nothing. Blocks until it is done or stopped.
    ///
    /// # Errors
    /// [`EngineError`]: no whole bar, a bar that is not there, a failed network, or `Cancelled`.
    pub fn infer_actions(
        &self,
        audio: &Audio,
        map: &TempoMap,
        bars: Option<&[BarNumber]>,
        control: &mut Control<'_>,
    ) -> Result<Vec<BarAction>, EngineError> {
        let mut job = Job::new(control);
        let road = Road::new(self.set());
        let song = Song::new(audio, map, &road, &mut job)?;
        let wanted = wanted(&song, bars)?;
        let units: Vec<usize> =
            (0..song.units.len()).filter(|&unit| wanted.iter().any(|bar| song.units[unit].bars.contains(&bar.number))).collect();
        job.expect(3 * units.len());
        let mut heard = Vec::with_capacity(units.len());
        for unit in units {
            heard.push((unit, song.hear(unit, &road, &mut job)?.inferred));
        }
        let sizes = self.set().sizes();
        let actions = wanted.into_iter().map(|bar| {
            let parts = heard.iter().filter(|(unit, _)| song.units[*unit].bars.contains(&bar.number));
            let parts: Vec<&Inferred> = parts.map(|(_, inferred)| inferred).collect();
            let weights = mean(parts.iter().map(|part| &part.weights), sizes.actions, sizes.active_actions);
            let players = mean_players(&self.set().manifest().instruments, &parts);
            BarAction { bar, weights, players }
        });
        Ok(actions.collect())
    }
}

fn wanted(song: &Song, bars: Option<&[BarNumber]>) -> Result<Vec<Bar>, EngineError> {
    let Some(bars) = bars else { return Ok(song.bars.clone()) };
    let (first, last) = (song.bars[0].number, song.bars[song.bars.len() - 1].number);
    let find = |&number: &BarNumber| {
        let outside = EngineError::BarOutside { bar: number.get(), first: first.get(), last: last.get() };
        song.bars.iter().find(|bar| bar.number == number).copied().ok_or(outside)
    };
    bars.iter().map(find).collect()
}

/// The mean of some actions, cut to the heaviest `active` weights, which are then divided by their sum.
fn mean<'a>(parts: impl Iterator<Item = &'a SparseWeights>, actions: usize, active: usize) -> SparseWeights {
    let mut sum = vec![0.0; actions];
    for weights in parts {
        for (total, weight) in sum.iter_mut().zip(dense_weights(weights, actions)) {
            *total += weight;
        }
    }
    let mut ranked: SparseWeights =
        sum.iter().enumerate().filter(|(_, weight)| **weight > 0.0).map(|(index, &weight)| (index as u16, weight)).collect();
    ranked.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    ranked.truncate(active);
    let total: f32 = ranked.iter().map(|(_, weight)| weight).sum();
    ranked.iter_mut().for_each(|(_, weight)| *weight /= total);
    ranked
}

/// The mean probability of each instrument over some parts, at least one.
fn mean_players(instruments: &[Instrument], parts: &[&Inferred]) -> Vec<(Instrument, f32)> {
    let mean = |place: usize| parts.iter().map(|part| part.players[place]).sum::<f32>() / parts.len() as f32;
    instruments.iter().enumerate().map(|(place, &instrument)| (instrument, mean(place))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_of_two_halves_keeps_what_both_have() {
        let (first, second) = (vec![(0, 0.5), (1, 0.5)], vec![(1, 0.5), (2, 0.5)]);
        let weights = mean([&first, &second].into_iter(), 4, 2);
        assert_eq!(weights[0].0, 1);
        assert_eq!(weights.len(), 2);
        assert!((weights.iter().map(|(_, weight)| weight).sum::<f32>() - 1.0).abs() < 1e-6);
    }
}
