//! Who plays in each unit of a corpus: the one thing of its ground truth that training may be told, and only where a preset asks for it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;
use turnaround_core::instruments::{Instrument, Players};

use super::dataset::{FACTORS_FILE, UnitRow};
use super::score::note::Role;

/// What is read of a bar's ground truth; all else is passed over.
#[derive(Deserialize)]
struct Bar {
    piece: usize,
    bar: i64,
    /// Roles with an onset in the bar.
    plays: Vec<String>,
    /// General MIDI programmes by role.
    programmes: [u8; Role::ALL.len()],
}

/// Who begins a note in the bars that each unit touches, unit by unit; nothing for a unit of bars that nobody tells of. A note held from
/// the bar before does not count, nor does an instrument without a name in [`Instrument::ALL`].
///
/// # Errors
/// When the ground truth cannot be read.
pub(super) fn of_units(folder: &Path, units: &[UnitRow]) -> Result<Vec<Option<Players>>> {
    let path = folder.join(FACTORS_FILE);
    let text = fs::read_to_string(&path).with_context(|| format!("the corpus has no {}", path.display()))?;
    let mut bars = BTreeMap::new();
    for (number, line) in text.lines().enumerate() {
        let bar: Bar =
            serde_json::from_str(line).with_context(|| format!("line {} of {} is damaged", number + 1, path.display()))?;
        bars.insert((bar.piece, bar.bar), bar.players());
    }
    let of_unit = |unit: &UnitRow| {
        let touched = (unit.first_bar..=unit.last_bar).map(|bar| bars.get(&(unit.piece, bar)).copied());
        touched.reduce(|a, b| Some(a?.or(b?))).flatten()
    };
    Ok(units.iter().map(of_unit).collect())
}

impl Bar {
    fn players(&self) -> Players {
        let playing = Role::ALL.iter().zip(self.programmes).filter(|(role, _)| self.plays.iter().any(|name| name == role.name()));
        playing.filter_map(|(role, programme)| instrument(*role, programme)).collect()
    }
}

/// The kit is drums whatever its programme; a bass line by the left hand of a pianist is the piano.
fn instrument(role: Role, programme: u8) -> Option<Instrument> {
    match role {
        Role::Drums => Some(Instrument::Drums),
        Role::Comping | Role::Bass | Role::Lead | Role::Second => Instrument::of_programme(programme),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Split;
    use super::super::score::ensemble::sounds;
    use super::*;

    fn line(bar: i64, plays: &[&str], programmes: [u8; 5]) -> String {
        serde_json::json!({"piece": 3, "bar": bar, "key": 5, "plays": plays, "programmes": programmes}).to_string()
    }

    fn unit(piece: usize, first_bar: i64, last_bar: i64) -> UnitRow {
        let (metre, title) = ("4/4".to_owned(), String::new());
        UnitRow { piece, unit: 0, first_bar, last_bar, start: 0, end: 1, tempo: 120.0, metre, split: Split::Train, title }
    }

    #[test]
    fn a_unit_is_played_by_all_who_begin_a_note_in_its_bars() {
        let folder = tempfile::tempdir().unwrap();
        let lines = [
            line(1, &["comping", "bass"], [0, 0, 66, 56, 32]),
            line(2, &["lead", "drums"], [26, 32, 66, 56, 40]),
            line(3, &["second"], [26, 32, 66, 40, 0]),
        ];
        fs::write(folder.path().join(FACTORS_FILE), lines.join("\n")).unwrap();
        let units = [unit(3, 1, 1), unit(3, 1, 2), unit(3, 3, 3), unit(3, 3, 4), unit(2, 1, 1)];
        let players = of_units(folder.path(), &units).unwrap();
        let of = |instruments: &[Instrument]| Some(instruments.iter().copied().collect::<Players>());
        let expected = [
            of(&[Instrument::Piano]),
            of(&[Instrument::Piano, Instrument::Saxophone, Instrument::Drums]),
            // A violin has no name here.
            of(&[]),
            None,
            None,
        ];
        assert_eq!(players, expected);
    }

    #[test]
    fn every_sound_that_a_band_asks_for_is_an_instrument() {
        const KITS: u16 = 128;
        for (bank, programme) in sounds() {
            let named = bank == KITS || Instrument::of_programme(programme as u8).is_some();
            assert!(named, "programme {programme} has no name");
        }
    }
}
