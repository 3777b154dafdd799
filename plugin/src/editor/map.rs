//! The actions on a map: a dot for each that was measured, where its effect puts it, so that those of like effect lie close together.
//!
//! A dot is turned as a knob is. Its size is its value, and it lies still while it is turned.
//!
//! **Thread.** The window's.

use std::sync::Arc;

use egui::text::LayoutJob;
use egui::{Align, Align2, Color32, Galley, Id, Painter, Pos2, Rect, Response, RichText, Sense, Stroke, Ui, Vec2, pos2, vec2};
use turnaround_core::contract::{Action, MeasuredAction};

use super::actions::explain;
use super::control::{modulation, operate, typing_field};
use super::places::{Disc, beside, spread};
use super::words::{action_label, percent};
use super::{Desk, theme};

/// Radius of a dot at zero, of one that is shortlisted, and at full value, in points.
const SMALL: f32 = 3.0;
const LARGE: f32 = 5.0;
const FULL: f32 = 9.0;

/// Points between the centres of two dots, at least.
const APART: f32 = 13.0;

/// How near to a dot's centre the mouse takes hold of it, unless another dot is nearer than twice that.
const REACH: f32 = 8.0;

/// Widest line of a label, and most lines.
const LABEL_WIDTH: f32 = 104.0;
const LABEL_LINES: usize = 3;

/// One action on the map.
struct Dot<'a> {
    slot: usize,
    measured: &'a MeasuredAction,
    centre: Pos2,
    /// Whether it is one of those that are searched; the others are there for orientation alone.
    is_shown: bool,
    value: f32,
    modulated: Option<f32>,
    response: Option<Response>,
}

/// Draws the map; of all dots, those of `slots` can be turned. Where only some are shown, all of these are called by their names.
pub fn draw(ui: &mut Ui, desk: &mut Desk, slots: &[usize], is_narrowed: bool) {
    let Some((rect, mut dots)) = lay_out(ui, desk, slots) else { return };
    turn(ui, desk, &mut dots);
    let painter = ui.painter().with_clip_rect(ui.clip_rect().intersect(rect));
    painter.rect_filled(rect, theme::ROUND, theme::SUNKEN);
    painter.hline(rect.x_range(), rect.center().y, Stroke::new(1.0, theme::PANEL));
    painter.vline(rect.center().x, rect.y_range(), Stroke::new(1.0, theme::PANEL));
    dots.iter().for_each(|dot| dot.paint(&painter));
    labels(&painter, rect, &dots, &desk.view.actions, is_narrowed);
    for dot in &dots {
        let Some(response) = &dot.response else { continue };
        if response.dragged() || response.hovered() && !response.is_tooltip_open() {
            tag(&painter, rect, dot, &action_label(&desk.view.actions, dot.slot));
        }
        let field = Rect::from_center_size(dot.centre, vec2(60.0, 20.0));
        typing_field(ui, inside(field, rect), &mut desk.touch, &desk.parameters.actions.0[dot.slot]);
    }
    for (slot, response) in dots.into_iter().filter_map(|dot| Some((dot.slot, dot.response?))) {
        response.on_hover_ui(|ui| explain(ui, desk, slot));
    }
}

/// The map's place and its dots; where the set tells no places, a sentence instead.
fn lay_out<'a>(ui: &mut Ui, desk: &Desk<'a>, slots: &[usize]) -> Option<(Rect, Vec<Dot<'a>>)> {
    let view = desk.view;
    let measured = view.actions.iter().enumerate().filter_map(|(slot, action)| Some((slot, action.measured.as_ref()?)));
    let measured: Vec<_> = measured.collect();
    if measured.is_empty() {
        ui.label(RichText::new(no_map(&view.actions)).color(theme::QUIET));
        return None;
    }
    let (rect, _) = ui.allocate_exact_size(ui.available_size().max(vec2(4.0 * FULL, 4.0 * FULL)), Sense::hover());
    let places: Vec<_> = measured.iter().map(|(_, measured)| measured.position).collect();
    let centres = spread(&places, rect.shrink(FULL + 2.0), APART);
    let dot = |((slot, measured), centre): ((usize, &'a MeasuredAction), Pos2)| {
        let param = &desk.parameters.actions.0[slot];
        let (value, modulated) = (desk.touch.shown(param), modulation(param));
        Dot { slot, measured, centre, is_shown: slots.contains(&slot), value, modulated, response: None }
    };
    Some((rect, measured.into_iter().zip(centres).map(dot).collect()))
}

/// Why there is no map.
fn no_map(actions: &[Action]) -> &'static str {
    if actions.is_empty() {
        "There is no map yet: no model set was read."
    } else {
        "There is no map: what the actions of this model set do was not measured. Its knobs work all the same."
    }
}

/// What the window knows a slot's dot by.
pub fn dot_id(slot: usize) -> Id {
    Id::unique(("dot of an action", slot))
}

/// Lets the mouse turn the dots.
fn turn(ui: &Ui, desk: &mut Desk, dots: &mut [Dot]) {
    let centres: Vec<Pos2> = dots.iter().filter(|dot| dot.is_shown).map(|dot| dot.centre).collect();
    for dot in dots.iter_mut().filter(|dot| dot.is_shown) {
        let place = Rect::from_center_size(dot.centre, Vec2::splat(2.0 * reach(dot.centre, &centres)));
        let response = ui.interact(place, dot_id(dot.slot), Sense::click_and_drag());
        let param = &desk.parameters.actions.0[dot.slot];
        operate(ui, &response, &mut desk.touch, param);
        dot.value = desk.touch.shown(param);
        dot.response = Some(response);
    }
    // Small ones lie below large ones.
    dots.sort_by(|one, other| (one.radius(), one.slot).partial_cmp(&(other.radius(), other.slot)).expect("no radius is NaN"));
}

