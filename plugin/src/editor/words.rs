//! How numbers and states are put into words.
//!
//! **Thread.** The window's; plain functions.

use turnaround_core::contract::{Action, MeasuredAction};
use turnaround_core::time::{Beats, Metre};
use turnaround_engine::report::{TOLD_CHANGES, in_words};

use crate::parameters::BounceMode;
use crate::spec::SLOTS;
use crate::view::EngineView;

/// The name of an action's slot: the set's label, or the parameter's name where the set has none. `action 12`, as training calls what
/// nobody has named, is no name either, and it counts from zero, which would be one off against the parameter.
pub fn action_label(actions: &[Action], slot: usize) -> String {
    match actions.get(slot).map(|action| action.label.trim()) {
        Some(label) if !label.is_empty() && label != format!("action {slot}") => label.to_owned(),
        _ => format!("Action {:02}", slot + 1),
    }
}

/// The slots whose label or number holds what was typed, in order. Nothing typed means all.
pub fn matching_slots(actions: &[Action], typed: &str) -> Vec<usize> {
    let typed = typed.trim().to_lowercase();
    let holds = |slot: &usize| {
        let name = format!("Action {:02}", slot + 1).to_lowercase();
        typed.is_empty() || name.contains(&typed) || action_label(actions, *slot).to_lowercase().contains(&typed)
    };
    (0..SLOTS).filter(holds).collect()
}

/// What an action alone was measured to do, its greatest changes first: `softer by 3.6, calmer bass by 1.8`.
pub fn measured_changes(measured: &MeasuredAction) -> String {
    let changes = in_words(&measured.effect, TOLD_CHANGES);
    if changes.is_empty() {
        return "All the way up and alone it changes nothing that was measured.".to_owned();
    }
    let changes: Vec<_> = changes.into_iter().map(|(word, size)| format!("{word} by {size:.1}")).collect();
    format!("All the way up and alone: {}, in standard deviations of real bars.", changes.join(", "))
}

/// Whether an action does the same in other music too. From 0.6 on an action may come onto the shortlist.
pub fn dependability(measured: &MeasuredAction) -> String {
    let sentence = match measured.consistency {
        steady if steady >= 0.8 => "Does much the same in any music",
        steady if steady >= 0.6 => "Leans the same way in most music",
        steady if steady >= 0.4 => "Depends on the music around",
        _ => "Does something else in almost any music",
    };
    format!("{sentence}: consistency {:.2} of 1.", measured.consistency)
}

/// A share of one: `80 %`.
pub fn percent(value: f32) -> String {
    format!("{:.0} %", value * 100.0)
}

/// Decibels with their sign: `+1.5 dB`.
pub fn decibels(value: f32) -> String {
    match format!("{value:+.1}").as_str() {
        "+0.0" | "-0.0" => "0.0 dB".to_owned(),
        text => format!("{text} dB"),
    }
}

/// Speed against the music: `3.2× real time`.
pub fn times_real_time(times: f64) -> String {
    match times {
        times if times >= 10.0 => format!("{times:.0}× real time"),
        times if times >= 1.0 => format!("{times:.1}× real time"),
        times => format!("{times:.2}× real time"),
    }
}

/// Bytes: `12 MB`.
pub fn bytes(count: usize) -> String {
    match count as f64 {
        few if few < 1e6 => format!("{:.0} kB", few / 1e3),
        some if some < 1e8 => format!("{:.1} MB", some / 1e6),
        many => format!("{:.0} MB", many / 1e6),
    }
}

/// A count with its noun: `1 bar`, `2 bars`.
pub fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// Where the playhead is within a bar, for people: `12.3`, the third note of bar 12.
pub fn place(number: i64, anchor: Beats, metre: Metre, playhead: Beats) -> String {
    let note = ((playhead.get() - anchor.get()) / metre.beats_per_note().get()).floor().max(0.0);
    format!("{number}.{:.0}", note + 1.0)
}

/// What the models are about, in a few words.
pub fn engine(engine: &EngineView) -> &'static str {
    match engine {
        EngineView::Asleep => "asleep",
        EngineView::Loading => "loading the models",
        EngineView::Loaded { .. } => "ready",
        EngineView::Failed(_) => "no models",
    }
}

/// The same in full, with what to do.
pub fn engine_in_full(engine: &EngineView) -> String {
    match engine {
        EngineView::Asleep => "The models are loaded when the first bar is to be made.".to_owned(),
        EngineView::Loading => "The model set is being read. Until then bars play dry.".to_owned(),
        EngineView::Loaded { set, provider, notes } => {
            let mut text = format!("Model set {set}, computed by {provider}.");
            for note in notes {
                text.push('\n');
                text.push_str(note);
            }
            text
        }
        EngineView::Failed(reason) => format!("No bar can be made: {reason}"),
    }
}

