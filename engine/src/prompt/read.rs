//! Words to a wished-for change.
//!
//! A sentence is cut into wishes, each a few qualities ("busier") of a few sources ("drums") with a direction ("less") and a degree ("a
//! bit"). It is cut at commas, "and", "but" and "with", and where a new wish plainly begins: "louder bass softer drums". A wish that
//! lacks a part may lean on its neighbour: "less bass and drums", "busier and brighter drums".

use std::collections::BTreeMap;

use turnaround_core::descriptors::{Descriptor, Effect};

use super::lexicon::{self, Break, Changes, Direction, Facet, Kind, Meaning, Quality, Source};
use super::words::{Word, words};

/// What was read out of a sentence.
#[derive(Clone, Debug, PartialEq)]
pub struct Wish {
    /// The sentence.
    pub words: String,
    /// The change wished for, in standard deviations of real bars: 1 for a plain wish, about half for "a bit", up to 3 for all there is.
    /// Never empty; descriptors not spoken of are left out.
    pub wanted: Effect,
    /// Words without a meaning here, as they were written.
    pub not_understood: Vec<String>,
}

/// Nothing in a sentence says how a bar is to sound.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "nothing in {words:?} says how a bar is to sound; say for instance \"busier drums\", \"less bass\", \"a bit darker\", \
     \"no cymbals\" or \"off the beat\""
)]
pub struct NotUnderstood {
    /// The sentence.
    pub words: String,
}

/// Reads a sentence of ordinary English: "busier drums, a bit darker, without the bass".
///
/// Where wishes contradict each other, the one that says less about all else holds: "busier drums but calmer cymbals".
///
/// # Errors
/// [`NotUnderstood`] when no word of it wishes for anything; the message names what can be said.
pub fn read(sentence: &str) -> Result<Wish, NotUnderstood> {
    let mut reader = Reader::default();
    let words = words(sentence);
    let mut rest = &words[..];
    while let Some(word) = rest.first() {
        let (length, found) = lexicon::find(rest).map_or((1, None), |(length, meaning)| (length, Some(meaning)));
        match found {
            Some(meaning) => reader.take(meaning, word),
            None => reader.not_understood.push(word.written.clone()),
        }
        rest = &rest[length..];
    }
    reader.close(Break::But);
    let wanted = together(lean(reader.parts).iter().flat_map(Part::changes).collect());
    if wanted.is_empty() {
        return Err(NotUnderstood { words: sentence.to_owned() });
    }
    Ok(Wish { words: sentence.to_owned(), wanted, not_understood: reader.not_understood })
}

/// "No cymbals" wishes for more than "fewer cymbals".
const NONE_AT_ALL: f32 = 1.5;

/// One wish of a sentence, or what there is of it.
#[derive(Clone, Debug, Default)]
struct Part {
    qualities: Vec<&'static Quality>,
    sources: Vec<&'static Source>,
    direction: Option<Direction>,
    /// The direction of "up", "down" or "out"; nothing beside another one.
    particle: Option<Direction>,
    is_denied: bool,
    is_too_much: bool,
    is_enough: bool,
    is_kept: bool,
    /// Whether its first quality compares: "busier", not "busy".
    compares: bool,
    /// Whether a source was named before any quality.
    source_came_first: bool,
    degree: Option<f32>,
    in_time: Option<f32>,
    /// What parts it from the one before.
    after: Option<Break>,
}

/// What was read last, as far as it tells where a wish ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Last {
    #[default]
    Nothing,
    Quality,
    Source,
    Direction,
    Particle,
}

#[derive(Default)]
struct Reader {
    parts: Vec<Part>,
    part: Part,
    last: Last,
    /// A degree that belongs to what comes next, or to what came if nothing does.
    degree: Option<f32>,
    not_understood: Vec<String>,
}

