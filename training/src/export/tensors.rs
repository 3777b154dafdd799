//! Named tensors of any rank, going into and coming out of a forward pass.

use std::any::Any;

use burn::tensor::{Device, Tensor, TensorData};
use burn_dispatch::backends::Capture;
use burn_ir::TensorId;
use turnaround_core::contract::Port;

use super::error::ExportError;
use super::symbols::Symbols;

/// A float tensor whose rank is known only at run time.
trait AnyTensor {
    fn dims(&self) -> Vec<usize>;
    fn data(&self) -> TensorData;
    /// The tensor's number in a recording; none on a device that computes.
    fn id(&self) -> Option<TensorId>;
    fn as_any(&self) -> &dyn Any;
}

impl<const D: usize> AnyTensor for Tensor<D> {
    fn dims(&self) -> Vec<usize> {
        Tensor::dims(self).to_vec()
    }

    fn data(&self) -> TensorData {
        self.to_data()
    }

    fn id(&self) -> Option<TensorId> {
        self.clone().try_into_primitive::<Capture>().ok().map(|tensor| tensor.id())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

struct Named {
    name: String,
    tensor: Box<dyn AnyTensor>,
}

/// The inputs of a forward pass, by name.
pub struct Inputs {
    tensors: Vec<Named>,
}

impl Inputs {
    /// Puts values on a device, for instance to compare a network with its graph.
    ///
    /// # Errors
    /// [`ExportError::Rank`] for more than five axes, or none.
    pub fn new(values: impl IntoIterator<Item = (String, TensorData)>, device: &Device) -> Result<Self, ExportError> {
        let tensors = values
            .into_iter()
            .map(|(name, data)| Ok(Named { tensor: of_any_rank(&name, data, device)?, name }))
            .collect::<Result<_, ExportError>>()?;
        Ok(Self { tensors })
    }

    /// Zeros of the shapes `ports` ask for: a recording needs shapes only.
    pub(super) fn zeros(ports: &[Port], symbols: &Symbols, device: &Device) -> Result<Self, ExportError> {
        let zeros = |port: &Port| {
            let shape = symbols.shape(port);
            (port.name.clone(), TensorData::new(vec![0f32; shape.iter().product()], shape))
        };
        Self::new(ports.iter().map(zeros), device)
    }

    /// The input called `name`.
    ///
    /// # Panics
    /// If there is no such input, or it has another rank: the forward pass and its ports are written together.
    pub fn get<const D: usize>(&self, name: &str) -> Tensor<D> {
        let Some(named) = self.tensors.iter().find(|named| named.name == name) else {
            panic!("the graph has no input called {name:?}");
        };
        match named.tensor.as_any().downcast_ref::<Tensor<D>>() {
            Some(tensor) => tensor.clone(),
            None => panic!("input {name:?} has shape {:?}, not {D} axes", named.tensor.dims()),
        }
    }

    pub(super) fn ids(&self) -> Vec<TensorId> {
        self.tensors.iter().filter_map(|named| named.tensor.id()).collect()
    }
}

fn of_any_rank(name: &str, data: TensorData, device: &Device) -> Result<Box<dyn AnyTensor>, ExportError> {
    Ok(match data.shape().as_slice().len() {
        1 => Box::new(Tensor::<1>::from_data(data, device)),
        2 => Box::new(Tensor::<2>::from_data(data, device)),
        3 => Box::new(Tensor::<3>::from_data(data, device)),
        4 => Box::new(Tensor::<4>::from_data(data, device)),
        5 => Box::new(Tensor::<5>::from_data(data, device)),
        rank => return Err(ExportError::Rank { name: name.to_owned(), rank }),
    })
}

/// The outputs of a forward pass, by name, in the order of the graph's ports.
#[derive(Default)]
pub struct Outputs {
    tensors: Vec<Named>,
}

impl Outputs {
    /// No outputs yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an output.
    pub fn with<const D: usize>(mut self, name: &str, tensor: Tensor<D>) -> Self {
        self.tensors.push(Named { name: name.to_owned(), tensor: Box::new(tensor) });
        self
    }

    /// Names and values, read from the device that computed them.
    pub fn into_data(self) -> Vec<(String, TensorData)> {
        self.tensors.into_iter().map(|named| (named.name, named.tensor.data())).collect()
    }

    /// Compares with what the ports promise.
    pub(super) fn check(&self, ports: &[Port], symbols: &Symbols) -> Result<(), ExportError> {
        let expected: Vec<String> = ports.iter().map(|port| port.name.clone()).collect();
        let found: Vec<String> = self.tensors.iter().map(|named| named.name.clone()).collect();
        if expected != found {
            return Err(ExportError::Outputs { expected, found });
        }
        for (port, named) in ports.iter().zip(&self.tensors) {
            let (expected, found) = (symbols.shape(port), named.tensor.dims());
            if expected != found {
                return Err(ExportError::OutputShape { name: port.name.clone(), expected, found });
            }
        }
        Ok(())
    }

    pub(super) fn ids(&self) -> Vec<TensorId> {
        self.tensors.iter().filter_map(|named| named.tensor.id()).collect()
    }
}
