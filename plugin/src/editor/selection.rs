//! Which bars are selected: by click, by shift and click up to there, by dragging over a range, by control and click one more or less.
//!
//! **Thread.** The window's; plain values.

use std::collections::BTreeSet;

use turnaround_core::bars::BarNumber;

use crate::spec::{BarKey, BarSpec};
use crate::view::{BarView, Command};

/// The selected bars, and where a range would begin.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selection {
    keys: BTreeSet<BarKey>,
    anchor: Option<BarKey>,
}

impl Selection {
    /// Only this bar.
    pub fn only(&mut self, key: BarKey) {
        self.keys = [key].into();
        self.anchor = Some(key);
    }

    /// From where the last selection began up to this bar, all bars there are in between.
    pub fn extend_to(&mut self, bars: &[BarView], key: BarKey) {
        let anchor = self.anchor.unwrap_or(key);
        let (first, last) = (anchor.min(key), anchor.max(key));
        self.keys = bars.iter().map(|bar| bar.key).filter(|key| (first..=last).contains(key)).collect();
        self.anchor = Some(anchor);
    }

    /// This bar more, or less if it was selected.
    pub fn toggle(&mut self, key: BarKey) {
        if !self.keys.remove(&key) {
            self.keys.insert(key);
        }
        self.anchor = Some(key);
    }

    /// Every bar.
    pub fn all(&mut self, bars: &[BarView]) {
        self.keys = bars.iter().map(|bar| bar.key).collect();
        self.anchor = bars.first().map(|bar| bar.key);
    }

    /// Lets go of bars that are no more.
    pub fn prune(&mut self, bars: &[BarView]) {
        let exists = |key: &BarKey| bars.binary_search_by_key(key, |bar| bar.key).is_ok();
        self.keys.retain(exists);
        self.anchor = self.anchor.filter(exists);
    }

    /// Whether this bar is among them.
    pub fn holds(&self, key: BarKey) -> bool {
        self.keys.contains(&key)
    }

    /// The bars, in order.
    pub fn of<'a>(&self, bars: &'a [BarView]) -> Vec<&'a BarView> {
        bars.iter().filter(|bar| self.holds(bar.key)).collect()
    }
}

/// Bars by their numbers: `bar 3`, `bars 3–5, 9`.
pub fn name(bars: &[&BarView]) -> String {
    let mut runs: Vec<(BarNumber, BarNumber)> = Vec::new();
    for bar in bars {
        match runs.last_mut() {
            Some((_, last)) if last.next() == bar.number => *last = bar.number,
            _ => runs.push((bar.number, bar.number)),
        }
    }
    let run = |(first, last): &(BarNumber, BarNumber)| match first == last {
        true => first.get().to_string(),
        false => format!("{}–{}", first.get(), last.get()),
    };
    let noun = if bars.len() == 1 { "bar" } else { "bars" };
    format!("{noun} {}", runs.iter().map(run).collect::<Vec<_>>().join(", "))
}

/// What all bars have in common of something; nothing where they differ.
pub fn common<T: PartialEq>(bars: &[&BarView], of: impl Fn(&BarSpec) -> T) -> Option<T> {
    let mut values = bars.iter().map(|bar| of(&bar.spec));
    let first = values.next()?;
    values.all(|value| value == first).then_some(first)
}

/// Commands that fix what the parameters say now to these bars. Bars that are to be made anew stay so, whatever `Regenerate` says now.
pub fn pin_now(bars: &[&BarView], now: BarSpec) -> Vec<Command> {
    pin(bars, |bar| BarSpec { regenerate: now.regenerate || bar.spec.regenerate, ..now })
}

/// Commands that fix whether these bars are made anew, and leave all else that is asked of each as it is.
pub fn regenerate(bars: &[&BarView], regenerate: bool) -> Vec<Command> {
    pin(bars, |bar| BarSpec { regenerate, ..bar.spec })
}

