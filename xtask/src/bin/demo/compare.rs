//! How much two recordings differ, bar by bar.

use turnaround_core::audio::Audio;
use turnaround_core::bars::Bar;
use turnaround_core::mel::multi_scale_mel_distance;
use turnaround_core::resample::{ResampleError, resample};
use turnaround_core::time::SampleRate;

/// Level of the difference in every bar, in dB above the level of `from` in that bar; nothing where not one sample differs.
pub fn difference_levels(from: &Audio, to: &Audio, bars: &[Bar]) -> Vec<Option<f64>> {
    bars.iter().map(|bar| difference_level(from, to, bar)).collect()
}

fn difference_level(from: &Audio, to: &Audio, bar: &Bar) -> Option<f64> {
    let range = bar.samples(from.rate()).as_range();
    let (mut difference, mut power) = (0.0, 0.0);
    for (from, to) in from.channels().iter().zip(to.channels()) {
        for (from, to) in from[range.clone()].iter().zip(&to[range.clone()]) {
            difference += f64::from(to - from).powi(2);
            power += f64::from(*from).powi(2);
        }
    }
    // A bar that was silent has no level; the least positive one stands in, and the result is plainly large.
    (difference > 0.0).then(|| 10.0 * (difference / power.max(f64::MIN_POSITIVE)).log10())
}

/// The middle of a recording at the models' rate, for mel distances.
pub fn for_models(audio: &Audio) -> Result<Vec<f32>, ResampleError> {
    resample(&audio.mid(), audio.rate(), SampleRate::MODEL)
}

/// How different a bar sounds, by logarithmic mel spectra at six window lengths; the measure of the model cards.
pub fn mel_distance(from: &[f32], to: &[f32], bar: &Bar) -> f32 {
    let range = bar.samples(SampleRate::MODEL).as_range();
    multi_scale_mel_distance(&from[range.clone()], &to[range], SampleRate::MODEL)
}

#[cfg(test)]
mod tests {
    use super::*;
    use turnaround_core::tempo_map::TempoMap;
    use turnaround_core::time::{Metre, Samples, Seconds, Tempo};

    fn bars() -> Vec<Bar> {
        let map = TempoMap::constant(Tempo::new(240.0).unwrap(), Metre::FOUR_FOUR, Seconds::ZERO);
        map.whole_bars_within(Samples::from_len(32_000), SampleRate::MODEL)
    }

    #[test]
    fn only_the_changed_bar_has_a_difference_and_it_is_measured_against_the_bar() {
        let before = vec![0.5; 32_000];
        let mut after = before.clone();
        after[16_000..32_000].fill(0.45);
        let [before, after] = [before, after].map(|samples| Audio::mono(SampleRate::MODEL, samples).unwrap());
        let levels = difference_levels(&before, &after, &bars());
        assert_eq!(levels[0], None);
        // A tenth of the amplitude is 20 dB below it.
        assert!((levels[1].unwrap() + 20.0).abs() < 0.01, "{levels:?}");
    }

    #[test]
    fn a_bar_is_at_no_distance_from_itself() {
        let sound: Vec<f32> = (0..32_000).map(|n| (n as f32 * 0.1).sin()).collect();
        let other: Vec<f32> = (0..32_000).map(|n| (n as f32 * 0.3).sin()).collect();
        let bar = bars()[1];
        assert_eq!(mel_distance(&sound, &sound, &bar), 0.0);
        assert!(mel_distance(&sound, &other, &bar) > 0.1);
    }
}
