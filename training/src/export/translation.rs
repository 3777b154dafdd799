//! From recorded operations to an ONNX graph: names, constants, and the helpers that [`super::operators`] are written with.

use std::collections::{HashMap, HashSet};

use burn::tensor::{DType, TensorData};
use burn_ir::{ScalarIr, TensorId, TensorIr};
use turnaround_core::contract::{Axis, Port};

use super::agreement::{Shapes, agree};
use super::dims::{Dim, Length, Source, find, pair, shape_text};
use super::error::ExportError;
use super::onnx::{Attribute, AxisLength, DataType, Graph, Initialiser, Node, ValueInfo};
use super::operators;
use super::recording::Recording;
use super::symbols::{Ports, Symbols};

/// Translates a network recorded at two sets of lengths.
pub fn translate(recordings: [&Recording; 2], symbols: &[Symbols; 2], ports: &Ports) -> Result<Graph, ExportError> {
    let [first, second] = recordings;
    let inputs = ports.inputs.iter().map(|port| pair(&symbols[0].shape(port), &symbols[1].shape(port))).collect();
    let mut translation = Translation::new(agree(first, second)?, inputs);
    translation.name_ports(first, ports)?;
    translation.store_values(first)?;
    for (operation, twin) in first.operations.iter().zip(&second.operations) {
        operators::translate(&mut translation, operation, twin)?;
    }
    translation.pass_outputs(first, ports);
    translation.graph.inputs = ports.inputs.iter().map(value_info).collect();
    translation.graph.outputs = ports.outputs.iter().map(value_info).collect();
    Ok(translation.graph)
}

/// A translation under way. Names it invents hold a colon, which no module path or port does.
pub struct Translation {
    graph: Graph,
    shapes: Shapes,
    names: HashMap<TensorId, String>,
    taken: HashSet<String>,
    constants: HashMap<(DataType, Vec<usize>, Vec<u8>), String>,
    /// Shapes of the graph's inputs at both tracings, and their names.
    input_shapes: Vec<Vec<Dim>>,
    input_names: Vec<String>,
    /// Lengths read from inputs so far.
    read: HashMap<Source, String>,
    invented: usize,
}

impl Translation {
    fn new(shapes: Shapes, input_shapes: Vec<Vec<Dim>>) -> Self {
        Self {
            graph: Graph::default(),
            shapes,
            names: HashMap::new(),
            taken: HashSet::new(),
            constants: HashMap::new(),
            input_shapes,
            input_names: Vec::new(),
            read: HashMap::new(),
            invented: 0,
        }
    }

    fn name_ports(&mut self, recording: &Recording, ports: &Ports) -> Result<(), ExportError> {
        for (&id, port) in recording.inputs.iter().zip(&ports.inputs) {
            self.take(&port.name)?;
            self.names.insert(id, port.name.clone());
            self.input_names.push(port.name.clone());
        }
        let computed: HashSet<TensorId> =
            recording.operations.iter().flat_map(|operation| operation.outputs()).map(|tensor| tensor.id).collect();
        for (&id, port) in recording.outputs.iter().zip(&ports.outputs) {
            self.take(&port.name)?;
            if computed.contains(&id) {
                self.names.insert(id, port.name.clone());
            }
        }
        Ok(())
    }

    fn take(&mut self, name: &str) -> Result<(), ExportError> {
        if self.taken.insert(name.to_owned()) { Ok(()) } else { Err(ExportError::NameTaken(name.to_owned())) }
    }

    /// Parameters under their module path, other values under a number; those that count along a symbolic axis become nodes.
    fn store_values(&mut self, recording: &Recording) -> Result<(), ExportError> {
        for (&id, data) in &recording.values {
            if let Some(length) = self.open_count(id) {
                let name = self.count(length, data)?;
                self.names.insert(id, name);
                continue;
            }
            let path = recording.parameters.get(&id);
            let name = match path {
                Some(path) => {
                    self.take(path)?;
                    path.clone()
                }
                None => self.invent(),
            };
            let (data_type, bytes) = stored(data, &name)?;
            let shape = data.shape().as_slice().to_vec();
            self.graph.initialisers.push(Initialiser {
                name: name.clone(),
                data_type,
                shape,
                bytes,
                is_parameter: path.is_some(),
            });
            self.names.insert(id, name);
        }
        Ok(())
    }

    /// The symbolic length that a value counts to. Of all values only counts may have one.
    fn open_count(&self, id: TensorId) -> Option<Dim> {
        let [length] = self.shapes.get(&id)?[..] else { return None };
        length.fixed().is_none().then_some(length)
    }

