//! Scaled dot-product attention, spelled out.

use burn_ir::{AttentionOpIr, TensorIr};

use super::super::error::ExportError;
use super::super::onnx::Attribute;
use super::super::translation::{Translation, float_setting};
use super::{Attributes, DONE};

/// Far below any score, yet finite: an infinite one would make a row that sees nothing not a number.
const HIDDEN: f64 = -1e9;

/// `softmax(q kᵀ · scale + bias) v`, shapes `[batch, head, token, channel]`. A true mask hides; a query that may see nothing gets
/// zeros, as in burn, rather than the mean of all values.
pub fn attention(t: &mut Translation, op: &AttentionOpIr) -> Result<bool, ExportError> {
    let scale = scale(t, op)?;
    let scale = t.float(scale);
    let query = t.name(&op.query);
    let query = t.step("Mul", vec![query, scale], vec![]);
    let key = t.name(&op.key);
    let key = t.step("Transpose", vec![key], vec![("perm", Attribute::Ints(vec![0, 1, 3, 2]))]);
    let mut scores = t.step("MatMul", vec![query, key], vec![]);
    if let Some(bias) = &op.attn_bias {
        let bias = t.name(bias);
        scores = t.step("Add", vec![scores, bias], vec![]);
    }
    let mask = op.mask.as_ref().map(|mask| t.name(mask));
    let weights = match mask {
        Some(mask) => masked_softmax(t, scores, mask),
        None => t.step("Softmax", vec![scores], last_axis()),
    };
    let (value, out) = (t.name(&op.value), t.name(&op.out));
    t.node("MatMul", vec![weights, value], out, vec![]);
    DONE
}

fn masked_softmax(t: &mut Translation, scores: String, mask: String) -> String {
    let (hidden, zero) = (t.float(HIDDEN), t.float(0.0));
    let scores = t.step("Where", vec![mask.clone(), hidden, scores], vec![]);
    let weights = t.step("Softmax", vec![scores], last_axis());
    t.step("Where", vec![mask, zero, weights], vec![])
}

fn scale(t: &Translation, op: &AttentionOpIr) -> Result<f64, ExportError> {
    if op.options.is_causal {
        return Err(ExportError::unsupported("Attention with is_causal", ": pass a mask"));
    }
    if op.options.softcap.is_some() {
        return Err(ExportError::unsupported("Attention with softcap", ": leave it out"));
    }
    match op.options.scale {
        Some(scale) => float_setting(scale),
        None => Ok((t.fixed_length(&op.query, last(&op.query), "Attention")? as f64).powf(-0.5)),
    }
}

fn last(tensor: &TensorIr) -> usize {
    tensor.shape.num_dims() - 1
}

fn last_axis() -> Attributes {
    vec![("axis", Attribute::Int(-1))]
}
