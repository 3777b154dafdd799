//! Every degradation does what its label says.

use super::crackle::{CLICKS_PER_SECOND, clicks};
use super::noise::gaussian;
use super::power::{decibels, peak, rms};
use super::wow::Drift;
use super::*;
use crate::corpus::dice::{Dice, derive};

/// Four seconds of a chord that decays on every beat of half a second, with a noisy attack: -20 dB, nothing above 6 kHz is quiet.
fn music() -> Vec<f32> {
    let mut dice = Dice::new(1, "music");
    let noise = gaussian(64_000, 7);
    let mut audio = vec![0.0_f32; 64_000];
    for start in (0..64_000).step_by(8_000) {
        let pitch = 110.0 * 2.0_f64.powf(dice.integer(0, 12) as f64 / 12.0);
        for n in 0..8_000 {
            let t = n as f64 / HZ;
            let tones: f64 = (1..=12).map(|k| (std::f64::consts::TAU * pitch * f64::from(k) * t).sin() / f64::from(k)).sum();
            let attack = f64::from(noise[start + n]) * (-40.0 * t).exp();
            audio[start + n] = ((tones * 0.5 + attack) * (-3.0 * t).exp()) as f32;
        }
    }
    let gain = (0.1 / rms(&audio)) as f32;
    audio.iter_mut().for_each(|sample| *sample *= gain);
    audio
}

/// The music, what a degradation makes of it, and the label.
fn heard(degrade: impl Fn(&mut [f32]) -> Degradation) -> (Vec<f32>, Vec<f32>, Degradation) {
    let clean = music();
    let mut audio = clean.clone();
    let label = degrade(&mut audio);
    assert!(audio.iter().all(|sample| sample.is_finite()));
    assert!((0.0..=1.0).contains(&label.severity), "{label:?}");
    (clean, audio, label)
}

fn measured_snr(clean: &[f32], audio: &[f32]) -> f64 {
    let added: Vec<f32> = audio.iter().zip(clean).map(|(heard, clean)| heard - clean).collect();
    decibels(rms(clean) / rms(&added))
}

/// The share of the energy that lies between two frequencies, under a Hann window.
fn share_between(audio: &[f32], low: f64, high: f64) -> f64 {
    let mut planner = realfft::RealFftPlanner::<f32>::new();
    let transform = planner.plan_fft_forward(audio.len());
    let hann = |n: usize| (std::f64::consts::PI * n as f64 / audio.len() as f64).sin().powi(2) as f32;
    let mut input: Vec<f32> = audio.iter().enumerate().map(|(n, sample)| sample * hann(n)).collect();
    let mut spectrum = transform.make_output_vec();
    transform.process(&mut input, &mut spectrum).expect("buffers come from the plan");
    let bin_hz = HZ / audio.len() as f64;
    let inside = |bin: usize| (low..high).contains(&(bin as f64 * bin_hz));
    let energy = |bins: &mut dyn Iterator<Item = usize>| bins.map(|bin| f64::from(spectrum[bin].norm_sqr())).sum::<f64>();
    energy(&mut (0..spectrum.len()).filter(|bin| inside(*bin))) / energy(&mut (0..spectrum.len()))
}

#[test]
fn noise_lies_as_far_below_the_music_as_its_label_says() {
    for snr in [10.0, 25.0, 40.0] {
        let (clean, audio, label) = heard(|audio| hiss(audio, snr, 3));
        assert!((measured_snr(&clean, &audio) - snr).abs() < 0.1, "hiss at {snr} dB");
        assert_eq!(label.snr_db, Some(snr as f32));
        let (clean, audio, _) = heard(|audio| hum(audio, snr, 3));
        assert!((measured_snr(&clean, &audio) - snr).abs() < 0.1, "hum at {snr} dB");
        let (clean, audio, label) = heard(|audio| reverb(audio, 1.0, snr, 3));
        assert!((measured_snr(&clean, &audio) - snr).abs() < 0.1, "reverb at {snr} dB");
        assert_eq!(label.kind, Kind::Reverb);
    }
}

