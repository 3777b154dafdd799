//! The likeliest row of beats in bars: a bar pointer that walks through what the network heard.
//!
//! A hidden state is a beat's place, its number in the bar and the time since the beat before. From beat to beat the number goes up by
//! one and the time changes little; what the network says about the place and about the first beat of a bar is the evidence. The best
//! path through all of them is found by dynamic programming (Viterbi), once for each metre tried.
//!
//! Source: the bar pointer of Whiteley, Cemgil and Godsill (ISMIR 2006) in the form of Krebs, Böck and Widmer (ISMIR 2015). We depart
//! from it: states stand at beats only, since between them the pointer merely counts (a semi-Markov chain, with the same best path);
//! evidence is the network's log odds, counted where a beat is claimed; a change of tempo costs by its square, softened by what frames
//! can tell apart, so that fast tempi, which few frames separate, are no less likely than slow ones; and a path may begin and end
//! anywhere, so that silence has no beats.

use super::{Activation, FRAMES_PER_SECOND};

/// Steps of the decoder's clock in a frame: halves, since at 320 beats a minute a whole frame is a tenth of a beat.
const STEPS_PER_FRAME: usize = 2;

const STEPS_PER_SECOND: f64 = (STEPS_PER_FRAME * FRAMES_PER_SECOND) as f64;

/// The slowest felt beat followed, in beats a minute.
pub const SLOWEST: f64 = 55.0;

/// The fastest felt beat followed, in beats a minute.
pub const FASTEST: f64 = 320.0;

/// Log odds beyond these are taken for these: no single frame decides.
const MOST_ODDS: f32 = 5.0;

/// What is added to a beat's log odds: most frames have none, so that even odds speak for one.
const BEAT_BIAS: f32 = 2.0;

/// The same for a first beat among beats. Below zero, since training counts first beats three times as much as beats, which makes them
/// seem three times as likely as they are.
const DOWNBEAT_BIAS: f32 = -1.1;

/// How much a beat may be longer or shorter than the one before, as a share of it: one deviation.
const TEMPO_DEVIATION: f32 = 0.03;

/// The same in steps, for what frames, hands and our rounding leave uncertain.
const PLACE_DEVIATION: f32 = 1.0;

/// What beginning a path costs, in nats: a lone loud frame is no music.
const START_COST: f32 = 6.0;

/// A path of fewer beats is none.
const FEWEST_BEATS: usize = 4;

/// A row of beats.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// Beats felt in a bar.
    pub felt_beats: usize,
    /// Where each beat is, in frames, and its number in the bar from 0.
    pub beats: Vec<(f64, usize)>,
    /// How much better it is than silence, in nats.
    pub score: f32,
}

/// The best path with bars of `felt_beats` beats; none where nothing sounds like beats.
///
/// # Panics
/// If `felt_beats` is 0.
pub fn decode(activations: &[Activation], felt_beats: usize) -> Option<Path> {
    assert!(felt_beats > 0, "a bar has a beat");
    let evidence = Evidence::of(activations);
    let (end, table) = Table::fill(&evidence, felt_beats);
    let steps = table.trace(end?);
    (steps.len() >= FEWEST_BEATS).then(|| Path {
        felt_beats,
        beats: steps.iter().map(|&(step, number)| (refined(activations, step), number)).collect(),
        score: end.map_or(0.0, |end| end.score),
    })
}

/// What speaks for a beat, and for its being the first, at each step; in nats.
struct Evidence {
    beat: Vec<f32>,
    downbeat: Vec<f32>,
}

impl Evidence {
    fn of(activations: &[Activation]) -> Self {
        let beat: Vec<f32> = activations.iter().map(|frame| log_odds(frame.beat) + BEAT_BIAS).collect();
        // A first beat may be heard a frame beside the beat.
        let near = |index: usize| &activations[index.saturating_sub(1)..(index + 2).min(activations.len())];
        let most = |index: usize, of: fn(&Activation) -> f32| near(index).iter().map(of).fold(0.0, f32::max);
        let first = |index: usize| {
            let (beat, downbeat) = (most(index, |frame| frame.beat), most(index, |frame| frame.downbeat));
            // Where hardly a beat is heard, nothing can be known of its number.
            beat.min(1.0) * (log_odds(downbeat / beat.max(1e-6)) + DOWNBEAT_BIAS)
        };
        let downbeat: Vec<f32> = (0..activations.len()).map(first).collect();
        Self { beat: stepped(&beat), downbeat: stepped(&downbeat) }
    }
}

fn log_odds(probability: f32) -> f32 {
    let probability = probability.clamp(1e-4, 1.0 - 1e-4);
    (probability / (1.0 - probability)).ln().clamp(-MOST_ODDS, MOST_ODDS)
}

/// Frames to steps, straight lines between them.
fn stepped(frames: &[f32]) -> Vec<f32> {
    let at = |step: usize| {
        let (index, part) = (step / STEPS_PER_FRAME, (step % STEPS_PER_FRAME) as f32 / STEPS_PER_FRAME as f32);
        let next = frames[(index + 1).min(frames.len() - 1)];
        frames[index] + part * (next - frames[index])
    };
    (0..STEPS_PER_FRAME * frames.len()).map(at).collect()
}

