//! A map of the actions: those of like effect lie close together.

use smartcore::decomposition::pca::{PCA, PCAParameters};
use smartcore::linalg::basic::arrays::Array;
use smartcore::linalg::basic::matrix::DenseMatrix;
use turnaround_core::descriptors::{Descriptor, Effect};

/// The place of each effect on its two principal components, scaled so that the farthest touches an edge of −1 to 1. An axis points where
/// the descriptor that tells most of it grows, so that a map keeps its sides when it is made again. Fewer than three effects, or effects
/// that are all alike, lie in the middle.
pub fn positions(effects: &[&Effect]) -> Vec<[f32; 2]> {
    let middle = vec![[0.0; 2]; effects.len()];
    if effects.len() < 3 {
        return middle;
    }
    let row = |effect: &&Effect| Descriptor::ALL.map(|descriptor| f64::from(effect[&descriptor])).to_vec();
    let table = DenseMatrix::from_2d_vec(&effects.iter().map(row).collect()).expect("rows of one length");
    let parameters = PCAParameters::default().with_n_components(2);
    let Ok(components) = PCA::fit(&table, parameters) else { return middle };
    let Ok(placed) = components.transform(&table) else { return middle };
    let axis = |axis: usize| -> Vec<f32> {
        let loadings = components.components();
        let loading = |descriptor: usize| *loadings.get((descriptor, axis));
        let strongest = (0..Descriptor::ALL.len()).map(loading).max_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap_or(1.0);
        let sign = if strongest < 0.0 { -1.0 } else { 1.0 };
        (0..effects.len()).map(|index| (sign * *placed.get((index, axis))) as f32).collect()
    };
    let (right, up) = (axis(0), axis(1));
    let farthest = right.iter().chain(&up).map(|x| x.abs()).fold(0.0, f32::max);
    if !(farthest > 0.0 && farthest.is_finite()) {
        return middle;
    }
    right.into_iter().zip(up).map(|(x, y)| [(x / farthest).clamp(-1.0, 1.0), (y / farthest).clamp(-1.0, 1.0)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn effect(loudness: f32, density: f32) -> Effect {
        let mut effect: Effect = Descriptor::ALL.into_iter().map(|descriptor| (descriptor, 0.0)).collect();
        effect.insert(Descriptor::Loudness, loudness);
        effect.insert(Descriptor::Density, density);
        effect
    }

    #[test]
    fn the_axes_are_what_varies_most_and_point_to_more_of_it() {
        let effects = [effect(-4.0, 0.0), effect(0.0, 1.0), effect(4.0, 0.0), effect(0.0, -1.0)];
        let placed = positions(&effects.iter().collect::<Vec<_>>());
        let expected = [[-1.0, 0.0], [0.0, 0.25], [1.0, 0.0], [0.0, -0.25]];
        for (placed, expected) in placed.iter().zip(expected) {
            assert!((placed[0] - expected[0]).abs() < 1e-5 && (placed[1] - expected[1]).abs() < 1e-5, "{placed:?}");
        }
    }

    #[test]
    fn what_cannot_be_told_apart_lies_in_the_middle() {
        let same = [effect(1.0, 2.0), effect(1.0, 2.0), effect(1.0, 2.0)];
        assert_eq!(positions(&same.iter().collect::<Vec<_>>()), [[0.0; 2]; 3]);
        assert_eq!(positions(&[&same[0]]), [[0.0; 2]]);
    }
}