/// One command for each spec that comes out of it, so that many bars of one spec travel together.
fn pin(bars: &[&BarView], spec: impl Fn(&BarView) -> BarSpec) -> Vec<Command> {
    let mut groups: Vec<(BarSpec, Vec<BarKey>)> = Vec::new();
    for bar in bars {
        let spec = spec(bar);
        match groups.iter_mut().find(|(known, _)| *known == spec) {
            Some((_, keys)) => keys.push(bar.key),
            None => groups.push((spec, vec![bar.key])),
        }
    }
    groups.into_iter().map(|(spec, keys)| Command::Pin(keys, Some(spec))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::editor::made_up;
    use crate::view::BarStatus;

    fn bars(numbers: &[i64]) -> Vec<BarView> {
        numbers.iter().map(|number| made_up::bar(*number, BarStatus::Captured)).collect()
    }

    fn selected(selection: &Selection, bars: &[BarView]) -> String {
        name(&selection.of(bars))
    }

    #[test]
    fn shift_extends_from_where_the_selection_began_in_both_directions() {
        let bars = bars(&[1, 2, 3, 4, 9, 10]);
        let mut selection = Selection::default();
        selection.only(bars[2].key);
        selection.extend_to(&bars, bars[4].key);
        assert_eq!(selected(&selection, &bars), "bars 3–4, 9");
        selection.extend_to(&bars, bars[0].key);
        assert_eq!(selected(&selection, &bars), "bars 1–3");
    }

    #[test]
    fn extending_an_empty_selection_selects_one_bar() {
        let bars = bars(&[1, 2, 3]);
        let mut selection = Selection::default();
        selection.extend_to(&bars, bars[1].key);
        assert_eq!(selected(&selection, &bars), "bar 2");
    }

    #[test]
    fn control_takes_one_more_or_one_less() {
        let bars = bars(&[1, 2, 3, 4]);
        let mut selection = Selection::default();
        selection.toggle(bars[0].key);
        selection.toggle(bars[2].key);
        assert_eq!(selected(&selection, &bars), "bars 1, 3");
        selection.toggle(bars[0].key);
        assert_eq!(selected(&selection, &bars), "bar 3");
    }

    #[test]
    fn a_forgotten_bar_leaves_the_selection() {
        let all = bars(&[1, 2, 3]);
        let mut selection = Selection::default();
        selection.all(&all);
        let left = bars(&[2, 3]);
        selection.prune(&left);
        assert_eq!(selected(&selection, &all), "bars 2–3");
        // The range's beginning was forgotten too.
        selection.extend_to(&left, left[1].key);
        assert_eq!(selected(&selection, &left), "bar 3");
    }

    #[test]
    fn pinning_keeps_bars_that_are_to_be_made_anew() {
        let mut all = bars(&[1, 2, 3]);
        all[1].spec.regenerate = true;
        let mut now = BarSpec::default();
        now.making.actions[5] = 0.5;
        let commands = pin_now(&all.iter().collect::<Vec<_>>(), now);
        let found: Vec<_> = commands
            .iter()
            .map(|command| match command {
                Command::Pin(keys, Some(spec)) => (keys.len(), spec.regenerate, spec.making.actions[5]),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(found, [(2, false, 0.5), (1, true, 0.5)]);
    }

    #[test]
    fn switching_regenerate_leaves_each_bars_own_knobs() {
        let mut all = bars(&[1, 2]);
        all[0].spec.making.actions[0] = 1.0;
        let commands = regenerate(&all.iter().collect::<Vec<_>>(), true);
        assert_eq!(commands.len(), 2);
        for (command, bar) in commands.iter().zip(&all) {
            let Command::Pin(keys, Some(spec)) = command else { panic!("{command:?}") };
            assert_eq!((keys.as_slice(), spec.regenerate, spec.making), ([bar.key].as_slice(), true, bar.spec.making));
        }
    }

    #[test]
    fn values_that_differ_have_nothing_in_common() {
        let mut all = bars(&[1, 2]);
        let seed = |bars: &[BarView]| common(&bars.iter().collect::<Vec<_>>(), |spec| spec.making.seed);
        assert_eq!(seed(&all), Some(0));
        all[1].spec.making.seed = 7;
        assert_eq!(seed(&all), None);
        assert_eq!(seed(&[]), None);
    }
}
