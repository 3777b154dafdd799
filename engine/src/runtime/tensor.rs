//! Tensors as they cross the runtime's border: a shape and row-major 32-bit floats.

use serde::Serialize;

/// Borrowed values with their shape, outermost axis first.
#[derive(Clone, Debug)]
pub struct TensorView<'a> {
    shape: Vec<usize>,
    values: &'a [f32],
}

impl<'a> TensorView<'a> {
    /// Joins values and shape.
    ///
    /// # Panics
    /// When the shape does not multiply to the number of values: a broken promise inside the engine.
    pub fn new(shape: &[usize], values: &'a [f32]) -> Self {
        assert_eq!(shape.iter().product::<usize>(), values.len(), "shape {shape:?} does not hold {} values", values.len());
        TensorView { shape: shape.to_vec(), values }
    }

    /// Lengths of the axes.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The values, last axis fastest.
    pub fn values(&self) -> &'a [f32] {
        self.values
    }
}

/// Owned values with their shape, outermost axis first.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    shape: Vec<usize>,
    values: Vec<f32>,
}

impl Tensor {
    /// Joins values and shape.
    ///
    /// # Panics
    /// When the shape does not multiply to the number of values.
    pub fn new(shape: Vec<usize>, values: Vec<f32>) -> Self {
        assert_eq!(shape.iter().product::<usize>(), values.len(), "shape {shape:?} does not hold {} values", values.len());
        Tensor { shape, values }
    }

    /// Lengths of the axes.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The values, last axis fastest.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// The values, given away.
    pub fn into_values(self) -> Vec<f32> {
        self.values
    }

    /// The same tensor, borrowed.
    pub fn view(&self) -> TensorView<'_> {
        TensorView { shape: self.shape.clone(), values: &self.values }
    }
}

/// One axis as a file declares it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Dimension {
    /// Always this long.
    Fixed(usize),
    /// Chosen at each run.
    Free,
}

/// One input or output as a file declares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortInfo {
    /// The tensor's name.
    pub name: String,
    /// Its axes; nothing where the file does not say.
    pub shape: Option<Vec<Dimension>>,
    /// Whether its values are 32-bit floats.
    pub is_f32: bool,
}
