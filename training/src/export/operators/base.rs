//! Shapes, slices, choices and constants: operations any type of tensor has.

use burn::tensor::Slice;
use burn_ir::{
    BaseOperationIr, BinaryOpIr, CatOpIr, MaskFillOpIr, MaskWhereOpIr, PermuteOpIr, RepeatDimOpIr, ScalarIr, ScalarOpIr,
    ShapeOpIr, SliceOpIr, SwapDimsOpIr, TensorIr,
};

use super::super::dims::{Bounds, Dim, Reshaping, fixed, plan_bound, plan_expand, plan_reshape, shape_text};
use super::super::error::ExportError;
use super::super::onnx::Attribute;
use super::super::translation::Translation;
use super::{DONE, UNKNOWN, axis, binary, cast, select, with_scalar};

pub fn translate(t: &mut Translation, op: &BaseOperationIr, twin: &BaseOperationIr) -> Result<bool, ExportError> {
    match (op, twin) {
        (BaseOperationIr::Slice(op), BaseOperationIr::Slice(twin)) => slice(t, op, twin),
        (BaseOperationIr::Reshape(op), _) => reshape(t, op),
        (BaseOperationIr::Expand(op), _) => expand(t, op),
        (BaseOperationIr::SwapDims(op), _) => swap_axes(t, op),
        (BaseOperationIr::Permute(op), _) => permute(t, op),
        (BaseOperationIr::Cat(op), _) => concatenate(t, op),
        (BaseOperationIr::RepeatDim(op), _) => repeat(t, op),
        (BaseOperationIr::MaskWhere(op), _) => mask_where(t, op),
        (BaseOperationIr::MaskFill(op), _) => mask_fill(t, op),
        (BaseOperationIr::Select(op), _) => select::select(t, op),
        (BaseOperationIr::Gather(op), _) => select::gather(t, op),
        (BaseOperationIr::Equal(op), _) => binary(t, "Equal", op),
        (BaseOperationIr::EqualElem(op), _) => with_scalar(t, "Equal", op),
        (BaseOperationIr::NotEqual(op), _) => not_equal(t, op),
        (BaseOperationIr::NotEqualElem(op), _) => not_equal_scalar(t, op),
        (BaseOperationIr::Cast(op), _) => cast(t, op),
        (BaseOperationIr::Zeros(op), _) => filled(t, "zeros", &op.out, zero(&op.out)),
        (BaseOperationIr::Ones(op), _) => filled(t, "ones", &op.out, one(&op.out)),
        _ => UNKNOWN,
    }
}

fn reshape(t: &mut Translation, op: &ShapeOpIr) -> Result<bool, ExportError> {
    let (from, to) = (t.shape(&op.input), t.shape(&op.out));
    let plan = plan_reshape(from, to, t.input_shapes());
    let plan = plan.ok_or_else(|| ExportError::Reshape { from: shape_text(from), to: shape_text(to) })?;
    let (input, out) = (t.name(&op.input), t.name(&op.out));
    let (operator, inputs) = match plan {
        Reshaping::Same => ("Identity", vec![input]),
        Reshaping::Unsqueeze(axes) => ("Unsqueeze", vec![input, t.ints(&axes)]),
        Reshaping::Squeeze(axes) => ("Squeeze", vec![input, t.ints(&axes)]),
        Reshaping::Reshape(target) => ("Reshape", vec![input, t.lengths(&target)]),
    };
    t.node(operator, inputs, out, vec![]);
    DONE
}

fn expand(t: &mut Translation, op: &ShapeOpIr) -> Result<bool, ExportError> {
    let (from, to) = (t.shape(&op.input), t.shape(&op.out));
    let target = plan_expand(from, to).ok_or_else(|| ExportError::Expand { from: shape_text(from), to: shape_text(to) })?;
    let (input, target, out) = (t.name(&op.input), t.ints(&target), t.name(&op.out));
    t.node("Expand", vec![input, target], out, vec![]);
    DONE
}

fn swap_axes(t: &mut Translation, op: &SwapDimsOpIr) -> Result<bool, ExportError> {
    let mut order: Vec<usize> = (0..op.input.shape.num_dims()).collect();
    order.swap(op.dim1, op.dim2);
    transpose(t, &op.input, &op.out, &order)
}

fn permute(t: &mut Translation, op: &PermuteOpIr) -> Result<bool, ExportError> {
    transpose(t, &op.input, &op.out, &op.axes)
}

fn transpose(t: &mut Translation, input: &TensorIr, out: &TensorIr, order: &[usize]) -> Result<bool, ExportError> {
    let (input, out) = (t.name(input), t.name(out));
    let order = order.iter().map(|&axis| axis as i64).collect();
    t.node("Transpose", vec![input], out, vec![("perm", Attribute::Ints(order))]);
    DONE
}

