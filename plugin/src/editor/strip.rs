//! The timeline: all bars in a row to scroll, zoom and select, with the playhead.
//!
//! **Thread.** The window's.

use egui::scroll_area::{DragScroll, ScrollBarVisibility, ScrollSource};
use egui::{Align, Layout, Rect, Response, RichText, ScrollArea, Sense, Stroke, Ui, pos2, vec2};

use super::bar_cell::{self, Look};
use super::columns::{self, Column};
use super::selection;
use super::status::Shown;
use super::words::{count, place};
use super::{Desk, State, theme};

/// How the timeline is looked at.
pub struct Strip {
    points_per_beat: f32,
    /// Whether all bars are kept in sight, until somebody zooms.
    fits: bool,
    /// Whether the playhead is kept in sight.
    follows: bool,
    /// Where the window's left side was in the last frame.
    offset: f32,
    /// Where it is to be in the next frame.
    scrolls_to: Option<f32>,
}

impl Default for Strip {
    fn default() -> Self {
        Self { points_per_beat: 16.0, fits: true, follows: true, offset: 0.0, scrolls_to: None }
    }
}

/// The least width of a bar that fitting chooses by itself, so that its standing's word can be read: a longer song is scrolled instead.
const READABLE: f32 = 72.0;

/// Draws it.
pub fn draw(ui: &mut Ui, desk: &mut Desk, state: &mut State) {
    title(ui, desk, state);
    let height = theme::cell_height(ui.ctx().content_rect().height());
    if desk.view.bars.is_empty() {
        // As high as with bars and their scroll bar, so that nothing jumps when the first bar comes.
        let height = height + ui.spacing().scroll.allocated_width();
        let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
        ui.painter().rect_filled(rect, theme::ROUND, theme::SUNKEN);
        let mut inside = ui.new_child(egui::UiBuilder::new().max_rect(rect).layout(Layout::top_down(Align::Center)));
        inside.add_space(height / 2.0 - 20.0);
        inside.label("No bar was heard yet.");
        inside.label(RichText::new("Play the track through Turnaround once; its bars appear here.").color(theme::QUIET));
        return;
    }
    let room = ui.available_width();
    if state.strip.fits {
        state.strip.points_per_beat = columns::fitting(&desk.view.bars, room, READABLE);
    }
    let columns = columns::columns(&desk.view.bars, state.strip.points_per_beat);
    let playhead = columns::x_of(&desk.view.bars, &columns, desk.model.live().playhead());
    let mut area = ScrollArea::horizontal()
        .id_salt("timeline")
        .auto_shrink([false, true])
        .scroll_bar_visibility(ScrollBarVisibility::AlwaysVisible)
        .scroll_source(ScrollSource { drag: DragScroll::Never, ..ScrollSource::default() });
    let followed = playhead.filter(|_| state.strip.follows && desk.model.live().is_playing());
    let followed = followed.and_then(|x| following(state.strip.offset, room, columns::width(&columns), x));
    if let Some(offset) = followed.or(state.strip.scrolls_to.take()) {
        let last = (columns::width(&columns) - room).max(0.0);
        area = area.horizontal_scroll_offset(offset.min(last));
    }
    let shown = area.show_viewport(ui, |ui, window| {
        let size = vec2(columns::width(&columns).max(room), height);
        let (rect, response) = ui.allocate_exact_size(size, Sense::click_and_drag());
        select(ui, &response, rect, &columns, desk, state);
        cells(ui, rect, window, &columns, desk, state);
        if let Some(x) = playhead {
            let x = rect.left() + x;
            ui.painter().vline(x, rect.y_range(), Stroke::new(1.5, theme::PLAYHEAD));
            let tip = [(-4.0, 0.0), (4.0, 0.0), (0.0, 5.0)].map(|(dx, dy)| pos2(x + dx, rect.top() + dy));
            ui.painter().add(egui::Shape::convex_polygon(tip.to_vec(), theme::PLAYHEAD, Stroke::NONE));
        }
        explain(response, rect, &columns, desk);
    });
    state.strip.offset = shown.state.clamped_offset().x;
    zoom_by_wheel(ui, shown.inner_rect, state);
}

/// The line above the bars.
fn title(ui: &mut Ui, desk: &Desk, state: &mut State) {
    let bars = &desk.view.bars;
    ui.horizontal(|ui| {
        ui.label(RichText::new("Timeline").color(theme::QUIET));
        ui.label(count(bars.len(), "bar"));
        let selected = state.selection.of(bars);
        if !selected.is_empty() {
            ui.label(RichText::new(format!("{} selected", selection::name(&selected))).color(theme::ACCENT));
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if ui.button("+").on_hover_text("Wider bars. Control and wheel, too.").clicked() {
                state.strip.zoom(1.4, 0.0);
            }
            if ui.button("−").on_hover_text("Narrower bars. Control and wheel, too.").clicked() {
                state.strip.zoom(1.0 / 1.4, 0.0);
            }
            if ui
                .selectable_label(state.strip.fits, "fit")
                .on_hover_text("Show all bars, as far as they stay readable.")
                .clicked()
            {
                state.strip.fits = true;
            }
            ui.toggle_value(&mut state.strip.follows, "follow").on_hover_text("Keep the playhead in sight.");
            if ui.button("all").on_hover_text("Select every bar.").clicked() {
                state.selection.all(bars);
            }
            let live = desk.model.live();
            if let Some(bar) = columns::bar_at(bars, live.playhead()).map(|index| &bars[index]) {
                let text = place(bar.number.get(), bar.anchor, bar.metre, live.playhead());
                ui.label(RichText::new(text).monospace().color(theme::PLAYHEAD)).on_hover_text("Bar and beat at the playhead.");
            }
        });
    });
}

