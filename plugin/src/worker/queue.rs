//! Which bar is made next: the nearest ahead of the playhead.
//!
//! **Thread.** Worker.

use turnaround_core::time::Beats;

use crate::spec::BarKey;

/// A bar that waits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Waiting {
    /// Its name.
    pub key: BarKey,
    /// Where it begins.
    pub anchor: Beats,
}

/// The nearest bar that the playhead has not reached, else the first of those behind it, which a loop or a new start reaches first.
pub fn next(waiting: impl Iterator<Item = Waiting>, playhead: Beats) -> Option<BarKey> {
    let order = |bar: &Waiting| (bar.anchor < playhead, bar.anchor.get());
    waiting.min_by(|a, b| order(a).partial_cmp(&order(b)).unwrap_or(std::cmp::Ordering::Equal)).map(|bar| bar.key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(beats: f64) -> BarKey {
        BarKey::new(Beats::new(beats))
    }

    fn next_of(beats: &[f64], playhead: f64) -> Option<BarKey> {
        let waiting = beats.iter().map(|&beats| Waiting { key: key(beats), anchor: Beats::new(beats) });
        next(waiting, Beats::new(playhead))
    }

    #[test]
    fn the_nearest_bar_ahead_comes_first_and_then_the_start() {
        assert_eq!(next_of(&[0.0, 4.0, 12.0, 8.0], 5.0), Some(key(8.0)));
        assert_eq!(next_of(&[0.0, 4.0], 5.0), Some(key(0.0)));
        assert_eq!(next_of(&[4.0, 8.0], 4.0), Some(key(4.0)));
        assert_eq!(next_of(&[], 0.0), None);
    }
}
