//! Chord symbols as three archives spell them, read as the chords our players know.
//!
//! The Weimar database writes `D-7`, `Ebj7`, `G79b13b` (accidentals after the digit), iRb `Dmin7`, `Ebmaj7`, `G713b`, Impro-Visor
//! `Dm7`, `EbM7`, `G7b9`. Tensions a player may add as he likes are dropped; altered ones make the dominant an altered one.

use crate::corpus::score::harmony::{Chord, Quality};

/// Reads a symbol. `None` where it names no root, as `NC` does. A suffix nobody knows is a plain triad, a slash bass is dropped.
pub fn chord(text: &str) -> Option<Chord> {
    let text = text.split('/').next().unwrap_or_default();
    if text.starts_with("NC") {
        return None;
    }
    let (root, suffix) = root(text)?;
    Some(Chord::new(root, quality(suffix)))
}

/// The pitch class a text opens with, and what follows: `Bb-maj` gives 10 and `-maj`.
pub fn root(text: &str) -> Option<(i32, &str)> {
    let natural = match text.chars().next()? {
        'C' => 0,
        'D' => 2,
        'E' => 4,
        'F' => 5,
        'G' => 7,
        'A' => 9,
        'B' => 11,
        _ => return None,
    };
    Some(match text.as_bytes().get(1) {
        Some(b'b') => ((natural + 11) % 12, &text[2..]),
        Some(b'#') => ((natural + 1) % 12, &text[2..]),
        _ => (natural, &text[1..]),
    })
}

fn quality(suffix: &str) -> Quality {
    let opens = |names: &[&str]| names.iter().any(|name| suffix.starts_with(name));
    let has = |names: &[&str]| names.iter().any(|name| suffix.contains(name));
    if has(&["sus"]) {
        return Quality::Suspended7;
    }
    if opens(&["m7b5", "min7b5", "-7b5", "h", "ø"]) {
        return Quality::HalfDiminished;
    }
    if opens(&["o", "dim"]) {
        return Quality::Diminished7;
    }
    if opens(&["maj7", "maj9", "maj1", "j7", "M7", "M9", "M1", "+j7", "maj#", "Maj7"]) {
        return Quality::Major7;
    }
    if opens(&["min", "-"]) || (suffix.starts_with('m') && !suffix.starts_with("maj")) {
        return minor(suffix);
    }
    let is_dominant = opens(&["7", "9", "11", "13", "+7", "alt", "+", "aug", "#5"]) && !opens(&["add"]);
    if !is_dominant {
        return Quality::Major6;
    }
    let altered = ["alt", "+", "aug", "9b", "9#", "b9", "#9", "13b", "b13", "5b", "b5", "#5"];
    if has(&altered) { Quality::Altered7 } else { Quality::Dominant7 }
}

fn minor(suffix: &str) -> Quality {
    let rest = suffix.trim_start_matches("min").trim_start_matches(['m', '-']);
    if ["maj", "j7", "M", "D7", "ma"].iter().any(|name| rest.contains(name)) {
        Quality::MinorMajor7
    } else if rest.is_empty() || rest.starts_with('6') || rest.starts_with("add") {
        Quality::Minor6
    } else {
        Quality::Minor7
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_spellings_name_the_same_chords() {
        let same: [(&[&str], i32, Quality); 13] = [
            (&["D-7", "Dmin7", "Dm7", "D-79", "Dmin9", "Dm11"], 2, Quality::Minor7),
            (&["Ebj7", "Ebmaj7", "EbM7", "Ebj7911#", "Ebmaj711#", "EbM9"], 3, Quality::Major7),
            (&["G7", "G13", "G9", "G7911#", "G711#", "G7#11"], 7, Quality::Dominant7),
            (&["G79b", "G9b", "G7b9", "G79b13b", "G713b", "G7#5", "G7+", "G+7", "G7alt", "G+"], 7, Quality::Altered7),
            (&["Fsus7913", "F7sus", "F9sus4", "Fsus"], 5, Quality::Suspended7),
            (&["F#m7b5", "F#min7b5", "F#h7"], 6, Quality::HalfDiminished),
            (&["Bo", "Bo7", "Bdim7"], 11, Quality::Diminished7),
            (&["C", "C6", "C69", "Cadd9", "Cmaj", "Cwhatever"], 0, Quality::Major6),
            (&["A-6", "Amin6", "Am6", "A-", "Amin", "Am69"], 9, Quality::Minor6),
            (&["A-j7", "Aminmaj7", "AmM7", "AminD7"], 9, Quality::MinorMajor7),
            (&["Bb7/F", "Bb7"], 10, Quality::Dominant7),
            (&["Cb7"], 11, Quality::Dominant7),
            (&["E-7911"], 4, Quality::Minor7),
        ];
        for (texts, root, quality) in same {
            for text in texts {
                assert_eq!(chord(text), Some(Chord::new(root, quality)), "{text}");
            }
        }
        assert_eq!(chord("NC"), None);
        assert_eq!(chord("H7"), None);
        assert_eq!(chord(""), None);
    }
}
