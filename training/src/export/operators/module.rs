//! Layers: linear, LayerNorm, embedding, and the larger ones' files.

use burn_ir::{EmbeddingOpIr, LayerNormOpIr, LinearOpIr, ModuleOperationIr, TensorIr};

use super::super::dims::Dim;
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

/// burn's weight is `[input, output]`, so no transposition is needed. A bias joins the product in one `Gemm`, which knows matrices only:
/// leading axes become rows and rows axes again, which costs runtimes nothing where the lengths are known beforehand.
fn linear(t: &mut Translation, op: &LinearOpIr) -> Result<bool, ExportError> {
    let (x, weight, out) = (t.name(&op.x), t.name(&op.weight), t.name(&op.out));
    let Some(bias) = &op.bias else {
        t.node("MatMul", vec![x, weight], out, vec![]);
        return DONE;
    };
    let bias = row(t, bias);
    if op.x.shape.num_dims() == 2 {
        t.node("Gemm", vec![x, weight, bias], out, vec![]);
    } else if let Some(shape) = with_one_left(t.shape(&op.out)) {
        let width = t.fixed_length(&op.x, op.x.shape.num_dims() - 1, "Linear")?;
        let (rows, shape) = (t.ints(&[-1, width]), t.ints(&shape));
        let x = t.step("Reshape", vec![x, rows], vec![]);
        let product = t.step("Gemm", vec![x, weight, bias], vec![]);
        t.node("Reshape", vec![product, shape], out, vec![]);
    } else {
        let product = t.step("MatMul", vec![x, weight], vec![]);
        t.node("Add", vec![product, bias], out, vec![]);
    }
    DONE
}

/// A shape as a reshape's constant target, −1 for "what is left"; none where more than one length is open.
fn with_one_left(shape: &[Dim]) -> Option<Vec<i64>> {
    let target: Vec<i64> = shape.iter().map(|dim| dim.fixed().map_or(-1, |n| n as i64)).collect();
    (target.iter().filter(|&&length| length < 0).count() <= 1).then_some(target)
}

/// A bias without its leading axes of length 1.
fn row(t: &mut Translation, bias: &TensorIr) -> String {
    let name = t.name(bias);
    if bias.shape.num_dims() == 1 {
        return name;
    }
    let all = t.ints(&[-1]);
    t.step("Reshape", vec![name, all], vec![])
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
