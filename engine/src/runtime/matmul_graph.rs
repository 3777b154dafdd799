//! The smallest useful graph, written by hand: one matrix multiplication. `bench` measures the cores with it, tests the runtimes.

/// An ONNX file that computes `product[rows, columns] = left[rows, inner] x right[inner, columns]`, all 32-bit floats.
///
/// `rows` is a free axis of that name; `inner` and `columns` are fixed. `right` is an input too, so the file stays tiny.
pub fn matmul_graph(inner: usize, columns: usize) -> Vec<u8> {
    let node = [text(1, "left"), text(1, "right"), text(2, "product"), text(3, "multiply"), text(4, "MatMul")].concat();
    let graph = [
        message(1, &node),
        text(2, "matmul"),
        message(11, &value("left", &[free("rows"), fixed(inner)])),
        message(11, &value("right", &[fixed(inner), fixed(columns)])),
        message(12, &value("product", &[free("rows"), fixed(columns)])),
    ]
    .concat();
    let opset = number(2, 18);
    [number(1, 9), message(7, &graph), message(8, &opset)].concat()
}

/// A `ValueInfoProto`: a name and a tensor type of floats (element type 1).
fn value(name: &str, axes: &[Vec<u8>]) -> Vec<u8> {
    let shape: Vec<u8> = axes.iter().flat_map(|axis| message(1, axis)).collect();
    let tensor = [number(1, 1), message(2, &shape)].concat();
    [text(1, name), message(2, &message(1, &tensor))].concat()
}

fn fixed(length: usize) -> Vec<u8> {
    number(1, length as u64)
}

fn free(name: &str) -> Vec<u8> {
    text(2, name)
}

/// A protobuf field that holds a number (wire type 0).
fn number(field: u64, value: u64) -> Vec<u8> {
    [variable_length(field << 3), variable_length(value)].concat()
}

/// A protobuf field that holds bytes (wire type 2).
fn message(field: u64, content: &[u8]) -> Vec<u8> {
    [variable_length(field << 3 | 2), variable_length(content.len() as u64), content.to_vec()].concat()
}

fn text(field: u64, content: &str) -> Vec<u8> {
    message(field, content.as_bytes())
}

/// A number in protobuf's base 128, lowest digits first.
fn variable_length(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}