impl Strip {
    /// Zooms, while what lies `at` points from the window's left side stays there.
    fn zoom(&mut self, factor: f32, at: f32) {
        let before = self.points_per_beat;
        self.points_per_beat = columns::zoomed(before, factor);
        self.scrolls_to = Some(kept_in_place(self.offset, at, self.points_per_beat / before));
        self.fits = false;
    }
}

fn zoom_by_wheel(ui: &Ui, rect: Rect, state: &mut State) {
    let Some(pointer) = ui.ctx().pointer_latest_pos().filter(|_| ui.rect_contains_pointer(rect)) else { return };
    let factor = ui.input(|input| input.zoom_delta());
    if factor != 1.0 {
        state.strip.zoom(factor, pointer.x - rect.left());
    }
}

/// Where the window's left side is after zooming by `factor`, so that what lies `at` points from it stays there.
fn kept_in_place(offset: f32, at: f32, factor: f32) -> f32 {
    ((offset + at) * factor - at).max(0.0)
}

/// Where to scroll so that the playhead is in sight; nothing if it is.
fn following(offset: f32, room: f32, width: f32, x: f32) -> Option<f32> {
    let last = (width - room).max(0.0);
    let is_in_sight = (offset..=offset + 0.9 * room).contains(&x);
    let wanted = (x - 0.1 * room).clamp(0.0, last);
    (!is_in_sight && wanted != offset).then_some(wanted)
}

/// Clicks and drags.
fn select(ui: &Ui, response: &Response, rect: Rect, columns: &[Column], desk: &Desk, state: &mut State) {
    let bars = &desk.view.bars;
    let key_at = |x: f32| columns::at(columns, x - rect.left()).map(|index| bars[index].key);
    let modifiers = ui.input(|input| input.modifiers);
    if response.drag_started() {
        let origin = ui.input(|input| input.pointer.press_origin());
        if let Some(key) = origin.and_then(|origin| key_at(origin.x)).filter(|_| !modifiers.shift) {
            state.selection.only(key);
        }
    }
    let Some(key) = response.interact_pointer_pos().and_then(|place| key_at(place.x)) else { return };
    if response.dragged() || (response.clicked() && modifiers.shift) {
        state.selection.extend_to(bars, key);
        // Dragging beyond a side scrolls.
        if let Some(column) = columns::at(columns, response.interact_pointer_pos().map_or(0.0, |place| place.x) - rect.left()) {
            let (left, right) = (rect.left() + columns[column].left, rect.left() + columns[column].right);
            if response.dragged() {
                ui.scroll_to_rect(Rect::from_x_y_ranges(left..=right, rect.y_range()), None);
            }
        }
    } else if response.clicked() && modifiers.command {
        state.selection.toggle(key);
    } else if response.clicked() {
        state.selection.only(key);
    }
}

fn cells(ui: &Ui, rect: Rect, window: Rect, columns: &[Column], desk: &Desk, state: &State) {
    let (view, sounding) = (desk.view, desk.model.live().sounding());
    let peak = bar_cell::peak(&view.bars);
    for index in columns::visible(columns, window.left(), window.right()) {
        let (bar, column) = (&view.bars[index], columns[index]);
        let cell = Rect::from_x_y_ranges(rect.left() + column.left..=rect.left() + column.right, rect.y_range());
        if column.follows_gap {
            for dy in [-6.0, 0.0, 6.0] {
                ui.painter().circle_filled(pos2(cell.left() - 8.0, rect.center().y + dy), 1.5, theme::FAINT);
            }
        }
        let shown = Shown::of(bar, view.job, sounding);
        bar_cell::draw(ui.painter(), cell, bar, Look { shown, is_selected: state.selection.holds(bar.key), peak });
    }
}

/// What is known of the bar under the pointer.
fn explain(response: Response, rect: Rect, columns: &[Column], desk: &Desk) {
    let Some(index) = response.hover_pos().and_then(|place| columns::at(columns, place.x - rect.left())) else { return };
    let bar = &desk.view.bars[index];
    let shown = Shown::of(bar, desk.view.job, desk.model.live().sounding());
    response.on_hover_ui_at_pointer(|ui| bar_cell::explain(ui, bar, shown, &desk.view.actions));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zooming_keeps_the_bar_under_the_pointer_there() {
        let (offset, at) = (300.0, 120.0);
        let zoomed = kept_in_place(offset, at, 2.0);
        assert_eq!((offset + at) * 2.0, zoomed + at);
        assert_eq!(kept_in_place(0.0, 120.0, 0.5), 0.0);
    }

    #[test]
    fn following_turns_the_page_only_when_the_playhead_leaves_it() {
        assert_eq!(following(0.0, 500.0, 2_000.0, 100.0), None);
        assert_eq!(following(0.0, 500.0, 2_000.0, 460.0), Some(410.0));
        // A jump back to the beginning.
        assert_eq!(following(410.0, 500.0, 2_000.0, 10.0), Some(0.0));
        // Nothing lies beyond the last page, and what fits is never scrolled.
        assert_eq!(following(0.0, 500.0, 700.0, 690.0), Some(200.0));
        assert_eq!(following(200.0, 500.0, 700.0, 690.0), None);
        assert_eq!(following(0.0, 500.0, 500.0, 490.0), None);
    }
}