impl Reader {
    fn take(&mut self, meaning: &'static Meaning, word: &Word) {
        match meaning {
            Meaning::Quality(quality) => self.take_quality(quality, word),
            Meaning::Source(source) => self.take_source(source),
            Meaning::Direction(direction) => {
                self.begin_if(self.part.has_quality() || self.part.has_direction() && self.part.has_source());
                self.part.direction = Some(*direction);
                self.read(Last::Direction);
            }
            Meaning::Particle(direction) => self.take_particle(*direction),
            Meaning::Not => {
                self.begin_if(self.part.has_quality() || self.part.has_direction() && self.part.has_source());
                self.part.is_denied = !self.part.is_denied;
                self.read(Last::Direction);
            }
            Meaning::Too => {
                self.begin_if(self.part.has_quality());
                self.part.is_too_much = true;
            }
            Meaning::Enough => self.part.is_enough = true,
            Meaning::Degree(degree) => self.degree = Some(*degree),
            Meaning::InTime(sign) => self.part.in_time = Some(*sign),
            Meaning::Keep => self.part.is_kept = true,
            Meaning::Break(parting) => self.close(*parting),
            Meaning::Filler => {}
        }
    }

    fn take_quality(&mut self, quality: &'static Quality, word: &Word) {
        // "Hit the drums harder": what only carries an adjective waits for it.
        let says_something = self.part.qualities.iter().any(|quality| quality.kind != Kind::Carrier);
        let is_whole = self.part.has_source() && (says_something || self.part.has_direction());
        // "More notes in the bass" goes on; "more bass brighter" does not.
        self.begin_if(is_whole && self.last == Last::Source && quality.kind == Kind::Adjective);
        if !self.part.has_quality() {
            self.part.compares = word.is_comparative();
            self.part.source_came_first = self.part.has_source();
        }
        self.part.qualities.push(quality);
        self.read(Last::Quality);
    }

    fn take_source(&mut self, source: &'static Source) {
        if self.part.has_source() {
            match self.last {
                // "Drums louder bass softer", "bass up drums down".
                Last::Quality | Last::Particle => self.begin_if(true),
                // "Drums less cymbals": the direction belongs to what follows.
                Last::Direction => {
                    let (direction, is_denied) = (self.part.direction.take(), std::mem::take(&mut self.part.is_denied));
                    let degree = self.part.degree.take();
                    self.begin_if(true);
                    (self.part.direction, self.part.is_denied, self.part.degree) = (direction, is_denied, degree);
                }
                Last::Source | Last::Nothing => {}
            }
        }
        self.part.sources.push(source);
        self.read(Last::Source);
    }

    fn take_particle(&mut self, direction: Direction) {
        // "Cut the bass down" and "strip it back" say the same twice; "energy down" does not.
        let is_said = self.part.direction.is_some() || self.part.qualities.iter().any(|quality| quality.kind == Kind::Adjective);
        if !is_said {
            self.part.particle = Some(direction);
            self.read(Last::Particle);
        }
    }

    /// Notes what was read, to which a degree before it belongs.
    fn read(&mut self, last: Last) {
        self.part.degree = self.degree.take().or(self.part.degree);
        self.last = last;
    }

    /// Begins another wish in the middle of a sentence. A degree that is waiting goes with it: "busier drums much brighter".
    fn begin_if(&mut self, begins: bool) {
        if begins {
            let degree = self.degree.take();
            self.close(Break::But);
            self.degree = degree;
        }
    }

    fn close(&mut self, parting: Break) {
        let mut part = std::mem::take(&mut self.part);
        // "Turn it down a bit".
        part.degree = self.degree.take().or(part.degree);
        // "With" and a comma side by side, or a break before the first word, part nothing.
        if part.is_empty() {
            let after = if parting == Break::Comma { part.after } else { Some(parting) };
            self.part.after = after;
        } else {
            self.parts.push(part);
            self.part.after = Some(parting);
        }
        self.last = Last::Nothing;
    }
}

impl Part {
    fn has_quality(&self) -> bool {
        !self.qualities.is_empty()
    }

