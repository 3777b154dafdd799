//! Arithmetic on effects: what some changes have in common.

use turnaround_core::descriptors::{Descriptor, Effect};

/// The mean of some effects, every descriptor; of none, no change.
pub fn mean(effects: &[Effect]) -> Effect {
    let share = 1.0 / effects.len().max(1) as f32;
    let of = |descriptor: Descriptor| effects.iter().map(|effect| at(effect, descriptor)).sum::<f32>() * share;
    Descriptor::ALL.into_iter().map(|descriptor| (descriptor, of(descriptor))).collect()
}

/// How alike some effects are, 0 to 1: the length of their mean over the root of their mean squared length. 1 when all are equal; of `n`
/// that have nothing in common, about 1/√n. 0 when none changes anything.
pub fn consistency(effects: &[Effect]) -> f32 {
    let squares = effects.iter().map(|effect| dot(effect, effect)).sum::<f32>() / effects.len().max(1) as f32;
    if squares > 0.0 { (length(&mean(effects)) / squares.sqrt()).min(1.0) } else { 0.0 }
}

/// The root of the summed squares.
pub fn length(effect: &Effect) -> f32 {
    dot(effect, effect).sqrt()
}

/// The scalar product.
pub fn dot(a: &Effect, b: &Effect) -> f32 {
    a.iter().map(|(descriptor, x)| x * at(b, *descriptor)).sum()
}

/// The cosine of the angle between two; 0 where one of them changes nothing.
pub fn cosine(a: &Effect, b: &Effect) -> f32 {
    let lengths = length(a) * length(b);
    if lengths > 0.0 { dot(a, b) / lengths } else { 0.0 }
}

/// How far `part` goes along `whole`, of its length; 0 where the whole changes nothing.
pub fn share_of(part: &Effect, whole: &Effect) -> f32 {
    let square = dot(whole, whole);
    if square > 0.0 { dot(part, whole) / square } else { 0.0 }
}

fn at(effect: &Effect, descriptor: Descriptor) -> f32 {
    effect.get(&descriptor).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn effect(loudness: f32, density: f32) -> Effect {
        Effect::from([(Descriptor::Loudness, loudness), (Descriptor::Density, density)])
    }

    #[test]
    fn equal_effects_are_wholly_consistent_and_opposite_ones_not_at_all() {
        assert!((consistency(&[effect(1.0, -2.0), effect(1.0, -2.0)]) - 1.0).abs() < 1e-6);
        assert_eq!(consistency(&[effect(1.0, -2.0), effect(-1.0, 2.0)]), 0.0);
        assert_eq!(consistency(&[]), 0.0);
        assert_eq!(consistency(&[effect(0.0, 0.0)]), 0.0);
    }

    #[test]
    fn two_at_right_angles_have_half_their_power_in_common() {
        let both = [effect(1.0, 0.0), effect(0.0, 1.0)];
        assert!((consistency(&both) - 0.5_f32.sqrt()).abs() < 1e-6);
        assert_eq!(cosine(&both[0], &both[1]), 0.0);
        assert_eq!(mean(&both)[&Descriptor::Density], 0.5);
        assert_eq!(mean(&both).len(), Descriptor::ALL.len());
    }

    #[test]
    fn a_part_is_measured_along_the_whole() {
        let whole = effect(2.0, -4.0);
        assert_eq!(share_of(&effect(1.0, -2.0), &whole), 0.5);
        assert_eq!(share_of(&effect(4.0, 2.0), &whole), 0.0);
        assert_eq!(share_of(&whole, &Effect::new()), 0.0);
    }
}
