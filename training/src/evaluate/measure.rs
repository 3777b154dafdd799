//! Everything that is measured of the tokenizer on one bed.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, ensure};
use indicatif::{ProgressBar, ProgressIterator, ProgressStyle};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use turnaround_core::audio::Audio;
use turnaround_core::time::Seconds;

use super::bed::{Bed, Place};
use super::metrics::{Marks, Metric, Ruler};
use super::noise::{self, NoiseLevel};
use super::passages::Passages;
use super::probe::{Bar, Probe};
use super::rows::{Anchors, Maker, Pair, Row};
use super::yardsticks::musicnn::Musicnn;
use crate::chance::Interval;

/// Hears where beats fall: what the beat measure asks of a tracker.
pub trait BeatTracker {
    /// Beats from the start of a recording of some bars, ascending.
    ///
    /// # Errors
    /// When the tracker fails.
    fn beats(&self, audio: &Audio) -> Result<Vec<Seconds>>;
}

/// What measures.
pub struct Tools<'a> {
    /// The set.
    pub probe: &'a Probe<'a>,
    /// The outside network, where it is at hand.
    pub musicnn: Option<&'a Musicnn>,
    /// The beat tracker, where there is one.
    pub tracker: Option<&'a dyn BeatTracker>,
    /// Seed of noise and resampling.
    pub seed: u64,
}

/// A mean over bars.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Mean with its 95 % interval.
    #[serde(flatten)]
    pub interval: Interval,
    /// Bars it is over.
    pub bars: usize,
}

impl Estimate {
    /// Of the mean of some values, at least one; resampled from `seed`.
    pub fn of(values: &[f64], seed: u64) -> Self {
        Self { interval: Interval::of(values, seed), bars: values.len() }
    }
}

/// A row of a bed's table.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RowMeasures {
    /// What was compared with the original.
    pub name: String,
    /// Kilobits a second that were measured, for codecs.
    pub kbit_per_s: Option<f64>,
    /// By measure; one that no bar has is not there.
    pub marks: BTreeMap<Metric, Estimate>,
}

/// Fréchet distances on musicnn.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FrechetMeasures {
    /// Patches in each of the two groups.
    pub patches: usize,
    /// Passages in each group.
    pub passages: usize,
    /// Between real passages and other real ones: what no row can be blamed for.
    pub floor: f64,
    /// By row.
    pub rows: Vec<FrechetRow>,
}

/// Fréchet distances of one row.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FrechetRow {
    /// What was compared.
    pub name: String,
    /// To the very passages it was made from.
    pub to_same: f64,
    /// To other real passages; the floor is what the originals have.
    pub to_others: f64,
}

/// Beats heard in what was made beside those heard in the original.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BeatRow {
    /// What was compared.
    pub name: String,
    /// F-measure at 70 ms, over passages.
    pub f: Estimate,
}

/// What was measured on one bed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BedMeasures {
    /// One word for it.
    pub key: String,
    /// What is held out.
    pub title: String,
    /// Where the music comes from.
    pub source: String,
    /// Bars measured.
    pub bars: usize,
    /// In the order of the table.
    pub rows: Vec<RowMeasures>,
    /// By noise level.
    pub noise: Vec<NoiseLevel>,
    /// Share of the variance of the latents that is lost on the way through slots and back.
    pub adapter_error: f64,
    /// Nothing without the yardstick.
    pub frechet: Option<FrechetMeasures>,
    /// Empty without a tracker.
    pub beats: Vec<BeatRow>,
}

/// One passage in all its forms, to be listened to: the original first.
pub struct Heard {
    /// The piece it is from.
    pub piece: String,
    /// Name and sound.
    pub takes: Vec<(String, Vec<f32>)>,
}

