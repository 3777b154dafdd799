//! Arrows between rooms point one way, and what a room keeps out stays out.

use std::collections::BTreeSet;

use crate::workspace::{packages, sources};

const CORE: &str = "turnaround-core";
const ENGINE: &str = "turnaround-engine";
const PLUGIN: &str = "turnaround";
const TRAINING: &str = "turnaround-training";

/// Who may lean on whom. Tools and tests lean on what they like, and nobody but tests on tools.
const ARROWS: [(&str, &[&str]); 6] = [
    (CORE, &[]),
    (ENGINE, &[CORE]),
    (PLUGIN, &[CORE, ENGINE]),
    (TRAINING, &[CORE, ENGINE]),
    ("xtask", &[CORE, ENGINE]),
    ("turnaround-tests", &[CORE, ENGINE, PLUGIN, TRAINING, "xtask"]),
];

#[test]
fn arrows_between_rooms_point_one_way() {
    let packages = packages();
    let known: BTreeSet<&str> = ARROWS.iter().map(|(name, _)| *name).collect();
    let found: BTreeSet<&str> = packages.keys().map(String::as_str).collect();
    assert_eq!(found, known, "every package has its place");
    for (name, allowed) in ARROWS {
        for leaned_on in packages[name].all.iter().filter(|other| known.contains(other.as_str())) {
            assert!(allowed.contains(&leaned_on.as_str()), "{name} leans on {leaned_on}, but may lean on {allowed:?} only");
        }
    }
    for (name, needed) in [(ENGINE, CORE), (PLUGIN, CORE), (TRAINING, CORE)] {
        assert!(packages[name].shipped.iter().any(|other| other == needed), "{name} takes what a bar is from {needed}");
    }
}

#[test]
fn the_core_leans_on_arithmetic_and_text_alone() {
    // Whoever adds to this list has made sure that the newcomer opens no file, starts no thread and loads no library.
    let harmless = ["libm", "rand_chacha", "realfft", "rubato", "serde", "serde_json", "sha2", "thiserror"];
    for name in &packages()[CORE].shipped {
        assert!(harmless.contains(&name.as_str()), "the core leans on {name}");
    }
}

#[test]
fn the_core_names_no_file_thread_clock_process_or_network() {
    for (path, text) in sources("core/src/") {
        for (line, text) in text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
            for module in ["fs", "thread", "net", "process", "env", "io", "time"] {
                let names_it = text.contains(&format!("std::{module}::")) || text.contains(&format!("std::{module};"));
                assert!(!names_it, "{path}:{}: the core names std::{module}", line + 1);
            }
        }
    }
}

#[test]
fn runtimes_ship_with_the_engine_alone_and_networks_with_training_alone() {
    for (name, package) in packages() {
        for other in &package.shipped {
            let is_runtime = other == "ort" || other.starts_with("tract");
            assert!(!is_runtime || name == ENGINE, "{name} leans on {other}: only the engine runs graphs");
            assert!(!other.starts_with("burn") || name == TRAINING, "{name} leans on {other}: only training holds networks");
        }
    }
}
