//! The peaks of new bars: no higher than full scale allows, or than the dry bars were.

use turnaround_core::bars::BarNumber;
use turnaround_core::level::peak::{limiting_gain, true_peaks_above};

use super::{Finish, Run};
use crate::regenerate::Edges;
use crate::road::merge;

/// The ceiling: 0.3 dB below full scale.
const CEILING: f32 = 0.966;

impl Finish<'_> {
    /// Limits all channels together within the runs; what the limiter did to which bar.
    pub(super) fn limit_peaks(&self, channels: &mut [Vec<f32>]) -> Vec<(BarNumber, f32)> {
        let rate = self.audio.rate();
        let mut limited = Vec::new();
        for run in self.runs {
            let dry = self.audio.channels();
            // What lies below the ceiling asks for nothing.
            let peaks_of = |channels: &[Vec<f32>]| {
                let mut peaks = vec![0.0f32; run.end - run.start];
                for channel in channels {
                    let others = true_peaks_above(&channel[run.start..run.end], CEILING);
                    peaks.iter_mut().zip(others).for_each(|(peak, other)| *peak = peak.max(other));
                }
                peaks
            };
            let (mut peaks, dry) = (peaks_of(channels), peaks_of(dry));
            // The fade before the first bar line may be as loud as the bar before it.
            let fade = run.start..run.line.min(run.end);
            for range in std::iter::once(fade).chain(run.bars(rate).map(|(_, range)| range)) {
                let range = range.start - run.start..range.end - run.start;
                let ceiling = dry[range.clone()].iter().fold(CEILING, |ceiling, &peak| ceiling.max(peak));
                peaks[range].iter_mut().for_each(|peak| *peak /= ceiling);
            }
            let Some(gain) = limiting_gain(&peaks, 1.0, rate) else { continue };
            let gain = self.within(run, &gain);
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
