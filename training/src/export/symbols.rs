//! Which inputs and outputs a graph has, and the lengths its symbolic axes are given while tracing.

use turnaround_core::contract::{Axis, Graph, Port, Sizes};

use super::error::ExportError;

/// The named inputs and outputs of one graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ports {
    /// Inputs, in order.
    pub inputs: Vec<Port>,
    /// Outputs, in order.
    pub outputs: Vec<Port>,
}

impl Ports {
    /// What the contract asks of `graph` in a set of these sizes.
    pub fn of(graph: Graph, sizes: &Sizes) -> Self {
        Self { inputs: graph.inputs(sizes), outputs: graph.outputs(sizes) }
    }
}

/// A length for each symbolic axis of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Symbols {
    /// Independent rows.
    pub batch: usize,
    /// Latent tokens of a stretch.
    pub tokens: usize,
    /// Context bars.
    pub context: usize,
    /// Target bars.
    pub horizon: usize,
}

impl Symbols {
    /// Lengths for the two tracings. A length that comes out different is symbolic, one that comes out the same is fixed. All of the
    /// second are larger by different amounts, so that no sum or product of symbols can come out the same. Bars come in multiples of
    /// 32 because Burn folds a batched product into one matrix, another network to a tracer, at some numbers of rows but never those.
    pub const PAIR: [Symbols; 2] = [
        Symbols { batch: 13, tokens: 37, context: 32, horizon: 64 },
        Symbols { batch: 29, tokens: 83, context: 96, horizon: 160 },
    ];

    /// The length of `axis`.
    pub fn length(&self, axis: Axis) -> usize {
        match axis {
            Axis::Fixed(n) => n,
            Axis::Batch => self.batch,
            Axis::Tokens(n) => n * self.tokens,
            Axis::Context => self.context,
            Axis::Horizon => self.horizon,
            Axis::ContextTokens(n) => n * self.context,
        }
    }

    /// The shape of `port`.
    pub fn shape(&self, port: &Port) -> Vec<usize> {
        port.shape.iter().map(|&axis| self.length(axis)).collect()
    }
}

/// Checks that two tracings at these lengths can tell symbols from constants.
pub(super) fn check(pair: &[Symbols; 2]) -> Result<(), ExportError> {
    let [a, b] = pair;
    for (symbol, first, second) in [
        ("batch", a.batch, b.batch),
        ("tokens", a.tokens, b.tokens),
        ("context", a.context, b.context),
        ("horizon", a.horizon, b.horizon),
    ] {
        // Length 1 broadcasts, which hides what other lengths would show.
        if first == second || first < 2 || second < 2 {
            return Err(ExportError::Symbols { symbol, first, second });
        }
    }
    Ok(())
}
