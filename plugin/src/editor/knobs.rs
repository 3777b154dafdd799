//! The actions in rows: one knob for each slot, those that the set shortlists first.
//!
//! **Thread.** The window's.

use std::f32::consts::TAU;
use std::sync::Arc;

use egui::text::LayoutJob;
use egui::{Align, Align2, Galley, Painter, Pos2, Rect, Response, RichText, ScrollArea, Sense, Stroke, Ui, pos2, vec2};
use nice_plug::prelude::FloatParam;
use turnaround_core::contract::Action;

use super::actions::{does_nothing, explain};
use super::control::{modulation, operate, typing_field};
use super::words::action_label;
use super::{Desk, theme};

/// Where a knob's way begins and ends, as shares of a turn from the bottom, clockwise.
const BEGIN: f32 = 0.125;
const END: f32 = 0.875;

/// How far below a cell's upper side its knob's centre and its label lie, and most lines of a label.
const CENTRE: f32 = theme::KNOB_RADIUS + 6.0;
const LABEL_TOP: f32 = CENTRE + theme::KNOB_RADIUS + 2.0;
const LABEL_LINES: usize = 4;

/// What stands above some knobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Heading {
    words: &'static str,
    explanation: &'static str,
}

const SHORTLISTED: Heading = Heading {
    words: "Dependable in most music",
    explanation: "Measured on many bars: each changes most of them the same way, keeps them near real music, and is unlike the others here.",
};
const OTHERS: Heading = Heading {
    words: "The others",
    explanation: "They depend more on the music around, lead farther away from it, or resemble a knob above.",
};

/// Draws the knobs of these slots.
pub fn draw(ui: &mut Ui, desk: &mut Desk, slots: Vec<usize>) {
    ScrollArea::vertical().id_salt("knobs").auto_shrink(false).show(ui, |ui| {
        ui.spacing_mut().item_spacing = vec2(0.0, theme::GAP);
        for (heading, slots) in parts(&desk.view.actions, slots) {
            if let Some(heading) = heading {
                let words = RichText::new(heading.words).font(theme::small()).color(theme::QUIET);
                ui.label(words).on_hover_text(heading.explanation);
            }
            rows(ui, desk, &slots);
        }
    });
}

/// Those that the set shortlists, then the others; one part without a heading where it shortlists none. No part is empty.
fn parts(actions: &[Action], slots: Vec<usize>) -> Vec<(Option<Heading>, Vec<usize>)> {
    let is_shortlisted = |slot: &usize| {
        actions.get(*slot).and_then(|action| action.measured.as_ref()).is_some_and(|measured| measured.is_shortlisted)
    };
    if !(0..actions.len()).any(|slot| is_shortlisted(&slot)) {
        return vec![(None, slots)];
    }
    let (shortlisted, others): (Vec<_>, Vec<_>) = slots.into_iter().partition(is_shortlisted);
    let parts = [(Some(SHORTLISTED), shortlisted), (Some(OTHERS), others)];
    parts.into_iter().filter(|(_, slots)| !slots.is_empty()).collect()
}

fn rows(ui: &mut Ui, desk: &mut Desk, slots: &[usize]) {
    let columns = columns(ui.available_width());
    let width = ui.available_width() / columns as f32;
    for row in slots.chunks(columns) {
        let labels: Vec<_> = row.iter().map(|slot| label(ui, desk, *slot, width)).collect();
        let lowest = labels.iter().map(|label| label.size().y).fold(0.0, f32::max);
        let cell = vec2(width, theme::KNOB_CELL.y.max(LABEL_TOP + lowest + theme::GAP));
        ui.horizontal(|ui| {
            for (slot, label) in row.iter().zip(labels) {
                let (rect, response) = ui.allocate_exact_size(cell, Sense::click_and_drag());
                knob(ui, desk, *slot, rect, response, label);
            }
        });
    }
}

/// Knobs side by side in so much room.
fn columns(room: f32) -> usize {
    ((room / theme::KNOB_CELL.x) as usize).max(1)
}

