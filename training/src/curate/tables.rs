//! The knob table of a card.

use std::fmt::Write;

use anyhow::Result;
use turnaround_core::contract::Manifest;

use super::shortlist::{LEAST_CONSISTENCY, MOST_STRANGE};
use super::{Curation, Trial, names};

/// Appends what was measured of the shortlisted actions.
///
/// # Errors
/// None that a string can give.
pub fn describe(text: &mut String, manifest: &Manifest, curation: &Curation) -> Result<()> {
    let shortlist = shortlist(manifest);
    let consistent = curation.actions.iter().filter(|trial| trial.consistency >= LEAST_CONSISTENCY).count();
    writeln!(
        text,
        "## Knobs\n\n{} of {} actions do much the same in every context (consistency {LEAST_CONSISTENCY} or more); {} are shortlisted, \
         of those that do in either half of the contexts too. Each was tried alone and at its full weight on {} bars of the validation split, beside no action and with the same noise, guidance 2. \
         Changes are means in standard deviations of real bars; strangeness tells how far the bars lie from the mean real one (a real one: 1; \
         at most {MOST_STRANGE}).\n",
        consistent,
        curation.actions.len(),
        shortlist.len(),
        curation.contexts,
    )?;
    if shortlist.is_empty() {
        return Ok(());
    }
    writeln!(
        text,
        "| | knob | strongest changes | consistency | told apart | three strongest | strangeness | most gain | in training |\n\
         |---|---|---|---|---|---|---|---|---|"
    )?;
    for index in shortlist {
        let (action, trial) = (&manifest.actions[index], &curation.actions[index]);
        writeln!(
            text,
            "| {index} | {} | {} | {:.2} | {:.0} % | {:.0} % | {:.2} | {:+.1} dB | {:.1} % |",
            action.label,
            strongest(trial).join(", "),
            trial.consistency,
            100.0 * trial.separability,
            100.0 * trial.specificity,
            trial.strangeness,
            trial.most_gain_db,
            100.0 * action.usage,
        )?;
    }
    writeln!(text)?;
    Ok(())
}

/// The numbers of the shortlisted actions.
pub fn shortlist(manifest: &Manifest) -> Vec<usize> {
    let is_shortlisted =
        |index: &usize| manifest.actions[*index].measured.as_ref().is_some_and(|measured| measured.is_shortlisted);
    (0..manifest.actions.len()).filter(is_shortlisted).collect()
}

/// The three strongest changes with their sizes.
pub fn strongest(trial: &Trial) -> Vec<String> {
    names::strongest(trial)
        .into_iter()
        .take(3)
        .map(|descriptor| format!("{descriptor} {:+.1}", trial.effect[&descriptor]))
        .collect()
}
