//! A model set, loaded whole or not at all: manifest, hashes, and every graph's real inputs and outputs against the contract.

mod lookup;
mod memory;
mod ports;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use turnaround_core::contract::{ContractError, Graph, MANIFEST_FILE, Manifest, Sizes, Statistics};

use crate::runtime::{Network, Runtime, RuntimeError, RuntimeReport, Tensor, TensorView};

use memory::{Memory, Question};

pub use lookup::{Place, SHIPPED, TRACKER, find, find_in, places, places_in, tracker_places, workspace_set};

/// Nine graphs that belong together, ready to run.
pub struct ModelSet {
    folder: PathBuf,
    manifest: Manifest,
    networks: BTreeMap<Graph, Loaded>,
    runtime: RuntimeReport,
    tally: Mutex<BTreeMap<Call, Tally>>,
    memory: Mutex<Memory>,
}

struct Loaded {
    network: Box<dyn Network>,
    inputs: Vec<String>,
    /// For each output of the contract, its place among the graph's own.
    outputs: Vec<usize>,
}

/// A graph and the shapes it was given, in the contract's order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Call {
    /// Which graph.
    pub graph: Graph,
    /// One shape for each input.
    pub shapes: Vec<Vec<usize>>,
}

/// How often a call was made and how long it took in all.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tally {
    /// Number of calls.
    pub count: usize,
    /// Time inside them.
    pub seconds: f64,
}

/// Why a model set was refused.
#[derive(Debug, thiserror::Error)]
pub enum ModelSetError {
    /// No place holds a set.
    #[error("no model set was found ({0}); name its folder with --models or TURNAROUND_MODELS")]
    NotFound(String),
    /// The folder holds no manifest.
    #[error("{folder} is not a model set: {MANIFEST_FILE} cannot be read ({reason})")]
    NoManifest {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The manifest breaks the contract, or a file breaks its hash.
    #[error("the model set {folder} cannot be used: {error}")]
    Contract {
        /// The folder.
        folder: PathBuf,
        /// What is wrong.
        error: ContractError,
    },
    /// A graph's file is missing.
    #[error("the model set {folder} is incomplete: {file} cannot be read ({reason})")]
    MissingFile {
        /// The folder.
        folder: PathBuf,
        /// The file's name.
        file: String,
        /// What the system said.
        reason: String,
    },
    /// A graph's file has another length than promised.
    #[error("the model set {folder} is damaged: {file} has {found} bytes where the manifest says {expected}; copy the set again")]
    Length {
        /// The folder.
        folder: PathBuf,
        /// The file's name.
        file: String,
        /// Bytes the manifest promises.
        expected: u64,
        /// Bytes the file has.
        found: u64,
    },
    /// The runtime cannot load a graph.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// A graph's inputs or outputs are not those of the contract.
    #[error("the graph {graph} does not keep the contract: {difference}")]
    Ports {
        /// The graph.
        graph: Graph,
        /// What differs, in words.
        difference: String,
    },
}

impl ModelSet {
    /// Loads a set from its folder.
    ///
    /// # Errors
    /// Any [`ModelSetError`] but `NotFound`; nothing is kept of a set that fails.
    pub fn load(folder: &Path, runtime: &dyn Runtime) -> Result<Self, ModelSetError> {
        let manifest = read_manifest(folder)?;
        // All files are checked before the first is given to a runtime: a damaged set is told in a moment.
        let mut files = BTreeMap::new();
        for graph in Graph::ALL {
            files.insert(graph, read_graph(folder, &manifest, graph)?);
        }
        let mut networks = BTreeMap::new();
        for (graph, content) in files {
            networks.insert(graph, runtime.load(graph.name(), &content)?);
        }
        Self::assemble(folder.to_path_buf(), manifest, networks, runtime.description())
    }

    /// A set whose networks come from elsewhere than files: tests and tools write their own.
    ///
    /// # Errors
    /// [`ModelSetError::Contract`] or [`ModelSetError::Ports`] when manifest or networks break the contract.
    pub fn from_networks(
        manifest: Manifest,
        networks: BTreeMap<Graph, Box<dyn Network>>,
        runtime: RuntimeReport,
    ) -> Result<Self, ModelSetError> {
        let folder = PathBuf::new();
        manifest.check().map_err(|error| ModelSetError::Contract { folder: folder.clone(), error })?;
        Self::assemble(folder, manifest, networks, runtime)
    }

    fn assemble(
        folder: PathBuf,
        manifest: Manifest,
        mut networks: BTreeMap<Graph, Box<dyn Network>>,
        runtime: RuntimeReport,
    ) -> Result<Self, ModelSetError> {
        let mut loaded = BTreeMap::new();
        for graph in Graph::ALL {
            let missing = || ContractError::MissingGraph(graph);
            let network =
                networks.remove(&graph).ok_or_else(|| ModelSetError::Contract { folder: folder.clone(), error: missing() })?;
            loaded.insert(graph, checked(graph, &manifest.sizes, network)?);
        }
        Ok(ModelSet { folder, manifest, networks: loaded, runtime, tally: Mutex::default(), memory: Mutex::default() })
    }

