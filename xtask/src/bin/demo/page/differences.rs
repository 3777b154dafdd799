//! How much each bar changed: a chart over all bars, a table of those made anew.

use turnaround_core::audio::Audio;
use turnaround_core::bars::Bar;

use super::axis::Axis;
use crate::Demo;
use crate::compare::{difference_levels, mel_distance};
use crate::edit::{BarReport, Edit};

const TOP: f64 = 16.0;
const ROW: f64 = 54.0;
const GAP: f64 = 16.0;
/// Height of a line of text.
const LINE: f64 = 16.0;
/// Levels at the foot and the head of a row, in dB.
const LOWEST: f64 = -30.0;
const HIGHEST: f64 = 6.0;

/// One comparison.
struct Row<'a> {
    class: &'static str,
    label: String,
    from: &'a Audio,
    to: &'a Audio,
}

/// Each edit against the original, and, where there are two, one against the other.
fn rows(demo: &Demo) -> Vec<Row<'_>> {
    let original = &demo.trio.recording.audio;
    let against_original =
        |edit: &'static str, to| Row { class: edit, label: format!("{edit} against before"), from: original, to };
    let mut rows: Vec<Row<'_>> = demo.edits.iter().map(|edit| against_original(edit.name, &edit.recording.audio)).collect();
    if let [a, b] = demo.edits.as_slice() {
        let label = format!("{} against {}", b.name, a.name);
        rows.push(Row { class: "both", label, from: &a.recording.audio, to: &b.recording.audio });
    }
    rows
}

/// The chart, on the same axis as the pictures.
pub fn chart(demo: &Demo) -> String {
    let axis = Axis::new(demo.trio.recording.audio.duration());
    let bars = &demo.trio.bars;
    let rows = rows(demo);
    let drawn: String = rows.iter().enumerate().map(|(place, row)| draw(row, foot(place), &axis, bars)).collect();
    let height = foot(rows.len() - 1) + 6.0;
    format!("<svg class=\"chart\" viewBox=\"0 0 {} {height}\">{}{drawn}</svg>", Axis::WIDTH, axis.bar_numbers(bars, TOP - 6.0))
}

/// The foot of a row.
fn foot(place: usize) -> f64 {
    TOP + GAP + ROW + place as f64 * (ROW + GAP)
}

fn draw(row: &Row<'_>, foot: f64, axis: &Axis, bars: &[Bar]) -> String {
    let levels = difference_levels(row.from, row.to, bars);
    let columns: String = bars.iter().zip(levels).map(|(bar, level)| column(bar, level, foot, axis)).collect();
    let zero = foot - height_of(0.0);
    let left = Axis::LEFT;
    format!(
        "<g class=\"{}\"><text class=\"row\" x=\"{left}\" y=\"{:.1}\">{}</text>{}\
         <line class=\"zero\" x1=\"{left}\" x2=\"{width}\" y1=\"{zero:.1}\" y2=\"{zero:.1}\"/>\
         <line class=\"foot\" x1=\"{left}\" x2=\"{width}\" y1=\"{foot}\" y2=\"{foot}\"/>\
         <text class=\"tick\" x=\"{tick}\" y=\"{:.1}\">0 dB</text><text class=\"tick\" x=\"{tick}\" y=\"{foot}\">{LOWEST}</text>{columns}</g>",
        row.class,
        foot - ROW - 3.0,
        row.label,
        axis.bar_lines(bars, foot - ROW, foot),
        zero + 3.5,
        width = Axis::WIDTH,
        tick = left - 6.0,
    )
}

fn column(bar: &Bar, level: Option<f64>, foot: f64, axis: &Axis) -> String {
    let middle = axis.middle(bar);
    let Some(level) = level else { return format!("<text class=\"same\" x=\"{middle:.2}\" y=\"{:.1}\">=</text>", foot - 4.0) };
    let (width, height) = (0.56 * (axis.x(bar.end) - axis.x(bar.start)), height_of(level));
    // A value stands inside its column, or on top of one that is too low for it.
    let (class, y) = if height < LINE { ("value over", foot - height - 3.0) } else { ("value", foot - 4.0) };
    format!(
        "<rect class=\"column\" x=\"{:.2}\" y=\"{:.2}\" width=\"{width:.2}\" height=\"{height:.2}\"/>\
         <text class=\"{class}\" x=\"{middle:.2}\" y=\"{y:.1}\">{}</text>",
        middle - width / 2.0,
        foot - height,
        signed(level)
    )
}

/// A level with its sign, but zero without one.
fn signed(level: f64) -> String {
    let text = format!("{level:+.1}");
    if text == "-0.0" || text == "+0.0" { "0.0".to_owned() } else { text }
}

/// Height of a column for a level, never so little that it cannot be seen.
fn height_of(level: f64) -> f64 {
    ((level - LOWEST) / (HIGHEST - LOWEST)).clamp(0.03, 1.0) * ROW
}

/// Levels and mel distances of the bars made anew; `before` and `after` are the recordings at the models' rate.
pub fn table(demo: &Demo, before: &[f32], after: &[Vec<f32>]) -> String {
    let edits = &demo.edits;
    let heads: String = edits.iter().map(|edit| format!("<th>level {0}</th>", edit.name)).collect();
    let distances: String = edits.iter().map(|edit| format!("<th>{0} to before</th>", edit.name)).collect();
    let both = if edits.len() == 2 { "<th>B to A</th>" } else { "" };
    let lines: String = edits[0].report.bars.iter().filter_map(|bar| line(demo, bar, before, after)).collect();
    format!(
        "<table><thead><tr><th>bar</th><th>level before</th>{heads}{distances}{both}</tr></thead><tbody>{lines}</tbody></table>\n\
         <p class=\"note\">Levels of the mid, in dB below full scale. The distances are multi-scale mel distances at 16 kHz: the mean \
         difference of log<sub>10</sub> mel magnitudes, 0 for equal sounds.</p>"
    )
}

fn line(demo: &Demo, report: &BarReport, before: &[f32], after: &[Vec<f32>]) -> Option<String> {
    let bar = demo.trio.bars.iter().find(|bar| bar.number.get() == report.bar)?;
    let mut cells = vec![report.bar.to_string(), decibels(report.level_before_db)];
    cells.extend(demo.edits.iter().map(|edit| decibels(level_after(edit, report.bar))));
    cells.extend(after.iter().map(|after| format!("{:.3}", mel_distance(before, after, bar))));
    if let [a, b] = after {
        cells.push(format!("{:.3}", mel_distance(a, b, bar)));
    }
    let cells: String = cells.iter().map(|cell| format!("<td>{cell}</td>")).collect();
    Some(format!("<tr>{cells}</tr>"))
}

fn level_after(edit: &Edit, bar: i64) -> Option<f64> {
    edit.report.bars.iter().find(|report| report.bar == bar)?.level_after_db
}

fn decibels(level: Option<f64>) -> String {
    level.map_or_else(|| "silent".to_owned(), |level| format!("{level:.1} dB"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_carries_its_sign_unless_it_is_zero() {
        assert_eq!([2.04, -3.16, 0.04, -0.04].map(signed), ["+2.0", "-3.2", "0.0", "0.0"]);
    }

    #[test]
    fn columns_grow_with_the_level_and_stay_within_the_row() {
        let heights = [-90.0, -30.0, -12.0, 0.0, 6.0, 40.0].map(height_of);
        assert!(heights.is_sorted() && heights[0] > 0.0 && heights[5] == ROW);
    }
}
