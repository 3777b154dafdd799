//! The words that are understood, and what each wishes for.
//!
//! A word is entered once, in its plainest form; inflections lead to it. Several words in a row may be one entry, and the longest entry
//! counts: "bass drum" is a kick, and no bass. A word says only what most musicians would take it for: the more descriptors it names,
//! the less each of them is what was meant.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use turnaround_core::descriptors::Descriptor::{
    self, Bass, BassDensity, Brightness, Density, Loudness, Middle, Movement, Noisiness, Punch, Register, Richness, Sustain,
    Swell, Syncopation, Top, TopDensity,
};

use super::words::Word;

/// Changes by descriptor, in standard deviations; 1 is a plain wish.
pub(super) type Changes = &'static [(Descriptor, f32)];

/// What a word does to the wish it stands in.
#[derive(Debug, PartialEq)]
pub(super) enum Meaning {
    /// How something is to sound.
    Quality(Quality),
    /// What is to sound so.
    Source(Source),
    /// More, less or none of what follows.
    Direction(Direction),
    /// "Up", "down" and "out", which stand before or behind what they move.
    Particle(Direction),
    /// What comes is not wanted; turns a direction round.
    Not,
    /// What is there is too much of it.
    Too,
    /// With "not": more of it is wanted after all.
    Enough,
    /// How much, as a factor.
    Degree(f32),
    /// The level is to get there in time: above 0 at the end, below at the start.
    InTime(f32),
    /// What comes is to stay.
    Keep,
    /// Between two wishes.
    Break(Break),
    /// Nothing.
    Filler,
}

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Direction {
    More,
    Less,
    /// None at all.
    None,
    /// More of its level: boost, raise.
    Raise,
    /// Less of its level: cut, reduce.
    Lower,
}

/// What parts two wishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Break {
    /// "And", "or": the second may lean on the first.
    And,
    /// A comma.
    Comma,
    /// "But", "with": the second stands for itself.
    But,
}

/// What an adjective is about, which a source may narrow: a busier bass is another thing than busier cymbals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Facet {
    /// Loud or soft.
    Level,
    /// Busy or calm.
    Activity,
    /// Full or thin.
    Body,
    /// Intricate or simple.
    Intricacy,
    /// Strong or weak: a level where a source is named, and more or less where a thing is.
    Size,
    /// High or low: more or less where a thing is named.
    Height,
    /// The same for every source.
    Other,
}

/// How something is to sound.
#[derive(Debug, PartialEq)]
pub(super) struct Quality {
    pub facet: Facet,
    /// Which way along the facet, and how far.
    pub size: f32,
    /// What it wishes for where the source has no meaning of its own for the facet.
    pub changes: Changes,
    pub kind: Kind,
}

/// What part of speech a quality is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Adjective,
    /// A thing that there can be more or less of: energy, punch.
    Thing,
    /// A thing that mostly carries an adjective and means nothing beside it: notes, hits.
    Carrier,
}

/// Who or what sounds.
#[derive(Debug, PartialEq)]
pub(super) struct Source {
    /// More of it.
    pub amount: Changes,
    /// A louder one.
    pub level: Changes,
    /// A busier one.
    pub activity: Changes,
    /// A fuller one; nothing where that is the same as for all.
    pub body: Option<Changes>,
    /// A more intricate one; nothing where that is a busier one.
    pub intricacy: Option<Changes>,
}

const fn quality(facet: Facet, size: f32, changes: Changes) -> Meaning {
    Meaning::Quality(Quality { facet, size, changes, kind: Kind::Adjective })
}

const fn plain(changes: Changes) -> Meaning {
    quality(Facet::Other, 1.0, changes)
}

const fn thing(facet: Facet, changes: Changes) -> Meaning {
    Meaning::Quality(Quality { facet, size: 1.0, changes, kind: Kind::Thing })
}

const fn carrier(facet: Facet, changes: Changes) -> Meaning {
    Meaning::Quality(Quality { facet, size: 1.0, changes, kind: Kind::Carrier })
}

