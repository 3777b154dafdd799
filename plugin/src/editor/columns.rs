//! Where bars lie in the timeline, from left to right, and which bar lies under a point.
//!
//! Widths follow the lengths in beats; where bars were never heard, a narrow gap stands for them, however many they are.
//!
//! **Thread.** The window's; plain functions.

use turnaround_core::time::Beats;

use crate::view::BarView;

/// Width of a gap, in points.
const GAP: f32 = 16.0;

/// Beats by which hosts round: less than this is no gap.
const ROUNDING: f64 = 0.01;

/// Points per beat, least and most.
const LEAST: f32 = 3.0;
const MOST: f32 = 120.0;

/// One bar's place, in points from the left end of the timeline.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Column {
    /// Its left side.
    pub left: f32,
    /// Its right side.
    pub right: f32,
    /// Whether bars before it were never heard.
    pub follows_gap: bool,
}

/// Places for bars that are in order.
pub fn columns(bars: &[BarView], points_per_beat: f32) -> Vec<Column> {
    let mut x = 0.0;
    let mut end: Option<Beats> = None;
    bars.iter()
        .map(|bar| {
            let follows_gap = end.is_some_and(|end| (bar.anchor - end).get() > ROUNDING);
            if follows_gap {
                x += GAP;
            }
            let left = x;
            x += bar.metre.beats_per_bar().get() as f32 * points_per_beat;
            end = Some(bar.anchor + bar.metre.beats_per_bar());
            Column { left, right: x, follows_gap }
        })
        .collect()
}

/// Width of all.
pub fn width(columns: &[Column]) -> f32 {
    columns.last().map_or(0.0, |column| column.right)
}

/// The bar under `x`; beside all bars, or in a gap, the nearest. None if there are none.
pub fn at(columns: &[Column], x: f32) -> Option<usize> {
    let next = columns.partition_point(|column| column.right <= x);
    match columns.get(next) {
        None => columns.len().checked_sub(1),
        Some(column) if x < column.left && next > 0 && x - columns[next - 1].right < column.left - x => Some(next - 1),
        Some(_) => Some(next),
    }
}

/// The bar that holds this place in music.
pub fn bar_at(bars: &[BarView], beats: Beats) -> Option<usize> {
    // A little early is still on the line: the clock rounds as hosts do.
    let index = bars.partition_point(|bar| bar.anchor.get() <= beats.get() + ROUNDING / 20.0).checked_sub(1)?;
    let bar = &bars[index];
    (beats < bar.anchor + bar.metre.beats_per_bar()).then_some(index)
}

/// Where a place in music lies; none where no bar was heard.
pub fn x_of(bars: &[BarView], columns: &[Column], beats: Beats) -> Option<f32> {
    let index = bar_at(bars, beats)?;
    let (bar, column) = (&bars[index], columns.get(index)?);
    let share = (beats - bar.anchor).get() / bar.metre.beats_per_bar().get();
    Some(column.left + (column.right - column.left) * share.clamp(0.0, 1.0) as f32)
}

/// A zoom that was asked for, kept within what can be read.
pub fn zoomed(points_per_beat: f32, factor: f32) -> f32 {
    (points_per_beat * factor).clamp(LEAST, MOST)
}

/// The zoom at which all bars just fit into `room` points, or at which the shortest is `readable` points wide where they do not fit.
pub fn fitting(bars: &[BarView], room: f32, readable: f32) -> f32 {
    let gaps = columns(bars, 1.0).iter().filter(|column| column.follows_gap).count() as f32;
    let beats: f64 = bars.iter().map(|bar| bar.metre.beats_per_bar().get()).sum();
    let shortest = bars.iter().map(|bar| bar.metre.beats_per_bar().get()).fold(64.0, f64::min);
    let fitting = (room - gaps * GAP) / beats.max(1.0) as f32;
    fitting.max(readable / shortest as f32).clamp(LEAST, MOST)
}

/// Bars of which any part lies between two places.
pub fn visible(columns: &[Column], left: f32, right: f32) -> std::ops::Range<usize> {
    let first = columns.partition_point(|column| column.right < left);
    let end = columns.partition_point(|column| column.left <= right);
    first..end.max(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::editor::made_up;
    use crate::view::BarStatus;

    fn bars(numbers: &[i64]) -> Vec<BarView> {
        numbers.iter().map(|number| made_up::bar(*number, BarStatus::Captured)).collect()
    }

    #[test]
    fn bars_lie_side_by_side_and_a_gap_stands_for_what_was_not_heard() {
        let columns = columns(&bars(&[1, 2, 9]), 10.0);
        let gaps: Vec<_> = columns.iter().map(|column| column.follows_gap).collect();
        assert_eq!(gaps, [false, false, true]);
        assert_eq!((columns[0].left, columns[0].right, columns[1].left, columns[1].right), (0.0, 40.0, 40.0, 80.0));
        assert_eq!((columns[2].left, width(&columns)), (80.0 + GAP, 120.0 + GAP));
    }

    #[test]
    fn a_point_finds_its_bar_and_a_point_beside_all_bars_the_nearest() {
        let columns = columns(&bars(&[1, 2, 9]), 10.0);
        for (x, expected) in [(-5.0, 0), (0.0, 0), (39.9, 0), (40.0, 1), (81.0, 1), (95.0, 2), (136.0, 2), (900.0, 2)] {
            assert_eq!(at(&columns, x), Some(expected), "{x}");
        }
        assert_eq!(at(&[], 3.0), None);
    }

    #[test]
    fn the_playhead_lies_in_its_bar_and_nowhere_where_none_was_heard() {
        let bars = bars(&[1, 2, 9]);
        let columns = columns(&bars, 10.0);
        let x = |beats| x_of(&bars, &columns, Beats::new(beats));
        assert_eq!([x(0.0), x(2.0), x(4.0), x(6.0)], [Some(0.0), Some(20.0), Some(40.0), Some(60.0)]);
        assert_eq!([x(-1.0), x(8.0), x(31.0), x(36.0)], [None, None, None, None]);
        assert_eq!(x(32.0), Some(80.0 + GAP));
        // A bar line that a host rounded down belongs to the bar it begins.
        assert_eq!(x(4.0 - 1e-4), Some(40.0));
    }

    #[test]
    fn fitting_shows_all_as_long_as_it_stays_readable() {
        let some = bars(&[1, 2, 9]);
        assert!((width(&columns(&some, fitting(&some, 600.0, 72.0))) - 600.0).abs() < 1e-3);
        let many = bars(&(1..=4_000).collect::<Vec<_>>());
        assert_eq!(fitting(&many, 600.0, 72.0), 18.0);
        assert_eq!(zoomed(LEAST, 0.5), LEAST);
        assert_eq!(zoomed(MOST, 2.0), MOST);
    }

    #[test]
    fn only_bars_in_the_window_are_drawn() {
        let columns = columns(&bars(&[1, 2, 3, 4]), 10.0);
        assert_eq!(visible(&columns, 45.0, 100.0), 1..3);
        assert_eq!(visible(&columns, 500.0, 600.0), 4..4);
        assert_eq!(visible(&[], 0.0, 100.0), 0..0);
    }
}