/// The intervals from beat to beat that are followed, in steps.
struct Intervals {
    shortest: usize,
    count: usize,
    /// For each interval, the range of intervals it may follow, and what each costs.
    from: Vec<(usize, Vec<f32>)>,
}

impl Intervals {
    fn new() -> Self {
        let shortest = (60.0 * STEPS_PER_SECOND / FASTEST).floor() as usize;
        let longest = (60.0 * STEPS_PER_SECOND / SLOWEST).ceil() as usize;
        let from = (shortest..=longest).map(|interval| {
            let deviation = (TEMPO_DEVIATION * interval as f32).hypot(PLACE_DEVIATION);
            let reach = (4.0 * deviation).ceil() as usize;
            let (first, last) = (interval.saturating_sub(reach).max(shortest), (interval + reach).min(longest));
            let cost = |before: usize| 0.5 * ((before as f32 - interval as f32) / deviation).powi(2);
            (first - shortest, (first..=last).map(cost).collect())
        });
        Self { shortest, count: longest - shortest + 1, from: from.collect() }
    }

    fn longest(&self) -> usize {
        self.shortest + self.count - 1
    }
}

/// The path's first beat has no interval.
const BEGINNING: u8 = u8::MAX;

/// For every step, number and interval, where the best path came from.
struct Table {
    intervals: Intervals,
    felt_beats: usize,
    /// `[step, number, interval]`: the interval before, counted from the shortest, or [`BEGINNING`].
    before: Vec<u8>,
}

/// A state.
#[derive(Clone, Copy)]
struct State {
    step: usize,
    number: usize,
    interval: usize,
    score: f32,
}

impl Table {
    /// Fills the table and finds the best end.
    fn fill(evidence: &Evidence, felt_beats: usize) -> (Option<State>, Self) {
        let intervals = Intervals::new();
        let (count, steps) = (intervals.count, evidence.beat.len());
        let row = felt_beats * count;
        let mut before = vec![BEGINNING; steps * row];
        // Of each of the last steps: the score of going on from a beat there, with an interval, to the next number.
        let kept = intervals.longest() + 1;
        let mut onward = vec![f32::NEG_INFINITY; kept * row];
        let mut chosen = vec![BEGINNING; kept * row];
        let mut scores = vec![f32::NEG_INFINITY; row];
        let mut end: Option<State> = None;
        for step in 0..steps {
            for number in 0..felt_beats {
                let previous = (number + felt_beats - 1) % felt_beats;
                let gain = evidence.beat[step] + if number == 0 { evidence.downbeat[step] } else { 0.0 };
                for interval in 0..count {
                    let target = number * count + interval;
                    scores[target] = f32::NEG_INFINITY;
                    let Some(from) = step.checked_sub(interval + intervals.shortest) else { continue };
                    let source = from % kept * row + previous * count + interval;
                    scores[target] = onward[source] + gain;
                    before[step * row + target] = chosen[source];
                    if end.is_none_or(|end| scores[target] > end.score) {
                        end = Some(State { step, number, interval, score: scores[target] });
                    }
                }
            }
            for number in 0..felt_beats {
                let begun = evidence.beat[step] + if number == 0 { evidence.downbeat[step] } else { 0.0 } - START_COST;
                let reached = &scores[number * count..(number + 1) * count];
                for (interval, (first, costs)) in intervals.from.iter().enumerate() {
                    let (mut best, mut choice) = (begun, BEGINNING);
                    for (offset, (score, cost)) in reached[*first..].iter().zip(costs).enumerate() {
                        if score - cost > best {
                            (best, choice) = (score - cost, (first + offset) as u8);
                        }
                    }
                    let place = step % kept * row + number * count + interval;
                    (onward[place], chosen[place]) = (best, choice);
                }
            }
        }
        (end.filter(|end| end.score > 0.0), Self { intervals, felt_beats, before })
    }

    /// The path that ends in a state, from its beginning: steps and numbers.
    fn trace(&self, end: State) -> Vec<(usize, usize)> {
        let State { mut step, mut number, mut interval, .. } = end;
        let mut beats = vec![(step, number)];
        loop {
            let place = (step * self.felt_beats + number) * self.intervals.count + interval;
            let earlier = self.before[place];
            step -= interval + self.intervals.shortest;
            number = (number + self.felt_beats - 1) % self.felt_beats;
            beats.push((step, number));
            if earlier == BEGINNING {
                break;
            }
            interval = usize::from(earlier);
        }
        beats.reverse();
        beats
    }
}

/// How far beside its step a beat's place is looked for, in frames.
const REACH: usize = 2;

/// A beat's place between frames: the centre of what was heard around its step, in frames.
fn refined(activations: &[Activation], step: usize) -> f64 {
    let place = step as f64 / STEPS_PER_FRAME as f64;
    let nearest = (place.round() as usize).min(activations.len() - 1);
    let frames = nearest.saturating_sub(REACH)..(nearest + REACH + 1).min(activations.len());
    let weight = |index: usize| f64::from(activations[index].beat).powi(2);
    let sum: f64 = frames.clone().map(weight).sum();
    if sum < 0.01 {
        return place;
    }
    let centre = frames.map(|index| weight(index) * index as f64).sum::<f64>() / sum;
    centre.clamp(place - 1.0, place + 1.0)
}