const fn source(amount: Changes, level: Changes, activity: Changes) -> Meaning {
    Meaning::Source(Source { amount, level, activity, body: None, intricacy: None })
}

/// Level and size.
const LOUD: &[(&str, Meaning)] = &[
    (
        "loud, forte, fortissimo, blaring, blasting, deafening, thunderous, amplify, crank, cranked",
        quality(Facet::Level, 1.0, &[(Loudness, 1.0)]),
    ),
    (
        "quiet, soft, hushed, pianissimo, subdued, faint, low key, whispery, whisper, whispered",
        quality(Facet::Level, -1.0, &[(Loudness, -1.0)]),
    ),
    (
        "strong, big, huge, massive, prominent, forward, up front, upfront, present, dominant",
        quality(Facet::Size, 1.0, &[(Loudness, 1.0)]),
    ),
    ("powerful", quality(Facet::Size, 1.0, &[(Loudness, 1.0), (Punch, 1.0)])),
    ("weak, small, buried, tucked back, in the background, tamed, tame", quality(Facet::Size, -1.0, &[(Loudness, -1.0)])),
    ("heavy, weighty, pesante", quality(Facet::Size, 1.0, &[(Loudness, 1.0), (Bass, 1.0)])),
    ("light, weightless, leggiero", quality(Facet::Size, -1.0, &[(Loudness, -1.0), (Bass, -1.0)])),
    ("gentle, tender, delicate, intimate, feathery, dolce", quality(Facet::Level, -1.0, &[(Loudness, -1.0), (Punch, -1.0)])),
    ("hard, aggressive, forceful, fierce, violent, brutal", quality(Facet::Size, 1.0, &[(Loudness, 1.0), (Punch, 1.0)])),
    ("volume, level, loudness", thing(Facet::Level, &[(Loudness, 1.0)])),
    ("energy, intensity, power, oomph, excitement", thing(Facet::Activity, &[(Loudness, 1.0), (Density, 1.0)])),
    (
        "energetic, intense, exciting, wild, explosive, furious, intensify",
        quality(Facet::Activity, 1.0, &[(Loudness, 1.0), (Density, 1.0)]),
    ),
    ("driving", quality(Facet::Activity, 1.0, &[(Density, 1.0), (Punch, 1.0)])),
];

/// How much goes on.
const BUSY: &[(&str, Meaning)] = &[
    (
        "busy, active, hectic, frantic, frenetic, frenzied, chaotic, florid, ornate, lively, dense, crowded, cluttered, \
         packed, animated, restless, fast, quick, rapid, fill, filled in, drum roll, double time, subdivided, eighth note, \
         eighths, sixteenth note, sixteenths, quaver, semiquaver, triplet, kick it up",
        quality(Facet::Activity, 1.0, &[(Density, 1.0)]),
    ),
    (
        "sparse, minimal, minimalist, stripped, strip, strip back, strip down, stripped back, stripped down, empty, \
         spacious, uncluttered, open, thin out, thinned out, pared back, pared down, laid back, lay back, breathe, slow, \
         half time, half note, whole note, minim, semibreve, lazy, simmer down, restrained, spare",
        quality(Facet::Activity, -1.0, &[(Density, -1.0)]),
    ),
    (
        "calm, calm down, relaxed, relax, chill, chilled, peaceful, settle, settled, settle down, still, tranquil, serene",
        quality(Facet::Activity, -1.0, &[(Density, -1.0), (Loudness, -0.5)]),
    ),
    ("activity, density, busyness, going on, pace, detail, ornament, embellishment", thing(Facet::Activity, &[(Density, 1.0)])),
    ("note, hit, onset, stroke, strike, event", carrier(Facet::Activity, &[(Density, 1.0)])),
    (
        "space, room, gap, rest, silence, breathing room, breathing space, room to breathe",
        Meaning::Quality(Quality { facet: Facet::Activity, size: -1.0, changes: &[(Density, -1.0)], kind: Kind::Thing }),
    ),
    ("walk, walking bass, bass walk, walking bassline, walking bass line", plain(&[(BassDensity, 1.0)])),
    ("two feel, in two", plain(&[(BassDensity, -1.0)])),
];

