//! Scores: compositions, and takes of them, as notes in time. Everything follows from seeds.

pub mod bass;
pub mod comping;
pub mod drums;
pub mod form;
pub mod harmony;
pub mod melody;
pub mod note;
pub mod performance;
pub mod plan;
pub mod style;

use turnaround_core::tempo_map::TempoMap;
use turnaround_core::time::{Beats, Metre, Seconds, Tempo};

use self::form::Form;
use self::melody::TuneNote;
use self::note::{
    CLEAN_GUITAR, DOUBLE_BASS, ELECTRIC_BASS, ELECTRIC_PIANO, GUITAR, Instrument, NYLON_GUITAR, Note, ORGAN, PIANO, Role,
    SOLOISTS, VIBRAPHONE, kit,
};
use self::performance::Timing;
use self::plan::{BarPlan, Lead};
use self::style::Style;
use super::dice::Dice;

/// A tune with its changes, in C. Takes of it differ in key, tempo, instruments, arrangement and solos.
#[derive(Clone, Debug)]
pub struct Composition {
    /// Where it all comes from.
    pub seed: u64,
    /// Form and seed: what the split is drawn from.
    pub title: String,
    /// How it is played.
    pub style: Style,
    /// Its changes.
    pub form: Form,
    /// Its melody.
    pub tune: Vec<TuneNote>,
}

impl Composition {
    /// The composition of a seed, in a style the seed chooses.
    pub fn new(seed: u64) -> Self {
        let style = Dice::new(seed, "style").weighted(&Style::WEIGHTS);
        Self::in_style(seed, style)
    }

    /// The composition of a seed in a given style.
    pub fn in_style(seed: u64, style: Style) -> Self {
        let form = form::compose(style, &mut Dice::new(seed, "form"));
        let tune = melody::tune(&form, style, seed);
        let title = format!("{} {} {seed:016x}", style.name().replace('_', " "), form.name);
        Self { seed, title, style, form, tune }
    }
}

/// One player's notes.
#[derive(Clone, Debug)]
pub struct Part {
    /// What the part is for.
    pub role: Role,
    /// What it is played on.
    pub instrument: Instrument,
    /// How loud it sounds beside the others, in decibels relative to an average soloist.
    pub level_db: f32,
    /// 0 left, 64 centre, 127 right.
    pub pan: u8,
    /// Reverb send, 0..=127.
    pub reverb: u8,
    /// The notes by rising onset.
    pub notes: Vec<Note>,
}

/// What a take is asked to be; `None` leaves the choice to the seed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wishes {
    /// Quarter notes per minute.
    pub bpm: Option<f64>,
    /// Roughly how long the piece lasts.
    pub seconds: Option<f64>,
    /// A piano trio rather than whatever band turns up.
    pub piano_trio: bool,
}

/// A take of a composition: everything a renderer and a bar table need.
#[derive(Clone, Debug)]
pub struct Piece {
    /// The composition's title.
    pub title: String,
    /// The take's seed.
    pub seed: u64,
    /// How it is played.
    pub style: Style,
    /// Semitones above C.
    pub key: i32,
    /// Constant.
    pub tempo: Tempo,
    /// Constant.
    pub metre: Metre,
    /// Silence before the first bar line.
    pub offset: Seconds,
    /// Swing and lags.
    pub timing: Timing,
    /// Cents above 440 Hz, for all but the drums.
    pub tuning_cents: f64,
    /// Peak of the finished audio, below 1.
    pub peak: f32,
    /// The arrangement, bar by bar.
    pub bars: Vec<BarPlan>,
    /// The players.
    pub parts: Vec<Part>,
    /// The chord player's pattern in each bar.
    pub comping_patterns: Vec<&'static str>,
    /// The drummer's pattern in each bar.
    pub drum_patterns: Vec<&'static str>,
}

impl Piece {
    /// Plays a composition. The same seed and wishes give the same piece everywhere.
    pub fn play(composition: &Composition, seed: u64, wishes: Wishes) -> Self {
        let style = composition.style;
        let dice = &mut Dice::new(seed, "take");
        let bpm = wishes.bpm.unwrap_or_else(|| draw_tempo(style, dice));
        let tempo = Tempo::new(bpm).expect("the arranger's tempi are tempi");
        let key = dice.integer(0, 11) as i32 - 5;
        let seconds = wishes.seconds.unwrap_or_else(|| dice.between(60.0, 130.0));
        let bars = plan::arrange(&composition.form.transposed(key), style, bpm, seconds, seed);
        let timing = Timing::draw(style.swing_at(tempo), bpm, style.swings(), dice);
        let band = Band::draw(style, wishes.piano_trio, dice);

        let (comping, comping_patterns) = comping::play(&bars, style, &band.comping, seed);
        let mut bass = bass::play(&bars, style, &band.bass, seed);
        bass.extend(melody::improvise(&bars, Lead::Bass, style, &band.bass, bpm, seed));
        let lead = melody::play(&bars, &composition.tune, key, style, &band.lead, bpm, seed);
        let (drums, drum_patterns) = drums::play(&bars, style, seed);

        let end = bars.last().map_or(0.0, |last| last.start + last.beats);
        let parts = [
            (Role::Comping, band.comping, comping),
            (Role::Bass, band.bass, bass),
            (Role::Lead, band.lead, lead),
            (Role::Drums, band.kit, drums),
        ]
        .into_iter()
        .map(|(role, instrument, mut notes)| {
            performance::perform(&mut notes, role, &timing, end, seed);
            mix(role, instrument, notes, dice)
        })
        .collect();
        Self {
            title: composition.title.clone(),
            seed,
            style,
            key,
            tempo,
            metre: style.metre(),
            offset: Seconds::new(dice.between(0.25, 0.6)),
            timing,
            tuning_cents: dice.between(-20.0, 20.0),
            peak: dice.between(0.45, 0.9) as f32,
            bars,
            parts,
            comping_patterns,
            drum_patterns,
        }
    }

