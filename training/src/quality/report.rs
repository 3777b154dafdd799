//! The verdicts on a folder as a table, and as a picture of probability over time.

use std::path::Path;

use anyhow::{Result, ensure};
use plotters::prelude::*;
use rayon::prelude::*;
use serde::Serialize;
use turnaround_core::time::SampleRate;

use super::KEEP_ABOVE;
use super::cuts::CUT_S;
use super::filter::{Filter, Verdict};
use crate::picture::{self, Area, FONT};
use crate::recording;

/// One file of a folder.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// Its path below the folder.
    pub file: String,
    /// How long it is.
    pub seconds: f64,
    /// What the filter says; `None` where the file could not be heard.
    pub verdict: Option<Verdict>,
    /// Why it could not be heard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// Judges every recording of a folder, in order of paths.
///
/// # Errors
/// When the folder cannot be read or holds no recording. A file that cannot be heard is a row with its problem.
pub fn judge(folder: &Path, filter: &Filter) -> Result<Vec<Row>> {
    let row = |path: &std::path::PathBuf| {
        let file = path.strip_prefix(folder).unwrap_or(path).display().to_string();
        match recording::read(path) {
            Ok(audio) => {
                let seconds = audio.len() as f64 / f64::from(SampleRate::MODEL.hz());
                Row { file, seconds, verdict: Some(filter.judge(&audio)), problem: None }
            }
            Err(error) => Row { file, seconds: 0.0, verdict: None, problem: Some(format!("{error:#}")) },
        }
    };
    Ok(recording::recordings(folder)?.par_iter().map(row).collect())
}

/// The rows as a table for a terminal.
pub fn table(rows: &[Row]) -> String {
    let width = rows.iter().map(|row| row.file.chars().count()).max().unwrap_or(0).max(4);
    let mut text = format!("{:width$}  length  score  severity  kept\n", "file");
    for row in rows {
        text += &match (&row.verdict, &row.problem) {
            (Some(verdict), _) => format!(
                "{:width$}  {:>3}:{:02.0}   {:.2}      {:.2}  {}\n",
                row.file,
                (row.seconds / 60.0).floor(),
                (row.seconds % 60.0).floor(),
                verdict.score,
                verdict.severity,
                if verdict.is_kept { "yes" } else { "no" }
            ),
            (None, problem) => format!("{:width$}  {}\n", row.file, problem.as_deref().unwrap_or("could not be heard")),
        };
    }
    let judged: Vec<&Verdict> = rows.iter().filter_map(|row| row.verdict.as_ref()).collect();
    text + &format!("{} of {} kept\n", judged.iter().filter(|verdict| verdict.is_kept).count(), rows.len())
}

/// Width of the picture, and height of one file in it, in pixels.
const WIDTH: u32 = 1000;
const HEIGHT: u32 = 84;
/// The most files that a picture shows.
const MOST: usize = 100;

/// Draws probability over time, one strip a file, with the line above which a song is kept, to a PNG file. More than a hundred files are
/// cut off.
///
/// # Errors
/// When no file could be heard, or the picture cannot be written.
pub fn draw(path: &Path, rows: &[Row]) -> Result<()> {
    let heard: Vec<(&Row, &Verdict)> = rows.iter().filter_map(|row| Some((row, row.verdict.as_ref()?))).take(MOST).collect();
    ensure!(!heard.is_empty(), "there is nothing to draw: no file could be heard");
    picture::write(path, (WIDTH, HEIGHT * heard.len() as u32), |area| {
        for (strip, (row, verdict)) in area.split_evenly((heard.len(), 1)).iter().zip(&heard) {
            draw_strip(strip, row, verdict)?;
        }
        Ok(())
    })
}

fn draw_strip(strip: &Area<'_>, row: &Row, verdict: &Verdict) -> Result<()> {
    let caption = format!("{}: {:.2}, {}", row.file, verdict.score, if verdict.is_kept { "kept" } else { "refused" });
    let colour = if verdict.is_kept { RGBColor(20, 120, 60) } else { RGBColor(180, 40, 40) };
    let end = verdict.probabilities.len() as f64 * CUT_S;
    let mut chart = ChartBuilder::on(strip)
        .caption(caption, (FONT, 14))
        .margin(4)
        .x_label_area_size(16)
        .y_label_area_size(32)
        .build_cartesian_2d(0.0..end, 0.0..1.0)?;
    chart
        .configure_mesh()
        .disable_mesh()
        .y_labels(3)
        .x_labels(10)
        .x_label_formatter(&|seconds| format!("{seconds:.0} s"))
        .draw()?;
    chart.draw_series(LineSeries::new([(0.0, KEEP_ABOVE), (end, KEEP_ABOVE)], BLACK.mix(0.3)))?;
    let steps = verdict.probabilities.iter().enumerate();
    let points = steps.flat_map(|(cut, value)| [(cut as f64 * CUT_S, *value), ((cut + 1) as f64 * CUT_S, *value)]);
    chart.draw_series(LineSeries::new(points, colour.stroke_width(2)))?;
    Ok(())
}
