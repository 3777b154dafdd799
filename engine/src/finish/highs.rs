//! The highs of new bars: those of the context where its low band sounded alike, or none.

use std::ops::Range;

use turnaround_core::bars::Bar;
use turnaround_core::full_band::{self, ContextFrames, Envelope, LowFrames};
use turnaround_core::time::SampleRate;

use super::{Finish, Run};
use crate::regenerate::HighBand;
use crate::road::encode::cut;

/// The most bars of the track that highs are looked for in.
const CONTEXT_BARS: usize = 16;

/// What the context offers: its low band, and its highs in the same places.
struct Context {
    low: Vec<ContextFrames>,
    /// Of each bar; frame `i` lies `i` steps after the bar line.
    highs: Vec<Envelope>,
}

impl Finish<'_> {
    /// Changes the highs of all channels within the runs. A rate that holds no highs has none to change.
    pub(super) fn change_highs(&self, channels: &mut [Vec<f32>]) {
        let Some(band) = full_band::HighBand::new(self.audio.rate()) else { return };
        let (old_mid, new_mid) = (self.audio.mid(), mid(channels));
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
            let context = self.context(run, &band, &old_mid);
            let wanted = self.wanted(run, &around, &band, &context);
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
        bars.truncate(CONTEXT_BARS);
        bars
    }

    fn context(&self, run: &Run, band: &full_band::HighBand, mid: &[f32]) -> Context {
        let (mut low, mut highs) = (Vec::new(), Vec::new());
        for bar in self.context_bars(run) {
            let model = bar.samples(self.song.model_rate);
            low.push(ContextFrames { low: low_frames(&self.song.track, model.start.get(), model.len()) });
            // The first frame of an envelope lies one step after the first sample.
            let step = (band.step_s() * f64::from(self.audio.rate().hz())).round() as i64;
            let host = bar.samples(self.audio.rate());
            highs.push(band.envelope(&cut(mid, host.start.get() - step, host.len() + 2 * step as usize)));
        }
        Context { low, highs }
    }

    /// The envelope that the highs of a run are to have, for each frame of the stretch around it.
    fn wanted(&self, run: &Run, around: &Range<usize>, band: &full_band::HighBand, context: &Context) -> Envelope {
        let rate = f64::from(self.audio.rate().hz());
        let start_s = around.start as f64 / rate;
        let model_start = (start_s * f64::from(SampleRate::MODEL.hz())).round() as i64;
        let low = low_frames(self.track, model_start, (around.len() as f64 / rate * 16_000.0).ceil() as usize + 320);
        // How long after its bar line a moment lies; before the run, how long before.
        let place_s = |seconds: f64| {
            let bar = run.bars.iter().rev().find(|bar| bar.start.get() <= seconds).unwrap_or(&run.bars[0]);
            seconds - bar.start.get()
        };
        let found = full_band::matches(&low, |step| place_s(start_s + step as f64 * LowFrames::STEP_S), &context.low);
        let frames = around.len().div_ceil((band.step_s() * rate).round() as usize) + 2;
        let wanted = |frame: usize| {
            let after_s = (frame + 1) as f64 * band.step_s();
            let step = ((after_s / LowFrames::STEP_S).round() as usize).min(found.len().saturating_sub(1));
            // Nothing is found where every bar of the context is shorter than a step.
            let Some(found) = found.get(step) else { return vec![0.0; band.bands().len()] };
            let between_s = after_s - step as f64 * LowFrames::STEP_S;
            let at_s = (found.step as f64 * LowFrames::STEP_S + between_s).max(0.0);
            let highs = &context.highs[found.bar];
            let at = ((at_s / band.step_s()).round() as usize).min(highs.len() - 1);
            highs[at].iter().map(|power| power * found.factor.powi(2)).collect()
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
