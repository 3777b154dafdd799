//! The parameters that hosts see: 64 action knobs and what belongs to a bar beside them.
//!
//! Ids, names and their order are for ever: hosts keep automation by them. The framework hashes ids, and the number of an action's slot is
//! part of its id. What an action does in the loaded model set is told by the editor and in the value's text, not in the name, which is
//! fixed before any file was looked at.
//!
//! **Thread.** Values are atomics: the audio thread reads them, hosts and editor write them.

use nice_plug::params::internals::ParamPtr;
use nice_plug::prelude::*;
use turnaround_engine::regenerate::{HighBand, Quality, Stereo};

use crate::saved::SavedProject;
use crate::spec::{BarSpec, Making, Playing, SLOTS};

/// All parameters, and the saved project beside them.
#[derive(Params)]
pub struct Parameters {
    /// Whether the bar under the playhead is to be made anew.
    #[id = "regenerate"]
    pub regenerate: BoolParam,
    /// How far from the dry bar to begin.
    #[id = "strength"]
    pub strength: FloatParam,
    /// How strongly the actions are pressed upon the bar.
    #[id = "guidance"]
    pub guidance: FloatParam,
    /// Seed of all noise: another one gives another take under the same knobs.
    #[id = "seed"]
    pub seed: IntParam,
    /// Bars heard as context.
    #[id = "context"]
    pub context_bars: IntParam,
    /// How much work to spend.
    #[id = "quality"]
    pub quality: EnumParam<QualityChoice>,
    /// What sounds above the models' band.
    #[id = "highs"]
    pub high_band: EnumParam<HighBandChoice>,
    /// Where a take lies between left and right.
    #[id = "stereo"]
    pub stereo: EnumParam<StereoChoice>,
    /// Dry against take.
    #[id = "mix"]
    pub mix: FloatParam,
    /// Gain of takes.
    #[id = "trim"]
    pub output_trim: FloatParam,
    /// Whether a render may wait for takes.
    #[id = "bounce"]
    pub bounce: EnumParam<BounceMode>,
    /// Delay that lets one single pass make bars in time.
    #[id = "lookahead"]
    pub look_ahead: EnumParam<LookAhead>,
    /// Everything dry, as hosts ask for it.
    #[id = "bypass"]
    pub bypass: BoolParam,
    /// The knobs.
    #[nested(group = "Actions")]
    pub actions: ActionKnobs,
    /// Captures, specs and takes.
    #[persist = "project"]
    pub project: SavedProject,
}

/// Whether `process` may wait for a take that is not ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum BounceMode {
    /// While the host renders: as it says (CLAP), or as its pace shows (VST3).
    #[id = "auto"]
    #[name = "Auto"]
    Auto,
    /// Always, in real time too: playback stands still until the take is there.
    #[id = "always"]
    #[name = "Always wait"]
    Always,
    /// Never: a late bar plays dry, in a bounce too.
    #[id = "never"]
    #[name = "Never wait"]
    Never,
}

/// How long the output lags behind the input, so that a bar is known whole before it has to sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum LookAhead {
    /// No delay: bars are heard in one pass and replaced in the next.
    #[id = "off"]
    #[name = "Off"]
    Off,
    /// For bars of up to about a second and a half.
    #[id = "2s"]
    #[name = "2 s"]
    Two,
    /// For most music.
    #[id = "4s"]
    #[name = "4 s"]
    Four,
    /// For slow and long bars.
    #[id = "8s"]
    #[name = "8 s"]
    Eight,
}

impl LookAhead {
    /// The delay in samples: a whole number, so that the host can make up for it exactly.
    pub fn samples(self, rate: u32) -> usize {
        let seconds = match self {
            LookAhead::Off => 0,
            LookAhead::Two => 2,
            LookAhead::Four => 4,
            LookAhead::Eight => 8,
        };
        seconds * rate as usize
    }
}

/// See [`Quality`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum QualityChoice {
    /// To audition.
    #[id = "draft"]
    #[name = "Draft"]
    Draft,
    /// To keep.
    #[id = "default"]
    #[name = "Default"]
    Default,
    /// When time does not matter.
    #[id = "fine"]
    #[name = "Fine"]
    Fine,
}

impl From<QualityChoice> for Quality {
    fn from(choice: QualityChoice) -> Self {
        match choice {
            QualityChoice::Draft => Quality::Draft,
            QualityChoice::Default => Quality::Default,
            QualityChoice::Fine => Quality::Fine,
        }
    }
}

