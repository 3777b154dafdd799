//! What the program's verbs do once their arguments are read.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use clap::Args;

use crate::corpus::Corpus;
use crate::device::DeviceChoice;
#[cfg(feature = "export")]
use crate::evaluate::measure::BeatTracker;
use crate::networks::perceiver::PerceiverConfig;
use crate::pipeline::Pipeline;
#[cfg(feature = "export")]
use crate::pipeline::StageName;
use crate::preset::Preset;
use crate::scaling::{self, Figure, Training};

/// Which training run is meant.
#[derive(Args, Clone)]
pub struct TrainArguments {
    /// Corpus folder.
    #[arg(long)]
    pub corpus: PathBuf,
    /// Folder of the run.
    #[arg(long)]
    pub run: PathBuf,
    /// `tiny`, `small`, `cpu` or a TOML file.
    #[arg(long, default_value = "small")]
    pub preset: String,
    /// Model set whose weights stages that have not begun start from; made with a preset of the same sizes.
    #[cfg(feature = "export")]
    #[arg(long)]
    pub from_set: Option<PathBuf>,
    /// Stages that stay as that set has them; those after them are trained.
    #[cfg(feature = "export")]
    #[arg(long, value_enum, num_args = 1.., requires = "from_set")]
    pub keep: Vec<StageName>,
    /// Where to compute.
    #[arg(long, value_enum, default_value_t = DeviceChoice::Auto)]
    pub device: DeviceChoice,
    /// Minutes for all stages together, instead of the preset's steps.
    #[arg(long)]
    pub minutes: Option<f64>,
}

impl TrainArguments {
    fn pipeline(&self) -> Result<Pipeline> {
        let preset = Preset::load(&self.preset)?;
        #[cfg(feature = "export")]
        if let Some(set) = &self.from_set {
            crate::set::start::from_set(set, &preset, &self.run, &self.keep)?;
        }
        Ok(Pipeline {
            preset,
            corpus: Arc::new(Corpus::open(&self.corpus)?),
            folder: self.run.clone(),
            device: self.device.open()?,
            minutes: self.minutes,
        })
    }
}

/// Trains.
///
/// # Errors
/// When the preset, the corpus or the device cannot be had, or a stage fails.
pub fn train(arguments: &TrainArguments) -> Result<()> {
    let models = arguments.pipeline()?.train()?;
    for (stage, state) in &models.states {
        let loss = state.smoothed.get("loss").copied().unwrap_or(f64::NAN);
        println!("{stage}: {} steps in {:.0} s, loss {loss:.4}", state.step, state.seconds);
    }
    Ok(())
}

/// Which set a run starts from.
#[cfg(feature = "export")]
#[derive(Args, Clone)]
pub struct StartArguments {
    /// The set.
    #[arg(long)]
    pub set: PathBuf,
    /// Folder of the run.
    #[arg(long)]
    pub run: PathBuf,
    /// Preset of the run, of the sizes of the set's.
    #[arg(long, default_value = "small")]
    pub preset: String,
    /// Stages that stay as the set has them.
    #[arg(long, value_enum, num_args = 1..)]
    pub keep: Vec<StageName>,
}

/// Writes what a run starts from and trains nothing: a program without export, on another machine, may go on from there.
///
/// # Errors
/// As [`from_set`](crate::set::start::from_set).
#[cfg(feature = "export")]
pub fn start(arguments: &StartArguments) -> Result<()> {
    let StartArguments { set, run, preset, keep } = arguments;
    crate::set::start::from_set(set, &Preset::load(preset)?, run, keep)
}

/// Which set to write anew.
#[cfg(feature = "export")]
#[derive(Args, Clone)]
pub struct RenewArguments {
    /// Folder of the set.
    #[arg(long)]
    pub set: PathBuf,
}

/// Writes the graphs of a set anew, and tells how near each is to its network.
///
/// # Errors
/// As [`renew`](crate::set::renew).
#[cfg(feature = "export")]
pub fn renew(arguments: &RenewArguments) -> Result<()> {
    for parity in crate::set::renew(&arguments.set)? {
        println!("{parity}");
    }
    Ok(())
}

