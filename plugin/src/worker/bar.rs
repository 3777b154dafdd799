//! What is known of one bar: what is asked of it, how it sounded, and its take.
//!
//! **Thread.** Worker.

use std::sync::Arc;

use turnaround_core::audio::Audio;
use turnaround_core::resample::resample;
use turnaround_core::time::{SampleRate, Samples, Seconds};

use crate::sound::{Sound, SoundError};
use crate::spec::{BarSpec, BarStamp, Making};
use crate::take::{Likeness, Take};
use crate::view::Overview;

/// Power of the difference to the known sound, as a share of its own, from which on a bar counts as another: -40 dB. Below lie the rounding
/// of hosts and resamplers, and effects too faint to matter; a new take for those would only cost time.
const ANOTHER_SOUND: f64 = 1e-4;

/// The same where rates differ and resamplers with them: -30 dB.
const ANOTHER_SOUND_AT_ANOTHER_RATE: f64 = 1e-3;

/// One bar.
#[derive(Clone, Debug)]
pub struct Bar {
    /// Where and what it is, as it was found last.
    pub stamp: BarStamp,
    /// What the parameters asked of it last.
    pub latched: Option<BarSpec>,
    /// What was set for it in the editor.
    pub pinned: Option<BarSpec>,
    /// How it sounds dry.
    pub source: Option<Source>,
    /// Its newest take.
    pub take: Option<KeptTake>,
    /// Why the last attempt failed, and what it was made of.
    pub failure: Option<(Recipe, String)>,
    /// How often it played dry because its take was late.
    pub late: u32,
}

/// A captured bar.
#[derive(Clone, Debug)]
pub struct Source {
    /// Which sound it is: the hash that it had when it was first heard. What is learned later of what follows the bar leaves it the same.
    pub id: String,
    /// Lead, bar and tail in one.
    pub sound: Arc<Sound>,
    /// Samples before the bar.
    pub lead: usize,
    /// Samples of the bar.
    pub body: usize,
    /// For the editor.
    pub overview: Arc<Overview>,
}

/// A finished take.
#[derive(Clone, Debug)]
pub struct KeptTake {
    /// What it was made of.
    pub recipe: Recipe,
    /// The model set that made it, by name and version.
    pub set: String,
    /// Its sound, at the rate it was made at.
    pub sound: Arc<Sound>,
    /// See [`Likeness`].
    pub likeness: Likeness,
    /// Ready to play, at the rate it was prepared for last.
    pub ready: Arc<Take>,
    /// For the editor.
    pub overview: Arc<Overview>,
}

/// All that decides how a take sounds, but for the neighbours heard and the model set: a change of those alone takes nothing away that a
/// musician has heard and kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Recipe {
    /// The values.
    pub making: Making,
    /// The dry sound, by [`Source::id`].
    pub source: String,
}

/// What stands between a bar and its take.
#[derive(Clone, Debug, PartialEq)]
pub enum Need {
    /// It stays dry.
    Nothing,
    /// It has to be heard.
    Hearing,
    /// It has to be made of this.
    Making(Recipe),
    /// It was tried in vain.
    Failed(String),
    /// It is there.
    Ready,
}

impl Bar {
    /// A bar of which nothing is known but its place.
    pub fn new(stamp: BarStamp) -> Self {
        Self { stamp, latched: None, pinned: None, source: None, take: None, failure: None, late: 0 }
    }

    /// What is asked of it: what was set for it, else what the parameters said, else nothing.
    pub fn spec(&self) -> BarSpec {
        self.pinned.or(self.latched).unwrap_or_default()
    }

    /// See [`Need`].
    pub fn need(&self) -> Need {
        let spec = self.spec();
        if !spec.regenerate {
            return Need::Nothing;
        }
        let Some(source) = &self.source else {
            // A take that was loaded without its source is as good as ever, as long as nothing else is asked.
            let is_answer = self.take.as_ref().is_some_and(|take| take.recipe.making == spec.making);
            return if is_answer { Need::Ready } else { Need::Hearing };
        };
        let recipe = Recipe { making: spec.making, source: source.id.clone() };
        match (&self.take, &self.failure) {
            (Some(take), _) if take.recipe == recipe => Need::Ready,
            (_, Some((failed, reason))) if *failed == recipe => Need::Failed(reason.clone()),
            _ => Need::Making(recipe),
        }
    }

    /// How long it lasts.
    pub fn duration(&self) -> Seconds {
        match &self.source {
            Some(source) => Seconds::new(source.body as f64 / f64::from(source.sound.rate())),
            None => self.stamp.tempo.seconds_from(self.stamp.metre.beats_per_bar()),
        }
    }
}

impl Source {
    /// A source from its sound.
    ///
    /// # Errors
    /// [`SoundError`] when it cannot be packed.
    pub fn new(audio: &Audio, lead: usize, body: usize) -> Result<Self, SoundError> {
        let sound = Arc::new(Sound::pack(audio)?);
        Ok(Self::from_sound(sound.hash().to_owned(), sound, audio, lead, body))
    }

