//! What we tell readers is so, and nothing tells of the machines it was written on.

use std::collections::BTreeSet;

use crate::workspace::{files, packages, read, texts};

/// Words that belong to some machine and not to the project. They are put together here so that this file is free of them.
fn machine_words() -> Vec<String> {
    let slash = |words: &[&str]| words.join("/");
    vec![
        slash(&["", "work", ""]),
        slash(&["", "root", ""]),
        slash(&["", "home", ""]),
        slash(&["", ".library"]),
        slash(&["shared", "notes"]),
        ["local", "host:"].concat(),
        ["127.0", ".0.1"].concat(),
        ["pypi", ".org"].concat(),
        ["replace", "-with"].concat(),
        ["arti", "factory"].concat(),
    ]
}

#[test]
fn no_text_names_a_path_or_host_of_the_machine_it_was_written_on() {
    for (path, text) in texts() {
        for word in machine_words() {
            let line = text.lines().position(|line| line.contains(&word));
            assert_eq!(line, None, "{path}, counted from line 0, names {word:?}");
        }
    }
}

#[test]
fn every_dependency_comes_from_the_public_registry_or_the_workspace() {
    let lock = read("Cargo.lock");
    let sources: BTreeSet<&str> = lock.lines().filter_map(|line| line.strip_prefix("source = ")).collect();
    assert_eq!(sources, BTreeSet::from(["\"registry+https://github.com/rust-lang/crates.io-index\""]));
}

/// Whether a text speaks of an issue by its number. A link with the number in its address names whose issue it is, and is fine.
fn names_an_issue(text: &str) -> bool {
    let text = text.to_lowercase();
    text.match_indices("issue").any(|(at, word)| {
        let rest = text[at + word.len()..].trim_start_matches('s');
        let number = rest.trim_start_matches([' ', '#']);
        number.len() < rest.len() && number.starts_with(|first: char| first.is_ascii_digit())
    })
}

#[test]
fn no_text_speaks_of_an_issue_by_its_number() {
    assert!(names_an_issue(&["see issue", "#7"].join(" ")) && names_an_issue(&["Issues", "12 and 13"].join(" ")));
    assert!(!names_an_issue("an issue in 3/4") && !names_an_issue("tissue7") && !names_an_issue("owner/name/issues/12"));
    for (path, text) in texts() {
        let line = text.lines().position(names_an_issue);
        assert_eq!(line, None, "{path}, counted from line 0, names an issue by its number");
    }
}

/// Lines inside the fenced blocks of a Markdown text.
fn fenced(text: &str) -> Vec<&str> {
    text.split("```").skip(1).step_by(2).flat_map(str::lines).collect()
}

/// The first word after `command` wherever it appears.
fn words_after<'a>(text: &'a str, command: &str) -> BTreeSet<&'a str> {
    let words = text.match_indices(command).filter_map(|(at, _)| text[at + command.len()..].split_whitespace().next());
    words.map(|word| word.trim_matches(|c: char| !c.is_ascii_alphanumeric())).filter(|word| !word.is_empty()).collect()
}

/// Verbs of `cargo xtask`: the texts that its `run` matches.
fn xtask_verbs() -> BTreeSet<String> {
    let main = read("xtask/src/main.rs");
    let arms = main.lines().filter_map(|line| line.trim_start().split_once("=>").map(|(pattern, _)| pattern));
    let verbs: BTreeSet<String> = arms
        .flat_map(|pattern| pattern.split('|'))
        .filter_map(|text| text.trim().strip_prefix('"')?.strip_suffix('"'))
        .map(str::to_owned)
        .collect();
    assert!(verbs.contains("demo") && verbs.contains("test"), "xtask knows {verbs:?}");
    verbs
}

/// Verbs of the command line: the variants of its `Verb`.
fn program_verbs() -> BTreeSet<String> {
    let arguments = read("engine/src/bin/turnaround/args.rs");
    let body =
        arguments.split_once("pub enum Verb {").and_then(|(_, rest)| rest.split_once('}')).expect("the verbs are an enum").0;
    let verbs: BTreeSet<String> = body
        .lines()
        .filter_map(|line| line.trim().split_once('('))
        .filter(|(name, _)| name.chars().all(char::is_alphanumeric))
        .map(|(name, _)| name.to_lowercase())
        .collect();
    assert!(verbs.contains("regenerate"), "the command line knows {verbs:?}");
    verbs
}

#[test]
fn every_command_that_readers_are_given_exists() {
    let (tools, program) = (xtask_verbs(), program_verbs());
    for path in ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md"] {
        let text = read(path);
        for verb in words_after(&text, "cargo xtask ") {
            assert!(tools.contains(verb), "{path} tells of cargo xtask {verb}, but there are only {tools:?}");
        }
        for line in fenced(&text) {
            let command = line.trim_start().trim_start_matches("$ ");
            let arguments =
                command.strip_prefix("turnaround ").or_else(|| command.split_once("--bin turnaround -- ").map(|(_, rest)| rest));
            if let Some(verb) =
                arguments.and_then(|rest| rest.split_whitespace().next()).filter(|verb| verb.chars().all(char::is_alphanumeric))
            {
                assert!(program.contains(verb), "{path} tells of turnaround {verb}, but there are only {program:?}");
            }
        }
    }
    let readme = read("README.md");
    let told = words_after(&readme, "cargo xtask ");
    assert!(told.contains("demo") && told.contains("test"), "the README begins with the demo and the tests");
}

#[test]
fn the_code_map_names_every_room() {
    let text = read("ARCHITECTURE.md");
    for (name, package) in packages() {
        let is_named = [format!("`{}`", package.folder), format!("`{}/", package.folder), format!("\n{}/", package.folder)];
        assert!(is_named.iter().any(|form| text.contains(form)), "ARCHITECTURE.md says nothing of {} ({name})", package.folder);
    }
}

/// Words of a text that look like paths into the repository: in back ticks or fenced blocks, with an extension of ours or a slash
/// at the end.
fn paths(text: &str) -> BTreeSet<String> {
    let ticked = text.lines().filter(|line| !line.contains("```")).flat_map(|line| line.split('`').skip(1).step_by(2));
    let words = ticked.chain(fenced(text)).flat_map(str::split_whitespace);
    let trimmed = words.map(|word| word.trim_matches(|c: char| !(c.is_alphanumeric() || "./_-".contains(c))));
    let is_path = |word: &&str| {
        let is_plain = word.chars().all(|c| c.is_alphanumeric() || "./_-".contains(c));
        let is_file = [".rs", ".md", ".toml", ".json"].iter().any(|ending| word.len() > ending.len() && word.ends_with(ending));
        is_plain && (is_file || word.ends_with('/')) && word.starts_with(|c: char| c.is_alphanumeric() || c == '.')
    };
    trimmed.filter(is_path).map(str::to_owned).collect()
}

#[test]
fn every_file_that_the_code_map_names_exists() {
    let paths = paths(&read("ARCHITECTURE.md"));
    assert!(paths.len() > 10, "the code map names only {paths:?}");
    let files: Vec<String> = files().into_iter().map(|file| format!("/{file}")).collect();
    for path in paths {
        let exists = match path.strip_suffix('/') {
            Some(folder) => files.iter().any(|file| file.contains(&format!("/{folder}/"))),
            None => files.iter().any(|file| file.ends_with(&format!("/{path}"))),
        };
        assert!(exists, "ARCHITECTURE.md names {path}, which does not exist");
    }
}
