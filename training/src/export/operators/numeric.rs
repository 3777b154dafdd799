//! Arithmetic, comparison and reduction, of floats and integers.

use burn_ir::{
    BinaryOpIr, ClampOpIr, DimOpIr, NumericOperationIr, PadModeIr, PadOpIr, ReduceDimOpIr, ReduceDimsOpIr, ReduceOpIr, ScalarIr,
    ScalarOpIr, TensorIr,
};

use super::super::error::ExportError;
use super::super::onnx::Attribute;
use super::super::translation::{Translation, float_setting};
use super::base::filled;
use super::{DONE, UNKNOWN, binary, select, unary, with_scalar};

pub fn translate(t: &mut Translation, op: &NumericOperationIr) -> Result<bool, ExportError> {
    match op {
        NumericOperationIr::Add(op) => binary(t, "Add", op),
        NumericOperationIr::AddScalar(op) => with_scalar(t, "Add", op),
        NumericOperationIr::Sub(op) => binary(t, "Sub", op),
        NumericOperationIr::SubScalar(op) => with_scalar(t, "Sub", op),
        NumericOperationIr::Mul(op) => binary(t, "Mul", op),
        NumericOperationIr::MulScalar(op) => with_scalar(t, "Mul", op),
        NumericOperationIr::Div(op) => binary(t, "Div", op),
        NumericOperationIr::DivScalar(op) => with_scalar(t, "Div", op),
        NumericOperationIr::Powi(op) => binary(t, "Pow", op),
        NumericOperationIr::PowiScalar(op) => power(t, op),
        NumericOperationIr::Abs(op) => unary(t, "Abs", op),
        NumericOperationIr::Neg(op) => unary(t, "Neg", op),
        NumericOperationIr::Sign(op) => unary(t, "Sign", op),
        NumericOperationIr::Greater(op) => binary(t, "Greater", op),
        NumericOperationIr::GreaterElem(op) => with_scalar(t, "Greater", op),
        NumericOperationIr::GreaterEqual(op) => binary(t, "GreaterOrEqual", op),
        NumericOperationIr::GreaterEqualElem(op) => with_scalar(t, "GreaterOrEqual", op),
        NumericOperationIr::Lower(op) => binary(t, "Less", op),
        NumericOperationIr::LowerElem(op) => with_scalar(t, "Less", op),
        NumericOperationIr::LowerEqual(op) => binary(t, "LessOrEqual", op),
        NumericOperationIr::LowerEqualElem(op) => with_scalar(t, "LessOrEqual", op),
        NumericOperationIr::ClampMin(op) => with_scalar(t, "Max", op),
        NumericOperationIr::ClampMax(op) => with_scalar(t, "Min", op),
        NumericOperationIr::Clamp(op) => clamp(t, op),
        NumericOperationIr::Full(op) => filled(t, "full", &op.out, op.value),
        NumericOperationIr::MeanDim(op) => reduce_axis(t, "ReduceMean", op),
        NumericOperationIr::SumDim(op) => reduce_axis(t, "ReduceSum", op),
        NumericOperationIr::MaxDim(op) => reduce_axis(t, "ReduceMax", op),
        NumericOperationIr::MinDim(op) => reduce_axis(t, "ReduceMin", op),
        NumericOperationIr::SumDims(op) => sum_axes(t, op),
        NumericOperationIr::Mean(op) => reduce_all(t, "ReduceMean", op),
        NumericOperationIr::Sum(op) => reduce_all(t, "ReduceSum", op),
        NumericOperationIr::Max(op) => reduce_all(t, "ReduceMax", op),
        NumericOperationIr::Min(op) => reduce_all(t, "ReduceMin", op),
        NumericOperationIr::ArgMax(op) => select::arg(t, "ArgMax", op),
        NumericOperationIr::ArgMin(op) => select::arg(t, "ArgMin", op),
        NumericOperationIr::MaxDimWithIndices(op) => select::extreme_with_indices(t, ["ReduceMax", "ArgMax"], op),
        NumericOperationIr::MinDimWithIndices(op) => select::extreme_with_indices(t, ["ReduceMin", "ArgMin"], op),
        NumericOperationIr::TopK(op) => select::top_k(t, op),
        NumericOperationIr::ArgTopK(op) => select::top_k_indices(t, op),
        NumericOperationIr::TopKWithIndices(op) => select::top_k_with_indices(t, op),
        NumericOperationIr::Sort(op) => select::sort(t, op),
        NumericOperationIr::SortWithIndices(op) => select::sort_with_indices(t, op),
        NumericOperationIr::CumSum(op) => running_sum(t, op),
        NumericOperationIr::Pad(op) => pad(t, op),
        _ => UNKNOWN,
    }
}

