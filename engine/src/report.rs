//! What a call tells about itself: what changed, proof of what did not, and what it cost.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use turnaround_core::audio::Audio;
use turnaround_core::contract::{Manifest, SparseWeights, sha256_of_samples};
use turnaround_core::descriptors::Effect;
use turnaround_core::instruments::Instrument;

use crate::prompt::{Choice, Wish};
use crate::regenerate::{HighBand, Stereo};
use crate::runtime::RuntimeReport;

/// The account of one regeneration. Bars, seconds and samples are those of the result, if nothing else is said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The set that was used.
    pub model_set: ModelSetReport,
    /// What ran it.
    pub runtime: RuntimeReport,
    /// How.
    pub settings: SettingsReport,
    /// The caller's audio.
    pub audio: AudioReport,
    /// Every regenerated bar.
    pub bars: Vec<BarReport>,
    /// Numbers of the bars that were heard as context.
    pub context_bars: Vec<i64>,
    /// Stretches that may differ from the input, fades included.
    pub changed: Vec<Region>,
    /// All other stretches of the result, with hashes of their samples before and after.
    pub kept: Vec<KeptRegion>,
    /// What of the input is not in the result: what new bars took the place of.
    #[serde(default)]
    pub left_out: Option<Region>,
    /// What was asked for in words, if anything: for all bars, or where a transition begins and where it ends.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prompts: Vec<PromptReport>,
    /// What it cost.
    pub timing: TimingReport,
}

/// Which model set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelSetReport {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

impl From<&Manifest> for ModelSetReport {
    fn from(manifest: &Manifest) -> Self {
        ModelSetReport { name: manifest.name.clone(), version: manifest.version.clone() }
    }
}

/// The settings of a regeneration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SettingsReport {
    /// 0 keeps the bar, 1 forgets it.
    pub strength: f32,
    /// 1 is none.
    pub guidance: f32,
    /// Seed of all noise.
    pub seed: u64,
    /// `draft`, `default` or `fine`.
    pub quality: String,
    /// Network calls of the dynamics for one bar, before guidance doubles some.
    pub dynamics_steps: usize,
    /// Network calls of the decoder for one bar.
    pub decoder_calls: usize,
    /// Decibels that a band may lie beside context and dry bar; nothing for an endless reach.
    pub level_reach_db: Option<f32>,
    /// Noise level at which later bars hear those made before them.
    pub past_noise: f32,
    /// `keep`, `follow` or `off`.
    pub high_band: HighBand,
    /// `follow` or `keep`.
    pub stereo: Stereo,
}

/// The shape of some audio.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AudioReport {
    /// Hertz.
    pub sample_rate: u32,
    /// 1 or 2.
    pub channels: usize,
    /// Samples per channel.
    pub samples: usize,
    /// The highest absolute sample of the result; above 1 a whole-number file would clip.
    pub peak: f32,
}

/// One regenerated bar.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BarReport {
    /// Its number, counted from 1.
    pub bar: i64,
    /// Where it starts, in seconds.
    pub start_s: f64,
    /// Where it ends, in seconds.
    pub end_s: f64,
    /// The action it was made with; empty for the null action.
    pub action: Vec<WeightReport>,
    /// How sure the networks were told that each instrument plays, 0 to 1; all 0 where they were told nothing. Empty for a set that knows
    /// none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub players: Vec<PlayerReport>,
    /// Level of the mid before, in dB below full scale; nothing for silence, or where there was no bar.
    pub level_before_db: Option<f64>,
    /// Level of the mid after.
    pub level_after_db: Option<f64>,
    /// What brought the networks' sound within reach, in dB: below 250 Hz, to 1 kHz, to 4 kHz and above.
    pub gain_db: [f32; 4],
    /// How far the limiter went at the highest peak, in dB from 0 down.
    pub limited_db: f32,
}

/// One weight of an action.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WeightReport {
    /// Index in the set's table.
    pub index: u16,
    /// Its label.
    pub label: String,
    /// Its share.
    pub weight: f32,
}

/// One instrument, and how sure it is that it plays.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlayerReport {
    /// Its name.
    pub instrument: String,
    /// 0 to 1.
    pub probability: f32,
}

/// Instruments by name, as reports show them.
pub fn named(players: impl IntoIterator<Item = (Instrument, f32)>) -> Vec<PlayerReport> {
    let player = |(instrument, probability): (Instrument, f32)| PlayerReport { instrument: instrument.to_string(), probability };
    players.into_iter().map(player).collect()
}

