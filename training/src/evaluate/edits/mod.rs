//! Edits of held-out bars: whether actions steer them, whether an action means the same in other music, and whether one hears that a bar was
//! edited. A bar is regenerated from the four bars before it, under its own action, under none, and under that of a bar of another piece.

mod attributes;
mod beats;
pub mod continued;
mod cycle;
pub mod guided;
mod judged;
mod knobs;
mod scene;
mod seams;
pub mod shown;
mod slots;
mod steering;

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};
use turnaround_core::contract::{SparseWeights, sha256_hex};
use turnaround_core::time::SampleRate;
use turnaround_engine::Engine;
use turnaround_engine::regenerate::{ActionChoice, Settings};

use super::excerpt::{self, CONTEXT, Excerpt};
use super::measure::{BeatTracker, progress};
use super::parts::Parts;
use super::spread;
use super::yardsticks::musicnn::Musicnn;
use crate::corpus::{Corpus, Split};
use crate::descriptors::{Gauge, Marks};
use attributes::{AttributeMeasures, Transfer};
use beats::{EditBeats, Kept};
use continued::DriftMeasures;
use cycle::{Cycle, CycleMeasures, Likeness};
use judged::{EditFrechet, Judged};
use knobs::KnobMeasures;
use scene::{Scene, Subject, Takes, Under, subjects};
use seams::{Lines, SeamEar, SeamMeasures};
use slots::{Errors, SlotMeasures};
use steering::{Distances, Ears, Steering};

/// Recordings that are continued.
const CONTINUED: usize = 24;

/// Unrelated actions that each bar is imagined under.
const DRAWS: usize = 5;

/// Where edits are made, and who judges them.
pub struct Ground<'a> {
    /// The set.
    pub engine: &'a Engine,
    /// Its test split is edited.
    pub corpus: &'a Corpus,
    /// The outside network, where it is at hand.
    pub musicnn: Option<&'a Musicnn>,
    /// The beat tracker, where there is one.
    pub tracker: Option<&'a dyn BeatTracker>,
    /// Bars that are edited.
    pub bars: usize,
    /// Seed of noise and resampling.
    pub seed: u64,
}

/// What was measured of actions, and of edits made under them. Earlier versions measured no more than mel distances.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EditMeasures {
    /// Bars edited.
    pub bars: usize,
    /// Mel distances, by guidance weight.
    pub by_guidance: BTreeMap<String, Steering>,
    /// Chroma distances, by guidance weight.
    #[serde(default)]
    pub chroma_by_guidance: BTreeMap<String, Steering>,
    /// Errors before anything is decoded.
    #[serde(default)]
    pub slots: Option<SlotMeasures>,
    /// Edits as a musician hears them.
    #[serde(default)]
    pub edited: Option<Edited>,
    /// The actions that a musician is shown first.
    #[serde(default)]
    pub knobs: Option<KnobMeasures>,
    /// Long continuations.
    #[serde(default)]
    pub continued: Option<DriftMeasures>,
}

/// What was measured of edits with the guidance that is the default.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Edited {
    /// The guidance weight.
    pub guidance: f32,
    /// Actions heard again in what was made under them.
    pub cycle: CycleMeasures,
    /// Descriptors of donors, found again in what was made under their actions.
    pub attributes: AttributeMeasures,
    /// Bar lines at which edits begin and end; nothing where all is silent.
    pub seams: Option<SeamMeasures>,
    /// Nothing without a tracker.
    pub beats: Option<EditBeats>,
    /// Nothing without the yardstick.
    pub frechet: Option<EditFrechet>,
}

