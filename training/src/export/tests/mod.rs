//! Every graph is run by an independent runtime, at lengths it was not traced at, and compared with the network it came from.

mod lengths;
mod operators;
mod reading;
mod refusals;

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use tract_onnx::prelude::{
    DatumType, Framework, InferenceFact, InferenceModelExt, IntoRunnable, IntoTensor, TValue, TVec, Tensor as TractTensor,
};
use turnaround_core::contract::{Axis, Port};

use super::{ExportError, Inputs, OnnxModel, Outputs, Ports, Symbols, WeightPrecision, trace};

/// Lengths every graph is run at. The first has a single row and context bar, where a frozen length would broadcast unseen.
const RUNS: [Symbols; 2] =
    [Symbols { batch: 1, tokens: 22, context: 1, horizon: 2 }, Symbols { batch: 3, tokens: 37, context: 5, horizon: 1 }];

/// Both sides compute in 32 bits but sum in another order.
const TOLERANCE: f32 = 2e-5;

const BATCH: Axis = Axis::Batch;
const TOKENS: Axis = Axis::Tokens(1);

fn fixed(length: usize) -> Axis {
    Axis::Fixed(length)
}

fn port(name: &str, shape: &[Axis]) -> Port {
    Port { name: name.to_owned(), shape: shape.to_vec() }
}

fn ports(inputs: &[(&str, &[Axis])], outputs: &[(&str, &[Axis])]) -> Ports {
    let all = |list: &[(&str, &[Axis])]| list.iter().map(|(name, shape)| port(name, shape)).collect();
    Ports { inputs: all(inputs), outputs: all(outputs) }
}

/// A module without parameters.
#[derive(Module, Debug)]
struct Nothing {
    layers: Vec<burn::nn::Linear>,
}

fn nothing() -> Nothing {
    Nothing { layers: Vec::new() }
}

/// Values in −2..2 that are all different and look unordered.
fn values(shape: &[usize], seed: usize) -> Vec<f32> {
    let count = shape.iter().product();
    (0..count).map(|i| (((i + 31 * seed) as f32 * 0.618_034).fract() - 0.5) * 4.0).collect()
}

fn inputs_at(ports: &Ports, symbols: &Symbols) -> Vec<(String, TensorData)> {
    let data = |(seed, port): (usize, &Port)| {
        let shape = symbols.shape(port);
        (port.name.clone(), TensorData::new(values(&shape, seed), shape))
    };
    ports.inputs.iter().enumerate().map(data).collect()
}

/// Runs a graph file in tract.
fn run(file: &[u8], ports: &Ports, inputs: &[(String, TensorData)]) -> Vec<TensorData> {
    let mut model = tract_onnx::onnx().model_for_read(&mut &file[..]).expect("tract reads the graph");
    for (index, (_, data)) in inputs.iter().enumerate() {
        let lengths: TVec<usize> = data.shape().iter().copied().collect();
        let fact = InferenceFact::dt_shape(DatumType::F32, lengths);
        model.set_input_fact(index, fact).expect("the graph takes this shape");
    }
    let plan = model.into_optimized().expect("tract analyses the graph").into_runnable().expect("tract plans the graph");
    let tensor = |(_, data): &(String, TensorData)| {
        let floats: Vec<f32> = data.iter::<f32>().collect();
        TractTensor::from_shape(data.shape().as_slice(), &floats).expect("a plain tensor").into_tensor().into()
    };
    let results = plan.run(inputs.iter().map(tensor).collect()).expect("the graph runs");
    assert_eq!(results.len(), ports.outputs.len());
    let data = |result: &TValue| {
        let view = result.to_plain_array_view::<f32>().expect("outputs are floats");
        TensorData::new(view.iter().copied().collect::<Vec<f32>>(), result.shape().to_vec())
    };
    results.iter().map(data).collect()
}

/// Traces, runs at [`RUNS`] and compares.
fn agrees<M: Module>(module: &M, ports: &Ports, forward: impl Fn(&M, &Inputs) -> Outputs) -> OnnxModel {
    let model = trace(module, ports, &Symbols::PAIR, &forward).expect("the network exports");
    compare(&model, WeightPrecision::F32, module, ports, forward, TOLERANCE);
    model
}

fn compare<M: Module>(
    model: &OnnxModel,
    precision: WeightPrecision,
    module: &M,
    ports: &Ports,
    forward: impl Fn(&M, &Inputs) -> Outputs,
    tolerance: f32,
) {
    let file = model.to_bytes(precision);
    for symbols in &RUNS {
        let inputs = inputs_at(ports, symbols);
        let found = run(&file, ports, &inputs);
        let expected = forward(module, &Inputs::new(inputs, &Device::flex()).expect("ranks 1 to 5")).into_data();
        for (((name, expected), found), port) in expected.iter().zip(&found).zip(&ports.outputs) {
            assert_eq!(found.shape().as_slice(), symbols.shape(port), "{name} at {symbols:?}");
            close(name, &floats(expected), &floats(found), tolerance);
        }
    }
}

fn floats(data: &TensorData) -> Vec<f32> {
    data.iter::<f32>().collect()
}

fn close(name: &str, expected: &[f32], found: &[f32], tolerance: f32) {
    assert_eq!(expected.len(), found.len(), "{name}");
    for (i, (a, b)) in expected.iter().zip(found).enumerate() {
        assert!((a - b).abs() <= tolerance * (1.0 + a.abs()), "{name}[{i}] should be {a}, is {b}");
    }
}

/// Checks a function of one tensor `[batch, tokens, 8]` that keeps the shape.
fn pointwise(forward: impl Fn(Tensor<3>) -> Tensor<3>) -> OnnxModel {
    let shape = [BATCH, TOKENS, fixed(8)];
    function(&shape, &shape, forward)
}

/// Checks a function from one tensor to another.
fn function<const D: usize, const E: usize>(
    from: &[Axis; D],
    to: &[Axis; E],
    forward: impl Fn(Tensor<D>) -> Tensor<E>,
) -> OnnxModel {
    agrees(&nothing(), &ports(&[("x", from)], &[("y", to)]), |_, inputs| Outputs::new().with("y", forward(inputs.get("x"))))
}

/// What refusing a function of one tensor says.
fn refusal<const D: usize, const E: usize>(
    from: &[Axis; D],
    to: &[Axis; E],
    forward: impl Fn(Tensor<D>) -> Tensor<E>,
) -> ExportError {
    let ports = ports(&[("x", from)], &[("y", to)]);
    trace(&nothing(), &ports, &Symbols::PAIR, |_, inputs| Outputs::new().with("y", forward(inputs.get("x"))))
        .expect_err("the network must be refused")
}
