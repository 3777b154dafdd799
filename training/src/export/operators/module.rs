//! Layers: linear, LayerNorm, embedding, and the larger ones' files.

use burn_ir::{EmbeddingOpIr, LayerNormOpIr, LinearOpIr, ModuleOperationIr};

use super::super::error::ExportError;
use super::super::onnx::Attribute;
use super::super::translation::{Translation, float_setting};
use super::{DONE, UNKNOWN, attention, axis, convolution};

pub fn translate(t: &mut Translation, op: &ModuleOperationIr) -> Result<bool, ExportError> {
    match op {
        ModuleOperationIr::Linear(op) => linear(t, op),
        ModuleOperationIr::LayerNorm(op) => layer_norm(t, op),
        ModuleOperationIr::Embedding(op) => embedding(t, op),
        ModuleOperationIr::Conv1d(op) => convolution::conv1d(t, op),
        ModuleOperationIr::Conv2d(op) => convolution::conv2d(t, op),
        ModuleOperationIr::ConvTranspose1d(op) => convolution::conv_transpose1d(t, op),
        ModuleOperationIr::Attention(op) => attention::attention(t, op),
        _ => UNKNOWN,
    }
}

/// burn's weight is `[input, output]`, so no transposition is needed.
fn linear(t: &mut Translation, op: &LinearOpIr) -> Result<bool, ExportError> {
    let (x, weight, out) = (t.name(&op.x), t.name(&op.weight), t.name(&op.out));
    match &op.bias {
        None => t.node("MatMul", vec![x, weight], out, vec![]),
        Some(bias) if op.x.shape.num_dims() == 2 => {
            let bias = t.name(bias);
            t.node("Gemm", vec![x, weight, bias], out, vec![]);
        }
        Some(bias) => {
            let product = t.step("MatMul", vec![x, weight], vec![]);
            let bias = t.name(bias);
            t.node("Add", vec![product, bias], out, vec![]);
        }
    }
    DONE
}

/// Over the last axis.
fn layer_norm(t: &mut Translation, op: &LayerNormOpIr) -> Result<bool, ExportError> {
    let mut inputs = vec![t.name(&op.input), t.name(&op.gamma)];
    inputs.extend(op.beta.as_ref().map(|beta| t.name(beta)));
    let epsilon = Attribute::Float(float_setting(op.epsilon)? as f32);
    let out = t.name(&op.out);
    t.node("LayerNormalization", inputs, out, vec![("axis", Attribute::Int(-1)), ("epsilon", epsilon)]);
    DONE
}

fn embedding(t: &mut Translation, op: &EmbeddingOpIr) -> Result<bool, ExportError> {
    let (weights, indices, out) = (t.name(&op.weights), t.name(&op.indices), t.name(&op.out));
    t.node("Gather", vec![weights, indices], out, axis(0));
    DONE
}
