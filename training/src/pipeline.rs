//! All stages in the order of the road, each resumable, into one folder.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use burn::module::Module;
use burn::tensor::Device;
use turnaround_core::contract::Sizes;
use turnaround_core::spectrum::Companding;

use crate::corpus::{Corpus, Split};
use crate::networks::action_map::ActionMap;
use crate::networks::actions::ActionModel;
use crate::networks::adapter::Adapter;
use crate::networks::dynamics::Dynamics;
use crate::networks::tokenizer::Tokenizer;
use crate::preset::{MapStage, Preset, Stage};
use crate::train::action_map::Pairs;
use crate::train::dynamics::InferredActions;
use crate::train::frames::FrameSource;
use crate::train::latents::{Latents, Slots};
use crate::train::map_report::{self, MapReport};
use crate::train::run::{self, RunOptions, State, Trained};
use crate::train::told::ActionVectors;
use crate::train::{action_map, actions, adapter, dynamics, gain, kept, tokenizer};

/// What to train, on what, where.
pub struct Pipeline {
    /// Sizes and schedules.
    pub preset: Preset,
    /// The corpus.
    pub corpus: Arc<Corpus>,
    /// Where checkpoints go; one folder per stage.
    pub folder: PathBuf,
    /// Device, differentiation off.
    pub device: Device,
    /// If set, minutes for all stages together, instead of the preset's steps.
    pub minutes: Option<f64>,
}

/// Seconds between checkpoints.
const CHECKPOINT_SECONDS: f64 = 120.0;

/// The file in the tokenizer's folder that keeps the scale of the bins it was trained with.
pub const BIN_SCALE: &str = "bin_scale.json";

/// The file in the tokenizer's folder that keeps what decoded bins are multiplied by.
pub const DECODED_GAIN: &str = "decoded_gain.json";

/// The file in the adapter's folder that keeps what slots are standardised by.
pub const SLOT_STANDARD: &str = "slots.json";

/// The file in the map's folder that keeps what it came to on held-out bars.
pub const MAP_REPORT: &str = "report.json";

/// The stages of a training.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum StageName {
    /// The diffusion tokenizer.
    Tokenizer,
    /// The bar adapter.
    Adapter,
    /// Latent actions.
    Actions,
    /// A richer table of actions, where a preset has a map to one.
    #[value(skip)]
    Richer,
    /// The map from actions to the richer table, where a preset has one. It is kept when the actions are.
    #[value(skip)]
    Map,
    /// The dynamics.
    Dynamics,
}

impl StageName {
    /// In order: each learns from what those before it make.
    pub const ALL: [Self; 6] = [Self::Tokenizer, Self::Adapter, Self::Actions, Self::Richer, Self::Map, Self::Dynamics];

    /// Those that every training has.
    pub const ALWAYS: [Self; 4] = [Self::Tokenizer, Self::Adapter, Self::Actions, Self::Dynamics];

    /// The name of its folder, in manifests and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tokenizer => "tokenizer",
            Self::Adapter => "adapter",
            Self::Actions => "actions",
            Self::Richer => "richer",
            Self::Map => "map",
            Self::Dynamics => "dynamics",
        }
    }
}

/// The networks of a set: four, and perhaps a map.
#[derive(Module, Debug)]
pub struct Networks {
    /// Frames and latents.
    pub tokenizer: Tokenizer,
    /// Latents and slots.
    pub adapter: Adapter,
    /// Slots to actions, actions to vectors.
    pub actions: ActionModel,
    /// Vectors of actions to richer ones.
    pub map: Option<ActionMap>,
    /// The dynamics.
    pub dynamics: Dynamics,
}

/// Everything trained, ready to be exported.
pub struct Models {
    /// The networks, averages of their training.
    pub networks: Networks,
    /// Companding with the measured bin scale.
    pub companding: Companding,
    /// What decoded bins are multiplied by, `[bin]`.
    pub decoded_gain: Vec<f32>,
    /// All units' slots, with their mean and deviation.
    pub slots: Slots,
    /// All units' inferred actions.
    pub inferred: InferredActions,
    /// How each stage went.
    pub states: BTreeMap<String, State>,
    /// Weights of each stage's network.
    pub parameters: BTreeMap<String, u64>,
    /// Where the run lies; one folder per stage.
    pub folder: PathBuf,
}

