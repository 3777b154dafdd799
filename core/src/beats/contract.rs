//! What a tracker's folder promises: one graph, from mel frames to activations, and where it comes from.

use serde::{Deserialize, Serialize};

use super::front_end::BANDS;
use super::{FRAMES_PER_SECOND, OUTPUTS};
use crate::contract::{Axis, GraphFile, Port, sha256_hex};
use crate::time::SampleRate;

/// The manifest's name in a tracker's folder.
pub const MANIFEST_FILE: &str = "manifest.json";

/// The graph's name in a tracker's folder.
pub const GRAPH_FILE: &str = "tracker.onnx";

/// Raised when frames or activations change their meaning.
pub const FORMAT: u32 = 1;

/// The graph's input: `[1, mel_frames, band]`, as [`super::front_end::FrontEnd::frames`] gives them.
pub const INPUT: &str = "frames";

/// The graph's output: `[1, mel_frames, OUTPUTS]`, probabilities, as [`super::activations`] takes them.
pub const OUTPUT: &str = "activations";

/// What the graph takes. The length in the middle is free; the contract of sets calls such an axis tokens.
pub fn inputs() -> Vec<Port> {
    vec![Port { name: INPUT.to_owned(), shape: vec![Axis::Fixed(1), Axis::Tokens(1), Axis::Fixed(BANDS)] }]
}

/// What the graph gives.
pub fn outputs() -> Vec<Port> {
    vec![Port { name: OUTPUT.to_owned(), shape: vec![Axis::Fixed(1), Axis::Tokens(1), Axis::Fixed(OUTPUTS)] }]
}

/// The manifest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrackerManifest {
    /// [`FORMAT`].
    pub format: u32,
    /// The folder's name.
    pub name: String,
    /// The tracker's own version.
    pub version: String,
    /// Samples per second of what the front end hears.
    pub sample_rate: u32,
    /// Mel frames per second.
    pub frames_per_second: usize,
    /// Bands of a mel frame.
    pub bands: usize,
    /// The graph.
    pub graph: GraphFile,
    /// Where it comes from.
    pub training: TrackerTraining,
}

/// How a tracker was trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrackerTraining {
    /// The preset's name.
    pub preset: String,
    /// The seed.
    pub seed: u64,
    /// What it heard, in words.
    pub data: String,
    /// Hours of it.
    pub hours: f64,
    /// Steps.
    pub steps: u64,
    /// Smoothed loss at the end.
    pub loss: f64,
    /// Parameters.
    pub parameters: u64,
}

/// Why a tracker was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrackerError {
    /// No JSON of ours.
    #[error("the tracker's manifest is damaged: {0}")]
    Json(String),
    /// Another format.
    #[error("the tracker has format {found}, this program reads format {FORMAT}: update whichever is older")]
    Format {
        /// The format found.
        found: u32,
    },
    /// Another front end or other ports.
    #[error("the tracker promises another {0} than this program knows")]
    Promise(&'static str),
    /// Not the file the manifest speaks of.
    #[error("{file} is not the file its manifest speaks of: fetch the tracker anew")]
    Content {
        /// The graph's file.
        file: String,
    },
}

impl TrackerManifest {
    /// A manifest from JSON, checked against what this program knows.
    ///
    /// # Errors
    /// [`TrackerError`].
    pub fn parse(text: &str) -> Result<Self, TrackerError> {
        #[derive(Deserialize)]
        struct Head {
            format: u32,
        }
        let damaged = |error: serde_json::Error| TrackerError::Json(error.to_string());
        let Head { format } = serde_json::from_str(text).map_err(damaged)?;
        if format != FORMAT {
            return Err(TrackerError::Format { found: format });
        }
        let manifest: Self = serde_json::from_str(text).map_err(damaged)?;
        let promises = [
            ("sample rate", manifest.sample_rate == SampleRate::MODEL.hz()),
            ("frame rate", manifest.frames_per_second == FRAMES_PER_SECOND),
            ("number of bands", manifest.bands == BANDS),
            ("graph", manifest.graph.inputs == inputs() && manifest.graph.outputs == outputs()),
        ];
        match promises.iter().find(|(_, is_kept)| !is_kept) {
            Some((what, _)) => Err(TrackerError::Promise(what)),
            None => Ok(manifest),
        }
    }

    /// Whether these bytes are the graph spoken of.
    ///
    /// # Errors
    /// [`TrackerError::Content`] if not.
    pub fn verify(&self, content: &[u8]) -> Result<(), TrackerError> {
        let is_it = content.len() as u64 == self.graph.bytes && sha256_hex(content) == self.graph.sha256;
        if is_it { Ok(()) } else { Err(TrackerError::Content { file: self.graph.file.clone() }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> TrackerManifest {
        let graph =
            GraphFile { file: GRAPH_FILE.to_owned(), bytes: 3, sha256: sha256_hex(b"abc"), inputs: inputs(), outputs: outputs() };
        let training = TrackerTraining {
            preset: "beats".to_owned(),
            seed: 1,
            data: "none".to_owned(),
            hours: 0.0,
            steps: 0,
            loss: 1.0,
            parameters: 1,
        };
        let (name, version) = ("beats".to_owned(), "0.1.0".to_owned());
        TrackerManifest {
            format: FORMAT,
            name,
            version,
            sample_rate: 16_000,
            frames_per_second: 50,
            bands: BANDS,
            graph,
            training,
        }
    }

    #[test]
    fn a_manifest_is_itself_after_json_and_knows_its_graph() {
        let text = serde_json::to_string(&manifest()).unwrap();
        assert_eq!(TrackerManifest::parse(&text).unwrap(), manifest());
        assert_eq!(manifest().verify(b"abc"), Ok(()));
        assert!(manifest().verify(b"abd").is_err() && manifest().verify(b"abcd").is_err());
    }

    #[test]
    fn another_format_front_end_or_graph_is_refused_in_words() {
        let refused = |change: fn(&mut TrackerManifest)| {
            let mut other = manifest();
            change(&mut other);
            TrackerManifest::parse(&serde_json::to_string(&other).unwrap()).unwrap_err().to_string()
        };
        assert!(refused(|other| other.format = 9).contains("format 9"));
        assert!(refused(|other| other.bands = 80).contains("bands"));
        assert!(refused(|other| other.frames_per_second = 100).contains("frame rate"));
        assert!(refused(|other| other.graph.inputs.clear()).contains("graph"));
        assert!(TrackerManifest::parse("{}").is_err());
    }
}
