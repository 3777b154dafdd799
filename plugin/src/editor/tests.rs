//! The whole window without a window: drawn in many sizes, touched by made-up hands.

use std::sync::Arc;

use egui::{Context, Event, Modifiers, PointerButton, Pos2, RawInput, Rect, Shape, pos2, vec2};

use super::made_up::{self, Gesture, Host, Model};
use super::{State, draw, theme};
use crate::view::{BarStatus, Command, EngineView, View};

/// A window of so many points, seen by a machine.
struct Window {
    context: Context,
    model: Arc<Model>,
    host: Host,
    state: State,
    size: (f32, f32),
    zoom: f32,
    time: f64,
}

impl Window {
    fn new(view: View, size: (f32, f32), zoom: f32) -> Self {
        let context = Context::default();
        theme::apply(&context);
        context.set_zoom_factor(zoom);
        // The first frame takes the new zoom over, and the size is in points from the second on.
        context.run_ui(RawInput::default(), |_| {}).textures_delta.clear();
        Self { context, model: Model::new(view), host: Host::new(), state: State::default(), size, zoom, time: 0.0 }
    }

    /// Draws a frame after some events; the texts that can be seen on it, with their places.
    fn frame(&mut self, events: Vec<Event>) -> Vec<(String, Rect)> {
        self.time += 0.05;
        let mut input = RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, vec2(self.size.0, self.size.1))),
            time: Some(self.time),
            events,
            ..RawInput::default()
        };
        let viewport = input.viewports.entry(input.viewport_id).or_default();
        viewport.native_pixels_per_point = Some(1.0);
        let parameters = self.host.parameters();
        let host = self.host.context();
        let mut output = self.context.run_ui(input, |ui| draw(ui, &parameters, &*self.model, &host, &mut self.state));
        // Nobody draws these pixels.
        output.textures_delta.clear();
        assert_eq!(output.pixels_per_point, self.zoom);
        let mut texts = Vec::new();
        for clipped in std::mem::take(&mut output.shapes) {
            collect(&clipped.shape, clipped.clip_rect, &mut texts);
        }
        texts
    }

    /// A window that has come to rest.
    fn settled(&mut self) -> Vec<(String, Rect)> {
        for _ in 0..3 {
            self.frame(Vec::new());
        }
        self.frame(Vec::new())
    }

    fn place(&mut self, text: &str) -> Pos2 {
        let texts = self.settled();
        let found = texts.iter().find(|(found, _)| found == text);
        found.unwrap_or_else(|| panic!("nothing says {text:?}")).1.center()
    }

    fn press(&mut self, at: Pos2, pressed: bool, modifiers: Modifiers) {
        let button = Event::PointerButton { pos: at, button: PointerButton::Primary, pressed, modifiers };
        self.frame(vec![Event::PointerMoved(at), button]);
    }

    fn click(&mut self, at: Pos2) {
        self.frame(vec![Event::PointerMoved(at)]);
        self.press(at, true, Modifiers::NONE);
        self.press(at, false, Modifiers::NONE);
        // Long enough that the next click is not the second half of a double one.
        self.time += 2.0;
        self.settled();
    }

    fn drag(&mut self, from: Pos2, to: Pos2) {
        self.frame(vec![Event::PointerMoved(from)]);
        self.press(from, true, Modifiers::NONE);
        for step in 1..=8 {
            self.frame(vec![Event::PointerMoved(from + (to - from) * (step as f32 / 8.0))]);
        }
        self.press(to, false, Modifiers::NONE);
        self.time += 2.0;
        self.settled();
    }

    fn select(&mut self, numbers: std::ops::RangeInclusive<i64>) {
        let (first, last) = (self.place(&numbers.start().to_string()), self.place(&numbers.end().to_string()));
        self.drag(first + vec2(2.0, 20.0), last + vec2(2.0, 20.0));
    }

    fn commands(&self) -> Vec<Command> {
        std::mem::take(&mut self.model.commands.lock())
    }
}

fn collect(shape: &Shape, clip: Rect, texts: &mut Vec<(String, Rect)>) {
    match shape {
        Shape::Text(text) => {
            let seen = text.visual_bounding_rect().intersect(clip);
            if seen.is_positive() {
                texts.push((text.galley.text().to_owned(), seen));
            }
        }
        Shape::Vec(shapes) => shapes.iter().for_each(|shape| collect(shape, clip, texts)),
        _ => {}
    }
}

