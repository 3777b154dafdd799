//! The musician's hand on a parameter: begin, change, end, so that hosts record one movement as one; and values that are typed.
//!
//! **Thread.** The window's, which hosts run as their main thread.

use nice_plug::context::gui::GuiContext;
use nice_plug::prelude::{Param, ParamPtr};

/// Share of a knob's way for one point that the mouse moves.
const COARSE: f32 = 1.0 / 180.0;
/// The same while shift is held.
const FINE: f32 = COARSE / 8.0;

/// What the hand holds, across frames. A mouse has one hand.
#[derive(Default)]
pub struct Hands {
    held: Option<Held>,
    typing: Option<Typing>,
    refusals: Vec<String>,
}

struct Held {
    param: ParamPtr,
    /// Where the hand is, 0 to 1: not rounded to steps as the parameter's value is.
    at: f32,
    /// The value that the host was told last, 0 to 1 in the parameter's steps. Hosts give it back some blocks later, or, while they
    /// process nothing, not at all.
    told: f32,
    /// Whether it was moved since the last frame began.
    is_alive: bool,
}

struct Typing {
    param: ParamPtr,
    text: String,
    is_new: bool,
}

/// The hands and the host they speak to, for one frame.
pub struct Touch<'a> {
    hands: &'a mut Hands,
    host: &'a GuiContext,
}

impl<'a> Touch<'a> {
    /// For one frame.
    pub fn new(hands: &'a mut Hands, host: &'a GuiContext) -> Self {
        if let Some(held) = &mut hands.held {
            held.is_alive = false;
        }
        Self { hands, host }
    }

    /// Takes hold.
    pub fn grab<P: Param>(&mut self, param: &P) {
        self.release();
        self.host.param_setter().begin_set_parameter(param);
        let at = param.unmodulated_normalized_value();
        self.hands.held = Some(Held { param: param.as_ptr(), at, told: at, is_alive: true });
    }

    /// Moves what is held by so many points.
    pub fn pull<P: Param>(&mut self, param: &P, points: f32, is_fine: bool) {
        let Some(held) = self.hands.held.as_mut().filter(|held| held.param == param.as_ptr()) else { return };
        held.is_alive = true;
        held.at = pulled(held.at, points, is_fine);
        // To the parameter's steps and back.
        let normalized = param.preview_normalized(param.preview_plain(held.at));
        if normalized != held.told {
            held.told = normalized;
            self.host.param_setter().set_parameter_normalized(param, normalized);
        }
    }

    /// The value to show, 0 to 1: where the hand is, as long as it holds the parameter, else the parameter's own.
    pub fn shown<P: Param>(&self, param: &P) -> f32 {
        match &self.hands.held {
            Some(held) if held.param == param.as_ptr() => held.told,
            _ => param.unmodulated_normalized_value(),
        }
    }

    /// Lets go.
    pub fn release(&mut self) {
        if let Some(held) = self.hands.held.take() {
            // SAFETY: the pointer was taken from a parameter of the `Arc` that the editor holds, and goes to the host that knows it.
            unsafe { self.host.raw_end_set_parameter(held.param) };
        }
    }

    /// Ends the frame: lets go of what vanished from under the mouse, because a filter hid it or the mouse was lost.
    pub fn end(mut self) {
        if self.hands.held.as_ref().is_some_and(|held| !held.is_alive) {
            self.release();
        }
    }

    /// One whole movement to a value.
    pub fn set<P: Param>(&mut self, param: &P, value: P::Plain) {
        let setter = self.host.param_setter();
        setter.begin_set_parameter(param);
        setter.set_parameter(param, value);
        setter.end_set_parameter(param);
    }

    /// One whole movement back to the default.
    pub fn reset<P: Param>(&mut self, param: &P) {
        self.release();
        self.set(param, param.default_plain_value());
    }

    /// Begins to type a value.
    pub fn begin_typing<P: Param>(&mut self, param: &P) {
        let text = param.normalized_value_to_string(param.unmodulated_normalized_value(), false);
        self.hands.typing = Some(Typing { param: param.as_ptr(), text, is_new: true });
    }

    /// What is being typed for this parameter, and whether that began just now.
    pub fn typing<P: Param>(&mut self, param: &P) -> Option<(&mut String, bool)> {
        let typing = self.hands.typing.as_mut().filter(|typing| typing.param == param.as_ptr())?;
        let is_new = std::mem::take(&mut typing.is_new);
        Some((&mut typing.text, is_new))
    }

