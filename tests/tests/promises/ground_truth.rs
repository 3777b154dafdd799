//! Ground truth scores models and trains none: only what writes it and what scores with it may name it.

use crate::workspace::sources;

/// Whether a file may name the ground truth: what writes it, its own tests, and scoring.
fn may_name_it(path: &str) -> bool {
    let place = path.strip_prefix("training/src/").expect("a source of training");
    ["corpus/build.rs", "corpus/factors.rs", "corpus/tests.rs", "evaluate.rs"].contains(&place) || place.starts_with("evaluate/")
}

/// Lines of a file, its comments left out, that name the ground truth's file, the constant that holds its name, or its rows.
fn namings(text: &str) -> Vec<&str> {
    let words =
        [["FACTORS", "_FILE"].concat(), ["factors", ".jsonl"].concat(), ["Bar", "Factors"].concat(), "factors::".to_owned()];
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.filter(|line| words.iter().any(|word| line.contains(word))).collect()
}

#[test]
fn only_what_writes_the_ground_truth_and_what_scores_with_it_names_it() {
    for (path, text) in sources("training/src/").iter().filter(|(path, _)| !may_name_it(path)) {
        let allowed = if path.ends_with("corpus/dataset.rs") {
            // The names of all files of a corpus stand together; this is the name and no use of it.
            vec![["pub const FACTORS", "_FILE: &str = \"factors", ".jsonl\";"].concat()]
        } else {
            Vec::new()
        };
        assert_eq!(namings(text), allowed, "{path} names the ground truth");
    }
}

#[test]
fn the_writer_of_the_ground_truth_does_name_it() {
    // Else the promise above would hold because a name was changed.
    let sources = sources("training/src/");
    for path in ["training/src/corpus/build.rs", "training/src/corpus/dataset.rs"] {
        assert!(!namings(&sources[path]).is_empty(), "{path} no longer names the ground truth as this test does");
    }
}
