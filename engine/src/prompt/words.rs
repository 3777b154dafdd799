//! A sentence to words, and a word to the forms it may be an inflection of.

/// A word as it was written, or a break between wishes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// As it was written.
    pub written: String,
    /// In small letters, without apostrophes.
    pub plain: String,
    /// What it may be an inflection of, the word itself first.
    pub forms: Vec<String>,
}

impl Word {
    fn new(written: &str) -> Self {
        let plain: String = written.to_lowercase().chars().filter(|letter| !is_apostrophe(*letter)).collect();
        Word { written: written.to_owned(), forms: forms(&plain), plain }
    }

    /// Whether it compares: busier, louder.
    pub fn is_comparative(&self) -> bool {
        self.plain.ends_with("er") || self.plain == "less" || self.plain == "more"
    }
}

/// The words of a sentence, in order. Commas and their like become the word `,`; hyphens part words.
pub(super) fn words(sentence: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut word = String::new();
    for letter in sentence.chars().chain([' ']) {
        if letter.is_alphanumeric() || is_apostrophe(letter) {
            word.push(letter);
            continue;
        }
        if word.chars().any(char::is_alphanumeric) {
            words.push(Word::new(&word));
        }
        word.clear();
        match letter {
            ',' | ';' | '.' | '!' | '?' => words.push(Word::new(",")),
            '&' | '+' | '/' => words.push(Word::new("and")),
            _ => {}
        }
    }
    words
}

fn is_apostrophe(letter: char) -> bool {
    matches!(letter, '\'' | '’')
}

/// Endings, and what may have stood in their place.
const ENDINGS: [(&str, &[&str]); 16] = [
    ("iest", &["y"]),
    ("iness", &["y"]),
    ("ier", &["y"]),
    ("ily", &["y"]),
    ("ies", &["y"]),
    ("ied", &["y"]),
    ("est", &["", "e"]),
    ("ness", &[""]),
    ("er", &["", "e"]),
    ("ing", &["", "e"]),
    ("ed", &["", "e"]),
    ("en", &["", "e"]),
    ("ly", &["", "le"]),
    ("es", &["", "e"]),
    ("s", &[""]),
    ("y", &["", "e"]),
];

/// What is left of a word must be at least so long: "ring" is no form of "r".
const SHORTEST_STEM: usize = 3;

/// The forms that a word may be an inflection of, nearest first. Two endings may be taken off: brightening, brighten, bright.
fn forms(word: &str) -> Vec<String> {
    let mut forms = vec![word.to_owned()];
    let mut from = 0;
    for _ in 0..2 {
        let until = forms.len();
        let found: Vec<String> = forms[from..].iter().flat_map(|nearer| without_ending(nearer)).collect();
        for form in found {
            if !forms.contains(&form) {
                forms.push(form);
            }
        }
        // The less is taken off the better: "notes" is a form of "note" before it is one of "not".
        forms[until..].sort_by_key(|form| std::cmp::Reverse(form.chars().count()));
        from = until;
    }
    forms
}

fn without_ending(word: &str) -> Vec<String> {
    let mut forms = Vec::new();
    for (ending, replaced) in ENDINGS {
        let Some(stem) = word.strip_suffix(ending).filter(|stem| stem.chars().count() >= SHORTEST_STEM) else { continue };
        forms.extend(replaced.iter().map(|replaced| format!("{stem}{replaced}")));
        // Thinner, thin: a consonant that was doubled before the ending.
        let mut letters = stem.chars().rev();
        if let (Some(last), Some(before)) = (letters.next(), letters.next())
            && last == before
            && stem.chars().count() > SHORTEST_STEM
        {
            forms.push(stem[..stem.len() - last.len_utf8()].to_owned());
        }
    }
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_words_and_breaks() {
        let plain = |sentence| words(sentence).into_iter().map(|word| word.plain).collect::<Vec<_>>();
        assert_eq!(plain("Busier drums, DON'T fade-out!"), ["busier", "drums", ",", "dont", "fade", "out", ","]);
        assert_eq!(plain("bass & ride"), ["bass", "and", "ride"]);
        assert_eq!(plain(" ' -- "), Vec::<String>::new());
        assert_eq!(words("Ünïcode’s")[0].written, "Ünïcode’s");
    }

    #[test]
    fn inflections_lead_back_to_the_word() {
        for (inflected, word) in [
            ("busier", "busy"),
            ("brightness", "bright"),
            ("brightening", "bright"),
            ("thinner", "thin"),
            ("denser", "dense"),
            ("fading", "fade"),
            ("gently", "gentle"),
            ("cymbals", "cymbal"),
            ("boomiest", "boomy"),
            ("softened", "soft"),
            ("crunchiness", "crunchy"),
        ] {
            assert!(forms(inflected).iter().any(|form| form == word), "{inflected}: {:?}", forms(inflected));
        }
        assert_eq!(forms("ring"), ["ring"], "what is left would be no word");
        assert_eq!(forms("notes")[..3], ["notes", "note", "not"]);
    }
}