fn knob(ui: &mut Ui, desk: &mut Desk, slot: usize, rect: Rect, response: Response, label: Arc<Galley>) {
    let param: &FloatParam = &desk.parameters.actions.0[slot];
    operate(ui, &response, &mut desk.touch, param);
    let value = desk.touch.shown(param);
    let is_held = response.hovered() || response.dragged();
    let painter = ui.painter().with_clip_rect(ui.clip_rect().intersect(rect));
    if is_held || value > 0.0 {
        let fill = if is_held { theme::RAISED } else { theme::GROUND };
        painter.rect_filled(rect.shrink(1.0), theme::ROUND, fill);
    }
    let centre = pos2(rect.center().x, rect.top() + CENTRE);
    dial(&painter, centre, value, modulation(param));
    let field = Rect::from_center_size(centre, vec2(rect.width() - 8.0, 20.0));
    if !typing_field(ui, field, &mut desk.touch, param) && (is_held || value > 0.0) {
        painter.text(centre, Align2::CENTER_CENTER, format!("{:.0}", value * 100.0), theme::small(), theme::TEXT);
    }
    painter.galley(pos2(rect.center().x, rect.top() + LABEL_TOP), label, theme::QUIET);
    response.on_hover_ui(|ui| explain(ui, desk, slot));
}

/// A knob's face.
fn dial(painter: &Painter, centre: Pos2, value: f32, modulated: Option<f32>) {
    let radius = theme::KNOB_RADIUS;
    let at = |share: f32, radius: f32| {
        let angle = TAU * (BEGIN + (END - BEGIN) * share);
        centre + vec2(-angle.sin(), angle.cos()) * radius
    };
    let way = |from: f32, to: f32, stroke: Stroke| {
        let points = (0..=32).map(|point| at(from + (to - from) * point as f32 / 32.0, radius)).collect();
        painter.line(points, stroke);
    };
    way(0.0, 1.0, Stroke::new(3.0, theme::LINE));
    if value > 0.0 {
        way(0.0, value, Stroke::new(3.0, theme::ACCENT));
    }
    let colour = if value > 0.0 { theme::TEXT } else { theme::FAINT };
    painter.line_segment([at(value, radius - 6.0), at(value, radius + 1.5)], Stroke::new(2.0, colour));
    if let Some(modulated) = modulated {
        painter.circle_filled(at(modulated, radius), 2.0, theme::YELLOW);
    }
}

/// A slot's label in a few lines; what is longer ends in dots.
fn label(ui: &Ui, desk: &Desk, slot: usize, width: f32) -> Arc<Galley> {
    let is_turned = desk.touch.shown(&desk.parameters.actions.0[slot]) > 0.0;
    let colour = match (does_nothing(desk.view, slot), is_turned) {
        (true, _) => theme::FAINT,
        (false, true) => theme::TEXT,
        (false, false) => theme::QUIET,
    };
    let name = action_label(&desk.view.actions, slot);
    let mut job = LayoutJob::simple(name, theme::small(), colour, width - 4.0);
    job.halign = Align::Center;
    job.wrap.max_rows = LABEL_LINES;
    ui.painter().layout_job(job)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::editor::made_up;

    #[test]
    fn even_the_narrowest_window_has_one_column() {
        assert_eq!([columns(0.0), columns(67.0), columns(300.0), columns(680.0)], [1, 1, 4, 10]);
    }

    #[test]
    fn shortlisted_slots_come_first_and_a_part_without_slots_is_left_out() {
        let shortlisted = |is_shortlisted| made_up::action("", Some(made_up::measured([0.0; 2], 0.7, is_shortlisted)));
        let actions = [shortlisted(false), shortlisted(true), made_up::action("", None), shortlisted(true)];
        let parts_of = |slots: &[usize]| parts(&actions, slots.to_vec());
        // A slot beyond the set's actions is one of the others.
        assert_eq!(parts_of(&[0, 1, 2, 3, 9]), [(Some(SHORTLISTED), vec![1, 3]), (Some(OTHERS), vec![0, 2, 9])]);
        assert_eq!(parts_of(&[3]), [(Some(SHORTLISTED), vec![3])]);
        assert_eq!(parts_of(&[2]), [(Some(OTHERS), vec![2])]);
        assert!(parts_of(&[]).is_empty());
    }

    #[test]
    fn a_set_that_shortlists_nothing_has_no_headings() {
        let actions = [made_up::action("", None), made_up::action("", Some(made_up::measured([0.0; 2], 0.7, false)))];
        assert_eq!(parts(&actions, vec![0, 1, 2]), [(None, vec![0, 1, 2])]);
        assert_eq!(parts(&[], vec![0, 1]), [(None, vec![0, 1])]);
    }
}
