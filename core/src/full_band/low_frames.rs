//! The low band of a sound in steps of 10 ms, and the steps of other bars that sound most alike.

use crate::mel::LogMel;
use crate::time::SampleRate;

/// Bands that are compared, up to about 7 kHz. One more is computed and left out: it reaches above the crossover.
const BANDS: usize = 24;

/// Samples at 16 kHz from one step to the next: 10 ms.
const HOP: usize = 160;

/// Steps that hear the edges of a piece.
const EDGE: usize = 2;

/// Bands whose level carries over to the highs: from about 3.6 kHz up.
const TOP: std::ops::Range<usize> = 17..BANDS;

/// What a difference in onset weighs beside the mean over bands.
const ONSET_WEIGHT: f32 = 0.1;

/// What the wrong place in the bar costs, where it is a tenth of a second off or more: 1.6 dB in every band.
const PLACE_COST: f32 = 0.006;
const PLACE_TOLERANCE_S: f64 = 0.1;

/// What a jump in the context costs: small, so that a sound found goes on as it went.
const JUMP_COST: f32 = 0.002;

/// The farthest the level of found highs is moved to where the new low band lies, as `log10` of a magnitude: 6 dB.
const MOST_MOVED: f32 = 0.3;

/// The low band of a piece of sound at 16 kHz, one step every 10 ms.
#[derive(Clone, Debug, PartialEq)]
pub struct LowFrames {
    /// `log10` of mel magnitudes, `[step, band]`.
    bands: Vec<f32>,
    /// How much louder each step is than the one before, as `log10`, from 0.
    onsets: Vec<f32>,
}

impl LowFrames {
    /// Seconds from one step to the next.
    pub const STEP_S: f64 = HOP as f64 / 16_000.0;

    /// Samples at 16 kHz that are read before the piece and after it.
    pub const LEAD: usize = EDGE * HOP;

    /// Describes a piece with [`Self::LEAD`] samples before and after it. Step `i` lies `i` times 10 ms after the piece's start.
    pub fn analyse(piece: &[f32]) -> Self {
        let mel = LogMel::new(SampleRate::MODEL, 4 * HOP, BANDS + 1);
        let all = mel.analyse(piece);
        let rows: Vec<&[f32]> = all.chunks_exact(BANDS + 1).collect();
        let steps = rows.len().saturating_sub(2 * EDGE);
        let rise =
            |step: usize| (0..BANDS).map(|band| (rows[step + EDGE][band] - rows[step + EDGE - 1][band]).max(0.0)).sum::<f32>();
        Self {
            bands: rows.iter().skip(EDGE).take(steps).flat_map(|row| row[..BANDS].iter().copied()).collect(),
            onsets: (0..steps).map(|step| rise(step) / BANDS as f32).collect(),
        }
    }

    /// How many steps there are.
    pub fn len(&self) -> usize {
        self.onsets.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.onsets.is_empty()
    }

    fn bands(&self, step: usize) -> &[f32] {
        &self.bands[step * BANDS..(step + 1) * BANDS]
    }

    /// How unlike two steps are, or anything above `least` where it is more than that.
    fn distance(&self, step: usize, other: &Self, at: usize, least: f32) -> f32 {
        let mut distance = ONSET_WEIGHT * (self.onsets[step] - other.onsets[at]).powi(2);
        // A third of the bands at a time: most steps are ruled out by the first.
        for (a, b) in self.bands(step).chunks_exact(BANDS / 3).zip(other.bands(at).chunks_exact(BANDS / 3)) {
            distance += a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f32>() / BANDS as f32;
            if distance > least {
                break;
            }
        }
        distance
    }

    fn top(&self, step: usize) -> f32 {
        self.bands(step)[TOP].iter().sum::<f32>() / TOP.len() as f32
    }
}

/// The step of the context that sounds most like a step of the new sound.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Match {
    /// Index of the context bar.
    pub bar: usize,
    /// Its step.
    pub step: usize,
    /// What the magnitude of its highs is multiplied by, because the new upper middle is louder or softer: 6 dB at most.
    pub factor: f32,
}