/// What spectra sound like.
const TONE: &[(&str, Meaning)] = &[
    ("bright, brighten up, brilliant, radiant, metallic, glistening, sunny, shiny, luminous", plain(&[(Brightness, 1.0)])),
    ("dark, dull, dim, mellow, dusky, gloomy", plain(&[(Brightness, -1.0)])),
    (
        "muffled, muted, veiled, dampened, damped, woolly, hazy, foggy, filtered, under a blanket",
        plain(&[(Brightness, -1.0), (Top, -1.0)]),
    ),
    ("warm", plain(&[(Brightness, -1.0), (Middle, 1.0)])),
    ("cold, icy, glassy", plain(&[(Brightness, 1.0), (Middle, -1.0)])),
    ("warmth", thing(Facet::Other, &[(Brightness, -1.0), (Middle, 1.0)])),
    (
        "airy, air, sparkle, sparkling, sparkly, shimmer, shimmering, shimmery, top heavy, sizzle, sizzling, glitter, crisp",
        plain(&[(Top, 1.0)]),
    ),
    ("harsh, abrasive, strident", plain(&[(Brightness, 1.0), (Noisiness, 1.0)])),
    ("shrill, piercing, screechy, trebly", plain(&[(Brightness, 1.0), (Top, 1.0)])),
    ("tinny", plain(&[(Brightness, 1.0), (Bass, -1.0)])),
    ("mud, muddy, murky", plain(&[(Brightness, -1.0), (Bass, 1.0)])),
    (
        "noisy, gritty, dirty, fuzzy, rough, distorted, hissy, raspy, grainy, breathy, scratchy, raw, lo fi, trashy, \
         crunchy, washy, grungy, buzzing, buzzy, rustling",
        plain(&[(Noisiness, 1.0)]),
    ),
    ("clean, clear, pure, tonal, clean up, cleaned up, pristine, polished, crystal clear", plain(&[(Noisiness, -1.0)])),
    ("noise, hiss, grit, distortion, dirt, fuzz, static noise, crackle", thing(Facet::Level, &[(Noisiness, 1.0)])),
    ("clarity, purity, definition", thing(Facet::Other, &[(Noisiness, -1.0)])),
    ("bassy, boomy, booming, boom, bass heavy, bottom heavy, subby, sub heavy, rumbling, rumble", plain(&[(Bass, 1.0)])),
    ("deep", quality(Facet::Size, 1.0, &[(Bass, 1.0), (Register, -1.0)])),
    ("full, full bodied, thick, fat, beefy, meaty, chunky", quality(Facet::Body, 1.0, &[(Middle, 1.0)])),
    ("thin, hollow, scooped, skinny, lean", quality(Facet::Body, -1.0, &[(Middle, -1.0)])),
    ("body", thing(Facet::Other, &[(Middle, 1.0)])),
    ("honky, boxy, nasal", plain(&[(Middle, 1.0)])),
];

