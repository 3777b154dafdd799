//! Convolutions. burn's and ONNX's weights have the same layout.

use burn_ir::{Conv1dOpIr, Conv2dOpIr, ConvTranspose1dOpIr, TensorIr};

use super::super::error::ExportError;
use super::super::onnx::Attribute;
use super::super::translation::Translation;
use super::{Attributes, DONE};

pub fn conv1d(t: &mut Translation, op: &Conv1dOpIr) -> Result<bool, ExportError> {
    let options = &op.options;
    let pads = pads(&options.padding);
    let attributes = attributes(&op.weight, &options.stride, pads, &options.dilation, options.groups);
    convolve(t, "Conv", [&op.x, &op.weight], op.bias.as_ref(), &op.out, attributes)
}

pub fn conv2d(t: &mut Translation, op: &Conv2dOpIr) -> Result<bool, ExportError> {
    let options = &op.options;
    let pads = pads(&options.padding);
    let attributes = attributes(&op.weight, &options.stride, pads, &options.dilation, options.groups);
    convolve(t, "Conv", [&op.x, &op.weight], op.bias.as_ref(), &op.out, attributes)
}

pub fn conv_transpose1d(t: &mut Translation, op: &ConvTranspose1dOpIr) -> Result<bool, ExportError> {
    let options = &op.options;
    let pads = pads(&options.padding.map(|both| (both, both)));
    let mut attributes = attributes(&op.weight, &options.stride, pads, &options.dilation, options.groups);
    attributes.push(("output_padding", ints(&options.padding_out)));
    convolve(t, "ConvTranspose", [&op.x, &op.weight], op.bias.as_ref(), &op.out, attributes)
}

fn convolve(
    t: &mut Translation,
    operator: &'static str,
    [x, weight]: [&TensorIr; 2],
    bias: Option<&TensorIr>,
    out: &TensorIr,
    attributes: Attributes,
) -> Result<bool, ExportError> {
    let mut inputs = vec![t.name(x), t.name(weight)];
    inputs.extend(bias.map(|bias| t.name(bias)));
    let out = t.name(out);
    t.node(operator, inputs, out, attributes);
    DONE
}

fn attributes(weight: &TensorIr, stride: &[usize], pads: Vec<i64>, dilation: &[usize], groups: usize) -> Attributes {
    // The first two axes of a weight are channels.
    vec![
        ("kernel_shape", ints(&weight.shape.as_slice()[2..])),
        ("strides", ints(stride)),
        ("pads", Attribute::Ints(pads)),
        ("dilations", ints(dilation)),
        ("group", Attribute::Int(groups as i64)),
    ]
}

/// ONNX lists all axes' padding before, then all axes' padding after.
fn pads(sides: &[(usize, usize)]) -> Vec<i64> {
    let before = sides.iter().map(|side| side.0 as i64);
    let after = sides.iter().map(|side| side.1 as i64);
    before.chain(after).collect()
}

fn ints(values: &[usize]) -> Attribute {
    Attribute::Ints(values.iter().map(|&value| value as i64).collect())
}
