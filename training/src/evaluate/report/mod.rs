//! A page to look at and listen to: the tables, curves over calls, and passages and edits as spectrograms and sound.

mod curves;
mod spectrograms;

use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use turnaround_core::time::SampleRate;

use super::Evaluation;
use super::edits::shown::Shown;
use super::measure::Heard;
use super::rows::Row;
use crate::page;
use crate::recording::write_wav;

/// Writes `index.html` and everything it shows into `folder`. `heard` are the passages of each bed and `edited` its edits, in the order of the
/// beds.
///
/// # Errors
/// When something cannot be written.
pub fn write(
    folder: &Path,
    evaluation: &Evaluation,
    heard: &[Vec<Heard>],
    edited: &[Vec<Shown>],
    rate: SampleRate,
) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
    let mut body = String::new();
    for ((bed, passages), edits) in evaluation.beds.iter().zip(heard).zip(edited) {
        writeln!(body, "<h2>{}</h2>", page::escaped(&bed.title))?;
        let curves = format!("{}-calls.png", bed.key);
        curves::draw(&folder.join(&curves), bed)?;
        writeln!(body, "<img src=\"{curves}\" alt=\"measures by decoder calls\">")?;
        for (number, passage) in passages.iter().enumerate() {
            write_passage(folder, &format!("{}-{}", bed.key, number + 1), passage, rate, &mut body)?;
        }
        for (number, edit) in edits.iter().enumerate() {
            writeln!(body, "<h3>Edit {}: one bar made anew, between the white lines</h3>", number + 1)?;
            let names: Vec<String> = edit.takes.iter().map(|(name, _)| name.clone()).collect();
            let sounds = Sounds { takes: &edit.takes, drawn: &names, lines: &edit.seams };
            sounds.write(folder, &format!("{}-edit-{}", bed.key, number + 1), rate, &mut body)?;
        }
    }
    let mut tables = String::new();
    evaluation.describe(&mut tables)?;
    body.push_str(&page::from_markdown(&tables));
    let path = folder.join("index.html");
    fs::write(&path, page::whole("Evaluation", &body)).with_context(|| format!("writing {}", path.display()))
}

fn write_passage(folder: &Path, name: &str, passage: &Heard, rate: SampleRate, body: &mut String) -> Result<()> {
    let drawn = [Row::Original, Row::Calls(0), Row::Played].map(Row::name);
    writeln!(body, "<h3>{}</h3>", page::escaped(&passage.piece))?;
    Sounds { takes: &passage.takes, drawn: &drawn, lines: &[] }.write(folder, name, rate, body)
}

/// Takes of one sound: some as spectrograms one above the other, all to listen to.
struct Sounds<'a> {
    takes: &'a [(String, Vec<f32>)],
    /// Names of those that are drawn.
    drawn: &'a [String],
    /// Samples that are marked.
    lines: &'a [usize],
}

impl Sounds<'_> {
    fn write(&self, folder: &Path, name: &str, rate: SampleRate, body: &mut String) -> Result<()> {
        let drawn: Vec<(&str, &[f32])> = self
            .takes
            .iter()
            .filter(|(take, _)| self.drawn.contains(take))
            .map(|(take, sound)| (take.as_str(), sound.as_slice()))
            .collect();
        let picture = format!("{name}.png");
        spectrograms::draw(&folder.join(&picture), &drawn, self.lines, rate)?;
        writeln!(body, "<img src=\"{picture}\" alt=\"spectrograms\"><table>")?;
        for (number, (take, sound)) in self.takes.iter().enumerate() {
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
}
