//! Chooses a runtime and says in words why it is that one.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::embedded::Embedded;
use super::locate::candidates;
use super::onnx::OnnxRuntime;
use super::{Runtime, RuntimeError};

/// Which library may run the networks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RuntimeChoice {
    /// ONNX Runtime where one is found, else the embedded one.
    #[default]
    Auto,
    /// ONNX Runtime or an error.
    OnnxRuntime,
    /// The runtime compiled in.
    Embedded,
}

/// What the networks may run on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// CUDA where it can be had, else the processor.
    #[default]
    Auto,
    /// The processor.
    Cpu,
    /// CUDA or an error.
    Cuda,
}

/// How to open a runtime.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Which library.
    pub runtime: RuntimeChoice,
    /// On what.
    pub provider: Provider,
    /// Threads one network call may use; at least 1. More than the physical cores costs time.
    pub threads: usize,
    /// Folders to look for the library in before all others, for instance a plugin's bundle.
    pub beside: Vec<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Options { runtime: RuntimeChoice::Auto, provider: Provider::Auto, threads: DEFAULT_THREADS, beside: Vec::new() }
    }
}

/// Threads of one network call unless told otherwise. Networks of the sizes that ship finish a bar about three times as fast on one as on
/// two (`turnaround bench` measures both): waking the second costs more than it computes. A fixed number also makes the same seed give the
/// same samples whatever else the cores are given to.
pub const DEFAULT_THREADS: usize = 1;

/// Opens a runtime.
///
/// # Errors
/// [`RuntimeError::NoOnnxRuntime`] or [`RuntimeError::NoCuda`] when one of them was asked for by name and cannot be had. With both
/// choices `auto` this cannot fail: the embedded runtime is always there.
pub fn open(options: &Options) -> Result<Box<dyn Runtime>, RuntimeError> {
    let threads = options.threads.max(1);
    if options.runtime == RuntimeChoice::Embedded {
        if options.provider == Provider::Cuda {
            return Err(RuntimeError::NoCuda("the embedded runtime has no CUDA".into()));
        }
        return Ok(Box::new(Embedded::new(threads, vec!["the embedded runtime was asked for".into()])));
    }
    let mut notes = Vec::new();
    match OnnxRuntime::find(&candidates(&options.beside), options.provider, threads, &mut notes)? {
        Some(runtime) => Ok(Box::new(runtime)),
        None if options.provider == Provider::Cuda => Err(RuntimeError::NoCuda(notes.join("; "))),
        None if options.runtime == RuntimeChoice::OnnxRuntime => Err(RuntimeError::NoOnnxRuntime(notes.join("; "))),
        None => Ok(Box::new(Embedded::new(threads, notes))),
    }
}
