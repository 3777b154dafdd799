//! Two tracings side by side. What differs between them follows a symbolic length; what must not differ is refused here.

use std::collections::HashMap;

use burn::tensor::{Shape, Slice, TensorData};
use burn_ir::{IrVisitorMut, OperationIr, ScalarIr, TensorId, TensorIr, TensorStatus};

use super::dims::{Dim, pair, shape_text};
use super::error::ExportError;
use super::recording::Recording;

/// The shape of every tensor, by its number in the first recording.
pub type Shapes = HashMap<TensorId, Vec<Dim>>;

/// Checks that both recordings are the same network at different lengths.
///
/// Values must be the same in both, but for one kind: numbers that count along an axis follow it.
///
/// # Errors
/// `Diverged`, `FrozenSetting`, `LiveConstant` or `FrozenValue`.
pub fn agree(first: &Recording, second: &Recording) -> Result<Shapes, ExportError> {
    let mut twins = Twins::default();
    if first.operations.len() != second.operations.len() {
        return Err(diverged(first, second));
    }
    for (a, b) in first.operations.iter().zip(&second.operations) {
        twins.meet(a, b)?;
    }
    twins.check_values(first, second)?;
    Ok(twins.shapes)
}

/// The first place where two recordings of different lengths part.
fn diverged(first: &Recording, second: &Recording) -> ExportError {
    let name = |operations: &[OperationIr], i: usize| operations.get(i).map_or("nothing".to_owned(), operation_name);
    let (a, b) = (&first.operations, &second.operations);
    let at = (0..a.len().min(b.len())).find(|&i| name(a, i) != name(b, i)).unwrap_or(a.len().min(b.len()));
    ExportError::Diverged { first: name(a, at), second: name(b, at) }
}

#[derive(Default)]
struct Twins {
    shapes: Shapes,
    /// Number in the second recording to number in the first.
    first_of: HashMap<TensorId, TensorId>,
}

impl Twins {
    fn meet(&mut self, a: &OperationIr, b: &OperationIr) -> Result<(), ExportError> {
        let (nodes_a, nodes_b) = (a.nodes(), b.nodes());
        let parted = || ExportError::Diverged { first: operation_name(a), second: operation_name(b) };
        if nodes_a.len() != nodes_b.len() {
            return Err(parted());
        }
        for (x, y) in nodes_a.iter().zip(&nodes_b) {
            if *self.first_of.entry(y.id).or_insert(x.id) != x.id || x.shape.num_dims() != y.shape.num_dims() {
                return Err(parted());
            }
            self.shapes.entry(x.id).or_insert_with(|| pair(x.shape.as_slice(), y.shape.as_slice()));
        }
        if bare(a) == bare(b) {
            return Ok(());
        }
        let (first, second) = (operation_name(a), operation_name(b));
        if first != second {
            return Err(ExportError::Diverged { first, second });
        }
        let shape = nodes_a.first().map(|tensor| shape_text(&self.shapes[&tensor.id])).unwrap_or_default();
        Err(ExportError::FrozenSetting { operation: first, shape })
    }

    fn check_values(&self, first: &Recording, second: &Recording) -> Result<(), ExportError> {
        for (other, data) in &second.values {
            // A value that is itself an output meets no operation; both recordings list outputs in the same order.
            let as_output = || second.outputs.iter().position(|id| id == other).map(|i| first.outputs[i]);
            let Some(id) = self.first_of.get(other).copied().or_else(as_output) else { continue };
            match first.values.get(&id) {
                Some(twin) if counts(twin) && counts(data) => {}
                Some(twin) => check_value(twin, data)?,
                None => return Err(diverged(first, second)),
            }
        }
        Ok(())
    }
}

/// Whether a value is 0, 1, 2 and so on: what `Tensor::arange` makes. A constant that counts to the same number both times stays one.
fn counts(data: &TensorData) -> bool {
    data.shape().num_dims() == 1 && data.dtype().is_int() && data.iter::<i64>().eq(0..data.num_elements() as i64)
}

fn check_value(first: &TensorData, second: &TensorData) -> Result<(), ExportError> {
    let shape = pair(first.shape().as_slice(), second.shape().as_slice());
    if first.shape() != second.shape() {
        return Err(ExportError::live_constant("from_data", &shape));
    }
    if first.as_bytes() != second.as_bytes() {
        return Err(ExportError::FrozenValue { shape: shape_text(&shape) });
    }
    Ok(())
}

/// The operation with its tensors and slice ranges blanked, which leaves its settings.
fn bare(operation: &OperationIr) -> OperationIr {
    struct Blank;
    impl IrVisitorMut for Blank {
        fn visit_tensor_mut(&mut self, tensor: &mut TensorIr) {
            tensor.id = TensorId::new(0);
            tensor.shape = Shape::new([]);
            tensor.status = TensorStatus::ReadOnly;
        }

        fn visit_scalar_mut(&mut self, scalar: &mut ScalarIr) {
            // Not a number equals nothing, itself included, so it is compared by its bits.
            if let ScalarIr::Float(x) = scalar {
                *scalar = ScalarIr::UInt(x.to_bits());
            }
        }

        fn visit_range_mut(&mut self, range: &mut Slice) {
            *range = Slice::new(0, None, range.step());
        }
    }
    let mut operation = operation.clone();
    operation.visit_mut(&mut Blank);
    operation
}

/// The operation's own name, such as `Reshape`.
pub fn operation_name(operation: &OperationIr) -> String {
    let text = format!("{operation:?}");
    let head = text.split('{').next().unwrap_or(&text);
    let words: Vec<&str> = head.split(['(', ')', ',', ' ']).filter(|word| !word.is_empty()).collect();
    // The last word is the record that holds the operation's settings; the one before it is the operation.
    words[words.len().saturating_sub(2)].to_owned()
}
