//! Bars that are heard before anyone asks for a take of them: those that the musician looks at. When a knob is turned then, what is around
//! them is known, and only the making is left to do.
//!
//! **Thread.** Worker.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError};

use super::service::{JobHandle, Never};
use crate::spec::BarKey;

/// Bars heard ahead at most: what the models remember is limited, and a selection may be a whole song.
const MOST: usize = 16;

/// Who is heard next, and who is heard now.
#[derive(Default)]
pub struct Ahead {
    waiting: VecDeque<BarKey>,
    hearing: Option<Hearing>,
}

struct Hearing {
    key: BarKey,
    handle: Arc<JobHandle>,
    /// Ends with the hearing.
    end: Receiver<Never>,
}

impl Ahead {
    /// These bars in order, in place of all that were asked for before.
    pub fn ask(&mut self, keys: &[BarKey]) {
        self.stop();
        self.waiting = keys.iter().take(MOST).copied().collect();
    }

    /// The next bar to hear, unless one is being heard.
    pub fn next(&mut self) -> Option<BarKey> {
        let is_hearing = |hearing: &Hearing| hearing.end.try_recv() != Err(TryRecvError::Disconnected);
        self.hearing = self.hearing.take().filter(is_hearing);
        if self.hearing.is_some() { None } else { self.waiting.pop_front() }
    }

    /// A bar is being heard from now on.
    pub fn begin(&mut self, key: BarKey, handle: Arc<JobHandle>, end: Receiver<Never>) {
        self.hearing = Some(Hearing { key, handle, end });
    }

    /// Lets a take go first, and the bar that is being heard be the next one afterwards.
    pub fn give_way(&mut self) {
        if let Some(hearing) = self.hearing.take() {
            hearing.handle.cancel();
            self.waiting.push_front(hearing.key);
        }
    }

    /// Forgets all that was asked.
    pub fn stop(&mut self) {
        self.give_way();
        self.waiting.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};

    use turnaround_core::time::Beats;

    use super::*;

    fn keys(count: usize) -> Vec<BarKey> {
        (0..count).map(|bar| BarKey::new(Beats::new(4.0 * bar as f64))).collect()
    }

    /// Begins to hear the next bar.
    fn begin(ahead: &mut Ahead) -> (BarKey, Arc<JobHandle>, Sender<Never>) {
        let key = ahead.next().expect("a bar waits");
        let (handle, (sender, end)) = (Arc::new(JobHandle::default()), channel());
        ahead.begin(key, handle.clone(), end);
        (key, handle, sender)
    }

    #[test]
    fn bars_are_heard_one_after_the_other() {
        let mut ahead = Ahead::default();
        assert_eq!(ahead.next(), None);
        ahead.ask(&keys(2));
        let (first, _, end) = begin(&mut ahead);
        assert_eq!((first, ahead.next()), (keys(2)[0], None));
        drop(end);
        assert_eq!((ahead.next(), ahead.next()), (Some(keys(2)[1]), None));
    }

    #[test]
    fn a_take_goes_first_and_the_bar_is_heard_afterwards() {
        let mut ahead = Ahead::default();
        ahead.ask(&keys(2));
        let (first, handle, _end) = begin(&mut ahead);
        ahead.give_way();
        assert!(handle.is_cancelled());
        assert_eq!(ahead.next(), Some(first));
    }

    #[test]
    fn another_selection_takes_the_place_of_the_first_and_a_long_one_is_cut() {
        let mut ahead = Ahead::default();
        ahead.ask(&keys(1));
        let (_, handle, _end) = begin(&mut ahead);
        let many = keys(100);
        ahead.ask(&many[1..]);
        assert!(handle.is_cancelled());
        let heard: Vec<BarKey> = std::iter::from_fn(|| ahead.next()).collect();
        assert_eq!(heard, many[1..=MOST]);
    }
}
