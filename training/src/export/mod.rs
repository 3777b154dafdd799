//! ONNX graphs from the very modules that were trained, and weights back from graphs.
//!
//! A network is run twice on a device that records instead of computing, at two sets of lengths ([`Symbols::PAIR`]). A length that
//! is the same both times is fixed; one that differs is symbolic, and the graph is written so that it runs at any. Whatever would
//! freeze a traced length (a constant of that size, a number computed from it, a broadcast to it) shows as a difference too, and is
//! refused. So there is no second definition of any network, and no graph that is right at one length only.
//!
//! ```text
//! let ports = Ports::of(Graph::Encoder, &sizes);
//! let model = trace(&encoder, &ports, &Symbols::PAIR, |encoder, inputs| {
//!     Outputs::new().with("latents", encoder.forward(inputs.get::<3>("frames")))
//! })?;
//! std::fs::write("encoder.onnx", model.to_bytes(WeightPrecision::F16))?;
//! ```

mod agreement;
mod dims;
mod error;
mod linear;
mod onnx;
mod operators;
pub(crate) mod protobuf;
mod read;
mod recording;
mod symbols;
mod tensors;
#[cfg(test)]
mod tests;
mod translation;

use std::collections::BTreeSet;

use burn::module::Module;

pub use error::ExportError;
pub use onnx::{OPSET, WeightPrecision};
pub use protobuf::Malformed;
pub use read::{ReadError, Weight, Weights, load_into};
pub use symbols::{Ports, Symbols};
pub use tensors::{Inputs, Outputs};

/// Turns a forward pass of `module` into a graph with `ports`.
///
/// The module may live on any device and with or without gradients; it is copied. The forward pass is run twice, at the lengths of
/// `symbols`, [`Symbols::PAIR`] unless a network cannot take those.
///
/// # Errors
/// Any [`ExportError`]; its message says what to change in the forward pass.
///
/// # Panics
/// If `forward` does, for instance by asking for an input its ports do not have.
pub fn trace<M: Module>(
    module: &M,
    ports: &Ports,
    symbols: &[Symbols; 2],
    forward: impl Fn(&M, &Inputs) -> Outputs,
) -> Result<OnnxModel, ExportError> {
    symbols::check(symbols)?;
    // Recording refuses gradients; this also gives parameters that were never read their first values, once for both tracings.
    let module = module.valid();
    let first = recording::record(&module, ports, &symbols[0], &forward)?;
    let second = recording::record(&module, ports, &symbols[1], &forward)?;
    Ok(OnnxModel { graph: translation::translate([&first, &second], symbols, ports)? })
}

/// A traced network.
#[derive(Clone, Debug)]
pub struct OnnxModel {
    graph: onnx::Graph,
}

impl OnnxModel {
    /// Adds a remark to the file, for instance the training configuration.
    pub fn with_metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.graph.metadata.push((key.into(), value.into()));
        self
    }

    /// The content of an ONNX file. The same network gives the same bytes each time.
    pub fn to_bytes(&self, precision: WeightPrecision) -> Vec<u8> {
        self.graph.to_bytes(precision)
    }

    /// The ONNX operators the graph uses.
    pub fn operators(&self) -> BTreeSet<&'static str> {
        self.graph.nodes.iter().map(|node| node.operator).collect()
    }

    /// How many numbers of the graph are trained.
    pub fn parameter_count(&self) -> usize {
        let parameters = self.graph.initialisers.iter().filter(|tensor| tensor.is_parameter);
        parameters.map(|tensor| tensor.shape.iter().product::<usize>()).sum()
    }
}
