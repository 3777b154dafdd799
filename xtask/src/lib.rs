//! What the project's own programs share.

pub mod bundles;
pub mod options;
pub mod process;
pub mod workspace;
