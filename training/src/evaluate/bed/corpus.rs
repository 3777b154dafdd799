//! A held-out split of a rendered corpus as a bed: compositions of which training saw no take in any key.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};

use super::{Bed, Piece};
use crate::corpus::{Corpus, Split};

/// Seconds of audio that are kept around a piece's units, so that the outer ones have real surroundings.
const AROUND_S: u64 = 2;

/// A split that is not trained on, as the bed `key`.
///
/// # Errors
/// When the corpus has none.
pub fn held_out(corpus: &Corpus, split: Split, key: &'static str, title: &str) -> Result<Bed> {
    let mut by_piece: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for unit in corpus.of(split) {
        by_piece.entry(corpus.units[unit].piece).or_default().push(unit);
    }
    ensure!(!by_piece.is_empty(), "the corpus has no {} split: build a longer one", split.name());
    let manifest = &corpus.manifest;
    let units: usize = by_piece.values().map(Vec::len).sum();
    Ok(Bed {
        key,
        title: title.to_owned(),
        source: format!(
            "the {} split ({} pieces, {units} units) of a corpus {}: recipe {}, seed {}, {:.2} h",
            split.name(),
            by_piece.len(),
            // A corpus of recordings names none.
            if manifest.soundfont.is_empty() {
                "of recordings".to_owned()
            } else {
                format!("rendered with {}", manifest.soundfont)
            },
            manifest.recipe,
            manifest.seed,
            manifest.hours
        ),
        pieces: by_piece.into_iter().map(|(piece, units)| cut_out(corpus, piece, &units)).collect(),
    })
}

fn cut_out(corpus: &Corpus, piece: usize, units: &[usize]) -> Piece {
    let around = AROUND_S * u64::from(corpus.manifest.rate);
    let rows = || units.iter().map(|unit| &corpus.units[*unit]);
    let start = corpus.units[units[0]].start as i64 - around as i64;
    let end = rows().map(|row| row.end).max().unwrap_or(0) + around;
    let offset = |position: u64| (position as i64 - start) as usize;
    Piece {
        name: format!("{} (piece {piece})", corpus.units[units[0]].title),
        audio: corpus.window(start, (end as i64 - start) as usize),
        units: rows().map(|row| offset(row.start)..offset(row.end)).collect(),
    }
}
