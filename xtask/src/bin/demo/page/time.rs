//! What the edits cost, stage by stage, against the music they made.

use std::collections::BTreeMap;

use super::axis::Axis;
use super::html::escaped;
use crate::edit::{Edit, Timing};

const ROW: f64 = 20.0;
const GAP: f64 = 10.0;
/// Colours to tell stages apart, used in turn.
const COLOURS: [&str; 8] = ["#2f6690", "#d08c34", "#6a994e", "#9c6ade", "#c8553d", "#3a9ea5", "#8d7b68", "#b5547f"];

/// What no stage claims, and its colour.
const REST: &str = "everything else";
const REST_COLOUR: &str = "#9aa3ae";

/// The section.
pub fn section(edits: &[Edit]) -> String {
    let stages = stages(edits);
    let sums: String = edits.iter().map(sum).collect();
    format!("<section>\n<h2>Time</h2>\n{sums}{}\n{}\n</section>", drawing(edits, &stages), table(edits, &stages))
}

/// Every stage, those that took longest first.
fn stages(edits: &[Edit]) -> Vec<&str> {
    let mut seconds = BTreeMap::new();
    for (stage, took) in edits.iter().flat_map(|edit| &edit.report.timing.stages) {
        *seconds.entry(stage.as_str()).or_insert(0.0) += took;
    }
    let mut stages: Vec<(&str, f64)> = seconds.into_iter().collect();
    stages.sort_by(|a, b| b.1.total_cmp(&a.1));
    stages.into_iter().map(|(stage, _)| stage).collect()
}

fn sum(edit: &Edit) -> String {
    let timing = &edit.report.timing;
    format!(
        "<p><b class=\"{name}\">{name}</b> {:.2} s of music in {:.2} s: <b>{:.1} times real time</b>. The whole call with loading the model \
         set, reading and writing took {:.2} s.</p>\n",
        timing.music_s,
        timing.total_s,
        timing.times_real_time,
        edit.wall_s,
        name = edit.name,
    )
}

/// The music's length, and under it, on the same scale, the seconds of every stage.
fn drawing(edits: &[Edit], stages: &[&str]) -> String {
    let longest = edits.iter().map(|edit| edit.report.timing.music_s.max(edit.report.timing.total_s)).fold(0.0, f64::max);
    let scale = (Axis::WIDTH - Axis::LEFT) / longest.max(f64::MIN_POSITIVE);
    let music = row(0, "music", &rect(0.0, edits[0].report.timing.music_s * scale, 0, "#cfd5dd", "music"));
    let rows: String = edits
        .iter()
        .enumerate()
        .map(|(place, edit)| row(place + 1, edit.name, &stacked(edit, stages, scale, place + 1)))
        .collect();
    let height = (edits.len() + 1) as f64 * (ROW + GAP);
    format!("<svg class=\"chart\" viewBox=\"0 0 {} {height}\">{music}{rows}</svg>", Axis::WIDTH)
}

fn stacked(edit: &Edit, stages: &[&str], scale: f64, place: usize) -> String {
    let mut x = 0.0;
    let mut rects = String::new();
    for (stage, colour) in stages.iter().zip(COLOURS.iter().cycle()) {
        let width = edit.report.timing.stages.get(*stage).copied().unwrap_or(0.0) * scale;
        rects.push_str(&rect(x, width, place, colour, stage));
        x += width;
    }
    rects + &rect(x, unstaged(&edit.report.timing) * scale, place, REST_COLOUR, REST)
}

fn row(place: usize, label: &str, rects: &str) -> String {
    format!("<text class=\"tick\" x=\"{}\" y=\"{:.1}\">{label}</text>{rects}", Axis::LEFT - 6.0, top(place) + ROW / 2.0 + 3.5)
}

fn rect(x: f64, width: f64, place: usize, colour: &str, title: &str) -> String {
    format!(
        "<rect x=\"{:.2}\" y=\"{:.1}\" width=\"{width:.2}\" height=\"{ROW}\" fill=\"{colour}\"><title>{}</title></rect>",
        Axis::LEFT + x,
        top(place),
        escaped(title)
    )
}

fn top(place: usize) -> f64 {
    place as f64 * (ROW + GAP) + GAP / 2.0
}

fn table(edits: &[Edit], stages: &[&str]) -> String {
    let heads: String = edits.iter().map(|edit| format!("<th>{}</th>", edit.name)).collect();
    let seconds =
        |stage: &str| edits.iter().map(|edit| edit.report.timing.stages.get(stage).copied().unwrap_or(0.0)).collect::<Vec<_>>();
    let staged = stages.iter().zip(COLOURS.iter().cycle()).map(|(stage, colour)| line(stage, colour, &seconds(stage)));
    let rest: Vec<f64> = edits.iter().map(|edit| unstaged(&edit.report.timing)).collect();
    let lines: String = staged.chain([line(REST, REST_COLOUR, &rest)]).collect();
    format!("<table><thead><tr><th>stage</th>{heads}</tr></thead><tbody>{lines}</tbody></table>")
}

fn line(stage: &str, colour: &str, seconds: &[f64]) -> String {
    let cells: String = seconds.iter().map(|seconds| format!("<td>{:.0} ms</td>", 1e3 * seconds)).collect();
    format!("<tr><td class=\"name\"><i style=\"background:{colour}\"></i>{}</td>{cells}</tr>", escaped(stage))
}

/// Seconds that no stage claims.
fn unstaged(timing: &Timing) -> f64 {
    (timing.total_s - timing.stages.values().sum::<f64>()).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn stages_and_the_rest_make_up_the_whole_call() {
        let edits = fixture::demo().edits;
        assert_eq!(stages(&edits), ["dynamics", "decode", "encode"]);
        assert!((unstaged(&edits[0].report.timing) - 0.02).abs() < 1e-9);
    }
}
