//! Descriptors of what begins when: onsets a second, in the whole band, its lows and its highs, and how much falls between the beats.

use turnaround_core::descriptors::Descriptor;
use turnaround_core::time::SampleRate;

use super::{Marks, Measured};
use crate::evaluate::metrics::onsets::Onsets;

const LOWS_HZ: std::ops::Range<f64> = 0.0..250.0;
const HIGHS_HZ: std::ops::Range<f64> = 4000.0..8000.0;

/// Share of a beat on each side of it that still counts as on it.
const ON_THE_BEAT: f64 = 0.15;

/// Seconds before the bar line that still belong to the bar: what begins with a bar is often found a frame too early.
const EARLY_S: f64 = 0.02;

#[derive(Clone, Debug)]
pub struct Rhythm {
    whole: Onsets,
    lows: Onsets,
    highs: Onsets,
    hz: f64,
}

impl Rhythm {
    pub fn new(rate: SampleRate) -> Self {
        Self {
            whole: Onsets::new(rate),
            lows: Onsets::within(rate, LOWS_HZ),
            highs: Onsets::within(rate, HIGHS_HZ),
            hz: f64::from(rate.hz()),
        }
    }

    pub fn measure(&self, measured: &Measured<'_>, marks: &mut Marks) {
        let start = measured.lead as f64 / self.hz;
        let seconds = (measured.sound.len() - measured.lead) as f64 / self.hz;
        let heard =
            [(Descriptor::Density, &self.whole), (Descriptor::BassDensity, &self.lows), (Descriptor::TopDensity, &self.highs)];
        for (descriptor, onsets) in heard {
            let begun = onsets.of(measured.sound);
            let inside = begun.iter().filter(|moment| moment.get() >= start - EARLY_S).count();
            marks.insert(descriptor, inside as f64 / seconds);
        }
        let (mut between, mut all) = (0.0, 0.0);
        for (moment, rise) in self.whole.rises(measured.sound) {
            let beat = (moment.get() - start) * measured.beats / seconds;
            if moment.get() < start - EARLY_S {
                continue;
            }
            let is_between = (beat - beat.round()).abs() > ON_THE_BEAT;
            between += if is_between { f64::from(rise) } else { 0.0 };
            all += f64::from(rise);
        }
        if all > 0.0 {
            marks.insert(Descriptor::Syncopation, between / all);
        }
    }
}