/// Measures `bars` bars of a bed and, where anybody judges those, as many passages.
pub fn measure(bed: &Bed, tools: &Tools<'_>, bars: usize) -> Result<BedMeasures> {
    let places = bed.bars(bars);
    ensure!(!places.is_empty(), "{} holds no bar that is not silent", bed.source);
    let judges_passages = tools.musicnn.is_some() || tools.tracker.is_some();
    let [remade, others] = bed.passages(if judges_passages { bars } else { 0 });
    let anchors = anchors(bed, tools, places.iter().map(|place| place.piece).chain(remade.iter().map(|passage| passage.piece)))?;
    let maker = Maker { probe: tools.probe, bed, anchors: &anchors, seed: tools.seed };
    let encoded: Vec<Bar> =
        places.iter().map(|place| tools.probe.encode(&bed.pieces[place.piece], &bed.range(*place))).collect::<Result<_>>()?;
    let rows = rows(&maker, &places, &encoded, tools.seed)?;
    let noise = noise::monitor(tools.probe, &encoded, tools.seed)?;
    let passages = Passages::in_every_row(&maker, &remade)?;
    Ok(BedMeasures {
        key: bed.key.to_owned(),
        title: bed.title.clone(),
        source: bed.source.clone(),
        bars: places.len(),
        rows,
        noise,
        adapter_error: adapter_error(tools.probe, &encoded)?,
        frechet: match tools.musicnn {
            Some(musicnn) => passages.frechet(musicnn, bed, &others, tools.probe.rate)?,
            None => None,
        },
        beats: match tools.tracker {
            Some(tracker) => passages.beats(tracker, tools)?,
            None => Vec::new(),
        },
    })
}

/// `count` passages of a bed in all their forms, to be listened to.
pub fn hear(bed: &Bed, tools: &Tools<'_>, count: usize) -> Result<Vec<Heard>> {
    let [remade, _] = bed.passages(count);
    let anchors = anchors(bed, tools, remade.iter().map(|passage| passage.piece))?;
    let maker = Maker { probe: tools.probe, bed, anchors: &anchors, seed: tools.seed };
    Ok(Passages::in_every_row(&maker, &remade)?.heard(bed, &remade))
}

fn anchors(bed: &Bed, tools: &Tools<'_>, pieces: impl Iterator<Item = usize>) -> Result<Anchors> {
    let pieces: BTreeSet<usize> = pieces.collect();
    eprintln!("{}: Opus codes {} pieces", bed.title, pieces.len());
    Anchors::of(bed, &pieces, tools.probe)
}

fn rows(maker: &Maker<'_>, places: &[Place], bars: &[Bar], seed: u64) -> Result<Vec<RowMeasures>> {
    let (ruler, lead) = (Ruler::new(maker.probe.rate), maker.probe.lead());
    let mut rows = Vec::new();
    for row in progress(Row::of_bars(), "rows, bar by bar") {
        let pairs: Vec<Option<Pair>> = (0..bars.len()).map(|index| maker.bar(row, places, bars, index)).collect::<Result<_>>()?;
        let marks: Vec<Marks> = pairs.par_iter().flatten().map(|pair| ruler.compare(&pair.original, &pair.made, lead)).collect();
        let kbit_per_s = match row {
            Row::Opus(bits, band) => Some(maker.anchors.bits_per_second(bits, band) / 1000.0),
            _ => None,
        };
        rows.push(RowMeasures { name: row.name(), kbit_per_s, marks: estimates(&marks, seed) });
    }
    Ok(rows)
}

fn estimates(marks: &[Marks], seed: u64) -> BTreeMap<Metric, Estimate> {
    let values = |metric: Metric| marks.iter().filter_map(|marks| marks.get(&metric).copied()).collect::<Vec<f64>>();
    let all = Metric::ALL.into_iter().map(|metric| (metric, values(metric))).filter(|(_, values)| !values.is_empty());
    all.map(|(metric, values)| (metric, Estimate::of(&values, seed))).collect()
}

fn adapter_error(probe: &Probe, bars: &[Bar]) -> Result<f64> {
    let (mut lost, mut whole) = (0.0, 0.0);
    for bar in bars {
        let back = probe.through_slots(bar)?;
        lost += bar.latents.iter().zip(&back).map(|(a, b)| f64::from((a - b) * (a - b))).sum::<f64>();
        // Latents are normalised: each number has a variance of 1.
        whole += (bar.tokens * probe.sizes.channels) as f64;
    }
    Ok(lost / whole)
}

