//! The metre: how many beats make a bar.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Beats;

/// A time signature such as 4/4 or 7/8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Metre {
    numerator: u16,
    denominator: u16,
}

/// Why a metre was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MetreError {
    /// A bar needs at least one note and at most 64.
    #[error("a bar holds 1 to {} notes, but the metre asks for {found}", Metre::MOST_NOTES)]
    Numerator {
        /// The numerator asked for.
        found: u16,
    },
    /// A note value that is not written.
    #[error("a metre counts notes of 1, 2, 4, 8, 16, 32 or 64 to the whole, but was given {found}")]
    Denominator {
        /// The denominator asked for.
        found: u16,
    },
    /// Not of the form N/D.
    #[error("a metre is written like 4/4 or 7/8, but was given {text:?}")]
    Text {
        /// The text that was given.
        text: String,
    },
}

impl Metre {
    /// Four quarter notes.
    pub const FOUR_FOUR: Metre = Metre { numerator: 4, denominator: 4 };

    /// Most notes a bar may hold.
    pub const MOST_NOTES: u16 = 64;

    /// `numerator` notes of one `denominator`th each.
    ///
    /// # Errors
    /// [`MetreError`] for no notes or more than [`Self::MOST_NOTES`], or a denominator that is not a power of two up to 64. Only
    /// powers of two make bars whose lengths in beats are exact binary numbers, on which exact bar lines rest.
    pub fn new(numerator: u16, denominator: u16) -> Result<Self, MetreError> {
        if !(1..=Self::MOST_NOTES).contains(&numerator) {
            return Err(MetreError::Numerator { found: numerator });
        }
        if !denominator.is_power_of_two() || denominator > 64 {
            return Err(MetreError::Denominator { found: denominator });
        }
        Ok(Self { numerator, denominator })
    }

    /// Notes in a bar.
    pub fn numerator(self) -> u16 {
        self.numerator
    }

    /// The kind of note: 4 is a quarter.
    pub fn denominator(self) -> u16 {
        self.denominator
    }

    /// The length of a bar in quarter notes: 3.5 for 7/8. Exact.
    pub fn beats_per_bar(self) -> Beats {
        self.beats_per_note() * f64::from(self.numerator)
    }

    /// The length of the note that the metre counts, in quarter notes: 0.5 for 7/8. Exact.
    pub fn beats_per_note(self) -> Beats {
        Beats::new(4.0 / f64::from(self.denominator))
    }
}

impl fmt::Display for Metre {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.numerator, self.denominator)
    }
}

impl FromStr for Metre {
    type Err = MetreError;

    fn from_str(text: &str) -> Result<Self, MetreError> {
        let number = |part: &str| part.trim().parse::<u16>().map_err(|_| MetreError::Text { text: text.to_owned() });
        let (numerator, denominator) = text.split_once('/').ok_or_else(|| MetreError::Text { text: text.to_owned() })?;
        Self::new(number(numerator)?, number(denominator)?)
    }
}

impl From<Metre> for String {
    fn from(metre: Metre) -> String {
        metre.to_string()
    }
}

impl TryFrom<String> for Metre {
    type Error = MetreError;

    fn try_from(text: String) -> Result<Self, MetreError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seven_eight_bar_is_three_and_a_half_beats() {
        for (text, beats) in [("7/8", 3.5), ("4/4", 4.0), ("3/4", 3.0), ("6/8", 3.0), ("12/8", 6.0), ("5/4", 5.0), ("2/2", 4.0)] {
            let metre: Metre = text.parse().unwrap();
            assert_eq!(metre.beats_per_bar(), Beats::new(beats), "{text}");
            assert_eq!(metre.to_string(), text);
        }
    }

    #[test]
    fn text_that_is_no_metre_is_refused_with_what_to_write() {
        let message = |text: &str| text.parse::<Metre>().unwrap_err().to_string();
        assert_eq!(message("waltz"), "a metre is written like 4/4 or 7/8, but was given \"waltz\"");
        assert_eq!(message("4/-4"), "a metre is written like 4/4 or 7/8, but was given \"4/-4\"");
        assert_eq!(message("4/5"), "a metre counts notes of 1, 2, 4, 8, 16, 32 or 64 to the whole, but was given 5");
        assert_eq!(message("0/4"), "a bar holds 1 to 64 notes, but the metre asks for 0");
        assert_eq!(message("4/0"), "a metre counts notes of 1, 2, 4, 8, 16, 32 or 64 to the whole, but was given 0");
    }

    #[test]
    fn a_metre_is_its_text_in_json() {
        assert_eq!(serde_json::to_string(&Metre::FOUR_FOUR).unwrap(), "\"4/4\"");
        assert_eq!(serde_json::from_str::<Metre>("\"12/8\"").unwrap(), Metre::new(12, 8).unwrap());
        assert!(serde_json::from_str::<Metre>("\"1/3\"").is_err());
    }
}
