//! Who turns up: from a pianist alone to a quintet, on which instruments, and where each sits.

use std::collections::BTreeSet;

use super::note::{
    CLEAN_GUITAR, DOUBLE_BASS, ELECTRIC_BASS, ELECTRIC_PIANO, FRETLESS_BASS, GUITAR, Instrument, LEFT_HAND, NYLON_GUITAR, Note,
    ORGAN, PIANO, Role, SOLOISTS, VIBRAPHONE, kit,
};
use super::plan::{self, BarPlan};
use super::style::Style;
use super::{Materials, Part};
use crate::corpus::dice::Dice;

/// How many play, and what for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ensemble {
    /// A pianist, left hand for a bass.
    SoloPiano,
    /// A chord player with a bass player, or a horn with a pianist; no drums.
    Duo,
    /// Chords, bass and drums; the chord player has the foreground.
    Trio,
    /// A soloist and a rhythm section.
    Quartet,
    /// Two horns and a rhythm section.
    Quintet,
}

impl Ensemble {
    /// Every ensemble.
    pub const ALL: [Ensemble; 5] = [Ensemble::SoloPiano, Ensemble::Duo, Ensemble::Trio, Ensemble::Quartet, Ensemble::Quintet];

    /// The name used in files.
    pub fn name(self) -> &'static str {
        match self {
            Ensemble::SoloPiano => "solo_piano",
            Ensemble::Duo => "duo",
            Ensemble::Trio => "trio",
            Ensemble::Quartet => "quartet",
            Ensemble::Quintet => "quintet",
        }
    }

    /// An ensemble that plays the style.
    pub fn draw(style: Style, dice: &mut Dice) -> Self {
        let alone = match style {
            Style::Stride => 1.2,
            Style::Funk | Style::Bossa | Style::SixEight => 0.0,
            _ => 0.07,
        };
        let duo = if style == Style::Funk { 0.0 } else { 0.13 };
        dice.weighted(&[
            (Ensemble::SoloPiano, alone),
            (Ensemble::Duo, duo),
            (Ensemble::Trio, 0.3),
            (Ensemble::Quartet, 0.3),
            (Ensemble::Quintet, 0.22),
        ])
    }

    /// True with a drummer.
    pub fn has_drums(self) -> bool {
        !matches!(self, Ensemble::SoloPiano | Ensemble::Duo)
    }
}

/// Programmes of the kits a drummer may sit at.
const KITS: [u8; 5] = [0, 8, 16, 32, 40];

/// Every sound of a General MIDI font that a band may ask for: bank, and programme from 0. Kits lie in bank 128.
pub fn sounds() -> Vec<(u16, u16)> {
    let rhythm = [
        PIANO,
        LEFT_HAND,
        ELECTRIC_PIANO,
        GUITAR,
        NYLON_GUITAR,
        CLEAN_GUITAR,
        VIBRAPHONE,
        ORGAN,
        DOUBLE_BASS,
        ELECTRIC_BASS,
        FRETLESS_BASS,
    ];
    let melodic = rhythm.iter().chain(&SOLOISTS).map(|instrument| (0, u16::from(instrument.programme)));
    let sounds: BTreeSet<(u16, u16)> = melodic.chain(KITS.map(|programme| (128, u16::from(programme)))).collect();
    sounds.into_iter().collect()
}

/// A sound that does not come from the SoundFont.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recording {
    /// The recorded double bass.
    Bass,
    /// The recorded piano.
    Piano,
}

/// Who plays what.
pub struct Band {
    /// How many there are.
    pub ensemble: Ensemble,
    /// The chord player's instrument.
    pub comping: Instrument,
    /// The bass player's, or the pianist's left hand.
    pub bass: Instrument,
    /// The soloist's.
    pub lead: Instrument,
    /// The second horn's.
    pub second: Instrument,
    /// The drum kit.
    pub kit: Instrument,
    recorded_bass: bool,
    recorded_piano: bool,
}

impl Band {
    /// Draws instruments that suit the style.
    pub fn draw(style: Style, ensemble: Ensemble, materials: &Materials, dice: &mut Dice) -> Self {
        let (mut comping, mut bass) = (chord_instrument(style, dice), bass_instrument(style, dice));
        let with_pianist = ensemble == Ensemble::Duo && dice.chance(0.3);
        if ensemble == Ensemble::SoloPiano || with_pianist {
            (comping, bass) = (PIANO, LEFT_HAND);
        }
        let horn = *dice.pick(&SOLOISTS);
        let other = match dice.weighted(&[(0, 0.8), (1, 0.12), (2, 0.08)]) {
            1 if comping != VIBRAPHONE => VIBRAPHONE,
            2 if comping != GUITAR => GUITAR,
            _ => horn,
        };
        let lead = match ensemble {
            Ensemble::SoloPiano | Ensemble::Trio => comping,
            Ensemble::Duo if !with_pianist => comping,
            Ensemble::Quintet => horn,
            _ => other,
        };
        let others: Vec<Instrument> = SOLOISTS.into_iter().filter(|instrument| *instrument != lead).collect();
        let second = *dice.pick(&others);
        let [standard, room, power, jazz, brush] = KITS;
        let programme = match style {
            Style::Ballad => dice.weighted(&[(brush, 0.85), (jazz, 0.15)]),
            Style::Funk => dice.weighted(&[(standard, 0.45), (room, 0.35), (power, 0.2)]),
            _ => dice.weighted(&[(jazz, 0.5), (standard, 0.35), (brush, 0.15)]),
        };
        let recorded_bass = dice.chance(0.45) && materials.bass;
        let recorded_piano = dice.chance(0.4) && materials.piano;
        Self { ensemble, comping, bass, lead, second, kit: kit(programme), recorded_bass, recorded_piano }
    }

