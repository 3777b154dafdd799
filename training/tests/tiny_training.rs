//! The whole training at the tiny preset: a corpus is rendered, every stage learns, stops and goes on, and the set that comes out
//! regenerates a bar.
#![cfg(feature = "export")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use burn::tensor::{Device, Tensor};
use turnaround_core::audio::Audio;
use turnaround_core::bars::BarNumber;
use turnaround_core::instruments::Instrument;
use turnaround_core::tempo_map::TempoMap;
use turnaround_core::time::{Metre, SampleRate, Seconds, Tempo};
use turnaround_engine::regenerate::{PlayersChoice, Request, Settings, Target};
use turnaround_engine::runtime::{Options, RuntimeChoice};
use turnaround_engine::{Control, Engine};
use turnaround_training::corpus::{self, BuildOptions, Corpus, Kind, UnitRow};
use turnaround_training::networks::action_map::ActionMapConfig;
use turnaround_training::networks::actions::ActionConfig;
use turnaround_training::pipeline::{Models, Pipeline, StageName};
use turnaround_training::preset::{MapStage, Preset, Stage};
use turnaround_training::set;
use turnaround_training::train::run::{Schedule, State};

fn small_corpus(folder: &Path) -> Arc<Corpus> {
    // The small SoundFont is under the GPL, so this corpus is of the kind that allows either.
    let options = BuildOptions { kind: Kind::Copyleft, threads: 2, ..BuildOptions::new(folder.join("corpus"), 0.05) };
    corpus::build(&options).expect("the corpus builds; install the Debian package timgm6mb-soundfont or fluid-soundfont-gm");
    Arc::new(Corpus::open(&options.out).expect("what was built opens"))
}

fn pipeline(preset: Preset, corpus: &Arc<Corpus>, folder: &Path) -> Pipeline {
    Pipeline { preset, corpus: corpus.clone(), folder: folder.join("run"), device: Device::flex(), minutes: None }
}

/// What falls in a stage. The tokenizer's total rises when its second loss joins the first, late in so short a run.
fn loss_of(stage: &str) -> &'static str {
    if stage == "tokenizer" { "likelihood" } else { "loss" }
}

/// A loss that has nothing left to fall to. Three minutes of music may make latents so even that the adapter's start, plain interpolation,
/// carries them whole.
const NOTHING: f64 = 1e-4;

/// Mean of a smoothed loss over the first and over the last fifth of its line.
fn ends(state: &State, loss: &str) -> (f64, f64) {
    let line = &state.history[loss];
    let fifth = (line.len() / 5).max(1);
    let mean = |part: &[(u64, f64)]| part.iter().map(|(_, loss)| loss).sum::<f64>() / part.len() as f64;
    (mean(&line[..fifth]), mean(&line[line.len() - fifth..]))
}

/// A bar of the piece after it was regenerated under the null action, and before.
fn regenerate(engine: &Engine, corpus: &Corpus, settings: Settings) -> (Audio, Audio) {
    let one_bar = |row: &&UnitRow| row.first_bar == row.last_bar && row.first_bar > 2;
    let row = corpus.units.iter().find(one_bar).expect("some bar is a unit");
    let rate = SampleRate::new(corpus.manifest.rate).expect("a corpus has a usable rate");
    let length = (row.end - row.start) as usize;
    let start = row.start as i64 - 2 * length as i64;
    let audio = Audio::mono(rate, corpus.window(start, 4 * length)).expect("the corpus is finite");
    let metre: Metre = row.metre.parse().expect("the corpus names metres");
    let map = TempoMap::constant(Tempo::new(row.tempo).expect("the corpus names tempi"), metre, Seconds::new(0.0));
    let targets = [Target { bar: BarNumber::new(3), action: Default::default() }];
    let request = Request { audio: &audio, map: &map, targets: &targets, settings };
    let mut control = Control { is_cancelled: &|| false, on_progress: &mut |_| {} };
    let made = engine.regenerate(&request, &mut control).expect("a fresh set regenerates").audio;
    (audio, made)
}