/// Measures all of it, in two parts that an evaluation which was stopped need not measure again.
///
/// # Errors
/// When too few bars are held out, or a network fails.
pub fn measure(ground: &Ground<'_>, parts: &Parts, source: &str) -> Result<EditMeasures> {
    let all = excerpt::candidates(ground.corpus, Split::Test, usize::MAX);
    let chosen = spread(&all, ground.bars);
    ensure!(
        chosen.len() > 1,
        "{} held-out bars have {CONTEXT} whole bars of their length before them; edits need two: build a longer corpus",
        chosen.len()
    );
    let edits = parts.once("edits", source, || edits(ground, &all, &chosen))?;
    // Which actions are shortlisted may change while the graphs stay.
    let actions = sha256_hex(serde_json::to_string(&ground.engine.set().manifest().actions)?.as_bytes());
    let knobs = parts.once("knobs", &format!("{source}, actions {actions}, {:?}, parts of them", Settings::default()), || {
        knobs::measure(ground.engine, ground.corpus, &chosen, ground.seed)
    })?;
    let usual = Settings { seed: ground.seed, ..Settings::default() };
    let continued = parts.once("continued", &format!("{source}, past {}", usual.past_noise), || {
        continued::measure(ground.engine, ground.corpus, &spread(&chosen, CONTINUED), usual)
    })?;
    Ok(EditMeasures { knobs: Some(knobs), continued: Some(continued), ..edits })
}

fn edits(ground: &Ground<'_>, all: &[usize], chosen: &[usize]) -> Result<EditMeasures> {
    let subjects = subjects(ground.engine, ground.corpus, chosen)?;
    let mut heard = Heard::new(ground, &subjects)?;
    for index in progress((0..subjects.len()).collect(), "edits, bar by bar") {
        heard.edit(index)?;
    }
    let others: Vec<usize> = all.iter().copied().filter(|unit| !chosen.contains(unit)).collect();
    heard.measures(&spread(&others, chosen.len()))
}

/// Everything that is heard of edits, bar by bar; no sound is kept.
struct Heard<'a> {
    ground: &'a Ground<'a>,
    subjects: &'a [Subject],
    ears: Ears,
    gauge: Gauge,
    seam_ear: SeamEar,
    mel: BTreeMap<String, Vec<Distances>>,
    chroma: BTreeMap<String, Vec<Distances>>,
    /// Fewest unrelated actions that a bar was imagined under.
    draws: usize,
    errors: Vec<Errors>,
    cycles: Vec<Cycle>,
    transfers: Vec<Transfer<Marks>>,
    lines: Vec<Lines>,
    beats: Vec<Kept>,
    judged: Judged,
}

impl<'a> Heard<'a> {
    fn new(ground: &'a Ground<'a>, subjects: &'a [Subject]) -> Result<Self> {
        let rate = SampleRate::new(ground.corpus.manifest.rate)?;
        Ok(Self {
            ground,
            subjects,
            ears: Ears::new(rate),
            gauge: Gauge::new(rate),
            seam_ear: SeamEar::new(rate),
            mel: BTreeMap::new(),
            chroma: BTreeMap::new(),
            draws: DRAWS,
            errors: Vec::new(),
            cycles: Vec::new(),
            transfers: Vec::new(),
            lines: Vec::new(),
            beats: Vec::new(),
            judged: Judged::default(),
        })
    }

    /// Makes a subject in every way and hears the results.
    fn edit(&mut self, index: usize) -> Result<()> {
        let Ground { engine, corpus, seed, .. } = *self.ground;
        let scene = Scene::new(corpus, self.subjects, index, DRAWS, seed)?;
        self.draws = self.draws.min(scene.others.len());
        self.errors.push(slots::errors(engine, &scene)?);
        let usual = Settings::default().guidance;
        for guidance in [1.0, usual] {
            let takes = scene.takes(engine, guidance)?;
            let key = format!("{guidance}");
            self.mel.entry(key.clone()).or_default().push(self.ears.mel(&scene, &takes));
            self.chroma.entry(key).or_default().extend(self.ears.chroma(&scene, &takes));
            if guidance == usual {
                self.listen(&scene, &takes)?;
            }
        }
        Ok(())
    }

