//! The settings beside the actions, one row each: what the parameters say now, and automation would say later.
//!
//! **Thread.** The window's.

use egui::{Align2, ComboBox, Rect, Response, RichText, Sense, StrokeKind, Ui, pos2, vec2};
use nice_plug::params::enums::Enum;
use nice_plug::prelude::{BoolParam, EnumParam, IntParam, Param};

use super::Desk;
use super::control::{HOW_TO, operate, typing_field};
use super::theme;
use crate::parameters::BounceMode;

/// Draws all of them.
pub fn draw(ui: &mut Ui, desk: &mut Desk) {
    let parameters = desk.parameters;
    ui.label(RichText::new("At the playhead").color(theme::QUIET)).on_hover_text(
        "What the knobs say now. Each bar takes the values that they have at its middle, so automation can change them.",
    );
    switch(ui, desk, &parameters.regenerate, "Make the bar under the playhead anew. Automate it to choose bars.");
    slider(ui, desk, &parameters.strength, "How far to leave the dry bar: at 0 % nearly nothing changes.");
    slider(ui, desk, &parameters.guidance, "How strongly the actions are pressed upon the bar: 1 is not at all.");
    seed(ui, desk, &parameters.seed);
    slider(ui, desk, &parameters.context_bars, "How many bars around it are heard to make one.");
    choice(ui, desk, &parameters.quality, "How much work to spend: Draft to audition, Fine when time does not matter.", false);
    let highs = "What sounds above 7.2 kHz, where the models write nothing: the dry bar's own, what the context has, or nothing.";
    choice(ui, desk, &parameters.high_band, highs, false);
    let stereo = "Follow: as wide as the dry bar. Keep: the dry bar's side signal stays.";
    choice(ui, desk, &parameters.stereo, stereo, false);
    slider(ui, desk, &parameters.mix, "Dry bar against take. Changes nothing in the take.");
    slider(ui, desk, &parameters.output_trim, "Gain of takes. Changes nothing in the take.");
    ui.add_space(theme::GAP);
    ui.label(RichText::new("For the whole track").color(theme::QUIET)).on_hover_text("Not automated.");
    let stalls = parameters.bounce.value() == BounceMode::Always;
    let bounce =
        "Whether playback may wait for a take that is not ready: Auto waits in a bounce only, Always wait in real time too.";
    choice(ui, desk, &parameters.bounce, bounce, stalls);
    let look_ahead =
        "A delay that gives time to make bars in one single pass; the host makes up for it. Changing it restarts the plugin.";
    choice(ui, desk, &parameters.look_ahead, look_ahead, false);
    switch(ui, desk, &parameters.bypass, "Everything dry.");
}

/// A row as wide as there is room.
fn row(ui: &mut Ui, sense: Sense, width: f32) -> (Rect, Response) {
    ui.allocate_exact_size(vec2(width, theme::ROW_HEIGHT), sense)
}

fn ground(ui: &Ui, rect: Rect, response: &Response) {
    let fill = if response.hovered() || response.dragged() { theme::HOVERED } else { theme::RAISED };
    ui.painter().rect_filled(rect, theme::ROUND, fill);
}

fn label(ui: &Ui, rect: Rect, text: &str) {
    ui.painter().text(rect.left_center() + vec2(8.0, 0.0), Align2::LEFT_CENTER, text, theme::body(), theme::TEXT);
}

/// A number.
fn slider<P: Param>(ui: &mut Ui, desk: &mut Desk, param: &P, what: &str) {
    let width = ui.available_width();
    slider_of_width(ui, desk, param, what, width);
}

fn slider_of_width<P: Param>(ui: &mut Ui, desk: &mut Desk, param: &P, what: &str, width: f32) {
    let (rect, response) = row(ui, Sense::click_and_drag(), width);
    operate(ui, &response, &mut desk.touch, param);
    ground(ui, rect, &response);
    let share = desk.touch.shown(param);
    if share > 0.0 {
        let filled = Rect::from_min_size(rect.min, vec2(rect.width() * share, rect.height()));
        ui.painter().rect_filled(filled, theme::ROUND, theme::ACCENT_FILL);
    }
    label(ui, rect, param.name());
    let field = Rect::from_min_max(pos2(rect.right() - 70.0, rect.top() + 1.0), rect.max - vec2(1.0, 1.0));
    if !typing_field(ui, field, &mut desk.touch, param) {
        let value = param.normalized_value_to_string(share, true);
        ui.painter().text(rect.right_center() - vec2(8.0, 0.0), Align2::RIGHT_CENTER, value, theme::body(), theme::TEXT);
    }
    response.on_hover_text(format!("{what}\n{HOW_TO}"));
}

