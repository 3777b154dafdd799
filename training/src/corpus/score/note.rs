//! Notes, instruments and their ranges.

use turnaround_core::time::Beats;

/// What a part is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Chords.
    Comping,
    /// The bass.
    Bass,
    /// Melody and solos.
    Lead,
    /// A second horn beside the lead.
    Second,
    /// The drum kit.
    Drums,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 5] = [Role::Comping, Role::Bass, Role::Lead, Role::Second, Role::Drums];

    /// The name used in files.
    pub fn name(self) -> &'static str {
        match self {
            Role::Comping => "comping",
            Role::Bass => "bass",
            Role::Lead => "lead",
            Role::Second => "second",
            Role::Drums => "drums",
        }
    }

    /// The MIDI channel, from 0. Drums have the percussion channel.
    pub fn channel(self) -> u8 {
        match self {
            Role::Comping => 0,
            Role::Bass => 1,
            Role::Lead => 2,
            Role::Second => 3,
            Role::Drums => 9,
        }
    }
}

/// One played note.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Note {
    /// MIDI pitch; on the drum channel a General MIDI drum.
    pub pitch: u8,
    /// 1..=127.
    pub velocity: u8,
    /// Where the note stands on paper, in beats from the first bar line, swing not written.
    pub written: Beats,
    /// Where it is played: swing, lag and jitter included.
    pub onset: Beats,
    /// How long it sounds, in beats.
    pub duration: Beats,
}

impl Note {
    /// A note on paper: played exactly where it is written until the performance moves it.
    pub fn written(pitch: i32, velocity: f64, at: f64, duration: f64) -> Self {
        let at = Beats::new(at);
        let velocity = velocity.round().clamp(1.0, 127.0) as u8;
        Self { pitch: pitch.clamp(0, 127) as u8, velocity, written: at, onset: at, duration: Beats::new(duration) }
    }
}

/// A General MIDI sound and the pitches it may be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instrument {
    /// What it is called.
    pub name: &'static str,
    /// General MIDI programme, from 0.
    pub programme: u8,
    /// Lowest pitch.
    pub low: i32,
    /// Highest pitch.
    pub high: i32,
}

const fn instrument(name: &'static str, programme: u8, low: i32, high: i32) -> Instrument {
    Instrument { name, programme, low, high }
}

/// Acoustic grand piano.
pub const PIANO: Instrument = instrument("piano", 0, 36, 96);
/// Electric piano.
pub const ELECTRIC_PIANO: Instrument = instrument("electric piano", 4, 40, 91);
/// Jazz guitar.
pub const GUITAR: Instrument = instrument("guitar", 26, 43, 84);
/// Nylon-string guitar.
pub const NYLON_GUITAR: Instrument = instrument("nylon guitar", 24, 43, 81);
/// Clean electric guitar.
pub const CLEAN_GUITAR: Instrument = instrument("clean guitar", 27, 43, 84);
/// Vibraphone.
pub const VIBRAPHONE: Instrument = instrument("vibraphone", 11, 53, 89);
/// Organ.
pub const ORGAN: Instrument = instrument("organ", 17, 41, 89);
/// Double bass, plucked.
pub const DOUBLE_BASS: Instrument = instrument("double bass", 32, 28, 58);
/// Electric bass, fingered.
pub const ELECTRIC_BASS: Instrument = instrument("electric bass", 33, 28, 60);
/// The left hand of a piano without a bass player.
pub const LEFT_HAND: Instrument = instrument("piano, left hand", 0, 28, 58);
/// Fretless electric bass.
pub const FRETLESS_BASS: Instrument = instrument("fretless bass", 35, 28, 60);
/// Horns and other melody instruments.
pub const SOLOISTS: [Instrument; 9] = [
    instrument("trumpet", 56, 55, 82),
    instrument("trombone", 57, 43, 72),
    instrument("muted trumpet", 59, 55, 80),
    instrument("soprano saxophone", 64, 58, 86),
    instrument("alto saxophone", 65, 50, 80),
    instrument("tenor saxophone", 66, 45, 76),
    instrument("clarinet", 71, 52, 86),
    instrument("flute", 73, 60, 93),
    instrument("baritone saxophone", 67, 40, 69),
];
/// A drum kit: the programme chooses which.
pub const fn kit(programme: u8) -> Instrument {
    instrument("drums", programme, 35, 81)
}

impl Instrument {
    /// The pitch moved by octaves into the range.
    pub fn fold(&self, mut pitch: i32) -> i32 {
        while pitch < self.low {
            pitch += 12;
        }
        while pitch > self.high {
            pitch -= 12;
        }
        pitch
    }
}
