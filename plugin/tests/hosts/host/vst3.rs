//! The VST3 host.

mod changes;
mod handler;
mod stream;

use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use libloading::Library;
use vst3::Steinberg::Vst::ProcessContext_::StatesAndFlags_ as Flag;
use vst3::Steinberg::Vst::{
    AudioBusBuffers, BusDirections_, IAudioProcessor, IAudioProcessorTrait, IComponent, IComponent_iid, IComponentHandler,
    IComponentTrait, IEditController, IEditControllerTrait, MediaTypes_, ParameterInfo, ParameterInfo_, ProcessContext,
    ProcessData, ProcessModes_, ProcessSetup, SpeakerArr, SymbolicSampleSizes_,
};
use vst3::Steinberg::{FIDString, IPluginBaseTrait, IPluginFactory, IPluginFactoryTrait, PClassInfo, kResultOk};
use vst3::{ComPtr, ComWrapper};

use super::{AudioWork, Call, Instance, Mode, Parameter, Processor, Says, Told, audio_thread, plugin_file};
use changes::Changes;
use handler::Handler;
use stream::Stream;

/// An instance by way of VST3. The plugin is one component that is processor and controller at once.
pub struct Vst3Instance {
    component: ComPtr<IComponent>,
    processor: ComPtr<IAudioProcessor>,
    controller: ComPtr<IEditController>,
    factory: ComPtr<IPluginFactory>,
    library: Library,
    is_restart_requested: Arc<AtomicBool>,
    is_started: bool,
}

impl Vst3Instance {
    pub fn open() -> Self {
        // SAFETY: loading a library runs its code; this one is ours. The calls follow the order that the format asks for.
        unsafe {
            let library = Library::new(plugin_file()).expect("the library loads");
            type Enter = unsafe extern "system" fn(*mut c_void) -> bool;
            let enter = library.get::<Enter>(b"ModuleEntry\0").expect("the library is a VST3 module");
            assert!(enter(null_mut()), "the module is entered");
            type GetFactory = unsafe extern "system" fn() -> *mut IPluginFactory;
            let factory = library.get::<GetFactory>(b"GetPluginFactory\0").expect("the module has a factory")();
            let factory = ComPtr::from_raw(factory).expect("a factory");
            let mut class: PClassInfo = std::mem::zeroed();
            assert_eq!(factory.getClassInfo(0, &mut class), kResultOk);
            let mut made: *mut c_void = null_mut();
            let (class, interface) = (class.cid.as_ptr() as FIDString, IComponent_iid.as_ptr() as FIDString);
            assert_eq!(factory.createInstance(class, interface, &mut made), kResultOk);
            let component = ComPtr::from_raw(made.cast::<IComponent>()).expect("a component");
            assert_eq!(component.initialize(null_mut()), kResultOk);
            let processor: ComPtr<IAudioProcessor> = component.cast().expect("it processes audio");
            let controller: ComPtr<IEditController> = component.cast().expect("it is its own controller");
            let is_restart_requested = Arc::new(AtomicBool::new(false));
            let handler = ComWrapper::new(Handler(is_restart_requested.clone())).to_com_ptr::<IComponentHandler>();
            let handler = handler.expect("a handler is one");
            assert_eq!(controller.setComponentHandler(handler.as_ptr()), kResultOk);
            Self { component, processor, controller, factory, library, is_restart_requested, is_started: false }
        }
    }
}

impl Instance for Vst3Instance {
    fn parameters(&mut self) -> Vec<Parameter> {
        let hidden = ParameterInfo_::ParameterFlags_::kIsHidden;
        let automatable = ParameterInfo_::ParameterFlags_::kCanAutomate;
        // SAFETY: plain calls on a live controller, with memory of our own.
        let described = (0..unsafe { self.controller.getParameterCount() }).map(|index| unsafe {
            let mut info: ParameterInfo = std::mem::zeroed();
            assert_eq!(self.controller.getParameterInfo(index, &mut info), kResultOk);
            (info, self.controller.getParamNormalized(info.id))
        });
        described
            .filter(|(info, _)| info.flags & hidden == 0)
            .map(|(info, value)| Parameter {
                name: text(&info.title),
                id: info.id,
                value,
                is_automatable: info.flags & automatable != 0,
            })
            .collect()
    }