/// The seed, and a die that throws another.
fn seed(ui: &mut Ui, desk: &mut Desk, param: &IntParam) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = theme::GAP;
        let width = ui.available_width() - theme::ROW_HEIGHT - theme::GAP;
        slider_of_width(ui, desk, param, "Another seed gives another take under the same knobs.", width);
        let (rect, response) = row(ui, Sense::click(), theme::ROW_HEIGHT);
        ground(ui, rect, &response);
        let die = rect.shrink(5.0);
        ui.painter().rect_stroke(die, 2, (1.2, theme::TEXT), StrokeKind::Inside);
        for (x, y) in [(0.28, 0.28), (0.72, 0.72), (0.28, 0.72), (0.72, 0.28), (0.5, 0.5)] {
            ui.painter().circle_filled(die.lerp_inside(vec2(x, y)), 1.2, theme::TEXT);
        }
        if response.clicked() {
            let chance = std::time::UNIX_EPOCH.elapsed().map_or(0, |since| since.subsec_nanos());
            desk.touch.set(param, another_seed(param.value(), chance));
        }
        response.on_hover_text("Throw another seed");
    });
}

/// A seed of 0 to 999 that is not this one.
fn another_seed(seed: i32, chance: u32) -> i32 {
    (seed + 1 + (chance / 64 % 999) as i32) % 1_000
}

/// On or off.
fn switch(ui: &mut Ui, desk: &mut Desk, param: &BoolParam, what: &str) {
    let (rect, response) = row(ui, Sense::click(), ui.available_width());
    if response.clicked() {
        desk.touch.set(param, !param.value());
    }
    ground(ui, rect, &response);
    label(ui, rect, param.name());
    toggle(ui, rect, param.value());
    let word = if param.value() { "on" } else { "off" };
    ui.painter().text(rect.right_center() - vec2(42.0, 0.0), Align2::RIGHT_CENTER, word, theme::body(), theme::TEXT);
    response.on_hover_text(what);
}

/// The drawing of a switch at the right end of a row.
pub fn toggle(ui: &Ui, rect: Rect, is_on: bool) {
    let place = Rect::from_center_size(pos2(rect.right() - 22.0, rect.center().y), vec2(26.0, 14.0));
    let (fill, x) = if is_on { (theme::ACCENT, place.right() - 7.0) } else { (theme::SUNKEN, place.left() + 7.0) };
    ui.painter().rect(place, 7, fill, (1.0, theme::FAINT), StrokeKind::Inside);
    ui.painter().circle_filled(pos2(x, place.center().y), 4.5, theme::TEXT);
}

/// One of a few.
fn choice<T: Enum + PartialEq + Copy + 'static>(ui: &mut Ui, desk: &mut Desk, param: &EnumParam<T>, what: &str, warns: bool) {
    let (rect, response) = row(ui, Sense::hover(), ui.available_width());
    ground(ui, rect, &response);
    label(ui, rect, param.name());
    let place = Rect::from_min_max(pos2(rect.right() - 108.0, rect.top() + 1.0), rect.max - vec2(1.0, 1.0));
    let mut inside =
        ui.new_child(egui::UiBuilder::new().max_rect(place).layout(egui::Layout::left_to_right(egui::Align::Center)));
    let colour = if warns { theme::WARNING } else { theme::TEXT };
    let names = T::variants();
    let before = param.value().to_index();
    let mut index = before;
    ComboBox::from_id_salt(param.name())
        .width(place.width())
        .selected_text(RichText::new(names[index]).color(colour))
        .show_ui(&mut inside, |ui| {
            for (at, name) in names.iter().enumerate() {
                ui.selectable_value(&mut index, at, *name);
            }
        })
        .response
        .on_hover_text(what);
    if index != before {
        desk.touch.set(param, T::from_index(index));
    }
    response.on_hover_text(what);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_die_never_throws_the_same_seed_again() {
        for seed in [0, 1, 500, 999] {
            for chance in 0..100_000 {
                let thrown = another_seed(seed, chance);
                assert!((0..1_000).contains(&thrown) && thrown != seed);
            }
        }
    }
}
