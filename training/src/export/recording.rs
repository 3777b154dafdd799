//! One tracing of a network: the operations its outputs need, in order, and the values they start from.

use std::collections::{BTreeMap, HashMap, HashSet};

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Bool, CapturedGraph, Device, Int, Tensor, TensorData};
use burn_dispatch::backends::Capture;
use burn_ir::{OperationIr, TensorId};

use super::error::ExportError;
use super::linear::reassemble;
use super::symbols::{Ports, Symbols};
use super::tensors::{Inputs, Outputs};

/// What was recorded, without what no output needs.
pub struct Recording {
    /// Operations in order.
    pub operations: Vec<OperationIr>,
    /// The graph's inputs, in the order of their ports.
    pub inputs: Vec<TensorId>,
    /// The graph's outputs, in the order of their ports.
    pub outputs: Vec<TensorId>,
    /// Parameters, and constants made inside the forward pass.
    pub values: BTreeMap<TensorId, TensorData>,
    /// Module path of each parameter, for instance `blocks.0.wide.weight`.
    pub parameters: HashMap<TensorId, String>,
}

/// Runs `forward` on a device that records instead of computing, at the lengths of `symbols`.
pub fn record<M: Module>(
    module: &M,
    ports: &Ports,
    symbols: &Symbols,
    forward: &impl Fn(&M, &Inputs) -> Outputs,
) -> Result<Recording, ExportError> {
    let device = Device::capture();
    let mut parameters = Paths::default();
    let mut checked = Ok(());
    let captured = device
        .capture_scope(|scope| {
            let module = module.clone().to_device(&device);
            module.visit(&mut parameters);
            let inputs = match Inputs::zeros(&ports.inputs, symbols, &device) {
                Ok(inputs) => inputs,
                Err(error) => {
                    checked = Err(error);
                    return scope.complete([], []);
                }
            };
            let outputs = forward(&module, &inputs);
            checked = outputs.check(&ports.outputs, symbols);
            scope.complete(inputs.ids(), outputs.ids())
        })
        .map_err(|error| ExportError::Capture(error.to_string()));
    checked?;
    Ok(Recording::of(captured?, parameters.found))
}

impl Recording {
    fn of(captured: CapturedGraph, parameters: HashMap<TensorId, String>) -> Self {
        let CapturedGraph { graph, mut values } = captured;
        let (operations, needed) = live(reassemble(graph.operations), &graph.outputs);
        values.retain(|id, _| needed.contains(id) && !graph.inputs.contains(id));
        Self { operations, inputs: graph.inputs, outputs: graph.outputs, values, parameters }
    }
}

/// The operations that `outputs` depend on, and every tensor those touch.
fn live(operations: Vec<OperationIr>, outputs: &[TensorId]) -> (Vec<OperationIr>, HashSet<TensorId>) {
    let mut needed: HashSet<TensorId> = outputs.iter().copied().collect();
    let mut kept: Vec<OperationIr> = Vec::new();
    for operation in operations.into_iter().rev() {
        let is_bookkeeping = matches!(operation, OperationIr::Drop(_) | OperationIr::Init(_));
        if is_bookkeeping || !operation.outputs().any(|tensor| needed.contains(&tensor.id)) {
            continue;
        }
        needed.extend(operation.inputs().map(|tensor| tensor.id));
        kept.push(operation);
    }
    kept.reverse();
    (kept, needed)
}

/// Collects the path of every parameter of a module on the recording device.
#[derive(Default)]
struct Paths {
    path: Vec<String>,
    found: HashMap<TensorId, String>,
}

impl Paths {
    fn add(&mut self, id: TensorId) {
        self.found.insert(id, self.path.join("."));
    }
}

const ON_CAPTURE: &str = "the module was just moved to the recording device";

impl ModuleVisitor for Paths {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.add(param.val().try_into_primitive::<Capture>().expect(ON_CAPTURE).id());
    }

    fn visit_int<const D: usize>(&mut self, param: &Param<Tensor<D, Int>>) {
        self.add(param.val().try_into_primitive::<Capture>().expect(ON_CAPTURE).id());
    }

    fn visit_bool<const D: usize>(&mut self, param: &Param<Tensor<D, Bool>>) {
        self.add(param.val().try_into_primitive::<Capture>().expect(ON_CAPTURE).id());
    }
}
