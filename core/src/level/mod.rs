//! How loud a new sound may be: within reach of what it stands among, and below full scale.

pub mod bands;
pub mod peak;
