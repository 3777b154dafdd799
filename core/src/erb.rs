//! Bands as wide as the ear's own filters: equivalent rectangular bandwidths.
//!
//! Source: Glasberg and Moore 1990: the number of such bands below a frequency is 21.4 log10(1 + 0.00437 f).

/// How many bands of the ear lie below a frequency.
pub fn erb_number(hz: f64) -> f64 {
    21.4 * (1.0 + 0.004_37 * hz).log10()
}

/// The frequency below which so many bands of the ear lie.
pub fn hz_from_erb_number(number: f64) -> f64 {
    (10f64.powf(number / 21.4) - 1.0) / 0.004_37
}

/// Neighbouring bands of a spectrum, equally wide to the ear.
#[derive(Clone, Debug, PartialEq)]
pub struct ErbBands {
    edges_hz: Vec<f64>,
}

impl ErbBands {
    /// `count` bands from `low_hz` to `high_hz`.
    ///
    /// # Panics
    /// If there is no band or no room for it.
    pub fn new(low_hz: f64, high_hz: f64, count: usize) -> Self {
        assert!(count > 0 && low_hz < high_hz, "bands need room: {count} from {low_hz} to {high_hz} Hz");
        let (low, high) = (erb_number(low_hz), erb_number(high_hz));
        let edge = |i: usize| hz_from_erb_number(low + (high - low) * i as f64 / count as f64);
        Self { edges_hz: (0..=count).map(edge).collect() }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.edges_hz.len() - 1
    }

    /// Never: there is at least one.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// Where they begin and end, in hertz, one more than bands.
    pub fn edges_hz(&self) -> &[f64] {
        &self.edges_hz
    }

    /// For each bin of a spectrum, its band; nothing below the first and above the last.
    pub fn of_bins(&self, bins: usize, bin_hz: f64) -> Vec<Option<usize>> {
        let band = |bin: usize| {
            let hz = bin as f64 * bin_hz;
            self.edges_hz.windows(2).position(|edge| (edge[0]..edge[1]).contains(&hz))
        };
        (0..bins).map(band).collect()
    }

    /// Values of bands, brought to the bins of a spectrum: straight lines between the middles of bands, level beyond the outer ones.
    ///
    /// # Panics
    /// If there is not one value a band.
    pub fn to_bins(&self, values: &[f32], bins: usize, bin_hz: f64) -> Vec<f32> {
        assert_eq!(values.len(), self.len(), "one value a band");
        let middle = |band: usize| 0.5 * (self.edges_hz[band] + self.edges_hz[band + 1]);
        let last = values.len() - 1;
        let mut band = 0;
        let value = |bin: usize| {
            let hz = bin as f64 * bin_hz;
            while band < last && hz >= middle(band + 1) {
                band += 1;
            }
            if band == last || hz <= middle(0) {
                return values[band];
            }
            let share = ((hz - middle(band)) / (middle(band + 1) - middle(band))) as f32;
            values[band] + share * (values[band + 1] - values[band])
        };
        (0..bins).map(value).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_goes_there_and_back() {
        for hz in [50.0, 120.0, 1_000.0, 7_200.0, 20_000.0] {
            assert!((hz_from_erb_number(erb_number(hz)) - hz).abs() < 1e-6);
        }
        // Glasberg and Moore's width at 1 kHz, 132.6 Hz, is one band.
        assert!((erb_number(1_066.3) - erb_number(933.7) - 1.0).abs() < 0.01);
    }

    #[test]
    fn bands_share_their_edges_and_cover_the_range() {
        let bands = ErbBands::new(7_200.0, 20_000.0, 8);
        assert_eq!(bands.len(), 8);
        assert!((bands.edges_hz()[0] - 7_200.0).abs() < 1e-6 && (bands.edges_hz()[8] - 20_000.0).abs() < 1e-6);
        let bins = bands.of_bins(241, 100.0);
        assert_eq!((bins[71], bins[73], bins[199], bins[201]), (None, Some(0), Some(7), None));
        assert!(bins[73..200].windows(2).all(|pair| pair[0] <= pair[1]));
    }

    #[test]
    fn values_of_bands_run_smoothly_over_bins() {
        let bands = ErbBands::new(1_000.0, 5_000.0, 4);
        let values = bands.to_bins(&[1.0, 2.0, 4.0, 8.0], 241, 100.0);
        assert_eq!((values[0], values[10], values[240]), (1.0, 1.0, 8.0));
        assert!(values.windows(2).all(|pair| pair[0] <= pair[1] && pair[1] - pair[0] < 1.0));
        assert_eq!(ErbBands::new(1_000.0, 5_000.0, 1).to_bins(&[3.0], 4, 100.0), [3.0; 4]);
    }
}
