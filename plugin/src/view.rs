//! What the editor sees, and what it may ask for. The worker writes the view, the editor reads it; nothing of it touches the audio
//! thread but the few numbers of [`Live`].

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicU64, Ordering};

use turnaround_core::bars::BarNumber;
use turnaround_core::contract::Action;
use turnaround_core::time::{Beats, Metre, Seconds};

use crate::spec::{BarKey, BarSpec};

/// A picture of everything, made anew by the worker whenever something changed.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// Every bar heard so far, by its place.
    pub bars: Vec<BarView>,
    /// The models and what runs them.
    pub engine: EngineView,
    /// The set's actions, one for each slot that it has, with what was measured of them; empty as long as no set was read.
    pub actions: Arc<Vec<Action>>,
    /// The job under way.
    pub job: Option<JobView>,
    /// How many times faster than real time the last take was made.
    pub times_real_time: Option<f64>,
    /// Sentences for the musician, the newest last.
    pub messages: Vec<String>,
    /// Bytes of audio held for this instance.
    pub audio_bytes: usize,
}

/// One bar.
#[derive(Clone, Debug)]
pub struct BarView {
    /// Its name in commands.
    pub key: BarKey,
    /// Where it begins, in quarter notes.
    pub anchor: Beats,
    /// Its number.
    pub number: BarNumber,
    /// Its metre.
    pub metre: Metre,
    /// How long it lasts.
    pub duration: Seconds,
    /// Where it stands.
    pub status: BarStatus,
    /// What is asked of it.
    pub spec: BarSpec,
    /// Whether `spec` was set in the editor, so that parameters do not change it.
    pub is_pinned: bool,
    /// The dry bar, once captured.
    pub dry: Option<Arc<Overview>>,
    /// The take, once made.
    pub take: Option<Arc<Overview>>,
    /// How often it had to play dry because its take was not ready.
    pub late: u32,
}

/// Where a bar stands on its way. Whether it sounds just now is told by [`Live`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BarStatus {
    /// To be made anew, but it, or any bar beside it, was never heard whole: play it once.
    Unheard,
    /// Stays as it is. Its sound is known.
    Captured,
    /// Waits for its turn.
    Queued,
    /// Is being made.
    Making,
    /// Has a take that answers what is asked.
    Ready,
    /// Could not be made, for this reason.
    Failed(String),
}

/// A waveform in columns of equal width: lowest and highest sample of the mid, -1 to 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overview(pub Vec<(f32, f32)>);

impl Overview {
    /// Columns of an overview.
    pub const COLUMNS: usize = 96;

    /// The overview of two channels of one length.
    pub fn new(left: &[f32], right: &[f32]) -> Self {
        let mid: Vec<f32> = left.iter().zip(right).map(|(l, r)| 0.5 * (l + r)).collect();
        let columns = Self::COLUMNS.min(mid.len());
        let bounds = |column: usize| column * mid.len() / columns.max(1);
        let extremes = |part: &[f32]| part.iter().fold((0.0f32, 0.0f32), |(low, high), &x| (low.min(x), high.max(x)));
        Self((0..columns).map(|column| extremes(&mid[bounds(column)..bounds(column + 1)])).collect())
    }
}

/// The models and what runs them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum EngineView {
    /// Nothing was asked of them yet.
    #[default]
    Asleep,
    /// Being loaded.
    Loading,
    /// Ready.
    Loaded {
        /// Name and version of the model set.
        set: String,
        /// `cuda` or `cpu`, and the library that computes.
        provider: String,
        /// Why it is this provider and no other, in sentences.
        notes: Vec<String>,
    },
    /// No set, or no way to run it; what to do about it.
    Failed(String),
}

/// The job under way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct JobView {
    /// The bar.
    pub key: BarKey,
    /// Steps done, of all.
    pub done: usize,
    /// Steps in all.
    pub total: usize,
}

