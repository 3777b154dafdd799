//! The things that are compared with the original bars: outside anchors, ceilings, the set at several numbers of calls, and floors.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use rayon::prelude::*;
use turnaround_core::noise::levels_down_to;

use super::anchors::opus::{self, Band, Coded};
use super::bed::{Bed, Passage, Place};
use super::probe::{Bar, Probe};

/// Decoder calls that are compared.
pub const CALLS: [usize; 6] = [0, 2, 4, 8, 16, 32];

/// Bits a second the anchor is given, and its band. At 12 kbit/s it takes the whole one by itself.
pub const OPUS: [(u32, Band); 5] =
    [(12_000, Band::Own), (8_000, Band::Own), (6_000, Band::Own), (8_000, Band::Wide), (6_000, Band::Wide)];

/// Seconds over which a passage's units fade into each other.
const FADE_S: f64 = 0.020;

/// One thing that is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    /// The original itself: what a perfect answer measures.
    Original,
    /// The original after Opus, at bits a second.
    Opus(u32, Band),
    /// The original's magnitudes with random phases.
    RandomPhases,
    /// Latents and back, as a bar is played: what everything below is made by as well.
    Played,
    /// Latents and back, by a number of decoder calls at even levels; 0 plays what the latents expect, which is what calls must beat.
    Calls(usize),
    /// Latents, slots and back: the bar as the dynamics sees it.
    ThroughSlots,
    /// Stretched to the length of a bar's slots, latents, and back: the adapter's rival.
    Warped,
    /// The same stretch there and back without latents: what it costs by itself.
    WarpAlone,
    /// Decoded from the latents of another bar: what must be bad if latents are listened to.
    Swapped,
    /// Another bar of the bed: what no likeness at all measures.
    OtherBar,
}

impl Row {
    /// Those that are measured bar by bar, in the order of the table.
    pub fn of_bars() -> Vec<Row> {
        let opus = OPUS.into_iter().map(|(bits, band)| Row::Opus(bits, band));
        let calls = CALLS.into_iter().map(Row::Calls);
        const LAST: [Row; 5] = [Row::ThroughSlots, Row::Warped, Row::WarpAlone, Row::Swapped, Row::OtherBar];
        let first = [Row::Original].into_iter().chain(opus).chain([Row::RandomPhases, Row::Played]);
        first.chain(calls).chain(LAST).collect()
    }

    /// Those that are made of whole passages too.
    pub fn of_passages() -> Vec<Row> {
        let opus = OPUS.into_iter().map(|(bits, band)| Row::Opus(bits, band));
        let own = [Row::RandomPhases, Row::Calls(0), Row::Played];
        opus.chain(own).chain([Row::ThroughSlots, Row::Warped, Row::WarpAlone]).collect()
    }

    /// Its name in tables.
    pub fn name(self) -> String {
        match self {
            Row::Original => "the original".to_owned(),
            Row::Opus(bits, Band::Own) => format!("Opus, {} kbit/s", bits / 1000),
            Row::Opus(bits, Band::Wide) => format!("Opus, {} kbit/s, held to 8 kHz", bits / 1000),
            Row::RandomPhases => "true magnitudes, random phases".to_owned(),
            Row::Played => "round trip, as played".to_owned(),
            Row::Calls(0) => "what the latents expect, no call".to_owned(),
            Row::Calls(calls) => format!("round trip, {calls} calls"),
            Row::ThroughSlots => "through slots and back".to_owned(),
            Row::Warped => "warped to one length and back".to_owned(),
            Row::WarpAlone => "warped and back, no tokenizer".to_owned(),
            Row::Swapped => "latents of another bar".to_owned(),
            Row::OtherBar => "another bar itself".to_owned(),
        }
    }
}

/// Pieces of a bed after Opus, whole.
#[derive(Default)]
pub struct Anchors {
    coded: BTreeMap<(usize, (u32, Band)), Coded>,
}

