//! How much arithmetic one call of a graph is, counted from the graph itself.

use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::Cost;

use super::RuntimeError;
use super::embedded::{chain, parse, pin};

/// Floating point operations of one call with inputs of these names and shapes: two for each multiply-add of the matrix products
/// and convolutions. Element-wise work is left out, as is usual.
///
/// # Errors
/// [`RuntimeError::Load`] when the graph cannot be read or does not fit the shapes.
pub fn flops(name: &str, graph: &[u8], inputs: &[(String, Vec<usize>)]) -> Result<f64, RuntimeError> {
    count(graph, inputs).map_err(|error| RuntimeError::Load { graph: name.to_owned(), reason: chain(&error) })
}

fn count(graph: &[u8], inputs: &[(String, Vec<usize>)]) -> TractResult<f64> {
    let model = parse(graph)?;
    let mut shapes = Vec::new();
    for outlet in &model.inputs {
        let port = &model.nodes()[outlet.node].name;
        let found = inputs.iter().find(|(name, _)| name == port);
        shapes.push(found.ok_or_else(|| anyhow::anyhow!("the input {port} is not given"))?.1.clone());
    }
    let model = pin(model, &shapes)?.into_typed()?.into_decluttered()?;
    let mut multiply_adds = 0.0;
    for node in model.nodes() {
        let facts = model.node_input_facts(node.id)?;
        for (cost, amount) in node.op.cost(&facts)? {
            if matches!(cost, Cost::FMA(_)) {
                multiply_adds += amount.to_i64()? as f64;
            }
        }
    }
    Ok(2.0 * multiply_adds)
}