/// How notes begin, last and grow.
const SHAPE: &[(&str, Meaning)] = &[
    (
        "punchy, percussive, snappy, snap, accented, attacky, spiky, pointed, hit hard, hard hitting, hits hard, sharp, \
         crack, cracking, thump, thumping, thumpy, pounding, slamming, slam, edgy, biting, tight, thud, marcato, sforzando, with sticks, sticks",
        plain(&[(Punch, 1.0)]),
    ),
    (
        "smooth, flowing, fluid, silky, rounded, round, soft attack, soft attacks, gentle attack, slow attack, creamy, \
         velvety, blurred, washed out, mushy, brushed, with brushes, brush",
        plain(&[(Punch, -1.0)]),
    ),
    ("take the edge off", plain(&[(Brightness, -1.0), (Punch, -1.0)])),
    ("dreamy, floaty, ambient, atmospheric", plain(&[(Punch, -1.0), (Sustain, 1.0)])),
    ("punch, attack, impact, bite, transient, accent, kick to it", thing(Facet::Other, &[(Punch, 1.0)])),
    (
        "legato, sustained, sustaining, long, held, hold, ringing, ring, ring out, let ring, let it ring, drawn out, \
         lingering, linger, resonant, connected, tied, continuous, prolonged, stretched out, tenuto, arco, bowed, \
         compressed",
        plain(&[(Sustain, 1.0)]),
    ),
    (
        "staccato, choppy, chopped, short, clipped, stabby, stab, detached, abrupt, cut off, truncated, stop start, \
         stuttering, stutter, gated, dry, drier, spiccato, pizzicato, plucked, jerky, broken up, jagged",
        plain(&[(Sustain, -1.0)]),
    ),
    ("sustain, resonance", thing(Facet::Other, &[(Sustain, 1.0)])),
    (
        "swell, crescendo, cresc, build, build up, buildup, building up, grow, growing, rise, rising, ramp up, get louder, grow \
         louder, become louder, louder and louder, start soft, start quiet, end loud, soft to loud, quiet to loud, bloom, \
         surge, escalate",
        plain(&[(Swell, 1.0)]),
    ),
    (
        "fade, fade out, fade away, diminuendo, decrescendo, decresc, morendo, die away, dies away, die down, dying away, decay, decaying, \
         taper, taper off, wind down, get softer, get quieter, grow softer, grow quieter, become softer, become quieter, \
         softer and softer, quieter and quieter, start loud, end soft, end quiet, loud to soft, loud to quiet, dwindle, \
         subside, diminish, peter out, trail off, tail off, ebb, recede",
        plain(&[(Swell, -1.0)]),
    ),
];

/// Pitch and time.
const PITCH_AND_TIME: &[(&str, Meaning)] = &[
    (
        "high, high pitched, upper, move up, move it up, an octave up, octave up, up an octave, octave higher",
        quality(Facet::Height, 1.0, &[(Register, 1.0)]),
    ),
    (
        "low, low pitched, move down, move it down, drop it an octave, an octave down, octave down, down an octave, octave \
         lower",
        quality(Facet::Height, -1.0, &[(Register, -1.0)]),
    ),
    ("pitch, transpose, register, octave, tessitura", thing(Facet::Other, &[(Register, 1.0)])),
    ("rich, lush, jazzy, colourful, colorful, extended", quality(Facet::Body, 1.0, &[(Richness, 1.0)])),
    ("complex, intricate, sophisticated, elaborate", quality(Facet::Intricacy, 1.0, &[(Density, 1.0), (Richness, 1.0)])),
    ("simple, simplify, simplified, basic, bare", quality(Facet::Intricacy, -1.0, &[(Density, -1.0), (Richness, -1.0)])),
    (
        "plain, consonant, triadic, unison, open voicing, open chord, power chord",
        quality(Facet::Intricacy, -1.0, &[(Richness, -1.0)]),
    ),
    ("dissonant, clashing, tense, chromatic, dense chord, dense harmony, cluster", plain(&[(Richness, 1.0)])),
    ("complexity", thing(Facet::Intricacy, &[(Density, 1.0), (Richness, 1.0)])),
    ("richness, colour, color, extension, tension", thing(Facet::Body, &[(Richness, 1.0)])),
    (
        "movement, motion, melodic movement, harmonic movement, harmonic motion, chord change, change of chord, change, \
         harmonic rhythm, variation, variety",
        thing(Facet::Activity, &[(Movement, 1.0)]),
    ),
    ("moving, melodic, changing, wandering, evolving, meandering, varied", quality(Facet::Activity, 1.0, &[(Movement, 1.0)])),
    (
        "static, unmoving, repetitive, monotone, monotonous, droning, drone, pedal, pedal point, stay on one chord, one \
         chord, one note",
        quality(Facet::Other, 1.0, &[(Movement, -1.0)]),
    ),
    (
        "syncopated, syncopate, off the beat, off beat, offbeat, off the grid, between the beats, funky, groovy, swinging, \
         swung, swing, across the beat, against the beat, displaced, shuffle, bouncy, upbeats, anticipate, anticipate the \
         beat, ahead of the beat, behind the beat, on the and, swing harder",
        plain(&[(Syncopation, 1.0)]),
    ),
    (
        "straight, on the beat, on beat, onbeat, on the beats, square, four on the floor, on the grid, metronomic, on top \
         of the beat, regular, steady, stiff, rigid, robotic, mechanical, quantised, quantized, marching, foursquare, on \
         the downbeat, on every beat, on all four beats, dead on the beat",
        plain(&[(Syncopation, -1.0)]),
    ),
    ("syncopation, funk, groove, bounce", thing(Facet::Other, &[(Syncopation, 1.0)])),
];

