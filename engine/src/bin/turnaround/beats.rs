//! `turnaround beats`: where the beats and bars of a recording are.

use turnaround_engine::beats::Tracker;

use crate::args::Beats;
use crate::grid::told;
use crate::output::{Failure, check_paths, prints_json, read, say, write_json};

pub fn run(arguments: &Beats) -> Result<(), Failure> {
    check_paths(&arguments.input, None, arguments.json.as_deref())?;
    let file = read(&arguments.input)?;
    let tracking = &arguments.tracking;
    let tracker = Tracker::open(tracking.tracker.as_deref(), &arguments.running.options())?;
    let track = tracker.track(file.audio(), &tracking.wishes(arguments.meter))?;
    let report = tracker.report(&track);
    if !prints_json(arguments.json.as_deref()) {
        say!("{}", told(&report));
        for bar in report.beats.chunk_by(|_, next| next.number != 1) {
            let times: Vec<String> = bar.iter().map(|beat| format!("{:.3}", beat.time_s)).collect();
            say!("{}", times.join("  "));
        }
    }
    write_json(arguments.json.as_deref(), &report)
}
