//! The networks, each defined once: the same modules are trained, exported and compared.
//!
//! Tensors keep channels last, `[batch, time, channel]`. Noise level runs from 0 (clean) to 1 (only noise).

pub mod action_map;
pub mod actions;
pub mod adapter;
pub mod attention;
pub mod bands;
pub mod codes;
pub mod condition;
pub mod convnext;
pub mod cost;
pub mod denoiser;
pub mod dynamics;
pub mod filter;
pub mod instruments;
pub mod layers;
pub mod perceiver;
pub mod quantiser;
pub mod rescale;
pub mod tokenizer;
