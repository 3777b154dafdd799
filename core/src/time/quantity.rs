//! The three units of time, each its own type.

use std::fmt;
use std::ops::{Add, Mul, Neg, Sub};

use serde::{Deserialize, Serialize};

/// A position or length in beats. A beat is a quarter note whatever the metre, as hosts count it.
///
/// Units do not mix; this does not compile:
///
/// ```compile_fail,E0308
/// use turnaround_core::time::{Beats, Seconds};
/// let sum = Beats::new(1.0) + Seconds::new(1.0);
/// ```
///
/// Nor do these:
///
/// ```compile_fail,E0308
/// use turnaround_core::time::{Samples, Seconds};
/// let sum = Seconds::new(1.0) + Samples::new(1);
/// ```
///
/// ```compile_fail,E0308
/// use turnaround_core::time::{Beats, Samples};
/// let is_earlier = Samples::new(1) < Beats::new(1.0);
/// ```
///
/// Two of a kind do:
///
/// ```
/// use turnaround_core::time::Beats;
/// assert_eq!(Beats::new(1.0) + Beats::new(2.5), Beats::new(3.5));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Beats(f64);

/// A position or length in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seconds(f64);

/// A position or length in samples per channel, at a rate that the context names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Samples(i64);

macro_rules! quantity {
    ($name:ident, $number:ty, $unit:literal) => {
        impl $name {
            /// None at all; as a position, the origin.
            pub const ZERO: Self = Self(0 as $number);

            #[doc = concat!("This many ", $unit, "; may be negative.")]
            pub const fn new(value: $number) -> Self {
                Self(value)
            }

            #[doc = concat!("The number of ", $unit, ".")]
            pub const fn get(self) -> $number {
                self.0
            }
        }

        impl Add for $name {
            type Output = Self;
            fn add(self, other: Self) -> Self {
                Self(self.0 + other.0)
            }
        }

        impl Sub for $name {
            type Output = Self;
            fn sub(self, other: Self) -> Self {
                Self(self.0 - other.0)
            }
        }

        impl Neg for $name {
            type Output = Self;
            fn neg(self) -> Self {
                Self(-self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)?;
                f.write_str(concat!(" ", $unit))
            }
        }
    };
}

quantity!(Beats, f64, "beats");
quantity!(Seconds, f64, "seconds");
quantity!(Samples, i64, "samples");

impl Mul<f64> for Beats {
    type Output = Self;
    fn mul(self, factor: f64) -> Self {
        Self(self.0 * factor)
    }
}

impl Mul<f64> for Seconds {
    type Output = Self;
    fn mul(self, factor: f64) -> Self {
        Self(self.0 * factor)
    }
}

impl Samples {
    /// The length of a buffer.
    pub fn from_len(len: usize) -> Self {
        Self(i64::try_from(len).expect("a buffer in memory is shorter than 2^63 samples"))
    }

    /// The position as an index into a buffer that begins at the origin.
    ///
    /// # Panics
    /// If it is negative: whoever cuts a buffer clamps the position first.
    pub fn as_index(self) -> usize {
        usize::try_from(self.0).unwrap_or_else(|_| panic!("{} samples lie before the buffer", self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_add_subtract_and_negate_like_their_numbers() {
        assert_eq!((Beats::new(3.5) - Beats::new(1.0)).get(), 2.5);
        assert_eq!((-Seconds::new(0.25) + Seconds::new(1.0)).get(), 0.75);
        assert_eq!((Samples::new(7) - Samples::new(9)).get(), -2);
        assert_eq!((Beats::new(1.5) * 4.0).get(), 6.0);
        assert!(Samples::new(-1) < Samples::ZERO);
    }

    #[test]
    fn quantities_are_plain_numbers_in_json() {
        assert_eq!(serde_json::to_string(&(Beats::new(1.5), Seconds::new(0.25), Samples::new(-3))).unwrap(), "[1.5,0.25,-3]");
        assert_eq!(serde_json::from_str::<Samples>("12").unwrap(), Samples::new(12));
    }

    #[test]
    fn quantities_are_displayed_with_their_unit() {
        assert_eq!(format!("{:.2}, {}", Seconds::new(1.5), Samples::new(2)), "1.50 seconds, 2 samples");
    }

    #[test]
    fn a_position_is_an_index_from_zero_on() {
        assert_eq!(Samples::ZERO.as_index(), 0);
        assert_eq!(Samples::from_len(48_000).as_index(), 48_000);
    }

    #[test]
    #[should_panic(expected = "-1 samples lie before the buffer")]
    fn a_position_before_the_buffer_is_no_index() {
        Samples::new(-1).as_index();
    }
}
