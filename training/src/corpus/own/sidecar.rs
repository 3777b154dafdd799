//! A file `NAME.json` beside a recording `NAME.ogg` that says where its bars are.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use turnaround_core::time::{Metre, Seconds, Tempo};

use super::Grid;

/// What the file holds, as `{"tempo": 140, "offset": 0.35, "metre": "4/4"}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sidecar {
    tempo: Tempo,
    #[serde(default)]
    offset: f64,
    #[serde(default = "four_four")]
    metre: Metre,
}

fn four_four() -> Metre {
    Metre::FOUR_FOUR
}

/// The grid beside a recording, if there is one.
pub(super) fn beside(recording: &Path) -> Result<Option<Grid>> {
    let path = recording.with_extension("json");
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => bail!("{} cannot be read: {error}", path.display()),
    };
    let sidecar: Sidecar = serde_json::from_str(&text)
        .with_context(|| format!("{} does not say tempo, offset in seconds and metre", path.display()))?;
    Ok(Some(Grid { tempo: sidecar.tempo, offset: Seconds::new(sidecar.offset), metre: sidecar.metre }))
}