/// What the editor may ask of the worker.
#[derive(Clone, Debug)]
pub enum Command {
    /// Fix what is asked of some bars, whatever the parameters say; or give them back to the parameters.
    Pin(Vec<BarKey>, Option<BarSpec>),
    /// Hear what is around these bars when there is nothing else to do, so that their takes come sooner once they are asked for; in place of
    /// all bars named before.
    Hear(Vec<BarKey>),
    /// Make a bar's take again, for instance with another model set.
    MakeAgain(BarKey),
    /// Forget everything about some bars: capture, take and spec.
    Forget(Vec<BarKey>),
    /// Write some bars, or all between the first and the last heard, as stamped WAV files into a folder.
    Export {
        /// Nothing means the whole track.
        bars: Option<Vec<BarKey>>,
        /// Where to.
        folder: PathBuf,
    },
}

/// Numbers that the audio thread writes and the editor reads, each for itself.
#[derive(Debug, Default)]
pub struct Live {
    beats: AtomicU64,
    playing: AtomicBool,
    sounding: AtomicI64,
    late: AtomicU32,
    waiting: AtomicBool,
    may_wait: AtomicBool,
    cancelled: AtomicBool,
}

/// For `sounding`: no take.
const NO_BAR: i64 = i64::MIN;

impl Live {
    /// Where the playhead is, in quarter notes.
    pub fn playhead(&self) -> Beats {
        Beats::new(f64::from_bits(self.beats.load(Ordering::Relaxed)))
    }

    /// Whether the host plays.
    pub fn is_playing(&self) -> bool {
        self.playing.load(Ordering::Relaxed)
    }

    /// The bar whose take sounds now.
    pub fn sounding(&self) -> Option<BarKey> {
        // Zero is what a fresh counter holds; a bar at beat 0 has that key too, so it counts only while playing.
        let raw = self.sounding.load(Ordering::Relaxed);
        (self.is_playing() && raw != NO_BAR).then(|| BarKey::from_raw(raw))
    }

    /// How many bars played dry because their takes were late.
    pub fn late(&self) -> u32 {
        self.late.load(Ordering::Relaxed)
    }

    /// Whether the audio thread waits for a take just now.
    pub fn is_waiting(&self) -> bool {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Whether the plugin takes this for a bounce, in which it may wait.
    pub fn may_wait(&self) -> bool {
        self.may_wait.load(Ordering::Relaxed)
    }

    /// Ends a wait, and every later one until playback starts anew.
    pub fn cancel_wait(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether waits were cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    pub(crate) fn set_playhead(&self, beats: Beats, playing: bool) {
        self.beats.store(beats.get().to_bits(), Ordering::Relaxed);
        self.playing.store(playing, Ordering::Relaxed);
    }

    pub(crate) fn set_sounding(&self, key: Option<BarKey>) {
        self.sounding.store(key.map_or(NO_BAR, BarKey::raw), Ordering::Relaxed);
    }

    pub(crate) fn count_late(&self) {
        self.late.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn set_waiting(&self, waiting: bool) {
        self.waiting.store(waiting, Ordering::Relaxed);
    }

    pub(crate) fn set_may_wait(&self, may_wait: bool) {
        self.may_wait.store(may_wait, Ordering::Relaxed);
    }

    pub(crate) fn allow_waits(&self) {
        self.cancelled.store(false, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_overview_keeps_peaks_of_any_length() {
        for length in [0, 1, 50, 96, 10_000] {
            let mut left = vec![0.0; length];
            if let Some(last) = left.last_mut() {
                *last = -0.5;
            }
            let overview = Overview::new(&left, &left);
            assert_eq!(overview.0.len(), length.min(Overview::COLUMNS));
            assert_eq!(overview.0.last().copied(), (length > 0).then_some((-0.5, 0.0)));
        }
    }

    #[test]
    fn no_take_sounds_while_the_host_stands_still() {
        let live = Live::default();
        assert_eq!(live.sounding(), None);
        live.set_playhead(Beats::ZERO, true);
        live.set_sounding(Some(BarKey::new(Beats::ZERO)));
        assert_eq!(live.sounding(), Some(BarKey::new(Beats::ZERO)));
        live.set_sounding(None);
        assert_eq!(live.sounding(), None);
    }
}
