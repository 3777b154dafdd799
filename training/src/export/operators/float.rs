//! Functions of floats, and matrix products.

use burn_ir::{FloatOperationIr, MatmulOpIr, ScalarOpIr, UnaryOpIr};

use super::super::error::ExportError;
use super::super::translation::{Translation, float_setting};
use super::numeric::power;
use super::{DONE, UNKNOWN, binary, cast, unary};

pub fn translate(t: &mut Translation, op: &FloatOperationIr) -> Result<bool, ExportError> {
    match op {
        FloatOperationIr::Exp(op) => unary(t, "Exp", op),
        FloatOperationIr::Log(op) => unary(t, "Log", op),
        FloatOperationIr::Log1p(op) => log_of_one_plus(t, op),
        FloatOperationIr::Sqrt(op) => unary(t, "Sqrt", op),
        FloatOperationIr::Cos(op) => unary(t, "Cos", op),
        FloatOperationIr::Sin(op) => unary(t, "Sin", op),
        FloatOperationIr::Tanh(op) => unary(t, "Tanh", op),
        FloatOperationIr::Erf(op) => unary(t, "Erf", op),
        FloatOperationIr::Round(op) => unary(t, "Round", op),
        FloatOperationIr::Floor(op) => unary(t, "Floor", op),
        FloatOperationIr::Ceil(op) => unary(t, "Ceil", op),
        FloatOperationIr::Recip(op) => unary(t, "Reciprocal", op),
        FloatOperationIr::PowfScalar(op) => power_or_root(t, op),
        FloatOperationIr::Powf(op) => binary(t, "Pow", op),
        FloatOperationIr::IntoInt(op) => cast(t, op),
        FloatOperationIr::Matmul(op) => matrix_product(t, op),
        FloatOperationIr::Random(_) => Err(ExportError::unsupported("Random", ": pass noise as an input")),
        _ => UNKNOWN,
    }
}

/// ONNX has no such function. Where `x` is tiny the sum rounds it away, an absolute error below 1e-7.
fn log_of_one_plus(t: &mut Translation, op: &UnaryOpIr) -> Result<bool, ExportError> {
    let inputs = vec![t.name(&op.input), t.float(1.0)];
    let sum = t.step("Add", inputs, vec![]);
    let out = t.name(&op.out);
    t.node("Log", vec![sum], out, vec![]);
    DONE
}

fn power_or_root(t: &mut Translation, op: &ScalarOpIr) -> Result<bool, ExportError> {
    if float_setting(op.rhs)? == 0.5 {
        return unary(t, "Sqrt", &UnaryOpIr { input: op.lhs.clone(), out: op.out.clone() });
    }
    power(t, op)
}

fn matrix_product(t: &mut Translation, op: &MatmulOpIr) -> Result<bool, ExportError> {
    let (lhs, rhs, out) = (t.name(&op.lhs), t.name(&op.rhs), t.name(&op.out));
    t.node("MatMul", vec![lhs, rhs], out, vec![]);
    DONE
}
