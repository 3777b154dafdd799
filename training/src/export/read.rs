//! Weights back from graphs: a model set is a checkpoint, so training can start from one that shipped.

use std::collections::{BTreeMap, BTreeSet};

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Tensor, TensorData};
use half::f16;

use super::onnx::{DataType, NARROWED};
use super::protobuf::{Field, Fields, Malformed};

/// Why weights could not be read, or not be put into a module.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Not an ONNX file.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// A parameter whose bytes do not fill its shape.
    #[error("parameter {name} of shape {shape:?} has {bytes} bytes")]
    Size {
        /// The parameter's module path.
        name: String,
        /// Its shape.
        shape: Vec<usize>,
        /// Bytes found.
        bytes: usize,
    },
    /// Two graphs of one network that disagree.
    #[error("parameter {0} differs between the graphs; they are not of one training")]
    Conflict(String),
    /// The module has a parameter the file lacks.
    #[error("no graph holds the parameter {0}; the set was made with another network")]
    Missing(String),
    /// The file has parameters the module lacks.
    #[error("the network has no parameters {0:?}; the set was made with another network")]
    Unknown(Vec<String>),
    /// A parameter of another shape.
    #[error("parameter {name} is {found:?} in the file and {expected:?} in the network")]
    Shape {
        /// The parameter's module path.
        name: String,
        /// Its shape in the module.
        expected: Vec<usize>,
        /// Its shape in the file.
        found: Vec<usize>,
    },
}

/// One parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Weight {
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its values, row by row; those stored in 16 bits are widened.
    pub values: Vec<f32>,
}

/// Float parameters by module path, for instance `blocks.0.wide.weight`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Weights {
    by_path: BTreeMap<String, Weight>,
}

impl Weights {
    /// Reads the parameters of a graph that [`super::trace`] made.
    ///
    /// # Errors
    /// [`ReadError::Malformed`] for other files, [`ReadError::Size`] for damaged ones.
    pub fn read(file: &[u8]) -> Result<Self, ReadError> {
        let mut by_path = BTreeMap::new();
        let mut model = Fields::of(file);
        while let Some((field, value)) = model.next()? {
            if let (7, Field::Bytes(graph)) = (field, value) {
                read_graph(graph, &mut by_path)?;
            }
        }
        Ok(Self { by_path })
    }

    /// Adds the parameters of another graph of the same network. Shared ones must agree.
    ///
    /// # Errors
    /// [`ReadError::Conflict`].
    pub fn merged(mut self, other: Self) -> Result<Self, ReadError> {
        for (path, weight) in other.by_path {
            match self.by_path.get(&path) {
                Some(own) if *own != weight => return Err(ReadError::Conflict(path)),
                Some(_) => {}
                None => drop(self.by_path.insert(path, weight)),
            }
        }
        Ok(self)
    }

    /// The parameter at a module path.
    pub fn get(&self, path: &str) -> Option<&Weight> {
        self.by_path.get(path)
    }

    /// Every parameter with its module path, in order of paths.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Weight)> {
        self.by_path.iter().map(|(path, weight)| (path.as_str(), weight))
    }

    /// Replaces all float parameters of `module`, each on its own device and with its gradients' setting kept. Parameters of
    /// integers are left as they are: nothing trains them.
    ///
    /// # Errors
    /// `Missing`, `Unknown` or `Shape`: nothing is loaded in part.
    pub fn load_into<M: Module>(&self, module: M) -> Result<M, ReadError> {
        self.check(&module)?;
        Ok(module.map(&mut Loader { path: Vec::new(), weights: self }))
    }

    /// The same for a network of which some parts were never exported: those stay as they are.
    ///
    /// # Errors
    /// `Unknown` or `Shape`: nothing is loaded in part.
    pub fn load_known_into<M: Module>(&self, module: M) -> Result<M, ReadError> {
        match self.check(&module) {
            Ok(()) | Err(ReadError::Missing(_)) => {}
            Err(error) => return Err(error),
        }
        Ok(module.map(&mut Loader { path: Vec::new(), weights: self }))
    }

    /// The parameter at a module path alone, if there is one.
    pub fn only(mut self, path: &str) -> Self {
        self.by_path.retain(|own, _| own == path);
        self
    }

    /// The parameters of one part of the network, by their paths within it; none where there is no such part.
    pub fn of_part(self, name: &str) -> Self {
        let within = |path: &str| path.strip_prefix(name)?.strip_prefix('.').map(str::to_owned);
        Self { by_path: self.by_path.into_iter().filter_map(|(path, weight)| Some((within(&path)?, weight))).collect() }
    }

    /// Whether there is no parameter at all.
    pub fn is_empty(&self) -> bool {
        self.by_path.is_empty()
    }

    fn check<M: Module>(&self, module: &M) -> Result<(), ReadError> {
        let mut shapes = FloatShapes::default();
        module.visit(&mut shapes);
        let mut unknown: BTreeSet<&String> = self.by_path.keys().collect();
        let mut missing = None;
        for (path, expected) in shapes.found {
            let Some(weight) = self.by_path.get(&path) else {
                missing = missing.or(Some(path));
                continue;
            };
            if weight.shape != expected {
                return Err(ReadError::Shape { name: path, expected, found: weight.shape.clone() });
            }
            unknown.remove(&path);
        }
        if !unknown.is_empty() {
            return Err(ReadError::Unknown(unknown.into_iter().cloned().collect()));
        }
        missing.map_or(Ok(()), |path| Err(ReadError::Missing(path)))
    }
}

