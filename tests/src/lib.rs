//! Promises that span rooms. The library is empty; the promises are the tests beside it, all in one program, `tests/promises`:
//!
//! - `rooms`: which package may lean on which, and what stays out of the core;
//! - `model_sets`: every set in `models` keeps its manifest;
//! - `texts`: what we tell readers is so, and nothing tells of the machines it was written on;
//! - `bundles`: a bundle copied anywhere serves its own models and its own runtime;
//! - `ground_truth`: training never opens what only scoring may see, but for who plays, where that is asked for;
//! - `road`: audio in, audio out, through the engine and a model set, with public items only.