#[test]
fn silence_stays_silent_where_noise_follows_the_music() {
    let mut silence = vec![0.0; 1000];
    hiss(&mut silence, 10.0, 1);
    hum(&mut silence, 10.0, 1);
    reverb(&mut silence, 0.5, 0.0, 1);
    codec(&mut silence, 8.0);
    let label = clip(&mut silence, 3.0);
    assert_eq!((label.severity, label.snr_db), (0.0, None));
    assert_eq!(peak(&silence), 0.0);
}

#[test]
fn hum_is_mains_and_its_harmonics() {
    let mut quiet = vec![1e-3; 64_000];
    hum(&mut quiet, -60.0, 5);
    let harmonics: f64 = [50.0, 60.0]
        .map(|mains| (1..=8).map(|k| share_between(&quiet, mains * f64::from(k) - 1.0, mains * f64::from(k) + 1.0)).sum::<f64>())
        .into_iter()
        .fold(0.0, f64::max);
    assert!(harmonics > 0.99, "{harmonics} of the energy lies on one series of harmonics");
}

#[test]
fn nothing_is_left_above_a_low_pass() {
    for hz in [2500.0, 4000.0, 6000.0] {
        let (clean, audio, label) = heard(|audio| low_pass(audio, hz));
        assert!(share_between(&audio, hz + 250.0, 8001.0) < 1e-6, "{hz} Hz");
        assert!(share_between(&clean, hz + 250.0, 8001.0) > 1e-3, "the music has something above {hz} Hz");
        let kept = share_between(&audio, 0.0, hz - 250.0) * rms(&audio).powi(2);
        let had = share_between(&clean, 0.0, hz - 250.0) * rms(&clean).powi(2);
        assert!((kept / had - 1.0).abs() < 0.01, "below {hz} Hz {kept} is left of {had}");
        assert_eq!(label.bandwidth_hz, Some(hz as f32));
    }
}

#[test]
fn a_low_cut_takes_the_bass() {
    let (clean, audio, _) = heard(|audio| low_cut(audio, 400.0));
    let below = |audio: &[f32]| share_between(audio, 0.0, 200.0) * rms(audio).powi(2);
    let fall = 10.0 * (below(&clean) / below(&audio)).log10();
    assert!(fall > 10.0, "an octave below its corner it falls by {fall:.1} dB");
}

#[test]
fn a_shellac_surface_has_its_level_its_clicks_and_its_band() {
    let mut audio = vec![0.0; 160_000];
    let label = crackle(&mut audio, -30.0, 9);
    assert!((decibels(rms(&audio)) + 30.0).abs() < 0.01);
    assert_eq!(label.snr_db, None, "silence has no distance to its noise");
    let crest = decibels(f64::from(peak(&audio)) / rms(&audio));
    assert!(crest > 15.0, "clicks stand out by {crest:.1} dB only");
    assert!(share_between(&audio, 100.0, 5000.0) > 0.9);
    assert!(share_between(&audio, 1700.0, 2800.0) > 0.4, "the pickup rings at 2.2 kHz");
    let struck = clicks(1_600_000, &mut Dice::new(2, "clicks")).iter().filter(|sample| **sample != 0.0).count() as f64;
    // A hundred seconds: one deviation is 77 clicks.
    assert!((struck / 100.0 - CLICKS_PER_SECOND).abs() < 3.0, "{struck} clicks in 100 s");
    let (_, _, label) = heard(|audio| crackle(audio, -35.0, 9));
    assert!((label.snr_db.expect("music has a distance") - 15.0).abs() < 0.1, "music at -20 dB, surface at -35: {label:?}");
}

#[test]
fn wow_moves_no_moment_by_more_than_two_milliseconds() {
    for seed in 0..20 {
        for depth in [0.3, 1.0] {
            let drift = Drift::new(depth, seed);
            let largest = (0..320_000).map(|n| drift.samples_at(n).abs()).fold(0.0, f64::max);
            assert!(largest <= depth * LARGEST_DRIFT_S * HZ + 1e-9, "seed {seed} depth {depth}: {largest} samples");
            assert!(largest > 0.5 * depth * LARGEST_DRIFT_S * HZ, "seed {seed} depth {depth} hardly sways: {largest} samples");
            let mean = (0..320_000).map(|n| drift.samples_at(n)).sum::<f64>() / 320_000.0;
            assert!(mean.abs() < 1.0, "seed {seed}: the music is {mean} samples late on average");
        }
    }
}