/// What is played or heard at the bottom.
const LOW: Meaning = Meaning::Source(Source {
    amount: &[(Bass, 1.0)],
    level: &[(Bass, 1.0)],
    activity: &[(BassDensity, 1.0)],
    body: Some(&[(Bass, 1.0)]),
    intricacy: None,
});

/// Who or what sounds.
const SOURCES: &[(&str, Meaning)] = &[
    ("bass, bassline, bass line, double bass, upright bass, bass guitar, bassist, bass player, bass part", LOW),
    ("low end, lows, bottom, bottom end, low frequency, low frequencies, sub, subs, sub bass", LOW),
    (
        "kick, bass drum, kick drum",
        Meaning::Source(Source {
            amount: &[(Bass, 1.0), (Punch, 1.0)],
            level: &[(Bass, 1.0), (Punch, 1.0)],
            activity: &[(BassDensity, 1.0)],
            body: Some(&[(Bass, 1.0)]),
            intricacy: None,
        }),
    ),
    (
        "snare, snare drum, rimshot, tom, clap, conga, bongo",
        source(&[(Punch, 1.0), (Density, 1.0)], &[(Punch, 1.0)], &[(Density, 1.0)]),
    ),
    (
        "drum, drummer, drumming, drum part, drum kit, percussion, kit, beat",
        source(
            &[(Density, 1.0), (TopDensity, 1.0), (Punch, 1.0)],
            &[(Loudness, 1.0), (Punch, 1.0)],
            &[(Density, 1.0), (TopDensity, 1.0), (Punch, 1.0)],
        ),
    ),
    (
        "cymbal, ride, ride cymbal, hat, hi hat, hihat, high hat, crash, crash cymbal, shaker, tambourine, splash",
        source(&[(Top, 1.0), (TopDensity, 1.0)], &[(Top, 1.0)], &[(TopDensity, 1.0)]),
    ),
    (
        "highs, treble, top, top end, high end, high frequency, high frequencies",
        source(&[(Top, 1.0)], &[(Top, 1.0)], &[(TopDensity, 1.0)]),
    ),
    ("mids, mid, midrange, mid range, middle, middle frequencies", source(&[(Middle, 1.0)], &[(Middle, 1.0)], &[(Density, 1.0)])),
    (
        "chord, harmony, harmonies, voicing, triad",
        Meaning::Source(Source {
            amount: &[(Richness, 1.0)],
            level: &[(Middle, 1.0)],
            activity: &[(Movement, 1.0)],
            body: Some(&[(Richness, 1.0)]),
            intricacy: Some(&[(Richness, 1.0)]),
        }),
    ),
    (
        "piano, pianist, guitar, guitarist, keys, keyboard, organ, rhodes, strings, vibraphone, vibes, pad, synth, comping, \
         accompaniment",
        Meaning::Source(Source {
            amount: &[(Middle, 1.0)],
            level: &[(Middle, 1.0)],
            activity: &[(Density, 1.0)],
            body: None,
            intricacy: Some(&[(Richness, 1.0)]),
        }),
    ),
    (
        "melody, tune on top, solo, soloist, lead, horn, horns, brass, sax, saxophone, trumpet, trombone, flute, clarinet, \
         violin, voice, vocal, singer",
        source(&[(Movement, 1.0)], &[(Middle, 1.0)], &[(Movement, 1.0), (Density, 1.0)]),
    ),
];