impl Anchors {
    /// Codes every piece that is measured, at every rate.
    pub fn of(bed: &Bed, pieces: &BTreeSet<usize>, probe: &Probe) -> Result<Self> {
        let jobs: Vec<(usize, (u32, Band))> = pieces.iter().flat_map(|piece| OPUS.map(|how| (*piece, how))).collect();
        let code = |&(piece, how): &(usize, (u32, Band))| {
            Ok(((piece, how), opus::coded(&bed.pieces[piece].audio, probe.rate, how.0, how.1)?))
        };
        Ok(Self { coded: jobs.par_iter().map(code).collect::<Result<_>>()? })
    }

    /// Bits a second that all its packets at a rate took, on average.
    pub fn bits_per_second(&self, bits: u32, band: Band) -> f64 {
        let of_rate = || self.coded.iter().filter(|((_, how), _)| *how == (bits, band)).map(|(_, coded)| coded);
        let samples: usize = of_rate().map(|coded| coded.samples.len()).sum();
        of_rate().map(|coded| coded.bits_per_second * coded.samples.len() as f64).sum::<f64>() / samples as f64
    }

    fn piece(&self, piece: usize, how: (u32, Band)) -> Result<&[f32]> {
        Ok(&self.coded.get(&(piece, how)).context("every measured piece was coded")?.samples)
    }
}

/// Makes the rows of one bed.
pub struct Maker<'a> {
    /// The set.
    pub probe: &'a Probe<'a>,
    /// The music.
    pub bed: &'a Bed,
    /// Its coded pieces.
    pub anchors: &'a Anchors,
    /// Seed of all noise.
    pub seed: u64,
}

/// A bar beside what was made of it, both with the lead before them and equally long.
pub struct Pair {
    /// As it was.
    pub original: Vec<f32>,
    /// As it came out.
    pub made: Vec<f32>,
}

impl Maker<'_> {
    /// The row `row` of bar number `index`; nothing where a bar that it needs is not among those measured.
    pub fn bar(&self, row: Row, places: &[Place], bars: &[Bar], index: usize) -> Result<Option<Pair>> {
        let (bar, place) = (&bars[index], places[index]);
        let (length, seed) = (self.bed.range(place).len(), self.seed + index as u64);
        let made = match row {
            Row::Original => bar.original.clone(),
            Row::Opus(bits, band) => self.coded_bar(place, (bits, band))?,
            Row::RandomPhases => self.probe.with_random_phases(bar, length, seed),
            Row::Played => self.probe.decode(&bar.latents, length, seed)?,
            Row::Calls(calls) => self.probe.decode_at(&bar.latents, length, &even_levels(calls), seed)?,
            Row::ThroughSlots => self.probe.decode(&self.probe.through_slots(bar)?, length, seed)?,
            Row::Warped => self.warped(place, true, seed)?,
            Row::WarpAlone => self.warped(place, false, seed)?,
            Row::Swapped => match other_of_same_length(bars, index) {
                Some(other) => self.probe.decode(&other.latents, length, seed)?,
                None => return Ok(None),
            },
            Row::OtherBar => match other_of_same_length(bars, index) {
                Some(other) => other.original.clone(),
                None => return Ok(None),
            },
        };
        // Two bars of as many tokens may differ by some samples.
        let common = made.len().min(bar.original.len());
        Ok(Some(Pair { original: bar.original[..common].to_vec(), made: made[..common].to_vec() }))
    }

    /// The row `row` of a passage: its units one after the other, each decoded with its true surroundings, faded into each other.
    ///
    /// # Panics
    /// If the row is none of passages.
    pub fn passage(&self, row: Row, passage: &Passage, number: usize) -> Result<Vec<f32>> {
        if let Row::Opus(bits, band) = row {
            return Ok(self.anchors.piece(passage.piece, (bits, band))?[self.bed.span(passage)].to_vec());
        }
        self.joined(passage, number, |place, bar, seed| {
            let length = self.bed.range(place).len();
            match row {
                Row::RandomPhases => Ok(self.probe.with_random_phases(bar, length, seed)),
                Row::Played => self.probe.decode(&bar.latents, length, seed),
                Row::Calls(calls) => self.probe.decode_at(&bar.latents, length, &even_levels(calls), seed),
                Row::ThroughSlots => self.probe.decode(&self.probe.through_slots(bar)?, length, seed),
                Row::Warped => self.warped(place, true, seed),
                Row::WarpAlone => self.warped(place, false, seed),
                row => unreachable!("{row:?} is not made of passages"),
            }
        })
    }

    /// A passage of units that `make` makes, each the lead before it, from the encoded unit and a seed.
    ///
    /// # Errors
    /// When the encoder fails, or those of `make`.
    pub fn joined(
        &self,
        passage: &Passage,
        number: usize,
        make: impl Fn(Place, &Bar, u64) -> Result<Vec<f32>>,
    ) -> Result<Vec<f32>> {
        let mut joined = Vec::new();
        for unit in passage.units.clone() {
            let place = Place { piece: passage.piece, unit };
            let bar = self.probe.encode(&self.bed.pieces[place.piece], &self.bed.range(place))?;
            let made = make(place, &bar, self.seed + (1000 * (number + 1) + unit) as u64)?;
            join(&mut joined, &made, self.probe.lead(), (FADE_S * f64::from(self.probe.rate.hz())) as usize);
        }
        Ok(joined)
    }

    fn warped(&self, place: Place, is_coded: bool, seed: u64) -> Result<Vec<f32>> {
        self.probe.warped_and_back(&self.bed.pieces[place.piece], &self.bed.range(place), is_coded, seed)
    }

    fn coded_bar(&self, place: Place, how: (u32, Band)) -> Result<Vec<f32>> {
        let (lead, range) = (self.probe.lead(), self.bed.range(place));
        let coded = self.anchors.piece(place.piece, how)?;
        let before = vec![0.0; lead.saturating_sub(range.start)];
        Ok([before.as_slice(), &coded[range.start.saturating_sub(lead)..range.end]].concat())
    }
}

