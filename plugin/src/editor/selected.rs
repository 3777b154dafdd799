//! What is asked of the selected bars, and what can be done with them.
//!
//! **Thread.** The window's.

use std::path::PathBuf;

use egui::{Button, RichText, ScrollArea, Sense, TextEdit, Ui, vec2};

use super::bar_cell::actions_in_words;
use super::selection::{common, name, pin_now, regenerate};
use super::settings::toggle;
use super::words::{count, decibels, percent};
use super::{Desk, State, theme};
use crate::spec::BarSpec;
use crate::view::{BarStatus, BarView, Command};

/// Draws it.
pub fn draw(ui: &mut Ui, desk: &mut Desk, state: &mut State) {
    let bars = state.selection.of(&desk.view.bars);
    if bars.is_empty() {
        ui.label(RichText::new("Selection").color(theme::QUIET));
        ui.label(RichText::new("Click a bar in the timeline; with shift, or by dragging, several.").color(theme::QUIET));
        ui.add_space(theme::GAP);
        export(ui, desk, state, &[]);
        return;
    }
    ui.horizontal(|ui| {
        ui.add(egui::Label::new(RichText::new(capitalised(&name(&bars))).strong()).truncate());
    });
    ScrollArea::vertical().id_salt("selected").auto_shrink(false).show(ui, |ui| {
        failures(ui, &bars);
        switch(ui, desk, &bars);
        buttons(ui, desk, state, &bars);
        ui.add_space(theme::GAP);
        export(ui, desk, state, &bars);
        ui.add_space(theme::GAP);
        asked(ui, desk, &bars);
    });
}

/// Whether they are made anew.
fn switch(ui: &mut Ui, desk: &mut Desk, bars: &[&BarView]) {
    let now = common(bars, |spec| spec.regenerate);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), theme::ROW_HEIGHT), Sense::click());
    let fill = if response.hovered() { theme::HOVERED } else { theme::RAISED };
    ui.painter().rect_filled(rect, theme::ROUND, fill);
    let left = egui::Align2::LEFT_CENTER;
    ui.painter().text(rect.left_center() + vec2(8.0, 0.0), left, "Regenerate", theme::body(), theme::TEXT);
    let word = match now {
        Some(true) => "on",
        Some(false) => "off",
        None => "some",
    };
    let place = rect.right_center() - vec2(42.0, 0.0);
    ui.painter().text(place, egui::Align2::RIGHT_CENTER, word, theme::body(), theme::TEXT);
    toggle(ui, rect, now == Some(true));
    if response.clicked() {
        regenerate(bars, now != Some(true)).into_iter().for_each(|command| desk.model.send(command));
    }
    response.on_hover_text("Make these bars anew, or leave them as they are. This pins them; what else is asked of each stays.");
}

fn buttons(ui: &mut Ui, desk: &mut Desk, state: &mut State, bars: &[&BarView]) {
    let keys = || bars.iter().map(|bar| bar.key).collect::<Vec<_>>();
    let wide = vec2(ui.available_width(), theme::ROW_HEIGHT);
    let pins = ui.add_sized(wide, Button::new("Pin the knobs as they are now")).on_hover_text(
        "These bars keep what the knobs say now, whatever the parameters do later. Bars that are to be regenerated stay so.",
    );
    if pins.clicked() {
        pin_now(bars, desk.parameters.spec()).into_iter().for_each(|command| desk.model.send(command));
    }
    let is_any_pinned = bars.iter().any(|bar| bar.is_pinned);
    let gives_back = ui.add_enabled_ui(is_any_pinned, |ui| ui.add_sized(wide, Button::new("Give back to automation")));
    let gives_back = gives_back
        .inner
        .on_hover_text("These bars follow the parameters again: first with the values they had when the bar was last played.");
    if gives_back.clicked() {
        desk.model.send(Command::Pin(keys(), None));
    }
    ui.horizontal(|ui| {
        let half = vec2((ui.available_width() - ui.spacing().item_spacing.x) / 2.0, theme::ROW_HEIGHT);
        let can_make = bars.iter().any(|bar| bar.spec.regenerate && bar.dry.is_some());
        let again = ui.add_enabled(can_make, Button::new("Make again").min_size(half));
        let again = again.on_hover_text("Throw the takes away and make them again, for instance with another model set.");
        if again.clicked() {
            let again = bars.iter().filter(|bar| bar.spec.regenerate && bar.dry.is_some());
            again.for_each(|bar| desk.model.send(Command::MakeAgain(bar.key)));
        }
        // Nothing brings a forgotten bar back but playing it again, so it takes two clicks.
        let is_asked = state.forgets;
        let text = if is_asked { RichText::new("Really forget?").color(theme::VERMILION) } else { RichText::new("Forget") };
        let forget = ui.add(Button::new(text).min_size(half));
        if forget.clicked() {
            state.forgets = !is_asked;
            if is_asked {
                desk.model.send(Command::Forget(keys()));
            }
        } else if is_asked && ui.input(|input| input.pointer.any_click()) {
            state.forgets = false;
        }
        forget.on_hover_text("Forget capture, take and pins of these bars. They are heard anew at the next pass.");
    });
}

