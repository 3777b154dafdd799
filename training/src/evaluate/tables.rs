//! What was measured, as the tables of a set's card.

use std::fmt::Write;

use super::Evaluation;
use super::measure::{BeatRow, BedMeasures, Estimate, FrechetMeasures, RowMeasures};
use super::metrics::Metric;
use super::noise;
use super::rows::Row;

/// Columns of the first table: what a listener would notice.
const LIKENESS: [Metric; 5] = [Metric::Mel, Metric::StftLog, Metric::LogSpectral, Metric::Chroma, Metric::OnsetF];
/// Columns of the second: energies and waveforms.
const ENERGY: [Metric; 4] = [Metric::StftLinear, Metric::SiSdrDb, Metric::LevelDb, Metric::HighsDb];

impl Evaluation {
    /// The card's section.
    ///
    /// # Errors
    /// Never in practice: writing to a string cannot fail.
    pub fn describe(&self, text: &mut String) -> std::fmt::Result {
        writeln!(text, "## Measures\n")?;
        writeln!(
            text,
            "Run by {}, seed {}. Each bed is measured apart; `docs/guide/card.md` of the repository explains every column. Means with \
             95 % bootstrap intervals over bars; ↓ lower, ↑ higher, → 0 nearer to 0 is better. Mel is the multi-scale log10-mel distance \
             at 16 kHz, chroma the mean cosine of pitch-class magnitudes from 110 to 2093 Hz, onset F counts attacks within 50 ms. {} {}\n",
            self.runtime, self.seed, self.yardsticks, self.tracker
        )?;
        for bed in &self.beds {
            bed.describe(text)?;
        }
        self.edits.describe(text)
    }
}

impl BedMeasures {
    fn describe(&self, text: &mut String) -> std::fmt::Result {
        writeln!(text, "### {}, {} bars\n\nFrom {}.\n", self.title, self.bars, self.source)?;
        table(text, &self.rows, &LIKENESS, true)?;
        table(text, &self.rows, &ENERGY, false)?;
        if let Some(sentence) = fewer(&self.rows, self.bars) {
            writeln!(text, "{sentence}\n")?;
        }
        self.findings(text)?;
        if let Some(frechet) = &self.frechet {
            frechet.describe(text)?;
        }
        beats(&self.beats, text)?;
        writeln!(text, "What single calls of the decoder know, by noise level:\n")?;
        noise::describe(&self.noise, text)
    }

    /// What a reader would otherwise have to work out.
    fn findings(&self, text: &mut String) -> std::fmt::Result {
        let mel = |row: Row| {
            let found = self.rows.iter().find(|measures| measures.name == row.name());
            found.and_then(|measures| measures.marks.get(&Metric::Mel)).map(|estimate| estimate.interval.mean)
        };
        if let (Some(played), Some(many)) = (mel(Row::Played), mel(Row::Calls(16))) {
            write!(text, "Mel as played over 16 calls: {:.3}. ", played / many)?;
        }
        if let (Some(own), Some(swapped)) = (mel(Row::Played), mel(Row::Swapped)) {
            write!(text, "Another bar's latents take it to {:.2} times as much. ", swapped / own)?;
        }
        writeln!(text, "The adapter loses {:.1} % of the latents' variance.\n", 100.0 * self.adapter_error)
    }
}

fn table(text: &mut String, rows: &[RowMeasures], metrics: &[Metric], has_rates: bool) -> std::fmt::Result {
    let titles: Vec<String> = metrics.iter().map(|metric| format!("{} {}", metric.name(), metric.better())).collect();
    writeln!(text, "| | {} |\n|{}", titles.join(" | "), "---|".repeat(metrics.len() + 1))?;
    for row in rows {
        let rate = row.kbit_per_s.filter(|_| has_rates).map_or_else(String::new, |rate| format!(" (took {rate:.1})"));
        let cells: Vec<String> = metrics.iter().map(|metric| cell(row.marks.get(metric), *metric)).collect();
        writeln!(text, "| {}{rate} | {} |", row.name, cells.join(" | "))?;
    }
    writeln!(text)
}

fn cell(estimate: Option<&Estimate>, metric: Metric) -> String {
    estimate.map_or_else(|| "–".to_owned(), |estimate| estimate.interval.rounded(metric.decimals()))
}

/// Which measures are over fewer bars than the table says.
fn fewer(rows: &[RowMeasures], bars: usize) -> Option<String> {
    let least = |metric: Metric| rows.iter().filter_map(|row| row.marks.get(&metric)).map(|estimate| estimate.bars).min();
    let short = Metric::ALL.into_iter().filter_map(|metric| least(metric).map(|least| (metric, least)));
    let named: Vec<String> =
        short.filter(|(_, least)| *least < bars).map(|(metric, least)| format!("{} {least}", metric.name())).collect();
    let sentence = "Bars without a partner of their length, harmony, onsets or highs are left out of the measure that needs them; the \
                    fewest in any row";
    (!named.is_empty()).then(|| format!("{sentence}: {}.", named.join(", ")))
}

impl FrechetMeasures {
    fn describe(&self, text: &mut String) -> std::fmt::Result {
        writeln!(
            text,
            "Fréchet distance on musicnn (MSD), {} patches of 3 s from {} passages on each side, each passage at one level, 1e-6 on the \
             diagonals. Real against other real passages, as many: **{:.1}**, which no row can be blamed for.\n",
            self.patches, self.passages, self.floor
        )?;
        writeln!(text, "| | to the same passages | to other real ones | over the floor |\n|---|---|---|---|")?;
        for row in &self.rows {
            writeln!(text, "| {} | {:.1} | {:.1} | {:.2} |", row.name, row.to_same, row.to_others, row.to_others / self.floor)?;
        }
        writeln!(text)
    }
}

fn beats(rows: &[BeatRow], text: &mut String) -> std::fmt::Result {
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(text, "| beats heard as in the original | F at 70 ms ↑ |\n|---|---|")?;
    for row in rows {
        writeln!(text, "| {} | {} |", row.name, row.f.interval.rounded(3))?;
    }
    writeln!(text)
}