    /// Ends typing; takes the value over if `is_meant`. A text that means no value is told and changes nothing.
    pub fn end_typing<P: Param>(&mut self, param: &P, is_meant: bool) {
        let Some(typing) = self.hands.typing.take().filter(|_| is_meant) else { return };
        match param.string_to_normalized_value(&typing.text) {
            Some(normalized) => self.set(param, param.preview_plain(normalized.clamp(0.0, 1.0))),
            None => self.hands.refusals.push(format!("“{}” is not a value of {}.", typing.text, param.name())),
        }
    }

    /// Ends typing, whatever was being typed, and changes nothing.
    pub fn stop_typing(&mut self) {
        self.hands.typing = None;
    }

    /// Sentences about texts that meant no value, since the last call.
    pub fn refusals(&mut self) -> Vec<String> {
        std::mem::take(&mut self.hands.refusals)
    }
}

/// Where a hand is after it moved.
fn pulled(at: f32, points: f32, is_fine: bool) -> f32 {
    (at + points * if is_fine { FINE } else { COARSE }).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::editor::made_up::{Gesture, Host};

    #[test]
    fn one_movement_is_begun_once_and_ended_once() {
        let host = Host::new();
        let parameters = host.parameters();
        let context = host.context();
        let mut hands = Hands::default();
        let knob = &parameters.actions.0[4];
        let mut touch = Touch::new(&mut hands, &context);
        touch.grab(knob);
        touch.end();
        for _ in 0..3 {
            let mut touch = Touch::new(&mut hands, &context);
            touch.pull(knob, 30.0, false);
            touch.end();
        }
        let mut touch = Touch::new(&mut hands, &context);
        touch.release();
        touch.end();
        let name = "Action 05".to_owned();
        let gestures = host.gestures();
        assert_eq!(gestures.first(), Some(&Gesture::Begin(name.clone())));
        assert_eq!(gestures.last(), Some(&Gesture::End(name)));
        assert_eq!(gestures.len(), 5);
        assert!((knob.value() - 0.5).abs() < 1e-6, "{}", knob.value());
    }

    #[test]
    fn the_hand_is_shown_even_if_the_host_is_slow() {
        let host = Host::slow();
        let (parameters, context) = (host.parameters(), host.context());
        let mut hands = Hands::default();
        let mut touch = Touch::new(&mut hands, &context);
        touch.grab(&parameters.actions.0[0]);
        touch.pull(&parameters.actions.0[0], 90.0, false);
        assert_eq!((touch.shown(&parameters.actions.0[0]), parameters.actions.0[0].value()), (0.5, 0.0));
        // Told once, not again and again until the host answers.
        touch.pull(&parameters.actions.0[0], 0.0, false);
        touch.release();
        assert_eq!(host.gestures().len(), 3);
        assert_eq!(touch.shown(&parameters.actions.0[0]), 0.0);
    }

    #[test]
    fn what_vanishes_from_under_the_mouse_is_let_go() {
        let host = Host::new();
        let (parameters, context) = (host.parameters(), host.context());
        let mut hands = Hands::default();
        let mut touch = Touch::new(&mut hands, &context);
        touch.grab(&parameters.mix);
        touch.end();
        // A frame in which nobody speaks of the parameter.
        Touch::new(&mut hands, &context).end();
        Touch::new(&mut hands, &context).end();
        assert_eq!(host.gestures(), [Gesture::Begin("Mix".into()), Gesture::End("Mix".into())]);
    }

    #[test]
    fn slow_movements_of_a_stepped_parameter_add_up() {
        let host = Host::new();
        let (parameters, context) = (host.parameters(), host.context());
        let mut hands = Hands::default();
        Touch::new(&mut hands, &context).grab(&parameters.context_bars);
        for _ in 0..24 {
            let mut touch = Touch::new(&mut hands, &context);
            touch.pull(&parameters.context_bars, 1.0, false);
            touch.end();
        }
        // 24 points of 180 over 15 steps are two steps.
        assert_eq!(parameters.context_bars.value(), 10);
    }

    #[test]
    fn a_typed_value_is_one_movement_and_nonsense_changes_nothing() {
        let host = Host::new();
        let (parameters, context) = (host.parameters(), host.context());
        let mut hands = Hands::default();
        let mut touch = Touch::new(&mut hands, &context);
        for (text, is_meant) in [("40 %", true), ("loud", true), ("90", false)] {
            touch.begin_typing(&parameters.strength);
            *touch.typing(&parameters.strength).unwrap().0 = text.into();
            touch.end_typing(&parameters.strength, is_meant);
        }
        assert_eq!(touch.refusals(), ["“loud” is not a value of Strength."]);
        assert!((parameters.strength.value() - 0.4).abs() < 1e-6);
        assert_eq!(host.gestures().len(), 3);
    }
}
