//! A made-up project and a made-up host, to draw the editor and to touch it without either.

use std::collections::HashMap;
use std::sync::Arc;

use nice_plug::context::PluginApi;
use nice_plug::context::gui::{GuiContext, GuiContextInner};
use nice_plug::params::Params;
use nice_plug::prelude::{ParamPtr, PluginState};
use parking_lot::Mutex;
use turnaround_core::bars::BarNumber;
use turnaround_core::contract::{Action, MeasuredAction};
use turnaround_core::descriptors::Descriptor;
use turnaround_core::time::{Beats, Metre, Seconds};

use super::EditorModel;
use crate::parameters::Parameters;
use crate::saved::SavedProject;
use crate::spec::{BarKey, BarSpec, SLOTS};
use crate::view::{BarStatus, BarView, Command, EngineView, JobView, Live, Overview, View};

/// A bar of 4/4 in its place, at 120 quarter notes a minute.
pub fn bar(number: i64, status: BarStatus) -> BarView {
    let anchor = Beats::new(4.0 * (number - 1) as f64);
    BarView {
        key: BarKey::new(anchor),
        anchor,
        number: BarNumber::new(number),
        metre: Metre::FOUR_FOUR,
        duration: Seconds::new(2.0),
        status,
        spec: BarSpec::default(),
        is_pinned: false,
        dry: None,
        take: None,
        late: 0,
    }
}

/// Four beats that fade, louder or softer by bar.
fn wave(number: i64, hits: usize) -> Arc<Overview> {
    let level = 0.5 + 0.3 * (number as f32 * 0.9).sin();
    let columns = Overview::COLUMNS;
    let height = |column: usize| {
        let within = (column * hits % columns) as f32 / columns as f32;
        let rough = 0.7 + 0.3 * ((column * 37 + number as usize * 11) as f32).sin();
        level * rough * (0.15 + 0.85 * (-4.0 * within).exp())
    };
    Arc::new(Overview((0..columns).map(|column| (-0.9 * height(column), height(column))).collect()))
}

/// A song of 24 bars in all states.
pub fn view() -> View {
    let failed = "the graphics card has no memory left. Close other programs or choose Draft".to_owned();
    let status = |number| match number {
        1..=4 | 8 | 17..=19 => BarStatus::Captured,
        5..=7 | 9..=10 | 13 => BarStatus::Ready,
        11 => BarStatus::Making,
        12 | 14..=15 => BarStatus::Queued,
        16 => BarStatus::Failed(failed.clone()),
        _ => BarStatus::Unheard,
    };
    let bars = (1..=24)
        .map(|number| {
            let place = if number > 22 { number + 8 } else { number };
            let mut bar = bar(place, status(number));
            bar.late = u32::from(number == 14 || number == 6);
            bar.is_pinned = (5..=7).contains(&number);
            bar.spec.regenerate = !matches!(bar.status, BarStatus::Captured);
            if bar.spec.regenerate {
                for (slot, value) in [(number as usize % 5, 0.8), (7, 0.35), (20 + number as usize, 1.0)] {
                    bar.spec.making.actions[slot] = value;
                }
            }
            if bar.status != BarStatus::Unheard {
                bar.dry = Some(wave(number, 4));
            }
            if bar.status == BarStatus::Ready {
                bar.take = Some(wave(number + 5, 8));
            }
            bar
        })
        .collect::<Vec<_>>();
    View {
        job: Some(JobView { key: bars[10].key, done: 5, total: 12 }),
        bars,
        engine: EngineView::Loaded {
            set: "small 0.1.0".into(),
            provider: "cpu, ONNX Runtime 1.22".into(),
            notes: vec!["CUDA was not used: no driver was found on this machine.".into()],
        },
        actions: [
            "more kick",
            "thinner",
            "busier hats",
            "half time",
            "drop the bass",
            "brighter",
            "darker",
            "wider chords",
            "fill at the end",
            "call and response",
            "sparse",
            "louder snare",
        ]
        .map(|label| action(label, None))
        .to_vec()
        .into(),
        times_real_time: Some(3.24),
        messages: vec!["Written: ~/Music/bar-003.wav".into(), format!("Bar 16 could not be made: {failed}")],
        audio_bytes: 12_400_000,
    }
}

