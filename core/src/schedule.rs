//! Sampling matrices: which bar is how noisy at which step.
//!
//! When several bars are made at once they need not become clean together. A matrix holds a noise level for every step and bar; the
//! network is called between each two rows. Source: diffusion forcing (Chen et al. 2024), whose matrices count steps still to go,
//! K\[step, bar\], out of S; ours hold the noise level at that count, `levels[S − K]`, which for even levels is K / S.

/// Noise levels `[step][bar]`, from the first row, before any call, to the last, all 0. They never rise from row to row.
#[derive(Clone, Debug, PartialEq)]
pub struct SamplingMatrix {
    rows: Vec<Vec<f32>>,
}

impl SamplingMatrix {
    /// All bars together: K = S − m. `levels` are the S + 1 levels of one bar, as [`crate::noise::logit_uniform_levels`] makes them.
    ///
    /// # Panics
    /// As all of them: if `levels` has fewer than two values, rises, or does not end at 0, or if there is no bar.
    pub fn bidirectional(levels: &[f32], bars: usize) -> Self {
        Self::staggered(levels, &vec![0; bars])
    }

    /// One bar after the other, each clean before the next begins: K = clip(S + S · i − m, 0, S).
    pub fn autoregressive(levels: &[f32], bars: usize) -> Self {
        Self::pyramid(levels, bars, levels.len().saturating_sub(1))
    }

    /// Each bar `spacing` steps behind the one before it: K = clip(S + spacing · i − m, 0, S). Start from S / 4; 0 is bidirectional, S is
    /// autoregressive.
    pub fn pyramid(levels: &[f32], bars: usize, spacing: usize) -> Self {
        let delays: Vec<usize> = (0..bars).map(|bar| spacing * bar).collect();
        Self::staggered(levels, &delays)
    }

    /// Bars next to the context first, those far from it later: K = clip(S + spacing · distance − m, 0, S). `distances` is one number a
    /// bar, as [`distances_to_context`] makes them.
    pub fn trapezoid(levels: &[f32], distances: &[usize], spacing: usize) -> Self {
        let delays: Vec<usize> = distances.iter().map(|distance| spacing * distance).collect();
        Self::staggered(levels, &delays)
    }

    /// Every bar runs through the same levels, this many steps late.
    fn staggered(levels: &[f32], delays: &[usize]) -> Self {
        assert!(levels.len() >= 2, "a schedule has at least one step");
        assert!(
            levels.is_sorted_by(|a, b| a >= b) && levels[levels.len() - 1] == 0.0,
            "noise levels fall to 0, unlike {levels:?}"
        );
        let steps = levels.len() - 1;
        let latest = *delays.iter().max().expect("a schedule has at least one bar");
        let row = |m: usize| delays.iter().map(|&delay| levels[m.saturating_sub(delay).min(steps)]).collect();
        Self { rows: (0..=steps + latest).map(row).collect() }
    }

    /// All rows, `[step][bar]`, one more than calls.
    pub fn rows(&self) -> &[Vec<f32>] {
        &self.rows
    }

    /// How often the network is called.
    pub fn calls(&self) -> usize {
        self.rows.len() - 1
    }

    /// How many bars are made.
    pub fn bars(&self) -> usize {
        self.rows[0].len()
    }

    /// The steps in order: the level of every bar before the call, and after it.
    pub fn steps(&self) -> impl Iterator<Item = (&[f32], &[f32])> {
        self.rows.windows(2).map(|pair| (pair[0].as_slice(), pair[1].as_slice()))
    }
}

