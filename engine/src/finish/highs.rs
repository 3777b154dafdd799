//! The highs of new bars: those of the context where its low band sounded alike, or none.

use std::collections::BTreeMap;
use std::ops::Range;

use turnaround_core::bars::{Bar, BarNumber};
use turnaround_core::full_band::{self, Envelope, LowFrames};
use turnaround_core::time::SampleRate;

use super::{Finish, Run};
use crate::part::BARS_AROUND;
use crate::regenerate::HighBand;
use crate::road::encode::cut;

impl Finish<'_> {
    /// Changes the highs of all channels within the runs. A rate that holds no highs has none to change.
    pub(super) fn change_highs(&self, channels: &mut [Vec<f32>]) {
        let Some(band) = full_band::HighBand::new(self.audio.rate()) else { return };
        let (old_mid, new_mid) = (self.audio.mid(), mid(channels));
        let mut heard = BTreeMap::new();
        for run in self.runs {
            let around = run.widened(band.edge(), self.audio.len());
            let inside = run.start - around.start..run.end - around.start;
            let old = band.highs(&old_mid[around.clone()]);
            if self.settings.high_band == HighBand::Off {
                for channel in channels.iter_mut() {
                    let highs = band.highs(&channel[around.clone()]);
                    self.replace(channel, run, &highs[inside.clone()], &vec![0.0; inside.len()]);
                }
                continue;
            }
            let context = self.context_bars(run);
            for &bar in &context {
                heard.entry(bar.number).or_insert_with(|| self.low_frames_of(bar));
            }
            let wanted = self.wanted(run, &around, &band, &old_mid, &context, &heard);
            let new = band.with_envelope(&new_mid[around.clone()], &wanted);
            for channel in channels.iter_mut() {
                self.replace(channel, run, &old[inside.clone()], &new[inside.clone()]);
            }
        }
    }

    /// Adds what a new part of the sound has more than the old one, within a run.
    pub(super) fn replace(&self, channel: &mut [f32], run: &Run, old: &[f32], new: &[f32]) {
        let blended = self.blended(run, old, new);
        for ((sample, new), old) in channel[run.start..run.end].iter_mut().zip(blended).zip(old) {
            *sample += new - old;
        }
    }

    /// The dry bars around a run that are not to change, the nearest first; where all are, the bars themselves.
    fn context_bars(&self, run: &Run) -> Vec<&Bar> {
        let changes = |bar: &Bar| self.runs.iter().any(|run| run.bars.iter().any(|other| other.number == bar.number));
        let distance = |bar: &Bar| (bar.number.get() - run.bars[0].number.get()).abs();
        let mut bars: Vec<&Bar> = self.song.bars.iter().filter(|bar| !changes(bar)).collect();
        if bars.is_empty() {
            bars = self.song.bars.iter().collect();
        }
        bars.sort_by_key(|bar| distance(bar));
        bars.truncate(BARS_AROUND);
        bars
    }

    fn low_frames_of(&self, bar: &Bar) -> LowFrames {
        let span = bar.samples(self.song.model_rate);
        low_frames(&self.song.track, span.start.get(), span.len())
    }

    /// The envelope that the highs of a run are to have, for each frame of the stretch around it.
    fn wanted(
        &self,
        run: &Run,
        around: &Range<usize>,
        band: &full_band::HighBand,
        mid: &[f32],
        context: &[&Bar],
        heard: &BTreeMap<BarNumber, LowFrames>,
    ) -> Envelope {
        let rate = f64::from(self.audio.rate().hz());
        let start_s = around.start as f64 / rate;
        let model_start = (start_s * f64::from(SampleRate::MODEL.hz())).round() as i64;
        let low = low_frames(self.track, model_start, (around.len() as f64 / rate * 16_000.0).ceil() as usize + 320);
        // How long after its bar line a moment lies; before the run, how long before.
        let place_s = |seconds: f64| {
            let bar = run.bars.iter().rev().find(|bar| bar.start.get() <= seconds).unwrap_or(&run.bars[0]);
            seconds - bar.start.get()
        };
        let heard: Vec<&LowFrames> = context.iter().map(|bar| &heard[&bar.number]).collect();
        let found = full_band::matches(&low, |step| place_s(start_s + step as f64 * LowFrames::STEP_S), &heard);
        let frames = around.len().div_ceil((band.step_s() * rate).round() as usize) + 2;
        let wanted = |frame: usize| {
            let after_s = (frame + 1) as f64 * band.step_s();
            let step = ((after_s / LowFrames::STEP_S).round() as usize).min(found.len().saturating_sub(1));
            // Nothing is found where every bar of the context is shorter than a step.
            let Some(found) = found.get(step) else { return vec![0.0; band.bands().len()] };
            let between_s = after_s - step as f64 * LowFrames::STEP_S;
            let at_s = (found.step as f64 * LowFrames::STEP_S + between_s).max(0.0);
            let sample = ((context[found.bar].start.get() + at_s) * rate).round() as i64;
            band.powers_around(mid, sample).iter().map(|power| power * found.factor.powi(2)).collect()
        };
        (0..frames).map(wanted).collect()
    }
}

/// The low band from a sample of a track on.
fn low_frames(track: &[f32], start: i64, length: usize) -> LowFrames {
    LowFrames::analyse(&cut(track, start - LowFrames::LEAD as i64, length + 2 * LowFrames::LEAD))
}

pub(super) fn mid(channels: &[Vec<f32>]) -> Vec<f32> {
    match channels {
        [left, right] => left.iter().zip(right).map(|(left, right)| 0.5 * (left + right)).collect(),
        channels => channels[0].clone(),
    }
}
