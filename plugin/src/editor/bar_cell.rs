//! One bar in the timeline: number, waveform, the knobs asked of it, and its standing.
//!
//! **Thread.** The window's.

use egui::{Align2, Color32, Mesh, Painter, Rect, RichText, Stroke, StrokeKind, Ui, pos2, vec2};
use turnaround_core::contract::Action;

use super::status::{Shown, pin};
use super::theme;
use super::words::{action_label, count, percent};
use crate::spec::SLOTS;
use crate::view::{BarStatus, BarView, Overview};

/// Height of the line with the number, of the marks, and of the line with the standing.
const NUMBER: f32 = 17.0;
const MARKS: f32 = 10.0;
const STATUS: f32 = 18.0;

/// Widths from which on there is room for the standing's word with its progress, for the word, and for the number.
const WHOLE_WORD: f32 = 96.0;
const WORD: f32 = 64.0;
const DIGITS: f32 = 22.0;

/// What a cell shows beside its bar.
#[derive(Clone, Copy)]
pub struct Look {
    /// Its standing.
    pub shown: Shown,
    /// Whether it is selected.
    pub is_selected: bool,
    /// The loudest sample of the track, which fills a waveform's height.
    pub peak: f32,
}

/// Draws a bar into its place.
pub fn draw(painter: &Painter, rect: Rect, bar: &BarView, look: Look) {
    let inside = rect.shrink2(vec2(1.0, 0.0));
    let painter = painter.with_clip_rect(painter.clip_rect().intersect(inside));
    painter.rect_filled(inside, theme::ROUND, if look.is_selected { theme::ACCENT_FILL } else { theme::RAISED });
    let wave =
        Rect::from_min_max(pos2(inside.left(), inside.top() + NUMBER), pos2(inside.right(), inside.bottom() - STATUS - MARKS));
    painter.rect_filled(wave, 0, theme::SUNKEN);
    waves(&painter, wave, bar, look.peak);
    top(&painter, inside, bar);
    marks(&painter, Rect::from_min_size(wave.left_bottom(), vec2(wave.width(), MARKS)), bar);
    standing(&painter, inside, look);
    if look.is_selected {
        painter.rect_stroke(inside, theme::ROUND, Stroke::new(1.5, theme::ACCENT), StrokeKind::Inside);
    }
}

fn top(painter: &Painter, rect: Rect, bar: &BarView) {
    let middle = rect.top() + NUMBER / 2.0;
    let mut right = rect.right() - 3.0;
    if bar.is_pinned {
        pin(painter, pos2(right - 4.0, middle), 5.0, theme::WARNING);
        right -= 12.0;
    }
    if bar.late > 0 && rect.width() > WORD {
        let text = format!("{}× late", bar.late);
        painter.text(pos2(right, middle), Align2::RIGHT_CENTER, text, theme::small(), theme::PINK);
    }
    if rect.width() > DIGITS {
        let number = bar.number.get().to_string();
        painter.text(pos2(rect.left() + 5.0, middle), Align2::LEFT_CENTER, number, theme::small(), theme::TEXT);
    }
}

/// Dry, and the take over it.
fn waves(painter: &Painter, rect: Rect, bar: &BarView, peak: f32) {
    painter.hline(rect.x_range(), rect.center().y, Stroke::new(1.0, theme::LINE));
    if let Some(dry) = &bar.dry {
        wave(painter, rect, dry, peak, theme::DRY);
    }
    if let Some(take) = &bar.take {
        // A take that answers something else than is asked is there, but does not count.
        let counts = bar.status == BarStatus::Ready;
        wave(painter, rect, take, peak, theme::TAKE.gamma_multiply(if counts { 0.75 } else { 0.3 }));
    }
}

fn wave(painter: &Painter, rect: Rect, overview: &Overview, peak: f32, colour: Color32) {
    let mut mesh = Mesh::default();
    let width = rect.width() / overview.0.len().max(1) as f32;
    for (column, bounds) in overview.0.iter().enumerate() {
        let (low, high) = heights(*bounds, peak);
        let left = rect.left() + column as f32 * width;
        let y = |height: f32| rect.center().y - height * (rect.height() / 2.0 - 1.0);
        mesh.add_colored_rect(Rect::from_min_max(pos2(left, y(high) - 0.5), pos2(left + width, y(low) + 0.5)), colour);
    }
    painter.add(mesh);
}

/// Lowest and highest sample as shares of the height, -1 to 1.
fn heights((low, high): (f32, f32), peak: f32) -> (f32, f32) {
    let share = |sample: f32| (sample / peak).clamp(-1.0, 1.0);
    (share(low), share(high))
}

