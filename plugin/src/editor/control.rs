//! What every control of a parameter does under the mouse: dragging, double click to type, right click to reset, control and click too.
//!
//! **Thread.** The window's.

use egui::text::{CCursor, CCursorRange};
use egui::{Align2, Key, Margin, PointerButton, Rect, Response, TextEdit, Ui};
use nice_plug::prelude::Param;

use super::hands::Touch;
use super::theme;

/// Lets a response of drags and clicks turn a parameter.
pub fn operate<P: Param>(ui: &Ui, response: &Response, touch: &mut Touch, param: &P) {
    let (is_fine, is_control) = ui.input(|input| (input.modifiers.shift, input.modifiers.command));
    if response.drag_started_by(PointerButton::Primary) {
        touch.grab(param);
    }
    if response.dragged_by(PointerButton::Primary) {
        let way = response.drag_delta();
        touch.pull(param, way.x - way.y, is_fine);
    }
    if response.drag_stopped_by(PointerButton::Primary) {
        touch.release();
    }
    if response.double_clicked() {
        touch.begin_typing(param);
    } else if response.clicked() && is_control {
        touch.reset(param);
    }
    response.context_menu(|ui| {
        if ui.button("Type a value").clicked() {
            touch.begin_typing(param);
            ui.close();
        }
        let default = param.normalized_value_to_string(param.default_normalized_value(), true);
        if ui.button(format!("Reset to {default}")).clicked() {
            touch.reset(param);
            ui.close();
        }
    });
}

/// Where the host's modulation has a parameter, 0 to 1, if it has it elsewhere than its own value. A hand that moves it is no modulation,
/// though the host may tell of that later.
pub fn modulation<P: Param>(param: &P) -> Option<f32> {
    let modulated = param.modulated_normalized_value();
    ((modulated - param.unmodulated_normalized_value()).abs() > 1e-3).then_some(modulated)
}

/// The field in which a parameter's value is being typed; false if it is not.
pub fn typing_field<P: Param>(ui: &mut Ui, rect: Rect, touch: &mut Touch, param: &P) -> bool {
    let Some((text, is_new)) = touch.typing(param) else { return false };
    let id = ui.scope_id().with("typed value");
    let field = TextEdit::singleline(text).id(id).font(theme::body()).align(Align2::CENTER_CENTER);
    let response = ui.put(rect, field.desired_width(rect.width()).margin(Margin::symmetric(4, 1)));
    if is_new {
        let all = CCursorRange::two(CCursor::new(0), CCursor::new(text.chars().count()));
        let mut state = egui::text_edit::TextEditState::load(ui.ctx(), id).unwrap_or_default();
        state.cursor.set_char_range(Some(all));
        state.store(ui.ctx(), id);
        response.request_focus();
    } else if response.lost_focus() {
        let is_meant = !ui.input(|input| input.key_pressed(Key::Escape));
        touch.end_typing(param, is_meant);
    }
    true
}

/// How to use a control, as the last line of what is shown under the pointer.
pub const HOW_TO: &str = "Drag; with shift, finely. Double click to type. Right click to reset.";
