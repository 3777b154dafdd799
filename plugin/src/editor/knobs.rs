//! The actions: one knob for each slot, with the model set's names.
//!
//! **Thread.** The window's.

use std::f32::consts::TAU;

use egui::{Align2, Painter, Pos2, Rect, RichText, ScrollArea, Sense, Stroke, TextEdit, Ui, pos2, vec2};
use nice_plug::prelude::{FloatParam, Param};

use super::control::{HOW_TO, operate, typing_field};
use super::words::{action_label, matching_slots, percent};
use super::{Desk, State, theme};

/// Where a knob's way begins and ends, as shares of a turn from the bottom, clockwise.
const BEGIN: f32 = 0.125;
const END: f32 = 0.875;

/// Room for what stands beside the field to search in, in points.
const BESIDE_SEARCH: f32 = 190.0;

/// Draws all of them.
pub fn draw(ui: &mut Ui, desk: &mut Desk, state: &mut State) {
    let parameters = desk.parameters;
    let turned = parameters.actions.0.iter().filter(|knob| knob.unmodulated_normalized_value() > 0.0).count();
    ui.horizontal(|ui| {
        ui.label(RichText::new("Actions").color(theme::QUIET)).on_hover_text(
            "Each turns the bar towards something the models have learnt. All at zero: whatever the music around suggests.",
        );
        let width = (ui.available_width() - BESIDE_SEARCH).clamp(60.0, 140.0);
        ui.add(TextEdit::singleline(&mut state.filter).hint_text("search").desired_width(width));
        let all_to_zero = ui.add_enabled(turned > 0, egui::Button::new("all to zero"));
        if all_to_zero.clicked() {
            for knob in parameters.actions.0.iter().filter(|knob| knob.unmodulated_normalized_value() > 0.0) {
                desk.touch.set(knob, 0.0);
            }
        }
        if turned > 0 {
            let text = RichText::new(format!("{turned} turned up")).color(theme::ACCENT);
            ui.add(egui::Label::new(text).truncate());
        }
    });
    let slots = matching_slots(&desk.view.labels, &state.filter);
    if slots.is_empty() {
        ui.label(RichText::new("No action is called that.").color(theme::QUIET));
    }
    ScrollArea::vertical().id_salt("knobs").auto_shrink(false).show(ui, |ui| {
        let columns = columns(ui.available_width());
        let cell = vec2(ui.available_width() / columns as f32, theme::KNOB_CELL.y);
        ui.spacing_mut().item_spacing = vec2(0.0, theme::GAP);
        for row in slots.chunks(columns) {
            ui.horizontal(|ui| {
                for slot in row {
                    let (rect, response) = ui.allocate_exact_size(cell, Sense::click_and_drag());
                    knob(ui, desk, *slot, rect, response);
                }
            });
        }
    });
}

/// Knobs side by side in so much room.
fn columns(room: f32) -> usize {
    ((room / theme::KNOB_CELL.x) as usize).max(1)
}

fn knob(ui: &mut Ui, desk: &mut Desk, slot: usize, rect: Rect, response: egui::Response) {
    let param: &FloatParam = &desk.parameters.actions.0[slot];
    operate(ui, &response, &mut desk.touch, param);
    let (value, is_named) = (desk.touch.shown(param), slot < desk.view.labels.len());
    let is_held = response.hovered() || response.dragged();
    let painter = ui.painter().with_clip_rect(ui.clip_rect().intersect(rect));
    if is_held || value > 0.0 {
        let fill = if is_held { theme::RAISED } else { theme::GROUND };
        painter.rect_filled(rect.shrink(1.0), theme::ROUND, fill);
    }
    let centre = pos2(rect.center().x, rect.top() + theme::KNOB_RADIUS + 6.0);
    dial(&painter, centre, value, param.modulated_normalized_value());
    let field = Rect::from_center_size(centre, vec2(rect.width() - 8.0, 20.0));
    if !typing_field(ui, field, &mut desk.touch, param) && (is_held || value > 0.0) {
        painter.text(centre, Align2::CENTER_CENTER, format!("{:.0}", value * 100.0), theme::small(), theme::TEXT);
    }
    let label = action_label(&desk.view.labels, slot);
    // Slots beyond the set's actions do nothing, once a set is known.
    let does_nothing = !is_named && !desk.view.labels.is_empty();
    let colour = match (does_nothing, value > 0.0) {
        (true, _) => theme::FAINT,
        (false, true) => theme::TEXT,
        (false, false) => theme::QUIET,
    };
    two_lines(&painter, rect, centre.y + theme::KNOB_RADIUS + 2.0, &label, colour);
    response.on_hover_ui(|ui| {
        ui.label(format!("{label}: {}", percent(value)));
        let name = param.name();
        if does_nothing {
            let note = "The loaded model set has no action in this slot: it does nothing.";
            ui.label(RichText::new(note).color(theme::QUIET));
        } else if label != name {
            ui.label(RichText::new(format!("In the host: {name}.")).color(theme::QUIET));
        }
        ui.label(RichText::new(HOW_TO).color(theme::QUIET));
    });
}

/// A knob's face.
fn dial(painter: &Painter, centre: Pos2, value: f32, modulated: f32) {
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
    if (modulated - value).abs() > 1e-3 {
        painter.circle_filled(at(modulated, radius), 2.0, theme::YELLOW);
    }
}

/// A label in two lines at most; what is longer ends in dots.
fn two_lines(painter: &Painter, rect: Rect, top: f32, text: &str, colour: egui::Color32) {
    let mut job = egui::text::LayoutJob::simple(text.to_owned(), theme::small(), colour, rect.width() - 4.0);
    job.halign = egui::Align::Center;
    job.wrap.max_rows = 2;
    let galley = painter.layout_job(job);
    painter.galley(pos2(rect.center().x, top), galley, colour);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_the_narrowest_window_has_one_column() {
        assert_eq!([columns(0.0), columns(67.0), columns(300.0), columns(680.0)], [1, 1, 4, 10]);
    }
}
