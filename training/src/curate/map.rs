//! A map of the actions: those of like effect lie close together.

use smartcore::decomposition::pca::{PCA, PCAParameters};
use smartcore::linalg::basic::arrays::Array;
use smartcore::linalg::basic::matrix::DenseMatrix;
use turnaround_core::descriptors::{Descriptor, Effect};

/// Share of the effects that an axis is scaled by, and how far it takes them towards the edge. The few beyond share what is left, so that
/// one far away does not press all others together.
const MOST: f32 = 0.9;
const WAY_OF_MOST: f32 = 0.8;

/// The place of each effect on its two principal components, right and up, each scaled for itself to within −1 to 1. An axis points where the
/// descriptor that tells most of it grows, so that a map keeps its sides when it is made again. Fewer than three effects, or effects that
/// are all alike, lie in the middle.
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
    scaled(&axis(0)).into_iter().zip(scaled(&axis(1))).map(|(right, up)| [right, up]).collect()
}

/// Places along one axis, in their order, within −1 to 1 and around their median: in proportion as far as most of them lie, and ever closer
/// beyond.
fn scaled(places: &[f32]) -> Vec<f32> {
    let middle = quantile(places, 0.5);
    let distances: Vec<f32> = places.iter().map(|place| (place - middle).abs()).collect();
    let (most, farthest) = (quantile(&distances, MOST), quantile(&distances, 1.0));
    // Where most lie in the middle, those that do not are all there is to scale by.
    let unit = if most > 1e-3 * farthest { most } else { farthest };
    if !(unit > 0.0 && unit.is_finite()) {
        return vec![0.0; places.len()];
    }
    places.iter().map(|place| eased((place - middle).abs() / unit).copysign(place - middle)).collect()
}

/// The least of some numbers that so large a share of them does not exceed.
fn quantile(numbers: &[f32], share: f32) -> f32 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f32::total_cmp);
    sorted[((share * sorted.len() as f32).ceil() as usize).saturating_sub(1)]
}

/// A distance of 0 and more as one below 1. Its slope changes nowhere at once.
fn eased(distance: f32) -> f32 {
    if distance <= 1.0 {
        return WAY_OF_MOST * distance;
    }
    let (left, beyond) = (1.0 - WAY_OF_MOST, WAY_OF_MOST * (distance - 1.0));
    WAY_OF_MOST + left * beyond / (left + beyond)
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
        let expected = [[-0.8, 0.0], [0.0, 0.8], [0.8, 0.0], [0.0, -0.8]];
        for (placed, expected) in placed.iter().zip(expected) {
            assert!((placed[0] - expected[0]).abs() < 1e-5 && (placed[1] - expected[1]).abs() < 1e-5, "{placed:?}");
        }
    }

    #[test]
    fn one_far_away_leaves_the_others_their_room_and_keeps_its_order() {
        let near = (0..40).map(|index| effect(index as f32 / 10.0, (index * 7 % 40) as f32 / 40.0));
        let effects: Vec<Effect> = near.chain([effect(90.0, 0.5), effect(900.0, 0.5)]).collect();
        let placed = positions(&effects.iter().collect::<Vec<_>>());
        let right: Vec<f32> = placed.iter().map(|place| place[0]).collect();
        assert!(right.is_sorted_by(|one, other| one < other) && right[41] <= 1.0, "{right:?}");
        assert!(right[39] - right[0] > 1.2, "{right:?}");
        let up: Vec<f32> = placed.iter().map(|place| place[1]).collect();
        assert!(up.iter().all(|at| at.abs() <= 1.0) && quantile(&up, 1.0) - quantile(&up, 0.0) > 1.2, "{up:?}");
    }

    #[test]
    fn what_cannot_be_told_apart_lies_in_the_middle() {
        let same = [effect(1.0, 2.0), effect(1.0, 2.0), effect(1.0, 2.0)];
        assert_eq!(positions(&same.iter().collect::<Vec<_>>()), [[0.0; 2]; 3]);
        assert_eq!(positions(&[&same[0]]), [[0.0; 2]]);
    }
}