/// The same sizes, one step a stage.
fn of_one_step(preset: &Preset) -> Preset {
    let mut preset = preset.clone();
    let Preset { tokenizer, adapter, actions, dynamics, .. } = &mut preset;
    let schedules = [&mut tokenizer.schedule, &mut adapter.schedule, &mut actions.schedule, &mut dynamics.schedule];
    schedules.into_iter().for_each(|schedule| schedule.steps = 1);
    preset
}

/// One step from the weights of a set begins where the training that made them ended. Of the actions, half is in no graph, and the adapter
/// has little to learn.
fn starts_from_a_set(set: &Path, whole: &Pipeline, trained: &Models) {
    let run = whole.folder.with_file_name("from_set");
    let preset = of_one_step(&whole.preset);
    set::start::from_set(set, &preset, &run, &[]).expect("the set is read back");
    let again =
        Pipeline { preset: preset.clone(), corpus: whole.corpus.clone(), folder: run, device: Device::flex(), minutes: None };
    let again = again.train().expect("training goes on");
    for stage in ["tokenizer", "dynamics"] {
        let (early, late) = ends(&trained.states[stage], loss_of(stage));
        let first = again.states[stage].history[loss_of(stage)][0].1;
        assert!((first - late).abs() < (first - early).abs(), "{stage}: {first} is nearer to {early} than to {late}");
    }

    // Stages that are kept take no step, and what comes of them is what came of them; those after them learn.
    let run = whole.folder.with_file_name("kept");
    let kept = [StageName::Tokenizer, StageName::Adapter];
    set::start::from_set(set, &preset, &run, &kept).expect("the set is read back");
    let kept =
        Pipeline { preset: preset.clone(), corpus: whole.corpus.clone(), folder: run, device: Device::flex(), minutes: None };
    let kept = kept.train().expect("the later stages learn");
    let steps = |models: &Models, stage: StageName| models.states[stage.name()].step;
    assert_eq!(steps(&kept, StageName::Tokenizer), steps(trained, StageName::Tokenizer));
    assert_eq!((steps(&kept, StageName::Actions), steps(&kept, StageName::Dynamics)), (1, 1));
    let pairs = kept.slots.of_unit.iter().flatten().zip(trained.slots.of_unit.iter().flatten());
    let worst = pairs.map(|(kept, trained)| (kept - trained).abs()).fold(0.0, f32::max);
    // Weights of a set are 16 bits wide.
    assert!(worst < 0.05, "slots of a kept tokenizer and adapter are off by {worst}");

    let gap = [StageName::Adapter];
    let refused = set::start::from_set(set, &preset, &whole.folder.with_file_name("gap"), &gap)
        .expect_err("what is before it would change");
    assert!(refused.to_string().contains("all before it"));
}

