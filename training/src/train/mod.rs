//! Training: the loop every stage shares, and the stages in the order of the road.

pub mod action_map;
pub mod actions;
pub mod adamw;
pub mod adapter;
pub mod average;
pub mod codes;
pub mod curve;
pub mod decode;
pub mod dynamics;
pub mod flat;
pub mod frames;
pub mod gain;
pub mod kept;
pub mod latents;
pub mod map_report;
pub mod perceiver;
pub mod players;
pub mod random;
pub mod rebuild;
pub mod run;
pub mod spectra;
pub mod tokenizer;
pub mod told;