/// See [`HighBand`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum HighBandChoice {
    /// The dry bar's highs.
    #[id = "keep"]
    #[name = "Keep"]
    Keep,
    /// Highs as the context has them.
    #[id = "follow"]
    #[name = "Follow"]
    Follow,
    /// None.
    #[id = "off"]
    #[name = "Off"]
    Off,
}

impl From<HighBandChoice> for HighBand {
    fn from(choice: HighBandChoice) -> Self {
        match choice {
            HighBandChoice::Keep => HighBand::Keep,
            HighBandChoice::Follow => HighBand::Follow,
            HighBandChoice::Off => HighBand::Off,
        }
    }
}

/// See [`Stereo`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum StereoChoice {
    /// As wide as the dry bar.
    #[id = "follow"]
    #[name = "Follow"]
    Follow,
    /// The dry bar's side signal.
    #[id = "keep"]
    #[name = "Keep"]
    Keep,
}

impl From<StereoChoice> for Stereo {
    fn from(choice: StereoChoice) -> Self {
        match choice {
            StereoChoice::Follow => Stereo::Follow,
            StereoChoice::Keep => Stereo::Keep,
        }
    }
}

/// One knob for each action slot.
pub struct ActionKnobs(pub [FloatParam; SLOTS]);

impl Default for ActionKnobs {
    fn default() -> Self {
        let knob = |slot: usize| {
            FloatParam::new(format!("Action {:02}", slot + 1), 0.0, FloatRange::Linear { min: 0.0, max: 1.0 })
                .with_value_to_string(formatters::v2s_f32_percentage(0))
                .with_string_to_value(formatters::s2v_f32_percentage())
                .with_unit(" %")
        };
        Self(std::array::from_fn(knob))
    }
}

// SAFETY: the pointers point into this struct, whose knobs are never moved or replaced while it lives in the `Arc` that the framework
// holds, which is all that the trait asks for. Written by hand because the derived form puts every slot into a group of its own.
unsafe impl Params for ActionKnobs {
    fn param_map(&self) -> Vec<(String, ParamPtr, String)> {
        let entry = |(slot, knob): (usize, &FloatParam)| (format!("action_{}", slot + 1), knob.as_ptr(), String::new());
        self.0.iter().enumerate().map(entry).collect()
    }
}

impl Parameters {
    /// All parameters at their defaults.
    pub fn new(project: SavedProject) -> Self {
        let linear = |min, max| FloatRange::Linear { min, max };
        let percent = |name, default| {
            FloatParam::new(name, default, linear(0.0, 1.0))
                .with_value_to_string(formatters::v2s_f32_percentage(0))
                .with_string_to_value(formatters::s2v_f32_percentage())
                .with_unit(" %")
        };
        let making = Making::default();
        Self {
            regenerate: BoolParam::new("Regenerate", false),
            strength: percent("Strength", making.strength),
            guidance: FloatParam::new("Guidance", making.guidance, linear(1.0, 5.0))
                .with_value_to_string(formatters::v2s_f32_rounded(2)),
            seed: IntParam::new("Seed", 0, IntRange::Linear { min: 0, max: 999 }),
            context_bars: IntParam::new("Context bars", i32::from(making.context_bars), IntRange::Linear { min: 1, max: 16 }),
            quality: EnumParam::new("Quality", QualityChoice::Default),
            high_band: EnumParam::new("High band", HighBandChoice::Follow),
            stereo: EnumParam::new("Stereo", StereoChoice::Follow),
            mix: percent("Mix", 1.0),
            output_trim: FloatParam::new("Output trim", 0.0, linear(-24.0, 12.0))
                .with_unit(" dB")
                .with_value_to_string(formatters::v2s_f32_rounded(1)),
            bounce: EnumParam::new("Bounce", BounceMode::Auto).non_automatable(),
            look_ahead: EnumParam::new("Look-ahead", LookAhead::Off).non_automatable(),
            bypass: BoolParam::new("Bypass", false).make_bypass(),
            actions: ActionKnobs::default(),
            project,
        }
    }

    /// What the parameters ask of a bar just now.
    pub fn spec(&self) -> BarSpec {
        BarSpec {
            regenerate: self.regenerate.value(),
            making: Making {
                actions: std::array::from_fn(|slot| self.actions.0[slot].value()),
                strength: self.strength.value(),
                guidance: self.guidance.value(),
                seed: self.seed.value().unsigned_abs(),
                context_bars: self.context_bars.value().clamp(1, 16) as u16,
                quality: self.quality.value().into(),
                high_band: self.high_band.value().into(),
                stereo: self.stereo.value().into(),
            },
            playing: Playing { mix: self.mix.value(), trim_db: self.output_trim.value() },
        }
    }
}