/// Views of every kind.
fn views() -> Vec<(&'static str, View)> {
    let failed = EngineView::Failed("no model set was found. Put one beside the plugin.".into());
    let mut long = made_up::view();
    long.labels = vec!["an unusually long name of an action that fits nowhere".into(); 64];
    long.messages = vec!["a message that goes on and on ".repeat(20)];
    vec![
        ("new", View::default()),
        ("song", made_up::view()),
        ("failed", View { engine: failed, ..View::default() }),
        ("loading", View { engine: EngineView::Loading, ..made_up::view() }),
        ("long", long),
    ]
}

#[test]
fn no_two_texts_of_the_header_and_the_footer_overlap_at_any_size() {
    for (name, view) in views() {
        for size in [theme::SMALLEST, theme::FIRST, (1600.0, 900.0)] {
            for zoom in [1.0, 2.0] {
                let mut window = Window::new(view.clone(), size, zoom);
                let texts = window.settled();
                for (top, bottom) in [(0.0, theme::HEADER_HEIGHT), (size.1 - theme::FOOTER_HEIGHT, size.1)] {
                    let within = |place: &Rect| place.top() >= top && place.bottom() <= bottom;
                    let line: Vec<_> = texts.iter().filter(|(_, place)| within(place)).collect();
                    assert!(line.len() >= 2, "{name} {size:?} {zoom}: {line:?}");
                    for (index, (one, here)) in line.iter().enumerate() {
                        assert!(here.left() >= 0.0 && here.right() <= size.0, "{name} {size:?} {zoom}: {one}");
                        for (other, there) in &line[index + 1..] {
                            assert!(
                                !here.shrink(0.5).intersects(there.shrink(0.5)),
                                "{name} {size:?} {zoom}: {one} over {other}"
                            );
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn turning_a_knob_is_one_gesture_of_its_parameter() {
    let mut window = Window::new(made_up::view(), theme::FIRST, 1.0);
    let knob = window.place("thinner") - vec2(0.0, 24.0);
    window.drag(knob, knob - vec2(0.0, 90.0));
    let gestures = window.host.gestures();
    let name = || "Action 02".to_owned();
    assert_eq!(gestures.first(), Some(&Gesture::Begin(name())));
    assert_eq!(gestures.last(), Some(&Gesture::End(name())));
    assert!(gestures[1..gestures.len() - 1].iter().all(|gesture| matches!(gesture, Gesture::Set(of, _) if *of == name())));
    let value = window.host.parameters().actions.0[1].value();
    assert!((value - 0.5).abs() < 0.05, "{value}");
}

#[test]
fn a_switch_and_the_die_are_one_gesture_each() {
    let mut window = Window::new(made_up::view(), theme::FIRST, 1.0);
    let switch = window.place("Bypass");
    window.click(switch);
    assert!(window.host.parameters().bypass.value());
    let die = window.place("Seed") + vec2(168.0, 0.0);
    window.click(die);
    assert_ne!(window.host.parameters().seed.value(), 0);
    let names: Vec<_> = window.host.gestures();
    let ends = |gesture: &&Gesture| matches!(gesture, Gesture::Begin(_) | Gesture::End(_));
    let name = |name: &str| (Gesture::Begin(name.into()), Gesture::End(name.into()));
    let ((bypass, bypassed), (seed, seeded)) = (name("Bypass"), name("Seed"));
    assert_eq!(names.iter().filter(ends).collect::<Vec<_>>(), [&bypass, &bypassed, &seed, &seeded]);
}

#[test]
fn a_double_click_opens_a_field_and_enter_sets_what_was_typed() {
    let mut window = Window::new(made_up::view(), theme::FIRST, 1.0);
    let row = window.place("Strength");
    for _ in 0..2 {
        window.press(row, true, Modifiers::NONE);
        window.press(row, false, Modifiers::NONE);
    }
    window.settled();
    let key =
        |pressed| Event::Key { key: egui::Key::Enter, physical_key: None, pressed, repeat: false, modifiers: Modifiers::NONE };
    window.frame(vec![Event::Text("35".into())]);
    window.frame(vec![key(true)]);
    window.frame(vec![key(false)]);
    let parameters = window.host.parameters();
    assert_eq!(parameters.strength.to_string(), "35 %");
    assert_eq!(window.host.gestures().len(), 3);
}

#[test]
fn dragging_over_bars_selects_them_and_buttons_speak_of_them() {
    let mut window = Window::new(made_up::view(), theme::FIRST, 1.0);
    window.select(3..=6);
    let selected = window.state.selection.of(&window.model.view.bars).iter().map(|bar| bar.number.get()).collect::<Vec<_>>();
    assert_eq!(selected, [3, 4, 5, 6]);
    assert!(window.commands().is_empty());

    let button = window.place("Give back to automation");
    window.click(button);
    match window.commands().as_slice() {
        [Command::Pin(keys, None)] => assert_eq!(keys.len(), 4),
        other => panic!("{other:?}"),
    }
    let button = window.place("Make again");
    window.click(button);
    // Only 5 and 6 are to be made anew at all.
    assert_eq!(window.commands().len(), 2);
}

#[test]
fn forgetting_takes_two_clicks_and_a_click_elsewhere_calls_it_off() {
    let mut window = Window::new(made_up::view(), theme::FIRST, 1.0);
    window.select(3..=4);
    let forget = window.place("Forget");
    window.click(forget);
    assert!(window.commands().is_empty());
    let elsewhere = window.place("Timeline");
    window.click(elsewhere);
    window.click(forget);
    assert!(window.commands().is_empty());
    window.click(forget);
    assert!(matches!(window.commands().as_slice(), [Command::Forget(keys)] if keys.len() == 2));
}

#[test]
fn export_names_the_selected_bars_or_none_for_the_whole_track() {
    let mut window = Window::new(made_up::view(), theme::FIRST, 1.0);
    window.state.folder = "/tmp/bars".into();
    window.select(3..=4);
    for (button, count) in [("Selected", Some(2)), ("Whole track", None)] {
        let place = window.place(button);
        window.click(place);
        match window.commands().as_slice() {
            [Command::Export { bars, folder }] => {
                assert_eq!(bars.as_ref().map(Vec::len), count);
                assert_eq!(folder, std::path::Path::new("/tmp/bars"));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_wait_can_be_cancelled() {
    let mut window = Window::new(made_up::view(), theme::FIRST, 1.0);
    window.model.live.set_waiting(true);
    let cancel = window.place("Cancel");
    window.click(cancel);
    assert!(window.model.live.is_cancelled());
}

#[test]
fn all_to_zero_touches_only_what_is_turned_up() {
    let mut window = Window::new(made_up::view(), theme::FIRST, 1.0);
    let knob = window.place("thinner") - vec2(0.0, 24.0);
    window.drag(knob, knob - vec2(0.0, 60.0));
    let before = window.host.gestures().len();
    let button = window.place("all to zero");
    window.click(button);
    let since = &window.host.gestures()[before..];
    let name = || "Action 02".to_owned();
    assert_eq!(since, [Gesture::Begin(name()), Gesture::Set(name(), 0.0), Gesture::End(name())]);
}

#[test]
fn the_reason_of_a_failure_stands_beside_the_selected_bar() {
    let mut window = Window::new(made_up::view(), (1600.0, 900.0), 1.0);
    window.select(16..=16);
    let texts = window.settled();
    let BarStatus::Failed(reason) = &window.model.view.bars[15].status else { panic!() };
    assert!(texts.iter().any(|(text, _)| text.starts_with("Bar 16 could not be made") && text.contains(reason.as_str())));
}

#[test]
fn a_window_without_models_says_what_to_do() {
    let (_, view) = views().remove(2);
    let mut window = Window::new(view, theme::SMALLEST, 1.0);
    assert!(window.settled().iter().any(|(text, _)| text.contains("Put one beside the plugin")));
}

#[test]
fn a_long_song_is_drawn_as_fast_as_a_short_one() {
    let mut view = made_up::view();
    view.bars = (1..=2_000).map(|number| made_up::bar(number, BarStatus::Captured)).collect();
    let mut window = Window::new(view, theme::FIRST, 1.0);
    // Statuses and numbers of what is in sight, not of two thousand bars.
    let texts = window.settled().len();
    assert!(texts < 400, "{texts}");
    assert!(window.frame(vec![Event::PointerMoved(pos2(300.0, 120.0))]).len() < 400);
}
