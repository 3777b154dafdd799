//! Who plays: a small vocabulary of instruments that a listener tells apart, where an action says what is played.
//!
//! Beside an action the networks may be told the players of a bar as one number an instrument, 0 (silent) to 1 (plays), in the order in
//! which a set lists its instruments. A row of nothing but zeros says nothing: networks then go by the context.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One instrument, or one family that sounds alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Instrument {
    /// The acoustic piano.
    Piano,
    /// Electric pianos.
    ElectricPiano,
    /// The vibraphone.
    Vibraphone,
    /// Organs.
    Organ,
    /// Guitars, with strings of nylon or steel, electric or not.
    Guitar,
    /// Double bass and electric bass.
    Bass,
    /// The trumpet, open or muted.
    Trumpet,
    /// The trombone.
    Trombone,
    /// Saxophones, from soprano to baritone.
    Saxophone,
    /// The clarinet.
    Clarinet,
    /// Flute and piccolo.
    Flute,
    /// The drum kit.
    Drums,
}

impl Instrument {
    /// All, in the order of tables: chords, bass, horns, drums.
    pub const ALL: [Instrument; 12] = [
        Instrument::Piano,
        Instrument::ElectricPiano,
        Instrument::Vibraphone,
        Instrument::Organ,
        Instrument::Guitar,
        Instrument::Bass,
        Instrument::Trumpet,
        Instrument::Trombone,
        Instrument::Saxophone,
        Instrument::Clarinet,
        Instrument::Flute,
        Instrument::Drums,
    ];

    /// What a musician calls it.
    pub fn name(self) -> &'static str {
        match self {
            Instrument::Piano => "piano",
            Instrument::ElectricPiano => "electric piano",
            Instrument::Vibraphone => "vibraphone",
            Instrument::Organ => "organ",
            Instrument::Guitar => "guitar",
            Instrument::Bass => "bass",
            Instrument::Trumpet => "trumpet",
            Instrument::Trombone => "trombone",
            Instrument::Saxophone => "saxophone",
            Instrument::Clarinet => "clarinet",
            Instrument::Flute => "flute",
            Instrument::Drums => "drums",
        }
    }

    /// The instrument of a melodic General MIDI programme, counted from 0; nothing where no name here fits. Drums are no programme but a
    /// channel.
    ///
    /// Source: the General MIDI level 1 sound set.
    pub fn of_programme(programme: u8) -> Option<Self> {
        match programme {
            0..=3 => Some(Instrument::Piano),
            4 | 5 => Some(Instrument::ElectricPiano),
            11 => Some(Instrument::Vibraphone),
            16..=20 => Some(Instrument::Organ),
            24..=31 => Some(Instrument::Guitar),
            32..=39 => Some(Instrument::Bass),
            56 | 59 => Some(Instrument::Trumpet),
            57 => Some(Instrument::Trombone),
            64..=67 => Some(Instrument::Saxophone),
            71 => Some(Instrument::Clarinet),
            72 | 73 => Some(Instrument::Flute),
            _ => None,
        }
    }

    fn bit(self) -> u16 {
        1 << self as u16
    }
}

impl fmt::Display for Instrument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that no instrument here has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no instrument known here; there are {list}", list = listed(&Instrument::ALL))]
pub struct UnknownInstrument(pub String);

impl FromStr for Instrument {
    type Err = UnknownInstrument;

    /// By name; case does not matter, and a hyphen or an underscore may stand for a space.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wanted = text.trim().to_lowercase().replace(['-', '_'], " ");
        let found = Instrument::ALL.into_iter().find(|instrument| instrument.name() == wanted);
        found.ok_or_else(|| UnknownInstrument(text.trim().to_owned()))
    }
}

/// Names with commas between them.
pub fn listed(instruments: &[Instrument]) -> String {
    instruments.iter().map(|instrument| instrument.name()).collect::<Vec<_>>().join(", ")
}

/// The instruments that play, each once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Players(u16);

impl Players {
    /// Whether an instrument is among them.
    pub fn contains(self, instrument: Instrument) -> bool {
        self.0 & instrument.bit() != 0
    }

    /// Whether nobody plays.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those of either.
    pub fn or(self, other: Players) -> Players {
        Players(self.0 | other.0)
    }

    /// All of them, in the order of [`Instrument::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Instrument> {
        Instrument::ALL.into_iter().filter(move |instrument| self.contains(*instrument))
    }

    /// As networks are told: 1 for each of `instruments` that plays, else 0. `[instrument]`.
    pub fn row(self, instruments: &[Instrument]) -> Vec<f32> {
        instruments.iter().map(|instrument| f32::from(u8::from(self.contains(*instrument)))).collect()
    }
}

impl FromIterator<Instrument> for Players {
    fn from_iter<I: IntoIterator<Item = Instrument>>(instruments: I) -> Self {
        Players(instruments.into_iter().fold(0, |bits, instrument| bits | instrument.bit()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instrument_is_read_and_written_by_its_name() {
        for instrument in Instrument::ALL {
            let written = serde_json::to_string(&instrument).expect("a name");
            assert_eq!(written, format!("\"{}\"", instrument.name().replace(' ', "_")));
            assert_eq!(instrument.name().parse(), Ok(instrument));
        }
        assert_eq!(" Electric-Piano".parse(), Ok(Instrument::ElectricPiano));
        let refused = "kazoo".parse::<Instrument>().unwrap_err().to_string();
        assert!(refused.starts_with("\"kazoo\" is no instrument known here; there are piano, electric piano, "), "{refused}");
    }

    #[test]
    fn a_programme_is_of_one_instrument_and_drums_are_of_none() {
        let counts = Instrument::ALL.map(|one| (0..128).filter(|&p| Instrument::of_programme(p) == Some(one)).count());
        assert_eq!(counts, [4, 2, 1, 5, 8, 8, 2, 1, 4, 1, 2, 0]);
        assert_eq!(Instrument::of_programme(66), Some(Instrument::Saxophone));
        assert_eq!(Instrument::of_programme(40), None, "nobody here plays the violin");
    }

    #[test]
    fn players_are_told_in_the_order_of_a_set() {
        let trio: Players = [Instrument::Drums, Instrument::Piano, Instrument::Bass, Instrument::Piano].into_iter().collect();
        assert_eq!(trio.iter().collect::<Vec<_>>(), [Instrument::Piano, Instrument::Bass, Instrument::Drums]);
        assert_eq!(trio.row(&[Instrument::Flute, Instrument::Drums, Instrument::Piano]), [0.0, 1.0, 1.0]);
        let duo: Players = [Instrument::Guitar].into_iter().collect();
        assert_eq!(trio.or(duo).iter().count(), 4);
        assert!(Players::default().is_empty() && !duo.is_empty());
    }
}
