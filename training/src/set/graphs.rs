//! The nine graphs, each traced from a trained module and compared with it at once.

use anyhow::{Context, Result};
use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{DType, Tensor};
use turnaround_core::contract::{Graph, Sizes};

use super::parity::{self, Parity};
use crate::export::{Inputs, Outputs, Ports, Symbols, WeightPrecision, trace};
use crate::networks::actions::ActionEmbedding;
use crate::networks::condition::Condition;
use crate::networks::dynamics::Bars;
use crate::networks::layers::Precision;
use crate::pipeline::Networks;
use crate::train::dynamics::CONTEXT_LEVEL;

/// One graph, ready to be written.
pub struct Exported {
    /// Which.
    pub graph: Graph,
    /// The ONNX file.
    pub content: Vec<u8>,
    /// How far it is from its network, in every runtime at hand.
    pub parities: Vec<Parity>,
}

/// Traces and compares all graphs, in the order of the road. Weights are rounded to 16 bits first, so that a graph's file holds
/// exactly the weights of the network it is compared with.
///
/// # Errors
/// When a network cannot be traced or a graph cannot be run.
pub fn export_all(networks: &Networks, sizes: &Sizes) -> Result<Vec<Exported>> {
    let exporter = Exporter { stored: as_stored(networks), trained: networks, sizes };
    Ok(vec![
        exporter.export(
            Graph::Encoder,
            |all| all.tokenizer.encoder.clone(),
            |encoder, inputs| Outputs::new().with("latents", encoder.forward(inputs.get("frames"), Precision::Full)),
        )?,
        exporter.export(
            Graph::DecoderCondition,
            |all| all.tokenizer.decoder.condition.clone(),
            |network, inputs| {
                let condition = network.forward(inputs.get("latents"), Precision::Full);
                Outputs::new().with("features", condition.features).with("scale", condition.scale)
            },
        )?,
        exporter.export(
            Graph::DecoderStep,
            |all| all.tokenizer.decoder.denoiser.clone(),
            |denoiser, inputs| {
                let condition = Condition { features: inputs.get("features"), scale: inputs.get("scale") };
                let clean = denoiser.forward(inputs.get("noisy"), inputs.get("noise_level"), &condition, Precision::Full);
                Outputs::new().with("clean", clean)
            },
        )?,
        exporter.export(
            Graph::AdapterEncoder,
            |all| all.adapter.clone(),
            |adapter, inputs| {
                let slots = adapter.encode(inputs.get("latents"), inputs.get("interpolation"), inputs.get("position"));
                Outputs::new().with("slots", slots)
            },
        )?,
        exporter.export(
            Graph::AdapterDecoder,
            |all| all.adapter.clone(),
            |adapter, inputs| {
                let latents = adapter.decode(inputs.get("slots"), inputs.get("interpolation"), inputs.get("position"));
                Outputs::new().with("latents", latents)
            },
        )?,
        exporter.export(
            Graph::ActionEncoder,
            |all| all.actions.clone(),
            |actions, inputs| {
                let outputs = Outputs::new().with("scores", actions.scores(inputs.get("slots"), inputs.get("timing")));
                match &actions.instruments {
                    Some(instruments) => outputs.with("instruments", instruments.head.forward(inputs.get("slots"))),
                    None => outputs,
                }
            },
        )?,
        exporter.export(
            Graph::ActionEmbedding,
            |all| {
                let (table, map) = (all.actions.table.clone(), all.map.clone());
                ActionEmbedding::new(table, map, all.dynamics.null_action.clone())
            },
            |embedding, inputs| {
                let players = (sizes.instruments > 0).then(|| inputs.get("instruments"));
                Outputs::new().with("action", embedding.forward(inputs.get("weights"), inputs.get("is_null"), players))
            },
        )?,
        exporter.export(
            Graph::DynamicsContext,
            |all| all.dynamics.clone(),
            |dynamics, inputs| {
                let action = inputs.get::<3>("action");
                // The level of clean context, in the shape of the context at hand.
                let level = action.clone().narrow(2, 0, 1).squeeze_dim::<2>(2).mul_scalar(0.0).add_scalar(CONTEXT_LEVEL);
                let (keys, values) = dynamics.context(&bars(inputs, "slots", action, level));
                Outputs::new().with("keys", keys).with("values", values)
            },
        )?,
        exporter.export(
            Graph::DynamicsStep,
            |all| all.dynamics.clone(),
            |dynamics, inputs| {
                let bars = bars(inputs, "noisy", inputs.get("action"), inputs.get("noise_level"));
                Outputs::new().with("clean", dynamics.step(&bars, &inputs.get("keys"), &inputs.get("values")))
            },
        )?,
    ])
}

fn bars(inputs: &Inputs, slots: &str, action: Tensor<3>, level: Tensor<2>) -> Bars {
    Bars { slots: inputs.get(slots), level, action, timing: inputs.get("timing"), position: inputs.get("bar_position") }
}

struct Exporter<'a> {
    stored: Networks,
    trained: &'a Networks,
    sizes: &'a Sizes,
}

impl Exporter<'_> {
    fn export<M: Module>(
        &self,
        graph: Graph,
        select: impl Fn(&Networks) -> M,
        forward: impl Fn(&M, &Inputs) -> Outputs,
    ) -> Result<Exported> {
        let ports = Ports::of(graph, self.sizes);
        let failed = || format!("exporting {graph}");
        let stored = select(&self.stored);
        let content = trace(&stored, &ports, &Symbols::PAIR, &forward).with_context(failed)?.to_bytes(WeightPrecision::F16);
        let parities =
            parity::measure(graph.name(), &ports, &content, &stored, &select(self.trained), &forward).with_context(failed)?;
        Ok(Exported { graph, content, parities })
    }
}

/// A module with every parameter rounded to what 16 bits can hold, as a graph's file holds it.
pub fn as_stored<M: Module>(module: &M) -> M {
    module.clone().map(&mut Round)
}

/// Rounds every parameter.
struct Round;

impl ModuleMapper for Round {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        param.map(|weights| {
            let rounded = weights.to_data().convert::<half::f16>().convert_dtype(DType::F32);
            Tensor::from_data(rounded, &weights.device())
        })
    }
}
