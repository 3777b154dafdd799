//! Finding the beats of a recording: a tracker's graph between the core's front end and its decoder.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use turnaround_core::audio::Audio;
use turnaround_core::beats::contract::{INPUT, MANIFEST_FILE, OUTPUT, TrackerError, TrackerManifest};
use turnaround_core::beats::front_end::{BANDS, FrontEnd};
use turnaround_core::beats::grid::Steady;
use turnaround_core::beats::track::{BeatTrack, Confidence, TrackError, Wishes, track};
use turnaround_core::beats::{Activations, activations};
use turnaround_core::resample::{ResampleError, resample};
use turnaround_core::time::{Metre, SampleRate};

use crate::model_set::{Place, tracker_places};
use crate::runtime::{self, Network, Runtime, RuntimeError, RuntimeReport, TensorView};

/// A loaded tracker, ready for any number of recordings. Calls block, and may come from any thread.
pub struct Tracker {
    manifest: TrackerManifest,
    network: Box<dyn Network>,
    output: usize,
    runtime: RuntimeReport,
}

/// Why beats were not found.
#[derive(Debug, thiserror::Error)]
pub enum BeatsError {
    /// No place holds a tracker.
    #[error("no beat tracker was found ({0}); name its folder with --tracker or TURNAROUND_TRACKER, or give --tempo and --meter")]
    NotFound(String),
    /// A file of the tracker's is missing.
    #[error("the beat tracker {folder} is incomplete: {file} cannot be read ({reason}); give --tempo and --meter to do without")]
    MissingFile {
        /// The folder.
        folder: PathBuf,
        /// The file's name.
        file: String,
        /// What the system said.
        reason: String,
    },
    /// The manifest breaks its contract, or the graph its hash.
    #[error("the beat tracker {folder} cannot be used: {error}")]
    Contract {
        /// The folder.
        folder: PathBuf,
        /// What is wrong.
        error: TrackerError,
    },
    /// The graph gives no activations.
    #[error("the graph of the beat tracker {folder} has no output {OUTPUT}")]
    NoOutput {
        /// The folder.
        folder: PathBuf,
    },
    /// Nothing that could be counted.
    #[error(transparent)]
    Track(#[from] TrackError),
    /// The network failed.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// Resampling failed.
    #[error(transparent)]
    Resample(#[from] ResampleError),
}

impl Tracker {
    /// Finds and loads a tracker: from `folder`, or from the places of [`tracker_places`].
    ///
    /// # Errors
    /// [`BeatsError`] when none is found, it is damaged, or the runtime asked for cannot be had.
    pub fn open(folder: Option<&Path>, options: &runtime::Options) -> Result<Self, BeatsError> {
        let places = tracker_places(folder);
        let Some(place) = places.iter().find(|place| place.holds_set) else {
            let tried: Vec<String> = places.iter().map(Place::to_string).collect();
            return Err(BeatsError::NotFound(tried.join(", ")));
        };
        Self::load(&place.folder, runtime::open(options)?.as_ref())
    }

    /// Loads the tracker in `folder` into a runtime.
    ///
    /// # Errors
    /// [`BeatsError`] when it is damaged or the runtime cannot take its graph.
    pub fn load(folder: &Path, runtime: &dyn Runtime) -> Result<Self, BeatsError> {
        let missing = |file: &str, reason: std::io::Error| BeatsError::MissingFile {
            folder: folder.into(),
            file: file.into(),
            reason: reason.to_string(),
        };
        let refused = |error| BeatsError::Contract { folder: folder.to_path_buf(), error };
        let text = fs::read_to_string(folder.join(MANIFEST_FILE)).map_err(|reason| missing(MANIFEST_FILE, reason))?;
        let manifest = TrackerManifest::parse(&text).map_err(refused)?;
        let file = &manifest.graph.file;
        let content = fs::read(folder.join(file)).map_err(|reason| missing(file, reason))?;
        manifest.verify(&content).map_err(refused)?;
        let network = runtime.load(&manifest.name, &content)?;
        let output = network.outputs().iter().position(|port| port.name == OUTPUT);
        let output = output.ok_or_else(|| BeatsError::NoOutput { folder: folder.to_path_buf() })?;
        Ok(Self { manifest, network, output, runtime: runtime.description() })
    }

    /// What the tracker says of itself.
    pub fn manifest(&self) -> &TrackerManifest {
        &self.manifest
    }

    /// What runs it.
    pub fn runtime(&self) -> &RuntimeReport {
        &self.runtime
    }

    /// What is heard in every frame of a recording's mid; nothing of an empty one.
    ///
    /// # Errors
    /// [`BeatsError::Resample`] or [`BeatsError::Runtime`].
    pub fn listen(&self, audio: &Audio) -> Result<Activations, BeatsError> {
        let samples = resample(&audio.mid(), audio.rate(), SampleRate::MODEL)?;
        let frames = FrontEnd::default().frames(&samples);
        if frames.is_empty() {
            return Ok(Activations::new());
        }
        let shape = [1, frames.len() / BANDS, BANDS];
        let outputs = self.network.run(&[(INPUT, TensorView::new(&shape, &frames))])?;
        Ok(activations(outputs[self.output].values()))
    }

    /// The beats of a recording.
    ///
    /// # Errors
    /// [`BeatsError::Track`] where no beat is heard, and as [`Self::listen`].
    pub fn track(&self, audio: &Audio, wishes: &Wishes) -> Result<BeatTrack, BeatsError> {
        Ok(track(&self.listen(audio)?, wishes)?)
    }

    /// The account of a track.
    pub fn report(&self, track: &BeatTrack) -> BeatsReport {
        let beat = |beat: &turnaround_core::beats::track::Beat| BeatReport { time_s: beat.time.get(), number: beat.number };
        BeatsReport {
            tracker: format!("{} {}", self.manifest.name, self.manifest.version),
            runtime: self.runtime.clone(),
            metre: track.metre,
            tempo: track.tempo().bpm(),
            felt_bpm: track.felt_bpm(),
            confidence: track.confidence,
            steady: track.steady().map(SteadyReport::from),
            beats: track.beats.iter().map(beat).collect(),
        }
    }
}

/// Beats as programs read them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BeatsReport {
    /// Name and version of the tracker.
    pub tracker: String,
    /// What ran it.
    pub runtime: RuntimeReport,
    /// One for the whole recording.
    pub metre: Metre,
    /// Quarter notes per minute, by the median beat.
    pub tempo: f64,
    /// Felt beats per minute: dotted quarters in 6/8 and 12/8, else the note the metre counts.
    pub felt_bpm: f64,
    /// How sure the tracker is.
    pub confidence: Confidence,
    /// The even grid that fits all beats; nothing where the tempo moves.
    pub steady: Option<SteadyReport>,
    /// Every felt beat.
    pub beats: Vec<BeatReport>,
}

/// One beat.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BeatReport {
    /// When it falls, in seconds.
    pub time_s: f64,
    /// Its number in the bar, from 1.
    pub number: usize,
}

/// An even grid, as `--tempo` and `--offset` take it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SteadyReport {
    /// Quarter notes per minute.
    pub tempo: f64,
    /// Where bar 1 starts, in seconds.
    pub offset_s: f64,
    /// How far beats lie beside it, root mean square, in milliseconds.
    pub rms_ms: f64,
    /// The same for the worst beat.
    pub worst_ms: f64,
}

impl From<Steady> for SteadyReport {
    fn from(steady: Steady) -> Self {
        Self {
            tempo: steady.tempo.bpm(),
            offset_s: steady.offset.get(),
            rms_ms: 1e3 * steady.rms.get(),
            worst_ms: 1e3 * steady.worst.get(),
        }
    }
}
