//! The arrangement: which bar of the form sounds when, who plays in it, how hard, and what happens in it.
//!
//! The arc is intro, head, solos, fours, head, ending. Within it instruments rest, breaks open and densities move, so that what
//! lies between two neighbouring bars is worth learning.

use super::form::{Form, FormBar, Placed};
use super::harmony::{Chord, Quality};
use super::style::Style;
use crate::corpus::dice::Dice;

/// A stage of the arrangement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Before the first chorus.
    Intro,
    /// The tune.
    Head,
    /// An improvised chorus.
    Solo,
    /// Soloist and drummer in turn, four bars each.
    Fours,
    /// After the last chorus.
    Ending,
}

impl Stage {
    /// The name used in files.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Intro => "intro",
            Stage::Head => "head",
            Stage::Solo => "solo",
            Stage::Fours => "fours",
            Stage::Ending => "ending",
        }
    }
}

/// Who has the foreground.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lead {
    /// Nobody.
    None,
    /// The solo instrument; in a trio the pianist's right hand.
    Soloist,
    /// The bass player.
    Bass,
    /// The drummer.
    Drums,
}

impl Lead {
    /// The name used in files.
    pub fn name(self) -> &'static str {
        match self {
            Lead::None => "none",
            Lead::Soloist => "soloist",
            Lead::Bass => "bass",
            Lead::Drums => "drums",
        }
    }
}

/// How the bass player plays a bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BassFeel {
    /// Rests.
    Out,
    /// What the style asks for: walking, bossa, funk.
    Full,
    /// Half as many notes: two-feel, or one long note in three.
    Broad,
    /// The root, held or repeated under all changes.
    Pedal,
}

/// How much of the kit is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DrumFeel {
    /// Rests.
    Out,
    /// Hi-hat alone.
    Hats,
    /// The style's pattern.
    Full,
    /// A solo.
    Solo,
}

/// What the ensemble does in one bar.
#[derive(Clone, Debug)]
pub struct BarPlan {
    /// Bars since the piece began.
    pub index: usize,
    /// Where the bar starts, in beats from the piece's first bar line.
    pub start: f64,
    /// Beats in the bar.
    pub beats: f64,
    /// The stage of the arrangement.
    pub stage: Stage,
    /// Choruses begun so far, from 0.
    pub chorus: usize,
    /// The bar of the form.
    pub form_bar: usize,
    /// The form's section.
    pub letter: char,
    /// True when the section opens here.
    pub opens: bool,
    /// True when the section closes here.
    pub closes: bool,
    /// The changes.
    pub chords: Vec<Placed>,
    /// Who has the foreground.
    pub lead: Lead,
    /// What the bass does.
    pub bass: BassFeel,
    /// What the drums do.
    pub drums: DrumFeel,
    /// Whether the comping instrument plays.
    pub comping: bool,
    /// From 0, barely there, to 1, as dense and loud as it gets.
    pub intensity: f64,
    /// The drummer leads into the next bar.
    pub fill: bool,
    /// The drummer opens the bar with a crash.
    pub crash: bool,
    /// The rhythm section plays the first beat and leaves the rest to the foreground.
    pub is_break: bool,
    /// Beats on which everyone accents together; empty when the rhythm section plays freely.
    pub hits: Vec<f64>,
    /// The last bar: one held chord.
    pub is_final: bool,
}

impl BarPlan {
    /// The chord that sounds `at` beats after the bar line.
    pub fn chord_at(&self, at: f64) -> Chord {
        let sounding = self.chords.iter().rev().find(|placed| placed.at <= at + 1e-9);
        sounding.unwrap_or(&self.chords[0]).chord
    }
}

/// A stretch of the arrangement before its details are drawn.
struct Stretch {
    stage: Stage,
    chorus: usize,
    from: usize,
    to: usize,
    lead: Lead,
    intensity: (f64, f64),
}

