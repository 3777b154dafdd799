//! Every bar that does not simply play dry, as the worker told of it last.
//!
//! **Thread.** Audio thread. Takes are let go of here but never freed: the worker holds another handle on each until this one is gone.

use crate::handoff::Standing;
use crate::spec::BarKey;

/// An ordered table of fixed size. Bars that play dry need no place in it.
pub struct Shelf {
    entries: Vec<(BarKey, Standing)>,
}

impl Shelf {
    /// Bars that fit: more than an hour at 120 bpm. The worker knows the limit and tells of no more.
    pub const CAPACITY: usize = 2048;

    /// An empty one. Allocates.
    pub fn new() -> Self {
        Self { entries: Vec::with_capacity(Self::CAPACITY) }
    }

    /// Takes note of a bar's standing.
    pub fn set(&mut self, key: BarKey, standing: Standing) {
        let is_dry = matches!(standing, Standing::Dry);
        match self.entries.binary_search_by_key(&key, |(key, _)| *key) {
            Ok(index) if is_dry => {
                self.entries.remove(index);
            }
            Ok(index) => self.entries[index].1 = standing,
            Err(index) if !is_dry && self.entries.len() < Self::CAPACITY => self.entries.insert(index, (key, standing)),
            Err(_) => {}
        }
    }

    /// Forgets every bar.
    pub fn clear(&mut self) {
        self.entries.clear();
    }

    /// A bar's standing.
    pub fn get(&self, key: BarKey) -> &Standing {
        match self.entries.binary_search_by_key(&key, |(key, _)| *key) {
            Ok(index) => &self.entries[index].1,
            Err(_) => &Standing::Dry,
        }
    }
}

impl Default for Shelf {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: i64) -> BarKey {
        BarKey::from_raw(number)
    }

    fn is_owed(shelf: &Shelf, number: i64) -> bool {
        matches!(shelf.get(key(number)), Standing::Owed)
    }

    #[test]
    fn a_bar_is_as_it_was_told_last() {
        let mut shelf = Shelf::new();
        for number in [5, 1, 3] {
            shelf.set(key(number), Standing::Owed);
        }
        shelf.set(key(3), Standing::Dry);
        assert!(is_owed(&shelf, 1) && is_owed(&shelf, 5) && !is_owed(&shelf, 3) && !is_owed(&shelf, 2));
        shelf.clear();
        assert!(!is_owed(&shelf, 1));
    }

    #[test]
    fn a_full_shelf_takes_no_more_and_never_grows() {
        let mut shelf = Shelf::new();
        for number in 0..3 * Shelf::CAPACITY as i64 {
            shelf.set(key(number), Standing::Owed);
        }
        assert!(is_owed(&shelf, 0) && !is_owed(&shelf, Shelf::CAPACITY as i64));
        assert_eq!(shelf.entries.capacity(), Shelf::CAPACITY);
    }
}
