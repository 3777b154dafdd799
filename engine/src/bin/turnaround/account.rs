//! What the verbs that make bars tell of them in words.

use std::path::Path;

use turnaround_engine::audio_file::AudioFile;
use turnaround_engine::report::{BarReport, PlayerReport, Report};

use crate::args::Files;
use crate::output::say;

/// What stood where a bar was made.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Before {
    /// Another bar.
    Bar,
    /// Nothing.
    Nothing,
}

/// Bar by bar: levels, actions and, where a set knows them, players.
pub fn print_bars(bars: &[BarReport], before: Before) {
    for bar in bars {
        let weights: Vec<String> = bar.action.iter().map(|action| format!("{} {:.2}", action.label, action.weight)).collect();
        let action = if weights.is_empty() { "the context decides".to_owned() } else { weights.join(", ") };
        let level = |level: Option<f64>| level.map_or_else(|| "silent".to_owned(), |db| format!("{db:.1} dB"));
        let was = if before == Before::Bar { level(bar.level_before_db) } else { "new".to_owned() };
        let limited = if bar.limited_db < -0.05 { format!(", limited by {:.1} dB", -bar.limited_db) } else { String::new() };
        let by = if bar.players.is_empty() { String::new() } else { format!("; by {}", players(&bar.players)) };
        say!("bar {:>4}  {was} -> {}{limited}  {action}{by}", bar.bar, level(bar.level_after_db));
    }
}

/// Those that rather play than not.
pub fn players(players: &[PlayerReport]) -> String {
    let playing = players.iter().filter(|player| player.probability >= 0.5);
    let names: Vec<&str> = playing.map(|player| player.instrument.as_str()).collect();
    if names.is_empty() { "anyone".to_owned() } else { names.join(", ") }
}

/// What was kept, what it cost, what was read and written.
pub fn print_rest(report: &Report, file: &AudioFile, files: &Files, output: &Path) {
    let is_kept = report.kept.iter().all(|kept| kept.sha256_before == kept.sha256_after);
    say!("kept       {} stretches, {}", report.kept.len(), if is_kept { "bit for bit" } else { "NOT as they were" });
    if report.audio.peak > 1.0 {
        say!("peak       {:.2}: above full scale, clipped in whole-number files", report.audio.peak);
    }
    let timing = &report.timing;
    say!(
        "time       {:.2} s for {:.2} s of music, {:.1} times real time",
        timing.total_s,
        timing.music_s,
        timing.times_real_time
    );
    say!("runtime    {}", report.runtime.in_words());
    say!("read       {} ({})", files.input.display(), file.description());
    say!("wrote      {} ({})", output.display(), file.output_description());
}