/// Draws the arrangement of a transposed form so that the piece lasts roughly `seconds`.
pub fn arrange(form: &Form, style: Style, bpm: f64, seconds: f64, seed: u64) -> Vec<BarPlan> {
    let dice = &mut Dice::new(seed, "plan");
    let beats = style.beats() as f64;
    let wanted = (seconds * bpm / 60.0 / beats).round() as usize;
    let stretches = draw_stretches(form.bars.len(), wanted, dice);
    let mut bars: Vec<BarPlan> = Vec::new();
    for stretch in &stretches {
        let length = stretch.to - stretch.from;
        for step in 0..length {
            let form_bar = (stretch.from + step) % form.bars.len();
            let progress = step as f64 / length as f64;
            let (low, high) = stretch.intensity;
            let intensity = low + (high - low) * progress;
            bars.push(bar(bars.len(), beats, stretch, form_bar, &form.bars[form_bar], intensity));
        }
    }
    end(&mut bars, form);
    dress(&mut bars, style, dice);
    if let Some(last) = bars.last_mut() {
        silence_after_final(last);
    }
    bars
}

/// Decides for bars whose stages and leads are known who rests, how the rhythm section feels and what happens once.
pub fn dress(bars: &mut [BarPlan], style: Style, dice: &mut Dice) {
    set_texture(bars, style, dice);
    set_events(bars, dice);
}

fn bar(index: usize, beats: f64, stretch: &Stretch, form_bar: usize, from: &FormBar, intensity: f64) -> BarPlan {
    BarPlan {
        index,
        start: index as f64 * beats,
        beats,
        stage: stretch.stage,
        chorus: stretch.chorus,
        form_bar,
        letter: from.letter,
        opens: from.opens(),
        closes: from.closes(),
        chords: from.chords.clone(),
        lead: stretch.lead,
        bass: BassFeel::Full,
        drums: DrumFeel::Full,
        comping: true,
        intensity,
        fill: false,
        crash: false,
        is_break: false,
        hits: Vec::new(),
        is_final: false,
    }
}

/// Lays intro, choruses and ending end to end until about `wanted` bars are filled.
fn draw_stretches(chorus_bars: usize, wanted: usize, dice: &mut Dice) -> Vec<Stretch> {
    let mut stretches = Vec::new();
    let mut filled = 0;
    let mut chorus = 0;
    let intro = dice.weighted(&[(0, 0.25), (4, 0.5), (8.min(chorus_bars), 0.25)]);
    if intro > 0 {
        let (from, to) = (chorus_bars - intro, chorus_bars);
        stretches.push(Stretch { stage: Stage::Intro, chorus, from, to, lead: Lead::None, intensity: (0.15, 0.4) });
        filled += intro;
    }
    let heads = if chorus_bars <= 16 && dice.chance(0.5) { 2 } else { 1 };
    for head in 0..heads {
        let low = 0.3 + 0.08 * head as f64;
        let intensity = (low, low + 0.15);
        stretches.push(Stretch { stage: Stage::Head, chorus, from: 0, to: chorus_bars, lead: Lead::Soloist, intensity });
        filled += chorus_bars;
        chorus += 1;
    }
    let closing = if chorus_bars >= 32 { chorus_bars / 2 } else { chorus_bars };
    let mut solo = 0;
    while filled + closing < wanted {
        let room = wanted - filled - closing;
        let length = if room >= chorus_bars || chorus_bars <= 16 { chorus_bars } else { chorus_bars / 2 };
        let options = [(0, 0.66), (1, if solo > 0 { 0.12 } else { 0.02 }), (2, 0.05), (3, if solo > 0 { 0.17 } else { 0.0 })];
        let (stage, lead) = match dice.weighted(&options) {
            0 => (Stage::Solo, Lead::Soloist),
            1 => (Stage::Solo, Lead::Bass),
            2 => (Stage::Solo, Lead::None),
            _ => (Stage::Fours, Lead::Soloist),
        };
        let low = (0.35 + 0.16 * solo as f64 + dice.between(-0.1, 0.1)).min(0.75);
        let intensity = (low, (low + dice.between(0.1, 0.4)).min(1.0));
        stretches.push(Stretch { stage, chorus, from: 0, to: length, lead, intensity });
        filled += length;
        chorus += 1;
        solo += 1;
    }
    let from = chorus_bars - closing;
    let intensity = (0.45, 0.65);
    stretches.push(Stretch { stage: Stage::Head, chorus, from, to: chorus_bars, lead: Lead::Soloist, intensity });
    let tag = dice.weighted(&[(0, 0.3), (2, 0.4), (4, 0.3)]);
    let intensity = (0.55, 0.4);
    let from = chorus_bars - tag;
    stretches.push(Stretch { stage: Stage::Ending, chorus, from, to: chorus_bars, lead: Lead::None, intensity });
    stretches
}

