//! The plugin as the framework sees it: nothing but translation between its words and ours.
//!
//! **Thread.** Marked at each method.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nice_plug::prelude::*;
use turnaround_core::time::SampleRate;

use crate::audio::{AudioSide, BlockContext, Waiting};
use crate::editor;
use crate::handoff::link;
use crate::parameters::{BounceMode, Parameters};
use crate::resources;
use crate::saved::SavedProject;
use crate::transport;
use crate::worker::{Shared, Urgency, Worker};

/// One instance.
pub struct Turnaround {
    parameters: Arc<Parameters>,
    saved: SavedProject,
    shared: Arc<Shared>,
    worker: Worker,
    audio: Option<AudioSide>,
    /// The right side where the host gives only one.
    right: Vec<f32>,
    api: PluginApi,
    is_offline: bool,
    /// What the host was asked to restart us for.
    asked: Option<Asked>,
    tasks: Option<AsyncExecutor<Turnaround>>,
}

/// A restart that was asked for.
#[derive(Clone, Copy, Debug)]
struct Asked {
    /// The delay that it is for, in samples.
    look_ahead: usize,
    /// Samples played since.
    samples: usize,
}

/// A task that only tells that all before it are done.
///
/// The framework has one thread for the tasks of all instances. Where it finds a task whose instance is gone it ends, and the destructor of
/// the last instance then panics in the host's hands. Moved parameters become such tasks on the audio thread, so they are waited for
/// while the instance still lives and nothing processes any more.
pub struct Barrier(Arc<AtomicBool>);

impl Barrier {
    /// Longest wait: who has not come by then never will.
    const PATIENCE: Duration = Duration::from_millis(500);

    /// For the framework's thread to let go of the instance after its last task.
    const LETTING_GO: Duration = Duration::from_millis(2);

    fn pass(tasks: &AsyncExecutor<Turnaround>) {
        let reached = Arc::new(AtomicBool::new(false));
        tasks.execute_background(Barrier(reached.clone()));
        let start = Instant::now();
        while !reached.load(Ordering::Acquire) && start.elapsed() < Self::PATIENCE {
            std::thread::sleep(Duration::from_micros(200));
        }
        std::thread::sleep(Self::LETTING_GO);
    }
}

impl Default for Turnaround {
    fn default() -> Self {
        resources::settle();
        let (saved, shared) = (SavedProject::default(), Arc::new(Shared::default()));
        Self {
            parameters: Arc::new(Parameters::new(saved.clone())),
            saved,
            worker: Worker::new(shared.clone()),
            shared,
            audio: None,
            right: Vec::new(),
            api: PluginApi::Standalone,
            is_offline: false,
            asked: None,
            tasks: None,
        }
    }
}

const ONE: Option<std::num::NonZeroU32> = std::num::NonZeroU32::new(1);
const TWO: Option<std::num::NonZeroU32> = std::num::NonZeroU32::new(2);

impl Plugin for Turnaround {
    const NAME: &'static str = "Turnaround";
    const VENDOR: &'static str = "Turnaround";
    const URL: &'static str = "";
    const EMAIL: &'static str = "";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const AUDIO_IO_LAYOUTS: &'static [AudioIOLayout] = &[
        AudioIOLayout { main_input_channels: TWO, main_output_channels: TWO, ..AudioIOLayout::const_default() },
        AudioIOLayout { main_input_channels: ONE, main_output_channels: ONE, ..AudioIOLayout::const_default() },
    ];
    /// Dense automation of 64 knobs in one large block; beyond it the framework would allocate on the audio thread.
    const INPUT_EVENT_CAPACITY: usize = 16_384;

    type Editor = editor::Editor;
    type SysExMessage = ();
    type BackgroundTask = Barrier;

    fn task_executor(&mut self) -> TaskExecutor<Self> {
        Box::new(|Barrier(reached)| reached.store(true, Ordering::Release))
    }

    fn params(&self) -> Arc<dyn Params> {
        self.parameters.clone()
    }

    /// Host's main thread.
    fn editor(&mut self, executor: AsyncExecutor<Self>) -> Option<Self::Editor> {
        self.tasks = Some(executor);
        editor::create(self.parameters.clone(), self.shared.clone())
    }

    /// Host's main thread. Comes often: after a state was set, a mode or a rate changed. The worker stays.
    fn activate(&mut self, _: &AudioIOLayout, config: &BufferConfig, context: &mut impl ActivateContext<Self>) -> bool {
        self.api = context.plugin_api();
        self.asked = None;
        let Ok(rate) = SampleRate::new(config.sample_rate.round() as u32) else {
            // At a rate that no music has everything plays dry: better than no sound at all.
            self.audio = None;
            context.set_latency_samples(0);
            return true;
        };
        let largest_block = config.max_buffer_size as usize;
        let look_ahead = self.parameters.look_ahead.value().samples(rate.hz());
        let urgency = if look_ahead > 0 { Urgency::Now } else { Urgency::NextPass };
        let (audio_end, worker_end) = link(rate);
        if let Err(reason) = self.worker.connect(worker_end, urgency, &self.saved) {
            // Without a worker nothing is ever made, and everything plays dry.
            nice_error!("{reason}");
        }
        self.audio = Some(AudioSide::new(rate, largest_block, look_ahead, audio_end));
        self.right = vec![0.0; largest_block];
        self.is_offline = config.process_mode == ProcessMode::Offline;
        context.set_latency_samples(look_ahead as u32);
        true
    }

