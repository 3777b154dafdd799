//! Loss curves as SVG, so that a run can be judged at a glance.

use std::path::Path;

use anyhow::{Context, Result};
use plotters::prelude::*;

/// One named line of `(step, value)`.
pub type Line = (String, Vec<(u64, f64)>);

/// Draws smoothed lines over steps, the value axis logarithmic, to `path`.
///
/// # Errors
/// When there is nothing to draw or the file cannot be written.
pub fn draw(path: &Path, title: &str, lines: &[Line]) -> Result<()> {
    let points = || lines.iter().flat_map(|(_, line)| line.iter().copied()).filter(|(_, value)| *value > 0.0);
    let last = points().map(|(step, _)| step).max().context("a loss curve needs at least one positive value")?;
    let low = points().map(|(_, value)| value).fold(f64::INFINITY, f64::min);
    let high = points().map(|(_, value)| value).fold(0.0, f64::max);

    crate::picture::letters();
    let area = SVGBackend::new(path, (900, 420)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption(title, ("sans-serif", 20))
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(56)
        .build_cartesian_2d(0..last + 1, ((low * 0.9)..(high * 1.1)).log_scale())?;
    chart.configure_mesh().x_desc("step").y_desc("loss").draw()?;
    for (index, (name, line)) in lines.iter().enumerate() {
        let colour = Palette99::pick(index).to_rgba();
        let line = line.iter().copied().filter(|(_, value)| *value > 0.0);
        chart
            .draw_series(LineSeries::new(line, colour.stroke_width(2)))?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
    }
    chart.configure_series_labels().background_style(WHITE.mix(0.8)).border_style(BLACK).draw()?;
    area.present().with_context(|| format!("writing {}", path.display()))
}
