//! `turnaround roundtrip`: there and back, to hear what the networks keep.

use turnaround_core::tempo_map::TempoMap;
use turnaround_core::time::{Metre, Seconds, Tempo};
use turnaround_engine::audio_file::AudioFile;
use turnaround_engine::regenerate::Settings;
use turnaround_engine::report::Region;
use turnaround_engine::roundtrip::Turn;

use crate::args::Roundtrip;
use crate::grid;
use crate::output::{Failure, check_paths, open, prints_json, read, say, with_progress, write_json};

pub fn run(arguments: &Roundtrip) -> Result<(), Failure> {
    check_paths(&arguments.input, Some(&arguments.output), arguments.json.as_deref())?;
    let turn = Turn::from(arguments.stage);
    let file = read(&arguments.input)?;
    let engine = open(&arguments.networks)?;
    let map = grid(arguments, turn, &file)?;
    let settings = Settings { seed: arguments.seed, ..Settings::default() };
    let calls = usize::from(arguments.calls);
    let (audio, report) =
        with_progress("there and back", |control| engine.roundtrip(file.audio(), &map, turn, calls, settings, control))?;
    file.write(&arguments.output, &audio, &[Region { start: 0, end: audio.len() }])?;
    if !prints_json(arguments.json.as_deref()) {
        say!("{} in {:.2} s, {} decoder calls, {}", turn.name(), report.total_s, report.decoder_calls, report.runtime.version);
        say!("wrote {} ({})", arguments.output.display(), file.output_description());
    }
    write_json(arguments.json.as_deref(), &report)
}

/// The tokenizer asks for no grid; any will do.
fn grid(arguments: &Roundtrip, turn: Turn, file: &AudioFile) -> Result<TempoMap, Failure> {
    match (arguments.grid.given(), turn) {
        (Some(map), _) => Ok(map),
        (None, Turn::Tokenizer) => {
            let slowest = Tempo::new(Tempo::SLOWEST).map_err(Failure::mendable)?;
            Ok(TempoMap::constant(slowest, Metre::FOUR_FOUR, Seconds::ZERO))
        }
        (None, _) => grid::of(&arguments.grid, &arguments.networks.running, file, prints_json(arguments.json.as_deref())),
    }
}