/// Adds the final bar: the tonic, held. The tonic is where a form's last dominant leads, else its first chord.
fn end(bars: &mut Vec<BarPlan>, form: &Form) {
    let opening = form.bars[0].chords[0].chord;
    let quality = match opening.quality {
        Quality::Minor7 | Quality::Minor6 | Quality::MinorMajor7 => Quality::Minor6,
        Quality::Dominant7 | Quality::Altered7 | Quality::Suspended7 => Quality::Dominant7,
        _ => Quality::Major6,
    };
    let mut last = bars[bars.len() - 1].clone();
    last.index += 1;
    last.start += last.beats;
    last.stage = Stage::Ending;
    last.opens = true;
    last.closes = true;
    last.chords = vec![Placed { at: 0.0, chord: Chord { quality, ..opening } }];
    last.lead = Lead::None;
    last.is_final = true;
    bars.push(last);
}

fn silence_after_final(last: &mut BarPlan) {
    last.bass = BassFeel::Full;
    last.drums = DrumFeel::Full;
    last.comping = true;
    last.is_break = false;
    last.fill = false;
    last.crash = true;
    last.hits = Vec::new();
}

/// Decides section by section who rests and how the rhythm section feels.
fn set_texture(bars: &mut [BarPlan], style: Style, dice: &mut Dice) {
    let intro = dice.weighted(&[(0, 0.35), (1, 0.2), (2, 0.25), (3, 0.2)]);
    let head_is_broad = style.swings() && dice.chance(0.55);
    let (mut rests, mut lift, mut broad) = (false, 0.0, false);
    let mut drums = DrumFeel::Full;
    for bar in bars.iter_mut() {
        let in_group = bar.form_bar % 4;
        if in_group == 0 || bar.opens {
            rests = dice.chance(if bar.stage == Stage::Solo { 0.16 } else { 0.05 });
            lift = dice.between(-0.18, 0.18);
            broad = style.swings() && dice.chance(if bar.intensity < 0.45 { 0.4 } else { 0.06 });
            drums = dice.weighted(&[(DrumFeel::Full, 0.88), (DrumFeel::Hats, 0.08), (DrumFeel::Out, 0.04)]);
        }
        bar.intensity = (bar.intensity + lift + 0.04 * dice.normal()).clamp(0.05, 1.0);
        bar.comping = !rests;
        bar.drums = drums;
        if broad || (head_is_broad && bar.stage == Stage::Head && bar.letter == 'A') {
            bar.bass = BassFeel::Broad;
        }
        match (bar.stage, bar.lead) {
            (Stage::Intro, _) => set_intro(bar, intro),
            (Stage::Fours, _) if (bar.form_bar / 4) % 2 == 1 => set_drum_four(bar),
            (Stage::Solo, Lead::Bass) => set_bass_solo(bar, dice),
            (Stage::Ending, _) if dice.chance(0.3) => bar.bass = BassFeel::Pedal,
            _ => {}
        }
    }
}

/// Rewrites an arrangement for a band without a drummer: nobody else rests for long, and drum solos become the soloist's.
pub fn without_drums(bars: &mut [BarPlan]) {
    for bar in bars {
        bar.drums = DrumFeel::Out;
        bar.fill = false;
        bar.crash = false;
        if bar.bass == BassFeel::Out && bar.lead != Lead::Bass {
            bar.bass = BassFeel::Full;
        }
        if bar.lead == Lead::Drums {
            bar.lead = Lead::Soloist;
        }
        bar.comping = true;
    }
}

