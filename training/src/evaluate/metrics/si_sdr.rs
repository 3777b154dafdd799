//! How much of a waveform is the original's, whatever its level: reported, never optimised, since a decoder that draws its phases cannot
//! have it.
//!
//! Source: Le Roux et al. 2019: 10 log10(‖αs‖² / ‖αs − ŝ‖²) with α = ⟨ŝ, s⟩ / ‖s‖².

/// Bounds of the result in decibels, so that equal sounds and unrelated ones can be averaged.
const BOUND_DB: f64 = 100.0;

/// Scale-invariant signal-to-distortion ratio in decibels, −100 to 100; nothing for a silent original.
pub fn si_sdr(original: &[f32], made: &[f32]) -> Option<f64> {
    let product = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    let energy = product(original, original);
    if energy == 0.0 {
        return None;
    }
    let share = product(made, original) / energy;
    let target = share * share * energy;
    let error: f64 = original.iter().zip(made).map(|(s, made)| (share * f64::from(*s) - f64::from(*made)).powi(2)).sum();
    let ratio = 10.0 * (target / error).log10();
    // 0 / 0, a silent result, has none of the original.
    Some(if ratio.is_nan() { -BOUND_DB } else { ratio.clamp(-BOUND_DB, BOUND_DB) })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sine and a cosine of whole periods: no part of one lies in the other.
    fn pair() -> (Vec<f32>, Vec<f32>) {
        let angle = |i: usize| std::f32::consts::TAU * i as f32 * 10.0 / 1600.0;
        ((0..1600).map(|i| angle(i).sin()).collect(), (0..1600).map(|i| angle(i).cos()).collect())
    }

    #[test]
    fn a_known_mixture_has_the_ratio_it_was_mixed_at() {
        let (target, error) = pair();
        for db in [-20.0f32, 0.0, 15.0] {
            let share = 10f32.powf(-db / 20.0);
            let mixture: Vec<f32> = target.iter().zip(&error).map(|(s, e)| 0.3 * (s + share * e)).collect();
            let found = si_sdr(&target, &mixture).unwrap();
            assert!((found - f64::from(db)).abs() < 1e-3, "{found} dB for {db}");
        }
    }

    #[test]
    fn level_does_not_count_and_the_ends_are_bounded() {
        let (target, error) = pair();
        let soft: Vec<f32> = target.iter().map(|x| 0.25 * x).collect();
        assert_eq!(si_sdr(&target, &soft), Some(100.0));
        assert!(si_sdr(&target, &error).unwrap() < -80.0);
        assert_eq!(si_sdr(&target, &[0.0; 1600]), Some(-100.0));
        assert_eq!(si_sdr(&[0.0; 1600], &target), None);
    }
}
