use super::*;
use crate::evaluate::metrics::hand_made::{self, noise, plucks, scaled};

const RATE: SampleRate = SampleRate::MODEL;
const LEAD: usize = 3_200;
/// Two seconds, four beats.
const BAR: usize = 32_000;

fn marks(sound: &[f32]) -> Marks {
    Gauge::new(RATE).measure(&Measured { sound, lead: LEAD, beats: 4.0 })
}

fn tone(hz: f64) -> Vec<f32> {
    scaled(&hand_made::tone(hz, LEAD + BAR), 0.4)
}

fn mixed(a: &[f32], b: &[f32]) -> Vec<f32> {
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}

/// Struck at beats of the bar, with a little hiss.
fn struck(beats: &[f64]) -> Vec<f32> {
    let at: Vec<f64> = beats.iter().map(|beat| LEAD as f64 / 16_000.0 + 0.5 * beat).collect();
    mixed(&plucks(&at, LEAD + BAR), &scaled(&noise(1, LEAD + BAR), 0.001))
}

#[test]
fn half_the_amplitude_is_six_decibels_softer_and_changes_nothing_else() {
    let loud = marks(&struck(&[0.0, 1.0, 2.0, 3.0]));
    let soft = marks(&scaled(&struck(&[0.0, 1.0, 2.0, 3.0]), 0.5));
    assert!((loud[&Descriptor::Loudness] - soft[&Descriptor::Loudness] - 6.02).abs() < 0.01);
    for descriptor in Descriptor::ALL.into_iter().filter(|d| *d != Descriptor::Loudness) {
        assert!(
            (loud[&descriptor] - soft[&descriptor]).abs() < 0.02,
            "{descriptor}: {} {}",
            loud[&descriptor],
            soft[&descriptor]
        );
    }
}

#[test]
fn an_octave_up_is_an_octave_brighter_and_twelve_semitones_higher() {
    let (low, high) = (marks(&tone(440.0)), marks(&tone(880.0)));
    assert!((low[&Descriptor::Register] - 69.0).abs() < 0.2, "{}", low[&Descriptor::Register]);
    assert!((high[&Descriptor::Register] - 81.0).abs() < 0.2);
    assert!(high[&Descriptor::Brightness] - low[&Descriptor::Brightness] > 0.5);
}

#[test]
fn noise_is_noisier_than_a_tone_and_has_no_register() {
    let (hiss, tone) = (marks(&scaled(&noise(2, LEAD + BAR), 0.1)), marks(&tone(440.0)));
    assert!(hiss[&Descriptor::Noisiness] > tone[&Descriptor::Noisiness] + 10.0);
    assert!(hiss[&Descriptor::Noisiness] > -4.0 && hiss[&Descriptor::Noisiness] < 0.0);
    assert!(hiss[&Descriptor::Richness] > 11.0 && tone[&Descriptor::Richness] < 3.0);
    assert!(tone[&Descriptor::Top] < -40.0 && hiss[&Descriptor::Top] > -6.0);
}

#[test]
fn attacks_are_counted_and_told_from_those_between_the_beats() {
    let (on, off) = (marks(&struck(&[0.0, 1.0, 2.0, 3.0])), marks(&struck(&[0.5, 1.5, 2.5, 3.5])));
    let both = marks(&struck(&[0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5]));
    assert_eq!((on[&Descriptor::Density], off[&Descriptor::Density], both[&Descriptor::Density]), (2.0, 2.0, 4.0));
    assert!(on[&Descriptor::Syncopation] < 0.35, "{}", on[&Descriptor::Syncopation]);
    assert!(off[&Descriptor::Syncopation] > on[&Descriptor::Syncopation] + 0.3, "{}", off[&Descriptor::Syncopation]);
    assert!(both[&Descriptor::Syncopation] > on[&Descriptor::Syncopation]);
}

#[test]
fn clicks_are_struck_and_a_tone_is_held() {
    let mut clicks = vec![0.0; LEAD + BAR];
    (LEAD..LEAD + BAR).step_by(4_000).for_each(|at| clicks[at] = 0.8);
    assert!(marks(&clicks)[&Descriptor::Punch] > 10.0);
    assert!(marks(&tone(440.0))[&Descriptor::Punch] < -10.0);
    assert!(marks(&tone(440.0))[&Descriptor::Sustain] > marks(&struck(&[0.0, 2.0]))[&Descriptor::Sustain] + 6.0);
}

#[test]
fn a_change_of_chord_moves_and_a_second_half_that_is_louder_swells() {
    let mut two = tone(440.0);
    two[LEAD + BAR / 2..].copy_from_slice(&scaled(&tone(554.37), 2.0)[LEAD + BAR / 2..]);
    let (two, one) = (marks(&two), marks(&tone(440.0)));
    assert!(two[&Descriptor::Movement] > one[&Descriptor::Movement] + 0.2);
    assert!((two[&Descriptor::Swell] - one[&Descriptor::Swell] - 6.0).abs() < 0.2);
}

#[test]
fn silence_has_a_level_and_no_colour() {
    let silent = marks(&vec![0.0; LEAD + BAR]);
    assert_eq!(silent[&Descriptor::Loudness], -100.0);
    assert_eq!(silent[&Descriptor::Density], 0.0);
    for descriptor in [Descriptor::Brightness, Descriptor::Register, Descriptor::Punch, Descriptor::Syncopation] {
        assert!(!silent.contains_key(&descriptor), "{descriptor}");
    }
    assert!(silent.values().all(|value| value.is_finite()));
}

#[test]
fn an_effect_counts_in_standard_deviations_of_real_bars() {
    let bar = |loudness: f64| Marks::from([(Descriptor::Loudness, loudness), (Descriptor::Density, 3.0)]);
    let spread = Spread::of(&[bar(-20.0), bar(-22.0), bar(-24.0)]);
    let effect = spread.effect(&bar(-18.0), &bar(-21.0));
    assert_eq!(effect[&Descriptor::Loudness], 1.5);
    assert_eq!(effect[&Descriptor::Density], 0.0, "all bars had it alike");
    assert_eq!(effect[&Descriptor::Register], 0.0, "no bar had it");
    assert_eq!(effect.len(), Descriptor::ALL.len());
}
