//! The peaks of new bars: no higher than full scale allows, or than the dry bars were.

use turnaround_core::bars::BarNumber;
use turnaround_core::level::peak::{limiting_gain, true_peak, true_peaks};

use super::{Finish, Run};
use crate::regenerate::Edges;
use crate::road::merge;

/// The ceiling: 0.3 dB below full scale.
const CEILING: f32 = 0.966;

/// What the recording around a run is looked at for, in seconds: the limiter hears peaks that come.
const AROUND_S: f64 = 0.010;

impl Finish<'_> {
    /// Limits all channels together within the runs; what the limiter did to which bar.
    pub(super) fn limit_peaks(&self, channels: &mut [Vec<f32>]) -> Vec<(BarNumber, f32)> {
        let rate = self.audio.rate();
        let mut limited = Vec::new();
        for run in self.runs {
            let around = run.widened((AROUND_S * f64::from(rate.hz())) as usize, self.audio.len());
            let dry = self.audio.channels().iter().map(|channel| true_peak(&channel[around.clone()])).fold(0.0, f32::max);
            let mut peaks = vec![0.0f32; around.len()];
            for channel in channels.iter() {
                peaks.iter_mut().zip(true_peaks(&channel[around.clone()])).for_each(|(peak, other)| *peak = peak.max(other));
            }
            let Some(gain) = limiting_gain(&peaks, CEILING.max(dry), rate) else { continue };
            let gain = self.within(run, &gain[run.start - around.start..run.end - around.start]);
            for channel in channels.iter_mut() {
                channel[run.start..run.end].iter_mut().zip(&gain).for_each(|(sample, gain)| *sample *= gain);
            }
            for (bar, range) in run.bars(rate) {
                let deepest =
                    gain[range.start - run.start..range.end - run.start].iter().fold(1.0f32, |least, &gain| least.min(gain));
                if deepest < 1.0 {
                    limited.push((bar, deepest));
                }
            }
        }
        limited
    }

    /// The gain as it is, but 1 at the ends of a faded run, where the sound goes on untouched.
    fn within(&self, run: &Run, gain: &[f32]) -> Vec<f32> {
        match self.settings.edges {
            Edges::Open => gain.to_vec(),
            Edges::Faded => {
                let weight = |at: usize| merge::ramp(run.start + at, run.changed(), self.audio.rate());
                gain.iter().enumerate().map(|(at, gain)| 1.0 + weight(at) * (gain - 1.0)).collect()
            }
        }
    }
}
