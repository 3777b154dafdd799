//! Chords: their tones, their scales and their names.

use std::fmt;

/// The kind of a chord.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Quality {
    /// Major seventh.
    Major7,
    /// Major sixth.
    Major6,
    /// Dominant seventh.
    Dominant7,
    /// Dominant seventh with altered ninths and thirteenth.
    Altered7,
    /// Dominant seventh with a fourth for its third.
    Suspended7,
    /// Minor seventh.
    Minor7,
    /// Minor sixth.
    Minor6,
    /// Minor with a major seventh.
    MinorMajor7,
    /// Minor seventh with a flat fifth.
    HalfDiminished,
    /// Diminished seventh.
    Diminished7,
}

/// Chord suffixes as they are written, longest first so that a prefix never wins.
const SUFFIXES: [(&str, Quality); 10] = [
    ("maj7", Quality::Major7),
    ("m7b5", Quality::HalfDiminished),
    ("7alt", Quality::Altered7),
    ("7sus", Quality::Suspended7),
    ("dim7", Quality::Diminished7),
    ("mM7", Quality::MinorMajor7),
    ("m7", Quality::Minor7),
    ("m6", Quality::Minor6),
    ("7", Quality::Dominant7),
    ("6", Quality::Major6),
];

impl Quality {
    /// Root, third (or fourth), fifth and seventh (or sixth), in semitones above the root.
    pub fn tones(self) -> [u8; 4] {
        match self {
            Quality::Major7 => [0, 4, 7, 11],
            Quality::Major6 => [0, 4, 7, 9],
            Quality::Dominant7 => [0, 4, 7, 10],
            Quality::Altered7 => [0, 4, 8, 10],
            Quality::Suspended7 => [0, 5, 7, 10],
            Quality::Minor7 => [0, 3, 7, 10],
            Quality::Minor6 => [0, 3, 7, 9],
            Quality::MinorMajor7 => [0, 3, 7, 11],
            Quality::HalfDiminished => [0, 3, 6, 10],
            Quality::Diminished7 => [0, 3, 6, 9],
        }
    }

    /// The scale an improviser plays over the chord, in semitones above the root.
    pub fn scale(self) -> &'static [u8] {
        match self {
            Quality::Major7 | Quality::Major6 => &[0, 2, 4, 6, 7, 9, 11],
            Quality::Dominant7 | Quality::Suspended7 => &[0, 2, 4, 5, 7, 9, 10],
            Quality::Altered7 => &[0, 1, 3, 4, 6, 8, 10],
            Quality::Minor7 => &[0, 2, 3, 5, 7, 9, 10],
            Quality::Minor6 | Quality::MinorMajor7 => &[0, 2, 3, 5, 7, 9, 11],
            Quality::HalfDiminished => &[0, 2, 3, 5, 6, 8, 10],
            Quality::Diminished7 => &[0, 2, 3, 5, 6, 8, 9, 11],
        }
    }

    /// Four tones for a pianist's hand while a bass player has the root, in semitones above it: third, fifth or thirteenth,
    /// seventh, ninth.
    pub fn rootless(self) -> [u8; 4] {
        match self {
            Quality::Major7 => [4, 7, 11, 2],
            Quality::Major6 => [4, 7, 9, 2],
            Quality::Dominant7 => [4, 9, 10, 2],
            Quality::Altered7 => [4, 8, 10, 3],
            Quality::Suspended7 => [5, 9, 10, 2],
            Quality::Minor7 => [3, 7, 10, 2],
            Quality::Minor6 => [3, 7, 9, 2],
            Quality::MinorMajor7 => [3, 7, 11, 2],
            Quality::HalfDiminished => [3, 6, 10, 0],
            Quality::Diminished7 => [0, 3, 6, 9],
        }
    }

    /// The suffix it is written with.
    pub fn name(self) -> &'static str {
        SUFFIXES.iter().find(|(_, quality)| *quality == self).map_or("", |(name, _)| name)
    }

    /// True for chords that want to fall a fifth.
    pub fn is_dominant(self) -> bool {
        matches!(self, Quality::Dominant7 | Quality::Altered7 | Quality::Suspended7)
    }

    /// True for chords with a minor third.
    pub fn is_minor(self) -> bool {
        self.tones()[1] == 3
    }
}

/// A root and a quality.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Chord {
    /// Pitch class of the root, 0 is C.
    pub root: u8,
    /// The kind of chord on it.
    pub quality: Quality,
}

impl Chord {
    /// A chord on a root taken modulo the octave.
    pub fn new(root: i32, quality: Quality) -> Self {
        Self { root: root.rem_euclid(12) as u8, quality }
    }

    /// Reads a name such as `Bbm7b5`. `None` when it is not one of ours.
    pub fn parse(text: &str) -> Option<Self> {
        let letter = text.chars().next()?;
        let natural = [('C', 0), ('D', 2), ('E', 4), ('F', 5), ('G', 7), ('A', 9), ('B', 11)];
        let root = natural.iter().find(|(name, _)| *name == letter)?.1;
        let (shift, suffix) = match text.as_bytes().get(1) {
            Some(b'b') => (-1, &text[2..]),
            Some(b'#') => (1, &text[2..]),
            _ => (0, &text[1..]),
        };
        let quality = SUFFIXES.iter().find(|(name, _)| *name == suffix)?.1;
        Some(Self::new(root + shift, quality))
    }

    /// The chord moved up by `semitones`.
    pub fn transposed(self, semitones: i32) -> Self {
        Self::new(i32::from(self.root) + semitones, self.quality)
    }

    /// Pitch classes of root, third, fifth and seventh.
    pub fn tones(self) -> [u8; 4] {
        self.quality.tones().map(|tone| (self.root + tone) % 12)
    }

    /// True when `pitch` is one of the four chord tones, in any octave.
    pub fn contains(self, pitch: i32) -> bool {
        self.tones().contains(&(pitch.rem_euclid(12) as u8))
    }

    /// True when `pitch` lies in the chord's scale.
    pub fn has_in_scale(self, pitch: i32) -> bool {
        let above = (pitch - i32::from(self.root)).rem_euclid(12) as u8;
        self.quality.scale().contains(&above)
    }

    /// The next scale tone strictly above (`direction` 1) or below (-1) `pitch`.
    pub fn step(self, pitch: i32, direction: i32) -> i32 {
        let mut next = pitch + direction;
        while !self.has_in_scale(next) {
            next += direction;
        }
        next
    }

    /// The chord tone nearest to `pitch`; of two equally near, the one in `direction`.
    pub fn nearest_tone(self, pitch: i32, direction: i32) -> i32 {
        (0..12)
            .flat_map(|distance| [pitch + distance * direction.signum(), pitch - distance * direction.signum()])
            .find(|candidate| self.contains(*candidate))
            .expect("an octave holds every chord tone")
    }

    /// The pitch of class `class` nearest to `near`.
    pub fn nearest_of_class(class: u8, near: i32) -> i32 {
        let above = (i32::from(class) - near).rem_euclid(12);
        if above > 6 { near + above - 12 } else { near + above }
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        const ROOTS: [&str; 12] = ["C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B"];
        write!(formatter, "{}{}", ROOTS[usize::from(self.root)], self.quality.name())
    }
}
