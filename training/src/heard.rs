//! Whether what was asked of a bar is heard in it again.

use std::collections::BTreeSet;

use turnaround_core::contract::SparseWeights;

/// The `most` heaviest actions, by falling weight.
pub fn heaviest(weights: &SparseWeights, most: usize) -> Vec<u16> {
    let mut ranked = weights.clone();
    ranked.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    ranked.iter().take(most).map(|(action, _)| *action).collect()
}

/// What two lists share, of all that is in either (the Jaccard index). Two empty ones share nothing.
pub fn in_common(a: &[u16], b: &[u16]) -> f64 {
    let set = |list: &[u16]| list.iter().copied().collect::<BTreeSet<u16>>();
    let (a, b) = (set(a), set(b));
    a.intersection(&b).count() as f64 / a.union(&b).count().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_share_what_is_in_both_of_what_is_in_either() {
        assert_eq!(in_common(&[1, 2, 3], &[2, 3, 4]), 0.5);
        assert_eq!(in_common(&[3, 1], &[1, 3]), 1.0);
        assert_eq!(in_common(&[1], &[2]), 0.0);
        assert_eq!(in_common(&[], &[]), 0.0);
    }

    #[test]
    fn the_heaviest_come_first_and_no_more_than_asked() {
        assert_eq!(heaviest(&vec![(4, 0.1), (7, 0.6), (1, 0.3)], 2), [7, 1]);
    }
}