fn export(ui: &mut Ui, desk: &mut Desk, state: &mut State, bars: &[&BarView]) {
    ui.label(RichText::new("Export WAV files to").color(theme::QUIET))
        .on_hover_text("Each file carries its place in the timeline, so that hosts can put it back where it was.");
    ui.add(TextEdit::singleline(&mut state.folder).desired_width(f32::INFINITY).hint_text("folder"));
    let folder = folder(&state.folder);
    ui.horizontal(|ui| {
        let half = vec2((ui.available_width() - ui.spacing().item_spacing.x) / 2.0, theme::ROW_HEIGHT);
        let send = |bars| {
            if let Ok(folder) = &folder {
                desk.model.send(Command::Export { bars, folder: folder.clone() });
            }
        };
        let is_possible = folder.is_ok() && !desk.view.bars.is_empty();
        if ui.add_enabled(is_possible && !bars.is_empty(), Button::new("Selected").min_size(half)).clicked() {
            send(Some(bars.iter().map(|bar| bar.key).collect()));
        }
        if ui.add_enabled(is_possible, Button::new("Whole track").min_size(half)).clicked() {
            send(None);
        }
    });
    if let Err(reason) = &folder {
        ui.label(RichText::new(*reason).color(theme::WARNING));
    }
}

/// The folder that was typed.
fn folder(typed: &str) -> Result<PathBuf, &'static str> {
    let typed = typed.trim();
    let home = || std::env::home_dir().ok_or("Nobody knows where ~ is; write the folder in full.");
    let folder = match typed.strip_prefix('~') {
        Some("") => home()?,
        Some(rest) if rest.starts_with('/') => home()?.join(&rest[1..]),
        _ => PathBuf::from(typed),
    };
    if folder.is_absolute() { Ok(folder) } else { Err("Write the folder in full, or from ~ on.") }
}

/// The folder at first.
pub fn first_folder() -> String {
    "~/Turnaround".into()
}

fn failures(ui: &mut Ui, bars: &[&BarView]) {
    for bar in bars {
        if let BarStatus::Failed(reason) = &bar.status {
            let text = format!("Bar {} could not be made: {reason}", bar.number.get());
            ui.label(RichText::new(text).color(theme::VERMILION));
        }
    }
}

/// The stored values.
fn asked(ui: &mut Ui, desk: &Desk, bars: &[&BarView]) {
    let pinned = bars.iter().filter(|bar| bar.is_pinned).count();
    let from = match pinned {
        0 => "Asked by the parameters".to_owned(),
        all if all == bars.len() => "Asked by hand, pinned".to_owned(),
        some => format!("Asked; {} pinned", count(some, "bar")),
    };
    ui.label(RichText::new(from).color(theme::QUIET));
    let row = |ui: &mut Ui, what: &str, value: Option<String>| {
        ui.horizontal(|ui| {
            ui.label(RichText::new(what).color(theme::QUIET));
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| match value {
                Some(value) => ui.label(value),
                None => ui.label(RichText::new("various").color(theme::QUIET)),
            });
        });
    };
    let percents = |of: fn(&BarSpec) -> f32| common(bars, of).map(percent);
    row(ui, "Strength", percents(|spec| spec.making.strength));
    row(ui, "Guidance", common(bars, |spec| spec.making.guidance).map(|guidance| format!("{guidance:.2}")));
    row(ui, "Seed", common(bars, |spec| spec.making.seed).map(|seed| seed.to_string()));
    row(ui, "Context bars", common(bars, |spec| spec.making.context_bars).map(|count| count.to_string()));
    row(ui, "Quality", common(bars, |spec| spec.making.quality).map(|quality| capitalised(quality.name())));
    row(ui, "Mix", percents(|spec| spec.playing.mix));
    row(ui, "Output trim", common(bars, |spec| spec.playing.trim_db).map(decibels));
    if common(bars, |spec| spec.making.actions).is_some() {
        ui.label(RichText::new(actions_in_words(bars[0], &desk.view.actions)).color(theme::QUIET));
    } else {
        ui.label(RichText::new("Various actions; select one bar to see its own.").color(theme::QUIET));
    }
}

/// With a capital at the beginning.
fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_written_in_full_or_from_home_on() {
        let home = std::env::home_dir().unwrap();
        assert_eq!(folder(" /tmp/bars "), Ok(PathBuf::from("/tmp/bars")));
        assert_eq!(folder("~/Music/bars"), Ok(home.join("Music/bars")));
        assert_eq!(folder("~"), Ok(home));
        for wrong in ["", "bars", "~other/bars"] {
            assert!(folder(wrong).is_err(), "{wrong}");
        }
    }
}