/// The same song with a set of 64 actions that were all measured: every third is shortlisted, most lie close together, and one far away.
pub fn curated() -> View {
    let words = |slot: usize| {
        let (first, second) = (Descriptor::ALL[slot % 16], Descriptor::ALL[(5 * slot + slot / 16 + 3) % 16]);
        format!("{} and {}", first.word(slot as f32 - 31.5), second.less())
    };
    let action_of = |slot: usize| {
        let (angle, distance) = (2.4 * slot as f32, 0.5 * (slot as f32 / SLOTS as f32).powi(2));
        let position = if slot == 47 { [1.0, -0.6] } else { [distance * angle.cos(), distance * angle.sin()] };
        let mut measured = measured(position, 0.4 + 0.5 * (slot * 7 % 64) as f32 / 64.0, slot.is_multiple_of(3));
        measured.effect.insert(Descriptor::ALL[slot % 16], slot as f32 / 16.0 - 2.0);
        action(&words(slot), Some(measured))
    };
    View { actions: Arc::new((0..SLOTS).map(action_of).collect()), ..view() }
}

/// An action as a manifest has it.
pub fn action(label: &str, measured: Option<MeasuredAction>) -> Action {
    Action { label: label.to_owned(), usage: 0.1, measured }
}

/// What was measured of an action that changes nothing.
pub fn measured(position: [f32; 2], consistency: f32, is_shortlisted: bool) -> MeasuredAction {
    let effect = Descriptor::ALL.into_iter().map(|descriptor| (descriptor, 0.0)).collect();
    MeasuredAction { effect, consistency, position, is_shortlisted }
}

/// A model that shows one view and remembers what was asked of it.
pub struct Model {
    pub view: Arc<View>,
    pub live: Live,
    pub commands: Mutex<Vec<Command>>,
}

impl Model {
    pub fn new(view: View) -> Arc<Self> {
        Arc::new(Self { view: Arc::new(view), live: Live::default(), commands: Mutex::default() })
    }
}

impl EditorModel for Model {
    fn view(&self) -> Arc<View> {
        self.view.clone()
    }

    fn live(&self) -> &Live {
        &self.live
    }

    fn send(&self, command: Command) {
        self.commands.lock().push(command);
    }
}

/// What a host was told, by the parameter's name.
#[derive(Clone, Debug, PartialEq)]
pub enum Gesture {
    Begin(String),
    Set(String, f32),
    End(String),
}

/// A host that remembers how every value came.
#[derive(Clone)]
pub struct Host(Arc<Inner>);

struct Inner {
    parameters: Arc<Parameters>,
    names: HashMap<ParamPtr, String>,
    gestures: Mutex<Vec<Gesture>>,
    takes_over: bool,
}

impl Host {
    pub fn new() -> Self {
        Self::that(true)
    }

    /// One that never gives a value back, as hosts while they process nothing.
    pub fn slow() -> Self {
        Self::that(false)
    }

    fn that(takes_over: bool) -> Self {
        let parameters = Arc::new(Parameters::new(SavedProject::default()));
        // SAFETY: the parameters live in the `Arc` beside the pointers.
        let name = |(_, param, _): (String, ParamPtr, String)| (param, unsafe { param.name() }.to_owned());
        let names = parameters.param_map().into_iter().map(name).collect();
        Self(Arc::new(Inner { parameters, names, gestures: Mutex::default(), takes_over }))
    }

    pub fn parameters(&self) -> Arc<Parameters> {
        self.0.parameters.clone()
    }

    pub fn context(&self) -> GuiContext {
        GuiContext::new(self.0.clone())
    }

    pub fn gestures(&self) -> Vec<Gesture> {
        self.0.gestures.lock().clone()
    }
}

impl GuiContextInner for Inner {
    fn plugin_api(&self) -> PluginApi {
        PluginApi::Clap
    }

    unsafe fn raw_begin_set_parameter(&self, param: ParamPtr) {
        self.gestures.lock().push(Gesture::Begin(self.names[&param].clone()));
    }

    unsafe fn raw_set_parameter_normalized(&self, param: ParamPtr, normalized: f32) {
        if self.takes_over {
            // SAFETY: the parameters live beside this.
            unsafe { param._internal_set_normalized_value(normalized) };
        }
        self.gestures.lock().push(Gesture::Set(self.names[&param].clone(), normalized));
    }

    unsafe fn raw_end_set_parameter(&self, param: ParamPtr) {
        self.gestures.lock().push(Gesture::End(self.names[&param].clone()));
    }

    fn get_state(&self) -> PluginState {
        unreachable!("the editor never asks for the state")
    }

    fn set_state(&self, _: PluginState) {
        unreachable!("the editor never sets the state")
    }

    fn request_restart(&self) {
        unreachable!("the editor never restarts the plugin")
    }
}
