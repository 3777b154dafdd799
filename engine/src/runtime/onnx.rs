//! ONNX Runtime, bound at run time through `ort`.
//!
//! **No clash with another plugin's copy.** The library is opened by its absolute path and with local symbols, and the one function
//! we take from it is looked up in that very handle, so another copy in the host's process neither serves us nor is served by us.
//! Should another plugin have opened the very same file, ONNX Runtime counts the users of its environment; ours keeps no thread
//! pool, allocator or provider there that others could notice. The first library that opens stays for the life of the process.

use std::path::Path;
use std::sync::{Mutex, OnceLock, PoisonError};

use ort::environment::Environment;
use ort::ep::ExecutionProvider;
use ort::session::Session;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};
use ort::value::{Outlet, TensorElementType, TensorRef, ValueType};

use super::locate::Candidate;
use super::matmul_graph::matmul_graph;
use super::open::Provider;
use super::tensor::{Dimension, PortInfo, Tensor, TensorView};
use super::{Network, Runtime, RuntimeError, RuntimeReport, one_line};

/// The library in use: `ort` binds one per process, and builds one environment.
struct Library {
    environment: Environment,
    path: String,
    version: String,
}

static LIBRARY: OnceLock<Library> = OnceLock::new();
static OPENING: Mutex<()> = Mutex::new(());

pub(super) struct OnnxRuntime {
    library: &'static Library,
    threads: usize,
    on_cuda: bool,
    notes: Vec<String>,
}

impl OnnxRuntime {
    /// The first candidate that opens; notes say why the others did not.
    ///
    /// # Errors
    /// [`RuntimeError::NoCuda`] when CUDA was asked for by name and the library has none to give.
    pub(super) fn find(
        candidates: &[Candidate],
        provider: Provider,
        threads: usize,
        notes: &mut Vec<String>,
    ) -> Result<Option<Self>, RuntimeError> {
        let Some(library) = library(candidates, notes) else { return Ok(None) };
        let mut runtime = OnnxRuntime { library, threads, on_cuda: false, notes: Vec::new() };
        if provider != Provider::Cpu {
            match runtime.try_cuda() {
                Ok(()) => runtime.on_cuda = true,
                Err(reason) if provider == Provider::Cuda => return Err(RuntimeError::NoCuda(reason)),
                Err(reason) => notes.push(format!("CUDA is not used: {reason}")),
            }
        }
        runtime.notes = notes.clone();
        Ok(Some(runtime))
    }

    /// One small product on the device. Registering finds the provider's libraries; only a run shows that a device works.
    fn try_cuda(&self) -> Result<(), String> {
        let mut builder = self.builder()?;
        register_cuda(&mut builder)?;
        let session = builder.commit_from_memory(&matmul_graph(1, 1)).map_err(one_line)?;
        let network = network("matmul", session);
        let inputs = [("left", TensorView::new(&[1, 1], &[2.0])), ("right", TensorView::new(&[1, 1], &[3.0]))];
        match network.try_run(&inputs)?.first().map(Tensor::values) {
            Some([6.0]) => Ok(()),
            _ => Err("it computes wrong numbers".to_owned()),
        }
    }

    fn builder(&self) -> Result<SessionBuilder, String> {
        // Flushing denormals costs nothing and spares silent passages a slow path of the processor.
        Session::builder(&self.library.environment)
            .map_err(one_line)?
            .with_intra_threads(self.threads)
            .map_err(one_line)?
            .with_optimization_level(GraphOptimizationLevel::Level3)
            .map_err(one_line)?
            .with_deterministic_compute(true)
            .map_err(one_line)?
            .with_flush_to_zero()
            .map_err(one_line)
    }

    fn session(&self, graph: &[u8]) -> Result<Session, String> {
        let mut builder = self.builder()?;
        if self.on_cuda {
            register_cuda(&mut builder)?;
        }
        builder.commit_from_memory(graph).map_err(one_line)
    }
}

/// `is_available` would only say that a provider was compiled in; registering says whether its libraries are there.
fn register_cuda(builder: &mut SessionBuilder) -> Result<(), String> {
    ort::ep::CUDA::default().register(builder).map_err(one_line)
}