/// Words that say which way, how much, and where a wish ends.
const GRAMMAR: &[(&str, Meaning)] = &[
    (
        "more, add, added, extra, another, additional, plenty, plenty of, lots of, heaps of, loads of, tons of, bring back",
        Meaning::Direction(Direction::More),
    ),
    (
        "less, fewer, half as, not so, not as, hardly any, hardly, barely any, barely, instead of, rather than, without \
         getting, without being, without becoming, without making it, ease off, ease up on, go easy on, easy on",
        Meaning::Direction(Direction::Less),
    ),
    (
        "no, no more, without, none, neither, lay out, remove, removed, lose, kill, mute, drop, drop out, take out, get rid \
         of, take away, zero, leave out, omit, minus, cut out, eliminate",
        Meaning::Direction(Direction::None),
    ),
    (
        "raise, boost, boosted, increase, increased, turn up, bring up, bring out, push, pushed, emphasise, emphasize, \
         enhance, amp up, pump up, beef up",
        Meaning::Direction(Direction::Raise),
    ),
    (
        "reduce, reduced, decrease, cut, lower the, turn down, bring down, tone down, dial back, dial down, hold back, pull \
         back, back off, roll off, scale back, ease back, rein in, attenuate",
        Meaning::Direction(Direction::Lower),
    ),
    ("up", Meaning::Particle(Direction::Raise)),
    ("down, back", Meaning::Particle(Direction::Lower)),
    ("out, off", Meaning::Particle(Direction::None)),
    ("not, dont, never, isnt, arent, doesnt, shouldnt, avoid, stop, not too, not very, not overly", Meaning::Not),
    ("too, too much, too many, overly, excessively, too much of", Meaning::Too),
    ("enough", Meaning::Enough),
    (
        "slightly, bit, little, touch, tad, hint, subtly, subtle, marginally, shade, notch, tiny bit, little bit",
        Meaning::Degree(0.5),
    ),
    ("somewhat, kind of, sort of, fairly, moderately", Meaning::Degree(0.75)),
    (
        "much, very, far, way, lot, lots, really, super, considerably, significantly, noticeably, twice as, seriously, \
         loads",
        Meaning::Degree(1.5),
    ),
    ("extremely, completely, totally, utterly, incredibly, massively, as possible, maximum, dramatically", Meaning::Degree(2.0)),
    (
        "gradually, progressively, steadily, over time, over the bar, at the end, towards the end, toward the end, by the \
         end, into the end, become, becoming, slowly, in the second half, as it goes, as it goes on, across the bar, \
         through the bar",
        Meaning::InTime(1.0),
    ),
    ("at the start, at the beginning, at first, to begin with, in the first half", Meaning::InTime(-1.0)),
    ("keep, leave, retain, preserve", Meaning::Keep),
    ("and, or, nor, plus, then, as well as", Meaning::Break(Break::And)),
    (",", Meaning::Break(Break::Comma)),
    ("but, with, while, yet, though, although, instead, having", Meaning::Break(Break::But)),
    (
        "the rest, rest of the, on top, quarter note, nothing but, to nothing, to a climax, to a peak, than it starts, than \
         before, often, harmonic, harmonically, rhythmic, rhythmically, move, shift, dial, pull, roll, the, a, an, it, its, \
         this, that, these, those, them, they, there, make, made, making, please, want, i, id, im, me, my, we, us, you, \
         your, would, like, could, can, should, will, let, lets, give, giving, get, getting, have, has, be, being, is, are, \
         was, some, of, in, for, to, at, on, by, bar, music, part, sound, feel, feeling, play, player, just, also, now, do, \
         does, go, come, try, need, overall, everything, all, whole, thing, something, here, so, as, than, song, track, \
         tune, mix, line, turn, bring, put, use, take, into, over, through, from, style, any, many, most, quite, rather, \
         even, only, again, bars, tone, texture, character, approach, section, passage, phrase, instrument, band, \
         frequencies, frequency, pattern, rhythm, dynamics, wise, one, same, time, sense, tad of, where, who, when, what, \
         which, might, must, shall, up to, well, ok, hey, bunch, end",
        Meaning::Filler,
    ),
];

