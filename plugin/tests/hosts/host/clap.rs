//! The CLAP host.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clack_extensions::latency::{HostLatency, HostLatencyImpl, PluginLatency};
use clack_extensions::params::{ParamInfoBuffer, ParamInfoFlags, PluginParams};
use clack_extensions::render::{PluginRender, RenderMode};
use clack_extensions::state::PluginState;
use clack_host::events::event_types::{ParamValueEvent, TransportEvent, TransportFlags};
use clack_host::events::{EventFlags, EventHeader, Pckn};
use clack_host::extensions::prelude::*;
use clack_host::prelude::*;
use clack_host::utils::{BeatTime, ClapId, SecondsTime};

use super::{AudioWork, Call, Instance, Mode, Parameter, Processor, Says, Told, audio_thread, plugin_file};

/// What the plugin asked of its host.
#[derive(Default)]
struct Asked {
    restart: AtomicBool,
    callback: AtomicBool,
}

struct Shared(Arc<Asked>);

impl SharedHandler<'_> for Shared {
    fn request_restart(&self) {
        self.0.restart.store(true, Ordering::SeqCst);
    }

    fn request_process(&self) {}

    fn request_callback(&self) {
        self.0.callback.store(true, Ordering::SeqCst);
    }
}

struct MainThread;

impl MainThreadHandler<'_> for MainThread {}

impl HostLatencyImpl for MainThread {
    // Asked for after every activation anyway.
    fn changed(&self) {}
}

struct Handlers;

impl HostHandlers for Handlers {
    type Shared<'a> = Shared;
    type MainThread<'a> = MainThread;
    type AudioProcessor<'a> = ();

    fn declare_extensions(builder: &mut HostExtensions<Self>, _shared: &Shared) {
        builder.register::<HostLatency>();
    }
}

/// An instance by way of CLAP.
pub struct ClapInstance {
    // Dropped in this order: a processor keeps its instance, an instance its library.
    processor: Option<PluginAudioProcessor<Handlers>>,
    instance: PluginInstance<Handlers>,
    asked: Arc<Asked>,
    ranges: Ranges,
}

/// Least and greatest value of each parameter in the plugin's own numbers: events carry those.
type Ranges = HashMap<u32, (f64, f64)>;

impl ClapInstance {
    pub fn open() -> Self {
        // SAFETY: loading a library runs its code; this one is ours.
        let entry = unsafe { PluginEntry::load(plugin_file()) }.expect("the library is a CLAP");
        let factory = entry.get_plugin_factory().expect("it makes plugins");
        let id = factory.plugin_descriptors().next().and_then(|plugin| plugin.id()).expect("the first plugin has an id");
        let host =
            HostInfo::new("Turnaround's test host", "Turnaround", "https://example.invalid", "1").expect("no zeros inside");
        let asked = Arc::new(Asked::default());
        let shared = Shared(asked.clone());
        let instance = PluginInstance::new(|_| shared, |_| MainThread, &entry, id, &host).expect("an instance");
        let mut this = Self { processor: None, instance, asked, ranges: Ranges::new() };
        this.parameters();
        this
    }

    fn extension<E: Extension<ExtensionSide = PluginExtensionSide>>(&mut self) -> E {
        self.instance.plugin_handle().get_extension().expect("the plugin has this extension")
    }
}

impl Instance for ClapInstance {
    fn parameters(&mut self) -> Vec<Parameter> {
        let parameters: PluginParams = self.extension();
        let handle = self.instance.plugin_handle();
        let mut buffer = ParamInfoBuffer::new();
        let mut found = Vec::new();
        for index in 0..parameters.count(&handle) {
            let info = parameters.get_info(&handle, index, &mut buffer).expect("every parameter is described");
            let value = parameters.get_value(&handle, info.id).expect("every parameter has a value");
            self.ranges.insert(info.id.get(), (info.min_value, info.max_value));
            found.push(Parameter {
                name: String::from_utf8_lossy(info.name).into_owned(),
                id: info.id.get(),
                value: (value - info.min_value) / (info.max_value - info.min_value),
                is_automatable: info.flags.contains(ParamInfoFlags::IS_AUTOMATABLE),
            });
        }
        found
    }

    fn activate(&mut self, rate: u32, largest_block: usize, says: Says) {
        let mode = match says.at_setup {
            Mode::RealTime => RenderMode::Realtime,
            Mode::Offline => RenderMode::Offline,
        };
        let render: PluginRender = self.extension();
        render.set(&self.instance.plugin_handle(), mode).expect("both modes are taken");
        let configuration = PluginAudioConfiguration {
            sample_rate: f64::from(rate),
            min_frames_count: 1,
            max_frames_count: u32::try_from(largest_block).expect("blocks are short"),
        };
        let processor = self.instance.activate(|_, _| (), configuration).expect("activation succeeds");
        self.processor = Some(processor.into());
        self.asked.restart.store(false, Ordering::SeqCst);
    }

    fn deactivate(&mut self) {
        let processor = self.processor.take().expect("only what is active is deactivated");
        assert!(!processor.is_started(), "stopped first");
        self.instance.deactivate(processor.into_stopped());
    }

    fn latency(&mut self) -> usize {
        let latency: PluginLatency = self.extension();
        latency.get(&self.instance.plugin_handle()) as usize
    }

