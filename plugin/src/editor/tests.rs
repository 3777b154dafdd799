//! The whole window without a window: drawn in many sizes, touched by made-up hands.

use std::sync::Arc;

use egui::{Context, Event, Modifiers, PointerButton, Pos2, RawInput, Rect, Shape, pos2, vec2};
use turnaround_core::contract::Action;

use super::made_up::{self, Gesture, Host, Model};
use super::{State, draw, map, theme};
use crate::spec::{BarKey, SLOTS};
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
    /// Texts of the last frame of which only a part can be seen: they run out of their place, or end in dots.
    cut: Vec<String>,
}

impl Window {
    fn new(view: View, size: (f32, f32), zoom: f32) -> Self {
        let context = Context::default();
        theme::apply(&context);
        context.set_zoom_factor(zoom);
        // The first frame takes the new zoom over, and the size is in points from the second on.
        context.run_ui(RawInput::default(), |_| {}).textures_delta.clear();
        Self {
            context,
            model: Model::new(view),
            host: Host::new(),
            state: State::default(),
            size,
            zoom,
            time: 0.0,
            cut: Vec::new(),
        }
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
        self.cut.clear();
        for clipped in std::mem::take(&mut output.shapes) {
            collect(&clipped.shape, clipped.clip_rect, &mut texts, &mut self.cut);
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

    /// Types into the field that has the keyboard, and ends with Enter.
    fn enter(&mut self, text: &str) {
        let key = |pressed| Event::Key {
            key: egui::Key::Enter,
            physical_key: None,
            pressed,
            repeat: false,
            modifiers: Modifiers::NONE,
        };
        self.frame(vec![Event::Text(text.into())]);
        self.frame(vec![key(true)]);
        self.frame(vec![key(false)]);
    }

    /// Shows the actions on the `map`, or as `knobs`.
    fn show(&mut self, word: &str) {
        let word = self.place(word);
        self.click(word);
    }

    /// Where the dot of a slot lies.
    fn dot(&self, slot: usize) -> Pos2 {
        self.context.read_response(map::dot_id(slot)).expect("a dot on the map").rect.center()
    }

    /// As automation does.
    fn turn_up(&self, slot: usize, value: f32) {
        let param = &self.host.parameters().actions.0[slot];
        // SAFETY: the parameter lives as long as its host.
        unsafe { nice_plug::prelude::Param::as_ptr(param)._internal_set_normalized_value(value) };
    }

    fn select(&mut self, numbers: std::ops::RangeInclusive<i64>) {
        let (first, last) = (self.place(&numbers.start().to_string()), self.place(&numbers.end().to_string()));
        self.drag(first + vec2(2.0, 20.0), last + vec2(2.0, 20.0));
    }

    /// What was asked of the worker by hand since the last call.
    fn commands(&self) -> Vec<Command> {
        let is_by_hand = |command: &Command| !matches!(command, Command::Hear(_));
        self.model.commands.lock().drain(..).filter(is_by_hand).collect()
    }

    /// The bars that the worker was told to hear ahead, each time that it was told, since the last call.
    fn heard_ahead(&self) -> Vec<Vec<BarKey>> {
        let heard = |command: Command| match command {
            Command::Hear(keys) => Some(keys),
            _ => None,
        };
        self.model.commands.lock().drain(..).filter_map(heard).collect()
    }
}

/// A text as it would stand in one line.
fn words(galley: &egui::Galley) -> String {
    galley.text().replace('\n', " ")
}

fn collect(shape: &Shape, clip: Rect, texts: &mut Vec<(String, Rect)>, cut: &mut Vec<String>) {
    match shape {
        Shape::Text(text) => {
            let whole = text.visual_bounding_rect();
            let seen = whole.intersect(clip);
            if seen.is_positive() {
                texts.push((words(&text.galley), seen));
                if text.galley.elided || !clip.expand(0.5).contains_rect(whole) {
                    cut.push(words(&text.galley));
                }
            }
        }
        Shape::Vec(shapes) => shapes.iter().for_each(|shape| collect(shape, clip, texts, cut)),
        _ => {}
    }
}

/// Views of every kind.
fn views() -> Vec<(&'static str, View)> {
    let failed = EngineView::Failed("no model set was found. Put one beside the plugin.".into());
    let mut long = made_up::view();
    let name =
        |action: &Action| Action { label: "an unusually long name of an action that fits nowhere".into(), ..action.clone() };
    long.actions = Arc::new(made_up::curated().actions.iter().map(name).collect());
    long.messages = vec!["a message that goes on and on ".repeat(20)];
    vec![
        ("new", View::default()),
        ("song", made_up::view()),
        ("curated", made_up::curated()),
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

/// The window's middle, where the actions are, without its scroll bar.
fn is_among_actions(place: &Rect, size: (f32, f32)) -> bool {
    let columns = theme::SETTINGS_WIDTH..size.0 - theme::SELECTED_WIDTH;
    columns.contains(&place.left()) && place.top() > theme::HEADER_HEIGHT + theme::cell_height(size.1) + 40.0
}

#[test]
fn no_two_texts_among_the_actions_overlap_and_none_is_cut_as_knobs_or_on_the_map_at_any_size() {
    for (name, view) in views() {
        for size in [theme::SMALLEST, theme::FIRST, (1600.0, 900.0)] {
            for (zoom, is_map) in [(1.0, false), (2.0, false), (1.0, true), (2.0, true)] {
                let mut window = Window::new(view.clone(), size, zoom);
                for (slot, value) in [(5, 1.0), (30, 0.4), (47, 0.8)] {
                    window.turn_up(slot, value);
                }
                if is_map {
                    window.show("map");
                }
                let case = format!("{name} {size:?} {zoom} {is_map}");
                let mut texts = window.settled();
                texts.retain(|(text, place)| {
                    !text.is_empty() && is_among_actions(place, size) && place.bottom() < size.1 - theme::FOOTER_HEIGHT
                });
                assert!(texts.len() >= 5, "{case}: {texts:?}");
                for (index, (one, here)) in texts.iter().enumerate() {
                    assert!(here.right() <= size.0 - theme::SELECTED_WIDTH, "{case}: {one}");
                    for (other, there) in &texts[index + 1..] {
                        assert!(!here.shrink(0.5).intersects(there.shrink(0.5)), "{case}: {one} over {other}");
                    }
                }
                // Knobs have two lines for a name, and scroll below the panel's lower side.
                let may_be_cut = |text: &str| !is_map && window.model.view.actions.iter().any(|action| action.label == text);
                let mut seen_whole = texts.iter().filter(|(text, _)| !text.starts_with("Action ") && !may_be_cut(text));
                assert!(seen_whole.all(|(text, _)| !window.cut.contains(text)), "{case}: {:?}", window.cut);
            }
        }
    }
}

#[test]
fn shortlisted_knobs_come_first_and_a_search_narrows_both_parts() {
    let actions = made_up::curated().actions;
    let is_shortlisted = |slot: usize| actions[slot].measured.as_ref().unwrap().is_shortlisted;
    let knobs_found = |search: &str| {
        let mut window = Window::new(made_up::curated(), (1600.0, 2_000.0), 1.0);
        let field = window.place("search");
        window.click(field);
        window.frame(vec![Event::Text(search.into())]);
        let texts = window.settled();
        let top = |heading: &str| texts.iter().find(|(text, _)| text == heading).map(|(_, place)| place.top());
        let (first, second) = (top("Dependable in most music").unwrap(), top("The others").unwrap());
        let place = |slot: usize| texts.iter().find(|(text, _)| *text == actions[slot].label).map(|(_, place)| place.top());
        let shown: Vec<_> = (0..SLOTS).filter_map(|slot| Some((slot, place(slot)?))).collect();
        for (slot, y) in &shown {
            assert_eq!(*y > first && *y < second, is_shortlisted(*slot), "{slot}");
            assert_eq!(*y > second, !is_shortlisted(*slot), "{slot}");
        }
        shown.len()
    };
    assert_eq!(knobs_found(""), SLOTS);
    let fading = actions.iter().filter(|action| action.label.contains("fading")).count();
    assert!((2..SLOTS).contains(&fading));
    assert_eq!(knobs_found("Fading"), fading);
}

#[test]
fn a_set_without_measures_shows_its_knobs_in_the_tables_order_without_headings_and_says_why_it_has_no_map() {
    let mut window = Window::new(made_up::view(), theme::FIRST, 1.0);
    let texts = window.settled();
    assert!(!texts.iter().any(|(text, _)| text == "Dependable in most music" || text == "The others"));
    let place = |name: &str| texts.iter().find(|(text, _)| text == name).unwrap().1.center();
    let names = window.model.view.actions.iter().map(|action| place(&action.label));
    let in_reading_order = |place: &Pos2| ((place.y / 20.0) as i32, place.x as i32);
    assert!(names.collect::<Vec<_>>().is_sorted_by_key(in_reading_order));
    window.show("map");
    assert!(window.settled().iter().any(|(text, _)| text.starts_with("There is no map:")));
    let mut window = Window::new(View::default(), theme::SMALLEST, 1.0);
    window.show("map");
    assert!(window.settled().iter().any(|(text, _)| text.starts_with("There is no map yet")));
}

#[test]
fn a_dot_of_the_map_is_dragged_typed_and_reset_as_its_knob_is() {
    let gestures = |is_map: bool| {
        let mut window = Window::new(made_up::curated(), theme::FIRST, 1.0);
        let slot = 15;
        let name = window.model.view.actions[slot].label.clone();
        let control = if is_map {
            window.show("map");
            window.dot(slot)
        } else {
            window.place(&name) - vec2(0.0, 24.0)
        };
        window.drag(control, control + vec2(20.0, -70.0));
        let value = window.host.parameters().actions.0[slot].value();
        assert!((value - 0.5).abs() < 0.05, "{value}");
        for _ in 0..2 {
            window.press(control, true, Modifiers::NONE);
            window.press(control, false, Modifiers::NONE);
        }
        window.settled();
        window.enter("35");
        assert_eq!(window.host.parameters().actions.0[slot].to_string(), "35 %");
        window.time += 2.0;
        window.frame(vec![Event::ModifiersChanged(Modifiers::COMMAND)]);
        window.press(control, true, Modifiers::COMMAND);
        window.press(control, false, Modifiers::COMMAND);
        assert_eq!(window.host.parameters().actions.0[slot].value(), 0.0);
        window.host.gestures()
    };
    let (of_knob, of_dot) = (gestures(false), gestures(true));
    assert!(of_knob.len() > 8 && of_knob.len() == of_dot.len());
    for pair in of_knob.iter().zip(&of_dot) {
        match pair {
            // The mouse is somewhere else, and its way is counted in the last digits of a float.
            (Gesture::Set(knob, one), Gesture::Set(dot, other)) => assert!(knob == dot && (one - other).abs() < 1e-5, "{pair:?}"),
            (knob, dot) => assert_eq!(knob, dot),
        }
    }
}

#[test]
fn every_dot_of_the_smallest_map_can_be_taken_hold_of_by_itself() {
    let mut window = Window::new(made_up::curated(), theme::SMALLEST, 1.0);
    window.show("map");
    for slot in 0..SLOTS {
        let dot = window.dot(slot);
        let above = dot - vec2(0.0, 30.0);
        window.frame(vec![Event::PointerMoved(dot)]);
        window.press(dot, true, Modifiers::NONE);
        window.frame(vec![Event::PointerMoved(above)]);
        window.press(above, false, Modifiers::NONE);
        let value = |slot: usize| window.host.parameters().actions.0[slot].value();
        assert!(value(slot) > 0.1, "{slot} at {dot}: {:?}", window.host.gestures());
        assert!((slot + 1..SLOTS).all(|other| value(other) == 0.0), "{slot}");
    }
}

#[test]
fn what_is_turned_up_can_be_shown_alone_and_stays_in_sight_at_zero() {
    let mut window = Window::new(made_up::curated(), theme::FIRST, 1.0);
    window.turn_up(2, 0.5);
    window.turn_up(61, 1.0);
    let names = [2, 61].map(|slot: usize| window.model.view.actions[slot].label.clone());
    let shown = |window: &mut Window| {
        let texts = window.settled();
        let is_shown = |action: &&Action| texts.iter().any(|(text, _)| *text == action.label);
        window.model.view.actions.iter().filter(is_shown).map(|action| action.label.clone()).collect::<Vec<_>>()
    };
    assert!(shown(&mut window).len() > 20);
    let count = window.place("2 turned up");
    window.click(count);
    assert_eq!(shown(&mut window), names);
    window.show("map");
    assert_eq!(shown(&mut window), names);
    window.show("knobs");
    window.turn_up(61, 0.0);
    assert_eq!(shown(&mut window), names);
    let count = window.place("1 turned up");
    window.click(count);
    assert!(shown(&mut window).len() > 20);
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
    window.enter("35");
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
fn bars_that_were_captured_are_heard_ahead_once_they_are_selected() {
    let mut view = made_up::view();
    view.bars[4].dry = None;
    let mut window = Window::new(view, theme::FIRST, 1.0);
    // Once, and not while the mouse drags over them.
    window.select(4..=6);
    window.settled();
    let keys = [3, 5].map(|bar: usize| window.model.view.bars[bar].key);
    assert_eq!(window.heard_ahead(), [keys.to_vec()]);
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
    let view = views().into_iter().find(|(name, _)| *name == "failed").unwrap().1;
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
