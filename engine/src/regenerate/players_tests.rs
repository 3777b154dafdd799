//! Who plays new bars, with a fake set in which every instrument is a tone.

use turnaround_core::contract::Graph;
use turnaround_core::instruments::Instrument;

use super::tests::{grid, recording, regenerate, with_action};
use super::*;
use crate::add::Addition;
use crate::fake::{self, Calls};

const TRIO: [Instrument; 3] = [Instrument::Piano, Instrument::Bass, Instrument::Drums];

/// Six bars: the bass alone in bar 4, the drums in bar 5, actions' tones in the others.
fn song() -> (Audio, TempoMap) {
    let map = grid(120.0, "4/4", 0.0);
    let (bass, drums) = (fake::channel_of_player(1), fake::channel_of_player(2));
    (recording(16_000, 1, &map, &[0, 1, 0, bass, drums, 1], 12.0), map)
}

fn these(players: &[Instrument]) -> PlayersChoice {
    PlayersChoice::These(players.iter().copied().collect())
}

/// What the dynamics is told of the players of its first target, without guidance.
fn told(calls: &Calls) -> Vec<f32> {
    let calls = calls.lock().unwrap();
    let step = calls.iter().find(|call| call.graph == Graph::DynamicsStep).expect("a bar was made");
    let width = fake::sizes().action_width;
    step.inputs[2].values()[width..width + TRIO.len()].to_vec()
}

fn made(bar: i64, players: PlayersChoice) -> (Regenerated, Vec<f32>) {
    let (audio, map) = song();
    let (engine, calls) = fake::engine_with(&TRIO);
    let settings = Settings { players, guidance: 1.0, ..Settings::default() };
    let result = regenerate(&engine, &audio, &map, &[with_action(bar, 2)], settings).unwrap();
    let told = told(&calls);
    (result, told)
}

#[test]
fn players_are_those_heard_in_the_bar_unless_others_or_none_are_named() {
    assert_eq!(made(4, PlayersChoice::Heard).1, [0.0, 1.0, 0.0]);
    assert_eq!(made(5, PlayersChoice::Heard).1, [0.0, 0.0, 1.0]);
    assert_eq!(made(4, PlayersChoice::Anyone).1, [0.0; 3]);
    assert_eq!(made(4, these(&[Instrument::Drums, Instrument::Piano])).1, [1.0, 0.0, 1.0]);
}

#[test]
fn named_players_are_heard_in_the_bar_and_stand_in_its_report() {
    let (heard, named) = (made(4, PlayersChoice::Heard).0, made(4, these(&[Instrument::Drums])).0);
    let samples = 6 * 16_000..8 * 16_000;
    let tone = |result: &Regenerated, place: usize| {
        let step = std::f64::consts::TAU * fake::bin(fake::channel_of_player(place)) as f64 * 31.25 / 16_000.0;
        let sound = result.audio.channel(0)[samples.clone()].iter().enumerate();
        let (re, im) = sound.fold((0.0, 0.0), |(re, im), (n, x)| {
            let (sin, cos) = (step * n as f64).sin_cos();
            (re + f64::from(*x) * cos, im + f64::from(*x) * sin)
        });
        re.hypot(im)
    };
    assert!(tone(&heard, 1) > 5.0 * tone(&heard, 2), "{} {}", tone(&heard, 1), tone(&heard, 2));
    assert!(tone(&named, 2) > 5.0 * tone(&named, 1), "{} {}", tone(&named, 2), tone(&named, 1));
    let report: Vec<(&str, f32)> =
        named.report.bars[0].players.iter().map(|player| (player.instrument.as_str(), player.probability)).collect();
    assert_eq!(report, [("piano", 0.0), ("bass", 0.0), ("drums", 1.0)]);
}

#[test]
fn guidance_leads_away_from_nothing_said_of_players() {
    let (audio, map) = song();
    let (engine, calls) = fake::engine_with(&TRIO);
    regenerate(&engine, &audio, &map, &[with_action(4, 2)], Settings::default()).unwrap();
    let calls = calls.lock().unwrap();
    let guided = calls.iter().find(|call| call.graph == Graph::DynamicsStep && call.inputs[0].shape()[0] == 2);
    let width = fake::sizes().action_width;
    let branches: Vec<&[f32]> = guided.expect("guided steps").inputs[2].values().chunks_exact(width + 3).collect();
    assert_eq!((&branches[0][width..], &branches[1][width..]), (&[0.0, 1.0, 0.0][..], &[0.0; 3][..]));
}

#[test]
fn an_added_bar_has_players_where_they_are_named() {
    let (audio, map) = song();
    let players = |players: PlayersChoice| {
        let (engine, calls) = fake::engine_with(&TRIO);
        let settings = Settings { players, guidance: 1.0, ..Settings::default() };
        let (actions, after) = ([ActionChoice::Null], BarNumber::new(6));
        let addition = Addition { audio: &audio, map: &map, after, until: None, actions: &actions, settings };
        let mut control = Control { is_cancelled: &|| false, on_progress: &mut |_| {} };
        engine.add_bars(&addition, &mut control).unwrap();
        told(&calls)
    };
    assert_eq!(players(PlayersChoice::Heard), [0.0; 3]);
    assert_eq!(players(these(&[Instrument::Bass])), [0.0, 1.0, 0.0]);
}

#[test]
fn bars_are_told_with_who_plays_them() {
    let (audio, map) = song();
    let mut control = Control { is_cancelled: &|| false, on_progress: &mut |_| {} };
    let bar = [BarNumber::new(5)];
    let (engine, _) = fake::engine_with(&TRIO);
    let heard = engine.infer_actions(&audio, &map, Some(&bar), &mut control).unwrap();
    assert_eq!(heard[0].players, [(Instrument::Piano, 0.0), (Instrument::Bass, 0.0), (Instrument::Drums, 1.0)]);
    let (engine, _) = fake::engine();
    assert!(engine.infer_actions(&audio, &map, Some(&bar), &mut control).unwrap()[0].players.is_empty());
}

#[test]
fn players_that_a_set_does_not_know_are_refused_in_a_sentence() {
    let (audio, map) = song();
    let refused = |instruments: &[Instrument], players: PlayersChoice| {
        let (engine, _) = fake::engine_with(instruments);
        let settings = Settings { players, ..Settings::default() };
        regenerate(&engine, &audio, &map, &[with_action(4, 2)], settings).unwrap_err().to_string()
    };
    let unknown = refused(&TRIO, these(&[Instrument::Bass, Instrument::Flute]));
    assert_eq!(unknown, "this model set does not know the flute; its instruments are piano, bass, drums");
    for players in [PlayersChoice::Anyone, these(&[Instrument::Bass])] {
        assert!(refused(&[], players).starts_with("this model set knows no instruments"));
    }
}
