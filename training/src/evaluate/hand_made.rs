//! A corpus small enough to edit in a test.

use std::fs;
use std::path::Path;

use serde_json::json;

use super::metrics::hand_made::{noise, plucks};
use crate::corpus::dataset::{AUDIO_FILE, FORMAT, MANIFEST_FILE, PIECES_FILE, RECIPE, UNITS_FILE, store};
use crate::corpus::{Corpus, Split};

/// Samples of a bar: 150 beats a minute in 4/4.
pub const BAR: usize = 25_600;

/// Bars of each piece.
pub const BARS: usize = 7;

/// Two pieces of [`BARS`] bars, all of one split, with a second of silence around each, written into `folder` and opened.
pub fn corpus(folder: &Path, split: Split) -> Corpus {
    const AROUND: usize = 16_000;
    let length = 2 * AROUND + BARS * BAR;
    let mut audio = Vec::new();
    let (mut pieces, mut units) = (String::new(), String::new());
    for piece in 0..2 {
        let start = piece * length;
        let bar_line = |bar: usize| start + AROUND + bar * BAR;
        let at: Vec<f64> = (0..4 * BARS).map(|beat| 1.0 + 0.4 * beat as f64 + 0.1 * (piece * (beat % 2)) as f64).collect();
        let mut sound = plucks(&at, length);
        sound[AROUND..length - AROUND]
            .iter_mut()
            .zip(noise(piece as u64, BARS * BAR))
            .for_each(|(sample, hiss)| *sample += 0.05 * hiss);
        audio.extend(sound.into_iter().flat_map(|sample| store(sample).to_le_bytes()));
        let title = format!("piece {piece}");
        let row = json!({
            "piece": piece, "source": "own", "title": title, "composition": "0000000000000000", "split": split, "start": start,
            "end": start + length, "style": "none", "metre": "4/4", "beats": [], "degradations": [],
        });
        pieces += &format!("{row}\n");
        for bar in 0..BARS {
            let row = json!({
                "piece": piece, "unit": bar, "first_bar": bar + 1, "last_bar": bar + 1, "start": bar_line(bar), "end": bar_line(bar + 1),
                "tempo": 150.0, "metre": "4/4", "split": split, "title": title,
            });
            units += &format!("{row}\n");
        }
    }
    let manifest = json!({
        "format": FORMAT, "recipe": RECIPE, "seed": 0, "hours_asked": 0.0, "hours": 0.0, "rate": 16_000, "pieces": 2, "compositions": 2,
        "bars": 2 * BARS, "units": 2 * BARS, "split_rule": "none", "kind": "own", "sources": [], "solo_share": 0.0, "degraded_share": 0.0,
        "solo_hours": 0.0, "soundfont": "", "soundfont_sha256": "", "samples": audio.len() / 2, "sha256": {},
    });
    let files = [
        (MANIFEST_FILE, manifest.to_string().into_bytes()),
        (PIECES_FILE, pieces.into_bytes()),
        (UNITS_FILE, units.into_bytes()),
        (AUDIO_FILE, audio),
    ];
    for (file, bytes) in files {
        fs::write(folder.join(file), bytes).expect("the folder is ours");
    }
    Corpus::open(folder).expect("what was written opens")
}
