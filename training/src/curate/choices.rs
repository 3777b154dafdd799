//! What somebody who listened has decided, as the audition page writes it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// Decisions about actions, by their numbers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Choices {
    /// Not to be on the shortlist, whatever was measured.
    pub veto: Vec<usize>,
    /// To be on it.
    pub keep: Vec<usize>,
    /// Names that somebody found better.
    pub names: BTreeMap<usize, String>,
}

impl Choices {
    /// Reads them from a JSON file.
    ///
    /// # Errors
    /// When the file cannot be read, or is none of these.
    pub fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        serde_json::from_str(&text).with_context(|| format!("{} holds no choices", path.display()))
    }
}
