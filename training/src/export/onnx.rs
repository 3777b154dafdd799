//! An ONNX graph in memory, and its file. Field numbers are those of onnx.proto3.

use half::f16;

use super::protobuf::Message;

/// The operator set our graphs are written in: LayerNormalization needs 17, axes of reductions as inputs 18.
pub const OPSET: i64 = 18;

/// The file format's version, the first that knows operator set 18 being 8.
const IR_VERSION: i64 = 9;

/// Parameters with fewer elements than this stay 32-bit: they weigh nothing, and norms and biases profit from exact values.
const SMALLEST_NARROWED: usize = 256;

/// Marks the stored form of a parameter that is widened when the graph is loaded.
pub const NARROWED: &str = ".f16";

/// Types of numbers, by their code in ONNX.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(i64)]
pub enum DataType {
    /// 32-bit float.
    F32 = 1,
    /// 32-bit integer.
    I32 = 6,
    /// 64-bit integer.
    I64 = 7,
    /// Truth value, a byte each.
    Bool = 9,
    /// 16-bit float; only parameters are stored so.
    F16 = 10,
}

/// A setting of a node.
#[derive(Clone, Debug, PartialEq)]
pub enum Attribute {
    /// An integer.
    Int(i64),
    /// A float.
    Float(f32),
    /// Several integers.
    Ints(Vec<i64>),
    /// A text.
    Text(&'static str),
}

/// One operation.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// ONNX's name of the operation.
    pub operator: &'static str,
    /// Names of what it reads.
    pub inputs: Vec<String>,
    /// Names of what it makes.
    pub outputs: Vec<String>,
    /// Its settings.
    pub attributes: Vec<(&'static str, Attribute)>,
}

/// A tensor that is part of the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Initialiser {
    /// Its name in the graph.
    pub name: String,
    /// Type of its numbers.
    pub data_type: DataType,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its numbers, little-endian.
    pub bytes: Vec<u8>,
    /// Whether training changes it.
    pub is_parameter: bool,
}

/// One axis of an input or output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AxisLength {
    /// Always this long.
    Fixed(i64),
    /// As long as each run makes it.
    Symbol(String),
}

/// A named input or output of 32-bit floats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueInfo {
    /// Its name.
    pub name: String,
    /// Its axes.
    pub shape: Vec<AxisLength>,
}

/// How parameters are stored. Either way a graph computes in 32-bit floats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WeightPrecision {
    /// As trained.
    F32,
    /// In half the space, rounded to 11 significant bits and widened once when the graph is loaded.
    F16,
}

/// A graph with its parameters.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Graph {
    /// Operations, each after what it reads.
    pub nodes: Vec<Node>,
    /// Parameters and constants.
    pub initialisers: Vec<Initialiser>,
    /// Inputs, in order.
    pub inputs: Vec<ValueInfo>,
    /// Outputs, in order.
    pub outputs: Vec<ValueInfo>,
    /// Remarks for whoever opens the file.
    pub metadata: Vec<(String, String)>,
}

impl Graph {
    /// The content of an ONNX file.
    pub fn to_bytes(&self, precision: WeightPrecision) -> Vec<u8> {
        let mut operator_set = Message::default();
        operator_set.text(1, "").int(2, OPSET);
        let mut model = Message::default();
        model.int(1, IR_VERSION).text(2, "turnaround").message(7, &self.graph(precision)).message(8, &operator_set);
        for (key, value) in &self.metadata {
            let mut entry = Message::default();
            entry.text(1, key).text(2, value);
            model.message(14, &entry);
        }
        model.into_bytes()
    }

    fn graph(&self, precision: WeightPrecision) -> Message {
        let mut graph = Message::default();
        let narrowed = |tensor: &Initialiser| (precision == WeightPrecision::F16).then(|| narrow(tensor)).flatten();
        let (mut widenings, mut tensors) = (Vec::new(), Vec::new());
        for tensor in &self.initialisers {
            match narrowed(tensor) {
                Some(stored) => {
                    widenings.push(widening(&stored.name, &tensor.name));
                    tensors.push(initialiser(&stored));
                }
                None => tensors.push(initialiser(tensor)),
            }
        }
        for (index, node) in widenings.iter().chain(&self.nodes).enumerate() {
            graph.message(1, &node_message(node, index));
        }
        graph.text(2, "turnaround");
        for tensor in &tensors {
            graph.message(5, tensor);
        }
        for input in &self.inputs {
            graph.message(11, &value_info(input));
        }
        for output in &self.outputs {
            graph.message(12, &value_info(output));
        }
        graph
    }
}

/// The parameter in 16 bits; none for what is small, not a parameter, or out of range.
fn narrow(tensor: &Initialiser) -> Option<Initialiser> {
    let elements: usize = tensor.shape.iter().product();
    if !tensor.is_parameter || tensor.data_type != DataType::F32 || elements < SMALLEST_NARROWED {
        return None;
    }
    let mut bytes = Vec::with_capacity(2 * elements);
    for four in tensor.bytes.chunks_exact(4) {
        let value = f32::from_le_bytes([four[0], four[1], four[2], four[3]]);
        let rounded = f16::from_f32(value);
        if rounded.is_infinite() && value.is_finite() {
            return None;
        }
        bytes.extend(rounded.to_le_bytes());
    }
    let (name, shape) = (format!("{}{NARROWED}", tensor.name), tensor.shape.clone());
    Some(Initialiser { name, data_type: DataType::F16, shape, bytes, is_parameter: true })
}

fn widening(stored: &str, name: &str) -> Node {
    Node {
        operator: "Cast",
        inputs: vec![stored.to_owned()],
        outputs: vec![name.to_owned()],
        attributes: vec![("to", Attribute::Int(DataType::F32 as i64))],
    }
}

fn initialiser(tensor: &Initialiser) -> Message {
    let mut message = Message::default();
    for &length in &tensor.shape {
        message.int(1, length as i64);
    }
    message.int(2, tensor.data_type as i64).text(8, &tensor.name).bytes(9, &tensor.bytes);
    message
}

fn node_message(node: &Node, index: usize) -> Message {
    let mut message = Message::default();
    for input in &node.inputs {
        message.text(1, input);
    }
    for output in &node.outputs {
        message.text(2, output);
    }
    message.text(3, &format!("{}_{index}", node.operator)).text(4, node.operator);
    for (name, value) in &node.attributes {
        message.message(5, &attribute(name, value));
    }
    message
}

fn attribute(name: &str, value: &Attribute) -> Message {
    let mut message = Message::default();
    message.text(1, name);
    match value {
        Attribute::Float(value) => message.float(2, *value).int(20, 1),
        Attribute::Int(value) => message.int(3, *value).int(20, 2),
        Attribute::Text(value) => message.text(4, value).int(20, 3),
        Attribute::Ints(values) => {
            for &value in values {
                message.int(8, value);
            }
            message.int(20, 7)
        }
    };
    message
}

fn value_info(value: &ValueInfo) -> Message {
    let mut shape = Message::default();
    for axis in &value.shape {
        let mut dimension = Message::default();
        match axis {
            AxisLength::Fixed(length) => dimension.int(1, *length),
            AxisLength::Symbol(name) => dimension.text(2, name),
        };
        shape.message(1, &dimension);
    }
    let mut tensor = Message::default();
    tensor.int(1, DataType::F32 as i64).message(2, &shape);
    let mut kind = Message::default();
    kind.message(1, &tensor);
    let mut message = Message::default();
    message.text(1, &value.name).message(2, &kind);
    message
}
