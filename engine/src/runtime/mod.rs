//! What runs a graph: ONNX Runtime where it is found, else the runtime compiled in. Everything else in the engine sees these traits.

mod embedded;
mod flops;
mod locate;
mod matmul_graph;
mod onnx;
mod open;
mod tensor;

use serde::{Deserialize, Serialize};

pub use flops::flops;
pub use locate::{Candidate, candidates, user_cache, user_folder};
pub use matmul_graph::matmul_graph;
pub use open::{DEFAULT_THREADS, Options, Provider, RuntimeChoice, open};
pub use tensor::{Dimension, PortInfo, Tensor, TensorView};

/// A library that can load graphs.
pub trait Runtime: Send + Sync {
    /// Reads one ONNX file that is already in memory.
    ///
    /// # Errors
    /// [`RuntimeError::Load`] when the bytes are no graph this runtime can run.
    fn load(&self, name: &str, graph: &[u8]) -> Result<Box<dyn Network>, RuntimeError>;

    /// Which runtime this is, in words a report can carry.
    fn description(&self) -> RuntimeReport;
}

/// One loaded graph. A run depends on nothing but its inputs.
pub trait Network: Send + Sync {
    /// Inputs as the file declares them.
    fn inputs(&self) -> &[PortInfo];

    /// Outputs as the file declares them.
    fn outputs(&self) -> &[PortInfo];

    /// Runs the graph once. Inputs are matched by name; outputs come in the file's order.
    ///
    /// # Errors
    /// [`RuntimeError::Run`] when a name or shape does not fit, or the computation fails.
    fn run(&self, inputs: &[(&str, TensorView<'_>)]) -> Result<Vec<Tensor>, RuntimeError>;
}

/// Which runtime and provider run the networks, and why no earlier choice does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuntimeReport {
    /// `onnxruntime` or `embedded`.
    pub runtime: String,
    /// Library name and version.
    pub version: String,
    /// Where the library was found; nothing for the embedded one.
    pub library: Option<String>,
    /// `cpu` or `cuda`: what the networks really run on.
    pub provider: String,
    /// Threads one network call may use.
    pub threads: usize,
    /// One sentence for each better choice that was tried and could not be had.
    pub notes: Vec<String>,
}

impl RuntimeReport {
    /// The runtime, what it computes on and its threads, for people.
    pub fn in_words(&self) -> String {
        let threads = if self.threads == 1 { "1 thread".to_owned() } else { format!("{} threads", self.threads) };
        format!("{}, {}, {threads}", self.version, self.provider)
    }
}

/// Why a graph could not be loaded or run.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// No runtime of the kind asked for.
    #[error("no ONNX Runtime could be used ({0}); install one, or choose the embedded runtime")]
    NoOnnxRuntime(String),
    /// CUDA was asked for by name and cannot be had.
    #[error("the CUDA provider cannot be used: {0}; choose the provider auto or cpu")]
    NoCuda(String),
    /// A graph is not readable.
    #[error("the graph {graph} cannot be loaded: {reason}")]
    Load {
        /// Name of the graph.
        graph: String,
        /// What the runtime said.
        reason: String,
    },
    /// A run failed.
    #[error("the graph {graph} failed: {reason}")]
    Run {
        /// Name of the graph.
        graph: String,
        /// What the runtime said.
        reason: String,
    },
}

/// A message on one line: libraries like to break theirs.
fn one_line(message: impl std::fmt::Display) -> String {
    message.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn multiply(choice: RuntimeChoice, threads: usize, rows: usize) -> Tensor {
        let options = Options { runtime: choice, provider: Provider::Cpu, threads, beside: Vec::new() };
        let network = open(&options).unwrap().load("matmul", &matmul_graph(3, 2)).unwrap();
        let left: Vec<f32> = (0..rows * 3).map(|n| n as f32).collect();
        let right = [1.0, 0.0, 0.0, 1.0, 1.0, 1.0];
        let inputs = [("right", TensorView::new(&[3, 2], &right)), ("left", TensorView::new(&[rows, 3], &left))];
        network.run(&inputs).unwrap().remove(0)
    }

    #[test]
    fn one_thread_is_told_as_one() {
        let told = |threads| {
            let report =
                open(&Options { runtime: RuntimeChoice::Embedded, threads, ..Options::default() }).unwrap().description();
            report.in_words()
        };
        assert!(told(1).ends_with(", cpu, 1 thread") && told(2).ends_with(", cpu, 2 threads"), "{}", told(2));
    }

    #[test]
    fn the_embedded_runtime_multiplies_matrices_of_several_shapes() {
        assert_eq!(multiply(RuntimeChoice::Embedded, 1, 1), Tensor::new(vec![1, 2], vec![2.0, 3.0]));
        assert_eq!(multiply(RuntimeChoice::Embedded, 2, 2), Tensor::new(vec![2, 2], vec![2.0, 3.0, 8.0, 9.0]));
    }

    #[test]
    fn a_graph_declares_its_ports() {
        let options = Options { runtime: RuntimeChoice::Embedded, ..Options::default() };
        let network = open(&options).unwrap().load("matmul", &matmul_graph(3, 2)).unwrap();
        assert_eq!(network.inputs()[0].name, "left");
        assert_eq!(network.inputs()[0].shape, Some(vec![Dimension::Free, Dimension::Fixed(3)]));
        assert_eq!(network.outputs()[0].name, "product");
    }

    #[test]
    fn a_missing_input_is_an_error() {
        let options = Options { runtime: RuntimeChoice::Embedded, ..Options::default() };
        let network = open(&options).unwrap().load("matmul", &matmul_graph(3, 2)).unwrap();
        let left = [0.0; 3];
        assert!(matches!(network.run(&[("left", TensorView::new(&[1, 3], &left))]), Err(RuntimeError::Run { .. })));
    }

    #[test]
    fn bytes_that_are_no_graph_are_an_error() {
        let options = Options { runtime: RuntimeChoice::Embedded, ..Options::default() };
        assert!(matches!(open(&options).unwrap().load("noise", b"no graph"), Err(RuntimeError::Load { .. })));
    }

    #[test]
    fn a_choice_by_name_that_cannot_be_had_is_an_error_and_auto_never_fails() {
        let cuda = Options { runtime: RuntimeChoice::Embedded, provider: Provider::Cuda, ..Options::default() };
        assert!(matches!(open(&cuda), Err(RuntimeError::NoCuda(_))));
        let report = open(&Options::default()).unwrap().description();
        assert!(["onnxruntime", "embedded"].contains(&report.runtime.as_str()));
    }

    #[test]
    fn the_arithmetic_of_a_matrix_product_is_two_per_multiply_add() {
        let shapes = [("left".to_owned(), vec![5, 3]), ("right".to_owned(), vec![3, 2])];
        assert_eq!(flops("matmul", &matmul_graph(3, 2), &shapes).unwrap(), 60.0);
    }
}
