//! The panel of the actions: what of them is shown, in rows of knobs or on a map, and what is told of each under the pointer.
//!
//! **Thread.** The window's.

use std::collections::BTreeSet;

use egui::{Button, Rect, RichText, TextEdit, Ui, UiBuilder, vec2};
use nice_plug::prelude::Param;

use super::control::HOW_TO;
use super::words::{action_label, dependability, matching_slots, measured_changes, percent};
use super::{Desk, State, knobs, map, theme};
use crate::view::View;

/// Width from which on everything above the actions is written out, in points.
const WIDE: f32 = 440.0;

/// Room for what stands beside the field to search in, written out or not, in points.
const BESIDE_SEARCH: f32 = 310.0;
const BESIDE_SEARCH_NARROW: f32 = 186.0;

/// What of the actions is shown, and how.
#[derive(Default)]
pub struct Sight {
    /// What is searched among their names.
    search: String,
    /// Slots that are shown alone: those that were turned up at any time since that was asked for, so that none vanishes under the hand.
    alone: Option<BTreeSet<usize>>,
    /// Whether they lie on the map instead of in rows.
    is_map: bool,
}

impl Sight {
    /// The slots to show, in order.
    fn slots(&self, view: &View) -> Vec<usize> {
        let is_shown = |slot: &usize| self.alone.as_ref().is_none_or(|alone| alone.contains(slot));
        matching_slots(&view.actions, &self.search).into_iter().filter(is_shown).collect()
    }

    /// Whether only some are to be seen.
    fn is_narrowed(&self) -> bool {
        self.alone.is_some() || !self.search.trim().is_empty()
    }
}

/// Draws the panel.
pub fn draw(ui: &mut Ui, desk: &mut Desk, state: &mut State) {
    let turned = turned_up(desk);
    if let Some(alone) = &mut state.sight.alone {
        alone.extend(&turned);
    }
    let width = ui.available_width();
    head(ui, desk, &mut state.sight, turned);
    let slots = state.sight.slots(desk.view);
    if slots.is_empty() {
        let is_called = !state.sight.search.trim().is_empty();
        let reason = if is_called { "No action is called that." } else { "No action is turned up." };
        ui.label(RichText::new(reason).color(theme::QUIET));
    }
    // However much the line above holds, and however wide that makes it, what lies below stays where it is.
    let room = Rect::from_min_size(ui.cursor().min, vec2(width, ui.available_height()));
    ui.scope_builder(UiBuilder::new().max_rect(room), |ui| {
        if state.sight.is_map {
            map::draw(ui, desk, &slots, state.sight.is_narrowed());
        } else {
            knobs::draw(ui, desk, slots);
        }
    });
}

fn turned_up(desk: &Desk) -> Vec<usize> {
    let knobs = desk.parameters.actions.0.iter().enumerate();
    knobs.filter(|(_, knob)| knob.unmodulated_normalized_value() > 0.0).map(|(slot, _)| slot).collect()
}

/// The line above the actions.
fn head(ui: &mut Ui, desk: &mut Desk, sight: &mut Sight, turned: Vec<usize>) {
    let is_wide = ui.available_width() >= WIDE;
    ui.horizontal(|ui| {
        if is_wide {
            ui.label(RichText::new("Actions").color(theme::QUIET)).on_hover_text(
                "Each turns the bar towards something the models have learnt. All at zero: whatever the music around suggests.",
            );
        }
        way_to_see(ui, desk, sight);
        let beside = if is_wide { BESIDE_SEARCH } else { BESIDE_SEARCH_NARROW };
        let width = (ui.available_width() + ui.min_rect().width() - beside).clamp(56.0, 140.0);
        ui.add(TextEdit::singleline(&mut sight.search).hint_text("search").desired_width(width));
        let words = if is_wide { "all to zero" } else { "zero" };
        let to_zero = ui.add_enabled(!turned.is_empty(), Button::new(words)).on_hover_text("Turn down what is turned up.");
        if to_zero.clicked() {
            for slot in &turned {
                desk.touch.set(&desk.parameters.actions.0[*slot], 0.0);
            }
        }
        count_turned(ui, sight, turned, is_wide);
    });
}

/// Rows or the map.
fn way_to_see(ui: &mut Ui, desk: &mut Desk, sight: &mut Sight) {
    let before = sight.is_map;
    ui.spacing_mut().item_spacing.x = 2.0;
    ui.selectable_value(&mut sight.is_map, false, "knobs").on_hover_text("Every action as a knob.");
    let map = ui.selectable_value(&mut sight.is_map, true, "map");
    map.on_hover_text("Every action where it belongs by what it does: those that do alike lie close together.");
    ui.spacing_mut().item_spacing.x = 6.0;
    if sight.is_map != before {
        desk.touch.stop_typing();
    }
}

/// How many are turned up; a click shows these alone.
fn count_turned(ui: &mut Ui, sight: &mut Sight, turned: Vec<usize>, is_wide: bool) {
    let is_alone = sight.alone.is_some();
    if turned.is_empty() && !is_alone {
        return;
    }
    let words = format!("{} {}", turned.len(), if is_wide { "turned up" } else { "up" });
    let colour = if is_alone { theme::TEXT } else { theme::ACCENT };
    let hint = if is_alone { "Click to see all actions again." } else { "Turned up. Click to see these alone." };
    if ui.selectable_label(is_alone, RichText::new(words).color(colour)).on_hover_text(hint).clicked() {
        sight.alone = (!is_alone).then(|| turned.into_iter().collect());
    }
}

/// Whether a slot lies beyond the set's actions, once a set is known.
pub fn does_nothing(view: &View, slot: usize) -> bool {
    !view.actions.is_empty() && slot >= view.actions.len()
}

/// What is shown of an action under the pointer.
pub fn explain(ui: &mut Ui, desk: &Desk, slot: usize) {
    let quiet = |ui: &mut Ui, text: String| ui.label(RichText::new(text).color(theme::QUIET));
    let param = &desk.parameters.actions.0[slot];
    let (label, name) = (action_label(&desk.view.actions, slot), param.name());
    ui.label(format!("{label}: {}", percent(desk.touch.shown(param))));
    if let Some(measured) = desk.view.actions.get(slot).and_then(|action| action.measured.as_ref()) {
        ui.label(measured_changes(measured));
        ui.label(dependability(measured));
    }
    if does_nothing(desk.view, slot) {
        quiet(ui, "The loaded model set has no action in this slot: it does nothing.".to_owned());
    } else if label != name {
        quiet(ui, format!("In the host: {name}."));
    }
    quiet(ui, HOW_TO.to_owned());
}
