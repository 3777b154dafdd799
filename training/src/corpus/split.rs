//! Which compositions a model learns from and which it is measured on.

use serde::{Deserialize, Serialize};

use super::dice::derive;

/// What a piece is for. All takes of a composition share it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// Learnt from, eight in ten.
    Train,
    /// Watched while learning, one in ten.
    Validation,
    /// Looked at once, one in ten.
    Test,
}

/// How [`Split::of`] decides, in words, for the corpus manifest.
pub const RULE: &str =
    "hash of the composition's title in lower-case letters and digits modulo 10: 0-7 train, 8 validation, 9 test";

/// A title as it is compared: lower-case letters and digits, so that spelling in different archives does not matter.
fn normalised(title: &str) -> String {
    title.chars().filter(|character| character.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The composition of that title: 16 hexadecimal digits, the same in every archive.
pub fn composition(title: &str) -> String {
    format!("{:016x}", derive(0, &normalised(title), 0))
}

impl Split {
    /// One word for it.
    pub fn name(self) -> &'static str {
        match self {
            Split::Train => "train",
            Split::Validation => "validation",
            Split::Test => "test",
        }
    }

    /// The split of a composition, by its title alone: neither key, tempo, take nor corpus changes it.
    pub fn of(title: &str) -> Self {
        match derive(0, &normalised(title), 0) % 10 {
            8 => Split::Validation,
            9 => Split::Test,
            _ => Split::Train,
        }
    }
}
