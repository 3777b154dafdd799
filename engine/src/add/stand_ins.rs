//! What stands in for bars to be added before they are made: copies of bars like them. Highs, stereo image and level of new bars are taken
//! from them as those of a regenerated bar are from the dry one. Networks never hear them.

use std::ops::Range;

use turnaround_core::audio::Audio;
use turnaround_core::bars::Bar;
use turnaround_core::time::SampleRate;

use super::room::Room;
use crate::engine::EngineError;
use crate::regenerate::not_finite;
use crate::road::splice::{crossfade, fade_samples, guard_samples};

/// The most bars on one side that are copied; more new bars than that take them again.
const MOST_COPIED: usize = 8;

/// How much longer or shorter than a new bar one may be that stands in for it, as a part of it: beats that hands play, not another tempo.
const ALIKE: f64 = 0.05;

/// The recording with stand-ins in its room.
pub(super) fn stood_in(room: &Room, audio: &Audio) -> Result<Audio, EngineError> {
    let rate = audio.rate();
    let sources = sources(room);
    let channels = audio.channels().iter().map(|channel| {
        let mut opened = room.opened(channel);
        for (number, source) in room.first.through(room.last).zip(&sources) {
            let place = room.map.bar(number).samples(rate).as_range();
            let source = source.samples(rate).start.as_index();
            lay(&mut opened, place.start..place.end.min(room.end()), channel, source, rate);
        }
        lead_out(&mut opened, room, channel, rate);
        opened
    });
    Audio::new(rate, channels.collect()).map_err(|_| not_finite())
}

/// A bar for each new one: those before it, again and again; where the recording goes on, for the second half those after it.
fn sources(room: &Room) -> Vec<Bar> {
    let last = room.before[room.before.len() - 1];
    let is_alike =
        |bar: &&Bar| bar.metre == last.metre && (bar.duration() - last.duration()).get().abs() <= ALIKE * last.duration().get();
    let count = room.first.through(room.last).count();
    let after: Vec<Bar> = room.after.iter().take_while(is_alike).take(MOST_COPIED.min(count / 2)).copied().collect();
    let first_half = if after.is_empty() { count } else { count - count / 2 };
    let mut before: Vec<Bar> = room.before.iter().rev().take_while(is_alike).take(MOST_COPIED.min(first_half)).copied().collect();
    before.reverse();
    let again = |bars: Vec<Bar>, count: usize| bars.into_iter().cycle().take(count);
    again(before, first_half).chain(again(after, count - first_half)).collect()
}

/// Sets sound from a place of the recording on into the room, faded in before it.
fn lay(opened: &mut [f32], place: Range<usize>, channel: &[f32], source: usize, rate: SampleRate) {
    // As a new sound fades in: its guard stays what it was.
    let fade = (fade_samples(rate) - guard_samples(rate)).min(source).min(place.start);
    let lead_in = place.start - fade..place.start;
    let faded = crossfade(&opened[lead_in.clone()], &channel[source - fade..source]);
    opened[lead_in].copy_from_slice(&faded);
    let sound = &channel[source..(source + place.len()).min(channel.len())];
    opened[place.start..place.start + sound.len()].copy_from_slice(sound);
}

/// Lets the end of the room be what leads into the sound after it: what did so in the recording, or silence before the end.
fn lead_out(opened: &mut [f32], room: &Room, channel: &[f32], rate: SampleRate) {
    let fade = fade_samples(rate).min(room.seam.added / 2).min(room.seam.to / 2);
    let start = room.end() - 2 * fade;
    let lead = if room.goes_on() { channel[room.seam.to - 2 * fade..room.seam.to].to_vec() } else { vec![0.0; 2 * fade] };
    let faded = crossfade(&opened[start..start + fade], &lead[..fade]);
    opened[start..start + fade].copy_from_slice(&faded);
    opened[start + fade..room.end()].copy_from_slice(&lead[fade..]);
}
