//! Activation functions.

use burn_ir::{ActivationOperationIr, DimOpIr, ScalarOpIr, UnaryOpIr};

use super::super::error::ExportError;
use super::super::onnx::Attribute;
use super::super::translation::{Translation, float_setting};
use super::{DONE, UNKNOWN, axis, unary};

pub fn translate(t: &mut Translation, op: &ActivationOperationIr) -> Result<bool, ExportError> {
    match op {
        ActivationOperationIr::Relu(op) => unary(t, "Relu", op),
        ActivationOperationIr::LeakyRelu(op) => leaky_relu(t, op),
        ActivationOperationIr::Sigmoid(op) => unary(t, "Sigmoid", op),
        ActivationOperationIr::Gelu(op) => gelu(t, op),
        ActivationOperationIr::Softmax(op) => along_axis(t, "Softmax", op),
        ActivationOperationIr::LogSoftmax(op) => along_axis(t, "LogSoftmax", op),
        _ => UNKNOWN,
    }
}

fn leaky_relu(t: &mut Translation, op: &ScalarOpIr) -> Result<bool, ExportError> {
    let slope = Attribute::Float(float_setting(op.rhs)? as f32);
    let (input, out) = (t.name(&op.lhs), t.name(&op.out));
    t.node("LeakyRelu", vec![input], out, vec![("alpha", slope)]);
    DONE
}

/// `x (erf(x / √2) + 1) / 2`. Gelu is an operator from set 20 on; ONNX Runtime recognises exactly these five nodes and fuses them.
fn gelu(t: &mut Translation, op: &UnaryOpIr) -> Result<bool, ExportError> {
    let (input, out) = (t.name(&op.input), t.name(&op.out));
    let (root, one, half) = (t.float(std::f64::consts::SQRT_2), t.float(1.0), t.float(0.5));
    let scaled = t.step("Div", vec![input.clone(), root], vec![]);
    let erf = t.step("Erf", vec![scaled], vec![]);
    let raised = t.step("Add", vec![erf, one], vec![]);
    let product = t.step("Mul", vec![input, raised], vec![]);
    t.node("Mul", vec![product, half], out, vec![]);
    DONE
}

fn along_axis(t: &mut Translation, operator: &'static str, op: &DimOpIr) -> Result<bool, ExportError> {
    let (input, out) = (t.name(&op.input), t.name(&op.out));
    t.node(operator, vec![input], out, axis(op.axis));
    DONE
}
