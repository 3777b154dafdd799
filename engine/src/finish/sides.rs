//! The stereo image of new bars: that of the dry bar, on the new mid.

use turnaround_core::filter::LinearPhase;
use turnaround_core::full_band::CROSSOVER_HZ;
use turnaround_core::stereo::StereoBands;

use super::Finish;
use super::highs::mid;
use crate::regenerate::HighBand;

/// How long before a run the decorrelator begins to hear, in seconds: about as long as it rings.
const WARM_UP_S: f64 = 0.1;

impl Finish<'_> {
    /// Gives both channels a new side within the runs. Highs that are kept keep their side as well.
    pub(super) fn change_sides(&self, channels: &mut [Vec<f32>]) {
        let rate = self.audio.rate();
        let bands = StereoBands::new(rate);
        let low_pass = (self.settings.high_band != HighBand::Follow).then(|| LinearPhase::low_pass(CROSSOVER_HZ, rate));
        let (dry_mid, dry_side) = (self.audio.mid(), self.audio.side());
        let new_mid = mid(channels);
        for run in self.runs {
            let images: Vec<_> = run
                .bars(rate)
                .map(|(_, range)| (range.clone(), bands.measure(&dry_mid[range.clone()], &dry_side[range])))
                .collect();
            let warm_up = (WARM_UP_S * f64::from(rate.hz())) as usize;
            let around = run.widened(bands.edge() + warm_up, self.audio.len());
            let images: Vec<_> =
                images.into_iter().map(|(range, image)| (range.start - around.start..range.end - around.start, image)).collect();
            let mut new = bands.side(&new_mid[around.clone()], &images);
            // What the channels have now: without highs, if those were taken away.
            let old: Vec<f32> = channels[0][around.clone()]
                .iter()
                .zip(&channels[1][around.clone()])
                .map(|(left, right)| 0.5 * (left - right))
                .collect();
            if let Some(low_pass) = &low_pass {
                // Highs as they are now: kept, or none.
                let kept = low_pass.complement().apply(&old);
                new = low_pass.apply(&new).iter().zip(kept).map(|(low, high)| low + high).collect();
            }
            let inside = run.start - around.start..run.end - around.start;
            let (old, new) = (&old[inside.clone()], &new[inside]);
            let blended = self.blended(run, old, new);
            for (at, (new, old)) in blended.iter().zip(old).enumerate() {
                channels[0][run.start + at] += new - old;
                channels[1][run.start + at] -= new - old;
            }
        }
    }
}
