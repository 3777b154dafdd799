//! The arithmetic between the tokenizer, the adapter and the dynamics: normalising tokens and slots, and bringing tokens to slots.

use crate::contract::POSITION_FEATURES;

/// Gives every token mean 0 and deviation 1 over its channels, in place: LayerNorm without learned parameters. `tokens` is
/// `[token, channel]`; `epsilon` is added to the variance, so a constant token becomes 0.
///
/// # Panics
/// If `tokens` is not whole tokens.
pub fn normalise_tokens(tokens: &mut [f32], channels: usize, epsilon: f32) {
    assert!(channels > 0 && tokens.len().is_multiple_of(channels), "{} numbers are not tokens of {channels}", tokens.len());
    for token in tokens.chunks_exact_mut(channels) {
        let mean = token.iter().sum::<f32>() / channels as f32;
        let variance = token.iter().map(|x| (x - mean) * (x - mean)).sum::<f32>() / channels as f32;
        let scale = 1.0 / (variance + epsilon).sqrt();
        token.iter_mut().for_each(|x| *x = (*x - mean) * scale);
    }
}

/// Gives every channel mean 0 and deviation 1 over the training data, in place: (x − mean) / deviation. `slots` is `[slot, channel]`,
/// `mean` and `deviation` are `[channel]`.
///
/// # Panics
/// If the lengths do not fit.
pub fn standardise(slots: &mut [f32], mean: &[f32], deviation: &[f32]) {
    for_each_slot(slots, mean, deviation, |x, mean, deviation| (x - mean) / deviation);
}

/// Undoes [`standardise`], in place: x · deviation + mean.
///
/// # Panics
/// If the lengths do not fit.
pub fn unstandardise(slots: &mut [f32], mean: &[f32], deviation: &[f32]) {
    for_each_slot(slots, mean, deviation, |x, mean, deviation| x * deviation + mean);
}

fn for_each_slot(slots: &mut [f32], mean: &[f32], deviation: &[f32], change: impl Fn(f32, f32, f32) -> f32) {
    assert_eq!(mean.len(), deviation.len(), "mean and deviation have one number a channel");
    assert!(
        !mean.is_empty() && slots.len().is_multiple_of(mean.len()),
        "{} numbers are not slots of {}",
        slots.len(),
        mean.len()
    );
    for slot in slots.chunks_exact_mut(mean.len()) {
        for (x, (mean, deviation)) in slot.iter_mut().zip(mean.iter().zip(deviation)) {
            *x = change(*x, *mean, *deviation);
        }
    }
}

/// The matrix `[to, from]` that brings `from` tokens to `to` by linear interpolation of their relative positions (i + ½) / n.
///
/// Rows sum to 1; it is the identity when both are equal. Going to fewer tokens the triangles widen, so that every token still
/// counts; at both ends they are cut off and rescaled.
///
/// # Panics
/// If either number is 0.
pub fn interpolation_matrix(from: usize, to: usize) -> Vec<f32> {
    assert!(from > 0 && to > 0, "cannot interpolate {from} tokens to {to}");
    let ratio = from as f64 / to as f64;
    let reach = ratio.max(1.0);
    let mut matrix = Vec::with_capacity(to * from);
    for i in 0..to {
        let centre = (i as f64 + 0.5) * ratio - 0.5;
        let weight = |j: usize| (1.0 - (j as f64 - centre).abs() / reach).max(0.0);
        let sum: f64 = (0..from).map(weight).sum();
        matrix.extend((0..from).map(|j| (weight(j) / sum) as f32));
    }
    matrix
}

/// What tells a network where in its unit each of `n` tokens lies: `[n, 16]`, the cosines and then the sines of π · 2^k · (i + ½) / n for
/// k from 0 to 7.
pub fn position_features(n: usize) -> Vec<f32> {
    const WAVES: usize = POSITION_FEATURES / 2;
    let angle = |i: usize, k: usize| std::f64::consts::PI * (1_u32 << k) as f64 * (i as f64 + 0.5) / n as f64;
    let mut features = Vec::with_capacity(n * POSITION_FEATURES);
    for i in 0..n {
        features.extend((0..WAVES).map(|k| libm::cos(angle(i, k)) as f32));
        features.extend((0..WAVES).map(|k| libm::sin(angle(i, k)) as f32));
    }
    features
}

