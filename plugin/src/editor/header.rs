//! The line on top: what runs the models, how fast, how often too late, and whether playback waits.
//!
//! **Thread.** The window's.

use egui::{Align, Color32, ComboBox, Layout, RichText, Sense, Ui, vec2};

use super::words::{bounce, count, engine, engine_in_full, provider, times_real_time};
use super::{Desk, theme};
use crate::parameters::BounceMode;
use crate::view::EngineView;

/// Zooms to choose from.
const ZOOMS: [f32; 6] = [0.75, 1.0, 1.25, 1.5, 2.0, 3.0];

/// Draws it.
pub fn draw(ui: &mut Ui, desk: &mut Desk) {
    ui.horizontal_centered(|ui| {
        ui.label(RichText::new("Turnaround").heading().strong());
        ui.add_space(4.0);
        models(ui, desk);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            zoom(ui);
            waiting(ui, desk);
            late(ui, desk);
            if let Some(times) = desk.view.times_real_time {
                let colour = if times < 1.0 { theme::WARNING } else { theme::QUIET };
                ui.label(RichText::new(times_real_time(times)).color(colour))
                    .on_hover_text("How fast the last take was made, against the bar's own length.");
            }
        });
    });
}

fn models(ui: &mut Ui, desk: &Desk) {
    let view = &desk.view.engine;
    let (dot, _) = ui.allocate_exact_size(vec2(10.0, 10.0), Sense::hover());
    let radius = 4.0;
    match view {
        EngineView::Loaded { .. } => drop(ui.painter().circle_filled(dot.center(), radius, theme::GREEN)),
        EngineView::Asleep => drop(ui.painter().circle_stroke(dot.center(), radius, (1.5, theme::FAINT))),
        EngineView::Loading => drop(ui.painter().circle_stroke(dot.center(), radius, (1.5, theme::ORANGE))),
        EngineView::Failed(_) => drop(ui.painter().circle_filled(dot.center(), radius, theme::VERMILION)),
    }
    let mut text = match view {
        EngineView::Loaded { set, provider: by, .. } => format!("{set}, {}, ", provider(by)),
        _ => String::new(),
    };
    text.push_str(engine(view));
    ui.label(RichText::new(text).color(engine_colour(view))).on_hover_text(engine_in_full(view));
}

fn engine_colour(view: &EngineView) -> Color32 {
    match view {
        EngineView::Failed(_) => theme::VERMILION,
        EngineView::Loading => theme::ORANGE,
        EngineView::Asleep | EngineView::Loaded { .. } => theme::TEXT,
    }
}

fn late(ui: &mut Ui, desk: &Desk) {
    let late = desk.model.live().late() as usize;
    let colour = if late > 0 { theme::PINK } else { theme::QUIET };
    ui.label(RichText::new(format!("{late} late")).color(colour))
        .on_hover_text(format!("{} played dry because the takes were not ready.", count(late, "bar")));
}

fn waiting(ui: &mut Ui, desk: &Desk) {
    let live = desk.model.live();
    if live.is_waiting() {
        if ui.button("Cancel").on_hover_text("Stop waiting: what is not ready plays dry until playback starts anew.").clicked() {
            live.cancel_wait();
        }
        ui.label(RichText::new("waiting for takes").color(theme::WARNING))
            .on_hover_text("Playback stands still until the next take is made.");
        return;
    }
    let mode = desk.parameters.bounce.value();
    let (word, sentence) = bounce(mode, live.may_wait(), live.is_cancelled());
    let colour = if mode == BounceMode::Always || live.is_cancelled() { theme::WARNING } else { theme::QUIET };
    ui.label(RichText::new(word).color(colour)).on_hover_text(sentence);
}

fn zoom(ui: &mut Ui) {
    let now = ui.ctx().zoom_factor();
    let name = |zoom: f32| format!("{:.0} %", zoom * 100.0);
    ComboBox::from_id_salt("zoom")
        .width(64.0)
        .selected_text(name(now))
        .show_ui(ui, |ui| {
            for zoom in ZOOMS {
                if ui.selectable_label(zoom == now, name(zoom)).clicked() {
                    ui.ctx().set_zoom_factor(zoom);
                }
            }
        })
        .response
        .on_hover_text("Size of everything in this window.");
}

/// What to do when no bar can be made; nothing when all is well.
pub fn trouble(engine: &EngineView) -> Option<String> {
    match engine {
        EngineView::Failed(_) => Some(engine_in_full(engine)),
        EngineView::Asleep | EngineView::Loading | EngineView::Loaded { .. } => None,
    }
}
