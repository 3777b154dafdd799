//! `turnaround regenerate`: chosen bars anew, all other samples bit for bit.

use turnaround_core::actions::dense_weights;
use turnaround_core::contract::{Manifest, SparseWeights};
use turnaround_core::tempo_map::TempoMap;
use turnaround_core::time::Samples;
use turnaround_engine::audio_file::AudioFile;
use turnaround_engine::regenerate::{ActionChoice, Request, Target};
use turnaround_engine::report::Report;
use turnaround_engine::{Engine, EngineError};

use crate::args::{Like, Regenerate, Weight};
use crate::bars_only::BarsOnly;
use crate::grid;
use crate::output::{Failure, check_paths, open, prints_json, read, say, with_progress, write_json};

pub fn run(arguments: &Regenerate) -> Result<(), Failure> {
    check_paths(&arguments.input, Some(&arguments.output), arguments.json.as_deref())?;
    let bars_only = BarsOnly::asked(arguments)?;
    let file = read(&arguments.input)?;
    let map = grid(arguments, &file)?;
    check_bars(arguments, &map, &file)?;
    let engine = open(&arguments.networks)?;
    let action = action(arguments, &engine, &map, &file)?;
    let targets: Vec<Target> = arguments.bars.0.iter().map(|&bar| Target { bar, action: action.clone() }).collect();
    let request = Request { audio: file.audio(), map: &map, targets: &targets, settings: arguments.settings() };
    let result = with_progress("regenerating", |control| engine.regenerate(&request, control))?;
    file.write(&arguments.output, &result.audio, &result.report.changed)?;
    let stamped = bars_only.as_ref().map(|bars| bars.write(&file, &result.audio, &result.report.changed)).transpose()?;
    if !prints_json(arguments.json.as_deref()) {
        print(arguments, &file, &result.report);
        for path in stamped.iter().flatten() {
            say!("           {}", path.display());
        }
    }
    write_json(arguments.json.as_deref(), &result.report)
}

/// The grid of a recording, given or tracked.
fn grid(arguments: &Regenerate, file: &AudioFile) -> Result<TempoMap, Failure> {
    grid::of(&arguments.grid, &arguments.networks.running, file, prints_json(arguments.json.as_deref()))
}

/// Bars that are not there are told before a model set is looked for.
fn check_bars(arguments: &Regenerate, map: &TempoMap, file: &AudioFile) -> Result<(), Failure> {
    let audio = file.audio();
    let bars = map.whole_bars_within(Samples::from_len(audio.len()), audio.rate());
    let (Some(first), Some(last)) = (bars.first(), bars.last()) else {
        return Err(EngineError::NoWholeBar { seconds: audio.duration().get() }.into());
    };
    match arguments.bars.0.iter().find(|&&bar| bar < first.number || bar > last.number) {
        Some(bar) => Err(EngineError::BarOutside { bar: bar.get(), first: first.number.get(), last: last.number.get() }.into()),
        None => Ok(()),
    }
}

/// The action that all chosen bars are made with.
fn action(arguments: &Regenerate, engine: &Engine, map: &TempoMap, file: &AudioFile) -> Result<ActionChoice, Failure> {
    let manifest = engine.set().manifest();
    let mut weights = SparseWeights::new();
    for weight in &arguments.action {
        weights.push((index(weight, manifest)?, weight.weight));
    }
    if let Some(like) = &arguments.like {
        weights.extend(heard(like, arguments, engine, map, file)?);
    } else if weights.is_empty() {
        return Ok(ActionChoice::Null);
    }
    // An action given twice, or also heard, counts with the sum of its weights.
    let dense = dense_weights(&weights, manifest.actions.len());
    let weights = dense.iter().enumerate().filter(|(_, weight)| **weight > 0.0).map(|(index, &weight)| (index as u16, weight));
    Ok(ActionChoice::Weights(weights.collect()))
}

fn index(weight: &Weight, manifest: &Manifest) -> Result<u16, Failure> {
    let last = manifest.actions.len() - 1;
    if let Ok(index) = weight.action.parse::<u16>() {
        return if usize::from(index) <= last { Ok(index) } else { Err(EngineError::UnknownAction { index, last }.into()) };
    }
    let place = manifest.actions.iter().position(|action| action.label.eq_ignore_ascii_case(&weight.action));
    place.and_then(|place| u16::try_from(place).ok()).ok_or_else(|| {
        Failure::mendable(format!(
            "action {:?} does not exist: this model set has actions 0 to {last}; see turnaround info",
            weight.action
        ))
    })
}

fn heard(
    like: &Like,
    arguments: &Regenerate,
    engine: &Engine,
    map: &TempoMap,
    file: &AudioFile,
) -> Result<SparseWeights, Failure> {
    let bar = Some(&[like.bar][..]);
    let heard = match &like.file {
        None => with_progress("listening", |control| engine.infer_actions(file.audio(), map, bar, control))?,
        Some(path) => {
            // A grid that is tracked is each recording's own; one that is given holds for both.
            let other = read(path)?;
            let map = grid(arguments, &other)?;
            with_progress("listening", |control| engine.infer_actions(other.audio(), &map, bar, control))?
        }
    };
    Ok(heard.into_iter().flat_map(|bar| bar.weights).collect())
}

fn print(arguments: &Regenerate, file: &AudioFile, report: &Report) {
    for bar in &report.bars {
        let weights: Vec<String> = bar.action.iter().map(|action| format!("{} {:.2}", action.label, action.weight)).collect();
        let action = if weights.is_empty() { "the context decides".to_owned() } else { weights.join(", ") };
        let level = |level: Option<f64>| level.map_or_else(|| "silent".to_owned(), |db| format!("{db:.1} dB"));
        let limited = if bar.limited_db < -0.05 { format!(", limited by {:.1} dB", -bar.limited_db) } else { String::new() };
        say!("bar {:>4}  {} -> {}{limited}  {action}", bar.bar, level(bar.level_before_db), level(bar.level_after_db));
    }
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
    say!("runtime    {}, {}, {} threads", report.runtime.version, report.runtime.provider, report.runtime.threads);
    say!("read       {} ({})", arguments.input.display(), file.description());
    say!("wrote      {} ({})", arguments.output.display(), file.output_description());
}