fn library(candidates: &[Candidate], notes: &mut Vec<String>) -> Option<&'static Library> {
    let _one_at_a_time = OPENING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(library) = LIBRARY.get() {
        return Some(library);
    }
    for candidate in candidates {
        match candidate.library.clone().and_then(|path| open_library(&path)) {
            Ok(library) => return Some(LIBRARY.get_or_init(|| library)),
            Err(reason) => notes.push(format!("ONNX Runtime {}: {reason}", candidate.place)),
        }
    }
    None
}

/// Only `init_from` is ever used to bind the library: every other call of `ort` would look for one itself, and panic without it.
fn open_library(path: &Path) -> Result<Library, String> {
    let environment =
        ort::init_from(path).map_err(one_line)?.with_name("turnaround").with_telemetry(false).build().map_err(one_line)?;
    Ok(Library { environment, path: path.display().to_string(), version: version(path) })
}

/// From the file's name, which releases carry their number in, else from the branch it was built from.
fn version(path: &Path) -> String {
    let real = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let name = real.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let number = name.trim_start_matches(|c: char| !c.is_ascii_digit()).trim_end_matches(|c: char| !c.is_ascii_digit());
    // The build text opens with `ORT Build Info: git-branch=rel-1.31.0, ...`.
    let branch = ort::info().split("git-branch=").nth(1).and_then(|rest| rest.split(',').next()).unwrap_or("of unknown version");
    let version = if number.contains('.') { number } else { branch.trim_start_matches("rel-") };
    format!("ONNX Runtime {version}")
}

impl Runtime for OnnxRuntime {
    fn load(&self, name: &str, graph: &[u8]) -> Result<Box<dyn Network>, RuntimeError> {
        let session = self.session(graph).map_err(|reason| RuntimeError::Load { graph: name.to_owned(), reason })?;
        Ok(Box::new(network(name, session)))
    }

    fn description(&self) -> RuntimeReport {
        RuntimeReport {
            runtime: "onnxruntime".into(),
            version: self.library.version.clone(),
            library: Some(self.library.path.clone()),
            provider: if self.on_cuda { "cuda" } else { "cpu" }.into(),
            threads: self.threads,
            notes: self.notes.clone(),
        }
    }
}

fn network(name: &str, session: Session) -> OnnxNetwork {
    let inputs = session.inputs().iter().map(port).collect();
    let outputs = session.outputs().iter().map(port).collect();
    OnnxNetwork { name: name.to_owned(), inputs, outputs, session: Mutex::new(session) }
}

fn port(outlet: &Outlet) -> PortInfo {
    let (is_f32, shape) = match outlet.dtype() {
        ValueType::Tensor { ty, shape, .. } => {
            let axes = shape.iter().map(|&length| usize::try_from(length).map_or(Dimension::Free, Dimension::Fixed));
            (*ty == TensorElementType::Float32, Some(axes.collect()))
        }
        _ => (false, None),
    };
    PortInfo { name: outlet.name().to_owned(), shape, is_f32 }
}

struct OnnxNetwork {
    name: String,
    inputs: Vec<PortInfo>,
    outputs: Vec<PortInfo>,
    session: Mutex<Session>,
}

impl OnnxNetwork {
    fn try_run(&self, inputs: &[(&str, TensorView<'_>)]) -> Result<Vec<Tensor>, String> {
        let mut values = Vec::with_capacity(inputs.len());
        for (name, tensor) in inputs {
            let value = TensorRef::from_array_view((tensor.shape().to_vec(), tensor.values())).map_err(one_line)?;
            values.push(((*name).to_owned(), value));
        }
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let outputs = session.run(values).map_err(one_line)?;
        outputs
            .values()
            .map(|value| {
                let (shape, values) = value.try_extract_tensor::<f32>().map_err(one_line)?;
                Ok(Tensor::new(shape.iter().map(|&length| length as usize).collect(), values.to_vec()))
            })
            .collect()
    }
}

impl Network for OnnxNetwork {
    fn inputs(&self) -> &[PortInfo] {
        &self.inputs
    }

    fn outputs(&self) -> &[PortInfo] {
        &self.outputs
    }

    fn run(&self, inputs: &[(&str, TensorView<'_>)]) -> Result<Vec<Tensor>, RuntimeError> {
        self.try_run(inputs).map_err(|reason| RuntimeError::Run { graph: self.name.clone(), reason })
    }
}