fn slice(t: &mut Translation, op: &SliceOpIr, twin: &SliceOpIr) -> Result<bool, ExportError> {
    let (mut starts, mut ends, mut axes, mut steps) = (vec![], vec![], vec![], vec![]);
    for (axis, (first, second)) in op.ranges.iter().zip(&twin.ranges).enumerate() {
        let shape = t.shape(&op.tensor);
        let bounds = bounds(first, second, shape[axis])?.ok_or_else(|| ExportError::Slice { axis, shape: shape_text(shape) })?;
        if !bounds.is_whole() {
            starts.push(bounds.start);
            ends.push(bounds.end);
            axes.push(axis as i64);
            steps.push(bounds.step);
        }
    }
    let (input, out) = (t.name(&op.tensor), t.name(&op.out));
    if axes.is_empty() {
        t.node("Identity", vec![input], out, vec![]);
    } else {
        let inputs = vec![input, t.ints(&starts), t.ints(&ends), t.ints(&axes), t.ints(&steps)];
        t.node("Slice", inputs, out, vec![]);
    }
    DONE
}

fn bounds(first: &Slice, second: &Slice, length: Dim) -> Result<Option<Bounds>, ExportError> {
    if first.step() < 1 {
        return Err(ExportError::unsupported("Slice with a negative step", ": use a positive one"));
    }
    let (a, b) = (first.to_range(length.first), second.to_range(length.second));
    let start = plan_bound(Dim { first: a.start, second: b.start }, length);
    let end = plan_bound(Dim { first: a.end, second: b.end }, length);
    Ok(start.zip(end).map(|(start, end)| Bounds { start, end, step: first.step() as i64 }))
}

fn concatenate(t: &mut Translation, op: &CatOpIr) -> Result<bool, ExportError> {
    let inputs = op.tensors.iter().map(|tensor| t.name(tensor)).collect();
    let out = t.name(&op.out);
    t.node("Concat", inputs, out, axis(op.dim));
    DONE
}

/// How often is a setting, so a number of times that follows a symbolic length was refused when the tracings were compared.
fn repeat(t: &mut Translation, op: &RepeatDimOpIr) -> Result<bool, ExportError> {
    let mut times = vec![1; op.tensor.shape.num_dims()];
    times[op.dim] = op.times as i64;
    let (input, times, out) = (t.name(&op.tensor), t.ints(&times), t.name(&op.out));
    t.node("Tile", vec![input, times], out, vec![]);
    DONE
}

fn mask_where(t: &mut Translation, op: &MaskWhereOpIr) -> Result<bool, ExportError> {
    let (mask, value, tensor, out) = (t.name(&op.mask), t.name(&op.value), t.name(&op.tensor), t.name(&op.out));
    t.node("Where", vec![mask, value, tensor], out, vec![]);
    DONE
}

fn mask_fill(t: &mut Translation, op: &MaskFillOpIr) -> Result<bool, ExportError> {
    let (mask, value) = (t.name(&op.mask), t.scalar(op.value, op.tensor.dtype)?);
    let (tensor, out) = (t.name(&op.tensor), t.name(&op.out));
    t.node("Where", vec![mask, value, tensor], out, vec![]);
    DONE
}

fn not_equal(t: &mut Translation, op: &BinaryOpIr) -> Result<bool, ExportError> {
    let inputs = vec![t.name(&op.lhs), t.name(&op.rhs)];
    let equal = t.step("Equal", inputs, vec![]);
    let out = t.name(&op.out);
    t.node("Not", vec![equal], out, vec![]);
    DONE
}

fn not_equal_scalar(t: &mut Translation, op: &ScalarOpIr) -> Result<bool, ExportError> {
    let inputs = vec![t.name(&op.lhs), t.scalar(op.rhs, op.lhs.dtype)?];
    let equal = t.step("Equal", inputs, vec![]);
    let out = t.name(&op.out);
    t.node("Not", vec![equal], out, vec![]);
    DONE
}

/// A tensor of one value, of a shape that may not follow a symbolic length.
pub fn filled(t: &mut Translation, operation: &str, out: &TensorIr, value: ScalarIr) -> Result<bool, ExportError> {
    let shape = t.shape(out);
    let shape = fixed(shape).ok_or_else(|| ExportError::live_constant(operation, shape))?;
    let (value, shape, out) = (t.scalar(value, out.dtype)?, t.ints(&shape), t.name(out));
    t.node("Expand", vec![value, shape], out, vec![]);
    DONE
}

fn zero(out: &TensorIr) -> ScalarIr {
    ScalarIr::new(0, &out.dtype)
}

fn one(out: &TensorIr) -> ScalarIr {
    ScalarIr::new(1, &out.dtype)
}
