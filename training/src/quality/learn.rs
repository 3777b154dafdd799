//! Learning the filter from a corpus, and measuring it on compositions and kinds it has not heard.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use rayon::prelude::*;
use serde::Serialize;
use turnaround_core::contract::sha256_hex;

use super::examples::{BAD_FROM, Example, GOOD_UP_TO, Treatment, examples};
use super::filter::Filter;
use super::forest::{Forest, Growth};
use super::measure::{Auc, Scored, auc, correlation};
use crate::corpus::degrade::{ALONE, Kind, STRUCTURAL};
use crate::corpus::{Corpus, Split};

/// The filter's file name.
pub const FILTER_FILE: &str = "filter.bin";
/// The card's file name.
pub const CARD_FILE: &str = "CARD.md";

/// The forest that decides: the recipe's 100 trees of depth 12, with leaves large enough that the file stays small.
const FITNESS: Growth = Growth { trees: 100, depth: 12, leaf: 6, looked_at: 18, seed: 1 };
/// The forest that tells severity.
const SEVERITY: Growth = Growth { trees: 50, depth: 10, leaf: 12, looked_at: 36, seed: 2 };

/// What to learn from and where to put the filter.
#[derive(Clone, Debug)]
pub struct LearnOptions {
    /// Corpus folder.
    pub corpus: PathBuf,
    /// Folder for the filter and its card.
    pub out: PathBuf,
    /// Seed of cuts and faults.
    pub seed: u64,
}

/// A filter's figures.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    /// Good and bad examples learned from, and those learned from for severity alone.
    pub learned_from: [usize; 3],
    /// All held-out examples, all kinds heard in learning.
    pub held_out: Auc,
    /// Each kind alone, beyond use, against everything good: heard in learning, and not.
    pub kinds: Vec<KindFigures>,
    /// All kinds together, each judged by a forest that has not heard it.
    pub unseen: Auc,
    /// Correlation of the severity told with the true one on held-out compositions.
    pub severity_correlation: f64,
    /// Mean absolute error of it, 0..1.
    pub severity_error: f64,
    /// The share of held-out examples kept at a probability of 0.55: clean ones, mild ones, those between, bad ones, broken ones.
    pub kept: [f64; 5],
}

/// How well one kind is told.
#[derive(Clone, Debug, Serialize)]
pub struct KindFigures {
    /// The kind.
    pub kind: Kind,
    /// By the filter that ships.
    pub heard: Auc,
    /// By a forest that learnt without it.
    pub unseen: Auc,
}

