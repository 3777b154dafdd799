//! The editor: one window that shows a [`View`] and sends [`Command`]s, and turns the parameters.
//!
//! From top to bottom: [`header`], [`strip`] with its bars ([`bar_cell`]), then side by side [`settings`], [`actions`] ([`knobs`] or a
//! [`map`]) and what is [`selected`], and the [`footer`]. What can be told without a window is in functions of its own: [`columns`],
//! [`places`], [`selection`], [`words`].
//! Nothing here waits for the worker or touches audio.
//!
//! **Thread.** The window's. Framework and window library meet the rest of the plugin only in this file, [`hands`] and [`control`].

mod actions;
mod bar_cell;
mod columns;
mod control;
mod footer;
mod hands;
mod header;
mod knobs;
#[cfg(test)]
mod made_up;
mod map;
mod places;
mod selected;
mod selection;
mod settings;
mod status;
mod strip;
#[cfg(test)]
mod tests;
mod theme;
mod words;

use std::sync::Arc;
use std::time::Duration;

use egui::{CentralPanel, Frame, Margin, Panel, RichText, Ui};
use nice_plug::context::gui::GuiContext;
use nice_plug::editor::ResizeHint;
use nice_plug::editor::dpi::LogicalSize;
use nice_plug_egui::baseview::HandlerError;
use nice_plug_egui::{EguiEditor, EguiEditorState, EguiNiceSettings, NiceEguiApp, RepaintNotifier, create_egui_editor};

use crate::parameters::Parameters;
use crate::spec::BarKey;
use crate::view::{Command, EngineView, Live, View};
use crate::worker::Shared;
use actions::Sight;
use hands::{Hands, Touch};
use selection::Selection;
use strip::Strip;

/// Time from one drawing to the next while something moves, and while nothing does.
const LIVELY: Duration = Duration::from_millis(33);
const CALM: Duration = Duration::from_millis(250);

/// The editor as the framework knows it.
pub type Editor = EguiEditor<App>;

/// What the editor shows and speaks to. Nothing of it may wait.
pub trait EditorModel: Send + Sync + 'static {
    /// The newest picture of everything.
    fn view(&self) -> Arc<View>;

    /// Numbers of this moment.
    fn live(&self) -> &Live;

    /// Asks something of the worker, which does it some time later.
    fn send(&self, command: Command);
}

impl EditorModel for Shared {
    fn view(&self) -> Arc<View> {
        Shared::view(self)
    }

    fn live(&self) -> &Live {
        Shared::live(self)
    }

    fn send(&self, command: Command) {
        Shared::send(self, command);
    }
}

/// The editor of one instance.
pub fn create(parameters: Arc<Parameters>, model: Arc<impl EditorModel>) -> Option<Editor> {
    let (width, height) = theme::FIRST;
    let (least_width, least_height) = theme::SMALLEST;
    let window = EguiEditorState::from_size(LogicalSize::new(width, height), 1.0);
    let settings = EguiNiceSettings::new()
        .with_tile("Turnaround")
        .with_resize_hint(ResizeHint::resizable().with_min_logical_size(LogicalSize::new(least_width, least_height)));
    let app = App { parameters, model, host: None, state: State::default() };
    create_egui_editor(window, RepaintNotifier::new(), settings, app)
}

/// The window's content.
pub struct App {
    parameters: Arc<Parameters>,
    model: Arc<dyn EditorModel>,
    host: Option<GuiContext>,
    state: State,
}

impl NiceEguiApp for App {
    fn build(&mut self, context: egui::Context, host: GuiContext, _: &mut nice_plug_egui::Frame) -> Result<(), HandlerError> {
        theme::apply(&context);
        // A window that was closed in the middle of a movement never saw its end.
        self.state.hands = Hands::default();
        self.host = Some(host);
        Ok(())
    }

    fn ui(&mut self, ui: &mut Ui, _: &mut nice_plug_egui::Frame) {
        let Some(host) = &self.host else { return };
        draw(ui, &self.parameters, &*self.model, host, &mut self.state);
    }
}