/// How much is computed in training, once or several times.
#[derive(Args, Clone)]
pub struct BudgetArguments {
    /// What each may compute in training, in 10¹² floating-point operations. Given several, each is trained once with every number of them;
    /// from four on it is told what more of them would buy.
    #[arg(long, num_args = 1.., default_values_t = [10.0])]
    pub teraflop: Vec<f64>,
    /// Numbers of operations to foretell the figure for, in 10¹²; ten times the largest of --teraflop if left out.
    #[arg(long, num_args = 1..)]
    pub ahead: Vec<f64>,
}

impl BudgetArguments {
    /// Floating-point operations, the fewest first.
    fn operations(&self) -> Vec<f64> {
        let mut operations: Vec<f64> = self.teraflop.iter().map(|teraflop| teraflop * 1e12).collect();
        operations.sort_by(f64::total_cmp);
        operations.dedup();
        operations
    }

    /// Prints what more operations would buy, and draws it in the folder of the runs.
    fn foretell(&self, figure: Figure, trainings: Vec<Training>, seed: u64, runs: &Path) -> Result<()> {
        let longest = self.operations().last().copied().unwrap_or_default();
        let ahead: Vec<f64> = match self.ahead.as_slice() {
            [] => vec![10.0 * longest],
            ahead => ahead.iter().map(|teraflop| teraflop * 1e12).collect(),
        };
        let picture = runs.join("scaling.svg");
        if let Some(text) = scaling::report(figure, trainings, &ahead, seed, &picture)? {
            println!("\n{text}\nDrawn in {}.", picture.display());
        }
        Ok(())
    }
}

/// What more computing is foretold to do to actions: by how much it tells them apart.
const DELTA_PSNR: Figure =
    Figure { name: "own action nearer than others' (ΔPSNR), dB", of: scaling::decibels_between, least: None };

/// Which tokenizers to compare, on what.
#[derive(Args, Clone)]
pub struct CompareArguments {
    /// Corpus folder.
    #[arg(long)]
    pub corpus: PathBuf,
    /// Folder of the runs, NAME/TERAFLOP for each preset.
    #[arg(long)]
    pub runs: PathBuf,
    /// Presets, names or TOML files; the others are compared with the first.
    #[arg(long, num_args = 1.., required = true)]
    pub presets: Vec<String>,
    /// What each may compute in training, and what to foretell.
    #[command(flatten)]
    pub budget: BudgetArguments,
    /// Stretches of the validation split that each is measured on.
    #[arg(long, default_value_t = 40)]
    pub stretches: usize,
    /// Where to compute.
    #[arg(long, value_enum, default_value_t = DeviceChoice::Auto)]
    pub device: DeviceChoice,
}

/// Trains tokenizers at equal compute and prints one table.
///
/// # Errors
/// When a preset, the corpus or the device cannot be had, or a training fails.
pub fn compare(arguments: &CompareArguments) -> Result<()> {
    let request = crate::compare::Request {
        presets: arguments.presets.iter().map(|name| Preset::load(name)).collect::<Result<_>>()?,
        corpus: Arc::new(Corpus::open(&arguments.corpus)?),
        runs: arguments.runs.clone(),
        operations: arguments.budget.operations(),
        stretches: arguments.stretches,
        device: arguments.device.open()?,
    };
    let rows = crate::compare::run(&request)?;
    print!("{}", crate::compare::table(&rows));
    let mel = Figure { name: "mel distance", of: scaling::mean, least: Some(0.0) };
    let seed = request.presets.first().map_or(1, |preset| preset.seed);
    arguments.budget.foretell(mel, crate::compare::trainings(&rows), seed, &arguments.runs)
}