/// Learns a filter, measures it, and writes it with its card.
///
/// # Errors
/// When the corpus cannot be read or is too small, or a file cannot be written.
pub fn learn(options: &LearnOptions) -> Result<Figures> {
    let corpus = Corpus::open(&options.corpus)?;
    let train = examples(&corpus, Split::Train, options.seed)?;
    let test = examples(&corpus, Split::Test, options.seed)?;
    let filter = Filter { fitness: fitness(&train, None)?, severity: severity(&train)? };
    let figures = measure(&filter, &train, &test)?;
    let bytes = filter.to_bytes();
    fs::create_dir_all(&options.out).with_context(|| format!("cannot make the folder {}", options.out.display()))?;
    for (name, content) in [(FILTER_FILE, &bytes), (CARD_FILE, &card(&figures, &corpus, options.seed, &bytes).into_bytes())] {
        let path = options.out.join(name);
        fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(figures)
}

/// A forest that tells good from bad, without examples that hold a kind.
pub(super) fn fitness(examples: &[Example], without: Option<Kind>) -> Result<Forest> {
    let may_hear = |example: &&Example| !without.is_some_and(|kind| example.kinds.contains(&kind));
    let heard: Vec<(&Example, bool)> =
        examples.iter().filter(may_hear).filter_map(|example| Some((example, example.is_good()?))).collect();
    let good = heard.iter().filter(|(_, is_good)| *is_good).count();
    let bad = heard.len() - good;
    ensure!(good > 0 && bad > 0, "{good} good and {bad} bad examples are not enough to learn from");
    let rows: Vec<&[f32]> = heard.iter().map(|(example, _)| example.features.as_slice()).collect();
    let answers: Vec<f64> = heard.iter().map(|(_, is_good)| f64::from(u8::from(*is_good))).collect();
    // Both sides count the same, so that 0.5 means undecided.
    let weight = |is_good: bool| heard.len() as f64 / 2.0 / if is_good { good } else { bad } as f64;
    let weights: Vec<f64> = heard.iter().map(|(_, is_good)| weight(*is_good)).collect();
    Forest::grow(&rows, &answers, &weights, FITNESS)
}

fn severity(examples: &[Example]) -> Result<Forest> {
    let rows: Vec<&[f32]> = examples.iter().map(|example| example.features.as_slice()).collect();
    let answers: Vec<f64> = examples.iter().map(|example| example.severity).collect();
    Forest::grow(&rows, &answers, &vec![1.0; rows.len()], SEVERITY)
}

fn measure(filter: &Filter, train: &[Example], test: &[Example]) -> Result<Figures> {
    let score = |forest: &Forest, chosen: &dyn Fn(&Example) -> bool| -> Vec<Scored> {
        let scored = test.iter().filter(|example| chosen(example)).filter_map(|example| {
            let (score, composition) = (forest.answer(&example.features), example.composition);
            Some(Scored { score, is_good: example.is_good()?, composition })
        });
        scored.collect()
    };
    let too_few = "the test split has too few examples of a kind";
    let kinds: Vec<Kind> = ALONE.into_iter().chain(STRUCTURAL).collect();
    let of_kind = |kind: Kind, forest: &Forest| {
        score(forest, &|example| {
            example.is_good() == Some(true) || (example.treatment != Treatment::Chain && example.kinds == [kind])
        })
    };
    let without: Vec<Forest> = kinds.par_iter().map(|kind| fitness(train, Some(*kind))).collect::<Result<_>>()?;
    let mut together = Vec::new();
    let mut by_kind = Vec::new();
    for (kind, forest) in kinds.iter().zip(&without) {
        let unseen = of_kind(*kind, forest);
        let heard = auc(&of_kind(*kind, &filter.fitness), 1).context(too_few)?;
        by_kind.push(KindFigures { kind: *kind, heard, unseen: auc(&unseen, 1).context(too_few)? });
        together.extend(unseen);
    }
    let told: Vec<(f64, f64)> = test.iter().map(|one| (filter.severity.answer(&one.features), one.severity)).collect();
    let answers = |wanted: Option<bool>| train.iter().filter(|example| example.is_good() == wanted).count();
    Ok(Figures {
        learned_from: [answers(Some(true)), answers(Some(false)), answers(None)],
        held_out: auc(&score(&filter.fitness, &|_| true), 1).context(too_few)?,
        kinds: by_kind,
        unseen: auc(&together, 1).context(too_few)?,
        severity_correlation: correlation(&told),
        severity_error: told.iter().map(|(told, truth)| (told - truth).abs()).sum::<f64>() / told.len() as f64,
        kept: kept(filter, test),
    })
}

/// Shares kept of clean, mild, middling, bad and broken examples.
fn kept(filter: &Filter, test: &[Example]) -> [f64; 5] {
    let share = |chosen: &dyn Fn(&Example) -> bool| {
        let of: Vec<&Example> = test.iter().filter(|example| chosen(example)).collect();
        let kept = of.iter().filter(|example| filter.fitness.answer(&example.features) > super::KEEP_ABOVE).count();
        kept as f64 / of.len().max(1) as f64
    };
    [
        share(&|example| example.treatment == Treatment::Clean),
        share(&|example| example.treatment != Treatment::Clean && example.is_good() == Some(true)),
        share(&|example| example.is_good().is_none()),
        share(&|example| example.treatment != Treatment::Broken && example.is_good() == Some(false)),
        share(&|example| example.treatment == Treatment::Broken),
    ]
}

fn cell(auc: &Auc) -> String {
    format!("{:.3} ({:.3}–{:.3})", auc.area, auc.interval.0, auc.interval.1)
}

/// The card, as Markdown.
fn card(figures: &Figures, corpus: &Corpus, seed: u64, bytes: &[u8]) -> String {
    let mut text = format!(
        "# Quality filter\n\n\
        Tells recordings that are fit to learn from, old ones included, from broken ones and from those degraded beyond use. Input: cuts \
        of 5 s at 16 kHz, mono, at any level. Output: the probability of being fit (kept above 0.55, as the mean over a song) and a \
        severity, both 0 to 1. `{FILTER_FILE}`: {} bytes, SHA-256 `{}`.\n\n\
        ## Data and rights\n\n\
        {} good and {} bad cuts, and {} between that taught severity alone: cuts of the train split of a corpus of {:.1} h ({}), degraded \
        and broken by this project's own code with seed {seed}. The filter's licence: MIT or Apache-2.0, as the project's.\n\n\
        Good: clean, or degraded up to strength {GOOD_UP_TO}, as old recordings are. Bad: from strength {BAD_FROM} on, or music broken in \
        time. Made again by `turnaround-training quality-train --corpus CORPUS --out training/quality`.\n\n\
        ## Measured\n\n\
        Area under the ROC curve on compositions of the test split, {} good and {} bad cuts; in brackets the middle 95 % of 500 draws of \
        compositions.\n\n\
        | held out | area |\n|---|---|\n\
        | compositions | {} |\n\
        | compositions and the kind of degradation | {} |\n\n",
        bytes.len(),
        sha256_hex(bytes),
        figures.learned_from[0],
        figures.learned_from[1],
        figures.learned_from[2],
        corpus.manifest.hours,
        corpus.manifest.described(),
        figures.held_out.counts.0,
        figures.held_out.counts.1,
        cell(&figures.held_out),
        cell(&figures.unseen),
    );
    text += "Each kind alone and beyond use, against all that is good; *unseen*: by a forest that learnt without any example of the kind, \
        alone or in a chain.\n\n| kind | heard in learning | unseen |\n|---|---|---|\n";
    for kind in &figures.kinds {
        let name = serde_json::to_string(&kind.kind).expect("a kind has a name");
        text += &format!("| {} | {} | {} |\n", name.trim_matches('"'), cell(&kind.heard), cell(&kind.unseen));
    }
    let [clean, mild, middling, bad, broken] = figures.kept.map(|share| 100.0 * share);
    text += &format!(
        "\nOf single held-out cuts it keeps {clean:.0} % of clean ones, {mild:.0} % of mildly degraded ones, {middling:.0} % of those \
        between, {bad:.0} % of those beyond use and {broken:.0} % of broken ones. Severity correlates with the true one by {:.2}, its mean \
        error is {:.2}.\n\n\
        ## Limits\n\n\
        It has heard synthesised music only, with faults made by rule: what it says of real recordings is an opinion, measured nowhere. \
        Nobody has listened to what it keeps. Statistics of bands do not know in which order things happen: music whose beats are cut or \
        repeated cleanly it hardly tells from whole music, as the table shows; a beat tracker does.\n",
        figures.severity_correlation, figures.severity_error
    );
    text
}
