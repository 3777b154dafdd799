//! Measures of a model set on held-out bars, through the graphs that ship and the engine that plays them.
//!
//! Held out means: compositions of the test split, of which training saw no take in any key.

pub mod beatnet;
pub mod beats;
mod chance;
mod dynamics;
pub mod hits;
mod tokenizer;

use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use turnaround_engine::Engine;
use turnaround_engine::runtime::Options;

use crate::corpus::{Corpus, Split};

pub use chance::Interval;
pub use dynamics::DynamicsMeasures;
pub use tokenizer::TokenizerMeasures;

/// The file in a set's folder that keeps the result.
pub const FILE: &str = "evaluation.json";

/// What was measured, on what.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Evaluation {
    /// Recipe, seed and length of the corpus.
    pub corpus: String,
    /// What ran the graphs.
    pub runtime: String,
    /// Seed of all noise and choices.
    pub seed: u64,
    /// Encoder, decoder and adapter.
    pub tokenizer: TokenizerMeasures,
    /// Actions and dynamics.
    pub dynamics: DynamicsMeasures,
}

/// Evaluates the set in `folder`, `bars` held-out bars for each table, and leaves the result and a fresh card in it.
///
/// # Errors
/// When the set cannot be loaded, the corpus has no test split, or a graph fails.
pub fn run(folder: &Path, corpus: &Corpus, bars: usize, seed: u64) -> Result<Evaluation> {
    let engine = Engine::open(Some(folder), &Options::default())?;
    let held_out = corpus.of(Split::Test);
    ensure!(!held_out.is_empty(), "the corpus has no test split: build a longer one");
    let (manifest, runtime) = (&corpus.manifest, engine.set().runtime());
    let evaluation = Evaluation {
        corpus: format!(
            "recipe {}, seed {}, {:.2} h, {} test units",
            manifest.recipe,
            manifest.seed,
            manifest.hours,
            held_out.len()
        ),
        runtime: format!("{} {} on {}", runtime.runtime, runtime.version, runtime.provider),
        seed,
        tokenizer: tokenizer::measure(engine.set(), corpus, &spread(&held_out, bars), seed)?,
        dynamics: dynamics::measure(&engine, corpus, &dynamics::candidates(corpus, bars), seed)?,
    };
    let path = folder.join(FILE);
    fs::write(&path, serde_json::to_string_pretty(&evaluation)? + "\n").with_context(|| format!("writing {}", path.display()))?;
    crate::set::card::write(folder)?;
    Ok(evaluation)
}

/// `count` items evenly spread over a list, or all of a shorter one.
fn spread<T: Clone>(items: &[T], count: usize) -> Vec<T> {
    let count = count.min(items.len());
    (0..count).map(|index| items[index * items.len() / count].clone()).collect()
}

impl Evaluation {
    /// The card's section.
    ///
    /// # Errors
    /// Never in practice: writing to a string cannot fail.
    pub fn describe(&self, text: &mut String) -> Result<()> {
        writeln!(text, "## Measures\n")?;
        writeln!(
            text,
            "On held-out compositions ({}), run by {}, seed {}. Mel is the multi-scale log10-mel distance at 16 kHz, lower is \
             better; chroma the mean cosine of pitch-class magnitudes from 110 to 2093 Hz, higher is better.\n",
            self.corpus, self.runtime, self.seed
        )?;
        self.tokenizer.describe(text)?;
        self.dynamics.describe(text)
    }
}
