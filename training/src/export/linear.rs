//! Linear layers put together again.
//!
//! burn takes a linear layer apart before it is recorded, and chooses how by its lengths: rows of all batches folded into one matrix,
//! or the weight lifted to the input's rank. Two tracings may choose differently, and either way the graph would carry reshapes that
//! do nothing. Here both forms become the one operation they came from; what that leaves unused is dropped with everything else that
//! no output needs.

use std::collections::HashMap;

use burn_ir::{
    BaseOperationIr, BinaryOpIr, FloatOperationIr, LinearOpIr, MatmulOpIr, ModuleOperationIr, NumericOperationIr, OperationIr,
    ShapeOpIr, TensorId, TensorIr,
};

/// Replaces the last operation of every linear layer by the whole layer.
pub fn reassemble(operations: Vec<OperationIr>) -> Vec<OperationIr> {
    let mut makers = Makers::default();
    for operation in operations {
        let linear = match &operation {
            OperationIr::Float(_, FloatOperationIr::Matmul(op)) => makers.product(op),
            OperationIr::NumericFloat(_, NumericOperationIr::Add(op)) => makers.with_bias(op),
            OperationIr::BaseFloat(BaseOperationIr::Reshape(op)) => makers.unfolded(op),
            _ => None,
        };
        makers.add(linear.map_or(operation, |linear| OperationIr::Module(ModuleOperationIr::Linear(linear))));
    }
    makers.operations
}

/// Operations so far, and which of them made a tensor.
#[derive(Default)]
struct Makers {
    operations: Vec<OperationIr>,
    by_tensor: HashMap<TensorId, usize>,
}

impl Makers {
    fn add(&mut self, operation: OperationIr) {
        self.by_tensor.extend(operation.outputs().map(|tensor| (tensor.id, self.operations.len())));
        self.operations.push(operation);
    }

    fn maker(&self, tensor: &TensorIr) -> Option<&OperationIr> {
        self.by_tensor.get(&tensor.id).map(|&index| &self.operations[index])
    }

    fn linear(&self, tensor: &TensorIr) -> Option<&LinearOpIr> {
        match self.maker(tensor)? {
            OperationIr::Module(ModuleOperationIr::Linear(linear)) => Some(linear),
            _ => None,
        }
    }

    fn reshape(&self, tensor: &TensorIr) -> Option<&ShapeOpIr> {
        match self.maker(tensor)? {
            OperationIr::BaseFloat(BaseOperationIr::Reshape(reshape)) => Some(reshape),
            _ => None,
        }
    }

    /// The tensor of `rank` axes that `tensor` is, but for leading axes of length 1.
    fn lowered<'a>(&'a self, tensor: &'a TensorIr, rank: usize) -> Option<&'a TensorIr> {
        let source = if tensor.shape.num_dims() == rank { tensor } else { &self.reshape(tensor)?.input };
        let (leading, rest) = tensor.shape.as_slice().split_at_checked(tensor.shape.num_dims().checked_sub(rank)?)?;
        let is_lifted = leading.iter().all(|&length| length == 1) && rest == source.shape.as_slice();
        is_lifted.then_some(source)
    }

    /// A product with one matrix for all batches.
    fn product(&self, op: &MatmulOpIr) -> Option<LinearOpIr> {
        let weight = self.lowered(&op.rhs, 2)?.clone();
        Some(LinearOpIr { x: op.lhs.clone(), weight, bias: None, out: op.out.clone() })
    }

    /// Such a product plus one row for all. The row may be computed, and then comes with leading axes of length 1.
    fn with_bias(&self, op: &BinaryOpIr) -> Option<LinearOpIr> {
        let linear = self.linear(&op.lhs).filter(|linear| linear.bias.is_none() && linear.out.shape == op.out.shape)?;
        let bias = self.lowered(&op.rhs, 1).unwrap_or(&op.rhs).clone();
        let (width, leading) = bias.shape.as_slice().split_last()?;
        let is_row = Some(width) == op.out.shape.as_slice().last() && leading.iter().all(|&length| length == 1);
        is_row.then(|| LinearOpIr { bias: Some(bias), out: op.out.clone(), ..linear.clone() })
    }

    /// The same of rows that were folded into one matrix before and are parted again after.
    fn unfolded(&self, op: &ShapeOpIr) -> Option<LinearOpIr> {
        let linear = self.linear(&op.input).filter(|linear| linear.x.shape.num_dims() == 2)?;
        let x = &self.reshape(&linear.x)?.input;
        let (width, rows) = x.shape.as_slice().split_last()?;
        let (out_width, out_rows) = op.out.shape.as_slice().split_last()?;
        let is_fold = rows == out_rows
            && Some(width) == linear.x.shape.as_slice().last()
            && Some(out_width) == linear.out.shape.as_slice().last();
        is_fold.then(|| LinearOpIr { x: x.clone(), out: op.out.clone(), ..linear.clone() })
    }
}
