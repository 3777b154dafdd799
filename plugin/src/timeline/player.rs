//! Plays takes in place of bars, and fades between what was and what comes.
//!
//! Which take a bar plays is decided once, where its fade begins: 20 ms before its line, or where playback enters it. A take that comes later
//! waits for the next pass. Between a bar and the next the sound fades before the line, so that no downbeat is split; where playback enters
//! or leaves a take at any other place, it fades over 5 ms.
//!
//! **Thread.** Audio thread: plain arithmetic. The result depends on where in a bar a sample lies and on nothing else, so a bounce with
//! other blocks gives the same samples.

use std::f32::consts::FRAC_PI_2;
use std::sync::Arc;

use turnaround_core::time::{SampleRate, Seconds};

use super::spans::{Span, Spans};
use crate::handoff::Frame;
use crate::spec::{BarKey, Playing};
use crate::take::{Take, lead_samples};

/// Fade where playback enters or leaves a take in the middle.
const EDGE: Seconds = Seconds::new(0.005);

/// A take may be this many samples longer or shorter than the bar it plays in: bar lines are rounded to samples.
const LENGTH_TOLERANCE: i64 = 32;

/// A take and how to play it.
pub type Voice = (Arc<Take>, Playing);

/// A bar with what was decided for it.
struct Choice {
    key: BarKey,
    voice: Option<Part>,
}

struct Part {
    take: Arc<Take>,
    gain: f32,
    mix: f32,
}

/// What was left and still fades out.
struct Ghost {
    part: Part,
    since_line: i64,
    left: usize,
}

/// See the module.
pub struct Player {
    fade: i64,
    edge: usize,
    now: Option<Choice>,
    /// Where in its bar the next sample must lie for `now` to go on.
    expected: i64,
    next: Option<Choice>,
    ghost: Option<Ghost>,
    /// Samples still to fade in after an entry in the middle.
    entering: usize,
}

impl Player {
    /// A player at a rate.
    pub fn new(rate: SampleRate) -> Self {
        Self {
            fade: lead_samples(rate) as i64,
            edge: rate.samples_from(EDGE).as_index().max(1),
            now: None,
            expected: 0,
            next: None,
            ghost: None,
            entering: 0,
        }
    }

    /// The bar whose take sounds.
    pub fn sounding(&self) -> Option<BarKey> {
        self.now.as_ref().filter(|choice| choice.voice.is_some()).map(|choice| choice.key)
    }

    /// Turns dry sound into what is to be heard. The block begins at `start` of the stream; `decide` gives a bar's take, or nothing.
    pub fn render(
        &mut self,
        spans: &Spans,
        start: u64,
        left: &mut [f32],
        right: &mut [f32],
        decide: &mut dyn FnMut(BarKey) -> Option<Voice>,
    ) {
        let end = start + left.len() as u64;
        let mut at = start;
        while at < end {
            let stop = match spans.at(at) {
                Err(next) => {
                    self.leave();
                    next.unwrap_or(end).min(end)
                }
                Ok(span) => self.enter(&span, at, decide).min(end),
            };
            let range = (at - start) as usize..(stop - start) as usize;
            let since_line = self.expected;
            match spans.at(at) {
                Ok(span) => {
                    self.sound(&span, since_line, &mut left[range.clone()], &mut right[range.clone()]);
                    self.expected += (stop - at) as i64;
                }
                Err(_) => self.ghost(&mut left[range.clone()], &mut right[range]),
            }
            at = stop;
        }
    }

    /// Makes `now` and, once its end fades, `next` the choices for a sample of a span; until where they hold.
    fn enter(&mut self, span: &Span, at: u64, decide: &mut dyn FnMut(BarKey) -> Option<Voice>) -> u64 {
        let since_line = span.since_line + (at - span.start) as i64;
        let is_broken = span.is_cut && at == span.start;
        let goes_on = self.now.as_ref().is_some_and(|now| now.key == span.bar.key) && since_line == self.expected && !is_broken;
        let is_next = since_line == 0 && self.next.as_ref().is_some_and(|next| next.key == span.bar.key) && !is_broken;
        if is_next && !goes_on {
            self.now = self.next.take();
            self.expected = 0;
            // Only now is it known how long this bar is.
            if self.now.as_ref().is_some_and(|now| now.voice.as_ref().is_some_and(|part| !fits(&part.take, span.length))) {
                self.leave();
                self.now = Some(Choice { key: span.bar.key, voice: None });
            }
        } else if !goes_on {
            self.leave();
            self.now = Some(choose(span.bar.key, Some(span.length), decide));
            // At its line a bar begins at once: nothing of it was missed.
            self.entering = if since_line == 0 { 0 } else { self.edge };
        }
        self.expected = since_line;
        let fades_from = span.length - self.fade;
        if since_line < fades_from {
            return span.end.min(at + (fades_from - since_line) as u64);
        }
        let next_key = span.bar.next_key();
        if self.next.as_ref().is_none_or(|next| next.key != next_key) {
            self.next = Some(choose(next_key, None, decide));
        }
        span.end
    }