/// Actions that are kept get a map, which travels with the set that is made; no run mixes a dynamics with a map and one without.
fn a_map_travels_with_its_set(set: &Path, whole: &Pipeline) {
    let without = of_one_step(&whole.preset);
    let mut preset = without.clone();
    let Stage { network, schedule, .. } = &without.actions;
    preset.map = Some(MapStage {
        network: ActionMapConfig { blocks: 2 },
        schedule: Schedule { steps: 50, ..schedule.clone() },
        share: 0.0,
        richer: Stage { network: ActionConfig { choosing_heads: 2, ..network.clone() }, schedule: schedule.clone(), share: 0.0 },
    });
    let run = |name: &str| whole.folder.with_file_name(name);
    let pipeline = |preset: &Preset, name: &str| Pipeline {
        preset: preset.clone(),
        corpus: whole.corpus.clone(),
        folder: run(name),
        device: Device::flex(),
        minutes: None,
    };
    let [kept, all] = [&StageName::ALWAYS[..3], &StageName::ALWAYS[..]];
    let refused = |preset: &Preset, set: &Path, kept: &[StageName]| {
        let error = set::start::from_set(set, preset, &run("refused"), kept).expect_err("it is refused");
        assert!(!run("refused").exists(), "nothing is written");
        error.to_string()
    };
    assert!(refused(&preset, set, all).contains("never told"));

    set::start::from_set(set, &preset, &run("mapped"), kept).expect("the set is read back");
    let mapped = pipeline(&preset, "mapped").train().expect("richer table, map and dynamics learn");
    let steps = |models: &Models| ["richer", "map", "dynamics"].map(|stage| models.states.get(stage).map(|state| state.step));
    assert_eq!(steps(&mapped), [Some(1), Some(50), Some(1)]);
    let mixed = pipeline(&without, "mapped").train().err().expect("it is refused").to_string();
    assert!(mixed.contains("through a map"), "{mixed}");

    let out = run("set_with_map");
    let parities = set::write(&mapped, &preset, &whole.corpus, &out).expect("the set is written");
    assert!(parities.iter().all(set::parity::Parity::passes));
    let card = std::fs::read_to_string(out.join(set::card::FILE)).expect("a set has a card");
    assert!(card.contains("| map |") && card.contains("residual map"));
    Engine::open(Some(&out), &Options { runtime: RuntimeChoice::Embedded, ..Options::default() }).expect("the set loads whole");
    assert!(refused(&without, &out, kept).contains("through a map"));

    set::start::from_set(&out, &preset, &run("carried"), kept).expect("the set is read back");
    let carried = pipeline(&preset, "carried").train().expect("the dynamics learns");
    assert_eq!(steps(&carried), [None, Some(50), Some(1)]);
    let map = |models: &Models| {
        let action = Tensor::<2>::ones([1, preset.sizes().action_width], &Device::flex());
        models.networks.map.as_ref().expect("there is a map").forward(action)
    };
    let worst: f32 = (map(&mapped) - map(&carried)).abs().max().into_scalar();
    // Weights of a set are 16 bits wide.
    assert!(worst < 0.01, "a map that was carried is off by {worst}");
}

/// Graphs written by this program are already in its form, so nothing of the set changes, to the last byte.
fn a_set_renewed_is_the_same_set(folder: &Path) {
    let files = || -> BTreeMap<_, _> {
        let entries = std::fs::read_dir(folder).expect("there is a set").map(|entry| entry.expect("an entry"));
        entries.map(|entry| (entry.file_name(), std::fs::read(entry.path()).expect("a file"))).collect()
    };
    let before = files();
    let parities = set::renew(folder).expect("the set is written anew");
    assert!(parities.len() >= 9 && parities.iter().all(set::parity::Parity::passes));
    let after = files();
    let changed: Vec<_> =
        before.iter().filter(|(name, content)| after.get(*name) != Some(*content)).map(|(name, _)| name).collect();
    assert!(before.len() == after.len() && changed.is_empty(), "{changed:?}");
}