/// Items with a bar that tells how many are done.
pub(super) fn progress<T>(items: Vec<T>, what: &'static str) -> impl Iterator<Item = T> {
    let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {elapsed}").expect("the template is fixed");
    let bar = ProgressBar::new(items.len() as u64).with_style(style).with_message(what);
    items.into_iter().progress_with(bar)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use turnaround_engine::Engine;
    use turnaround_engine::runtime::{Options, RuntimeChoice};

    use super::super::bed::Piece;
    use super::super::metrics::hand_made::{noise, plucks};
    use super::super::metrics::onsets::Onsets;
    use super::*;

    /// Takes every attack for a beat.
    struct Attacks;

    impl BeatTracker for Attacks {
        fn beats(&self, audio: &Audio) -> Result<Vec<Seconds>> {
            Ok(Onsets::new(audio.rate()).of(audio.channel(0)))
        }
    }

    /// Samples of a unit; a stretch to the tiny set's slots goes to four times as many at most.
    const UNIT: usize = 10_000;

    /// Two pieces of thirteen units, each with its own notes.
    fn bed() -> Bed {
        let piece = |seed: u64| {
            let at: Vec<f64> = (0..24).map(|note| 0.12 + 0.27 * f64::from(note) + 0.01 * seed as f64).collect();
            let mut audio = plucks(&at, 13 * UNIT);
            audio.iter_mut().zip(noise(seed, 13 * UNIT)).for_each(|(x, hiss)| *x += 0.05 * hiss);
            Piece { name: format!("piece {seed}"), audio, units: (0..13).map(|unit| unit * UNIT..(unit + 1) * UNIT).collect() }
        };
        Bed { key: "test", title: "Test".into(), source: "nowhere".into(), pieces: vec![piece(1), piece(9)] }
    }

    fn measured(engine: &Engine) -> (BedMeasures, Vec<Heard>) {
        let probe = Probe::new(engine.set()).unwrap();
        let tools = Tools { probe: &probe, musicnn: None, tracker: Some(&Attacks), seed: 5 };
        (measure(&bed(), &tools, 2).unwrap(), hear(&bed(), &tools, 1).unwrap())
    }

    #[test]
    fn a_bed_is_measured_in_every_row_and_the_same_seed_gives_the_same_figures() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/tiny");
        let options = Options { runtime: RuntimeChoice::Embedded, ..Options::default() };
        let engine = Engine::open(Some(&folder), &options).expect("the repository has a tiny set");
        let (measures, heard) = measured(&engine);
        let again = serde_json::to_string(&measured(&engine).0).unwrap();
        assert_eq!(serde_json::to_string(&measures).unwrap(), again);

        let names: Vec<String> = measures.rows.iter().map(|row| row.name.clone()).collect();
        assert_eq!(names, Row::of_bars().into_iter().map(Row::name).collect::<Vec<_>>());
        let mean = |row: Row, metric: Metric| {
            let row = measures.rows.iter().find(|measures| measures.name == row.name()).unwrap();
            row.marks[&metric].interval.mean
        };
        assert_eq!((mean(Row::Original, Metric::Mel), mean(Row::Original, Metric::OnsetF)), (0.0, 1.0));
        let opus = Row::Opus(12_000, super::super::anchors::opus::Band::Own);
        assert!(mean(opus, Metric::Mel) < mean(Row::OtherBar, Metric::Mel));
        assert!(mean(Row::RandomPhases, Metric::Mel) < mean(Row::OtherBar, Metric::Mel));
        assert!(mean(Row::RandomPhases, Metric::SiSdrDb) < mean(opus, Metric::SiSdrDb));
        assert!(measures.noise.iter().all(|level| level.velocity_loss.is_finite()));

        let beats = |row: Row| measures.beats.iter().find(|beats| beats.name == row.name()).unwrap().f;
        assert!(beats(opus).interval.mean > 0.9 && beats(opus).bars == 2, "{:?}", beats(opus));
        assert_eq!(heard.len(), 1);
        let lengths: BTreeSet<usize> = heard[0].takes.iter().map(|(_, sound)| sound.len()).collect();
        assert_eq!((heard[0].takes.len(), lengths), (1 + Row::of_passages().len(), BTreeSet::from([6 * UNIT])));
    }
}