    fn activate(&mut self, rate: u32, largest_block: usize, says: Says) {
        let mut setup = ProcessSetup {
            processMode: mode(says.at_setup),
            symbolicSampleSize: SymbolicSampleSizes_::kSample32 as i32,
            maxSamplesPerBlock: i32::try_from(largest_block).expect("blocks are short"),
            sampleRate: f64::from(rate),
        };
        let (audio, input, output) = (MediaTypes_::kAudio as i32, BusDirections_::kInput as i32, BusDirections_::kOutput as i32);
        let (mut inputs, mut outputs) = (SpeakerArr::kStereo, SpeakerArr::kStereo);
        // SAFETY: as above; the order of calls is the format's.
        unsafe {
            assert_eq!(self.processor.setBusArrangements(&mut inputs, 1, &mut outputs, 1), kResultOk, "stereo is taken");
            assert_eq!(self.component.activateBus(audio, input, 0, 1), kResultOk);
            assert_eq!(self.component.activateBus(audio, output, 0, 1), kResultOk);
            assert_eq!(self.processor.setupProcessing(&mut setup), kResultOk);
            assert_eq!(self.component.setActive(1), kResultOk, "activation succeeds");
        }
        self.is_restart_requested.store(false, Ordering::SeqCst);
    }

    fn deactivate(&mut self) {
        assert!(!self.is_started, "stopped first");
        // SAFETY: as above.
        assert_eq!(unsafe { self.component.setActive(0) }, kResultOk);
    }

    fn latency(&mut self) -> usize {
        // SAFETY: as above.
        unsafe { self.processor.getLatencySamples() as usize }
    }

    fn save(&mut self) -> Vec<u8> {
        let stream = ComWrapper::new(Stream::new(Vec::new()));
        // SAFETY: the stream outlives the call.
        assert_eq!(unsafe { self.component.getState(stream.as_com_ref().expect("a stream is one").as_ptr()) }, kResultOk);
        stream.bytes()
    }

    fn load(&mut self, bytes: &[u8]) -> bool {
        let stream = ComWrapper::new(Stream::new(bytes.to_vec()));
        let for_controller = ComWrapper::new(Stream::new(bytes.to_vec()));
        // SAFETY: the streams outlive the calls.
        unsafe {
            let is_taken = self.component.setState(stream.as_com_ref().expect("a stream is one").as_ptr()) == kResultOk;
            self.controller.setComponentState(for_controller.as_com_ref().expect("a stream is one").as_ptr());
            is_taken
        }
    }

    fn set_at_rest(&mut self, parameter: u32, value: f64) {
        // SAFETY: a plain call on a live controller.
        assert_eq!(unsafe { self.controller.setParamNormalized(parameter, value) }, kResultOk);
    }

    fn takes_restart_request(&mut self) -> bool {
        self.is_restart_requested.swap(false, Ordering::SeqCst)
    }

    fn idle(&mut self) {}

    fn on_audio_thread(&mut self, work: &mut AudioWork<'_>) {
        let mut processor = Vst3Processor {
            processor: &self.processor,
            is_restart_requested: &self.is_restart_requested,
            is_started: &mut self.is_started,
        };
        // By way of one reference: a closure would take the fields apart, and by themselves they may not go to another thread.
        let whole = &mut processor;
        audio_thread::run(move || work(whole), || ());
    }

    fn unload(self: Box<Self>) {
        let Self { component, processor, controller, factory, library, .. } = *self;
        // SAFETY: nothing of the library is held any more when it is closed.
        unsafe {
            controller.setComponentHandler(null_mut());
            component.terminate();
            drop((processor, controller, component, factory));
            let leave = library.get::<unsafe extern "system" fn() -> bool>(b"ModuleExit\0").expect("a module that can be left");
            assert!(leave(), "the module is left");
            library.close().expect("the library closes");
        }
    }
}

fn text(title: &[vst3::Steinberg::Vst::TChar]) -> String {
    let title: Vec<u16> = title.iter().take_while(|unit| **unit != 0).copied().collect();
    String::from_utf16_lossy(&title)
}

