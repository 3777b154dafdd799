//! Where the noise levels of the decoder's calls should lie: passages made at several, judged by the difference to what they were made from
//! and by musicnn. Measured on passages that no evaluation hears, so that levels may be chosen by it.

use std::fmt::{self, Write};

use anyhow::{Result, ensure};
use turnaround_core::chroma::Chroma;
use turnaround_core::mel::MultiScaleMel;
use turnaround_core::noise::levels_down_to;

use super::bed::{Bed, Passage};
use super::measure::{FrechetMeasures, Tools, progress};
use super::metrics::level::power;
use super::passages::{Passages, original};
use super::rows::{Anchors, Maker};
use crate::chance::Interval;

/// Levels of one number of calls; see [`levels_down_to`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Way {
    /// Decoder calls for a unit.
    pub calls: usize,
    /// Noise level of the last one.
    pub last: f32,
}

/// Passages made at the levels of one way.
pub struct LevelsRow {
    way: Way,
    mel: Vec<f64>,
    /// Of the passages that have harmony.
    chroma: Vec<f64>,
    level_db: Vec<f64>,
}

/// Makes passages of a bed in every way, under the same noise.
///
/// # Errors
/// When the bed has too few passages, or a network fails.
pub fn measure(bed: &Bed, tools: &Tools<'_>, passages: usize, ways: &[Way]) -> Result<(Vec<LevelsRow>, Option<FrechetMeasures>)> {
    let [remade, others] = bed.passages(passages);
    ensure!(!remade.is_empty(), "{} has no two passages: build a longer corpus", bed.source);
    let maker = Maker { probe: tools.probe, bed, anchors: &Anchors::default(), seed: tools.seed };
    let originals: Vec<Vec<f32>> = remade.iter().map(|passage| original(bed, passage)).collect();
    let mut made = Passages { originals, rows: Vec::new() };
    for way in progress(ways.to_vec(), "levels, way by way") {
        let sounds = remade.iter().enumerate().map(|(number, passage)| sound(&maker, way, passage, number));
        made.rows.push((format!("{way:?}"), sounds.collect::<Result<_>>()?));
    }
    let (mel, chroma) = (MultiScaleMel::new(tools.probe.rate), Chroma::new(tools.probe.rate));
    let row = |(way, (_, sounds)): (&Way, &(String, Vec<Vec<f32>>))| {
        let pairs = || made.originals.iter().zip(sounds);
        LevelsRow {
            way: *way,
            mel: pairs().map(|(original, made)| f64::from(mel.distance(original, made))).collect(),
            chroma: pairs().filter_map(|(original, made)| chroma.similarity(original, made)).collect(),
            level_db: pairs().map(|(original, made)| 10.0 * (power(made) / power(original)).log10()).collect(),
        }
    };
    let rows = ways.iter().zip(&made.rows).map(row).collect();
    let frechet = match tools.musicnn {
        Some(musicnn) => made.frechet(musicnn, bed, &others, tools.probe.rate)?,
        None => None,
    };
    Ok((rows, frechet))
}

fn sound(maker: &Maker<'_>, way: Way, passage: &Passage, number: usize) -> Result<Vec<f32>> {
    let levels = levels_down_to(way.last, way.calls);
    maker.joined(passage, number, |place, bar, seed| {
        maker.probe.decode_at(&bar.latents, maker.bed.range(place).len(), &levels, seed)
    })
}

/// One row a way; intervals hold 95 %, by bootstrap over passages from `seed`.
///
/// # Errors
/// Those of `text`.
pub fn describe(rows: &[LevelsRow], frechet: Option<&FrechetMeasures>, seed: u64, text: &mut String) -> fmt::Result {
    writeln!(
        text,
        "| calls | last at | levels | mel ↓ | more than in the first row | chroma ↑ | level, dB → 0 | musicnn: to the same ↓ | to others ↓ |\n\
         |---|---|---|---|---|---|---|---|---|"
    )?;
    for (index, row) in rows.iter().enumerate() {
        let interval = |values: &[f64]| Interval::of(values, seed);
        let levels = levels_down_to(row.way.last, row.way.calls);
        let levels: Vec<String> = levels.iter().map(|level| format!("{level:.2}")).collect();
        let more: Vec<f64> = row.mel.iter().zip(&rows[0].mel).map(|(mel, first)| mel - first).collect();
        let heard = frechet.map_or(["–".to_owned(), "–".to_owned()], |frechet| {
            [frechet.rows[index].to_same, frechet.rows[index].to_others].map(|distance| format!("{distance:.1}"))
        });
        writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            row.way.calls,
            row.way.last,
            levels.join(", "),
            interval(&row.mel).rounded(4),
            interval(&more).rounded(4),
            if row.chroma.is_empty() { "–".to_owned() } else { interval(&row.chroma).rounded(3) },
            interval(&row.level_db).rounded(1),
            heard[0],
            heard[1],
        )?;
    }
    if let Some(frechet) = frechet {
        writeln!(text, "\nReal passages to other real ones, {} patches: {:.1}.", frechet.patches, frechet.floor)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use turnaround_engine::Engine;
    use turnaround_engine::runtime::{Options, RuntimeChoice};

    use super::*;
    use crate::corpus::Split;
    use crate::evaluate::probe::Probe;
    use crate::evaluate::{bed, hand_made};

    #[test]
    fn every_way_is_a_row_and_the_levels_tell_them_apart() {
        let set = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/tiny");
        let options = Options { runtime: RuntimeChoice::Embedded, ..Options::default() };
        let engine = Engine::open(Some(&set), &options).expect("the repository has a tiny set");
        let probe = Probe::new(engine.set()).expect("its rate is one of audio");
        let tools = Tools { probe: &probe, musicnn: None, tracker: None, seed: 3 };
        let folder = tempfile::tempdir().expect("a temporary folder");
        let corpus = hand_made::corpus(folder.path(), Split::Validation);
        let bed = bed::held_out(&corpus, Split::Validation, "validation", "Validation").expect("it holds nothing else");
        assert!(bed::held_out(&corpus, Split::Test, "test", "Test").is_err());

        let ways = [(2, 0.5), (2, 0.75), (2, 0.5)].map(|(calls, last)| Way { calls, last });
        let (rows, frechet) = measure(&bed, &tools, 1, &ways).expect("two passages fit");
        assert_eq!((rows.len(), rows[0].mel.len()), (3, 1));
        assert!(frechet.is_none() && rows[0].mel == rows[2].mel && rows[0].mel != rows[1].mel);
        let mut text = String::new();
        describe(&rows, None, 3, &mut text).expect("text takes whatever is written");
        let cells = |line: usize| text.lines().nth(line).expect("a row").split(" | ").map(str::to_owned).collect::<Vec<_>>();
        assert_eq!((cells(2)[2].as_str(), cells(3)[2].as_str()), ("1.00, 0.50, 0.00", "1.00, 0.75, 0.00"), "{text}");
        assert!(cells(4)[4].starts_with("0.0000") && cells(4)[7] == "–", "{text}");
    }
}
