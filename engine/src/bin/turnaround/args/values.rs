//! Values as they are written on the command line.

use std::path::PathBuf;

use turnaround_core::bars::BarNumber;
use turnaround_core::instruments::{Instrument, UnknownInstrument};
use turnaround_core::time::{Metre, Seconds, Tempo};
use turnaround_engine::add::MOST_BARS as MOST_BARS_ADDED;
use turnaround_engine::regenerate::PlayersChoice;

/// Bars to make, in order, each once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bars(pub Vec<BarNumber>);

/// The bar before the first new one, and the one that is to follow the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Between {
    pub after: BarNumber,
    pub until: BarNumber,
}

/// One weight of an action.
#[derive(Clone, Debug, PartialEq)]
pub struct Weight {
    /// Number or label.
    pub action: String,
    pub weight: f32,
}

/// A bar to take the action from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Like {
    /// Nothing for the input itself.
    pub file: Option<PathBuf>,
    pub bar: BarNumber,
}

/// More bars than any recording holds: a mistyped range is refused before it is written out.
const MOST_BARS: i64 = 100_000;

pub(super) fn bars(text: &str) -> Result<Bars, String> {
    let mut bars = Vec::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (bar(first)?, bar(last)?);
        if first > last {
            return Err(format!("the range {part} runs backwards"));
        }
        bars.extend((first..=last).map(BarNumber::new));
    }
    bars.sort();
    bars.dedup();
    Ok(Bars(bars))
}

fn bar(text: &str) -> Result<i64, String> {
    match text.trim().parse() {
        Ok(number) if (1..=MOST_BARS).contains(&number) => Ok(number),
        Ok(number) => Err(format!("there is no bar {number}; bars count from 1")),
        Err(_) => Err(format!("{text:?} is not a bar number")),
    }
}

pub(super) fn bar_number(text: &str) -> Result<BarNumber, String> {
    bar(text).map(BarNumber::new)
}

pub(super) fn between(text: &str) -> Result<Between, String> {
    let (after, until) = text.split_once(',').ok_or("write A,B: the bar before the new ones and the bar after them")?;
    let (after, until) = (bar(after)?, bar(until)?);
    if until <= after {
        let next = after + 1;
        return Err(format!(
            "bar {until} does not come after bar {after}: write {after},{next}, or a later bar to replace those between"
        ));
    }
    Ok(Between { after: BarNumber::new(after), until: BarNumber::new(until) })
}

pub(super) fn count(text: &str) -> Result<u16, String> {
    match text.trim().parse::<u64>() {
        Ok(0) => Err("at least one bar must be made".to_owned()),
        Ok(count) => match u16::try_from(count) {
            Ok(count) if count <= MOST_BARS_ADDED => Ok(count),
            _ => Err(format!("at most {MOST_BARS_ADDED} bars can be made at once")),
        },
        Err(_) => Err(format!("{text:?} is not a number of bars")),
    }
}

pub(super) fn weight(text: &str) -> Result<Weight, String> {
    let (action, weight) = text.rsplit_once('=').unwrap_or((text, "1"));
    let weight = number(weight)?;
    if weight < 0.0 {
        return Err("a weight must not be negative".to_owned());
    }
    Ok(Weight { action: action.trim().to_owned(), weight })
}

pub(super) fn like(text: &str) -> Result<Like, String> {
    if text.chars().all(|c| c.is_ascii_digit()) {
        return Ok(Like { file: None, bar: BarNumber::new(bar(text)?) });
    }
    let (file, number) = text.rsplit_once(':').ok_or("write BAR or FILE.wav:BAR")?;
    Ok(Like { file: Some(PathBuf::from(file)), bar: BarNumber::new(bar(number)?) })
}

/// Names with commas between them, or one of two words that are no instruments.
pub(super) fn instruments(text: &str) -> Result<PlayersChoice, UnknownInstrument> {
    match text.trim() {
        "heard" => Ok(PlayersChoice::Heard),
        "anyone" => Ok(PlayersChoice::Anyone),
        names => {
            let players: Vec<Instrument> = names.split(',').map(str::parse).collect::<Result<_, _>>()?;
            Ok(PlayersChoice::These(players.into_iter().collect()))
        }
    }
}