/// Which ways from bars to slots to compare, on what.
#[derive(Args, Clone)]
pub struct CompareBarsArguments {
    /// Corpus folder.
    #[arg(long)]
    pub corpus: PathBuf,
    /// Folder of the runs.
    #[arg(long)]
    pub runs: PathBuf,
    /// Preset of tokenizer and adapter, a name or a TOML file.
    #[arg(long, default_value = "reduced")]
    pub preset: String,
    /// TOML file with the sizes of the variable-length tokenizer; left out, those that go with `reduced`.
    #[arg(long)]
    pub perceiver: Option<PathBuf>,
    /// What each way may compute in training, in 10¹² floating-point operations.
    #[arg(long, default_value_t = 10.0)]
    pub teraflop: f64,
    /// Bars of the validation split that each is measured on.
    #[arg(long, default_value_t = 40)]
    pub bars: usize,
    /// Where to compute.
    #[arg(long, value_enum, default_value_t = DeviceChoice::Auto)]
    pub device: DeviceChoice,
}

/// Trains what brings bars to slots, at equal compute, and prints one table.
///
/// # Errors
/// When the preset, the corpus or the device cannot be had, or a training fails.
pub fn compare_bars(arguments: &CompareBarsArguments) -> Result<()> {
    let request = crate::compare_bars::Request {
        preset: Preset::load(&arguments.preset)?,
        perceiver: PerceiverConfig::load(arguments.perceiver.as_deref())?,
        corpus: Arc::new(Corpus::open(&arguments.corpus)?),
        runs: arguments.runs.clone(),
        operations: arguments.teraflop * 1e12,
        bars: arguments.bars,
        device: arguments.device.open()?,
    };
    print!("{}", crate::compare_bars::table(&crate::compare_bars::run(&request)?));
    Ok(())
}

/// Which latent action models to compare, on what.
#[derive(Args, Clone)]
pub struct CompareActionsArguments {
    /// The run whose tokenizer and adapter bring the corpus into slots; trained first if they have not finished.
    #[command(flatten)]
    pub train: TrainArguments,
    /// Folder of the models' runs, NAME/TERAFLOP for each.
    #[arg(long)]
    pub runs: PathBuf,
    /// Models, names or TOML files; all that come with the program if left out.
    #[arg(long, num_args = 1..)]
    pub models: Vec<String>,
    /// What each may compute in training, and what to foretell.
    #[command(flatten)]
    pub budget: BudgetArguments,
    /// Bars of the validation split that each is measured on.
    #[arg(long, default_value_t = 512)]
    pub bars: usize,
}

/// Trains latent action models at equal compute and prints one table.
///
/// # Errors
/// When a preset, the corpus or the device cannot be had, or a training fails.
pub fn compare_actions(arguments: &CompareActionsArguments) -> Result<()> {
    use crate::compare_actions::{ActionsPreset, BUILT_IN, Request, run, table, trainings};

    let presets = named(&arguments.models, &BUILT_IN).iter().map(|name| ActionsPreset::load(name)).collect::<Result<_>>()?;
    let pipeline = arguments.train.pipeline()?;
    let mut slots = pipeline.hear()?.slots;
    // All are asked how much their actions say of who plays; only those that know instruments are told.
    slots.players = pipeline.corpus.players()?;
    let request = Request {
        presets,
        slots: &slots,
        runs: arguments.runs.clone(),
        operations: arguments.budget.operations(),
        bars: arguments.bars,
        device: pipeline.device.clone(),
    };
    let (rows, seed) = (run(&request)?, pipeline.preset.seed);
    print!("{}", table(&rows, seed));
    arguments.budget.foretell(DELTA_PSNR, trainings(&rows), seed, &arguments.runs)
}