    /// 0, 1, 2 up to a length that some input tells.
    fn count(&mut self, length: Dim, data: &TensorData) -> Result<String, ExportError> {
        let source = find(length, &self.input_shapes).ok_or_else(|| ExportError::live_constant("arange", &[length]))?;
        let (zero, one) = (self.int(0), self.int(1));
        let length = self.read(source);
        let axes = self.ints(&[0]);
        let length = self.step("Squeeze", vec![length, axes], vec![]);
        let count = self.step("Range", vec![zero, length, one], vec![]);
        match data_type(data.dtype(), "a count")? {
            DataType::I64 => Ok(count),
            other => Ok(self.step("Cast", vec![count], vec![("to", Attribute::Int(other as i64))])),
        }
    }

    /// Outputs that are inputs or constants still need a node, for ONNX knows each name once.
    fn pass_outputs(&mut self, recording: &Recording, ports: &Ports) {
        for (id, port) in recording.outputs.iter().zip(&ports.outputs) {
            let name = self.names[id].clone();
            if name != port.name {
                self.node("Identity", vec![name], port.name.clone(), vec![]);
            }
        }
    }

    fn invent(&mut self) -> String {
        self.invented += 1;
        format!("value:{}", self.invented)
    }

    /// The name of a recorded tensor.
    pub fn name(&mut self, tensor: &TensorIr) -> String {
        if let Some(name) = self.names.get(&tensor.id) {
            return name.clone();
        }
        let name = self.invent();
        self.names.insert(tensor.id, name.clone());
        name
    }

    /// The shape of a recorded tensor at both tracings.
    pub fn shape(&self, tensor: &TensorIr) -> &[Dim] {
        &self.shapes[&tensor.id]
    }

    /// The length of an axis that must be known now.
    pub fn fixed_length(&self, tensor: &TensorIr, axis: usize, operation: &'static str) -> Result<i64, ExportError> {
        let shape = self.shape(tensor);
        let open = || ExportError::OpenAxis { operation, axis, shape: shape_text(shape) };
        shape[axis].fixed().map(|n| n as i64).ok_or_else(open)
    }

