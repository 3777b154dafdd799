//! The grid in force: evenly spaced bar lines, and the middles between them.
//!
//! **Thread.** Audio thread: plain arithmetic.

use turnaround_core::bars::BarNumber;
use turnaround_core::time::{Beats, Metre, Tempo};

/// Bar lines of one metre through one known line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Grid {
    pub tempo: Tempo,
    pub metre: Metre,
    /// A bar line.
    pub line: Beats,
    /// The bar that begins there.
    pub number: BarNumber,
}

impl Grid {
    /// One metre ever since beat 0, where bar 1 begins.
    pub fn from_zero(tempo: Tempo, metre: Metre) -> Self {
        Self { tempo, metre, line: Beats::ZERO, number: BarNumber::FIRST }
    }

    /// Where a bar begins, counted from the known line. Exact: bars are multiples of a sixteenth of a beat.
    pub fn line_at(&self, bar: i64) -> Beats {
        self.mark_at(2 * bar)
    }

    /// The number of that bar.
    pub fn number_at(&self, bar: i64) -> BarNumber {
        BarNumber::new(self.number.get() + bar)
    }

    /// Bars from the known line to a position, with a fraction.
    pub fn bars_to(&self, position: Beats) -> f64 {
        (position - self.line).get() / self.metre.beats_per_bar().get()
    }

    /// The bar that a position lies in; a position less than `tolerance` before a line counts as on it.
    pub fn bar_at(&self, position: Beats, tolerance: Beats) -> i64 {
        self.bars_to(position + tolerance).floor() as i64
    }

    /// The bar whose line is nearest to a position.
    pub fn nearest_bar(&self, position: Beats) -> i64 {
        self.bars_to(position).round() as i64
    }

    /// Whether a line lies within `tolerance` of a position.
    pub fn has_line_near(&self, position: Beats, tolerance: Beats) -> bool {
        let nearest = self.line_at(self.nearest_bar(position));
        (position - nearest).get().abs() <= tolerance.get()
    }

    /// A mark: even ones are bar lines, odd ones the middles of bars. Mark 0 is the known line.
    pub fn mark_at(&self, mark: i64) -> Beats {
        self.line + self.metre.beats_per_bar() * (0.5 * mark as f64)
    }

    /// The first mark not before a position.
    pub fn mark_from(&self, position: Beats) -> i64 {
        (2.0 * self.bars_to(position)).ceil() as i64
    }
}