/// Weights with their labels, as reports show them.
pub fn labelled(weights: &SparseWeights, manifest: &Manifest) -> Vec<WeightReport> {
    let label = |index: u16| manifest.actions.get(usize::from(index)).map_or_else(String::new, |action| action.label.clone());
    weights.iter().map(|&(index, weight)| WeightReport { index, label: label(index), weight }).collect()
}

/// What was asked for in words, and what was made of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PromptReport {
    /// As it was asked.
    pub words: String,
    /// The change that was understood, in standard deviations of real bars.
    pub wanted: Effect,
    /// The same in words, the greatest change first.
    pub understood: Vec<String>,
    /// Words without a meaning here.
    pub not_understood: Vec<String>,
    /// The weights that were found for it; those of other flags are added to them.
    pub action: Vec<WeightReport>,
    /// Cosine between what is expected of these weights and what was wanted, 0 to 1, side effects counted as if half as long.
    pub cosine: f32,
    /// The change that is expected of these weights, in standard deviations.
    pub expected: Effect,
    /// Its greatest parts in words, the greatest first.
    pub expected_in_words: Vec<String>,
}

impl PromptReport {
    /// The account of a wish and of the weights found for it.
    pub fn new(wish: &Wish, choice: &Choice, manifest: &Manifest) -> Self {
        let names = |changes: Vec<(&'static str, f32)>| changes.into_iter().map(|(word, _)| word.to_owned()).collect();
        PromptReport {
            words: wish.words.clone(),
            wanted: wish.wanted.clone(),
            understood: names(in_words(&wish.wanted, wish.wanted.len())),
            not_understood: wish.not_understood.clone(),
            action: labelled(&choice.weights, manifest),
            cosine: choice.cosine,
            expected: choice.expected.clone(),
            expected_in_words: names(in_words(&choice.expected, TOLD_CHANGES)),
        }
    }
}

/// How many changes of an action are told where all sixteen would say less.
pub const TOLD_CHANGES: usize = 3;

/// The greatest changes of an effect, at most so many: what a musician calls each, and how far it goes, in standard deviations above 0. Of
/// equal ones the first in the order of tables comes first; no change at all is left out.
pub fn in_words(effect: &Effect, most: usize) -> Vec<(&'static str, f32)> {
    let mut changes: Vec<_> = effect.iter().filter(|(_, change)| **change != 0.0).collect();
    changes.sort_by(|(_, a), (_, b)| b.abs().total_cmp(&a.abs()));
    changes.truncate(most);
    changes.into_iter().map(|(descriptor, change)| (descriptor.word(*change), change.abs())).collect()
}

/// Samples `[start, end)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Region {
    /// The first sample.
    pub start: usize,
    /// The sample after the last.
    pub end: usize,
}

/// A stretch that was not to change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptRegion {
    /// The first sample.
    pub start: usize,
    /// The sample after the last.
    pub end: usize,
    /// How many samples later it lies in the result than in the input; below 0 for earlier.
    #[serde(default)]
    pub moved: i64,
    /// SHA-256 of the samples before: channel after channel, each sample as a 32-bit float, lowest byte first.
    pub sha256_before: String,
    /// SHA-256 of the samples after.
    pub sha256_after: String,
}

/// What a call cost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TimingReport {
    /// Seconds from call to result.
    pub total_s: f64,
    /// Seconds of music regenerated.
    pub music_s: f64,
    /// Music over total.
    pub times_real_time: f64,
    /// Seconds by stage.
    pub stages: BTreeMap<String, f64>,
}

/// Where bars were added to a recording, in samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seam {
    /// The input's sample at which the first added bar begins.
    pub from: usize,
    /// The input's sample with which the result goes on after the last; the input's length where it does not.
    pub to: usize,
    /// Samples of the added bars.
    pub added: usize,
}

impl Seam {
    /// How much later the result has what followed the seam.
    pub(crate) fn moved(self) -> i64 {
        (self.from + self.added) as i64 - self.to as i64
    }

    /// What of the input is not in the result.
    pub(crate) fn left_out(self) -> Option<Region> {
        (self.from < self.to).then_some(Region { start: self.from, end: self.to })
    }
}