/// The loudest sample of all bars; never so small that noise fills the height.
pub fn peak(bars: &[BarView]) -> f32 {
    let overviews = bars.iter().flat_map(|bar| bar.dry.iter().chain(&bar.take));
    let loudest = |overview: &Overview| overview.0.iter().fold(0.0f32, |most, (low, high)| most.max(-low).max(*high));
    overviews.map(|overview| loudest(overview)).fold(0.05, f32::max)
}

/// A stroke for every knob that is turned up, at its slot's place and as high as it is turned: the same knobs look the same.
fn marks(painter: &Painter, rect: Rect, bar: &BarView) {
    if !bar.spec.regenerate {
        return;
    }
    for (slot, value) in turned(bar) {
        let x = rect.left() + 3.0 + (rect.width() - 6.0) * (slot as f32 + 0.5) / SLOTS as f32;
        let height = (rect.height() - 2.0) * (0.2 + 0.8 * value);
        painter.vline(x, rect.bottom() - height..=rect.bottom(), Stroke::new(2.0, theme::ACCENT));
    }
}

fn turned(bar: &BarView) -> impl Iterator<Item = (usize, f32)> + '_ {
    bar.spec.making.actions.iter().copied().enumerate().filter(|(_, value)| *value > 0.0)
}

fn standing(painter: &Painter, rect: Rect, look: Look) {
    let middle = rect.bottom() - STATUS / 2.0;
    if rect.width() < WORD {
        look.shown.icon(painter, pos2(rect.center().x, middle), 5.0);
        return;
    }
    look.shown.icon(painter, pos2(rect.left() + 10.0, middle), 5.0);
    let place = pos2(rect.left() + 20.0, middle);
    let word = if rect.width() < WHOLE_WORD { look.shown.short_word() } else { look.shown.word() };
    painter.text(place, Align2::LEFT_CENTER, word, theme::small(), look.shown.colour());
}

/// What is shown of a bar under the pointer.
pub fn explain(ui: &mut Ui, bar: &BarView, shown: Shown, actions: &[Action]) {
    ui.set_max_width(300.0);
    ui.label(format!("Bar {}, {}, {:.2} s", bar.number.get(), bar.metre, bar.duration.get()));
    ui.label(RichText::new(shown.sentence()).color(shown.colour()));
    if let BarStatus::Failed(reason) = &bar.status {
        ui.label(reason);
    }
    if bar.late > 0 {
        let times = count(bar.late as usize, "time");
        ui.label(RichText::new(format!("Played dry {times} because its take was late.")).color(theme::PINK));
    }
    if bar.is_pinned {
        ui.label(RichText::new("Pinned: parameters do not change it.").color(theme::WARNING));
    }
    if bar.spec.regenerate {
        let text = actions_in_words(bar, actions);
        ui.label(RichText::new(text).color(theme::QUIET));
    }
}

/// The knobs that are turned up for a bar: `more kick 80 %, thinner 35 %`.
pub fn actions_in_words(bar: &BarView, actions: &[Action]) -> String {
    let named = turned(bar).map(|(slot, value)| format!("{} {}", action_label(actions, slot), percent(value)));
    let named: Vec<_> = named.collect();
    if named.is_empty() { "No action turned up.".to_owned() } else { named.join(", ") }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::editor::made_up;

    #[test]
    fn the_loudest_sample_fills_the_height_and_noise_does_not() {
        let mut bars = vec![made_up::bar(1, BarStatus::Captured), made_up::bar(2, BarStatus::Ready)];
        assert_eq!(peak(&bars), 0.05);
        bars[0].dry = Some(Arc::new(Overview(vec![(-0.1, 0.2)])));
        bars[1].take = Some(Arc::new(Overview(vec![(-0.5, 0.3)])));
        assert_eq!(peak(&bars), 0.5);
        assert_eq!(heights((-0.5, 0.25), 0.5), (-1.0, 0.5));
        assert_eq!(heights((-2.0, 2.0), 0.5), (-1.0, 1.0));
    }

    #[test]
    fn the_knobs_of_a_bar_are_told_by_name() {
        let mut bar = made_up::bar(1, BarStatus::Queued);
        let actions = [made_up::action("more kick", None)];
        assert_eq!(actions_in_words(&bar, &actions), "No action turned up.");
        bar.spec.making.actions[0] = 0.8;
        bar.spec.making.actions[9] = 0.355;
        assert_eq!(actions_in_words(&bar, &actions), "more kick 80 %, Action 10 36 %");
    }
}
