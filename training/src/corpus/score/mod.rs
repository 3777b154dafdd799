//! Scores: compositions, and takes of them, as notes in time. Everything follows from seeds.

pub mod bass;
pub mod comping;
pub mod drums;
pub mod ensemble;
pub mod form;
pub mod harmony;
pub mod horns;
pub mod human;
pub mod melody;
pub mod note;
pub mod performance;
pub mod plan;
pub mod reconstruct;
pub mod style;

use turnaround_core::tempo_map::{Change, TempoMap};
use turnaround_core::time::{Beats, Metre, Seconds, Tempo};

use self::ensemble::{Band, Ensemble, Recording};
use self::form::Form;
use self::human::Human;
use self::melody::{Soloist, TuneNote};
use self::note::{Instrument, Note, Role};
use self::performance::Timing;
use self::plan::{BarPlan, Lead};
use self::style::Style;
use super::dataset::Source;
use super::dice::Dice;
use super::sources::Sources;
use super::sources::changes::{Changes, Count};
use super::sources::groove::{Take, Wanted};
use super::sources::idiom::Idiom;
use super::split::{self, Split};

/// Bars of the longest chorus; longer forms are played in part.
const LONGEST_CHORUS: usize = 40;

/// A tune with its changes, in C. Takes of it differ in key, tempo, instruments, arrangement and solos.
#[derive(Clone, Debug)]
pub struct Composition {
    /// Where it all comes from.
    pub seed: u64,
    /// Form and seed, or the archive and a number in it.
    pub title: String,
    /// The composition's identity, from its normalised title: what the split is drawn from.
    pub identity: String,
    /// The composition's split.
    pub split: Split,
    /// `built in`, or the archive the changes are from.
    pub origin: &'static str,
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
        let (identity, split) = (split::composition(&title), Split::of(&title));
        Self { seed, title, identity, split, origin: "built in", style, form, tune }
    }

    /// A composition over a tune's changes, in a style its metre allows or is bent to; its melody is the tune's own where there
    /// is one, else ours.
    pub fn over(changes: &Changes, seed: u64) -> Self {
        let dice = &mut Dice::new(seed, "changes");
        let style = style_over(changes.count, dice);
        let bars = form::shortened(changes.bars.clone(), LONGEST_CHORUS, dice);
        let is_whole = bars.len() == changes.bars.len();
        let bars = form::rebar(&bars, changes.count.beats(), style.beats());
        let form = Form { name: changes.label.clone(), bars };
        let same_count = changes.count.beats() == style.beats();
        let tune = match changes.tune.is_empty() || !is_whole || !same_count {
            true => melody::tune(&form, style, seed),
            false => changes.tune.clone(),
        };
        Self {
            seed,
            title: changes.label.clone(),
            identity: split::composition(&changes.title),
            split: Split::of(&changes.title),
            origin: changes.origin,
            style,
            form,
            tune,
        }
    }
}

/// A style for changes counted so. Tunes in four are now and then played in five, six or twelve, as bands do.
fn style_over(count: Count, dice: &mut Dice) -> Style {
    match count {
        Count::Quarters(3) => Style::Waltz,
        Count::Quarters(5) => Style::Five,
        Count::Dotted(2) => Style::SixEight,
        Count::Dotted(_) => Style::TwelveEight,
        Count::Quarters(_) => {
            let waltz = (Style::Waltz, 0.04);
            let all = Style::WEIGHTS.iter().map(|option| if option.0 == Style::Waltz { waltz } else { *option });
            dice.weighted(&all.collect::<Vec<_>>())
        }
    }
}

/// What archives bring to a piece besides its changes.
#[derive(Clone, Copy, Default)]
pub struct Materials<'a> {
    /// How soloists move.
    pub idiom: Option<&'a Idiom>,
    /// Drummers' performances.
    pub drums: &'a [Take],
    /// Whether there is a recorded bass.
    pub bass: bool,
    /// Whether there is a recorded piano.
    pub piano: bool,
}

