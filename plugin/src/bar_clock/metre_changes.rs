//! Where metres were seen to change: what the clock goes by when a host gives no bar start, or a wrong one.
//!
//! **Thread.** Audio thread: a fixed array, searched only when the playhead jumps or the metre changes.

use turnaround_core::bars::BarNumber;
use turnaround_core::time::{Beats, Metre, Tempo};

use super::grid::Grid;

/// Changes remembered. More of them in one piece push out those farthest away.
const CAPACITY: usize = 64;

#[derive(Clone, Copy, Debug)]
struct Change {
    at: Beats,
    metre: Metre,
    number: BarNumber,
}

/// Bar lines on which a metre began, in no order.
#[derive(Clone, Debug)]
pub(super) struct MetreChanges {
    changes: [Change; CAPACITY],
    len: usize,
}

impl MetreChanges {
    pub fn new() -> Self {
        let unused = Change { at: Beats::ZERO, metre: Metre::FOUR_FOUR, number: BarNumber::FIRST };
        Self { changes: [unused; CAPACITY], len: 0 }
    }

    /// Remembers that `grid` began on its known line.
    pub fn insert(&mut self, grid: &Grid, tolerance: Beats) {
        let change = Change { at: grid.line, metre: grid.metre, number: grid.number };
        let distance = |other: &Change| (other.at - change.at).get().abs();
        let known = &mut self.changes[..self.len];
        if let Some(same) = known.iter_mut().find(|other| distance(other) <= tolerance.get()) {
            *same = change;
        } else if self.len < CAPACITY {
            self.changes[self.len] = change;
            self.len += 1;
        } else if let Some(farthest) = known.iter_mut().max_by(|a, b| distance(a).total_cmp(&distance(b))) {
            *farthest = change;
        }
    }

    /// The grid at a position: from the last change before it if that began this metre, else as if this metre held since beat 0.
    pub fn grid_at(&self, position: Beats, tempo: Tempo, metre: Metre, tolerance: Beats) -> Grid {
        let before = self.changes[..self.len].iter().filter(|change| change.at <= position + tolerance);
        match before.max_by(|a, b| a.at.get().total_cmp(&b.at.get())) {
            Some(last) if last.metre == metre => Grid { tempo, metre, line: last.at, number: last.number },
            _ => Grid::from_zero(tempo, metre),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(line: f64, metre: &str) -> Grid {
        let number = BarNumber::new(1 + line as i64);
        Grid { tempo: Tempo::new(120.0).unwrap(), metre: metre.parse().unwrap(), line: Beats::new(line), number }
    }

    fn line_at(changes: &MetreChanges, position: f64, metre: &str) -> f64 {
        let tempo = Tempo::new(120.0).unwrap();
        changes.grid_at(Beats::new(position), tempo, metre.parse().unwrap(), Beats::new(0.001)).line.get()
    }

    #[test]
    fn the_last_change_before_a_place_counts_if_its_metre_is_the_one_that_holds() {
        let mut changes = MetreChanges::new();
        for (line, metre) in [(32.0, "4/4"), (8.0, "3/4"), (50.0, "7/8")] {
            changes.insert(&grid(line, metre), Beats::new(0.001));
        }
        assert_eq!(line_at(&changes, 9.0, "3/4"), 8.0);
        assert_eq!(line_at(&changes, 33.0, "4/4"), 32.0);
        assert_eq!(line_at(&changes, 49.9999, "7/8"), 50.0);
        assert_eq!(line_at(&changes, 33.0, "3/4"), 0.0);
        assert_eq!(line_at(&changes, 7.0, "3/4"), 0.0);
    }

    #[test]
    fn a_change_seen_again_is_kept_once_and_a_full_table_forgets_the_farthest() {
        let mut changes = MetreChanges::new();
        for index in 0..3 * CAPACITY {
            changes.insert(&grid(6.0 * index as f64, "3/4"), Beats::new(0.001));
            changes.insert(&grid(6.0 * index as f64 + 0.0005, "7/8"), Beats::new(0.001));
        }
        assert_eq!(changes.len, CAPACITY);
        let last = 6.0 * (3 * CAPACITY - 1) as f64;
        assert_eq!(line_at(&changes, last + 1.0, "7/8"), last + 0.0005);
    }
}