    /// A source whose sound is packed already.
    pub fn from_sound(id: String, sound: Arc<Sound>, audio: &Audio, lead: usize, body: usize) -> Self {
        let bar = lead..lead + body;
        let overview = Overview::new(&audio.channel(0)[bar.clone()], &audio.channel(1)[bar]);
        Self { id, sound, lead, body, overview: Arc::new(overview) }
    }

    /// The same bar with what followed it, once that is known. One that has its tail already stays as it is.
    ///
    /// # Errors
    /// [`SoundError`] when it cannot be unpacked or packed.
    pub fn with_tail(&self, tail: &[[f32; 2]]) -> Result<Self, SoundError> {
        if self.sound.samples() > self.lead + self.body {
            return Ok(self.clone());
        }
        let audio = self.sound.unpack()?;
        let longer = |side: usize| audio.channel(side).iter().copied().chain(tail.iter().map(|frame| frame[side])).collect();
        let audio = Audio::stereo(audio.rate(), longer(0), longer(1)).map_err(|error| SoundError::Damaged(error.to_string()))?;
        Ok(Self::from_sound(self.id.clone(), Arc::new(Sound::pack(&audio)?), &audio, self.lead, self.body))
    }

    /// The bar alone, unpacked.
    ///
    /// # Errors
    /// [`SoundError::Damaged`].
    pub fn bar(&self) -> Result<Audio, SoundError> {
        let audio = self.sound.unpack()?;
        let cut = |channel: &Vec<f32>| channel[self.lead..self.lead + self.body].to_vec();
        Audio::new(audio.rate(), audio.channels().iter().map(cut).collect())
            .map_err(|error| SoundError::Damaged(error.to_string()))
    }

    /// Whether a newly heard bar is this one again. It may be a few samples longer or shorter, and at another rate.
    pub fn is_heard_again(&self, heard: &Audio) -> bool {
        let Ok(known) = self.bar() else { return false };
        let is_same_rate = known.rate() == heard.rate();
        let (known, heard) =
            if is_same_rate { (known.mid(), heard.mid()) } else { (at_model_rate(&known), at_model_rate(heard)) };
        let limit = if is_same_rate { ANOTHER_SOUND } else { ANOTHER_SOUND_AT_ANOTHER_RATE };
        // Bar lines fall up to a sample apart from pass to pass; anything beyond is another tempo.
        if known.len().abs_diff(heard.len()) > 2 {
            return false;
        }
        let power = |samples: &mut dyn Iterator<Item = f32>| samples.map(|x| f64::from(x) * f64::from(x)).sum::<f64>();
        let difference = power(&mut known.iter().zip(&heard).map(|(a, b)| a - b));
        // What is quieter than the last bits of any converter is silence, and silence is silence again.
        let floor = 1e-12 * known.len() as f64;
        difference <= limit * power(&mut known.iter().copied()) + floor
    }
}

fn at_model_rate(audio: &Audio) -> Vec<f32> {
    resample(&audio.mid(), audio.rate(), SampleRate::MODEL).unwrap_or_default()
}

impl KeptTake {
    /// A take of a sound that is packed already.
    pub fn new(recipe: Recipe, set: String, sound: Arc<Sound>, likeness: Likeness) -> Result<Self, SoundError> {
        let take = Take::new(sound.unpack()?, likeness);
        let (left, right) = take.bar();
        let overview = Arc::new(Overview::new(left, right));
        Ok(Self { recipe, set, sound, likeness, ready: Arc::new(take), overview })
    }

    /// Makes it ready to play at a rate.
    ///
    /// # Errors
    /// Words, when it cannot be unpacked or resampled; then it stays as it was.
    pub fn prepare(&mut self, rate: SampleRate) -> Result<(), String> {
        if self.ready.rate() != rate {
            let audio = self.sound.unpack().map_err(|error| error.to_string())?;
            self.ready = Arc::new(Take::at_rate(&audio, rate, self.likeness).map_err(|error| error.to_string())?);
        }
        Ok(())
    }
}