/// An entry: its words, and what they mean.
#[derive(Debug)]
struct Entry {
    words: Vec<&'static str>,
    meaning: &'static Meaning,
}

/// Entries by the first of their words, those of most words first.
static ENTRIES: LazyLock<BTreeMap<&'static str, Vec<Entry>>> = LazyLock::new(|| {
    let mut entries: BTreeMap<&str, Vec<Entry>> = BTreeMap::new();
    for (phrases, meaning) in rows() {
        for phrase in phrases.split(',').map(str::trim) {
            // The comma is an entry itself.
            let words: Vec<&str> = if phrase.is_empty() { vec![","] } else { phrase.split_whitespace().collect() };
            entries.entry(words[0]).or_default().push(Entry { words, meaning });
        }
    }
    entries.values_mut().for_each(|entries| entries.sort_by_key(|entry| std::cmp::Reverse(entry.words.len())));
    entries
});

fn rows() -> impl Iterator<Item = &'static (&'static str, Meaning)> {
    [LOUD, BUSY, TONE, SHAPE, PITCH_AND_TIME, SOURCES, GRAMMAR].into_iter().flatten()
}

/// The entry that these words begin with: of several the longest, then the one whose first word is least inflected. How many words it
/// takes, and what it means.
pub(super) fn find(words: &[Word]) -> Option<(usize, &'static Meaning)> {
    let first = words.first()?;
    let mut found: Option<&Entry> = None;
    for form in &first.forms {
        for entry in ENTRIES.get(form.as_str()).into_iter().flatten() {
            let is_longer = found.is_none_or(|found| entry.words.len() > found.words.len());
            if is_longer && stands(entry, words) {
                found = Some(entry);
            }
        }
    }
    found.map(|entry| (entry.words.len(), entry.meaning))
}

fn stands(entry: &Entry, words: &[Word]) -> bool {
    entry.words.len() <= words.len()
        && entry.words.iter().zip(words).all(|(entered, word)| word.forms.iter().any(|form| form == entered))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::words::words;
    use super::*;

    #[test]
    fn no_phrase_is_entered_twice() {
        let mut seen = BTreeSet::new();
        for (phrases, _) in rows().filter(|(phrases, _)| *phrases != ",") {
            for phrase in phrases.split(',').map(str::trim) {
                assert!(!phrase.is_empty() && seen.insert(phrase), "{phrase:?} in {phrases:?}");
            }
        }
        assert!(seen.len() > 400, "{} phrases", seen.len());
    }

    #[test]
    fn every_descriptor_can_be_wished_for() {
        let mut named = BTreeSet::new();
        for (_, meaning) in rows() {
            match meaning {
                Meaning::Quality(quality) => named.extend(quality.changes.iter().map(|(descriptor, _)| *descriptor)),
                Meaning::Source(source) => named.extend(source.amount.iter().map(|(descriptor, _)| *descriptor)),
                _ => {}
            }
        }
        assert_eq!(named, Descriptor::ALL.into_iter().collect());
    }

    #[test]
    fn the_longest_entry_counts_whatever_the_inflection() {
        let length = |text| find(&words(text)).map(|(length, _)| length);
        assert_eq!(length("bass drums"), Some(2));
        assert_eq!(length("bass and drums"), Some(1));
        assert_eq!(length("fading out slowly"), Some(2));
        assert_eq!(length("lydian"), None);
        assert_eq!(length(", darker"), Some(1));
    }
}
