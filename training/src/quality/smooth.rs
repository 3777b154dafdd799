//! Smoothing of probabilities over the cuts of a song: quality seldom changes from one cut to the next.

/// Deviation of the Gaussian, in cuts.
const DEVIATION: f64 = 2.0;
/// How far the Gaussian reaches, in cuts.
const REACH: usize = 8;

/// Each value as the mean of its neighbours under a Gaussian of two cuts' deviation. At the ends only the neighbours that exist count, so a
/// constant stays what it is.
pub fn smooth(values: &[f64]) -> Vec<f64> {
    let weight = |distance: usize| (-0.5 * (distance as f64 / DEVIATION).powi(2)).exp();
    let at = |place: usize| {
        let around = place.saturating_sub(REACH)..values.len().min(place + REACH + 1);
        let total: f64 = around.clone().map(|other| weight(place.abs_diff(other))).sum();
        around.map(|other| weight(place.abs_diff(other)) * values[other]).sum::<f64>() / total
    };
    (0..values.len()).map(at).collect()
}
