//! Bars added to a recording: after the last one, or between two.

mod room;
mod stand_ins;

use std::collections::BTreeMap;
use std::time::Instant;

use turnaround_core::audio::Audio;
use turnaround_core::bars::BarNumber;
use turnaround_core::tempo_map::TempoMap;

use crate::engine::{Engine, EngineError};
use crate::job::{Control, Job, Stage};
use crate::regenerate::{ActionChoice, Dry, Regenerated, Settings};
use crate::report::Report;
use crate::road::Road;
use crate::song::{Song, WithAdded};
use room::Room;

/// The most bars that can be added at once: more than half an hour of slow music.
pub const MOST_BARS: u16 = 1_000;

/// Which bars to add.
pub struct Addition<'a> {
    /// The recording, mono or stereo, at any rate.
    pub audio: &'a Audio,
    /// Its grid.
    pub map: &'a TempoMap,
    /// The bar before the first new one. New bars have its metre and its tempo.
    pub after: BarNumber,
    /// The bar that follows the last new one; bars between the two are left out. Nothing for a result that ends with the last new bar.
    pub until: Option<BarNumber>,
    /// The action of each new bar, one to [`MOST_BARS`]. [`ActionChoice::Own`] is refused: there is nothing to hear it in.
    pub actions: &'a [ActionChoice],
    /// How. The strength does not count: new bars begin from nothing. Players are told only where they are named.
    pub settings: Settings,
}

/// The result: audio of the input's rate and channels, its grid, and its account.
#[derive(Clone, Debug, PartialEq)]
pub struct Added {
    /// The audio.
    pub audio: Audio,
    /// Its bars. What follows the new ones keeps its lengths and is moved by a whole number of samples.
    pub map: TempoMap,
    /// The account.
    pub report: Report,
}

impl Engine {
    /// Makes new bars and sets them between what was there. Blocks until it is done or stopped.
    ///
    /// The first new bar begins on the bar line after `after`. Up to 20 ms before it every sample is the input's; with `until`, so is every
    /// sample from that bar on, only later or earlier. Without, the result ends on the bar line of the last new bar, faded out over its
    /// last 20 ms. Of a long row of bars each window of a few hears the bars made before it.
    ///
    /// Networks hear nothing but the recording and what they made. Highs, stereo image and level, which a regenerated bar takes from the
    /// dry one, a new bar takes from bars like it nearby.
    ///
    /// # Errors
    /// [`EngineError`]: a bar that is not there, no bar to add or too many, an action or setting that does not exist, nothing to hear, a
    /// failed network, or `Cancelled`.
    pub fn add_bars(&self, addition: &Addition<'_>, control: &mut Control<'_>) -> Result<Added, EngineError> {
        let started = Instant::now();
        let mut job = Job::new(control);
        let settings = Settings { strength: 1.0, ..addition.settings };
        settings.check()?;
        let room = Room::new(addition)?;
        let chosen = self.actions_of(addition, &room)?;
        let road = Road::new(self.set());
        let (audio, audible) = job.step(Stage::Mix, || {
            let audio = stand_ins::stood_in(&room, addition.audio)?;
            Ok::<_, EngineError>((audio, room.audible(addition.audio, road.reach())))
        })?;
        let with = WithAdded { audio: &audio, audible, map: &room.map, bars: room.first..=room.last };
        let song = Song::with_added(&with, &road, &mut job)?;
        let made = self.make(&road, &Dry { song: &song, audio: &audio }, &chosen, settings, &mut job)?;
        let Regenerated { audio, report } = self.account(made, addition.audio, Some(room.seam), settings, started, &mut job)?;
        Ok(Added { audio, map: room.map, report })
    }

    /// The action of each new bar, by its number in the result.
    fn actions_of(&self, addition: &Addition<'_>, room: &Room) -> Result<BTreeMap<BarNumber, ActionChoice>, EngineError> {
        if addition.actions.contains(&ActionChoice::Own) {
            return Err(EngineError::NoOwnAction);
        }
        addition.settings.players.check(&self.set().manifest().instruments)?;
        let actions = self.set().sizes().actions;
        let bars = room.first.through(room.last);
        bars.zip(addition.actions).map(|(bar, action)| Ok((bar, action.checked(actions)?))).collect()
    }
}

#[cfg(test)]
mod tests;