    fn has_source(&self) -> bool {
        !self.sources.is_empty()
    }

    fn has_direction(&self) -> bool {
        self.way().is_some() || self.is_denied
    }

    fn way(&self) -> Option<Direction> {
        self.direction.or(self.particle)
    }

    fn is_empty(&self) -> bool {
        !self.has_quality() && !self.has_source() && !self.has_direction()
    }

    fn is_bare_source(&self) -> bool {
        self.has_source() && !self.has_quality() && !self.has_direction() && !self.is_too_much && !self.is_kept
    }

    fn is_bare_quality(&self) -> bool {
        self.has_quality() && !self.has_source()
    }

    /// Which way, 1 or −1, and further for none at all.
    fn sign(&self) -> f32 {
        let is_adjective = |quality: &&Quality| quality.kind == Kind::Adjective;
        let direction = match self.way() {
            Some(Direction::Less | Direction::Lower) => -1.0,
            // "Without harsh cymbals" asks for cymbals that are not harsh.
            Some(Direction::None) => {
                if self.qualities.iter().any(is_adjective) {
                    -1.0
                } else {
                    -NONE_AT_ALL
                }
            }
            Some(Direction::More | Direction::Raise) | None => 1.0,
        };
        // "Not busy enough" and "not enough bass" ask for more, and so would "enough" for what it is said of.
        let is_denied = self.is_denied && !self.is_enough;
        let turns = [is_denied, self.is_too_much].into_iter().filter(|turns| *turns).count();
        // "Not too busy" is as much as "not busy".
        if turns == 0 { direction } else { -direction }
    }

    /// The changes this part wishes for, each quality of each source by itself.
    fn changes(&self) -> Vec<Vec<(Descriptor, f32)>> {
        let scaled = |changes: Changes, factor: f32| -> Vec<(Descriptor, f32)> {
            let factor = factor * self.sign() * self.degree.unwrap_or(1.0);
            changes.iter().map(|(descriptor, change)| (*descriptor, factor * change)).collect()
        };
        let is_level = |quality: &Quality| matches!(quality.facet, Facet::Level | Facet::Size);
        if let Some(in_time) = self.in_time
            && (self.qualities.iter().any(|quality| is_level(quality)) || self.moves_level())
        {
            let size = self.qualities.iter().find(|quality| is_level(quality)).map_or(1.0, |quality| quality.size);
            return vec![scaled(&[(Descriptor::Swell, 1.0)], in_time * size)];
        }
        if self.has_quality() {
            let (qualities, factor) = self.said();
            let about = |quality: &'static Quality| -> Vec<Vec<(Descriptor, f32)>> {
                let own = || scaled(quality.changes, factor);
                if !self.has_source() {
                    return vec![own()];
                }
                let narrowed = |source: &&'static Source| match narrowed(quality.facet, source) {
                    Some(changes) => scaled(changes, factor * quality.size),
                    None => own(),
                };
                self.sources.iter().map(narrowed).collect()
            };
            return qualities.into_iter().flat_map(about).collect();
        }
        if self.has_source() {
            return self.sources.iter().flat_map(|source| self.amounts(source)).map(|changes| scaled(changes, 1.0)).collect();
        }
        if self.moves_level() { vec![scaled(&[(Descriptor::Loudness, 1.0)], 1.0)] } else { Vec::new() }
    }

    /// What is wished of a source without a quality.
    fn amounts(&self, source: &'static Source) -> Vec<Changes> {
        match self.way() {
            _ if self.is_kept && !self.has_direction() => Vec::new(),
            // Whoever does not play has no onsets either.
            Some(Direction::None) => vec![source.amount, source.activity],
            _ if self.moves_level() => vec![source.level],
            _ => vec![source.amount],
        }
    }

    /// Whether the direction is one of level: "turn down", "boost", "up".
    fn moves_level(&self) -> bool {
        matches!(self.way(), Some(Direction::Raise | Direction::Lower))
    }

    /// The qualities that say something of their own, and the factor that the others come to: in "lower volume" the adjective only says
    /// which way, in "long notes" the noun says nothing.
    fn said(&self) -> (Vec<&'static Quality>, f32) {
        let of_kind = |kind| self.qualities.iter().any(|quality| quality.kind == kind);
        let measures = |quality: &Quality| {
            quality.kind == Kind::Adjective && matches!(quality.facet, Facet::Level | Facet::Size | Facet::Height)
        };
        let (has_adjective, has_thing) = (of_kind(Kind::Adjective), of_kind(Kind::Thing));
        let mut factor = 1.0;
        let mut said = Vec::new();
        for &quality in &self.qualities {
            if has_thing && measures(quality) {
                factor *= quality.size;
            } else if quality.kind != Kind::Carrier || !has_adjective {
                said.push(quality);
            }
        }
        (said, factor)
    }
}