/// How far every target bar is from the nearest context bar, 0 for neighbours. `is_target` says of every bar in the window, in order,
/// whether it is to be made; the result has one number for each that is. Without any context all are 0.
pub fn distances_to_context(is_target: &[bool]) -> Vec<usize> {
    let distance = |bar: usize| {
        let context = is_target.iter().enumerate().filter(|(_, target)| !**target);
        context.map(|(other, _)| bar.abs_diff(other) - 1).min().unwrap_or(0)
    };
    (0..is_target.len()).filter(|&bar| is_target[bar]).map(distance).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::noise::{levels_down_to, logit_uniform_levels};

    fn all() -> Vec<SamplingMatrix> {
        let mut all = Vec::new();
        for calls in [1, 2, 4, 6, 12] {
            for levels in [levels_down_to(1.0 / calls as f32, calls), logit_uniform_levels(calls, 0.7)] {
                for bars in 1..6 {
                    let distances = distances_to_context(&[&[false], &vec![true; bars][..], &[false]].concat());
                    all.push(SamplingMatrix::bidirectional(&levels, bars));
                    all.push(SamplingMatrix::autoregressive(&levels, bars));
                    all.push(SamplingMatrix::pyramid(&levels, bars, calls.div_ceil(2)));
                    all.push(SamplingMatrix::trapezoid(&levels, &distances, calls.div_ceil(4)));
                }
            }
        }
        all
    }

    #[test]
    fn every_matrix_ends_at_zero_and_never_rises() {
        for matrix in all() {
            assert!(matrix.rows()[matrix.calls()].iter().all(|&level| level == 0.0), "{matrix:?}");
            for (before, after) in matrix.steps() {
                assert!(before.iter().zip(after).all(|(before, after)| before >= after), "{matrix:?}");
                assert!(before.iter().zip(after).any(|(before, after)| before > after), "a call must do something: {matrix:?}");
            }
        }
    }

    #[test]
    fn every_bar_starts_at_the_first_level_and_passes_them_all() {
        for matrix in all() {
            let start = matrix.rows()[0][0];
            assert!(matrix.rows()[0].iter().all(|&level| level == start));
            let passed = |bar: usize| {
                let mut levels: Vec<f32> = matrix.rows().iter().map(|row| row[bar]).collect();
                levels.dedup();
                levels
            };
            assert!((1..matrix.bars()).all(|bar| passed(bar) == passed(0)), "{matrix:?}");
        }
    }

    #[test]
    fn the_four_kinds_are_as_their_formulas_say() {
        let levels = levels_down_to(0.5, 2);
        assert_eq!(SamplingMatrix::bidirectional(&levels, 2).rows(), [[1.0, 1.0], [0.5, 0.5], [0.0, 0.0]]);
        let one_by_one = [[1.0, 1.0], [0.5, 1.0], [0.0, 1.0], [0.0, 0.5], [0.0, 0.0]];
        assert_eq!(SamplingMatrix::autoregressive(&levels, 2).rows(), one_by_one);
        let stairs = [[1.0, 1.0, 1.0], [0.5, 1.0, 1.0], [0.0, 0.5, 1.0], [0.0, 0.0, 0.5], [0.0, 0.0, 0.0]];
        assert_eq!(SamplingMatrix::pyramid(&levels, 3, 1).rows(), stairs);
        let from_both_sides = [[1.0, 1.0, 1.0], [0.5, 1.0, 0.5], [0.0, 0.5, 0.0], [0.0, 0.0, 0.0]];
        assert_eq!(SamplingMatrix::trapezoid(&levels, &[0, 1, 0], 1).rows(), from_both_sides);
    }

    #[test]
    fn distance_counts_the_bars_between_a_target_and_its_nearest_context() {
        let distances = |bars: &str| distances_to_context(&bars.chars().map(|bar| bar == 't').collect::<Vec<_>>());
        assert_eq!(distances("ccttttc"), [0, 1, 1, 0]);
        assert_eq!(distances("ccttt"), [0, 1, 2]);
        assert_eq!(distances("tttc"), [2, 1, 0]);
        assert_eq!(distances("tct"), [0, 0]);
        assert_eq!(distances("tt"), [0, 0]);
    }

    #[test]
    #[should_panic(expected = "noise levels fall to 0")]
    fn levels_that_do_not_reach_zero_make_no_matrix() {
        SamplingMatrix::bidirectional(&[1.0, 0.5], 2);
    }
}