/// What runs the models, shortened to what fits into a header: `CUDA`, `CPU`.
pub fn provider(provider: &str) -> &str {
    let lower = provider.to_ascii_lowercase();
    if lower.starts_with("cuda") {
        "CUDA"
    } else if lower.starts_with("cpu") {
        "CPU"
    } else {
        provider
    }
}

/// What a bounce does with bars that are not ready, as the setting stands.
pub fn bounce(mode: BounceMode, may_wait: bool, is_cancelled: bool) -> (&'static str, &'static str) {
    match mode {
        _ if is_cancelled => {
            ("not waiting", "Waiting was cancelled: bars that are not ready play dry until playback starts anew.")
        }
        BounceMode::Always => ("always waits", "Playback stands still whenever a take is not ready, in real time too."),
        BounceMode::Never => ("never waits", "A bar whose take is not ready plays dry, in a bounce too."),
        BounceMode::Auto if may_wait => ("bounce", "This counts as a bounce: it waits for takes that are not ready."),
        BounceMode::Auto => {
            ("live", "This counts as playing in real time: a bar whose take is not ready plays dry and counts as late.")
        }
    }
}

#[cfg(test)]
mod tests {
    use turnaround_core::descriptors::Descriptor;

    use super::*;
    use crate::editor::made_up;

    #[test]
    fn a_slot_without_a_label_keeps_its_parameters_name() {
        let actions = ["more drums", "  ", "action 2"].map(|label| made_up::action(label, None));
        assert_eq!(action_label(&actions, 0), "more drums");
        assert_eq!(action_label(&actions, 1), "Action 02");
        assert_eq!(action_label(&actions, 2), "Action 03");
        assert_eq!(action_label(&actions, 63), "Action 64");
    }

    #[test]
    fn slots_are_found_by_label_and_by_number() {
        let actions = ["More Drums", "thinner"].map(|label| made_up::action(label, None));
        assert_eq!(matching_slots(&actions, "drum"), [0]);
        assert_eq!(matching_slots(&actions, " action 02 "), [1]);
        assert_eq!(matching_slots(&actions, "64"), [63]);
        assert_eq!(matching_slots(&actions, "").len(), SLOTS);
        assert!(matching_slots(&actions, "no such thing").is_empty());
    }

    #[test]
    fn what_was_measured_is_told_in_three_changes_and_how_far_they_hold() {
        let mut measured = made_up::measured([0.0; 2], 0.78, true);
        assert_eq!(measured_changes(&measured), "All the way up and alone it changes nothing that was measured.");
        let changes =
            [(Descriptor::Loudness, -3.58), (Descriptor::Top, 0.2), (Descriptor::Bass, 1.46), (Descriptor::Swell, -1.6)];
        measured.effect.extend(changes);
        let expected =
            "All the way up and alone: softer by 3.6, fading by 1.6, more bass by 1.5, in standard deviations of real bars.";
        assert_eq!(measured_changes(&measured), expected);
        assert_eq!(dependability(&measured), "Leans the same way in most music: consistency 0.78 of 1.");
        let of = |consistency| dependability(&made_up::measured([0.0; 2], consistency, false));
        assert_eq!(of(0.8), "Does much the same in any music: consistency 0.80 of 1.");
        assert_eq!(of(0.59), "Depends on the music around: consistency 0.59 of 1.");
        assert_eq!(of(0.0), "Does something else in almost any music: consistency 0.00 of 1.");
    }

    #[test]
    fn numbers_read_as_people_write_them() {
        assert_eq!(percent(0.8), "80 %");
        assert_eq!([decibels(0.0), decibels(-0.04), decibels(1.5), decibels(-6.0)], ["0.0 dB", "0.0 dB", "+1.5 dB", "-6.0 dB"]);
        assert_eq!([0.42, 3.24, 31.9].map(times_real_time), ["0.42× real time", "3.2× real time", "32× real time"]);
        assert_eq!([4_000, 1_250_000, 640_000_000].map(bytes), ["4 kB", "1.2 MB", "640 MB"]);
        assert_eq!([count(0, "bar"), count(1, "bar"), count(2, "bar")], ["0 bars", "1 bar", "2 bars"]);
    }

    #[test]
    fn the_place_counts_the_notes_of_the_metre_from_one() {
        let seven_eight: Metre = "7/8".parse().unwrap();
        let at = |beats| place(12, Beats::new(10.0), seven_eight, Beats::new(beats));
        assert_eq!([at(9.99), at(10.0), at(10.49), at(10.5), at(13.4)], ["12.1", "12.1", "12.1", "12.2", "12.7"]);
    }

    #[test]
    fn a_cancelled_wait_is_told_in_every_mode() {
        for mode in [BounceMode::Auto, BounceMode::Always, BounceMode::Never] {
            assert_eq!(bounce(mode, true, true).0, "not waiting");
        }
        assert_eq!(bounce(BounceMode::Auto, true, false).0, "bounce");
        assert_eq!(bounce(BounceMode::Auto, false, false).0, "live");
    }
}