#[test]
fn wow_sounds_what_lies_where_its_drift_says() {
    let tone = |t: f64| (std::f64::consts::TAU * 700.0 * t / HZ).sin();
    let mut audio: Vec<f32> = (0..32_000).map(|n| tone(n as f64) as f32).collect();
    wow(&mut audio, 1.0, 4);
    let drift = Drift::new(1.0, 4);
    for (n, heard) in audio.iter().enumerate().take(31_900).skip(100) {
        let error = f64::from(*heard) - tone(n as f64 + drift.samples_at(n));
        assert!(error.abs() < 2e-3, "sample {n} is off by {error}");
    }
    let mut still = music();
    wow(&mut still, 0.0, 4);
    for (heard, clean) in still.iter().zip(music()) {
        assert!((heard - clean).abs() < 1e-6);
    }
}

#[test]
fn clipped_music_has_no_higher_peaks_than_asked() {
    for ceiling in [3.0, 6.0, 9.0] {
        let (clean, audio, label) = heard(|audio| clip(audio, ceiling));
        assert!(decibels(f64::from(peak(&audio)) / rms(&clean)) <= ceiling + 1e-3);
        let snr = f64::from(label.snr_db.expect("something was cut"));
        assert!((measured_snr(&clean, &audio) - snr).abs() < 0.1, "at {ceiling} dB");
    }
    let (clean, audio, label) = heard(|audio| clip(audio, 40.0));
    assert!(clean == audio && label.severity == 0.0, "{label:?}");
}

#[test]
fn a_lower_rate_codes_worse_and_keeps_less_band() {
    let mut before = f32::INFINITY;
    for rate in [96.0, 48.0, 24.0, 8.0] {
        let (clean, audio, label) = heard(|audio| codec(audio, rate));
        let snr = label.snr_db.expect("something was lost");
        assert!((measured_snr(&clean, &audio) - f64::from(snr)).abs() < 0.1);
        // Once the noise lies below what is heard, more bits are left unspent.
        assert!(snr <= before, "{rate} kbit/s gives {snr} dB after {before}");
        let band = f64::from(label.bandwidth_hz.expect("a codec has a band"));
        assert!(share_between(&audio, band + 50.0, 8001.0) < 1e-4, "{rate} kbit/s keeps what lies above {band} Hz");
        before = snr;
    }
    assert!(before < 12.0, "8 kbit/s is clean to {before} dB");
    // Noise stays 16 dB below what hides it; what neighbouring bands hide besides lets it rise a little.
    assert!(heard(|audio| codec(audio, 96.0)).2.snr_db > Some(13.0));
}

#[test]
fn chains_leave_beats_in_place() {
    // The loudest correlation of the degraded with the clean music lies within the drift, up to the low cut's phase.
    let clean = music();
    for seed in 0..12 {
        let mut audio = clean.clone();
        let done = random(seed, &mut audio);
        assert_eq!(audio.len(), clean.len());
        let inner = 1000..63_000;
        let likeness = |shift: i64| -> f64 {
            inner.clone().map(|n| f64::from(clean[n]) * f64::from(audio[(n as i64 + shift) as usize])).sum()
        };
        let best = (-200..=200).max_by(|a, b| likeness(*a).total_cmp(&likeness(*b))).unwrap_or(999);
        assert!(best.abs() <= 32, "{done:?} shifts the music by {best} samples");
    }
}

#[test]
fn chains_are_labelled_within_bounds_and_told_by_their_seed() {
    let clean = music();
    let mut kinds = std::collections::BTreeSet::new();
    let mut untouched = 0;
    for seed in 0..60 {
        let (mut one, mut two) = (clean[..16_000].to_vec(), clean[..16_000].to_vec());
        let done = random(seed, &mut one);
        assert_eq!(done, random(seed, &mut two));
        assert!(one == two, "seed {seed}");
        assert!(done.is_empty() || peak(&one) <= 0.9801, "{done:?} reaches {}", peak(&one));
        untouched += usize::from(done.is_empty());
        assert!(done.is_empty() == (one == clean[..16_000]), "{done:?}");
        for label in done {
            assert!((0.0..=1.0).contains(&label.severity) && label.era.is_some(), "{label:?}");
            assert!(!label.kind.is_structural());
            kinds.insert(label.kind);
        }
    }
    assert!((8..=28).contains(&untouched), "{untouched} of 60 stayed clean");
    assert_eq!(kinds.len(), 9, "{kinds:?}");
}