/// Replaces all float parameters of `module` by those of one graph. For a network spread over several graphs, merge their
/// [`Weights`] first.
///
/// # Errors
/// Any [`ReadError`]: nothing is loaded in part.
pub fn load_into<M: Module>(module: M, file: &[u8]) -> Result<M, ReadError> {
    Weights::read(file)?.load_into(module)
}

fn read_graph(graph: &[u8], by_path: &mut BTreeMap<String, Weight>) -> Result<(), ReadError> {
    let mut fields = Fields::of(graph);
    while let Some((field, value)) = fields.next()? {
        if let (5, Field::Bytes(tensor)) = (field, value)
            && let Some((path, weight)) = read_tensor(tensor)?
        {
            by_path.insert(path, weight);
        }
    }
    Ok(())
}

/// A float parameter; none for constants, whose names hold a colon, and for integers.
fn read_tensor(tensor: &[u8]) -> Result<Option<(String, Weight)>, ReadError> {
    let (mut shape, mut data_type, mut name, mut bytes) = (Vec::new(), 0, "", &[][..]);
    let mut fields = Fields::of(tensor);
    while let Some(field) = fields.next()? {
        match field {
            (1, Field::Int(length)) => shape.push(length_of(length)?),
            (1, Field::Bytes(packed)) => {
                let mut lengths = Fields::of(packed);
                while let Some(length) = lengths.next_packed()? {
                    shape.push(length_of(length)?);
                }
            }
            (2, Field::Int(code)) => data_type = code as i64,
            (8, Field::Bytes(text)) => name = std::str::from_utf8(text).map_err(|_| Malformed)?,
            (9, Field::Bytes(raw)) => bytes = raw,
            _ => {}
        }
    }
    let values: Vec<f32> = match data_type {
        _ if name.contains(':') => return Ok(None),
        code if code == DataType::F32 as i64 => floats(bytes),
        code if code == DataType::F16 as i64 => widened(bytes),
        _ => return Ok(None),
    };
    let path = name.strip_suffix(NARROWED).unwrap_or(name).to_owned();
    let elements = shape.iter().try_fold(1usize, |product, &length| product.checked_mul(length));
    if elements != Some(values.len()) {
        return Err(ReadError::Size { name: path, shape, bytes: bytes.len() });
    }
    Ok(Some((path, Weight { shape, values })))
}

fn length_of(length: u64) -> Result<usize, Malformed> {
    usize::try_from(length).map_err(|_| Malformed)
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]])).collect()
}

fn widened(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(2).map(|two| f16::from_le_bytes([two[0], two[1]]).to_f32()).collect()
}

/// Paths and shapes of a module's float parameters.
#[derive(Default)]
struct FloatShapes {
    path: Vec<String>,
    found: Vec<(String, Vec<usize>)>,
}

impl ModuleVisitor for FloatShapes {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.found.push((self.path.join("."), param.lazy_shape().as_slice().to_vec()));
    }
}

/// Puts checked weights in place; what has none is left.
struct Loader<'a> {
    path: Vec<String>,
    weights: &'a Weights,
}

impl ModuleMapper for Loader<'_> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(weight) = self.weights.by_path.get(&self.path.join(".")) else { return param };
        let data = TensorData::new(weight.values.clone(), weight.shape.clone());
        param.map(|old| {
            let new = Tensor::from_data(data, &old.device());
            if old.is_require_grad() { new.require_grad() } else { new }
        })
    }
}
