//! Ground truth scores models and trains none, but for who plays, where a preset asks for that: only what writes it, what scores with it and
//! what reads players out of it may name it.

use crate::workspace::sources;

/// Whether a file may name the ground truth: what writes it, its own tests, scoring, and what reads players.
fn may_name_it(path: &str) -> bool {
    let place = path.strip_prefix("training/src/").expect("a source of training");
    ["corpus/build.rs", "corpus/factors.rs", "corpus/players.rs", "corpus/tests.rs", "evaluate.rs"].contains(&place)
        || place.starts_with("evaluate/")
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
fn players_are_read_by_their_role_and_programme_alone_and_only_where_they_are_asked_for() {
    let sources = sources("training/src/");
    let reader = &sources["training/src/corpus/players.rs"];
    let row = reader.split("struct Bar {").nth(1).and_then(|rest| rest.split('}').next()).expect("what is read is a row");
    let fields: Vec<&str> = row.lines().filter_map(|line| line.trim().split_once(": ")).map(|(name, _)| name).collect();
    assert_eq!(fields, ["piece", "bar", "plays", "programmes"]);
    let asks = ["corpus.", "players()"].concat();
    let asking: Vec<&str> = sources.iter().filter(|(_, text)| text.contains(&asks)).map(|(path, _)| path.as_str()).collect();
    assert_eq!(
        asking,
        ["training/src/command.rs", "training/src/pipeline.rs"],
        "a comparison, and a preset that knows instruments"
    );
}

#[test]
fn the_writer_of_the_ground_truth_does_name_it() {
    // Else the promise above would hold because a name was changed.
    let sources = sources("training/src/");
    for path in ["training/src/corpus/build.rs", "training/src/corpus/dataset.rs", "training/src/corpus/players.rs"] {
        assert!(!namings(&sources[path]).is_empty(), "{path} no longer names the ground truth as this test does");
    }
}
