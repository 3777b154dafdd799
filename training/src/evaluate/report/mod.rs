//! A page to look at and listen to: the tables, curves over calls, and passages as spectrograms and sound.

mod curves;
mod spectrograms;

use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use turnaround_core::time::SampleRate;

use super::Evaluation;
use super::measure::Heard;
use super::rows::{DEFAULT_CALLS, Row};
use crate::page;
use crate::recording::write_wav;

/// Writes `index.html` and everything it shows into `folder`. `heard` are the passages of each bed, in the order of the beds.
///
/// # Errors
/// When something cannot be written.
pub fn write(folder: &Path, evaluation: &Evaluation, heard: &[Vec<Heard>], rate: SampleRate) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
    let mut body = String::new();
    for (bed, passages) in evaluation.beds.iter().zip(heard) {
        writeln!(body, "<h2>{}</h2>", page::escaped(&bed.title))?;
        let curves = format!("{}-calls.png", bed.key);
        curves::draw(&folder.join(&curves), bed)?;
        writeln!(body, "<img src=\"{curves}\" alt=\"measures by decoder calls\">")?;
        for (number, passage) in passages.iter().enumerate() {
            write_passage(folder, &format!("{}-{}", bed.key, number + 1), passage, rate, &mut body)?;
        }
    }
    let mut tables = String::new();
    evaluation.describe(&mut tables)?;
    body.push_str(&page::from_markdown(&tables));
    let path = folder.join("index.html");
    fs::write(&path, page::whole("Evaluation", &body)).with_context(|| format!("writing {}", path.display()))
}

fn write_passage(folder: &Path, name: &str, passage: &Heard, rate: SampleRate, body: &mut String) -> Result<()> {
    let shown = [Row::Original, Row::Calls(0), Row::Calls(DEFAULT_CALLS)].map(Row::name);
    let takes: Vec<(&str, &[f32])> = passage
        .takes
        .iter()
        .filter(|(take, _)| shown.contains(take))
        .map(|(take, sound)| (take.as_str(), sound.as_slice()))
        .collect();
    let picture = format!("{name}.png");
    spectrograms::draw(&folder.join(&picture), &takes, rate)?;
    writeln!(body, "<h3>{}</h3><img src=\"{picture}\" alt=\"spectrograms\"><table>", page::escaped(&passage.piece))?;
    for (number, (take, sound)) in passage.takes.iter().enumerate() {
        let file = format!("{name}-{number}.wav");
        write_wav(&folder.join(&file), sound, rate)?;
        writeln!(
            body,
            "<tr><td>{}</td><td><audio controls preload=\"none\" src=\"{file}\"></audio></td></tr>",
            page::escaped(take)
        )?;
    }
    writeln!(body, "</table>")?;
    Ok(())
}
