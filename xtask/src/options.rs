//! Options of the form `--name value`, taken out of an argument list.

use anyhow::{Context, Result, bail};

/// Arguments not yet understood.
pub struct Arguments(Vec<String>);

impl Arguments {
    /// Starts with all of them.
    pub fn new(arguments: &[String]) -> Self {
        Self(arguments.to_vec())
    }

    /// Takes `--name value` or `--name=value` out, the last one where it is given twice. Fails when the value is missing.
    pub fn take(&mut self, name: &str) -> Result<Option<String>> {
        let mut found = None;
        while let Some(place) = self.0.iter().position(|argument| is_option(argument, name)) {
            let argument = self.0.remove(place);
            found = Some(match argument.split_once('=') {
                Some((_, value)) => value.to_owned(),
                None if place < self.0.len() => self.0.remove(place),
                None => bail!("{name} needs a value"),
            });
        }
        Ok(found)
    }

    /// Takes `--name` out; whether it was there.
    pub fn take_flag(&mut self, name: &str) -> bool {
        let count = self.0.len();
        self.0.retain(|argument| argument != name);
        self.0.len() < count
    }

    /// Whatever was not taken.
    pub fn rest(self) -> Vec<String> {
        self.0
    }

    /// Fails when something was not taken.
    pub fn finish(self) -> Result<()> {
        match self.0.first() {
            None => Ok(()),
            Some(unknown) => bail!("{unknown} is not understood; see cargo xtask help"),
        }
    }
}

fn is_option(argument: &str, name: &str) -> bool {
    argument.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
}

/// Reads a number, telling which option held none.
pub fn number(name: &str, text: &str) -> Result<f64> {
    let number: f64 = text.parse().with_context(|| format!("{name} {text} is not a number"))?;
    if !number.is_finite() || number <= 0.0 {
        bail!("{name} must be above 0");
    }
    Ok(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(text: &str) -> Arguments {
        Arguments(text.split_whitespace().map(str::to_owned).collect())
    }

    #[test]
    fn known_options_are_taken_and_all_others_stay_in_order() {
        let mut all = arguments("--minutes 3 --preset tiny --device cpu --hours=0.5 --presets x");
        assert_eq!(all.take("--preset").unwrap().as_deref(), Some("tiny"));
        assert_eq!(all.take("--hours").unwrap().as_deref(), Some("0.5"));
        assert_eq!(all.take("--corpus").unwrap(), None);
        assert_eq!(all.rest().join(" "), "--minutes 3 --device cpu --presets x");
    }

    #[test]
    fn an_option_without_its_value_is_refused() {
        assert!(arguments("--preset").take("--preset").is_err());
    }

    #[test]
    fn a_flag_is_there_or_not_and_takes_no_value() {
        let mut all = arguments("turnaround --release --to x");
        assert!(all.take_flag("--release") && !all.take_flag("--release"));
        assert_eq!(all.rest().join(" "), "turnaround --to x");
    }

    #[test]
    fn the_last_of_two_counts() {
        assert_eq!(arguments("--out a --out b").take("--out").unwrap().as_deref(), Some("b"));
    }

    #[test]
    fn what_nobody_took_is_named() {
        assert!(arguments("--fast").finish().unwrap_err().to_string().contains("--fast"));
        assert!(arguments("").finish().is_ok());
    }

    #[test]
    fn a_number_of_hours_is_above_zero() {
        assert_eq!(number("--hours", "0.5").unwrap(), 0.5);
        for wrong in ["0", "-1", "x", "inf", "NaN"] {
            assert!(number("--hours", wrong).is_err(), "{wrong}");
        }
    }
}
