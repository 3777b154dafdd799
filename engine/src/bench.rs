//! How long one bar takes, stage by stage, beside what the cores could do at best.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use turnaround_core::audio::Audio;
use turnaround_core::bars::BarNumber;
use turnaround_core::noise::GaussianNoise;
use turnaround_core::tempo_map::TempoMap;
use turnaround_core::time::{Metre, SampleRate, Seconds, Tempo};

use crate::engine::{Engine, EngineError, OpenError};
use crate::job::Control;
use crate::model_set::{Call, Tally};
use crate::regenerate::{ActionChoice, Quality, Request, Settings, Target};
use crate::runtime::{self, Runtime, RuntimeError, TensorView, flops, matmul_graph};

/// Four beats at this tempo last 2.048 s: 32 tokens exactly.
const BPM: f64 = 117.1875;

/// Bars of a song unless told otherwise: one in the middle and two of context on either side.
pub const BARS: usize = 5;

/// Timed calls of either kind after one that is not timed; the medians are reported.
const RUNS: usize = 5;

/// Sizes `[rows, inner, columns]` of the products that measure the cores, from cache-sized to larger than most caches.
const PRODUCTS: [[usize; 3]; 3] = [[384, 384, 384], [768, 768, 768], [1024, 1024, 2048]];
const PRODUCT_RUNS: usize = 6;

/// One measurement: one bar of 2.048 s in the middle of a song, at 48 kHz stereo.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// Length of the bar in seconds.
    pub bar_s: f64,
    /// Bars of the song.
    pub song_bars: usize,
    /// Seconds to regenerate it where nothing around it was heard before: the median of several calls. The figures by stage and by network
    /// are those of this call.
    pub regenerate_s: f64,
    /// Seconds to regenerate it once more with another seed, as when a knob is turned: the median of as many calls.
    pub again_s: f64,
    /// Music over time.
    pub times_real_time: f64,
    /// Threads a network call could use.
    pub threads: usize,
    /// `onnxruntime` or `embedded`, with version.
    pub runtime: String,
    /// What the networks ran on.
    pub provider: String,
    /// Quality setting.
    pub quality: String,
    /// Seconds by stage.
    pub stages: BTreeMap<String, f64>,
    /// Arithmetic and time by network.
    pub networks: Vec<NetworkCost>,
    /// Billions of floating point operations in all network calls.
    pub gflop: f64,
    /// The largest rate of a plain matrix product, 10^9 operations per second, in the same runtime with the same threads.
    pub roofline_gflops: f64,
    /// The rate of the whole call: `gflop` over `regenerate_s`.
    pub achieved_gflops: f64,
}

/// What one network costs in one call of the engine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NetworkCost {
    /// Its name.
    pub graph: String,
    /// How often it ran.
    pub calls: usize,
    /// Seconds inside it.
    pub seconds: f64,
    /// Billions of floating point operations.
    pub gflop: f64,
    /// Their quotient.
    pub gflops: f64,
}

/// Why nothing could be measured.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// No engine.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// No bar.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// No arithmetic.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// A graph's file went away.
    #[error("{0} cannot be read again: {1}")]
    File(String, String),
}

/// Measures one bar of a song of so many with these options.
///
/// # Errors
/// [`BenchError`] when the engine cannot be opened or fails, as it does where a single bar has no context.
pub fn measure(
    models: Option<&Path>,
    options: &runtime::Options,
    quality: Quality,
    song_bars: usize,
) -> Result<Measurement, BenchError> {
    let engine = Engine::open(models, options)?;
    let audio = music(song_bars);
    let map = TempoMap::constant(tempo(), Metre::FOUR_FOUR, Seconds::ZERO);
    let middle = BarNumber::new(song_bars as i64 / 2 + 1);
    let targets = [Target { bar: middle, action: ActionChoice::Own }];
    let regenerate = |seed: u64| {
        let settings = Settings { quality, seed, ..Settings::default() };
        let mut control = Control { is_cancelled: &|| false, on_progress: &mut |_| {} };
        engine.regenerate(&Request { audio: &audio, map: &map, targets: &targets, settings }, &mut control)
    };
    // The first call makes plans and buffers.
    regenerate(0)?;
    let mut runs = Vec::with_capacity(RUNS);
    let mut again = Vec::with_capacity(RUNS);
    for seed in 1..=RUNS as u64 {
        engine.set().forget();
        engine.set().take_tally();
        let report = regenerate(seed)?.report;
        runs.push((report, engine.set().take_tally()));
        again.push(regenerate(seed + RUNS as u64)?.report.timing.total_s);
    }
    again.sort_by(f64::total_cmp);
    runs.sort_by(|(a, _), (b, _)| a.timing.total_s.total_cmp(&b.timing.total_s));
    let (report, tally) = runs.swap_remove(RUNS / 2);
    let networks = network_costs(&engine, &tally)?;
    let gflop: f64 = networks.iter().map(|network| network.gflop).sum();
    Ok(Measurement {
        bar_s: report.timing.music_s,
        song_bars,
        again_s: again[RUNS / 2],
        regenerate_s: report.timing.total_s,
        times_real_time: report.timing.times_real_time,
        threads: report.runtime.threads,
        runtime: report.runtime.version,
        provider: report.runtime.provider,
        quality: quality.name().to_owned(),
        stages: report.timing.stages,
        networks,
        gflop,
        roofline_gflops: roofline(runtime::open(options)?.as_ref())?,
        achieved_gflops: gflop / report.timing.total_s,
    })
}

