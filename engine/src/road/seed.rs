//! One seed, many independent streams of noise.

/// What a stream of noise is for. The numbers are part of what a seed means: changing one changes every take. 3 has been used.
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    Dynamics = 1,
    Decoder = 2,
    Past = 4,
}

/// The seed of one stream: the same for the same edit, whatever else is edited beside it.
///
/// Source: the finaliser of SplitMix64 (Steele, Lea and Flood 2014), applied once for each part.
pub(crate) fn stream(seed: u64, purpose: Purpose, unit: usize) -> u64 {
    scramble(scramble(scramble(seed) ^ purpose as u64) ^ unit as u64)
}

fn scramble(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_of_neighbouring_seeds_units_and_purposes_differ() {
        let mut seen = std::collections::HashSet::new();
        for seed in 0..8 {
            for unit in 0..8 {
                for purpose in [Purpose::Dynamics, Purpose::Decoder, Purpose::Past] {
                    assert!(seen.insert(stream(seed, purpose, unit)));
                }
            }
        }
    }
}
