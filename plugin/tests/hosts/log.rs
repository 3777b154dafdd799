//! The plugin's own account: the worker writes a line of JSON for every bar it hears and every take it makes.

use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

/// The file that `TURNAROUND_LOG` names.
pub struct Log(PathBuf);

impl Log {
    pub fn new(file: PathBuf) -> Self {
        Self(file)
    }

    /// All lines so far. A last line that is still being written is left for later.
    pub fn lines(&self) -> Vec<Value> {
        let text = fs::read_to_string(&self.0).unwrap_or_default();
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line:?} is not JSON: {error}")))
            .collect()
    }

    fn shown(&self) -> String {
        self.lines().iter().map(|line| format!("{line}\n")).collect()
    }

    /// A place to read on from.
    pub fn mark(&self) -> usize {
        self.lines().len()
    }

    /// Lines of one kind since a mark.
    pub fn since(&self, mark: usize, event: &str) -> Vec<Value> {
        self.lines().into_iter().skip(mark).filter(|line| line["ev"] == event).collect()
    }

    /// Waits until the worker has written at least `count` lines of one kind since a mark.
    ///
    /// # Panics
    /// After the limit.
    #[track_caller]
    pub fn wait_for(&self, mark: usize, event: &str, count: usize, limit: Duration) -> Vec<Value> {
        let begin = Instant::now();
        loop {
            let found = self.since(mark, event);
            if found.len() >= count {
                return found;
            }
            assert!(
                begin.elapsed() < limit,
                "waited {limit:?} for {count} times {event:?}, and the log holds:\n{}",
                self.shown()
            );
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until takes of these anchors, in beats, are ready.
    ///
    /// # Panics
    /// After the limit.
    #[track_caller]
    pub fn wait_for_takes(&self, mark: usize, anchors: &[f64], limit: Duration) {
        let begin = Instant::now();
        loop {
            // One that failed for want of a neighbour is tried again when that was heard.
            let takes: Vec<_> = self.since(mark, "take").into_iter().filter(|take| take["ok"] == true).collect();
            let is_ready = |anchor: &f64| takes.iter().any(|take| is_at(take, *anchor));
            if anchors.iter().all(is_ready) {
                return;
            }
            assert!(begin.elapsed() < limit, "waited {limit:?} for takes at {anchors:?}, and the log holds:\n{}", self.shown());
            thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Whether a line is about the bar that begins at a beat, as near as hosts round.
pub fn is_at(line: &Value, anchor: f64) -> bool {
    line["anchor"].as_f64().is_some_and(|found| (found - anchor).abs() < 1.0 / 480.0)
}