/// For each step of a new sound the one of the context that sounds most alike, the same place in the bar preferred.
///
/// `place` tells of a step how many seconds after its bar line it lies; it may be negative before the first. Nothing if the context is
/// empty. The first step of each bar of the context lies on its bar line. All are looked at: a search tree would gain little over ruling out
/// most of them early.
pub fn matches(new: &LowFrames, place: impl Fn(usize) -> f64, context: &[&LowFrames]) -> Vec<Match> {
    let mut found: Vec<Match> = Vec::with_capacity(new.len());
    for step in 0..new.len() {
        let place = place(step);
        let last = found.last().copied();
        let mut best: Option<(f32, usize, usize)> = None;
        let mut look = |bar: usize, at: usize| {
            let off = (place - at as f64 * LowFrames::STEP_S).abs() / PLACE_TOLERANCE_S;
            let goes_on = last.is_some_and(|last| last.bar == bar && last.step + 1 == at);
            let cost = PLACE_COST * off.min(1.0) as f32 + if goes_on { 0.0 } else { JUMP_COST };
            let least = best.map_or(f32::INFINITY, |(least, ..)| least);
            if cost < least {
                let distance = cost + new.distance(step, context[bar], at, least - cost);
                if distance < least {
                    best = Some((distance, bar, at));
                }
            }
        };
        // What goes on and what lies in the same place come first: they are likely, and rule out the others.
        if let Some(last) = last.filter(|last| last.step + 1 < context[last.bar].len()) {
            look(last.bar, last.step + 1);
        }
        for (bar, frames) in context.iter().enumerate() {
            let same = (place / LowFrames::STEP_S).round().max(0.0) as usize;
            if same < frames.len() {
                look(bar, same);
            }
        }
        for (bar, frames) in context.iter().enumerate() {
            (0..frames.len()).for_each(|at| look(bar, at));
        }
        let Some((_, bar, at)) = best else { return Vec::new() };
        let moved = (new.top(step) - context[bar].top(at)).clamp(-MOST_MOVED, MOST_MOVED);
        found.push(Match { bar, step: at, factor: 10f32.powf(moved) });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::GaussianNoise;

    /// A second of tones of these frequencies, each an equal part of it, and what lies around it.
    fn melody(frequencies: &[f64], level: f64) -> Vec<f32> {
        let note = 16_000 / frequencies.len();
        let mut hiss = GaussianNoise::new(3);
        (0..16_000 + 2 * LowFrames::LEAD)
            .map(|n| {
                let at = n.saturating_sub(LowFrames::LEAD);
                let hz = frequencies[(at / note).min(frequencies.len() - 1)];
                (level * (std::f64::consts::TAU * hz * n as f64 / 16_000.0).sin()) as f32 + 1e-3 * hiss.next()
            })
            .collect()
    }

    fn context(melodies: &[&[f64]]) -> Vec<LowFrames> {
        melodies.iter().map(|frequencies| LowFrames::analyse(&melody(frequencies, 0.2))).collect()
    }

    fn found(new: &LowFrames, context: &[LowFrames]) -> Vec<Match> {
        matches(new, |step| step as f64 * LowFrames::STEP_S, &context.iter().collect::<Vec<_>>())
    }

    #[test]
    fn a_piece_has_a_step_every_ten_milliseconds_and_louder_steps_are_onsets() {
        let mut piece = vec![0.0; 16_000 + 2 * LowFrames::LEAD];
        piece[LowFrames::LEAD + 8_000..].fill(0.1);
        let frames = LowFrames::analyse(&piece);
        assert_eq!(frames.len(), 100);
        let loudest = (0..100).max_by(|&a, &b| frames.onsets[a].total_cmp(&frames.onsets[b])).unwrap();
        assert!((48..=50).contains(&loudest), "{loudest}");
    }

    #[test]
    fn a_bar_of_the_context_finds_itself() {
        let context = context(&[&[440.0, 600.0], &[1_000.0, 3_000.0], &[200.0, 5_000.0]]);
        let new = LowFrames::analyse(&melody(&[1_000.0, 3_000.0], 0.2));
        for (step, found) in found(&new, &context).iter().enumerate() {
            assert_eq!((found.bar, found.step), (1, step));
            assert!((found.factor - 1.0).abs() < 1e-6);
        }
    }

    #[test]
    fn what_sounds_alike_elsewhere_in_the_bar_is_found_there() {
        let context = context(&[&[440.0, 3_000.0]]);
        let new = LowFrames::analyse(&melody(&[3_000.0, 440.0], 0.2));
        let found = found(&new, &context);
        assert!(found[10..40].iter().all(|found| found.step >= 48), "{found:?}");
        assert!(found[60..90].iter().all(|found| found.step <= 52));
    }

    #[test]
    fn among_equal_sounds_the_same_place_in_the_bar_is_taken() {
        let context = context(&[&[440.0]]);
        let new = LowFrames::analyse(&melody(&[440.0], 0.2));
        for (step, found) in found(&new, &context).iter().enumerate() {
            assert!(found.step.abs_diff(step) <= 2);
        }
    }

    #[test]
    fn a_louder_top_raises_the_highs_found_by_six_decibels_at_most() {
        let context = context(&[&[5_000.0]]);
        for (level, most) in [(0.25, 1.3), (20.0, 2.0)] {
            let new = LowFrames::analyse(&melody(&[5_000.0], level));
            let found = found(&new, &context);
            assert!(found[50].factor > 1.0 && found[50].factor < most, "{:?}", found[50]);
        }
    }

    #[test]
    fn without_a_context_nothing_is_found() {
        assert!(matches(&LowFrames::analyse(&melody(&[440.0], 0.2)), |_| 0.0, &[]).is_empty());
        assert!(LowFrames::analyse(&[]).is_empty());
    }
}
