use super::*;
use crate::bar_clock::BarClock;
use crate::take::Likeness;
use crate::transport::Transport;
use turnaround_core::audio::Audio;
use turnaround_core::time::Beats;

const RATE: u32 = 8_000;
/// A bar of 4/4 at 120 bpm.
const BAR: usize = 16_000;
const LEAD: usize = 160;

fn key(bar: usize) -> BarKey {
    BarKey::new(Beats::new(4.0 * bar as f64))
}

/// A take that sounds like one number throughout.
fn take(value: f32, length: usize) -> Voice {
    let audio = Audio::mono(SampleRate::new(RATE).unwrap(), vec![value; LEAD + length]).unwrap();
    (Arc::new(Take::new(audio, Likeness::default())), Playing::default())
}

/// A piece of playback: from a beat, so many samples.
type Stretch = (f64, usize);

/// What is heard when stretches are played in blocks over dry sound of 1.
fn heard(stretches: &[Stretch], block: usize, takes: &[(usize, Voice)]) -> Vec<f32> {
    let rate = SampleRate::new(RATE).unwrap();
    let (mut clock, mut spans, mut player) = (BarClock::new(rate), Spans::new(), Player::new(rate));
    let mut result = Vec::new();
    for &(from, samples) in stretches {
        let mut done = 0;
        while done < samples {
            let length = block.min(samples - done);
            let transport = Transport {
                playing: true,
                tempo: Some(120.0),
                time_signature: Some((4, 4)),
                pos_beats: Some(from + done as f64 / 4_000.0),
                ..Transport::default()
            };
            let start = result.len() as u64;
            spans.push_block(&clock.process(&transport, length), start, length);
            let (mut left, mut right) = (vec![1.0; length], vec![1.0; length]);
            let mut decide = |asked: BarKey| takes.iter().find(|(bar, _)| key(*bar) == asked).map(|(_, voice)| voice.clone());
            player.render(&spans, start, &mut left, &mut right, &mut decide);
            spans.forget_before(start + length as u64);
            assert_eq!(left, right);
            result.extend(left);
            done += length;
        }
    }
    result
}

const BLOCKS: [usize; 6] = [1, 7, 64, 333, 4096, 80_000];

#[test]
fn a_take_plays_in_its_bar_and_fades_before_the_lines() {
    for block in BLOCKS {
        let sound = heard(&[(0.0, 4 * BAR)], block, &[(1, take(3.0, BAR))]);
        assert!(sound[..BAR - LEAD].iter().all(|&x| x == 1.0), "block {block}");
        assert!(sound[BAR..2 * BAR - LEAD].iter().all(|&x| x == 3.0), "block {block}");
        assert!(sound[2 * BAR..].iter().all(|&x| x == 1.0), "block {block}");
        assert!(sound[BAR - LEAD + 1] > 1.0 && sound[BAR - 1] > 2.9);
    }
}

#[test]
fn the_sound_does_not_depend_on_blocks() {
    let takes = [(1, take(3.0, BAR)), (2, take(-2.0, BAR)), (5, take(0.5, BAR))];
    let whole = heard(&[(0.0, 7 * BAR)], 80_000, &takes);
    for block in BLOCKS {
        assert_eq!(heard(&[(0.0, 7 * BAR)], block, &takes), whole, "block {block}");
    }
}

#[test]
fn takes_side_by_side_fade_into_each_other_without_dry_sound() {
    let sound = heard(&[(0.0, 4 * BAR)], 512, &[(1, take(3.0, BAR)), (2, take(3.0, BAR))]);
    // Unlike sounds of one level grow by at most 3 dB in the middle of the fade, and never fall towards the dry 1.
    assert!(sound[BAR..3 * BAR - LEAD].iter().all(|&x| (3.0 - 1e-5..4.25).contains(&x)));
}

#[test]
fn like_sounds_keep_their_level_through_a_fade() {
    let audio = Audio::mono(SampleRate::new(RATE).unwrap(), vec![1.0; LEAD + BAR]).unwrap();
    let like = (Arc::new(Take::new(audio, Likeness { at_start: 1.0, at_end: 1.0 })), Playing::default());
    let sound = heard(&[(0.0, 3 * BAR)], 512, &[(1, like)]);
    assert!(sound.iter().all(|&x| (x - 1.0).abs() < 1e-5));
}

#[test]
fn playback_that_enters_in_the_middle_fades_in_and_a_jump_fades_out() {
    let sound = heard(&[(6.0, 1_000), (12.0, 1_000)], 100, &[(1, take(3.0, BAR))]);
    assert!(sound[0] < 1.01 && sound[39] < 3.0 && sound[40..1_000].iter().all(|&x| x == 3.0));
    assert!(sound[1_000] > 2.9 && sound[1_039] > 1.0 && sound[1_040..].iter().all(|&x| x == 1.0));
}

#[test]
fn a_loop_plays_its_takes_at_every_pass() {
    let sound = heard(&[(4.0, BAR), (4.0, BAR), (4.0, BAR)], 320, &[(1, take(3.0, BAR))]);
    for pass in 0..3 {
        assert!(sound[pass * BAR + 40..(pass + 1) * BAR - LEAD].iter().all(|&x| x == 3.0), "pass {pass}");
    }
}

#[test]
fn a_take_of_another_length_does_not_play() {
    let sound = heard(&[(4.0, BAR)], 512, &[(1, take(3.0, BAR - 33))]);
    assert!(sound.iter().all(|&x| x == 1.0));
    let sound = heard(&[(4.0, BAR)], 512, &[(1, take(3.0, BAR - 32))]);
    assert!(sound[..BAR - LEAD].iter().all(|&x| x == 3.0));
}

#[test]
fn mix_and_trim_shape_the_take_alone() {
    let (sound, _) = take(3.0, BAR);
    let playing = Playing { mix: 0.5, trim_db: -6.0206 };
    let heard = heard(&[(0.0, 3 * BAR)], 512, &[(1, (sound, playing))]);
    assert!(heard[BAR..2 * BAR - LEAD].iter().all(|&x| (x - 1.25).abs() < 1e-4));
    assert!(heard[2 * BAR..].iter().all(|&x| x == 1.0));
}
