//! Why a network could not be written as a graph.

use super::dims::{Dim, shape_text};

/// Why a network could not be exported. Every message names what to change in the network or in the call.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The two tracings must tell every symbol from a constant.
    #[error("the two tracings need two different lengths of at least 2 for {symbol}, not {first} and {second}")]
    Symbols {
        /// Which symbol.
        symbol: &'static str,
        /// Its length at the first tracing.
        first: usize,
        /// Its length at the second.
        second: usize,
    },
    /// An input of a rank that cannot be traced.
    #[error("input {name} has {rank} axes; 1 to 5 can be traced")]
    Rank {
        /// The input's name.
        name: String,
        /// Its number of axes.
        rank: usize,
    },
    /// Recording failed.
    #[error("recording failed: {0}")]
    Capture(String),
    /// The forward pass returned other outputs than its ports promise.
    #[error("the forward pass should return {expected:?}, but returned {found:?}")]
    Outputs {
        /// Names the ports promise.
        expected: Vec<String>,
        /// Names that came.
        found: Vec<String>,
    },
    /// An output has another shape than its port promises.
    #[error("output {name} should be {expected:?} at this tracing, but is {found:?}")]
    OutputShape {
        /// The output's name.
        name: String,
        /// Shape its port promises.
        expected: Vec<usize>,
        /// Shape that came.
        found: Vec<usize>,
    },
    /// The network takes another path at other lengths, so no one graph describes it.
    #[error("the network does {first} at one length and {second} at another; make the forward pass the same at every length")]
    Diverged {
        /// Operation of the first tracing.
        first: String,
        /// Operation in its place at the second.
        second: String,
    },
    /// A number inside an operation depends on a length that should stay open.
    #[error(
        "{operation} on {shape} has a setting that changes with a symbolic length, so the graph would be frozen at the traced one"
    )]
    FrozenSetting {
        /// The operation.
        operation: String,
        /// Shape of its first tensor; `13|29` is a symbolic axis, at both tracings.
        shape: String,
    },
    /// A tensor made inside the forward pass has a symbolic axis.
    #[error("{operation} makes a tensor of shape {shape}, which freezes the traced length; derive it from an input instead")]
    LiveConstant {
        /// The operation.
        operation: String,
        /// The tensor's shape; `13|29` is a symbolic axis, at both tracings.
        shape: String,
    },
    /// A constant's values depend on a symbolic length.
    #[error("a constant of shape {shape} holds other values at another length; derive it from an input instead")]
    FrozenValue {
        /// The constant's shape.
        shape: String,
    },
    /// More than one symbolic length would have to be guessed.
    #[error(
        "reshape from {from} to {to} has symbolic lengths that no input of the graph tells; keep all but one of them in place"
    )]
    Reshape {
        /// Shape before.
        from: String,
        /// Shape after.
        to: String,
    },
    /// A broadcast to a length known only at run time.
    #[error("expand from {from} to {to} reaches a symbolic length; let an addition or multiplication broadcast instead")]
    Expand {
        /// Shape before.
        from: String,
        /// Shape after.
        to: String,
    },
    /// A slice whose bounds follow neither end of its axis.
    #[error("the slice of axis {axis} of {shape} has a bound at a fixed distance from neither end of the axis")]
    Slice {
        /// The axis.
        axis: usize,
        /// Shape of the sliced tensor.
        shape: String,
    },
    /// An axis whose length must be known when the graph is written.
    #[error("{operation} needs a fixed length along axis {axis} of {shape}")]
    OpenAxis {
        /// The operation.
        operation: &'static str,
        /// The axis.
        axis: usize,
        /// The tensor's shape.
        shape: String,
    },
    /// An operation, or a setting of one, without a translation.
    #[error("{operation} cannot be exported{hint}")]
    Unsupported {
        /// The operation.
        operation: String,
        /// What to do instead, starting with `: `, or nothing.
        hint: &'static str,
    },
    /// A type of number that graphs of ours do not hold.
    #[error("{what} is {found}; trace a 32-bit float model with 32- or 64-bit integers")]
    DataType {
        /// Which tensor.
        what: String,
        /// Its type.
        found: String,
    },
    /// A scalar that its tensor's type cannot hold.
    #[error("the scalar {value} does not fit a tensor of {wanted}")]
    Scalar {
        /// The scalar.
        value: String,
        /// The tensor's type.
        wanted: String,
    },
    /// Two tensors of one graph with the same name.
    #[error("the name {0:?} stands for two tensors of the graph; rename the module's field")]
    NameTaken(String),
}

impl ExportError {
    pub(super) fn unsupported(operation: impl Into<String>, hint: &'static str) -> Self {
        Self::Unsupported { operation: operation.into(), hint }
    }

    pub(super) fn live_constant(operation: &str, shape: &[Dim]) -> Self {
        Self::LiveConstant { operation: operation.to_owned(), shape: shape_text(shape) }
    }
}