impl Sources {
    /// What a piece may use of them.
    pub fn materials(&self) -> Materials<'_> {
        Materials { idiom: self.idiom.as_ref(), drums: &self.drums, bass: self.bass.is_some(), piano: self.piano.is_some() }
    }
}

/// One player's notes.
#[derive(Clone, Debug)]
pub struct Part {
    /// What the part is for.
    pub role: Role,
    /// What it is played on.
    pub instrument: Instrument,
    /// Recorded notes instead of the SoundFont's.
    pub recording: Option<Recording>,
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
    /// How many play.
    pub ensemble: Option<Ensemble>,
}

/// A take of a composition: everything a renderer and a bar table need.
#[derive(Clone, Debug)]
pub struct Piece {
    /// The composition's title.
    pub title: String,
    /// The composition's identity.
    pub composition: String,
    /// The composition's split.
    pub split: Split,
    /// Whether it was arranged or reconstructed.
    pub source: Source,
    /// Where its changes are from.
    pub origin: &'static str,
    /// `arranged`, or `estimated` from a recording and repaired.
    pub bass_line: &'static str,
    /// The recorded drummer, where one sits in.
    pub drummer: Option<String>,
    /// The take's seed.
    pub seed: u64,
    /// How it is played.
    pub style: Style,
    /// How many play.
    pub ensemble: Ensemble,
    /// The tonic, a pitch class; `None` where nobody says.
    pub key: Option<i32>,
    /// Quarter notes a minute; where it moves, the mean.
    pub tempo: Tempo,
    /// Constant.
    pub metre: Metre,
    /// Where the tempo moves: every change. Empty where it does not.
    pub changes: Vec<Change>,
    /// Silence before the first bar line.
    pub offset: Seconds,
    /// Swing and lags.
    pub timing: Timing,
    /// Cents above 440 Hz, for all but the drums.
    pub tuning_cents: f64,
    /// Peak of the finished audio, below 1.
    pub peak: f32,
    /// The arrangement, bar by bar, in quarter notes.
    pub bars: Vec<BarPlan>,
    /// The players, one for each role; those who are not there have no notes.
    pub parts: Vec<Part>,
    /// The chord player's pattern in each bar.
    pub comping_patterns: Vec<&'static str>,
    /// The drummer's pattern in each bar.
    pub drum_patterns: Vec<&'static str>,
}

impl Piece {
    /// Plays a composition without any archive. The same seed and wishes give the same piece everywhere.
    pub fn play(composition: &Composition, seed: u64, wishes: Wishes) -> Self {
        Self::play_with(composition, seed, wishes, &Materials::default())
    }