/// The complement of some ordered regions of the result, with hashes of both versions.
pub(crate) fn kept_regions(before: &Audio, after: &Audio, changed: &[Region], seam: Option<Seam>) -> Vec<KeptRegion> {
    let mut kept = Vec::new();
    let mut start = 0;
    let end = [Region { start: after.len(), end: after.len() }];
    for region in changed.iter().chain(&end) {
        if start < region.start {
            let moved = seam.filter(|seam| start >= seam.from).map_or(0, Seam::moved);
            let earlier = |position: usize| (position as i64 - moved) as usize;
            let was = Region { start: earlier(start), end: earlier(region.start) };
            let is = Region { start, end: region.start };
            let sha256_before = hash(before, was);
            // The same bits have the same hash, and comparing them is quicker than hashing them twice.
            let sha256_after = if same_bits(before, was, after, is) { sha256_before.clone() } else { hash(after, is) };
            kept.push(KeptRegion { start, end: region.start, moved, sha256_before, sha256_after });
        }
        start = region.end;
    }
    kept
}

fn same_bits(a: &Audio, of_a: Region, b: &Audio, of_b: Region) -> bool {
    let bits = |sample: &f32| sample.to_bits();
    a.channel_count() == b.channel_count()
        && a.channels().iter().zip(b.channels()).all(|(a, b)| {
            let (a, b) = (&a[of_a.start..of_a.end], &b[of_b.start..of_b.end]);
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| bits(a) == bits(b))
        })
}

fn hash(audio: &Audio, region: Region) -> String {
    sha256_of_samples(audio.channels().iter().map(|channel| &channel[region.start..region.end]))
}

/// Root of the mean square in dB below full scale; nothing for silence.
pub(crate) fn level_db(samples: &[f32]) -> Option<f64> {
    let power = samples.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>() / samples.len().max(1) as f64;
    (power > 0.0).then(|| 10.0 * power.log10())
}

#[cfg(test)]
mod tests {
    use super::*;
    use turnaround_core::time::SampleRate;

    #[test]
    fn kept_regions_are_what_changed_regions_leave() {
        let audio = Audio::mono(SampleRate::MODEL, vec![0.5; 10]).unwrap();
        let places = |changed: &[Region]| -> Vec<(usize, usize)> {
            kept_regions(&audio, &audio, changed, None).iter().map(|kept| (kept.start, kept.end)).collect()
        };
        assert_eq!(places(&[]), [(0, 10)]);
        assert_eq!(places(&[Region { start: 2, end: 4 }, Region { start: 6, end: 10 }]), [(0, 2), (4, 6)]);
        assert_eq!(places(&[Region { start: 0, end: 10 }]), []);
    }

    #[test]
    fn one_changed_sample_changes_the_hash() {
        let before = Audio::mono(SampleRate::MODEL, vec![0.5; 10]).unwrap();
        let mut samples = vec![0.5; 10];
        samples[3] = 0.500_000_1;
        let after = Audio::mono(SampleRate::MODEL, samples).unwrap();
        let kept = kept_regions(&before, &after, &[], None);
        assert_ne!(kept[0].sha256_before, kept[0].sha256_after);
    }

    #[test]
    fn what_follows_added_bars_is_compared_with_where_it_was() {
        let samples: Vec<f32> = (0..10).map(|n| n as f32).collect();
        // Samples 4 and 5 gave way to five others.
        let longer = [&samples[..4], &[0.5; 5], &samples[6..]].concat();
        let audio = |samples: &[f32]| Audio::mono(SampleRate::MODEL, samples.to_vec()).unwrap();
        let seam = Seam { from: 4, to: 6, added: 5 };
        let kept = kept_regions(&audio(&samples), &audio(&longer), &[Region { start: 3, end: 9 }], Some(seam));
        let places: Vec<_> = kept.iter().map(|kept| (kept.start, kept.end, kept.moved)).collect();
        assert_eq!(places, [(0, 3, 0), (9, 13, 3)]);
        assert!(kept.iter().all(|kept| kept.sha256_before == kept.sha256_after));
        assert_eq!(seam.left_out(), Some(Region { start: 4, end: 6 }));
    }

    #[test]
    fn an_effect_is_told_by_its_greatest_changes() {
        use turnaround_core::descriptors::Descriptor::{Bass, Brightness, Density, Swell, Top};
        let effect = Effect::from([(Brightness, -0.5), (Bass, 0.0), (Top, 0.5), (Density, 0.75), (Swell, -0.1)]);
        assert_eq!(in_words(&effect, 3), [("busier", 0.75), ("darker", 0.5), ("more top", 0.5)]);
        assert_eq!(in_words(&effect, 9).len(), 4);
        assert!(in_words(&Effect::new(), 3).is_empty());
    }

    #[test]
    fn full_scale_is_zero_decibels_and_silence_has_no_level() {
        assert_eq!(level_db(&[1.0, -1.0]), Some(0.0));
        assert_eq!(level_db(&[0.0; 4]), None);
    }
}