#[test]
fn a_stronger_chain_is_worse() {
    let clean = music();
    for era in [Era::Shellac, Era::EarlyTape, Era::Modern] {
        let mean = |strength: f64| -> f64 {
            let worst = |seed: u64| {
                let mut audio = clean[..16_000].to_vec();
                let done = random_in(Chain { era, strength }, derive(seed, "stronger", 0), &mut audio);
                done.iter().map(|label| f64::from(label.severity)).fold(0.0, f64::max)
            };
            (0..12).map(worst).sum::<f64>() / 12.0
        };
        let means = [0.1, 0.5, 0.9].map(mean);
        assert!(means[0] + 0.1 < means[1] && means[1] + 0.1 < means[2], "{era:?}: {means:?}");
    }
}

#[test]
fn labels_come_back_from_json_and_unknown_words_are_refused() {
    let label = Degradation::new(Kind::Hiss, 0.5).with_snr(20.0).of_era(Era::EarlyTape);
    let text = serde_json::to_string(&label).expect("a label is plain data");
    assert_eq!(text, r#"{"kind":"hiss","severity":0.5,"snr_db":20.0,"era":"early_tape"}"#);
    assert_eq!(serde_json::from_str::<Degradation>(&text).expect("what was written"), label);
    assert!(serde_json::from_str::<Degradation>(r#"{"kind":"hiss","severity":0.5,"loudness":1.0}"#).is_err());
}

/// Beats of half a second.
fn beats() -> Vec<usize> {
    (0..=64_000).step_by(8_000).collect()
}

#[test]
fn shuffled_grains_are_all_there_in_another_order() {
    let clean: Vec<f32> = (0..64_000).map(|n| (n / 4000) as f32).collect();
    let mut audio = clean.clone();
    let label = break_with(&mut audio, &beats(), Kind::GrainShuffle, 1.0, 2);
    let mut grains: Vec<usize> = audio.chunks(4000).map(|grain| grain[2000] as usize).collect();
    assert!(grains.iter().enumerate().all(|(place, grain)| place != *grain), "{grains:?}");
    grains.sort_unstable();
    assert_eq!(grains, (0..16).collect::<Vec<_>>());
    assert_eq!((audio.len(), label.severity), (64_000, 1.0));
}

#[test]
fn beats_are_cut_or_repeated_whole() {
    for (kind, sign) in [(Kind::BeatCut, -1.0), (Kind::BeatRepeat, 1.0)] {
        let mut audio = music();
        let label = break_with(&mut audio, &beats(), kind, 0.5, 3);
        let change = (audio.len() as f64 - 64_000.0) / 8_000.0;
        assert_eq!(change, (sign * f64::from(label.severity) * 8.0).round(), "{kind:?}");
        assert!(label.severity > 0.0);
    }
    let mut audio = music();
    let label = break_with(&mut audio, &beats(), Kind::BeatCut, 0.0, 3);
    assert_eq!(label.severity, 0.0);
    for (heard, clean) in audio.iter().zip(music()) {
        assert!((heard - clean).abs() < 1e-6, "a join where nothing was cut is heard");
    }
}

#[test]
fn a_wrong_tempo_map_bends_time_and_a_right_one_does_not() {
    let mut audio = music();
    let label = break_with(&mut audio, &beats(), Kind::TempoMap, 1.0, 3);
    assert!(label.severity > 0.5 && audio.len() != 64_000, "{label:?}");
    let mut audio = music();
    let label = break_with(&mut audio, &beats(), Kind::TempoMap, 0.0, 3);
    assert_eq!((label.severity, audio.len()), (0.0, 64_000));
    let clean = music();
    let inner = 640..63_000;
    assert!(measured_snr(&clean[inner.clone()], &audio[inner]) > 80.0, "the same tempo is another sound");
}

#[test]
fn broken_music_is_told_by_its_seed_and_is_never_whole() {
    for seed in 0..20 {
        let (mut one, mut two) = (music(), music());
        let label = break_music(&mut one, &beats(), seed);
        assert_eq!(label, break_music(&mut two, &beats(), seed));
        assert!(one == two);
        assert!(label.kind.is_structural() && one != music(), "{label:?}");
    }
}