/// What a facet comes to in a source, for a size of 1; nothing where it is the same as for all.
fn narrowed(facet: Facet, source: &Source) -> Option<Changes> {
    match facet {
        Facet::Level | Facet::Size => Some(source.level),
        Facet::Activity => Some(source.activity),
        Facet::Body => source.body,
        Facet::Intricacy => Some(source.intricacy.unwrap_or(source.activity)),
        Facet::Height | Facet::Other => None,
    }
}

/// Gives parts what they lack and their neighbours have.
fn lean(mut parts: Vec<Part>) -> Vec<Part> {
    for index in 0..parts.len() {
        let before = index.checked_sub(1).map(|before| parts[before].clone());
        let after = parts.get(index + 1).cloned();
        let part = &mut parts[index];
        if let Some(before) = before {
            lean_back(part, &before);
        }
        if let Some(after) = after.filter(|after| after.after == Some(Break::And))
            && part.is_bare_quality()
            && after.has_quality()
            && after.has_source()
            && !after.source_came_first
            && !after.has_direction()
        {
            // "Busier and brighter drums".
            part.sources = after.sources;
        }
    }
    parts
}

fn lean_back(part: &mut Part, before: &Part) {
    let says_which_way = before.has_direction() || before.is_too_much;
    let is_joined = part.after == Some(Break::And);
    if part.is_bare_source() && part.after != Some(Break::But) && (says_which_way || before.has_quality() && before.has_source())
    {
        // "Less bass and drums", "louder bass and drums".
        part.qualities = before.qualities.clone();
        take_direction(part, before);
        part.degree = part.degree.or(before.degree);
        part.in_time = part.in_time.or(before.in_time);
    } else if is_joined && part.is_bare_quality() {
        if says_which_way && !part.has_direction() && !part.is_too_much && !part.compares && before.has_quality() {
            // "Not so loud and busy", but "less loud and busier".
            take_direction(part, before);
        }
        if before.source_came_first {
            // "Make the drums busier and brighter".
            part.sources = before.sources.clone();
            part.source_came_first = true;
        }
    }
}

fn take_direction(part: &mut Part, before: &Part) {
    (part.direction, part.particle) = (before.direction, before.particle);
    (part.is_denied, part.is_too_much, part.is_enough) = (before.is_denied, before.is_too_much, before.is_enough);
}

/// All wishes in one. What is said twice counts once, as the stronger of the two; of a contradiction the wish about fewer things counts,
/// and of two about as many the later.
fn together(mut wishes: Vec<Vec<(Descriptor, f32)>>) -> Effect {
    wishes.sort_by_key(|wish| std::cmp::Reverse(wish.len()));
    let mut wanted: BTreeMap<Descriptor, f32> = BTreeMap::new();
    for (descriptor, change) in wishes.into_iter().flatten() {
        let held = wanted.entry(descriptor).or_insert(change);
        let agrees = *held * change > 0.0;
        if !agrees || change.abs() > held.abs() {
            *held = change;
        }
    }
    wanted
}

#[cfg(test)]
mod tests;