#[test]
fn a_tiny_training_learns_resumes_exports_and_regenerates() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let corpus = small_corpus(folder.path());
    let preset = Preset::load("tiny").expect("tiny is built in");

    // A run cut short after its first stage …
    let mut short = preset.clone();
    for steps in [&mut short.adapter.schedule.steps, &mut short.actions.schedule.steps, &mut short.dynamics.schedule.steps] {
        *steps = 1;
    }
    let first = pipeline(short, &corpus, folder.path()).train().expect("training runs");
    assert_eq!(first.states["tokenizer"].step, preset.tokenizer.schedule.steps);
    for stage in ["adapter", "actions", "dynamics"] {
        assert_eq!(first.states[stage].step, 1);
        std::fs::remove_dir_all(folder.path().join("run").join(stage)).expect("the stage left a folder");
    }

    // … goes on with the tokenizer it has, and every stage's loss falls.
    let pipeline = pipeline(preset, &corpus, folder.path());
    let models = pipeline.train().expect("training goes on");
    assert_eq!(models.states["tokenizer"].seconds, first.states["tokenizer"].seconds, "a finished stage is not trained again");
    for (stage, state) in &models.states {
        let (early, late) = ends(state, loss_of(stage));
        assert!(late < early || late < NOTHING, "{stage}: the loss went from {early} to {late}");
    }

    let out = folder.path().join("tiny");
    let parities = set::write(&models, &pipeline.preset, &corpus, &out).expect("the set is written");
    assert!(parities.len() >= 9 && parities.iter().all(set::parity::Parity::passes));

    starts_from_a_set(&out, &pipeline, &models);
    a_map_travels_with_its_set(&out, &pipeline);
    a_set_renewed_is_the_same_set(&out);

    let options = Options { runtime: RuntimeChoice::Embedded, ..Options::default() };
    let engine = Engine::open(Some(&out), &options).expect("the set loads whole");
    let (before, after) = regenerate(&engine, &corpus, Settings::default());
    assert_eq!(before.len(), after.len());
    let length = before.len() / 4;
    assert_eq!(before.channel(0)[..length], after.channel(0)[..length], "bars that were not chosen stay as they were");
    assert_ne!(before.channel(0)[2 * length..3 * length], after.channel(0)[2 * length..3 * length]);
}

/// Whether a set knows instruments is told by its preset alone; all else on its way is the same.
#[test]
fn a_tiny_training_that_knows_instruments_makes_another_bar_for_other_players() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let corpus = small_corpus(folder.path());
    let mut preset = Preset::load("tiny_instruments").expect("it is built in");
    let Preset { tokenizer, adapter, actions, dynamics, .. } = &mut preset;
    // Enough for what starts at zero to have left it.
    for schedule in [&mut tokenizer.schedule, &mut adapter.schedule, &mut actions.schedule, &mut dynamics.schedule] {
        schedule.steps = 30;
    }
    let pipeline = pipeline(preset, &corpus, folder.path());
    let models = pipeline.train().expect("training runs");
    assert!(models.slots.players.iter().all(Option::is_some), "the arranger knows who plays");
    let (early, late) = ends(&models.states["actions"], "players");
    assert!(late < early, "hearing players went from {early} to {late}");

    let out = folder.path().join("tiny_instruments");
    let parities = set::write(&models, &pipeline.preset, &corpus, &out).expect("the set is written");
    assert!(parities.iter().all(set::parity::Parity::passes));
    let run = folder.path().join("from_set");
    set::start::from_set(&out, &pipeline.preset, &run, &StageName::ALL).expect("the set is read back");
    let plain =
        set::start::from_set(&out, &Preset::load("tiny").expect("tiny is built in"), &run, &[]).expect_err("it is refused");
    assert!(plain.to_string().contains("other sizes"), "{plain}");

    let options = Options { runtime: RuntimeChoice::Embedded, ..Options::default() };
    let engine = Engine::open(Some(&out), &options).expect("the set loads whole");
    assert_eq!(engine.set().manifest().instruments, Instrument::ALL);
    let made = |players: PlayersChoice| regenerate(&engine, &corpus, Settings { players, ..Settings::default() }).1;
    let these = |instrument: Instrument| PlayersChoice::These([instrument].into_iter().collect());
    let takes = [
        made(PlayersChoice::Heard),
        made(PlayersChoice::Anyone),
        made(these(Instrument::Drums)),
        made(these(Instrument::Saxophone)),
        made(these(Instrument::Piano)),
    ];
    for (place, take) in takes.iter().enumerate() {
        assert!(!takes[..place].contains(take), "take {place} is one of those before it");
    }
    assert_eq!(made(these(Instrument::Drums)), takes[2], "the same players and the same seed make the same bar");
}