fn mode(mode: Mode) -> i32 {
    match mode {
        Mode::RealTime => ProcessModes_::kRealtime as i32,
        Mode::Offline => ProcessModes_::kOffline as i32,
    }
}

struct Vst3Processor<'a> {
    processor: &'a ComPtr<IAudioProcessor>,
    is_restart_requested: &'a AtomicBool,
    is_started: &'a mut bool,
}

// SAFETY: the format lets another thread than the main one call the processor, as long as it is one at a time.
unsafe impl Send for Vst3Processor<'_> {}

impl Processor for Vst3Processor<'_> {
    fn start(&mut self) {
        if !*self.is_started {
            // SAFETY: a plain call on a live processor.
            unsafe { self.processor.setProcessing(1) };
            *self.is_started = true;
        }
    }

    fn stop(&mut self) {
        // SAFETY: as above.
        unsafe { self.processor.setProcessing(0) };
        *self.is_started = false;
    }

    fn process(&mut self, call: Call<'_>) {
        let samples = call.output[0].len();
        let mut out_pointers = call.output.map(|channel| channel.as_mut_ptr());
        let mut in_pointers = call.input.map(|channel| channel.as_mut_ptr());
        if call.in_place {
            for (from, to) in in_pointers.iter().zip(out_pointers) {
                // SAFETY: both are buffers of `samples` samples.
                unsafe { std::ptr::copy_nonoverlapping(*from, to, samples) };
            }
            in_pointers = out_pointers;
        }
        // SAFETY: zeros are valid in these structures of numbers and pointers, and all that they are given outlives the call.
        unsafe {
            let mut inputs: AudioBusBuffers = std::mem::zeroed();
            inputs.numChannels = 2;
            inputs.__field0.channelBuffers32 = in_pointers.as_mut_ptr();
            let mut outputs: AudioBusBuffers = std::mem::zeroed();
            outputs.numChannels = 2;
            outputs.__field0.channelBuffers32 = out_pointers.as_mut_ptr();
            let changes = Changes::from_events(call.events);
            let mut context = context(call.told, call.rate, call.steady);
            let mut data: ProcessData = std::mem::zeroed();
            data.processMode = mode(call.mode);
            data.symbolicSampleSize = SymbolicSampleSizes_::kSample32 as i32;
            data.numSamples = samples as i32;
            (data.numInputs, data.numOutputs) = (1, 1);
            (data.inputs, data.outputs) = (&mut inputs, &mut outputs);
            data.inputParameterChanges = changes.as_ptr();
            data.processContext = &mut context;
            assert_eq!(self.processor.process(&mut data), kResultOk, "every block is processed");
        }
    }

    fn is_restart_requested(&self) -> bool {
        self.is_restart_requested.load(Ordering::SeqCst)
    }
}

fn context(told: &Told, rate: u32, steady: u64) -> ProcessContext {
    // SAFETY: zeros are valid in this structure of numbers.
    let mut context: ProcessContext = unsafe { std::mem::zeroed() };
    let mut state = Flag::kContTimeValid;
    let mut flag = |is: bool, flag| state |= if is { flag } else { 0 };
    flag(told.playing, Flag::kPlaying);
    flag(told.tempo.is_some(), Flag::kTempoValid);
    flag(told.signature.is_some(), Flag::kTimeSigValid);
    flag(told.beats.is_some(), Flag::kProjectTimeMusicValid);
    flag(told.bar_start.is_some(), Flag::kBarPositionValid);
    flag(told.looping.is_some(), Flag::kCycleActive | Flag::kCycleValid);
    context.state = state as _;
    context.sampleRate = f64::from(rate);
    context.continousTimeSamples = steady as i64;
    context.projectTimeSamples = told.samples.unwrap_or(0);
    context.projectTimeMusic = told.beats.unwrap_or(0.0);
    context.barPositionMusic = told.bar_start.unwrap_or(0.0);
    context.tempo = told.tempo.unwrap_or(0.0);
    let (numerator, denominator) = told.signature.unwrap_or((0, 0));
    (context.timeSigNumerator, context.timeSigDenominator) = (i32::from(numerator), i32::from(denominator));
    if let Some(range) = &told.looping {
        (context.cycleStartMusic, context.cycleEndMusic) = (range.start, range.end);
    }
    context
}