/// The corpus as the later stages hear it, and what made it so.
pub struct Heard {
    /// Frames and latents.
    pub tokenizer: Trained<Tokenizer>,
    /// Latents and slots.
    pub adapter: Trained<Adapter>,
    /// Companding with the measured bin scale.
    pub companding: Companding,
    /// What decoded bins are multiplied by, `[bin]`.
    pub decoded_gain: Vec<f32>,
    /// All units' slots.
    pub slots: Slots,
}

/// The actions of the corpus, and what hears them.
pub struct Acted {
    /// Slots to actions, actions to vectors.
    pub actions: Trained<ActionModel>,
    /// Of all units.
    pub inferred: InferredActions,
}

/// The way from actions to richer vectors.
pub struct Mapped {
    /// The richer table; none where the map came with a set.
    pub richer: Option<Trained<ActionModel>>,
    /// The map.
    pub map: Trained<ActionMap>,
}

/// What is told of every stage afterwards.
#[derive(Default)]
struct Record {
    states: BTreeMap<String, State>,
    parameters: BTreeMap<String, u64>,
}

impl Record {
    fn note<M: Module>(&mut self, stage: StageName, trained: &Trained<M>) {
        self.states.insert(stage.name().to_owned(), trained.state.clone());
        self.parameters.insert(stage.name().to_owned(), trained.model.num_params() as u64);
    }
}

impl Pipeline {
    /// Trains every stage that has not finished.
    ///
    /// # Errors
    /// When a stage fails; what was trained before stays.
    pub fn train(&self) -> Result<Models> {
        let heard = self.hear()?;
        let Acted { actions, inferred } = self.act(&heard.slots)?;
        let mapped = self.map(&heard.slots, &inferred.vectors)?;
        let vectors = mapped.as_ref().map(|mapped| inferred.vectors.mapped(&mapped.map.model, &self.device));
        let told = vectors.as_ref().unwrap_or(&inferred.vectors);
        let stage = &self.preset.dynamics;
        let options = self.options(StageName::Dynamics, stage.share);
        let dynamics = dynamics::train(
            &stage.network,
            &self.preset.forcing,
            &stage.schedule,
            &heard.slots,
            told,
            inferred.players.as_ref(),
            &options,
        )?;

        let mut record = Record::default();
        record.note(StageName::Tokenizer, &heard.tokenizer);
        record.note(StageName::Adapter, &heard.adapter);
        record.note(StageName::Actions, &actions);
        record.note(StageName::Dynamics, &dynamics);
        if let Some(Mapped { richer, map }) = &mapped {
            richer.iter().for_each(|richer| record.note(StageName::Richer, richer));
            record.note(StageName::Map, map);
        }
        Ok(Models {
            networks: Networks {
                tokenizer: heard.tokenizer.model,
                adapter: heard.adapter.model,
                actions: actions.model,
                map: mapped.map(|mapped| mapped.map.model),
                dynamics: dynamics.model,
            },
            companding: heard.companding,
            decoded_gain: heard.decoded_gain,
            slots: heard.slots,
            inferred,
            states: record.states,
            parameters: record.parameters,
            folder: self.folder.clone(),
        })
    }

    /// Trains actions if they have not finished, and hears those of the corpus.
    ///
    /// # Errors
    /// As [`Pipeline::train`].
    pub fn act(&self, slots: &Slots) -> Result<Acted> {
        let stage = &self.preset.actions;
        let options = self.options(StageName::Actions, stage.share);
        let actions = actions::train(&stage.network, &stage.schedule, slots, &options)?;
        let inferred = InferredActions::new(&actions.model, &stage.network, slots, &self.device);
        Ok(Acted { actions, inferred })
    }

    /// Where the preset has a map: the map from the vectors `from` of all units, and what it maps to, trained if they have not finished. A map
    /// that came with a set is taken as it is, for its richer table did not.
    fn map(&self, slots: &Slots, from: &ActionVectors) -> Result<Option<Mapped>> {
        let folder = self.stage_folder(StageName::Map);
        let has_learned = run::holds_a_run(&self.stage_folder(StageName::Dynamics));
        ensure!(
            !has_learned || run::has_finished(&folder)? == self.preset.map.is_some(),
            "the dynamics in {} has begun to learn {}: give this preset a folder of its own",
            self.folder.display(),
            if self.preset.map.is_some() { "without a map" } else { "through a map" }
        );
        let Some(stage) = &self.preset.map else { return Ok(None) };
        if run::has_finished(&folder)? && !run::holds_a_run(&self.stage_folder(StageName::Richer)) {
            let fresh = ActionMap::new(&stage.network, from.width(), &self.device);
            return Ok(Some(Mapped { richer: None, map: run::load_finished(fresh, &folder)? }));
        }
        self.fit_map(stage, slots, from).map(Some)
    }

