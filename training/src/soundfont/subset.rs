//! What a few presets need of a font, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};

use super::font::{Font, GUARD, Group, INSTRUMENT, LOOPED, MOVES, SAMPLE, Sample, Zone};

/// The bank in which kits lie.
const KITS: u16 = 128;

/// The font with only the presets that answer when `wanted` places (bank and programme) are asked for, their instruments and their
/// samples. Fails when a table names what is not there.
pub fn subset(font: &Font, wanted: &[(u16, u16)]) -> Result<Font> {
    let answering: BTreeSet<(u16, u16)> = wanted.iter().filter_map(|place| answering(font, *place)).collect();
    let mut presets: Vec<Group> = font.presets.iter().filter(|preset| answering.contains(&preset.place())).cloned().collect();
    ensure!(!presets.is_empty(), "the font has no presets");

    let mut instruments = linked(&mut presets, &font.instruments, INSTRUMENT)?;
    let samples = linked(&mut instruments, &(0..font.samples.len()).collect::<Vec<_>>(), SAMPLE)?;

    let mut spans: BTreeMap<usize, (u32, u32)> = BTreeMap::new();
    for instrument in &instruments {
        let shared = instrument.zones.first().filter(|zone| zone.link(SAMPLE).is_none());
        for zone in &instrument.zones {
            let Some(number) = zone.link(SAMPLE) else { continue };
            let needed = needed(&font.samples[samples[number]], zone, shared)?;
            let span = spans.entry(number).or_insert(needed);
            *span = (span.0.min(needed.0), span.1.max(needed.1));
        }
    }
    let (points, stretches) = stretches(font, spans.values().copied())?;
    let numbers: BTreeMap<usize, usize> = samples.iter().enumerate().map(|(new, old)| (*old, new)).collect();
    let samples = samples.iter().enumerate().map(|(new, old)| {
        let mut sample = font.samples[*old].clone();
        let span = spans[&new];
        let stretch = stretches.iter().rfind(|stretch| stretch.from <= span.0).expect("every span lies in a stretch");
        // Where nothing loops, a loop may stand anywhere; it is brought to where the sample is.
        sample.places = sample.places.map(|place| place.clamp(span.0, span.1) - stretch.from + stretch.to);
        match numbers.get(&usize::from(sample.link)) {
            Some(other) if sample.kind != MONO => sample.link = *other as u16,
            _ => (sample.link, sample.kind) = (0, MONO),
        }
        sample
    });
    Ok(Font { information: font.information.clone(), samples: samples.collect(), presets, instruments, points })
}

/// A sample's kind: no other side.
const MONO: u16 = 1;

/// The place of the preset that plays when one is asked for: itself, else the same programme of bank 0 or the first kit, else the first
/// of all, as rustysynth's `note_on` has it.
fn answering(font: &Font, wanted: (u16, u16)) -> Option<(u16, u16)> {
    let instead = if wanted.0 < KITS { (0, wanted.1) } else { (KITS, 0) };
    let has = |place: &(u16, u16)| font.presets.iter().any(|preset| preset.place() == *place);
    [wanted, instead].into_iter().find(has).or_else(|| font.presets.iter().map(Group::place).min())
}

/// What groups link to, in the order it had; links are numbered anew.
fn linked<T: Clone>(groups: &mut [Group], all: &[T], number: u16) -> Result<Vec<T>> {
    let links: BTreeSet<usize> = groups.iter().flat_map(|group| &group.zones).filter_map(|zone| zone.link(number)).collect();
    let order: BTreeMap<usize, usize> = links.iter().enumerate().map(|(new, old)| (*old, new)).collect();
    for zone in groups.iter_mut().flat_map(|group| &mut group.zones) {
        if let Some(last) = zone.generators.last_mut().filter(|last| last.number == number) {
            last.value = order[&usize::from(last.value)] as u16;
        }
    }
    links.iter().map(|link| all.get(*link).cloned().context("a zone of the font links to what is not there")).collect()
}

/// The points of the sample data that a zone may play: from, and up to.
fn needed(sample: &Sample, zone: &Zone, shared: Option<&Zone>) -> Result<(u32, u32)> {
    let value = |number| zone.value(number).or_else(|| shared?.value(number)).unwrap_or(0);
    let moved = |which: usize| {
        let (fine, coarse) = MOVES[which];
        i64::from(sample.places[which]) + i64::from(value(fine) as i16) + 32_768 * i64::from(value(coarse) as i16)
    };
    let [start, end, loop_start, loop_end] = [0, 1, 2, 3].map(moved);
    let (mut from, mut to) = (start.min(i64::from(sample.places[0])), end.max(i64::from(sample.places[1])));
    if value(LOOPED) % 2 == 1 && loop_start < loop_end {
        (from, to) = (from.min(loop_start), to.max(loop_end));
    }
    let outside = || format!("the sample {} lies outside the font", String::from_utf8_lossy(&sample.name).trim_end_matches('\0'));
    Ok((u32::try_from(from).with_context(outside)?, u32::try_from(to).with_context(outside)?))
}

/// A stretch of the sample data, and where it goes.
struct Stretch {
    from: u32,
    until: u32,
    to: u32,
}

/// The sample data of the spans, each with what follows it: 46 points, silent in a font as it should be. Spans that overlap stay one
/// stretch.
fn stretches(font: &Font, spans: impl Iterator<Item = (u32, u32)>) -> Result<(Vec<i16>, Vec<Stretch>)> {
    let mut spans: Vec<(u32, u32)> = spans.map(|(from, to)| (from, to + GUARD as u32)).collect();
    spans.sort_unstable();
    let mut stretches: Vec<Stretch> = Vec::new();
    for (from, until) in spans {
        match stretches.last_mut() {
            Some(last) if from < last.until => last.until = last.until.max(until),
            _ => stretches.push(Stretch { from, until, to: 0 }),
        }
    }
    let mut points = Vec::new();
    for stretch in &mut stretches {
        stretch.to = points.len() as u32;
        let (from, until) = (stretch.from as usize, stretch.until as usize);
        ensure!(until <= font.points.len() + GUARD, "a sample ends after the font does");
        points.extend_from_slice(&font.points[from.min(font.points.len())..until.min(font.points.len())]);
        points.resize(stretch.to as usize + (until - from), 0);
    }
    Ok((points, stretches))
}