pub(super) fn number(text: &str) -> Result<f32, String> {
    match text.trim().parse::<f32>() {
        Ok(number) if number.is_finite() => Ok(number),
        _ => Err(format!("{text:?} is not a number")),
    }
}

pub(super) fn tempo(text: &str) -> Result<Tempo, String> {
    let bpm: f64 = text.trim().parse().map_err(|_| format!("{text:?} is not a number"))?;
    Tempo::new(bpm).map_err(|error| error.to_string())
}

pub(super) fn metre(text: &str) -> Result<Metre, String> {
    text.parse().map_err(|error: turnaround_core::time::MetreError| error.to_string())
}

/// A day each way is more than any recording.
const MOST_OFFSET_S: f64 = 86_400.0;

pub(super) fn offset(text: &str) -> Result<Seconds, String> {
    match text.trim().parse::<f64>() {
        Ok(seconds) if seconds.abs() <= MOST_OFFSET_S => Ok(Seconds::new(seconds)),
        Ok(_) => Err(format!("an offset must lie within {MOST_OFFSET_S} s")),
        Err(_) => Err(format!("{text:?} is not a number")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_ranges_and_single_numbers_counted_from_one() {
        let numbers = |text| bars(text).map(|Bars(bars)| bars.into_iter().map(BarNumber::get).collect::<Vec<_>>());
        assert_eq!(numbers("5-8,11"), Ok(vec![5, 6, 7, 8, 11]));
        assert_eq!(numbers("3,1-3"), Ok(vec![1, 2, 3]));
        for wrong in ["", "0", "0-2", "3-1", "-2", "a", "1-", "1-99999999999"] {
            assert!(bars(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn new_bars_stand_between_one_bar_and_a_later_one() {
        let pair = |after, until| Between { after: BarNumber::new(after), until: BarNumber::new(until) };
        assert_eq!(between("4,5"), Ok(pair(4, 5)));
        assert_eq!(between("4, 9"), Ok(pair(4, 9)));
        for wrong in ["", "4", "4,4", "5,4", "0,1", "4,x", "4,5,6"] {
            assert!(between(wrong).is_err(), "{wrong}");
        }
        assert!(between("4,4").unwrap_err().contains("write 4,5"));
    }

    #[test]
    fn a_count_of_bars_is_at_least_one_and_not_without_end() {
        assert_eq!((count("1"), count(" 1000")), (Ok(1), Ok(1_000)));
        for wrong in ["", "0", "-1", "1.5", "1001", "99999999999999999999", "many"] {
            assert!(count(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_action_is_a_number_or_label_with_a_weight() {
        assert_eq!(weight("12=0.5"), Ok(Weight { action: "12".into(), weight: 0.5 }));
        assert_eq!(weight("brighter drums"), Ok(Weight { action: "brighter drums".into(), weight: 1.0 }));
        for wrong in ["1=", "1=x", "1=-1", "1=inf"] {
            assert!(weight(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn players_are_named_or_heard_or_anyone() {
        let trio = [Instrument::Piano, Instrument::Bass, Instrument::Drums];
        assert_eq!(instruments("drums, piano,bass"), Ok(PlayersChoice::These(trio.into_iter().collect())));
        assert_eq!(instruments("heard"), Ok(PlayersChoice::Heard));
        assert_eq!(instruments("anyone"), Ok(PlayersChoice::Anyone));
        for wrong in ["", "piano,", "kazoo", "piano bass", "piano,heard"] {
            let refused = instruments(wrong).unwrap_err().to_string();
            assert!(refused.contains("there are piano, electric piano, vibraphone"), "{wrong}: {refused}");
        }
    }

    #[test]
    fn a_bar_to_follow_may_lie_in_another_file() {
        assert_eq!(like("7"), Ok(Like { file: None, bar: BarNumber::new(7) }));
        assert_eq!(like("C:\\a.wav:7"), Ok(Like { file: Some("C:\\a.wav".into()), bar: BarNumber::new(7) }));
        assert!(like("a.wav").is_err() && like("a.wav:0").is_err());
    }
}
