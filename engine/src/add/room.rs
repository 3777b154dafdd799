//! Room in a recording for bars to be added: where it begins, how long it is, and what lies on both sides of it.

use turnaround_core::audio::Audio;
use turnaround_core::bars::{Bar, BarNumber};
use turnaround_core::tempo_map::{NewBars, TempoMap};
use turnaround_core::time::{Samples, Seconds};

use super::{Addition, MOST_BARS};
use crate::engine::EngineError;
use crate::report::Seam;

/// Room for bars, all of whose samples are the caller's.
pub(super) struct Room {
    /// The recording's whole bars up to the seam, at least one.
    pub before: Vec<Bar>,
    /// Its whole bars after the seam; none where the result ends with new bars.
    pub after: Vec<Bar>,
    /// The first new bar, as the result counts.
    pub first: BarNumber,
    /// The last new bar.
    pub last: BarNumber,
    /// The grid of the result.
    pub map: TempoMap,
    /// Where the room is in the recording.
    pub seam: Seam,
}

impl Room {
    pub(super) fn new(addition: &Addition<'_>) -> Result<Self, EngineError> {
        let (audio, rate) = (addition.audio, addition.audio.rate());
        let count = count(addition.actions.len())?;
        let bars = addition.map.whole_bars_within(Samples::from_len(audio.len()), rate);
        let before = up_to(&bars, addition.after, audio)?;
        let after = match addition.until {
            Some(until) if until <= addition.after => {
                return Err(EngineError::NotBetween { after: addition.after.get(), until: until.get() });
            }
            Some(until) => bars[up_to(&bars, until, audio)?.len() - 1..].to_vec(),
            None => Vec::new(),
        };
        let until = addition.until.unwrap_or(addition.after.next());
        let new = NewBars::like_the_bar_before(addition.map, addition.after, until, count, rate);
        let map = addition.map.with_new_bars(new);
        let last = BarNumber::new(addition.after.get() + i64::from(count));

        let from = before[before.len() - 1].samples(rate).end.as_index();
        let to = after.first().map_or(audio.len(), |bar| bar.samples(rate).start.as_index());
        let added = map.bar(last).samples(rate).end.as_index() - from;
        Ok(Room { before, after, first: addition.after.next(), last, map, seam: Seam { from, to, added } })
    }

    /// Where the result goes on after the new bars, or ends.
    pub(super) fn end(&self) -> usize {
        self.seam.from + self.seam.added
    }

    /// Whether the recording goes on after the new bars.
    pub(super) fn goes_on(&self) -> bool {
        !self.after.is_empty()
    }

    /// One channel with silence for the new bars.
    pub(super) fn opened(&self, channel: &[f32]) -> Vec<f32> {
        let after = if self.goes_on() { &channel[self.seam.to..] } else { &[] };
        [&channel[..self.seam.from], &vec![0.0; self.seam.added], after].concat()
    }

    /// The mid with nothing in the new bars but, for as long as networks hear beyond the ends of a unit, what really followed the bar
    /// before them and what really preceded the bar after them.
    pub(super) fn audible(&self, audio: &Audio, reach: Seconds) -> Vec<f32> {
        let Seam { from, to, added } = self.seam;
        let mid = audio.mid();
        let mut opened = self.opened(&mid);
        let reach = audio.rate().samples_from(reach).as_index().min(added / 2);
        let followed = &mid[from..(from + reach).min(mid.len())];
        opened[from..from + followed.len()].copy_from_slice(followed);
        if self.goes_on() {
            let preceded = &mid[to.saturating_sub(reach)..to];
            let end = self.end();
            opened[end - preceded.len()..end].copy_from_slice(preceded);
        }
        opened
    }
}

fn count(bars: usize) -> Result<u16, EngineError> {
    let (name, low, high) = ("the number of bars to add", 1.0, f32::from(MOST_BARS));
    match u16::try_from(bars) {
        Ok(count) if (1..=MOST_BARS).contains(&count) => Ok(count),
        _ => Err(EngineError::Setting { name, low, high, value: bars as f32 }),
    }
}

/// The bars up to one, which is told if it is not among them.
fn up_to(bars: &[Bar], number: BarNumber, audio: &Audio) -> Result<Vec<Bar>, EngineError> {
    let (Some(first), Some(last)) = (bars.first(), bars.last()) else {
        return Err(EngineError::NoWholeBar { seconds: audio.duration().get() });
    };
    let outside = EngineError::BarOutside { bar: number.get(), first: first.number.get(), last: last.number.get() };
    let place = bars.iter().position(|bar| bar.number == number).ok_or(outside)?;
    Ok(bars[..=place].to_vec())
}
