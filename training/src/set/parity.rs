//! The proof that a graph is the network it came from: the same numbers in, the same numbers out, at two sets of lengths, in every
//! runtime at hand.

use std::fmt;

use anyhow::{Context, Result};
use burn::module::Module;
use burn::tensor::{Device, TensorData};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use turnaround_core::contract::Port;
use turnaround_core::noise::GaussianNoise;
use turnaround_engine::runtime::{self, Options, Provider, RuntimeChoice, TensorView};

use crate::export::{Inputs, Outputs, Ports, Symbols};

/// The file in a set's folder that keeps the result.
pub const FILE: &str = "parity.json";

/// Largest error allowed, as a share of the largest number the network gives (or of 1, if that is smaller).
pub const LIMIT: f32 = 1e-3;

/// Lengths the graphs are compared at; neither is one they were traced at.
const LENGTHS: [Symbols; 2] =
    [Symbols { batch: 1, tokens: 22, context: 1, horizon: 1 }, Symbols { batch: 3, tokens: 41, context: 4, horizon: 2 }];

/// How far one graph is from its network in one runtime.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Parity {
    /// The graph's name.
    pub graph: String,
    /// What ran it.
    pub runtime: String,
    /// Largest absolute error against the network with the same weights, over [`LENGTHS`], relative as [`LIMIT`] says.
    pub error: f32,
    /// The same between the network as stored, weights in 16 bits, and as trained.
    pub rounding: f32,
}

impl Parity {
    /// Whether the error is below [`LIMIT`].
    pub fn passes(&self) -> bool {
        self.error < LIMIT
    }
}

impl fmt::Display for Parity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}: error {:.1e}, rounding {:.1e}", self.graph, self.runtime, self.error, self.rounding)
    }
}

/// Compares a graph's file with `stored`, the network of the same weights, and tells how far that is from `trained`.
///
/// # Errors
/// When no runtime loads or runs the graph.
pub fn measure<M: Module>(
    graph: &str,
    ports: &Ports,
    content: &[u8],
    stored: &M,
    trained: &M,
    forward: impl Fn(&M, &Inputs) -> Outputs,
) -> Result<Vec<Parity>> {
    let device = Device::flex();
    let (stored, trained) = (stored.clone().to_device(&device), trained.valid().to_device(&device));
    let mut parities = Vec::new();
    for runtime in runtimes()? {
        let network = runtime.load(graph, content)?;
        let (mut error, mut rounding) = (0f32, 0f32);
        for (index, lengths) in LENGTHS.iter().enumerate() {
            let values = sample(&ports.inputs, lengths, index as u64);
            let data = |value: &Value| (value.name.clone(), TensorData::new(value.numbers.clone(), value.shape.clone()));
            let inputs = Inputs::new(values.iter().map(data), &device)?;
            let expected = numbers(forward(&stored, &inputs))?;
            let unrounded = numbers(forward(&trained, &inputs))?;
            let views: Vec<(&str, TensorView<'_>)> =
                values.iter().map(|value| (value.name.as_str(), TensorView::new(&value.shape, &value.numbers))).collect();
            let found: Vec<Vec<f32>> = network.run(&views)?.iter().map(|tensor| tensor.values().to_vec()).collect();
            error = error.max(difference(&expected, &found));
            rounding = rounding.max(difference(&unrounded, &expected));
        }
        let report = runtime.description();
        let runtime = format!("{} {}", report.runtime, report.version);
        parities.push(Parity { graph: graph.to_owned(), runtime, error, rounding });
    }
    Ok(parities)
}

/// The embedded runtime, and ONNX Runtime where it is found.
fn runtimes() -> Result<Vec<Box<dyn runtime::Runtime>>> {
    let options = |runtime| Options { runtime, provider: Provider::Cpu, threads: 1, ..Options::default() };
    let embedded = runtime::open(&options(RuntimeChoice::Embedded)).context("opening the embedded runtime")?;
    let others = runtime::open(&options(RuntimeChoice::OnnxRuntime)).ok();
    Ok([Some(embedded), others].into_iter().flatten().collect())
}

struct Value {
    name: String,
    shape: Vec<usize>,
    numbers: Vec<f32>,
}

/// Random inputs a graph could meet: levels inside 0..1, positive scales, whole bar numbers, a null action or none.
fn sample(ports: &[Port], lengths: &Symbols, seed: u64) -> Vec<Value> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    ports
        .iter()
        .map(|port| {
            let shape = lengths.shape(port);
            let mut numbers = vec![0.0; shape.iter().product()];
            match port.name.as_str() {
                "noise_level" => numbers.fill_with(|| random.random_range(0.05..0.95)),
                "scale" => numbers.fill_with(|| random.random_range(0.1..2.0)),
                "is_null" => numbers.fill_with(|| f32::from(u8::from(random.random_bool(0.5)))),
                "bar_position" => numbers.iter_mut().enumerate().for_each(|(bar, number)| *number = bar as f32),
                // Of a dozen instruments the sum is as often below 1 as above.
                "weights" | "instruments" | "interpolation" => numbers.fill_with(|| random.random_range(0.0..0.2)),
                _ => GaussianNoise::new(random.random()).fill(&mut numbers),
            }
            Value { name: port.name.clone(), shape, numbers }
        })
        .collect()
}

fn numbers(outputs: Outputs) -> Result<Vec<Vec<f32>>> {
    let flat = |(name, data): (String, TensorData)| {
        data.convert::<f32>().try_into_vec::<f32>().map_err(|error| anyhow::anyhow!("reading {name}: {error:?}"))
    };
    outputs.into_data().into_iter().map(flat).collect()
}

/// Largest error over all outputs, each relative to its own largest number or to 1.
fn difference(expected: &[Vec<f32>], found: &[Vec<f32>]) -> f32 {
    assert_eq!(expected.len(), found.len(), "both run the same graph");
    expected.iter().zip(found).map(|(expected, found)| relative_error(expected, found)).fold(0.0, f32::max)
}

fn relative_error(expected: &[f32], found: &[f32]) -> f32 {
    if expected.len() != found.len() {
        return f32::INFINITY;
    }
    let largest = expected.iter().fold(1f32, |largest, x| largest.max(x.abs()));
    // Written so that a number that is none counts as an infinite error.
    let error = |(a, b): (&f32, &f32)| if (a - b).abs().is_finite() { (a - b).abs() } else { f32::INFINITY };
    expected.iter().zip(found).map(error).fold(0.0, f32::max) / largest
}