    /// Audio thread.
    fn process(
        &mut self,
        buffer: &mut Buffer,
        _: &mut AuxiliaryBuffers,
        context: &mut impl ProcessContext<Self>,
    ) -> ProcessStatus {
        let Some(audio) = &mut self.audio else { return ProcessStatus::Normal };
        let rate = audio.rate().hz();
        let wanted = self.parameters.look_ahead.value().samples(rate);
        if wanted != audio.look_ahead() {
            // The host deactivates and activates anew, and the new delay begins there. A CLAP host may be told of another latency only while
            // it activates; a VST3 host restarts because of it. What was asked may be lost in a full queue, so it is asked again.
            let asked = self.asked.filter(|asked| asked.look_ahead == wanted);
            match (asked, self.api) {
                (Some(asked), _) if asked.samples < rate as usize => {}
                (None, PluginApi::Vst3 | PluginApi::Standalone) => context.set_latency_samples(wanted as u32),
                (Some(_), _) | (None, PluginApi::Clap) => context.request_restart(),
            }
            let waited = asked.filter(|asked| asked.samples < rate as usize).map_or(0, |asked| asked.samples);
            self.asked = Some(Asked { look_ahead: wanted, samples: waited + buffer.samples() });
        }
        let waiting = match (self.parameters.bounce.value(), self.api) {
            (BounceMode::Always, _) => Waiting::Known(true),
            (BounceMode::Never, _) | (BounceMode::Auto, PluginApi::Standalone) => Waiting::Known(false),
            (BounceMode::Auto, PluginApi::Clap) => Waiting::Known(self.is_offline),
            (BounceMode::Auto, PluginApi::Vst3) => Waiting::ByPace,
        };
        let block = BlockContext {
            transport: from_framework(context.transport()),
            spec: self.parameters.spec(),
            waiting,
            is_bypassed: self.parameters.bypass.value(),
            live: self.shared.live(),
        };
        match buffer.as_slice() {
            [left, right] => audio.process(&block, left, right),
            [only] => {
                // A host that gives more than it promised gets the rest back dry.
                let length = only.len().min(self.right.len());
                let right = &mut self.right[..length];
                right.copy_from_slice(&only[..length]);
                audio.process(&block, &mut only[..length], right);
            }
            _ => {}
        }
        match audio.look_ahead() {
            0 => ProcessStatus::Normal,
            late => ProcessStatus::Tail(late as u32),
        }
    }

    /// Host's main thread.
    fn deactivate(&mut self) {
        self.audio = None;
        if let Some(tasks) = &self.tasks {
            Barrier::pass(tasks);
        }
    }
}

/// Only what the host really said: what the framework derives would hide what it left out.
fn from_framework(told: &Transport) -> transport::Transport {
    transport::Transport {
        playing: told.playing,
        tempo: told.tempo,
        time_signature: told.time_sig_numerator.zip(told.time_sig_denominator),
        pos_samples: told
            .pos_samples
            .or_else(|| told.pos_seconds.map(|seconds| (seconds * f64::from(told.sample_rate)).round() as i64)),
        pos_beats: told.pos_beats,
        bar_start_beats: told.bar_start_pos_beats,
        bar_number: told.bar_number,
    }
}

impl ClapPlugin for Turnaround {
    const CLAP_ID: &'static str = "audio.turnaround.turnaround";
    const CLAP_DESCRIPTION: Option<&'static str> = Some("Makes chosen bars anew and leaves the rest as it is");
    const CLAP_MANUAL_URL: Option<&'static str> = None;
    const CLAP_SUPPORT_URL: Option<&'static str> = None;
    const CLAP_FEATURES: &'static [ClapFeature] =
        &[ClapFeature::AudioEffect, ClapFeature::Stereo, ClapFeature::Mono, ClapFeature::Glitch];

    /// The first pages of a controller: what belongs to a bar, then the knobs.
    fn remote_controls(&self, context: &mut impl RemoteControlsContext) {
        context.add_section("Bar", |section| {
            section.add_page("Bar", |page| {
                page.add_param(&self.parameters.regenerate);
                page.add_param(&self.parameters.strength);
                page.add_param(&self.parameters.guidance);
                page.add_param(&self.parameters.seed);
                page.add_param(&self.parameters.context_bars);
                page.add_param(&self.parameters.mix);
                page.add_param(&self.parameters.output_trim);
            });
        });
        context.add_section("Actions", |section| {
            section.add_page("Actions", |page| {
                for knob in &self.parameters.actions.0 {
                    page.add_param(knob);
                }
            });
        });
    }
}

impl Vst3Plugin for Turnaround {
    const VST3_CLASS_ID: [u8; 16] = *b"TurnaroundBars01";
    const VST3_SUBCATEGORIES: &'static [Vst3SubCategory] = &[Vst3SubCategory::Fx, Vst3SubCategory::Modulation];
}
