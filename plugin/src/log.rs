//! What the plugin saw and did, as JSON lines in the file that `TURNAROUND_LOG` names; nothing without it.
//!
//! For tests in hosts and for reports from musicians. Written by the worker alone.

use std::fs::File;
use std::io::Write;
use std::time::Duration;

use serde_json::json;

use crate::spec::{BarSpec, BarStamp};

/// The file, if one is named and can be written.
pub struct Log(Option<File>);

impl Log {
    /// Looks at the environment.
    pub fn open() -> Self {
        let path = std::env::var_os("TURNAROUND_LOG").filter(|path| !path.is_empty());
        Self(path.and_then(|path| File::options().create(true).append(true).open(path).ok()))
    }

    /// A whole bar was captured.
    pub fn bar(&mut self, bar: &BarStamp, length: usize) {
        self.write(|| {
            json!({"ev": "bar", "anchor": bar.anchor.get(), "number": bar.number.get(), "length": length,
                "metre": bar.metre.to_string(), "tempo": bar.tempo.bpm(), "revision": bar.revision.get(),
                "position": bar.position.map(|position| position.get())})
        });
    }

    /// A bar's values were read at its middle.
    pub fn latched(&mut self, bar: &BarStamp, spec: &BarSpec) {
        self.write(|| {
            let making = serde_json::to_value(spec.making).unwrap_or_default();
            json!({"ev": "latch", "anchor": bar.anchor.get(), "number": bar.number.get(), "regenerate": spec.regenerate,
                "actions": making["actions"], "strength": making["strength"], "guidance": making["guidance"],
                "seed": making["seed"], "context_bars": making["context_bars"], "quality": making["quality"],
                "mix": spec.playing.mix, "trim_db": spec.playing.trim_db})
        });
    }

    /// A take was made or not.
    pub fn take(&mut self, bar: &BarStamp, took: Duration, result: Result<(), &str>) {
        self.write(|| {
            json!({"ev": "take", "anchor": bar.anchor.get(), "number": bar.number.get(), "ms": took.as_secs_f64() * 1e3,
                "ok": result.is_ok(), "reason": result.err()})
        });
    }

    /// A project was loaded.
    pub fn loaded(&mut self, bars: usize, problems: &[String]) {
        self.write(|| json!({"ev": "loaded", "bars": bars, "problems": problems}));
    }

    /// The musician was told something.
    pub fn message(&mut self, message: &str) {
        self.write(|| json!({"ev": "message", "text": message}));
    }

    fn write(&mut self, line: impl FnOnce() -> serde_json::Value) {
        if let Some(file) = &mut self.0 {
            // A full disk must not take the music with it.
            let _ = writeln!(file, "{}", line());
        }
    }
}