/// Rewrites an arrangement for hands alone: no bass player either, so none has a solo.
pub fn without_bass_solos(bars: &mut [BarPlan]) {
    for bar in bars.iter_mut().filter(|bar| bar.lead == Lead::Bass) {
        (bar.lead, bar.bass) = (Lead::Soloist, BassFeel::Full);
    }
}

fn set_intro(bar: &mut BarPlan, kind: usize) {
    match kind {
        0 => {}
        1 => (bar.comping, bar.bass) = (false, BassFeel::Out),
        2 => bar.bass = BassFeel::Pedal,
        _ => (bar.bass, bar.drums) = (BassFeel::Out, DrumFeel::Hats),
    }
}

fn set_drum_four(bar: &mut BarPlan) {
    (bar.lead, bar.drums, bar.bass, bar.comping) = (Lead::Drums, DrumFeel::Solo, BassFeel::Out, false);
    bar.intensity = bar.intensity.max(0.6);
}

fn set_bass_solo(bar: &mut BarPlan, dice: &mut Dice) {
    bar.bass = BassFeel::Out;
    bar.drums = if dice.chance(0.8) { DrumFeel::Hats } else { DrumFeel::Out };
    bar.comping = dice.chance(0.5);
    bar.intensity = (bar.intensity - 0.25).max(0.1);
}

/// Places what happens once: breaks, fills, crashes, ensemble accents, a bar of rest.
fn set_events(bars: &mut [BarPlan], dice: &mut Dice) {
    let solo_break = dice.chance(0.45);
    for index in 0..bars.len() {
        let next_stage = bars.get(index + 1).map(|next| (next.stage, next.form_bar));
        let solo_in_two = bars.get(index + 2).is_some_and(|later| later.stage == Stage::Solo && later.form_bar == 0);
        let previous_fill = index > 0 && bars[index - 1].fill;
        let bar = &mut bars[index];
        let plays = bar.drums == DrumFeel::Full;
        let chorus_ends = next_stage.is_some_and(|(stage, form_bar)| form_bar == 0 || stage == Stage::Ending);
        bar.fill = plays && (chorus_ends && dice.chance(0.85) || bar.closes && dice.chance(0.5) || dice.chance(0.04));
        bar.crash = plays && (bar.form_bar == 0 && dice.chance(0.6) || previous_fill && dice.chance(0.4));
        let in_last_head = solo_break && bar.stage == Stage::Head;
        let sends_off = in_last_head && chorus_ends && next_stage.is_some_and(|(stage, _)| stage == Stage::Solo)
            || in_last_head && solo_in_two && dice.chance(0.5);
        if sends_off || dice.chance(0.02) && bar.stage == Stage::Solo {
            (bar.is_break, bar.fill) = (true, false);
        } else if plays && dice.chance(if bar.stage == Stage::Head { 0.07 } else { 0.03 }) {
            bar.hits = ensemble_hits(bar.beats, dice);
        } else if dice.chance(0.05) {
            bar.comping = false;
        }
    }
}

/// Accents everyone plays together.
fn ensemble_hits(beats: f64, dice: &mut Dice) -> Vec<f64> {
    let four: [&[f64]; 5] = [&[0.0, 1.5], &[1.5, 3.5], &[0.0, 0.5, 2.0], &[0.0, 1.5, 3.0], &[0.5, 2.5]];
    let three: [&[f64]; 3] = [&[0.0, 1.5], &[0.5, 2.0], &[0.0, 1.0, 2.5]];
    let two: [&[f64]; 3] = [&[0.0, 1.0], &[0.5, 1.5], &[0.0, 1.5]];
    if beats < 3.0 {
        dice.pick(&two).to_vec()
    } else if beats > 3.0 {
        dice.pick(&four).to_vec()
    } else {
        dice.pick(&three).to_vec()
    }
}
