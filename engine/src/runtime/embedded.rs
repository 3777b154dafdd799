//! The runtime compiled in: `tract`, pure Rust, always there.
//!
//! It wants every axis known before it optimises, so a plan is made for each set of input shapes on first use and kept. A bar grid
//! gives few shapes: bars of one tempo differ by at most one token.

use std::collections::HashMap;
use std::io::Cursor;
use std::sync::{Arc, Mutex, PoisonError};

use tract_linalg::multithread::Executor;
use tract_onnx::prelude::*;
use tract_onnx::tract_core::plan::SimplePlan;
use tract_onnx::tract_core::runtime::RunOptions;
use tract_onnx::tract_hir::infer::Factoid;
use tract_onnx::tract_hir::internal::DimLike;

use super::tensor::{Dimension, PortInfo, Tensor as OurTensor, TensorView};
use super::{Network, Runtime, RuntimeError, RuntimeReport, one_line};

pub(super) struct Embedded {
    threads: usize,
    executor: Executor,
    notes: Vec<String>,
}

impl Embedded {
    /// `notes` say why nothing better is used.
    pub(super) fn new(threads: usize, notes: Vec<String>) -> Self {
        let executor = if threads > 1 { Executor::multithread(threads) } else { Executor::SingleThread };
        Embedded { threads, executor, notes }
    }
}

impl Runtime for Embedded {
    fn load(&self, name: &str, graph: &[u8]) -> Result<Box<dyn Network>, RuntimeError> {
        let model = parse(graph).map_err(|reason| RuntimeError::Load { graph: name.to_owned(), reason: chain(&reason) })?;
        let inputs = ports(&model, &model.inputs);
        let outputs = ports(&model, &model.outputs);
        let executor = self.executor.clone();
        Ok(Box::new(EmbeddedNetwork { name: name.to_owned(), model, inputs, outputs, executor, plans: Mutex::default() }))
    }

    fn description(&self) -> RuntimeReport {
        RuntimeReport {
            runtime: "embedded".into(),
            version: "tract 0.23.9".into(),
            library: None,
            provider: "cpu".into(),
            threads: self.threads,
            notes: self.notes.clone(),
        }
    }
}

/// Reads a graph, trusting the declared shapes of its inputs only.
pub(super) fn parse(graph: &[u8]) -> TractResult<InferenceModel> {
    tract_onnx::onnx().with_ignore_value_info(true).model_for_read(&mut Cursor::new(graph))
}

/// Pins every input to a shape.
pub(super) fn pin(mut model: InferenceModel, shapes: &[Vec<usize>]) -> TractResult<InferenceModel> {
    for (index, shape) in shapes.iter().enumerate() {
        model.set_input_fact(index, f32::fact(shape).into())?;
    }
    Ok(model)
}

/// An error with its causes, on one line.
pub(super) fn chain(error: &TractError) -> String {
    one_line(format!("{error:#}"))
}

fn ports(model: &InferenceModel, outlets: &[OutletId]) -> Vec<PortInfo> {
    outlets
        .iter()
        .map(|&outlet| {
            let fact = &model.nodes()[outlet.node].outputs[outlet.slot].fact;
            let name = match model.outlet_label(outlet) {
                Some(label) => label.to_owned(),
                None => model.nodes()[outlet.node].name.clone(),
            };
            let is_f32 = fact.datum_type.concretize().is_none_or(|kind| kind == f32::datum_type());
            PortInfo { name, shape: declared_shape(fact), is_f32 }
        })
        .collect()
}

/// Nothing where the rank is open, as it is for outputs before analysis.
fn declared_shape(fact: &InferenceFact) -> Option<Vec<Dimension>> {
    if fact.shape.is_open() {
        return None;
    }
    let dimension = |axis: Option<TDim>| axis.and_then(|axis| axis.to_usize().ok()).map_or(Dimension::Free, Dimension::Fixed);
    Some(fact.shape.dims().map(|axis| dimension(axis.concretize())).collect())
}

type Plan = Arc<TypedSimplePlan>;

struct EmbeddedNetwork {
    name: String,
    model: InferenceModel,
    inputs: Vec<PortInfo>,
    outputs: Vec<PortInfo>,
    executor: Executor,
    plans: Mutex<HashMap<Vec<Vec<usize>>, Plan>>,
}

impl EmbeddedNetwork {
    fn plan(&self, shapes: Vec<Vec<usize>>) -> TractResult<Plan> {
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(plan) = plans.get(&shapes) {
            return Ok(plan.clone());
        }
        let model = pin(self.model.clone(), &shapes)?.into_optimized()?;
        let options = RunOptions { executor: Some(self.executor.clone()), ..RunOptions::default() };
        let plan = SimplePlan::new_with_options(model, &options)?;
        plans.insert(shapes, plan.clone());
        Ok(plan)
    }

    fn try_run(&self, inputs: &[(&str, TensorView<'_>)]) -> TractResult<Vec<OurTensor>> {
        let mut shapes = Vec::with_capacity(self.inputs.len());
        let mut values: TVec<TValue> = TVec::new();
        for port in &self.inputs {
            let found = inputs.iter().find(|(name, _)| *name == port.name);
            let (_, tensor) = found.ok_or_else(|| anyhow::anyhow!("the input {} is not given", port.name))?;
            shapes.push(tensor.shape().to_vec());
            values.push(Tensor::from_shape(tensor.shape(), tensor.values())?.into_tvalue());
        }
        let outputs = self.plan(shapes)?.run(values)?;
        outputs
            .into_iter()
            .map(|value| {
                let shape = value.shape().to_vec();
                let view = value.to_plain_array_view::<f32>()?;
                Ok(OurTensor::new(shape, view.iter().copied().collect()))
            })
            .collect()
    }
}

impl Network for EmbeddedNetwork {
    fn inputs(&self) -> &[PortInfo] {
        &self.inputs
    }

    fn outputs(&self) -> &[PortInfo] {
        &self.outputs
    }

    fn run(&self, inputs: &[(&str, TensorView<'_>)]) -> Result<Vec<OurTensor>, RuntimeError> {
        self.try_run(inputs).map_err(|error| RuntimeError::Run { graph: self.name.clone(), reason: chain(&error) })
    }
}