    /// Plays a composition with what archives bring. It is arranged in felt beats and written in quarter notes.
    pub fn play_with(composition: &Composition, seed: u64, wishes: Wishes, materials: &Materials) -> Self {
        let style = composition.style;
        let dice = &mut Dice::new(seed, "take");
        let bpm = wishes.bpm.map_or_else(|| draw_tempo(style, dice), |bpm| bpm / style.quarters());
        let tempo = Tempo::new(bpm * style.quarters()).expect("the arranger's tempi are tempi");
        let shift = dice.integer(0, 11) as i32 - 5;
        let seconds = wishes.seconds.unwrap_or_else(|| dice.between(60.0, 130.0));
        let mut bars = plan::arrange(&composition.form.transposed(shift), style, bpm, seconds, seed);
        let timing = Timing::draw(style, style.swing_at(tempo), bpm, dice);
        let ensemble = wishes.ensemble.unwrap_or_else(|| Ensemble::draw(style, dice));
        let band = if wishes.piano_trio { Band::piano_trio() } else { Band::draw(style, ensemble, materials, dice) };
        band.fit(&mut bars);

        let soloist = Soloist { style, instrument: &band.lead, bpm, idiom: materials.idiom };
        let (comping, comping_patterns) = comping::play(&bars, style, &band.comping, seed);
        let mut bass = bass::play(&bars, style, &band.bass, seed);
        bass.extend(melody::improvise(&bars, Lead::Bass, &Soloist { instrument: &band.bass, ..soloist }, seed));
        let mut lead = melody::play(&bars, &composition.tune, shift, &soloist, seed);
        let second = match band.ensemble {
            Ensemble::Quintet => horns::second(&bars, &mut lead, &band.second, seed),
            _ => Vec::new(),
        };
        let (drums, mut drum_patterns) = match band.ensemble.has_drums() {
            true => drums::play(&bars, style, seed),
            false => (Vec::new(), vec!["none"; bars.len()]),
        };

        let end = bars.last().map_or(0.0, |last| last.start + last.beats);
        let mut parts = [comping, bass, lead, second, drums];
        for (role, notes) in Role::ALL.into_iter().zip(&mut parts) {
            performance::perform(notes, role, &timing, end, seed);
        }
        let wanted = Wanted { style, bpm, swing: timing.swing, split: composition.split };
        let sits_in = band.ensemble.has_drums() && !materials.drums.is_empty() && dice.chance(0.6);
        let human = if sits_in { Human::draw(materials.drums, &wanted, dice) } else { None };
        if let Some(human) = &human {
            human.replace(&mut parts[4], &mut drum_patterns, &bars, 0.5, seed);
        }
        let mut piece = Self {
            title: composition.title.clone(),
            composition: composition.identity.clone(),
            split: composition.split,
            source: Source::Arranger,
            origin: composition.origin,
            bass_line: "arranged",
            drummer: human.map(|human| human.name()),
            seed,
            style,
            ensemble: band.ensemble,
            key: Some(shift.rem_euclid(12)),
            tempo,
            metre: style.metre(),
            changes: Vec::new(),
            offset: Seconds::new(dice.between(0.25, 0.6)),
            timing,
            tuning_cents: dice.between(-20.0, 20.0),
            peak: dice.between(0.45, 0.9) as f32,
            bars,
            parts: band.seat(parts, dice),
            comping_patterns,
            drum_patterns,
        };
        piece.write_in_quarters();
        piece
    }

    /// From felt beats to quarter notes.
    fn write_in_quarters(&mut self) {
        let quarters = self.style.quarters();
        for bar in &mut self.bars {
            bar.start *= quarters;
            bar.beats *= quarters;
            bar.chords.iter_mut().for_each(|placed| placed.at *= quarters);
            bar.hits.iter_mut().for_each(|hit| *hit *= quarters);
        }
        for note in self.parts.iter_mut().flat_map(|part| &mut part.notes) {
            note.written = note.written * quarters;
            note.onset = note.onset * quarters;
            note.duration = note.duration * quarters;
        }
    }

    /// Quarter notes from the first bar line to the end of the last bar.
    pub fn beats(&self) -> f64 {
        self.bars.last().map_or(0.0, |last| last.start + last.beats)
    }

    /// The grid.
    pub fn tempo_map(&self) -> TempoMap {
        match self.changes.is_empty() {
            true => TempoMap::constant(self.tempo, self.metre, self.offset),
            false => TempoMap::new(self.offset, self.changes.clone()).expect("a piece's changes are in order"),
        }
    }

    /// From the start of the audio to the end of the last bar.
    pub fn duration(&self) -> Seconds {
        self.tempo_map().seconds_at(Beats::new(self.beats()))
    }

    /// Keeps `count` bars from `first` (from 0) of a piece of even tempo and moves them to the beginning. Notes that would sound
    /// on are cut.
    ///
    /// # Panics
    /// If the tempo moves.
    pub fn excerpt(&mut self, first: usize, count: usize) {
        assert!(self.changes.is_empty(), "only pieces of even tempo are cut");
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

#[cfg(test)]
mod tests;
