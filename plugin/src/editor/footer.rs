//! The line at the bottom: the newest message, and what is under way.
//!
//! **Thread.** The window's.

use egui::{Align, Button, Label, Layout, RichText, ScrollArea, Ui};

use super::status::queue_length;
use super::words::bytes;
use super::{Desk, State, theme};
use crate::view::View;

/// Draws the line.
pub fn draw(ui: &mut Ui, desk: &Desk, state: &mut State) {
    ui.horizontal_centered(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.label(RichText::new(bytes(desk.view.audio_bytes)).color(theme::QUIET))
                .on_hover_text("Audio held for this track: captures and takes.");
            ui.label(RichText::new(under_way(desk.view)).color(theme::QUIET));
            let messages = messages(desk.view, state);
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let Some(newest) = messages.last() else { return };
                let text = if state.lists_messages { "Messages" } else { newest.as_str() };
                let button = Button::new(RichText::new(text).color(theme::TEXT)).frame(false).truncate();
                if ui.add(button).on_hover_text("Click to see all messages.").clicked() {
                    state.lists_messages = !state.lists_messages;
                }
            });
        });
    });
}

/// Draws all messages, the newest last.
pub fn list(ui: &mut Ui, desk: &Desk, state: &State) {
    ScrollArea::vertical().id_salt("messages").auto_shrink(false).stick_to_bottom(true).show(ui, |ui| {
        for message in messages(desk.view, state) {
            ui.add(Label::new(message).wrap());
        }
    });
}

/// The worker's sentences, and the editor's own.
fn messages(view: &View, state: &State) -> Vec<String> {
    view.messages.iter().chain(&state.notices).cloned().collect()
}

/// What is made, and how many wait.
fn under_way(view: &View) -> String {
    let queue = queue_length(&view.bars);
    let making = view.job.and_then(|job| {
        let bar = view.bars.iter().find(|bar| bar.key == job.key)?;
        Some(format!("making bar {}, step {} of {}", bar.number.get(), job.done, job.total))
    });
    match (making, queue) {
        (None, 0) => "nothing to make".to_owned(),
        (None, queue) => format!("{queue} in the queue"),
        (Some(making), queue) => format!("{making}; {} more in the queue", queue.saturating_sub(1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::editor::made_up;

    #[test]
    fn the_queue_is_told_in_words() {
        let mut view = made_up::view();
        assert_eq!(under_way(&view), "making bar 11, step 5 of 12; 3 more in the queue");
        view.job = None;
        assert_eq!(under_way(&view), "4 in the queue");
        view.bars.clear();
        assert_eq!(under_way(&view), "nothing to make");
    }
}