    /// A piano trio, all from the SoundFont.
    pub fn piano_trio() -> Self {
        Self {
            ensemble: Ensemble::Trio,
            comping: PIANO,
            bass: DOUBLE_BASS,
            lead: PIANO,
            second: PIANO,
            kit: kit(32),
            recorded_bass: false,
            recorded_piano: false,
        }
    }

    /// Takes from an arrangement what the band cannot play.
    pub fn fit(&self, bars: &mut [BarPlan]) {
        if !self.ensemble.has_drums() {
            plan::without_drums(bars);
        }
        if self.bass == LEFT_HAND {
            plan::without_bass_solos(bars);
        }
    }

    /// What the role is played on.
    pub fn instrument(&self, role: Role) -> Instrument {
        match role {
            Role::Comping => self.comping,
            Role::Bass => self.bass,
            Role::Lead => self.lead,
            Role::Second => self.second,
            Role::Drums => self.kit,
        }
    }

    fn recording(&self, instrument: Instrument) -> Option<Recording> {
        match instrument {
            DOUBLE_BASS if self.recorded_bass => Some(Recording::Bass),
            PIANO | LEFT_HAND if self.recorded_piano => Some(Recording::Piano),
            _ => None,
        }
    }

    /// Seats the players in the room. Parts on one piano share its place.
    pub fn seat(&self, parts: [Vec<Note>; 5], dice: &mut Dice) -> Vec<Part> {
        let mut seated: Vec<Part> = Vec::new();
        for (role, notes) in Role::ALL.into_iter().zip(parts) {
            let instrument = self.instrument(role);
            let (level, spread) = match role {
                Role::Comping => (-5.0, 30.0),
                Role::Bass => (-2.0, 8.0),
                Role::Lead => (0.0, 18.0),
                Role::Second => (-0.5, 24.0),
                Role::Drums => (-5.0, 6.0),
            };
            let level_db = (level + dice.between(-2.5, 2.5)) as f32;
            let pan = (64.0 + dice.between(-spread, spread)).round() as u8;
            let reverb = dice.between(12.0, 60.0).round() as u8;
            let recording = if role == Role::Drums { None } else { self.recording(instrument) };
            let mut part = Part { role, instrument, recording, level_db, pan, reverb, notes };
            let is_keys = |instrument: Instrument| instrument == PIANO || instrument == LEFT_HAND;
            if let Some(shared) = seated.first().filter(|first| is_keys(first.instrument) && is_keys(instrument)) {
                (part.pan, part.reverb) = (shared.pan, shared.reverb);
            }
            seated.push(part);
        }
        seated
    }
}

fn chord_instrument(style: Style, dice: &mut Dice) -> Instrument {
    match style {
        Style::MediumSwing | Style::FastSwing | Style::TwoFeel | Style::Five | Style::SixEight => {
            dice.weighted(&[(PIANO, 0.66), (GUITAR, 0.16), (VIBRAPHONE, 0.1), (ORGAN, 0.08)])
        }
        Style::Bossa => dice.weighted(&[(NYLON_GUITAR, 0.45), (PIANO, 0.3), (ELECTRIC_PIANO, 0.15), (VIBRAPHONE, 0.1)]),
        Style::Funk => dice.weighted(&[(ELECTRIC_PIANO, 0.4), (CLEAN_GUITAR, 0.32), (ORGAN, 0.18), (PIANO, 0.1)]),
        Style::Waltz => dice.weighted(&[(PIANO, 0.62), (GUITAR, 0.2), (VIBRAPHONE, 0.18)]),
        Style::Ballad => dice.weighted(&[(PIANO, 0.8), (GUITAR, 0.2)]),
        Style::Stride => PIANO,
        Style::TwelveEight => dice.weighted(&[(PIANO, 0.45), (ORGAN, 0.35), (GUITAR, 0.2)]),
    }
}

fn bass_instrument(style: Style, dice: &mut Dice) -> Instrument {
    let electric = match style {
        Style::Funk => 0.85,
        Style::Bossa => 0.35,
        Style::TwelveEight | Style::SixEight => 0.3,
        _ => 0.06,
    };
    match dice.chance(electric) {
        true if dice.chance(0.15) => FRETLESS_BASS,
        true => ELECTRIC_BASS,
        false => DOUBLE_BASS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_ask_for_every_sound_of_the_list_and_for_no_other() {
        let mut asked = BTreeSet::new();
        for style in Style::ALL {
            for ensemble in Ensemble::ALL {
                for seed in 0..300 {
                    let band = Band::draw(style, ensemble, &Materials::default(), &mut Dice::new(seed, "sounds"));
                    asked.extend(Role::ALL.map(|role| {
                        let bank = if role == Role::Drums { 128 } else { 0 };
                        (bank, u16::from(band.instrument(role).programme))
                    }));
                }
            }
        }
        assert_eq!(asked.into_iter().collect::<Vec<_>>(), sounds());
    }
}
