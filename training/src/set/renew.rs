//! A set whose graphs are written anew: the same weights, in the form that graphs have by now.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use turnaround_core::contract::MANIFEST_FILE;

use super::parity::{self, Parity};
use super::{card, folder_beside, put_in_place, start, write_graphs};
use crate::preset::Preset;

/// Writes every graph of a set anew from the weights that it holds, and leaves all else as it was: figures and names belong to the weights.
/// Returns the parity of every graph, all of which passed.
///
/// # Errors
/// When the folder holds no set, a graph cannot be read or differs from its network, or a file cannot be written; the set then stays as it
/// was.
pub fn renew(set: &Path) -> Result<Vec<Parity>> {
    let mut manifest = start::read_manifest(set)?;
    let preset = fs::read_to_string(set.join("preset.toml")).with_context(|| format!("{} names no preset", set.display()))?;
    let networks = start::networks_of(set, &manifest, &toml::from_str::<Preset>(&preset)?)?;
    let fresh = folder_beside(set)?;
    for entry in fs::read_dir(set)? {
        let entry = entry?;
        fs::copy(entry.path(), fresh.join(entry.file_name())).with_context(|| format!("copying {}", entry.path().display()))?;
    }
    let (files, mut parities) = write_graphs(&networks, &manifest.sizes, &fresh)?;
    let before: Vec<Parity> = serde_json::from_str(&fs::read_to_string(set.join(parity::FILE))?)?;
    for parity in &mut parities {
        // What rounding cost only those who had the weights unrounded could tell.
        let same = before.iter().find(|other| other.graph == parity.graph);
        parity.rounding = same.map_or(parity.rounding, |same| same.rounding);
    }
    manifest.graphs = files;
    manifest.check().context("the set would break its own contract")?;
    fs::write(fresh.join(MANIFEST_FILE), manifest.to_json())?;
    fs::write(fresh.join(parity::FILE), serde_json::to_string_pretty(&parities)? + "\n")?;
    card::write(&fresh)?;
    put_in_place(&fresh, set)?;
    Ok(parities)
}
