//! What guidance weights do to edits: pressed harder, a bar says more of what it was asked, and lies farther from music. Measured on bars that
//! no evaluation hears, so that a weight may be chosen by it.

use std::fmt::{self, Write};

use anyhow::{Result, ensure};
use turnaround_core::time::SampleRate;

use super::super::excerpt::{self, CONTEXT};
use super::super::measure::progress;
use super::super::spread;
use super::Ground;
use super::cycle::Likeness;
use super::judged::{self, EditFrechet, Judged};
use super::scene::{Scene, Under, subjects};
use super::steering::Ears;
use crate::chance::Interval;
use crate::corpus::Split;

/// Edits under one weight.
pub struct GuidedRow {
    weight: f32,
    /// Distance of every bar under its own action to the real one.
    mel: Vec<f64>,
    /// The same of those that have harmony.
    chroma: Vec<f64>,
    /// How much of another bar's action is heard in what was made under it.
    heard: Vec<f64>,
    frechet: Option<EditFrechet>,
}

/// Edits bars of the validation split under every weight with the same noise.
///
/// # Errors
/// When too few bars are held out, or a network fails.
pub fn measure(ground: &Ground<'_>, weights: &[f32]) -> Result<Vec<GuidedRow>> {
    let Ground { engine, corpus, musicnn, seed, .. } = *ground;
    let all = excerpt::candidates(corpus, Split::Validation, usize::MAX);
    let chosen = spread(&all, ground.bars);
    ensure!(chosen.len() > 1, "{} held-out bars have {CONTEXT} bars like them before them: build a longer corpus", chosen.len());
    let others: Vec<usize> = all.iter().copied().filter(|unit| !chosen.contains(unit)).collect();
    let others = musicnn.map(|musicnn| judged::embedded_dry(musicnn, corpus, &spread(&others, chosen.len()))).transpose()?;
    let subjects = subjects(engine, corpus, &chosen)?;
    let ears = Ears::new(SampleRate::new(corpus.manifest.rate)?);
    let row = |&weight: &f32| {
        let (mut mel, mut chroma, mut heard, mut judged) = (Vec::new(), Vec::new(), Vec::new(), Judged::default());
        for index in progress((0..subjects.len()).collect(), "edits, bar by bar") {
            let scene = Scene::new(corpus, &subjects, index, 1, seed)?;
            let takes = scene.takes(engine, weight)?;
            mel.push(ears.mel(&scene, &takes)[&Under::Own]);
            chroma.extend(ears.chroma(&scene, &takes).map(|distances| distances[&Under::Own]));
            let made = scene.excerpt.action(engine, &takes[&Under::Another])?;
            heard.push(Likeness::of(&scene.donor.1, &made, engine.set().sizes().actions).jaccard);
            if let Some(musicnn) = musicnn {
                judged.hear(musicnn, &scene.excerpt, &takes)?;
            }
        }
        let frechet = others.as_ref().and_then(|others| judged.measured(others));
        Ok(GuidedRow { weight, mel, chroma, heard, frechet })
    };
    weights.iter().map(row).collect()
}

/// One row a weight; intervals hold 95 %, by bootstrap over bars from `seed`.
///
/// # Errors
/// Those of `text`.
pub fn describe(rows: &[GuidedRow], seed: u64, text: &mut String) -> fmt::Result {
    writeln!(
        text,
        "| guidance | mel, own action ↓ | more than in the first row | chroma distance, own action ↓ | five heaviest of another's action asked and \
         heard ↑ | musicnn over the floor: own ↓ | another's ↓ | none ↓ |\n|---|---|---|---|---|---|---|---|"
    )?;
    for row in rows {
        let interval = |values: &[f64]| Interval::of(values, seed);
        let more: Vec<f64> = row.mel.iter().zip(&rows[0].mel).map(|(own, first)| own - first).collect();
        let over = |under: Under| match &row.frechet {
            Some(frechet) => format!("{:.2}", frechet.edited[&under].to_others / frechet.floor),
            None => "–".to_owned(),
        };
        writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} | {} |",
            row.weight,
            interval(&row.mel).rounded(3),
            interval(&more).rounded(3),
            if row.chroma.is_empty() { "–".to_owned() } else { interval(&row.chroma).rounded(3) },
            interval(&row.heard).rounded(2),
            over(Under::Own),
            over(Under::Another),
            over(Under::Nothing),
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_taken_bar_by_bar_from_the_first_row() {
        let row = |weight: f32, more: f64| GuidedRow {
            weight,
            mel: (0..20).map(|bar| f64::from(bar) + more).collect(),
            chroma: Vec::new(),
            heard: vec![0.5; 20],
            frechet: None,
        };
        let mut text = String::new();
        describe(&[row(1.0, 0.0), row(2.0, 0.25)], 1, &mut text).expect("text takes whatever is written");
        let cells: Vec<&str> = text.lines().last().expect("a row").split(" | ").collect();
        assert_eq!((cells[0], cells[2], cells[3], cells[4]), ("| 2", "0.250", "–", "0.50"), "{text}");
    }
}