/// Which ways to build the dynamics to compare, on what.
#[derive(Args, Clone)]
pub struct CompareDynamicsArguments {
    /// The run whose tokenizer, adapter and actions are heard with; trained first if they have not finished.
    #[command(flatten)]
    pub train: TrainArguments,
    /// Folder of the runs, NAME/TERAFLOP for each.
    #[arg(long)]
    pub runs: PathBuf,
    /// Ways, names or TOML files; if left out, all that come with the program, those that are told of a richer table or of codes only beside
    /// them. The first, trained longest, is also asked under guidance.
    #[arg(long, num_args = 1..)]
    pub ways: Vec<String>,
    /// Folder of a latent action model that compare-actions trained on the same slots: the richer table that `mapped` and `richer` are
    /// told of.
    #[arg(long)]
    pub richer: Option<PathBuf>,
    /// Folder of a model of codes that compare-actions trained on the same slots: what `codes` is told of. It is asked with one code, with
    /// two and so on.
    #[arg(long)]
    pub codes: Option<PathBuf>,
    /// What each may compute in training, and what to foretell.
    #[command(flatten)]
    pub budget: BudgetArguments,
    /// Bars of the validation split that each is measured on.
    #[arg(long, default_value_t = 256)]
    pub bars: usize,
}

/// Trains ways to build the dynamics at equal compute and prints one table.
///
/// # Errors
/// When a preset, the corpus or the device cannot be had, or a training fails.
pub fn compare_dynamics(arguments: &CompareDynamicsArguments) -> Result<()> {
    use crate::compare_actions::{finished_codes, finished_style};
    use crate::compare_dynamics::{BUILT_IN, DynamicsPreset, Request, Told, run, table, trainings};
    use crate::train::told::ActionVectors;

    let names = named(&arguments.ways, &BUILT_IN);
    let mut presets: Vec<DynamicsPreset> = names.iter().map(|name| DynamicsPreset::load(name)).collect::<Result<_>>()?;
    if arguments.ways.is_empty() {
        presets.retain(|preset| match preset.told {
            Told::Table => true,
            Told::Mapped | Told::Richer => arguments.richer.is_some(),
            Told::Codes => arguments.codes.is_some(),
        });
    }
    let pipeline = arguments.train.pipeline()?;
    let slots = pipeline.hear()?.slots;
    let acted = pipeline.act(&slots)?;
    let device = pipeline.device.clone();
    let richer = arguments.richer.as_ref().map(|folder| finished_style(folder, &device)).transpose()?;
    let richer = richer.map(|(model, config)| ActionVectors::chosen(&model, config.active, &slots, &device));
    let codes = arguments.codes.as_ref().map(|folder| finished_codes(folder, &slots, &device)).transpose()?;
    let codes = codes.map(|(model, config)| ActionVectors::coded(&model, &config, &slots, &device));
    let request = Request {
        presets,
        slots: &slots,
        inferred: &acted.inferred,
        actions: &acted.actions.model,
        action_config: &pipeline.preset.actions.network,
        richer: richer.as_ref(),
        codes: codes.as_ref(),
        runs: arguments.runs.clone(),
        operations: arguments.budget.operations(),
        bars: arguments.bars,
        device,
    };
    let (rows, seed) = (run(&request)?, pipeline.preset.seed);
    print!("{}", table(&rows, seed));
    arguments.budget.foretell(DELTA_PSNR, trainings(&rows), seed, &arguments.runs)
}

/// Which steps to time, where.
#[derive(Args, Clone)]
pub struct ThroughputArguments {
    /// Preset, a name or a TOML file.
    #[arg(long, default_value = "small")]
    pub preset: String,
    /// Items a step; the preset's if left out.
    #[arg(long)]
    pub batch: Option<usize>,
    /// Steps that are timed.
    #[arg(long, default_value_t = 30)]
    pub steps: u64,
    /// Where to compute.
    #[arg(long, value_enum, default_value_t = DeviceChoice::Auto)]
    pub device: DeviceChoice,
}

/// Times training steps, and prints what one takes.
///
/// # Errors
/// When the preset or the device cannot be had, or a step fails.
pub fn throughput(arguments: &ThroughputArguments) -> Result<()> {
    let preset = Preset::load(&arguments.preset)?;
    let batch = arguments.batch.unwrap_or(preset.tokenizer.schedule.batch);
    let folder = std::env::temp_dir().join(format!("turnaround-throughput-{}", std::process::id()));
    println!("{}", crate::throughput::measure(&preset, batch, arguments.steps, &arguments.device.open()?, &folder)?);
    Ok(())
}

