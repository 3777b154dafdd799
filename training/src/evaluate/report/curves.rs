//! A measure against the number of decoder calls, the anchors as level lines beside it.

use std::path::Path;

use anyhow::{Context, Result};
use plotters::prelude::*;

use crate::chance::Interval;
use crate::evaluate::anchors::opus::Band;
use crate::evaluate::measure::BedMeasures;
use crate::evaluate::metrics::Metric;
use crate::evaluate::rows::{CALLS, OPUS, Row};
use crate::picture::{self, Area, FONT};

/// The measures that are drawn, side by side.
const DRAWN: [Metric; 3] = [Metric::Mel, Metric::Chroma, Metric::OnsetF];

const WIDTH: u32 = 480;
const HEIGHT: u32 = 380;

/// Draws a bed to `path`.
pub fn draw(path: &Path, bed: &BedMeasures) -> Result<()> {
    picture::write(path, (WIDTH * DRAWN.len() as u32, HEIGHT), |area| {
        let parts = area.split_evenly((1, DRAWN.len()));
        parts.iter().zip(DRAWN).try_for_each(|(part, metric)| chart(part, bed, metric))
    })
}

fn interval(bed: &BedMeasures, row: Row, metric: Metric) -> Option<Interval> {
    let found = bed.rows.iter().find(|measures| measures.name == row.name())?;
    Some(found.marks.get(&metric)?.interval)
}

fn chart(area: &Area<'_>, bed: &BedMeasures, metric: Metric) -> Result<()> {
    let points: Vec<(usize, Interval)> =
        CALLS.into_iter().filter_map(|calls| interval(bed, Row::Calls(calls), metric).map(|found| (calls, found))).collect();
    let levels = levels(bed, metric);
    let all = || points.iter().flat_map(|(_, found)| [found.low, found.high]).chain(levels.iter().map(|(_, level)| *level));
    let (low, high) = (all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max));
    let room = 0.06 * (high - low).max(1e-6);
    // Names are half a line higher than their level, and moved up where they would lie on each other.
    let line = 14.0 / f64::from(HEIGHT - 100) * (high - low + 2.0 * room);
    let mut lowest = f64::NEG_INFINITY;
    let names_at: Vec<f64> = levels
        .iter()
        .map(|(_, level)| {
            lowest = (level + 0.5 * line).max(lowest + line);
            lowest
        })
        .collect();
    let top = (high + room).max(lowest);
    let last = points.len().checked_sub(1).context("a curve needs points")? as f64;

    let mut chart = ChartBuilder::on(area)
        .caption(format!("{} by decoder calls", metric.name()), (FONT, 18))
        .margin(10)
        .x_label_area_size(34)
        .y_label_area_size(56)
        .build_cartesian_2d(-0.3..last + 2.2, low - room..top)?;
    let names: Vec<String> = points.iter().map(|(calls, _)| calls.to_string()).collect();
    let name = |place: &f64| {
        let is_whole = (place - place.round()).abs() < 1e-6 && *place >= 0.0;
        names.get(place.round() as usize).filter(|_| is_whole).cloned().unwrap_or_default()
    };
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .x_labels(12)
        .x_label_formatter(&name)
        .label_style((FONT, 13))
        .draw()?;
    for (index, (name, level)) in levels.iter().enumerate() {
        let colour = Palette99::pick(index + 1).mix(0.9);
        let at = names_at[index];
        chart.draw_series(LineSeries::new([(-0.3, *level), (last + 0.3, *level), (last + 0.5, at - 0.5 * line)], colour))?;
        chart.draw_series([Text::new(name.clone(), (last + 0.55, at), (FONT, 13))])?;
    }
    let place = |index: usize| index as f64;
    let means = points.iter().enumerate().map(|(index, (_, found))| (place(index), found.mean));
    chart.draw_series(LineSeries::new(means, BLUE.stroke_width(2)))?;
    let bars = points.iter().enumerate().flat_map(|(index, (_, found))| {
        let whisker = PathElement::new([(place(index), found.low), (place(index), found.high)], BLUE);
        let dot = Rectangle::new([(place(index) - 0.06, found.mean), (place(index) + 0.06, found.mean)], BLUE.stroke_width(5));
        [whisker.into_dyn(), dot.into_dyn()]
    });
    chart.draw_series(bars)?;
    Ok(())
}

/// What a curve is read against, from low to high.
fn levels(bed: &BedMeasures, metric: Metric) -> Vec<(String, f64)> {
    let name = |bits: u32, band: Band| format!("Opus {}{}", bits / 1000, if band == Band::Wide { " wide" } else { "" });
    let opus = OPUS.into_iter().map(|(bits, band)| (name(bits, band), Row::Opus(bits, band)));
    let others = [("other bar", Row::OtherBar), ("true mag.", Row::RandomPhases), ("as played", Row::Played)];
    let others = others.map(|(name, row)| (name.to_owned(), row));
    let found = |(name, row): (String, Row)| interval(bed, row, metric).map(|interval| (name, interval.mean));
    let mut levels: Vec<(String, f64)> = opus.chain(others).filter_map(found).collect();
    levels.sort_by(|a, b| a.1.total_cmp(&b.1));
    levels
}
