//! The two runtimes run the same graphs to the same numbers, again and again.

mod support;

use std::fs;

use turnaround_core::bars::BarNumber;
use turnaround_core::contract::{Axis, Graph, Manifest, Port, Sizes};
use turnaround_core::noise::GaussianNoise;
use turnaround_engine::regenerate::{ActionChoice, Quality, Request, Settings, Target};
use turnaround_engine::runtime::{Options, Provider, Runtime, RuntimeChoice, Tensor, open};
use turnaround_engine::{Control, Engine};

fn runtime(choice: RuntimeChoice) -> Box<dyn Runtime> {
    let options = options(choice);
    open(&options).unwrap_or_else(|error| panic!("{error}; `cargo xtask test` sets it up, or name one in ORT_DYLIB_PATH"))
}

fn options(choice: RuntimeChoice) -> Options {
    Options { runtime: choice, provider: Provider::Cpu, threads: 2, beside: Vec::new() }
}

/// Lengths of the free axes of one run.
#[derive(Clone, Copy)]
struct Lengths {
    batch: usize,
    tokens: usize,
    context: usize,
    horizon: usize,
}

const RUNS: [Lengths; 3] = [
    Lengths { batch: 1, tokens: 36, context: 7, horizon: 1 },
    Lengths { batch: 2, tokens: 26, context: 4, horizon: 3 },
    Lengths { batch: 3, tokens: 48, context: 1, horizon: 2 },
];

fn input(port: &Port, sizes: &Sizes, lengths: Lengths, seed: u64) -> Tensor {
    let length = |axis: &Axis| match *axis {
        Axis::Fixed(length) => length,
        Axis::Batch => lengths.batch,
        Axis::Tokens(factor) => factor * lengths.tokens,
        Axis::Context => lengths.context,
        Axis::Horizon => lengths.horizon,
        Axis::ContextTokens(factor) => factor * lengths.context,
    };
    let shape: Vec<usize> = port.shape.iter().map(length).collect();
    let mut values = vec![0.0; shape.iter().product()];
    let mut noise = GaussianNoise::new(seed);
    match port.name.as_str() {
        "noise_level" => values.iter_mut().enumerate().for_each(|(n, level)| *level = 0.9 / (n + 1) as f32),
        "bar_position" => values.iter_mut().enumerate().for_each(|(n, place)| *place = n as f32),
        "is_null" => values.iter_mut().enumerate().for_each(|(n, flag)| *flag = (n % 2) as f32),
        "weights" => values.iter_mut().for_each(|weight| *weight = 1.0 / sizes.actions as f32),
        "scale" => values.iter_mut().for_each(|scale| *scale = 0.1 + noise.next().abs()),
        _ => noise.fill(&mut values),
    }
    Tensor::new(shape, values)
}

#[test]
fn both_runtimes_agree_on_every_graph_at_every_shape() {
    let manifest = Manifest::parse(&fs::read_to_string(support::tiny().join("manifest.json")).unwrap()).unwrap();
    let (onnx, embedded) = (runtime(RuntimeChoice::OnnxRuntime), runtime(RuntimeChoice::Embedded));
    for graph in Graph::ALL {
        let file = fs::read(support::tiny().join(&manifest.graph(graph).file)).unwrap();
        let (onnx, embedded) = (onnx.load(graph.name(), &file).unwrap(), embedded.load(graph.name(), &file).unwrap());
        for (run, lengths) in RUNS.into_iter().enumerate() {
            let ports = graph.inputs(&manifest.sizes);
            let inputs: Vec<Tensor> =
                ports.iter().enumerate().map(|(n, port)| input(port, &manifest.sizes, lengths, (10 * run + n) as u64)).collect();
            let named: Vec<_> = ports.iter().zip(&inputs).map(|(port, tensor)| (port.name.as_str(), tensor.view())).collect();
            let (first, second) = (onnx.run(&named).unwrap(), embedded.run(&named).unwrap());
            assert_eq!(first.len(), second.len());
            for (a, b) in first.iter().zip(&second) {
                assert_eq!(a.shape(), b.shape(), "{graph}, run {run}");
                // Numbers grow with their magnitude; the tolerance is that of numbers around 1.
                let worst = a.values().iter().zip(b.values()).map(|(x, y)| (x - y).abs() / x.abs().max(1.0)).fold(0.0, f32::max);
                assert!(worst <= 1e-4, "{graph}, run {run}: {worst}");
            }
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_samples_in_either_runtime() {
    let (audio, map) = (support::audio(44_100, 2, 10.0), support::grid());
    for choice in [RuntimeChoice::OnnxRuntime, RuntimeChoice::Embedded] {
        let engine = Engine::open(Some(&support::tiny()), &options(choice)).unwrap();
        let take = |engine: &Engine, seed| {
            let targets = [Target { bar: BarNumber::new(3), action: ActionChoice::Weights(vec![(0, 1.0)]) }];
            let settings = Settings { seed, quality: Quality::Draft, ..Settings::default() };
            let request = Request { audio: &audio, map: &map, targets: &targets, settings };
            let mut control = Control { is_cancelled: &|| false, on_progress: &mut |_| {} };
            engine.regenerate(&request, &mut control).unwrap().audio
        };
        let first = take(&engine, 1);
        assert_eq!(first, take(&engine, 1));
        assert_ne!(first, take(&engine, 2));
        let again = Engine::open(Some(&support::tiny()), &options(choice)).unwrap();
        assert_eq!(first, take(&again, 1), "a fresh engine");
    }
}

#[test]
fn the_report_says_which_runtime_ran() {
    for (choice, name) in [(RuntimeChoice::OnnxRuntime, "onnxruntime"), (RuntimeChoice::Embedded, "embedded")] {
        let engine = Engine::open(Some(&support::tiny()), &options(choice)).unwrap();
        let report = engine.set().runtime();
        assert_eq!((report.runtime.as_str(), report.provider.as_str(), report.threads), (name, "cpu", 2));
        assert_eq!(report.library.is_some(), choice == RuntimeChoice::OnnxRuntime);
    }
}