    /// What is measured with the default guidance alone.
    fn listen(&mut self, scene: &Scene, takes: &Takes) -> Result<()> {
        let Ground { engine, corpus, musicnn, tracker, .. } = *self.ground;
        let (donor, action) = (Excerpt::new(corpus, self.subjects[scene.donor.0].unit)?, &scene.donor.1);
        let under_it = ActionChoice::Weights(action.clone());
        let imagined = scene.excerpt.imagined(engine, under_it, Settings::default().guidance, scene.seed)?.heard;
        let made = scene.excerpt.action(engine, &takes[&Under::Another])?;
        let likeness = |heard: &SparseWeights| Likeness::of(action, heard, engine.set().sizes().actions);
        self.cycles.push(Cycle { imagined: likeness(&imagined), edited: likeness(&made), floor: likeness(&scene.own) });
        self.transfers.push(Transfer {
            donor: donor.marks(&self.gauge, donor.audio()),
            null: scene.excerpt.marks(&self.gauge, &takes[&Under::Nothing]),
            made: scene.excerpt.marks(&self.gauge, &takes[&Under::Another]),
        });
        self.lines.extend(self.seam_ear.lines(&scene.excerpt, takes));
        if let Some(tracker) = tracker {
            self.beats.push(beats::kept(tracker, &scene.excerpt, takes)?);
        }
        if let Some(musicnn) = musicnn {
            self.judged.hear(musicnn, &scene.excerpt, takes)?;
        }
        Ok(())
    }

    /// The figures; `others` are units of which nothing was made.
    fn measures(&self, others: &[usize]) -> Result<EditMeasures> {
        let Ground { corpus, musicnn, seed, .. } = *self.ground;
        let by_guidance = |distances: &BTreeMap<String, Vec<Distances>>| -> BTreeMap<String, Steering> {
            distances.iter().filter_map(|(guidance, bars)| Some((guidance.clone(), Steering::of(bars, seed)?))).collect()
        };
        let frechet = match musicnn {
            Some(musicnn) => self.judged.measured(&judged::embedded_dry(musicnn, corpus, others)?),
            None => None,
        };
        Ok(EditMeasures {
            bars: self.subjects.len(),
            by_guidance: by_guidance(&self.mel),
            chroma_by_guidance: by_guidance(&self.chroma),
            slots: Some(SlotMeasures::of(&self.errors, self.draws, seed)),
            edited: Some(Edited {
                guidance: Settings::default().guidance,
                cycle: CycleMeasures::of(&self.cycles, seed),
                attributes: AttributeMeasures::of(&self.transfers, seed),
                seams: SeamMeasures::of(&self.lines, seed),
                beats: EditBeats::of(&self.beats, seed),
                frechet,
            }),
            knobs: None,
            continued: None,
        })
    }
}

impl EditMeasures {
    pub(super) fn describe(&self, text: &mut String) -> fmt::Result {
        writeln!(
            text,
            "### Actions and edits, {} bars\n\nA bar regenerated from the {CONTEXT} bars before it, beside the real one; under its own action, \
             without one, and under that of an unrelated bar, with the same noise. Differences are taken bar by bar.\n",
            self.bars
        )?;
        steering::describe("mel distance", &self.by_guidance, text)?;
        steering::describe("chroma distance", &self.chroma_by_guidance, text)?;
        if let Some(slots) = &self.slots {
            slots.describe(text)?;
        }
        if let Some(edited) = &self.edited {
            edited.describe(text)?;
        }
        if let Some(knobs) = &self.knobs {
            knobs.describe(text)?;
        }
        match &self.continued {
            Some(continued) => continued.describe(text),
            None => Ok(()),
        }
    }
}

impl Edited {
    fn describe(&self, text: &mut String) -> fmt::Result {
        writeln!(text, "With guidance {}:\n", self.guidance)?;
        self.cycle.describe(text)?;
        self.attributes.describe(text)?;
        if let Some(seams) = &self.seams {
            seams.describe(text)?;
        }
        if let Some(beats) = &self.beats {
            beats.describe(text)?;
        }
        match &self.frechet {
            Some(frechet) => frechet.describe(text),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