/// The names that were given, or all that come with the program.
fn named(given: &[String], built_in: &[(&str, &str)]) -> Vec<String> {
    match given {
        [] => built_in.iter().map(|(name, _)| (*name).to_owned()).collect(),
        names => names.to_vec(),
    }
}

/// Where a set goes and which run it comes from.
#[cfg(feature = "export")]
#[derive(Args, Clone)]
pub struct ExportArguments {
    /// The finished run.
    #[command(flatten)]
    pub train: TrainArguments,
    /// Folder of the set; its name becomes the set's.
    #[arg(long)]
    pub out: PathBuf,
}

/// Exports. Stages that have not finished are trained first.
///
/// # Errors
/// When training is impossible, or a graph is not the network it came from.
#[cfg(feature = "export")]
pub fn export(arguments: &ExportArguments) -> Result<()> {
    let pipeline = arguments.train.pipeline()?;
    let models = pipeline.train()?;
    for parity in crate::set::write(&models, &pipeline.preset, &pipeline.corpus, &arguments.out)? {
        println!("{parity}");
    }
    Ok(())
}

/// Which set to measure, on what.
#[cfg(feature = "export")]
#[derive(Args, Clone)]
pub struct EvaluateArguments {
    /// Folder of the set.
    #[arg(long)]
    pub set: PathBuf,
    /// Corpus folder; its test split is used.
    #[arg(long)]
    pub corpus: PathBuf,
    /// Folder of a corpus rendered with a SoundFont that training never heard; its test split is used.
    #[arg(long)]
    pub unseen: Option<PathBuf>,
    /// Folder of real recordings (WAV, FLAC, OGG/Vorbis, MP3). Bars follow NAME.EXT.grid.json where there is one, as
    /// {"tempo": 120.0, "metre": "4/4", "offset": 0.5}; other files are cut every 2.048 s.
    #[arg(long)]
    pub recordings: Option<PathBuf>,
    /// Folder of outside networks; else ../shared/eval where it is there.
    #[arg(long)]
    pub yardsticks: Option<PathBuf>,
    /// Folder of the beat tracker that compares beats before and after; else the first one found.
    #[arg(long)]
    pub tracker: Option<PathBuf>,
    /// Folder to write a page with pictures and sound to.
    #[arg(long)]
    pub report: Option<PathBuf>,
    /// Bars in each table.
    #[arg(long, default_value_t = 60)]
    pub bars: usize,
    /// Seed of noise and resampling.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// Evaluates, and writes the result into the set's card.
///
/// # Errors
/// When set, corpus or recordings cannot be read.
#[cfg(feature = "export")]
pub fn evaluate(arguments: &EvaluateArguments) -> Result<()> {
    let corpus = Corpus::open(&arguments.corpus)?;
    let unseen = arguments.unseen.as_deref().map(Corpus::open).transpose()?;
    let tracker = match (crate::beats::heard::beats(arguments.tracker.as_deref()), &arguments.tracker) {
        (Ok(tracker), _) => Some(tracker),
        (Err(error), Some(_)) => return Err(error),
        (Err(error), None) => {
            eprintln!("Beats are not compared: {error:#}");
            None
        }
    };
    let evaluation = crate::evaluate::run(&crate::evaluate::Request {
        set: &arguments.set,
        corpus: &corpus,
        unseen: unseen.as_ref(),
        recordings: arguments.recordings.as_deref(),
        yardsticks: arguments.yardsticks.clone(),
        tracker: tracker.as_ref().map(|tracker| tracker as &dyn BeatTracker),
        report: arguments.report.as_deref(),
        bars: arguments.bars,
        seed: arguments.seed,
    })?;
    println!("{}", serde_json::to_string_pretty(&evaluation)?);
    Ok(())
}

/// Which set's actions to curate, on what.
#[cfg(feature = "export")]
#[derive(Args, Clone)]
pub struct CurateArguments {
    /// Folder of the set; its action table and card are written anew.
    #[arg(long)]
    pub set: PathBuf,
    /// Corpus folder; its validation split is used.
    #[arg(long)]
    pub corpus: PathBuf,
    /// Bars that every action is tried on.
    #[arg(long, default_value_t = 24)]
    pub contexts: usize,
    /// Actions on the shortlist at most.
    #[arg(long, default_value_t = 24)]
    pub knobs: usize,
    /// Seed of noise.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// What was decided on the page: actions to veto, to keep, to call otherwise.
    #[arg(long)]
    pub choices: Option<PathBuf>,
    /// Folder to write a page to, to listen and decide.
    #[arg(long)]
    pub page: Option<PathBuf>,
}

/// Curates, and prints the knob table.
///
/// # Errors
/// When set, corpus or choices cannot be read, or too few bars are held out.
#[cfg(feature = "export")]
pub fn curate(arguments: &CurateArguments) -> Result<()> {
    use crate::curate::{Choices, Request, describe, run};

    let corpus = Corpus::open(&arguments.corpus)?;
    let (manifest, curation) = run(&Request {
        set: &arguments.set,
        corpus: &corpus,
        contexts: arguments.contexts,
        knobs: arguments.knobs,
        seed: arguments.seed,
        choices: arguments.choices.as_deref().map(Choices::read).transpose()?.unwrap_or_default(),
        page: arguments.page.clone(),
    })?;
    let mut text = String::new();
    describe(&mut text, &manifest, &curation)?;
    print!("{text}");
    Ok(())
}

/// A set, held-out music, and who judges what the set makes of it.
#[cfg(feature = "export")]
#[derive(Args, Clone)]
pub struct JudgedArguments {
    /// Folder of the set.
    #[arg(long)]
    pub set: PathBuf,
    /// Corpus folder; its validation split is used.
    #[arg(long)]
    pub corpus: PathBuf,
    /// Folder of outside networks; else ../shared/eval where it is there.
    #[arg(long)]
    pub yardsticks: Option<PathBuf>,
    /// Seed of noise.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

#[cfg(feature = "export")]
impl JudgedArguments {
    /// Set, music and judge, who is told of.
    fn open(&self) -> Result<(turnaround_engine::Engine, Corpus, Option<crate::evaluate::yardsticks::musicnn::Musicnn>)> {
        let corpus = Corpus::open(&self.corpus)?;
        let engine = turnaround_engine::Engine::open(Some(&self.set), &turnaround_engine::runtime::Options::default())?;
        let (musicnn, told) = crate::evaluate::yardstick(self.yardsticks.as_deref())?;
        eprintln!("{told}");
        Ok((engine, corpus, musicnn))
    }
}

/// Which set edits, what, and how hard actions are pressed upon bars.
#[cfg(feature = "export")]
#[derive(Args, Clone)]
pub struct CompareGuidanceArguments {
    /// Set, corpus and judge.
    #[command(flatten)]
    pub judged: JudgedArguments,
    /// Guidance weights; 1 is none.
    #[arg(long, num_args = 1.., default_values_t = [1.0, 1.5, 2.0, 3.0, 4.0])]
    pub guidance: Vec<f32>,
    /// Bars that are edited.
    #[arg(long, default_value_t = 60)]
    pub bars: usize,
}

/// Edits bars under several guidance weights, and prints what becomes of them.
///
/// # Errors
/// When set, corpus or a yardstick that was asked for cannot be read, or too few bars are held out.
#[cfg(feature = "export")]
pub fn compare_guidance(arguments: &CompareGuidanceArguments) -> Result<()> {
    use crate::evaluate::{Ground, guided};

    let (engine, corpus, musicnn) = arguments.judged.open()?;
    let (bars, seed) = (arguments.bars, arguments.judged.seed);
    let ground = Ground { engine: &engine, corpus: &corpus, musicnn: musicnn.as_ref(), tracker: None, bars, seed };
    let mut text = String::new();
    guided::describe(&guided::measure(&ground, &arguments.guidance)?, seed, &mut text)?;
    print!("{text}");
    Ok(())
}

/// Which set decodes, what, and at which noise levels.
#[cfg(feature = "export")]
#[derive(Args, Clone)]
pub struct CompareLevelsArguments {
    /// Set, corpus and judge.
    #[command(flatten)]
    pub judged: JudgedArguments,
    /// Decoder calls for a unit.
    #[arg(long, num_args = 1.., default_values_t = [1, 2, 4, 8])]
    pub calls: Vec<usize>,
    /// Noise levels of the last call; those before it lie evenly between it and 1.
    #[arg(long, num_args = 1.., default_values_t = [0.5, 0.7, 0.8, 0.9])]
    pub last: Vec<f32>,
    /// Passages of six units that are decoded.
    #[arg(long, default_value_t = 24)]
    pub passages: usize,
}

/// Decodes passages by several numbers of calls at several levels, and prints what becomes of them.
///
/// # Errors
/// When set, corpus or a yardstick that was asked for cannot be read, or too little is held out.
#[cfg(feature = "export")]
pub fn compare_levels(arguments: &CompareLevelsArguments) -> Result<()> {
    use crate::corpus::Split;
    use crate::evaluate::levels::{self, Way};
    use crate::evaluate::{Probe, Tools, bed};

    let (engine, corpus, musicnn) = arguments.judged.open()?;
    let probe = Probe::new(engine.set())?;
    let tools = Tools { probe: &probe, musicnn: musicnn.as_ref(), tracker: None, seed: arguments.judged.seed };
    let bed = bed::held_out(&corpus, Split::Validation, "validation", "Validation compositions")?;
    let ways: Vec<Way> =
        arguments.calls.iter().flat_map(|&calls| arguments.last.iter().map(move |&last| Way { calls, last })).collect();
    let (rows, frechet) = levels::measure(&bed, &tools, arguments.passages, &ways)?;
    let mut text = String::new();
    levels::describe(&rows, frechet.as_ref(), arguments.judged.seed, &mut text)?;
    print!("{text}");
    Ok(())
}

/// Which set continues recordings, of what.
#[cfg(feature = "export")]
#[derive(Args, Clone)]
pub struct CompareContinuationsArguments {
    /// Folder of the set.
    #[arg(long)]
    pub set: PathBuf,
    /// Corpus folder; its validation split is continued.
    #[arg(long)]
    pub corpus: PathBuf,
    /// Noise levels at which made bars are heard by those after them.
    #[arg(long, num_args = 1.., default_values_t = [0.0, 0.05, 0.1, 0.2])]
    pub past_noise: Vec<f32>,
    /// Recordings that are continued.
    #[arg(long, default_value_t = 24)]
    pub recordings: usize,
    /// Seed of noise.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// Continues recordings under several noise levels of the past, and prints how they drift.
///
/// # Errors
/// When set or corpus cannot be read, or too few bars are held out.
#[cfg(feature = "export")]
pub fn compare_continuations(arguments: &CompareContinuationsArguments) -> Result<()> {
    use turnaround_engine::Engine;
    use turnaround_engine::regenerate::Settings;
    use turnaround_engine::runtime::Options;

    use crate::corpus::Split;
    use crate::evaluate::{continued, excerpt};

    let corpus = Corpus::open(&arguments.corpus)?;
    let engine = Engine::open(Some(&arguments.set), &Options::default())?;
    let units = excerpt::candidates(&corpus, Split::Validation, arguments.recordings);
    for &past_noise in &arguments.past_noise {
        let settings = Settings { past_noise, seed: arguments.seed, ..Settings::default() };
        let mut text = String::new();
        continued::measure(&engine, &corpus, &units, settings)?.describe(&mut text)?;
        print!("{text}");
    }
    Ok(())
}