    fn save(&mut self) -> Vec<u8> {
        let state: PluginState = self.extension();
        let mut bytes = Vec::new();
        state.save(&self.instance.plugin_handle(), &mut bytes).expect("state is saved");
        bytes
    }

    fn load(&mut self, mut bytes: &[u8]) -> bool {
        let state: PluginState = self.extension();
        state.load(&self.instance.plugin_handle(), &mut bytes).is_ok()
    }

    fn set_at_rest(&mut self, parameter: u32, value: f64) {
        let mut events = EventBuffer::new();
        events.push(&value_event(&self.ranges, parameter, 0, value));
        let parameters: PluginParams = self.extension();
        let mut handle = self.instance.inactive_plugin_handle().expect("at rest");
        parameters.flush(&mut handle, &InputEvents::from_buffer(&events), &mut OutputEvents::void());
    }

    fn takes_restart_request(&mut self) -> bool {
        self.idle();
        self.asked.restart.swap(false, Ordering::SeqCst)
    }

    fn idle(&mut self) {
        answer(&self.asked, &mut self.instance);
    }

    fn on_audio_thread(&mut self, work: &mut AudioWork<'_>) {
        let Self { processor, instance, asked, ranges } = self;
        let processor = processor.as_mut().expect("only what is active has an audio thread");
        let mut processor = ClapProcessor { processor, ranges, asked };
        audio_thread::run(|| work(&mut processor), || answer(asked, instance));
    }

    fn unload(self: Box<Self>) {}
}

fn answer(asked: &Asked, instance: &mut PluginInstance<Handlers>) {
    if asked.callback.swap(false, Ordering::SeqCst) {
        instance.call_on_main_thread_callback();
    }
}

fn value_event(ranges: &Ranges, parameter: u32, offset: usize, value: f64) -> ParamValueEvent {
    let (least, greatest) = ranges[&parameter];
    let id = ClapId::from_raw(parameter).expect("ids of parameters are valid");
    ParamValueEvent::new(offset as u32, id, Pckn::match_all(), least + value * (greatest - least))
}

struct ClapProcessor<'a> {
    processor: &'a mut PluginAudioProcessor<Handlers>,
    ranges: &'a Ranges,
    asked: &'a Asked,
}

impl Processor for ClapProcessor<'_> {
    fn start(&mut self) {
        self.processor.ensure_processing_started().expect("processing starts");
    }

    fn stop(&mut self) {
        self.processor.ensure_processing_stopped();
    }

    fn process(&mut self, call: Call<'_>) {
        let mut events = EventBuffer::new();
        for event in call.events {
            events.push(&value_event(self.ranges, event.parameter, event.offset, event.value));
        }
        let mut from_plugin = EventBuffer::new();
        let (mut in_ports, mut out_ports) = (AudioPorts::with_capacity(2, 1), AudioPorts::with_capacity(2, 1));
        let inputs = in_ports.with_input_buffers([AudioPortBuffer {
            latency: 0,
            channels: AudioPortBufferType::f32_input_only(call.input.into_iter().map(InputChannel::variable)),
        }]);
        let mut outputs = out_ports.with_output_buffers([AudioPortBuffer {
            latency: 0,
            channels: AudioPortBufferType::f32_output_only(call.output.into_iter()),
        }]);
        let transport = transport(call.told, call.rate);
        let processor = self.processor.as_started_mut().expect("started before");
        processor
            .process(
                &inputs,
                &mut outputs,
                &events.as_input(),
                &mut OutputEvents::from_buffer(&mut from_plugin),
                Some(call.steady),
                Some(&transport),
            )
            .expect("every block is processed");
    }

    fn is_restart_requested(&self) -> bool {
        self.asked.restart.load(Ordering::SeqCst)
    }
}

fn transport(told: &Told, rate: u32) -> TransportEvent {
    let flag = |is: bool, flag: TransportFlags| if is { flag } else { TransportFlags::empty() };
    let beats = |beats: Option<f64>| BeatTime::from_float(beats.unwrap_or(0.0));
    let seconds = told.samples.map_or(0.0, |samples| samples as f64 / f64::from(rate));
    let (numerator, denominator) = told.signature.unwrap_or((0, 0));
    TransportEvent {
        header: EventHeader::new_core(0, EventFlags::IS_LIVE),
        flags: flag(told.playing, TransportFlags::IS_PLAYING)
            | flag(told.tempo.is_some(), TransportFlags::HAS_TEMPO)
            | flag(told.beats.is_some(), TransportFlags::HAS_BEATS_TIMELINE)
            | flag(told.samples.is_some(), TransportFlags::HAS_SECONDS_TIMELINE)
            | flag(told.signature.is_some(), TransportFlags::HAS_TIME_SIGNATURE)
            | flag(told.looping.is_some(), TransportFlags::IS_LOOP_ACTIVE),
        song_pos_beats: beats(told.beats),
        song_pos_seconds: SecondsTime::from_float(seconds),
        tempo: told.tempo.unwrap_or(0.0),
        tempo_inc: told.tempo_rise,
        loop_start_beats: beats(told.looping.as_ref().map(|range| range.start)),
        loop_end_beats: beats(told.looping.as_ref().map(|range| range.end)),
        loop_start_seconds: SecondsTime::from_float(0.0),
        loop_end_seconds: SecondsTime::from_float(0.0),
        bar_start: beats(told.bar_start),
        bar_number: told.bar_number.unwrap_or(0),
        time_signature_numerator: numerator,
        time_signature_denominator: denominator,
    }
}