    /// Trains a richer table and the map to it, and measures the map on the validation split.
    fn fit_map(&self, stage: &MapStage, slots: &Slots, from: &ActionVectors) -> Result<Mapped> {
        let options = self.options(StageName::Map, stage.share);
        let richer_options = self.options(StageName::Richer, stage.richer.share);
        let Stage { network, schedule, .. } = &stage.richer;
        let richer = actions::train(network, schedule, slots, &richer_options)?;
        let to = ActionVectors::chosen(&richer.model, network.active, slots, &self.device);
        let pairs = Pairs { from, to: &to };
        let (learned, held_out) = (slots.units(Split::Train), slots.units(Split::Validation));
        let map = action_map::train(&stage.network, &stage.schedule, pairs, &learned, &options)?;
        if !held_out.is_empty() {
            let report = || map_report::explained(&map.model, pairs, &learned, &held_out, &self.device);
            kept::once::<MapReport>(&options.folder.join(MAP_REPORT), report)?;
        }
        Ok(Mapped { richer: Some(richer), map })
    }

    /// Trains tokenizer and adapter if they have not finished, and brings the corpus into slots.
    ///
    /// # Errors
    /// As [`Pipeline::train`].
    pub fn hear(&self) -> Result<Heard> {
        fs::create_dir_all(&self.folder).with_context(|| format!("creating {}", self.folder.display()))?;
        fs::write(self.folder.join("preset.toml"), toml::to_string_pretty(&self.preset)?)?;
        let sizes = self.preset.sizes();
        let train = self.corpus.of(Split::Train);
        ensure!(!train.is_empty(), "no composition of this corpus falls to the training split: build a longer one");

        let scale = self.stage_folder(StageName::Tokenizer).join(BIN_SCALE);
        let (stretch, seed) = (self.preset.stretch_frames, self.preset.seed);
        let source = FrameSource::new(self.corpus.clone(), &sizes, stretch, kept::read(&scale)?, seed, &self.device);
        let stage = &self.preset.tokenizer;
        let (objective, options) = (&self.preset.objective, self.options(StageName::Tokenizer, stage.share));
        let tokenizer = tokenizer::train(&stage.network, objective, &stage.schedule, &source, &options)?;
        kept::once(&scale, || source.companding().bin_scale.clone())?;

        let decoded_gain = self.decoded_gain(&tokenizer, &source, &sizes)?;

        let latents = self.latents(&tokenizer, source.companding(), &sizes)?;
        let stage = &self.preset.adapter;
        let options = self.options(StageName::Adapter, stage.share);
        let adapter = adapter::train(&stage.network, &stage.schedule, &latents, &train, &options)?;

        let standard = self.stage_folder(StageName::Adapter).join(SLOT_STANDARD);
        let mut slots = Slots::of_latents(&standard, &latents, &self.corpus, &adapter.model, &sizes, &self.device)?;
        if !self.preset.actions.network.instruments.is_empty() {
            slots.players = self.corpus.players()?;
        }
        Ok(Heard { tokenizer, adapter, companding: source.companding().clone(), decoded_gain, slots })
    }

    /// The decoder's gain, measured once and kept beside the tokenizer.
    fn decoded_gain(&self, tokenizer: &Trained<Tokenizer>, source: &FrameSource, sizes: &Sizes) -> Result<Vec<f32>> {
        let path = self.stage_folder(StageName::Tokenizer).join(DECODED_GAIN);
        kept::once(&path, || gain::measure(&tokenizer.model, source, sizes, self.preset.seed))
    }

    /// Latents of the corpus, kept beside the tokenizer that made them.
    fn latents(&self, tokenizer: &Trained<Tokenizer>, companding: &Companding, sizes: &Sizes) -> Result<Latents> {
        let path = self.stage_folder(StageName::Tokenizer).join("latents.f32");
        Latents::of_corpus(&path, &self.corpus, &tokenizer.model.encoder, companding, sizes, &self.device)
    }

    fn options(&self, stage: StageName, share: f64) -> RunOptions {
        RunOptions {
            folder: self.stage_folder(stage),
            stage: stage.name(),
            seed: self.preset.seed,
            minutes: self.minutes.map(|minutes| minutes * share),
            checkpoint_seconds: CHECKPOINT_SECONDS,
            device: self.device.clone(),
        }
    }

    fn stage_folder(&self, stage: StageName) -> PathBuf {
        Path::new(&self.folder).join(stage.name())
    }
}