/// How far a dot among others can be taken hold of, up, down and to the sides: no two places overlap, so it is never open which is meant.
fn reach(centre: Pos2, all: &[Pos2]) -> f32 {
    let away = |other: &Pos2| (other.x - centre.x).abs().max((other.y - centre.y).abs());
    all.iter().filter(|other| **other != centre).map(|other| away(other) / 2.0).fold(REACH, f32::min)
}

impl Dot<'_> {
    fn at_zero(&self) -> f32 {
        if self.measured.is_shortlisted { LARGE } else { SMALL }
    }

    fn radius(&self) -> f32 {
        self.radius_at(self.value)
    }

    fn radius_at(&self, value: f32) -> f32 {
        if value > 0.0 { egui::lerp(LARGE..=FULL, value) } else { self.at_zero() }
    }

    /// What labels keep away from: the dot as large as it can become, so that they lie still while it is turned.
    fn disc(&self) -> Disc {
        Disc { centre: self.centre, radius: if self.value > 0.0 { FULL } else { self.at_zero() } }
    }

    fn colour(&self) -> Color32 {
        match (self.is_shown, self.measured.is_shortlisted) {
            (true, _) if self.value > 0.0 => theme::ACCENT,
            (true, true) => theme::QUIET,
            (true, false) => theme::FAINT,
            (false, _) => theme::LINE,
        }
    }

    fn is_held(&self) -> bool {
        self.response.as_ref().is_some_and(|response| response.hovered() || response.dragged())
    }

    fn paint(&self, painter: &Painter) {
        // A rim of the ground parts dots that overlap.
        painter.circle(self.centre, self.radius(), self.colour(), Stroke::new(1.0, theme::SUNKEN));
        if let Some(modulated) = self.modulated {
            painter.circle_stroke(self.centre, self.radius_at(modulated), Stroke::new(1.5, theme::YELLOW));
        }
        if self.is_held() {
            painter.circle_stroke(self.centre, self.radius() + 2.0, Stroke::new(1.5, theme::TEXT));
        }
    }
}

/// Names beside the dots, as many as find room: of those that are shortlisted, then of those that are turned up, each time the most
/// dependable first.
fn labels(painter: &Painter, rect: Rect, dots: &[Dot], actions: &[Action], is_narrowed: bool) {
    let is_named = |dot: &&Dot| dot.is_shown && (is_narrowed || dot.measured.is_shortlisted || dot.value > 0.0);
    let mut named: Vec<&Dot> = dots.iter().filter(is_named).collect();
    let rank = |dot: &Dot| (dot.measured.is_shortlisted, dot.measured.consistency);
    named.sort_by(|one, other| {
        rank(other).partial_cmp(&rank(one)).expect("no consistency is NaN").then(one.slot.cmp(&other.slot))
    });
    let discs: Vec<Disc> = dots.iter().filter(|dot| dot.is_shown).map(Dot::disc).collect();
    let mut taken = Vec::new();
    for dot in named {
        // Names of several changes read best, and are narrowest, with a line for each.
        let name = action_label(actions, dot.slot).replace(" and ", "\nand ");
        let colour = if dot.value > 0.0 { theme::TEXT } else { theme::QUIET };
        let lines = |align| lines(painter, &name, colour, LABEL_WIDTH, align);
        // Beside a dot as large as it can become, whatever it is now.
        let disc = Disc { centre: dot.centre, radius: FULL };
        let Some((place, align)) = beside(disc, lines(Align::Min).size(), rect.shrink(3.0), &discs, &taken) else { continue };
        painter.galley(pos2(align.to_factor() * place.width() + place.left(), place.top()), lines(align), colour);
        taken.push(place);
    }
}

/// A text in a few lines, flush to one side.
fn lines(painter: &Painter, text: &str, colour: Color32, width: f32, align: Align) -> Arc<Galley> {
    let mut job = LayoutJob::simple(text.to_owned(), theme::small(), colour, width);
    job.halign = align;
    job.wrap.max_rows = LABEL_LINES;
    painter.layout_job(job)
}

/// Name and value of the dot under the hand, over everything else.
fn tag(painter: &Painter, rect: Rect, dot: &Dot, name: &str) {
    let text = format!("{name}: {}", percent(dot.value));
    let galley = lines(painter, &text, theme::TEXT, rect.width() - 16.0, Align::Min);
    let size = galley.size() + vec2(12.0, 6.0);
    let above = Rect::from_center_size(dot.centre - vec2(0.0, FULL + 6.0 + size.y / 2.0), size);
    let place =
        if above.top() < rect.top() { above.translate(vec2(0.0, 2.0 * (dot.centre.y - above.center().y))) } else { above };
    let place = inside(place, rect);
    painter.rect(place, theme::ROUND, theme::RAISED, Stroke::new(1.0, theme::LINE), egui::StrokeKind::Inside);
    painter.galley(Align2::CENTER_CENTER.align_size_within_rect(galley.size(), place).min, galley, theme::TEXT);
}

/// The same, moved into a larger one.
fn inside(place: Rect, rect: Rect) -> Rect {
    let low = (rect.min - place.min).max(vec2(0.0, 0.0));
    let high = (rect.max - place.max).min(vec2(0.0, 0.0));
    place.translate(low + high)
}
