//! Promises that span rooms, each a test named as the sentence it proves.

mod bundles;
mod ground_truth;
mod model_sets;
mod road;
mod rooms;
mod texts;
mod workspace;
