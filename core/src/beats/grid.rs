//! Tracked beats to bars: one even tempo where the recording keeps it, else a tempo for each bar.

use super::track::BeatTrack;
use crate::tempo_map::{Change, TempoMap};
use crate::time::{Beats, Seconds, Tempo};

/// A recording is steady where beats lie beside one even grid by no more than this, root mean square: what a frame leaves uncertain and
/// hands do to even time.
const STEADY_RMS_S: f64 = 0.015;

/// The same for the worst single beat.
const STEADY_WORST_S: f64 = 0.07;

/// A bar line is the middle of a straight line through so many beats on either side: single beats are heard a few milliseconds off.
const NEIGHBOURS: usize = 2;

/// One even tempo that fits all beats.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Steady {
    /// Quarter notes per minute.
    pub tempo: Tempo,
    /// Where bar 1, which begins with the first tracked downbeat, starts.
    pub offset: Seconds,
    /// How far beats lie beside it, root mean square.
    pub rms: Seconds,
    /// The same for the worst beat.
    pub worst: Seconds,
}

impl BeatTrack {
    /// The even grid nearest to the beats (least squares), if the recording keeps to it.
    pub fn steady(&self) -> Option<Steady> {
        let first = self.downbeats().next()?;
        let points: Vec<(f64, f64)> =
            self.beats.iter().enumerate().map(|(index, beat)| (index as f64 - first as f64, beat.time.get())).collect();
        let (offset, interval) = line(&points);
        let errors = || points.iter().map(|(index, time)| (time - offset - interval * index).abs());
        let rms = (errors().map(|error| error * error).sum::<f64>() / points.len() as f64).sqrt();
        let worst = errors().fold(0.0, f64::max);
        let tempo = Tempo::new(self.quarters_per_felt_beat().get() * 60.0 / interval).ok()?;
        let is_steady = rms <= STEADY_RMS_S && worst <= STEADY_WORST_S;
        is_steady.then(|| Steady { tempo, offset: Seconds::new(offset), rms: Seconds::new(rms), worst: Seconds::new(worst) })
    }

    /// The bars. Bar 1 begins with the first tracked downbeat; the tempo is even where [`Self::steady`] says so, else it changes at every
    /// bar line, and the last bar's goes on.
    ///
    /// # Panics
    /// If there is no downbeat: [`super::track::track`] gives no such track.
    pub fn tempo_map(&self) -> TempoMap {
        if let Some(steady) = self.steady() {
            return TempoMap::constant(steady.tempo, self.metre, steady.offset);
        }
        let lines: Vec<Seconds> = self.downbeats().map(|index| self.smoothed(index)).collect();
        let bar = self.metre.beats_per_bar();
        let change = |(index, pair): (usize, &[Seconds])| Change {
            at: bar * index as f64,
            tempo: Tempo::mean(bar, pair[1] - pair[0]),
            metre: self.metre,
        };
        let changes: Vec<Change> = lines.windows(2).enumerate().map(change).collect();
        if changes.is_empty() {
            return TempoMap::constant(self.tempo(), self.metre, lines[0]);
        }
        debug_assert_eq!(changes[0].at, Beats::ZERO);
        TempoMap::new(lines[0], changes).expect("bar lines follow each other")
    }

    /// Where a beat falls by its neighbours.
    fn smoothed(&self, index: usize) -> Seconds {
        // As many on either side, so that a change of tempo does not pull the line.
        let reach = NEIGHBOURS.min(index).min(self.beats.len() - 1 - index);
        if reach == 0 {
            return self.beats[index].time;
        }
        let near = index - reach..index + reach + 1;
        let points: Vec<(f64, f64)> = near.map(|i| (i as f64 - index as f64, self.beats[i].time.get())).collect();
        Seconds::new(line(&points).0)
    }
}

/// The straight line nearest to points `(x, y)` by least squares: its height at 0, and its slope.
fn line(points: &[(f64, f64)]) -> (f64, f64) {
    let count = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let spread: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    let slope = if spread > 0.0 { points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum::<f64>() / spread } else { 0.0 };
    (y - slope * x, slope)
}