fn tempo() -> Tempo {
    Tempo::new(BPM).unwrap_or_else(|_| unreachable!("a tempo within range"))
}

/// Something to hear: a few tones and a hiss under a pulse, the same every time.
fn music(bars: usize) -> Audio {
    let rate = SampleRate::new(48_000).unwrap_or_else(|_| unreachable!("a rate within range"));
    let length = rate.samples_from(Seconds::new(2.048 * bars as f64)).as_index();
    let mut noise = GaussianNoise::new(1);
    let mut sample = |n: usize, detune: f64| {
        let time = n as f64 / 48_000.0;
        let pulse = (-8.0 * (time % 0.512)).exp();
        let tones: f64 = [110.0, 220.5, 331.0, 660.7].iter().map(|hz| (std::f64::consts::TAU * hz * detune * time).sin()).sum();
        (0.05 * tones + 0.1 * pulse * f64::from(noise.next())) as f32
    };
    let channels = [1.0, 1.003].map(|detune| (0..length).map(|n| sample(n, detune)).collect()).to_vec();
    Audio::new(rate, channels).unwrap_or_else(|_| unreachable!("two finite channels of one length"))
}

fn network_costs(engine: &Engine, tally: &BTreeMap<Call, Tally>) -> Result<Vec<NetworkCost>, BenchError> {
    let mut costs: BTreeMap<&str, NetworkCost> = BTreeMap::new();
    for (call, tally) in tally {
        let gflop = tally.count as f64 * call_flops(engine, call)? / 1e9;
        let name = call.graph.name();
        let empty = NetworkCost { graph: name.to_owned(), calls: 0, seconds: 0.0, gflop: 0.0, gflops: 0.0 };
        let cost = costs.entry(name).or_insert(empty);
        cost.calls += tally.count;
        cost.seconds += tally.seconds;
        cost.gflop += gflop;
        cost.gflops = cost.gflop / cost.seconds;
    }
    Ok(costs.into_values().collect())
}

fn call_flops(engine: &Engine, call: &Call) -> Result<f64, BenchError> {
    let set = engine.set();
    let file = set.folder().join(&set.manifest().graph(call.graph).file);
    let graph = std::fs::read(&file).map_err(|error| BenchError::File(file.display().to_string(), error.to_string()))?;
    let names = call.graph.inputs(set.sizes()).into_iter().map(|port| port.name);
    let shapes: Vec<(String, Vec<usize>)> = names.zip(call.shapes.iter().cloned()).collect();
    Ok(flops(call.graph.name(), &graph, &shapes)?)
}

/// The best of several matrix products, in 10^9 operations per second.
fn roofline(runtime: &dyn Runtime) -> Result<f64, RuntimeError> {
    let mut best: f64 = 0.0;
    for [rows, inner, columns] in PRODUCTS {
        let network = runtime.load("matmul", &matmul_graph(inner, columns))?;
        let (left, right) = (vec![0.5; rows * inner], vec![0.25; inner * columns]);
        for _ in 0..PRODUCT_RUNS {
            let inputs =
                [("left", TensorView::new(&[rows, inner], &left)), ("right", TensorView::new(&[inner, columns], &right))];
            let start = Instant::now();
            network.run(&inputs)?;
            best = best.max(2e-9 * (rows * inner * columns) as f64 / start.elapsed().as_secs_f64());
        }
    }
    Ok(best)
}
