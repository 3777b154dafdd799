//! Choosing entries by index, and the indices of the largest: gather, top-k, sorting.

use burn_ir::{
    GatherOpIr, ReduceDimOpIr, ReduceDimWithIndicesOpIr, SelectOpIr, SortOpIr, SortWithIndicesOpIr, TensorIr, TopKWithIndicesOpIr,
};

use super::super::error::ExportError;
use super::super::onnx::{Attribute, DataType};
use super::super::translation::{Translation, data_type};
use super::{DONE, axis};

pub fn select(t: &mut Translation, op: &SelectOpIr) -> Result<bool, ExportError> {
    let (tensor, indices, out) = (t.name(&op.tensor), t.name(&op.indices), t.name(&op.out));
    t.node("Gather", vec![tensor, indices], out, axis(op.dim));
    DONE
}

pub fn gather(t: &mut Translation, op: &GatherOpIr) -> Result<bool, ExportError> {
    let (tensor, indices, out) = (t.name(&op.tensor), t.name(&op.indices), t.name(&op.out));
    t.node("GatherElements", vec![tensor, indices], out, axis(op.dim));
    DONE
}

pub fn top_k(t: &mut Translation, op: &ReduceDimOpIr) -> Result<bool, ExportError> {
    let count = t.fixed_length(&op.out, op.axis, "TopK")?;
    let (input, out, indices) = (t.name(&op.input), t.name(&op.out), t.unused());
    ordered(t, input, count, [out, indices], op.axis, true);
    DONE
}

pub fn top_k_indices(t: &mut Translation, op: &ReduceDimOpIr) -> Result<bool, ExportError> {
    let count = t.fixed_length(&op.out, op.axis, "ArgTopK")?;
    let (input, values) = (t.name(&op.input), t.unused());
    let (indices, then) = indices(t, &op.out)?;
    ordered(t, input, count, [values, indices], op.axis, true);
    finish(t, then);
    DONE
}

pub fn top_k_with_indices(t: &mut Translation, op: &TopKWithIndicesOpIr) -> Result<bool, ExportError> {
    let (input, out) = (t.name(&op.tensor), t.name(&op.out));
    let (indices, then) = indices(t, &op.out_indices)?;
    ordered(t, input, op.k as i64, [out, indices], op.dim, true);
    finish(t, then);
    DONE
}

pub fn sort(t: &mut Translation, op: &SortOpIr) -> Result<bool, ExportError> {
    let count = t.fixed_length(&op.input, op.dim, "Sort")?;
    let (input, out, indices) = (t.name(&op.input), t.name(&op.out), t.unused());
    ordered(t, input, count, [out, indices], op.dim, op.descending);
    DONE
}

pub fn sort_with_indices(t: &mut Translation, op: &SortWithIndicesOpIr) -> Result<bool, ExportError> {
    let count = t.fixed_length(&op.input, op.dim, "SortWithIndices")?;
    let (input, out) = (t.name(&op.input), t.name(&op.out));
    let (indices, then) = indices(t, &op.out_indices)?;
    ordered(t, input, count, [out, indices], op.dim, op.descending);
    finish(t, then);
    DONE
}

pub fn arg(t: &mut Translation, operator: &'static str, op: &ReduceDimOpIr) -> Result<bool, ExportError> {
    let input = t.name(&op.input);
    let (indices, then) = indices(t, &op.out)?;
    t.node(operator, vec![input], indices, axis(op.axis));
    finish(t, then);
    DONE
}

/// The largest or smallest along an axis, and where it stands.
pub fn extreme_with_indices(
    t: &mut Translation,
    [reduce, arg]: [&'static str; 2],
    op: &ReduceDimWithIndicesOpIr,
) -> Result<bool, ExportError> {
    let (input, axes, out) = (t.name(&op.tensor), t.ints(&[op.dim as i64]), t.name(&op.out));
    t.node(reduce, vec![input.clone(), axes], out, vec![("keepdims", Attribute::Int(1))]);
    let (indices, then) = indices(t, &op.out_indices)?;
    t.node(arg, vec![input], indices, axis(op.dim));
    finish(t, then);
    DONE
}

/// ONNX's only sorting operation: the `count` largest or smallest along an axis, in order, with their indices.
fn ordered(t: &mut Translation, input: String, count: i64, outputs: [String; 2], axis: usize, is_descending: bool) {
    let count = t.ints(&[count]);
    let attributes = vec![("axis", Attribute::Int(axis as i64)), ("largest", Attribute::Int(i64::from(is_descending)))];
    t.nodes("TopK", vec![input, count], outputs.to_vec(), attributes);
}

/// A cast still to be added: from, to, and the wanted type.
type PendingCast = Option<(String, String, DataType)>;

/// ONNX's indices are 64-bit. Where 32-bit ones were recorded, they go under another name first.
fn indices(t: &mut Translation, out: &TensorIr) -> Result<(String, PendingCast), ExportError> {
    let name = t.name(out);
    let wanted = data_type(out.dtype, "indices")?;
    if wanted == DataType::I64 {
        return Ok((name, None));
    }
    let wide = t.unused();
    Ok((wide.clone(), Some((wide, name, wanted))))
}

fn finish(t: &mut Translation, cast: PendingCast) {
    if let Some((from, to, wanted)) = cast {
        t.node("Cast", vec![from], to, vec![("to", Attribute::Int(wanted as i64))]);
    }
}