    /// The folder it was loaded from; empty when it was not.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Its promises.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Its sizes.
    pub fn sizes(&self) -> &Sizes {
        &self.manifest.sizes
    }

    /// Its measured constants.
    pub fn statistics(&self) -> &Statistics {
        &self.manifest.statistics
    }

    /// What runs it.
    pub fn runtime(&self) -> &RuntimeReport {
        &self.runtime
    }

    /// Runs one graph, unless it answered the same question before. Inputs and outputs stand in the contract's order.
    ///
    /// # Errors
    /// [`RuntimeError::Run`] when the runtime fails or the network returns numbers that are not finite.
    ///
    /// # Panics
    /// When the number of inputs is not the contract's: a broken promise inside the engine.
    pub fn run(&self, graph: Graph, inputs: &[TensorView<'_>]) -> Result<Vec<Tensor>, RuntimeError> {
        let Some(question) = Question::new(graph, inputs) else { return self.ask(graph, inputs) };
        if let Some(known) = self.memory().recall(&question) {
            return Ok(known);
        }
        let outputs = self.ask(graph, inputs)?;
        self.memory().keep(question, &outputs);
        Ok(outputs)
    }

    fn ask(&self, graph: Graph, inputs: &[TensorView<'_>]) -> Result<Vec<Tensor>, RuntimeError> {
        let loaded = &self.networks[&graph];
        assert_eq!(inputs.len(), loaded.inputs.len(), "{graph} takes other inputs");
        let named: Vec<(&str, TensorView<'_>)> = loaded.inputs.iter().map(String::as_str).zip(inputs.iter().cloned()).collect();
        let start = Instant::now();
        let outputs = loaded.network.run(&named)?;
        self.count(graph, inputs, start.elapsed().as_secs_f64());
        let mut outputs: Vec<Option<Tensor>> = outputs.into_iter().map(Some).collect();
        let failed = |reason: &str| RuntimeError::Run { graph: graph.name().to_owned(), reason: reason.to_owned() };
        let mut ordered = Vec::with_capacity(loaded.outputs.len());
        for &place in &loaded.outputs {
            let output = outputs.get_mut(place).and_then(Option::take).ok_or_else(|| failed("an output is missing"))?;
            if !output.values().iter().all(|value| value.is_finite()) {
                return Err(failed("it returned numbers that are not finite"));
            }
            ordered.push(output);
        }
        Ok(ordered)
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets every answer, so that the next call of the engine costs what a first one does.
    pub fn forget(&self) {
        *self.memory() = Memory::default();
    }

    fn count(&self, graph: Graph, inputs: &[TensorView<'_>], seconds: f64) {
        let call = Call { graph, shapes: inputs.iter().map(|input| input.shape().to_vec()).collect() };
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = tally.entry(call).or_default();
        entry.count += 1;
        entry.seconds += seconds;
    }

    /// Every call since the last time this was asked.
    pub fn take_tally(&self) -> BTreeMap<Call, Tally> {
        std::mem::take(&mut self.tally.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Reads and checks a folder's manifest alone, which is quick.
///
/// # Errors
/// [`ModelSetError::NoManifest`] or [`ModelSetError::Contract`].
pub fn read_manifest(folder: &Path) -> Result<Manifest, ModelSetError> {
    let text = std::fs::read_to_string(folder.join(MANIFEST_FILE))
        .map_err(|error| ModelSetError::NoManifest { folder: folder.to_path_buf(), reason: error.to_string() })?;
    Manifest::parse(&text).map_err(|error| ModelSetError::Contract { folder: folder.to_path_buf(), error })
}

fn read_graph(folder: &Path, manifest: &Manifest, graph: Graph) -> Result<Vec<u8>, ModelSetError> {
    let promised = manifest.graph(graph);
    let content = std::fs::read(folder.join(&promised.file)).map_err(|error| ModelSetError::MissingFile {
        folder: folder.to_path_buf(),
        file: promised.file.clone(),
        reason: error.to_string(),
    })?;
    if content.len() as u64 != promised.bytes {
        return Err(ModelSetError::Length {
            folder: folder.to_path_buf(),
            file: promised.file.clone(),
            expected: promised.bytes,
            found: content.len() as u64,
        });
    }
    manifest.verify(graph, &content).map_err(|error| ModelSetError::Contract { folder: folder.to_path_buf(), error })?;
    Ok(content)
}

fn checked(graph: Graph, sizes: &Sizes, network: Box<dyn Network>) -> Result<Loaded, ModelSetError> {
    let broken = |difference| ModelSetError::Ports { graph, difference };
    let expected = graph.inputs(sizes);
    ports::match_ports(&expected, network.inputs(), "input").map_err(broken)?;
    let outputs = ports::match_ports(&graph.outputs(sizes), network.outputs(), "output").map_err(broken)?;
    Ok(Loaded { inputs: expected.into_iter().map(|port| port.name).collect(), outputs, network })
}
