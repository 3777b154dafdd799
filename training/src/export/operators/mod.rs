//! One function per operation: what burn recorded, as ONNX nodes.
//!
//! Whatever has no function here is refused by name. An operation comes with its twin from the second tracing, because the ranges
//! of slices are the one setting that may follow a symbolic length.

mod activation;
mod attention;
mod base;
mod boolean;
mod convolution;
mod float;
mod module;
mod numeric;
mod select;

use burn_ir::{BinaryOpIr, CastOpIr, IntOperationIr, OperationIr, ScalarOpIr, UnaryOpIr};

use super::agreement::operation_name;
use super::error::ExportError;
use super::onnx::Attribute;
use super::translation::{Translation, data_type};

/// Settings of a node.
type Attributes = Vec<(&'static str, Attribute)>;

/// Adds the nodes of one operation.
pub fn translate(t: &mut Translation, operation: &OperationIr, twin: &OperationIr) -> Result<(), ExportError> {
    let is_known = match (operation, twin) {
        (OperationIr::BaseFloat(op), OperationIr::BaseFloat(twin))
        | (OperationIr::BaseInt(op), OperationIr::BaseInt(twin))
        | (OperationIr::BaseBool(op), OperationIr::BaseBool(twin)) => base::translate(t, op, twin)?,
        (OperationIr::NumericFloat(_, op), _) | (OperationIr::NumericInt(_, op), _) => numeric::translate(t, op)?,
        (OperationIr::Float(_, op), _) => float::translate(t, op)?,
        (OperationIr::Int(IntOperationIr::IntoFloat(op)), _) => cast(t, op)?,
        (OperationIr::Bool(op), _) => boolean::translate(t, op)?,
        (OperationIr::Activation(op), _) => activation::translate(t, op)?,
        (OperationIr::Module(op), _) => module::translate(t, op)?,
        _ => false,
    };
    if is_known { Ok(()) } else { Err(ExportError::unsupported(operation_name(operation), "")) }
}

/// An operation translated, for use as a match arm's value.
const DONE: Result<bool, ExportError> = Ok(true);

/// An operation without a translation.
const UNKNOWN: Result<bool, ExportError> = Ok(false);

fn unary(t: &mut Translation, operator: &'static str, op: &UnaryOpIr) -> Result<bool, ExportError> {
    let (input, out) = (t.name(&op.input), t.name(&op.out));
    t.node(operator, vec![input], out, vec![]);
    DONE
}

fn binary(t: &mut Translation, operator: &'static str, op: &BinaryOpIr) -> Result<bool, ExportError> {
    let (lhs, rhs, out) = (t.name(&op.lhs), t.name(&op.rhs), t.name(&op.out));
    t.node(operator, vec![lhs, rhs], out, vec![]);
    DONE
}

fn with_scalar(t: &mut Translation, operator: &'static str, op: &ScalarOpIr) -> Result<bool, ExportError> {
    let (lhs, rhs, out) = (t.name(&op.lhs), t.scalar(op.rhs, op.lhs.dtype)?, t.name(&op.out));
    t.node(operator, vec![lhs, rhs], out, vec![]);
    DONE
}

fn cast(t: &mut Translation, op: &CastOpIr) -> Result<bool, ExportError> {
    data_type(op.input.dtype, "the input of a cast")?;
    let to = data_type(op.out.dtype, "the result of a cast")?;
    let (input, out) = (t.name(&op.input), t.name(&op.out));
    t.node("Cast", vec![input], out, vec![("to", Attribute::Int(to as i64))]);
    DONE
}

fn axis(axis: usize) -> Attributes {
    vec![("axis", Attribute::Int(axis as i64))]
}