/// How many tokens cover a stretch: rounded up, at least one.
///
/// # Panics
/// If `samples_per_token` is 0.
pub fn token_count(samples_at_model_rate: usize, samples_per_token: usize) -> usize {
    samples_at_model_rate.div_ceil(samples_per_token).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::noise::GaussianNoise;

    fn noise(count: usize) -> Vec<f32> {
        let mut values = vec![0.0; count];
        GaussianNoise::new(11).fill(&mut values);
        values
    }

    #[test]
    fn normalised_tokens_have_mean_zero_and_deviation_one() {
        let mut tokens: Vec<f32> = noise(10 * 16).iter().map(|x| 3.0 * x + 2.0).collect();
        normalise_tokens(&mut tokens, 16, 1e-3);
        for token in tokens.chunks_exact(16) {
            let mean = token.iter().sum::<f32>() / 16.0;
            let variance = token.iter().map(|x| x * x).sum::<f32>() / 16.0;
            // Epsilon takes 1e-3 of a variance near 9.
            assert!(mean.abs() < 1e-6 && (variance - 1.0).abs() < 1e-3, "{mean}, {variance}");
        }
    }

    #[test]
    fn a_constant_token_becomes_zero_and_not_infinite() {
        let mut token = vec![0.25; 16];
        normalise_tokens(&mut token, 16, 1e-3);
        assert_eq!(token, [0.0; 16]);
    }

    #[test]
    fn standardising_and_back_is_the_same_slot() {
        let (mean, deviation) = ([0.5, -1.0], [2.0, 0.25]);
        let mut slots = vec![2.5, -1.0, 0.5, -0.5];
        standardise(&mut slots, &mean, &deviation);
        assert_eq!(slots, [1.0, 0.0, 0.0, 2.0]);
        unstandardise(&mut slots, &mean, &deviation);
        assert_eq!(slots, [2.5, -1.0, 0.5, -0.5]);
    }

    #[test]
    fn interpolation_rows_sum_to_one_and_every_token_counts() {
        for from in 1..=50 {
            for to in [1, 2, 21, 22, 31, 32, 33, 44, 64] {
                let matrix = interpolation_matrix(from, to);
                assert_eq!(matrix.len(), to * from);
                for row in matrix.chunks_exact(from) {
                    // 50 additions of 24-bit numbers.
                    assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-6, "{from} to {to}");
                    assert!(row.iter().all(|&weight| weight >= 0.0));
                }
                let column = |j: usize| matrix.iter().skip(j).step_by(from).sum::<f32>();
                assert!((0..from).all(|j| column(j) > 0.0), "{from} to {to} drops a token");
            }
        }
    }

    #[test]
    fn interpolating_to_the_same_number_is_the_identity() {
        for n in [1, 22, 32, 44] {
            let identity: Vec<f32> = (0..n * n).map(|i| if i % (n + 1) == 0 { 1.0 } else { 0.0 }).collect();
            assert_eq!(interpolation_matrix(n, n), identity);
        }
    }

    #[test]
    fn interpolation_keeps_a_straight_line_straight() {
        for (from, to) in [(22, 32), (32, 22), (44, 32), (32, 44), (25, 32)] {
            let matrix = interpolation_matrix(from, to);
            let edge = to.div_ceil(from) + 1;
            for i in edge..to - edge {
                let reached: f64 = (0..from).map(|j| f64::from(matrix[i * from + j]) * (j as f64 + 0.5) / from as f64).sum();
                let expected = (i as f64 + 0.5) / to as f64;
                // Triangles wider than one token weigh a line only nearly evenly: off by a fraction of a token's 1 / 22.
                assert!((reached - expected).abs() < 0.12 / from as f64, "{from} to {to}, row {i}: {reached} for {expected}");
            }
        }
    }

    #[test]
    fn positions_are_cosines_then_sines_of_doubling_waves() {
        let features = position_features(4);
        assert_eq!(features.len(), 4 * POSITION_FEATURES);
        for (i, token) in features.chunks_exact(POSITION_FEATURES).enumerate() {
            for k in 0..8 {
                let angle = std::f64::consts::PI * f64::from(1 << k) * (i as f64 + 0.5) / 4.0;
                assert!((f64::from(token[k as usize]) - angle.cos()).abs() < 1e-6);
                assert!((f64::from(token[8 + k as usize]) - angle.sin()).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn positions_of_all_tokens_of_a_unit_differ() {
        for n in 22..=44 {
            let features = position_features(n);
            let rows: Vec<&[f32]> = features.chunks_exact(POSITION_FEATURES).collect();
            let apart = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f32>().sqrt();
            assert!((0..n).all(|i| (0..i).all(|j| apart(rows[i], rows[j]) > 0.5)), "{n}");
        }
    }

    #[test]
    fn tokens_are_rounded_up_and_never_none() {
        let counts = [0, 1, 1024, 1025, 22_400, 32_768, 44_800].map(|samples| token_count(samples, 1024));
        assert_eq!(counts, [1, 1, 1, 2, 22, 32, 44]);
    }
}