    /// Beats from the first bar line to the end of the last bar.
    pub fn beats(&self) -> f64 {
        self.bars.last().map_or(0.0, |last| last.start + last.beats)
    }

    /// The grid.
    pub fn tempo_map(&self) -> TempoMap {
        TempoMap::constant(self.tempo, self.metre, self.offset)
    }

    /// From the start of the audio to the end of the last bar.
    pub fn duration(&self) -> Seconds {
        self.offset + Seconds::new(self.beats() * 60.0 / self.tempo.bpm())
    }

    /// Keeps `count` bars from `first` (from 0) and moves them to the beginning. Notes that would sound on are cut.
    pub fn excerpt(&mut self, first: usize, count: usize) {
        let first = first.min(self.bars.len().saturating_sub(count));
        let last = (first + count).min(self.bars.len());
        let start = self.bars[first].start;
        self.bars = self.bars[first..last].to_vec();
        self.comping_patterns = self.comping_patterns[first..last].to_vec();
        self.drum_patterns = self.drum_patterns[first..last].to_vec();
        for (index, bar) in self.bars.iter_mut().enumerate() {
            (bar.index, bar.start) = (index, bar.start - start);
        }
        let end = self.beats();
        for part in &mut self.parts {
            part.notes.retain(|note| (start..start + end).contains(&note.written.get()));
            for note in &mut part.notes {
                note.written = note.written - Beats::new(start);
                note.onset = Beats::new((note.onset.get() - start).max(0.0));
                note.duration = Beats::new(note.duration.get().min((end - note.onset.get()).max(0.01)));
            }
        }
    }

    /// The part with that role.
    pub fn part(&self, role: Role) -> &Part {
        self.parts.iter().find(|part| part.role == role).expect("a piece has every role")
    }
}

/// A tempo in the style's range, middle tempi likelier than extremes, rounded as players count them off.
fn draw_tempo(style: Style, dice: &mut Dice) -> f64 {
    let (low, high) = style.tempi();
    let middle = 0.5 * (dice.between(low, high) + dice.between(low, high));
    let bpm = if dice.chance(0.4) { dice.between(low, high) } else { middle };
    (bpm * 2.0).round() / 2.0
}

/// Who plays what.
struct Band {
    comping: Instrument,
    bass: Instrument,
    lead: Instrument,
    kit: Instrument,
}

impl Band {
    fn draw(style: Style, piano_trio: bool, dice: &mut Dice) -> Self {
        let comping = match style {
            Style::MediumSwing | Style::FastSwing => {
                dice.weighted(&[(PIANO, 0.66), (GUITAR, 0.16), (VIBRAPHONE, 0.1), (ORGAN, 0.08)])
            }
            Style::Bossa => dice.weighted(&[(NYLON_GUITAR, 0.45), (PIANO, 0.3), (ELECTRIC_PIANO, 0.15), (VIBRAPHONE, 0.1)]),
            Style::Funk => dice.weighted(&[(ELECTRIC_PIANO, 0.4), (CLEAN_GUITAR, 0.32), (ORGAN, 0.18), (PIANO, 0.1)]),
            Style::Waltz => dice.weighted(&[(PIANO, 0.62), (GUITAR, 0.2), (VIBRAPHONE, 0.18)]),
            Style::Ballad => dice.weighted(&[(PIANO, 0.8), (GUITAR, 0.2)]),
        };
        let electric = match style {
            Style::Funk => 0.85,
            Style::Bossa => 0.35,
            _ => 0.06,
        };
        let bass = if dice.chance(electric) { ELECTRIC_BASS } else { DOUBLE_BASS };
        let own_hand = dice.chance(0.3);
        let other = dice.weighted(&[(0, 0.8), (1, 0.12), (2, 0.08)]);
        let horn = *dice.pick(&SOLOISTS);
        let lead = match other {
            _ if own_hand => comping,
            0 => horn,
            1 if comping != VIBRAPHONE => VIBRAPHONE,
            _ if comping != GUITAR => GUITAR,
            _ => horn,
        };
        let kit_programme = match style {
            Style::Ballad => dice.weighted(&[(40, 0.85), (32, 0.15)]),
            Style::Funk => dice.weighted(&[(0, 0.45), (8, 0.35), (16, 0.2)]),
            _ => dice.weighted(&[(32, 0.5), (0, 0.35), (40, 0.15)]),
        };
        if piano_trio {
            return Self { comping: PIANO, bass: DOUBLE_BASS, lead: PIANO, kit: kit(32) };
        }
        Self { comping, bass, lead, kit: kit(kit_programme) }
    }
}

/// Seats a part in the room.
fn mix(role: Role, instrument: Instrument, notes: Vec<Note>, dice: &mut Dice) -> Part {
    let (level, spread) = match role {
        Role::Comping => (-5.0, 30.0),
        Role::Bass => (-2.0, 8.0),
        Role::Lead => (0.0, 18.0),
        Role::Drums => (-5.0, 6.0),
    };
    let level_db = (level + dice.between(-2.5, 2.5)) as f32;
    let pan = (64.0 + dice.between(-spread, spread)).round() as u8;
    let reverb = dice.between(12.0, 60.0).round() as u8;
    Part { role, instrument, level_db, pan, reverb, notes }
}

#[cfg(test)]
mod tests;
