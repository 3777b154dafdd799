//! Guidance: pushing a prediction further towards its condition.

/// How strongly, and while how noisy, predictions are pushed away from those without a condition.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Guidance {
    /// 1 is none; start from 2. Each guided call costs two.
    pub weight: f32,
    /// The lowest noise level at which it acts; start from 0.3.
    pub low: f32,
    /// The highest noise level at which it acts; start from 0.9.
    pub high: f32,
}

impl Guidance {
    /// No guidance.
    pub const NONE: Guidance = Guidance { weight: 1.0, low: 0.0, high: 1.0 };

    /// Whether a call at this noise level needs the second prediction.
    pub fn is_active(&self, level: f32) -> bool {
        self.weight != 1.0 && (self.low..=self.high).contains(&level)
    }

    /// Combines two predictions of the clean signal: u + weight · (c − u). Weight 1 gives the conditional one, to the bit.
    ///
    /// Papers guide the velocity v = (x − x₀) / t. At a fixed noisy signal x and level t it is an affine function of the clean signal x₀,
    /// and the two weights add up to 1, so guiding x₀ is the same. Source: classifier-free guidance (Ho and Salimans, arXiv
    /// 2207.12598).
    ///
    /// # Panics
    /// If the two are not equally long.
    pub fn combine(&self, conditional: &[f32], unconditional: &[f32]) -> Vec<f32> {
        assert_eq!(conditional.len(), unconditional.len(), "two predictions of one signal are equally long");
        if self.weight == 1.0 {
            return conditional.to_vec();
        }
        conditional.iter().zip(unconditional).map(|(c, u)| u + self.weight * (c - u)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::noise::{GaussianNoise, blend};

    fn noise(seed: u64) -> Vec<f32> {
        let mut values = vec![0.0; 64];
        GaussianNoise::new(seed).fill(&mut values);
        values
    }

    #[test]
    fn guidance_one_is_the_identity() {
        assert_eq!(Guidance::NONE.combine(&noise(1), &noise(2)), noise(1));
        assert!([0.0, 0.3, 0.6, 1.0].iter().all(|&level| !Guidance::NONE.is_active(level)));
    }

    #[test]
    fn guidance_zero_forgets_the_condition_and_two_doubles_the_difference() {
        let guided = |weight| Guidance { weight, ..Guidance::NONE }.combine(&[3.0, 1.0], &[2.0, 1.5]);
        assert_eq!(guided(0.0), [2.0, 1.5]);
        assert_eq!(guided(2.0), [4.0, 0.5]);
    }

    #[test]
    fn guidance_acts_between_its_levels() {
        let guidance = Guidance { weight: 2.0, low: 0.3, high: 0.9 };
        let active: Vec<f32> = [0.0, 0.29, 0.3, 0.6, 0.9, 0.91, 1.0].into_iter().filter(|&t| guidance.is_active(t)).collect();
        assert_eq!(active, [0.3, 0.6, 0.9]);
    }

    #[test]
    fn guiding_the_clean_signal_is_guiding_the_velocity() {
        let (level, guidance) = (0.6, Guidance { weight: 2.5, ..Guidance::NONE });
        let (conditional, unconditional) = (noise(1), noise(2));
        let noisy = blend(&noise(3), &noise(4), level);
        let velocity = |clean: &[f32]| -> Vec<f32> { noisy.iter().zip(clean).map(|(x, p)| (x - p) / level).collect() };
        let of_clean = velocity(&guidance.combine(&conditional, &unconditional));
        let of_velocity = guidance.combine(&velocity(&conditional), &velocity(&unconditional));
        // The same numbers in another order of operations, at a size of about ten.
        assert!(of_clean.iter().zip(&of_velocity).all(|(a, b)| (a - b).abs() < 1e-4));
    }
}
