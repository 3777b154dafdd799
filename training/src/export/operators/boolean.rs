//! Truth values.

use burn_ir::BoolOperationIr;

use super::super::error::ExportError;
use super::super::translation::Translation;
use super::{binary, cast, unary};

pub fn translate(t: &mut Translation, op: &BoolOperationIr) -> Result<bool, ExportError> {
    match op {
        BoolOperationIr::IntoFloat(op) | BoolOperationIr::IntoInt(op) => cast(t, op),
        BoolOperationIr::Not(op) => unary(t, "Not", op),
        BoolOperationIr::And(op) => binary(t, "And", op),
        BoolOperationIr::Or(op) => binary(t, "Or", op),
        BoolOperationIr::Xor(op) => binary(t, "Xor", op),
    }
}
