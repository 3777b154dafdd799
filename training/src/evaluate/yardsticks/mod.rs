//! Outside opinions: networks that others trained, which judge a set and never take part in its training.

pub mod frechet;
pub mod musicnn;