    /// What sounded fades out from here on.
    fn leave(&mut self) {
        if let Some(Choice { voice: Some(part), .. }) = self.now.take() {
            self.ghost = Some(Ghost { part, since_line: self.expected, left: self.edge });
        }
        self.next = None;
        self.entering = 0;
    }

    fn sound(&mut self, span: &Span, since_line: i64, left: &mut [f32], right: &mut [f32]) {
        let now = self.now.as_ref().and_then(|choice| choice.voice.as_ref());
        let fades_from = span.length - self.fade;
        let is_fading = since_line >= fades_from;
        let next = self.next.as_ref().filter(|_| is_fading).and_then(|choice| choice.voice.as_ref());
        if now.is_some() || next.is_some() {
            let likeness = match (now, next) {
                (Some(now), _) => now.take.likeness().at_end,
                (None, Some(next)) => next.take.likeness().at_start,
                (None, None) => 0.0,
            };
            let mut entering = self.entering;
            for (n, (left, right)) in left.iter_mut().zip(right.iter_mut()).enumerate() {
                let place = since_line + n as i64;
                let dry = [*left, *right];
                let mut wet = now.map_or(dry, |part| part.wet(place, dry));
                let mut mix = now.or(next).map_or(0.0, |part| part.mix);
                if is_fading {
                    let after = next.map_or(dry, |part| part.wet(place - span.length, dry));
                    let done = (place - fades_from) as f32 + 0.5;
                    wet = crossfade(wet, after, done, self.fade as f32, likeness);
                    if let (Some(now), Some(next)) = (now, next) {
                        mix = now.mix + (next.mix - now.mix) * done / self.fade as f32;
                    }
                }
                if entering > 0 {
                    mix *= 1.0 - entering as f32 / self.edge as f32;
                    entering -= 1;
                }
                [*left, *right] = towards(dry, wet, mix);
            }
        }
        self.entering = self.entering.saturating_sub(left.len());
        self.ghost(left, right);
    }

    /// Lays over a block what still fades out.
    fn ghost(&mut self, left: &mut [f32], right: &mut [f32]) {
        let Some(ghost) = &mut self.ghost else { return };
        for (left, right) in left.iter_mut().zip(right.iter_mut()).take(ghost.left) {
            let base = [*left, *right];
            let old = ghost.part.wet(ghost.since_line, base);
            [*left, *right] = towards(base, old, ghost.part.mix * ghost.left as f32 / self.edge as f32);
            ghost.since_line += 1;
            ghost.left -= 1;
        }
        if ghost.left == 0 {
            self.ghost = None;
        }
    }
}

impl Part {
    /// The take at a place of the bar, before it is mixed with the dry sound; that itself where the take has nothing.
    fn wet(&self, since_line: i64, dry: Frame) -> Frame {
        self.take.frame(since_line).map_or(dry, |wet| wet.map(|sample| sample * self.gain))
    }
}

fn fits(take: &Take, length: i64) -> bool {
    (take.body() as i64 - length).abs() <= LENGTH_TOLERANCE
}

/// The choice for a bar of `length` samples, where that is known already.
fn choose(key: BarKey, length: Option<i64>, decide: &mut dyn FnMut(BarKey) -> Option<Voice>) -> Choice {
    let voice = decide(key).filter(|(take, _)| length.is_none_or(|length| fits(take, length))).map(|(take, playing)| Part {
        take,
        gain: 10f32.powf(playing.trim_db / 20.0),
        mix: playing.mix,
    });
    Choice { key, voice }
}

fn towards(from: Frame, to: Frame, share: f32) -> Frame {
    if share >= 1.0 {
        return to;
    }
    [from[0] + share * (to[0] - from[0]), from[1] + share * (to[1] - from[1])]
}

/// Equal-power fade whose power stays equal for like sounds too.
fn crossfade(from: Frame, to: Frame, place: f32, length: f32, likeness: f32) -> Frame {
    let (rise, fall) = (FRAC_PI_2 * place / length).sin_cos();
    let scale = 1.0 / (1.0 + 2.0 * likeness * rise * fall).sqrt();
    [scale * (fall * from[0] + rise * to[0]), scale * (fall * from[1] + rise * to[1])]
}

#[cfg(test)]
mod tests;
