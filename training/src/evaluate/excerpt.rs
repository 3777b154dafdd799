//! A held-out bar and the bars before it, cut out of a corpus: what an edit is measured on.

use std::ops::Range;

use anyhow::{Context, Result};
use turnaround_core::audio::Audio;
use turnaround_core::bars::BarNumber;
use turnaround_core::contract::SparseWeights;
use turnaround_core::tempo_map::TempoMap;
use turnaround_core::time::{Metre, SampleRate, Seconds, Tempo};
use turnaround_engine::add::Addition;
use turnaround_engine::regenerate::{ActionChoice, Request, Settings, Target};
use turnaround_engine::{Control, Engine, Imagined};

use super::spread;
use crate::corpus::build::felt_beat;
use crate::corpus::{Corpus, Split};
use crate::descriptors::{Gauge, Marks, Measured};

/// Bars of context before the target.
pub const CONTEXT: usize = 4;

/// Seconds more on each side, so that the outer bars have real margins.
const AROUND_S: u64 = 1;

/// What of its past is measured with a bar, so that what begins with it is heard to begin.
const LEAD: Seconds = Seconds::new(0.2);

/// Share of its length by which a bar may differ from the bars of one steady grid.
const UNEVEN: f64 = 0.01;

/// `count` units of a split, evenly spread, that are one whole bar each, with [`CONTEXT`] such units before them in the same piece and of
/// the same length; or all, where there are fewer.
pub fn candidates(corpus: &Corpus, split: Split, count: usize) -> Vec<usize> {
    let fits = |&unit: &usize| {
        let Some(bar) = bar_length(corpus, unit) else { return false };
        let is_such_a_bar = |unit: usize| {
            let row = &corpus.units[unit];
            row.first_bar == row.last_bar && ((row.end - row.start) as f64 / bar - 1.0).abs() < UNEVEN
        };
        corpus.run_ending_at(unit, CONTEXT + 1).is_some_and(|mut run| run.all(is_such_a_bar))
    };
    spread(&corpus.of(split).into_iter().filter(fits).collect::<Vec<_>>(), count)
}

/// Samples of a bar in a unit's tempo and metre: units of long bars are halves of them.
fn bar_length(corpus: &Corpus, unit: usize) -> Option<f64> {
    let row = &corpus.units[unit];
    let (tempo, metre) = (Tempo::new(row.tempo).ok()?, row.metre.parse::<Metre>().ok()?);
    Some(tempo.seconds_from(metre.beats_per_bar()).get() * f64::from(corpus.manifest.rate))
}

/// A target bar and its context.
pub struct Excerpt {
    audio: Audio,
    map: TempoMap,
    metre: Metre,
    target: BarNumber,
    range: Range<usize>,
}

impl Excerpt {
    /// The unit `unit`, one of [`candidates`], and what is before it.
    ///
    /// # Errors
    /// When the corpus tells of a rate, tempo or metre that cannot be.
    pub fn new(corpus: &Corpus, unit: usize) -> Result<Self> {
        let row = &corpus.units[unit];
        let rate = SampleRate::new(corpus.manifest.rate)?;
        let around = AROUND_S * u64::from(rate.hz());
        let first = corpus.units[unit - CONTEXT].start;
        let lead = around.min(first);
        let start = first - lead;
        let audio = Audio::mono(rate, corpus.window(start as i64, (row.end - start + around) as usize))?;
        let range = (row.start - start) as usize..(row.end - start) as usize;
        Ok(Self::of(audio, Tempo::new(row.tempo)?, row.metre.parse()?, lead as usize, range))
    }

    /// The last of some bars whose first begins at sample `lead`; its own are at `range`.
    pub fn of(audio: Audio, tempo: Tempo, metre: Metre, lead: usize, range: Range<usize>) -> Self {
        let offset = Seconds::new(lead as f64 / f64::from(audio.rate().hz()));
        let map = TempoMap::constant(tempo, metre, offset);
        Self { audio, map, metre, target: BarNumber::new(CONTEXT as i64 + 1), range }
    }

    /// All of it, mono, at the models' rate.
    pub fn audio(&self) -> &Audio {
        &self.audio
    }

    /// Its grid; the context begins with bar 1.
    pub fn map(&self) -> &TempoMap {
        &self.map
    }

    /// The target's number.
    pub fn target(&self) -> BarNumber {
        self.target
    }

    /// Samples of the target.
    pub fn range(&self) -> Range<usize> {
        self.range.clone()
    }

    /// Quarter notes in the target.
    pub fn beats(&self) -> f64 {
        self.metre.beats_per_bar().get()
    }

    /// The felt beats of the target, as a listener taps them, its own bar line and the next one included.
    pub fn felt_beats(&self) -> Vec<Seconds> {
        let bar = self.map().bar(self.target());
        let count = (self.beats() / felt_beat(self.metre)).round();
        let length = (bar.end - bar.start) * (1.0 / count);
        (0..=count as usize).map(|beat| bar.start + length * beat as f64).collect()
    }

    /// The samples at which the bars of the context begin, then those at which the target begins and ends.
    pub fn lines(&self) -> [usize; CONTEXT + 2] {
        std::array::from_fn(|bar| {
            let start = self.map.bar(BarNumber::new(bar as i64 + 1)).start;
            self.audio.rate().samples_from(start).as_index()
        })
    }

    /// What the target is in a take of the excerpt, or in the excerpt itself.
    pub fn marks(&self, gauge: &Gauge, audio: &Audio) -> Marks {
        self.marks_of(gauge, audio, self.range())
    }