/// Where a bar begins on the host's timeline, in samples at a rate; from its beats where the host never said.
pub fn position_of(bar: &BarStamp, rate: SampleRate) -> Samples {
    bar.position.unwrap_or_else(|| rate.samples_from(bar.tempo.seconds_from(bar.anchor)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use turnaround_core::bars::BarNumber;
    use turnaround_core::time::{Beats, Metre, Tempo};

    fn stamp() -> BarStamp {
        BarStamp {
            key: crate::spec::BarKey::new(Beats::ZERO),
            anchor: Beats::ZERO,
            number: BarNumber::FIRST,
            metre: Metre::FOUR_FOUR,
            tempo: Tempo::new(120.0).unwrap(),
            revision: Default::default(),
            position: None,
        }
    }

    fn sound(rate: u32, seconds: f64, hz: f64, level: f32) -> Audio {
        let length = (seconds * f64::from(rate)).round() as usize;
        let wave: Vec<f32> =
            (0..length).map(|n| level * (std::f64::consts::TAU * hz * n as f64 / f64::from(rate)).sin() as f32).collect();
        Audio::stereo(SampleRate::new(rate).unwrap(), wave.clone(), wave).unwrap()
    }

    fn source(rate: u32, seconds: f64, hz: f64, level: f32) -> Source {
        let audio = sound(rate, seconds, hz, level);
        Source::new(&audio, 0, audio.len()).unwrap()
    }

    fn take(recipe: Recipe) -> KeptTake {
        let sound = Arc::new(Sound::pack(&sound(8_000, 2.02, 100.0, 0.2)).unwrap());
        KeptTake::new(recipe, "a set".into(), sound, Likeness::default()).unwrap()
    }

    #[test]
    fn a_bar_needs_hearing_then_making_then_nothing_more() {
        let mut bar = Bar::new(stamp());
        assert_eq!(bar.need(), Need::Nothing);
        bar.latched = Some(BarSpec { regenerate: true, ..BarSpec::default() });
        assert_eq!(bar.need(), Need::Hearing);
        bar.source = Some(source(48_000, 0.5, 440.0, 0.5));
        let Need::Making(recipe) = bar.need() else { panic!("{:?}", bar.need()) };
        bar.take = Some(take(recipe));
        assert_eq!(bar.need(), Need::Ready);
    }

    #[test]
    fn another_knob_or_another_sound_asks_for_another_take_and_mix_does_not() {
        let mut bar = Bar::new(stamp());
        let mut spec = BarSpec { regenerate: true, ..BarSpec::default() };
        bar.latched = Some(spec);
        bar.source = Some(source(48_000, 0.5, 440.0, 0.5));
        let Need::Making(recipe) = bar.need() else { panic!() };
        bar.take = Some(take(recipe));
        spec.playing.mix = 0.3;
        bar.latched = Some(spec);
        assert_eq!(bar.need(), Need::Ready);
        spec.making.actions[7] = 0.5;
        bar.latched = Some(spec);
        assert!(matches!(bar.need(), Need::Making(_)));
        bar.latched = Some(BarSpec { regenerate: true, ..BarSpec::default() });
        assert_eq!(bar.need(), Need::Ready);
        bar.source = Some(source(48_000, 0.5, 220.0, 0.5));
        assert!(matches!(bar.need(), Need::Making(_)));
    }

    #[test]
    fn a_tail_is_added_once_and_leaves_a_bar_the_one_that_it_is() {
        let source = source(48_000, 0.5, 440.0, 0.5);
        let longer = source.with_tail(&[[0.25, -0.25]; 100]).unwrap();
        assert_eq!((longer.id.as_str(), longer.sound.samples()), (source.id.as_str(), source.sound.samples() + 100));
        assert_ne!(longer.sound.hash(), source.sound.hash());
        assert_eq!(longer.with_tail(&[[0.5, 0.5]; 100]).unwrap().sound, longer.sound);
    }

    #[test]
    fn what_was_set_in_the_editor_stands_above_the_parameters() {
        let mut bar = Bar::new(stamp());
        bar.pinned = Some(BarSpec { regenerate: true, ..BarSpec::default() });
        bar.latched = Some(BarSpec::default());
        assert!(bar.spec().regenerate);
        bar.pinned = None;
        assert!(!bar.spec().regenerate);
    }

    #[test]
    fn a_failure_is_not_tried_again_until_something_changes() {
        let mut bar = Bar::new(stamp());
        bar.latched = Some(BarSpec { regenerate: true, ..BarSpec::default() });
        bar.source = Some(source(48_000, 0.5, 440.0, 0.5));
        let Need::Making(recipe) = bar.need() else { panic!() };
        bar.failure = Some((recipe, "silent".into()));
        assert_eq!(bar.need(), Need::Failed("silent".into()));
        bar.source = Some(source(48_000, 0.5, 330.0, 0.5));
        assert!(matches!(bar.need(), Need::Making(_)));
    }

    #[test]
    fn the_same_sound_is_heard_again_through_rounding_and_at_another_rate() {
        let known = source(48_000, 2.0, 440.0, 0.5);
        assert!(known.is_heard_again(&sound(48_000, 2.0, 440.0, 0.5)));
        assert!(known.is_heard_again(&sound(48_000, 2.0 + 1.0 / 48_000.0, 440.0, 0.502)));
        assert!(known.is_heard_again(&sound(44_100, 2.0, 440.0, 0.5)));
        assert!(!known.is_heard_again(&sound(48_000, 2.0, 441.0, 0.5)));
        assert!(!known.is_heard_again(&sound(48_000, 1.9, 440.0, 0.5)));
        assert!(!known.is_heard_again(&sound(44_100, 2.0, 443.0, 0.5)));
        assert!(source(48_000, 1.0, 100.0, 0.0).is_heard_again(&sound(48_000, 1.0, 100.0, 0.0)));
    }
}