    /// Adds a node that makes `output`.
    pub fn node(
        &mut self,
        operator: &'static str,
        inputs: Vec<String>,
        output: String,
        attributes: Vec<(&'static str, Attribute)>,
    ) {
        self.nodes(operator, inputs, vec![output], attributes);
    }

    /// Adds a node with several outputs.
    pub fn nodes(
        &mut self,
        operator: &'static str,
        inputs: Vec<String>,
        outputs: Vec<String>,
        attributes: Vec<(&'static str, Attribute)>,
    ) {
        self.graph.nodes.push(Node { operator, inputs, outputs, attributes });
    }

    /// Adds a node whose output is used by the next one, and returns that output's name.
    pub fn step(&mut self, operator: &'static str, inputs: Vec<String>, attributes: Vec<(&'static str, Attribute)>) -> String {
        let output = self.invent();
        self.node(operator, inputs, output.clone(), attributes);
        output
    }

    /// A name for an output that nothing reads.
    pub fn unused(&mut self) -> String {
        self.invent()
    }

    /// Several integers as a constant.
    pub fn ints(&mut self, values: &[i64]) -> String {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.constant(DataType::I64, vec![values.len()], bytes)
    }

    /// One integer as a constant without axes.
    pub fn int(&mut self, value: i64) -> String {
        self.constant(DataType::I64, vec![], value.to_le_bytes().to_vec())
    }

    /// The shapes of the graph's inputs at both tracings.
    pub fn input_shapes(&self) -> &[Vec<Dim>] {
        &self.input_shapes
    }

    /// The target of a reshape: a constant where all lengths are numbers, else put together at each run.
    pub fn lengths(&mut self, target: &[Length]) -> String {
        let numbers: Option<Vec<i64>> =
            target.iter().map(|length| if let Length::Number(n) = length { Some(*n) } else { None }).collect();
        if let Some(numbers) = numbers {
            return self.ints(&numbers);
        }
        let parts = target
            .iter()
            .map(|length| match *length {
                Length::Number(n) => self.ints(&[n]),
                Length::Read(source) => self.read(source),
            })
            .collect();
        self.step("Concat", parts, vec![("axis", Attribute::Int(0))])
    }

    /// A length of one of the graph's inputs, as a constant of shape `[1]` would be.
    fn read(&mut self, source: Source) -> String {
        if let Some(name) = self.read.get(&source) {
            return name.clone();
        }
        let shape = self.step("Shape", vec![self.input_names[source.input].clone()], vec![]);
        let axis = self.ints(&[source.axis as i64]);
        let mut length = self.step("Gather", vec![shape, axis], vec![("axis", Attribute::Int(0))]);
        for (operator, factor) in [("Mul", source.times), ("Div", source.over)] {
            if factor != 1 {
                let factor = self.ints(&[factor]);
                length = self.step(operator, vec![length, factor], vec![]);
            }
        }
        self.read.insert(source, length.clone());
        length
    }

    /// A scalar of a tensor's type, as a constant without axes.
    pub fn scalar(&mut self, value: ScalarIr, dtype: DType) -> Result<String, ExportError> {
        let bytes = scalar_bytes(value, dtype)?;
        Ok(self.constant(data_type(dtype, "a scalar")?, vec![], bytes))
    }

    /// A float as a constant without axes.
    pub fn float(&mut self, value: f64) -> String {
        self.constant(DataType::F32, vec![], (value as f32).to_le_bytes().to_vec())
    }

    fn constant(&mut self, data_type: DataType, shape: Vec<usize>, bytes: Vec<u8>) -> String {
        let key = (data_type, shape, bytes);
        if let Some(name) = self.constants.get(&key) {
            return name.clone();
        }
        let name = format!("constant:{}", self.constants.len());
        let (data_type, shape, bytes) = key.clone();
        self.graph.initialisers.push(Initialiser { name: name.clone(), data_type, shape, bytes, is_parameter: false });
        self.constants.insert(key, name.clone());
        name
    }
}

/// The ONNX type for one of burn's.
pub fn data_type(dtype: DType, what: &str) -> Result<DataType, ExportError> {
    match dtype {
        DType::F32 => Ok(DataType::F32),
        DType::I32 => Ok(DataType::I32),
        DType::I64 => Ok(DataType::I64),
        DType::Bool(_) => Ok(DataType::Bool),
        other => Err(ExportError::DataType { what: what.to_owned(), found: format!("{other:?}") }),
    }
}

/// A float setting, whatever kind of number it was recorded as.
pub fn float_setting(value: ScalarIr) -> Result<f64, ExportError> {
    match value {
        ScalarIr::Float(x) => Ok(x),
        ScalarIr::Int(x) => Ok(x as f64),
        ScalarIr::UInt(x) => Ok(x as f64),
        ScalarIr::Bool(_) => Err(ExportError::Scalar { value: format!("{value:?}"), wanted: "floats".to_owned() }),
    }
}

fn scalar_bytes(value: ScalarIr, dtype: DType) -> Result<Vec<u8>, ExportError> {
    let misfit = || ExportError::Scalar { value: format!("{value:?}"), wanted: format!("{dtype:?}") };
    let whole = || match value {
        ScalarIr::Int(x) => Ok(x),
        ScalarIr::UInt(x) => i64::try_from(x).map_err(|_| misfit()),
        ScalarIr::Float(x) if x.fract() == 0.0 && x.abs() < 2f64.powi(53) => Ok(x as i64),
        ScalarIr::Float(_) | ScalarIr::Bool(_) => Err(misfit()),
    };
    match data_type(dtype, "a scalar")? {
        DataType::F32 => Ok((float_setting(value)? as f32).to_le_bytes().to_vec()),
        DataType::I64 => Ok(whole()?.to_le_bytes().to_vec()),
        DataType::I32 => Ok(i32::try_from(whole()?).map_err(|_| misfit())?.to_le_bytes().to_vec()),
        DataType::Bool => match value {
            ScalarIr::Bool(x) => Ok(vec![u8::from(x)]),
            _ => Err(misfit()),
        },
        DataType::F16 => Err(misfit()),
    }
}

/// The numbers of a tensor as ONNX stores them.
fn stored(data: &TensorData, name: &str) -> Result<(DataType, Vec<u8>), ExportError> {
    let data_type = data_type(data.dtype(), name)?;
    // Truth values may stand in wider words on the device they come from.
    let bytes = if data_type == DataType::Bool { data.iter::<bool>().map(u8::from).collect() } else { data.as_bytes().to_vec() };
    Ok((data_type, bytes))
}

fn value_info(port: &Port) -> ValueInfo {
    ValueInfo { name: port.name.clone(), shape: port.shape.iter().map(axis_length).collect() }
}

/// A symbolic axis is named as in the manifest, for instance `4*tokens`.
fn axis_length(axis: &Axis) -> AxisLength {
    match (axis, serde_json::to_value(axis)) {
        (Axis::Fixed(length), _) => AxisLength::Fixed(*length as i64),
        (_, Ok(serde_json::Value::String(text))) => AxisLength::Symbol(text),
        (axis, other) => unreachable!("the contract writes {axis:?} as a text, not {other:?}"),
    }
}