    /// What another bar of the excerpt's metre is, at some samples of a take that has more of them.
    pub fn marks_of(&self, gauge: &Gauge, audio: &Audio, range: Range<usize>) -> Marks {
        let lead = audio.rate().samples_from(LEAD).as_index().min(range.start);
        let sound = &audio.channel(0)[range.start - lead..range.end];
        gauge.measure(&Measured { sound, lead, beats: self.beats() })
    }

    /// The excerpt with its target made anew: what the networks write and nothing else.
    ///
    /// # Errors
    /// When there is nothing to hear before the target, the action is none of the set's, or a network fails.
    pub fn regenerated(&self, engine: &Engine, action: ActionChoice, guidance: f32, seed: u64) -> Result<Audio> {
        let settings = Settings { guidance, seed, ..Settings::networks_alone() };
        self.asked(action, settings, |request, control| Ok(engine.regenerate(request, control)?.audio))
    }

    /// The excerpt with its target made anew as a musician hears it, who has changed no setting: the level is held within reach.
    ///
    /// # Errors
    /// As [`Self::regenerated`].
    pub fn played(&self, engine: &Engine, action: ActionChoice, seed: u64) -> Result<Audio> {
        let settings = Settings { seed, ..Settings::default() };
        self.asked(action, settings, |request, control| Ok(engine.regenerate(request, control)?.audio))
    }

    /// So many bars made without an action and set behind the target, under some settings, with their grid.
    ///
    /// # Errors
    /// As [`Self::regenerated`].
    pub fn continued(&self, engine: &Engine, bars: usize, settings: Settings) -> Result<(Audio, TempoMap)> {
        let actions = vec![ActionChoice::Null; bars];
        let addition =
            Addition { audio: &self.audio, map: &self.map, after: self.target, until: None, actions: &actions, settings };
        let mut control = Control { is_cancelled: &|| false, on_progress: &mut |_| {} };
        let added = engine.add_bars(&addition, &mut control)?;
        Ok((added.audio, added.map))
    }

    /// The target's slots as they are, and as the dynamics makes them for the same edit.
    ///
    /// # Errors
    /// As [`Self::regenerated`].
    pub fn imagined(&self, engine: &Engine, action: ActionChoice, guidance: f32, seed: u64) -> Result<Imagined> {
        let settings = Settings { guidance, seed, ..Settings::networks_alone() };
        let units = self.asked(action, settings, |request, control| Ok(engine.imagine(request, control)?))?;
        units.into_iter().next().context("the target is a unit")
    }

    /// The action that the networks hear in the target, in this audio or another take of it.
    ///
    /// # Errors
    /// When a network fails.
    pub fn action(&self, engine: &Engine, audio: &Audio) -> Result<SparseWeights> {
        let mut control = Control { is_cancelled: &|| false, on_progress: &mut |_| {} };
        let heard = engine.infer_actions(audio, &self.map, Some(&[self.target]), &mut control)?;
        Ok(heard.into_iter().next().context("one bar was asked for")?.weights)
    }

    fn asked<T>(
        &self,
        action: ActionChoice,
        settings: Settings,
        ask: impl FnOnce(&Request<'_>, &mut Control<'_>) -> Result<T>,
    ) -> Result<T> {
        let targets = [Target { bar: self.target, action }];
        let mut control = Control { is_cancelled: &|| false, on_progress: &mut |_| {} };
        ask(&Request { audio: &self.audio, map: &self.map, targets: &targets, settings }, &mut control)
    }
}

#[cfg(test)]
mod tests {
    use super::super::hand_made::{self, BAR, BARS};
    use super::*;

    #[test]
    fn candidates_have_whole_bars_before_them_in_their_own_piece() {
        let folder = tempfile::tempdir().unwrap();
        let mut corpus = hand_made::corpus(folder.path(), Split::Test);
        assert_eq!(candidates(&corpus, Split::Test, usize::MAX), [4, 5, 6, BARS + 4, BARS + 5, BARS + 6]);
        assert_eq!(candidates(&corpus, Split::Test, 2), [4, BARS + 4]);
        assert!(candidates(&corpus, Split::Train, usize::MAX).is_empty());
        // A unit that is half a bar, and one that is two.
        corpus.units[2].end -= BAR as u64 / 2;
        corpus.units[BARS + 5].last_bar += 1;
        assert_eq!(candidates(&corpus, Split::Test, usize::MAX), [BARS + 4]);
    }

    #[test]
    fn an_excerpt_is_the_corpus_s_own_sound_on_the_corpus_s_own_grid() {
        let folder = tempfile::tempdir().unwrap();
        let corpus = hand_made::corpus(folder.path(), Split::Test);
        for unit in candidates(&corpus, Split::Test, usize::MAX) {
            let excerpt = Excerpt::new(&corpus, unit).unwrap();
            let row = &corpus.units[unit];
            let target = &excerpt.audio().channel(0)[excerpt.range()];
            assert_eq!(target, corpus.window(row.start as i64, BAR));
            assert_eq!(excerpt.lines()[CONTEXT..], [excerpt.range().start, excerpt.range().end]);
            assert!(excerpt.lines().windows(2).all(|pair| pair[1] - pair[0] == BAR));
            assert_eq!((excerpt.beats(), excerpt.felt_beats().len()), (4.0, 5));
            let bar = excerpt.map().bar(excerpt.target()).samples(excerpt.audio().rate()).as_range();
            assert_eq!(bar, excerpt.range());
        }
    }
}