/// Noise levels of calls that are spaced evenly, so that rows tell what more calls bring.
fn even_levels(calls: usize) -> Vec<f32> {
    levels_down_to(1.0 / calls.max(1) as f32, calls)
}

/// Another bar of the same number of tokens, the next one round the list.
fn other_of_same_length(bars: &[Bar], index: usize) -> Option<&Bar> {
    let others = bars[index + 1..].iter().chain(&bars[..index]);
    others.into_iter().find(|other| other.latents.len() == bars[index].latents.len())
}

/// Puts the unit behind its lead onto a passage, the end of what is there fading into the end of the lead. Both are about the same sound,
/// so the fade is a straight line.
fn join(passage: &mut Vec<f32>, made: &[f32], lead: usize, fade: usize) {
    let fade = fade.min(lead).min(passage.len());
    let end = passage.len() - fade;
    for (i, (there, new)) in passage[end..].iter_mut().zip(&made[lead - fade..lead]).enumerate() {
        let share = (i as f32 + 0.5) / fade as f32;
        *there += share * (new - *there);
    }
    passage.extend_from_slice(&made[lead..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_one_sound_join_back_to_it() {
        let sound: Vec<f32> = (0..300).map(|i| (i as f32 * 0.1).sin()).collect();
        let mut joined = Vec::new();
        for start in [0, 100, 200] {
            let with_lead: Vec<f32> =
                (start as i64 - 20..start as i64 + 100).map(|i| if i < 0 { 0.0 } else { sound[i as usize] }).collect();
            join(&mut joined, &with_lead, 20, 10);
        }
        assert_eq!(joined.len(), sound.len());
        assert!(joined.iter().zip(&sound).all(|(a, b)| (a - b).abs() < 1e-6));
    }

    #[test]
    fn a_swapped_bar_is_another_of_the_same_length() {
        let bar =
            |tokens: usize, value: f32| Bar { original: vec![value], frames: Vec::new(), latents: vec![0.0; tokens], tokens };
        let bars = [bar(3, 0.0), bar(4, 1.0), bar(3, 2.0), bar(5, 3.0)];
        let found = |index| other_of_same_length(&bars, index).map(|bar| bar.original[0]);
        assert_eq!([found(0), found(1), found(2), found(3)], [Some(2.0), None, Some(0.0), None]);
    }
}