/// Squares are written as products: runtimes need not take a logarithm for them.
pub fn power(t: &mut Translation, op: &ScalarOpIr) -> Result<bool, ExportError> {
    if float_setting(op.rhs)? == 2.0 {
        let square = BinaryOpIr { lhs: op.lhs.clone(), rhs: op.lhs.clone(), out: op.out.clone() };
        return binary(t, "Mul", &square);
    }
    with_scalar(t, "Pow", op)
}

fn clamp(t: &mut Translation, op: &ClampOpIr) -> Result<bool, ExportError> {
    let dtype = op.tensor.dtype;
    let inputs = vec![t.name(&op.tensor), t.scalar(op.min, dtype)?, t.scalar(op.max, dtype)?];
    let out = t.name(&op.out);
    t.node("Clip", inputs, out, vec![]);
    DONE
}

fn reduce_axis(t: &mut Translation, operator: &'static str, op: &ReduceDimOpIr) -> Result<bool, ExportError> {
    reduce(t, operator, &op.input, &[op.axis], &op.out)
}

fn sum_axes(t: &mut Translation, op: &ReduceDimsOpIr) -> Result<bool, ExportError> {
    reduce(t, "ReduceSum", &op.input, &op.axes, &op.out)
}

fn reduce(
    t: &mut Translation,
    operator: &'static str,
    input: &TensorIr,
    axes: &[usize],
    out: &TensorIr,
) -> Result<bool, ExportError> {
    let axes: Vec<i64> = axes.iter().map(|&axis| axis as i64).collect();
    let (input, axes, out) = (t.name(input), t.ints(&axes), t.name(out));
    t.node(operator, vec![input, axes], out, vec![("keepdims", Attribute::Int(1))]);
    DONE
}

/// Over all axes, to burn's shape `[1]`.
fn reduce_all(t: &mut Translation, operator: &'static str, op: &ReduceOpIr) -> Result<bool, ExportError> {
    let axes: Vec<i64> = (0..op.input.shape.num_dims() as i64).collect();
    let inputs = vec![t.name(&op.input), t.ints(&axes)];
    let whole = t.step(operator, inputs, vec![("keepdims", Attribute::Int(1))]);
    let (one, out) = (t.ints(&[1]), t.name(&op.out));
    t.node("Reshape", vec![whole, one], out, vec![]);
    DONE
}

fn running_sum(t: &mut Translation, op: &DimOpIr) -> Result<bool, ExportError> {
    let (input, axis, out) = (t.name(&op.input), t.int(op.axis as i64), t.name(&op.out));
    t.node("CumSum", vec![input, axis], out, vec![]);
    DONE
}

fn pad(t: &mut Translation, op: &PadOpIr) -> Result<bool, ExportError> {
    let before = op.padding.iter().map(|sides| sides.0 as i64);
    let after = op.padding.iter().map(|sides| sides.1 as i64);
    let amounts: Vec<i64> = before.chain(after).collect();
    let (mode, value): (&'static str, Option<ScalarIr>) = match op.mode {
        PadModeIr::Constant(value) => ("constant", Some(value)),
        PadModeIr::Reflect => ("reflect", None),
        PadModeIr::Edge => ("edge", None),
    };
    let mut inputs = vec![t.name(&op.input), t.ints(&amounts)];
    if let Some(value) = value {
        inputs.push(t.scalar(value, op.input.dtype)?);
    }
    let out = t.name(&op.out);
    t.node("Pad", inputs, out, vec![("mode", Attribute::Text(mode))]);
    DONE
}
