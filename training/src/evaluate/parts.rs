//! What has been measured is kept part by part, so that an evaluation that was stopped goes on where it was.
//!
//! Each part lies in a file of its own beside the set and says what it was measured of; a part of anything else is measured again. The
//! files go once the whole result is written.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use turnaround_core::contract::{Graph, Manifest};

/// Folder of the parts, in that of the set.
const FOLDER: &str = "evaluation.parts";

/// Everything that a part's figures follow from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conditions {
    /// Hashes of the set's graphs.
    pub graphs: Vec<String>,
    /// What ran them.
    pub runtime: String,
    /// Bars in each table.
    pub bars: usize,
    /// Seed of noise and resampling.
    pub seed: u64,
    /// Which judges were there; sentences.
    pub judges: Vec<String>,
}

impl Conditions {
    /// Hashes of all graphs of a set.
    pub fn graphs_of(manifest: &Manifest) -> Vec<String> {
        Graph::ALL.into_iter().map(|graph| manifest.graph(graph).sha256.clone()).collect()
    }
}

/// A part as it lies on disk.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Part<T> {
    conditions: Conditions,
    source: String,
    measured: T,
}

/// The parts of one evaluation.
pub struct Parts {
    folder: PathBuf,
    conditions: Conditions,
}

impl Parts {
    /// Those of a set, under some conditions.
    pub fn new(set: &Path, conditions: Conditions) -> Self {
        Self { folder: set.join(FOLDER), conditions }
    }

    /// A part that an earlier call has measured of the same `source`, or else what `measure` finds, which is kept.
    ///
    /// # Errors
    /// When measuring fails, or the part cannot be written.
    pub fn once<T>(&self, name: &str, source: &str, measure: impl FnOnce() -> Result<T>) -> Result<T>
    where
        T: Serialize + DeserializeOwned,
    {
        let path = self.folder.join(format!("{name}.json"));
        if let Some(measured) = self.kept(&path, source) {
            eprintln!("{name}: as an earlier call measured it ({})", path.display());
            return Ok(measured);
        }
        let part = Part { conditions: self.conditions.clone(), source: source.to_owned(), measured: measure()? };
        fs::create_dir_all(&self.folder).with_context(|| format!("creating {}", self.folder.display()))?;
        fs::write(&path, serde_json::to_string(&part)?).with_context(|| format!("writing {}", path.display()))?;
        Ok(part.measured)
    }

    /// A part under these conditions; a damaged one, or one of another form, is as good as none.
    fn kept<T: DeserializeOwned>(&self, path: &Path, source: &str) -> Option<T> {
        let part: Part<T> = serde_json::from_str(&fs::read_to_string(path).ok()?).ok()?;
        (part.conditions == self.conditions && part.source == source).then_some(part.measured)
    }

    /// Takes all parts away: the whole has been written.
    ///
    /// # Errors
    /// When they cannot be removed.
    pub fn remove(self) -> Result<()> {
        if self.folder.exists() {
            fs::remove_dir_all(&self.folder).with_context(|| format!("removing {}", self.folder.display()))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(folder: &Path, seed: u64) -> Parts {
        let conditions = Conditions { graphs: vec!["a".into()], runtime: "r".into(), bars: 3, seed, judges: Vec::new() };
        Parts::new(folder, conditions)
    }

    #[test]
    fn a_part_is_measured_once_for_each_set_of_conditions_and_each_source() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let once =
            |seed, source: &str, value: f64| parts(folder.path(), seed).once("bed", source, || Ok(value)).expect("it works");
        assert_eq!((once(1, "x", 0.1), once(1, "x", 0.2)), (0.1, 0.1));
        assert_eq!((once(2, "x", 0.3), once(2, "y", 0.4)), (0.3, 0.4));
        fs::write(folder.path().join(FOLDER).join("bed.json"), "{").expect("the folder is ours");
        assert_eq!(once(2, "y", 0.5), 0.5);
    }

    #[test]
    fn what_could_not_be_measured_leaves_nothing_and_a_finished_evaluation_takes_its_parts_away() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let parts = parts(folder.path(), 1);
        assert!(parts.once::<f64>("bed", "x", || anyhow::bail!("no")).is_err());
        assert_eq!(parts.once("bed", "x", || Ok(1.0)).expect("it works"), 1.0);
        parts.remove().expect("the folder is ours");
        assert!(!folder.path().join(FOLDER).exists());
    }
}