/// What the window remembers from frame to frame.
struct State {
    hands: Hands,
    selection: Selection,
    /// The bars that the worker was told to hear ahead.
    looked_at: Vec<BarKey>,
    strip: Strip,
    sight: Sight,
    /// Where exports go, as typed.
    folder: String,
    /// Whether forgetting was asked for and not yet confirmed.
    forgets: bool,
    /// Whether all messages are shown.
    lists_messages: bool,
    /// The editor's own sentences.
    notices: Vec<String>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            hands: Hands::default(),
            selection: Selection::default(),
            looked_at: Vec::new(),
            strip: Strip::default(),
            sight: Sight::default(),
            folder: selected::first_folder(),
            forgets: false,
            lists_messages: false,
            notices: Vec::new(),
        }
    }
}

/// What every part of the window may look at and touch during one frame.
struct Desk<'a> {
    parameters: &'a Parameters,
    model: &'a dyn EditorModel,
    view: &'a View,
    touch: Touch<'a>,
}

/// Draws one frame.
fn draw(ui: &mut Ui, parameters: &Parameters, model: &dyn EditorModel, host: &GuiContext, state: &mut State) {
    let view = model.view();
    state.selection.prune(&view.bars);
    let mut hands = std::mem::take(&mut state.hands);
    let mut desk = Desk { parameters, model, view: &view, touch: Touch::new(&mut hands, host) };
    panels(ui, &mut desk, state);
    state.notices.extend(desk.touch.refusals());
    desk.touch.end();
    state.hands = hands;
    // While the mouse still drags over bars, more of them may come.
    if !ui.input(|input| input.pointer.any_down()) {
        look_at_selected(model, &view, state);
    }
    let is_lively = status::is_lively(&view.bars, view.job, model.live()) || view.engine == EngineView::Loading;
    ui.ctx().request_repaint_after(if is_lively { LIVELY } else { CALM });
}

/// Has the worker hear the selected bars before a knob is turned for them.
fn look_at_selected(model: &dyn EditorModel, view: &View, state: &mut State) {
    let selected = state.selection.of(&view.bars);
    let heard: Vec<BarKey> = selected.iter().filter(|bar| bar.dry.is_some()).map(|bar| bar.key).collect();
    if heard != state.looked_at {
        model.send(Command::Hear(heard.clone()));
        state.looked_at = heard;
    }
}

fn panels(ui: &mut Ui, desk: &mut Desk, state: &mut State) {
    let frame = |fill| Frame::new().fill(fill).inner_margin(Margin::symmetric(8, 6));
    let line = |fill| Frame::new().fill(fill).inner_margin(Margin::symmetric(8, 0));
    let top = |name: &'static str| Panel::top(name).resizable(false);
    let bottom = |name: &'static str| Panel::bottom(name).resizable(false);
    top("header").exact_size(theme::HEADER_HEIGHT).frame(line(theme::PANEL)).show(ui, |ui| header::draw(ui, desk));
    if let Some(trouble) = header::trouble(&desk.view.engine) {
        top("trouble").frame(frame(theme::SUNKEN)).show(ui, |ui| ui.label(RichText::new(trouble).color(theme::VERMILION)));
    }
    top("timeline").frame(frame(theme::GROUND)).show(ui, |ui| strip::draw(ui, desk, state));
    bottom("footer").exact_size(theme::FOOTER_HEIGHT).frame(line(theme::PANEL)).show(ui, |ui| footer::draw(ui, desk, state));
    if state.lists_messages {
        bottom("messages")
            .exact_size(theme::MESSAGES_HEIGHT)
            .frame(frame(theme::SUNKEN))
            .show(ui, |ui| footer::list(ui, desk, state));
    }
    Panel::left("settings").resizable(false).exact_size(theme::SETTINGS_WIDTH).frame(frame(theme::PANEL)).show(ui, |ui| {
        egui::ScrollArea::vertical().id_salt("settings").auto_shrink(false).show(ui, |ui| settings::draw(ui, desk));
    });
    Panel::right("selected").resizable(false).exact_size(theme::SELECTED_WIDTH).frame(frame(theme::PANEL)).show(ui, |ui| {
        selected::draw(ui, desk, state);
    });
    CentralPanel::no_frame().frame(frame(theme::PANEL)).show(ui, |ui| actions::draw(ui, desk, state));
}
